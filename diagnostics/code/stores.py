"""Assignments: what a name, a column or an attribute holds afterwards."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from diagnostics.code.combine import drop_columns
from diagnostics.code.interpreter import Interpreter
from diagnostics.code.names import is_data_name, is_target_name
from diagnostics.code.values import (
    TEST,
    TRAIN,
    UNKNOWN,
    VALIDATION,
    Const,
    Data,
    Derived,
    Estimator,
    Instance,
    Many,
    Rows,
    Unknown,
    Value,
    datas,
    estimators,
    side_of,
    texts,
)


def assign(flow: Interpreter, target: ast.expr, value: Value, node: ast.AST) -> None:
    """`node`: the whole statement."""
    match target:
        case ast.Name():
            scope = flow.globals if target.id in flow.scope.elsewhere else flow.scope
            scope.names[target.id] = _give_name(flow, target.id, value, node)
            flow.scope.changed.discard(target.id)
        case ast.Tuple() | ast.List():
            _unpack(flow, target.elts, value, node)
        case ast.Starred():
            assign(flow, target.value, value, node)
        case ast.Attribute():
            base = flow.expr(target.value)
            if isinstance(base, Instance):
                base.names[target.attr] = _give_name(flow, target.attr, value, node)
            elif isinstance(base, Data) and target.attr not in ("columns", "index", "name", "names", "shape", "dtype"):
                _store(flow, target.value, base, Const(target.attr), value, node)
        case ast.Subscript():
            base = flow.expr(target.value)
            key = flow.expr(target.slice)
            if isinstance(base, Data):
                _store(flow, target.value, base, key, value, node, target.slice)
            elif isinstance(base, Many):
                name = key.value if isinstance(key, Const) and isinstance(key.value, str) else ""
                items = {k or str(i): v for i, (k, v) in enumerate(zip(_keys(base), base.items, strict=True))}
                items[name or f"#{len(items)}"] = value
                if len(items) <= 64:
                    rebind(flow, target.value, Many(tuple(items.values()), tuple(items)))


def rebind(flow: Interpreter, where: ast.expr, value: Value) -> None:
    """The object at `where` was changed in place."""
    if isinstance(where, ast.Attribute) and where.attr in ("loc", "iloc", "at", "iat", "values"):
        where = where.value
    match where:
        case ast.Name():
            flow.scope.names[where.id] = value
            flow.scope.changed.add(where.id)
        case ast.Attribute():
            base = flow.expr(where.value)
            if isinstance(base, Instance):
                base.names[where.attr] = value
            elif isinstance(base, Data) and isinstance(value, Data):
                # df.column.fillna(..., inplace=True) changes a column of df.
                _store(flow, where.value, base, Const(where.attr), value, where)
        case ast.Subscript():
            base = flow.expr(where.value)
            if isinstance(base, Data) and isinstance(value, Data):
                _store(flow, where.value, base, flow.expr(where.slice), value, where)
            elif isinstance(base, Many):
                assign(flow, where, value, where)


def remove(flow: Interpreter, target: ast.expr) -> None:
    """`del df["column"]`, or a name."""
    match target:
        case ast.Subscript():
            base = flow.expr(target.value)
            names = texts(flow.expr(target.slice))
            if isinstance(base, Data):
                rebind(flow, target.value, drop_columns(base, names))
        case ast.Name():
            flow.scope.names.pop(target.id, None)


def _keys(value: Many) -> Sequence[str]:
    return value.keys or [""] * len(value.items)


def _give_name(flow: Interpreter, name: str, value: Value, node: ast.AST) -> Value:
    """`value` under its new name, which may tell which part of the rows it is, or that it is the answer."""
    side = side_of(name)
    if isinstance(value, Data):
        if side == VALIDATION and value.rows.side == TEST and value.rows.whole is not None:
            # The second part of a split, by its name: choosing on it is what it is for.
            value.rows.side = VALIDATION
        if value.cut and side and not value.statistic:
            value = _part(flow, name, value, side, node)
        if not value.rows.named and not value.rows.side:
            value.rows.named = name
        if is_target_name(name) and not value.statistic:
            flow.watch.targets |= value.columns or frozenset()
            value = replace(value, target=True)
        return replace(flow.settled(value, node), cut=False, piece="") if value.cut and not side else value
    if isinstance(value, Unknown) and not value.loop and not value.mask and is_data_name(name):
        called = isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if side:
            root = Rows(named=name)
            return Data(Rows(side, whole=root), root=root, target=is_target_name(name))
        if called:
            # What a function of another file gave back, under the name of a table.
            root = flow.origin(node)
            return Data(root, root=root, target=is_target_name(name))
    if isinstance(value, Estimator) and not value.line:
        value.line = getattr(node, "lineno", 0)
    return value


def _part(flow: Interpreter, name: str, value: Data, side: str, node: ast.AST) -> Data:
    """A slice, mask or sample whose name says which side it is: here the rows are split."""
    value = _at_border(value, node)
    flow.watch.split([value], node)
    rows = Rows(side, whole=value.rows, named=name, bounds=value.rows.bounds, depth=value.rows.depth)
    if value.bounds is not None:
        rows.bounds = value.bounds
        flow.sliced(rows, node)
    return replace(value, rows=rows, cut=False, piece="")


def _at_border(value: Data, node: ast.AST) -> Data:
    """Without the bound of the statement itself: it is where the rows are split."""
    lines = range(getattr(node, "lineno", 0), (getattr(node, "end_lineno", 0) or 0) + 1)
    return replace(value, touched=frozenset(fit for fit in value.touched if fit.kind != "rows" or fit.line not in lines))


def _unpack(flow: Interpreter, targets: Sequence[ast.expr], value: Value, node: ast.AST) -> None:
    if isinstance(value, Many) and len(value.items) == len(targets) and not any(isinstance(t, ast.Starred) for t in targets):
        parted = [d for item in value.items for d in datas(item) if d.cut]
        if parted and len({_side(t) for t in targets} - {""}) > 1:
            _split_by_names(flow, targets, value, node)
            return
        for target, item in zip(targets, value.items, strict=True):
            assign(flow, target, item, node)
        return
    sides = {_side(target) for target in targets}
    if TRAIN in sides and len(sides - {""}) > 1:
        _split_by_names(flow, targets, value, node)
        return
    found = datas(value)
    for target in targets:
        own: Value = UNKNOWN
        if isinstance(value, Data):
            own = replace(value, full=False, columns=None)
        elif found:
            own = replace(found[0], full=False, columns=None)
        elif isinstance(value, Unknown):
            own = value
            if isinstance(target, ast.Name) and is_data_name(target.id) and isinstance(node, ast.Assign):
                own = Data(flow.child(_origin(flow, node), "", 0), root=flow.child(_origin(flow, node), "", 0))
        elif estimators(value):
            own = estimators(value)[0]
        assign(flow, target, own, node)


def _side(target: ast.expr) -> str:
    if isinstance(target, ast.Tuple | ast.List):
        return next((side for t in target.elts if (side := _side(t))), "")
    return (
        side_of(target.id) if isinstance(target, ast.Name) else side_of(target.attr) if isinstance(target, ast.Attribute) else ""
    )


def _origin(flow: Interpreter, node: ast.AST) -> Rows:
    """The rows that one statement brought in, the same object each time."""
    return flow.origin(node)


def _split_by_names(flow: Interpreter, targets: Sequence[ast.expr], value: Value, node: ast.AST) -> None:
    """`a_train, a_test = something(a)`: the names say how it was split."""
    found = [_at_border(d, node) for d in datas(value) if not d.statistic]
    whole = found[0] if found else Data(_origin(flow, node))
    if found and not any(d.rows.side for d in found):
        flow.watch.split(found, node)
    split = flow.new_split()
    for position, target in enumerate(targets):
        if isinstance(target, ast.Tuple | ast.List):
            _split_by_names(flow, target.elts, replace(whole, rows=flow.child(whole.rows, _side(target), split)), node)
            continue
        own = whole
        if isinstance(value, Many) and position < len(value.items):
            own = _at_border(next(iter(datas(value.items[position])), whole), node)
        side = _side(target)
        rows = own.rows if own.rows.side and not own.cut else flow.child(own.rows, side or TEST, split) if side else own.rows
        assign(flow, target, replace(own, rows=rows, cut=False), node)


def _store(
    flow: Interpreter, where: ast.expr, base: Data, key: Value, value: Value, node: ast.AST, written: ast.expr | None = None
) -> None:
    """`base[key] = value`: the table now holds what was learnt for the value."""
    names = texts(key)
    if isinstance(key, Many) and not names:
        # df.loc[rows, "column"]
        names = next((found for item in key.items[1:2] if (found := texts(item))), None)
    line = getattr(node, "lineno", 0)
    result = base
    stored = datas(value)
    for data in stored:
        learnt = frozenset(fit for fit in data.touched if fit.kind != "curve")
        result = replace(result.seen(learnt), marks=result.marks | data.marks, derived=result.derived | data.derived)
        if names and len(names) == 1 and data.columns and (data.how or data.columns != names) and not data.target:
            column = next(iter(names))
            result = replace(result, derived=result.derived | {Derived(column, data.columns, data.how, line)})
    if names:
        # A column that was taken out and stored again is back.
        columns = result.columns | names if result.columns is not None else None
        result = replace(result, columns=columns, dropped=result.dropped - names)
        if not stored or not any(d.columns for d in stored):
            result = replace(result, derived=frozenset(d for d in result.derived if d.column not in names or d.line == line))
    if base.rows.held_out and base.rows.whole is not None:
        for data in stored:
            for fit in data.touched:
                if fit.kind == "statistic" and fit.confirmed and fit.rows is base.rows:
                    flow.watch.fitted(fit, base)
    rebind(flow, where, replace(result, cut=False))
