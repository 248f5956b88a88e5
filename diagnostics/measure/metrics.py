"""How good the answers are: the metrics that fit a task, each with its 95% interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
DRAWS: Final = 400
MAX_CLASSES: Final = 200
UNSEEN_ROWS: Final = 300
"""From so many rows on a class of more than 1% is seen 95 times in 100 (the rule of three: Hanley and Lippman-Hand 1983,
doi:10.1001/jama.1983.03330370053031)."""

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
        return _values(truth.astype("float64"), answers.astype("float64"), rng)
    if known.answer is Answer.SCORE:
        return _scores(known, truth, answers.astype("float64"), rng)
    both = pd.notna(truth) & pd.notna(answers)
    return _labels(known, truth[both], answers[both]) if both.any() else None


def _values(truth: NDArray[np.float64], answers: NDArray[np.float64], rng: np.random.Generator) -> Measured | None:
    with np.errstate(invalid="ignore"):
        error = answers - truth
    known = np.isfinite(error)
    error, truth = error[known], truth[known]
    if not error.size:
        return None
    size = np.abs(error)
    largest = float(size.max()) or 1.0
    if np.count_nonzero(size) < 2:
        mae, rmse = _exact(size, float(np.ptp(truth)))
    else:
        mae = intervals.positive_mean(size, rng)
        # In units of the largest error, so that no square overflows.
        squared = intervals.positive_mean((size / largest) ** 2, rng)
        rmse = Interval(*(largest * math.sqrt(v) for v in (squared.value, squared.low, squared.high)))
    return Measured(int(error.size), {"mae": mae, "rmse": rmse, "bias": _bias(error, mae)})


def _exact(size: NDArray[np.float64], span: float) -> tuple[Interval, Interval]:
    """Mean absolute error and root mean squared error where at most one error is above 0: nothing shows how large one can be, so
    that as many as the interval of their share allows may be as large as the labels' `span`; without limit if that is 0.
    """
    wrong = intervals.share(int(np.count_nonzero(size)), size.size)
    far = max(span, float(size.max())) if span > 0 else math.inf
    mae, rmse = float(size.mean()), math.sqrt(float((size**2).mean()))
    return Interval(mae, 0.0, wrong.high * far), Interval(rmse, 0.0, math.sqrt(wrong.high) * far)


def _bias(error: NDArray[np.float64], mae: Interval) -> Interval:
    """Mean of the signed errors; where all have one sign it is the mean absolute error, and has its interval."""
    if not error.any():
        return Interval(0.0, -mae.high, mae.high)
    if error.min() >= 0:
        return mae
    if error.max() <= 0:
        return Interval(-mae.value, -mae.high, -mae.low)
    wrong = error[error != 0]
    if 2 * wrong.size > error.size:
        return intervals.mean(error)
    # Most predictions are exact: how often they are not, and by how much then.
    often, size = intervals.share(wrong.size, error.size), intervals.mean(wrong)
    return intervals.recovered(float(error.mean()), [often, size], [size.value, often.high])


def _labels(known: Outcome, truth: NDArray[np.generic], answers: NDArray[np.generic]) -> Measured:
    names = tuple(sorted({*known.classes, *map(str, truth.tolist()), *map(str, answers.tolist())}))
    if len(names) > MAX_CLASSES:
        wrong = intervals.share(float(np.sum(truth != answers)), truth.size)
        return Measured(int(truth.size), {"error_rate": wrong, "accuracy": _complement(wrong)})
    place = {name: i for i, name in enumerate(names)}
    pairs = np.array([place[str(t)] for t in truth]) * len(names) + np.array([place[str(a)] for a in answers])
    counts = np.bincount(pairs, minlength=len(names) ** 2).reshape(len(names), len(names))
    positive = place.get(known.positive) if known.positive else None
    return Measured(int(truth.size), decided(counts, positive), names, tuple(tuple(map(int, r)) for r in counts))


def decided(counts: NDArray[np.intp], positive: int | None) -> dict[str, Interval]:
    """Metrics of a confusion matrix, shape (k, k), truth by answer. `positive`: its place; None for the mean over all classes.

    Of one class, F1 is 2 j / (1 + j), where j is the share of hits among the rows that are of the class or predicted to be. So it
    has Wilson's interval of j, taken through that function; a bootstrap of a matrix with an empty cell would have width 0.
    """
    rows, right = int(counts.sum()), int(np.trace(counts))
    wrong = intervals.share(rows - right, rows)
    result = {"error_rate": wrong, "accuracy": _complement(wrong)}
    hits, told, true = np.diagonal(counts), counts.sum(axis=0), counts.sum(axis=1)
    precision = [intervals.share(int(h), int(t)) for h, t in zip(hits, told, strict=True)]
    recall = [intervals.share(int(h), int(t)) for h, t in zip(hits, true, strict=True)]
    f1 = [_f1(intervals.share(int(h), int(a + b - h))) for h, a, b in zip(hits, told, true, strict=True)]
    if positive is not None:
        return result | {"precision": precision[positive], "recall": recall[positive], "f1": f1[positive]}
    result["precision"] = _averaged(precision, true)
    result["recall"] = _averaged(recall, true)
    result["f1"] = _averaged(f1, true, _f1_shared(counts, [i.value for i in f1]))
    return result


def _f1(jaccard: Interval) -> Interval:
    return Interval(*(2 * j / (1 + j) for j in (jaccard.value, jaccard.low, jaccard.high)))


def _f1_shared(counts: NDArray[np.intp], f1: Sequence[float]) -> dict[tuple[int, int], float]:
    """Correlation of each two classes' F1, by the delta method: a row of one that is told to be the other lowers both."""
    hits, both = np.diagonal(counts), counts.sum(axis=0) + counts.sum(axis=1)
    value = np.nan_to_num(np.asarray(f1))
    size = np.maximum(both, 1)
    spread = np.sqrt((hits * (2 - 2 * value) ** 2 + (both - 2 * hits) * value**2) / size**2)
    mixed = counts + counts.T
    shared = {}
    for i, j in zip(*np.nonzero(np.triu(mixed, 1)), strict=True):
        if spread[i] > 0 and spread[j] > 0:
            together = mixed[i, j] * value[i] * value[j] / (size[i] * size[j])
            shared[int(i), int(j)] = float(together / (spread[i] * spread[j]))
    return shared


