"""Stability: the same training again with other seeds and small changes; how far the score and the predictions move, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.shared.compare import Progress, ignore_progress
from diagnostics.clinic.shared.folds import folds
from diagnostics.clinic.shared.models import FAMILIES
from diagnostics.clinic.shared.scores import metric_for
from diagnostics.clinic.shared.training_set import ROWS, Described, sample_rows, training_set
from diagnostics.clinic.stability.rules import CALMED, FLIPS, RULES, STEADY, SWINGS, Calmed, Flips, Spread
from diagnostics.clinic.stability.runs import Calmer, Trained, Trainings, remedies_of
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import N_

__all__ = ["RULES", "Settings", "Stability", "judge", "profile"]

TRIED_ROWS: Final = 4_000
HELD: Final = 5
"""One in so many rows is held out."""

DROPPED: Final = 0.01
"""Share of the training rows that a small change leaves out."""

BATCHES: Final = (32, 64, 128, 256, 512)


@dataclass(frozen=True)
class Settings:
    """Which model to train, and how often."""

    family: str = "network"
    trainings: int = 8
    """Of each kind, 4 to 30."""

    rows: int = ROWS


@dataclass(frozen=True, kw_only=True)
class Source:
    """One thing that was changed and nothing else."""

    name: str
    says: str
    scores: tuple[float, ...]
    """Of each training."""

    spread: Interval
    """Their standard deviation with its interval."""

    flipped: float
    """Share of held-out rows whose prediction differs between two trainings, mean over the pairs (of a quantity: differs by more
    than a tenth of the target's standard deviation); 0 where the held-out rows themselves differ.
    """

    share: float


@dataclass(frozen=True, kw_only=True)
class Stability:
    """The same training again and again."""

    data: Described
    family: str
    title: str
    says: str
    """Message id of the metric."""

    floor: float
    """The smallest difference of the score worth speaking of."""

    trainings: int
    held: int
    """Held-out rows."""

    sources: tuple[Source, ...]
    """What was changed, each alone."""

    calmer: tuple[Calmer, ...]
    """Remedies, in the order in which they were tried."""

    turned: float
    """Share of held-out rows whose prediction changed in at least one training with another seed."""

    flips: tuple[float, ...]
    """Share of rows by the share of trainings that disagree with the usual prediction, ten steps from none to half."""

    def source(self, name: str) -> Source | None:
        return next((source for source in self.sources if source.name == name), None)


NAMES: Final = {
    "seed": N_("Seed of the model"),
    "drop": N_("One row in a hundred left out"),
    "split": N_("Which rows are held out"),
    "batch": N_("Batch size (32 to 512)"),
}


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = ignore_progress) -> Stability:
    """Raises NotApplicable without a table to learn from, and ValueError for settings out of range."""
    if settings.family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, got {settings.family!r}")
    if not 4 <= settings.trainings <= 30:
        raise ValueError(f"trainings must be between 4 and 30, got {settings.trainings}")
    whole = training_set(incident, rows=settings.rows)
    seed, metric = incident.seed, metric_for(whole.task)
    data = sample_rows(whole, TRIED_ROWS, seed=seed)
    made = folds(data, parts=HELD, repeats=-(-settings.trainings // HELD), seed=seed)
    if len(made) < 2:
        raise NotApplicable(
            N_("The rows cannot be split so that every class is on both sides: give more rows of the rare class."),
            needs="reference",
        )
    planned = 3 * settings.trainings + (len(BATCHES) if settings.family == "network" else 0)
    fold, bench = made[-1], Trainings(data, settings.family, metric, planned, on_progress)
    groups: dict[str, list[Trained]] = {"seed": [], "drop": [], "split": []}
    calmer: list[Calmer] = []

    def build_profile() -> Stability:
        """What the trainings so far say."""
        plain = groups["seed"]
        return Stability(
            data=data.described,
            family=settings.family,
            title=FAMILIES[settings.family].title,
            says=metric.says,
            floor=metric.floor,
            trainings=settings.trainings,
            held=len(fold.test),
            sources=_sources({name: runs for name, runs in groups.items() if len(runs) > 1}, bench),
            calmer=tuple(calmer),
            turned=float(np.mean(bench.differ(plain).any(axis=0))),
            flips=_flips(plain, bench),
        )

    bench.so_far = lambda: build_profile() if len(groups["seed"]) > 1 else None
    for n in range(settings.trainings):
        groups["seed"].append(bench.train(fold.train, fold.test, seed=seed + n))
    for n in range(settings.trainings):
        fewer_rows = _without(fold.train, np.random.default_rng((seed, 19, n)))
        groups["drop"].append(bench.train(fewer_rows, fold.test, seed=seed))
    for other in made[: settings.trainings]:
        groups["split"].append(bench.train(other.train, other.test, seed=seed))
    if settings.family == "network":
        groups["batch"] = []
        for size in BATCHES:
            groups["batch"].append(bench.train(fold.train, fold.test, seed=seed, batch_size=size))
    for name in remedies_of(settings.family):
        calmer.append(bench.remedy(fold.train, fold.test, name, groups["seed"], seed))
    on_progress(1.0)
    return build_profile()


def _without(train: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    return np.sort(rng.choice(train, max(2, int((1 - DROPPED) * len(train))), replace=False))


def _sources(groups: dict[str, list[Trained]], bench: Trainings) -> tuple[Source, ...]:
    from scipy.stats import chi2

    spreads = {}
    for name, runs in groups.items():
        scores = np.array([run.score for run in runs])
        free, spread = len(scores) - 1, float(scores.std(ddof=1))
        # The interval of a standard deviation (normal scores).
        low, high = spread * float(np.sqrt(free / chi2.ppf(0.975, free))), spread * float(np.sqrt(free / chi2.ppf(0.025, free)))
        spreads[name] = Interval(spread, low, high)
    total = sum(spread.value**2 for spread in spreads.values())
    return tuple(
        Source(
            name=name,
            says=NAMES[name],
            scores=tuple(run.score for run in runs),
            spread=spreads[name],
            flipped=0.0 if name == "split" else bench.flipped(runs),
            share=spreads[name].value ** 2 / total if total else 0.0,
        )
        for name, runs in groups.items()
    )


def _flips(plain: list[Trained], bench: Trainings) -> tuple[float, ...]:
    share = np.minimum(0.5, bench.differ(plain).mean(axis=0))
    counts = np.histogram(share, bins=np.linspace(0, 0.5 + 1e-9, 11))[0]
    return tuple(float(count) / max(1, share.size) for count in counts)


def judge(p: Stability, *, flip_at: float = 0.03, swing_at: float = 0.01, calm_at: float = 0.2) -> list[Finding]:
    """STA001: two trainings with other seeds, or with one row in a hundred left out, predict at least `flip_at` of the held-out
    rows differently: as many as a new version would have to improve to be worth shipping. STA002: the standard deviation of the
    score over seeds is at least `swing_at`, its interval's lower end half of that; published gains are often smaller (Bouthillier
    et al. 2021). STA004: a remedy that lessens the flips by `calm_at` of what they were, beyond its interval, at no loss of score
    beyond chance.
    """
    findings: list[Finding] = []
    seeds, drops = p.source("seed"), p.source("drop")
    flipping = max((s for s in (seeds, drops) if s), key=lambda s: s.flipped, default=None)
    swinging = seeds is not None and seeds.spread.value >= swing_at and seeds.spread.low >= swing_at / 2
    if flipping is not None and flipping.flipped >= flip_at:
        flips = Flips(
            weight=min(1.0, 5 * flipping.flipped),
            share=flipping.flipped,
            turned=p.turned,
            trainings=p.trainings,
            held=p.held,
            changed=flipping.says,
            dropped=flipping is not seeds,
            quantity=p.data.task is Task.REGRESSION,
        )
        findings.append(FLIPS.found(flips))
    if swinging and seeds is not None:
        findings.append(SWINGS.found(_spread(p, seeds, weight=min(1.0, 20 * seeds.spread.value))))
    if not findings and seeds is not None:
        findings.append(STEADY.found(_spread(p, seeds, weight=0.5)))
    best = steadiest(p, calm_at=calm_at)
    if best is not None and seeds is not None:
        calmed = Calmed(
            weight=0.4,
            remedy=best.says,
            before=seeds.flipped,
            after=best.flipped,
            low=best.less.low,
            high=best.less.high,
            gain=best.gain.value,
        )
        findings.append(CALMED.found(calmed))
    elif p.calmer and seeds is not None and seeds.flipped:
        findings.append(CALMED.found(Calmed(weight=0.1, count=len(p.calmer), before=seeds.flipped)))
    return findings


def steadiest(p: Stability, *, calm_at: float = 0.2) -> Calmer | None:
    """The remedy with the fewest flips, where that is beyond chance, worth it, and costs no score."""
    seeds = p.source("seed")
    if seeds is None or not seeds.flipped:
        return None
    fine = [c for c in p.calmer if c.less.low > 0 and c.less.value >= calm_at * seeds.flipped and c.gain.high > -p.floor]
    return min(fine, key=lambda c: c.flipped, default=None)


def _spread(p: Stability, seeds: Source, *, weight: float) -> Spread:
    split = p.source("split")
    return Spread(
        weight=weight,
        score=p.says,
        spread=seeds.spread.value,
        low=seeds.spread.low,
        high=seeds.spread.high,
        split=split.spread.value if split else 0.0,
        share=seeds.flipped,
        best=max(seeds.scores),
        worst=min(seeds.scores),
        trainings=p.trainings,
    )
