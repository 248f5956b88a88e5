"""Rows with a known population and a known model, for the tests of the causes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from diagnostics.causes.hypothesis import Case
from diagnostics.measure.outcome import outcome
from diagnostics.measure.samples import samples
from diagnostics.measure.surrogate import fit
from tests.factory import incident_of

ONSET = pd.Timestamp("2026-05-15")


def people(rng: np.random.Generator, rows: int = 2000, start: str = "2026-01-01") -> pd.DataFrame:
    """Income goes with age; the city is anybody's; `noise` says nothing. The score is the true chance of `churn`."""
    age = rng.normal(45, 12, rows)
    frame = pd.DataFrame(
        {
            "when": pd.date_range(start, periods=rows, freq="20min"),
            "age": age.round(1),
            "income": (20 + 0.5 * age + rng.normal(0, 5, rows)).round(2),
            "city": rng.choice(["Bern", "Rom", "Wien"], rows, p=[0.2, 0.3, 0.5]),
            "noise": rng.normal(size=rows),
        }
    )
    frame["score"] = score(frame)
    frame["churn"] = (rng.random(rows) < frame["score"]).astype(int)
    return frame


def score(frame: pd.DataFrame) -> pd.Series:
    z = 0.2 * (frame["income"] - 42) + (frame["city"] == "Bern") - 0.03 * (frame["age"] - 45)
    return 1 / (1 + np.exp(-np.clip(z, -30, 30)))


def late(frame: pd.DataFrame) -> pd.Series:
    return frame["when"] >= ONSET


def case(folder: Path, reference: pd.DataFrame, current: pd.DataFrame) -> Case:
    incident = incident_of(folder, reference, current, target="churn", prediction="score", timestamp="when", positive="1")
    drawn = samples(incident)
    known = outcome(incident, drawn)
    return Case(incident=incident, checks=(), findings=(), samples=drawn, outcome=known, surrogate=fit(drawn, known, seed=0))
