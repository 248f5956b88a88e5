"""How good the answers are: the metrics that fit a task, each with its 95% interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure.outcome import Outcome
from diagnostics.nouns import intervals
from diagnostics.nouns.incident import Answer
from diagnostics.nouns.intervals import Interval

THRESHOLD: Final = 0.5
"""Probability from which a score counts as the positive class; the usual default where no other is known."""

HIGHER_IS_BETTER: Final = frozenset({"accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc"})
DRAWS: Final = 200
MAX_CLASSES: Final = 200
PROBABILITY_FLOOR: Final = 1e-6
"""Probabilities are cut here, so that a single certain error can't make the log loss infinite."""


@dataclass(frozen=True)
class Bin:
    """One bin of the scores: mean score, share of positive rows, rows."""

    score: float
    share: float
    rows: int


@dataclass(frozen=True)
class Measured:
    """The metrics of one side.

    rows: rows with truth and answer. metrics: by name; error_rate, accuracy, precision, recall, f1 (of the positive class, or the
        plain mean over classes), roc_auc, pr_auc, log_loss, brier, ece, slope, score_gap, or mae, rmse, bias.
    labels: names of the rows and columns of `confusion`. confusion: rows per (true, answered) class, shape (k, k).
    reliability: the scores in up to ten bins, low to high; empty without scores.
    """

    rows: int
    metrics: Mapping[str, Interval]
    labels: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    reliability: tuple[Bin, ...] = ()


def measure(known: Outcome, side: str, rng: np.random.Generator) -> Measured | None:
    """Metrics of "reference" or "current"; None where that side has no row with both truth and answer."""
    truth, answers = getattr(known.truth, side), getattr(known.answers, side)
    if truth is None or answers is None:
        return None
    if known.answer is Answer.VALUE:
        return _values(truth.astype("float64"), answers.astype("float64"))
    if known.answer is Answer.SCORE:
        return _scores(known, truth, answers.astype("float64"), rng)
    both = pd.notna(truth) & pd.notna(answers)
    return _labels(known, truth[both], answers[both], rng) if both.any() else None


def _values(truth: NDArray[np.float64], answers: NDArray[np.float64]) -> Measured | None:
    with np.errstate(invalid="ignore"):
        error = answers - truth
    error = error[np.isfinite(error)]
    if not error.size:
        return None
    squared = intervals.mean(error**2)
    rmse = Interval(*(float(np.sqrt(max(0.0, v))) for v in (squared.value, squared.low, squared.high)))
    return Measured(int(error.size), {"mae": intervals.mean(np.abs(error)), "rmse": rmse, "bias": intervals.mean(error)})


def _labels(known: Outcome, truth: NDArray[np.generic], answers: NDArray[np.generic], rng: np.random.Generator) -> Measured:
    names = tuple(sorted({*known.classes, *map(str, truth.tolist()), *map(str, answers.tolist())}))
    if len(names) > MAX_CLASSES:
        wrong = intervals.share(float(np.sum(truth != answers)), truth.size)
        return Measured(int(truth.size), {"error_rate": wrong, "accuracy": _complement(wrong)})
    place = {name: i for i, name in enumerate(names)}
    pairs = np.array([place[str(t)] for t in truth]) * len(names) + np.array([place[str(a)] for a in answers])
    counts = np.bincount(pairs, minlength=len(names) ** 2).reshape(len(names), len(names))
    positive = place.get(known.positive) if known.positive else None
    return Measured(int(truth.size), decided(counts, positive, rng), names, tuple(tuple(map(int, r)) for r in counts))


