"""Typed files as they come from elsewhere: any names, any types, perhaps damaged. What they say of a value is kept."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from diagnostics.measure.engine import connect, literal
from diagnostics.nouns.documents import NotPlain, load_json
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.table import Column, Kind, Note, Rejected, note
from diagnostics.nouns.words import N_
from diagnostics.read.caps import Caps
from diagnostics.read.container import (
    CHILD_SECONDS,
    CONVERTED,
    NO_TABLE,
    RATIO_FROM,
    Container,
    damaged,
    greedy,
    to_parquet,
    too_large,
)
from diagnostics.read.document import records_in
from diagnostics.read.faults import machine_fault
from diagnostics.read.header import unique
from diagnostics.read.kinds import ALIKE, EXACT, GROUP, Choice, Convention, choose
from diagnostics.read.records import KEPT, too_many_rows
from diagnostics.read.times import COMPACT, counted_sql, named_time, time_sql
from diagnostics.read.typed import BLOCKS_UP_TO, MANY, copy

WHOLE: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
LONG: Final = ("HUGEINT", "UHUGEINT", "UBIGINT")
REAL: Final = ("FLOAT", "DOUBLE", "DECIMAL")
NO_RECORD: Final = N_("no JSON record")
LONG_ROW: Final = 4096
"""Bytes of text in a row, on average, above which a table is looked at as one that may stand for more than it holds."""

NESTED: Final = 24
"""Levels of a nested column; a list takes two of them."""

COLUMN_PARTS: Final = 8
"""Parts that a column may consist of, on average."""

OBJECT: Final = 2**24
"""Bytes that one JSON record may have."""

DOCUMENT: Final = 2**26
"""Bytes that one JSON document may have, which is held as a whole."""


@dataclass(frozen=True)
class Content:
    """What was read. rejected: records that could not be, of which some are listed."""

    rows: int
    columns: tuple[Column, ...]
    notes: tuple[Note, ...] = ()
    rejected_count: int = 0
    rejected: tuple[Rejected, ...] = ()


def too_many_columns(columns: int, cap: int) -> BadInput:
    return BadInput(
        N_("The table has {columns:count} columns, more than the {cap:count} allowed: keep those that the model uses."),
        columns=columns,
        cap=cap,
    )


def read(given: Path, source: Path, container: Container, target: Path, scratch: Path, caps: Caps) -> Content:
    """Write `target` with keyed columns. Raises BadInput, in the name of the file that was `given`."""
    if container is Container.JSON:
        held = _json(given, source, scratch / "records.parquet", scratch)
        content = _parquet(given, held.file, target, caps)
        notes = (*held.notes, *content.notes)
        return Content(content.rows, content.columns, notes, len(held.rejected), held.rejected[:KEPT])
    parquet = source
    if container in CONVERTED:
        parquet = scratch / "converted.parquet"
        to_parquet(source, container, parquet, caps)
    try:
        return _parquet(given, parquet, target, caps)
    except duckdb.Error as failure:
        if container in CONVERTED or not _ended(source) or machine_fault(failure):
            raise _unreadable(given, failure) from failure
    # What one library cannot read, the other may, or can say what it is.
    parquet = scratch / "again.parquet"
    to_parquet(source, container, parquet, caps)
    try:
        return _parquet(given, parquet, target, caps)
    except duckdb.Error as failure:
        raise _unreadable(given, failure) from failure


def _unreadable(given: Path, failure: duckdb.Error) -> Exception:
    """What the engine's error means: the machine's (an OSError), too little memory for this file, or that it is damaged."""
    if isinstance(failure, duckdb.OutOfMemoryException):
        return greedy(given, CHILD_SECONDS)
    return machine_fault(failure) or damaged(given)


def _ended(source: Path) -> bool:
    """The file ends as Parquet does; what was cut short does not."""
    with source.open("rb") as stream:
        stream.seek(-min(4, source.stat().st_size), 2)
        return stream.read(4) == b"PAR1"


def relation_of(given: Path, source: Path, container: Container, scratch: Path, caps: Caps) -> str:
    """A relation of the values as the file has them. Raises BadInput."""
    if container is Container.JSON:
        return f"read_parquet({literal(str(_json(given, source, scratch / 'records.parquet', scratch).file))})"
    if container in CONVERTED:
        to_parquet(source, container, scratch / "converted.parquet", caps)
        source = scratch / "converted.parquet"
    return f"read_parquet({literal(str(source))})"


@dataclass(frozen=True)
class _Json:
    """file: the records as Parquet. rejected: lines that are none."""

    file: Path
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[Note, ...] = ()


def _json(given: Path, source: Path, target: Path, scratch: Path) -> _Json:
    """Records of JSON as Parquet; lines that are no record are set aside. Raises BadInput."""
    with source.open("rb") as stream:
        head = stream.read(2**16).removeprefix(b"\xef\xbb\xbf").lstrip()
    notes: tuple[Note, ...] = ()
    array = head.startswith(b"[")
    if (array and re.match(rb"\[\s*\[", head)) or (not array and _is_document(source, head)):
        source, notes = _document(given, source, scratch / "document.jsonl")
        array = False
    rejected: tuple[Rejected, ...] = ()
    for attempt in (1, 2):
        how = f"format='{'array' if array else 'newline_delimited'}', records=true, sample_size=-1, maximum_object_size={OBJECT}"
        try:
            with connect() as con:
                con.execute("SET TimeZone = 'UTC'")
                copy(con, f"SELECT * FROM read_json({literal(str(source))}, {how})", target)
                return _Json(target, rejected, notes)
        except duckdb.Error as failure:
            if array or attempt == 2:
                raise _unreadable(given, failure) from failure
            source, found = _records(source, scratch / "records.jsonl")
            rejected = tuple(found)
    raise damaged(given)


def _is_document(source: Path, head: bytes) -> bool:
    """The first object is all that the file holds, or goes on over several lines."""
    try:
        load_json(head.split(b"\n", 1)[0])
    except NotPlain:
        return source.stat().st_size > len(head) or b"\n" in head
    return not head.partition(b"\n")[2].strip() and source.stat().st_size <= len(head) + 3


def _document(given: Path, source: Path, target: Path) -> tuple[Path, tuple[Note, ...]]:
    """The table inside one JSON document, a record in each line. Raises BadInput where it holds none."""
    if source.stat().st_size > DOCUMENT:
        raise BadInput(NO_TABLE, file=given.name)
    try:
        found = records_in(load_json(source.read_bytes()))
    except NotPlain:
        found = None
    if found is None:
        if not _one_record(source):
            raise BadInput(NO_TABLE, file=given.name)
        return source, ()
    with target.open("w", encoding="utf-8") as out:
        for row in found.rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    says = N_("The table under the key {key:name} was read; what stands beside it was left out.")
    return target, (note(says, key=found.key),) if found.key else ()


def _one_record(source: Path) -> bool:
    """The document is one line, as JSON Lines of one record."""
    return source.read_bytes().strip().count(b"\n") == 0


def _records(source: Path, target: Path) -> tuple[Path, list[Rejected]]:
    """The lines that are records, and those that are none."""
    rejected = []
    with source.open(encoding="utf-8-sig", errors="replace") as lines, target.open("w", encoding="utf-8") as out:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = load_json(line)
            except NotPlain:
                record = None
            if isinstance(record, dict):
                out.write(line.rstrip("\n") + "\n")
            else:
                rejected.append(Rejected(number, NO_RECORD))
    return target, rejected


def _parquet(given: Path, source: Path, target: Path, caps: Caps) -> Content:
    """Write `target` with keyed columns. Raises BadInput, or what DuckDB raises for a file that it cannot read."""
    with connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        relation = f"read_parquet({literal(str(source))})"
        _check(con, given, source, caps)
        described = con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        if len(described) > caps.columns:
            raise too_many_columns(len(described), caps.columns)
        names = unique([" ".join(str(row[0]).split()) for row in described], len(described))
        keys = [f"c{position}" for position in range(len(described))]
        aliased = f"(SELECT * FROM {relation} AS given({', '.join(keys)}))"
        kinds = [_kind(str(row[1])) for row in described]
        read_as = ", ".join(f"{cast.format(key=key)} AS {key}" for key, (_, cast) in zip(keys, kinds, strict=True))
        typed = f"(SELECT {read_as} FROM {aliased})"
        texts = {key: name for key, name, (kind, _) in zip(keys, names, kinds, strict=True) if kind is Kind.CATEGORY}
        _check_cells(con, given, typed, {**texts, **_nested(keys, names, kinds)}, caps)
        choices: dict[str, Choice] = {}
        if texts:
            # Every query of a wide file costs by all of its columns, so those of a short one are looked at in blocks.
            count = int(con.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])
            blocks = count if len(texts) > GROUP and count <= BLOCKS_UP_TO else None
            if len(described) > MANY:
                # Every thread holds a page of every column that it reads.
                con.execute("SET threads = 1")
            choices = dict(choose(con, typed, texts, Convention(typed=True, missing=()), rows=blocks).of)
        numbers = {key: name for key, name, (kind, _) in zip(keys, names, kinds, strict=True) if kind is Kind.NUMBER}
        choices |= _numbers(con, aliased, numbers, dict(zip(keys, (str(row[1]) for row in described), strict=True)))
        expressions, columns = [], []
        notes: list[Note] = []
        for key, name, (kind, cast) in zip(keys, names, kinds, strict=True):
            choice = choices.get(key)
            if choice is None:
                choice = Choice(kind, cast.format(key=key), integer=cast.endswith("AS BIGINT)"))
            elif key in texts:
                choice = Choice(choice.kind, _over(choice.sql, key, cast), False, choice.format, choice.tokens)
            notes += choices[key].notes if key in choices else ()
            expressions.append(f"{choice.sql} AS {key}")
            columns.append(Column(name, key, choice.kind, choice.integer, choice.format, choice.tokens))
        rows = copy(con, f"SELECT {', '.join(expressions)} FROM {aliased}", target, width=len(columns))
        return Content(rows, tuple(_with_nulls(con, target, rows, columns, frozenset(texts))), tuple(notes))


def _over(sql: str, key: str, cast: str) -> str:
    """An expression over the text of `key`, where the file has another type."""
    return sql if cast == "{key}" else re.sub(rf"\b{key}\b", cast.format(key=key), sql)


def _numbers(
    con: duckdb.DuckDBPyConnection, relation: str, names: Mapping[str, str], types: Mapping[str, str]
) -> dict[str, Choice]:
    """Numbers that are read as something else: times that are counted, whole numbers too long for a double."""
    choices: dict[str, Choice] = {}
    for begin in range(0, len(names), GROUP):
        keys = list(names)[begin : begin + GROUP]
        parts = ", ".join(f"min({key}), max({key})" for key in keys)
        found = con.execute(f"SELECT {parts} FROM {relation}").fetchall()[0]
        for key, low, high in zip(keys, found[0::2], found[1::2], strict=True):
            if low is not None and (choice := _number(con, relation, key, names[key], types[key], low, high)) is not None:
                choices[key] = choice
    return choices


def _number(con: duckdb.DuckDBPyConnection, relation: str, key: str, name: str, given: str, low: Any, high: Any) -> Choice | None:
    base = given.split("(")[0]
    whole = base in WHOLE or base in LONG or (base == "DECIMAL" and given.endswith(",0)"))
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    if counted := named_time(name, float(low), float(high)):
        return Choice(Kind.TIME, counted_sql(counted, key), format=counted)
    if not whole:
        return None
    text = f"CAST({key} AS VARCHAR)"
    for first, last, written in COMPACT:
        if low >= first and high <= last:
            value = time_sql(written, text)
            days = f"count(DISTINCT {key}), count(*) FILTER ({key} IS NOT NULL AND {value} IS NULL)"
            distinct, odd = con.execute(f"SELECT {days} FROM {relation}").fetchall()[0]
            if not odd and (distinct >= ALIKE or named_time(name, 1e9, 1e9)):
                return Choice(Kind.TIME, value, format=written)
    if max(abs(low), abs(high)) > EXACT:
        long, present = con.execute(
            f"SELECT count(*) FILTER (abs({key}::DOUBLE) > {EXACT!r}), count({key}) FROM {relation}"
        ).fetchall()[0]
        if long >= 0.5 * present:
            says = N_("{column:name} is kept as text: as numbers its last digits would be lost.")
            return Choice(Kind.CATEGORY, text, notes=(note(says, column=name),))
    return None


def _with_nulls(
    con: duckdb.DuckDBPyConnection, target: Path, rows: int, columns: list[Column], texts: frozenset[str]
) -> list[Column]:
    """Columns that were not texts get their count of nulls as the empty token."""
    typed = [column for column in columns if column.key not in texts and not column.tokens]
    if not typed:
        return columns
    query = f"SELECT {', '.join(f'count({column.key})' for column in typed)} FROM read_parquet({literal(str(target))})"
    present = dict(zip((column.key for column in typed), con.execute(query).fetchall()[0], strict=True))
    result = []
    for column in columns:
        missing = rows - present.get(column.key, rows)
        tokens = (("", missing),) if missing else column.tokens
        result.append(Column(column.name, column.key, column.kind, column.integer, column.format, tokens))
    return result


def _check(con: duckdb.DuckDBPyConnection, given: Path, source: Path, caps: Caps) -> None:
    """What the footer says, before any page is read."""
    path = literal(str(source))
    _check_nesting(con, given, path, caps)
    rows = con.execute(f"SELECT num_rows FROM parquet_file_metadata({path})").fetchall()[0][0]
    if rows > caps.rows:
        raise too_many_rows(caps)
    size, packed = con.execute(
        f"SELECT sum(total_uncompressed_size), sum(total_compressed_size) FROM parquet_metadata({path})"
    ).fetchall()[0]
    size, packed = int(size or 0), int(packed or 0)
    if size > caps.unpacked or (size > RATIO_FROM and size > caps.ratio * max(1, packed)):
        raise too_large(given, caps.unpacked)
    if packed > 2 * source.stat().st_size:
        raise damaged(given)


def _nested(keys: list[str], names: tuple[str, ...], kinds: list[tuple[Kind, str]]) -> dict[str, str]:
    return {key: name for key, name, (kind, _) in zip(keys, names, kinds, strict=True) if kind is Kind.NESTED}


def _check_cells(con: duckdb.DuckDBPyConnection, given: Path, relation: str, names: Mapping[str, str], caps: Caps) -> None:
    """What the texts come to with each cell written out: a dictionary of one long text stands for as many as there are rows."""
    total = rows = 0
    for begin in range(0, len(names), MANY):
        keys = list(names)[begin : begin + MANY]
        parts = ", ".join(f"max(strlen({key})), sum(strlen({key}))" for key in keys)
        found = con.execute(f"SELECT count(*), {parts} FROM {relation}").fetchall()[0]
        rows = int(found[0])
        for key, longest, written in zip(keys, found[1::2], found[2::2], strict=True):
            total += int(written or 0)
            if longest is not None and longest > caps.line:
                raise BadInput(
                    N_(
                        "{file:name} holds a cell of {size:count} bytes in {column:name}, more than the {cap:count} allowed: "
                        "leave that column out."
                    ),
                    file=given.name,
                    size=int(longest),
                    column=names[key],
                    cap=caps.line,
                )
    # Names of levels repeat in every table and pack as well as this; a row of pages of text does not.
    repeated = total > RATIO_FROM and total > caps.ratio * given.stat().st_size and total > LONG_ROW * rows
    if total > caps.unpacked or repeated:
        raise too_large(given, caps.unpacked)


def _check_nesting(con: duckdb.DuckDBPyConnection, given: Path, path: str, caps: Caps) -> None:
    """How deep the columns are nested, by the footer's list of them in which each says how many follow that are its own."""
    own = [int(row[0] or 0) for row in con.execute(f"SELECT num_children FROM parquet_schema({path})").fetchall()]
    if len(own) > COLUMN_PARTS * caps.columns:
        raise too_many_columns(len(own), caps.columns)
    left: list[int] = []
    for children in own:
        while left and not left[-1]:
            left.pop()
        if left:
            left[-1] -= 1
        left.append(children)
        if len(left) > NESTED:
            raise BadInput(
                N_("{file:name} holds columns that are nested more than {cap:count} levels deep: give a flat table."),
                file=given.name,
                cap=NESTED,
            )


def _kind(given: str) -> tuple[Kind, str]:
    """Kind of a DuckDB type, and the expression that reads it."""
    base = given.split("(")[0]
    if given.endswith("]") or base in ("STRUCT", "MAP", "UNION", "LIST", "VARIANT"):
        return Kind.NESTED, "CAST(to_json({key}) AS VARCHAR)"
    if base in WHOLE:
        return Kind.NUMBER, "CAST({key} AS BIGINT)"
    if base in REAL or base in LONG:
        return Kind.NUMBER, "CAST({key} AS DOUBLE)"
    if base in ("DATE", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S"):
        return Kind.TIME, "CAST({key} AS TIMESTAMP)"
    if base.startswith("TIMESTAMP"):
        return Kind.TIME, "timezone('UTC', {key})"
    if base == "BOOLEAN":
        # As Python and pandas write them, so that a CSV of the same table compares.
        return Kind.CATEGORY, "CASE WHEN {key} THEN 'True' WHEN NOT {key} THEN 'False' END"
    return Kind.CATEGORY, "{key}" if base == "VARCHAR" else "CAST({key} AS VARCHAR)"
