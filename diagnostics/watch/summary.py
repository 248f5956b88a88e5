"""A batch in a few numbers a column: what its values are like, measured on the scale of the reference.

Everything that is watched is the mean over the rows of a number between 0 and 1 (a rank in the reference, or whether something
holds), so that no outlier decides and one theory serves all (`watch.expected`).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure import engine
from diagnostics.measure.samples import as_level, as_number, as_time
from diagnostics.nouns.incident import Roles
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


class What(StrEnum):
    """What is watched of a column."""

    LEVEL = "level"
    SPREAD = "spread"
    SHARE = "share"
    UNSEEN = "unseen"
    MISSING = "missing"
    OUTSIDE = "outside"
    WHOLE = "whole"
    COMMON = "common"
    LINK = "link"
    LOSS = "loss"


NAMES: Final[Mapping[What, str]] = {
    What.LEVEL: N_("typical value"),
    What.SPREAD: N_("spread"),
    What.SHARE: N_("share of a level"),
    What.UNSEEN: N_("share of unknown levels"),
    What.MISSING: N_("share of missing values"),
    What.OUTSIDE: N_("share far outside the known range"),
    What.WHOLE: N_("share of whole numbers"),
    What.COMMON: N_("share of the commonest value"),
    What.LINK: N_("link to the prediction"),
    What.LOSS: N_("loss"),
}
SHARES: Final = frozenset({What.SHARE, What.UNSEEN, What.MISSING, What.OUTSIDE, What.WHOLE, What.COMMON})
"""What is counted in rows; the others are means of numbers between 0 and 1."""

GRID: Final = 256
"""Quantiles of the reference that ranks are read off."""

LEVELS: Final = 4
"""Levels whose shares are watched one by one, the commonest."""

KNOWN_LEVELS: Final = 5_000
"""Levels that are remembered; a column with more is a text, and new values in it are no news."""

BEYOND: Final = 0.5
"""Widths of the reference's range beyond it from which a value is far outside: a record is none, days have their own."""

SHOWN: Final = (
    N_("mean"),
    N_("standard deviation"),
    N_("5% quantile"),
    N_("median"),
    N_("95% quantile"),
    N_("share of missing values"),
)
"""What can be looked at of any column over time, in this order; of categories the first five are those of the level's share."""

QUANTILES: Final = (0.05, 0.5, 0.95)


