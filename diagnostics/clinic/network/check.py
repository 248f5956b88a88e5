"""The lab: a small dense network trained on the user's numeric columns, to see gradients, learning rates and remedies at work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.network.log import entries
from diagnostics.clinic.network.presets import PRESETS
from diagnostics.clinic.network.rules import (
    GAIN,
    RATE,
    RECOVERED,
    RULES,
    VERDICT,
    Recovered,
    Remedied,
    SuggestedRate,
    TrainingProblem,
)
from diagnostics.clinic.network.settings import Network
from diagnostics.clinic.shared.compare import (
    LEVEL,
    Compared,
    Progress,
    Result,
    Verdict,
    corrected_interval,
    decide,
    ignore_progress,
)
from diagnostics.clinic.shared.folds import Fold, folds
from diagnostics.clinic.shared.training_set import Described, TrainingSet, training_set
from diagnostics.clinic.training_history.check import BY_CODE, Diagnosed, diagnose
from diagnostics.clinic.training_history.reading.recorder import from_entries
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import N_

__all__ = ["RULES", "Settings", "judge", "profile"]

if TYPE_CHECKING:
    from diagnostics.clinic.network.train import Epoch, Rows

__all__ = ["RULES", "Lab", "Settings", "judge", "profile"]

ROWS: Final = 3_000
"""Rows drawn for the lab: enough to see every effect, few enough that an epoch takes milliseconds."""

COLUMNS: Final = 60
SEEDS: Final = 10
TENTH: Final = 10.0


@dataclass(frozen=True)
class Settings:
    """What the lab is to train."""

    mode: str = "train"
    """"train" (one run), "remedies" (before and after) or "range" (a search for a learning rate)."""

    problem: str = "healthy"
    """Key of PRESETS, which names the remedies and how many rows."""

    network: Network = field(default_factory=Network)
    seeds: int = 6
    """Trainings of each remedy."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """A range test of the learning rate."""

    rates: tuple[float, ...]
    """Learning rate of each step, rising."""

    losses: tuple[float, ...]
    """Smoothed loss at each step."""

    suggested: float
    """The rate to train with."""

    lowest: float
    """The loss falls from this rate on."""

    highest: float
    """The loss falls up to this rate."""


@dataclass(frozen=True, kw_only=True)
class Lab:
    """What one run of the lab showed."""

    data: Described
    runs: tuple[Diagnosed, ...] = ()
    """The run of "train", or the first one of "before" and of every remedy."""

    names: tuple[str, ...] = ()
    """What each run is."""

    compared: Compared | None = None
    """Of "remedies"."""

    swept: Range | None = None
    """Of "range"."""


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = ignore_progress) -> Lab:
    """Raises NotApplicable without a target or numeric columns, and BadInput for settings that no network has."""
    preset = PRESETS.get(settings.problem)
    if preset is None or not 1 <= settings.seeds <= SEEDS or not _is_allowed(settings.network):
        raise BadInput(N_("These settings cannot be trained: choose others."))
    data = training_set(incident, rows=ROWS)
    data = _keep_numbers(data)
    if not data.numbers:
        raise NotApplicable(N_("The lab needs numeric columns, and this table has none beside the target."), needs="reference")
    on_progress(0.01, N_("Preparing the network"), None)
    if settings.mode == "range":
        return _sweep_rates(data, settings, incident.seed, on_progress)
    if settings.mode == "remedies":
        return _try_remedies(data, settings, incident.seed, on_progress)
    fold = folds(data, parts=3, repeats=1, seed=incident.seed)[0]
    rows = _prepare_rows(data, fold, preset.rows)

    def on_epoch(epochs: Sequence[Epoch]) -> None:
        made = _diagnose_run(epochs, data)
        share = len(epochs) / settings.network.epochs
        on_progress(min(0.99, share), N_("Training"), Lab(data=data.described, runs=(made,), names=("run",)) if made else None)

    epochs = _train(rows, settings.network, seed=incident.seed, on_epoch=on_epoch)
    made = _diagnose_run(epochs, data)
    if made is None:
        raise BadInput(N_("The network could not be trained at all: its first loss is no number. Choose another initialisation."))
    return Lab(data=data.described, runs=(made,), names=("run",))


def judge(p: Lab, *, sure_at: float = 0.5) -> list[Finding]:
    """The doctor's verdict on a single run from a confidence of `sure_at` on, the best remedy, or the suggested rate."""
    if p.swept is not None:
        return [RATE.found(SuggestedRate(weight=1.0, rate=p.swept.suggested, lowest=p.swept.lowest, highest=p.swept.highest))]
    if p.compared is not None:
        recovered = _recovered(p, sure_at)
        if p.compared.best is None and recovered is not None:
            return [RECOVERED.found(recovered)]
        return [GAIN.found(_remedied(p.compared)), *([RECOVERED.found(recovered)] if recovered is not None else [])]
    if not p.runs or not p.runs[0].found or p.runs[0].found[0].confidence < sure_at:
        return []
    first = p.runs[0].found[0]
    entry = TrainingProblem(
        weight=first.confidence,
        cause=first.code,
        confidence=first.confidence,
        begins=first.epoch,
        until=first.until,
        file=p.runs[0].history.file,
        problem=first,
    )
    worst = BY_CODE[first.code].severity is Severity.CRITICAL
    return [VERDICT.found(entry, severity=Severity.CRITICAL if worst else Severity.WARNING)]


