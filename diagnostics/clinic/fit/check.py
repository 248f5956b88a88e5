"""Over- and underfitting: the model on rows it has not seen, what other models do there, and what more rows would bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from diagnostics.clinic.fit import remedies as tries
from diagnostics.clinic.fit.bias import Bias, Segment, bias
from diagnostics.clinic.fit.learning_curve import LearningCurve, More, learning_curve
from diagnostics.clinic.fit.remedies import Kind
from diagnostics.clinic.fit.rules import (
    BIASED,
    NEITHER,
    NOTHING,
    OVER,
    ROWS_MORE,
    RULES,
    UNDER,
    BiasedGroup,
    Generalisation,
    MoreRows,
)
from diagnostics.clinic.shared.compare import (
    Compared,
    Progress,
    Result,
    Verdict,
    compare,
    corrected_interval,
    ignore_progress,
    score_fold,
)
from diagnostics.clinic.shared.folds import folds
from diagnostics.clinic.shared.models import FAMILIES, Knob
from diagnostics.clinic.shared.scores import Metric, metric_for
from diagnostics.clinic.shared.training_set import ROWS, Described, TrainingSet, sample_rows, training_set
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import N_

__all__ = ["RULES", "Fit", "Settings", "judge", "profile"]

TRIED_ROWS: Final = 3_000
"""Rows on which the remedies are compared: seventy trainings should end within seconds. The learning curve uses all."""


@dataclass(frozen=True)
class Settings:
    """Which model to examine."""

    family: str = "boosting"
    """One of `models.FAMILIES`."""

    rows: int = ROWS
    """Rows drawn at most."""

    repeats: int = 2
    """Repeats of the five folds, for the remedies."""


@dataclass(frozen=True)
class Step:
    """One value of a knob: held-out score and score on the rows trained on, with intervals."""

    value: float
    held: Interval
    trained: Interval


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A validation curve from the simplest to the richest value."""

    knob: str
    title: str
    """Message id of the knob."""

    log: bool
    steps: tuple[Step, ...]
    default: float | None
    """The value in use."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """One model beside simpler and richer ones."""

    data: Described
    family: str
    title: str
    says: str
    """Message id of the metric."""

    guess: float
    """Score of always the same prediction."""

    worth: float
    """Least gain worth naming."""

    compared: Compared
    kinds: tuple[Kind, ...]
    """Direction of each of `compared.remedies`."""

    curve: LearningCurve
    knobs: tuple[Curve, ...]
    bias: Bias


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = ignore_progress) -> Fit:
    """Raises NotApplicable without a table to learn from, and ValueError for an unknown family."""
    if settings.family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, got {settings.family!r}")
    data = training_set(incident, rows=settings.rows)
    metric, seed, family = metric_for(data.task), incident.seed, FAMILIES[settings.family]
    before = tries.before(settings.family, {})
    small = sample_rows(data, TRIED_ROWS, seed=seed)

    def partial(so_far: tuple[Compared, ...]) -> Fit:
        title, guess = family.title, 0.5 if data.task is Task.CLASSIFICATION else 0.0
        none = Bias((), (), 0, 0.0)
        return Fit(
            data=data.described,
            family=family.name,
            title=title,
            says=metric.says,
            guess=guess,
            worth=metric.floor,
            compared=so_far[0],
            kinds=(),
            curve=curve,
            knobs=(),
            bias=none,
        )

    def within(start: float, end: float) -> Progress:
        return lambda share, what="", so_far=None: on_progress(start + (end - start) * share, what, so_far)

    curve = learning_curve(data, before, metric, seed=seed, on_progress=within(0.0, 0.2))
    named = tries.remedies(small, settings.family, {})
    compared = compare(
        small,
        before,
        [remedy for _, remedy in named],
        metric,
        repeats=max(1, min(settings.repeats, 10)),
        seed=seed,
        on_progress=within(0.2, 0.75),
        partial=partial,
    )
    knobs = []
    for index, knob in enumerate(dict.fromkeys((family.complexity, family.regularisation))):
        reach = within(0.75 + 0.1 * index, 0.85 + 0.1 * index)
        knobs.append(_validate(small, settings.family, knob, metric, seed, reach))
    on_progress(0.95, N_("Looking for groups of rows whose predictions are biased"))
    off = bias(small, before, seed=seed)
    return Fit(
        data=data.described,
        family=settings.family,
        title=family.title,
        says=metric.says,
        guess=0.5 if data.task is Task.CLASSIFICATION else 0.0,
        worth=metric.floor,
        compared=compared,
        kinds=tuple(kind for kind, _ in named),
        curve=curve,
        knobs=tuple(knobs),
        bias=off,
    )


def _validate(data: TrainingSet, family: str, knob: Knob, metric: Metric, seed: int, on_progress: Progress) -> Curve:
    made = folds(data, parts=3, repeats=1, seed=seed)
    ratio = float(np.mean([len(f.test) / len(f.train) for f in made])) if made else 0.5
    whole = knob.name not in ("strength", "alpha", "ccp_alpha")
    steps = []
    for index, value in enumerate(knob.values):
        on_progress(index / len(knob.values), N_("Turning the model from simple to rich"))
        if knob.name == "degree" and value > 1 and not data.numbers:
            continue
        remedy = tries.before(family, {knob.name: int(value) if whole else value})
        try:
            scores = [score_fold(data, remedy, fold, metric, seed + number) for number, fold in enumerate(made)]
        except (ValueError, NotApplicable):
            # Such as more neighbours than rows: the curve then ends before this value.
            continue
        held, trained = np.array([s[0] for s in scores]), np.array([s[1] for s in scores])
        steps.append(Step(float(value), corrected_interval(held, ratio), corrected_interval(trained, ratio)))
    default = FAMILIES[family].settings.get(knob.name)
    return Curve(
        knob=knob.name, title=knob.title, log=knob.log, steps=tuple(steps), default=None if default is None else float(default)
    )


def judge(
    p: Fit, *, gap_at: float = 0.02, nothing_at: float = 0.02, off_at: float = 0.05, spreads_at: float = 0.2
) -> list[Finding]:
    """FIT001: a simpler model gains beyond chance and the gap is at least `gap_at` (two points of the score: below, training and
    held-out rows tell the same story). FIT002: a richer one gains. FIT006: the interval of the held-out score begins less than
    `nothing_at` above that of always the same answer. FIT003: none of these. Intervals: Nadeau and Bengio (2003).
    FIT005: see `groups_off`.
    """
    findings: list[Finding] = []
    pairs = [(kind, r) for kind, r in zip(p.kinds, p.compared.remedies, strict=False) if r.verdict is Verdict.GAIN]
    over = max((r for kind, r in pairs if kind is not Kind.RICHER), key=_gain_of, default=None)
    simpler = any(kind is Kind.SIMPLER for kind, _ in pairs)
    under = max((r for kind, r in pairs if kind is Kind.RICHER), key=_gain_of, default=None)
    gap = p.compared.before.gap
    if p.compared.before.score.low < p.guess + nothing_at and not pairs:
        findings.append(NOTHING.found(_generalisation(p, None)))
    elif under is not None and (not simpler or over is None or under.gain.value >= over.gain.value):
        findings.append(UNDER.found(_generalisation(p, under)))
    elif over is not None and gap >= gap_at:
        findings.append(OVER.found(_generalisation(p, over)))
    else:
        findings.append(NEITHER.found(_generalisation(p, over)))
    if off := groups_off(p, off_at=off_at, spreads_at=spreads_at):
        findings.append(BIASED.found(_biased_group(p, off)))
    findings.append(ROWS_MORE.found(_more_rows(p)))
    return findings


def groups_off(p: Fit, *, off_at: float = 0.05, spreads_at: float = 0.2) -> tuple[Segment, ...]:
    """Groups whose predictions are off, beyond chance, by `off_at` of a share or `spreads_at` spreads of the errors of a
    quantity; the farthest first. Chosen by hand: a twentieth is the least that anybody would notice.
    """
    least = spreads_at * p.bias.spread if p.data.task is Task.REGRESSION else off_at
    return tuple(segment for segment in p.bias.worst if abs(segment.off.value) >= least)


def _gain_of(result: Result) -> float:
    return result.gain.value


def _generalisation(p: Fit, result: Result | None) -> Generalisation:
    before = p.compared.before
    return Generalisation(
        # The verdict on the fit comes before the groups that are off.
        weight=1.0,
        score=p.says,
        trained=before.trained,
        held=before.score.value,
        held_low=before.score.low,
        held_high=before.score.high,
        gap=before.gap,
        guess=p.guess,
        count=len(p.compared.ran),
        remedy=result.says if result else None,
        # A sentence has no use for the fifth decimal of a score.
        gain=round(result.gain.value, 4) if result else None,
        low=round(result.gain.low, 4) if result else None,
        high=round(result.gain.high, 4) if result else None,
    )


def _biased_group(p: Fit, off: tuple[Segment, ...]) -> BiasedGroup:
    worst, classes = off[0], 0 if p.data.task is Task.REGRESSION else len(p.data.classes)
    return BiasedGroup(
        columns=(worst.column,) if worst.column else (),
        weight=min(0.9, abs(worst.off.value) / max(p.bias.spread, 1e-9)),
        column=worst.column,
        level=worst.level,
        low=worst.low,
        high=worst.high,
        rows=worst.rows,
        true=worst.true,
        told=worst.told,
        off=worst.off.value,
        from_=worst.off.low,
        to=worst.off.high,
        groups=p.bias.looked,
        found=len(off),
        class_=f"{p.data.target} = {p.data.classes[-1]}" if classes == 2 else None,
        classes=classes,
    )


def _more_rows(p: Fit) -> MoreRows:
    curve = p.curve
    rows, known = curve.points[-1].rows if curve.points else 0, curve.more is not More.UNKNOWN
    return MoreRows(
        weight=0.1,
        rows=rows,
        score=p.says,
        doubled=round(curve.doubled.value, 4) if known else None,
        low=round(curve.doubled.low, 4) if known else None,
        high=round(curve.doubled.high, 4) if known else None,
        power=curve.power if known else None,
        limit=curve.limit if known else None,
        more=curve.more,
    )
