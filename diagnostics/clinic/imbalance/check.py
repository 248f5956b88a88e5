"""Imbalance: what the common class costs, and what weights, other rows, another limit and other models change, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.imbalance import remedies as tries
from diagnostics.clinic.imbalance.evaluation import F1, PRECISION, RECALL, Evaluated, cost_of, evaluate
from diagnostics.clinic.imbalance.methods import further
from diagnostics.clinic.imbalance.rows import two_classes
from diagnostics.clinic.imbalance.rules import (
    CHEAPER,
    EXTREME,
    FEW,
    FINE,
    MISCALIBRATED,
    MISSED,
    RULES,
    AsOddity,
    Cheaper,
    FewRows,
    Harmless,
    Miscalibrated,
    MissedClass,
)
from diagnostics.clinic.shared.compare import Compared, Progress, Result, Verdict, compare_all, ignore_progress
from diagnostics.clinic.shared.folds import Fold
from diagnostics.clinic.shared.models import FAMILIES
from diagnostics.clinic.shared.scores import METRICS, Predictions
from diagnostics.clinic.shared.training_set import ROWS, Described, TrainingSet, sample_rows
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.intervals import Interval

__all__ = ["RULES", "Imbalance", "Settings", "judge", "profile"]

TRIED_ROWS: Final = 5_000
DRAWS: Final = 200
RARE_ROWS: Final = 250
"""Rows of the rare class that are wanted among those tried: below, recall has an interval of more than ten points."""

BARE: Final = ("true", "false", "yes", "no", "y", "n", "t", "f")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a miss costs, and what to try."""

    family: str = "boosting"
    cost: float = 5.0
    """False alarms that one miss costs."""

    neighbours: int = 5
    """Neighbours of SMOTE."""

    rows: int = ROWS
    repeats: int = 2
    further: bool = False
    """Whether the ways of `methods` are tried as well."""


@dataclass(frozen=True, kw_only=True)
class Imbalance:
    """Ways to treat a rare class side by side."""

    data: Described
    family: str
    positive: str
    """The rare class."""

    share: float
    """Its share of the rows."""

    rare_rows: int
    majority: float
    """Accuracy of never naming it."""

    accuracy: float
    """Accuracy of the plain training."""

    cost: float
    neighbours: int
    """Neighbours of SMOTE, as many as the training parts allow."""

    compared: Compared
    """By cost of 100 rows."""

    others: tuple[Compared, ...]
    """By recall, precision, F1, average precision and Brier score."""

    ways: tuple[Evaluated, ...]
    """The plain training first."""

    threshold: Interval | None = None
    """Limit of the plain model's chance at which misses and false alarms cost least, with its interval; None while it runs."""

    @property
    def named(self) -> str:
        """The class in a sentence: a bare number says nothing without its column."""
        bare = self.positive.replace(".", "", 1).replace("-", "", 1).isdigit() or self.positive.lower() in BARE
        return f"{self.data.target} = {self.positive}" if bare else self.positive

    def other(self, name: str) -> Compared:
        return next((compared for compared in self.others if compared.metric == name), self.compared)


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = ignore_progress) -> Imbalance:
    """Raises NotApplicable without classes to learn, and ValueError for settings out of range."""
    if settings.family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, got {settings.family!r}")
    if not 0.01 <= settings.cost <= 10_000:
        raise ValueError(f"cost must be between 0.01 and 10,000 false alarms, got {settings.cost}")
    whole = two_classes(incident, rows=settings.rows)
    seed = incident.seed
    share = float(np.mean(whole.truth == 1))
    data = _enough(whole, share, seed)
    before = tries.before(settings.family)
    named = tries.remedies(settings.family, settings.cost, settings.neighbours)
    if settings.further:
        named = (*named, *further(settings.family, settings.neighbours))
    metrics = (cost_of(settings.cost), RECALL, PRECISION, F1, METRICS["average_precision"], METRICS["brier"])
    answers: list[list[tuple[NDArray[np.int64], Predictions]]] = [[] for _ in range(len(named) + 1)]

    def keep(index: int, number: int, fold: Fold, answer: Predictions) -> None:
        if number < 5:
            answers[index].append((fold.test, answer))

    def build_profile(
        compared: Compared,
        others: tuple[Compared, ...],
        ways: tuple[Evaluated, ...],
        accuracy: float,
        threshold: Interval | None = None,
    ) -> Imbalance:
        return Imbalance(
            data=data.described,
            family=settings.family,
            positive=whole.classes[1],
            share=share,
            rare_rows=int((whole.truth == 1).sum()),
            majority=1 - share,
            accuracy=accuracy,
            cost=settings.cost,
            neighbours=tries.allowed(int(0.8 * (data.truth == 1).sum()), settings.neighbours),
            compared=compared,
            others=others,
            ways=ways,
            threshold=threshold,
        )

    compared, *others = compare_all(
        data,
        before,
        named,
        metrics,
        repeats=max(1, min(settings.repeats, 10)),
        seed=seed,
        on_progress=on_progress,
        on_predicted=keep,
        partial=lambda so_far: build_profile(so_far[0], so_far[1:], (), 0.0),
    )
    ways = [evaluate(data, one.name, one.says, given) for one, given in zip((before, *named), answers, strict=True) if given]
    plain = np.concatenate([answer.labels == data.truth[rows] for rows, answer in answers[0]])
    limit = _threshold(data, answers[0], settings.cost, seed)
    return build_profile(compared, tuple(others), tuple(ways), float(plain.mean()), limit)


