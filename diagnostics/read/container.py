"""What a file is by its first bytes, never by its name, and how to get from there to plain text, within bounds."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from diagnostics.nouns.documents import NotPlain, load_json
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, shorten
from diagnostics.read import convert, excel
from diagnostics.read.caps import Caps, Options
from diagnostics.read.encoding import wide

RATIO_FROM: Final = 2**26
"""Bytes of output from which the packing ratio is looked at; below, even a bomb does no harm."""

CHILD_MEMORY: Final = 3 * 10**9
CHILD_SECONDS: Final = 120
"""What a workbook, or a typed file that has to be converted, may take at most; a small one is given less."""

LEAST_MEMORY: Final = 10**9
MEMORY_PER_BYTE: Final = 30
LEAST_SECONDS: Final = 10
BYTES_PER_SECOND: Final = 200_000

LONG_TEXT: Final = 1000
"""Bytes of a shared text from which on it is counted how often a workbook repeats it."""

STEP: Final = 2**20
EDGE: Final = 2**14


class Container(StrEnum):
    TEXT = "csv"
    GZIP = "gzip"
    ZIP = "zip"
    WORKBOOK = "excel"
    PARQUET = "parquet"
    JSON = "json"
    ARROW = "arrow"
    AVRO = "avro"
    ORC = "orc"
    STATA = "stata"
    SAS = "sas"
    XPORT = "xport"


TYPED: Final = frozenset(
    {
        *(Container.PARQUET, Container.JSON, Container.ARROW, Container.AVRO, Container.ORC),
        *(Container.STATA, Container.SAS, Container.XPORT),
    }
)
"""Containers that say of each value what it is; only null is missing there."""

CONVERTED: Final = TYPED - {Container.PARQUET, Container.JSON}
"""Those that a process of its own turns into Parquet first."""

SAS7BDAT: Final = b"\0" * 12 + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf\xbd\x92\x08\x00\x09\xc7\x31\x8c\x18\x1f\x10\x11"
"""The first bytes of every SAS data file."""


FOREIGN: Final = (
    (b"%PDF", N_("a PDF document")),
    (b"{\\rtf", N_("a text document (RTF)")),
    (b"\x89PNG", N_("a picture")),
    (b"\xff\xd8\xff", N_("a picture")),
    (b"GIF8", N_("a picture")),
    (b"\x7fELF", N_("a program")),
    (b"MZ\x90\x00", N_("a program")),
    (b"\x80\x02", N_("a Python pickle")),
    (b"\x80\x03", N_("a Python pickle")),
    (b"\x80\x04", N_("a Python pickle")),
    (b"\x80\x05", N_("a Python pickle")),
    (b"\x93NUMPY", N_("a NumPy array")),
    (b"\x89HDF\r\n", N_("an HDF5 file")),
    (b"SQLite format 3", N_("a SQLite database")),
    (b"BZh", N_("a bzip2 archive")),
    (b"\xfd7zXZ", N_("an xz archive")),
    (b"7z\xbc\xaf", N_("a 7-Zip archive")),
    (b"(\xb5/\xfd", N_("a Zstandard archive")),
    (b"Rar!", N_("a RAR archive")),
    (b"PARE", N_("an encrypted Parquet file")),
)
_PAGE: Final = re.compile(rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype html|html|head|table|meta|style)\b", re.IGNORECASE | re.DOTALL)
_OLD_XML: Final = re.compile(rb"\s*<\?xml[^>]{0,200}\?>.{0,2000}<(?:ss:)?Workbook\b", re.DOTALL)
_RECORDS: Final = re.compile(rb"\s*\[\s*(?:\{|\]|\[\s*\")")


def recognise(source: Path, head: bytes) -> Container:
    """Raises BadInput for anything that holds no table this reader knows."""
    if not head:
        raise BadInput(N_("{file:name} is empty: upload a table with a header and at least one row."), file=source.name)
    if head.startswith(b"PAR1"):
        return Container.PARQUET
    if head.startswith(b"\x1f\x8b"):
        return Container.GZIP
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(source)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return Container.WORKBOOK
    if head.startswith((b"ARROW1", b"FEA1")):
        return Container.ARROW
    if head.startswith(b"Obj\x01"):
        return Container.AVRO
    if head.startswith(b"ORC") and not _textual(head):
        return Container.ORC
    if head.startswith(b"<stata_dta>") or (
        head[:1] in (b"\x71", b"\x72", b"\x73") and head[1:4] in (b"\x01\x01\0", b"\x02\x01\0")
    ):
        return Container.STATA
    if head.startswith(SAS7BDAT):
        return Container.SAS
    if head.startswith(b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!"):
        return Container.XPORT
    # What a program allots before it writes is filled with zeros.
    head = head.rstrip(b"\0\r\n") or head
    bare = head.removeprefix(b"\xef\xbb\xbf")
    if _PAGE.match(bare):
        raise _foreign(source, N_("a web page (HTML), whatever its name says"))
    if _OLD_XML.match(bare):
        raise _foreign(source, N_("a workbook in XML of 2003, which you can open in Excel and save as .xlsx"))
    if _is_json(bare):
        return Container.JSON
    for magic, what in FOREIGN:
        if head.startswith(magic) and (not magic.isascii() or len(magic) > 3 or not _textual(head)):
            raise _foreign(source, what)
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff"))
    if not marked and wide(head) is None and not _textual(head):
        raise _foreign(source, N_("a binary file"))
    return Container.TEXT


def _is_json(head: bytes) -> bool:
    """JSON Lines, an array, or one object, which may hold a table."""
    if _RECORDS.match(head) or re.match(rb"\s*\{\s*(?:\}|\"(?:[^\"\\]|\\.)*\"\s*:)", head):
        return True
    if not head.lstrip().startswith(b"{"):
        return False
    try:
        return isinstance(load_json(head.lstrip().split(b"\n", 1)[0].rstrip(b"\r\n")), dict)
    except NotPlain:
        return False


NO_TABLE: Final = N_(
    "{file:name} is one JSON object, not a table: give an array of records, or one record in each line (JSON Lines)."
)


def _foreign(source: Path, what: str) -> BadInput:
    return BadInput(
        N_("{file:name} is {what:term}, not a table: upload CSV, Excel, Parquet, JSON Lines, Arrow, Avro, ORC, Stata or SAS."),
        file=source.name,
        what=what,
    )


_CONTROL: Final = bytes(c for c in range(32) if c not in b"\t\n\r\x0b\x0c\x1a\x1b\x1c\x1d\x1e\x1f\x01\x00")


def _textual(head: bytes) -> bool:
    """Text has next to no control characters; zeros count only when they do not look like UTF-16."""
    head = head[:65536]
    control = sum(head.count(bytes([c])) for c in _CONTROL)
    if control > 0.01 * len(head):
        return False
    zeros, even, odd = head.count(0), head[0::2].count(0), head[1::2].count(0)
    one_sided = min(even, odd) <= 0.1 * max(even, odd)
    return zeros <= 0.1 * len(head) or one_sided


def _zipped(source: Path) -> Container:
    try:
        with zipfile.ZipFile(source) as archive:
            names = set(archive.namelist())
            members = [info for info in archive.infolist() if not info.is_dir() and not clutter(info.filename)]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as damage:
        raise damaged(source) from damage
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names or "content.xml" in names or "[Content_Types].xml" in names:
        return Container.WORKBOOK
    if len(members) == 1:
        return Container.ZIP
    raise BadInput(
        N_("{file:name} is a zip archive of {count:count} files: pack only the table, or upload the tables inside."),
        file=source.name,
        count=len(members),
    )


def clutter(path: str) -> bool:
    """What systems put into archives beside the files."""
    return path.startswith("__MACOSX/") or path.rsplit("/", 1)[-1] in (".DS_Store", "Thumbs.db")


def unpack_zip(source: Path, folder: Path, caps: Caps) -> Path:
    """The only file of an archive, in `folder`, at most ``caps.unpacked`` bytes. Raises BadInput."""
    unpacked = 0
    target = folder / "member"
    try:
        with zipfile.ZipFile(source) as archive:
            (member,) = (info for info in archive.infolist() if not info.is_dir() and not clutter(info.filename))
            if member.flag_bits & 1:
                raise BadInput(PASSWORD, file=source.name)
            with archive.open(member) as stream, target.open("wb") as out:
                while block := stream.read(STEP):
                    unpacked += len(block)
                    packed = max(1, member.compress_size)
                    if unpacked > caps.unpacked or (unpacked > RATIO_FROM and unpacked > caps.ratio * packed):
                        raise too_large(source, caps.unpacked)
                    out.write(block)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as damage:
        raise damaged(source) from damage
    return target


PASSWORD: Final = N_("{file:name} is protected by a password: open it, save it without one, and upload that.")
UNREADABLE: Final = N_("{file:name} holds something that cannot be read here ({what:name}): save it again with plain types.")


def damaged(source: Path) -> BadInput:
    return BadInput(N_("{file:name} is damaged and cannot be opened: export or copy it again."), file=source.name)


def too_large(source: Path, cap: int) -> BadInput:
    return BadInput(
        N_("{file:name} unpacks to more than {cap:count} bytes or packs suspiciously well: upload a smaller table."),
        file=source.name,
        cap=cap,
    )


def greedy(source: Path, seconds: int) -> BadInput:
    return BadInput(
        N_(
            "{file:name} takes more than {seconds:count} seconds or more memory to read than a file of its size may: export it "
            "again, or give it as CSV."
        ),
        file=source.name,
        seconds=seconds,
    )


def too_wide(source: Path, caps: Caps) -> BadInput:
    return BadInput(
        N_("{file:name} is too large for a workbook (at most {cells:count} cells): export the sheet as CSV."),
        file=source.name,
        cells=caps.cells,
    )


def unpack_gzip(source: Path, target: Path, caps: Caps) -> None:
    """Write the content of `source` to `target`, at most ``caps.unpacked`` bytes. Raises BadInput."""
    unpacker = zlib.decompressobj(wbits=31)
    packed = unpacked = 0
    finished = False
    with source.open("rb") as stream, target.open("wb") as out:
        while chunk := stream.read(2**16):
            packed += len(chunk)
            while chunk:
                try:
                    part = unpacker.decompress(chunk, STEP)
                except zlib.error as damage:
                    # Padding after the last member is common and harmless.
                    if finished and not chunk.strip(b"\0"):
                        break
                    raise damaged(source) from damage
                unpacked += len(part)
                if unpacked > caps.unpacked or (unpacked > RATIO_FROM and unpacked > caps.ratio * packed):
                    raise too_large(source, caps.unpacked)
                out.write(part)
                chunk, finished = unpacker.unconsumed_tail, unpacker.eof
                if unpacker.eof:
                    chunk, unpacker = unpacker.unused_data, zlib.decompressobj(wbits=31)
                    finished = True
    if not finished:
        raise BadInput(
            N_("{file:name} ends in the middle: the upload or copy was cut short, so bring the whole file."), file=source.name
        )


@dataclass(frozen=True)
class Sheet:
    """What was read of a workbook. names: of its sheets. merged: cells filled from a merged cell above. tables: on the sheet.

    formulas: that were never calculated, so that their cells are empty.
    """

    name: str
    names: tuple[str, ...]
    merged: int
    tables: int
    formulas: int


def _allowed(source: Path, unpacked: int) -> tuple[int, int]:
    """Bytes of memory and seconds that reading may take."""
    seconds = min(CHILD_SECONDS, LEAST_SECONDS + source.stat().st_size // BYTES_PER_SECOND)
    return min(CHILD_MEMORY, LEAST_MEMORY + MEMORY_PER_BYTE * unpacked), seconds


def _confined(source: Path, script: str, arguments: list[str], seconds: int) -> dict[str, Any]:
    """What the program `script` prints, run in a process that may take itself down. Raises BadInput when it did."""
    command = [sys.executable, "-I", script, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=1.5 * seconds, check=False)
        if not done.stdout:
            raise greedy(source, seconds)
        answer: dict[str, Any] = json.loads(done.stdout.decode("utf-8", errors="replace") or "{}")
    except subprocess.TimeoutExpired as failure:
        raise greedy(source, seconds) from failure
    except json.JSONDecodeError as failure:
        raise damaged(source) from failure
    match answer.get("error"):
        case "password":
            raise BadInput(PASSWORD, file=source.name)
        case "memory":
            raise greedy(source, seconds)
        case "sheets" | "cells":
            raise too_wide(source, caps=Caps())
    return answer


def to_parquet(source: Path, kind: Container, target: Path, caps: Caps) -> None:
    """Write a typed file of another kind as Parquet to `target`. Raises BadInput, which names what cannot be read."""
    memory, seconds = _allowed(source, source.stat().st_size)
    limits = [str(limit) for limit in (memory, seconds, caps.cells * 10)]
    answer = _confined(source, convert.__file__, [kind.value, str(source), str(target), *limits], seconds)
    if answer.get("error") == "kind":
        raise BadInput(UNREADABLE, file=source.name, what=shorten(str(answer["what"])))
    if "rows" not in answer:
        raise damaged(source)


def unpack_workbook(source: Path, target: Path, caps: Caps, options: Options) -> Sheet:
    """Write the largest table of one sheet as CSV to `target`. Raises BadInput."""
    formulas, unpacked = _inspect(source, caps) if zipfile.is_zipfile(source) else (0, source.stat().st_size)
    if not formulas and _encrypted(source):
        raise BadInput(PASSWORD, file=source.name)
    memory, seconds = _allowed(source, unpacked)
    limits = [str(limit) for limit in (memory, seconds, caps.sheets, caps.cells)]
    arguments = [str(source), str(target), *limits, *([options.sheet] if options.sheet else [])]
    answer = _confined(source, excel.__file__, arguments, seconds)
    if "sheet" in answer and "error" not in answer:
        names = tuple(str(name) for name in answer["sheets"])
        return Sheet(str(answer["sheet"]), names, int(answer["merged"]), int(answer["tables"]), formulas)
    match answer.get("error"):
        case "sheet":
            raise BadInput(
                N_("{file:name} has no sheet {sheet:name}: choose one of {sheets:list}."),
                file=source.name,
                sheet=options.sheet or "",
                sheets=[str(name) for name in answer["sheets"]],
            )
        case "empty":
            raise BadInput(N_("{file:name} has no sheet with a filled cell: fill one or upload another."), file=source.name)
    raise damaged(source)


def _encrypted(source: Path) -> bool:
    """The old container holds an encrypted package (ECMA-376 part 2, "agile encryption"); its directory names it in UTF-16."""
    with source.open("rb") as stream:
        head = stream.read(8)
        return head.startswith(b"\xd0\xcf") and "EncryptedPackage".encode("utf-16-le") in stream.read(2**26)


_CELL: Final = re.compile(rb'<(?:\w+:)?c [^>]{0,200}?r="([A-Z]{1,3})(\d{1,7})"[^>]{0,200}>\s{0,20}<(?:\w+:)?(?:v|is|f)\b')
"""A cell with something in it: one that is only formatted takes no room."""

_UNCALCULATED: Final = re.compile(rb"</(?:\w+:)?f>\s{0,20}(?:<(?:\w+:)?v ?/>|<v></v>)?\s{0,20}</(?:\w+:)?c>")


_SHARED: Final = re.compile(rb"</(?:\w+:)?si>")
_REFERENCE: Final = re.compile(rb"<(?:\w+:)?c [^>]{0,200}?t=[\"']s[\"'][^>]{0,200}>\s{0,20}<(?:\w+:)?v>(\d{1,9})<")
"""A cell that holds the number of a shared text."""


class _SharedTexts:
    """The lengths of the texts that a workbook keeps once, and what the cells come to that repeat them."""

    def __init__(self) -> None:
        self.total = 0
        self._lengths: list[int] = []
        self._longest = 0
        self._open = 0
        self._carried = b""

    def add(self, block: bytes) -> None:
        """The next block of the part that holds the texts."""
        block = self._carried + block
        last = 0
        for end in _SHARED.finditer(block):
            self._lengths.append(self._open + end.start() - last)
            self._open, last = 0, end.end()
        # An end that two blocks share is found in the second one.
        cut = max(last, len(block) - 12)
        self._open += cut - last
        self._carried = block[cut:]
        self._longest = max(self._lengths, default=0)

    def count(self, block: bytes) -> None:
        """The next block of a sheet."""
        if self._longest >= LONG_TEXT:
            lengths = self._lengths
            numbers = map(int, _REFERENCE.findall(block))
            self.total += sum(lengths[number] for number in numbers if number < len(lengths))


def _inspect(source: Path, caps: Caps) -> tuple[int, int]:
    """Inflate every XML part in steps, keeping nothing: what it really unpacks to, entities, and the extent of each sheet.

    Returns the number of formulas without a value, and the bytes that it unpacks to.
    """
    total = formulas = 0
    try:
        with zipfile.ZipFile(source) as archive:
            parts = archive.infolist()
            if len(parts) > 10 * caps.sheets + 1000:
                raise too_large(source, caps.unpacked)
            packed = source.stat().st_size
            shared = _SharedTexts()
            for part in sorted(parts, key=lambda part: "sharedstrings" not in part.filename.lower()):
                if part.file_size > caps.unpacked:
                    raise too_large(source, caps.unpacked)
                for block in _inflate(source, part):
                    total += len(block)
                    if total > caps.unpacked or (total > RATIO_FROM and total > caps.ratio * packed):
                        raise too_large(source, caps.unpacked)
                    if b"<!ENTITY" in block or b"<!DOCTYPE" in block:
                        raise damaged(source)
                    if "sharedstrings" in part.filename.lower():
                        shared.add(block)
                    elif "sheet" in part.filename.lower() and part.filename.endswith(".xml"):
                        shared.count(block)
                        if shared.total > RATIO_FROM and shared.total > caps.ratio * packed:
                            raise too_large(source, caps.unpacked)
                        _check_extent(source, block, caps)
                        formulas += len(_UNCALCULATED.findall(block)) if b"f>" in block else 0
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError) as damage:
        raise damaged(source) from damage
    return formulas, total


def _inflate(source: Path, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The real content of an archive's part in blocks, whatever size its directory claims."""
    with source.open("rb") as stream:
        stream.seek(part.header_offset)
        header = stream.read(30)
        if len(header) < 30 or header[:4] != b"PK\x03\x04":
            raise zipfile.BadZipFile("local header")
        stream.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
        left = part.compress_size
        if part.compress_type == zipfile.ZIP_STORED:
            while left > 0 and (block := stream.read(min(STEP, left))):
                left -= len(block)
                yield block
            return
        if part.compress_type != zipfile.ZIP_DEFLATED:
            raise NotImplementedError("compression")
        unpacker = zlib.decompressobj(wbits=-15)
        while left > 0 and not unpacker.eof and (chunk := stream.read(min(2**16, left))):
            left -= len(chunk)
            while chunk:
                yield unpacker.decompress(chunk, STEP)
                chunk = unpacker.unconsumed_tail


def _check_extent(source: Path, block: bytes, caps: Caps) -> None:
    """A reader allots the whole rectangle of a sheet before it reads, so cells may not lie absurdly far apart.

    Cells ascend, so the ends of a block speak for it; what they miss, the memory limit of the reading process catches.
    """
    widest, lowest = 0, 0
    for column, row in _CELL.findall(block[:EDGE]) + _CELL.findall(block[-EDGE:]):
        width = 0
        for letter in column:
            width = 26 * width + letter - 64
        widest, lowest = max(widest, width), max(lowest, int(row))
    if lowest * widest > caps.cells:
        raise too_wide(source, caps)
