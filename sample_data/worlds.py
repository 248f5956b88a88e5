"""Three simulated businesses: loans, customers of a phone company, deliveries. No person or company stands behind a row."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

VILLAGES: Final = 0.015
"""Share of deliveries to villages in ordinary weeks."""


def loans(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Loan applications; income in thousands of euros a year, amount in euros; about a quarter default."""
    age = rng.integers(21, 70, rows)
    employment = rng.choice(["salaried", "self-employed", "public service", "pensioner"], rows, p=[0.58, 0.19, 0.15, 0.08])
    purpose = rng.choice(["car", "home", "debt", "education"], rows, p=[0.4, 0.3, 0.2, 0.1])
    income = np.round(np.exp(rng.normal(3.6, 0.45, rows)) * np.where(employment == "pensioner", 0.7, 1.0), 1)
    amount = np.round(np.exp(rng.normal(9.2, 0.6, rows)), -2).astype(int)
    term = rng.choice([12, 24, 36, 48, 60], rows, p=[0.1, 0.25, 0.3, 0.2, 0.15])
    history = np.round(np.clip(rng.gamma(2.0, 4.0, rows), 0, age - 18), 1)
    late = rng.poisson(0.7, rows)
    logit = (
        -1.7
        - 0.055 * (income - 38)
        + 0.00007 * (amount - 11_000)
        + 0.65 * (late - 0.7)
        - 0.06 * (history - 8)
        + 0.5 * (employment == "self-employed")
        + 0.6 * (purpose == "debt")
    )
    return pd.DataFrame(
        {
            "age": age,
            "employment": employment,
            "income": income,
            "loan_amount": amount,
            "term_months": term,
            "purpose": purpose,
            "credit_history_years": history,
            "late_payments": late,
            "defaulted": _yes(rng, logit),
        }
    )


def customers(rng: np.random.Generator, rows: int, tempted: np.ndarray | None = None) -> pd.DataFrame:
    """Customers of a phone company; about three in ten leave. Where `tempted` (shape (rows,), bool) those bound for two
    years leave more often than the others, all else as before.
    """
    contract = rng.choice(["monthly", "one year", "two years"], rows, p=[0.5, 0.28, 0.22])
    tenure = 1 + rng.gamma(1.6, 16, rows).astype(int) + np.where(contract == "two years", 8, 0)
    price = np.round(rng.normal(42, 11, rows).clip(9.9, 95), 2)
    calls = rng.poisson(1.3, rows)
    login = rng.geometric(0.07, rows)
    gigabytes = np.round(rng.gamma(2.2, 7, rows), 1)
    payment = rng.choice(["card", "transfer", "direct debit"], rows, p=[0.45, 0.2, 0.35])
    region = rng.choice(["north", "east", "south", "west"], rows, p=[0.3, 0.15, 0.35, 0.2])
    bound = np.select([contract == "monthly", contract == "one year"], [1.5, -0.6], -1.9)
    if tempted is not None:
        bound = np.where((contract == "two years") & tempted, 2.2, bound)
    logit = (-1.9 + bound + 0.035 * (price - 42) + 0.45 * (calls - 1.3) - 0.015 * (tenure - 26) + 0.03 * (login - 14)) + 0.3 * (
        payment == "transfer"
    )
    return pd.DataFrame(
        {
            "tenure_months": tenure,
            "contract": contract,
            "monthly_price": price,
            "payment": payment,
            "region": region,
            "support_calls": calls,
            "days_since_login": login,
            "gigabytes": gigabytes,
            "churned": _yes(rng, logit),
        }
    )


def deliveries(rng: np.random.Generator, rows: int, villages: np.ndarray | float = VILLAGES) -> pd.DataFrame:
    """Deliveries and their minutes; `villages` is the share of villages, alone or per row.

    Orders from villages differ: farther, larger, by van, and slower for every kilometre.
    """
    inside = rng.choice(["centre", "suburbs", "harbour"], rows, p=[0.5, 0.36, 0.14])
    region = np.where(rng.random(rows) < villages, "villages", inside)
    far = region == "villages"
    near = rng.choice(["bicycle", "scooter", "van"], rows, p=[0.45, 0.35, 0.2])
    vehicle = np.where(far, rng.choice(["scooter", "van"], rows, p=[0.3, 0.7]), near)
    distance = np.round(rng.gamma(3.0, 1.4, rows) * np.where(far, 1.7, 1.0) + 0.3, 2)
    items = 1 + rng.poisson(np.where(far, 4.5, 2.2))
    weight = np.round(items * rng.gamma(2.0, 0.6, rows), 2)
    rain = np.round(np.where(rng.random(rows) < 0.25, rng.gamma(1.2, 2.0, rows), 0), 1)
    waiting = rng.poisson(np.where(far, 2.0, 4.0))
    pace = np.select([vehicle == "bicycle", vehicle == "scooter"], [4.2, 3.2], 3.6)
    minutes = (
        6
        + distance * pace * np.where(far, 1.8, 1.0)
        + 0.9 * items
        + 0.8 * rain
        + 1.1 * waiting
        + np.select([region == "suburbs", region == "harbour"], [2.0, 5.0], 0.0)
        + rng.normal(0, 4, rows)
    )
    return pd.DataFrame(
        {
            "region": region,
            "vehicle": vehicle,
            "distance_km": distance,
            "items": items,
            "weight_kg": weight,
            "rain_mm": rain,
            "orders_waiting": waiting,
            "minutes": np.round(minutes.clip(5), 1),
        }
    )


def _yes(rng: np.random.Generator, logit: np.ndarray) -> np.ndarray:
    return np.where(rng.random(logit.size) < 1 / (1 + np.exp(-logit)), "yes", "no")
