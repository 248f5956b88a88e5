"""One configuration as a tree that can be compared: plain leaves, and keys that spell a path when they are joined."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

Tree: TypeAlias = dict[str, Any] | list[Any] | str | int | float | bool

ORDER: Final = "order"
"""Key below which a list of named things, kept by name, has its names in their order; no other key begins with a letter."""

LABELS: Final = ("name", "id", "key")
ITEMS_CAP: Final = 5_000
VALUE_CAP: Final = 2_000
EXACT: Final = 10**15
"""Whole numbers below it are one value as int and as float."""


def tree_of(value: Any) -> Tree:
    """Keys of tables are ".name", of named things in a list "[name]"; joined they are the path of a setting."""
    if isinstance(value, dict):
        return {f".{str(key)[:200]}": tree_of(below) for key, below in value.items()}
    if isinstance(value, list | tuple | set):
        items = list(value)
        if all(not isinstance(item, dict | list | tuple | set) for item in items):
            return [_leaf(item) for item in items[:ITEMS_CAP]]
        labels = labels_of(items)
        if not labels:
            return [tree_of(item) for item in items]
        return {ORDER: labels} | {f"[{label}]": tree_of(item) for label, item in zip(labels, items, strict=True)}
    return _leaf(value)


def labels_of(items: list[Any]) -> list[str]:
    """The names of a list of named things; empty when one has none, or two the same.

    By its names such a list is told, so that one more at its head does not change all the rest.
    """
    labels = [_label(item) for item in items]
    return labels if all(labels) and len(set(labels)) == len(labels) else []


def _label(item: Any) -> str:
    found = next((item[key] for key in LABELS if key in item), "") if isinstance(item, dict) else ""
    return found[:100] if isinstance(found, str) else ""


def _leaf(value: Any) -> str | int | float | bool:
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < EXACT else float(f"{value:.12g}")
    return value if isinstance(value, bool | int) else "" if value is None else str(value)[:VALUE_CAP]


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)[:VALUE_CAP]


def number_of(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def meant(value: str | int | float | bool) -> str:
    """What a leaf means however it is written: "0.50" and 0.5 are one value, so are "true" and true."""
    text = text_of(value)
    number = number_of(text) if isinstance(value, str) else None
    if number is None:
        return text
    whole = text.strip().lstrip("+-").lstrip("0")
    return (
        text_of(int(text)) if whole.isdecimal() and len(whole) < 1000 else "nan" if math.isnan(number) else text_of(_leaf(number))
    )


def without_types(tree: Tree) -> Tree:
    """The same tree with leaves as `meant`: for files that know nothing but text."""
    if isinstance(tree, dict):
        return {key: without_types(below) for key, below in tree.items()}
    return [without_types(item) for item in tree] if isinstance(tree, list) else meant(tree)


def is_leaf(tree: Any) -> bool:
    """Whether it is told as one setting: a value, or a list of values."""
    return isinstance(tree, str | int | float) or is_row(tree)


def is_row(tree: Any) -> bool:
    return isinstance(tree, list) and all(isinstance(item, str | int | float) for item in tree)


def leaves(tree: Tree, path: str) -> Iterator[tuple[str, Tree]]:
    """Path and value of every setting below `path`, which is joined keys."""
    if isinstance(tree, dict):
        for key, below in tree.items():
            if key != ORDER:
                yield from leaves(below, path + key)
    elif isinstance(tree, list) and not is_row(tree):
        for position, item in enumerate(tree):
            yield from leaves(item, f"{path}[{position}]")
    else:
        yield path_of(path), tree


def path_of(joined: str) -> str:
    return joined.removeprefix(".") or "[]"
