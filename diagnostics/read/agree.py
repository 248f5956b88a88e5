"""Two tables of one incident read alike: what one of them leaves open, the other may settle.

A column without a value takes the kind of the other side. Numbers that count days or seconds are times where the other side has
times, or where a person said so. A word for "missing" that is as common on both sides, or a value on one, is a value on both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from diagnostics.measure.engine import connect, literal, relation
from diagnostics.nouns.table import Column, Kind, Table, note
from diagnostics.nouns.words import N_
from diagnostics.read.numbers import quoted
from diagnostics.read.times import COMPACT, DAYS, SECONDS, counted_sql, counted_time, time_sql
from diagnostics.read.typed import copy

STORED: Final = {Kind.TIME: "TIMESTAMP", Kind.CATEGORY: "VARCHAR", Kind.NESTED: "VARCHAR"}
FEW_LEVELS: Final = 20
"""Different values of a column up to which a word among them may be one of the answers that people chose from."""

STANDARD_ERRORS: Final = 3.0
"""Two shares that lie so near are as common: a difference beyond 3 standard errors is chance in 1 of 370."""

YEARS: Final = 10 * 365.25 * 86_400
"""Seconds between the times of two tables of one incident, at most."""

READ_AS_TIME: Final = N_("The numbers in {column:name} were read as times: they are {format:term}.")
VALUE_AFTER_ALL: Final = N_("{word:name} in {column:name} is kept as a value: it stands in both tables.")


@dataclass(frozen=True)
class _Change:
    """sql: what the column holds instead. column: as it is then. words: what its column of words holds, "" for none."""

    sql: str
    column: Column
    words: str = ""


def agree(reference: Table, current: Table, timestamp: str | None = None) -> tuple[Table, Table]:
    """Both tables, written again where the other one settles something; `timestamp`: the stated column of times."""
    reference, current = _times(reference, current, timestamp), _times(current, reference, timestamp)
    left, right = _values_after_all(reference, current)
    reference, current = _rewritten(reference, left, current), _rewritten(current, right, reference)
    current = _booleans(current, reference)
    reference, current = _without_locale(reference, current), _without_locale(current, reference)
    return adopt_kinds(reference, current), adopt_kinds(current, reference)


def told_alike(table: Table, like: Table, timestamp: str | None) -> Table:
    """`table` with its times called plain where both tables write dates there: how a log writes them is no change of the data.

    What counts seconds or days stays named, as one unit may have been taken for another.
    """
    if timestamp is None or not all(timestamp in one and one[timestamp].kind is Kind.TIME for one in (table, like)):
        return table
    if any(one[timestamp].format in (*SECONDS, *DAYS) for one in (table, like)):
        return table
    columns = tuple(replace(column, format="") if column.name == timestamp else column for column in table)
    return replace(table, columns=columns)


def timed(table: Table, timestamp: str | None) -> Table:
    """`table` with the stated column of times read as such where its numbers count time."""
    return _times(table, None, timestamp)


def _times(table: Table, like: Table | None, timestamp: str | None) -> Table:
    changes: dict[str, _Change] = {}
    for column in table:
        stated = column.name == timestamp
        paired = like is not None and column.name in like and like[column.name].kind is Kind.TIME
        if column.kind is not Kind.NUMBER or not (stated or paired):
            continue
        found = _counted(table, column)
        if found is None or (paired and like is not None and not _near(table, column, found[1], like)):
            continue
        written, value = found
        changes[column.key] = _Change(value, replace(column, kind=Kind.TIME, integer=False, format=written))
    notes = [note(READ_AS_TIME, column=c.column.name, format=c.column.format) for c in changes.values()]
    changed = _rewritten(table, changes, like)
    return _noted(changed, notes) if notes else table


def _counted(table: Table, column: Column) -> tuple[str, str] | None:
    """How the column's numbers count time, and the expression that reads them."""
    key = column.key
    with connect() as con:
        low, high = con.execute(f"SELECT min({key}), max({key}) FROM {relation(table)}").fetchall()[0]
        if low is None or not (math.isfinite(low) and math.isfinite(high)):
            return None
        if written := counted_time(float(low), float(high), days=True):
            return written, counted_sql(written, key)
        for first, last, written in COMPACT if column.integer else ():
            value = time_sql(written, f"CAST({key} AS VARCHAR)")
            if low >= first and high <= last:
                odd = f"SELECT count(*) FROM {relation(table)} WHERE {key} IS NOT NULL AND {value} IS NULL"
                return (written, value) if not con.execute(odd).fetchall()[0][0] else None
    return None


