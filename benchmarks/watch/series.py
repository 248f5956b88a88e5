"""Batches of a service whose hours and weekdays differ, healthy or with one fault."""

from __future__ import annotations

import numpy as np
import pandas as pd


def rows_of(rng: np.random.Generator, start: str, days: int, per_day: int, *, columns: int = 6) -> pd.DataFrame:
    """Rows with a daily and a weekly season in a column, in the shares of a category and in how often the model is wrong."""
    count = days * per_day
    when = pd.Timestamp(start) + pd.to_timedelta(np.sort(rng.uniform(0, days * 86_400, count)).round(), unit="s")
    hour, weekday = when.hour.to_numpy() + when.minute.to_numpy() / 60, when.day_of_week.to_numpy()
    wave, weekend = np.sin(2 * np.pi * (hour - 7) / 24), (weekday >= 5).astype("float64")
    amount = rng.lognormal(3 + 0.3 * wave + 0.4 * weekend, 0.6).round(2)
    age = rng.integers(18, 80, count)
    channel = np.where(rng.random(count) < 0.3 + 0.15 * wave + 0.2 * weekend, "app", rng.choice(["web", "shop"], count))
    frame = pd.DataFrame(
        {"when": when, "id": [f"{start}-{n}" for n in range(count)], "amount": amount, "age": age, "channel": channel}
    )
    # A day has its own weather: batches differ by more than their rows do.
    day = (when - when[0]).days.to_numpy()
    weather = rng.normal(0, 1, days + 1)[day]
    frame["temperature"] = (12 + 4 * wave + 3 * weather + rng.normal(0, 2, count)).round(1)
    for number in range(max(0, columns - 4)):
        frame[f"x{number}"] = rng.normal(0, 1, count).round(3)
        if number % 2:
            frame.loc[rng.random(count) < 0.01, f"x{number}"] = np.nan
    line = -1.2 + 1.1 * (np.log(amount) - 3) + 0.02 * (age - 45) + 0.8 * (channel == "app") - 0.4 * weekend
    chance = 1 / (1 + np.exp(-line))
    frame["label"] = (rng.random(count) < chance).astype(int)
    frame["score"] = predicted(frame)
    return frame


def predicted(frame: pd.DataFrame) -> pd.Series:
    """What the model says of rows as it is given them."""
    with np.errstate(divide="ignore", invalid="ignore"):
        line = -1.2 + 1.1 * (np.log(frame["amount"]) - 3) + 0.02 * (frame["age"] - 45) + 0.8 * (frame["channel"] == "app")
    return pd.Series(1 / (1 + np.exp(-line))).round(4)
