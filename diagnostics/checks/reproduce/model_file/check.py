"""The model file: which one it is (hash, size, format), and, for pickles, what it was made with, read without loading it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from diagnostics.causes.catalogue import ENVIRONMENT_MISMATCH
from diagnostics.checks.reproduce.model_file.pickle_header import Header, read, unpack
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Unit, optional, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_
from diagnostics.sandbox.pickled import program


@dataclass(frozen=True, kw_only=True)
class Recorded(Entry):
    """Which file it is."""

    file: str = shown(N_("Model file"), Unit.NAME)
    format: str = shown(N_("Format of the model file"), Unit.NAME)
    size: int = shown(N_("Size in bytes"), Unit.COUNT)
    sha256: str = shown(N_("SHA-256 of the file"), Unit.NAME)
    short: str


@dataclass(frozen=True, kw_only=True)
class RecordedPickle(Recorded):
    """And what its bytes name, read without loading it."""

    protocol: int | None
    names: tuple[str, ...]
    libraries: tuple[str, ...] = shown(N_("Libraries that the file names"), Unit.NAMES)
    versions: tuple[str, ...] = shown(N_("Versions that saved the file"), Unit.NAMES)
    whole: bool = shown(N_("Read to its end"), Unit.YES_NO)
    mended: str | None = optional()


@dataclass(frozen=True, kw_only=True)
class HarmfulImports(Entry):
    """code: the Python that loading the file would run, where it could be written out."""

    file: str = shown(N_("Model file"), Unit.NAME)
    harmful: tuple[str, ...] = shown(N_("Imports that no model needs"), Unit.NAMES)
    sha256: str = shown(N_("SHA-256 of the file"), Unit.NAME)
    code: str | None = optional()


@dataclass(frozen=True, kw_only=True)
class SavedElsewhere(Entry):
    """A library with another version in the file than in the current environment."""

    file: str = shown(N_("Model file"), Unit.NAME)
    library: str = shown(N_("Library"), Unit.NAME)
    saved: str = shown(N_("Version that saved the file"), Unit.NAME)
    served: str = shown(N_("Version in production"), Unit.NAME)
    cause: CauseKind = ENVIRONMENT_MISMATCH


def _say_recorded(entry: Recorded) -> str:
    if not isinstance(entry, RecordedPickle):
        return N_("{file:name} ({format}, {size:count} bytes) has the SHA-256 {short}…; that identifies it.")
    if not entry.whole:
        return N_(
            "{file:name} ({format}, {size:count} bytes) has the SHA-256 {short}…; it is cut off or holds parts that "
            "can't be read, so it may ask for more than is told here. It was read without loading it, and never will be."
        )
    if not entry.libraries:
        return N_(
            "{file:name} ({format}, {size:count} bytes) has the SHA-256 {short}…. It was read without loading it, and "
            "is never loaded here: convert it, and it can be run."
        )
    return N_(
        "{file:name} ({format}, {size:count} bytes) has the SHA-256 {short}…; its bytes name {libraries:list}. It was "
        "read without loading it, and is never loaded here: convert it, and it can be run."
    )


RECORDED: Final = Rule[Recorded](
    code="REP030",
    lane=Lane.MODEL,
    title=N_("The model file that served"),
    says=_say_recorded,
    why=N_("Two models that differ in one byte are two models: the hash tells whether the approved one serves."),
    remedy=N_("Compare the hash with the one that was recorded when the model was approved."),
    statistic=N_("SHA-256: a fingerprint of all bytes of the file; the same fingerprint means the same file."),
    source="NIST FIPS 180-4 (2015)",
    severity=Severity.INFO,
)
HARMFUL: Final = Rule[HarmfulImports](
    code="REP031",
    lane=Lane.MODEL,
    title=N_("The model file imports what no model needs"),
    says=N_("{file:name} asks Python to import {harmful:list} when it is loaded; no model needs that."),
    why=N_(
        "A pickle runs code when it is loaded. This one asks for functions that start programs, open files or reach the network."
    ),
    remedy=N_(
        "Do not load this file. Ask where it comes from, and save the model again from its training code, as ONNX or skops."
    ),
    statistic=N_("Names that the file asks Python to import, read from its bytes without loading it."),
    source="Python documentation, pickletools and pickle (warning on untrusted data)",
    severity=Severity.CRITICAL,
)
OTHER_VERSION: Final = Rule[SavedElsewhere](
    code="REP032",
    lane=Lane.MODEL,
    title=N_("Saved with another library version than it is served with"),
    says=N_("{file:name} was saved with {library} {saved}, and the current environment asks for {served}."),
    why=N_("Libraries do not promise that a model saved with one version gives the same answers, or loads, in another."),
    remedy=N_("Serve with the version that saved the model, or save it again with the version that serves, and compare answers."),
    statistic=N_("The version that the library wrote into the file, beside the one that the requirements ask for."),
    source="scikit-learn user guide, Model persistence: security and maintainability limitations",
    severity=Severity.WARNING,
    suggests=ENVIRONMENT_MISMATCH,
)
RULES: Final = (RECORDED, HARMFUL, OTHER_VERSION)

PICKLES: Final = frozenset({".pkl", ".pickle", ".joblib", ".sav", ".p", ".dill"})
FORMATS: Final = {".onnx": "ONNX", ".skops": "skops"}
# Text to read: the owner of the model runs it where it was trained. No upload is ever given to joblib here.
CONVERSION: Final = """\
# Where it was trained, with your own file, to skops:
import joblib, skops.io
model = joblib.load("model.pkl")
skops.io.dump(model, "model.skops")