def decided(counts: NDArray[np.intp], positive: int | None, rng: np.random.Generator) -> dict[str, Interval]:
    """Metrics of a confusion matrix, shape (k, k), truth by answer. `positive`: its place; None for the mean over all classes."""
    rows, right = int(counts.sum()), int(np.trace(counts))
    wrong = intervals.share(rows - right, rows)
    result = {"error_rate": wrong, "accuracy": _complement(wrong)}
    if positive is not None:
        hits, told, true = int(counts[positive, positive]), int(counts[:, positive].sum()), int(counts[positive].sum())
        result["precision"] = intervals.share(hits, told)
        result["recall"] = intervals.share(hits, true)
    drawn = rng.multinomial(rows, counts.ravel() / max(1, rows), size=DRAWS).reshape(DRAWS, *counts.shape)
    for name in ("precision", "recall", "f1"):
        if name not in result:
            result[name] = _spread(_per_class(counts[None], name, positive), _per_class(drawn, name, positive))
    return result


def _per_class(counts: NDArray[np.intp], name: str, positive: int | None) -> NDArray[np.float64]:
    """A metric of stacked confusion matrices, shape (draws, k, k), of one class or averaged over those with true rows."""
    hits = np.diagonal(counts, axis1=1, axis2=2).astype("float64")
    told, true = counts.sum(axis=1), counts.sum(axis=2)
    part, whole = {"precision": (hits, told), "recall": (hits, true), "f1": (2 * hits, told + true)}[name]
    # A class that is never answered has precision 0 in the mean, as scikit-learn counts it.
    each = np.where(whole > 0, part / np.maximum(whole, 1), 0.0)
    if positive is not None:
        return np.where(whole[:, positive] > 0, each[:, positive], np.nan)
    seen = true > 0
    return np.asarray((each * seen).sum(axis=1) / np.maximum(seen.sum(axis=1), 1))


def _spread(value: NDArray[np.float64], drawn: NDArray[np.float64]) -> Interval:
    known = drawn[np.isfinite(drawn)]
    if not known.size:
        return Interval(float(value[0]), 0.0, 1.0)
    low, high = np.quantile(known, [0.025, 0.975])
    return Interval(float(value[0]), float(low), float(high))


def _complement(share: Interval) -> Interval:
    return Interval(1 - share.value, 1 - share.high, 1 - share.low)