@dataclass(frozen=True, kw_only=True)
class Stat:
    """One thing that is watched. level: of which level, where it is a share of one."""

    column: str
    what: What
    level: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """What the reference says of one column."""

    column: str
    kind: Kind
    grid: NDArray[np.float64]
    """Quantiles of the values, ascending, shape (GRID,); empty for categories."""

    levels: tuple[str, ...] = ()
    """The commonest levels."""

    known: frozenset[str] = frozenset()
    """All levels, empty where there are too many."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Baseline:
    """What batches are measured against. stats: in the order of every array of a Summary."""

    scales: tuple[Scale, ...]
    stats: tuple[Stat, ...]
    prediction: str | None
    loss_cap: float
    """Losses above it count as this: the largest but for one in a thousand of the reference."""

    loss_floor: float = 0.0
    columns: tuple[str, ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(scale.column for scale in self.scales)


@dataclass(frozen=True, kw_only=True, eq=False)
class Summary:
    """One batch in numbers.

    means: of each stat, shape (k,), NaN where no row had a value. valid: rows behind each, shape (k,). variance: of a row's
    number, shape (k,). shown: what SHOWN names for each column, shape (columns, 6).
    """

    rows: int
    means: NDArray[np.float64]
    valid: NDArray[np.float64]
    variance: NDArray[np.float64]
    shown: NDArray[np.float64]

    def packed(self) -> bytes:
        """As bytes for the database."""
        sink = io.BytesIO()
        np.savez(
            sink,
            rows=np.array(self.rows),
            means=self.means,
            valid=self.valid,
            variance=self.variance,
            shown=self.shown.astype("float32"),
        )
        return sink.getvalue()

    @staticmethod
    def unpacked(content: bytes) -> Summary:
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            return Summary(
                rows=int(held["rows"]),
                means=held["means"],
                valid=held["valid"],
                variance=held["variance"],
                shown=held["shown"].astype("float64"),
            )


def baseline(frame: pd.DataFrame, kinds: Mapping[str, Kind], roles: Roles, loss: NDArray[np.float64] | None) -> Baseline:
    """What to measure batches by. frame: rows of the reference; loss: of each row, NaN where unknown, None without labels."""
    left_out = {roles.timestamp, roles.id, roles.group, *roles.calendar}
    scales = tuple(
        _scale(name, frame[name], kinds[name])
        for name in map(str, frame.columns)
        if name not in left_out and kinds[name] is not Kind.NESTED
    )
    stats: list[Stat] = []
    for scale in scales:
        stats += _stats(scale, frame[scale.column], target=scale.column == roles.target)
    linked = next((scale for scale in scales if scale.column == roles.prediction), None)
    if linked is not None:
        apart = {roles.prediction, roles.target}
        stats += [Stat(column=s.column, what=What.LINK) for s in scales if s.column not in apart]
    known = loss[np.isfinite(loss)] if loss is not None else np.empty(0)
    cap = 1.0
    if known.size:
        stats.append(Stat(column=roles.prediction or "", what=What.LOSS))
        cap = float(np.quantile(known, 0.999)) or 1.0
    return Baseline(
        scales=scales,
        stats=tuple(stats),
        prediction=linked.column if linked else None,
        loss_cap=cap,
        columns=tuple(map(str, frame)),
    )


def summarise(frame: pd.DataFrame, base: Baseline, loss: NDArray[np.float64] | None = None) -> Summary:
    """Measure a batch. frame: its rows in the kinds of the reference (`like`)."""
    rows = len(frame)
    found = np.tile([np.nan, 0.0, np.nan], (len(base.stats), 1))
    shown = np.full((len(base.scales), len(SHOWN)), np.nan)
    scales = {scale.column: scale for scale in base.scales}
    ranks: dict[str, NDArray[np.float64]] = {}
    values: dict[str, NDArray[np.generic]] = {}
    for place, scale in enumerate(base.scales):
        # Of a column that did not come, all values are missing.
        given = frame[scale.column] if scale.column in frame else pd.Series(np.nan, index=frame.index)
        values[scale.column] = held = _held(given, scale)
        ranks[scale.column] = _ranked(held, scale)
        shown[place] = _shown(held, scale)
    for place, stat in enumerate(base.stats):
        if stat.what is What.LOSS:
            known = loss[np.isfinite(loss)] if loss is not None else np.empty(0)
            if known.size:
                found[place] = _mean(np.minimum(known / base.loss_cap, 1))
        elif stat.column in values:
            link = ranks.get(base.prediction or "")
            found[place] = _measured(stat, values[stat.column], ranks[stat.column], link, scales[stat.column])
    return Summary(rows=rows, means=found[:, 0], valid=found[:, 1], variance=found[:, 2], shown=shown)


def like(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> pd.DataFrame:
    """`frame` with its columns in the kinds of the reference; what can't be read as such is missing."""
    found = {}
    for name in map(str, frame.columns):
        kind, values = kinds.get(name), frame[name]
        if kind is Kind.NUMBER and values.dtype.kind != "f":
            values = as_number(values)
        elif kind is Kind.TIME and values.dtype.kind != "M":
            values = as_time(values)
        elif kind is Kind.CATEGORY and values.dtype != object:
            values = as_level(values)
        found[name] = values
    return pd.DataFrame(found, index=frame.index)


def _scale(name: str, values: pd.Series, kind: Kind) -> Scale:
    if kind is not Kind.CATEGORY:
        numbers = engine.seconds(values)
        finite = np.sort(numbers[np.isfinite(numbers)])
        if not finite.size:
            return Scale(column=name, kind=kind, grid=np.zeros(1))
        # Values in full where there are few: quantiles would not know how many rows share one.
        return Scale(column=name, kind=kind, grid=finite if finite.size <= GRID else _thinned(finite))
    counts = values.value_counts()
    ordered = [str(level) for level in counts.index]
    known = frozenset(ordered) if len(ordered) <= KNOWN_LEVELS and len(ordered) < 0.5 * max(1, len(values)) else frozenset[str]()
    return Scale(column=name, kind=kind, grid=np.empty(0), levels=tuple(ordered[:LEVELS]) if known else (), known=known)


def _thinned(ascending: NDArray[np.float64]) -> NDArray[np.float64]:
    places = np.linspace(0, ascending.size - 1, GRID)
    return np.asarray(ascending[np.round(places).astype(np.intp)])


