"""The fit: did the model learn the reference by heart, or hardly anything, or only the common class?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import CLASS_IMBALANCE, OVERFITTING, UNDERFITTING
from diagnostics.checks.localise.fit.rare import Rare, rare_classes
from diagnostics.measure.cross_fitted import Honest, crossed
from diagnostics.measure.outcome import Outcome, outcome, row_loss
from diagnostics.measure.samples import samples, times
from diagnostics.nouns import intervals
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer, Incident, Sides
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Learnt(Entry):
    """How good the logged predictions are, beside a small cross-fitted model ("fresh"); see `Fit`. before: in the reference."""

    loss: str = shown(N_("Measure of error"), Unit.TERM)
    before: float = shown(N_("Error of the logged predictions in the reference"))
    after: float = shown(N_("Error of the logged predictions in the current table"))
    fresh_before: float = shown(N_("Error of a small model that never saw these rows, in the reference"))
    fresh_after: float = shown(N_("Error of a small model that never saw these rows, in the current table"))
    dummy: float = shown(N_("Error of always giving the same prediction"))
    skill_before: float = shown(N_("Part of that error that the logged predictions save, in the reference"), Unit.SHARE)
    skill_after: float = shown(N_("Part of that error that the logged predictions save, in the current table"), Unit.SHARE)
    fresh_skill_before: float = shown(N_("Part of that error that the small model saves, in the reference"), Unit.SHARE)
    fresh_skill_after: float = shown(N_("Part of that error that the small model saves, in the current table"), Unit.SHARE)
    early: float = shown(N_("Error of the logged predictions on the first current rows"))
    shared: float = shown(N_("Current rows that also stand in the reference"), Unit.SHARE)
    twins: float = shown(N_("Reference rows that stand there more than once"), Unit.SHARE)


@dataclass(frozen=True, kw_only=True)
class LearntByHeart(Learnt):
    """ratio: error of the logged predictions by that of the small model, in the reference."""

    ratio: float = shown(N_("Error of the logged predictions, as a multiple of the small model's"))
    cause: CauseKind = OVERFITTING


@dataclass(frozen=True, kw_only=True)
class LearntLittle(Learnt):
    """plain: the weaker of two small models."""

    same: float = shown(N_("Share of the commonest prediction"), Unit.SHARE)
    plain_skill_before: float = shown(N_("Part of that error that the weaker small model saves, in the reference"), Unit.SHARE)
    plain_skill_after: float = shown(N_("Part of that error that the weaker small model saves, in the current table"), Unit.SHARE)
    cause: CauseKind = UNDERFITTING


@dataclass(frozen=True, kw_only=True)
class RareClass(Entry):
    """A rare class that is hardly ever predicted; see `Rare`."""

    class_: str = shown(N_("Class"), Unit.NAME)
    share: float = shown(N_("Rows of this class"), Unit.SHARE)
    share_before: float = shown(N_("Rows of this class in the reference"), Unit.SHARE)
    recall: float = shown(N_("Rows of this class that were predicted so (recall)"), Unit.SHARE)
    recall_before: float = shown(N_("The same in the reference"), Unit.SHARE)
    named: float = shown(N_("Rows that were predicted to be of this class"), Unit.SHARE)
    auc: float = shown(N_("How well a small model ranks such rows: 0.5 is guessing, 1 is perfect (AUC)"))
    found: float = shown(N_("Rows of this class that a small model finds when it names as many"), Unit.SHARE)
    plain: float = shown(N_("Rows of this class that small models find as they come out of training"), Unit.SHARE)
    classes: int = shown(N_("Classes"), Unit.COUNT)
    cause: CauseKind = CLASS_IMBALANCE


CLEAR: Final = 0.92
SEVERAL: Final = 0.4
"""How clear the signature of a bad fit is by itself; and of a rare class where there are several."""

BY_HEART: Final = Rule[LearntByHeart](
    code="LOC020",
    title=N_("Learnt by heart"),
    says=N_(
        "The {loss:term} is {before:number} on the reference, where an honest small model reaches {fresh_before:number}; on "
        "the current rows it is {after:number} from the first row on, and the small model has {fresh_after:number}."
    ),
    why=N_(
        "On the reference the model is better than any model can honestly be on rows that it has not seen. What it can really do "
        "shows on the current rows, and that was so from the first row on."
    ),
    remedy=N_(
        "Judge the model on rows that it was not trained on. Then train again with a simpler or more strongly regularised model, "
        "stop earlier, or give it more rows."
    ),
    statistic=N_(
        "The mean loss of the logged answers, beside that of two small models fitted here, which never judge a row they saw."
    ),
    source="Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, ch. 7, doi:10.1007/978-0-387-84858-7; "
    "Stone 1974 (cross-validation), doi:10.1111/j.2517-6161.1974.tb00994.x",
    severity=Severity.CRITICAL,
    suggests=OVERFITTING,
    clear=CLEAR,
    thresholds={
        "heart_at": Shown(N_("Multiple of the small model's error, in the reference, up to which it is too good"), Unit.NUMBER),
        "like_at": Shown(N_("Multiple of the small model's current error from which it is no better"), Unit.NUMBER),
        "moved_at": Shown(N_("Part of the rise that the small model may show too"), Unit.SHARE),
        "early_at": Shown(N_("Part of the rise that the first rows must show already"), Unit.SHARE),
    },
)
TOO_LITTLE: Final = Rule[LearntLittle](
    code="LOC021",
    title=N_("Hardly learnt anything"),
    says=N_(
        "The answers save {skill_before:percent} of the {loss:term} of always giving the same answer ({skill_after:percent} "
        "on the current rows); a small model fitted here saves {fresh_skill_before:percent}."
    ),
    why=N_(
        "On both sides the model is hardly better than always giving the same answer, while a small model fitted here is: there "
        "is something to learn, and it was not learnt."
    ),
    remedy=N_(
        "Train again: less regularisation, more rounds or a larger learning rate, and check that the features reach the model "
        "scaled and in their order."
    ),
    statistic=N_("How far the loss is below that of always giving the same answer: 0% is no better, 100% is never wrong."),
    source="Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, ch. 7, doi:10.1007/978-0-387-84858-7; "
    "Breck et al. 2017, doi:10.1109/BigData.2017.8258038 (a simpler model as a baseline)",
    severity=Severity.CRITICAL,
    suggests=UNDERFITTING,
    clear=CLEAR,
    thresholds={
        "little_at": Shown(N_("Part of what the small model saves, below which hardly anything was learnt"), Unit.SHARE),
        "reach_at": Shown(N_("Part of the error that the better small model must save"), Unit.SHARE),
        "plain_at": Shown(N_("Part of the error that the weaker small model must save for a fault"), Unit.SHARE),
    },
)
RARE: Final = Rule[RareClass](
    code="LOC022",
    title=N_("The rare class is hardly ever answered"),
    says=N_(
        "{class:name} is the truth in {share:percent} of the rows, and {recall:percent} of those were answered so "
        "({recall_before:percent} in the reference); a small model that names as many rows finds {found:percent}."
    ),
    why=N_(
        "With a rare class a model is right most of the time by never naming it. The rows can be told apart, but the limit or "
        "the weights were made for the common class."
    ),
    remedy=N_(
        "Weight the rare class in training, or lower the limit from which it is answered, to where finding one is worth the "
        "false alarms; judge by recall and precision, not by the share of right answers."
    ),
    statistic=N_(
        "Recall: of a hundred rows that truly are of this class, how many were answered so. And how well a small model fitted "
        "here ranks such rows above the others: 50% is guessing."
    ),
    source="He and Garcia 2009, Learning from imbalanced data, doi:10.1109/TKDE.2008.239; "
    "Elkan 2001, The foundations of cost-sensitive learning (IJCAI)",
    severity=Severity.CRITICAL,
    suggests=CLASS_IMBALANCE,
    # A rare class of several is answered seldom by most models that are right as often as they can be.
    clear=lambda entry: CLEAR if entry.classes == 2 else SEVERAL,
    thresholds={
        "rare_at": Shown(N_("Share of the rows below which a class is rare"), Unit.SHARE),
        "never_at": Shown(N_("Share of the rows below which it is a fault"), Unit.SHARE),
        "recall_at": Shown(N_("Recall below which it is hardly ever predicted"), Unit.SHARE),
        "better_at": Shown(N_("How much more a small model must find"), Unit.SHARE),
        "auc_at": Shown(N_("AUC of a small model from which the class can be told apart"), Unit.NUMBER),
    },
)
RULES: Final = (BY_HEART, TOO_LITTLE, RARE)

MIN_ROWS: Final = 40
EARLY: Final = 0.25
"""The first part of the current rows, which no fault that began later has touched."""


@dataclass(frozen=True)
class Skills:
    """Share of the dummy's loss that the logged and the fresh answers save, at most 1; for values of its squares, R². ahead:
    fresh less logged, with its 95% interval.
    """

    logged: float
    fresh: float
    ahead: Interval


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Mean losses, with 95% intervals, of the logged predictions and of small cross-fitted models."""

    unit: str
    """Name of the loss."""

    kind: str
    """The better of the two cross-fitted models."""

    logged: Sides[Interval]
    """Loss of the logged predictions."""

    fresh: Sides[Interval]
    """Loss of the better cross-fitted model."""

    dummy: Sides[Interval]
    """Loss of always giving the same prediction."""

    ahead: Sides[Interval]
    """Loss of the cross-fitted model less that of the logged predictions, row by row."""

    early: Interval
    """Loss of the logged predictions on the first current rows."""

    shared: float
    """Share of the current rows that also stand in the reference."""

    twins: float
    """Share of the reference rows that stand there more than once."""

    same: Sides[float]
    """Share of the commonest logged prediction."""

    skills: Sides[Skills]
    least: Sides[float]
    """Share of the dummy's loss that the weaker cross-fitted model saves."""

    rare: tuple[Rare, ...]
    rows: Sides[int]

    def skill(self, which: str) -> Sides[float]:
        """Share of the dummy's loss (for values: of its squares) that "logged" or "fresh" saves."""
        return Sides(getattr(self.skills.reference, which), getattr(self.skills.current, which))


