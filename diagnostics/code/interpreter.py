"""The interpreter as its parts know it: the state while one script is followed, and what they may ask of it.

`flow.Flow` is the whole of it. It knows all parts, and no part knows it, so that none imports another in a circle.
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from diagnostics.code.values import TRAIN, Class, Const, Data, Func, Given, Lib, Many, Rows, Scope, Unknown, Value
from diagnostics.code.watch import Watch

BUDGET: Final = 500_000
"""Steps after which a script is left as it is: ten times what the longest real notebook takes."""
BORDER: Final = -1
"""The number of the split that slices without names make."""
UNROLLED: Final = 4
"""Turns of a loop over written things, such as the two tables in `for df in [train, test]`."""


class Exhausted(Exception):
    """The budget is used up; what was found so far stands."""


class Interpreter(ABC):
    """The state while one script is followed."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.globals = Scope()
        self.scope = self.globals
        self.loops: list[int] = []
        self.frames: list[Data] = []
        """Tables whose method's arguments are being read."""
        self.returns: list[list[Value]] = []
        self.calls: list[ast.AST] = []
        self.called: set[int] = set()
        self.left = BUDGET
        self.children: dict[tuple[int, int, str], Rows] = {}
        self.splits = 0
        self.seeded: dict[str, int] = {}
        self.borders: frozenset[str] = frozenset()
        """What the script cuts rows at from both sides: "n" where it holds both X[:n] and X[n:]."""
        self.kept: list[Rows] = []
        self.origins: dict[int, Rows] = {}
        self.slices: list[Rows] = []
        self.unknown_rows = Rows()

    @abstractmethod
    def expr(self, node: ast.expr | None) -> Value:
        """What an expression holds; unknown for one that is not there. Costs a step."""

    @abstractmethod
    def inline(self, func: Func, args: Sequence[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Follow a function of the script with these arguments."""

    @abstractmethod
    def make(self, cls: Class, args: Sequence[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """An object of a class of the script."""

    @abstractmethod
    def call_library(self, callee: Lib, given: Given) -> Value:
        """What a function of a library returns."""

    def tick(self, cost: int = 1) -> None:
        self.left -= cost
        if self.left < 0:
            raise Exhausted

    def child(self, rows: Rows, side: str, split: int) -> Rows:
        """The rows of one side of one split, the same object for every table that was split together."""
        key = (id(rows), split, side)
        if key not in self.children:
            self.children[key] = Rows(side, whole=rows, depth=rows.depth, split=max(split, 0))
            self.kept.append(rows)
        return self.children[key]

    def new_split(self) -> int:
        self.splits += 1
        return self.splits

    def seeded_split(self, key: str) -> int:
        """The number of a split that comes out the same each time it is written so."""
        if key not in self.seeded:
            self.seeded[key] = self.new_split()
        return self.seeded[key]

    def origin(self, node: ast.AST) -> Rows:
        """The rows that one statement brings in from outside."""
        if id(node) not in self.origins:
            self.origins[id(node)] = Rows()
        return self.origins[id(node)]

    def settled(self, data: Data, node: ast.AST) -> Data:
        """`data`, as the side that it is where a slice without a name is one side of a border."""
        if not data.cut or not data.piece:
            return data
        self.watch.split([data], node)
        return replace(data, rows=self.child(data.rows, data.piece, BORDER), cut=False, piece="")

    def sliced(self, rows: Rows, node: ast.AST) -> None:
        """A part with written first and last row: it may overlap with another of the same table."""
        for other in self.slices:
            if other.whole is not rows.whole or other.side == rows.side or TRAIN not in (other.side, rows.side):
                continue
            if rows.bounds is None or other.bounds is None:
                continue
            first = max(other.bounds[0] or 0, rows.bounds[0] or 0)
            ends = [end for _, end in (other.bounds, rows.bounds) if end is not None]
            last = min(ends) if ends else None
            if last is not None and first < last:
                self.watch.overlapping(rows, other, first, last, node)
        self.slices.append(rows)

    def lookup(self, name: str) -> Value | None:
        scope: Scope | None = self.scope
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None

    def turns(self, iterated: Value, node: ast.AST) -> list[Value]:
        """What the loop variable holds: each item where they are tables or estimators, else one thing that stands for all."""
        line = getattr(node, "lineno", 0)
        if isinstance(iterated, Many) and iterated.items:
            items = iterated.items
            if any(not isinstance(item, Const | Unknown) and not _constants(item) for item in items):
                return list(items[:UNROLLED])
            names = {type(item) for item in items}
            # Written names of columns stay names, so that what is stored under them is known; numbers are settings.
            if names == {Const} and all(isinstance(item, Const) and isinstance(item.value, str) for item in items):
                return list(items[:UNROLLED])
            return [_settings(items[0], line)]
        if isinstance(iterated, Data):
            return [replace(iterated, full=False, columns=None, cut=False)]
        return [Unknown(line)]


def _constants(value: Value) -> bool:
    return isinstance(value, Many) and all(isinstance(i, Const | Unknown) or _constants(i) for i in value.items[:20])


def _settings(item: Value, line: int) -> Value:
    if isinstance(item, Many):
        return Many(tuple(_settings(inner, line) for inner in item.items))
    return Unknown(line) if isinstance(item, Const | Unknown) else item
