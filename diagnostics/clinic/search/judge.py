"""Which rules of a search fire: is the choice better than the default, how flattered is it, and is the space right?"""

from __future__ import annotations

import math
from typing import Final

from diagnostics.clinic.search.result import Held, Search, State
from diagnostics.clinic.search.rules import (
    DUMMY,
    EDGE,
    FAILED,
    FLATTERED,
    GAIN,
    NO_GAIN,
    NOTHING,
    AtEdge,
    Difference,
    FailedTrials,
    HeldOut,
    NoneFinished,
    Optimism,
)
from diagnostics.clinic.search.space import Dimension
from diagnostics.clinic.shared.scores import METRICS, Metric
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.rule import Severity

SMALLEST: Final = 5e-4
"""Below it, a score with three digits is 0."""


def judge(
    p: Search, *, edge_at: float = 0.02, matters_at: float = 0.1, failing_at: float = 0.1, warn_at: float = 0.5
) -> list[Finding]:
    """SEA004: the best value of a setting that has at least `matters_at` of the importance lies within `edge_at` of an end of its
    range. SEA005: at least `failing_at` of the trials failed; a warning from `warn_at` on. All chosen by hand.
    The others compare held-out scores with their intervals and the smallest difference worth speaking of (`Metric.floor`).
    """
    if p.best is None:
        trials = sum(one.state is not State.WAITING for study in p.studies for one in study.tries)
        return [NOTHING.found(NoneFinished(tries=trials, why=_last_error(p) or None))]
    findings = _failed_trials(p, failing_at, warn_at)
    if p.held is not None:
        findings.append(_held_out(p.held, METRICS[p.metric]))
        findings += _optimism(p.best, p.held, METRICS[p.metric])
    return [*findings, *_at_edges(p, edge_at, matters_at)]


def _last_error(p: Search) -> str:
    return next((one.why for study in p.studies for one in reversed(study.tries) if one.why), "")


def _failed_trials(p: Search, failing_at: float, warn_at: float) -> list[Finding]:
    ended = [one for study in p.studies for one in study.tries if one.state not in (State.WAITING, State.RUNNING, State.LOST)]
    failed = sum(one.state is State.FAILED for one in ended)
    if not ended or failed < failing_at * len(ended):
        return []
    entry = FailedTrials(weight=failed / len(ended), failed=failed, tries=len(ended), why=_last_error(p))
    return [FAILED.found(entry, severity=Severity.WARNING if failed >= warn_at * len(ended) else Severity.INFO)]


def _held_out(held: Held, metric: Metric) -> Finding:
    gain = held.gain
    entry = HeldOut(
        weight=1.0,
        metric=metric.says,
        chosen=held.chosen.value,
        default=held.default.value,
        dummy=rounded(held.dummy.value),
        gain=gain.value,
        low=round(gain.low, 4),
        high=round(gain.high, 4),
        rows=held.rows,
        difference=Difference.WORSE if gain.high < 0 else Difference.BETTER if gain.low > 0 else Difference.BY_CHANCE,
    )
    if held.over_dummy.low <= 0:
        return DUMMY.found(entry)
    pays = gain.low > 0 and gain.value >= _floor(metric, held.default.value)
    return (GAIN if pays else NO_GAIN).found(entry)


def _floor(metric: Metric, score: float) -> float:
    """The smallest difference from `score` worth speaking of."""
    return metric.floor * (abs(score) if metric.relative else 1.0)


def rounded(score: float) -> float:
    """A dummy's score for a sentence: 0 where it differs from 0 by chance alone."""
    return 0.0 if abs(score) < SMALLEST else score


def _optimism(best: float, held: Held, metric: Metric) -> list[Finding]:
    if held.optimism <= _floor(metric, held.chosen.value) or held.chosen.low <= best <= held.chosen.high:
        return []
    entry = Optimism(weight=0.5, best=best, optimism=held.optimism, chosen=held.chosen.value, metric=metric.says)
    return [FLATTERED.found(entry)]


def _at_edges(p: Search, edge_at: float, matters_at: float) -> list[Finding]:
    chosen, findings = dict(p.chosen), list[Finding]()
    importances = dict(next((study.importances for study in p.studies if study.name == p.of), ()))
    for dimension in p.space:
        value, importance = chosen.get(dimension.name), importances.get(dimension.name, 0.0)
        if not isinstance(value, int | float) or importance < matters_at or not _lies_at_end(dimension, value, edge_at):
            continue
        entry = AtEdge(weight=0.3 * importance, name=dimension.name, value=float(value), low=dimension.low, high=dimension.high)
        findings.append(EDGE.found(entry))
    return findings


def _lies_at_end(dimension: Dimension, value: float, edge_at: float) -> bool:
    """Whether `value` lies at an end of the range; never for choices."""
    if dimension.choices or isinstance(value, bool) or dimension.low >= dimension.high:
        return False
    low, high, at = dimension.low, dimension.high, float(value)
    if dimension.log:
        low, high, at = math.log(low), math.log(high), math.log(max(at, 1e-300))
    share = (at - low) / (high - low)
    return share <= edge_at or share >= 1 - edge_at
