"""Labels and predictions: did the labels move, did the predictions, and do they still agree?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.drift.columns import ks
from diagnostics.measure import distances
from diagnostics.measure.onset import since
from diagnostics.measure.outcome import positive_class, written_alike
from diagnostics.measure.samples import Samples, as_level, as_number, samples, times
from diagnostics.nouns import intervals
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer, Incident, Sides, Task
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class DistributionMoved(ColumnEntry):
    """Labels or predictions whose distribution moved."""

    effect: float = shown(N_("Largest gap between the two distributions, 0 to 1"))
    """KS of numbers, total variation distance of classes."""

    jensen_shannon: float = shown(N_("Jensen-Shannon distance, 0 to 1"))


@dataclass(frozen=True, kw_only=True)
class ClassMoved(DistributionMoved):
    """The class whose share moved most."""

    level: str = shown(N_("Class that moved most"), Unit.NAME)
    before: float = shown(N_("Share of the rows in the reference"), Unit.SHARE)
    after: float = shown(N_("Share of the rows in the current table"), Unit.SHARE)
    low: float = shown(N_("In the current table, lower end of the 95% interval"), Unit.SHARE)
    high: float = shown(N_("In the current table, upper end of the 95% interval"), Unit.SHARE)


@dataclass(frozen=True, kw_only=True)
class MeanMoved(DistributionMoved):
    """Numbers, with their means."""

    before: float | None = shown(N_("Mean in the reference"))
    after: float | None = shown(N_("Mean in the current table"))


@dataclass(frozen=True, kw_only=True)
class GapOpened(ColumnEntry):
    """Mean prediction less mean label on both sides."""

    target: str = shown(N_("Label"), Unit.NAME)
    positive: str | None = shown(N_("Class that is counted"), Unit.NAME)
    before: float = shown(N_("Mean prediction less mean label in the reference"))
    after: float = shown(N_("Mean prediction less mean label in the current table"))
    size: float
    usual: float
    low: float = shown(N_("In the current table, lower end of the 95% interval"))
    high: float = shown(N_("In the current table, upper end of the 95% interval"))


def _moved_says(entry: ClassMoved | MeanMoved) -> str:
    rose = (entry.after or 0.0) > (entry.before or 0.0)
    if isinstance(entry, ClassMoved):
        if rose:
            return N_("The share of {level:name} in {column:name} rose from {before:percent} to {after:percent}.")
        return N_("The share of {level:name} in {column:name} fell from {before:percent} to {after:percent}.")
    if rose:
        return N_("Mean {column:name} rose from {before:number} to {after:number} (KS {effect:number}).")
    return N_("Mean {column:name} fell from {before:number} to {after:number} (KS {effect:number}).")


def _gap_says(entry: GapOpened) -> str:
    if entry.positive is not None:
        if entry.after > 0:
            return N_(
                "Of 100 rows, {positive:name} came in {size:points} fewer than the predictions expect; in the reference "
                "they were off by {usual:points}."
            )
        return N_(
            "Of 100 rows, {positive:name} came in {size:points} more than the predictions expect; in the reference "
            "they were off by {usual:points}."
        )
    if entry.after > 0:
        return N_("The predictions are {size:number} too high on average; in the reference they were off by {usual:number}.")
    return N_("The predictions are {size:number} too low on average; in the reference they were off by {usual:number}.")


LABELS_MOVED: Final = Rule[ClassMoved | MeanMoved](
    code="DRF030",
    lane=Lane.DATA,
    title=N_("The labels moved"),
    says=_moved_says,
    why=N_("The truth itself is distributed otherwise than it was: thresholds and probabilities were set for other shares."),
    remedy=N_("Check whether labels are recorded as before; if so, choose the threshold again on recent rows or train again."),
    statistic=N_(
        "Share of each class among the rows with a label; of numbers, the largest gap between the two distributions (KS)."
    ),
    source="Saerens, Latinne, Decaestecker 2002, doi:10.1162/089976602753284446; Wilson 1927",
    thresholds={
        "label_at": Shown(N_("Gap between the distributions of the labels that counts"), Unit.SHARE),
        "strong_at": Shown(N_("Gap between the distributions for a warning"), Unit.SHARE),
    },
)
ANSWERS_MOVED: Final = Rule[ClassMoved | MeanMoved](
    code="DRF031",
    lane=Lane.DATA,
    title=N_("The predictions moved"),
    says=_moved_says,
    why=N_("The model answers otherwise than it used to: either other rows arrive, or it is fed other values."),
    remedy=N_("Find the column that moved the answers: swap each column back to its reference values in step 7."),
    statistic=N_("KS: the largest gap between the shares of rows whose answer lies below any one value, from 0 (alike) to 1."),
    source="Massey 1951, doi:10.1080/01621459.1951.10500769; Rabanser et al. 2019, arXiv:1810.11953",
    thresholds={
        "answer_at": Shown(N_("Gap between the distributions of the predictions that counts"), Unit.SHARE),
        "strong_answer_at": Shown(N_("Gap between the distributions for a warning"), Unit.SHARE),
    },
)
GAP_OPENED: Final = Rule[GapOpened](
    code="DRF032",
    lane=Lane.DATA,
    title=N_("Predictions and labels drifted apart"),
    says=_gap_says,
    why=N_("On average the model now promises more, or less, than comes true. In the reference it did not."),
    remedy=N_("If the ranking held, calibrate again on recent labels; if not, look at steps 2 and 7 first."),
    statistic=N_("Mean prediction less mean truth: 0 if the model is right on average."),
    source="Steyerberg et al. 2010 (calibration in the large), doi:10.1097/EDE.0b013e3181c30fb2",
    thresholds={
        "gap_at": Shown(N_("Change of the mean distance between prediction and label that counts, for classes"), Unit.SHARE),
        "gap_spread_at": Shown(N_("The same for numbers, in standard deviations of the label"), Unit.NUMBER),
    },
)
RULES: Final = (LABELS_MOVED, ANSWERS_MOVED, GAP_OPENED)

CLASSES: Final = 50
BINS: Final = 20


@dataclass(frozen=True)
class Distribution:
    """Labels or predictions of both sides.

    classes: names with their shares on both sides (with 95% intervals); empty for numbers. effect: total variation distance of
        classes, KS of numbers, 0 to 1. floor: what chance may reach (99.9%). jensen_shannon: 0 to 1. mean: of numbers, None for
        classes. edges, counts: a histogram of numbers on shared bins (len(edges) - 1 counts a side). rows: rows with a value.
    """

    column: str
    classes: tuple[tuple[str, Interval, Interval], ...]
    effect: float
    floor: float
    jensen_shannon: float
    mean: Sides[float | None]
    spread: float
    edges: tuple[float, ...]
    counts: Sides[tuple[int, ...]]
    rows: Sides[int]
    since: datetime | None


@dataclass(frozen=True)
class Labels:
    """labels, answers: None without the column on both sides. gap: mean answer less mean truth with 95% interval on each side,
    in the unit of the target (share of `positive` for classes), None without both; parted: when they came to lie apart. spread:
    standard deviation of the truth in the reference.
    """

    labels: Distribution | None
    answers: Distribution | None
    gap: Sides[Interval] | None
    parted: datetime | None
    spread: float
    positive: str | None
    score: bool


def profile(incident: Incident) -> Labels:
    """Raises NotApplicable without both tables or with neither a target nor a prediction on both sides."""
    drawn = written_alike(incident, samples(incident))
    target, prediction = incident.roles.target, incident.roles.prediction
    when = times(drawn.current, incident.roles.timestamp)
    numeric = incident.task is Task.REGRESSION
    labels = _distribution(drawn, target, numeric, when)
    answers = _distribution(drawn, prediction, incident.answer in (Answer.SCORE, Answer.VALUE), when)
    if labels is None and answers is None:
        raise NotApplicable(
            N_("Neither labels nor predictions stand in both tables: choose the target or the prediction column in Columns."),
            needs="prediction" if target else "target",
        )
    gap, parted, spread, positive = _gap(incident, drawn, when)
    return Labels(labels, answers, gap, parted, spread, positive, incident.answer is Answer.SCORE)


def _values(drawn: Samples, name: str | None) -> Sides[pd.Series] | None:
    if name is None or name not in drawn.reference or name not in drawn.current:
        return None
    sides = Sides(drawn.reference[name], drawn.current[name])
    return sides if sides.reference.notna().any() and sides.current.notna().any() else None


def _distribution(drawn: Samples, name: str | None, numeric: bool, when: NDArray[np.datetime64] | None) -> Distribution | None:
    sides = _values(drawn, name)
    if sides is None or name is None:
        return None
    return _numbers(name, sides, when) if numeric else _classes(name, sides, when)


def _numbers(name: str, sides: Sides[pd.Series], when: NDArray[np.datetime64] | None) -> Distribution | None:
    whole = [as_number(side).to_numpy("float64") for side in (sides.reference, sides.current)]
    a, b = (values[np.isfinite(values)] for values in whole)
    if not a.size or not b.size:
        return None
    edges = np.unique(np.quantile(np.concatenate([a, b]), np.linspace(0, 1, BINS + 1), method="inverted_cdf"))
    if edges.size < 2:
        edges = np.asarray([edges[0] - 0.5, edges[0] + 0.5])
    counts = Sides(*(tuple(int(c) for c in np.histogram(v, edges)[0]) for v in (a, b)))
    effect, noise = ks(a, b), 1 / a.size + 1 / b.size
    began = None
    if when is not None:
        ordered = np.sort(a)
        place = np.asarray(np.searchsorted(ordered, whole[1], "left") / a.size, dtype="float64")
        place[~np.isfinite(whole[1])] = np.nan
        usual = float(np.mean(np.searchsorted(ordered, a, "left") / a.size))
        sign = 1.0 if np.nanmean(place) >= usual else -1.0
        began = since(when, sign * place, sign * usual)
    return Distribution(
        name,
        (),
        effect,
        float(np.sqrt(-np.log(0.001 / 2) / 2 * noise)),
        distances.jensen_shannon(counts.reference, counts.current),
        Sides(float(a.mean()), float(b.mean())),
        float(a.std()),
        tuple(float(e) for e in edges),
        counts,
        Sides(int(a.size), int(b.size)),
        began,
    )


def _classes(name: str, sides: Sides[pd.Series], when: NDArray[np.datetime64] | None) -> Distribution:
    named = [as_level(side) for side in (sides.reference, sides.current)]
    counted: list[Mapping[Any, int]] = [{str(k): int(v) for k, v in side.value_counts().items()} for side in named]
    levels = sorted({*counted[0], *counted[1]}, key=lambda c: (-counted[0].get(c, 0) - counted[1].get(c, 0), c))
    a, b = ([side.get(level, 0) for level in levels] for side in counted)
    n, m = sum(a), sum(b)
    _, p_value = distances.cramers_v(a, b)
    moves = np.asarray(b) / m - np.asarray(a) / n
    began = None
    if when is not None and p_value < 0.001:
        level = levels[int(np.argmax(np.abs(moves)))]
        sign = 1.0 if moves[levels.index(level)] >= 0 else -1.0
        has = np.where(named[1].isna(), np.nan, (named[1] == level).astype("float64"))
        began = since(when, sign * has, sign * counted[0].get(level, 0) / n)
    return Distribution(
        name,
        tuple((level, intervals.share(x, n), intervals.share(y, m)) for level, x, y in zip(levels, a, b, strict=True))[:CLASSES],
        float(np.abs(moves).sum() / 2),
        # Where chance explains the counts, no distance between them counts.
        0.0 if p_value < 0.001 else 1.0,
        distances.jensen_shannon(a, b),
        Sides(None, None),
        0.0,
        (),
        Sides(tuple(a), tuple(b)),
        Sides(n, m),
        began,
    )


def _gap(
    incident: Incident, drawn: Samples, when: NDArray[np.datetime64] | None
) -> tuple[Sides[Interval] | None, datetime | None, float, str | None]:
    truths, told = _values(drawn, incident.roles.target), _values(drawn, incident.roles.prediction)
    if truths is None or told is None:
        return None, None, 0.0, None
    positive: str | None = None
    if incident.task is not Task.REGRESSION:
        classes = tuple(sorted({str(v) for v in as_level(truths.reference).dropna().unique()}))
        positive = positive_class(classes, incident.roles.positive)
        if positive is None:
            return None, None, 0.0, None
    gaps, spread = [], 0.0
    apart = np.empty(0)
    for side in ("reference", "current"):
        truth = _as_numbers(getattr(truths, side), positive, incident.task is Task.REGRESSION)
        answer = _as_numbers(getattr(told, side), positive, incident.answer in (Answer.SCORE, Answer.VALUE))
        apart = answer - truth
        gaps.append(intervals.mean(apart))
        if side == "reference" and np.isfinite(truth).any():
            spread = float(np.nanstd(np.where(np.isfinite(truth), truth, np.nan)))
    sign = 1.0 if gaps[1].value >= gaps[0].value else -1.0
    return Sides(gaps[0], gaps[1]), since(when, sign * apart, sign * gaps[0].value), spread, positive


def _as_numbers(values: pd.Series, positive: str | None, numeric: bool) -> NDArray[np.float64]:
    if numeric:
        numbers = as_number(values).to_numpy("float64", copy=True)
        numbers[~np.isfinite(numbers)] = np.nan
        return np.asarray(numbers)
    named = as_level(values)
    return np.asarray(np.where(named.isna(), np.nan, (named == positive).astype("float64")), dtype="float64")


def judge(
    p: Labels,
    *,
    label_at: float = 0.05,
    answer_at: float = 0.1,
    strong_at: float = 0.1,
    strong_answer_at: float = 0.2,
    gap_at: float = 0.05,
    gap_spread_at: float = 0.2,
) -> list[Finding]:
    """Labels fire when `label_at` of the rows changed class (or KS), predictions at KS `answer_at`, each more than chance allows.

    From `strong_at` (labels) and `strong_answer_at` (predictions) on it is a warning. PSI's customary marks (Siddiqi 2006) are
    the size of a KS of 0.1 and 0.2. `gap_at`, `gap_spread_at`: five points of a share, or a fifth of a standard deviation of the
    target, is what moves a decision (calibration in the large).
    """
    findings: list[Finding] = []
    if p.labels is not None and p.labels.effect >= max(label_at, p.labels.floor):
        findings.append(_moved(LABELS_MOVED, p.labels, strong_at))
    if p.answers is not None and p.answers.effect >= max(answer_at, p.answers.floor):
        findings.append(_moved(ANSWERS_MOVED, p.answers, strong_answer_at))
    if p.gap is not None and p.answers is not None and p.labels is not None:
        before, after = p.gap.reference, p.gap.current
        move = after.value - before.value
        least = gap_at if p.positive is not None else gap_spread_at * p.spread
        if abs(move) >= least > 0 and before.apart(after) and abs(after.value) > abs(before.value):
            weight = abs(move) if p.positive is not None else abs(move) / (3 * p.spread)
            entry = GapOpened(
                since=p.parted,
                weight=float(np.clip(weight, 0, 1)),
                column=p.answers.column,
                target=p.labels.column,
                positive=p.positive,
                before=before.value,
                after=after.value,
                size=abs(after.value),
                usual=abs(before.value),
                low=after.low,
                high=after.high,
            )
            findings.append(GAP_OPENED.found(entry))
    return findings


def _moved(rule: Rule[ClassMoved | MeanMoved], d: Distribution, strong_at: float) -> Finding[ClassMoved | MeanMoved]:
    return rule.found(_entry(d), severity=Severity.WARNING if d.effect >= strong_at else Severity.INFO)


def _entry(d: Distribution) -> ClassMoved | MeanMoved:
    weight = float(np.clip(d.effect, 0, 1))
    if not d.classes:
        return MeanMoved(
            since=d.since,
            weight=weight,
            column=d.column,
            effect=d.effect,
            jensen_shannon=d.jensen_shannon,
            before=d.mean.reference,
            after=d.mean.current,
        )
    level, before, after = max(d.classes, key=lambda c: abs(c[2].value - c[1].value))
    return ClassMoved(
        since=d.since,
        weight=weight,
        column=d.column,
        effect=d.effect,
        jensen_shannon=d.jensen_shannon,
        level=level,
        before=before.value,
        after=after.value,
        low=after.low,
        high=after.high,
    )
