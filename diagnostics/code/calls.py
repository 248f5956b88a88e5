"""Calls: functions of the script, of the libraries, and methods of whatever stands before the dot."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Final

from diagnostics.code import fitting, frames
from diagnostics.code import library as lib
from diagnostics.code.attributes import attribute
from diagnostics.code.combine import blend, pick_columns
from diagnostics.code.functions import SPECIAL, best_of, measure_score
from diagnostics.code.interpreter import Interpreter
from diagnostics.code.stores import rebind
from diagnostics.code.values import (
    UNKNOWN,
    Bound,
    Class,
    Const,
    Data,
    Estimator,
    Func,
    Given,
    Instance,
    Lib,
    Many,
    Unknown,
    Value,
    datas,
    estimators,
    texts,
)

WRAPS: Final = frozenset(
    [
        "list",
        "tuple",
        "set",
        "sorted",
        "reversed",
        "tqdm",
        "iter",
        "array",
        "asarray",
        "deepcopy",
        "copy",
        "track",
        "shuffle",
        "DataFrame",
        "Series",
        "csr_matrix",
        "tensor",
        "from_numpy",
        "FloatTensor",
        "Tensor",
        "DMatrix",
        "Pool",
        "Dataset",
        "LongTensor",
        "TensorDataset",
        "DataLoader",
        "ascontiguousarray",
        "ravel",
        "reshape",
        "expand_dims",
        "squeeze",
        "float32",
        "get_dummies",
    ]
)
EXPRESSIONS: Final = {"with_columns", "select", "withColumn", "filter", "agg", "withColumns"}
"""Methods of polars and Spark whose arguments speak of the table's columns."""

READS: Final = {"csv", "parquet", "json", "orc", "jdbc", "load", "table", "text", "sql", "toDF", "createDataFrame"}
"""What a Spark session reads rows with."""

MEASURED: Final = {"len", "print", "display", "range", "type", "isinstance", "round", "int", "float", "str", "id", "hash", "dict"}


def call(flow: Interpreter, node: ast.Call) -> Value:
    function = node.func
    base: Value = UNKNOWN
    if isinstance(function, ast.Attribute):
        base = flow.expr(function.value)
        callee: Value = UNKNOWN
        if isinstance(base, Lib | Instance | Class):
            callee = attribute(base, function.attr)
    else:
        callee = flow.expr(function)
    within = isinstance(base, Data) and isinstance(function, ast.Attribute) and function.attr in EXPRESSIONS
    if within and isinstance(base, Data):
        flow.frames.append(base)
    given = _read_arguments(flow, node)
    if within:
        flow.frames.pop()
    if not isinstance(function, ast.Attribute) or isinstance(base, Lib | Class):
        return _function(flow, callee, function, given)
    if isinstance(base, Instance):
        return _of_instance(flow, base, function, callee, given)
    return _method(flow, base, function, given)


def _read_arguments(flow: Interpreter, node: ast.Call) -> Given:
    args: list[Value] = []
    for argument in node.args[:128]:
        value = flow.expr(argument)
        if isinstance(argument, ast.Starred) and isinstance(value, Many):
            args += value.items
        else:
            args.append(value)
    kwargs: dict[str, Value] = {}
    for keyword in node.keywords[:128]:
        value = flow.expr(keyword.value)
        if keyword.arg is not None:
            kwargs[keyword.arg] = value
        elif isinstance(value, Many):
            kwargs.update({name: item for name, item in zip(value.keys, value.items, strict=False) if name})
        else:
            kwargs["**"] = value
    return Given(args, kwargs, node)


def _function(flow: Interpreter, callee: Value, written: ast.expr, given: Given) -> Value:
    match callee:
        case Func():
            return flow.inline(callee, given.args, dict(given.kwargs), given.node)
        case Class():
            return _object(flow, callee, given)
        case Lib():
            return library_call(flow, callee, given)
        case Bound() if isinstance(callee.receiver, Estimator):
            return fitting.method(flow, callee.receiver, callee.method, given)
        case Estimator() | Instance():
            found = [d for value in given.all for d in datas(value)]
            return Data(found[0].rows, predicted=True) if found else callee
    name = written.id if isinstance(written, ast.Name) else ""
    return library_call(flow, Lib(f"unknown.{name}"), given) if name else blend(given.all)