GRADIENTS: Final = ("vanishing_gradient", "exploding_gradient")


def _recovered(p: Lab, sure_at: float) -> Recovered | None:
    """The remedy with which the gradient reaches all layers alike again, where it did not before."""
    before = p.runs[0] if p.runs else None
    named = next((f for f in before.found if f.code in GRADIENTS and f.confidence >= sure_at), None) if before else None
    if before is None or named is None or p.compared is None:
        return None
    first = _span(before)
    recovered = []
    for run, name in zip(p.runs[1:], p.names[1:], strict=True):
        result = next((r for r in p.compared.remedies if r.says == name), None)
        gone = not any(f.code in GRADIENTS for f in run.found)
        after = _span(run)
        if gone and after is not None and result is not None and result.verdict is not Verdict.WORSE:
            recovered.append((abs(np.log10(max(after, 1e-30))), name, after))
    if not recovered or first is None:
        return None
    _, name, after = min(recovered)
    return Recovered(weight=0.8, name=name, problem=BY_CODE[named.code].title, before=first, after=after, count=len(recovered))


def _span(run: Diagnosed) -> float | None:
    """Gradient of the first layer by that of the last, medians over the run; None where none was recorded."""
    layers = [layer for layer in run.history.layers if layer.gradients]
    if len(layers) < 2:
        return None
    first, last = (float(np.median(layer.gradients)) for layer in (layers[0], layers[-1]))
    return first / last if last > 0 and np.isfinite(first / last) else None


def _remedied(compared: Compared) -> Remedied:
    best = compared.best
    if best is None:
        return Remedied(weight=0.5)
    return Remedied(
        weight=1.0,
        name=best.says,
        score=compared.says,
        before=compared.before.score.value,
        after=best.score.value,
        low=round(best.gain.low, 4),
        high=round(best.gain.high, 4),
    )


def _is_allowed(network: Network) -> bool:
    """Whether the network is one of the lab's size; settings come back from files as well."""
    bounds = (
        (network.depth, 1, 20),
        (network.width, 1, 256),
        (network.epochs, 1, 300),
        (network.batch, 1, 1024),
        (network.accumulate, 1, 64),
        (network.rate, 1e-9, 1e3),
        (network.dropout, 0.0, 0.95),
        (network.l2, 0.0, 1e3),
        (network.clip, 0.0, 1e6),
        (network.momentum, 0.0, 0.999),
        (network.norm_momentum, 0.0, 0.9999),
        (network.warm_up, 0, 300),
        (network.patience, 0, 300),
    )
    return all(low <= value <= high for value, low, high in bounds) and abs(network.bias) < 100


def _train(
    rows: Rows, network: Network, *, seed: int, on_epoch: Callable[[Sequence[Epoch]], None] = lambda epochs: None
) -> list[Epoch]:
    # JAX takes half a second to import and is wanted in the run's own process only.
    from diagnostics.clinic.network.train import train

    epochs: list[Epoch] = []
    for epoch in train(rows, network, seed=seed):
        epochs.append(epoch)
        on_epoch(epochs)
    return epochs


def _diagnose_run(epochs: Sequence[Epoch], data: TrainingSet) -> Diagnosed | None:
    try:
        return diagnose(from_entries("lab", entries(epochs, scores=data.task is Task.CLASSIFICATION)))
    except BadInput:
        return None


def _keep_numbers(data: TrainingSet) -> TrainingSet:
    """The same, described by the columns that the lab trains on."""
    return replace(data, described=replace(data.described, features=min(len(data.numbers), COLUMNS)))


