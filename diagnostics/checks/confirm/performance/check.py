"""Performance: did the predictions become worse, by which metric and how surely?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.confirm.performance.sentences import LESS, MORE
from diagnostics.measure import engine
from diagnostics.measure.metrics import HIGHER_IS_BETTER, Measured, design_effect, measure
from diagnostics.measure.onset import since
from diagnostics.measure.outcome import Outcome, known
from diagnostics.measure.samples import times
from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer, Incident, Sides, Task
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Null, Rule, Severity, Sign
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class MetricMoved(Entry):
    """One metric of the predictions on both sides."""

    metric: str
    """Its name in `Measured.metrics`."""

    before: float = shown(N_("In the reference"))
    before_low: float = shown(N_("In the reference, lower end of the 95% interval"))
    before_high: float = shown(N_("In the reference, upper end of the 95% interval"))
    after: float = shown(N_("In the current table"))
    low: float = shown(N_("In the current table, lower end of the 95% interval"))
    high: float = shown(N_("In the current table, upper end of the 95% interval"))
    rows: int = shown(N_("Rows with a label in the current table"), Unit.COUNT)
    rows_reference: int = shown(N_("Rows with a label in the reference"), Unit.COUNT)
    positive: str | None = shown(N_("Class that the metric is about"), Unit.NAME)
    """None where the metric is averaged over the classes, or there are none."""


@dataclass(frozen=True, kw_only=True)
class OffLevel(Entry):
    """How far predictions lie above or below the labels on average."""

    gap: float = shown(N_("Distance from the labels on average, in the current table"))
    before: float = shown(N_("Distance from the labels on average, in the reference"))
    signed: float
    """Mean prediction less mean label in the current table."""

    metric: str
    """Its name in `Measured.metrics`: bias for numbers, score_gap for scores."""

    ece_before: float | None = shown(N_("Expected calibration error in the reference"), optional=True)
    ece_after: float | None = shown(N_("Expected calibration error in the current table"), optional=True)
    slope_before: float | None = shown(N_("Calibration slope in the reference (1 is right)"), optional=True)
    slope_after: float | None = shown(N_("Calibration slope in the current table (1 is right)"), optional=True)


LEVELS: Final = {
    ("bias", True): N_("Predictions are {gap:number} too high on average; in the reference they were off by {before:number}."),
    ("bias", False): N_("Predictions are {gap:number} too low on average; in the reference they were off by {before:number}."),
    ("score_gap", True): N_(
        "The scores are {gap:points} points too high on average; in the reference they were off by {before:points}."
    ),
    ("score_gap", False): N_(
        "The scores are {gap:points} points too low on average; in the reference they were off by {before:points}."
    ),
}

AVERAGED: Final = ("precision", "recall", "f1")
"""Metrics of one class; without a class to look for they are averaged over all."""


def _became_worse(entry: MetricMoved) -> str:
    averaged = entry.positive is None and entry.metric in AVERAGED
    return MORE[f"{entry.metric}_all" if averaged else entry.metric]


SURE: Final = Shown(N_("Standard errors by which a change must exceed chance"), Unit.NUMBER)
RELATIVE: Final = Shown(N_("Change of the error, as a share of the reference's, that counts"), Unit.SHARE)
LEAST: Final = Shown(N_("Rows with a label that either side needs"), Unit.COUNT)

ERRORS_ROSE: Final = Rule[MetricMoved](
    code="CON001",
    lane=Lane.ACCURACY,
    null=Null.LOSS,
    title=N_("The model makes more errors"),
    says=_became_worse,
    why=N_("This is the symptom: the answers are worse than when all was well. The other steps look for what made them so."),
    remedy=N_("See whether all rows or one group is hit and since when, then follow the steps to the cause before retraining."),
    statistic=N_("The error of an answer, averaged over the rows, with the range in which the true value lies 95 times in 100."),
    source="Wilson 1927, doi:10.1080/01621459.1927.10502953; Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2",
    severity=Severity.WARNING,
    shows=Sign.WORSE,
    thresholds={
        "rise_at": Shown(N_("Rise of the error rate that counts"), Unit.SHARE),
        "relative_at": RELATIVE,
        "z_at": SURE,
        "critical_at": Shown(N_("Rise, as a share of the reference's error, that is called critical"), Unit.SHARE),
        "critical_rise_at": Shown(N_("Rise of the error rate that a critical one needs"), Unit.SHARE),
        "least_rows": LEAST,
    },
)
METRIC_WORSE: Final = Rule[MetricMoved](
    code="CON002",
    lane=Lane.ACCURACY,
    null=Null.LOSS,
    title=N_("One side of the performance became worse"),
    says=_became_worse,
    why=N_("A model can keep its error rate and still lose what it is used for, such as finding the rare cases."),
    remedy=N_("Look at the confusion matrix and at the metric that your use of the model depends on."),
    statistic=N_("A metric of the answers with its 95% interval, held against the same metric in the reference."),
    source="DeLong et al. 1988, doi:10.2307/2531595; Saito and Rehmsmeier 2015, doi:10.1371/journal.pone.0118432",
    severity=Severity.WARNING,
    shows=Sign.WORSE,
    thresholds={
        "fall_at": Shown(N_("Fall of the ROC AUC that counts"), Unit.NUMBER),
        "share_at": Shown(N_("Fall of precision, recall or F1 that counts"), Unit.SHARE),
        "relative_at": RELATIVE,
        "z_at": SURE,
        "critical_at": Shown(N_("Rise, as a share of the reference's error, that is called critical"), Unit.SHARE),
        "critical_share_at": Shown(N_("Fall of precision, recall or F1 that is called critical"), Unit.SHARE),
        "least_rows": LEAST,
    },
)
OFF_LEVEL: Final = Rule[OffLevel](
    code="CON003",
    lane=Lane.ACCURACY,
    title=N_("The answers are too high or too low on average"),
    says=lambda entry: LEVELS[entry.metric, entry.signed > 0],
    why=N_("A score is read as a probability, a number as an amount. When its level is off, every decision based on it is off."),
    remedy=N_("Calibrate the answers again on recent rows with known truth, once the inputs are known to be right."),
    statistic=N_("Mean answer less mean truth: zero when the answers are right on average."),
    source="Van Calster et al. 2019, doi:10.1186/s12916-019-1466-7",
    severity=Severity.WARNING,
    shows=Sign.WORSE,
    thresholds={
        "level_at": Shown(N_("Change of the mean distance from the labels that counts"), Unit.SHARE),
        "level_z_at": SURE,
        "least_rows": LEAST,
    },
)
IMPROVED: Final = Rule[MetricMoved](
    code="CON004",
    lane=Lane.ACCURACY,
    title=N_("The model makes fewer errors"),
    says=lambda entry: LESS[entry.metric],
    why=N_(
        "Fewer errors than before are welcome, but may mean that easier rows arrive or that the answer leaked into the inputs."
    ),
    remedy=N_("Nothing to mend. Check that the truth of the current rows is complete."),
    statistic=N_("The error of an answer, averaged over the rows, with the range in which the true value lies 95 times in 100."),
    source="Wilson 1927, doi:10.1080/01621459.1927.10502953",
    severity=Severity.INFO,
    thresholds={"relative_at": RELATIVE, "level_z_at": SURE, "least_rows": LEAST},
)
RULES: Final = (ERRORS_ROSE, METRIC_WORSE, OFF_LEVEL, IMPROVED)


@dataclass(frozen=True)
class Performance:
    """reference, current: the metrics of each side, None where it has no row with truth and answer.

    loss: the metric that is the mean loss ("error_rate", "brier", "mae"). labelled: share of the current rows that have a truth.
    design_effect: how many times more the loss varies over blocks of the reference than chance alone lets it, at least 1.
    spread: standard deviation of the reference's truth (regression), else 1. since: when the loss rose, None without times.
    """

    task: Task
    answer: Answer
    positive: str | None
    loss: str
    reference: Measured | None
    current: Measured | None
    labelled: float
    design_effect: float
    spread: float
    rows: Sides[int]
    since: datetime | None


def profile(incident: Incident) -> Performance:
    """Raises NotApplicable when no table has both truth and answers."""
    found = known(incident)
    rng = np.random.default_rng(incident.seed)
    left, right = measure(found, "reference", rng), measure(found, "current", rng)
    if left is None and right is None:
        raise NotApplicable(N_("No row has both a true answer and a prediction, so no error can be counted."), needs="target")
    loss = {Answer.LABEL: "error_rate", Answer.SCORE: "brier", Answer.VALUE: "mae"}[found.answer]
    before, after = found.loss("reference"), found.loss("current")
    spread = 1.0
    if found.answer is Answer.VALUE and found.truth.reference is not None:
        truth = found.truth.reference.astype("float64")
        spread = float(np.std(truth[np.isfinite(truth)])) or 1.0
    return Performance(
        found.task,
        found.answer,
        found.positive,
        loss,
        left,
        right,
        _labelled(found),
        1.0 if before is None else design_effect(_in_order(incident, before)),
        spread,
        Sides(left.rows if left else 0, right.rows if right else 0),
        _since(incident, before, after),
    )


def _labelled(found: Outcome) -> float:
    truth = found.truth.current
    if truth is None or not truth.size:
        return 0.0
    return float(np.mean([v is not None and v == v for v in truth]))


def _since(incident: Incident, before: NDArray[np.float64] | None, after: NDArray[np.float64] | None) -> datetime | None:
    if before is None or after is None or incident.current is None or not np.isfinite(before).any():
        return None
    frame = engine.sample(incident.current, seed=incident.seed + 1)
    return since(times(frame, incident.roles.timestamp), after, float(np.mean(before[np.isfinite(before)])))


def _in_order(incident: Incident, loss: NDArray[np.float64]) -> NDArray[np.float64]:
    """The reference's losses in the order of time where there is one, else in file order."""
    if incident.reference is None:
        return loss
    when = times(engine.sample(incident.reference, seed=incident.seed), incident.roles.timestamp)
    return loss if when is None else loss[np.argsort(when, kind="stable")]


