"""Tables as CSV that a spreadsheet shows and never runs."""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

STARTS_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
"""First characters that make a spreadsheet evaluate a cell (OWASP, CSV injection), with their full-width twins."""

NUMBER: Final = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?%?")


def defused(cell: object) -> object:
    """A text cell that a spreadsheet would run gets an apostrophe in front; numbers, also those written as text, stay numbers."""
    if not isinstance(cell, str) or NUMBER.fullmatch(cell):
        return cell
    return "'" + cell if cell.startswith(STARTS_FORMULA) or cell.lstrip().startswith(STARTS_FORMULA[:4]) else cell


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """`frame` without its index as UTF-8 CSV with a byte order mark, which spreadsheets need to see the encoding."""
    safe = frame.copy()
    safe.columns = pd.Index([defused(str(name)) for name in frame.columns], dtype=object)
    for position in range(safe.shape[1]):
        values = frame.iloc[:, position]
        if values.dtype.kind not in "iufbM":
            safe.isetitem(position, values.map(defused).to_numpy(dtype=object))
    return b"\xef\xbb\xbf" + safe.to_csv(index=False, lineterminator="\r\n").encode()
