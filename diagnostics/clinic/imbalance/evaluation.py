"""One way to treat a rare class, on held-out rows: what it finds, what it costs, how it ranks, and whether its chances hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.shared.scores import Metric, Predictions
from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.nouns import intervals
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_

POINTS: Final = 60
BINS: Final = 10


@dataclass(frozen=True)
class Bin:
    """Held-out rows of similar probability: its mean, the true share, and how many rows."""

    told: float
    true: float
    rows: int


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """One way on all held-out rows of one round of folds, each row once."""

    name: str
    says: str
    recall: Interval
    """At the way's own threshold."""

    precision: Interval
    """At the way's own threshold."""

    found: int
    alarms: int
    told: float
    """Mean predicted probability of the rare class."""

    curve: tuple[tuple[float, float], ...]
    """(recall, precision), recall ascending."""

    bins: tuple[Bin, ...]
    """By the predicted probability, ascending."""


def cost_of(miss: float) -> Metric:
    def cost(truth: NDArray[np.generic], answer: Predictions) -> float:
        missed = float(np.mean((truth == 1) & (answer.labels != 1)))
        return 100 * (miss * missed + float(np.mean((truth != 1) & (answer.labels == 1))))

    return Metric(name="cost", says=N_("cost of 100 rows, in false alarms"), higher=False, of=cost, floor=0.02, relative=True)


def _recall(truth: NDArray[np.generic], answer: Predictions) -> float:
    rare = truth == 1
    return float(np.mean(answer.labels[rare] == 1)) if rare.any() else float("nan")


def _precision(truth: NDArray[np.generic], answer: Predictions) -> float:
    named = answer.labels == 1
    return float(np.mean(truth[named] == 1)) if named.any() else 0.0


def _f1(truth: NDArray[np.generic], answer: Predictions) -> float:
    both = float(((truth == 1) & (answer.labels == 1)).sum())
    total = float((truth == 1).sum() + (answer.labels == 1).sum())
    return 2 * both / total if total else 0.0


RECALL: Final = Metric(name="recall", says=N_("share of rare rows found (recall)"), higher=True, of=_recall, floor=0.02)
PRECISION: Final = Metric(
    name="precision", says=N_("share of alarms that are right (precision)"), higher=True, of=_precision, floor=0.02
)
F1: Final = Metric(name="f1", says=N_("F1, between recall and precision"), higher=True, of=_f1, floor=0.01)


def evaluate(data: TrainingSet, name: str, says: str, given: Sequence[tuple[NDArray[np.int64], Predictions]]) -> Evaluated:
    truth = np.concatenate([data.truth[rows] for rows, _ in given]) == 1
    labels = np.concatenate([answer.labels for _, answer in given]) == 1
    chance = np.concatenate([a.chances[:, 1] if a.chances is not None else a.labels.astype("float64") for _, a in given])
    found, alarms = int((truth & labels).sum()), int((~truth & labels).sum())
    return Evaluated(
        name=name,
        says=says,
        recall=intervals.share(found, int(truth.sum())),
        precision=intervals.share(found, found + alarms) if found + alarms else Interval(0.0, 0.0, 1.0),
        found=found,
        alarms=alarms,
        told=float(chance.mean()),
        curve=_curve(truth, chance),
        bins=_bins(truth, chance),
    )


def _curve(truth: NDArray[np.bool_], chance: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """(recall, precision) at `POINTS` limits; rows of equal probability share one."""
    order = np.argsort(-chance, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(chance[order]) < 0, True))
    hits = np.cumsum(truth[order])[ends]
    recall, precision = hits / max(1, int(truth.sum())), hits / (ends + 1)
    wanted = np.unique(np.searchsorted(recall, np.linspace(0, 1, POINTS), side="left").clip(0, len(recall) - 1))
    return tuple((round(float(recall[i]), 4), round(float(precision[i]), 4)) for i in wanted)


def _bins(truth: NDArray[np.bool_], chance: NDArray[np.float64]) -> tuple[Bin, ...]:
    order = np.argsort(chance, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    return tuple(Bin(float(chance[part].mean()), float(truth[part].mean()), len(part)) for part in parts)