def _stats(scale: Scale, values: pd.Series, *, target: bool) -> list[Stat]:
    name = scale.column
    if scale.kind is Kind.CATEGORY:
        found = [Stat(column=name, what=What.SHARE, level=level) for level in scale.levels]
        if scale.known:
            found.append(Stat(column=name, what=What.UNSEEN))
    else:
        found = [Stat(column=name, what=What.LEVEL)]
        if scale.kind is Kind.NUMBER and not target:
            found += [Stat(column=name, what=what) for what in (What.SPREAD, What.OUTSIDE, What.COMMON)]
            numbers = engine.seconds(values)
            if np.any(numbers[np.isfinite(numbers)] % 1 != 0):
                found.append(Stat(column=name, what=What.WHOLE))
    # A label that is missing is late, and no fault.
    return found if target else [*found, Stat(column=name, what=What.MISSING)]


def _held(values: pd.Series, scale: Scale) -> NDArray[np.generic]:
    return as_level(values).to_numpy(dtype=object) if scale.kind is Kind.CATEGORY else engine.seconds(values)


def _ranked(held: NDArray[np.generic], scale: Scale) -> NDArray[np.float64]:
    """Each value's place among those of the reference, 0 to 1; of a category whether it is the commonest level; NaN: missing."""
    if scale.kind is Kind.CATEGORY:
        first = scale.levels[0] if scale.levels else ""
        return np.where(pd.notna(held), (held == first).astype("float64"), np.nan)
    numbers = held.astype("float64")
    place = np.searchsorted(scale.grid, numbers, side="left") + np.searchsorted(scale.grid, numbers, side="right")
    return np.where(np.isnan(numbers), np.nan, place / (2.0 * scale.grid.size))


def _shown(held: NDArray[np.generic], scale: Scale) -> NDArray[np.float64]:
    gone = pd.isna(held)
    missing = float(gone.mean()) if held.size else np.nan
    if scale.kind is Kind.CATEGORY:
        known = held[~gone]
        first = scale.levels[0] if scale.levels else ""
        return np.array([float(np.mean(known == first)) if known.size else np.nan, *[np.nan] * 4, missing])
    numbers = held.astype("float64")
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        return np.array([*[np.nan] * 5, missing])
    return np.array([finite.mean(), finite.std(), *np.quantile(finite, QUANTILES), missing])


def _measured(
    stat: Stat,
    held: NDArray[np.generic],
    ranks: NDArray[np.float64],
    link: NDArray[np.float64] | None,
    scale: Scale,
) -> tuple[float, float, float]:
    """Mean of a stat, the rows behind it, and their variance."""
    gone = pd.isna(held)
    if stat.what is What.MISSING:
        return _mean(gone.astype("float64"))
    known = held[~gone]
    match stat.what:
        case What.LEVEL:
            return _mean(ranks[~gone])
        case What.SPREAD:
            return _mean(np.abs(2 * ranks[~gone] - 1))
        case What.SHARE:
            return _mean((known == stat.level).astype("float64"))
        case What.COMMON:
            if not known.size:
                return NOTHING
            # The first of them is no repetition: values that are all different have none.
            most = int(np.unique(known.astype("float64"), return_counts=True)[1].max()) - 1
            share = most / known.size
            return share, float(known.size), share * (1 - share)
        case What.LINK:
            if link is None:
                return NOTHING
            both = ~gone & np.isfinite(link)
            return _mean(0.5 + 2 * (ranks[both] - 0.5) * (link[both] - 0.5))
    if stat.what is What.UNSEEN:
        return _mean(np.array([level not in scale.known for level in known], dtype="float64"))
    numbers = known.astype("float64")
    if stat.what is What.OUTSIDE:
        far = BEYOND * (scale.grid[-1] - scale.grid[0])
        return _mean(((numbers < scale.grid[0] - far) | (numbers > scale.grid[-1] + far)).astype("float64"))
    with np.errstate(invalid="ignore"):
        return _mean((numbers % 1 == 0).astype("float64"))


NOTHING: Final = (np.nan, 0.0, np.nan)


def _mean(values: NDArray[np.float64]) -> tuple[float, float, float]:
    return (float(values.mean()), float(values.size), float(values.var())) if values.size else NOTHING
