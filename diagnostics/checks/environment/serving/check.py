"""Serving code: does the service load, fit, keep, wait for or trust on every request what it should not?

The code is parsed, never run. A fault explains what log and metrics show: what loads the model for each request is slow, what
only ever adds to a global fills the memory.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any, Final

from diagnostics.causes.catalogue import ERROR_BURST, LATENCY_REGRESSION, MEMORY_LEAK, RESOURCE_SATURATION, SERVING_CODE
from diagnostics.code.notebook import Code, read_code
from diagnostics.code.serving import Fault, Kind, faults
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Unit, internal, optional, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.secrets import masked_text
from diagnostics.nouns.words import N_

_HOW: Final = N_("The functions that answer requests were followed without running them, with the functions that they call.")


@dataclass(frozen=True, kw_only=True)
class ServingLine(Entry):
    """A line of the service at fault. shows: kinds of cause by which log and metrics would show it."""

    name: str = shown(N_("What is called or kept"), Unit.NAME)
    function: str | None = shown(N_("Function"), Unit.NAME, optional=True)
    file: str = shown(N_("File"), Unit.NAME)
    at: str
    cell: int | None = shown(N_("Cell of the notebook"), Unit.COUNT)
    line: int = shown(N_("Line"), Unit.COUNT)
    code: str
    mended: str | None = optional()
    shows: tuple[CauseKind, ...] = internal(())


def _rule(
    code: str, title: str, says: str, why: str, remedy: str, source: str, severity: Severity = Severity.WARNING
) -> Rule[ServingLine]:
    return Rule[ServingLine](
        code=code,
        lane=Lane.MODEL,
        title=title,
        says=says,
        why=why,
        remedy=remedy,
        statistic=_HOW,
        source=source,
        severity=severity,
        suggests=SERVING_CODE,
    )


LOADED: Final = _rule(
    "ENV040",
    N_("The model is loaded for every request"),
    N_("{file:name}, {at:place}: {name:name} loads the model again for every request that {function:name} answers."),
    N_("Loading takes far longer than predicting, and each request pays for it."),
    N_("Load the model once, when the service starts, and only use it in the function."),
    "https://fastapi.tiangolo.com/advanced/events/",
)
REFITTED: Final = _rule(
    "ENV041",
    N_("A transformer is fitted on the request"),
    N_(
        "{file:name}, {at:place}: {name:name} is fitted on the rows of each request in {function:name}, not on the training rows."
    ),
    N_(
        "The model was trained on values scaled by the training rows; scaled by one request, the same row gets other predictions."
    ),
    N_("Save the transformer that was fitted in training with the model, load it once, and call only transform."),
    "https://scikit-learn.org/stable/common_pitfalls.html#inconsistent-preprocessing",
    Severity.CRITICAL,
)
GROWING: Final = _rule(
    "ENV042",
    N_("A global grows with every request"),
    N_("{file:name}, {at:place}: {function:name} adds to {name:name} on every request, and nothing is ever taken out."),
    N_("Memory fills until the process is ended."),
    N_("Give it a largest size, or write what it holds to a log or a database."),
    "https://docs.python.org/3/library/collections.html#collections.deque",
)
DEBUG: Final = _rule(
    "ENV043",
    N_("The debug server serves"),
    N_("{file:name}, {at:place}: The service is started with {name:name}."),
    N_("The debug server is slow, shows the code to whoever causes an error, and lets them run their own."),
    N_("Start the service with a server made for production (gunicorn, uvicorn) and without debug."),
    "https://flask.palletsprojects.com/en/stable/debugging/",
)
BLOCKING: Final = _rule(
    "ENV044",
    N_("An async function waits for a blocking call"),
    N_("{file:name}, {at:place}: {name:name} blocks inside the async function {function:name}: all other requests wait."),
    N_("An async service answers in one thread; while it is blocked, it answers nobody."),
    N_("Make the function a plain def, or hand the call to a thread (asyncio.to_thread)."),
    "https://fastapi.tiangolo.com/async/",
)
ONE_BY_ONE: Final = _rule(
    "ENV045",
    N_("Rows are predicted one by one"),
    N_("{file:name}, {at:place}: {function:name} calls {name:name} once for each row of a request."),
    N_("A call has a cost of its own; for many rows at once it is paid once."),
    N_("Collect the rows of a request in one table and predict them in one call."),
    "https://scikit-learn.org/stable/computing/computational_performance.html#bulk-versus-atomic-mode",
)
UNCHECKED: Final = _rule(
    "ENV046",
    N_("The input is not checked"),
    N_("{file:name}, {at:place}: What a request brings goes unchecked to {name:name} in {function:name}."),
    N_("A missing field or a text in the place of a number ends in an error, or in a prediction of nonsense."),
    N_("Describe the fields and their types (pydantic), and refuse what does not fit with a plain message."),
    "https://docs.pydantic.dev/latest/concepts/models/",
)
UNPICKLED: Final = _rule(
    "ENV047",
    N_("What is uploaded is unpickled"),
    N_("{file:name}, {at:place}: {name:name} unpickles what a request brings to {function:name}: its sender can run any code."),
    N_("A pickle is a program: loading one from a stranger hands over the machine."),
    N_("Take data as JSON, CSV or Parquet, and models as ONNX; never unpickle what comes from outside."),
    "https://docs.python.org/3/library/pickle.html",
    Severity.CRITICAL,
)
RULES: Final = (LOADED, REFITTED, GROWING, DEBUG, BLOCKING, ONE_BY_ONE, UNCHECKED, UNPICKLED)
BY_KIND: Final[dict[Kind, tuple[Rule[ServingLine], tuple[CauseKind, ...]]]] = {
    Kind.LOADED: (LOADED, (LATENCY_REGRESSION, RESOURCE_SATURATION)),
    Kind.REFITTED: (REFITTED, ()),
    Kind.GROWING: (GROWING, (MEMORY_LEAK, RESOURCE_SATURATION)),
    Kind.DEBUG: (DEBUG, ()),
    Kind.BLOCKING: (BLOCKING, (LATENCY_REGRESSION,)),
    Kind.ONE_BY_ONE: (ONE_BY_ONE, (LATENCY_REGRESSION, RESOURCE_SATURATION)),
    Kind.UNCHECKED: (UNCHECKED, (ERROR_BURST,)),
    Kind.UNPICKLED: (UNPICKLED, ()),
}


@dataclass(frozen=True)
class Serving:
    """Files that answer requests, each with its faults in the order of their lines."""

    files: tuple[tuple[Code, tuple[Fault, ...]], ...]


def profile(incident: Incident) -> Serving:
    """Raises NotApplicable without code that answers requests."""
    codes = []
    for path in incident.code:
        try:
            codes.append(read_code(path))
        except BadInput:
            # The check of leakage says which files could not be read.
            continue
    told = look(codes)
    if not told.files:
        raise NotApplicable(
            N_("No serving code: upload the script that answers requests (Flask, FastAPI). It is read, never run."), needs="code"
        )
    return told


def look(codes: list[Code]) -> Serving:
    """The files among `codes` that answer requests."""
    found = [(code, faults(code.statements)) for code in codes]
    return Serving(tuple((code, tuple(known)) for code, known in found if known is not None))


def judge(p: Serving, *, shown: int = 40) -> list[Finding]:
    """One finding for each line at fault."""
    findings: list[Finding] = []
    for code, known in p.files:
        for fault in known[:shown]:
            rule, shows = BY_KIND[fault.kind]
            cell, line = code.place(fault.line)
            before = textwrap.dedent(code.lines[fault.line - 1])[:300] if 0 < fault.line <= len(code.lines) else ""
            values: dict[str, Any] = {"function": fault.function or None}
            entry = ServingLine(
                weight=0.8 if rule.severity is Severity.CRITICAL else 0.5,
                name=fault.name,
                file=code.file,
                at=str(line) if cell is None else f"{cell}:{line}",
                cell=cell,
                line=line,
                code=masked_text(before),
                mended=masked_text(fault.lines) or None,
                shows=shows,
                **values,
            )
            findings.append(rule.found(entry))
    return findings
