"""Missing values: what is missing together, whether it goes with the target, and the ways to fill and to scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from diagnostics.clinic.shared.compare import Remedy
from diagnostics.clinic.shared.models import FAMILIES, model, preparation
from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.nouns.incident import Task
from diagnostics.nouns.intervals import Interval, benjamini_hochberg
from diagnostics.nouns.words import N_

TOGETHER: Final = 0.8
"""Correlation of two columns' gaps (phi) from which they are missing together: a strong association by Cohen 1988."""

FEW: Final = 10
"""Gaps below which nothing is said of a column."""

BEYOND_CHANCE: Final = 0.01
"""False discovery rate of columns whose missing values are said to go with the target."""

SHOWN: Final = 20


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One column with missing values."""

    column: str
    share: float
    """Share of the rows without a value."""

    where: float
    """Mean of the target where the value is missing; for classes, the share of `Gaps.about`."""

    elsewhere: float
    """The same where it is not missing."""

    apart: Interval
    """The difference with its interval."""

    beyond_chance: bool
    """Whether it is more than chance (Benjamini-Hochberg over all columns)."""


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """The missing values of a table."""

    share: float
    """Share of all cells."""

    complete: float
    """Share of rows without a missing value."""

    columns: tuple[Gap, ...]
    together: tuple[tuple[str, ...], ...]
    """Columns that are missing in the same rows."""

    about: str
    """The class whose share `Gap.where` is (of two, the one to be found, else the most frequent); "" for a quantity."""

    spread: float
    """Standard deviation of the target, 1 for classes."""


def gaps(data: TrainingSet) -> Gaps:
    from scipy.stats import norm

    missing = data.features.isna()
    truth, about = _told(data)
    columns: list[Gap] = []
    p_values: list[float] = []
    for name in data.features.columns:
        here = missing[name].to_numpy()
        count = int(here.sum())
        if not count:
            continue
        there = truth[~here]
        where, elsewhere, reach, p_value = 0.0, 0.0, Interval(0.0, 0.0, 0.0), 1.0
        if count >= FEW and len(there) >= FEW:
            where, elsewhere = float(truth[here].mean()), float(there.mean())
            difference = where - elsewhere
            # The variance of both together, so that a gap in which all rows agree is not taken for certain.
            error = float(np.sqrt(truth.var() * (1 / count + 1 / len(there))))
            p_value = float(2 * norm.sf(abs(difference) / error)) if error > 0 else 1.0
            reach = Interval(difference, difference - 1.96 * error, difference + 1.96 * error)
        share = float(here.mean())
        columns.append(Gap(column=name, share=share, where=where, elsewhere=elsewhere, apart=reach, beyond_chance=False))
        p_values.append(p_value)
    adjusted = benjamini_hochberg(p_values)
    columns = [replace(gap, beyond_chance=bool(p < BEYOND_CHANCE)) for gap, p in zip(columns, adjusted, strict=True)]
    columns.sort(key=lambda gap: (not gap.beyond_chance, -abs(gap.apart.value) if gap.beyond_chance else -gap.share, gap.column))
    spread = 1.0 if data.task is Task.CLASSIFICATION else float(truth.std()) or 1.0
    return Gaps(
        share=float(missing.to_numpy().mean()),
        complete=float((~missing.any(axis=1)).mean()),
        columns=tuple(columns[:SHOWN]),
        together=_together(data),
        about=about,
        spread=spread,
    )


def _told(data: TrainingSet) -> tuple[np.ndarray[Any, np.dtype[np.float64]], str]:
    if data.task is Task.REGRESSION:
        return data.truth.astype("float64"), ""
    counts = np.bincount(data.truth.astype("int64"), minlength=len(data.classes))
    code = 1 if len(data.classes) == 2 else int(counts.argmax())
    return (data.truth == code).astype("float64"), data.classes[code]


def _together(data: TrainingSet) -> tuple[tuple[str, ...], ...]:
    """Groups of columns whose gaps lie in the same rows, the largest first."""
    missing = data.features.isna()
    names = [name for name in missing.columns if FEW <= int(missing[name].sum()) < len(missing)][:100]
    if len(names) < 2:
        return ()
    phi = np.corrcoef(missing[names].to_numpy("float64"), rowvar=False)
    groups: list[list[str]] = []
    left = list(range(len(names)))
    while left:
        first = left.pop(0)
        near = [index for index in left if phi[first, index] >= TOGETHER]
        left = [index for index in left if index not in near]
        if near:
            groups.append([names[index] for index in (first, *near)])
    return tuple(tuple(group) for group in sorted(groups, key=lambda group: -len(group))[:10])


def propose_imputers(data: TrainingSet, family: str) -> tuple[Remedy, list[Remedy]]:
    """The way it is, and the others. Trees can leave a value missing; the other models start from the mean."""
    from sklearn.impute import KNNImputer, SimpleImputer

    def iterative(seed: int) -> Any:
        from sklearn.experimental import enable_iterative_imputer  # noqa: F401
        from sklearn.impute import IterativeImputer

        return IterativeImputer(max_iter=5, n_nearest_features=10, random_state=seed)

    ways: list[tuple[str, str, Callable[[int], Any]]] = [
        ("mean", N_("gaps filled with the mean"), lambda seed: SimpleImputer(strategy="mean")),
        ("median", N_("gaps filled with the median"), lambda seed: SimpleImputer(strategy="median")),
        (
            "indicator",
            N_("the median, and a column that marks the gap"),
            lambda seed: SimpleImputer(strategy="median", add_indicator=True),
        ),
        ("iterative", N_("gaps predicted from the other columns (iterative)"), iterative),
        ("neighbours", N_("gaps filled from the 5 nearest rows (kNN)"), lambda seed: KNNImputer(n_neighbors=5)),
    ]
    made = [Remedy(name=name, says=says, build=_filled(family, way)) for name, says, way in ways]
    if not FAMILIES[family].scaled:
        made.insert(0, Remedy(name="none", says=N_("gaps left as they are"), build=_filled(family, None)))
    complete = (~data.features[list(data.numbers)].isna().any(axis=1)).to_numpy()
    if 0.3 <= complete.mean() < 1:
        made.append(
            Remedy(
                name="dropped",
                says=N_("trained on complete rows only"),
                build=_filled(family, ways[1][2]),
                rows=lambda data, train, seed: train[complete[train]],
            )
        )
    return made[0], made[1:]


def _filled(family: str, way: Callable[[int], Any] | None) -> Callable[[TrainingSet, int], Any]:
    def build(data: TrainingSet, seed: int) -> Any:
        from sklearn.compose import ColumnTransformer
        from sklearn.pipeline import Pipeline, make_pipeline
        from sklearn.preprocessing import StandardScaler

        prepared = preparation(data, scaled=FAMILIES[family].scaled)
        if way is None:
            return Pipeline([("prepare", prepared), ("model", model(data, family, seed=seed))])
        parts = [part for part in prepared.transformers if part[0] != "numbers"]
        scaled = FAMILIES[family].scaled
        # Neighbours are meant by distance, so the columns are brought to one scale before they are filled.
        numbers = make_pipeline(StandardScaler(), way(seed), *([StandardScaler()] if scaled else []))
        prepared = ColumnTransformer([("numbers", numbers, list(data.numbers)), *parts], sparse_threshold=0)
        return Pipeline([("prepare", prepared), ("model", model(data, family, seed=seed))])

    return build


def propose_scalers(family: str) -> tuple[Remedy, list[Remedy]]:
    """Numbers as they are, and scaled in four ways."""
    from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, RobustScaler, StandardScaler

    def ranks(seed: int) -> Any:
        return QuantileTransformer(n_quantiles=200, output_distribution="normal", random_state=seed)

    ways: list[tuple[str, str, Callable[[int], Any]]] = [
        ("none", N_("numbers not scaled"), lambda seed: "passthrough"),
        ("standard", N_("mean 0, spread 1 (standard)"), lambda seed: StandardScaler()),
        ("robust", N_("by median and quartiles (robust)"), lambda seed: RobustScaler()),
        ("range", N_("from 0 to 1 (min-max)"), lambda seed: MinMaxScaler()),
        ("ranks", N_("by rank (quantiles)"), ranks),
    ]
    made = [Remedy(name=name, says=says, build=_scaled(family, way)) for name, says, way in ways]
    return made[0], made[1:]


def _scaled(family: str, way: Callable[[int], Any]) -> Callable[[TrainingSet, int], Any]:
    def build(data: TrainingSet, seed: int) -> Any:
        from sklearn.compose import ColumnTransformer
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import Pipeline

        parts = [part for part in preparation(data, scaled=True).transformers if part[0] != "numbers"]
        numbers = Pipeline([("fill", SimpleImputer(strategy="median", add_indicator=True)), ("scale", way(seed))])
        prepared = ColumnTransformer([("numbers", numbers, list(data.numbers)), *parts], sparse_threshold=0)
        return Pipeline([("prepare", prepared), ("model", model(data, family, seed=seed))])

    return build


def measure_spreads(data: TrainingSet) -> float:
    """The widest number's spread by the narrowest's: above 10, an unscaled model hears one column alone. 1 for one number."""
    found = [float(np.nanstd(data.features[name].to_numpy("float64"))) for name in data.numbers]
    found = [value for value in found if np.isfinite(value) and value > 0]
    return max(found) / min(found) if len(found) > 1 else 1.0