def judge(
    p: Performance,
    *,
    rise_at: float = 0.02,
    relative_at: float = 0.1,
    fall_at: float = 0.03,
    share_at: float = 0.05,
    level_at: float = 0.03,
    critical_at: float = 0.5,
    critical_rise_at: float = 0.05,
    critical_share_at: float = 0.2,
    z_at: float = 2.6,
    level_z_at: float = 3.5,
    least_rows: int = 20,
) -> list[Finding]:
    """A metric fires when it is worse by an amount that matters, and by `z_at` standard errors.

    What matters: an error rate up by `rise_at` and by `relative_at` of its old value; another loss up by `relative_at`; an AUC
    down by `fall_at`; precision, recall or F1 down by `share_at`; the level off by `level_at` more than before (in probability,
    or in units of three standard deviations of the truth). Critical is a loss up by `critical_at` of its old value (an error rate
    also by `critical_rise_at`), an AUC down by as much of the way to guessing, and another share down by `critical_share_at`.
    Nothing is said with fewer than `least_rows` rows with label and prediction on a side.

    Chance passes `z_at` standard errors once in two hundred times (`level_z_at`: once in four thousand); they are widened by
    the design effect of the reference's own blocks, and the placebo is asked as well, once for all metrics. All amounts were
    chosen on benchmarks/incidents, so that random halves of public tables stay silent.
    """
    if p.reference is None or p.current is None or min(p.rows.reference, p.rows.current) < least_rows:
        return []
    pair = _Pair(p, p.reference.metrics, p.current.metrics, z_at * float(np.sqrt(p.design_effect)))
    headline = _headline(pair, rise_at, relative_at)
    findings: list[Finding] = []

    def worse(rule: Rule[MetricMoved], name: str) -> Finding[MetricMoved]:
        severe, share = _severe(pair, name, critical_at, critical_rise_at, critical_share_at)
        severity = Severity.CRITICAL if severe else Severity.WARNING
        return rule.found(pair.moved(name, weight=float(np.clip(share, 0, 1)), since=p.since), severity=severity)

    if headline is not None:
        findings.append(worse(ERRORS_ROSE, headline))
    for name, floor in _others(pair, fall_at, share_at, relative_at, headline):
        if pair.sure(name) and pair.gap(name) >= floor:
            findings.append(worse(METRIC_WORSE, name))
    # No placebo is asked of the level, nor of what became better.
    strict = replace(pair, errors=level_z_at * float(np.sqrt(p.design_effect)))
    findings += _level(strict, level_at)
    return findings or _better(strict, relative_at)


