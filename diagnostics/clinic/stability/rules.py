"""The rules of stability, and what each is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagnostics.nouns.entry import Entry, Shown, Unit, internal, shown
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Flips(Entry):
    """Predictions that change when the model is trained again."""

    share: float = shown(N_("Predictions that change between two trainings"), Unit.SHARE)
    turned: float = shown(N_("Predictions that changed in any training"), Unit.SHARE)
    trainings: int = shown(N_("Trainings"), Unit.COUNT)
    held: int = shown(N_("Held-out rows"), Unit.COUNT)
    changed: str = shown(N_("What was changed"), Unit.TERM)
    dropped: bool = internal()
    quantity: bool = internal()


@dataclass(frozen=True, kw_only=True)
class Spread(Entry):
    """How far the score moves with the seed alone."""

    score: str = shown(N_("Metric"), Unit.TERM)
    spread: float = shown(N_("Spread of the score with the seed"), Unit.NUMBER)
    low: float = shown(N_("Spread, at least"), Unit.NUMBER)
    high: float = shown(N_("Spread, at most"), Unit.NUMBER)
    split: float = shown(N_("Spread of the score with the rows held out"), Unit.NUMBER)
    share: float = shown(N_("Predictions that change between two trainings"), Unit.SHARE)
    best: float = shown(N_("Best score"), Unit.NUMBER)
    worst: float = shown(N_("Worst score"), Unit.NUMBER)
    trainings: int = shown(N_("Trainings"), Unit.COUNT)


@dataclass(frozen=True, kw_only=True)
class Calmed(Entry):
    """The steadiest remedy, or how many were tried in vain."""

    count: int | None = shown(N_("Remedies tried"), Unit.COUNT, optional=True)
    remedy: str | None = shown(N_("Remedy"), Unit.TERM, optional=True)
    before: float = shown(N_("Predictions that change without it"), Unit.SHARE)
    after: float | None = shown(N_("Predictions that change with it"), Unit.SHARE, optional=True)
    low: float | None = shown(N_("Fewer changes, at least"), Unit.SHARE, optional=True)
    high: float | None = shown(N_("Fewer changes, at most"), Unit.SHARE, optional=True)
    gain: float | None = shown(N_("Gain of score"), Unit.NUMBER, optional=True)


def _flips(entry: Flips) -> str:
    if entry.quantity and entry.dropped:
        return N_(
            "With one training row in a hundred left out, {share:percent} of the answers move by more than a tenth of the "
            "target's spread; the seed alone moves fewer."
        )
    if entry.quantity:
        return N_(
            "Trained again with another seed, {share:percent} of the answers move by more than a tenth of the target's spread; "
            "over {trainings:count} trainings {turned:percent} moved so far at least once."
        )
    if entry.dropped:
        return N_(
            "With one training row in a hundred left out the model answers {share:percent} of the other rows otherwise; the seed "
            "alone turns fewer."
        )
    return N_(
        "Trained again with another seed, the model answers {share:percent} of the rows otherwise; over {trainings:count} "
        "trainings {turned:percent} of the rows changed their answer at least once."
    )


def _calmed(entry: Calmed) -> str:
    if entry.remedy is None:
        return N_(
            "No gain: none of {count:count} remedies makes the answers steadier beyond chance ({before:percent} differ without)."
        )
    return N_(
        "With “{remedy:term}”, two trainings differ in {after:percent} of the answers instead of {before:percent} (less by "
        "{low:percent} to {high:percent})."
    )


VARIANCE: Final = "Bouthillier et al. 2021, Accounting for variance in machine learning benchmarks, arXiv:2103.03098"
FLIPS: Final = Rule[Flips](
    code="STA001",
    title=N_("Answers hang on chance"),
    says=_flips,
    why=N_(
        "Trained again on the same rows, the model answers otherwise for some people: their answer was settled by a dice throw."
    ),
    remedy=N_(
        "Average several models of different seeds, or take a model without chance in it. Keep the seed with the model, and "
        "report scores over several seeds."
    ),
    statistic=N_("Share of held-out rows whose answer differs between two trainings, mean over all pairs (churn)."),
    source="Milani Fard et al. 2016, Launch and iterate: reducing prediction churn (NeurIPS); D'Amour et al. 2022, "
    "Underspecification, JMLR 23(226)",
    thresholds={
        "flip_at": Shown(N_("Share of changed predictions that counts"), Unit.SHARE),
    },
)
SWINGS: Final = Rule[Spread](
    code="STA002",
    title=N_("The score swings with the seed"),
    says=N_(
        "The {score:term} swings between {worst:number} and {best:number} with the seed alone (standard deviation "
        "{spread:number}, {low:number} to {high:number}): a smaller difference between two models is chance."
    ),
    why=N_("A difference between two trainings that is no larger than this swing is chance, whichever model it favours."),
    remedy=N_("Compare models over several seeds and splits, and believe no difference smaller than this swing."),
    statistic=N_("Standard deviation of the held-out score over trainings that differ in one thing only."),
    source=VARIANCE,
    thresholds={
        "swing_at": Shown(N_("Spread of the score that counts"), Unit.NUMBER),
    },
)
STEADY: Final = Rule[Spread](
    code="STA003",
    title=N_("Training is steady"),
    says=N_(
        "Training is steady: another seed moves the {score:term} by {spread:number} and turns {share:percent} of the answers; "
        "which rows are held out moves it by {split:number}."
    ),
    why=N_("What moves the score is which rows are held out, and that is so for every model."),
    remedy=N_("Leave the training as it is. Give scores with the interval that the rows held out make necessary."),
    statistic=N_("Standard deviation of the held-out score over trainings that differ in one thing only."),
    source=VARIANCE,
    severity=Severity.INFO,
)
CALMED: Final = Rule[Calmed](
    code="STA004",
    title=N_("What makes training steadier"),
    says=_calmed,
    why=N_(
        "Averaging models cancels what chance put into each. For a network, larger batches average over more rows in each step."
    ),
    remedy=N_(
        "Take the steadiest way whose score is not worse. For networks: larger batches, or several small ones accumulated into "
        "one step, smooth the updates; smaller batches make them noisier."
    ),
    statistic=N_("Share of held-out rows whose answer differs between two trainings, before and with each remedy."),
    source="Breiman 1996, Bagging predictors, doi:10.1007/BF00058655; Keskar et al. 2017, arXiv:1609.04836; Smith et al. 2018, "
    "Don't decay the learning rate, increase the batch size, arXiv:1711.00489",
    severity=Severity.INFO,
    thresholds={
        "calm_at": Shown(N_("Share of the changes that a remedy must remove"), Unit.SHARE),
    },
)
RULES: Final = (FLIPS, SWINGS, STEADY, CALMED)
