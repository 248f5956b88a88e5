"""What a search is: family, metric, space, folds, budget and seed; checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.search.families import families
from diagnostics.clinic.search.space import Space, check
from diagnostics.clinic.shared.folds import Fold, folds
from diagnostics.clinic.shared.scores import METRICS, Metric, metrics_for
from diagnostics.clinic.shared.training_set import Split, TrainingSet
from diagnostics.nouns.incident import Task
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import N_

LAYOUT: Final = 1
MOST_TRIALS: Final = 2_000
MOST_MINUTES: Final = 240.0
RARE: Final = 0.2
"""Share of the smallest class below which accuracy and AUC look good while the class is missed (Saito and Rehmsmeier 2015,
doi:10.1371/journal.pone.0118432)."""

HELD_OUT: Final = 5
"""One part in so many is kept from the search."""


class Method(StrEnum):
    """How the next settings to try are chosen."""

    GRID = "grid"
    RANDOM = "random"
    TPE = "tpe"


METHODS: Final[Mapping[Method, str]] = {
    Method.GRID: N_("grid"),
    Method.RANDOM: N_("random"),
    Method.TPE: N_("TPE (learns from its trials)"),
}
SHORT: Final[Mapping[Method, str]] = {Method.GRID: N_("grid"), Method.RANDOM: N_("random"), Method.TPE: N_("TPE")}
"""On a line of a picture."""


class Validation(StrEnum):
    """How rows are held out within the search."""

    AUTO = "auto"
    TIME = "time"
    GROUPED = "grouped"
    STRATIFIED = "stratified"
    PLAIN = "plain"


VALIDATIONS: Final[Mapping[Validation, str]] = {
    Validation.AUTO: N_("what the columns call for"),
    Validation.TIME: N_("time series: earlier rows judge later ones"),
    Validation.GROUPED: N_("grouped: rows that belong together stay together"),
    Validation.STRATIFIED: N_("stratified: the same share of each class in each fold"),
    Validation.PLAIN: N_("k-fold: at random"),
}
WHY: Final[Mapping[Validation, str]] = {
    Validation.TIME: N_(
        "Time series validation, as the rows have a time: each of {parts:count} folds is judged by a model of the rows before it."
    ),
    Validation.GROUPED: N_(
        "Grouped validation in {parts:count} folds, as rows share an id or are copies: no model judges what it was trained on."
    ),
    Validation.STRATIFIED: N_("Stratified validation: each of the {parts:count} folds holds the same share of each class."),
    Validation.PLAIN: N_("Validation in {parts:count} random folds, each with the same spread of the target."),
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a worker must know beside the rows."""

    table: str
    """Digest of the rows."""

    target: str
    family: str
    metric: str
    method: Method
    space: Space
    trials: int
    """Trials wanted, 0 when `minutes` decide."""

    minutes: float
    validation: Validation
    parts: int
    pruning: bool
    seed: int
    owner: str = ""
    """Digest of the incident, which says nothing of its link; "" for none."""

    until: float = 0.0
    """Seconds since 1970 at which a search by minutes ends, 0 otherwise."""

    layout: int = LAYOUT

    @property
    def score(self) -> Metric:
        return METRICS[self.metric]


def suggest_metric(data: TrainingSet) -> Metric:
    """The score that fits the task and how rare the rarest class is."""
    if data.task is Task.REGRESSION:
        return METRICS["r2"]
    if len(data.classes) == 2:
        return METRICS["average_precision" if is_imbalanced(data) else "auc"]
    return METRICS["balanced" if is_imbalanced(data) else "log_loss"]


def is_imbalanced(data: TrainingSet) -> bool:
    """Whether the rarest class has less than `RARE` of an even share times two."""
    if data.task is Task.REGRESSION:
        return False
    counts = np.bincount(data.truth.astype("int64"), minlength=len(data.classes))
    return bool(counts.min() < RARE * 2 / len(data.classes) * len(data))


def suggest_validation(data: TrainingSet) -> Validation:
    """The one that the columns call for."""
    if data.described.split is Split.ORDERED:
        return Validation.TIME
    if data.groups is not None:
        return Validation.GROUPED
    return Validation.STRATIFIED if data.task is Task.CLASSIFICATION else Validation.PLAIN


def possible_validations(data: TrainingSet) -> tuple[Validation, ...]:
    """Those that the roles allow."""
    held = {
        Validation.TIME: data.order is not None,
        Validation.GROUPED: data.groups is not None,
        Validation.STRATIFIED: data.task is Task.CLASSIFICATION,
        Validation.PLAIN: True,
    }
    return (Validation.AUTO, *(kind for kind, can in held.items() if can))


def find_metric(name: str, data: TrainingSet) -> Metric:
    """Raises BadInput for an unknown metric, or one that this task cannot have; "" is the one that fits."""
    if not name:
        return suggest_metric(data)
    known = metrics_for(data.task)
    metric = METRICS.get(ALIASES.get(name.lower(), name.lower()))
    if metric is None:
        raise BadInput(
            N_("There is no metric {name:name}: choose one of {known:name}."), name=name, known=", ".join(m.name for m in known)
        )
    if metric not in known:
        says = (
            N_("{name:name} counts right classes, and {target:name} is a quantity: choose one of {known:name}.")
            if data.task is Task.REGRESSION
            else N_("{name:name} measures quantities, and {target:name} holds classes: choose one of {known:name}.")
        )
        raise BadInput(says, name=name, target=data.described.target, known=", ".join(m.name for m in known))
    return metric