# or to ONNX, where X is the table that it was fitted on:
import joblib, skl2onnx
model = skl2onnx.to_onnx(joblib.load("model.pkl"), X[:1], options={"zipmap": False})
open("model.onnx", "wb").write(model.SerializeToString())
"""
"""The three lines that make a model of scikit-learn one that can be run here; joblib loads plain pickles too."""

FILES_CAP: Final = 32
"""Files that are looked at; an incident has a handful."""


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """A file that may be a model."""

    name: str
    format: str
    """ "ONNX", "skops", "pickle", "joblib" or "unknown"."""

    size: int
    """In bytes."""

    sha256: str
    packed: str = ""
    """How a pickle was compressed, "" where it was not."""

    header: Header | None = None
    """None when it is no pickle."""

    served: tuple[tuple[str, str], ...] = ()
    """(library, version) that the current environment asks for, of the libraries in the header."""

    program: str = ""
    """Of a harmful pickle, the Python that loading it would run; "" where that could not be written out."""


@dataclass(frozen=True)
class ModelFiles:
    files: tuple[ModelFile, ...]


def profile(incident: Incident) -> ModelFiles:
    """Raises NotApplicable when no part is a model file."""
    parts = [incident.model, *incident.code, incident.environment.reference, incident.environment.current]
    parts += [incident.config.reference, incident.config.current, *incident.logs, *incident.metrics, *incident.training]
    found = [p for p in dict.fromkeys(parts) if p is not None and (p == incident.model or p.suffix.lower() in PICKLES)]
    if not found:
        raise NotApplicable(
            N_("No model file: upload the model that served (ONNX, skops or pickle) to record what it is."),
            needs="model",
        )
    return ModelFiles(tuple(_look(path, incident.environment.current) for path in found[:FILES_CAP]))


def judge(p: ModelFiles, *, shown: int = 3) -> list[Finding]:
    """Every file is recorded; a harmful import (up to ten times `shown` are listed) or another library version is a finding."""
    findings: list[Finding] = []
    for file in p.files:
        recorded: dict[str, Any] = {
            "file": file.name,
            "format": file.format,
            "size": file.size,
            "sha256": file.sha256,
            "short": file.sha256[:12],
        }
        header = file.header
        if header is None:
            findings.append(RECORDED.found(Recorded(**recorded)))
            continue
        if header.harmful:
            imports = HarmfulImports(
                weight=1.0,
                file=file.name,
                harmful=header.harmful[: 10 * shown],
                sha256=file.sha256,
                code=file.program or None,
            )
            findings.append(HARMFUL.found(imports))
        served = dict(file.served)
        for library, saved in header.versions:
            if library in served and _release(served[library]) != _release(saved):
                version = SavedElsewhere(weight=0.5, file=file.name, library=library, saved=saved, served=served[library])
                findings.append(OTHER_VERSION.found(version))
        libraries = {name.split(".")[0] for name in header.names} - {"builtins", "copyreg", "_codecs", "__builtin__"}
        pickle = RecordedPickle(
            protocol=header.protocol,
            names=header.names[:50],
            libraries=tuple(sorted(libraries)),
            versions=tuple(f"{library} {version}" for library, version in header.versions),
            whole=header.whole,
            mended=None if header.harmful else CONVERSION,
            **recorded,
        )
        findings.append(RECORDED.found(pickle))
    return findings


def _release(version: str) -> tuple[str, ...]:
    """Major and minor number: what libraries change behaviour on."""
    return tuple(re.findall(r"\d+", version)[:2])


def _look(path: Path, environment: Path | None) -> ModelFile:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size = stream.tell()
        stream.seek(0)
        start = stream.read(16)
        stream.seek(0)
        suffix = path.suffix.lower()
        if suffix in FORMATS:
            return ModelFile(name=path.name, format=FORMATS[suffix], size=size, sha256=digest)
        packed, content = unpack(start, stream)
    header = read(content)
    if header.protocol is None and not header.names and not header.whole:
        return ModelFile(name=path.name, format="unknown", size=size, sha256=digest)
    kind = "joblib" if suffix == ".joblib" or any(name.startswith("joblib.") for name in header.names) else "pickle"
    pinned = _pinned(environment)
    served = tuple((library, pinned[library]) for library, _ in header.versions if library in pinned)
    # Written out by fickling, shut in like a model: a pickle can be made so that reading it takes all memory.
    text = program(content) if header.harmful else ""
    return ModelFile(
        name=path.name, format=kind, size=size, sha256=digest, packed=packed, header=header, served=served, program=text
    )


def _pinned(environment: Path | None) -> dict[str, str]:
    """Exact versions in a requirements file or the output of pip freeze; empty when there is none."""
    if environment is None:
        return {}
    with environment.open("rb") as stream:
        text = stream.read(2**20).decode("utf-8", errors="replace")
    lines = re.findall(r"^[ \t-]*([A-Za-z0-9][A-Za-z0-9._-]{0,80})[ \t]*={2,3}[ \t]*([0-9][0-9A-Za-z.+!-]{0,40})", text, re.M)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in lines}
