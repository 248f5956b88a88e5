"""The scaler of training against the data: does it still meet the columns that it was fitted on?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.causes.catalogue import REFIT_SCALER
from diagnostics.checks.reproduce.scaler.file import Scale, scales
from diagnostics.measure.onset import since
from diagnostics.measure.samples import samples, times
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import ColumnEntry, Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_

SOURCE: Final = "Breck et al. 2017, The ML test score, doi:10.1109/BigData.2017.8258038 (training-serving skew)"


@dataclass(frozen=True, kw_only=True)
class OffScale(ColumnEntry):
    """A column that arrives elsewhere than its scaler expects, in the column's unit."""

    file: str = shown(N_("File of the scaler"), Unit.NAME)
    column: str = shown(N_("Column"), Unit.NAME)
    mean: float = shown(N_("Mean that the scaler expects"))
    scale: float = shown(N_("Spread that the scaler expects"))
    reference: float = shown(N_("Mean in the reference"))
    current: float = shown(N_("Mean in the current table"))
    spread: float = shown(N_("Spread in the current table"))


@dataclass(frozen=True, kw_only=True)
class ScaledTwice(OffScale):
    """A column that arrives at mean 0 and spread 1 already."""

    cause: CauseKind = REFIT_SCALER


@dataclass(frozen=True, kw_only=True)
class Refitted(Entry):
    """The columns whose current rows the scaler meets; the numbers are those of `column`, which is farthest off."""

    file: str = shown(N_("File of the scaler"), Unit.NAME)
    column: str = shown(N_("Column that is farthest off"), Unit.NAME)
    mean: float = shown(N_("Mean that the scaler expects"))
    scale: float = shown(N_("Spread that the scaler expects"))
    reference: float = shown(N_("Mean in the reference"))
    current: float = shown(N_("Mean in the current table"))
    spread: float = shown(N_("Spread in the current table"))
    count: int = shown(N_("Columns that fit the current rows only"), Unit.COUNT)
    of: int = shown(N_("Columns that the scaler knows"), Unit.COUNT)
    columns: tuple[str, ...] = shown(N_("Columns"), Unit.NAMES)
    cause: CauseKind = REFIT_SCALER


FIT: Final = {
    "fits_shift": Shown(N_("Distance of the mean, in spreads, up to which a column fits"), Unit.NUMBER),
    "fits_stretch": Shown(N_("Factor of the spread up to which a column fits"), Unit.NUMBER),
}

TWICE: Final = Rule[ScaledTwice](
    code="REP050",
    lane=Lane.MODEL,
    title=N_("Values are scaled before the scaler"),
    says=N_(
        "The scaler expects {column:name} at {mean:number}, give or take {scale:number}; it now arrives at "
        "{current:number}, give or take {spread:number}, so it was scaled before."
    ),
    why=N_("The scaler subtracts and divides once more, and all rows look nearly the same to the model."),
    remedy=N_("Send the column as it was in training and let the model's own scaler do the rest, or take one of the two out."),
    statistic=N_("Mean and spread of the column, beside those that the scaler was fitted to."),
    source=SOURCE,
    severity=Severity.CRITICAL,
    suggests=REFIT_SCALER,
    thresholds=FIT,
)
FAR_OFF: Final = Rule[OffScale](
    code="REP051",
    lane=Lane.MODEL,
    title=N_("The data no longer suit the scaler"),
    says=N_(
        "The scaler expects {column:name} at {mean:number}, give or take {scale:number}; the current rows lie at "
        "{current:number}, give or take {spread:number}."
    ),
    why=N_("What the scaler makes of these values lies far outside what the model saw in training."),
    remedy=N_("Compare the column's unit and source with training; do not fit the scaler again before that is known."),
    statistic=N_("Mean and spread of the column, beside those that the scaler was fitted to."),
    source=SOURCE,
    thresholds=FIT
    | {
        "off_shift": Shown(N_("Distance of the mean, in spreads, from which a column is far off"), Unit.NUMBER),
        "off_stretch": Shown(N_("Factor of the spread from which a column is far off"), Unit.NUMBER),
    },
)
REFITTED: Final = Rule[Refitted](
    code="REP052",
    lane=Lane.MODEL,
    title=N_("The scaler was fitted to production rows"),
    says=N_(
        "The scaler in {file:name} meets the current rows and not the reference's in {count:count} of {of:count} columns "
        "({columns:list}): for {column:name} it expects {mean:number}, and the reference lies at {reference:number}."
    ),
    why=N_("The model learnt with another scaler: the same value now means something else to it."),
    remedy=N_("Put the scaler of training back beside the model; never fit one on production rows."),
    statistic=N_("Columns whose current mean and spread the scaler meets, and the reference's not."),
    source=SOURCE,
    severity=Severity.CRITICAL,
    suggests=REFIT_SCALER,
    thresholds=FIT
    | {
        "tight": Shown(N_("Distance, in spreads, within which a scaler meets the rows that it was fitted to"), Unit.NUMBER),
        "most_at": Shown(N_("Share of the columns that must point at it"), Unit.SHARE),
    },
)
RULES: Final = (TWICE, FAR_OFF, REFITTED)