def _near(table: Table, column: Column, value: str, like: Table) -> bool:
    """The times so read lie within some years of those of the other table."""
    other = like[column.name].key
    with connect() as con:
        mine = _middle(con.execute(f"SELECT min({value}), max({value}) FROM {relation(table)}").fetchall()[0])
        others = _middle(con.execute(f"SELECT min({other}), max({other}) FROM {relation(like)}").fetchall()[0])
    return mine is not None and others is not None and abs(mine - others) <= YEARS


def _middle(ends: tuple[Any, ...]) -> float | None:
    first, last = ends
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return None
    return ((first - datetime(1970, 1, 1)).total_seconds() + (last - datetime(1970, 1, 1)).total_seconds()) / 2


def _values_after_all(reference: Table, current: Table) -> tuple[dict[str, _Change], dict[str, _Change]]:
    """Words that were taken for missing and are values, by key of either table."""
    left: dict[str, _Change] = {}
    right: dict[str, _Change] = {}
    for a in reference:
        if a.name not in current or a.kind is not Kind.CATEGORY or current[a.name].kind is not Kind.CATEGORY:
            continue
        b = current[a.name]
        words = {word for column in (a, b) if column.words for word, _ in column.tokens if word}
        kept = {word for word in words if _is_value(word, reference, a, current, b)}
        if kept:
            for column, changes in ((a, left), (b, right)):
                if column.words and kept & {word for word, _ in column.tokens}:
                    changes[column.key] = _restored(column, kept)
    return left, right


def _is_value(word: str, reference: Table, a: Column, current: Table, b: Column) -> bool:
    counts = dict(a.tokens).get(word, 0), dict(b.tokens).get(word, 0)
    levels = [_levels(table, column, word) for table, column in ((reference, a), (current, b))]
    if not all(counts):
        # Taken for missing on one side only: a typed file or other neighbours made it a value on the other.
        return levels[counts.index(0)][1] > 0
    if max(distinct for distinct, _ in levels) > FEW_LEVELS:
        return False
    rows = reference.rows, current.rows
    share = sum(counts) / sum(rows)
    error = math.sqrt(share * (1 - share) * (1 / rows[0] + 1 / rows[1]))
    return abs(counts[0] / rows[0] - counts[1] / rows[1]) <= STANDARD_ERRORS * error


def _levels(table: Table, column: Column, word: str) -> tuple[int, int]:
    """Different values of the column, and rows in which `word` is one."""
    key = column.key
    query = f"SELECT approx_count_distinct({key}), count(*) FILTER ({key} = {quoted(word)}) FROM {relation(table)}"
    with connect() as con:
        distinct, rows = con.execute(query).fetchall()[0]
    return int(distinct), int(rows)


def _restored(column: Column, kept: set[str]) -> _Change:
    key, words = column.key, column.words_key
    among = f"{words} IN ({', '.join(quoted(word) for word in sorted(kept))})"
    tokens = tuple((word, count) for word, count in column.tokens if word not in kept)
    left = any(word for word, _ in tokens)
    rest = f"CASE WHEN NOT {among} THEN {words} END" if left else ""
    return _Change(f"CASE WHEN {among} THEN {words} ELSE {key} END", replace(column, tokens=tokens, words=left), rest)


