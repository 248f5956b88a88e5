"""Methods of tables, columns and arrays: which rows and columns are left, and what was learnt on the way."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from diagnostics.code import library as lib
from diagnostics.code.combine import drop_columns, pick_columns, replace_values
from diagnostics.code.fitting import call_value
from diagnostics.code.interpreter import Interpreter
from diagnostics.code.stores import rebind
from diagnostics.code.values import (
    UNKNOWN,
    Const,
    Data,
    Derived,
    Estimator,
    Fit,
    Func,
    Given,
    Rows,
    Unknown,
    Value,
    datas,
    merge,
    texts,
)

PARTS: Final = {"query", "filter_rows", "head", "tail", "take", "sample", "truncate", "between_time", "where_rows", "limit"}
KEEPS: Final = frozenset(
    [
        "copy",
        "reset_index",
        "astype",
        "dropna",
        "drop_duplicates",
        "sort_index",
        "reindex",
        "infer_objects",
        "to_frame",
        "replace",
        "rename",
        "round",
        "abs",
        "clip",
        "convert_dtypes",
        "persist",
        "cache",
        "na",
        "ffill",
        "pad",
        "to_numpy",
        "mask",
    ]
)
RESHAPES: Final = frozenset(
    ["reshape", "ravel", "flatten", "squeeze", "toarray", "todense", "tolist", "to_list", "view", "cpu", "numpy", "float"]
)
TIME_NAME: Final = re.compile(r"(?i)(date|time|timestamp|^ds$|month|period)")
SILENT: Final = frozenset(
    [
        "describe",
        "info",
        "hist",
        "plot",
        "boxplot",
        "cov",
        "isnull",
        "isna",
        "notnull",
        "nunique",
        "unique",
        "sum",
        "to_csv",
        "to_excel",
        "to_pickle",
        "to_parquet",
        "show",
        "count",
        "any",
        "all",
        "duplicated",
        "skew",
        "kurt",
        "keys",
        "memory_usage",
    ]
)
FILLERS: Final = {"fillna", "fill_null", "replace", "where", "mask", "clip"}


def method(flow: Interpreter, data: Data, name: str, where: ast.expr, given: Given) -> Value:
    """`data.name(...)`; where: how `data` is written."""
    result = _result(flow, data, name, given)
    inplace = given.kwargs.get("inplace")
    if isinstance(inplace, Const) and inplace.value is True and isinstance(result, Data):
        rebind(flow, where, result)
        return Const(None)
    if name in ("append", "insert", "update") and isinstance(result, Data) and name != "append":
        rebind(flow, where, result)
    if name == "pop" and isinstance(result, Data):
        rebind(flow, where, drop_columns(data, result.columns))
    return result


def _result(flow: Interpreter, data: Data, name: str, given: Given) -> Value:
    if name in lib.STATISTICS:
        return learn_statistic(flow, data, lib.STATISTICS[name], given)
    if name in ("drop", "pop"):
        return _drop(data, name, given)
    if name in ("fillna", "fill_null", "bfill", "backfill", "backward_fill", "interpolate"):
        return _fill(data, name, given)
    if name in ("shift", "rolling", "ewm", "expanding", "diff", "pct_change", "resample", "asfreq", "lag"):
        return _move(flow, data, name, given)
    if name in ("sort_values", "sort_index", "set_index", "orderBy"):
        written = texts(given.kwargs.get("by", given.args[0] if given.args else UNKNOWN)) or frozenset()
        in_time = name == "sort_index" or any(TIME_NAME.search(column) for column in written)
        mark = "indexed" if name == "set_index" else "sorted"
        marks = data.marks | {mark} if in_time else data.marks
        dropped = data.dropped | written if name == "set_index" else data.dropped
        return replace(data, marks=marks, dropped=dropped)
    if name == "sample":
        return sample_rows(data, given)
    if name == "randomSplit":
        return replace(data, cut=True)
    if name in ("apply", "transform", "map", "agg", "aggregate", "pipe", "applymap"):
        return _apply(flow, data, name, given)
    if name == "groupby":
        return replace(data, how="group", full=False)
    if name in PARTS:
        return replace(data, cut=True)
    if name in ("append", "join", "merge", "assign", "insert", "combine_first", "concat", "union", "hstack"):
        return _join(flow, data, name, given)
    if name in ("corr", "corrwith"):
        return choice(data, name, given)
    if name == "rank" and data.how != "group":
        return data.seen(frozenset((Fit("statistic", "rank", data.rows, given.node.lineno, given.node, method="rank"),)))
    if name == "between":
        limits = frozenset(fit for value in given.all for d in datas(value) for fit in d.touched if fit.kind == "statistic")
        return replace(data, how="made", limits=data.limits | limits, full=False)
    if name in ("all", "any") and data.limits:
        return data
    if name in SILENT:
        return Data(data.rows, statistic=True, marks=data.marks, how="index")
    if name in RESHAPES:
        return data
    if name in KEEPS:
        # A column that is cut at a quantile of itself was shaped by it.
        return replace_values(data, given.all, filled=name == "clip")
    if name == "select_dtypes" or name == "filter":
        return replace(data, full=False, columns=None)
    if name == "get":
        names = texts(given.args[0]) if given.args else None
        return pick_columns(data, names) if names else replace(data, full=False)
    if name in ("with_columns", "withColumn", "withColumns"):
        stored = [d for value in given.all for d in datas(value)]
        return data.seen(frozenset(fit for d in stored for fit in d.touched))
    if name == "over" and data.statistic:
        return replace(data, how="group")
    found = [d for value in given.all for d in datas(value)]
    return replace(merge(data, [d for d in found if not d.statistic or name in FILLERS]), full=False)


def choice(data: Data, name: str, given: Given) -> Data:
    """How much the columns have to do with each other or with the target: nothing leaks until columns are picked by it."""
    fit = Fit(lib.SELECTOR, name, data.rows, given.node.lineno, given.node, given.first, method=name)
    return Data(data.rows, frozenset((fit,)), statistic=True, marks=data.marks, how="choice")


def learn_statistic(flow: Interpreter, data: Data, name: str, given: Given) -> Value:
    """One number for each column, learnt from all rows; along the rows (axis 1) nothing is learnt from other rows."""
    # Tensors call it dim, and take it first.
    axis = given.kwargs.get("axis", given.kwargs.get("dim", given.args[0] if given.args else UNKNOWN))
    if isinstance(axis, Const) and not isinstance(axis.value, bool | float) and axis.value in (1, 2, -1, "columns"):
        return replace(data, full=False, columns=None)
    if data.how == "past" or data.how == "future":
        # Of a moving window: it belongs to its row.
        return data
    data = flow.settled(data, given.node)
    grouped = data.how == "group"
    if data.predicted or data.statistic or (data.target and not grouped):
        # Of answers, or of the target itself: nothing of it goes into the features.
        return replace(data, statistic=True)
    answer = data.target or bool(data.columns and data.columns <= flow.watch.targets)
    kind = "target" if grouped and answer else "statistic"
    fit = Fit(kind, name, data.rows, given.node.lineno, given.node, method=name)
    fit.confirmed = not grouped and name not in lib.WEAK
    return Data(data.rows, frozenset((fit,)), statistic=True, columns=data.columns, target=data.target)


def _drop(data: Data, name: str, given: Given) -> Value:
    value = given.kwargs.get("columns", given.kwargs.get("labels", given.args[0] if given.args else UNKNOWN))
    if name == "pop":
        return pick_columns(data, texts(value) or frozenset(("?",)))
    axis = given.kwargs.get("axis", given.args[1] if len(given.args) > 1 else UNKNOWN)
    across = "columns" in given.kwargs or (isinstance(axis, Const) and axis.value in (1, "columns"))
    names = texts(value)
    if across:
        return drop_columns(data, names)
    if isinstance(value, Data) or "index" in given.kwargs:
        return replace(data, cut=True)
    # Spark drops columns by name; a number is a row.
    return drop_columns(data, names) if names else data


def _fill(data: Data, name: str, given: Given) -> Value:
    how = given.kwargs.get("method", given.args[0] if name == "interpolate" and given.args else UNKNOWN)
    direction = given.kwargs.get("limit_direction")
    how = given.kwargs.get("strategy", how)
    backward = name in ("bfill", "backfill", "backward_fill")
    backward |= isinstance(how, Const) and how.value in ("bfill", "backfill", "backward")
    backward |= isinstance(direction, Const) and direction.value in ("backward", "both")
    if backward:
        if not data.marks:
            return data
        fit = Fit("backward", "bfill", data.rows, given.node.lineno, given.node)
        return data.seen(frozenset((fit,)))
    if isinstance(how, Const) and how.value in ("mean", "min", "max"):
        fit = Fit("statistic", str(how.value), data.rows, given.node.lineno, given.node, method=str(how.value))
        return data.seen(frozenset((fit,)))
    return replace_values(data, given.all, filled=True)


def _move(flow: Interpreter, data: Data, name: str, given: Given) -> Value:
    first = given.kwargs.get("periods", given.args[0] if given.args else UNKNOWN)
    marks = data.marks | {"lagged"}
    centre = given.kwargs.get("center")
    if isinstance(centre, Const) and centre.value is True:
        flow.watch.centred(given.node)
    if name == "shift" and isinstance(first, Const) and isinstance(first.value, int) and first.value < 0:
        return replace(data, marks=marks, how="future", full=False)
    if name in ("resample", "asfreq"):
        return replace(data, marks=data.marks | {"indexed", "parsed"})
    return replace(data, marks=marks, how="past" if data.how != "future" else "future")


def sample_rows(data: Data, given: Given) -> Data:
    """`sample`: with replacement, or more than there is, the same row comes out more than once."""
    replaced = given.kwargs.get("replace", given.kwargs.get("withReplacement", UNKNOWN))
    if isinstance(replaced, Const) and replaced.value is True:
        fit = Fit("repeated", "sample", data.rows, given.node.lineno, given.node)
        return replace(data.seen(frozenset((fit,))), cut=False)
    share = given.kwargs.get("frac")
    if isinstance(share, Const) and share.value in (1, 1.0):
        # All rows in another order.
        return replace(data, marks=data.marks - {"sorted"})
    return replace(data, cut=True)


def _apply(flow: Interpreter, data: Data, name: str, given: Given) -> Value:
    if not given.args:
        return data
    function = given.args[0]
    if data.how == "group":
        asked = texts(function) or frozenset()
        if name in ("transform", "agg", "aggregate") and asked:
            told = learn_statistic(flow, data, min(asked), given)
            for fit in told.touched if isinstance(told, Data) and name == "transform" else ():
                # It comes back row by row, as a feature.
                fit.confirmed = fit.confirmed or fit.kind == "target"
            return told
        if isinstance(function, Func):
            return call_value(flow, function, Given((replace(data, how=""),), {}, given.node))
        return replace(data, full=False)
    if isinstance(function, Data) and function.statistic:
        # df["city"].map(means): each row gets what its group's rows said.
        for fit in function.touched:
            fit.confirmed = fit.confirmed or fit.kind == "target" or fit.method == "counts"
        return replace(data.seen(function.touched), how="made")
    if isinstance(function, Func | Estimator) or type(function).__name__ in ("Bound", "Lib"):
        axis = given.kwargs.get("axis")
        by_row = isinstance(axis, Const) and axis.value in (1, "columns")
        element = name in ("map", "applymap") or (data.columns is not None and len(data.columns) == 1 and name == "apply")
        if by_row or (element and isinstance(function, Func)):
            # One row or one value at a time: nothing is learnt from others.
            flow.tick(3)
            handed: Data = replace(data, full=False, how="made")
            calm = Unknown()
            outcome = call_value(flow, function, Given((calm,), {}, given.node)) if isinstance(function, Func) else handed
            learnt = frozenset(fit for d in datas(outcome) for fit in d.touched)
            return handed.seen(learnt)
        outcome = call_value(flow, function, Given((data, *given.args[1:]), {}, given.node))
        return outcome if isinstance(outcome, Data) and not outcome.statistic else replace(data, how="made")
    asked = texts(function) or frozenset()
    if asked & lib.STATISTICS.keys() and name in ("agg", "aggregate"):
        return learn_statistic(flow, data, lib.STATISTICS[min(asked & lib.STATISTICS.keys())], given)
    return replace(data, how="made")


def _join(flow: Interpreter, data: Data, name: str, given: Given) -> Value:
    others = [d for value in given.all for d in datas(value) if not d.statistic]
    encoded = frozenset(
        fit for value in given.all for d in datas(value) for fit in d.touched if d.statistic and fit.kind == "target"
    )
    for fit in encoded:
        fit.confirmed = True
    data = data.seen(encoded)
    if name == "assign":
        derived = data.derived
        made = {c: call_value(flow, v, Given((data,), {}, given.node)) for c, v in given.kwargs.items() if isinstance(v, Func)}
        data = data.seen(frozenset(fit for value in made.values() for d in datas(value) for fit in d.touched))
        for column, value in (dict(given.kwargs) | made).items():
            for d in datas(value):
                if d.columns:
                    derived |= {Derived(column, d.columns, d.how, given.node.lineno)}
        return replace(
            merge(data, [replace(d, full=True, columns=None) for d in others]), derived=derived, full=data.full, columns=None
        )
    if name in ("append", "union", "concat"):
        return stack_rows([data, *others])
    return replace(merge(data, others), full=False, columns=None, how="")


def stack_rows(found: Sequence[Data]) -> Data:
    """Rows of several tables below each other."""
    first = found[0]
    sets = list({id(d.rows): d.rows for d in found}.values())
    result = merge(first, list(found))
    if len(sets) == 1:
        return replace(result, full=first.full, columns=first.columns, how="")
    wholes = {id(rows.whole) for rows in sets}
    if len(wholes) == 1 and sets[0].whole is not None and not any(rows.side for rows in sets):
        rows = sets[0].whole
    elif all(rows.side == "train" or rows.side == "val" for rows in sets) and any(rows.side == "train" for rows in sets):
        # Training and validation rows together are what a last fit before the test uses.
        rows = next(rows for rows in sets if rows.side == "train")
        rows = Rows("train", whole=rows.whole, parts=tuple(sets), depth=1 + max(r.depth for r in sets))
    else:
        rows = Rows(parts=tuple(sets[:8]), depth=1 + max(r.depth for r in sets))
    return replace(result, rows=rows, root=rows, full=False, columns=None, how="", touched=result.touched)
