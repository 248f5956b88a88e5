"""What a file may be at most, and what the reader may be told. Every cap can be set through the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


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


@dataclass(frozen=True)
class Options:
    """What a person states where the reader would else decide; None leaves it to the reader.

    encoding: a Python codec name. delimiter: one or more characters. header_rows: 0 for none. sheet: name in a workbook.
    allow_empty: a table without rows is returned, not refused.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header_rows: int | None = None
    sheet: str | None = None
    allow_empty: bool = False
