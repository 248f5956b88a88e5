"""Before and after on held-out rows: every remedy on the same folds, its gain with an interval that minds their dependence."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.shared.folds import Fold, folds
from diagnostics.clinic.shared.scores import Metric, Predictions, predict
from diagnostics.clinic.shared.training_set import Split, TrainingSet
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable, Reason
from diagnostics.nouns.words import N_, Words

LEVEL: Final = 0.95
TRAINED_ROWS: Final = 1_500
"""Rows trained on that are predicted again to measure the gap; more would not make it clearer."""


class Progress(Protocol):
    """Told the share done (0 to 1), what runs next (a message id), and perhaps the profile so far; raising in it stops."""

    def __call__(self, share: float, what: str = "", so_far: Any = None) -> None: ...


Partial = Callable[[tuple["Compared", ...]], Any]
"""Makes an incomplete profile of the comparisons so far, one for each metric; None for diagnostics without one."""


def ignore_progress(share: float, what: str = "", so_far: Any = None) -> None:
    """Ignore progress."""


class Verdict(StrEnum):
    GAIN = "gain"
    NO_GAIN = "no gain"
    WORSE = "worse"


VERDICTS: Final = {Verdict.GAIN: N_("gain"), Verdict.NO_GAIN: N_("no gain"), Verdict.WORSE: N_("worse")}


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """One thing to try."""

    name: str
    """Stable key."""

    says: str
    """Message id."""

    build: Callable[[TrainingSet, int], Any]
    """An unfitted model with fit, predict and predict_proba."""

    rows: Callable[[TrainingSet, NDArray[np.int64], int], NDArray[np.int64]] | None = None
    """Which of the training rows (numbers of rows) it is trained on, all unless given; it never sees a held-out row."""

    features: tuple[str, ...] | None = None
    """The columns it is given, all unless named."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One remedy on all folds."""

    name: str
    says: str
    score: Interval
    """Mean over the folds with its interval."""

    gain: Interval
    """Against "before", in the metric's unit, positive is better."""

    verdict: Verdict
    trained: float
    """Score on the rows trained on, mean over the folds."""

    folds: tuple[float, ...]
    """Score on each fold."""

    skipped: Reason = field(default_factory=Reason)
    """Why it could not run; the numbers are then 0."""

    @property
    def gap(self) -> float:
        """Score on the rows trained on less that on held-out rows."""
        return self.trained - self.score.value


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Remedies side by side on the same folds."""

    metric: str
    """Name of the metric."""

    says: str
    """Its message id."""

    higher: bool
    before: Result
    remedies: tuple[Result, ...]
    folds: int
    train_rows: int
    test_rows: int
    split: Split
    level: float
    """Level of each interval, so that all hold together in 95 of 100 comparisons."""

    @property
    def ran(self) -> tuple[Result, ...]:
        """Remedies that could run, the largest gain first."""
        return tuple(sorted((r for r in self.remedies if not r.skipped), key=lambda r: -r.gain.value))

    @property
    def best(self) -> Result | None:
        """The remedy that gained most; None where none did beyond chance."""
        return next((r for r in self.ran if r.verdict is Verdict.GAIN), None)


def translate(words: Words, message: str) -> str:
    """A message id that came back from a file, in the reader's language; braces in it stay what they are."""
    return message if "{" in message or "}" in message else words(message)


def corrected_interval(values: NDArray[np.float64], ratio: float, *, level: float = LEVEL) -> Interval:
    """Corrected resampled t interval of the mean of fold `values`, shape (J,); `ratio`: held-out by training rows of a fold.

    Folds share training rows, so the naive interval is far too narrow: the variance is taken times 1/J + ratio
    (Nadeau and Bengio 2003, doi:10.1023/A:1024068626366).
    """
    from scipy.stats import t

    finite = values[np.isfinite(values)]
    centre = float(finite.mean()) if finite.size else 0.0
    if finite.size < 2:
        return Interval(centre, centre, centre)
    half = float(t.ppf(0.5 + level / 2, finite.size - 1)) * float(np.sqrt((1 / finite.size + ratio) * finite.var(ddof=1)))
    return Interval(centre, centre - half, centre + half)