WATCHED: Final = 5
"""One in so many training rows says when to stop early, where the held-out rows are to judge the result."""


def _prepare_rows(data: TrainingSet, fold: Fold, most: int, *, watch: bool = False) -> Rows:
    """Numeric columns, standardised by the training rows alone; gaps take their median.

    watch: some training rows are put aside to say when to stop; the held-out rows then only judge.
    """
    from diagnostics.clinic.network.train import Rows

    x = data.features[list(data.numbers[:COLUMNS])].to_numpy("float64")
    own, test = fold.train[:most] if most else _even(fold.train), _even(fold.test)
    middle = np.nan_to_num(np.nanmedian(x[own], axis=0))
    x = np.where(np.isfinite(x), x, middle)
    mean, spread = x[own].mean(axis=0), x[own].std(axis=0)
    # Bounded, as one outlier of a thousand deviations would dominate all the others.
    x = np.clip((x - mean) / np.where(spread > 0, spread, 1.0), -10, 10).astype("float32")
    y: NDArray[Any] = data.truth.astype("int32") if data.task is Task.CLASSIFICATION else data.truth.astype("float64")
    if data.task is not Task.CLASSIFICATION:
        y = ((y - y[own].mean()) / max(float(y[own].std()), 1e-12)).astype("float32")
    if not watch:
        return Rows(x=x[own], y=y[own], x_held=x[test], y_held=y[test], classes=len(data.classes))
    aside, kept = own[::WATCHED], np.delete(own, np.s_[::WATCHED])
    return Rows(
        x=x[kept], y=y[kept], x_held=x[aside], y_held=y[aside], classes=len(data.classes), x_judged=x[test], y_judged=y[test]
    )


EVEN: Final = 64
"""Rows of a fold are cut to a multiple of this: folds differ by a few rows, and every other number would be compiled anew."""


