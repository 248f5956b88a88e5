"""The lines of a function put where it is called, so that a step and the split stand in one list of statements."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from typing import Final

from diagnostics.code.mend.syntax import Beyond, Body, Function, calls, elements, holds, name, stores, swapped, text

LONG: Final = 30
"""Statements of a function beyond which its lines are not repeated."""
DEEP: Final = 4


def reaches(statement: ast.stmt, node: ast.AST, known: Mapping[str, Function], depth: int = 0) -> bool:
    """Whether `statement` holds `node`, itself or through the functions that it calls. A definition alone calls nothing."""
    if isinstance(statement, Function | ast.ClassDef):
        return False
    if holds(statement, node):
        return True
    return depth < DEEP and any(
        any(_meets(inner, node, known, depth) for inner in function.body)
        for call in calls(statement)
        if (function := called(call, known)) is not None
    )


def _meets(inner: ast.stmt, node: ast.AST, known: Mapping[str, Function], depth: int) -> bool:
    return reaches(inner, node, known, depth + 1)


def called(call: ast.Call, known: Mapping[str, Function]) -> Function | None:
    match call.func:
        case ast.Name(id=written) | ast.Attribute(attr=written, value=ast.Name()):
            return known.get(written)
    return None


def flattened(statement: ast.stmt, node: ast.AST, known: Mapping[str, Function], later: set[str], depth: int = 0) -> Body:
    """`statement`, with the function that leads to `node` written out. Raises Beyond where that cannot be done."""
    if holds(statement, node):
        return [statement]
    for call in calls(statement):
        function = called(call, known)
        if function is None or not any(reaches(inner, node, known) for inner in function.body):
            continue
        lines = _inlined(statement, call, function, later)
        if depth >= DEEP:
            break
        found: Body = []
        for line in lines:
            found += flattened(line, node, known, later, depth + 1) if reaches(line, node, known) else [line]
        return found
    raise Beyond


def _inlined(statement: ast.stmt, call: ast.Call, function: Function, later: set[str]) -> Body:
    body = [s for s in function.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    last = body[-1] if body else None
    returned = last.value if isinstance(last, ast.Return) else None
    inner = [n for s in body for n in ast.walk(s) if isinstance(n, ast.Return | ast.Yield | Function)]
    if len(body) > LONG or len(inner) > bool(isinstance(last, ast.Return)) or any(isinstance(a, ast.Starred) for a in call.args):
        raise Beyond
    whole = isinstance(statement, ast.Assign | ast.Expr | ast.Return) and statement.value is call
    if not whole:
        raise Beyond
    swaps, before = _bound(call, function, body, statement)
    own = set().union(*(stores(s) for s in body)) if body else set()
    swaps |= {local: name(f"{local}_") for local in own if local in later and local not in swaps}
    lines = before + _decided([_moved(s, swaps) for s in (body[:-1] if isinstance(last, ast.Return) else body)])
    if isinstance(statement, ast.Assign):
        if returned is None:
            raise Beyond
        result = swapped(returned, swaps)
        targets = statement.targets[0]
        parts = list(elements(targets)), list(elements(result))
        if isinstance(targets, ast.Tuple) and isinstance(result, ast.Tuple) and len(parts[0]) == len(parts[1]):
            lines += [ast.Assign([t], v, lineno=0) for t, v in zip(*parts, strict=True) if text(t) != text(v)]
        elif text(targets) != text(result):
            lines.append(ast.Assign([targets], result, lineno=0))
    elif isinstance(statement, ast.Return) and returned is not None:
        lines.append(ast.Return(swapped(returned, swaps)))
    return lines


def _decided(lines: Body) -> Body:
    """A condition on a constant argument is what it comes to."""
    found: Body = []
    for line in lines:
        if isinstance(line, ast.If) and isinstance(line.test, ast.Constant):
            found += line.body if line.test.value else line.orelse
        else:
            found.append(line)
    return found


def _moved(statement: ast.stmt, swaps: Mapping[str, ast.expr]) -> ast.stmt:
    moved: ast.stmt = _Rename(swaps).visit(copy.deepcopy(statement))
    return moved


class _Rename(ast.NodeTransformer):
    def __init__(self, swaps: Mapping[str, ast.expr]) -> None:
        self.swaps = swaps

    def visit_Name(self, node: ast.Name) -> ast.AST:
        other = self.swaps.get(node.id)
        return copy.deepcopy(other) if other is not None else node


def _bound(call: ast.Call, function: Function, body: Body, statement: ast.stmt) -> tuple[dict[str, ast.expr], Body]:
    parameters = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
    given: dict[str, ast.expr] = {}
    if isinstance(call.func, ast.Attribute) and parameters[:1] in (["self"], ["cls"]):
        given[parameters.pop(0)] = call.func.value
    given.update(zip(parameters, call.args, strict=False))
    for k in call.keywords:
        if k.arg is None:
            raise Beyond
        given[k.arg] = k.value
    defaults = function.args.defaults
    for parameter, default in zip(parameters[len(parameters) - len(defaults) :], defaults, strict=True):
        given.setdefault(parameter, default)
    if any(parameter not in given for parameter in parameters) or function.args.vararg or function.args.kwarg:
        raise Beyond
    changed = set().union(*(stores(s) for s in body)) if body else set()
    targets = {text(t) for s in [statement] if isinstance(s, ast.Assign) for t in elements(s.targets[0])}
    swaps: dict[str, ast.expr] = {}
    before: Body = []
    for parameter, value in given.items():
        if parameter not in changed or text(value) in targets:
            swaps[parameter] = value
        elif text(value) != parameter:
            before.append(ast.Assign([name(parameter)], value, lineno=0))
    return swaps, before