MIN_ROWS: Final = 30


@dataclass(frozen=True)
class ColumnScale:
    """mean, spread: of each side's finite values, in the column's unit; spread is the standard deviation."""

    scale: Scale
    mean: Sides[float]
    spread: Sides[float]
    since: datetime | None

    def shift(self, side: str) -> float:
        """Distance of the side's mean from the scaler's, in scales."""
        return abs(float(getattr(self.mean, side)) - self.scale.mean) / self.scale.scale

    def stretch(self, side: str) -> float:
        """Factor between the side's spread and the scaler's, from 1 on, either way."""
        ratio = float(getattr(self.spread, side)) / self.scale.scale
        return max(ratio, 1 / ratio) if ratio > 0 else float("inf")


@dataclass(frozen=True)
class Scaled:
    """One entry per numeric column that the scaler knows, in the reference's order."""

    columns: tuple[ColumnScale, ...]


def profile(incident: Incident) -> Scaled:
    """Raises NotApplicable without both tables or without a scaler."""
    drawn = samples(incident)
    when = times(drawn.current, incident.roles.timestamp)
    columns = []
    for scale in scales(incident, drawn):
        before, now = (frame[scale.column].to_numpy("float64") for frame in (drawn.reference, drawn.current))
        fine = np.isfinite(before), np.isfinite(now)
        if min(int(f.sum()) for f in fine) < MIN_ROWS:
            continue
        means = Sides(float(before[fine[0]].mean()), float(now[fine[1]].mean()))
        spreads = Sides(float(before[fine[0]].std()), float(now[fine[1]].std()))
        columns.append(ColumnScale(scale, means, spreads, _since(when, now, before[fine[0]], scale)))
    return Scaled(tuple(columns))


def judge(
    p: Scaled,
    *,
    fits_shift: float = 0.5,
    fits_stretch: float = 1.6,
    off_shift: float = 2.0,
    off_stretch: float = 4.0,
    tight: float = 0.1,
    most_at: float = 0.5,
) -> list[Finding]:
    """A side fits while its mean lies within `fits_shift` scales of the scaler's and its spread within a factor `fits_stretch`.

    A standard scaler meets its own rows at 0 and 1; half a scale and a factor of 1.6 is what samples of skewed columns reach.
    `off_shift` and `off_stretch` are far beyond drift that a model bears. `tight`: how well a scaler meets the rows it was fitted
    to; `most_at`: share of the columns that must point at a scaler fitted again.
    """

    def fits(column: ColumnScale, side: str) -> bool:
        return column.shift(side) <= fits_shift and column.stretch(side) <= fits_stretch

    def tightly(column: ColumnScale, side: str) -> bool:
        return column.shift(side) <= tight and column.stretch(side) <= 1 + tight

    refitted = [c for c in p.columns if tightly(c, "current") and not fits(c, "reference")]
    if refitted and len(refitted) >= most_at * len(p.columns):
        return [_refitted(refitted, len(p.columns))]
    findings: list[Finding] = []
    for column in p.columns:
        if not fits(column, "reference") or fits(column, "current"):
            continue
        if abs(column.mean.current) <= fits_shift and 1 / fits_stretch <= column.spread.current <= fits_stretch:
            findings.append(TWICE.found(ScaledTwice(since=column.since, weight=1.0, **_numbers(column))))
        elif column.shift("current") >= off_shift or column.stretch("current") >= off_stretch:
            weight = float(np.clip(column.shift("current") / 10, 0.1, 1))
            findings.append(FAR_OFF.found(OffScale(since=column.since, weight=weight, **_numbers(column))))
    return findings


def _refitted(columns: list[ColumnScale], of: int) -> Finding:
    worst = max(columns, key=lambda c: (c.shift("reference"), c.scale.column))
    names = tuple(c.scale.column for c in columns)
    return REFITTED.found(
        Refitted(columns=names, weight=len(columns) / of, count=len(columns), of=of, **_numbers(worst)),
    )


def _numbers(column: ColumnScale) -> dict[str, Any]:
    """The fields of the entries that say where the column lies."""
    return {
        "file": column.scale.file,
        "column": column.scale.column,
        "mean": column.scale.mean,
        "scale": column.scale.scale,
        "reference": column.mean.reference,
        "current": column.mean.current,
        "spread": column.spread.current,
    }


def _since(
    when: NDArray[np.datetime64] | None, now: NDArray[np.float64], before: NDArray[np.float64], scale: Scale
) -> datetime | None:
    """When the values left where the reference has them: what lies outside its inner 98 in 100."""
    low, high = np.quantile(before, [0.01, 0.99])
    # A column scaled twice lies inside that range when it holds 0; there its distance from the scaler's mean tells.
    outside = (now < low) | (now > high) if not low <= 0 <= high else np.abs(now) < 0.2 * scale.scale
    return since(when, np.where(np.isfinite(now), outside.astype("float64"), np.nan), 0.02) if outside.any() else None
