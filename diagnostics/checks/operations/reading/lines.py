"""Bytes of a log to lines of text, streamed: bounded line length, any common encoding, plain sentences for what is no log."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

LINE_CAP: Final = 64 * 1024
"""Bytes of a line that are kept; the rest of a longer line is skipped, not held."""

UNPACKED_CAP: Final = 4 * 1024**3
"""Bytes read from one log, after unpacking."""

CHUNK: Final = 1024 * 1024
SNIFFED: Final = 64 * 1024
BINARY_SHARE: Final = 0.1
"""Share of control bytes above which a file is not text; logs hold tabs, escape codes of colours and the odd NUL."""

_SIGNATURES: Final = (
    b"PK\x03\x04",
    b"\x89PNG",
    b"%PDF",
    b"PAR1",
    b"\x80\x04\x95",
    b"\x80\x05\x95",
    b"SQLite format 3\x00",
    b"\x7fELF",
)
_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


_COLOURS: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
"""Escape sequences of terminals (ECMA-48): colours, links."""


def lines(file: Path) -> Iterator[str]:
    """Each line of `file` as `written` gives it, without the colours of terminals."""
    return (_COLOURS.sub("", line) if "\x1b" in line else line for line in written(file))


def written(file: Path) -> Iterator[str]:
    """Each line of `file` without its end, at most `LINE_CAP` characters, in order. A gzip file is unpacked on the way.

    Bytes that do not fit the encoding become U+FFFD. Raises BadInput for an empty file, a file that is no text, or a damaged
    or endless archive.
    """
    try:
        with _open(file) as stream:
            head = stream.read(SNIFFED)
            encoding, skip = _encoding(head, file.name)
            if encoding.startswith(("utf-16", "utf-32")):
                yield from _wide(head[skip:], stream, encoding, file.name)
            else:
                yield from _narrow(head[skip:], stream, encoding, file.name)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadInput(
            N_("{file:name} is cut off or damaged: the gzip archive does not unpack to its end."), file=file.name
        ) from error


def _open(file: Path) -> BinaryIO:
    stream = file.open("rb")
    packed = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    if not packed:
        return stream
    stream.close()
    return gzip.open(file, "rb")  # type: ignore[return-value]


def _encoding(head: bytes, name: str) -> tuple[str, int]:
    """The encoding, and how many bytes of byte-order mark to skip."""
    if not head.strip(b"\x00 \t\r\n"):
        raise BadInput(N_("{file:name} is empty: give a log with at least one line."), file=name)
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        # Western text in UTF-16 has a zero in every second byte.
        if len(head) >= 8 and zeros.count(0) > 0.6 * len(zeros) and head.count(0) < 0.7 * len(head):
            return encoding, 0
    strange = sum(head.count(byte) for byte in (*range(9), *range(14, 27), 28, 29, 30, 31))
    if head.startswith(_SIGNATURES) or strange > BINARY_SHARE * len(head):
        raise BadInput(N_("{file:name} is not a text log: give the log as text, as the service wrote it."), file=name)
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(head, final=False)
        except UnicodeDecodeError:
            continue
        # Short runs of Western accents also pass as GB18030; two high bytes in a row are what Chinese text is made of.
        if encoding == "utf-8" or _pairs(head) > 0.8:
            return encoding, 0
    return "latin-1", 0


def _pairs(head: bytes) -> float:
    """Share of the bytes above 127 that have such a neighbour."""
    high = [byte > 127 for byte in head]
    total = sum(high)
    paired = sum(a and (b or c) for a, b, c in zip(high[1:-1], high[:-2], high[2:], strict=True))
    return paired / total if total else 0.0


def _narrow(head: bytes, stream: BinaryIO, encoding: str, name: str) -> Iterator[str]:
    rest, read, overlong = b"", 0, False
    chunk = head
    while chunk:
        read += len(chunk)
        if read > UNPACKED_CAP:
            raise BadInput(N_("{file:name} is larger than 4 GB: give the part around the incident."), file=name)
        pieces = (rest + chunk).split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            if overlong:
                overlong = False  # The tail of a line whose beginning was given already.
                continue
            yield piece[:LINE_CAP].decode(encoding, "replace").rstrip("\r")
        if len(rest) > LINE_CAP:
            if not overlong:
                yield rest[:LINE_CAP].decode(encoding, "replace")
            rest, overlong = b"", True
        chunk = stream.read(CHUNK)
    if rest and not overlong:
        yield rest[:LINE_CAP].decode(encoding, "replace").rstrip("\r")


def _wide(head: bytes, stream: BinaryIO, encoding: str, name: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    rest, read, overlong = "", 0, False
    chunk = head
    while chunk:
        read += len(chunk)
        if read > UNPACKED_CAP:
            raise BadInput(N_("{file:name} is larger than 4 GB: give the part around the incident."), file=name)
        pieces = (rest + decoder.decode(chunk)).split("\n")
        rest = pieces.pop()
        for piece in pieces:
            if overlong:
                overlong = False
                continue
            yield piece[:LINE_CAP].rstrip("\r")
        if len(rest) > LINE_CAP:
            if not overlong:
                yield rest[:LINE_CAP]
            rest, overlong = "", True
        chunk = stream.read(CHUNK)
    if rest and not overlong:
        yield rest[:LINE_CAP].rstrip("\r")
