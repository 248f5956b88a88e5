"""From the bytes of a file to a `Table`: typed Parquet with keyed columns, and a record of how it was read."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import duckdb

from diagnostics.nouns.refusal import BadInput, MachineFault
from diagnostics.nouns.table import Note, Reading, Table, note
from diagnostics.nouns.words import N_
from diagnostics.read import typed, wrapped
from diagnostics.read.caps import Caps, Options
from diagnostics.read.container import (
    TYPED,
    Container,
    Sheet,
    damaged,
    recognise,
    too_large,
    unpack_gzip,
    unpack_workbook,
    unpack_zip,
)
from diagnostics.read.encoding import Scan, detect, scan, transcode
from diagnostics.read.faults import OF_THE_MACHINE, machine_fault
from diagnostics.read.header import at_edges, unique
from diagnostics.read.index import with_row_numbers
from diagnostics.read.kinds import Choice, Convention, column
from diagnostics.read.missing import TOKENS
from diagnostics.read.numbers import Decimal
from diagnostics.read.plan import Plan, plan
from diagnostics.read.records import Tally, normalise, output_delimiter, too_many_rows
from diagnostics.read.typed_file import typed_file

READER: Final = "2"
"""Part of every fingerprint: raise it when the same bytes are read differently."""

BIG: Final = 2**25
"""Bytes from which looking at every byte is worth a thread."""

CARELESS_LINES: Final = 1.2
"""A file may have that many times the allowed lines before it is refused unread: lines in quotes are no rows."""


SHIFTED: Final = N_(
    "The row of names is one name short: its names belong to the last columns, and the first column holds names of rows, as R "
    "writes them."
)

NOTES: Final = 20
"""Columns of which it is said one by one how they were read."""


@dataclass(frozen=True)
class Text:
    """A file as UTF-8 text. notes: what happened on the way, in plain sentences."""

    path: Path
    container: str
    encoding: str
    notes: tuple[Note, ...]
    seen: Scan
    delimiter: str | None = None
    pending: Future[Scan] | None = None
    sheet: str = ""
    sheets: tuple[str, ...] = ()

    def settled(self) -> Text:
        """With the look at every byte, which goes on beside the reading of a large file. Raises what that look raised."""
        return self if self.pending is None else replace(self, seen=self.pending.result(), pending=None)


def read_table(source: Path, folder: Path, *, name: str, caps: Caps | None = None, options: Options | None = None) -> Table:
    """Read `source` into ``folder/NAME.parquet`` and ``folder/NAME.json``.

    Raises BadInput, in one plain sentence, for whatever cannot be read as a table or exceeds the caps.
    """
    caps, options = caps or Caps(), options or Options()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.parquet"
    try:
        with tempfile.TemporaryDirectory(prefix=".reading-", dir=folder) as scratch:
            table = _read(source, target, Path(scratch), name, caps, options)
        table.save()
    except duckdb.Error as failure:
        fault = machine_fault(failure)
        if fault is None:
            raise
        raise _refused(source, fault) from failure
    except OSError as failure:
        raise _refused(source, failure) from failure
    return table


def _refused(source: Path, failure: OSError) -> BadInput:
    kind = MachineFault if failure.errno in OF_THE_MACHINE else BadInput
    return kind(
        N_("{file:name} cannot be read or stored ({why}): check the file and the free space on the disk."),
        file=source.name,
        why=failure.strerror or type(failure).__name__,
    )


def _read(source: Path, target: Path, scratch: Path, name: str, caps: Caps, options: Options) -> Table:
    given = source
    source, container, head = opened(source, scratch, caps)
    stage = scratch / "table.parquet"
    if container in TYPED:
        table = typed_file(given, source, container, stage, scratch, caps)
        _refuse_empty(given, table.rows, options)
        with given.open("rb") as stream:
            seen = hashlib.file_digest(stream, "sha256").hexdigest()
        stage.replace(target)
        return replace(
            table,
            name=name,
            path=target,
            fingerprint=_fingerprint(seen, options),
            reading=replace(table.reading, how=how(options)),
        )
    with ThreadPoolExecutor(1) as pool:
        text = as_text(given, source, container, head, scratch, caps, options, pool=pool)
        planned, tally, written, text = _typed(text, stage, scratch, caps, options)
    layout = planned.layout
    _refuse_empty(given, written.rows, options)
    names = unique(layout.names, layout.dialect.width)
    columns = tuple(column(n, f"c{i}", written.choices[f"c{i}"]) for i, n in enumerate(names))
    reading = Reading(
        source=given.name,
        container=text.container,
        encoding=text.encoding,
        delimiter=layout.dialect.delimiter if layout.dialect.width > 1 else "",
        quote=layout.dialect.quote,
        header_rows=planned.header_rows,
        skipped_rows=planned.skipped_rows,
        rows=written.rows,
        rejected_count=tally.rejected_count,
        rejected=tuple(tally.rejected),
        repaired_count=tally.repaired_count,
        repaired=tuple(tally.repaired),
        notes=(
            *text.notes,
            *([note(SHIFTED)] if planned.shifted else []),
            *_notes(tally, layout.names, names, [written.choices[c.key] for c in columns]),
        ),
        sheet=text.sheet,
        sheets=text.sheets,
        how=how(options),
    )
    stage.replace(target)
    columns = with_row_numbers(target, columns, written.rows, header=planned.header_rows > 0)
    hollow = {names[i] for i in at_edges(layout.names)} & {c.name for c in columns if dict(c.tokens).get("") == written.rows}
    if hollow and len(hollow) < len(columns):
        # What stands before the first delimiter of each line, or behind the last one.
        columns = tuple(c for c in columns if c.name not in hollow)
        says = N_("{count:count} columns without a name and without a value were left out.")
        reading = replace(reading, notes=(*reading.notes, note(says, count=len(hollow))))
    return Table(name, target, columns, written.rows, _fingerprint(text.seen.fingerprint, options), reading)


def how(options: Options) -> str:
    """What decides how the same bytes are read: this reader, and what was stated to it."""
    return f"{READER} {options}"


def _fingerprint(content: str, options: Options) -> str:
    return hashlib.sha256(f"{content} {how(options)}".encode()).hexdigest()


def opened(source: Path, scratch: Path, caps: Caps) -> tuple[Path, Container, bytes]:
    """The file itself or, of an archive with one file, what is in it; its container and first bytes. Raises BadInput."""
    container, head = open_source(source, caps)
    if container is not Container.ZIP:
        return source, container, head
    inner = unpack_zip(source, scratch, caps)
    with inner.open("rb") as stream:
        head = stream.read(2**16)
    container = recognise(inner, head)
    if container in (Container.ZIP, Container.GZIP):
        raise BadInput(N_("{file:name} is packed twice: unpack it once and upload what is inside."), file=source.name)
    return inner, container, head


def open_source(source: Path, caps: Caps) -> tuple[Container, bytes]:
    if not source.is_file():
        raise BadInput(N_("There is no file {file:name}: check the path."), file=source.name)
    size = source.stat().st_size
    if size > caps.bytes:
        raise BadInput(
            N_("{file:name} has {size:count} bytes, more than the {cap:count} allowed: upload a sample of it."),
            file=source.name,
            size=size,
            cap=caps.bytes,
        )
    with source.open("rb") as stream:
        head = stream.read(2**16)
    return recognise(source, head), head


def _refuse_empty(source: Path, rows: int, options: Options) -> None:
    if not rows and not options.allow_empty:
        raise BadInput(
            N_("{file:name} has names of columns but no rows: upload a table with at least one row."), file=source.name
        )


def as_text(
    given: Path,
    source: Path,
    container: Container,
    head: bytes,
    scratch: Path,
    caps: Caps,
    options: Options,
    *,
    pool: Executor | None = None,
) -> Text:
    """The file as UTF-8 text in `scratch`, or where it is when it is that already. Raises BadInput.

    given: the file as it came; source: what is read, another one where `given` is an archive.

    With a `pool`, every byte of a large file is looked at there while the caller goes on; see `Text.settled`.
    """
    size = source.stat().st_size
    rows = size * head.count(b"\n") / len(head)
    aside = container is Container.TEXT and size > BIG and rows < caps.rows / 4 and options.encoding is None
    if pool is not None and aside and detect(head) == "utf-8" and not head.lstrip(b"\xef\xbb\xbf").startswith(b'"'):
        provisional = Scan("", size, head.isascii(), False, 0, head)
        return Text(source, container.value, "utf-8", (), provisional, pending=pool.submit(scan, source, caps))
    notes: list[Note] = []
    path, label, delimiter = source, container.value, None
    sheet: Sheet | None = None
    if container is Container.GZIP:
        path = scratch / "unpacked"
        unpack_gzip(source, path, caps)
        with path.open("rb") as stream:
            if recognise(source, stream.read(2**16)) is not Container.TEXT:
                raise BadInput(N_("{file:name} is packed twice: unpack it once and upload what is inside."), file=given.name)
        label = "csv.gz"
    elif container is Container.WORKBOOK:
        path = scratch / "sheet.csv"
        sheet = unpack_workbook(source, path, caps, options)
        notes += _of_sheet(sheet)
        delimiter = ","
    seen = scan(path, caps)
    if path is not given:
        with given.open("rb") as stream:
            seen = replace(seen, fingerprint=hashlib.file_digest(stream, "sha256").hexdigest())
        if seen.size > caps.unpacked:
            raise too_large(given, caps.unpacked)
    if seen.lines > CARELESS_LINES * caps.rows + 1000:
        raise too_many_rows(caps)
    codec = "utf-8" if container is Container.WORKBOOK else options.encoding or detect(seen.head, seen)
    text = Text(path, label, codec, tuple(notes), seen, delimiter)
    if sheet is not None:
        return replace(text, sheet=sheet.name, sheets=sheet.names)
    text = decoded(text, scratch, caps) if codec not in ("utf-8", "ascii") or seen.nuls else text
    return _unwrapped(text, scratch)


def _unwrapped(text: Text, scratch: Path) -> Text:
    """Without the quotes that stand around each line as a whole."""
    with text.path.open("rb") as stream:
        head = stream.read(2**16)
    if not head.lstrip(b"\xef\xbb\xbf").startswith(b'"') or not wrapped.in_quotes(
        head[: head.rfind(b"\n") + 1].decode("utf-8-sig", "replace")
    ):
        return text
    target = scratch / "unwrapped"
    wrapped.take_off(text.path, target)
    says = N_("Every line of the file stood in quotes as a whole: they were taken off.")
    return replace(text, path=target, notes=(*text.notes, note(says)))


def _of_sheet(sheet: Sheet) -> list[Note]:
    notes = []
    if len(sheet.names) > 1:
        says = N_("Read the sheet {sheet:name}, one of {sheets:count} in the workbook.")
        notes.append(note(says, sheet=sheet.name, sheets=len(sheet.names)))
    if sheet.tables > 1:
        says = N_("The sheet holds {tables:count} tables: the largest was read, the others were left out.")
        notes.append(note(says, tables=sheet.tables))
    if sheet.merged:
        says = N_("{count:count} cells below merged ones were filled with the value of the merged cell.")
        notes.append(note(says, count=sheet.merged))
    if sheet.formulas:
        says = N_(
            "{count:count} formulas in the workbook were never calculated, so their cells are empty: "
            "open it once in Excel and save it."
        )
        notes.append(note(says, count=sheet.formulas))
    return notes


def decoded(text: Text, scratch: Path, caps: Caps) -> Text:
    try:
        done = transcode(text.path, text.encoding, scratch / "decoded", caps)
    except LookupError as unknown:
        raise BadInput(
            N_("There is no encoding {name:name}: try utf-8, utf-16, gb18030, shift_jis or latin-1."), name=text.encoding
        ) from unknown
    notes = list(text.notes)
    if done.bad:
        notes.append(
            note(
                N_("{count:count} characters could not be decoded, the first in line {line:count}; they are shown as �."),
                count=done.bad,
                line=done.bad_line,
            )
        )
    if done.nuls:
        notes.append(note(N_("{count:count} zero characters were taken out."), count=done.nuls))
    return replace(text, path=done.path, notes=tuple(notes))


def _typed(text: Text, stage: Path, scratch: Path, caps: Caps, options: Options) -> tuple[Plan, Tally, typed.Typed, Text]:
    """At once where the file is regular, else record by record first."""
    planned = plan(text.path, caps, replace(options, delimiter=options.delimiter or text.delimiter))
    layout = planned.layout
    names = dict(enumerate(unique(layout.names, layout.dialect.width)))
    keys = {f"c{position}": name for position, name in names.items()}
    known = convention(text, layout.dialect.delimiter if layout.dialect.width > 1 else "", options)
    if planned.regular:
        given = typed.Source(text.path, layout.dialect.delimiter, layout.lines, keys, planned.end)
        try:
            written = typed.write(given, stage, caps, known, irregular=lambda: _header_again(text.path, planned))
            text = text.settled()
            if written.direct and text.seen.underscored:
                written = typed.write(given, stage, caps, known, eager=False)
        except typed.Irregular:
            text = text.settled()
        else:
            if written.rows > caps.rows:
                raise too_many_rows(caps)
            if not text.seen.nuls or text.path.name == "decoded":
                return planned, Tally(rows=written.rows), written, text
    text = text.settled()
    if text.path.name != "decoded" and (text.seen.nuls or not text.seen.ascii):
        # DuckDB stops at the first byte that is no UTF-8; the decoder reports and goes on.
        text = decoded(text, scratch, caps)
    regular = scratch / "regular.csv"
    tally = normalise(text.path, layout, regular, caps)
    given = typed.Source(regular, output_delimiter(layout.dialect), 0, keys)
    try:
        written = typed.write(given, stage, caps, known)
        if written.direct and text.seen.underscored:
            written = typed.write(given, stage, caps, known, eager=False)
    except typed.Irregular as failure:
        raise damaged(Path(text.path.name)) from failure
    return planned, tally, written, text


def convention(text: Text, delimiter: str, options: Options) -> Convention:
    """What is known of the file before its columns are judged: what was stated, and what the delimiter suggests."""
    workbook = text.container == Container.WORKBOOK.value
    # Spreadsheets separate cells by semicolons where the comma is the decimal mark. A workbook's own numbers have a point.
    likely = {";": Decimal.COMMA, ",": Decimal.POINT}.get(delimiter)
    mark = options.mark or ("." if workbook else None)
    return Convention(
        decimal=Decimal(mark) if mark else None,
        likely=likely,
        order=options.dates or "",
        missing=TOKENS if options.missing is None else ("", *options.missing),
        workbook=workbook,
        stated=options.mark is not None,
        words_stated=options.missing is not None,
    )


def _header_again(path: Path, planned: Plan) -> bool:
    """The line of names stands a second time in the file, as when two exports were put one after the other."""
    if not planned.header_rows:
        return False
    with path.open("rb") as stream:
        for _ in range(planned.layout.lines - 1):
            stream.readline()
        line = b"\n" + stream.readline()
        carry = b""
        while chunk := stream.read(2**22):
            if line in carry + chunk:
                return True
            carry = chunk[-len(line) :]
    return False


def _notes(tally: Tally, written: tuple[str, ...], names: tuple[str, ...], choices: Iterable[Choice]) -> list[Note]:
    notes = []
    if tally.repaired_count:
        notes.append(
            note(
                N_("{count:count} rows with a stray quote or a wrong number of cells were repaired, first line {line:count}."),
                count=tally.repaired_count,
                line=tally.repaired[0].line,
            )
        )
    if not written:
        notes.append(note(N_("The file has no row of names: the columns are numbered.")))
    elif (changed := sum(before != after for before, after in zip(written, names, strict=False))) > 0:
        notes.append(note(N_("{count:count} names of columns were empty or repeated and got a number."), count=changed))
    told = [one for choice in choices for one in choice.notes]
    if len(told) > NOTES:
        notes.append(note(N_("{count:count} more columns could be read in two ways."), count=len(told) - NOTES))
    return [*notes, *told[:NOTES]]
