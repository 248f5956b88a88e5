"""Two incidents whose tables are fine: the packages around the model changed, or one setting of its service. Simulated."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
import worlds
from sklearn.pipeline import Pipeline
from writing import answers, events, files, ids, linear, scores, times

TRAIN, ROWS = 3000, 1600

REBUILT: Final = datetime(2026, 5, 19, 11, 0)
PACKAGES: Final = """\
# Python 3.11.9
cloudpickle==3.0.0
fastapi==0.115.6
gunicorn==23.0.0
joblib==1.4.2
numpy==1.26.4
pandas==2.2.3
pydantic==2.10.6
requests==2.32.3
scikit-learn==1.4.2
scipy==1.13.1
threadpoolctl==3.5.0
uvicorn==0.34.0
"""
UNPINNED: Final = (
    ("numpy==1.26.4", "numpy==2.2.4"),
    ("pydantic==2.10.6", "pydantic==2.11.1"),
    ("requests==2.32.3", "requests==2.32.4"),
    ("scikit-learn==1.4.2", "scikit-learn==1.6.1"),
)
"""What the installer took when the image was built anew from a list without versions."""

RELEASED: Final = datetime(2026, 4, 21, 7, 0)
SETTINGS: Final = """\
# delivery promises, {place}
service:
  host: {host}
  port: 8080
  workers: {workers}
  log_level: {level}
model:
  path: models/minutes-12.onnx
preprocessing:
  distance_unit: {unit}
  rain_fill_value: 0
promise:
  add_minutes: 3
"""


def another_environment() -> dict[str, str]:
    """A rebuilt image reads the saved model with another scikit-learn, and the weights of the contract are lost on the way."""
    rng = np.random.default_rng(202651)
    train, before, after = worlds.customers(rng, TRAIN), worlds.customers(rng, ROWS), worlds.customers(rng, ROWS)
    model = linear("classification", train.drop(columns="churned"), train["churned"])
    seen = times(rng, ROWS, "2026-05-11", "2026-05-31")
    told = scores(model, after.drop(columns="churned"), "yes")
    late = np.asarray(seen >= REBUILT)
    told[late] = scores(_without(model, "contract"), after.drop(columns="churned"), "yes")[late]
    home = scores(model, before.drop(columns="churned"), "yes")
    return files(
        incident={
            "title": "Churn scores jumped, and nobody changed the model",
            "task": "classification",
            "target": "churned",
            "prediction": "churn_score",
            "timestamp": "seen_at",
            "id": "customer",
            "positive": "yes",
            "events": events(("2026-05-14 15:00", "spring newsletter"), ("2026-05-19 11:00", "base image rebuilt")),
        },
        expected={
            "cause": "environment_mismatch",
            "columns": [],
            "since": REBUILT,
            "about": "Simulated customers: a rebuilt image reads the model with other packages; the rows are as before.",
        },
        reference=_logged(before, "customer", "C", times(rng, ROWS, "2026-02-02", "2026-04-26"), 310_000, churn_score=home),
        current=_logged(after, "customer", "C", seen, 810_000, churn_score=told),
        more={
            "environment/reference.txt": PACKAGES,
            "environment/current.txt": _changed(PACKAGES),
            "config/reference.yaml": _settings("train-03", 2, "debug", "km"),
            "config/current.yaml": _settings("scoring-1", 8, "warning", "km"),
        },
    )


def another_setting() -> dict[str, str]:
    """A release asks for the distance in miles; the rows still come in kilometres, so the service makes them longer."""
    rng = np.random.default_rng(202652)
    train, before, after = (worlds.deliveries(rng, rows) for rows in (TRAIN, ROWS, ROWS))
    model = linear("regression", train.drop(columns="minutes"), train["minutes"])
    seen = times(rng, ROWS, "2026-04-13", "2026-05-03")
    longer = after.drop(columns="minutes").assign(distance_km=after["distance_km"] * 1.609344)
    late = np.asarray(seen >= RELEASED)
    told = np.where(late, answers(model, longer), answers(model, after.drop(columns="minutes")))
    return files(
        incident={
            "title": "Promised delivery times are too long since the April release",
            "task": "regression",
            "target": "minutes",
            "prediction": "promised_minutes",
            "timestamp": "ordered_at",
            "id": "order",
            "events": events(("2026-04-17 10:00", "new couriers"), ("2026-04-21 07:00", "release 5.2 of the promise service")),
        },
        expected={
            "cause": "config_mismatch",
            "columns": [],
            "since": RELEASED,
            "about": "Simulated deliveries: a setting takes kilometres for miles, so promises are too long; the rows are fine.",
        },
        reference=_logged(
            before,
            "order",
            "D",
            times(rng, ROWS, "2026-01-12", "2026-03-29"),
            120_000,
            promised_minutes=answers(model, before.drop(columns="minutes")),
        ),
        current=_logged(after, "order", "D", seen, 620_000, promised_minutes=told),
        more={
            "config/reference.yaml": _settings("train-03", 2, "debug", "km"),
            "config/current.yaml": _settings("promise-1", 8, "warning", "miles"),
            "environment/reference.txt": PACKAGES,
            "environment/current.txt": PACKAGES.replace("requests==2.32.3", "requests==2.32.4"),
        },
    )


def _without(model: Pipeline, column: str) -> Pipeline:
    """The same model with the weights of one column's levels at nothing; `model` stays as it is."""
    prepare, weigh = model.steps[0][1], model.steps[1][1]
    names = prepare.get_feature_names_out()
    lost = type(weigh)()
    lost.__dict__.update(weigh.__dict__)
    lost.coef_ = np.where([f"__{column}_" in name for name in names], 0.0, weigh.coef_)
    return Pipeline([("prepare", prepare), ("weigh", lost)])


def _logged(frame: pd.DataFrame, key: str, prefix: str, seen: pd.DatetimeIndex, first: int, **told: np.ndarray) -> pd.DataFrame:
    named = pd.DataFrame({key: ids(prefix, len(frame), first), "ordered_at" if key == "order" else "seen_at": seen})
    return pd.concat([named, frame], axis=1).assign(**told)


def _changed(packages: str) -> str:
    for old, new in UNPINNED:
        packages = packages.replace(old, new)
    return packages


def _settings(host: str, workers: int, level: str, unit: str) -> str:
    place = "production" if workers > 2 else "training"
    return SETTINGS.format(place=place, host=f"{host}.internal", workers=workers, level=level, unit=unit)
