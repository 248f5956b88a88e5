"""Incidents on simulated business tables. Each table is drawn fresh, row by row; the models are really trained on it."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import worlds
from writing import answers, events, files, ids, linear, scores, times

TRAIN, ROWS = 3000, 2400


def unit_change() -> dict[str, str]:
    """Income arrives in euros instead of thousands of euros."""
    rng = np.random.default_rng(202611)
    model = _trained(worlds.loans(rng, TRAIN), "defaulted")
    before, after = worlds.loans(rng, ROWS), worlds.loans(rng, ROWS)
    since = datetime(2026, 5, 12, 8, 0)
    seen = times(rng, ROWS, "2026-05-01", "2026-05-24")
    faulty = np.asarray(seen >= since)
    after.loc[faulty, "income"] = (after.loc[faulty, "income"] * 1000).round()
    return files(
        incident=_incident("Loan scores after the feature service release", "defaulted", "default_score")
        | {
            "positive": "yes",
            "segments": ["employment"],
            "events": events(
                ("2026-05-04 21:00", "model 2.3 retrained"),
                ("2026-05-12 08:00", "feature service 4.1"),
                ("2026-05-18 10:00", "new branch in Linz"),
            ),
        },
        expected={
            "cause": "unit_change",
            "columns": ["income"],
            "since": since,
            "about": "Simulated loans: income, until then in thousands of euros, suddenly arrives in euros.",
        },
        reference=_logged(before, times(rng, ROWS, "2026-02-01", "2026-04-30"), "defaulted", model),
        current=_logged(after, seen, "defaulted", model, first=500_000),
    )


def leakage() -> dict[str, str]:
    """A column that is only known once a loan has failed: complete in the training data, empty of news in production."""
    rng = np.random.default_rng(202612)
    train, before, after = (worlds.loans(rng, n) for n in (TRAIN, ROWS, ROWS))
    for frame, known in ((train, True), (before, True), (after, False)):
        failed = (frame["defaulted"] == "yes").to_numpy() & known
        calls = np.where(failed, 1 + rng.poisson(4.0, len(frame)), rng.poisson(0.15, len(frame)))
        frame.insert(len(frame.columns) - 1, "collection_calls", calls)
    model = _trained(train, "defaulted")
    seen = times(rng, ROWS, "2026-03-02", "2026-03-29")
    return files(
        incident=_incident("Loan model was perfect in the test and fails live", "defaulted", "default_score")
        | {
            "positive": "yes",
            "segments": ["employment"],
            "events": events(("2026-03-02 00:00", "model 1.0 goes live"), ("2026-03-16 08:00", "marketing campaign")),
        },
        expected={
            "cause": "target_leakage",
            "columns": ["collection_calls"],
            "since": seen[0].to_pydatetime(),
            "about": "Simulated loans: the number of collection calls gave the answer away in training and is not known in time.",
        },
        reference=_logged(before, times(rng, ROWS, "2025-10-01", "2025-12-31"), "defaulted", model),
        current=_logged(after, seen, "defaulted", model, first=500_000),
    )


def concept_drift() -> dict[str, str]:
    """Customers with a two-year contract begin to leave; who the customers are stays the same."""
    rng = np.random.default_rng(202613)
    model = _trained(worlds.customers(rng, TRAIN), "churned")
    since = datetime(2026, 6, 15, 0, 0)
    seen = times(rng, ROWS, "2026-06-01", "2026-06-28")
    left = np.asarray(seen >= since)
    after = worlds.customers(rng, ROWS, tempted=left)
    return files(
        incident=_incident("Churn forecast misses loyal customers", "churned", "churn_score")
        | {
            "positive": "yes",
            "segments": ["contract", "region"],
            "events": events(
                ("2026-06-04 22:00", "model 7.2 retrained"), ("2026-06-15 00:00", "a competitor pays for leaving early")
            ),
        },
        expected={
            "cause": "concept_drift",
            "columns": ["contract"],
            "since": since,
            "about": "Simulated customers: the same people as before, but those with two-year contracts now leave.",
        },
        reference=_logged(worlds.customers(rng, ROWS), times(rng, ROWS, "2026-03-01", "2026-05-31"), "churned", model),
        current=_logged(after, seen, "churned", model, first=500_000),
    )


def recoded_categories() -> dict[str, str]:
    """The contract goes by codes that the model never saw."""
    rng = np.random.default_rng(202614)
    model = _trained(worlds.customers(rng, TRAIN), "churned")
    before, after = worlds.customers(rng, ROWS), worlds.customers(rng, ROWS)
    since = datetime(2026, 2, 17, 5, 0)
    seen = times(rng, ROWS, "2026-02-02", "2026-03-01")
    codes = {"monthly": "MTM", "one year": "12M", "two years": "24M"}
    after["contract"] = after["contract"].where(np.asarray(seen < since), after["contract"].map(codes))
    return files(
        incident=_incident("Churn scores look alike for everybody", "churned", "churn_score")
        | {
            "positive": "yes",
            "segments": ["region"],
            "events": events(("2026-02-10 09:00", "web shop redesign"), ("2026-02-17 05:00", "billing system replaced")),
        },
        expected={
            "cause": "recoded_categories",
            "columns": ["contract"],
            "since": since,
            "about": "Simulated customers: a new billing system writes MTM for monthly, 12M for one year and 24M for two.",
        },
        reference=_logged(before, times(rng, ROWS, "2025-11-03", "2026-01-25"), "churned", model),
        current=_logged(after, seen, "churned", model, first=500_000),
    )


def missing_values() -> dict[str, str]:
    """The distance of many deliveries is not known, and the service counts it as 0."""
    rng = np.random.default_rng(202615)
    model = _trained(worlds.deliveries(rng, TRAIN), "minutes")
    before, after = worlds.deliveries(rng, ROWS), worlds.deliveries(rng, ROWS)
    since = datetime(2026, 4, 14, 14, 0)
    seen = times(rng, ROWS, "2026-04-01", "2026-04-26")
    after.loc[np.asarray(seen >= since) & (rng.random(ROWS) < 0.45), "distance_km"] = np.nan
    return files(
        incident=_incident("Delivery times promised too short", "minutes", "promised_minutes", "regression")
        | {
            "segments": ["region", "vehicle"],
            "events": events(
                ("2026-04-07 11:00", "courier app 9.0"),
                ("2026-04-14 14:00", "maps provider changed"),
                ("2026-04-20 16:00", "spring sale"),
            ),
        },
        expected={
            "cause": "missing_values",
            "columns": ["distance_km"],
            "since": since,
            "about": "Simulated deliveries: the distance is missing in almost half of the rows, so promises are too short.",
        },
        reference=_logged(before, times(rng, ROWS, "2026-01-05", "2026-03-29"), "minutes", model),
        current=_logged(after, seen, "minutes", model, first=500_000),
    )


def selection_bias() -> dict[str, str]:
    """Villages, hardly in the training data, become two fifths of the orders."""
    rng = np.random.default_rng(202616)
    model = _trained(worlds.deliveries(rng, TRAIN), "minutes")
    since = datetime(2026, 6, 8, 6, 0)
    seen = times(rng, ROWS, "2026-05-25", "2026-06-21")
    after = worlds.deliveries(rng, ROWS, villages=np.where(np.asarray(seen >= since), 0.4, worlds.VILLAGES))
    return files(
        incident=_incident("Deliveries run late since June", "minutes", "promised_minutes", "regression")
        | {
            "segments": ["region", "vehicle"],
            "events": events(
                ("2026-05-28 10:00", "courier app 9.2"), ("2026-06-08 06:00", "a grocery chain with village shops joins")
            ),
        },
        expected={
            "cause": "selection_bias",
            "columns": ["region"],
            "since": since,
            "about": "Simulated deliveries: orders from villages, hardly seen in training, become two fifths of all.",
        },
        reference=_logged(worlds.deliveries(rng, ROWS), times(rng, ROWS, "2026-03-02", "2026-05-24"), "minutes", model),
        current=_logged(after, seen, "minutes", model, first=500_000),
    )


ANSWERS = {"defaulted": "default_score", "churned": "churn_score", "minutes": "promised_minutes"}
IDS = {"defaulted": "application", "churned": "customer", "minutes": "order"}


def _incident(title: str, target: str, prediction: str, task: str = "classification") -> dict[str, object]:
    return {
        "title": title,
        "task": task,
        "target": target,
        "prediction": prediction,
        "timestamp": "seen_at",
        "id": IDS[target],
    }


def _trained(frame: pd.DataFrame, target: str) -> object:
    task = "regression" if target == "minutes" else "classification"
    return linear(task, frame.drop(columns=target), frame[target])


def _logged(frame: pd.DataFrame, seen: pd.DatetimeIndex, target: str, model: object, first: int = 100_000) -> pd.DataFrame:
    """The table with ids, times and what the model answered. A missing number reaches the model as 0, as many services do."""
    features = frame.drop(columns=target)
    served = features.fillna(dict.fromkeys(features.select_dtypes("number"), 0))
    answer = answers(model, served, decimals=1) if target == "minutes" else scores(model, served, "yes")
    named = pd.DataFrame({IDS[target]: ids(IDS[target][0].upper(), len(frame), first), "seen_at": seen})
    return pd.concat([named, frame], axis=1).assign(**{ANSWERS[target]: answer})
