"""One JSON document that holds a table inside: what an interface answers with, and what pandas writes by its `orient`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

DEEP: Final = 3
"""Keys under one another below which records are looked for: {"response": {"result": {"rows": [...]}}}."""


@dataclass(frozen=True)
class Records:
    """rows: one mapping a row. key: under which they stood, "" for the document itself."""

    rows: Sequence[Mapping[str, Any]]
    key: str = ""


def records_in(held: Any, key: str = "", deep: int = DEEP) -> Records | None:
    """The table that a parsed document holds, the largest where there are several; None where it holds none."""
    if isinstance(held, list):
        listed = _rows(held)
        return Records(listed, key) if listed else None
    if not isinstance(held, dict) or not held:
        return None
    if (rows := _split(held) or _columns(held)) is not None:
        return Records(rows, key)
    found = [inner for name, value in held.items() if deep and (inner := records_in(value, str(name), deep - 1)) is not None]
    return max(found, key=lambda records: len(records.rows), default=None)


def _rows(held: Sequence[Any]) -> list[dict[str, Any]]:
    """Records, or lists of cells below a list of names."""
    if held and all(isinstance(row, dict) for row in held):
        return list(held)
    names, *cells = held or [None]
    if _are_names(names) and cells and all(isinstance(row, list) and len(row) == len(names) for row in cells):
        return [dict(zip(names, row, strict=True)) for row in cells]
    return []


def _are_names(held: Any) -> bool:
    return isinstance(held, list) and bool(held) and all(isinstance(n, str) for n in held) and len(set(held)) == len(held)


def _split(held: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """{"columns": [names], "data": [[cells], ...]}"""
    names, rows = held.get("columns"), held.get("data")
    if not _are_names(names) or not isinstance(rows, list) or not rows:
        return None
    return _rows([names, *rows]) or None


def _columns(held: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """{"name": [cells], ...}, {"name": {"0": cell, ...}, ...} or {"0": {"name": cell, ...}, ...}."""
    values = list(held.values())
    if len(values) > 1 and all(isinstance(value, list) for value in values):
        lengths = {len(value) for value in values}
        plain = not any(isinstance(cell, dict | list) for value in values for cell in value)
        if len(lengths) == 1 and lengths != {0} and plain:
            return [dict(zip(held, row, strict=True)) for row in zip(*values, strict=True)]
    if not all(isinstance(value, dict) and value for value in values):
        return None
    inner = list(values[0])
    if any(list(value) != inner for value in values) or len(values) * len(inner) < 2:
        return None
    if _counting(held) and not _counting(inner):
        return [dict(value) for value in values]
    return [{name: value[row] for name, value in held.items()} for row in inner] if _counting(inner) else None


def _counting(keys: Iterable[str]) -> bool:
    return all(key.isdigit() for key in keys)
