"""Small tables with a known answer for the clinic's tests."""

from __future__ import annotations

import numpy as np
import pandas as pd


def classes(
    rng: np.random.Generator, rows: int = 600, *, share: float = 0.3, noise: float = 1.0, columns: int = 5
) -> pd.DataFrame:
    """Two classes that the first two numbers and a category tell apart, up to `noise`; about `share` of them "yes"."""
    numbers = rng.normal(size=(rows, columns))
    city = rng.choice(["Ulm", "Bern", "Graz"], rows)
    score = numbers[:, 0] + 0.7 * numbers[:, 1] + (city == "Bern") + noise * rng.normal(size=rows)
    frame = pd.DataFrame(numbers, columns=[f"x{n}" for n in range(columns)])
    return frame.assign(city=city, answer=np.where(score > np.quantile(score, 1 - share), "yes", "no"))


def values(rng: np.random.Generator, rows: int = 600, *, noise: float = 0.5) -> pd.DataFrame:
    """A quantity that bends with x0, rises with x1 and hangs on the product of x2 and x3."""
    numbers = rng.normal(size=(rows, 5))
    price = np.sin(2 * numbers[:, 0]) + numbers[:, 1] + 1.2 * numbers[:, 2] * numbers[:, 3] + noise * rng.normal(size=rows)
    return pd.DataFrame(numbers, columns=[f"x{n}" for n in range(5)]).assign(price=price)