ALIASES: Final[Mapping[str, str]] = {
    "roc_auc": "auc",
    "neg_log_loss": "log_loss",
    "logloss": "log_loss",
    "balanced_accuracy": "balanced",
    "pr_auc": "average_precision",
    "ap": "average_precision",
    "neg_brier_score": "brier",
    "neg_root_mean_squared_error": "rmse",
    "neg_mean_absolute_error": "mae",
}
"""What scikit-learn and others call the scores."""


def find_family(name: str) -> str:
    """Raises BadInput for an unknown family."""
    from diagnostics.clinic.search.families import ALIASES as NAMES

    key = NAMES.get(name.lower(), name.lower())
    if key not in families():
        raise BadInput(N_("There is no model family {name:name}: choose one of {known}."), name=name, known=", ".join(families()))
    return key


def make_folds(data: TrainingSet, kind: Validation, *, parts: int, seed: int) -> tuple[Fold, ...]:
    """The folds of a search. Raises NotApplicable, in one sentence, where one of them could not be judged."""
    if kind is Validation.AUTO:
        kind = suggest_validation(data)
    if kind not in possible_validations(data):
        says = (
            N_("A time series needs a time in every row: choose a timestamp column in Columns.")
            if kind is Validation.TIME
            else N_("Grouped folds need an id that several rows share: choose one in Columns.")
            if kind is Validation.GROUPED
            else N_("Stratified folds need classes, and {target:name} is a quantity: choose k-fold.")
        )
        raise NotApplicable(says, needs="timestamp" if kind is Validation.TIME else "id", target=data.described.target)
    if kind is Validation.PLAIN:
        index = np.random.default_rng((seed, 7)).permutation(len(data)) % parts
        made = tuple(Fold(np.flatnonzero(index != part), np.flatnonzero(index == part)) for part in range(parts))
    elif kind is Validation.TIME:
        made = _folds_in_time(data, parts)
    else:
        alone = data if kind is Validation.GROUPED else replace(data, groups=None)
        alone = replace(alone, order=None, described=replace(data.described, split=Split.PLAIN))
        made = folds(alone, parts=parts, repeats=1, seed=seed)
    for number, fold in enumerate(made, start=1):
        _require_classes(data, fold, number, len(made))
    return made


def _folds_in_time(data: TrainingSet, parts: int) -> tuple[Fold, ...]:
    """Each stretch of later rows with all rows before it; the first is trained on alone (scikit-learn's TimeSeriesSplit)."""
    order: NDArray[np.generic] = data.order if data.order is not None else np.arange(len(data))
    ranked = np.argsort(order, kind="stable")
    edges = np.linspace(0, len(ranked), parts + 2).astype(int)[1:]
    return tuple(Fold(np.sort(ranked[:low]), np.sort(ranked[low:high])) for low, high in pairwise(edges))


def _require_classes(data: TrainingSet, fold: Fold, number: int, parts: int) -> None:
    if min(len(fold.train), len(fold.test)) < 5:
        raise NotApplicable(
            N_("Too few rows for {parts:count} folds: fold {number:count} holds {rows:count}. Choose fewer folds."),
            needs="reference",
            parts=parts,
            number=number,
            rows=min(len(fold.train), len(fold.test)),
        )
    if data.task is Task.REGRESSION:
        return
    for rows in (fold.test, fold.train):
        seen = np.unique(data.truth[rows])
        if len(seen) < 2:
            raise NotApplicable(
                N_(
                    "Fold {number:count} of {parts:count} holds one class only: all its {rows:count} rows have the {target:name} "
                    "{level:name}. Choose fewer folds, or another validation."
                ),
                needs="reference",
                number=number,
                parts=parts,
                rows=len(rows),
                target=data.described.target,
                level=data.classes[int(seen[0])] if len(seen) else "-",
            )


def hold_out(data: TrainingSet, kind: Validation, *, seed: int) -> tuple[TrainingSet, TrainingSet]:
    """The rows to search on, and those that no trial sees: the last ones of a time series, else sampled as the folds are.

    Raises NotApplicable as `make_folds`.
    """
    if kind is Validation.AUTO:
        kind = suggest_validation(data)
    if kind is Validation.TIME and kind in possible_validations(data):
        order: NDArray[np.generic] = data.order if data.order is not None else np.arange(len(data))
        ranked = np.argsort(order, kind="stable")
        edge = len(ranked) - len(ranked) // HELD_OUT
        fold = Fold(np.sort(ranked[:edge]), np.sort(ranked[edge:]))
        _require_classes(data, fold, 1, 1)
    else:
        fold = make_folds(data, kind, parts=HELD_OUT, seed=seed + 10_007)[0]
    return data.take(fold.train), data.take(fold.test)


def check_plan(plan: Plan, data: TrainingSet) -> Plan:
    """The plan, once it can run on these rows. Raises BadInput or NotApplicable in one plain sentence."""
    find_family(plan.family)
    find_metric(plan.metric, data)
    if plan.trials and not 1 <= plan.trials <= MOST_TRIALS:
        raise BadInput(N_("Give between 1 and {most:count} trials."), most=MOST_TRIALS)
    if not plan.trials and not 0 < plan.minutes <= MOST_MINUTES:
        raise BadInput(N_("Give a number of trials, or between 0 and {most:count} minutes."), most=int(MOST_MINUTES))
    if not 2 <= plan.parts <= 10:
        raise BadInput(N_("Give between 2 and 10 folds."))
    check(plan.space, families()[plan.family])
    make_folds(data, plan.validation, parts=plan.parts, seed=plan.seed)
    return plan