@dataclass(frozen=True)
class _Pair:
    """The metrics of both sides. errors: standard errors that a gap must have to be sure."""

    p: Performance
    before: Mapping[str, Interval]
    after: Mapping[str, Interval]
    errors: float

    def gap(self, name: str) -> float:
        """How much worse the metric is: positive when worse, 0 when not known on both sides."""
        if name not in self.before or name not in self.after:
            return 0.0
        moved = self.after[name].value - self.before[name].value
        if not np.isfinite(moved):
            return 0.0
        return -moved if name in HIGHER_IS_BETTER else moved

    def sure(self, name: str) -> bool:
        if self.gap(name) == 0:
            return False
        left, right = self.before[name], self.after[name]
        return abs(self.gap(name)) > self.errors * float(np.hypot(_error(left), _error(right)))

    def moved(self, name: str, *, weight: float, since: datetime | None) -> MetricMoved:
        left, right = self.before[name], self.after[name]
        return MetricMoved(
            since=since,
            weight=weight,
            metric=name,
            before=left.value,
            before_low=left.low,
            before_high=left.high,
            after=right.value,
            low=right.low,
            high=right.high,
            rows=self.p.rows.current,
            rows_reference=self.p.rows.reference,
            positive=self.p.positive,
        )


def _error(interval: Interval) -> float:
    """Standard error, read from the wider half of the interval."""
    return max(interval.high - interval.value, interval.value - interval.low) / 1.959964


