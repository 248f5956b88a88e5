"""What a search comes to, in sentences: is the choice better than the default, how flattered is it, and is the space right?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from diagnostics.clinic.search.result import State
from diagnostics.clinic.search.space import Dimension
from diagnostics.clinic.shared.scores import METRICS
from diagnostics.nouns.finding import Finding, loose
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_, Value

if TYPE_CHECKING:
    from diagnostics.clinic.search.check import Search

_HOW: Final = N_(
    "A part of the rows was put aside before the search. The best settings, the model's default settings and a dummy were "
    "trained on all other rows and judged on these; the interval comes from drawing these rows again and again, the same for "
    "all three."
)
NOTHING_MUCH: Final = 5e-4
"""Below it, a score with three digits is 0."""

_SOURCE: Final = "Cawley and Talbot 2010, jmlr.org/papers/v11/cawley10a.html; percentile bootstrap, Efron 1979"

GAIN: Final = Rule(
    code="SEA001",
    title=N_("The search pays"),
    why=N_("Rows that no trial saw are the only fair judge: a search picks what looks best on the rows it has."),
    remedy=N_("Use the chosen settings: export them as JSON, or as a Pipeline in Python."),
    statistic=_HOW,
    source=_SOURCE,
    severity=Severity.INFO,
)
NO_GAIN: Final = Rule(
    code="SEA002",
    title=N_("The search does not pay"),
    why=N_("Settings that are no better than the default cost time and hide what decides: the data."),
    remedy=N_(
        "Keep the default settings, and look for better columns, more rows or another model family before searching longer."
    ),
    statistic=_HOW,
    source=_SOURCE,
    severity=Severity.INFO,
)
FLATTERED: Final = Rule(
    code="SEA003",
    title=N_("The search's own best value flatters"),
    why=N_("The best of many tries is partly luck; who reports it promises more than the model will keep."),
    remedy=N_("Report the value on the held-out rows. More folds, or fewer trials, make the two come closer."),
    statistic=_HOW,
    source=_SOURCE,
    severity=Severity.INFO,
)
EDGE: Final = Rule(
    code="SEA004",
    title=N_("The best value lies at the edge of the space"),
    why=N_("Beyond the edge there may be better settings that were never tried."),
    remedy=N_("Widen the range of this setting in the table, and resume with more trials under a new name."),
    statistic=N_(
        "The best trial's setting lies within 2% of an end of its range, counted in factors where it is searched by factors."
    ),
    source="Bergstra and Bengio 2012, jmlr.org/papers/v13/bergstra12a.html",
    severity=Severity.INFO,
)
FAILED: Final = Rule(
    code="SEA005",
    title=N_("Trials failed"),
    why=N_("A trial that fails costs time and tells nothing."),
    remedy=N_("Narrow the range of the settings that fail, or choose another metric or fewer folds."),
    statistic=N_("A trial fails when the model cannot be trained with its settings, or when its score is no number."),
    source="Optuna: trial states",
    severity=Severity.WARNING,
)
DUMMY: Final = Rule(
    code="SEA006",
    title=N_("No better than guessing"),
    why=N_("A model that a dummy equals has learnt nothing from these columns; no setting will change that."),
    remedy=N_("Check the target and the columns on the page Data quality before searching further."),
    statistic=_HOW,
    source=_SOURCE,
    severity=Severity.WARNING,
)
NOTHING: Final = Rule(
    code="SEA007",
    title=N_("No trial finished"),
    why=N_("Without one finished trial there is nothing to choose from."),
    remedy=N_("Give the search more time, or narrow the ranges of the settings."),
    statistic=N_("A trial is finished when it was scored on every fold."),
    source="Optuna: trial states",
    severity=Severity.CRITICAL,
)
VERDICTS: Final = (GAIN, NO_GAIN, FLATTERED, EDGE, FAILED, DUMMY, NOTHING)


def judge_search(p: Search, *, edge: float, failing: float) -> list[Finding]:
    tries = [one for study in p.studies for one in study.tries if one.state is not State.WAITING]
    if p.best is None:
        return [_nothing(p, len(tries))]
    found = _failed(p, failing)
    if p.held is not None:
        found += [*_held(p), *_flattered(p)]
    return [*found, *_edges(p, edge)]


def _nothing(p: Search, tries: int) -> Finding:
    why = _reason(p)
    if why:
        return loose(
            NOTHING,
            N_("None of the {tries:count} trials finished; the last one failed with: {why:name}."),
            {"tries": tries, "why": why},
        )
    return loose(NOTHING, N_("None of the {tries:count} trials finished."), {"tries": tries})


def _reason(p: Search) -> str:
    return next((one.why for study in p.studies for one in reversed(study.tries) if one.why), "")


def _failed(p: Search, failing: float) -> list[Finding]:
    tries = [one for study in p.studies for one in study.tries if one.state not in (State.WAITING, State.RUNNING, State.LOST)]
    failed = [one for one in tries if one.state is State.FAILED]
    if not tries or len(failed) < failing * len(tries):
        return []
    half = len(failed) >= len(tries) / 2
    return [
        loose(
            FAILED,
            N_("{failed:count} of {tries:count} trials failed, the last one with: {why:name}."),
            {"failed": len(failed), "tries": len(tries), "why": _reason(p)},
            severity=Severity.WARNING if half else Severity.INFO,
            weight=len(failed) / len(tries),
        )
    ]


def _held(p: Search) -> list[Finding]:
    held = p.held
    if held is None:
        return []
    metric = METRICS[p.metric]
    evidence: dict[str, Value] = {
        "metric": metric.says,
        "chosen": held.chosen.value,
        "default": held.default.value,
        "dummy": bare(held.dummy.value),
        "gain": held.gain.value,
        "low": round(held.gain.low, 4),
        "high": round(held.gain.high, 4),
        "rows": held.rows,
    }
    if held.over_dummy.low <= 0:
        says = N_(
            "On {rows:count} rows that the search never saw, the chosen model is no better than a dummy: the {metric:term} is "
            "{chosen:number} against {dummy:number}."
        )
        return [loose(DUMMY, says, evidence, weight=1.0)]
    floor = metric.floor * (abs(held.default.value) if metric.relative else 1.0)
    if held.gain.low > 0 and held.gain.value >= floor:
        says = N_(
            "On {rows:count} rows that the search never saw, the {metric:term} goes from {default:number} with the default "
            "settings to {chosen:number} (better by {low:number} to {high:number}); a dummy has {dummy:number}."
        )
        return [loose(GAIN, says, evidence, weight=1.0)]
    if held.gain.high < 0:
        says = N_(
            "No gain: on {rows:count} rows that the search never saw, the chosen settings are worse than the default: the "
            "{metric:term} is {chosen:number} against {default:number} (a difference of {low:number} to {high:number}). Keep the "
            "default; a dummy has {dummy:number}."
        )
        return [loose(NO_GAIN, says, evidence, weight=1.0)]
    if held.gain.low > 0:
        says = N_(
            "No gain worth the change: on {rows:count} rows that the search never saw, the {metric:term} is {chosen:number} "
            "against {default:number} with the default settings (better by {low:number} to {high:number}, too little to matter); "
            "a dummy has {dummy:number}."
        )
        return [loose(NO_GAIN, says, evidence, weight=1.0)]
    says = N_(
        "No gain: on {rows:count} rows that the search never saw, the {metric:term} is {chosen:number} against {default:number} "
        "with the default settings (a difference of {low:number} to {high:number}, which can be chance); a dummy has "
        "{dummy:number}."
    )
    return [loose(NO_GAIN, says, evidence, weight=1.0)]


def bare(score: float) -> float:
    """A dummy's score for a sentence: one that is 0 but for the luck of the rows is 0."""
    return 0.0 if abs(score) < NOTHING_MUCH else score


