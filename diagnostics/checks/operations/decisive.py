"""Lines of the log that decide alone: a missing library, a model saved by other versions, no GPU memory, a run on the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from diagnostics.causes.catalogue import ENVIRONMENT_MISMATCH, RESOURCE_SATURATION
from diagnostics.checks.operations.reading.scan import LogScan, SignCount, scan
from diagnostics.checks.operations.reading.signs import Sign
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class OneLine(Entry):
    """what: the thing that the line names."""

    what: str = shown(N_("What the line names"), Unit.NAME)
    line: str = shown(N_("The line"), Unit.NAME)
    count: int = shown(N_("How often it came"), Unit.COUNT)
    first: datetime | None = shown(N_("When it first came"), Unit.TIME)


@dataclass(frozen=True, kw_only=True)
class OtherEnvironment(OneLine):
    """Packages or libraries are not those that the model needs."""

    cause: CauseKind = ENVIRONMENT_MISMATCH


@dataclass(frozen=True, kw_only=True)
class Exhausted(OneLine):
    """Something of which the machine has only so much."""

    cause: CauseKind = RESOURCE_SATURATION


_STATISTIC: Final = N_("One line: this message has one cause only, so a single one is enough.")

LIBRARY: Final = Rule[OtherEnvironment](
    code="OPS019",
    lane=Lane.ERRORS,
    title=N_("A system library is missing or too old"),
    says=N_("The machine lacks a system library that the model needs ({what:name}): {line:name}"),
    why=N_("A package was built for another base image; it cannot be loaded here, whatever pip says."),
    remedy=N_(
        "Use the base image that the model was tested with, or install the library there (apt-get install libgomp1, libgl1 "
        "or a newer libstdc++6); a slim or alpine image often lacks it."
    ),
    statistic=_STATISTIC,
    source="ld.so(8); libstdc++ manual, ABI policy and guidelines",
    severity=Severity.CRITICAL,
    suggests=ENVIRONMENT_MISMATCH,
)
SAVED: Final = Rule[OtherEnvironment](
    code="OPS020",
    lane=Lane.ERRORS,
    title=N_("The model was saved with other versions"),
    says=N_("The model was saved with other versions than those that load it ({what:name}): {line:name}"),
    why=N_("A saved model is only promised to work with the versions that wrote it; others may fail or predict differently."),
    remedy=N_(
        "Install in production the versions with which the model was saved, or save it again with those of production; pin them."
    ),
    statistic=_STATISTIC,
    source="scikit-learn documentation, model persistence; Python documentation, pickle, data stream format",
    severity=Severity.CRITICAL,
    suggests=ENVIRONMENT_MISMATCH,
)
PACKAGE: Final = Rule[OtherEnvironment](
    code="OPS021",
    lane=Lane.ERRORS,
    title=N_("A package is missing or lacks what the code calls"),
    says=N_("A package is missing or has another version than the code was written for ({what:name}): {line:name}"),
    why=N_("The code runs with other packages than those it was tested with."),
    remedy=N_("Install the packages that the training environment had, with the same versions, and pin them in one lock file."),
    statistic=_STATISTIC,
    source="Python documentation, exceptions ImportError and ModuleNotFoundError",
    severity=Severity.CRITICAL,
    suggests=ENVIRONMENT_MISMATCH,
)
GPU_MEMORY: Final = Rule[Exhausted](
    code="OPS022",
    lane=Lane.ERRORS,
    title=N_("The memory of the GPU ran out"),
    says=N_("The memory of the GPU ran out, {count:count} times in the log: {line:name}"),
    why=N_("The request fails, and the next ones may fail too, until something is freed."),
    remedy=N_(
        "Send smaller batches or shorter inputs, run without gradients (torch.inference_mode), load one model a GPU, or take a "
        "smaller or quantised model."
    ),
    statistic=_STATISTIC,
    source="PyTorch documentation, CUDA semantics, memory management",
    severity=Severity.CRITICAL,
    suggests=RESOURCE_SATURATION,
)
ON_CPU: Final = Rule[OtherEnvironment](
    code="OPS023",
    lane=Lane.ERRORS,
    title=N_("The model runs on the CPU instead of the GPU"),
    says=N_("The model fell back to the CPU ({what:name}): {line:name}"),
    why=N_("It predicts as before, but many times slower, and nothing else tells."),
    remedy=N_(
        "Install the driver and CUDA libraries that the package asks for, or the package built for those that are there, and let "
        "the service stop when the GPU is missing."
    ),
    statistic=_STATISTIC,
    source="ONNX Runtime documentation, execution providers; TensorFlow documentation, GPU guide",
    severity=Severity.CRITICAL,
    suggests=ENVIRONMENT_MISMATCH,
)
LIMIT: Final = Rule[Exhausted](
    code="OPS024",
    lane=Lane.ERRORS,
    title=N_("A limit of the machine was reached"),
    says=N_("A limit of the machine was reached ({what:name}), {count:count} times in the log: {line:name}"),
    why=N_("Nothing can be written, opened or started until something is freed."),
    remedy=N_(
        "Find what fills it (logs, temporary files, connections or threads that are never closed), close it, and raise the limit."
    ),
    statistic=_STATISTIC,
    source="errno(3): ENOSPC, EMFILE, EAGAIN",
    severity=Severity.CRITICAL,
    suggests=RESOURCE_SATURATION,
)
RULES: Final = (LIBRARY, SAVED, PACKAGE, GPU_MEMORY, ON_CPU, LIMIT)

_ENVIRONMENT: Final = {Sign.LIBRARY: LIBRARY, Sign.SAVED: SAVED, Sign.PACKAGE: PACKAGE, Sign.ON_CPU: ON_CPU}
_EXHAUSTED: Final = {Sign.GPU_MEMORY: GPU_MEMORY, Sign.LIMIT: LIMIT}


def profile(incident: Incident) -> LogScan:
    """Raises NotApplicable without a log that can be read."""
    return scan(incident)


def judge(p: LogScan, *, shown: int = 3) -> list[Finding]:
    """Each line that decides, at most `shown` of a kind, the most frequent first."""
    findings: list[Finding] = []
    told: dict[Sign, int] = {}
    for one in p.signs:
        told[one.sign] = told.get(one.sign, 0) + 1
        if told[one.sign] <= shown:
            findings.append(_found(one))
    return findings


def _found(one: SignCount) -> Finding:
    if one.sign in _ENVIRONMENT:
        environment = OtherEnvironment(
            since=one.first, weight=1.0, what=one.what, line=one.line, count=one.count, first=one.first
        )
        return _ENVIRONMENT[one.sign].found(environment)
    exhausted = Exhausted(since=one.first, weight=1.0, what=one.what, line=one.line, count=one.count, first=one.first)
    return _EXHAUSTED[one.sign].found(exhausted)
