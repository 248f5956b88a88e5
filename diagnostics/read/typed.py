"""Regular text as typed Parquet: in one pass where the first rows tell what the columns are, else after a look at every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from diagnostics.measure.engine import connect, literal
from diagnostics.nouns.table import Kind
from diagnostics.read.caps import Caps
from diagnostics.read.kinds import EXACT, GROUP, Choice, Convention, among, choose, trimmed
from diagnostics.read.numbers import quoted
from diagnostics.read.times import UNZONED

HEAD_CELLS: Final = 100_000
HEAD_ROWS: Final = 10_000
FEW: Final = 0.2
"""Distinct values for each of the first rows, below which a column is looked at value by value."""

FAULTS: Final = (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException)
"""What DuckDB raises for the content of a file; anything else is a defect here and may not look like one there."""

HOW: Final = "COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 5000"
"""Quickest to write and to read again; a third smaller than the text even so."""
SMALL: Final = 2**23
"""Bytes below which the text is held in memory and every row is looked at first: that is quick enough."""

GROUP_CELLS: Final = 4_000_000
"""Cells of one row group: the engine holds whole groups, so wide tables get short ones (DuckDB's own are 122,880 rows)."""

MANY: Final = 500
"""Columns above which a table is written thread by thread, and one pass through a stored copy is quicker to plan than one
expression for each column.
"""

BLOCKS_UP_TO: Final = 50_000
"""Rows of a wide table up to which blocks of its columns are held in memory and looked at value by value."""


@dataclass(frozen=True)
class Source:
    """A regular text file: UTF-8, one delimiter, doubled quotes, every record as wide as `names` (key → name).

    end: what ends a record, stated so that nothing inside quotes is taken for it.
    """

    path: Path
    delimiter: str
    skip: int
    names: Mapping[str, str]
    end: str = "\\n"

    def sql(self, caps: Caps, numbers: frozenset[str] = frozenset()) -> str:
        """A relation of VARCHAR columns named by key; those in `numbers` are read as DOUBLE at once."""
        schema = ", ".join(f"'{key}': '{'DOUBLE' if key in numbers else 'VARCHAR'}'" for key in self.names)
        return (
            f"read_csv({literal(str(self.path))}, auto_detect=false, header=false, skip={self.skip}, new_line='{self.end}', "
            f"delim={quoted(self.delimiter)}, quote='\"', escape='\"', max_line_size={2 * caps.line}, columns={{{schema}}})"
        )


@dataclass(frozen=True)
class Typed:
    """direct: some column was read as numbers by the engine at once, which takes 1_000 for one."""

    rows: int
    choices: Mapping[str, Choice]
    direct: bool = False


UNKNOWN: Final = Convention()


class Irregular(Exception):
    """The records are not as regular as their first ones: they must be read one by one."""


def write(
    source: Source,
    target: Path,
    caps: Caps,
    convention: Convention = UNKNOWN,
    *,
    eager: bool = True,
    irregular: Callable[[], bool] = lambda: False,
) -> Typed:
    """Write `target`. Raises Irregular when the file is not what `Source` promises; decides the same with or without `eager`.

    `irregular` is asked only when some column is not plain: whether the file must be read one record at a time after all.
    """
    with connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        small = source.path.stat().st_size < SMALL
        if eager and not small and len(source.names) <= MANY:
            try:
                written = _at_once(con, source, target, caps, convention)
            except FAULTS as odd:
                if "CSV Error" in str(odd) and "converting" not in str(odd):
                    raise Irregular(str(odd)) from odd
            else:
                if written is not None:
                    return written
        if irregular():
            raise Irregular("asked for")
        try:
            return _after_a_look(con, source, target, caps, convention, small=small)
        except FAULTS as odd:
            raise Irregular(str(odd)) from odd


def _after_a_look(
    con: duckdb.DuckDBPyConnection, source: Source, target: Path, caps: Caps, convention: Convention, *, small: bool
) -> Typed:
    relation, width = source.sql(caps), len(source.names)
    stored = target.with_suffix(".text")
    if small and width <= GROUP:
        con.execute(f"CREATE TEMP TABLE given AS SELECT * FROM {relation}")
        relation = "given"
        decided = choose(con, relation, source.names, convention, few=None)
    else:
        # Every query of the text reads all of it, whichever column it asks for: it is stored by column once.
        count = copy(con, f"SELECT * FROM {relation}", stored, width=width)
        relation, rows = f"read_parquet({literal(str(stored))})", count if width > GROUP and count <= BLOCKS_UP_TO else None
        decided = choose(con, relation, source.names, convention, rows=rows, few=None if rows is not None else ())
    choices = decided.of
    if stored.is_file() and not any(_changes(choice) for choice in choices.values()):
        # Texts that stay as they are have been written already.
        stored.replace(target)
        return Typed(count, choices)
    count = copy(con, f"SELECT {_selected(source, choices)} FROM {relation}", target, width=len(source.names))
    stored.unlink(missing_ok=True)
    return Typed(count, choices)


def _selected(source: Source, choices: Mapping[str, Choice], stored: Mapping[str, str] | None = None) -> str:
    """Columns of the table, and the words taken for missing beside texts that hold some; `stored`: keys that stay as they are."""
    parts = []
    for key in source.names:
        choice = choices[key]
        parts.append(f"{choice.sql} AS {key}" if stored is None or key not in stored else key)
        if choice.words:
            parts.append(f"CASE WHEN {among(trimmed(key), choice.words)} THEN {trimmed(key)} END AS {key}_words")
    return ", ".join(parts)


def copy(con: duckdb.DuckDBPyConnection, query: str, target: Path, *, width: int = 1) -> int:
    """Write the rows of `query` as Parquet and return their number; `width`: columns, where they may be many."""
    how = HOW
    if width > MANY:
        # Every thread holds a row group, and every column of it a dictionary as large as is allowed.
        con.execute("SET threads = 1")
        how = "COMPRESSION uncompressed, ROW_GROUP_SIZE 2048"
    elif width > GROUP:
        how = f"{HOW}, ROW_GROUP_SIZE {max(2048, GROUP_CELLS // width)}"
    written = con.execute(f"COPY ({query}) TO {literal(str(target))} (FORMAT parquet, {how})").fetchall()
    return int(written[0][0])


def _at_once(con: duckdb.DuckDBPyConnection, source: Source, target: Path, caps: Caps, convention: Convention) -> Typed | None:
    """One pass: columns that the first rows make sure of are read as such, guarded; the others are looked at afterwards.

    Returns None when too few columns are sure. Raises what DuckDB raises when a later row breaks the promise.
    """
    rows = max(100, min(HEAD_ROWS, HEAD_CELLS // max(1, len(source.names))))
    con.execute(f"CREATE OR REPLACE TEMP TABLE head AS SELECT * FROM {source.sql(caps)} LIMIT {rows}")
    guess = choose(con, "head", source.names, convention, few=None)
    guessed = guess.of
    sure = {key: expression for key, choice in guessed.items() if (expression := _guarded(con, key, choice)) is not None}
    levels = ", ".join(f"approx_count_distinct({key})" for key in source.names)
    distinct = con.execute(f"SELECT {levels} FROM head").fetchall()[0]
    few = {key for key, count in zip(source.names, distinct, strict=True) if count < FEW * rows}
    con.execute("DROP TABLE head")
    plain = [key for key, choice in guessed.items() if choice.kind is Kind.CATEGORY and not choice.format]
    if not sure or len(sure) + len(plain) < 0.7 * len(source.names):
        return None
    numbers = frozenset(key for key, expression in sure.items() if expression == key)
    columns = ", ".join(f"{sure.get(key, key)} AS {key}" for key in source.names)
    count = copy(con, f"SELECT {columns} FROM {source.sql(caps, numbers)}", target, width=len(source.names))
    staged = f"read_parquet({literal(str(target))})"
    others = {key: name for key, name in source.names.items() if key not in sure}
    choices = dict(choose(con, staged, others, guess.convention, few=few).of) if others else {}
    nulls = con.execute(f"SELECT {', '.join(f'count({key})' for key in sure)} FROM {staged}").fetchall()[0] if sure else ()
    for key, present in zip(sure, nulls, strict=True):
        if not present:
            # Nothing but empty cells: what the first rows said cannot be.
            return None
        tokens = (("", count - present),) if count > present else ()
        guess_of = guessed[key]
        choices[key] = Choice(guess_of.kind, key, guess_of.integer, guess_of.format, tokens)
    whole = [key for key in sure if choices[key].integer]
    if whole and _past_exact(con, staged, whole):
        # Ids so long are no numbers, and epochs are told by their size: both are decided on the text.
        return None
    if any(_changes(choices[key]) for key in others):
        again = target.with_suffix(".settled")
        copy(con, f"SELECT {_selected(source, choices, sure)} FROM {staged}", again, width=len(source.names))
        again.replace(target)
    return Typed(count, choices, direct=bool(numbers))


def _past_exact(con: duckdb.DuckDBPyConnection, staged: str, keys: list[str]) -> bool:
    parts = ", ".join(f"max({key})" for key in keys)
    return any(value is not None and abs(value) > EXACT for value in con.execute(f"SELECT {parts} FROM {staged}").fetchall()[0])


def _changes(choice: Choice) -> bool:
    """A text column stays as it was staged unless it holds another type, or words or blanks for "missing"."""
    return choice.kind not in (Kind.CATEGORY, Kind.NESTED) or choice.changed


def _guarded(con: duckdb.DuckDBPyConnection, key: str, choice: Choice) -> str | None:
    """How to read a column whose first rows are plain, so that a row that would change the decision raises an error.

    DOUBLE: a fraction has been seen, so the column is a number if all else parses. BIGINT: each text is the number's own
    shortest form, which rules out fractions and leading zeros. TIMESTAMP: ISO without a zone.
    """
    if choice.format or choice.ambiguous or any(word for word, _ in choice.tokens):
        return None
    failed = quoted(f"{key} is not what the first rows say")
    if choice.kind is Kind.NUMBER and choice.fractions:
        return key
    if choice.kind is Kind.NUMBER and choice.integer:
        return f"CASE WHEN CAST({key} AS BIGINT)::VARCHAR <> {key} THEN error({failed}) ELSE CAST({key} AS BIGINT) END"
    if choice.kind is Kind.TIME:
        shortest, longest = con.execute(f"SELECT min(length({key})), max(length({key})) FROM head").fetchall()[0]
        # Where all are as long as the first rows, a colon in its place leaves no room for a zone.
        colon = {10: "", 16: f" OR substr({key}, 14, 1) <> ':'", 19: f" OR substr({key}, 17, 1) <> ':'"}.get(longest)
        if shortest == longest and colon is not None:
            odd = f"length({key}) <> {longest}{colon}"
        else:
            odd = f"{key} IS NOT NULL AND NOT regexp_full_match({key}, {quoted(UNZONED)})"
        return f"CASE WHEN {odd} THEN error({failed}) ELSE CAST({key} AS TIMESTAMP) END"
    return None
