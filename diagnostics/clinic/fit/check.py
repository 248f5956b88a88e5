"""Over- and underfitting: the model on rows it has not seen, what other models do there, and what more rows would bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from diagnostics.clinic.fit import remedies as tries
from diagnostics.clinic.fit.bias import SAYS, Bias, Segment, bias
from diagnostics.clinic.fit.learning_curve import LearningCurve, More, learning_curve
from diagnostics.clinic.fit.remedies import Kind
from diagnostics.clinic.shared.compare import Compared, Progress, Result, Verdict, compare, corrected, one_fold, quiet
from diagnostics.clinic.shared.folds import folds
from diagnostics.clinic.shared.models import FAMILIES, Knob
from diagnostics.clinic.shared.scores import Metric, metric_for
from diagnostics.clinic.shared.training_set import ROWS, Described, TrainingSet, fewer, training_set
from diagnostics.nouns.finding import Finding, loose
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_, Value

BOOK: Final = "Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, ch. 7, doi:10.1007/978-0-387-84858-7"
OVER: Final = Rule(
    code="FIT001",
    title=N_("Overfitting"),
    why=N_("The model learns what is chance in the training rows. In use it meets other rows, where chance fell otherwise."),
    remedy=N_(
        "Take the simpler or more strongly regularised model that gains most below. More rows help too, where the learning curve "
        "still climbs."
    ),
    statistic=N_(
        "The gap: the score on the rows trained on less that on held-out rows. It is a fault where a simpler model does better "
        "on held-out rows, beyond chance."
    ),
    source=BOOK,
)
UNDER: Final = Rule(
    code="FIT002",
    title=N_("Underfitting"),
    why=N_("There is more to learn from these columns than the model can express, so it is poor everywhere, also in training."),
    remedy=N_("Take the richer model that gains most below: crosses and squares of the columns, a weaker penalty, more rounds."),
    statistic=N_("The gain of a richer model on held-out rows, beyond chance."),
    source=BOOK,
)
NEITHER: Final = Rule(
    code="FIT003",
    title=N_("Neither over- nor underfitting"),
    why=N_("A gap between training and held-out rows is no fault by itself: what counts is whether another model does better."),
    remedy=N_("Leave the model as it is. Better columns or more rows are worth more than more tuning."),
    statistic=N_("Held-out scores of simpler and richer models, each against the model as it is."),
    source=BOOK,
    severity=Severity.INFO,
)
ROWS_MORE: Final = Rule(
    code="FIT004",
    title=N_("What more rows would bring"),
    why=N_("Collecting rows costs money; the curve says beforehand what that buys."),
    remedy=N_("Collect more rows where the curve still climbs. Where it is flat, look for better columns or another model."),
    statistic=N_(
        "A power law through the held-out scores of models trained on a tenth to all of the rows, read at twice the rows; the "
        "interval comes from drawing the folds anew."
    ),
    source="Viering and Loog 2021, The shape of learning curves: a review, doi:10.1109/TPAMI.2022.3220744; Mukherjee et al. "
    "2003, doi:10.1089/106652703321825928",
    severity=Severity.INFO,
)
BIASED: Final = Rule(
    code="FIT005",
    title=N_("Answers lie off in a group of rows"),
    why=N_("For these rows the model errs to one side again and again: something about them was not learnt."),
    remedy=N_(
        "Give the model what sets these rows apart: a cross with this column, a richer model, or more of such rows. If only the "
        "chances are off, calibrate them on held-out rows."
    ),
    statistic=N_(
        "Mean of truth less answer over the group's held-out rows, with an interval that is wide enough for all groups looked at."
    ),
    source="Hébert-Johnson et al. 2018, Multicalibration, arXiv:1711.08513; Bonferroni correction over all groups",
)
NOTHING: Final = Rule(
    code="FIT006",
    title=N_("Hardly anything to learn"),
    why=N_("On held-out rows the model is hardly better than always giving the same answer."),
    remedy=N_("Look for columns that say more about the target, and check that the target and the rows belong together."),
    statistic=N_("The held-out score beside that of always giving the same answer."),
    source=BOOK,
)
RULES: Final = (OVER, UNDER, NEITHER, ROWS_MORE, BIASED, NOTHING)

TRIED_ROWS: Final = 3_000
"""Rows on which the remedies are compared: seventy trainings are to end within seconds. The learning curve uses all drawn."""


@dataclass(frozen=True)
class Settings:
    """family: of `models.FAMILIES`. rows: drawn at most. repeats: of the five folds, for the remedies."""

    family: str = "boosting"
    rows: int = ROWS
    repeats: int = 2


@dataclass(frozen=True)
class Step:
    """One value of a knob: held-out score and score on the rows trained on, with intervals."""

    value: float
    held: Interval
    trained: Interval


@dataclass(frozen=True)
class Curve:
    """A validation curve from the simplest to the richest value. title: message id of the knob. default: the value in use."""

    knob: str
    title: str
    log: bool
    steps: tuple[Step, ...]
    default: float | None


@dataclass(frozen=True)
class Fit:
    """kinds: direction of each of `compared.remedies`. guess: score of always the same answer. worth: least gain worth naming."""

    data: Described
    family: str
    title: str
    says: str
    guess: float
    worth: float
    compared: Compared
    kinds: tuple[Kind, ...]
    curve: LearningCurve
    knobs: tuple[Curve, ...]
    bias: Bias


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = quiet) -> Fit:
    """Raises NotApplicable without a table to learn from, and ValueError for an unknown family."""
    if settings.family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, got {settings.family!r}")
    data = training_set(incident, rows=settings.rows)
    metric, seed, family = metric_for(data.task), incident.seed, FAMILIES[settings.family]
    before = tries.before(settings.family, {})
    small = fewer(data, TRIED_ROWS, seed=seed)

    def partial(so_far: tuple[Compared, ...]) -> Fit:
        title, guess = family.title, 0.5 if data.task is Task.CLASSIFICATION else 0.0
        none = Bias((), (), 0, 0.0)
        return Fit(data.described, family.name, title, metric.says, guess, metric.floor, so_far[0], (), curve, (), none)

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
    for place, knob in enumerate(dict.fromkeys((family.complexity, family.regularisation))):
        reach = within(0.75 + 0.1 * place, 0.85 + 0.1 * place)
        knobs.append(_validated(small, settings.family, knob, metric, seed, reach))
    on_progress(0.95, N_("Looking for groups of rows whose answers lie off"))
    off = bias(small, before, seed=seed)
    return Fit(
        data.described,
        settings.family,
        family.title,
        metric.says,
        0.5 if data.task is Task.CLASSIFICATION else 0.0,
        metric.floor,
        compared,
        tuple(kind for kind, _ in named),
        curve,
        tuple(knobs),
        off,
    )


def _validated(data: TrainingSet, family: str, knob: Knob, metric: Metric, seed: int, on_progress: Progress) -> Curve:
    made = folds(data, parts=3, repeats=1, seed=seed)
    ratio = float(np.mean([len(f.test) / len(f.train) for f in made])) if made else 0.5
    whole = knob.name not in ("strength", "alpha", "ccp_alpha")
    steps = []
    for place, value in enumerate(knob.values):
        on_progress(place / len(knob.values), N_("Turning the model from simple to rich"))
        if knob.name == "degree" and value > 1 and not data.numbers:
            continue
        remedy = tries.before(family, {knob.name: int(value) if whole else value})
        try:
            scores = [one_fold(data, remedy, fold, metric, seed + number) for number, fold in enumerate(made)]
        except (ValueError, NotApplicable):
            # More neighbours than rows, say: this end of the curve is left out.
            continue
        held, trained = np.array([s[0] for s in scores]), np.array([s[1] for s in scores])
        steps.append(Step(float(value), corrected(held, ratio), corrected(trained, ratio)))
    default = FAMILIES[family].settings.get(knob.name)
    return Curve(knob.name, knob.title, knob.log, tuple(steps), None if default is None else float(default))


def judge(p: Fit, *, gap_at: float = 0.02, nothing_at: float = 0.02) -> list[Finding]:
    """FIT001: a simpler model gains beyond chance and the gap is at least `gap_at` (two points of the score: below, training and
    held-out rows tell the same story). FIT002: a richer one gains. FIT006: the interval of the held-out score begins less than
    `nothing_at` above that of always the same answer. FIT003: none of these. Intervals: Nadeau and Bengio (2003).
    """
    findings = []
    pairs = [(kind, r) for kind, r in zip(p.kinds, p.compared.remedies, strict=False) if r.verdict is Verdict.GAIN]
    over = max((r for kind, r in pairs if kind is not Kind.RICHER), key=_size, default=None)
    simpler = any(kind is Kind.SIMPLER for kind, _ in pairs)
    under = max((r for kind, r in pairs if kind is Kind.RICHER), key=_size, default=None)
    gap = p.compared.before.gap
    if p.compared.before.score.low < p.guess + nothing_at and not pairs:
        findings.append(_finding(NOTHING, _NOTHING, p, None))
    elif under is not None and (not simpler or over is None or under.gain.value >= over.gain.value):
        findings.append(_finding(UNDER, _UNDER, p, under))
    elif over is not None and gap >= gap_at:
        findings.append(_finding(OVER, _OVER, p, over))
    else:
        findings.append(_finding(NEITHER, _NEITHER if over is None else _AVERAGED, p, over))
    if p.bias.worst:
        findings.append(_off(p, p.bias.worst[0]))
    findings.append(_more(p))
    return findings


_OVER: Final = N_(
    "Overfitting: the {score:term} is {trained:number} on the rows trained on and {held:number} on others; with “{remedy:term}” "
    "it is {gain:number} better there ({low:number} to {high:number})."
)
_UNDER: Final = N_(
    "Underfitting: the {score:term} is {held:number} on held-out rows ({trained:number} in training), and with “{remedy:term}” "
    "it is {gain:number} better ({low:number} to {high:number})."
)
_NEITHER: Final = N_(
    "Neither over- nor underfitting: the {score:term} is {trained:number} on the rows trained on, {held:number} on others, and "
    "none of {count:count} other models does better there beyond chance."
)
_AVERAGED: Final = N_(
    "Neither over- nor underfitting to speak of: the {score:term} is {trained:number} on the rows trained on, {held:number} on "
    "others, but with “{remedy:term}” it is {gain:number} better there ({low:number} to {high:number})."
)
_NOTHING: Final = N_(
    "Hardly anything to learn: on held-out rows the {score:term} is {held:number}, where always the same answer has "
    "{guess:number}."
)


def _size(result: Result) -> float:
    return result.gain.value


def _finding(rule: Rule, says: str, p: Fit, result: Result | None) -> Finding:
    numbers: dict[str, Value] = {
        "score": p.says,
        "trained": p.compared.before.trained,
        "held": p.compared.before.score.value,
        "held_low": p.compared.before.score.low,
        "held_high": p.compared.before.score.high,
        "gap": p.compared.before.gap,
        "guess": p.guess,
        "count": len(p.compared.ran),
    }
    if result is not None:
        numbers |= {
            "remedy": result.says,
            # A sentence has no use for the fifth decimal of a score.
            "gain": round(result.gain.value, 4),
            "low": round(result.gain.low, 4),
            "high": round(result.gain.high, 4),
        }
    # The verdict on the fit comes before the groups that lie off.
    return loose(rule, says, numbers, weight=1.0)


def _off(p: Fit, worst: Segment) -> Finding:
    numbers: dict[str, Value] = {
        "column": worst.column,
        "level": worst.level,
        "low": worst.low,
        "high": worst.high,
        "rows": worst.rows,
        "true": worst.true,
        "told": worst.told,
        "off": worst.off.value,
        "from": worst.off.low,
        "to": worst.off.high,
        "groups": p.bias.looked,
        "found": len(p.bias.worst),
    }
    where = "level" if worst.level else "range" if worst.column else "answers"
    kind = "value" if p.data.task is Task.REGRESSION else "two" if len(p.data.classes) == 2 else "more"
    if kind == "two":
        numbers["class"] = f"{p.data.target} = {p.data.classes[-1]}"
    columns = (worst.column,) if worst.column else ()
    return loose(BIASED, SAYS[kind, where], numbers, columns, weight=min(0.9, abs(worst.off.value) / max(p.bias.spread, 1e-9)))


def _more(p: Fit) -> Finding:
    rows = p.curve.points[-1].rows if p.curve.points else 0
    numbers: dict[str, Value] = {"rows": rows, "score": p.says}
    match p.curve.more:
        case More.UNKNOWN:
            says = N_(
                "What more rows would bring cannot be told: from {rows:count} rows on, the score differs more from fold to fold "
                "than it grows."
            )
        case More.HELPS:
            says = N_(
                "More rows help: twice the {rows:count} would raise the {score:term} by about {doubled:number} ({low:number} to "
                "{high:number})."
            )
        case More.FLAT:
            says = N_(
                "More rows hardly help: twice the {rows:count} would raise the {score:term} by about {doubled:number}, at most "
                "{high:number}."
            )
    if p.curve.more is not More.UNKNOWN:
        doubled = p.curve.doubled
        numbers |= {
            "doubled": round(doubled.value, 4),
            "low": round(doubled.low, 4),
            "high": round(doubled.high, 4),
            "power": p.curve.power,
        }
        numbers |= {"limit": p.curve.limit}
    return loose(ROWS_MORE, says, numbers, weight=0.1)
