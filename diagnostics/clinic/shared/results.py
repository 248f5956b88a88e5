"""Results of the clinic as bytes and back: typed JSON, so that a restored file may hold wrong numbers but never runs code."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from diagnostics.nouns.check import Diagnostic
from diagnostics.nouns.incident import Incident

LAYOUT: Final = 1
CAP: Final = 8_000_000
"""Bytes of one kept result; a profile is numbers for a page, not data."""


class _Envelope(msgspec.Struct):
    """A result as a file."""

    layout: int
    """Version of the file."""

    module: str
    fingerprint: str
    seconds: float
    settings: msgspec.Raw
    """As the module's own type encodes."""

    profile: msgspec.Raw
    """As the module's own type encodes."""


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """One finished run."""

    module: str
    fingerprint: str
    """Of the incident that it looked at."""

    settings: Any
    profile: Any
    seconds: float


def find_types(diagnostic: Diagnostic) -> tuple[type, type]:
    """The diagnostic's Settings and profile types."""
    module: Any = diagnostic.module
    seen = inspect.get_annotations(module.profile, eval_str=True)
    return seen["settings"], seen["return"]


def encode(value: object) -> bytes:
    """`value` (frozen dataclasses of numbers, strings and tuples) as JSON; NaN and infinity become null."""
    return msgspec.json.encode(value, order="deterministic", enc_hook=_bare)


def _bare(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"a profile holds numbers, strings and tuples, got {type(value).__name__}")


def decode(content: bytes, kind: type) -> Any:
    """Raises ValueError when `content` is no JSON of that type."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error


def pack(diagnostic: Diagnostic, finished: FinishedRun) -> bytes:
    sealed = _Envelope(
        LAYOUT,
        finished.module,
        finished.fingerprint,
        finished.seconds,
        msgspec.Raw(encode(finished.settings)),
        msgspec.Raw(encode(finished.profile)),
    )
    return encode(sealed)


def unpack(diagnostic: Diagnostic, content: bytes) -> FinishedRun:
    """Raises ValueError when the content belongs to another diagnostic, or to an older layout of this one."""
    opened = decode(content, _Envelope)
    if opened.layout != LAYOUT or opened.module != diagnostic.name:
        raise ValueError(f"not a result of {diagnostic.name}")
    settings, profile = find_types(diagnostic)
    return FinishedRun(
        module=opened.module,
        fingerprint=opened.fingerprint,
        settings=decode(bytes(opened.settings), settings),
        profile=decode(bytes(opened.profile), profile),
        seconds=opened.seconds,
    )


def file_name(diagnostic: Diagnostic, settings: object, fingerprint: str) -> str:
    """The file's name: the same run is kept once."""
    digest = hashlib.sha256(encode(settings) + fingerprint.encode()).hexdigest()[:16]
    return f"{diagnostic.name}-{digest}.json"


def fingerprint(incident: Incident) -> str:
    """Changes with what a model is made of: tables, roles, task, seed, model file, training history; not with logs and titles."""
    digest = hashlib.sha256()
    for table in (incident.reference, incident.current):
        digest.update((table.fingerprint if table else "-").encode())
    digest.update(repr((incident.task, incident.roles, incident.seed)).encode())
    for file in (incident.model, *incident.training):
        if file is not None and file.is_file():
            seen = file.stat()
            digest.update(_content(file, seen.st_size, seen.st_mtime_ns).encode())
    return digest.hexdigest()


def service_fingerprint(incident: Incident) -> str:
    """Changes with all that a running service is judged by: what a model is made of, and its code, log, metrics and memory."""
    digest = hashlib.sha256(fingerprint(incident).encode())
    for file in (*incident.code, *incident.logs, *incident.metrics, *incident.memory):
        if file.is_file():
            seen = file.stat()
            digest.update(file.name.encode(errors="replace"))
            digest.update(_content(file, seen.st_size, seen.st_mtime_ns).encode())
    return digest.hexdigest()


@lru_cache(maxsize=64)
def _content(file: Path, size: int, changed: int) -> str:
    """Digest of a file; read again only when its size or time changed."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
