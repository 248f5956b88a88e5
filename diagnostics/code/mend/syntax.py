"""Pieces of syntax: where a node stands, what a statement reads and sets, an expression put in another's place."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

LARGE: Final = 4_000
"""Parts of a statement beyond which it is not rewritten."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Body = list[ast.stmt]


N = TypeVar("N", bound=ast.AST)


class Beyond(Exception):
    """These lines cannot be corrected this way."""


def text(node: ast.AST) -> str:
    return ast.unparse(node)


def name(written: str) -> ast.expr:
    """The expression that `written` is."""
    return ast.parse(written, mode="eval").body


def statements(written: str) -> Body:
    return ast.parse(written).body


def mark(module: Body) -> None:
    """Number every node, so that it is known again in a copy."""
    for statement in module:
        for node in ast.walk(statement):
            node.number = id(node)  # type: ignore[attr-defined]


def same(one: ast.AST, other: ast.AST) -> bool:
    number = getattr(one, "number", None)
    return one is other or (number is not None and number == getattr(other, "number", None))


def holds(tree: ast.AST, node: ast.AST) -> bool:
    return any(same(inner, node) for inner in ast.walk(tree))


def loads(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def mentions(node: ast.AST, written: set[str]) -> bool:
    """Whether any part of `node` is written as one of these."""
    kinds = (ast.Name, ast.Attribute, ast.Subscript, ast.Call)
    return any(isinstance(n, kinds) and text(n) in written for n in ast.walk(node))


def stores(node: ast.AST) -> set[str]:
    found = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    found |= {n.name for n in ast.walk(node) if isinstance(n, Function | ast.ClassDef)}
    # An expression that was written as a target keeps the mark of being read.
    targets = [t for inner in ast.walk(node) if isinstance(inner, ast.Assign) for t in inner.targets]
    found |= {e.id for t in targets for e in elements(t) if isinstance(e, ast.Name)}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in inner.names}
    return found


def bodies(module: Body) -> Iterator[Body]:
    """The module's statements, and those of every function, outer ones first."""
    yield module
    for statement in module:
        for node in ast.walk(statement):
            if isinstance(node, Function):
                yield node.body


def functions(module: Body) -> dict[str, Function]:
    """Functions and methods by name; a name that stands for several is left out."""
    found: dict[str, Function] = {}
    twice: set[str] = set()
    for statement in module:
        for node in ast.walk(statement):
            if isinstance(node, Function):
                twice |= {node.name} & found.keys()
                found[node.name] = node
    return {key: value for key, value in found.items() if key not in twice}


class Swap(ast.NodeTransformer):
    """Puts expressions in the place of others that are written alike."""

    def __init__(self, swaps: Mapping[str, ast.expr]) -> None:
        self.swaps = swaps
        self.kinds = {type(name(written)) for written in swaps}

    def visit(self, node: ast.AST) -> ast.AST:
        if type(node) in self.kinds and isinstance(node, ast.expr):
            other = self.swaps.get(text(node))
            if other is not None:
                return copy.deepcopy(other)
        if isinstance(node, ast.Lambda | ast.ListComp | ast.DictComp | ast.SetComp | ast.GeneratorExp):
            own = stores(node) | {a.arg for n in ast.walk(node) if isinstance(n, ast.arguments) for a in n.args}
            if own & {written for written in self.swaps if written.isidentifier()}:
                return node
        found: ast.AST = self.generic_visit(node)
        return found


def swapped(node: N, swaps: Mapping[str, ast.expr]) -> N:
    """A copy of `node` with expressions exchanged, longer ones first."""
    if sum(1 for _ in ast.walk(node)) > LARGE:
        raise Beyond
    result: Any = copy.deepcopy(node)
    for written in sorted(swaps, key=len, reverse=True):
        if swaps[written] is not None and written != text(swaps[written]):
            result = Swap({written: swaps[written]}).visit(result)
    exchanged: N = result
    return exchanged


def tail(call: ast.expr) -> str:
    """The last part of what is called: "fit" of scaler.fit(X)."""
    if not isinstance(call, ast.Call):
        return ""
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


def assign(target: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([name(target)], value, lineno=0)


def target_of(statement: ast.stmt) -> ast.expr | None:
    """The one thing that a statement sets."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        return statement.targets[0]
    return None


def elements(node: ast.expr) -> Sequence[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple | ast.List) else [node]


def calls(node: ast.AST) -> list[ast.Call]:
    return [n for n in ast.walk(node) if isinstance(n, ast.Call)]


def keyword(call: ast.Call, *names: str) -> ast.expr | None:
    return next((k.value for k in call.keywords if k.arg in names), None)