def decide(gain: Interval, floor: float) -> Verdict:
    """A gain must lie beyond chance and be worth speaking of (`floor`); so must a loss."""
    if gain.low > 0 and gain.value >= floor:
        return Verdict.GAIN
    if gain.high < 0 and gain.value <= -floor:
        return Verdict.WORSE
    return Verdict.NO_GAIN


def compare(
    data: TrainingSet,
    before: Remedy,
    remedies: Sequence[Remedy],
    metric: Metric,
    *,
    parts: int = 5,
    repeats: int = 2,
    seed: int = 0,
    on_progress: Progress = ignore_progress,
    partial: Partial = lambda so_far: None,
) -> Compared:
    """All on the same repeated folds. A model that cannot be fitted is skipped with the reason; the others stand.

    The level of the intervals is raised with the number of remedies (Bonferroni), as the best of many looks good by chance.
    Raises NotApplicable where the rows allow no fold.
    """
    return compare_all(
        data, before, remedies, (metric,), parts=parts, repeats=repeats, seed=seed, on_progress=on_progress, partial=partial
    )[0]


def compare_all(
    data: TrainingSet,
    before: Remedy,
    remedies: Sequence[Remedy],
    metrics: Sequence[Metric],
    *,
    parts: int = 5,
    repeats: int = 2,
    seed: int = 0,
    on_progress: Progress = ignore_progress,
    on_predicted: Callable[[int, int, Fold, Predictions], None] = lambda index, number, fold, answer: None,
    partial: Partial = lambda so_far: None,
) -> tuple[Compared, ...]:
    """As `compare`, by several scores of the same models, one Compared for each.

    on_predicted: given the held-out predictions of remedy number `index` (0 is "before") on fold `number`.
    partial: makes the profile that goes with the progress, of the folds so far ("before" alone at first).
    """
    made = folds(data, parts=parts, repeats=repeats, seed=seed)
    if len(made) < 2:
        raise NotApplicable(
            N_("The rows cannot be split so that every class is on both sides: give more rows of the rare class."),
            needs="reference",
        )
    names = (before, *remedies)
    held = np.full((len(metrics), len(names), len(made)), np.nan)
    trained = np.full_like(held, np.nan)
    skipped = [Reason()] * len(names)
    shown: Any = None
    # Fold by fold, so that results so far are a fair comparison.
    for number, fold in enumerate(made):
        for index, remedy in enumerate(names):
            on_progress((number * len(names) + index) / (len(made) * len(names)), remedy.says, shown)
            if not skipped[0] and (number + index == 1 or (number and not index)):
                part, done = slice(number or 1), slice(1 if not number else len(names))
                shown = partial(
                    tuple(
                        _compared(
                            data, names[done], made[part], metric, held[which, done, part], trained[which, done, part], skipped
                        )
                        for which, metric in enumerate(metrics)
                    )
                )
            if skipped[index]:
                continue
            try:
                answer, seen, rows = fit_and_predict(data, remedy, fold, seed + number)
                for which, metric in enumerate(metrics):
                    held[which, index, number] = metric.of(data.truth[fold.test], answer)
                    trained[which, index, number] = metric.of(data.truth[rows], seen)
            except NotApplicable as reason:
                skipped[index] = reason.kept
            except (ValueError, ArithmeticError, MemoryError) as error:
                first = str(error).splitlines()[0][:200] if str(error) else ""
                skipped[index] = Reason("{kind}: {said}", {"kind": type(error).__name__, "said": first})
            else:
                on_predicted(index, number, fold, answer)
    if skipped[0]:
        raise NotApplicable(
            N_("The model could not be trained on these rows ({error})."), needs="reference", error=skipped[0].statement(Words())
        )
    return tuple(
        _compared(data, names, made, metric, held[which], trained[which], skipped) for which, metric in enumerate(metrics)
    )


