"""What to see in each picture of a search: a message id and its numbers."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np

from diagnostics.clinic.search.judge import rounded
from diagnostics.clinic.search.result import Search, State, Study, Try
from diagnostics.clinic.shared.scores import METRICS
from diagnostics.nouns.words import N_, Value

Sentence: TypeAlias = tuple[str, dict[str, Value]]

GOOD: Final = 0.25
"""Share of the finished trials that count as the good ones."""


ENDED: Final = (State.FINISHED, State.PRUNED)
"""Trials that came to an end with a value."""


def is_higher_better(p: Search) -> bool:
    return METRICS[p.metric].higher


def leading_study(p: Search) -> Study:
    """The study of the best trial, else the first."""
    return next((study for study in p.studies if study.name == p.of), p.studies[0])


def best_trials(p: Search, study: Study) -> tuple[Try, ...]:
    """The best quarter of the finished trials, at least three, the best first."""
    sign = -1.0 if is_higher_better(p) else 1.0
    ordered = sorted(study.done, key=lambda one: (sign * (one.value or 0.0), one.number))
    return tuple(ordered[: max(3, round(GOOD * len(ordered)))])


def describe_progress(p: Search) -> Sentence:
    """The sentence of a search that is under way."""
    tried = sum(study.finished for study in p.studies)
    if p.best is None:
        return N_("No trial has finished yet. Under way: {running:count}."), {"running": _running(p)}
    metric = METRICS[p.metric].says
    if any(study.minutes for study in p.studies):
        return (
            N_("Best so far: {metric:term} {best:number}, after {tried:count} trials."),
            {"metric": metric, "best": p.best, "tried": tried},
        )
    return (
        N_("Best so far: {metric:term} {best:number}, after {tried:count} of {asked:count} trials."),
        {"metric": metric, "best": p.best, "tried": tried, "asked": sum(study.asked for study in p.studies)},
    )


def _running(p: Search) -> int:
    return sum(one.state is State.RUNNING for study in p.studies for one in study.tries)


def describe_history(p: Search) -> Sentence:
    """When the best value last rose."""
    study = leading_study(p)
    best = study.best(is_higher_better(p))
    if best is None:
        return N_("The line begins when the first trial has finished."), {}
    after = sum(one.number > best.number for one in study.done)
    if after >= 10:
        return (
            N_("The best value came with trial {number:count}; none of the {after:count} after it was better: more may not pay."),
            {"number": best.number + 1, "after": after},
        )
    return (
        N_("The best value came with trial {number:count} of {tried:count}: the line may still move with more trials."),
        {"number": best.number + 1, "tried": max(one.number + 1 for one in study.tries if one.state in ENDED)},
    )


def describe_importance(p: Search) -> Sentence:
    """What decided."""
    found = leading_study(p).importances
    if not found:
        return N_("What matters first is known once six trials have finished."), {}
    if len(found) == 1:
        return N_("Only {first:name} was varied."), {"first": found[0][0]}
    return (
        N_(
            "{first:name} mattered most: {share:percent} of what made trials good depends on it; on {last:name}, {least:percent}."
        ),
        {"first": found[0][0], "share": found[0][1], "last": found[-1][0], "least": found[-1][1]},
    )


def _numbers(tries: tuple[Try, ...], name: str) -> list[float]:
    return [float(value) for one in tries if isinstance(value := one.param(name), int | float) and not isinstance(value, bool)]


def leading_setting(p: Search) -> str:
    """The setting that matters most, else the first of the space."""
    found = leading_study(p).importances
    return found[0][0] if found else p.space[0].name


def describe_slices(p: Search) -> Sentence:
    """Where the good trials lie."""
    name, study = leading_setting(p), leading_study(p)
    numbers = _numbers(best_trials(p, study), name)
    if len(study.done) < 4:
        return N_("Each point is one finished trial; with four of them it shows where the good ones lie."), {}
    if not numbers:
        words = [str(one.param(name)) for one in best_trials(p, study)]
        most = max(dict.fromkeys(words), key=words.count)
        return (
            N_("{share:percent} of the best trials have {name:name} = {value:name}."),
            {"share": words.count(most) / len(words), "name": name, "value": most},
        )
    if min(numbers) == max(numbers):
        return N_("The best quarter of the trials has {name:name} = {value:number}."), {"name": name, "value": numbers[0]}
    return (
        N_("The best quarter of the trials has {name:name} between {low:number} and {high:number}."),
        {"name": name, "low": float(min(numbers)), "high": float(max(numbers))},
    )


def describe_parallel(p: Search) -> Sentence:
    """How similar the best trials are in all settings."""
    study = leading_study(p)
    if len(study.done) < 4:
        return N_("Each line is one finished trial; with four of them it shows what the good ones share."), {}
    narrow = _narrowest(p, study)
    if narrow is None:
        return N_("The best trials, in blue, take many ways: no setting alone decides."), {}
    numbers = _numbers(best_trials(p, study), narrow[0])
    if min(numbers) == max(numbers):
        return N_("The best trials, in blue, all have {name:name} = {value:number}."), {"name": narrow[0], "value": numbers[0]}
    return (
        N_("The best trials, in blue, come together at {name:name}: they use only {share:percent} of its range."),
        {"name": narrow[0], "share": max(0.01, narrow[1])},
    )


def _narrowest(p: Search, study: Study) -> tuple[str, float] | None:
    """The setting in which the good trials use the smallest share of the range; None where none is below half."""
    shares = []
    for dimension in p.space:
        numbers = np.array(_numbers(best_trials(p, study), dimension.name))
        if dimension.choices or not numbers.size or dimension.low >= dimension.high:
            continue
        ends = np.array([dimension.low, dimension.high, numbers.min(), numbers.max()])
        ends = np.log(np.maximum(ends, 1e-300)) if dimension.log else ends
        shares.append((dimension.name, float((ends[3] - ends[2]) / (ends[1] - ends[0]))))
    found = min(shares, key=lambda item: item[1], default=None)
    return found if found is not None and found[1] < 0.5 else None


def leading_numbers(p: Search) -> tuple[str, str] | None:
    """The two number settings that matter most; None where there are not two."""
    order = [name for name, _ in leading_study(p).importances] + [dimension.name for dimension in p.space]
    numbers = {dimension.name for dimension in p.space if not dimension.choices and dimension.low < dimension.high}
    both = [name for name in dict.fromkeys(order) if name in numbers][:2]
    return (both[0], both[1]) if len(both) == 2 else None


def describe_contour(p: Search) -> Sentence:
    """Where two settings together are best."""
    both, best = leading_numbers(p), leading_study(p).best(is_higher_better(p))
    if both is None or best is None:
        return N_("Two settings of numbers are needed to draw their map."), {}
    return (
        N_("The bluer, the better: the best trial, the star, lies at {a:name} {x:number} and {b:name} {y:number}."),
        {"a": both[0], "x": _number(best, both[0]), "b": both[1], "y": _number(best, both[1])},
    )


def _number(one: Try, name: str) -> float | None:
    value = one.param(name)
    return float(value) if isinstance(value, int | float) else None


def describe_timeline(p: Search) -> Sentence:
    """Who worked when, and what ending hopeless trials early spared."""
    tries = [one for study in p.studies for one in study.tries]
    workers = len({one.worker for one in tries if one.worker})
    pruned = [one for one in tries if one.state is State.PRUNED and one.seconds]
    lost = sum(one.state is State.LOST for one in tries)
    full = [one.seconds for one in tries if one.state is State.FINISHED and one.seconds]
    if lost:
        return (
            N_("Workers: {workers:count}. Trials that ran when their worker was stopped, and were run again: {lost:count}."),
            {"workers": workers, "lost": lost},
        )
    if not pruned or not full:
        return (
            N_("Workers: {workers:count}. Half of the trials took less than {seconds:number} s."),
            {"workers": workers, "seconds": float(np.median(full)) if full else None},
        )
    spared = sum(max(0.0, float(np.median(full)) - float(one.seconds or 0.0)) for one in pruned)
    return (
        N_("Workers: {workers:count}. Hopeless trials ended early: {pruned:count}, which spared about {spared:number} s."),
        {"workers": workers, "pruned": len(pruned), "spared": round(spared, 1)},
    )


def describe_comparison(p: Search) -> Sentence:
    """Which kind of search came out ahead."""
    ranked = [(study, one.value or 0.0) for study in p.studies if (one := study.best(is_higher_better(p))) is not None]
    if len(ranked) < 2:
        return N_("The lines can be compared once two searches have a finished trial."), {}
    ranked.sort(key=lambda item: item[1], reverse=is_higher_better(p))
    ahead = [study.name for study, value in ranked if value == ranked[0][1]]
    if len(ahead) == len(ranked):
        return N_("All searches found the same best value, {best:number}."), {"best": ranked[0][1]}
    if len(ahead) > 1:
        return (
            N_("{first:list} share the lead with {best:number}; the last, {last:name}, has {least:number}."),
            {"first": ahead, "best": ranked[0][1], "last": ranked[-1][0].name, "least": ranked[-1][1]},
        )
    return (
        N_("{first:name} is ahead with {best:number}; the last, {last:name}, has {least:number}."),
        {"first": ranked[0][0].name, "best": ranked[0][1], "last": ranked[-1][0].name, "least": ranked[-1][1]},
    )


def describe_optimism(p: Search) -> Sentence | None:
    """How much the search's own best value flatters; None before the end."""
    if p.held is None or p.best is None:
        return None
    if p.held.optimism > 0:
        return (
            N_(
                "The search's own best value, {best:number}, is {optimism:number} better than the {chosen:number} on the rows it "
                "never saw: the best of many tries is partly luck."
            ),
            {"best": p.best, "optimism": p.held.optimism, "chosen": p.held.chosen.value},
        )
    return (
        N_(
            "The search's own best value, {best:number}, did not flatter: the rows that it never saw give {chosen:number}, "
            "{optimism:number} better."
        ),
        {"best": p.best, "optimism": -p.held.optimism, "chosen": p.held.chosen.value},
    )


def describe_held_out(p: Search) -> Sentence | None:
    """Chosen, default and dummy with their intervals."""
    if p.held is None:
        return None
    return (
        N_(
            "On {rows:count} rows that no trial saw: chosen {chosen:number} ({low:number} to {high:number}), default "
            "{default:number}, dummy {dummy:number}."
        ),
        {
            "rows": p.held.rows,
            "chosen": p.held.chosen.value,
            "low": round(p.held.chosen.low, 4),
            "high": round(p.held.chosen.high, 4),
            "default": p.held.default.value,
            "dummy": rounded(p.held.dummy.value),
        },
    )
