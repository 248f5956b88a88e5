"""P(y | x): do rows that look alike still have the same labels, and if not, which rows do not?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.causes.catalogue import CONCEPT_DRIFT
from diagnostics.checks.drift.concept.regions import Region, find_regions
from diagnostics.checks.drift.separation import LEAST_ROWS, Frames, frames, separate
from diagnostics.measure.onset import since
from diagnostics.measure.outcome import outcome
from diagnostics.measure.samples import Samples, as_level, as_number, samples, times
from diagnostics.measure.surrogate import one_thread
from diagnostics.nouns import intervals
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides, Task
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Null, Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class RegionMoved(Entry):
    """A region of the rows in which the labels are no longer what a model of the reference expects."""

    target: str = shown(N_("Label"), Unit.NAME)
    positive: str | None = shown(N_("Class that is counted"), Unit.NAME)
    """None for numbers."""

    region: str = shown(N_("Region"), Unit.NAME)
    expected: float = shown(N_("Expected on average"))
    came: float = shown(N_("Label on average"))
    difference: float = shown(N_("Difference from what was expected, beyond the reference's"))
    low: float = shown(N_("Difference, lower end of its interval"))
    high: float = shown(N_("Difference, upper end of its interval"))
    share: float = shown(N_("Share of the rows in the region"), Unit.SHARE)
    rows: int = shown(N_("Rows in the region"), Unit.COUNT)
    overlap: float = shown(N_("How often rows of the two tables can be told apart"), Unit.SHARE)


@dataclass(frozen=True, kw_only=True)
class LossSplit(Entry):
    """The rise of the mean loss, in the part that alike rows have and the part that other rows bring."""

    loss: str = shown(N_("Measure of the error"), Unit.TERM)
    before: float = shown(N_("In the reference"))
    after: float = shown(N_("In the current table"))
    part: float = shown(N_("Share of the rise that alike rows have"), Unit.SHARE)
    answers: float = shown(N_("Rise on alike rows"))
    answers_low: float = shown(N_("Rise on alike rows, lower end of the 95% interval"))
    answers_high: float = shown(N_("Rise on alike rows, upper end of the 95% interval"))
    rows_part: float = shown(N_("Rise because other rows arrive"))
    overlap: float = shown(N_("How often rows of the two tables can be told apart"), Unit.SHARE)


def _region_says(entry: RegionMoved) -> str:
    if entry.positive is not None:
        if entry.region:
            return N_(
                "For {region}, {positive:name} came in {came:percent} of the rows; rows like these used to have "
                "{expected:percent}."
            )
        return N_("{positive:name} came in {came:percent} of the rows; rows like these used to have {expected:percent}.")
    if entry.difference > 0:
        if entry.region:
            return N_("For {region}, {target:name} was {came:number} on average; rows like these used to have {expected:number}.")
        return N_("{target:name} was {came:number} on average; rows like these used to have {expected:number}.")
    if entry.region:
        return N_(
            "For {region}, {target:name} was only {came:number} on average; rows like these used to have {expected:number}."
        )
    return N_("{target:name} was only {came:number} on average; rows like these used to have {expected:number}.")


MOSTLY: Final = 0.6
"""Share of the rise on alike rows from which the relation explains a loss by itself; chosen on benchmarks/incidents."""


def _mostly_relation(entry: LossSplit) -> CauseKind | None:
    """No region stands out, yet rows like those of the reference are predicted worse."""
    return CONCEPT_DRIFT if entry.part >= MOSTLY and entry.answers_low > 0 else None


RELATION_MOVED: Final = Rule[RegionMoved](
    code="DRF020",
    lane=Lane.DATA,
    title=N_("Rows that look alike get other answers"),
    says=_region_says,
    why=N_("In this region the truth changed while the rows look as before. The model cannot know, so it is wrong there."),
    remedy=N_(
        "Ask what changed for these rows (a rule, a price, a law, how the answer is recorded), and train again on rows from "
        "after the change."
    ),
    statistic=N_(
        "A model of the reference says what answer to expect for each current row; the difference between what came and what was "
        "expected is averaged over the region, and compared with the same difference in the reference."
    ),
    source="Widmer and Kubat 1996, doi:10.1007/BF00116900; Liu et al. 2023 (WhyShift), arXiv:2307.05284; Athey and Imbens 2016 "
    "(honest trees), doi:10.1073/pnas.1510489113",
    suggests=CONCEPT_DRIFT,
    clear=0.9,
    thresholds={
        "share_at": Shown(N_("Share of the region's rows with another label that counts"), Unit.SHARE),
        "spread_at": Shown(N_("Change of a number, in spreads of what cannot be predicted, that counts"), Unit.NUMBER),
        "far_at": Shown(N_("How often rows may be told apart before a change is only noted"), Unit.SHARE),
    },
)
LOSS_SPLIT: Final = Rule[LossSplit](
    code="DRF021",
    lane=Lane.DATA,
    null=Null.LOSS,
    title=N_("Where the lost performance comes from"),
    says=N_(
        "The {loss:term} rose from {before:number} to {after:number}; {part:percent} of the rise is there on "
        "rows "
        "that both tables share, so it comes from other answers, not from other rows."
    ),
    why=N_("More rows of a difficult kind ask for another remedy than answers that changed for the same rows."),
    remedy=N_(
        "If most comes from other rows, weigh the training rows to the new mix; if most comes from other answers, train again on "
        "recent labels."
    ),
    statistic=N_(
        "The rise of the loss is measured on rows that both tables share: what rises there comes from other answers, the rest "
        "from other rows."
    ),
    source="Cai, Namkoong, Yadlowsky 2023 (DISDE), arXiv:2303.02011",
    severity=Severity.INFO,
    suggests=_mostly_relation,
    clear=0.6,
    thresholds={
        "rise_at": Shown(N_("Rise of the error, as a share of the reference's, that counts"), Unit.SHARE),
        "sure_at": Shown(N_("Standard errors by which a change must exceed chance"), Unit.NUMBER),
    },
)
RULES: Final = (RELATION_MOVED, LOSS_SPLIT)

SHARED: Final = (0.1, 0.9)
"""Rows that look more one-sided than this (their chance to be a current row) have too few counterparts to be compared with."""


@dataclass(frozen=True)
class Split:
    """The rise of the mean loss in parts (they sum to it): rows, answers; each with a 95% interval. before, after: mean loss."""

    loss: str
    before: float
    after: float
    rows: Interval
    answers: Interval


@dataclass(frozen=True)
class Concept:
    """positive: the class whose share is meant; None for regression, where the differences are in the target's unit.

    overall: what came less what was expected, averaged over the current rows that both tables share. spread: standard deviation
    of the target around what the model expects. regions: where it moved, estimated on rows that did not choose them, strongest
    first. overlap: AUC of telling the tables apart from the features (0.5: alike). split: None without a known loss or when the
    rows hardly overlap. compared: current rows that were compared.
    """

    target: str
    positive: str | None
    overall: Interval
    spread: float
    regions: tuple[Region, ...]
    since: tuple[datetime | None, ...]
    overlap: Interval
    split: Split | None
    compared: int


def profile(incident: Incident, *, overlap_at: float = 0.95) -> Concept:
    """Raises NotApplicable without labels on both sides, with too few rows, or when the rows hardly overlap.

    `overlap_at`: above this AUC the two tables share too few rows to compare answers on (Cai et al. 2023).
    """
    drawn = samples(incident)
    target = incident.role("target")
    _require_labels(drawn, target)
    rng = np.random.default_rng([incident.seed, 5])
    seen = frames(drawn, rng)
    told = separate(seen.reference, seen.current, rng)
    if told is None:
        raise NotApplicable(
            N_("Too few rows to compare the answers of alike rows: 60 a side and one feature are needed."), needs="current"
        )
    if told.auc.value > overlap_at:
        raise NotApplicable(
            N_(
                "The rows of the two tables hardly overlap ({auc:percent} of the pairs told apart), so nobody can say whether "
                "alike rows still get the same answers."
            ),
            needs="current",
            auc=told.auc.value,
        )
    positive, truth = _truth(incident, drawn, target, seen)
    known = Sides(np.isfinite(truth.reference), np.isfinite(truth.current))
    if min(known.reference.sum(), known.current.sum()) < LEAST_ROWS:
        raise NotApplicable(N_("Too few rows with a label: 60 a side are needed."), needs="target")
    expected = _expected(seen, truth, known, classes=positive is not None, rng=rng)
    residual = Sides(truth.reference - expected.reference, truth.current - expected.current)
    # A moved class share alone also moves what alike rows get, everywhere alike. Only what is left after that counts.
    adjusted = _prior_adjusted(truth, expected, known) if positive is not None else residual
    within = Sides(
        known.reference & (told.reference > SHARED[0]) & (told.reference < SHARED[1]),
        known.current & (told.current > SHARED[0]) & (told.current < SHARED[1]),
    )
    spread = float(np.std(residual.reference[known.reference])) or 1.0
    regions = find_regions(
        drawn.reference.iloc[seen.reference_rows[within.reference]],
        drawn.current.iloc[seen.current_rows[within.current]],
        seen,
        Sides(seen.reference[within.reference], seen.current[within.current]),
        Sides(residual.reference[within.reference], residual.current[within.current]),
        Sides(adjusted.reference[within.reference], adjusted.current[within.current]),
        Sides(truth.reference[within.reference], truth.current[within.current]),
        rng,
    )
    came = residual.current[within.current]
    usual = float(np.mean(residual.reference[within.reference])) if within.reference.any() else 0.0
    when = times(drawn.current, incident.roles.timestamp)
    began = tuple(_since(region, when, seen, within.current, residual.current) for region in regions)
    return Concept(
        target,
        positive,
        intervals.mean(came - usual),
        spread,
        regions,
        began,
        told.auc,
        _split(incident, drawn, seen, told.reference, told.current),
        int(within.current.sum()),
    )


def _require_labels(drawn: Samples, target: str) -> None:
    for frame, side in ((drawn.reference, "reference"), (drawn.current, "current")):
        if target not in frame or not frame[target].notna().any():
            raise NotApplicable(
                N_("Whether alike rows still get the same answers needs labels on both sides; the {side:name} table has none."),
                needs="target",
                side=side,
            )


def _truth(incident: Incident, drawn: Samples, target: str, seen: Frames) -> tuple[str | None, Sides[NDArray[np.float64]]]:
    """The target of the chosen rows as numbers, NaN where missing, and the class that 1 stands for (None for regression)."""
    sides = [drawn.reference[target].iloc[seen.reference_rows], drawn.current[target].iloc[seen.current_rows]]
    if incident.task is Task.REGRESSION:
        numbers = [as_number(side).to_numpy("float64", copy=True) for side in sides]
        for values in numbers:
            values[~np.isfinite(values)] = np.nan
        return None, Sides(numbers[0], numbers[1])
    named = [as_level(side) for side in sides]
    counts = named[0].value_counts()
    classes = sorted(str(c) for c in counts.index)
    if not classes:
        raise NotApplicable(N_("The reference has no labels to compare with."), needs="target")
    stated = incident.roles.positive
    # Of many classes the commonest is followed; of two the stated or the last by name.
    chosen = classes[-1] if len(classes) == 2 else str(counts.index[0])
    positive = stated if stated in classes else chosen
    hits = [np.where(side.isna(), np.nan, (side == positive).astype("float64")) for side in named]
    return positive, Sides(np.asarray(hits[0], "float64"), np.asarray(hits[1], "float64"))


def _model(classes: bool) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    family = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return family(max_iter=60, max_leaf_nodes=12, learning_rate=0.1, min_samples_leaf=20, early_stopping=False, random_state=0)


def _expected(
    seen: Frames,
    truth: Sides[NDArray[np.float64]],
    known: Sides[NDArray[np.bool_]],
    *,
    classes: bool,
    rng: np.random.Generator,
    folds: int = 2,
) -> Sides[NDArray[np.float64]]:
    """What a model of the reference expects for each row; reference rows are told by a model that had not seen them."""
    fold = rng.permutation(len(seen.reference)) % folds
    reference, current = np.full(len(seen.reference), np.nan), np.zeros(len(seen.current))
    for number in range(folds):
        used = known.reference & (fold != number)
        y = truth.reference[used]
        with one_thread():
            if y.size == 0 or np.all(y == y[0]):
                inside, outside = np.full((fold == number).sum(), y[0] if y.size else 0.0), np.full(len(current), y[0])
            else:
                model = _model(classes).fit(seen.reference[used], y)
                answer = (lambda x, m=model: m.predict_proba(x)[:, 1]) if classes else model.predict
                inside, outside = answer(seen.reference[fold == number]), answer(seen.current)
        reference[fold == number] = inside
        # Both halves' models answer for the current rows, so that each is as good as those that answered for the reference.
        current += outside / folds
    return Sides(reference, current)


def _prior_adjusted(
    truth: Sides[NDArray[np.float64]], expected: Sides[NDArray[np.float64]], known: Sides[NDArray[np.bool_]]
) -> Sides[NDArray[np.float64]]:
    """Residuals of the current rows if nothing but the odds of the class had moved, by one factor for all rows."""
    y, p = truth.current[known.current], np.clip(expected.current, 1e-4, 1 - 1e-4)
    logit = np.log(p / (1 - p))
    low, high = -8.0, 8.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if np.mean(1 / (1 + np.exp(-(logit[known.current] + middle)))) < y.mean() else (low, middle)
    shifted = 1 / (1 + np.exp(-(logit + (low + high) / 2)))
    return Sides(truth.reference - expected.reference, truth.current - shifted)


def _since(
    region: Region,
    when: NDArray[np.datetime64] | None,
    seen: Frames,
    within: NDArray[np.bool_],
    residual: NDArray[np.float64],
) -> datetime | None:
    if when is None:
        return None
    rows = np.flatnonzero(within)[region.rows]
    sign = 1.0 if region.difference.value >= 0 else -1.0
    return since(when[seen.current_rows[rows]], sign * residual[rows], sign * region.usual)


def _split(
    incident: Incident,
    drawn: Samples,
    seen: Frames,
    reference: NDArray[np.float64],
    current: NDArray[np.float64],
) -> Split | None:
    """The rise of the logged model's loss in two parts, on the rows that both tables share; None without predictions."""
    if incident.roles.prediction is None:
        return None
    try:
        answered = outcome(incident, drawn)
    except NotApplicable:
        return None
    losses = [answered.loss(side) for side in ("reference", "current")]
    if losses[0] is None or losses[1] is None:
        return None
    before, after = losses[0][seen.reference_rows], losses[1][seen.current_rows]
    known = [np.isfinite(before), np.isfinite(after)]
    if min(side.sum() for side in known) < LEAST_ROWS:
        return None
    before, after = before[known[0]], after[known[1]]
    # The shared density p q / (p + q): each row counts by its chance to be of the other table.
    w, v = reference[known[0]], 1 - current[known[1]]
    answers, error = _difference(after, v, before, w)
    rise, error_of_rise = _difference(after, np.ones_like(after), before, np.ones_like(before))
    rows = rise - answers
    # The two parts share the rise's noise; the sum of the variances is the careful bound.
    wide = float(np.hypot(error, error_of_rise))
    return Split(
        answered.loss_name,
        float(before.mean()),
        float(after.mean()),
        Interval(rows, rows - 1.96 * wide, rows + 1.96 * wide),
        Interval(answers, answers - 1.96 * error, answers + 1.96 * error),
    )


