"""Incidents made from real tables that scikit-learn carries. Only the times, the ids and the fault are made up."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.preprocessing import StandardScaler
from writing import answers, events, files, ids, linear, scores, split, times


def refit_scaler() -> dict[str, str]:
    """Tumour measurements that arrive unscaled since a release."""
    rng = np.random.default_rng(202601)
    table = load_breast_cancer(as_frame=True)
    raw = table.data.rename(columns=lambda name: name.replace(" ", "_"))
    truth = table.target.map({0: "malignant", 1: "benign"})
    train, before, after = split(rng, len(raw), 129, 200, 240)
    scaler = StandardScaler().fit(raw.iloc[train])
    model = linear("classification", _scaled(scaler, raw.iloc[train]), truth.iloc[train])

    since = datetime(2026, 4, 16, 6, 30)
    seen = times(rng, len(after), "2026-04-06", "2026-05-03")
    faulty = np.asarray(seen >= since)
    served = _scaled(scaler, raw.iloc[after])
    served.loc[faulty] = raw.iloc[after].round(5).reset_index(drop=True).loc[faulty]
    sides = [
        (_scaled(scaler, raw.iloc[before]), before, times(rng, len(before), "2026-02-02", "2026-03-29"), 10_000),
        (served, after, seen, 20_000),
    ]
    reference, current = (
        pd.DataFrame(
            {
                "case": ids("C", len(rows), first),
                "examined_at": when,
                **features.to_dict("series"),
                "diagnosis": truth.iloc[rows].to_numpy(),
                "malignant_score": scores(model, features, "malignant"),
            }
        )
        for features, rows, when, first in sides
    )
    return files(
        incident={
            "title": "Tumour screening raises too many alarms",
            "task": "classification",
            "target": "diagnosis",
            "prediction": "malignant_score",
            "timestamp": "examined_at",
            "id": "case",
            "positive": "malignant",
            "events": events(
                ("2026-03-30 22:00", "model 3.1 goes live"),
                ("2026-04-16 06:30", "image 2.4.0: preprocessing is built anew"),
                ("2026-04-27 12:00", "second scanner joins"),
            ),
        },
        expected={
            "cause": "refit_scaler",
            "columns": list(raw.columns),
            "since": since,
            "about": "Real tumour measurements: since a release no scaler is applied to them, so every column moved at once.",
        },
        reference=reference,
        current=current,
    )


def default_fill() -> dict[str, str]:
    """Diabetes patients, of whom many arrive with a body mass index of 0."""
    rng = np.random.default_rng(202602)
    table = load_diabetes(as_frame=True, scaled=False)
    names = {"bp": "blood_pressure", "s1": "cholesterol", "s2": "ldl", "s3": "hdl", "s4": "cholesterol_ratio"}
    raw = table.data.rename(columns=names | {"s5": "log_triglycerides", "s6": "blood_sugar"})
    raw["sex"] = raw["sex"].map({1.0: "one", 2.0: "two"})
    raw["age"] = raw["age"].astype(int)
    train, before, after = split(rng, len(raw), 122, 160, 160)
    model = linear("regression", raw.iloc[train], table.target.iloc[train])

    since = datetime(2026, 3, 16, 9, 0)
    seen = times(rng, len(after), "2026-03-02", "2026-03-29")
    served = raw.iloc[after].reset_index(drop=True)
    # Those who are measured at home have no scale nearby: seven in ten.
    served.loc[np.asarray(seen >= since) & (rng.random(len(after)) < 0.7), "bmi"] = 0.0
    sides = [
        (raw.iloc[before].reset_index(drop=True), before, times(rng, len(before), "2026-01-05", "2026-02-22"), 400_000),
        (served, after, seen, 500_000),
    ]
    reference, current = (
        pd.DataFrame(
            {
                "patient": ids("P", len(rows), first),
                "visited_at": when,
                **features.to_dict("series"),
                "progression": table.target.iloc[rows].astype(int).to_numpy(),
                "predicted": answers(model, features, decimals=1),
            }
        )
        for features, rows, when, first in sides
    )
    return files(
        incident={
            "title": "Diabetes forecasts far too low",
            "task": "regression",
            "target": "progression",
            "prediction": "predicted",
            "timestamp": "visited_at",
            "id": "patient",
            "segments": ["sex"],
            "events": events(
                ("2026-03-09 18:00", "model 1.8 retrained"), ("2026-03-16 09:00", "new intake form: weight is optional")
            ),
        },
        expected={
            "cause": "default_fill",
            "columns": ["bmi"],
            "since": since,
            "about": "Real patients: where the weight was not asked, the body mass index arrives as 0 and is believed.",
        },
        reference=reference,
        current=current,
    )


def healthy() -> dict[str, str]:
    """Handwritten digits, nothing injected: two random parts of the same table."""
    rng = np.random.default_rng(202603)
    table = load_digits()
    ink = table.images.astype(int)
    features = pd.DataFrame(
        np.hstack([ink.sum(axis=2), ink.sum(axis=1)]),
        columns=[f"ink_row_{n}" for n in range(1, 9)] + [f"ink_column_{n}" for n in range(1, 9)],
    )
    truth = pd.Series(table.target)
    train, before, after = split(rng, len(features), 597, 600, 600)
    model = linear("classification", features.iloc[train], truth.iloc[train])
    reference, current = (
        pd.DataFrame(
            {
                "scan": ids("S", len(rows), first),
                "scanned_at": when,
                **features.iloc[rows].reset_index(drop=True).to_dict("series"),
                "digit": truth.iloc[rows].to_numpy(),
                "read_as": answers(model, features.iloc[rows]),
            }
        )
        for rows, when, first in [
            (before, times(rng, len(before), "2026-01-12", "2026-02-08"), 1_000_000),
            (after, times(rng, len(after), "2026-02-09", "2026-03-08"), 2_000_000),
        ]
    )
    return files(
        incident={
            "title": "Reading postcodes: is anything wrong?",
            "task": "classification",
            "target": "digit",
            "prediction": "read_as",
            "timestamp": "scanned_at",
            "id": "scan",
            "events": events(("2026-02-09 00:00", "model 5.0 goes live"), ("2026-02-23 07:00", "new server")),
        },
        expected={
            "cause": "none",
            "columns": [],
            "since": None,
            "about": "Real handwritten digits with no fault at all: nothing is wrong, and that is the right answer.",
        },
        reference=reference,
        current=current,
    )


def _scaled(scaler: StandardScaler, raw: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(np.round(scaler.transform(raw), 4), columns=raw.columns)