def _object(flow: Interpreter, cls: Class, given: Given) -> Value:
    bases = [b.attr if isinstance(b, ast.Attribute) else b.id if isinstance(b, ast.Name) else "" for b in cls.node.bases]
    known = next((kind for name in bases if (kind := lib.kind_of_class(name))), "")
    if known and known != lib.PIPELINE:
        return fitting.make(flow, cls.node.name, known, given)
    if "TransformerMixin" in bases:
        # What it learns, if anything, is in its own fit; as a step of a pipeline it is at its place.
        return Estimator(lib.STATELESS, cls.node.name)
    return flow.make(cls, given.args, dict(given.kwargs), given.node)


def _of_instance(flow: Interpreter, base: Instance, function: ast.Attribute, callee: Value, given: Given) -> Value:
    if isinstance(callee, Func):
        return flow.inline(callee, given.args, dict(given.kwargs), given.node)
    if isinstance(callee, Unknown) and function.attr in fitting.METHODS:
        return blend(given.all)
    return _function(flow, callee, function, given)


def _method(flow: Interpreter, base: Value, function: ast.Attribute, given: Given) -> Value:
    name = function.attr
    match base:
        case Data() if name in fitting.FITS and not isinstance(given.node.func, ast.Name) and name.startswith("fit"):
            # A name that holds rows has no fit; it was used for an estimator before.
            return blend(given.all)
        case Data():
            return frames.method(flow, base, name, function.value, given)
        case Estimator():
            return fitting.method(flow, base, name, given)
        case Bound() if isinstance(base.receiver, Estimator):
            return fitting.method(flow, base.receiver, name, given)
        case Many():
            return _of_container(flow, base, name, function.value, given)
        case Func() if name in ("delay", "remote"):
            return flow.inline(base, given.args, dict(given.kwargs), given.node)
    if name in fitting.METHODS and (isinstance(base, Unknown | Const)):
        return _guess(flow, function, name, given)
    if name in READS and _of_session(function.value) and not any(datas(value) for value in given.all):
        rows = flow.origin(given.node)
        return Data(rows, full=True, root=rows)
    if name == "optimize" and given.args and isinstance(given.args[0], Func):
        # A study calls its objective again and again with other settings.
        flow.loops.append(given.node.lineno)
        result = flow.inline(given.args[0], [Unknown(given.node.lineno)], {}, given.node)
        flow.loops.pop()
        return result
    return blend([base, *given.all])


def _of_session(written: ast.expr) -> bool:
    """spark.read, spark.read.format("csv").option(...), spark, sqlContext."""
    for _ in range(12):
        match written:
            case ast.Call(func=inner):
                written = inner
            case ast.Attribute(attr="read"):
                return True
            case ast.Attribute(value=inner):
                written = inner
            case ast.Name(id=name):
                return "spark" in name.lower() or name in ("sqlContext", "session")
            case _:
                return False
    return False


def _guess(flow: Interpreter, function: ast.Attribute, name: str, given: Given) -> Value:
    """A method of an object that came from elsewhere; its name says what it probably is."""
    written = function.value
    label = written.id if isinstance(written, ast.Name) else written.attr if isinstance(written, ast.Attribute) else ""
    made = fitting.from_variable(label)
    if made is None:
        if name in ("fit_transform", "transform") or name == "split":
            return blend(given.all)
        made = Estimator(lib.RESAMPLER if name in ("fit_resample", "fit_sample") else lib.MODEL, label or "model")
    if name in fitting.FITS and isinstance(written, ast.Name | ast.Attribute):
        rebind(flow, written, made)
    return fitting.method(flow, made, name, given)


