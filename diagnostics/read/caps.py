"""What a file may be at most, and what the reader may be told. Every cap can be set through the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_


def _cap(name: str, default: int) -> int:
    """The cap MODEL_CLINIC_MAX_`name` of the environment, or the default when it is not a positive whole number."""
    stated = os.environ.get(f"MODEL_CLINIC_MAX_{name}", "").strip()
    return int(stated) if stated.isascii() and stated.isdigit() and int(stated) > 0 else default


def _field(name: str, default: int) -> int:
    return field(default_factory=lambda: _cap(name, default))


@dataclass(frozen=True)
class Caps:
    """Bounds on one table; beyond them it is refused with a `BadInput`.

    bytes: of the file as given. rows, columns: of the table. line: bytes of one line. unpacked: bytes after unpacking
    (gzip, the parts of an Excel file, the pages of a Parquet file). ratio: unpacked bytes for each packed byte, looked at
    above 64 MiB; text seldom packs better than 1:100 (RFC 1951 allows 1:1032). sheets: of a workbook. cells: of a sheet.
    """

    bytes: int = _field("BYTES", 2 * 10**9)
    rows: int = _field("ROWS", 20_000_000)
    columns: int = _field("COLUMNS", 2_000)
    line: int = _field("LINE", 2**20)
    unpacked: int = _field("UNPACKED", 4 * 10**9)
    ratio: int = _field("RATIO", 200)
    sheets: int = _field("SHEETS", 200)
    cells: int = _field("CELLS", 20_000_000)


ORDERS: Final = ("day", "month")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a person states where the reader would else decide; None leaves it to the reader.

    encoding: a Python codec name. delimiter: one or more characters. header_rows: 0 for none. skip_rows: lines above it.
    sheet: name in a workbook. decimal, thousands: the marks in numbers, one character each. dates: "day" or "month" for what
    comes first, or a strptime format. missing: words that mean "no value", beside the empty cell. allow_empty: a table without
    rows is returned, not refused.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header_rows: int | None = None
    skip_rows: int | None = None
    sheet: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    dates: str | None = None
    missing: tuple[str, ...] | None = None
    allow_empty: bool = False

    def __post_init__(self) -> None:
        """Raises BadInput for a mark, an order or a number of rows that cannot be."""
        if self.decimal is not None and self.decimal not in (".", ","):
            raise BadInput(N_("The decimal mark is {mark:name}: it must be a point or a comma."), mark=self.decimal)
        if self.thousands is not None and (len(self.thousands) != 1 or self.thousands not in ".,' \u00a0\u202f’"):
            raise BadInput(
                N_("The mark for thousands is {mark:name}: it must be a point, a comma, a blank or an apostrophe."),
                mark=self.thousands,
            )
        if self.decimal is not None and self.decimal == self.thousands:
            raise BadInput(
                N_("{mark:name} cannot separate both decimals and thousands: state two different marks."), mark=self.decimal
            )
        if self.dates is not None and self.dates not in ORDERS and "%" not in self.dates:
            raise BadInput(
                N_("The order of dates is {order:name}: it must be day, month, or a format such as %d.%m.%Y."), order=self.dates
            )
        for rows in (self.header_rows, self.skip_rows):
            if rows is not None and not 0 <= rows <= 1000:
                raise BadInput(N_("A number of rows is {rows:count}: it must lie between 0 and 1,000."), rows=rows)

    @property
    def mark(self) -> str | None:
        """The decimal mark that was stated, also by stating the other one for thousands."""
        return self.decimal or {".": ",", ",": "."}.get(self.thousands or "")