def _difference(
    after: NDArray[np.float64], v: NDArray[np.float64], before: NDArray[np.float64], w: NDArray[np.float64]
) -> tuple[float, float]:
    """Weighted mean of `after` less that of `before`, and its standard error."""
    means, variance = [], 0.0
    for values, weights in ((after, v), (before, w)):
        share = weights / weights.sum()
        mean = float(np.sum(share * values))
        variance += float(np.sum(share**2 * (values - mean) ** 2))
        means.append(mean)
    return means[0] - means[1], float(np.sqrt(variance))


def judge(
    p: Concept,
    *,
    share_at: float = 0.08,
    spread_at: float = 0.35,
    far_at: float = 0.8,
    rise_at: float = 0.1,
    sure_at: float = 2.58,
) -> list[Finding]:
    """A region fires when the answers moved there by `share_at` of its rows (classes) or `spread_at` spreads (numbers).

    The regions' intervals are 99.9% ones, corrected for the number of regions, and must not hold 0. `share_at`, `spread_at`:
    below that, a model built on 10,000 rows errs as much by itself. Above an overlap AUC of `far_at` the inputs themselves may
    be wrong: then it is only listed. `rise_at`: a loss that rose by less than a tenth is not split, nor one whose rise on alike
    rows is within `sure_at` standard errors of 0, which chance passes once in two hundred times.
    """
    findings: list[Finding] = []
    careful = Severity.WARNING if p.overlap.value <= far_at else Severity.INFO
    for region, began in zip(p.regions, p.since, strict=True):
        size = abs(region.difference.value)
        least = share_at if p.positive is not None else spread_at * p.spread
        if size >= least and not region.difference.low <= 0 <= region.difference.high:
            findings.append(RELATION_MOVED.found(_region_moved(p, region, began), severity=careful))
    split = p.split
    if split is not None:
        rise = split.after - split.before
        clear = split.answers.value > sure_at / 1.96 * (split.answers.value - split.answers.low)
        if rise > rise_at * max(split.before, 1e-12) and clear and rise > 0:
            part = float(np.clip(split.answers.value / rise, 0, 1))
            findings.append(
                LOSS_SPLIT.found(
                    LossSplit(
                        weight=part / 2,
                        loss=split.loss,
                        before=split.before,
                        after=split.after,
                        part=part,
                        answers=split.answers.value,
                        answers_low=split.answers.low,
                        answers_high=split.answers.high,
                        rows_part=split.rows.value,
                        overlap=p.overlap.value,
                    )
                )
            )
    return findings


def _region_moved(p: Concept, region: Region, began: datetime | None) -> RegionMoved:
    unit = 1.0 if p.positive is not None else 3 * p.spread
    return RegionMoved(
        columns=region.columns,
        since=began,
        segment=region.text or None,
        weight=float(np.clip(abs(region.difference.value) / unit, 0, 1)),
        target=p.target,
        positive=p.positive,
        region=region.text,
        # A linear stand-in may expect a little less than nothing.
        expected=float(np.clip(region.expected, 0, 1)) if p.positive is not None else region.expected,
        came=region.came,
        difference=region.difference.value,
        low=region.difference.low,
        high=region.difference.high,
        share=region.share,
        rows=int(region.rows.size),
        overlap=p.overlap.value,
    )