def profile(incident: Incident) -> Fit:
    """Raises NotApplicable without both tables, or without labels and predictions on both sides."""
    incident.pair()
    drawn = samples(incident)
    known = outcome(incident, drawn)
    before, after = known.loss("reference"), known.loss("current")
    if before is None or after is None:
        raise NotApplicable(N_("Both tables need the true answers and the predictions to judge the fit."), needs="target")
    made = crossed(incident)
    fine = np.isfinite(before[made.home]), np.isfinite(after[made.away])
    shared = float(made.again.mean())
    if (~made.again & fine[1]).sum() >= MIN_ROWS:
        fine = fine[0], fine[1] & ~made.again
    home, away = made.home[fine[0]], made.away[fine[1]]
    truth, told = known.truth, known.answers
    if min(home.size, away.size) < MIN_ROWS or told.reference is None or told.current is None:
        raise NotApplicable(
            N_("Too few rows with a true answer and a prediction: {reference:count} and {current:count}; 40 are needed."),
            needs="prediction",
            reference=int(home.size),
            current=int(away.size),
        )
    if truth.reference is None or truth.current is None:
        raise NotApplicable(N_("Both tables need the true answers to judge the fit."), needs="target")
    models = [replace(m, home=m.home[fine[0]], away=m.away[fine[1]]) for m in made.models]
    losses = [
        (
            row_loss(known, truth.reference[home], _told(known, m, m.home)),
            row_loss(known, truth.current[away], _told(known, m, m.away)),
        )
        for m in models
    ]
    best = int(np.argmin([float(np.mean(a)) for a, _ in losses]))
    fresh = losses[best]
    weaker = losses[int(np.argmax([float(np.mean(a)) for a, _ in losses]))]
    when = times(drawn.current, incident.roles.timestamp)
    order = np.arange(away.size) if when is None else np.argsort(when[away], kind="stable")
    dummy = _dummy(known, truth.reference[home])
    # Squares are least around the mean, distances around the median.
    mean = float(truth.reference[home].astype("float64").mean()) if known.answer is Answer.VALUE else dummy
    return Fit(
        unit=known.loss_name,
        kind=models[best].kind,
        logged=Sides(intervals.mean(before[home]), intervals.mean(after[away])),
        fresh=Sides(intervals.mean(fresh[0]), intervals.mean(fresh[1])),
        dummy=Sides(
            intervals.mean(row_loss(known, truth.reference[home], _constant(dummy, home.size))),
            intervals.mean(row_loss(known, truth.current[away], _constant(dummy, away.size))),
        ),
        ahead=Sides(intervals.mean(fresh[0] - before[home]), intervals.mean(fresh[1] - after[away])),
        early=intervals.mean(after[away][order[: max(MIN_ROWS // 2, int(EARLY * away.size))]]),
        shared=shared,
        twins=float(np.mean(np.bincount(made.groups)[made.groups] > 1)),
        same=Sides(_same(told.reference[home]), _same(told.current[away])),
        skills=Sides(
            _skills(known, before[home], fresh[0], row_loss(known, truth.reference[home], _constant(mean, home.size))),
            _skills(known, after[away], fresh[1], row_loss(known, truth.current[away], _constant(mean, away.size))),
        ),
        least=Sides(
            _saved(known, weaker[0], row_loss(known, truth.reference[home], _constant(mean, home.size))),
            _saved(known, weaker[1], row_loss(known, truth.current[away], _constant(mean, away.size))),
        ),
        rare=rare_classes(known, models[best], models, home, away) if known.answer is Answer.LABEL else (),
        rows=Sides(int(home.size), int(away.size)),
    )


def judge(
    p: Fit,
    *,
    heart_at: float = 0.7,
    like_at: float = 0.85,
    moved_at: float = 0.35,
    early_at: float = 0.5,
    little_at: float = 0.35,
    reach_at: float = 0.15,
    plain_at: float = 0.08,
    rare_at: float = 0.15,
    never_at: float = 0.1,
    recall_at: float = 0.35,
    better_at: float = 0.15,
    auc_at: float = 0.65,
) -> list[Finding]:
    """LOC020: on the reference the loss is below `heart_at` of the honest one, beyond the interval; on the current rows it is at
    least `like_at` of the honest one; the honest one rose by less than `moved_at` of the rise; the first rows show at least
    `early_at` of the rise already.

    LOC021: on both sides the logged answers save less than `little_at` of what the honest model saves, which is at least
    `reach_at` of the dummy's loss. That is a fault where it holds against the weaker of two honest models as well, which saves
    `plain_at`: a straight line where trees do better is a choice. LOC022: a class below `rare_at` of the rows has a recall below
    `recall_at` on both sides, while the honest model ranks it with an AUC of `auc_at` and finds `better_at` more of it by naming
    as many rows as there are; of two classes also one that is named for a tenth of its rows or fewer. It is a fault where the
    class is below `never_at` of the rows. He and Garcia (2009) call one in seven and rarer imbalanced.
    """
    findings: list[Finding] = []
    rare = [
        r
        for r in p.rare
        if (_is_rare(r, rare_at, recall_at, auc_at) and r.found - r.recall.current.value >= better_at)
        or _is_never(r, never_at, auc_at)
    ]
    plainly = _plainly_too_little(p, little_at, plain_at)
    for r in rare:
        # One class of several that is answered seldom is how most models are; so is a class that is not that rare.
        never = max(r.share.reference, r.share.current) <= never_at and (r.classes == 2 or r.recall.current.value <= 0.05)
        findings.append(_rare_finding(r, Severity.CRITICAL if never and not plainly else Severity.INFO))
    if _by_heart(p, heart_at, like_at, moved_at, early_at):
        findings.append(_heart_finding(p))
    if plainly or (not rare and _too_little(p, little_at, reach_at)):
        findings.append(_little_finding(p, Severity.CRITICAL if plainly else Severity.INFO))
    return findings


def _by_heart(p: Fit, heart_at: float, like_at: float, moved_at: float, early_at: float) -> bool:
    rise = p.logged.current.value - p.logged.reference.value
    far = p.logged.reference.value <= heart_at * p.fresh.reference.value and p.ahead.reference.low > 0
    alike = p.logged.current.value >= like_at * p.fresh.current.value
    rose = rise > 0 and p.logged.current.low > p.logged.reference.high
    held = p.fresh.current.value - p.fresh.reference.value <= moved_at * rise
    early = p.early.high - p.logged.reference.value >= early_at * rise
    return far and alike and rose and held and early


def _too_little(p: Fit, little_at: float, reach_at: float) -> bool:
    logged, fresh = p.skill("logged"), p.skill("fresh")
    worse = p.skills.reference.ahead.low > 0 and p.skills.current.ahead.low > 0
    little = logged.reference <= little_at * fresh.reference and logged.current <= little_at * max(fresh.current, 0.0)
    return worse and little and min(fresh.reference, fresh.current) >= reach_at


def _plainly_too_little(p: Fit, little_at: float, plain_at: float) -> bool:
    logged = p.skill("logged")
    little = logged.reference <= little_at * p.least.reference and logged.current <= little_at * max(p.least.current, 0.0)
    worse = p.skills.reference.ahead.low > 0 and p.skills.current.ahead.low > 0
    return worse and little and min(p.least.reference, p.least.current) >= plain_at


def _is_rare(r: Rare, rare_at: float, recall_at: float, auc_at: float) -> bool:
    small = max(r.share.reference, r.share.current) <= rare_at
    hits = [side.value * rows for side, rows in ((r.recall.reference, r.rows.reference), (r.recall.current, r.rows.current))]
    both = intervals.share(sum(hits), r.rows.reference + r.rows.current)
    missed = max(r.recall.reference.value, r.recall.current.value) <= 1.3 * recall_at and both.value <= recall_at
    seldom = r.named.reference <= 0.5 * r.share.reference and r.named.current <= 0.5 * r.share.current
    return small and missed and both.high <= 1.5 * recall_at and seldom and r.auc.value >= auc_at and r.auc.low > 0.55


def _is_never(r: Rare, never_at: float, auc_at: float) -> bool:
    """One of two classes that is as good as never answered, while it can be ranked better than by guessing."""
    named = max(r.named.reference / max(r.share.reference, 1e-9), r.named.current / max(r.share.current, 1e-9))
    small = r.classes == 2 and max(r.share.reference, r.share.current) <= never_at and named <= 0.1
    recall = max(r.recall.reference.value, r.recall.current.value)
    return small and recall <= 0.1 and r.auc.low > 0.5 and r.auc.value >= auc_at - 0.1 and r.found >= 1.5 * r.share.reference


def _numbers(p: Fit) -> dict[str, Any]:
    """The fields of `Learnt`."""
    logged, fresh = p.skill("logged"), p.skill("fresh")
    return {
        "loss": p.unit,
        "before": p.logged.reference.value,
        "after": p.logged.current.value,
        "fresh_before": p.fresh.reference.value,
        "fresh_after": p.fresh.current.value,
        "dummy": p.dummy.reference.value,
        "skill_before": logged.reference,
        "skill_after": logged.current,
        "fresh_skill_before": fresh.reference,
        "fresh_skill_after": fresh.current,
        "early": p.early.value,
        "shared": p.shared,
        "twins": p.twins,
    }


def _heart_finding(p: Fit) -> Finding:
    ratio = p.logged.reference.value / max(p.fresh.reference.value, 1e-12)
    return BY_HEART.found(LearntByHeart(weight=float(np.clip(1 - ratio, 0, 1)), ratio=ratio, **_numbers(p)))


def _little_finding(p: Fit, severity: Severity) -> Finding:
    return TOO_LITTLE.found(
        LearntLittle(
            weight=float(np.clip(p.skill("fresh").reference - p.skill("logged").reference, 0, 1)),
            same=p.same.current,
            plain_skill_before=p.least.reference,
            plain_skill_after=p.least.current,
            **_numbers(p),
        ),
        severity=severity,
    )


def _rare_finding(r: Rare, severity: Severity) -> Finding:
    return RARE.found(
        RareClass(
            weight=float(np.clip(r.found - r.recall.current.value, 0.05, 1)),
            class_=r.name,
            share=r.share.current,
            share_before=r.share.reference,
            recall=r.recall.current.value,
            recall_before=r.recall.reference.value,
            named=r.named.current,
            auc=r.auc.value,
            found=r.found,
            plain=r.plain,
            classes=r.classes,
        ),
        severity=severity,
    )


def _told(known: Outcome, model: Honest, chances: NDArray[np.float64]) -> NDArray[np.generic]:
    """Answers in the unit of the log, shape (n,)."""
    if known.answer is Answer.VALUE:
        return chances[:, 0]
    if known.answer is Answer.SCORE:
        place = model.classes.index(str(known.positive)) if str(known.positive) in model.classes else None
        return chances[:, place] if place is not None else np.zeros(len(chances))
    return np.asarray(np.array(model.classes, dtype=object)[chances.argmax(axis=1)])


def _dummy(known: Outcome, truth: NDArray[np.generic]) -> float | str:
    if known.answer is Answer.VALUE:
        return float(np.median(truth.astype("float64")))
    if known.answer is Answer.SCORE:
        return float(np.mean(truth == known.positive))
    names, counts = np.unique(truth.astype(str), return_counts=True)
    return str(names[int(np.argmax(counts))])


def _constant(answer: float | str, rows: int) -> NDArray[np.generic]:
    return np.full(rows, answer, dtype=object if isinstance(answer, str) else "float64")


def _saved(known: Outcome, loss: NDArray[np.float64], dummy: NDArray[np.float64]) -> float:
    power = 2 if known.answer is Answer.VALUE else 1
    return 1 - float((loss**power).mean()) / max(float(np.mean(dummy**power)), 1e-12)


def _skills(known: Outcome, logged: NDArray[np.float64], fresh: NDArray[np.float64], dummy: NDArray[np.float64]) -> Skills:
    power = 2 if known.answer is Answer.VALUE else 1
    a, b, c = logged**power, fresh**power, max(float(np.mean(dummy**power)), 1e-12)
    return Skills(_saved(known, logged, dummy), _saved(known, fresh, dummy), intervals.mean((a - b) / c))


def _same(told: NDArray[np.generic]) -> float:
    return float(pd.Series(told).value_counts(normalize=True).iloc[0])