LOCALES: Final = {
    "decimal comma": N_("All numbers of this file have a decimal comma, those of the other table a point: they are read alike."),
    "thousands": N_("All numbers of this file have marks between thousands, those of the other table none: they are read alike."),
}
"""Parts of `Column.format` that are the habit of a country, where a whole file has it."""

THOUSAND: Final = 1_000.0


def _without_locale(table: Table, like: Table) -> Table:
    """`table` with its numbers called plain, where they differ from the other table's by what the whole file does alone."""
    differing = [
        column
        for column in table
        if column.name in like
        and column.kind is Kind.NUMBER is like[column.name].kind
        and column.format != like[column.name].format
        and _own_format(column) == _own_format(like[column.name])
    ]
    marks = {part for column in differing for part in column.format.split(", ")} & set(LOCALES)
    if len(marks) != 1 or not _is_locale(table, mark := marks.pop()):
        return table
    keys = {column.key for column in differing}
    columns = tuple(replace(column, format=_own_format(column)) if column.key in keys else column for column in table)
    return _noted(replace(table, columns=columns), [note(LOCALES[mark])])


def _own_format(column: Column) -> str:
    """How the column is written apart from the locale: percent, currency, unit."""
    return ", ".join(part for part in column.format.split(", ") if part not in LOCALES)


def _is_locale(table: Table, mark: str) -> bool:
    """Two columns and more have the mark, few that would show it lack it; or the only one, where no commas separate the cells."""
    numbers = [column for column in table if column.kind is Kind.NUMBER]
    written = [column for column in numbers if mark in column.format.split(", ")]
    others = [column for column in numbers if column not in written and not column.integer]
    if mark == "thousands":
        others = [column for column in numbers if column not in written and _largest(table, column) >= THOUSAND]
    if len(written) >= 2:
        return len(written) >= len(others)
    return not others and table.reading.delimiter not in ("", ",")


def _largest(table: Table, column: Column) -> float:
    with connect() as con:
        found = con.execute(f"SELECT max(abs({column.key})) FROM {relation(table)}").fetchall()[0][0]
    return float(found or 0)


BOOLEANS: Final = (("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"), ("on", "off"), ("1", "0"))
"""How programs spell what is so and what is not, in lower case; the first are booleans by themselves."""

SPELLABLE: Final = {Kind.CATEGORY, Kind.NUMBER}
LOOKED_AT: Final = 1_000
"""First rows in which a column shows whether it could hold booleans."""

SPELLED: Final = N_(
    "{words:list} in {column:name} are read as {like:list}, as the other table writes them: booleans are one value."
)


def _booleans(table: Table, like: Table) -> Table:
    """`table` with booleans written as in `like`, where one of both holds True and False and the other one another spelling."""
    shared = [column for column in table if column.name in like and {column.kind, like[column.name].kind} <= SPELLABLE]
    if not shared:
        return table
    mine = _spellings(table, shared)
    others = _spellings(like, [like[column.name] for column in shared])
    changes: dict[str, _Change] = {}
    notes = []
    for column in shared:
        twin = like[column.name]
        levels, wanted = mine[column.key], others[twin.key]
        pair, wanted_pair = _pair_of(levels), _pair_of(wanted)
        if pair is None or wanted_pair is None or pair == wanted_pair or BOOLEANS[0] not in (pair, wanted_pair):
            continue
        if not all(_only(t, c, p) for t, c, p in ((table, column, pair), (like, twin, wanted_pair))):
            continue
        written = tuple(next((w for w in wanted if w.lower() == form), form) for form in wanted_pair)
        if wanted_pair == BOOLEANS[0]:
            written = ("True", "False")
        number = twin.kind is Kind.NUMBER
        cell = f"lower(CAST({column.key} AS VARCHAR))"
        values = [form if number else quoted(form) for form in written]
        sql = f"CASE {cell} WHEN {quoted(pair[0])} THEN {values[0]} WHEN {quoted(pair[1])} THEN {values[1]} END"
        sql = f"CAST({sql} AS BIGINT)" if number else sql
        changes[column.key] = _Change(sql, replace(column, kind=twin.kind, integer=number, format=""))
        notes.append(note(SPELLED, words=sorted(levels), column=column.name, like=list(written)))
    changed = _rewritten(table, changes, like)
    return _noted(changed, notes) if notes else table


