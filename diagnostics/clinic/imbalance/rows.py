"""The rare class against all others, and what SMOTE would add to it: points in two dimensions, and rows to download."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.clinic.imbalance.methods import changes
from diagnostics.clinic.imbalance.remedies import allowed, complete, synthetic
from diagnostics.clinic.shared.training_set import ROWS, TrainingSet, training_set
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_

OTHERS: Final = "other"
SHOWN: Final = 600
"""Points of each kind in the picture."""

CAP: Final = 20_000
"""Synthetic rows that are made at most."""


@dataclass(frozen=True)
class Axis:
    """One axis of the picture."""

    name: str
    """A column, or "" for a principal component."""

    share: float = 0.0
    """Share of the spread that a component shows."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Synthetic rows among the real ones, as points (x, y)."""

    level: str
    x: Axis
    y: Axis
    common: tuple[tuple[float, float], ...]
    """Rows of the common class."""

    rare: tuple[tuple[float, float], ...]
    """Rows of the rare class."""

    made: tuple[tuple[float, float], ...]
    """Synthetic rows."""

    dropped: tuple[tuple[float, float], ...]
    """Rows that the method takes out."""

    gone: int
    """Rows taken out in all."""

    count: int
    """Synthetic rows in all."""

    rows: int
    """Rows of the rare class in all."""

    neighbours: int
    """Neighbours used."""

    most: int
    """Neighbours that the class allows."""

    missing: int
    """Missing cells, which are imputed first."""

    kind: str


def two_classes(incident: Incident, *, rows: int = ROWS) -> TrainingSet:
    """The class to be found (code 1) against all others. Raises NotApplicable where the target is a quantity."""
    data = training_set(incident, rows=rows)
    if data.task is not Task.CLASSIFICATION:
        raise NotApplicable(
            N_("{target:name} is a quantity: imbalance concerns targets with classes. Choose another target."),
            needs="target",
            target=data.described.target,
        )
    if len(data.classes) == 2:
        return data
    stated = incident.roles.positive
    rare = data.classes.index(stated) if stated in data.classes else int(np.argmin(data.described.counts))
    truth = (data.truth == rare).astype("int64")
    name = OTHERS if data.classes[rare] != OTHERS else f"{OTHERS} (all)"
    classes = (name, data.classes[rare])
    found = int(truth.sum())
    described = replace(data.described, classes=classes, counts=(len(truth) - found, found))
    return replace(data, truth=truth, classes=classes, described=described)


def made(data: TrainingSet, *, neighbours: int, wanted: int | None, seed: int) -> pd.DataFrame:
    """Synthetic rows of the rarer class, at most `CAP`."""
    codes = data.truth.astype("int64")
    counts = np.bincount(codes, minlength=2)
    lacks = int(counts.max() - counts.min())
    return synthetic(data, data.features, codes, seed=seed, neighbours=neighbours, wanted=min(CAP, wanted or lacks))


