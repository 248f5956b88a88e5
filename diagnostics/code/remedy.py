"""The mended lines for one leak, as text to copy: split first, and everything that learns inside a Pipeline."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from diagnostics.code import library as lib
from diagnostics.code import watch
from diagnostics.code.values import Fit
from diagnostics.code.watch import Leak

WORDS_CAP: Final = 160
"""Parts of an expression beyond which it is not repeated in a remedy."""
_SPLIT: Final = "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)"
_STATISTICS: Final = {"mean": "mean", "median": "median", "most frequent value": "most_frequent"}


def mended(leak: Leak, models: Sequence[tuple[int, str]]) -> str:
    """models: line and text of every model in the file; the first one after the leak is the one in the remedy."""
    model = next((text for line, text in models if text and line >= leak.line), "model")
    match leak.code:
        case watch.PREPROCESSING:
            return _preprocessing(leak, model)
        case watch.OVERLAP:
            return _overlap(leak, model)
        case watch.TARGET:
            return _target(leak)
        case watch.TEMPORAL:
            return _temporal(leak)
    return _repeated(leak)


def _preprocessing(leak: Leak, model: str) -> str:
    fit = leak.fit
    if fit is None:
        return ""
    if fit.kind == lib.RESAMPLER:
        return _resampler(leak, model, fit)
    if leak.says == watch.ON_TEST:
        step = fit.made or "StandardScaler()"
        return (
            f"pipeline = make_pipeline({step}, {model})\n"
            "pipeline.fit(X_train, y_train)       # learns from the training rows alone\n"
            "pipeline.score(X_test, y_test)       # only applies what was learnt\n"
        )
    return "from sklearn.pipeline import make_pipeline\n\n" + _splitting(leak) + _piped(leak, _step(fit), model)


def _step(fit: Fit) -> str:
    if fit.kind == "statistic":
        return (
            f'SimpleImputer(strategy="{_STATISTICS.get(fit.method, "mean")}")'
            if fit.method in _STATISTICS
            else "StandardScaler()"
        )
    return fit.made or {lib.SCALER: "StandardScaler()", lib.LEVELS: 'OneHotEncoder(handle_unknown="ignore")'}.get(
        fit.kind, fit.name
    )


def _columns(fit: Fit) -> str:
    """The columns that the step worked on, where they are written down: df[columns]."""
    if isinstance(fit.input, ast.Subscript) and _short(fit.input):
        key = fit.input.slice
        if isinstance(key, ast.List | ast.Name):
            return ast.unparse(key)
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            return f"[{key.value!r}]"
    return ""


def _piped(leak: Leak, step: str, model: str) -> str:
    fit = leak.fit
    columns = _columns(fit) if fit is not None else ""
    first = step
    lines = ""
    if columns and not step.startswith(("CountVectorizer", "Tfidf")):
        if step.startswith("LabelEncoder"):
            step = 'OneHotEncoder(handle_unknown="ignore")'
        lines = f'prepare = make_column_transformer(({step}, {columns}), remainder="passthrough")\n'
        first = "prepare"
    elif step.startswith("LabelEncoder"):
        first = 'OneHotEncoder(handle_unknown="ignore")'
    lines += f"pipeline = make_pipeline({first}, {model})\n"
    if _is_split(leak.used):
        return (
            lines
            + "pipeline.fit(X_train, y_train)       # fits the step on the training rows alone\npipeline.score(X_test, y_test)\n"
        )
    used = leak.used
    if isinstance(used, ast.Call) and _short(used):
        name = used.func.attr if isinstance(used.func, ast.Attribute) else used.func.id if isinstance(used.func, ast.Name) else ""
        if name in lib.CROSS_VALIDATION:
            rest = "".join(f", {ast.unparse(k)}" for k in used.keywords if k.arg in ("cv", "scoring"))
            return lines + f"{name}(pipeline, X, y{rest})       # X as it was before the step\n"
        if name == "fit":
            return lines + "search.estimator = pipeline\nsearch.fit(X, y)       # X as it was before the step\n"
    return (
        lines
        + "for train, test in folds.split(X, y):       # X as it was before the step\n    pipeline.fit(X[train], y[train])\n"
    )


def _splitting(leak: Leak) -> str:
    """The split with what went into the step, instead of what came out."""
    used = leak.used
    if not _is_split(used) or not isinstance(used, ast.Call) or not _short(used):
        return "" if leak.used is not None and not _is_split(leak.used) else _SPLIT + "\n"
    keywords = "".join(
        f", {ast.unparse(k)}" for k in used.keywords if k.arg in ("test_size", "train_size", "random_state", "shuffle")
    )
    return f"X_train, X_test, y_train, y_test = train_test_split(X, y{keywords})       # X as it was before the step\n"


def _is_split(node: ast.AST | None) -> bool:
    if not isinstance(node, ast.Call):
        return not isinstance(node, ast.expr)
    name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
    return name in ("train_test_split", "transform")


def _short(node: ast.AST) -> bool:
    return sum(1 for _ in ast.walk(node)) <= WORDS_CAP


def _resampler(leak: Leak, model: str, fit: Fit) -> str:
    step = fit.made or f"{fit.name}()"
    lines = "from imblearn.pipeline import make_pipeline       # resamples in fit, never in predict\n\n"
    if _is_split(leak.used):
        lines += _splitting(leak)
    return lines + _piped(leak, step, model)


def _overlap(leak: Leak, model: str) -> str:
    if leak.fit is not None and leak.fit.kind == lib.RESAMPLER:
        return _resampler(leak, model, leak.fit)
    if leak.fit is not None and leak.fit.kind == "repeated":
        return f"{_SPLIT}\ndrawn = resample(X_train, y_train, replace=True, random_state=0)       # the training rows only\n"
    if leak.says == watch.SLICES:
        return "train, test = data[:n], data[n:]       # one border for both\n"
    return f"{_SPLIT}\nmodel = {model}\nmodel.fit(X_train, y_train)       # not on all rows\nmodel.score(X_test, y_test)\n"


def _target(leak: Leak) -> str:
    if leak.says == watch.ENCODED_TARGET:
        return (
            "from sklearn.preprocessing import TargetEncoder       # encodes each row without its own answer\n\n"
            f"{_SPLIT}\npipeline = make_pipeline(TargetEncoder(), model)\npipeline.fit(X_train, y_train)\n"
        )
    names = [str(leak.values[key]) for key in ("column", "feature") if key in leak.values]
    return f"X = X.drop(columns={names!r})       # before the split\n"


def _temporal(leak: Leak) -> str:
    if leak.says == watch.RANDOM_SPLIT:
        return (
            "X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, shuffle=False)       # sorted by time\n"
            "# or, for cross-validation:\nfolds = TimeSeriesSplit(n_splits=5)\n"
        )
    if leak.says == watch.BACKWARD:
        return "data = data.ffill()       # only the past is known; fill what is left with the training mean\n"
    if leak.says == watch.CENTRED:
        return "data['mean_before'] = data['value'].shift(1).rolling(7).mean()       # a window that ends before the row\n"
    feature = str(leak.values.get("feature", "feature"))
    return f"data[{feature!r}] = data['value'].shift(1)       # an earlier row; or leave it out of the features\n"


def _repeated(leak: Leak) -> str:
    if leak.says == watch.THRESHOLD:
        return (
            "from sklearn.model_selection import TunedThresholdClassifierCV\n\n"
            "tuned = TunedThresholdClassifierCV(model)       # chooses the threshold in the training rows\n"
            "tuned.fit(X_train, y_train)\ntuned.score(X_test, y_test)\n"
        )
    if leak.says == watch.STOPPING:
        return (
            "X_fit, X_val, y_fit, y_val = train_test_split(X_train, y_train, random_state=0)\n"
            "model.fit(X_fit, y_fit, eval_set=[(X_val, y_val)])       # stops on the validation rows\n"
            "model.score(X_test, y_test)       # the test rows, once\n"
        )
    return (
        "search = GridSearchCV(model, settings, cv=5)\n"
        "search.fit(X_train, y_train)       # chooses by cross-validation in the training rows\n"
        "search.score(X_test, y_test)       # the test rows, once\n"
    )