def _scores(known: Outcome, truth: NDArray[np.generic], score: NDArray[np.float64], rng: np.random.Generator) -> Measured | None:
    both = pd.notna(truth) & np.isfinite(score)
    if not both.any():
        return None
    hit, score = (truth[both] == known.positive).astype("float64"), score[both]
    result: dict[str, Interval] = {"roc_auc": roc_auc(hit, score), "pr_auc": pr_auc(hit, score, rng)}
    if score.min() < 0 or score.max() > 1:
        # Scores that are no probabilities can be ranked, but not held against a threshold.
        result["brier"] = intervals.mean((score - hit) ** 2)
        return Measured(int(hit.size), result)
    told = (score >= THRESHOLD).astype("float64")
    counts = np.bincount((hit * 2 + told).astype("intp"), minlength=4).reshape(2, 2)
    result.update(decided(counts, 1, rng))
    result["brier"] = intervals.mean((score - hit) ** 2)
    sure = np.clip(score, PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
    result["log_loss"] = intervals.mean(-np.where(hit == 1, np.log(sure), np.log1p(-sure)))
    result["score_gap"] = intervals.mean(score - hit)
    bins = reliability(hit, score)
    ece = sum(b.rows * abs(b.score - b.share) for b in bins) / hit.size
    result["ece"] = Interval(float(ece), float("nan"), float("nan"))
    result["slope"] = calibration_slope(hit, sure)
    positive = known.positive or ""
    names = (next((c for c in known.classes if c != positive), ""), positive)
    return Measured(int(hit.size), result, names, tuple(tuple(map(int, r)) for r in counts), bins)


def roc_auc(hit: NDArray[np.float64], score: NDArray[np.float64]) -> Interval:
    """Chance that a positive row scores above a negative one, with DeLong's interval (doi:10.2307/2531595).

    (nan, 0, 1) for one class.
    """
    from scipy.stats import rankdata

    yes, no = score[hit == 1], score[hit == 0]
    if not yes.size or not no.size:
        return Interval(float("nan"), 0.0, 1.0)
    ranks = rankdata(score)
    above = (ranks[hit == 1] - rankdata(yes)) / no.size
    below = 1 - (ranks[hit == 0] - rankdata(no)) / yes.size
    area, fewest = float(above.mean()), min(yes.size, no.size)
    spread = 0.0
    if fewest > 1:
        spread = float(np.sqrt(above.var(ddof=1) / yes.size + below.var(ddof=1) / no.size))
    if spread == 0 or fewest < 10:
        # Perfect or tiny: the interval of a share among as many rows as the smaller class has.
        return intervals.share(area * fewest, fewest)
    half = 1.959964 * spread
    return Interval(area, max(0.0, area - half), min(1.0, area + half))


def pr_auc(hit: NDArray[np.float64], score: NDArray[np.float64], rng: np.random.Generator, *, bins: int = 400) -> Interval:
    """Average precision with a bootstrap interval over the binned scores; (nan, 0, 1) for one class."""
    from sklearn.metrics import average_precision_score

    if not 0 < hit.sum() < hit.size:
        return Interval(float("nan"), 0.0, 1.0)
    value = float(average_precision_score(hit, score))
    order = np.argsort(-score, kind="stable")
    place = np.minimum(np.arange(hit.size) * bins // hit.size, bins - 1)
    # Equal scores share a bin, or their order in the file would count.
    place = place[np.searchsorted(-score[order], -score[order], side="left")]
    counts = np.stack([np.bincount(place, hit[order] == label, minlength=bins) for label in (1, 0)])
    drawn = rng.poisson(counts, size=(DRAWS, *counts.shape)).cumsum(axis=2).astype("float64")
    areas = _area(drawn[:, 0], drawn[:, 1])
    exact = counts.cumsum(axis=1)[None]
    shift = value - float(_area(exact[:, 0], exact[:, 1])[0])
    low, high = np.quantile(areas + shift, [0.025, 0.975])
    return Interval(value, max(0.0, float(low)), min(1.0, float(high)))


def _area(yes: NDArray[np.float64], no: NDArray[np.float64]) -> NDArray[np.float64]:
    precision = yes / np.maximum(yes + no, 1)
    gained = np.diff(yes, axis=1, prepend=0) / np.maximum(yes[:, -1:], 1)
    return np.asarray((precision * gained).sum(axis=1))


def reliability(hit: NDArray[np.float64], score: NDArray[np.float64], *, bins: int = 10) -> tuple[Bin, ...]:
    """Up to ten bins of about equally many rows, low to high."""
    edges = np.unique(np.quantile(score, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, score, side="left")
    found = []
    for number in range(edges.size + 1):
        inside = place == number
        if inside.any():
            found.append(Bin(float(score[inside].mean()), float(hit[inside].mean()), int(inside.sum())))
    return tuple(found)


def calibration_slope(hit: NDArray[np.float64], score: NDArray[np.float64]) -> Interval:
    """Slope of a logistic regression of the truth on the score's log odds (Cox 1958, doi:10.1093/biomet/45.3-4.562): 1 when
    calibrated, below 1 when the scores are too extreme; (nan, -inf, inf) where it can't be fitted.
    """
    unknown = Interval(float("nan"), -float("inf"), float("inf"))
    odds = np.log(score / (1 - score))
    if hit.sum() < 5 or hit.size - hit.sum() < 5 or np.std(odds) < 1e-9:
        return unknown
    design = np.column_stack([np.ones_like(odds), odds])
    weights = np.array([0.0, 1.0])
    for _ in range(30):
        told = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        information = design.T @ (design * (told * (1 - told))[:, None])
        # A ridge of almost nothing keeps separated classes from running away.
        information += 1e-6 * np.eye(2)
        step = np.linalg.solve(information, design.T @ (hit - told))
        weights = weights + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    half = 1.959964 * float(np.sqrt(np.linalg.inv(information)[1, 1]))
    return Interval(float(weights[1]), float(weights[1]) - half, float(weights[1]) + half)
