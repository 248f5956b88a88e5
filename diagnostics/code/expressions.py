"""Expressions: what one holds, from what its parts hold."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence
from dataclasses import replace

from diagnostics.code import library as lib
from diagnostics.code.attributes import attribute
from diagnostics.code.calls import call
from diagnostics.code.combine import blend, pick_columns
from diagnostics.code.interpreter import Interpreter
from diagnostics.code.names import guess_value
from diagnostics.code.stores import assign
from diagnostics.code.values import (
    TEST,
    TRAIN,
    UNKNOWN,
    Const,
    Data,
    Estimator,
    Fit,
    Func,
    Index,
    Lib,
    Many,
    Scope,
    Unknown,
    Value,
    datas,
    join,
    merge,
    side_of,
    texts,
)


def value_of(flow: Interpreter, node: ast.expr) -> Value:
    match node:
        case ast.Constant():
            return Const(node.value)
        case ast.Name():
            return _name(flow, node.id)
        case ast.Attribute():
            return attribute(flow.expr(node.value), node.attr)
        case ast.Call():
            return call(flow, node)
        case ast.Subscript():
            return _subscript(flow, node)
        case ast.BinOp():
            return _binary(flow, node)
        case ast.UnaryOp():
            return _unary(flow.expr(node.operand), node)
        case ast.Compare():
            return _compare(flow, [flow.expr(part) for part in (node.left, *node.comparators)], node)
        case ast.BoolOp():
            return blend([flow.expr(part) for part in node.values])
        case ast.IfExp():
            flow.expr(node.test)
            return join(flow.expr(node.body), flow.expr(node.orelse))
        case ast.Tuple() | ast.List() | ast.Set():
            return Many(tuple(_elements(flow, node.elts[:256])))
        case ast.Dict():
            keys = [key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else "" for key in node.keys]
            return Many(tuple(flow.expr(value) for value in node.values[:256]), tuple(keys[:256]))
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            return _comprehension(flow, node.generators, [node.elt])
        case ast.DictComp():
            return _comprehension(flow, node.generators, [node.value])
        case ast.Lambda():
            return Func(node, flow.scope)
        case ast.Starred() | ast.Await():
            return flow.expr(node.value)
        case ast.NamedExpr():
            value = flow.expr(node.value)
            flow.scope.names[node.target.id] = value
            return value
        case ast.Yield() | ast.YieldFrom():
            value = flow.expr(node.value)
            if flow.returns:
                flow.returns[-1].append(Many((value,)))
            return UNKNOWN
        case ast.Slice():
            return UNKNOWN
    return UNKNOWN


def _name(flow: Interpreter, name: str) -> Value:
    found = flow.lookup(name)
    if found is not None:
        return found
    if hasattr(builtins, name):
        return Lib(f"builtins.{name}")
    if lib.kind_of_class(name) or name == "train_test_split":
        # Imported with a star, or in a cell that did not parse.
        return Lib(f"unknown.{name}")
    value = guess_value(name, flow.unknown_rows)
    if isinstance(value, Data):
        flow.globals.names[name] = value
    return value


def _subscript(flow: Interpreter, node: ast.Subscript) -> Value:
    base = flow.expr(node.value)
    if isinstance(base, Many):
        return _item(flow, base, node.slice)
    if not isinstance(base, Data):
        key = flow.expr(node.slice)
        if isinstance(key, Data) and key.how == "choice":
            # X.columns[selector.get_support()]
            return key
        if isinstance(base, Estimator | Lib):
            if isinstance(base, Lib) and base.tail in ("r_", "c_"):
                return blend([key])
            return base if isinstance(base, Estimator) else UNKNOWN
        if isinstance(base, Index):
            return base
        return Unknown(base.loop) if isinstance(base, Unknown) else UNKNOWN
    located = isinstance(node.value, ast.Attribute) and node.value.attr in ("loc", "iloc", "at", "iat")
    if isinstance(node.slice, ast.Tuple) and node.slice.elts:
        rows = _rows(flow, base, node.slice.elts[0], located=True)
        return _columns(flow, rows, node.slice.elts[1]) if len(node.slice.elts) > 1 else rows
    return _rows(flow, base, node.slice, located=located)


def _rows(flow: Interpreter, base: Data, key: ast.expr, *, located: bool) -> Data:
    """One subscript: rows where it is a slice, mask or index, else columns."""
    if isinstance(key, ast.Slice):
        if key.lower is None and key.upper is None:
            return base
        return replace(base, cut=True, bounds=_bounds(key), piece=_piece(flow, key))
    value = flow.expr(key)
    if isinstance(value, Index):
        flow.watch.split([base], key, how="folds")
        return replace(base, rows=flow.child(base.rows, value.side, value.split), cut=False)
    if isinstance(value, Data):
        if value.how == "choice":
            chosen = frozenset(fit for fit in value.touched if fit.kind == lib.SELECTOR)
            return replace(base.seen(chosen), full=False, columns=None)
        if "curve" in {fit.kind for fit in value.touched}:
            return base.seen(value.touched)
        return replace(_filtered(base, value, key), cut=True)
    if isinstance(value, Unknown) and value.mask:
        return replace(base, cut=True)
    names = texts(value)
    if names is not None and not located:
        return pick_columns(base, names)
    if located or (isinstance(key, ast.Name) and side_of(key.id)):
        return replace(base, cut=True)
    return replace(base, full=False, columns=None)


def _filtered(base: Data, mask: Data, key: ast.expr) -> Data:
    """`base` after rows were left out by a bound that all rows gave, such as a quantile. A part that gets the name of a side
    loses the mark again: there the bound is the border of the split.
    """
    bounds = [fit for fit in mask.limits if fit.method not in lib.NO_BOUND]
    if not bounds or mask.target or any(fit.rows.within_train or fit.rows.held_out for fit in bounds):
        return base
    first = min(bounds, key=lambda fit: (fit.line, fit.name))
    made = Fit("rows", first.name, base.rows, getattr(key, "lineno", first.line), key, first.input, method=first.method)
    return base.seen(frozenset((made,)))


def _columns(flow: Interpreter, base: Data, key: ast.expr) -> Data:
    if isinstance(key, ast.Slice):
        return base if key.lower is None and key.upper is None else replace(base, full=False, columns=None)
    value = flow.expr(key)
    names = texts(value)
    if isinstance(value, Data) and value.how == "choice":
        base = base.seen(frozenset(fit for fit in value.touched if fit.kind == lib.SELECTOR))
    return pick_columns(base, names) if names is not None else replace(base, full=False, columns=None)


def _piece(flow: Interpreter, key: ast.Slice) -> str:
    if key.step is not None or (key.lower is None) == (key.upper is None):
        return ""
    edge = key.upper if key.lower is None else key.lower
    if edge is None or ast.unparse(edge)[:80] not in flow.borders:
        return ""
    return TRAIN if key.lower is None else TEST


def _bounds(key: ast.Slice) -> tuple[int | None, int | None] | None:
    """First and last row where both are written as numbers from the start."""
    ends: list[int | None] = []
    for part in (key.lower, key.upper):
        if part is None:
            ends.append(None)
        elif isinstance(part, ast.Constant) and isinstance(part.value, int) and not isinstance(part.value, bool):
            ends.append(part.value)
        else:
            return None
    return (ends[0], ends[1]) if key.step is None else None


def _item(flow: Interpreter, base: Many, key: ast.expr) -> Value:
    if isinstance(key, ast.Slice):
        return base
    value = flow.expr(key)
    if isinstance(value, Const):
        if isinstance(value.value, str) and value.value in base.keys:
            return base.items[base.keys.index(value.value)]
        if isinstance(value.value, int) and not base.keys and -len(base.items) <= value.value < len(base.items):
            return base.items[value.value]
    result: Value = UNKNOWN
    for item in base.items[:64]:
        result = join(result, item)
    return result


def _binary(flow: Interpreter, node: ast.BinOp) -> Value:
    left, right = flow.expr(node.left), flow.expr(node.right)
    if isinstance(node.op, ast.Add) and isinstance(left, Many) and isinstance(right, Many):
        return Many((*left.items, *right.items)[:256])
    found = [v for v in (left, right) if isinstance(v, Data)]
    if not found:
        others = [d for v in (left, right) for d in datas(v)]
        if others:
            return blend([left, right])
        if isinstance(left, Const) and isinstance(right, Const):
            return UNKNOWN
        return Unknown(max((v.loop for v in (left, right) if isinstance(v, Unknown)), default=0))
    if isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor):
        return replace(found[0], limits=frozenset(fit for v in found for fit in v.limits))
    if isinstance(node.op, ast.Div | ast.FloorDiv):
        for fit in {f for v in found for f in v.touched if f.kind == "statistic" and f.method in ("minimum", "maximum")}:
            # Divided by its largest value, a column is scaled; a bare extreme may be a date or an age.
            fit.confirmed = True
    first = next((v for v in found if not v.statistic), found[0])
    result = merge(first, found)
    how = next((v.how for v in found if v.how in ("future", "past")), "made")
    return replace(result, full=False, how=how, cut=False, target=first.target and len(found) == 1)


def _unary(value: Value, node: ast.UnaryOp) -> Value:
    if isinstance(value, Const) and isinstance(node.op, ast.USub) and isinstance(value.value, int | float):
        return Const(-value.value)
    return value if isinstance(value, Data | Unknown) else UNKNOWN


def _compare(flow: Interpreter, values: Sequence[Value], node: ast.Compare) -> Value:
    """A mask: which rows, not what they hold; a threshold that was looked up in the data is no feature."""
    found = [v for v in values if isinstance(v, Data)]
    if not found:
        loop = max((v.loop for v in values if isinstance(v, Unknown)), default=0)
        return Unknown(loop, mask=True)
    how = next((v.how for v in found if v.how in ("future", "past")), "made")
    curves = {fit for v in found for fit in v.touched if fit.kind == "curve"}
    first = next((v for v in found if not v.statistic and not any(f.kind == "curve" for f in v.touched)), found[0])
    if not any(fit in curves for fit in first.touched):
        # A point of the curve itself that is looked up, at 0.5 say, chooses nothing.
        flow.watch.thresholds(first, curves, node)
    columns = frozenset(name for v in found if v.columns for name in v.columns) or None
    kept = frozenset(fit for fit in first.touched if fit not in curves)
    loop = max((v.loop for v in values if isinstance(v, Unknown)), default=0)
    limits = frozenset(fit for v in found for fit in (*v.touched, *v.limits) if fit.kind in ("statistic", lib.SCALER))
    return replace(
        first,
        limits=limits,
        touched=kept,
        columns=columns,
        full=False,
        how=how,
        statistic=False,
        predicted=first.predicted,
        cut=False,
        searched=loop or first.searched,
    )


def _elements(flow: Interpreter, nodes: Sequence[ast.expr]) -> list[Value]:
    found: list[Value] = []
    for node in nodes:
        value = flow.expr(node)
        if isinstance(node, ast.Starred) and isinstance(value, Many):
            found += value.items
        else:
            found.append(value)
    return found


def _comprehension(flow: Interpreter, generators: Sequence[ast.comprehension], results: Sequence[ast.expr]) -> Value:
    """One item for each turn that is followed."""
    before = flow.scope
    flow.scope = Scope(outer=before)
    try:
        turns = flow.turns(flow.expr(generators[0].iter), generators[0].target)
        items: list[Value] = []
        for turn in turns:
            assign(flow, generators[0].target, turn, generators[0].target)
            for inner in generators[1:]:
                assign(flow, inner.target, flow.turns(flow.expr(inner.iter), inner.target)[0], inner.target)
            for generator in generators:
                for condition in generator.ifs:
                    chosen = flow.expr(condition)
                    if isinstance(chosen, Data) and any(fit.kind == lib.SELECTOR for fit in chosen.touched):
                        # [c for c in columns if abs(df[c].corr(df["y"])) > 0.1]
                        return replace(chosen, how="choice", statistic=True, cut=False)
            # A loop over settings inside brackets is a loop too.
            flow.loops.append(generators[0].target.lineno)
            items += [flow.expr(result) for result in results]
            flow.loops.pop()
        literal = len(turns) > 1
        return Many(tuple(items)) if literal or not all(isinstance(i, Const) for i in items) else UNKNOWN
    finally:
        flow.scope = before