def _threshold(data: TrainingSet, given: list[tuple[NDArray[np.int64], Predictions]], cost: float, seed: int) -> Interval | None:
    """The cheapest limit on all held-out rows, with the interval of the percentiles over rows drawn again (Efron 1979).

    The cost is flat around its lowest point, so that the interval is often wide: within it the cost hardly changes.
    """
    known = [(rows, answer.chances[:, 1]) for rows, answer in given if answer.chances is not None]
    if not known:
        return None
    truth = np.concatenate([data.truth[rows] for rows, _ in known]).astype("int64")
    chances = np.concatenate([chance for _, chance in known])
    rng = np.random.default_rng((seed, 19))
    draws = []
    for _ in range(DRAWS):
        chosen = rng.integers(0, truth.size, truth.size)
        draws.append(tries.cheapest(truth[chosen], chances[chosen], cost))
    value = tries.cheapest(truth, chances, cost)
    low, high = (float(end) for end in np.quantile(draws, [0.025, 0.975]))
    return Interval(value, min(low, value), max(high, value))


def _enough(data: TrainingSet, share: float, seed: int) -> TrainingSet:
    """`TRIED_ROWS` of the rows, or as many more as bring `RARE_ROWS` of the rare class; drawn at random, so the share holds."""
    rows = max(TRIED_ROWS, int(RARE_ROWS / max(min(share, 1 - share), 1e-6)))
    return sample_rows(data, rows, seed=seed)


def judge(
    p: Imbalance,
    *,
    rare_at: float = 0.35,
    missed_at: float = 0.5,
    few_at: int = 50,
    extreme_at: float = 0.01,
    off_at: float = 1.5,
) -> list[Finding]:
    """IMB001: the class has at most `rare_at` of the rows and nothing done finds less than `missed_at` of it (the interval too).
    IMB002, IMB003: by the corrected interval of the cost. IMB004: the mean chance of the cheapest remedy (else of class weights)
    is `off_at` times the true share. IMB005: fewer than `few_at` rare rows (ten for each of five columns, Peduzzi et al. 1996).
    IMB006: at most `extreme_at` of the rows, as in fraud and failures (He and Garcia 2009, section 2).
    """
    findings: list[Finding] = []
    plain, best = p.ways[0], p.compared.best
    if p.share <= rare_at and plain.recall.high < missed_at:
        findings.append(MISSED.found(_missed_class(p, plain, best)))
    elif best is not None:
        findings.append(CHEAPER.found(_cheaper(p, best)))
    if best is None:
        findings.append(FINE.found(_harmless(p)))
    suspect = next((w for w in p.ways[1:] if best is not None and w.name == best.name), None)
    suspect = suspect if suspect is not None and _is_off(suspect, p, off_at) else _way_named(p, "weights")
    if suspect is not None and _is_off(suspect, p, off_at):
        findings.append(MISCALIBRATED.found(_miscalibrated(p, suspect)))
    if p.rare_rows < few_at:
        findings.append(FEW.found(FewRows(weight=0.5, rows=p.rare_rows, class_=p.named)))
    oddity = _as_oddity(p)
    if oddity is not None and p.share <= extreme_at:
        findings.append(EXTREME.found(oddity))
    return findings


def _way_named(p: Imbalance, name: str) -> Evaluated | None:
    return next((way for way in p.ways if way.name == name), None)


def _is_off(way: Evaluated, p: Imbalance, off_at: float) -> bool:
    return way.name != "isolation" and way.told >= off_at * p.share


def _cheaper(p: Imbalance, best: Result) -> Cheaper:
    return Cheaper(
        weight=0.6,
        class_=p.named,
        share=p.share,
        remedy=best.says,
        before=p.compared.before.score.value,
        after=p.compared.before.score.value - best.gain.value,
        low=round(best.gain.low, 4),
        high=round(best.gain.high, 4),
        cost=p.cost,
    )


def _missed_class(p: Imbalance, plain: Evaluated, best: Result | None) -> MissedClass:
    cheaper = _cheaper(p, best) if best else None
    way = _way_named(p, best.name) if best else None
    return MissedClass(
        weight=1 - plain.recall.value,
        class_=p.named,
        share=p.share,
        recall=plain.recall.value,
        low_recall=plain.recall.low,
        high_recall=plain.recall.high,
        precision=plain.precision.value,
        accuracy=p.accuracy,
        majority=p.majority,
        missed=100 * (1 - plain.recall.value),
        remedy=cheaper.remedy if cheaper else None,
        before=cheaper.before if cheaper else None,
        after=cheaper.after if cheaper else None,
        low=cheaper.low if cheaper else None,
        high=cheaper.high if cheaper else None,
        cost=cheaper.cost if cheaper else None,
        found=(way.recall.value if way else 0.0) if best else None,
        right=(way.precision.value if way else 0.0) if best else None,
    )


def _harmless(p: Imbalance) -> Harmless:
    return Harmless(
        weight=0.6,
        class_=p.named,
        share=p.share,
        count=len(p.compared.ran),
        recall=p.ways[0].recall.value,
        cost=p.cost,
        before=p.compared.before.score.value,
    )


def _miscalibrated(p: Imbalance, way: Evaluated) -> Miscalibrated:
    return Miscalibrated(
        weight=min(0.5, way.told - p.share),
        remedy=way.says,
        told=way.told,
        share=p.share,
        plain=p.ways[0].told,
        class_=p.named,
    )


def _as_oddity(p: Imbalance) -> AsOddity | None:
    ranked = p.other("average_precision")
    odd = next((r for r in ranked.remedies if r.name == "isolation" and not r.skipped), None)
    if odd is None:
        return None
    return AsOddity(
        weight=0.4,
        class_=p.named,
        share=p.share,
        odd=odd.score.value,
        trained=ranked.before.score.value,
        better=odd.verdict is Verdict.GAIN,
    )
