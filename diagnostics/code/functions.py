"""Functions of the libraries that part, join or measure rows, and those of Python that hand values on one by one."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from diagnostics.code import frames
from diagnostics.code import library as lib
from diagnostics.code.combine import blend, replace_values
from diagnostics.code.interpreter import Interpreter
from diagnostics.code.values import UNKNOWN, Const, Data, Estimator, Fit, Func, Given, Many, Unknown, Value, datas

STACKS: Final = {"concat", "vstack", "concatenate", "append", "row_stack", "chain"}
BESIDE: Final = {"hstack", "column_stack", "merge", "c_", "stack"}


def _split(flow: Interpreter, name: str, given: Given) -> Value:
    parts = [next(iter(datas(value)), None) for value in given.args]
    found = [part for part in parts if part is not None]
    shuffled = given.kwargs.get("shuffle")
    ordered = isinstance(shuffled, Const) and shuffled.value is False
    flow.watch.split(found, given.node, order="" if ordered else "random")
    if len(found) > 1:
        flow.watch.trained(found[0], found[1], given.node)
    number = _number(flow, given)
    result: list[Value] = []
    for part in parts:
        for side in ("train", "test"):
            if part is None:
                result.append(UNKNOWN)
                continue
            result.append(replace(part, rows=flow.child(part.rows, side, number), cut=False))
    return Many(tuple(result))


def _number(flow: Interpreter, given: Given) -> int:
    """Two splits with the same seed and sizes part the rows alike."""
    seed = given.kwargs.get("random_state")
    if not (isinstance(seed, Const) and isinstance(seed.value, int)):
        return flow.new_split()
    written = sorted(f"{k.arg}={ast.unparse(k.value)[:80]}" for k in given.node.keywords if k.arg not in (None, "stratify"))
    return flow.seeded_split(";".join(written))


def _cross_validate(flow: Interpreter, name: str, given: Given) -> Value:
    parts = [d for value in given.all[1:] for d in datas(value)]
    folds = given.kwargs.get("cv")
    order = folds.order if isinstance(folds, Estimator) else ""
    flow.watch.split(parts, given.node, how="folds", order=order)
    if len(parts) > 1:
        flow.watch.trained(parts[0], parts[1], given.node)
    return UNKNOWN


def _fit_function(flow: Interpreter, name: str, given: Given) -> Value:
    data = given.data(0, "X", "a", "x")
    if data is None:
        return UNKNOWN
    axis = given.kwargs.get("axis")
    if isinstance(axis, Const) and axis.value == 1:
        return data
    fit = Fit(lib.SCALER, name, data.rows, given.node.lineno, given.node, given.first, method=name)
    flow.watch.fitted(fit, data)
    result = data.seen(frozenset((fit,)))
    return Many((result, UNKNOWN)) if name in ("boxcox", "yeojohnson") else result


def _stack(flow: Interpreter, name: str, given: Given) -> Value:
    axis = given.kwargs.get("axis", given.args[1] if len(given.args) > 1 and name != "append" else UNKNOWN)
    found = [d for value in given.args[: 2 if name == "append" else 1] for d in datas(value)]
    found += [d for key in ("objs", "tup", "arrays") for d in datas(given.kwargs.get(key, UNKNOWN))]
    if not found:
        return UNKNOWN
    beside = name in BESIDE or (isinstance(axis, Const) and axis.value in (1, -1, "columns"))
    if beside:
        result = blend(found)
        return replace(result, how="") if isinstance(result, Data) else result
    result = frames.stack_rows(found)
    if _twice(given):
        fit = Fit("repeated", "concat", found[0].rows, given.node.lineno, given.node, given.first)
        return result.seen(frozenset((fit,)))
    return result


def _twice(given: Given) -> bool:
    """Whether one table is stacked on itself: [df, df.copy()], [df] * 3."""
    listed = given.first
    if isinstance(listed, ast.BinOp) and isinstance(listed.op, ast.Mult):
        return isinstance(listed.left, ast.List | ast.Tuple) or isinstance(listed.right, ast.List | ast.Tuple)
    if not isinstance(listed, ast.List | ast.Tuple):
        return False
    names = [_bare(item) for item in listed.elts[:32]]
    known = [name for name in names if name]
    return len(set(known)) < len(known)


def _bare(node: ast.expr) -> str:
    """The name of a table, also where it is copied or its index is made anew."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("copy", "reset_index"):
        node = node.func.value
    return node.id if isinstance(node, ast.Name) else ""


def _repeat(flow: Interpreter, name: str, given: Given) -> Value:
    """np.repeat and np.tile along the rows."""
    data = given.data(0, "a", "A")
    if data is None or data.statistic:
        return UNKNOWN
    fit = Fit("repeated", name, data.rows, given.node.lineno, given.node, given.first)
    return data.seen(frozenset((fit,)))


def _choice(flow: Interpreter, name: str, given: Given) -> Value:
    data = given.data(0, "X", "x")
    if data is None:
        return UNKNOWN
    chosen = frames.choice(data, name, given)
    return chosen if name.startswith("mutual") else Many((chosen, chosen))