def _even(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows[: len(rows) // EVEN * EVEN] if len(rows) >= 8 * EVEN else rows


def _try_remedies(data: TrainingSet, settings: Settings, seed: int, on_progress: Progress) -> Lab:
    """Before and after every remedy: the same rows held out and the same first weights for all, others for each seed."""
    preset = PRESETS[settings.problem]
    made = folds(data, parts=3, repeats=-(-settings.seeds // 3), seed=seed)[: settings.seeds]
    variants = [("before", N_("The network as it is"), settings.network)]
    variants += [(change.name, change.says, change.apply(settings.network)) for change in preset.remedies]
    scores = np.full((len(variants), len(made)), np.nan)
    own = np.full((len(variants), len(made)), np.nan)
    shown: list[Diagnosed] = []
    names: list[str] = []
    total, done = len(variants) * len(made), 0
    classes = data.task is Task.CLASSIFICATION
    uneven = is_uneven(data)
    for index, (_name, says, network) in enumerate(variants):
        for number, fold in enumerate(made):
            rows = _prepare_rows(data, fold, preset.rows, watch=bool(network.patience))
            epochs = _train(rows, network, seed=seed + number)
            last = epochs[-1]
            # Early stopping keeps the weights of its best epoch, chosen on rows that do not judge it.
            kept = min(epochs, key=lambda epoch: epoch.val_loss if np.isfinite(epoch.val_loss) else np.inf)
            best = kept if network.patience else last
            held_score = best.val_score if best.judged is None else best.judged
            held_loss = best.val_loss if best.judged_loss is None else best.judged_loss
            scores[index, number] = _loss(held_loss) if uneven else _score(held_score, classes)
            own[index, number] = _loss(best.loss) if uneven else _score(best.score, classes)
            done += 1
            run = _diagnose_run(epochs, data) if number == 0 else None
            if run is not None:
                shown.append(replace(run, history=replace(run.history, file=says)))
                names.append(says)
            on_progress(done / total, says, Lab(data=data.described, runs=tuple(shown), names=tuple(names)))
    return Lab(
        data=data.described, runs=tuple(shown), names=tuple(names), compared=_compare_runs(data, variants, scores, own, made)
    )


def is_uneven(data: TrainingSet, *, common_at: float = 0.65) -> bool:
    """Whether one class has `common_at` of the rows or more: accuracy then hardly moves while the network learns, and
    the log loss, a proper score (Gneiting and Raftery 2007, doi:10.1198/016214506000001437), does. Chosen by hand.
    """
    if data.task is not Task.CLASSIFICATION:
        return False
    return float(np.bincount(data.truth.astype("int64")).max()) >= common_at * len(data.truth)


BROKEN: Final = 13.8
"""Log loss of a network whose numbers overflowed: that of being sure and wrong, with chances kept a millionth from 0."""


def _loss(value: float) -> float:
    return min(value, BROKEN) if np.isfinite(value) else BROKEN


def _score(value: float, classes: bool) -> float:
    """Accuracy, or how much smaller than a standard deviation the error is; nothing for a network that broke."""
    if classes:
        return value if np.isfinite(value) else 0.0
    return max(-1.0, 1 - value) if np.isfinite(value) else -1.0


def _compare_runs(
    data: TrainingSet,
    variants: Sequence[tuple[str, str, Network]],
    scores: NDArray[np.float64],
    own: NDArray[np.float64],
    made: Sequence[Fold],
) -> Compared:
    ratio = float(np.mean([len(fold.test) / len(fold.train) for fold in made]))
    level = 1 - (1 - LEVEL) / max(1, len(variants) - 1)
    classes, uneven = data.task is Task.CLASSIFICATION, is_uneven(data)
    sign, floor = (-1.0, 0.01 * float(scores[0].mean())) if uneven else (1.0, 0.005)
    results = []
    for index, (name, says, _) in enumerate(variants):
        gain = corrected_interval(sign * (scores[index] - scores[0]), ratio, level=level)
        results.append(
            Result(
                name=name,
                says=says,
                score=corrected_interval(scores[index], ratio),
                gain=gain,
                verdict=decide(gain, floor),
                trained=float(own[index].mean()),
                folds=tuple(scores[index].tolist()),
            )
        )
    says = N_("accuracy") if classes else N_("score (1: no error, 0: as large as a standard deviation)")
    return Compared(
        metric="log_loss" if uneven else "accuracy" if classes else "error",
        says=N_("log loss") if uneven else says,
        higher=not uneven,
        before=results[0],
        remedies=tuple(results[1:]),
        folds=len(made),
        train_rows=int(np.mean([len(fold.train) for fold in made])),
        test_rows=int(np.mean([len(fold.test) for fold in made])),
        split=data.described.split,
        level=level,
    )


def _sweep_rates(data: TrainingSet, settings: Settings, seed: int, on_progress: Progress) -> Lab:
    from diagnostics.clinic.network.train import sweep

    fold = folds(data, parts=3, repeats=1, seed=seed)[0]
    rates, losses = sweep(_prepare_rows(data, fold, 0), settings.network, seed=seed)
    on_progress(0.9, N_("Reading the curve"), None)
    return Lab(data=data.described, swept=suggest_rate(rates, losses))


def suggest_rate(rates: NDArray[np.float64], losses: NDArray[np.float64], *, share: float = 0.1) -> Range:
    """A tenth of the rate at which the smoothed loss is lowest: there the steps just begin to be too long.

    lowest: where a tenth of the whole fall is reached; highest: where the loss is lowest. Raises BadInput when it never falls.
    """
    good = np.isfinite(losses)
    end = int(np.argmin(good)) if not good.all() else len(losses)
    rates, losses = rates[:end], losses[:end]
    if len(losses) < 10:
        raise BadInput(N_("The loss is no number from the first steps on: choose another initialisation, then look for a rate."))
    kernel = np.hanning(min(41, len(losses) // 2 * 2 - 1) + 2)[1:-1]
    padded = np.pad(losses, len(kernel) // 2, mode="edge")
    smooth = np.convolve(padded, kernel / kernel.sum(), mode="valid")[: len(losses)]
    bottom = int(np.argmin(smooth))
    top = float(np.median(smooth[: max(5, bottom // 3)]))
    if bottom < 5 or top - smooth[bottom] < 0.02 * abs(top):
        raise BadInput(
            N_("The loss falls at no learning rate: gradients do not arrive. Change activation or initialisation first.")
        )
    begun = int(np.flatnonzero(smooth[: bottom + 1] > top - share * (top - smooth[bottom]))[-1])
    broken = int(np.argmax(smooth > 4 * max(float(smooth[bottom]), 1e-12))) or len(smooth)
    keep = slice(0, min(len(smooth), max(bottom + 10, broken)))
    return Range(
        rates=tuple(rates[keep].tolist()),
        losses=tuple(smooth[keep].tolist()),
        suggested=max(float(rates[bottom]) / TENTH, float(rates[begun])),
        lowest=float(rates[begun]),
        highest=float(rates[bottom]),
    )
