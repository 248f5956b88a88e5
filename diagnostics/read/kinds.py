"""What the values of each text column are, decided over every row, and the SQL that reads them so."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import duckdb

from diagnostics.nouns.table import Column, Kind
from diagnostics.read.formats import (
    DAY_FIRST,
    MONTH_FIRST,
    NumberFormat,
    epoch_format,
    number_formats,
    quoted,
    time_formats,
    time_sql,
)
from diagnostics.read.shapes import TOKENS

MIXED_FROM: Final = 0.5
"""Share of values that parse, from which a text column is called mixed rather than a category."""

GROUP: Final = 60
"""Columns looked at in one query; more make the query slower to plan than to run."""

LOOKED_AT: Final = 1_000
BIGGEST: Final = 9.2e18

NAN_WORDS: Final = ("NaN", "nan", "NAN", "-nan")
NULL_WORDS: Final = tuple(token for token in TOKENS if token not in NAN_WORDS)
_TOKENS: Final = "(" + ", ".join(quoted(token) for token in TOKENS) + ")"
_NANS: Final = "(" + ", ".join(quoted(token) for token in NAN_WORDS) + ")"
_BLANKS: Final = quoted(" \t\r\n\u00a0")


@dataclass(frozen=True)
class Choice:
    """What a column is and how it is read. sql: an expression over its text.

    fractions: some value is not whole. ambiguous: day and month could be told apart by no value. blank: a cell holds only blanks.
    """

    kind: Kind
    sql: str
    integer: bool = False
    format: str = ""
    tokens: tuple[tuple[str, int], ...] = ()
    fractions: bool = False
    ambiguous: bool = False
    blank: bool = False


@dataclass(frozen=True)
class _Counts:
    """Rows of a column by what they look like. tokens: by word."""

    rows: int
    tokens: Mapping[str, int]
    numbers: int
    fractions: int
    infinite: int
    zero_led: int
    low: float | None
    high: float | None
    braces: int
    blank: int

    @property
    def present(self) -> int:
        return self.rows - sum(self.tokens.values())

    @property
    def nans(self) -> int:
        return sum(self.tokens.get(word, 0) for word in NAN_WORDS)


def trimmed(key: str) -> str:
    return f"trim({key}, {_BLANKS})"


def choose(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    names: Mapping[str, str],
    *,
    comma_is_decimal: bool = False,
    keep_text: bool = False,
    stage: Path | None = None,
    few: Collection[str] | None = (),
) -> dict[str, Choice]:
    """Decide each column of `names` (key → name) of `relation`, all of them VARCHAR.

    keep_text: the file itself says that these are texts (Parquet), so numbers in them stay as they are.
    stage: a file that may be written in between, for a relation that is slow to read. few: columns with few different
    values, which are looked at value by value; None for all.
    """
    counts: dict[str, _Counts] = {}
    keys = list(names)
    levelled = [key for key in keys if few is None or key in few]
    others = [key for key in keys if key not in set(levelled)]
    for begin in range(0, len(levelled), GROUP):
        counts.update(_by_level(con, relation, levelled[begin : begin + GROUP]))
    for begin in range(0, len(others), GROUP):
        counts.update(_wide(con, relation, others[begin : begin + GROUP]))
    unsure = [key for key, c in counts.items() if c.numbers < c.present]
    if stage is not None and unsure:
        # These are looked at more than once, column by column: not through the whole text each time.
        con.execute(f"COPY (SELECT {', '.join(unsure)} FROM {relation}) TO {quoted(str(stage))} (FORMAT parquet)")
        relation = f"read_parquet({quoted(str(stage))})"
    choices = {}
    for key in keys:
        choice = _decide(con, relation, key, names[key], counts[key], comma_is_decimal, keep_text)
        choices[key] = replace(choice, blank=counts[key].blank > 0)
    if stage is not None:
        stage.unlink(missing_ok=True)
    return choices


def _measures(cell: str, t: str, m: str, d: str, total: str = "count(*)") -> tuple[str, ...]:
    """What is counted of each column: `t` is the trimmed cell, `m` whether it is a token, `d` its number."""
    conditions = (
        m,
        f"{t} = ''",
        f"{d} IS NOT NULL",
        f"isfinite({d}) AND {d} <> trunc({d})",
        f"isinf({d})",
        f"{t} >= '00' AND {t} < '0:' AND NOT {m}",
        f"{t} >= '[' AND {t} < '\\' OR {t} >= '{{' AND {t} < '|'",
        f"{cell} IS NOT NULL AND {t} = ''",
    )
    return (*(f"coalesce({total} FILTER ({condition}), 0)" for condition in conditions), f"min({d})", f"max({d})")


def _looked(cell: str, mark: str) -> tuple[str, str]:
    """Two projections that give `_measures` its names for one cell, one above the other."""
    text, number = f"t{mark}", f"CASE WHEN t{mark} NOT IN {_NANS} THEN TRY_CAST(t{mark} AS DOUBLE) END AS d{mark}"
    return f"{cell}, coalesce({trimmed(cell)}, '') AS {text}", f"{cell}, {text}, {text} IN {_TOKENS} AS m{mark}, {number}"


def _wide(con: duckdb.DuckDBPyConnection, relation: str, keys: Sequence[str]) -> dict[str, _Counts]:
    """One query that looks at every cell: for many columns with many different values."""
    looked = [_looked(key, key) for key in keys]
    inner = f"SELECT {', '.join(low for low, _ in looked)} FROM {relation}"
    middle = f"SELECT {', '.join(high for _, high in looked)} FROM ({inner})"
    parts = [part for key in keys for part in _measures(key, f"t{key}", f"m{key}", f"d{key}")]
    row: tuple[Any, ...] = con.execute(f"SELECT count(*), {', '.join(parts)} FROM ({middle})").fetchall()[0]
    result = {}
    for number, key in enumerate(keys):
        marked, empty = row[1 + 10 * number : 3 + 10 * number]
        words: dict[str, int] = {}
        if marked > empty:
            query = (
                f"SELECT {trimmed(key)} AS word, count(*) FROM {relation} WHERE word IN {_TOKENS} AND word <> '' GROUP BY word"
            )
            words = dict(con.execute(query).fetchall())
        result[key] = _counted(row[0], words, row[1 + 10 * number : 11 + 10 * number])
    return result


def _by_level(con: duckdb.DuckDBPyConnection, relation: str, keys: Sequence[str]) -> dict[str, _Counts]:
    """Equal cells are looked at once: for small tables and for columns with few different values."""
    levels = " UNION ALL ".join(
        f"SELECT '{key}' AS key, {key} AS cell, count(*) AS n FROM {relation} GROUP BY cell" for key in keys
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE levels AS {levels}")
    low, high = _looked("cell", "")
    looked = f"SELECT key, n, {high} FROM (SELECT key, n, {low} FROM levels)"
    found = con.execute(
        f"SELECT key, sum(n), {', '.join(_measures('cell', 't', 'm', 'd', 'sum(n)'))} FROM ({looked}) GROUP BY key"
    )
    rows = {row[0]: row[1:] for row in found.fetchall()}
    words: dict[str, dict[str, int]] = {}
    query = f"SELECT key, {trimmed('cell')} AS word, sum(n) FROM levels WHERE word IN {_TOKENS} AND word <> '' GROUP BY key, word"
    for key, word, count in con.execute(query).fetchall():
        words.setdefault(key, {})[word] = int(count)
    nothing = (0, *[0] * 8, None, None)
    return {key: _counted(rows.get(key, nothing)[0], words.get(key, {}), rows.get(key, nothing)[1:]) for key in keys}


def _counted(rows: int, words: dict[str, int], measured: Sequence[Any]) -> _Counts:
    empty = int(measured[1])
    tokens = {"": empty, **words} if empty else words
    numbers, fractions, infinite, zero_led, braces, blank = (int(value) for value in measured[2:8])
    return _Counts(int(rows), tokens, numbers, fractions, infinite, zero_led, measured[8], measured[9], braces, blank)


def _decide(
    con: duckdb.DuckDBPyConnection, relation: str, key: str, name: str, c: _Counts, comma_is_decimal: bool, keep_text: bool
) -> Choice:
    tokens = tuple(sorted(c.tokens.items(), key=lambda item: (-item[1], item[0])))
    text = f"CASE WHEN {trimmed(key)} IN {_TOKENS} THEN NULL ELSE {key} END"
    if c.present == 0:
        return Choice(Kind.CATEGORY, text, tokens=tokens)
    if c.braces == c.present and _all(con, relation, key, f"json_valid({trimmed(key)})", c.present):
        return Choice(Kind.NESTED, text, tokens=tokens)
    if c.numbers == c.present:
        if keep_text:
            return Choice(Kind.CATEGORY, text, format="mixed", tokens=tokens)
        return _number(key, name, c, f"TRY_CAST({trimmed(key)} AS DOUBLE)", "", text)
    cells = _cells(con, relation, key)
    partly = c.numbers / c.present
    if not keep_text:
        for written in number_formats(cells, comma_is_decimal=comma_is_decimal):
            fits = _count(con, relation, key, f"{written.matches(trimmed(key))} AND {written.sql(trimmed(key))} IS NOT NULL")
            if fits == c.present:
                return _formatted(con, relation, key, c, written)
            partly = max(partly, fits / c.present)
    time = _time(con, relation, key, c, cells, tokens, text)
    if isinstance(time, Choice):
        return time
    mixed = max(partly, time) >= MIXED_FROM
    return Choice(Kind.CATEGORY, text, format="mixed" if mixed else "", tokens=tokens)


def _number(key: str, name: str, c: _Counts, value: str, written: str, text: str) -> Choice:
    """A column whose present values are all numbers."""
    null_tokens = {word: count for word, count in c.tokens.items() if word not in NAN_WORDS}
    tokens = tuple(sorted(null_tokens.items(), key=lambda item: (-item[1], item[0])))
    if c.zero_led and not c.fractions and not written:
        every = tuple(sorted(c.tokens.items(), key=lambda item: (-item[1], item[0])))
        return Choice(Kind.CATEGORY, text, tokens=every)
    low, high = c.low or 0.0, c.high or 0.0
    if (epoch := epoch_format(name, low, high)) and not c.infinite and not c.nans:
        every = tuple(sorted(c.tokens.items(), key=lambda item: (-item[1], item[0])))
        stamp = f"make_timestamp(CAST(TRY_CAST({trimmed(key)} AS DECIMAL(38, 6)) * 1000000 / {epoch[1]} AS BIGINT))"
        return Choice(
            Kind.TIME, f"CASE WHEN {trimmed(key)} IN {_TOKENS} THEN NULL ELSE {stamp} END", format=epoch[0], tokens=every
        )
    whole = not (c.fractions or c.infinite or c.nans)
    if whole and max(abs(low), abs(high)) < BIGGEST:
        return Choice(Kind.NUMBER, f"TRY_CAST({trimmed(key)} AS BIGINT)", True, written, tokens)
    return Choice(Kind.NUMBER, value, whole, written, tokens, fractions=bool(c.fractions))


def _formatted(con: duckdb.DuckDBPyConnection, relation: str, key: str, c: _Counts, written: NumberFormat) -> Choice:
    tokens = tuple(sorted(((w, n) for w, n in c.tokens.items() if w not in NAN_WORDS), key=lambda item: (-item[1], item[0])))
    value = written.sql(trimmed(key))
    nulls = "(" + ", ".join(quoted(word) for word in NULL_WORDS) + ")"
    guarded = f"CASE WHEN {trimmed(key)} IN {nulls} THEN NULL WHEN {trimmed(key)} IN {_NANS} THEN 'nan'::DOUBLE ELSE {value} END"
    odd = _count(con, relation, key, f"NOT (isfinite({value}) AND {value} = trunc({value}) AND abs({value}) < {BIGGEST})")
    if not odd and not c.nans:
        return Choice(Kind.NUMBER, f"CAST({guarded} AS BIGINT)", True, written.name, tokens)
    return Choice(Kind.NUMBER, guarded, False, written.name, tokens)


def _time(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    key: str,
    c: _Counts,
    cells: Sequence[str],
    tokens: tuple[tuple[str, int], ...],
    text: str,
) -> Choice | float:
    """The column as times, or else the largest share of its values that one format reads."""
    fits = {}
    for written in time_formats(cells):
        fits[written] = _count(con, relation, key, f"{time_sql(written, trimmed(key))} IS NOT NULL")
    whole = [written for written, count in fits.items() if count == c.present]
    if not whole:
        return max(fits.values(), default=0) / c.present
    chosen, ambiguous = whole[0], False
    rivals = {written.split(" ")[0] for written in whole}
    if rivals & set(DAY_FIRST) and rivals & set(MONTH_FIRST):
        # Every day is below 13: the reading in which the days lie closer together is the likelier one.
        chosen, ambiguous = min(whole, key=lambda written: _jumps(con, relation, key, written)), True
    value = time_sql(chosen, trimmed(key))
    return Choice(
        Kind.TIME,
        f"CASE WHEN {trimmed(key)} IN {_TOKENS} THEN NULL ELSE {value} END",
        format="" if chosen == "ISO" else chosen,
        tokens=tokens,
        ambiguous=ambiguous,
    )


def _jumps(con: duckdb.DuckDBPyConnection, relation: str, key: str, written: str) -> float:
    """Mean distance in days between neighbouring rows, over the first rows."""
    stamps = con.execute(
        f"SELECT epoch({time_sql(written, trimmed(key))}) AS s FROM {relation} WHERE s IS NOT NULL LIMIT {LOOKED_AT}"
    ).fetchall()
    gaps = [abs(float(after[0]) - float(before[0])) for before, after in pairwise(stamps)]
    return sum(gaps) / max(1, len(gaps))


def _count(con: duckdb.DuckDBPyConnection, relation: str, key: str, condition: str) -> int:
    query = f"SELECT count(*) FROM {relation} WHERE {trimmed(key)} NOT IN {_TOKENS} AND ({condition})"
    return int(con.execute(query).fetchall()[0][0])


def _all(con: duckdb.DuckDBPyConnection, relation: str, key: str, condition: str, present: int) -> bool:
    return _count(con, relation, key, condition) == present


def _cells(con: duckdb.DuckDBPyConnection, relation: str, key: str) -> list[str]:
    """Up to 2,000 present values, trimmed: the first ones, and the first that are no plain numbers."""
    base = f"SELECT {trimmed(key)} FROM {relation} WHERE {trimmed(key)} NOT IN {_TOKENS}"
    first = con.execute(f"{base} LIMIT {LOOKED_AT}").fetchall()
    odd = con.execute(f"{base} AND TRY_CAST({trimmed(key)} AS DOUBLE) IS NULL LIMIT {LOOKED_AT}").fetchall()
    return [row[0] for row in (*first, *odd)]


def column(name: str, key: str, choice: Choice) -> Column:
    return Column(name, key, choice.kind, choice.integer, choice.format, choice.tokens)
