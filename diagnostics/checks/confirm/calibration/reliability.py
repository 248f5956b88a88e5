"""Reliability: predictions beside labels on both sides. No rule of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure.metrics import cox_line, design_effect
from diagnostics.measure.outcome import Outcome
from diagnostics.nouns import intervals
from diagnostics.nouns.incident import Answer, Sides
from diagnostics.nouns.intervals import Interval

BINS: Final = 10
MIN_ROWS: Final = 60
EDGE: Final = 1e-4


@dataclass(frozen=True)
class Reliable:
    """One side. told, came: means of the answers and of the truth (1 for the positive class); gap: told less came, and its error,
    which knows by how much more than chance blocks of neighbouring rows differ.

    slope, level: of Cox's line, truth on answer (for scores in log odds); 1 and 0 are right. slope_error: standard error.
    ranking: AUC for scores, correlation for values, with its interval. bins: (mean answer, what came) by tenths of the answers.
    """

    told: float
    came: float
    gap: float
    gap_error: float
    slope: float
    slope_error: float
    level: float
    ranking: Interval
    bins: tuple[tuple[float, Interval], ...]


@dataclass(frozen=True)
class Reliability:
    """unit: spread of the labels in the reference."""

    reference: Reliable
    current: Reliable
    unit: float
    since: datetime | None

    def held(self, at: float) -> bool:
        """Whether the ranking lost no more than `at`."""
        return self.current.ranking.value >= self.reference.ranking.value - at

    @property
    def growth(self) -> float:
        """By how much further predictions and labels lie apart on average than in the reference, in spreads of the labels."""
        return (abs(self.current.gap) - abs(self.reference.gap)) / max(self.unit, 1e-12)

    def grew(self, *, level_at: float, sure_at: float) -> bool:
        """Whether the distance grew by `level_at` spreads of the labels, and the gap changed by `sure_at` standard errors."""
        error = float(np.hypot(self.reference.gap_error, self.current.gap_error))
        return self.growth >= level_at and abs(self.current.gap - self.reference.gap) > sure_at * error


def reliability(known: Outcome, when: Sides[NDArray[np.datetime64] | None], began: datetime | None) -> Reliability | None:
    """None for labels as answers, and without 60 rows with truth and answer on either side. From `began` on in the current.

    `when`: times of the rows of both sides, None without any.
    """
    if known.answer is Answer.LABEL:
        return None
    sides: list[Reliable] = []
    unit = 1.0
    for truth, answers, clock in (
        (known.truth.reference, known.answers.reference, when.reference),
        (known.truth.current, known.answers.current, when.current),
    ):
        if truth is None or answers is None:
            return None
        told = answers.astype("float64")
        if known.answer is Answer.SCORE:
            came = np.where(pd.notna(truth), (truth == known.positive).astype("float64"), np.nan)
        else:
            came = truth.astype("float64")
        kept = np.isfinite(told) & np.isfinite(came)
        if len(sides) == 1 and clock is not None and began is not None:
            kept &= clock >= np.datetime64(began, "us")
        if kept.sum() < MIN_ROWS or np.ptp(came[kept]) == 0 or np.ptp(told[kept]) == 0:
            return None
        rows = np.flatnonzero(kept)
        if clock is not None:
            rows = rows[np.argsort(clock[rows], kind="stable")]
        sides.append(_reliable(told[rows], came[rows], known.answer is Answer.SCORE))
        if len(sides) == 1:
            unit = float(np.std(came[rows]))
    return Reliability(sides[0], sides[1], unit, began)


def _reliable(told: NDArray[np.float64], came: NDArray[np.float64], score: bool) -> Reliable:
    """Of rows in the order of time, where there is one."""
    gap = told - came
    slope, error, level = cox_line(came, np.clip(told, EDGE, 1 - EDGE)) if score else _line(told, came)
    return Reliable(
        float(told.mean()),
        float(came.mean()),
        float(gap.mean()),
        float(gap.std() * np.sqrt(design_effect(gap) / gap.size)),
        slope,
        error,
        level,
        _auc(told, came) if score else _correlation(told, came),
        _bins(told, came, score),
    )


def _line(told: NDArray[np.float64], came: NDArray[np.float64]) -> tuple[float, float, float]:
    """Slope, its standard error, and level of the straight line."""
    x = told - told.mean()
    total = float((x**2).sum())
    slope = float((x * came).sum() / total)
    rest = came - came.mean() - slope * x
    return slope, float(np.sqrt((rest**2).sum() / max(1, x.size - 2) / total)), float(came.mean() - slope * told.mean())


def _auc(told: NDArray[np.float64], came: NDArray[np.float64]) -> Interval:
    """With the interval of Hanley and McNeil 1982 (doi:10.1148/radiology.143.1.7063747)."""
    from scipy.stats import rankdata

    hit = came == 1
    n, m = int(hit.sum()), int((~hit).sum())
    a = float((rankdata(told)[hit].sum() - n * (n + 1) / 2) / (n * m))
    q, r = a / (2 - a), 2 * a * a / (1 + a)
    error = float(np.sqrt(max(0.0, a * (1 - a) + (n - 1) * (q - a * a) + (m - 1) * (r - a * a)) / (n * m)))
    return Interval(a, a - 1.96 * error, a + 1.96 * error)


def _correlation(told: NDArray[np.float64], came: NDArray[np.float64]) -> Interval:
    """Rank correlation with Fisher's interval."""
    from scipy.stats import spearmanr

    r = float(spearmanr(told, came).statistic)
    z, half = float(np.arctanh(np.clip(r, -0.999999, 0.999999))), 1.96 / float(np.sqrt(told.size - 3))
    return Interval(r, float(np.tanh(z - half)), float(np.tanh(z + half)))


def _bins(told: NDArray[np.float64], came: NDArray[np.float64], score: bool) -> tuple[tuple[float, Interval], ...]:
    order = np.argsort(told, kind="stable")
    points = []
    for part in np.array_split(order, BINS):
        if part.size >= 5:
            hits = came[part]
            what = intervals.share(float(hits.sum()), hits.size) if score else intervals.mean(hits)
            points.append((float(told[part].mean()), what))
    return tuple(points)
