"""What the values of each text column are, decided over every row and for the whole file, and the SQL that reads them so."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final

import duckdb

from diagnostics.nouns.table import CUT_SHORT, Column, Kind, Note, note
from diagnostics.nouns.words import N_
from diagnostics.read.missing import NAN_WORDS, TOKENS, values_among
from diagnostics.read.numbers import GROUPED_BY_POINT, Decimal, Marks, NumberFormat, latin, marks, number_formats, quoted
from diagnostics.read.times import COMPACT, counted_sql, named_time, order_of, time_formats, time_sql
from diagnostics.read.worded import is_worded, worded_formats

MIXED_FROM: Final = 0.5
"""Share of values that parse, from which a text column is called mixed rather than a category."""

GROUP: Final = 60
"""Columns looked at in one query, where little is asked of each."""

AT_ONCE: Final = 8
"""Columns of which every cell is measured in one query: planning it takes 0.1 s for 10 of them, 0.6 s for 20 and 11 s for 60."""

BLOCK_CELLS: Final = 400_000
"""Cells of the columns that are held in memory at once."""

LOOKED_AT: Final = 1_000
LOOKED_AT_WIDE: Final = 300
LOOKED_AT_PLAIN: Final = 100
"""First rows of which every cell is looked at one by one: fewer where there are many columns, or where all are plain numbers."""

BIGGEST: Final = 9.2e18
EXACT: Final = 2.0**53
"""Beyond it not every whole number is a double (IEEE 754), so that two ids would become one."""

ALIKE: Final = 3
"""Different eight-digit numbers that must all be days of the calendar, 1990 to 2100; 1 in 27 would be by chance."""

ODD_WORDS: Final = 2
"""Different words in a column of numbers or times that are read as missing, at most."""

MEASURED: Final = 100.0
"""Between the lowest and the highest of whole numbers that are measured or counted rather than chosen from a list."""

_ODD_WORD: Final = re.compile(r"[^\d]{2,20}\Z|[^\w\s]\Z|0000-00-00(?:[ T]00:00:00)?\Z|00[./]00[./]0000\Z")
"""What is no number and no time, and no value with a unit either: two characters and more without a digit, or one sign."""


def is_odd_word(cell: str) -> bool:
    return _ODD_WORD.match(cell) is not None


_NANS: Final = "(" + ", ".join(quoted(word) for word in NAN_WORDS) + ")"
_BLANKS: Final = quoted(" \t\r\n\u00a0")
_CODE: Final = re.compile(r"\d+[eE]\d+\Z")


_CUT: Final = re.compile(r"\d(?:[.,]\d{1,5})?E\+1[1-8]\Z")


def _cut_short(cell: str) -> bool:
    """A number of twelve digits and more as Excel shows it in a narrow cell, or exports it: six digits and a power of ten."""
    return _CUT.match(cell) is not None


@dataclass(frozen=True)
class Convention:
    """What is known of a file before its columns are judged.

    decimal: the mark that a person stated, or that other columns settle; likely: what the delimiter suggests.
    order: "day" or "month" when stated or settled elsewhere, or the strptime format of the times. missing: words for "no value".
    typed: the container says which values are texts and which are missing. workbook: numbers may count days.
    because: a cell that settles the decimal mark. stated: a person said it. words_stated: a person said which words are missing.
    """

    decimal: Decimal | None = None
    likely: Decimal | None = None
    order: str = ""
    missing: tuple[str, ...] = TOKENS
    typed: bool = False
    workbook: bool = False
    because: str = ""
    stated: bool = False
    words_stated: bool = False


@dataclass(frozen=True)
class Choice:
    """What a column is and how it is read. sql: an expression over its text.

    fractions: some value is not whole. ambiguous: it could be read in two ways and nothing in it decides.
    changed: the text is not stored as it stands. notes: what a person should know of it. words: taken for missing in a text.
    """

    kind: Kind
    sql: str
    integer: bool = False
    format: str = ""
    tokens: tuple[tuple[str, int], ...] = ()
    fractions: bool = False
    ambiguous: bool = False
    changed: bool = False
    notes: tuple[Note, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Counts:
    """Rows of a column by what they look like. tokens: by word. exponents: numbers with an e. long: of 16 digits and more."""

    rows: int
    tokens: Mapping[str, int]
    numbers: int
    fractions: int
    infinite: int
    zero_led: int
    braces: int
    blank: int
    exponents: int
    long: int
    low: float | None
    high: float | None

    @property
    def present(self) -> int:
        return self.rows - sum(self.tokens.values())

    @property
    def nans(self) -> int:
        return sum(self.tokens.get(word, 0) for word in NAN_WORDS)

    @property
    def whole(self) -> bool:
        return not (self.fractions or self.infinite or self.nans)


MEASURES: Final = 11


def trimmed(key: str) -> str:
    return f"trim({key}, {_BLANKS})"


def among(cell: str, words: Collection[str]) -> str:
    """A condition: `cell` is one of `words`."""
    return f"{cell} IN ({', '.join(quoted(word) for word in words)})" if words else "false"


@dataclass(frozen=True)
class Choices:
    """of: by key. convention: with what the columns settled, for others of the same file."""

    of: dict[str, Choice]
    convention: Convention


def choose(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    names: Mapping[str, str],
    convention: Convention,
    *,
    rows: int | None = None,
    few: Collection[str] | None = (),
) -> Choices:
    """Decide each column of `names` (key → name) of `relation`, all of them VARCHAR.

    rows: of a table so small that blocks of its columns may be held in memory, and looked at value by value. few: columns with
    few different values; None for all.
    """
    keys = list(names)
    if rows is not None and len(keys) > GROUP:
        size = max(1, BLOCK_CELLS // max(1, rows))
        looked: dict[str, _Look] = {}
        for begin in range(0, len(keys), size):
            block = keys[begin : begin + size]
            con.execute("DROP TABLE IF EXISTS block")
            con.execute(f"CREATE TEMP TABLE block AS SELECT {', '.join(block)} FROM {relation}")
            looked.update(_look(con, "block", block, convention, few=None))
        con.execute("DROP TABLE block")
    else:
        looked = _look(con, relation, keys, convention, few=few)
    convention = _settled(convention, looked)
    found = {key: _Decision(con, relation, key, names[key], looked[key], convention).choice() for key in keys}
    ordered = {order for choice in found.values() if not choice.ambiguous and (order := order_of(choice.format))}
    if not convention.order and len(ordered) == 1:
        # One column that settles day or month settles it for the file.
        convention = replace(convention, order=ordered.pop())
        for key, choice in found.items():
            if choice.ambiguous and choice.kind is Kind.TIME:
                found[key] = _Decision(con, relation, key, names[key], looked[key], convention).choice()
    return Choices(found, convention)


@dataclass(frozen=True)
class _Look:
    """What is seen of one column before anything is decided. cells: up to some thousand present ones, trimmed."""

    counts: _Counts
    cells: list[str]
    marks: Marks


def _look(
    con: duckdb.DuckDBPyConnection, relation: str, keys: Sequence[str], convention: Convention, *, few: Collection[str] | None
) -> dict[str, _Look]:
    levelled = set(keys) if few is None else set(few) & set(keys)
    counts: dict[str, _Counts] = {}
    for wanted, count, size in ((levelled, _by_level, GROUP), (set(keys) - levelled, _wide, AT_ONCE)):
        group = [key for key in keys if key in wanted]
        for begin in range(0, len(group), size):
            counts.update(count(con, relation, group[begin : begin + size], convention.missing))
    cells: dict[str, list[str]] = {}
    missing = frozenset(("", *convention.missing, *NAN_WORDS)) if not convention.typed else frozenset(NAN_WORDS)
    plain = {key for key in keys if counts[key].numbers == counts[key].present}
    most = LOOKED_AT if len(keys) <= GROUP else LOOKED_AT_WIDE
    for wanted, rows in ((plain, LOOKED_AT_PLAIN), (set(keys) - plain, most)):
        chosen = [key for key in keys if key in wanted]
        for begin in range(0, len(chosen), GROUP):
            group = chosen[begin : begin + GROUP]
            first = con.execute(f"SELECT {', '.join(group)} FROM {relation} LIMIT {rows}").fetchall()
            for position, key in enumerate(group):
                filled = (cell.strip(" \t\r\n\u00a0") for row in first if (cell := row[position]) is not None)
                cells[key] = [cell for cell in filled if cell not in missing]
    for key in keys:
        c = counts[key]
        if (0 < c.numbers < c.present) or (c.present > len(cells[key]) and len(cells[key]) < 20):
            # The first rows may not show what is odd; the first cells that are no plain numbers do.
            t = trimmed(key)
            odd = "true" if key in plain else f"(contains({t}, '_') OR TRY_CAST({t} AS DOUBLE) IS NULL)"
            present = f"{key} IS NOT NULL AND NOT {among(t, missing)}"
            query = f"SELECT {t} FROM {relation} WHERE {present} AND {odd} LIMIT {LOOKED_AT}"
            cells[key] += [row[0] for row in con.execute(query).fetchall()]
    return {key: _Look(counts[key], cells[key], marks(cells[key])) for key in keys}


def _settled(convention: Convention, looked: Mapping[str, _Look]) -> Convention:
    """With the decimal mark that the columns of numbers settle, when they agree."""
    if convention.decimal is not None:
        return convention
    votes = Counter(look.marks.decimal for look in looked.values() if look.marks.numeric >= 0.9 and look.marks.decimal)
    if len(votes) != 1:
        # Columns that disagree settle nothing for those that are silent.
        return replace(convention, likely=None) if votes else convention
    decimal = next(iter(votes))
    example = next(look.marks.example for look in looked.values() if look.marks.numeric >= 0.9 and look.marks.decimal is decimal)
    return replace(convention, decimal=decimal, because=example)


def _measures(cell: str, t: str, m: str, d: str, total: str = "count(*)") -> tuple[str, ...]:
    """What is counted of each column: `t` is the trimmed cell, `m` whether it is a token, `d` its number."""
    conditions = (
        m,
        f"{cell} IS NULL OR ({t} = '' AND {m})",
        f"{d} IS NOT NULL",
        f"isfinite({d}) AND {d} <> trunc({d})",
        f"isinf({d})",
        f"{t} >= '00' AND {t} < '0:' AND NOT {m}",
        f"{t} >= '[' AND {t} < '\\' OR {t} >= '{{' AND {t} < '|'",
        f"{cell} IS NOT NULL AND {t} = ''",
        f"{d} IS NOT NULL AND (contains({t}, 'e') OR contains({t}, 'E'))",
        f"{d} IS NOT NULL AND length({t}) > 15 AND abs({d}) > {EXACT!r}",
    )
    return (*(f"coalesce({total} FILTER ({condition}), 0)" for condition in conditions), f"min({d})", f"max({d})")


def _looked(cell: str, mark: str, missing: Collection[str]) -> tuple[str, str]:
    """Two projections that give `_measures` its names for one cell, one above the other."""
    text = f"t{mark}"
    # DuckDB takes 2026_0001 for a number, as Python does in source text; in a table it is a code.
    # Digits, signs and points all stand before the colon in ASCII, so that most words need no try.
    likely = f"({text} < ':' OR lower({text}[:3]) = 'inf')"
    guarded = f"{likely} AND {text} NOT IN {_NANS} AND NOT contains({text}, '_')"
    number = f"CASE WHEN {guarded} THEN TRY_CAST({text} AS DOUBLE) END AS d{mark}"
    absent = f"({cell} IS NULL OR {among(text, missing)})"
    return f"{cell}, coalesce({trimmed(cell)}, '') AS {text}", f"{cell}, {text}, {absent} AS m{mark}, {number}"


def _wide(con: duckdb.DuckDBPyConnection, relation: str, keys: Sequence[str], missing: Collection[str]) -> dict[str, _Counts]:
    """One query that looks at every cell: for many columns with many different values."""
    looked = [_looked(key, key, missing) for key in keys]
    inner = f"SELECT {', '.join(low for low, _ in looked)} FROM {relation}"
    middle = f"SELECT {', '.join(high for _, high in looked)} FROM ({inner})"
    parts = [part for key in keys for part in _measures(key, f"t{key}", f"m{key}", f"d{key}")]
    row: tuple[Any, ...] = con.execute(f"SELECT count(*), {', '.join(parts)} FROM ({middle})").fetchall()[0]
    step = MEASURES + 1
    result = {}
    for number, key in enumerate(keys):
        marked, empty = row[1 + step * number : 3 + step * number]
        words: dict[str, int] = {}
        if marked > empty:
            t = trimmed(key)
            query = f"SELECT {t} AS word, count(*) FROM {relation} WHERE {among(t, missing)} AND {t} <> '' GROUP BY word"
            words = dict(con.execute(query).fetchall())
        result[key] = _counted(row[0], words, row[1 + step * number : 1 + step * (number + 1)])
    return result


def _by_level(con: duckdb.DuckDBPyConnection, relation: str, keys: Sequence[str], missing: Collection[str]) -> dict[str, _Counts]:
    """Equal cells are looked at once: for small tables and for columns with few different values."""
    # One hash table for all columns: one for each is what takes a gigabyte for a hundred columns.
    cells = f"SELECT {', '.join(keys)} FROM {relation}"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE levels AS SELECT key, cell, count(*) AS n "
        f"FROM ({cells}) UNPIVOT INCLUDE NULLS (cell FOR key IN ({', '.join(keys)})) GROUP BY key, cell"
    )
    low, high = _looked("cell", "", missing)
    looked = f"SELECT key, n, {high} FROM (SELECT key, n, {low} FROM levels)"
    found = con.execute(
        f"SELECT key, sum(n), {', '.join(_measures('cell', 't', 'm', 'd', 'sum(n)'))} FROM ({looked}) GROUP BY key"
    )
    rows = {row[0]: row[1:] for row in found.fetchall()}
    words: dict[str, dict[str, int]] = {}
    t = trimmed("cell")
    query = f"SELECT key, {t} AS word, sum(n) FROM levels WHERE {among(t, missing)} AND {t} <> '' GROUP BY key, word"
    for key, word, count in con.execute(query).fetchall():
        words.setdefault(key, {})[word] = int(count)
    con.execute("DROP TABLE levels")
    nothing = (0, *[0] * (MEASURES - 1), None, None)
    return {key: _counted(rows.get(key, nothing)[0], words.get(key, {}), rows.get(key, nothing)[1:]) for key in keys}


def _counted(rows: int, words: dict[str, int], measured: Sequence[Any]) -> _Counts:
    empty = int(measured[1])
    tokens = {"": empty, **words} if empty else words
    numbers, fractions, infinite, zero_led, braces, blank, exponents, long = (int(value) for value in measured[2:10])
    return _Counts(
        int(rows),
        tokens,
        numbers,
        fractions,
        infinite,
        zero_led,
        braces,
        blank,
        exponents,
        long,
        measured[10],
        measured[11],
    )


@dataclass(frozen=True)
class _Decision:
    """One column of one file."""

    con: duckdb.DuckDBPyConnection = field(repr=False)
    relation: str
    key: str
    name: str
    look: _Look
    convention: Convention

    @property
    def cell(self) -> str:
        return trimmed(self.key)

    def choice(self) -> Choice:
        c = self.look.counts
        if c.present == 0:
            return self._text()
        if c.braces == c.present and self._all(f"json_valid({self.cell})"):
            return replace(self._text(), kind=Kind.NESTED)
        if c.numbers == c.present:
            return self._text(mixed=True) if self.convention.typed else self._plain()
        partly = c.numbers / c.present
        if not self.convention.typed:
            for written in number_formats(self.look.cells, decimal=self._decimal()):
                fits = self._count(f"{written.matches(self.cell)} AND {written.sql(self.cell)} IS NOT NULL")
                if fits == c.present:
                    return self._formatted(written)
                partly = max(partly, fits / c.present)
        time = self._time()
        if isinstance(time, Choice):
            return time
        if (without := self._without_odd_words()) is not None:
            return without
        return self._text(mixed=max(partly, time) >= MIXED_FROM)

    def _without_odd_words(self) -> Choice | None:
        """The column as numbers or times, where one or two words stand among measured values: they say that there is none."""
        if self.convention.typed or self.convention.words_stated:
            return None
        words = {cell for cell in self.look.cells if is_odd_word(cell)}
        if not 0 < len(words) <= ODD_WORDS or sum(cell in words for cell in self.look.cells) > 0.5 * len(self.look.cells):
            return None
        convention = replace(self.convention, missing=(*self.convention.missing, *sorted(words)), words_stated=True)
        look = _look(self.con, self.relation, [self.key], convention, few=())[self.key]
        counts = look.counts
        if counts.present < 0.5 * counts.rows:
            return None
        found = replace(self, look=look, convention=convention).choice()
        if found.kind not in (Kind.NUMBER, Kind.TIME):
            return None
        if found.kind is Kind.NUMBER and found.integer and not (counts.high or 0.0) - (counts.low or 0.0) >= MEASURED:
            # A word beside a few small numbers is one of the answers that people chose from.
            return None
        told = tuple(note(ODD_WORD, word=word, column=self.name, count=count) for word, count in found.tokens if word in words)
        return replace(found, notes=(*found.notes, *told))

    def _decimal(self) -> Decimal | None:
        """What this column settles, else what the file does."""
        return self.look.marks.decimal or self.convention.decimal or self.convention.likely

    # Numbers

    def _plain(self) -> Choice:
        """A column whose present values are all numbers as a program writes them."""
        c = self.look.counts
        low, high = c.low or 0.0, c.high or 0.0
        if c.zero_led and not c.fractions:
            return self._text()
        if (counted := named_time(self.name, low, high, workbook=self.convention.workbook)) and not c.infinite and not c.nans:
            return self._as_time(counted_sql(counted, f"TRY_CAST({self.cell} AS DECIMAL(38, 6))"), counted)
        if c.whole and (compact := self._compact_day(low, high)):
            return self._as_time(time_sql(compact, self.cell), compact)
        if c.exponents and c.whole and self._all(r"regexp_full_match(" + self.cell + r", '\d+([eE]\d+)?')"):
            says = N_("{column:name} is kept as text: codes such as {example:name} are no numbers.")
            return self._text(notes=(note(says, column=self.name, example=self._example(_CODE)),))
        if c.exponents == c.present and c.whole and high < BIGGEST and all(_cut_short(cell) for cell in self.look.cells):
            tokens = _sorted({word: count for word, count in c.tokens.items() if word not in NAN_WORDS})
            says = N_(
                "{column:name} has lost its last digits: {example:name} was written by a spreadsheet, which made different "
                "numbers equal. Format the column as text or as a whole number there, and export it again."
            )
            told = (note(says, column=self.name, example=self.look.cells[0]),)
            value = f"CAST(TRY_CAST({self.cell} AS DOUBLE) AS BIGINT)"
            return Choice(Kind.NUMBER, value, True, CUT_SHORT, tokens, notes=told)
        if c.whole and c.long >= 0.5 * c.present and self._all(rf"regexp_full_match({self.cell}, '[+-]?\d+')"):
            says = N_("{column:name} is kept as text: as numbers its last digits would be lost.")
            return self._text(notes=(note(says, column=self.name),))
        doubtful = self._doubtful and self._all(rf"regexp_full_match({self.cell}, '[+-]?(?:{GROUPED_BY_POINT}|\d+)')")
        if doubtful and (self.convention.decimal or self.convention.likely) is Decimal.COMMA:
            # Numbers such as 2.500 in a file that writes 1.234,50: thousands.
            written = next(iter(number_formats(self.look.cells, decimal=Decimal.COMMA)), None)
            if written is not None and written.body == "decimal comma":
                return self._formatted(written)
        notes = self._doubt() if doubtful else ()
        tokens = _sorted({word: count for word, count in c.tokens.items() if word not in NAN_WORDS})
        if c.whole and max(abs(low), abs(high)) < BIGGEST:
            unsure = doubtful or any(low >= first and high <= last for first, last, _ in COMPACT)
            return Choice(Kind.NUMBER, f"TRY_CAST({self.cell} AS BIGINT)", True, "", tokens, ambiguous=unsure, notes=notes)
        value = f"TRY_CAST({self.cell} AS DOUBLE)"
        fractions = bool(c.fractions)
        return Choice(Kind.NUMBER, value, c.whole, "", tokens, fractions=fractions, ambiguous=doubtful, notes=notes)

    def _example(self, pattern: re.Pattern[str]) -> str:
        return next((cell for cell in self.look.cells if pattern.match(cell)), self.look.cells[0] if self.look.cells else "")

    @property
    def _doubtful(self) -> bool:
        """No cell looked at settles the decimal mark, and some could be read both ways."""
        marks = self.look.marks
        return bool(marks.doubtful) and not marks.point and not marks.comma

    def _doubt(self) -> tuple[Note, ...]:
        """How cells that could be read both ways are read, and why; nothing where a person said it or nobody would doubt it."""
        known, example = self.convention, self.look.marks.doubtful
        decimal = known.decimal or known.likely or Decimal.POINT
        grouped = ("." in example) is (decimal is Decimal.COMMA)
        values = {"column": self.name, "example": example, "read": _written(example, grouped=grouped)}
        if known.stated or (known.decimal is Decimal.POINT):
            return ()
        if known.decimal is not None:
            return (note(READ_BECAUSE, **values, because=known.because),)
        if "." in example and known.likely is Decimal.POINT:
            return ()
        return (note(READ_UNSURE, **values),)

    def _formatted(self, written: NumberFormat) -> Choice:
        c = self.look.counts
        tokens = _sorted({word: count for word, count in c.tokens.items() if word not in NAN_WORDS})
        value = written.sql(self.cell)
        absent = f"({self.key} IS NULL OR {among(self.cell, [w for w in self.convention.missing if w not in NAN_WORDS])})"
        guarded = f"CASE WHEN {absent} THEN NULL WHEN {self.cell} IN {_NANS} THEN 'nan'::DOUBLE ELSE {value} END"
        odd = self._count(f"NOT (isfinite({value}) AND {value} = trunc({value}) AND abs({value}) < {EXACT!r})")
        notes = self._doubt() if written.body and self._doubtful else ()
        if not odd and not c.nans:
            return Choice(Kind.NUMBER, f"CAST({guarded} AS BIGINT)", True, written.name, tokens, notes=notes)
        return Choice(Kind.NUMBER, guarded, False, written.name, tokens, notes=notes)

    # Times

    def _compact_day(self, low: float, high: float) -> str | None:
        """Whole numbers that are all days of the calendar: 20260105, or with a clock behind."""
        for first, last, written in COMPACT:
            if low >= first and high <= last:
                named = named_time(self.name, 1e9, 1e9) is not None
                if (named or self._distinct() >= ALIKE) and self._all(f"{time_sql(written, self.cell)} IS NOT NULL"):
                    return written
        return None

    def _distinct(self) -> int:
        return int(self.con.execute(f"SELECT approx_count_distinct({self.key}) FROM {self.relation}").fetchall()[0][0])

    def _as_time(self, value: str, written: str, *, ambiguous: bool = False, notes: tuple[Note, ...] = ()) -> Choice:
        absent = f"({self.key} IS NULL OR {among(self.cell, self.convention.missing)})"
        return Choice(
            Kind.TIME,
            f"CASE WHEN {absent} THEN NULL ELSE {value} END",
            format="" if written == "ISO" else written,
            tokens=_sorted(self.look.counts.tokens),
            ambiguous=ambiguous,
            notes=notes,
        )

    def _time(self) -> Choice | float:
        """The column as times, or else the largest share of its values that one format reads."""
        cells: Sequence[str] = self.look.cells
        if not cells or not any(any(c.isdigit() for c in cell) for cell in cells[:50]):
            return 0.0
        order = self.convention.order
        offered = ([order] if "%" in order else []) + time_formats(cells)
        fits = {written: self._count(f"{time_sql(written, self.cell)} IS NOT NULL") for written in dict.fromkeys(offered)}
        whole = [written for written, count in fits.items() if count == self.look.counts.present]
        if not whole:
            # The months may be written in words, which take longer to know than numbers do.
            more = {w: self._count(f"{time_sql(w, self.cell)} IS NOT NULL") for w in worded_formats(cells)}
            whole, fits = [written for written, count in more.items() if count == self.look.counts.present], fits | more
        if not whole:
            return max(fits.values(), default=0) / self.look.counts.present
        chosen = whole[0]
        rivals = {written if is_worded(written) else order_of(written) for written in whole} - {""}
        if len(rivals) < 2 or "%" in order:
            return self._as_time(time_sql(chosen, self.cell), chosen)
        if order and not is_worded(chosen):
            chosen = next(written for written in whole if order_of(written) == order)
            return self._as_time(time_sql(chosen, self.cell), chosen)
        # Every day is below 13: the reading in which the days lie closer together is the likelier one.
        chosen = min(whole, key=self._jumps)
        says = DATES_UNSURE
        if is_worded(chosen):
            says = N_(
                "The months of {column:name} are words of several languages; {example:name} was read as {format:name} "
                "(as then the days lie closer together)."
            )
        told = note(says, column=self.name, example=cells[0], format=chosen)
        return self._as_time(time_sql(chosen, self.cell), chosen, ambiguous=True, notes=(told,))

    def _jumps(self, written: str) -> float:
        """Mean distance in days between neighbouring rows, over the first rows."""
        stamps = self.con.execute(
            f"SELECT epoch({time_sql(written, self.cell)}) AS s FROM {self.relation} WHERE s IS NOT NULL LIMIT {LOOKED_AT}"
        ).fetchall()
        gaps = [abs(float(after[0]) - float(before[0])) for before, after in pairwise(stamps)]
        return sum(gaps) / max(1, len(gaps))

    # Texts

    def _text(self, *, mixed: bool = False, notes: tuple[Note, ...] = ()) -> Choice:
        c = self.look.counts
        words = tuple(word for word in c.tokens if word)
        kept = values_among(words, self.look.cells) if words and not self.convention.words_stated else frozenset()
        told = tuple(note(KEPT, word=word, column=self.name) for word in words if word in kept)
        if self.convention.workbook and not self.convention.words_stated:
            # An empty cell is what a workbook has for no value; in a column of texts a word is one, but for Excel's own errors.
            kept |= {word for word in words if not word.startswith("#")}
        tokens = {word: count for word, count in c.tokens.items() if word not in kept}
        words = tuple(word for word in words if word not in kept)
        empty = () if self.convention.typed else ("",)
        value, changed = self.key, bool(words) or (c.blank > 0 and not self.convention.typed)
        if self._booleans():
            # One value in any spelling, as Python and pandas write it and as a typed container gives it.
            value, changed = f"CASE WHEN lower({self.cell}) = 'true' THEN 'True' ELSE 'False' END", True
        absent = among(self.cell, (*empty, *words))
        sql = f"CASE WHEN {self.key} IS NULL OR {absent} THEN NULL ELSE {value} END" if absent != "false" else value
        return Choice(
            Kind.CATEGORY,
            sql,
            format="mixed" if mixed else "",
            tokens=_sorted(tokens),
            changed=changed,
            notes=(*notes, *told),
            words=words,
        )

    def _booleans(self) -> bool:
        seen = {cell.lower() for cell in self.look.cells}
        if not seen or not seen <= {"true", "false"} or not set(self.look.cells) - {"True", "False"}:
            return False
        return self._all(f"lower({self.cell}) IN ('true', 'false')")

    def _count(self, condition: str) -> int:
        present = f"{self.key} IS NOT NULL AND NOT {among(self.cell, self.convention.missing)}"
        return int(self.con.execute(f"SELECT count(*) FROM {self.relation} WHERE {present} AND ({condition})").fetchall()[0][0])

    def _all(self, condition: str) -> bool:
        return self._count(condition) == self.look.counts.present


DATES_UNSURE: Final = N_(
    "The dates of {column:name} could begin with the day or the month; {example:name} was read as {format:name} "
    "(as then the days lie closer together). State the order of dates in Columns if that is wrong."
)
ODD_WORD: Final = N_(
    "{word:name} in {column:name} is read as missing ({count:count} rows): all other values are numbers or times."
)
KEPT: Final = N_("{word:name} in {column:name} is kept as a value: others of its kind stand there.")
READ_BECAUSE: Final = N_("{example:name} in {column:name} is read as {read}, because the file also holds {because:name}.")
READ_UNSURE: Final = N_(
    "{example:name} in {column:name} is read as {read}, but nothing in the file decides whether the mark separates thousands "
    "or decimals: state the decimal mark in Columns if that is wrong."
)


def other_reading(told: Note) -> str:
    """The decimal mark under which the number of a `READ_UNSURE` note would be read the other way."""
    values = dict(told.values)
    mark = next(c for c in str(values["example"]) if c in ".,")
    grouped = not any(c in ".," for c in str(values["read"]))
    return mark if grouped else {".": ",", ",": "."}[mark]


def _written(example: str, *, grouped: bool) -> str:
    """The number that is read, without marks for thousands."""
    digits = re.sub(r"[^\d.,-]", "", latin(example))
    return re.sub(r"[.,]", "", digits) if grouped else digits.replace(",", ".")


def _sorted(tokens: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(tokens.items(), key=lambda item: (-item[1], item[0])))


def column(name: str, key: str, choice: Choice) -> Column:
    return Column(name, key, choice.kind, choice.integer, choice.format, choice.tokens, bool(choice.words))