def _flattered(p: Search) -> list[Finding]:
    held = p.held
    if held is None or p.best is None:
        return []
    inside = held.chosen.low <= p.best <= held.chosen.high
    metric = METRICS[p.metric]
    floor = metric.floor * (abs(held.chosen.value) if metric.relative else 1.0)
    if held.optimism <= floor or inside:
        return []
    says = N_(
        "The search's own best value ({best:number}) is {optimism:number} better than what the chosen model reaches on the "
        "held-out rows ({chosen:number}): count on the latter."
    )
    return [
        loose(
            FLATTERED,
            says,
            {"best": p.best, "optimism": held.optimism, "chosen": held.chosen.value, "metric": metric.says},
            weight=0.5,
        )
    ]


def _edges(p: Search, edge: float) -> list[Finding]:
    chosen, found = dict(p.chosen), []
    mattered = dict(next((study.importances for study in p.studies if study.name == p.of), ()))
    for dimension in p.space:
        value = chosen.get(dimension.name)
        end = _end(dimension, value, edge)
        if end is None or not isinstance(value, int | float) or mattered.get(dimension.name, 0.0) < 0.1:
            continue
        says = N_("The best {name:name} ({value:number}) lies at the end of its range, {low:number} to {high:number}.")
        evidence: dict[str, Value] = {"name": dimension.name, "value": float(value), "low": dimension.low, "high": dimension.high}
        found.append(loose(EDGE, says, evidence, weight=0.3 * mattered[dimension.name]))
    return found


def _end(dimension: Dimension, value: object, edge: float) -> float | None:
    """The end of the range that `value` lies at; None elsewhere, and for choices."""
    if dimension.choices or isinstance(value, bool) or not isinstance(value, int | float) or dimension.low >= dimension.high:
        return None
    low, high, at = dimension.low, dimension.high, float(value)
    if dimension.log:
        low, high, at = math.log(low), math.log(high), math.log(max(at, 1e-300))
    place = (at - low) / (high - low)
    return dimension.low if place <= edge else dimension.high if place >= 1 - edge else None