def _bins(flow: Interpreter, name: str, given: Given) -> Value:
    """Bins whose borders are quantiles of all rows."""
    data = given.data(0, "x")
    if data is None or data.target:
        return UNKNOWN if data is None else data
    fit = Fit(lib.BINNER, name, data.rows, given.node.lineno, given.node, given.first, method=name)
    return replace(data.seen(frozenset((fit,))), how="made")


def best_of(flow: Interpreter, given: Given) -> Value:
    """max(settings, key=score): the function is called for each setting."""
    key = given.kwargs.get("key")
    if isinstance(key, Func):
        flow.loops.append(given.node.lineno)
        flow.inline(key, [Unknown(given.node.lineno)], {}, given.node)
        flow.loops.pop()
        return Unknown(given.node.lineno) if not any(datas(v) for v in given.args) else blend(given.args)
    found = [d for value in given.args for d in datas(value)]
    return UNKNOWN if found and not found[0].statistic else blend(given.args)


def _resample(flow: Interpreter, name: str, given: Given) -> Value:
    found = [d for value in given.args for d in datas(value)]
    if not found:
        return UNKNOWN
    replaced = given.kwargs.get("replace")
    again = not (isinstance(replaced, Const) and replaced.value is False)
    fit = Fit("repeated", "resample", found[0].rows, given.node.lineno, given.node, given.first)
    drawn = [replace(d.seen(frozenset((fit,)) if again else frozenset()), cut=False) for d in found]
    return drawn[0] if len(drawn) == 1 else Many(tuple(drawn))


def measure_score(flow: Interpreter, name: str, given: Given) -> Value:
    found = [d for value in given.all for d in datas(value)]
    if not found:
        return UNKNOWN
    for data in found:
        flow.watch.searched(data, given.node, flow.loops)
    answered = next((d for d in found if d.rows.held_out), None)
    if answered is not None:
        flow.watch.tested(None, answered, given.node, flow.loops)
    if name in ("roc_curve", "precision_recall_curve"):
        fit = Fit("curve", name, found[0].rows, given.node.lineno, given.node, confirmed=False)
        curve = Data(found[0].rows, frozenset((fit,)), statistic=True, how="curve")
        return Many((curve, curve, curve))
    return UNKNOWN


def _choose(flow: Interpreter, name: str, given: Given) -> Value:
    """np.where(mask, a, b): values of a or b; the mask says which rows only."""
    if len(given.args) < 3:
        return blend(given.args)
    values = [d for value in given.args[1:3] for d in datas(value)]
    rows = next(iter(datas(given.args[0])), None)
    how = rows.how if rows is not None and rows.how in ("future", "past") else "made"
    if not values:
        return replace(rows, how=how) if rows is not None else UNKNOWN
    base = next((d for d in values if not d.statistic), rows or values[0])
    columns = frozenset(n for d in [*values, *([rows] if rows else [])] if d.columns for n in d.columns)
    return replace(replace_values(base, values), how=how, columns=columns or None)


def _parsed(flow: Interpreter, name: str, given: Given) -> Value:
    data = given.data(0, "arg")
    return replace(data, marks=data.marks | {"parsed"}) if data is not None else UNKNOWN


def _pair(flow: Interpreter, name: str, given: Given) -> Value:
    """zip and enumerate, item by item."""
    lists = [flow.turns(value, given.node) for value in given.args[:8]]
    if name == "enumerate":
        return Many(tuple(Many((UNKNOWN, item)) for item in lists[0])) if lists else UNKNOWN
    length = max((len(items) for items in lists), default=0)
    rows = [tuple(items[i] if i < len(items) else items[-1] if items else UNKNOWN for items in lists) for i in range(length)]
    return Many(tuple(Many(row) for row in rows))


def _next(flow: Interpreter, name: str, given: Given) -> Value:
    first = given.args[0] if given.args else UNKNOWN
    return first.items[0] if isinstance(first, Many) and first.items else UNKNOWN


def _parts(flow: Interpreter, name: str, given: Given) -> Value:
    """Functions whose parts get their sides from the names that they are given."""
    found = [d for value in given.args[:1] for d in datas(value)]
    return replace(found[0], cut=True) if found else UNKNOWN


def _wrap(flow: Interpreter, name: str, given: Given) -> Value:
    found = [d for value in given.args for d in datas(value)]
    return replace(found[0], marks=found[0].marks | {"indexed", "parsed"}) if found else UNKNOWN


Special = Callable[[Interpreter, str, Given], Value]
SPECIAL: Final[Mapping[str, Special]] = {
    "train_test_split": _split,
    **dict.fromkeys(lib.CROSS_VALIDATION | {"cv"}, _cross_validate),
    **dict.fromkeys(lib.FITTED_FUNCTIONS, _fit_function),
    **dict.fromkeys(STACKS | BESIDE, _stack),
    "resample": _resample,
    **dict.fromkeys(("where", "select"), _choose),
    "to_datetime": _parsed,
    "DatetimeIndex": _parsed,
    **dict.fromkeys(("zip", "enumerate", "izip"), _pair),
    "next": _next,
    **dict.fromkeys(lib.SELECTING - {"corr", "corrwith"}, _choice),
    **dict.fromkeys(("repeat", "tile"), _repeat),
    "qcut": _bins,
    **dict.fromkeys(("random_split", "split", "array_split", "train_val_split", "split_data", "train_test"), _parts),
    "timeseries_dataset_from_array": _wrap,
}
