"""What a pickle says about itself, read without loading it: protocol, imported names, library versions."""

from __future__ import annotations

import bz2
import io
import lzma
import pickletools
import re
import zlib
from dataclasses import dataclass, field
from typing import Final

READ_CAP: Final = 64 * 2**20
"""Bytes of a pickle that are read, after unpacking; names stand at the beginning of what they build."""

OPCODE_CAP: Final = 2_000_000

NAME_CAP: Final = 200

HARMFUL: Final = frozenset(
    {"os", "posix", "nt", "subprocess", "sys", "socket", "shutil", "runpy", "pty", "importlib", "webbrowser", "ctypes", "code"}
    | {"multiprocessing", "asyncio", "pip", "requests", "urllib", "http", "ftplib", "smtplib", "timeit", "pdb", "bdb", "cProfile"}
)
"""Modules that a model has no need of; a pickle that imports one can do anything when it is loaded."""

HARMFUL_BUILTINS: Final = frozenset(
    {"eval", "exec", "compile", "open", "__import__", "getattr", "setattr", "delattr", "breakpoint"}
)

VERSION_KEYS: Final = {"_sklearn_version": "scikit-learn"}
"""Attributes under which libraries write their version into what they save."""


IN_WRAPPER: Final = "allow_mmap"
"""An attribute of joblib's stand-in for an array; the array's bytes follow when it is built."""

_SAVED: Final = rb"(?:\x94|q.|r.{4}|p\d{1,6}\n)?"
"""How a text is put into the pickle's memory."""

PLAIN_GLOBAL: Final = re.compile(rb"[ci]([A-Za-z_][\w.]{1,100})\n([A-Za-z_][\w.]{0,100})\n")
STACK_GLOBAL: Final = re.compile(
    rb"(?:\x8c.|X.{4})([A-Za-z_][\w.]{1,100})" + _SAVED + rb"(?:\x8c.|X.{4})([A-Za-z_][\w.]{0,100})" + _SAVED + rb"\x93",
    re.DOTALL,
)
SKLEARN_VERSION: Final = re.compile(rb"_sklearn_version" + _SAVED + rb"(?:\x8c.|X.{4}|V)([0-9][\w.+!-]{0,30})", re.DOTALL)


@dataclass(frozen=True)
class Header:
    """protocol: of the pickle, None when it says none. names: imported names as "module.name", sorted. versions: (library,
    version) that it was written with. harmful: those of `names` that a model has no need of. whole: read to its end.
    """

    protocol: int | None
    names: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]
    harmful: tuple[str, ...]
    whole: bool


def unpack(start: bytes, stream: io.BufferedIOBase) -> tuple[str, bytes]:
    """The pickle inside `stream` (placed at its beginning), at most `READ_CAP` bytes, and how it was packed ("" for plainly).

    What is damaged ends where the damage begins.
    """
    packers = (
        (b"\x78", "zlib", zlib.decompressobj),
        (b"\x1f\x8b", "gzip", lambda: zlib.decompressobj(31)),
        (b"BZh", "bzip2", bz2.BZ2Decompressor),
        (b"\xfd7zXZ", "xz", lambda: lzma.LZMADecompressor(memlimit=256 * 2**20)),
        (b"\x5d\x00", "lzma", lambda: lzma.LZMADecompressor(memlimit=256 * 2**20)),
    )
    for magic, name, make in packers:
        if start.startswith(magic):
            return name, _inflate(make(), stream)
    return "", stream.read(READ_CAP)


def _inflate(worker: object, stream: io.BufferedIOBase) -> bytes:
    parts, size = [], 0
    try:
        while size < READ_CAP and not getattr(worker, "eof", False):
            # What was not yet unpacked comes first: a small file may unpack to gigabytes.
            rest = getattr(worker, "unconsumed_tail", b"")
            hungry = getattr(worker, "needs_input", True)
            given = rest or (stream.read(2**18) if hungry else b"")
            if not given and hungry:
                break
            part = worker.decompress(given, READ_CAP - size)  # type: ignore[attr-defined]
            parts.append(part)
            size += len(part)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError):
        pass  # A damaged end: what came before it still says what the file was made with.
    return b"".join(parts)


