"""The chosen model to take along: its settings as JSON, and a scikit-learn Pipeline as Python that runs without Model Clinic."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from diagnostics.clinic.search.families import families
from diagnostics.clinic.search.result import Search
from diagnostics.clinic.shared.models import pipeline
from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.table import Kind

HEAD: Final = '''"""{title}: the settings that a search chose, as a scikit-learn Pipeline.

    import pandas as pd
    rows = pd.read_csv("rows.csv")
    model = build().fit(*training(rows))
    model.predict(features(rows)){answers}
"""

import pandas as pd
{imports}

TARGET = {target}
{classes}NUMBERS = {numbers}
TIMES = {times}
CATEGORIES = {categories}
"""Columns of the table by how the model takes them: times as seconds since 1970, categories as text."""


def features(rows):
    """The columns that the model was searched with, from a DataFrame: missing values stay missing."""
    made = {{}}
    for name in COLUMNS:
        if name in TIMES:
            moments = pd.to_datetime(rows[name], errors="coerce")
            made[name] = (moments - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
        elif name in NUMBERS:
            made[name] = pd.to_numeric(rows[name], errors="coerce").astype("float64")
        else:
            values = rows[name].astype(object)
            made[name] = values.map(str).where(values.notna(), None).astype(object)
    return pd.DataFrame(made, index=rows.index)


COLUMNS = {columns}


def training(rows):
    """Features and target of the rows that can be learnt from."""
{training}

def build():
    """The unfitted Pipeline: its preprocessing learns from the rows it is fitted on, and from no others."""
    return {model}
'''

OF_CLASSES: Final = """    levels = rows[TARGET].map(lambda value: f"{value:.15g}" if isinstance(value, float) else str(value))
    known = rows[TARGET].notna() & levels.isin(CLASSES)
    return features(rows[known]), levels[known].map(CLASSES.index).astype(int).to_numpy()
"""
OF_VALUES: Final = """    values = pd.to_numeric(rows[TARGET], errors="coerce")
    known = values.notna()
    return features(rows[known]), values[known].to_numpy()
"""


def params_json(p: Search) -> str:
    """Family, settings and what they are worth."""
    held = p.held
    worth = None
    if held is not None:
        worth = {
            "chosen": _number(held.chosen.value),
            "default": _number(held.default.value),
            "dummy": _number(held.dummy.value),
            "interval": [_number(held.chosen.low), _number(held.chosen.high)],
        }
    record = {
        "family": p.family,
        "params": dict(p.chosen),
        "metric": p.metric,
        "best": _number(p.best),
        "held_out": worth,
        "study": p.of,
        "seed": p.seed,
    }
    return json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")


def trials_table(p: Search) -> list[dict[str, Any]]:
    """One row per trial of each study, its settings as columns."""
    names = [dimension.name for dimension in p.space]
    return [
        {
            "study": study.name,
            "search": study.method.value,
            "trial": one.number,
            "state": one.state.value,
            p.metric: one.value,
            **{name: one.param(name) for name in names},
            "seconds": None if one.seconds is None else round(one.seconds, 3),
            "worker": one.worker or None,
            "why": one.why,
        }
        for study in p.studies
        for one in study.tries
    ]


def source(p: Search, data: TrainingSet, incident: Incident) -> str:
    """Python that builds the chosen Pipeline for the columns of `data`; names of columns stand in it as literals alone."""
    family = families()[p.family]
    imports: set[tuple[str, str]] = set()
    chosen: dict[str, Any] = dict(p.chosen)
    model = _written(pipeline(data, family, seed=p.seed, **chosen), imports, depth=1)
    table = incident.reference
    times = [name for name in data.numbers if table is not None and name in table and table[name].kind is Kind.TIME]
    by_module: dict[str, list[str]] = {}
    for module, name in sorted(imports):
        by_module.setdefault(module, []).append(name)
    return HEAD.format(
        title="Regression" if data.task is Task.REGRESSION else "Classification",
        imports="\n".join(f"from {module} import {', '.join(names)}" for module, names in by_module.items()),
        target=_literal(data.described.target),
        answers="  # numbers of CLASSES" if data.classes else "",
        classes=f"CLASSES = {_literal(list(data.classes))}\n" if data.classes else "",
        training=OF_CLASSES if data.classes else OF_VALUES,
        numbers=_literal([name for name in data.numbers if name not in times]),
        times=_literal(times),
        categories=_literal(list(data.categories)),
        columns=_literal([str(name) for name in data.features.columns]),
        model=model,
    )


def _written(value: Any, imports: set[tuple[str, str]], *, depth: int) -> str:
    """`value` as an expression: an estimator by those of its settings that are not its class's own."""
    if hasattr(value, "get_params") and not inspect.isclass(value):
        kind = type(value)
        imports.add((_public(kind), kind.__name__))
        given = [(name, item) for name, item in _told(value).items()]
        if not given:
            return f"{kind.__name__}()"
        pad = "    " * (depth + 1)
        inside = "".join(f"{pad}{name}={_written(item, imports, depth=depth + 1)},\n" for name, item in given)
        return f"{kind.__name__}(\n{inside}{'    ' * depth})"
    if isinstance(value, list | tuple) and any(hasattr(part, "get_params") or isinstance(part, tuple) for part in value):
        pad = "    " * (depth + 1)
        inside = "".join(f"{pad}{_written(part, imports, depth=depth + 1)},\n" for part in value)
        first, last = ("[", "]") if isinstance(value, list) else ("(", ")")
        return f"{first}\n{inside}{'    ' * depth}{last}"
    return _literal(value)


def _told(estimator: Any) -> Mapping[str, Any]:
    """The settings of an estimator that differ from its defaults."""
    defaults = {name: parameter.default for name, parameter in inspect.signature(type(estimator).__init__).parameters.items()}
    held = estimator.get_params(deep=False)
    return {name: value for name, value in held.items() if name not in defaults or not _same(value, defaults[name])}


def _same(value: Any, default: Any) -> bool:
    if isinstance(value, float) and isinstance(default, float) and math.isnan(value) and math.isnan(default):
        return True
    return type(value) is type(default) and bool(np.all(value == default))


def _public(kind: type) -> str:
    """Where people import a class from: ``sklearn.svm`` rather than ``sklearn.svm._classes``."""
    parts = kind.__module__.split(".")
    if parts[0] in ("xgboost", "lightgbm"):
        return parts[0]
    public = parts[: next((index for index, part in enumerate(parts) if part.startswith("_")), len(parts))]
    return ".".join(public)


def _literal(value: Any) -> str:
    """Text, numbers, None and lists of them as Python; a name can say nothing but itself."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, str):
        return ascii(value)
    if isinstance(value, list):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(_literal(item) for item in value) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(key)}: {_literal(item)}" for key, item in value.items()) + "}"
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    raise TypeError(f"a setting must be text, a number or a list of them, got {type(value).__name__}")