def preview(
    data: TrainingSet,
    *,
    neighbours: int = 5,
    wanted: int | None = None,
    columns: tuple[str, str] | None = None,
    seed: int = 0,
    how: str = "smote",
) -> Preview:
    """Real and synthetic points on two columns, or on the first two principal components of the scaled numbers. how: "smote", or
    one of `methods.SAMPLERS`; rows that it drops are named as such.

    Raises NotApplicable where the rare class has one row, or ValueError for columns that are no numbers.
    """
    codes = data.truth.astype("int64")
    rare = int(np.bincount(codes, minlength=2).argmin())
    rows = int((codes == rare).sum())
    gone: NDArray[np.int64] = np.empty(0, dtype="int64")
    if how == "smote":
        extra = made(data, neighbours=neighbours, wanted=wanted, seed=seed)
    else:
        extra, kept = changes(data, data.features, codes, how, seed, neighbours=neighbours)
        gone = np.setdiff1d(np.arange(len(codes)), kept)
    if columns is not None and any(name not in data.numbers for name in columns):
        raise ValueError(f"the picture needs two columns of numbers, got {columns}")
    real, fake = complete(data, data.features), complete(data, extra) if len(extra) else extra
    if columns is None and len(data.numbers) >= 2:
        x, y, points, points_made = _components(data, real, fake)
    else:
        names = columns or (*data.numbers, *data.numbers, *data.categories, *data.categories)[:2]
        x, y = Axis(str(names[0])), Axis(str(names[1]))
        points, points_made = _plain(data, real, fake, names)
    rng = np.random.default_rng((seed, 17))
    kind = "SMOTENC" if data.categories and data.numbers else "SMOTE" if data.numbers else "SMOTEN"
    return Preview(
        level=data.classes[rare],
        x=x,
        y=y,
        common=_some(points[np.setdiff1d(np.flatnonzero(codes != rare), gone)], rng),
        rare=_some(points[np.setdiff1d(np.flatnonzero(codes == rare), gone)], rng),
        dropped=_some(points[gone], rng),
        gone=int(gone.size),
        made=_some(points_made, rng),
        count=len(extra),
        rows=rows,
        neighbours=allowed(rows, neighbours),
        most=allowed(rows, rows),
        missing=int(data.features.isna().to_numpy().sum()),
        kind=kind,
    )


def _components(
    data: TrainingSet, real: pd.DataFrame, fake: pd.DataFrame
) -> tuple[Axis, Axis, NDArray[np.float64], NDArray[np.float64]]:
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    numbers = list(data.numbers)
    scaler = StandardScaler().fit(real[numbers].to_numpy("float64"))
    components = PCA(2, random_state=0).fit(scaler.transform(real[numbers].to_numpy("float64")))
    first, second = (float(share) for share in components.explained_variance_ratio_)
    shown = components.transform(scaler.transform(real[numbers].to_numpy("float64")))
    added = components.transform(scaler.transform(fake[numbers].to_numpy("float64"))) if len(fake) else np.empty((0, 2))
    return Axis("", first), Axis("", second), shown, added


def _plain(
    data: TrainingSet, real: pd.DataFrame, fake: pd.DataFrame, names: tuple[str, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two columns as they are; levels by their rank."""
    sides = []
    for frame in (real, fake):
        columns = []
        for name in names:
            if name in data.categories:
                order = {level: index for index, level in enumerate(sorted(real[name].astype(str).unique()))}
                columns.append(frame[name].astype(str).map(order).to_numpy("float64", na_value=-1.0))
            else:
                columns.append(frame[name].to_numpy("float64"))
        sides.append(np.column_stack(columns) if len(frame) else np.empty((0, 2)))
    return sides[0], sides[1]


def _some(points: NDArray[np.float64], rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    if len(points) > SHOWN:
        points = points[np.sort(rng.choice(len(points), SHOWN, replace=False))]
    return tuple((float(f"{x:.5g}"), float(f"{y:.5g}")) for x, y in points)


MARK: Final = "synthetic"


def to_download(
    data: TrainingSet, incident: Incident, *, neighbours: int, wanted: int | None = None, seed: int = 0
) -> pd.DataFrame:
    """Synthetic rows with their class and a column that marks them as such ("synthetic", "synthetic_2" where the name is taken).

    Columns of whole numbers are rounded. The cells come from a stranger's file: write them through `csv_bytes`.
    """
    extra = made(data, neighbours=neighbours, wanted=wanted, seed=seed).copy()
    table = incident.reference
    for name in data.numbers:
        if table is None or name not in table:
            continue
        if table[name].kind is Kind.TIME:
            extra[name] = pd.to_datetime(extra[name].round(), unit="s")
        elif table[name].integer:
            extra[name] = extra[name].round()
    counts = np.bincount(data.truth.astype("int64"), minlength=2)
    extra[data.described.target] = data.classes[int(counts.argmin())]
    mark, number = MARK, 2
    while mark in extra:
        mark, number = f"{MARK}_{number}", number + 1
    extra.insert(0, mark, "yes")
    return extra