def _of_container(flow: Interpreter, base: Many, name: str, where: ast.expr, given: Given) -> Value:
    if name in ("append", "add", "insert", "extend") and given.args:
        item = given.args[-1]
        if not isinstance(item, Const | Unknown) and len(base.items) < 32:
            more = item.items if name == "extend" and isinstance(item, Many) else (item,)
            rebind(flow, where, Many((*base.items, *more)[:64], ()))
        return Const(None)
    if name == "items":
        keys = base.keys or ("",) * len(base.items)
        return Many(tuple(Many((Const(key), item)) for key, item in zip(keys, base.items, strict=True)))
    if name in ("values", "copy"):
        return Many(base.items)
    if name in ("get", "pop", "setdefault") and given.args:
        key = given.args[0]
        if isinstance(key, Const) and isinstance(key.value, str) and key.value in base.keys:
            return base.items[base.keys.index(key.value)]
    found = estimators(base)
    if found and name in fitting.METHODS:
        return fitting.method(flow, found[0], name, given)
    return blend([base, *given.all]) if name not in ("keys", "index", "count") else UNKNOWN


def library_call(flow: Interpreter, callee: Lib, given: Given) -> Value:
    name = callee.tail
    kind = lib.kind_of_class(name)
    if kind and not (name in ("Model", "Pipeline") and "spacy" in callee.path):
        return fitting.make(flow, name, kind, given)
    if name in ("EarlyStopping", "early_stopping"):
        return Estimator("stopping", name)
    special = SPECIAL.get(name)
    if special is not None:
        return special(flow, name, given)
    if callee.path in ("builtins.max", "builtins.min", "builtins.sorted") and "key" in given.kwargs:
        return best_of(flow, given)
    if name == "col" and flow.frames and given.args:
        return column_of(flow, given)
    if name in lib.STATISTICS and datas(given.args[0] if given.args else UNKNOWN):
        if callee.path.startswith("builtins."):
            return UNKNOWN
        return frames.learn_statistic(flow, datas(given.args[0])[0], lib.STATISTICS[name], _along(given))
    if lib.METRICS.search(name):
        return measure_score(flow, name, given)
    found = [d for value in given.all for d in datas(value)]
    if not found and lib.READERS.match(name):
        rows = flow.origin(given.node)
        parsed = "parse_dates" in given.kwargs
        return Data(rows, full=name.startswith("read_"), root=rows, marks=frozenset({"parsed"} if parsed else ()))
    if not found and name in ("train", "lgb", "xgb"):
        return Estimator(lib.MODEL, name)
    if name in WRAPS and len(given.args) >= 1:
        first = given.args[0]
        if isinstance(first, Data):
            same = name in ("deepcopy", "copy") or (name == "get_dummies" and "columns" not in given.kwargs)
            more = [d for value in given.all[1:] for d in datas(value)]
            wrapped = replace(first, touched=first.touched | frozenset(f for d in more for f in d.touched))
            return wrapped if same else replace(wrapped, full=first.full and name == "get_dummies")
        return first if name in ("list", "tuple", "iter", "tqdm", "reversed", "sorted", "deepcopy", "copy") else blend(given.all)
    if name in MEASURED:
        return UNKNOWN
    result = blend(given.all)
    if isinstance(result, Data) and name.startswith("log") and isinstance(result.how, str):
        return replace(result, how="made")
    return result


def column_of(flow: Interpreter, given: Given) -> Value:
    """pl.col("age") inside df.with_columns(...): a column of that table."""
    frame = flow.frames[-1]
    names = texts(given.args[0] if len(given.args) == 1 else Many(tuple(given.args)))
    return pick_columns(frame, names) if names else replace(frame, full=False, columns=None)


def _along(given: Given) -> Given:
    """numpy takes the axis as second argument."""
    if len(given.args) > 1 and "axis" not in given.kwargs:
        return Given(given.args, {**given.kwargs, "axis": given.args[1]}, given.node)
    return given
