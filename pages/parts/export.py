"""Tables as CSV that a spreadsheet shows and never runs."""

from __future__ import annotations

import pandas as pd

from diagnostics.nouns.spreadsheet import defused


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """`frame` without its index as UTF-8 CSV with a byte order mark, which spreadsheets need to see the encoding."""
    safe = frame.copy()
    safe.columns = pd.Index([defused(str(name)) for name in frame.columns], dtype=object)
    for position in range(safe.shape[1]):
        values = frame.iloc[:, position]
        if values.dtype.kind not in "iufbM":
            safe.isetitem(position, values.map(defused).to_numpy(dtype=object))
    return b"\xef\xbb\xbf" + safe.to_csv(index=False, lineterminator="\r\n").encode()
