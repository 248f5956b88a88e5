"""Run as a program: one sheet of a workbook as CSV. A process of its own, so that a hostile workbook takes only itself down.

    python excel.py WORKBOOK OUT.csv MEMORY_BYTES SECONDS MAX_SHEETS MAX_CELLS [SHEET]

Prints one JSON object: {"sheet", "sheets", "merged", "tables"} or {"error"}. Imports nothing of the project.
"""

from __future__ import annotations

import csv
import datetime
import json
import sys
from typing import Any

TITLE_ROWS = 3
"""A block of so few rows above or below a table is its title or its notes, no table of its own."""


def confine(memory: int, seconds: int) -> None:
    """Bound address space and processor time where the system can (not on Windows), never above what is allowed already."""
    try:
        import resource
    except ImportError:
        return
    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
        allowed = resource.getrlimit(what)[1]
        most = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        resource.setrlimit(what, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def text(cell: object) -> str:
    """A cell as text: whole numbers without a point, times in ISO 8601."""
    if isinstance(cell, str):
        return cell.replace("\0", "") if "\0" in cell else cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell == int(cell) and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(sep=" ") if cell.time() != datetime.time(0) else cell.date().isoformat()
    if isinstance(cell, (datetime.date, datetime.time)):
        return cell.isoformat()
    return str(cell)


def blank(cell: object) -> bool:
    return cell is None or cell == "" or (isinstance(cell, str) and cell.isspace())


def likelihood(sheet: Any) -> int:
    """2 for some rows with a column of numbers or times, 1 for many rows of texts, which may be notes, 0 for anything else."""
    rows = 0
    typed: dict[int, int] = {}
    filled: dict[int, int] = {}
    for row in sheet.iter_rows():
        cells = [(position, cell) for position, cell in enumerate(row) if not blank(cell)]
        rows += bool(cells)
        for position, cell in cells:
            filled[position] = filled.get(position, 0) + 1
            typed[position] = typed.get(position, 0) + (not isinstance(cell, str))
        if rows >= 200:
            break
    if rows < 2:
        return 0
    if any(typed[p] >= 0.5 * filled[p] and typed[p] > 0 for p in filled):
        return 2
    return int(rows >= 10 and len(filled) > 1)


def blocks(rows: list[tuple[int, frozenset[int]]]) -> list[tuple[int, int, int, int, int]]:
    """(first row, last row, first column, last column, cells) of each run of rows that blank rows or columns set apart.

    rows: number of the row and its filled columns, blank rows left out. Neighbouring runs over the same columns are one table
    with blank rows in it; short ones above and below belong to their table, as its title and notes.
    """
    runs: list[list[tuple[int, frozenset[int]]]] = []
    for number, columns in rows:
        if runs and runs[-1][-1][0] == number - 1:
            runs[-1].append((number, columns))
        else:
            runs.append([(number, columns)])
    found: list[tuple[int, int, int, int, int]] = []
    for run in runs:
        used = sorted(frozenset().union(*(columns for _, columns in run)))
        stretches = [[used[0], used[0]]]
        for column in used[1:]:
            if column == stretches[-1][1] + 1:
                stretches[-1][1] = column
            else:
                stretches.append([column, column])
        for low, high in stretches:
            inside = [number for number, columns in run if any(low <= column <= high for column in columns)]
            cells = sum(sum(low <= column <= high for column in columns) for _, columns in run)
            if found and (found[-1][2], found[-1][3]) == (low, high) and len(stretches) == 1:
                first, _, _, _, before = found.pop()
                found.append((first, inside[-1], low, high, before + cells))
            else:
                found.append((inside[0], inside[-1], low, high, cells))
    return found


def region(sheet: Any) -> tuple[int, int, int, int, int]:
    """First and last row and column of the largest table of the sheet, and how many tables there are."""
    filled = []
    for number, row in enumerate(sheet.iter_rows()):
        # Millions of cells come by here; nearly all are no texts of blanks.
        columns = frozenset(
            [
                at
                for at, cell in enumerate(row)
                if cell != "" and cell is not None and not (cell.__class__ is str and cell.isspace())
            ]
        )
        if columns:
            filled.append((number, columns))
    found = blocks(filled)
    low, high = filled[0][0], filled[-1][0]
    left, right = min(min(columns) for _, columns in filled), max(max(columns) for _, columns in filled)
    tables = [block for block in found if block[1] - block[0] + 1 > TITLE_ROWS and block[3] > block[2]]
    if len(tables) < 2:
        return low, high, left, right, 1
    best = max(tables, key=lambda block: block[4])
    others = [block for block in tables if block is not best]
    # What stands beside or between is left out up to the next table: titles and notes of this one stay.
    above = max((block[1] + 1 for block in others if block[1] < best[0]), default=low)
    below = min((block[0] - 1 for block in others if block[0] > best[1]), default=high)
    beside = [block for block in others if block[0] <= best[1] and block[1] >= best[0]]
    left = max((block[3] + 1 for block in beside if block[3] < best[2]), default=min(left, best[2]))
    right = min((block[2] - 1 for block in beside if block[2] > best[3]), default=max(right, best[3]))
    return above, below, max(left, best[2] if beside else left), min(right, best[3] if beside else right), len(tables)


def merged_down(sheet: Any, left: int, width: int) -> dict[tuple[int, int], tuple[int, int]]:
    """Cells that a merged cell above them covers, with where its value stands; a title over the whole table is none."""
    covered: dict[tuple[int, int], tuple[int, int]] = {}
    for (top, first), (bottom, last) in sheet.merged_cell_ranges or ():
        if bottom > top and last - first + 1 < max(2, width):
            for row in range(top, bottom + 1):
                for column in range(first, last + 1):
                    covered[(row, column - left)] = (top, first - left)
    return covered


def write(sheet: Any, out: str) -> dict[str, object]:
    """Write the largest table of the sheet; how many cells were filled from merged ones, and how many tables there are."""
    top, bottom, left, right, tables = region(sheet)
    offset = (sheet.start or (0, 0))[1]
    covered = merged_down(sheet, offset, right - left + 1)
    values: dict[tuple[int, int], object] = {}
    origins = set(covered.values())
    merged = 0
    with open(out, "w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for number, row in enumerate(sheet.iter_rows()):
            if number < top or number > bottom:
                continue
            for column in range(len(row)) if covered else ():
                if (number, column) in origins:
                    values[(number, column)] = row[column]
                elif (number, column) in covered and blank(row[column]):
                    row[column] = values.get(covered[(number, column)], "")
                    merged += not blank(row[column])
            writer.writerow([text(cell) for cell in row[left : right + 1]])
    return {"merged": merged, "tables": tables}


def main(source: str, out: str, memory: str, seconds: str, max_sheets: str, max_cells: str, sheet: str = "") -> dict[str, object]:
    import python_calamine

    confine(int(memory), int(seconds))
    names: list[str] = []
    try:
        book = python_calamine.CalamineWorkbook.from_path(source)
        names = book.sheet_names
        if len(names) > int(max_sheets):
            return {"error": "sheets"}
        if sheet and sheet not in names:
            return {"error": "sheet", "sheets": names[:20]}
        visible = {
            m.name for m in book.sheets_metadata if str(m.visible).endswith(".Visible") and str(m.typ).endswith(".WorkSheet")
        }
        chosen, best = None, -1
        # A hidden sheet is read only where it is the only one with cells, or asked for by name.
        for name in [sheet] if sheet else sorted(names, key=lambda name: name not in visible):
            opened = book.get_sheet_by_name(name)
            if opened.height * max(1, opened.width) > int(max_cells):
                return {"error": "cells"}
            if opened.height and opened.width and not all(blank(cell) for row in opened.iter_rows() for cell in row):
                likely = likelihood(opened) if name in visible else 0
                if likely > best:
                    chosen, best = opened, likely
                if sheet or likely == 2:
                    break
        if chosen is not None:
            return {"sheet": chosen.name, "sheets": names[:20], **write(chosen, out)}
    except python_calamine.PasswordError:
        return {"error": "password"}
    except (python_calamine.CalamineError, OSError, ValueError, UnicodeError) as error:
        return {"error": "damaged", "what": type(error).__name__}
    except MemoryError:
        return {"error": "memory"}
    return {"error": "empty", "sheets": names[:20]}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
