"""Estimators: what fit, transform, predict, score and split mean for the rows that go in."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from diagnostics.code import library as lib
from diagnostics.code.attributes import attribute
from diagnostics.code.combine import blend
from diagnostics.code.interpreter import Interpreter
from diagnostics.code.names import TARGETISH, is_target_name
from diagnostics.code.values import (
    UNKNOWN,
    VALIDATION,
    Bound,
    Const,
    Data,
    Estimator,
    Fit,
    Func,
    Given,
    Index,
    Lib,
    Many,
    Unknown,
    Value,
    datas,
    estimators,
)

FITS: Final = {
    "fit",
    "fit_transform",
    "fit_predict",
    "partial_fit",
    "fit_resample",
    "fit_sample",
    "fit_generator",
    "adapt",
    "train",
}
TRANSFORMS: Final = {"transform", "inverse_transform", "fit_transform"}
ANSWERS: Final = {"predict", "predict_proba", "decision_function", "predict_log_proba", "predict_classes", "predict_generator"}
SCORES: Final = {"score", "evaluate", "evaluate_generator"}
METHODS: Final = FITS | TRANSFORMS | ANSWERS | SCORES | {"split", "get_support", "fit_on_texts"}


def make(flow: Interpreter, name: str, kind: str, given: Given) -> Estimator:
    """An estimator of the library, or something that makes one."""
    inner = [e for value in given.all for e in estimators(value)]
    line = given.node.lineno
    made = Estimator(kind, name, _written(given.node), tuple(inner), line=0)
    loops = [v.loop for v in _flat(given.all) if isinstance(v, Unknown)] + [e.loop for e in inner]
    made.loop = max(loops, default=0)
    made.stops_early = "early_stopping_rounds" in given.kwargs
    if kind == lib.SPLITTER:
        shuffled = given.kwargs.get("shuffle")
        random = "ShuffleSplit" in name or (isinstance(shuffled, Const) and shuffled.value is True)
        made.order = "time" if name == "TimeSeriesSplit" else "random" if random else ""
    if kind == lib.MODEL:
        flow.watch.models.append((line, made.made))
    return made


def from_variable(name: str) -> Estimator | None:
    """An estimator that came from elsewhere, known by its name only."""
    kind, word = lib.kind_of_variable(name)
    return Estimator(kind, word) if kind else None


def is_model(est: Estimator) -> bool:
    """Whether its last step predicts."""
    if est.kind in (lib.MODEL, lib.SEARCH, lib.OUTLIERS):
        return True
    if est.kind == lib.PIPELINE:
        return any(is_model(step) for step in est.steps)
    return False


def learners(est: Estimator, depth: int = 0) -> list[Estimator]:
    """The parts that learn from rows: itself, or the steps of a pipeline."""
    if est.kind in lib.LEARNING:
        return [est]
    if est.kind == lib.PIPELINE and depth < 8:
        return [part for step in est.steps for part in learners(step, depth + 1)]
    return []


def method(flow: Interpreter, est: Estimator, name: str, given: Given) -> Value:
    """`est.name(...)`."""
    given = Given([_settled(flow, v, given) for v in given.args], given.kwargs, given.node)
    if name in FITS:
        return _fit(flow, est, name, given)
    data = given.data(0, "X", "x")
    if name in TRANSFORMS:
        if data is None:
            return UNKNOWN
        flow.watch.transformed(est.fits, data, given.node)
        return _transform(est, data, [f for f in est.fits if f.kind in lib.LEARNING])
    if name in ANSWERS:
        if data is None:
            return UNKNOWN
        flow.watch.tested(est, data, given.node, flow.loops)
        return Data(data.rows, predicted=True, root=None)
    if name in SCORES:
        if data is not None:
            flow.watch.tested(est, data, given.node, flow.loops)
        return UNKNOWN
    if name == "split" and est.kind == lib.SPLITTER:
        return _folds(flow, est, given)
    if name == "get_support" and est.fits:
        return attribute(est, "support_")
    if name in ("set_params", "compile", "add", "set_output"):
        loop = max((v.loop for v in given.all if isinstance(v, Unknown)), default=0)
        est.loop = max(est.loop, loop)
        return est
    if est.kind == lib.STATELESS or name.startswith("fit"):
        return blend(given.all)
    return UNKNOWN


def _settled(flow: Interpreter, value: Value, given: Given) -> Value:
    return flow.settled(value, given.node) if isinstance(value, Data) else value


def _fit(flow: Interpreter, est: Estimator, name: str, given: Given) -> Value:
    data = given.data(0, "X", "x", "train_set", "generator", "raw_documents")
    if data is None:
        return est if name in ("fit", "partial_fit", "train", "adapt") else UNKNOWN
    if name in ("fit_resample", "fit_sample") and est.kind not in (lib.RESAMPLER, lib.PIPELINE):
        est = Estimator(lib.RESAMPLER, est.name, est.made)
    parts = learners(est)
    if est.kind not in lib.LEARNING and (is_model(est) or name not in ("fit_transform", "fit_resample", "fit_sample", "fit")):
        return _train(flow, est, name, data, given)
    if est.kind == lib.SPLITTER or (est.kind == "" and name == "fit"):
        return _train(flow, est, name, data, given)
    answer = _is_answer(flow, data, given.first)
    fits = []
    for part in parts:
        if part.kind == lib.LEVELS and (answer or "LabelBinarizer" in part.name):
            continue
        made = Fit(part.kind, part.name, data.rows, given.node.lineno, given.node, given.first, part.made, method=name)
        made.supervised = bool(lib.SUPERVISED.search(part.name))
        fits.append(made)
        flow.watch.fitted(made, data)
    est.fits = [*est.fits, *fits] if name == "partial_fit" else fits
    if name in ("fit_resample", "fit_sample"):
        labels = given.data(1, "y")
        second = labels.seen(frozenset(fits)) if labels is not None else UNKNOWN
        return Many((replace(data.seen(frozenset(fits)), cut=False), second))
    if name == "fit_transform":
        return _transform(est, data, fits)
    return est


def _transform(est: Estimator, data: Data, fits: Sequence[Fit]) -> Data:
    """`data` as the transformer gives it back."""
    same = est.kind in (lib.SCALER, lib.IMPUTER, lib.LEVELS, lib.ENCODER)
    result = data.seen(frozenset(fits))
    return result if same else replace(result, full=False, columns=data.columns if est.kind == lib.STATELESS else None)


def _is_answer(flow: Interpreter, data: Data, written: ast.expr | None) -> bool:
    """Whether the rows are those of the target: what its levels are called is known beforehand."""
    if data.target:
        return True
    if isinstance(written, ast.Name) and is_target_name(written.id):
        return True
    if data.columns is not None and len(data.columns) == 1:
        name = next(iter(data.columns))
        return name in flow.watch.targets or bool(TARGETISH.match(name))
    return isinstance(written, ast.Subscript) and _last_column(written)


def _last_column(written: ast.Subscript) -> bool:
    """X[:, -1] and the like."""
    key = written.slice.elts[-1] if isinstance(written.slice, ast.Tuple) and written.slice.elts else written.slice
    return isinstance(key, ast.UnaryOp) and isinstance(key.operand, ast.Constant) and isinstance(written.slice, ast.Tuple)


def _train(flow: Interpreter, est: Estimator, name: str, data: Data, given: Given) -> Value:
    """A model is fitted; a search or a share for validation splits the rows first."""
    labels = given.data(1, "y", "Y")
    if est.kind == lib.SEARCH:
        flow.watch.split([d for d in (data, labels) if d], given.node, how="search")
    elif "validation_split" in given.kwargs:
        flow.watch.split([d for d in (data, labels) if d], given.node, how="split")
    answered = given.has(1, "y", "Y") or "train_set" in given.kwargs or name in ("fit_generator", "train")
    for step in est.steps:
        # A layer that was adapted before it came into the network.
        flow.watch.transformed([fit for fit in step.fits if fit.kind in lib.LEARNING], data, given.node)
    outer = Fit(lib.MODEL, est.name, data.rows, given.node.lineno, given.node, given.first, est.made, supervised=answered)
    est.fits = [outer]
    flow.watch.trained(data, labels, given.node)
    held = [d for key in ("eval_set", "validation_data", "valid_sets", "evals") for d in datas(given.kwargs.get(key, UNKNOWN))]
    early = est.stops_early or "early_stopping_rounds" in given.kwargs or _stops(given)
    if early:
        for rows in {id(d.rows): d.rows for d in held if d.rows.side == "test" and not d.target}.values():
            flow.watch.stopped.append((rows, given.node.lineno))
    if name == "fit_predict":
        return Data(data.rows, predicted=True)
    if name == "fit_transform":
        return replace(data, full=False, columns=None)
    # Keras returns a history and XGBoost a booster; both are used like the model itself or not at all.
    return est


def _stops(given: Given) -> bool:
    callbacks = next((k.value for k in given.node.keywords if k.arg == "callbacks"), None)
    if callbacks is None:
        return False
    text = ast.unparse(callbacks).lower() if sum(1 for _ in ast.walk(callbacks)) < 400 else ""
    named = [v for v in _flat([given.kwargs.get("callbacks", UNKNOWN)]) if isinstance(v, Estimator) and v.kind == "stopping"]
    return bool(named) or "stop" in text or text in ("es", "[es]")


def _folds(flow: Interpreter, est: Estimator, given: Given) -> Value:
    """`for train, test in folds.split(X, y)`: one turn stands for all."""
    parts = [d for value in given.args[:2] for d in datas(value)]
    flow.watch.split(parts, given.node, how="folds", order=est.order)
    split = flow.new_split()
    return Many((Many((Index("train", split), Index(VALIDATION, split))),), ("#fold",))


def call_value(flow: Interpreter, value: Value, given: Given) -> Value:
    """A value that is called by another: a function handed to apply, pipe or map."""
    match value:
        case Func():
            return flow.inline(value, given.args, dict(given.kwargs), given.node)
        case Bound() if isinstance(value.receiver, Estimator):
            return method(flow, value.receiver, value.method, given)
        case Lib():
            return flow.call_library(value, given)
    return blend(given.args)


def _flat(values: Sequence[Value], depth: int = 0) -> list[Value]:
    found: list[Value] = []
    for value in values:
        if isinstance(value, Many) and depth < 5:
            found += _flat(value.items[:64], depth + 1)
        else:
            found.append(value)
    return found


def _written(node: ast.AST) -> str:
    """The text of a call, where it is short enough to be shown."""
    if sum(1 for _ in ast.walk(node)) > 120:
        return ""
    return ast.unparse(node)