def _averaged(
    each: Sequence[Interval], true: NDArray[np.intp], shared: Mapping[tuple[int, int], float] | None = None
) -> Interval:
    """Mean over the classes that have rows, from the interval of each."""
    # A class that is never answered has precision 0 in the mean, as scikit-learn counts it.
    known = [Interval(0.0, i.low, i.high) if math.isnan(i.value) else i for i in each]
    seen = int((true > 0).sum())
    if not seen:
        return Interval(float("nan"), 0.0, 1.0)
    weights = [float(t > 0) / seen for t in true]
    value = sum(w * i.value for w, i in zip(weights, known, strict=True))
    found = intervals.recovered(value, known, weights, shared)
    low, high = max(0.0, found.low), min(1.0, found.high)
    missing = len(each) - seen
    if missing and int(true.sum()) < UNSEEN_ROWS:
        # A class without a row may be there all the same, and do well or badly.
        low, high = low * seen / len(each), (high * seen + missing) / len(each)
    return Interval(value, min(low, value), max(high, value))


def _complement(share: Interval) -> Interval:
    return Interval(1 - share.value, 1 - share.high, 1 - share.low)


def _scores(known: Outcome, truth: NDArray[np.generic], score: NDArray[np.float64], rng: np.random.Generator) -> Measured | None:
    both = pd.notna(truth) & np.isfinite(score)
    if not both.any():
        return None
    hit, score = (truth[both] == known.positive).astype("float64"), score[both]
    result: dict[str, Interval] = {"roc_auc": roc_auc(hit, score), "pr_auc": pr_auc(hit, score, rng)}
    brier = (score - hit) ** 2
    if score.min() < 0 or score.max() > 1:
        # Scores that are no probabilities can be ranked, but not held against a threshold.
        result["brier"] = intervals.positive_mean(brier, rng)
        return Measured(int(hit.size), result)
    told = (score >= THRESHOLD).astype("float64")
    counts = np.bincount((hit * 2 + told).astype("intp"), minlength=4).reshape(2, 2)
    result.update(decided(counts, 1))
    sure = np.clip(score, PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
    worst = -math.log(PROBABILITY_FLOOR)
    result["brier"] = by_class(hit, (1 - score) ** 2, score**2, (0.0, 1.0), (0.0, 1.0))
    result["log_loss"] = by_class(hit, -np.log(sure), -np.log1p(-sure), (0.0, worst), (0.0, worst))
    result["score_gap"] = by_class(hit, score - 1, score, (-1.0, 0.0), (0.0, 1.0))
    bins = reliability(hit, score)
    ece = sum(b.rows * abs(b.score - b.share) for b in bins) / hit.size
    result["ece"] = Interval(float(ece), float("nan"), float("nan"))
    result["slope"] = calibration_slope(hit, sure)
    positive = known.positive or ""
    names = (next((c for c in known.classes if c != positive), ""), positive)
    return Measured(int(hit.size), result, names, tuple(tuple(map(int, r)) for r in counts), bins)


def by_class(
    hit: NDArray[np.float64],
    positive: NDArray[np.float64],
    negative: NDArray[np.float64],
    positive_range: tuple[float, float],
    negative_range: tuple[float, float],
) -> Interval:
    """Mean of a row's loss, whose interval knows how few rows a class has.

    `positive`, `negative`: loss of each row were it of that class, shape (n,). The share of positive rows has Wilson's interval,
    each class's mean loss that of a mean, cut at the loss's range; they are joined by `intervals.recovered`. A class without
    rows is given the loss that the others would have in it.
    """
    yes = hit == 1
    many, few = positive[yes], negative[~yes]
    seen = intervals.share(many.size, hit.size)
    one = _within(many if many.size else positive, positive_range)
    none = _within(few if few.size else negative, negative_range)
    value = float(np.where(yes, positive, negative).mean())
    found = intervals.recovered(value, [seen, one, none], [one.value - none.value, seen.value, 1 - seen.value])
    lowest, highest = min(positive_range[0], negative_range[0]), max(positive_range[1], negative_range[1])
    return Interval(value, max(found.low, lowest), min(found.high, highest))


def _within(values: NDArray[np.float64], limits: tuple[float, float]) -> Interval:
    found = intervals.mean(values)
    return Interval(found.value, max(found.low, limits[0]), min(found.high, limits[1]))


def roc_auc(hit: NDArray[np.float64], score: NDArray[np.float64]) -> Interval:
    """Chance that a positive row scores above a negative one, with DeLong's interval (doi:10.2307/2531595) on the scale of
    the log odds, where it is closer to normal near 1 (Pepe 2003, The Statistical Evaluation of Medical Tests, 5.2).

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
    if spread == 0 or fewest < 5 or not 0 < area < 1:
        # Perfect or tiny: the interval of a share among as many rows as the smaller class has.
        return intervals.share(area * fewest, fewest)
    return intervals.odds(area, spread / (area * (1 - area)), fewest)


def pr_auc(hit: NDArray[np.float64], score: NDArray[np.float64], rng: np.random.Generator) -> Interval:
    """Average precision; (nan, 0, 1) for one class.

    Its interval is normal on the scale of the log odds (Boyd, Eng and Page 2013, doi:10.1007/978-3-642-40994-3_29), with the
    standard error and the bias of a bootstrap. Of many rows those with the highest scores are drawn one by one, the others in
    bins: the first few decide most of the area.
    """
    from sklearn.metrics import average_precision_score

    if not 0 < hit.sum() < hit.size:
        return Interval(float("nan"), 0.0, 1.0)
    value = float(average_precision_score(hit, score))
    order = np.argsort(-score, kind="stable")
    place = np.arange(hit.size)
    if hit.size > SINGLE_ROWS:
        rest = hit.size - SINGLE_ROWS
        place = np.where(place < SINGLE_ROWS, place, SINGLE_ROWS + (place - SINGLE_ROWS) * REST_BINS // rest)
    # Equal scores share a bin, or their order in the file would count.
    place = place[np.searchsorted(-score[order], -score[order], side="left")]
    _, place = np.unique(place, return_inverse=True)
    counts = np.stack([np.bincount(place, hit[order] == label, minlength=place[-1] + 1) for label in (1, 0)])
    drawn = rng.poisson(counts, size=(DRAWS, *counts.shape)).cumsum(axis=2).astype("float64")
    least = 0.5 / hit.size
    exact = counts.cumsum(axis=1)[None]
    areas = np.clip(_area(drawn[:, 0], drawn[:, 1]), least, 1 - least)
    binned = float(np.clip(_area(exact[:, 0], exact[:, 1])[0], least, 1 - least))
    odds, middle = np.log(areas / (1 - areas)), math.log(binned / (1 - binned))
    bias, spread = float(odds.mean()) - middle, float(odds.std(ddof=1))
    fewest = int(min(hit.sum(), hit.size - hit.sum()))
    found = intervals.odds(min(max(value, least), 1 - least), spread, max(fewest, 2), bias=bias)
    return Interval(value, min(found.low, value), max(found.high, value))


SINGLE_ROWS: Final = 1_000
REST_BINS: Final = 200
"""Rows whose rank `pr_auc` draws one by one, and bins of the rows below them."""


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
    if hit.sum() < 5 or hit.size - hit.sum() < 5 or np.std(np.log(score / (1 - score))) < 1e-9:
        return unknown
    slope, error, _ = cox_line(hit, score)
    half = 1.959964 * error
    return Interval(slope, slope - half, slope + half)


def cox_line(hit: NDArray[np.float64], score: NDArray[np.float64]) -> tuple[float, float, float]:
    """Slope, its standard error, and level of the logistic line of the truth in the score's log odds, by Newton's method.

    `score`: shape (n,), above 0 and below 1.
    """
    design = np.column_stack([np.ones_like(score), np.log(score / (1 - score))])
    # A ridge of almost nothing keeps separated classes from running away.
    ridge = 1e-6 * np.eye(2)

    def unlikely(weights: NDArray[np.float64]) -> float:
        line = design @ weights
        return float((np.logaddexp(0, line) - hit * line).sum() + 5e-7 * (weights**2).sum())

    weights = np.zeros(2)
    cost, information = unlikely(weights), ridge
    for _ in range(50):
        told = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        information = design.T @ (design * (told * (1 - told))[:, None]) + ridge
        step = np.linalg.solve(information, design.T @ (hit - told) - 1e-6 * weights)
        # Scores near 0 and 1 make a full step jump to and fro for ever.
        while (new := unlikely(weights + step)) > cost and np.abs(step).max() > 1e-9:
            step = step / 2
        weights, cost = weights + step, min(cost, new)
        if np.abs(step).max() < 1e-7:
            break
    return float(weights[1]), float(np.sqrt(np.linalg.inv(information)[1, 1])), float(weights[0])


BLOCKS: Final = 20
MIN_BLOCK: Final = 15


def design_effect(loss: NDArray[np.float64]) -> float:
    """Variance of block means over what independent rows would show, at least 1 (Kish 1965). loss: shape (n,), by time."""
    loss = loss[np.isfinite(loss)]
    blocks = min(BLOCKS, loss.size // MIN_BLOCK)
    if blocks < 4 or loss.std() == 0:
        return 1.0
    means = [float(part.mean()) for part in np.array_split(loss, blocks)]
    return max(1.0, float(np.var(means, ddof=1) / (loss.var() / (loss.size / blocks))))