def read(content: bytes) -> Header:
    """Follow the opcodes; nothing is imported, built or called. Raw arrays between them, as of joblib, are stepped over."""
    found = _Found()
    position, whole = 0, True
    while position < len(content) and found.count < OPCODE_CAP:
        end, clean = _follow(content, position, found)
        if clean and end >= len(content):
            break
        onward = _frame(content, end, found)
        if onward != end:
            # Where no frame tells that opcodes go on, they are looked for in plain sight.
            _sweep(content[end:onward], found)
        whole = whole and clean and onward < len(content)
        position = onward
    ordered = tuple(sorted(name[: 2 * NAME_CAP] for name in found.names))
    harmful = tuple(name for name in ordered if _harmful(name))
    return Header(found.protocol, ordered, tuple(sorted(found.versions.items())), harmful, whole and found.stopped)


@dataclass
class _Found:
    protocol: int | None = None
    names: set[str] = field(default_factory=set)
    versions: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    memo: dict[int, str] = field(default_factory=dict)
    count: int = 0
    stopped: bool = False

    def text(self, text: str) -> None:
        if self.texts and self.texts[-1] in VERSION_KEYS and text[:1].isdigit():
            self.versions.setdefault(VERSION_KEYS[self.texts[-1]], text)
        self.texts = [*self.texts[-7:], text]


def _follow(content: bytes, begin: int, found: _Found) -> tuple[int, bool]:
    """The opcodes from `begin` on: where they end (a raw array, the STOP, or what is no opcode), and whether cleanly."""
    stream = io.BytesIO(content)
    stream.seek(begin)
    wrapped = False
    end = begin
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            end = stream.tell()
            found.count += 1
            if found.count >= OPCODE_CAP:
                return end, False
            name = opcode.name
            if name == "PROTO" and isinstance(argument, int):
                found.protocol = max(argument, found.protocol or 0)
            elif name in ("GLOBAL", "INST") and isinstance(argument, str):
                found.names.add(".".join(argument.split(" ", 1)))
            elif name == "STACK_GLOBAL":
                found.names.add(".".join(found.texts[-2:]))
            elif (isinstance(argument, str) and "UNICODE" in name) or name in ("STRING", "BINSTRING", "SHORT_BINSTRING"):
                found.text(str(argument)[:NAME_CAP])
                wrapped = wrapped or argument == IN_WRAPPER
            elif name == "MEMOIZE":
                found.memo[len(found.memo)] = found.texts[-1] if found.texts else ""
            elif name in ("BINPUT", "LONG_BINPUT", "PUT") and isinstance(argument, int):
                found.memo[argument] = found.texts[-1] if found.texts else ""
            elif name in ("BINGET", "LONG_BINGET", "GET") and isinstance(argument, int):
                found.text(found.memo.get(argument, ""))
                wrapped = wrapped or found.texts[-1] == IN_WRAPPER
            elif name == "BUILD" and wrapped:
                return end, True
            elif name == "STOP":
                found.stopped = True
                return end, True
    except (ValueError, IndexError, UnicodeDecodeError, OverflowError, AttributeError, KeyError):
        found.stopped = False
    return end, False


def _frame(content: bytes, begin: int, found: _Found) -> int:
    """Where the next frame of opcodes begins (PEP 3154), the length of `content` where there is none.

    A frame says how long it is, and here ends at a BUILD or at the STOP.
    """
    at = content.find(b"\x95", begin)
    while at >= 0 and found.count < OPCODE_CAP:
        # A file can be made of such bytes alone: each try counts.
        found.count += 1
        last = at + 8 + int.from_bytes(content[at + 1 : at + 9], "little")
        if at + 9 < last < len(content) and content[last] in b"b.":
            # A nested pickle has its two bytes of protocol before the frame.
            return at - 2 if at - 2 >= begin and content[at - 2] == 0x80 else at
        at = content.find(b"\x95", at + 1)
    return len(content)


def _sweep(rest: bytes, found: _Found) -> None:
    for module, name in PLAIN_GLOBAL.findall(rest) + STACK_GLOBAL.findall(rest):
        full = f"{module.decode('ascii', 'replace')}.{name.decode('ascii', 'replace')}"
        # Random bytes of an array can look like any short name; only what would matter is taken from them.
        if _harmful(full):
            found.names.add(full)
    for version in SKLEARN_VERSION.findall(rest):
        found.versions.setdefault("scikit-learn", version.decode("ascii", "replace"))


def _harmful(name: str) -> bool:
    module, _, function = name.rpartition(".")
    if module in ("builtins", "__builtin__"):
        return function in HARMFUL_BUILTINS
    return module.split(".")[0] in HARMFUL