def _spellings(table: Table, columns: Sequence[Column]) -> dict[str, list[str]]:
    """Up to three different values of the first rows, as text, by key."""
    parts = ", ".join(f"list_distinct(list(CAST({column.key} AS VARCHAR)))[:3]" for column in columns)
    with connect() as con:
        row = con.execute(f"SELECT {parts} FROM (SELECT * FROM {relation(table)} LIMIT {LOOKED_AT})").fetchall()[0]
    return {column.key: [str(value) for value in found or ()] for column, found in zip(columns, row, strict=True)}


def _pair_of(levels: Sequence[str]) -> tuple[str, str] | None:
    """The spelling of booleans that the levels are of."""
    lowered = {level.lower() for level in levels}
    return next((pair for pair in BOOLEANS if lowered and lowered <= set(pair)), None)


def _only(table: Table, column: Column, pair: tuple[str, str]) -> bool:
    """No row holds anything else."""
    cell = f"lower(CAST({column.key} AS VARCHAR))"
    query = f"SELECT count(*) FROM {relation(table)} WHERE {column.key} IS NOT NULL AND {cell} NOT IN {pair!r}"
    with connect() as con:
        return not con.execute(query).fetchall()[0][0]


def _rewritten(table: Table, changes: Mapping[str, _Change], like: Table | None) -> Table:
    """`table` with some columns changed; its Parquet file and handle are written again."""
    if not changes:
        return table
    parts, columns = [], []
    for column in table:
        change = changes.get(column.key)
        parts.append(f"{change.sql} AS {column.key}" if change else column.key)
        columns.append(change.column if change else column)
        if columns[-1].words:
            parts.append(f"{change.words} AS {column.words_key}" if change and change.words else column.words_key)
    again = table.path.with_suffix(".again")
    with connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        copy(con, f"SELECT {', '.join(parts)} FROM {relation(table)}", again, width=len(parts))
    again.replace(table.path)
    other = like.fingerprint if like is not None else table.fingerprint
    changed = replace(table, columns=tuple(columns), fingerprint=table.fingerprint[:32] + other[:32])
    changed.save()
    return changed


def _noted(table: Table, notes: list[Any]) -> Table:
    told = replace(table, reading=replace(table.reading, notes=(*table.reading.notes, *notes)))
    told.save()
    return told


def adopt_kinds(table: Table, like: Table) -> Table:
    """`table` with its empty columns in the kinds that `like` gives them; its Parquet file and handle are written again.

    Without this a number column that arrives wholly empty would be text on one side, and not be compared at all.
    """
    changes: dict[str, _Change] = {}
    for column in table:
        if column.name in like and like[column.name].kind is not column.kind and is_empty(table, column):
            other = like[column.name]
            stored = STORED.get(other.kind, "BIGINT" if other.integer else "DOUBLE")
            adopted = replace(column, kind=other.kind, integer=other.integer, format="", words=False)
            changes[column.key] = _Change(f"CAST(NULL AS {stored})", adopted)
    return _rewritten(table, changes, like)


def is_empty(table: Table, column: Column) -> bool:
    """No row has a value in `column`."""
    if column.kind is not Kind.CATEGORY and column.tokens and sum(count for _, count in column.tokens) < table.rows:
        return False
    with connect() as con:
        return not con.execute(f"SELECT count({column.key}) FROM read_parquet({literal(str(table.path))})").fetchall()[0][0]
