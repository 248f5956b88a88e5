"""Rows that a known model answered, for the tests of steps 3 and 7."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diagnostics.nouns.incident import Answer


def score(frame: pd.DataFrame) -> np.ndarray:
    """The model: a probability from income, age and city."""
    z = (
        2.5 * (frame["income"] / 40_000 - 1)
        + (frame["age"] - 45) / 10
        + frame["city"].map({"Bern": 1.0, "Rom": -1.0}).fillna(0.0)
    )
    return 1 / (1 + np.exp(-np.clip(z.to_numpy("float64"), -30, 30)))


def rows(rng: np.random.Generator, n: int = 1500, *, answer: Answer = Answer.SCORE, start: str = "2026-03-01") -> pd.DataFrame:
    """Features, truth `y`, logged answer `p` and time `at`. Two columns do not matter to the model."""
    frame = pd.DataFrame(
        {
            "income": rng.normal(40_000, 12_000, n).round(2),
            "age": rng.integers(20, 71, n).astype("float64"),
            "city": rng.choice(["Bern", "Rom", "Wien"], n, p=[0.3, 0.3, 0.4]),
            "noise": rng.normal(size=n),
            "weekday": rng.integers(0, 7, n),
        }
    )
    chance = score(frame)
    frame["y"] = np.where(rng.random(n) < chance, "yes", "no")
    frame["p"] = answered(chance, answer)
    frame["at"] = pd.date_range(start, periods=n, freq="10min")
    return frame


def answered(chance: np.ndarray, answer: Answer) -> np.ndarray:
    return np.where(chance > 0.5, "yes", "no") if answer is Answer.LABEL else chance


ROLES = {"target": "y", "prediction": "p", "timestamp": "at", "positive": "yes"}
