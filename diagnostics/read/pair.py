"""Two files of one incident, read with both in view: what nothing in one of them decides, the other one may.

A sheet that shares no names with the other table is not the one; a number that could be read two ways is read as the one that the
other table's values are near; dates that could begin with the day or the month begin as those of the other table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import log10
from typing import Final

from diagnostics.measure.engine import connect, relation
from diagnostics.nouns.refusal import BadInput, MachineFault
from diagnostics.nouns.table import Kind, Note, Table, note
from diagnostics.nouns.words import N_
from diagnostics.read.caps import Options
from diagnostics.read.kinds import DATES_UNSURE, READ_UNSURE, other_reading
from diagnostics.read.times import order_of

SHARED: Final = 0.5
"""Share of the other table's names that the sheet which was read must have, or other sheets are looked at."""

SHEETS: Final = 12
"""Sheets that are looked at for the names of the other table."""

NEAR, NEARER = 0.7, 1.0
"""Powers of ten between the quantiles of two tables: at most, and less than in the reading that is given up."""

SIDES: Final = ("reference", "current")
LIKE_OTHER: Final = N_(
    "{example:name} in {column:name} is read as {read}, because the values of the other table are of that size."
)
DATES_LIKE_OTHER: Final = N_(
    "The dates of {column:name} are read as {format:name}, because those of the other table are written so."
)
SHEET_LIKE_OTHER: Final = N_("Read the sheet {sheet:name}, because its columns have the names of the other table.")


def read_both(
    tables: Mapping[str, Table | None], options: Mapping[str, Options], again: Callable[[str, Options], Table]
) -> dict[str, Table | None]:
    """The tables by side, those read again that the other one settles. again: reads the file of a side with these options."""
    both: dict[str, Table | None] = dict(tables)
    for side, other in (SIDES, SIDES[::-1]):
        table, like = both[side], both[other]
        if table is None or like is None:
            continue
        file = _File(options[side], table, like, partial(again, side))
        for settle in (_sheet, _decimals, _dates):
            file = settle(file)
        both[side] = file.kept(table.reading.how)
    return both


@dataclass(frozen=True)
class _File:
    """One side. options: as stated, with what the other table settled. table: as read with them. drop: notes that hold no more.

    notes: what was settled.
    """

    options: Options
    table: Table
    like: Table
    again: Callable[[Options], Table]
    notes: tuple[Note, ...] = ()
    drop: tuple[Note, ...] = ()

    def with_options(self, options: Options, notes: Sequence[Note], drop: Sequence[Note] = ()) -> _File:
        table = self.table if options == self.options else self.again(options)
        return replace(self, options=options, table=table, notes=(*self.notes, *notes), drop=(*self.drop, *drop))

    def kept(self, how: str) -> Table:
        """The table with what was settled said, kept as what the file gives with the options that a person stated."""
        if not self.notes:
            return self.table
        reading = self.table.reading
        notes = (*(told for told in reading.notes if told not in self.drop), *self.notes)
        kept = replace(self.table, reading=replace(reading, notes=notes, how=how))
        kept.save()
        return kept

    def unsure(self, says: str, kind: Kind) -> dict[str, Note]:
        """Notes by column that could be read two ways, where the other table has it as the same kind."""
        found = {str(dict(told.values)["column"]): told for told in self.table.reading.notes if told.says == says}
        return {name: told for name, told in found.items() if name in self.like and self.like[name].kind is kind}


def _sheet(file: _File) -> _File:
    reading = file.table.reading
    if len(reading.sheets) < 2 or file.options.sheet is not None or _shared(file.table, file.like) >= SHARED:
        return file
    best, chosen = _shared(file.table, file.like), ""
    for sheet in reading.sheets[:SHEETS]:
        if sheet != reading.sheet:
            try:
                shared = _shared(file.again(replace(file.options, sheet=sheet)), file.like)
            except MachineFault:
                raise
            except BadInput:
                continue  # A sheet without a table is not the one.
            if shared > best:
                best, chosen = shared, sheet
    # What was looked at last lies where the table is kept.
    wanted = replace(file.options, sheet=chosen or None)
    file = replace(file, table=file.again(wanted), options=wanted)
    return replace(file, notes=(*file.notes, note(SHEET_LIKE_OTHER, sheet=chosen))) if chosen else file


