"""A watch: sixty simulated days of a shop's orders after eight weeks of reference, with weekdays, one fault and one late label.

The model says which orders come back. Weekends differ, as they did in the reference. From 12 June to 16 June basket values
arrive in cents. The labels of the last ten days are late: those of the first three come in files of their own.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import yaml
from writing import csv, linear, scores, times

FIRST, DAYS = datetime(2026, 5, 4), 60
HISTORY = 56
PER_DAY = 160
BROKEN = range(39, 44)
LATE = range(50, 60)
LABELLED_LATER = range(50, 53)
FEATURES = ["basket", "items", "channel", "distance_km", "customer_years", "discount"]


def shop_orders() -> dict[str, str]:
    """The reference, one file a day, late labels, and what is to be watched."""
    rng = np.random.default_rng(202605)
    train = _days(rng, FIRST - timedelta(days=2 * HISTORY + 1), HISTORY)
    model = linear("classification", train[FEATURES], train["returned"])
    reference = _days(rng, FIRST - timedelta(days=HISTORY), HISTORY)
    reference["return_score"] = scores(model, reference[FEATURES], "yes")
    made = {"watch.yaml": yaml.safe_dump(WATCH, sort_keys=False, allow_unicode=True), "reference.csv": csv(reference)}
    for day in range(DAYS):
        rows = _days(rng, FIRST + timedelta(days=day), 1)
        if day in BROKEN:
            rows["basket"] = (rows["basket"] * 100).round()
        rows["return_score"] = scores(model, rows[FEATURES], "yes")
        name = (FIRST + timedelta(days=day)).date().isoformat()
        if day in LABELLED_LATER:
            made[f"labels/labels-{name}.csv"] = csv(rows[["order", "returned"]])
        if day in LATE:
            rows["returned"] = ""
        made[f"batches/orders-{name}.csv"] = csv(rows)
    return made


WATCH = {
    "name": "Shop orders (sample)",
    "reference": "reference.csv",
    "source": {"kind": "folder", "address": "batches", "pattern": "*.csv"},
    "every": "day",
    "ends": "2026-07-03",
    "zone": "Europe/Berlin",
    "task": "classification",
    "target": "returned",
    "prediction": "return_score",
    "timestamp": "ordered",
    "id": "order",
    "positive": "yes",
    "labels": {"address": "labels", "days": 3650},
    "price": 4.5,
}


def _days(rng: np.random.Generator, first: datetime, days: int) -> pd.DataFrame:
    count = days * PER_DAY
    seen = times(rng, count, first.date().isoformat(), (first + timedelta(days=days - 1)).date().isoformat())
    weekend = np.asarray(seen.day_of_week >= 5, dtype="float64")
    channel = np.where(rng.random(count) < 0.35 + 0.2 * weekend, "app", rng.choice(["web", "phone"], count, p=[0.8, 0.2]))
    basket = np.round(rng.lognormal(3.7 + 0.25 * weekend, 0.55), 2)
    items = 1 + rng.poisson(1.2 + 0.5 * weekend)
    distance = np.round(rng.gamma(2.0, 9.0, count), 1)
    years = np.round(rng.exponential(2.5, count), 1)
    discount = np.where(rng.random(count) < 0.3, rng.choice([5, 10, 20], count), 0)
    line = -1.3 + 1.2 * (np.log(basket) - 3.8) + 0.25 * (items - 2) + 0.9 * (channel == "app") - 0.25 * years + 0.04 * discount
    returned = np.where(rng.random(count) < 1 / (1 + np.exp(-line)), "yes", "no")
    start = int((first - datetime(2025, 1, 1)).days) * 10_000
    return pd.DataFrame(
        {
            "ordered": seen,
            "order": [f"o{start + n}" for n in range(count)],
            "basket": basket,
            "items": items,
            "channel": channel,
            "distance_km": distance,
            "customer_years": years,
            "discount": discount,
            "returned": returned,
        }
    )
