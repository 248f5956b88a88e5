"""Attributes: what stands behind a dot, when it is not called."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from diagnostics.code import library as lib
from diagnostics.code.combine import pick_columns
from diagnostics.code.names import find_method
from diagnostics.code.values import NOTHING, UNKNOWN, Bound, Class, Data, Estimator, Fit, Func, Instance, Lib, Value

SAME: Final = {"values", "T", "loc", "iloc", "at", "iat", "str", "dt", "cat", "sparse", "A", "plot", "real", "array"}
OUTSIDE: Final = {"columns", "shape", "dtypes", "dtype", "size", "ndim", "empty", "name", "names", "categories", "feature_names"}
OUTSIDE_TOO: Final = {"target_names", "DESCR", "filename", "axes", "nbytes", "levels"}
LEARNT: Final = {
    "support_",
    "ranking_",
    "scores_",
    "pvalues_",
    "feature_importances_",
    "coef_",
    "feature_names_in_",
    "k_feature_idx_",
}


def attribute(base: Value, name: str) -> Value:
    match base:
        case Lib():
            return Lib(f"{base.path}.{name}")
        case Instance():
            if name in base.names:
                return base.names[name]

            found = find_method(base.cls, name)
            return Func(found, base.cls.scope, base) if found is not None else UNKNOWN
        case Data():
            if name in SAME:
                return base
            if name in OUTSIDE or name in OUTSIDE_TOO:
                return UNKNOWN
            if name == "index":
                if base.how == "choice":
                    return base
                return replace(base, columns=None, full=False, touched=NOTHING, statistic=False, how="index")
            if name == "data":
                return replace(base, full=False)
            # A column, or a method that is not called yet.
            return replace(pick_columns(base, frozenset((name,))), target=name in ("target", "targets"))
        case Estimator():
            if name in LEARNT and base.fits:
                return _pick_by_learnt(base)
            if name in ("best_estimator_", "named_steps", "steps", "estimator_", "base_estimator", "estimator"):
                return base
            return Bound(base, name)
        case Class():
            found = find_method(base, name)
            return Func(found, base.scope) if found is not None else UNKNOWN
    return UNKNOWN


def _pick_by_learnt(base: Estimator) -> Value:
    """What a fitted object found out about the columns: whoever picks columns by it selects with all rows it saw."""
    last = base.fits[-1]
    fit = Fit(lib.SELECTOR, base.name, last.rows, last.line, last.node, last.input, base.made, supervised=False)
    return Data(last.rows, touched=frozenset((fit,)), statistic=True, how="choice")
