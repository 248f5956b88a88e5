"""What a threshold on the scores decides, what that costs, and how it falls on groups of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.looking.column import LEAST, Cut, Frames, cut, losses, settled
from diagnostics.measure import metrics
from diagnostics.measure.metrics import Bin
from diagnostics.measure.outcome import Outcome, frames, known
from diagnostics.nouns.incident import Answer, Incident, Sides
from diagnostics.nouns.intervals import Interval, share
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import N_

POINTS: Final = 200
"""Points of a curve, and thresholds that are tried."""

CLASSES: Final = 12
"""Classes of a confusion matrix; the rest is one."""

CELLS: Final = 6
"""Parts of either column of a map."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Rows of one side with a score and a label, the highest score first, shapes (n,)."""

    score: NDArray[np.float64]
    hit: NDArray[np.float64]
    """1 for the positive class, else 0."""


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Rows by what was decided and what was true."""

    found: int
    alarms: int
    missed: int
    left: int

    @property
    def rows(self) -> int:
        return self.found + self.alarms + self.missed + self.left

    @property
    def recall(self) -> Interval:
        return share(self.found, self.found + self.missed)

    @property
    def precision(self) -> Interval:
        return share(self.found, self.found + self.alarms)

    @property
    def alarm_rate(self) -> Interval:
        """Share of the negative rows that were taken for positive."""
        return share(self.alarms, self.alarms + self.left)

    @property
    def chosen(self) -> Interval:
        """Share of all rows that were taken for positive."""
        return share(self.found + self.alarms, self.rows)

    @property
    def wrong(self) -> Interval:
        return share(self.alarms + self.missed, self.rows)

    def cost(self, miss: float, alarm: float) -> float:
        """Of a thousand rows, in the unit of both prices."""
        return 1_000 * (miss * self.missed + alarm * self.alarms) / max(1, self.rows)


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Of one side; each curve at most POINTS + 1 points, from the highest threshold to the lowest.

    chosen: share of all rows that are taken for positive, recall, alarm_rate, precision: shares, NaN where nothing is chosen.
    auc: area under the ROC curve. calibration: mean score and share of positive rows in ten bins.
    """

    chosen: tuple[float, ...]
    recall: tuple[float, ...]
    alarm_rate: tuple[float, ...]
    precision: tuple[float, ...]
    auc: Interval
    calibration: tuple[Bin, ...]
    positive: float
    """Share of the positive class."""


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """Scores and labels of both sides; None for a side that lacks them."""

    positive: str
    other: str
    target: str
    prediction: str
    scored: Sides[Scored | None]
    curves: Sides[Curves | None]

    @property
    def name(self) -> str:
        """What is looked for: a bare class says nothing without its column."""
        return f"{self.target} = {self.positive}"


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Rows by true class and predicted class, shape (k, k) each; the last class may stand for all the others (named "")."""

    classes: tuple[str, ...]
    counts: Sides[tuple[tuple[int, ...], ...] | None]


def decisions(incident: Incident) -> Decisions:
    """Raises NotApplicable where there are no scores of one class beside labels."""
    outcome = known(incident)
    if outcome.answer is not Answer.SCORE or outcome.positive is None:
        raise NotApplicable(
            N_("A threshold can be chosen where the prediction is a probability of one class."), needs="prediction"
        )
    sides = [_scored(outcome, side) for side in ("reference", "current")]
    if all(one is None for one in sides):
        raise NotApplicable(N_("No row has both a label and a prediction, so no threshold can be judged."), needs="target")
    others = [name for name in outcome.classes if name != outcome.positive]
    return Decisions(
        positive=outcome.positive,
        other=others[0] if len(others) == 1 else "",
        target=incident.role("target"),
        prediction=incident.role("prediction"),
        scored=Sides(sides[0], sides[1]),
        curves=Sides(*(None if one is None else curves(one) for one in sides)),
    )


def _scored(outcome: Outcome, side: str) -> Scored | None:
    truth, answers = getattr(outcome.truth, side), getattr(outcome.answers, side)
    if truth is None or answers is None:
        return None
    score = answers.astype("float64")
    rows = pd.notna(truth) & np.isfinite(score)
    if not rows.any():
        return None
    score, hit = score[rows], (truth[rows] == outcome.positive).astype("float64")
    order = np.argsort(-score, kind="stable")
    return Scored(score=score[order], hit=hit[order])


def at(scored: Scored, threshold: float) -> Confusion:
    """Rows at or above the threshold are taken for positive."""
    chosen = int(np.searchsorted(-scored.score, -threshold, side="right"))
    found, positive = int(scored.hit[:chosen].sum()), int(scored.hit.sum())
    return Confusion(
        found=found,
        alarms=chosen - found,
        missed=positive - found,
        left=len(scored.hit) - chosen - (positive - found),
    )


def thresholds(scored: Scored) -> NDArray[np.float64]:
    """At most POINTS different scores, from high to low."""
    return np.unique(np.quantile(scored.score, np.linspace(0, 1, POINTS), method="inverted_cdf"))[::-1]


def curves(scored: Scored) -> Curves:
    found = [Confusion(found=0, alarms=0, missed=int(scored.hit.sum()), left=int((1 - scored.hit).sum()))]
    found += [at(scored, float(one)) for one in thresholds(scored)]
    return Curves(
        chosen=tuple(one.chosen.value for one in found),
        recall=tuple(one.recall.value for one in found),
        alarm_rate=tuple(one.alarm_rate.value for one in found),
        precision=tuple(one.precision.value for one in found),
        auc=metrics.roc_auc(scored.hit, scored.score),
        calibration=metrics.reliability(scored.hit, scored.score),
        positive=float(scored.hit.mean()),
    )


def cheapest(scored: Scored, miss: float, alarm: float) -> float:
    """The threshold with the least cost on these rows, the highest of several; just above the highest score: choose nothing."""
    nothing = float(np.nextafter(scored.score[0], np.inf))
    tried = [nothing, *(float(one) for one in thresholds(scored))]
    costs = [at(scored, one).cost(miss, alarm) for one in tried]
    return tried[int(np.argmin(costs))]


def matrix(incident: Incident) -> Matrix:
    """Raises NotApplicable where the prediction is no class."""
    outcome = known(incident)
    if outcome.answer is not Answer.LABEL:
        raise NotApplicable(N_("A table of classes needs a prediction that is a class."), needs="prediction")
    total: pd.Series = pd.concat([pd.Series(t) for t in (outcome.truth.reference, outcome.truth.current) if t is not None])
    counts = total.dropna().astype(str).value_counts()
    named = sorted(counts.index[:CLASSES], key=list(outcome.classes).index) if len(counts) else []
    rest = ("",) if len(outcome.classes) > len(named) else ()
    classes = (*map(str, named), *rest)
    return Matrix(classes=classes, counts=Sides(*(_counted(outcome, side, classes) for side in ("reference", "current"))))


def _counted(outcome: Outcome, side: str, classes: Sequence[str]) -> tuple[tuple[int, ...], ...] | None:
    truth, answers = getattr(outcome.truth, side), getattr(outcome.answers, side)
    if truth is None or answers is None or not classes:
        return None
    place = {name: number for number, name in enumerate(classes)}
    last = len(classes) - 1
    counts = np.zeros((len(classes), len(classes)), dtype=int)
    for true, told in zip(truth, answers, strict=True):
        if true is not None and told is not None:
            counts[place.get(str(true), last), place.get(str(told), last)] += 1
    return tuple(tuple(int(n) for n in row) for row in counts)


@dataclass(frozen=True, kw_only=True)
class GroupRates:
    """One group at a threshold; None for a side with fewer than LEAST rows in it."""

    label: str
    bounds: tuple[float | None, float | None] | None
    sides: Sides[Confusion | None]


def by_group(incident: Incident, column: str, threshold: float) -> tuple[GroupRates, ...]:
    """How the threshold falls on the parts of a column. Raises NotApplicable as `decisions` does."""
    outcome = known(incident)
    if outcome.answer is not Answer.SCORE or outcome.positive is None:
        raise NotApplicable(
            N_("A threshold can be chosen where the prediction is a probability of one class."), needs="prediction"
        )
    parts = cut(_of(frames(incident), column))
    if parts is None:
        raise NotApplicable(N_("The column has no values to make groups of."), needs="current")
    found = []
    for part, label in enumerate(parts.labels):
        sides = [_part(outcome, side, parts, part) for side in ("reference", "current")]
        counted = [None if one is None or len(one.hit) < LEAST else at(one, threshold) for one in sides]
        if any(counted):
            found.append(
                GroupRates(label=label, bounds=parts.bounds[part] if parts.bounds else None, sides=Sides(counted[0], counted[1]))
            )
    return tuple(found)


def _of(both: Frames, column: str) -> Sides[pd.Series | None]:
    return Sides(*(f[column] if f is not None and column in f else None for f in (both.reference, both.current)))


def _part(outcome: Outcome, side: str, parts: Cut, part: int) -> Scored | None:
    place = getattr(parts.place, side)
    truth, answers = getattr(outcome.truth, side), getattr(outcome.answers, side)
    if place is None or truth is None or answers is None:
        return None
    score = answers.astype("float64")
    rows = (place == part) & pd.notna(truth) & np.isfinite(score)
    score, hit = score[rows], (truth[rows] == outcome.positive).astype("float64")
    order = np.argsort(-score, kind="stable")
    return Scored(score=score[order], hit=hit[order])


@dataclass(frozen=True, kw_only=True)
class Map:
    """Mean loss, or share of the rows where no loss is known, in each cell of two columns; None where a cell has too few rows.

    values: by part of the second column and part of the first, shape (rows, columns).
    """

    what: str
    percent: bool
    columns: tuple[str, str]
    parts: tuple[Cut, Cut]
    values: Sides[tuple[tuple[float | None, ...], ...] | None]


def heat(incident: Incident, first: str, second: str) -> Map:
    """Raises NotApplicable where one of the columns has no values."""
    both = frames(incident)
    cuts = [cut(_of(both, name), parts=CELLS) for name in (first, second)]
    if cuts[0] is None or cuts[1] is None:
        raise NotApplicable(N_("The column has no values to make groups of."), needs="current")
    outcome = settled(incident, ("target", "prediction"))
    lost: Sides[NDArray[np.float64] | None] = Sides(None, None) if outcome is None else losses(outcome)
    by_loss = lost.reference is not None or lost.current is not None
    values = [
        _cells(getattr(cuts[0].place, side), getattr(cuts[1].place, side), cuts[0], cuts[1], getattr(lost, side), by_loss)
        for side in ("reference", "current")
    ]
    return Map(
        what=outcome.loss_name if outcome is not None and by_loss else N_("share of the rows"),
        percent=not by_loss or (outcome is not None and outcome.answer is Answer.LABEL),
        columns=(first, second),
        parts=(cuts[0], cuts[1]),
        values=Sides(values[0], values[1]),
    )


def _cells(
    across: NDArray[np.intp] | None,
    up: NDArray[np.intp] | None,
    first: Cut,
    second: Cut,
    lost: NDArray[np.float64] | None,
    by_loss: bool,
) -> tuple[tuple[float | None, ...], ...] | None:
    if across is None or up is None or (by_loss and lost is None):
        return None
    rows = []
    for above in range(len(second.labels)):
        cells: list[float | None] = []
        for beside in range(len(first.labels)):
            inside = (across == beside) & (up == above)
            if lost is None:
                cells.append(float(inside.mean()) if inside.size else None)
                continue
            held = lost[inside]
            held = held[np.isfinite(held)]
            cells.append(float(held.mean()) if held.size >= LEAST else None)
        rows.append(tuple(cells))
    return tuple(rows)


def code(d: Decisions, threshold: float) -> str:
    """The threshold as lines of Python to take away."""
    return (
        "import numpy as np\n\n"
        f"THRESHOLD = {threshold:.6g}  # at or above it: {d.positive!r}\n\n"
        f"predicted = np.where(rows[{d.prediction!r}] >= THRESHOLD, {d.positive!r}, {d.other!r})\n"
    )
