"""Run as a program: one sheet of a workbook as CSV. A process of its own, so that a hostile workbook takes only itself down.

    python excel.py WORKBOOK OUT.csv MEMORY_BYTES SECONDS MAX_SHEETS MAX_CELLS [SHEET]

Prints one JSON object: {"sheet", "sheets"} or {"error"}. Imports nothing of the project.
"""

from __future__ import annotations

import csv
import datetime
import json
import sys


def confine(memory: int, seconds: int) -> None:
    """Bound address space and processor time where the system can (not on Windows)."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def text(cell: object) -> str:
    """A cell as text: whole numbers without a point, times in ISO 8601."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell == int(cell) and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(sep=" ") if cell.time() != datetime.time(0) else cell.date().isoformat()
    if isinstance(cell, (datetime.date, datetime.time)):
        return cell.isoformat()
    return str(cell)


def main(source: str, out: str, memory: str, seconds: str, max_sheets: str, max_cells: str, sheet: str = "") -> dict[str, object]:
    import python_calamine

    confine(int(memory), int(seconds))
    try:
        book = python_calamine.CalamineWorkbook.from_path(source)
        names = book.sheet_names
        if len(names) > int(max_sheets):
            return {"error": "sheets"}
        if sheet and sheet not in names:
            return {"error": "sheet", "sheets": names[:20]}
        for name in [sheet] if sheet else names:
            opened = book.get_sheet_by_name(name)
            if opened.total_height * max(1, opened.total_width) > int(max_cells):
                return {"error": "cells"}
            if opened.total_height and opened.total_width and opened.height:
                with open(out, "w", encoding="utf-8", newline="") as target:
                    writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\n")
                    for row in opened.iter_rows():
                        writer.writerow([text(cell).replace("\0", "") for cell in row])
                return {"sheet": name, "sheets": names[:20]}
    except (python_calamine.CalamineError, OSError, ValueError, UnicodeError) as error:
        return {"error": "damaged", "what": type(error).__name__}
    except MemoryError:
        return {"error": "memory"}
    return {"error": "empty", "sheets": names[:20]}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