def _compared(
    data: TrainingSet,
    names: Sequence[Remedy],
    made: Sequence[Fold],
    metric: Metric,
    held: NDArray[np.float64],
    trained: NDArray[np.float64],
    skipped: Sequence[Reason],
) -> Compared:
    """held, trained: scores, shape (remedies, folds), "before" first."""
    ratio = float(np.mean([len(f.test) / len(f.train) for f in made]))
    level = 1 - (1 - LEVEL) / max(1, len(names) - 1)
    sign = 1.0 if metric.higher else -1.0
    floor = metric.floor * abs(_mean(held[0])) if metric.relative else metric.floor
    results = []
    for index, remedy in enumerate(names):
        gain = corrected_interval(sign * (held[index] - held[0]), ratio, level=level)
        failed = bool(skipped[index])
        results.append(
            Result(
                name=remedy.name,
                says=remedy.says,
                score=Interval(0.0, 0.0, 0.0) if failed else corrected_interval(held[index], ratio),
                gain=Interval(0.0, 0.0, 0.0) if failed or not index else gain,
                verdict=Verdict.NO_GAIN if failed or not index else decide(gain, floor),
                trained=0.0 if failed else _mean(trained[index]),
                folds=() if failed else tuple(_round(value) for value in held[index]),
                skipped=skipped[index],
            )
        )
    sizes = [(len(f.train), len(f.test)) for f in made]
    return Compared(
        metric=metric.name,
        says=metric.says,
        higher=metric.higher,
        before=results[0],
        remedies=tuple(results[1:]),
        folds=len(made),
        train_rows=int(np.mean([train for train, _ in sizes])),
        test_rows=int(np.mean([test for _, test in sizes])),
        split=data.described.split,
        level=level,
    )


def score_fold(data: TrainingSet, remedy: Remedy, fold: Fold, metric: Metric, seed: int) -> tuple[float, float]:
    """The score on the held-out rows, and on those trained on."""
    answer, seen, rows = fit_and_predict(data, remedy, fold, seed)
    return metric.of(data.truth[fold.test], answer), metric.of(data.truth[rows], seen)


def fit_and_predict(
    data: TrainingSet, remedy: Remedy, fold: Fold, seed: int
) -> tuple[Predictions, Predictions, NDArray[np.int64]]:
    """Predictions for the held-out rows; predictions for (some of) the rows trained on, and the numbers of these rows."""
    model, train = fit(data, remedy, fold.train, seed)
    if len(train) > TRAINED_ROWS:
        train = np.random.default_rng((seed, 5)).choice(train, TRAINED_ROWS, replace=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        held = predict(model, _features(data, remedy, fold.test), data)
        return held, predict(model, _features(data, remedy, train), data), train


def fit(data: TrainingSet, remedy: Remedy, train: NDArray[np.int64], seed: int) -> tuple[Any, NDArray[np.int64]]:
    """The remedy's model, fitted on (its choice of) the rows `train`, and these rows."""
    rows = train if remedy.rows is None else remedy.rows(data, train, seed)
    model = remedy.build(data, seed)
    with warnings.catch_warnings():
        # A model that has not quite settled is judged like any other: by its held-out rows.
        warnings.simplefilter("ignore")
        model.fit(_features(data, remedy, rows), data.truth[rows])
    return model, rows


def score(data: TrainingSet, model: Any, remedy: Remedy, rows: NDArray[np.int64], metric: Metric) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return metric.of(data.truth[rows], predict(model, _features(data, remedy, rows), data, chances=metric.chances))


def _features(data: TrainingSet, remedy: Remedy, rows: NDArray[np.int64]) -> Any:
    chosen = data.features if remedy.features is None else data.features[list(remedy.features)]
    return chosen.iloc[rows]


def _mean(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else 0.0


def _round(value: float) -> float:
    return float(value) if np.isfinite(value) else 0.0
