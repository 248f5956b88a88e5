"""What a pickle says about itself, read without loading it: protocol, imported names, library versions."""

from __future__ import annotations

import bz2
import io
import lzma
import pickletools
import zlib
from dataclasses import dataclass
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
    """Follow the opcodes; nothing is imported, built or called. Stops at the first thing that is no opcode (raw arrays)."""
    protocol: int | None = None
    names: set[str] = set()
    versions: dict[str, str] = {}
    texts: list[str] = []
    memo: dict[int, str] = {}
    whole = False
    last_text = ""
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(io.BytesIO(content))):
            if count >= OPCODE_CAP:
                break
            name = opcode.name
            if name == "PROTO" and isinstance(argument, int):
                protocol = argument
            elif name in ("GLOBAL", "INST") and isinstance(argument, str):
                names.add(".".join(argument.split(" ", 1)))
            elif name == "STACK_GLOBAL":
                names.add(".".join(texts[-2:]))
            elif (isinstance(argument, str) and "UNICODE" in name) or name in ("STRING", "BINSTRING", "SHORT_BINSTRING"):
                text = str(argument)[:NAME_CAP]
                if last_text in VERSION_KEYS:
                    versions.setdefault(VERSION_KEYS[last_text], text)
                last_text = text
                texts = [*texts[-7:], text]
            elif name == "MEMOIZE":
                memo[len(memo)] = texts[-1] if texts else ""
            elif name in ("BINPUT", "LONG_BINPUT", "PUT") and isinstance(argument, int):
                memo[argument] = texts[-1] if texts else ""
            elif name in ("BINGET", "LONG_BINGET", "GET") and isinstance(argument, int):
                text = memo.get(argument, "")
                if last_text in VERSION_KEYS and text[:1].isdigit():
                    versions.setdefault(VERSION_KEYS[last_text], text)
                last_text = text
                texts = [*texts[-7:], text]
            elif name == "STOP":
                whole = True
    except (ValueError, IndexError, UnicodeDecodeError, OverflowError, AttributeError, KeyError):
        pass  # Joblib puts raw arrays between the opcodes; the names before them are known by now.
    ordered = tuple(sorted(name[: 2 * NAME_CAP] for name in names))
    return Header(protocol, ordered, tuple(sorted(versions.items())), tuple(n for n in ordered if _harmful(n)), whole)


def _harmful(name: str) -> bool:
    module, _, function = name.rpartition(".")
    if module in ("builtins", "__builtin__"):
        return function in HARMFUL_BUILTINS
    return module.split(".")[0] in HARMFUL