def _shared(table: Table, like: Table) -> float:
    """Share of the other table's names that the table has, from 0 to 1."""
    return len(set(table.names) & set(like.names)) / len(like.names)


def _decimals(file: _File) -> _File:
    doubtful = file.unsure(READ_UNSURE, Kind.NUMBER)
    if file.options.mark is not None or not doubtful:
        return file
    before = {name: far for name in doubtful if (far := _distance(file.table, file.like, name)) is not None}
    told = [doubtful[name] for name in before]
    if before and all(far <= NEAR for far in before.values()):
        said = [replace(one, says=LIKE_OTHER) for one in told]
        return file.with_options(file.options, said, told)
    if not any(far > NEAR + NEARER for far in before.values()):
        return file
    other = file.with_options(replace(file.options, decimal=other_reading(told[0])), [_otherwise(one) for one in told])
    after = {name: _distance(other.table, file.like, name) for name in before}
    near = all(far is not None and far <= NEAR and far + NEARER <= before[name] for name, far in after.items())
    if near and all((_distance(other.table, file.like, name) or 0.0) <= far for name, far in _apart(file, before).items()):
        return other
    return replace(file, table=file.again(file.options))


def _apart(file: _File, settled: Mapping[str, float]) -> dict[str, float]:
    """How far the other columns of numbers may lie from those of the other table, when they are read with another mark."""
    names = [c.name for c in file.table if c.kind is Kind.NUMBER and c.name in file.like and c.name not in settled]
    found = {name: _distance(file.table, file.like, name) for name in names if file.like[name].kind is Kind.NUMBER}
    return {name: far + NEAR for name, far in found.items() if far is not None}


def _otherwise(told: Note) -> Note:
    """The note of a number that is read the other way after all."""
    values = dict(told.values)
    digits = "".join(c for c in str(values["example"]) if c.isdigit() or c in ".,-")
    grouped = not any(mark in str(values["read"]) for mark in ".,")
    read = digits.replace(",", ".") if grouped else digits.replace(".", "").replace(",", "")
    return note(LIKE_OTHER, column=values["column"], example=values["example"], read=read)


def _distance(table: Table, like: Table, name: str) -> float | None:
    """Mean distance in powers of ten between three quantiles of the sizes of the values, None where one has no numbers."""
    if name not in table or table[name].kind is not Kind.NUMBER:
        return None
    sizes = [found for one in (table, like) if (found := _sizes(one, one[name].key)) is not None]
    return sum(abs(log10(a / b)) for a, b in zip(*sizes, strict=True)) / 3 if len(sizes) == 2 else None


def _sizes(table: Table, key: str) -> list[float] | None:
    """The 10%, 50% and 90% quantiles of the absolute values that are not 0."""
    query = (
        f"SELECT quantile_cont(abs({key}), [0.1, 0.5, 0.9]) FROM {relation(table)} WHERE {key} <> 0 AND isfinite({key}::DOUBLE)"
    )
    with connect() as con:
        found = con.execute(query).fetchall()[0][0]
    return [float(value) for value in found] if found and all(found) else None


def _dates(file: _File) -> _File:
    doubtful = file.unsure(DATES_UNSURE, Kind.TIME)
    unsure = {str(dict(told.values)["column"]) for told in file.like.reading.notes if told.says == DATES_UNSURE}
    orders = {order for column in file.like if column.name not in unsure and (order := order_of(column.format))}
    if file.options.dates is not None or not doubtful or len(orders) != 1:
        return file
    other = file.with_options(replace(file.options, dates=orders.pop()), [], list(doubtful.values()))
    said = [note(DATES_LIKE_OTHER, column=name, format=other.table[name].format) for name in doubtful]
    return replace(other, notes=(*other.notes, *said))