def _headline(pair: _Pair, rise_at: float, relative_at: float) -> str | None:
    """The loss that rose, as the metric that is easiest to understand; None when none did."""
    for name in dict.fromkeys(("error_rate", pair.p.loss)):
        if not pair.sure(name):
            continue
        floor = max(relative_at * pair.before[name].value, rise_at if name == "error_rate" else 0.0)
        if pair.gap(name) >= floor:
            return name
    return None


def _others(pair: _Pair, fall_at: float, share_at: float, relative_at: float, headline: str | None) -> list[tuple[str, float]]:
    """The metrics besides the headline, each with the least change that matters."""
    before = pair.before
    if pair.p.answer is Answer.VALUE:
        # With the mean error up, the root mean squared error adds nothing.
        return [] if headline == "mae" else [("rmse", 1.5 * relative_at * before["rmse"].value)]
    wanted = [("roc_auc", fall_at), ("pr_auc", share_at), ("precision", share_at), ("recall", share_at)]
    if pair.p.positive is None:
        wanted.append(("f1", share_at))
    if headline is None and "log_loss" in before:
        wanted.append(("log_loss", 1.5 * relative_at * before["log_loss"].value))
    return [(name, floor) for name, floor in wanted if name in before]


def _severe(pair: _Pair, name: str, critical_at: float, critical_rise_at: float, critical_share_at: float) -> tuple[bool, float]:
    """Whether a metric became much worse, and by which share of what it was."""
    left, size = pair.before[name].value, pair.gap(name)
    if name == "roc_auc":
        # The part of the way from the old value down to guessing.
        share = size / max(left - 0.5, 1e-12)
        return share >= critical_at, share
    if name in HIGHER_IS_BETTER:
        return size >= critical_share_at, size
    share = size / max(left, 1e-12)
    return share >= critical_at and (name != "error_rate" or size >= critical_rise_at), share


def _better(pair: _Pair, relative_at: float) -> list[Finding]:
    for name in dict.fromkeys(("error_rate", pair.p.loss)):
        if pair.sure(name) and -pair.gap(name) >= relative_at * pair.before[name].value:
            share = -pair.gap(name) / pair.before[name].value
            return [IMPROVED.found(pair.moved(name, weight=min(1.0, share), since=None))]
    return []


def _level(pair: _Pair, level_at: float) -> list[Finding]:
    """Predictions that became too high or too low on average; five times as far is critical."""
    p, name = pair.p, "bias" if pair.p.answer is Answer.VALUE else "score_gap"
    if not pair.sure(name):
        return []
    left, right = pair.before[name].value, pair.after[name].value
    unit = 3 * p.spread if name == "bias" else 1.0
    if abs(right) - abs(left) < level_at * unit:
        return []
    ece, slope = (
        (pair.before[key].value, pair.after[key].value) if key in pair.before and key in pair.after else (None, None)
        for key in ("ece", "slope")
    )
    entry = OffLevel(
        since=p.since,
        weight=float(np.clip(abs(right - left) / unit, 0, 1)),
        gap=abs(right),
        before=abs(left),
        signed=right,
        metric=name,
        ece_before=ece[0],
        ece_after=ece[1],
        slope_before=slope[0],
        slope_after=slope[1],
    )
    return [OFF_LEVEL.found(entry, severity=Severity.CRITICAL if abs(right) >= 5 * level_at * unit else Severity.WARNING)]
