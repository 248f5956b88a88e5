"""Performance: did the answers become worse, by which metric and how surely?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.confirm.sentences import LESS, MORE
from diagnostics.measure import engine
from diagnostics.measure.metrics import HIGHER_IS_BETTER, Measured, measure
from diagnostics.measure.onset import since
from diagnostics.measure.outcome import Outcome, known
from diagnostics.measure.samples import times
from diagnostics.nouns.finding import Finding, loose
from diagnostics.nouns.incident import Answer, Incident, Sides, Task
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_, Value

ERRORS_ROSE: Final = Rule(
    code="CON001",
    lane=Lane.ACCURACY,
    title=N_("The model makes more errors"),
    why=N_("This is the symptom: the answers are worse than when all was well. The other steps look for what made them so."),
    remedy=N_("See whether all rows or one group is hit and since when, then follow the steps to the cause before retraining."),
    statistic=N_("The error of an answer, averaged over the rows, with the range in which the true value lies 95 times in 100."),
    source="Wilson 1927, doi:10.1080/01621459.1927.10502953; Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2",
    severity=Severity.WARNING,
)
METRIC_WORSE: Final = Rule(
    code="CON002",
    lane=Lane.ACCURACY,
    title=N_("One side of the performance became worse"),
    why=N_("A model can keep its error rate and still lose what it is used for, such as finding the rare cases."),
    remedy=N_("Look at the confusion matrix and at the metric that your use of the model depends on."),
    statistic=N_("A metric of the answers with its 95% interval, held against the same metric in the reference."),
    source="DeLong et al. 1988, doi:10.2307/2531595; Saito and Rehmsmeier 2015, doi:10.1371/journal.pone.0118432",
    severity=Severity.WARNING,
)
OFF_LEVEL: Final = Rule(
    code="CON003",
    lane=Lane.ACCURACY,
    title=N_("The answers are too high or too low on average"),
    why=N_("A score is read as a probability, a number as an amount. When its level is off, every decision based on it is off."),
    remedy=N_("Calibrate the answers again on recent rows with known truth, once the inputs are known to be right."),
    statistic=N_("Mean answer less mean truth: zero when the answers are right on average."),
    source="Van Calster et al. 2019, doi:10.1186/s12916-019-1466-7",
    severity=Severity.WARNING,
)
IMPROVED: Final = Rule(
    code="CON004",
    lane=Lane.ACCURACY,
    title=N_("The model makes fewer errors"),
    why=N_(
        "Fewer errors than before are welcome, but may mean that easier rows arrive or that the answer leaked into the inputs."
    ),
    remedy=N_("Nothing to mend. Check that the truth of the current rows is complete."),
    statistic=N_("The error of an answer, averaged over the rows, with the range in which the true value lies 95 times in 100."),
    source="Wilson 1927, doi:10.1080/01621459.1927.10502953",
    severity=Severity.INFO,
)
RULES: Final = (ERRORS_ROSE, METRIC_WORSE, OFF_LEVEL, IMPROVED)

BLOCKS: Final = 20
MIN_BLOCK: Final = 15
MIN_ROWS: Final = 20
"""Rows with truth that a side needs before it is judged."""


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


def design_effect(loss: NDArray[np.float64]) -> float:
    """Variance of block means over what independent rows would show, at least 1 (Kish 1965). loss: shape (n,)."""
    loss = loss[np.isfinite(loss)]
    blocks = min(BLOCKS, loss.size // MIN_BLOCK)
    if blocks < 4 or loss.std() == 0:
        return 1.0
    means = [float(part.mean()) for part in np.array_split(loss, blocks)]
    return max(1.0, float(np.var(means, ddof=1) / (loss.var() / (loss.size / blocks))))


def judge(
    p: Performance,
    *,
    rise_at: float = 0.02,
    relative_at: float = 0.1,
    fall_at: float = 0.03,
    share_at: float = 0.05,
    level_at: float = 0.03,
    critical_at: float = 0.5,
    z_at: float = 3.5,
) -> list[Finding]:
    """A metric fires when it is worse by an amount that matters, its 95% intervals do not touch, and by `z_at` standard errors.

    What matters: an error rate up by `rise_at` and by `relative_at` of its old value; another loss up by `relative_at`; an AUC
    down by `fall_at`; precision, recall or F1 down by `share_at`; the level off by `level_at` more than before (in probability,
    or in units of three standard deviations of the truth). A loss up by `critical_at` of its old value is critical. Three
    standard errors are the customary control limit (Shewhart 1931), half a one more because several metrics are looked at; they
    are widened by the design effect of the reference's own blocks. The amounts keep random halves of public tables silent.
    """
    if p.reference is None or p.current is None or min(p.rows.reference, p.rows.current) < MIN_ROWS:
        return []
    pair = _Pair(p, p.reference.metrics, p.current.metrics, z_at * float(np.sqrt(p.design_effect)))
    headline = _headline(pair, rise_at, relative_at)
    findings = [] if headline is None else [_worse(pair, ERRORS_ROSE, headline, critical_at)]
    for name, floor in _others(pair, fall_at, share_at, relative_at, headline):
        if pair.sure(name) and pair.gap(name) >= floor:
            findings.append(_worse(pair, METRIC_WORSE, name, critical_at))
    findings += _level(pair, level_at)
    return findings or _better(pair, relative_at)


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
        return left.apart(right) and abs(self.gap(name)) > self.errors * float(np.hypot(_error(left), _error(right)))

    def evidence(self, name: str) -> dict[str, Value]:
        left, right = self.before[name], self.after[name]
        return {
            "metric": name,
            "before": left.value,
            "before_low": left.low,
            "before_high": left.high,
            "after": right.value,
            "low": right.low,
            "high": right.high,
            "rows": self.p.rows.current,
            "rows_reference": self.p.rows.reference,
            "positive": self.p.positive,
        }


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


def _worse(pair: _Pair, rule: Rule, name: str, critical_at: float) -> Finding:
    left, size = pair.before[name].value, pair.gap(name)
    if name == "roc_auc":
        # The part of the way from the old value down to guessing.
        share = size / max(left - 0.5, 1e-12)
        severe = share >= critical_at
    elif name in HIGHER_IS_BETTER:
        share = size
        severe = share >= 0.2
    else:
        share = size / max(left, 1e-12)
        severe = share >= critical_at and (name != "error_rate" or size >= 0.05)
    averaged = pair.p.positive is None and name in ("precision", "recall", "f1")
    return loose(
        rule,
        MORE[f"{name}_all" if averaged else name],
        pair.evidence(name),
        severity=Severity.CRITICAL if severe else Severity.WARNING,
        weight=float(np.clip(share, 0, 1)),
        since=pair.p.since,
    )


def _better(pair: _Pair, relative_at: float) -> list[Finding]:
    for name in dict.fromkeys(("error_rate", pair.p.loss)):
        if pair.sure(name) and -pair.gap(name) >= relative_at * pair.before[name].value:
            share = -pair.gap(name) / pair.before[name].value
            return [loose(IMPROVED, LESS[name], pair.evidence(name), weight=min(1.0, share))]
    return []


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


def _level(pair: _Pair, level_at: float) -> list[Finding]:
    """Answers that became too high or too low on average."""
    p, name = pair.p, "bias" if pair.p.answer is Answer.VALUE else "score_gap"
    if not pair.sure(name):
        return []
    left, right = pair.before[name].value, pair.after[name].value
    unit = 3 * p.spread if name == "bias" else 1.0
    if abs(right) - abs(left) < level_at * unit:
        return []
    evidence: dict[str, Value] = {"gap": abs(right), "before": abs(left), "signed": right, "metric": name}
    for key in ("ece", "slope"):
        if key in pair.before and key in pair.after:
            evidence |= {f"{key}_before": pair.before[key].value, f"{key}_after": pair.after[key].value}
    severity = Severity.CRITICAL if abs(right) >= 5 * level_at * unit else Severity.WARNING
    weight = float(np.clip(abs(right - left) / unit, 0, 1))
    return [loose(OFF_LEVEL, LEVELS[name, right > 0], evidence, severity=severity, weight=weight, since=p.since)]
