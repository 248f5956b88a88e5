"""Read a script or a notebook into one stream of statements that knows the cell and line of each. Nothing of it is run."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from diagnostics.nouns.documents import NotPlain, load_json
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

SCRIPT_CAP: Final = 4 * 1024**2
NOTEBOOK_CAP: Final = 64 * 1024**2
CELLS_CAP: Final = 5_000
LINES_CAP: Final = 60_000
MENDS: Final = 8
"""Lines of one notebook cell that may be left out before the whole cell is."""

MAGIC: Final = re.compile(r"^\s*(%|!|\?|\w[\w.]*\?{1,2}\s*$)")
ASSIGNED_MAGIC: Final = re.compile(r"^(\s*[\w, ]+=\s*)[!%].*$")
PYTHON_CELL: Final = re.compile(r"^%%(time|timeit|capture|prun|memit|snakeviz|python3?)\b")


@dataclass(frozen=True)
class Code:
    """statements: in the order in which they ran. Line numbers of the syntax tree count through `lines`.

    cells: number of the cell (from 1) and line within it for every line, empty for a script. left_out: cells that do not parse.
    """

    file: str
    statements: tuple[ast.stmt, ...]
    lines: tuple[str, ...]
    cells: tuple[tuple[int, int], ...] = ()
    left_out: int = 0

    def place(self, line: int) -> tuple[int | None, int]:
        """Cell (None in a script) and line within it."""
        if not self.cells:
            return None, line
        return self.cells[min(max(line, 1), len(self.cells)) - 1]


def read_code(path: Path) -> Code:
    """Raises BadInput, in one plain sentence, for a file that is no Python script or notebook, is damaged or too large."""
    notebook = path.suffix.lower() == ".ipynb"
    if not notebook and path.suffix.lower() not in (".py", ".pyw"):
        raise BadInput(N_("{file:name} is neither a script (.py) nor a notebook (.ipynb)."), file=path.name)
    cap = NOTEBOOK_CAP if notebook else SCRIPT_CAP
    if path.stat().st_size > cap:
        raise BadInput(
            N_("{file:name} is larger than {cap:count} MB: give the script or notebook itself, without data."),
            file=path.name,
            cap=cap // 1024**2,
        )
    text = _text(path)
    return _notebook(path.name, text) if notebook else _script(path.name, text)


def _text(path: Path) -> str:
    raw = path.read_bytes()
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = raw.decode("utf-16", errors="replace")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            # Old scripts carry comments in a local encoding; every ASCII character, and so all code, reads the same in latin-1.
            text = raw.decode("latin-1")
    if "\x00" in text:
        raise BadInput(N_("{file:name} is not text: give a Python script or a notebook."), file=path.name)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _script(name: str, text: str) -> Code:
    lines = text.split("\n")
    _bounded(name, lines)
    try:
        statements = _parsed(text)
    except SyntaxError as first:
        try:
            statements = _parsed("\n".join(_plain(lines)))
        except SyntaxError:
            raise BadInput(
                N_("{file:name} cannot be read as Python 3 (line {line:count}): it may be cut off or written for Python 2."),
                file=name,
                line=first.lineno or 1,
            ) from first
    if not statements:
        raise BadInput(N_("{file:name} holds no Python statement: check that it is the right file."), file=name)
    return Code(name, tuple(statements), tuple(lines))


def _bounded(name: str, lines: list[str]) -> None:
    if len(lines) > LINES_CAP:
        raise BadInput(N_("{file:name} has more than {cap:count} lines of code, too many to follow."), file=name, cap=LINES_CAP)


def _parsed(text: str) -> list[ast.stmt]:
    """Raises SyntaxError for everything that the parser refuses, whatever it calls it."""
    try:
        with warnings.catch_warnings():
            # Old scripts are full of invalid escapes; that is not our business here.
            warnings.simplefilter("ignore")
            return ast.parse(text).body
    except (RecursionError, MemoryError, ValueError) as error:
        raise SyntaxError(str(error)) from error


def _plain(lines: list[str]) -> list[str]:
    """Magics and shell lines of IPython as `pass`, so that line numbers stay."""
    plain = []
    for line in lines:
        if assigned := ASSIGNED_MAGIC.match(line):
            plain.append(assigned.group(1) + "None")
        elif MAGIC.match(line):
            plain.append(line[: len(line) - len(line.lstrip())] + "pass")
        else:
            plain.append(line)
    return plain


def _notebook(name: str, text: str) -> Code:
    try:
        found = load_json(text)
    except NotPlain as error:
        raise BadInput(
            N_("{file:name} cannot be read as a notebook: it is damaged or cut off. Save it again and retry."), file=name
        ) from error
    sources = list(_sources(found))
    if not sources:
        raise BadInput(N_("{file:name} holds no code cell: check that it is a Python notebook."), file=name)
    if len(sources) > CELLS_CAP:
        raise BadInput(N_("{file:name} has more than {cap:count} code cells, too many to follow."), file=name, cap=CELLS_CAP)
    lines: list[str] = []
    cells: list[tuple[int, int]] = []
    parsed: list[tuple[int | None, list[ast.stmt]]] = []
    left_out = 0
    for number, count, source in sources:
        own = source.split("\n")
        statements = _cell(own)
        if statements is None:
            left_out += 1
        else:
            for statement in statements:
                ast.increment_lineno(statement, len(lines))
            parsed.append((count, statements))
        lines += own
        cells += [(number, line) for line in range(1, len(own) + 1)]
    _bounded(name, lines)
    ordered = [statement for _, statements in _as_run(parsed) for statement in statements]
    if not ordered:
        raise BadInput(
            N_("{file:name} holds no cell that reads as Python 3: it may be written for Python 2 or another language."), file=name
        )
    return Code(name, tuple(ordered), tuple(lines), tuple(cells), left_out)


def _sources(found: Any) -> Iterator[tuple[int, int | None, str]]:
    """Number of the cell (from 1, all kinds counted), execution count, text. Notebooks of format 3 keep cells in worksheets."""
    if not isinstance(found, dict):
        return
    cells = found.get("cells")
    if not isinstance(cells, list):
        sheets = found.get("worksheets")
        sheets = sheets if isinstance(sheets, list) else []
        lists = [s.get("cells") for s in sheets if isinstance(s, dict)]
        cells = [cell for cells in lists if isinstance(cells, list) for cell in cells]
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", cell.get("input", ""))
        if isinstance(source, list):
            source = "".join(part for part in source if isinstance(part, str))
        if not isinstance(source, str) or not source.strip():
            continue
        count = cell.get("execution_count", cell.get("prompt_number"))
        yield number, count if isinstance(count, int) and not isinstance(count, bool) else None, source


def _cell(lines: list[str]) -> list[ast.stmt] | None:
    """The statements of one cell, None when it isn't Python. A few lines that do not parse (Python 2 prints) are left out."""
    first = next((line for line in lines if line.strip()), "").strip()
    if first.startswith("%%"):
        if not PYTHON_CELL.match(first):
            return []
        lines = ["pass" if line.strip() == first else line for line in lines]
    kept = _plain(lines)
    for _ in range(MENDS):
        try:
            return _parsed("\n".join(kept))
        except SyntaxError as error:
            at = (error.lineno or 0) - 1
            if not 0 <= at < len(kept) or kept[at].strip() in ("", "pass"):
                return None
            kept[at] = kept[at][: len(kept[at]) - len(kept[at].lstrip())] + "pass"
    return None


def _as_run(cells: list[tuple[int | None, list[ast.stmt]]]) -> list[tuple[int | None, list[ast.stmt]]]:
    """By execution count where every cell has one, unless names were then used before they exist: a cell was run again."""
    if any(count is None for count, _ in cells):
        return cells
    run = sorted(cells, key=lambda cell: cell[0] or 0)
    return run if _missing(run) <= _missing(cells) else cells


def _missing(cells: list[tuple[int | None, list[ast.stmt]]]) -> int:
    """How many cells read a name that only a later one sets."""
    facts = []
    for _, statements in cells:
        names = [node for s in statements for node in ast.walk(s) if isinstance(node, ast.Name)]
        facts.append(
            (
                {n.id for n in names if isinstance(n.ctx, ast.Load)},
                {n.id for n in names if isinstance(n.ctx, ast.Store)},
            )
        )
    all_set: set[str] = set().union(*(stores for _, stores in facts)) if facts else set()
    known: set[str] = set()
    missing = 0
    for loads, stores in facts:
        missing += bool((loads & all_set) - known - stores)
        known |= stores
    return missing
