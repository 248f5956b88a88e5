"""Rows whose target follows from their features, so that one part can be changed and the others left."""

from __future__ import annotations

import numpy as np
import pandas as pd


def frame(rng: np.random.Generator, rows: int, start: str = "2026-01-01") -> pd.DataFrame:
    """Two linked numbers, a free number, a category, an id, times, a yes/no target and a score that is right about it."""
    age = rng.normal(40, 10, rows)
    income = 1000 * age + rng.normal(0, 6000, rows)
    noise = rng.normal(0, 1, rows)
    city = rng.choice(["Ulm", "Bern", "Graz"], rows, p=[0.5, 0.3, 0.2])
    chance = 1 / (1 + np.exp(-(0.12 * (age - 40) + 0.8 * (city == "Ulm") - 0.8)))
    return pd.DataFrame(
        {
            "customer_id": np.arange(rows) + int(pd.Timestamp(start).timestamp()),
            "when": pd.date_range(start, periods=rows, freq="10min"),
            "age": age,
            "income": income,
            "noise": noise,
            "city": city,
            "bought": np.where(rng.random(rows) < chance, "yes", "no"),
            "score": chance,
        }
    )


def pair(rng: np.random.Generator, rows: int = 3000) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A healthy reference and current table, one after the other in time."""
    return frame(rng, rows), frame(rng, rows, "2026-06-01")


ROLES = {"target": "bought", "prediction": "score", "timestamp": "when", "positive": "yes"}
