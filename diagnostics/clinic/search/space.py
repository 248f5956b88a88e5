"""The search space: which settings of a family are searched, between which values, and the same as a table that people edit."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from diagnostics.clinic.shared.models import Family
from diagnostics.nouns.incident import Task
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.distributions import BaseDistribution

Scalar: TypeAlias = int | float | str | bool | None
"""A value of a setting, as JSON holds it."""

MOST_POINTS: Final = 100_000
"""A grid of more points would never finish."""


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One setting and its values: `choices`, or numbers from `low` to `high`."""

    name: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    """Whether even steps are factors."""

    whole: bool = False
    """Whether the numbers are whole."""

    steps: int = 4
    """Values that a grid tries; all choices are tried."""

    choices: tuple[Scalar, ...] = ()

    def distribution(self) -> BaseDistribution:
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.choices:
            return CategoricalDistribution(self.choices)
        if self.whole:
            return IntDistribution(int(self.low), int(self.high), log=self.log)
        return FloatDistribution(self.low, self.high, log=self.log)

    def ask(self, trial: Trial) -> Scalar:
        """The value that `trial` is to try."""
        if self.choices:
            chosen: Scalar = trial.suggest_categorical(self.name, self.choices)
            return chosen
        if self.whole:
            return int(trial.suggest_int(self.name, int(self.low), int(self.high), log=self.log))
        return float(trial.suggest_float(self.name, self.low, self.high, log=self.log))

    def grid(self) -> tuple[Scalar, ...]:
        """The values that a grid tries, ascending, each once."""
        if self.choices:
            return self.choices
        space = np.geomspace if self.log else np.linspace
        values = space(self.low, self.high, max(1, self.steps)) if self.steps > 1 else [self.middle()]
        numbers = [min(self.high, max(self.low, float(value))) for value in values]
        return tuple(dict.fromkeys(round(value) if self.whole else float(f"{value:.6g}") for value in numbers))

    def middle(self) -> float:
        return math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2

    def near(self, value: Any) -> Scalar:
        """The value of this dimension that is nearest to `value`; its middle where they cannot be compared."""
        if self.choices:
            return value if value in self.choices else self.choices[0]
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else self.middle()
        kept = min(self.high, max(self.low, number))
        return round(kept) if self.whole else kept


Space: TypeAlias = tuple[Dimension, ...]

MEANS: Final[Mapping[str, str]] = {
    "strength": N_("strength of the penalty on large weights"),
    "l1_ratio": N_("share of the penalty that drops columns (L1)"),
    "class_weight": N_("whether rare classes weigh more"),
    "n_estimators": N_("number of trees"),
    "max_depth": N_("depth of a tree"),
    "min_samples_leaf": N_("fewest rows in a leaf"),
    "max_iter": N_("rounds of boosting"),
    "learning_rate": N_("size of each step of learning"),
    "max_leaf_nodes": N_("most leaves of a tree"),
    "l2_regularization": N_("penalty on large leaves (L2)"),
    "n_neighbors": N_("neighbours asked"),
    "weights": N_("whether nearer neighbours count more"),
    "C": N_("price of an error"),
    "gamma": N_("how near a row must be to count"),
    "epsilon": N_("error that costs nothing"),
    "width": N_("units in a layer"),
    "depth": N_("hidden layers"),
    "alpha": N_("penalty on large weights"),
    "batch_size": N_("rows in a step"),
    "min_child_weight": N_("least weight of a leaf"),
    "subsample": N_("share of the rows each tree sees"),
    "colsample_bytree": N_("share of the columns each tree sees"),
    "reg_lambda": N_("penalty on large leaves (L2)"),
    "num_leaves": N_("most leaves of a tree"),
    "min_child_samples": N_("fewest rows in a leaf"),
}

_WEIGHT: Final = Dimension(name="class_weight", choices=(None, "balanced"))
_BOOST: Final = (
    Dimension(name="learning_rate", low=0.01, high=0.5, log=True),
    Dimension(name="subsample", low=0.5, high=1.0, steps=2),
    Dimension(name="colsample_bytree", low=0.5, high=1.0, steps=2),
    Dimension(name="reg_lambda", low=0.001, high=100.0, log=True, steps=3),
)
DEFAULTS: Final[Mapping[str, Space]] = {
    "linear": (
        Dimension(name="strength", low=1e-3, high=1e3, log=True, steps=7),
        Dimension(name="l1_ratio", choices=(0.0, 0.5, 1.0)),
        _WEIGHT,
    ),
    "forest": (
        Dimension(name="n_estimators", low=30, high=200, log=True, whole=True, steps=3),
        Dimension(name="max_depth", low=2, high=24, whole=True),
        Dimension(name="min_samples_leaf", low=1, high=50, log=True, whole=True),
        _WEIGHT,
    ),
    "boosting": (
        Dimension(name="learning_rate", low=0.01, high=0.5, log=True),
        Dimension(name="max_iter", low=20, high=300, log=True, whole=True, steps=3),
        Dimension(name="max_leaf_nodes", low=4, high=63, log=True, whole=True, steps=3),
        Dimension(name="min_samples_leaf", low=5, high=100, log=True, whole=True, steps=3),
        Dimension(name="l2_regularization", low=1e-3, high=100.0, log=True, steps=2),
        _WEIGHT,
    ),
    "neighbours": (
        Dimension(name="n_neighbors", low=1, high=100, log=True, whole=True, steps=10),
        Dimension(name="weights", choices=("uniform", "distance")),
    ),
    "svm": (
        Dimension(name="C", low=0.01, high=100.0, log=True, steps=5),
        Dimension(name="gamma", low=1e-3, high=3.0, log=True, steps=5),
        Dimension(name="epsilon", low=0.01, high=1.0, log=True, steps=3),
        _WEIGHT,
    ),
    "network": (
        Dimension(name="width", low=8, high=128, log=True, whole=True, steps=3),
        Dimension(name="depth", low=1, high=3, whole=True, steps=2),
        Dimension(name="alpha", low=1e-6, high=1.0, log=True, steps=3),
        Dimension(name="learning_rate", low=1e-4, high=0.03, log=True, steps=3),
        Dimension(name="batch_size", choices=(64, 128, 256)),
    ),
    "xgboost": (
        *_BOOST,
        Dimension(name="n_estimators", low=30, high=300, log=True, whole=True, steps=3),
        Dimension(name="max_depth", low=2, high=10, whole=True, steps=3),
        Dimension(name="min_child_weight", low=0.5, high=50.0, log=True, steps=2),
    ),
    "lightgbm": (
        *_BOOST,
        Dimension(name="n_estimators", low=30, high=300, log=True, whole=True, steps=3),
        Dimension(name="num_leaves", low=4, high=63, log=True, whole=True, steps=3),
        Dimension(name="min_child_samples", low=5, high=100, log=True, whole=True, steps=2),
        _WEIGHT,
    ),
}
"""The default spaces: about two factors of ten around each library's default, as AutoML systems do
(Feurer et al. 2015, auto-sklearn, table 3; van Rijn and Hutter 2018, doi:10.1145/3219819.3220058, for what matters)."""

FITS: Final[Mapping[str, tuple[float, float]]] = {
    "strength": (1e-9, 1e9),
    "n_estimators": (1, 2_000),
    "max_depth": (1, 64),
    "min_samples_leaf": (1, 100_000),
    "max_iter": (1, 2_000),
    "learning_rate": (1e-6, 1.0),
    "max_leaf_nodes": (2, 1_024),
    "l2_regularization": (0.0, 1e6),
    "n_neighbors": (1, 10_000),
    "C": (1e-6, 1e6),
    "gamma": (1e-9, 1e3),
    "epsilon": (0.0, 1e3),
    "width": (1, 1_024),
    "depth": (1, 6),
    "alpha": (0.0, 1e3),
    "min_child_weight": (0.0, 1e6),
    "subsample": (0.05, 1.0),
    "colsample_bytree": (0.05, 1.0),
    "reg_lambda": (0.0, 1e6),
    "num_leaves": (2, 1_024),
    "min_child_samples": (1, 100_000),
}
"""What the libraries accept, and one machine can bear."""

ALLOWED: Final[Mapping[str, tuple[Scalar, ...]]] = {
    "class_weight": (None, "balanced"),
    "weights": ("uniform", "distance"),
    "batch_size": (16, 32, 64, 128, 256, 512, 1024),
    "l1_ratio": (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0),
}


def default_space(family: str, task: Task, *, rows: int, imbalanced: bool = False) -> Space:
    """The documented space of a family. rows: of the smallest fold trained on; imbalanced: class weights are searched too."""
    regression = task is Task.REGRESSION
    left_out = {"class_weight"} if regression or not imbalanced else set()
    # Of classes, the penalty L1 needs another solver, which takes minutes where this one takes seconds.
    left_out |= {"epsilon"} if not regression else set()
    left_out |= {"l1_ratio"} if not regression else set()
    made = [dimension for dimension in DEFAULTS[family] if dimension.name not in left_out]
    most = max(2, rows // 2)
    few = {"n_neighbors", "min_samples_leaf", "min_child_samples"}
    return tuple(
        replace(d, high=float(min(d.high, most)), low=min(d.low, 2.0)) if d.name in few and d.high > most else d for d in made
    )


def starting_point(space: Space, family: Family) -> dict[str, Scalar]:
    """The point nearest to the family's defaults: what a search tries first, so that it never ends below them."""
    return {dimension.name: dimension.near(family.settings.get(dimension.name)) for dimension in space}


def grid_points(space: Space, seed: int) -> list[dict[str, Scalar]]:
    """Every point of the grid, in an order drawn with `seed`, so that a part of it covers the entire space.

    Raises BadInput for a grid that nobody would see the end of.
    """
    total = bounded_size(space)
    made = list(itertools.product(*(dimension.grid() for dimension in space)))
    names = [dimension.name for dimension in space]
    return [dict(zip(names, made[index], strict=True)) for index in np.random.default_rng((seed, 5)).permutation(total)]


def count_points(space: Space) -> int:
    return math.prod(len(dimension.grid()) for dimension in space)


def bounded_size(space: Space) -> int:
    """The points of the grid. Raises BadInput where they are too many."""
    total = count_points(space)
    if total > MOST_POINTS:
        raise BadInput(
            N_("The grid has {points:count} points, more than {most:count}: give fewer steps, or search at random."),
            points=total,
            most=MOST_POINTS,
        )
    return total


def check(space: Space, family: Family) -> None:
    """Raises BadInput, in one sentence, for a space that cannot be searched."""
    if not space:
        raise BadInput(N_("The search space is empty: tick at least one setting to search."))
    for dimension in space:
        if dimension.name not in family.settings or dimension.name not in MEANS:
            raise BadInput(
                N_("{family:term} has no setting {name:name} to search: take it out."), family=family.title, name=dimension.name
            )
        _check(dimension)
    if all(len(dimension.grid()) == 1 for dimension in space):
        raise BadInput(N_("The search space holds a single point: give at least one setting two values."))


def _check(dimension: Dimension) -> None:
    name = dimension.name
    if dimension.choices or name in ALLOWED:
        unknown = [_written(choice) for choice in dimension.choices if choice not in ALLOWED.get(name, ())]
        if unknown or not dimension.choices:
            raise BadInput(
                N_("{name:name} can be {known:list}: write some of these, with commas between them."),
                name=name,
                known=[_written(choice) for choice in ALLOWED.get(name, ())] or ["-"],
            )
        return
    low, high = FITS[name]
    if not (math.isfinite(dimension.low) and math.isfinite(dimension.high)):
        raise BadInput(N_("{name:name} needs a number in both From and To."), name=name)
    if dimension.low > dimension.high:
        raise BadInput(
            N_("{name:name} runs from {low:number} to {high:number}: the first must be the smaller one."),
            name=name,
            low=dimension.low,
            high=dimension.high,
        )
    if dimension.log and dimension.low <= 0:
        raise BadInput(N_("{name:name} cannot be searched by factors from 0 on: begin above 0, or untick By factors."), name=name)
    if dimension.low < low or dimension.high > high:
        raise BadInput(
            N_("{name:name} must lie between {low:number} and {high:number}."), name=name, low=float(low), high=float(high)
        )
    if dimension.whole and (dimension.low != int(dimension.low) or dimension.high != int(dimension.high)):
        raise BadInput(N_("{name:name} takes whole numbers only."), name=name)
    if dimension.steps < 1:
        raise BadInput(N_("{name:name} needs at least one step of the grid."), name=name)


def _written(choice: Scalar) -> str:
    return "none" if choice is None else str(choice)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of the table that people edit."""

    use: bool
    name: str
    low: float | None
    high: float | None
    log: bool
    steps: int | None
    values: str = ""
    """The choices with commas between them, "" for numbers."""


def tabulate(space: Space, whole: Space) -> tuple[Line, ...]:
    """The table of a space: every setting of `whole`, ticked where it is searched."""
    chosen = {dimension.name: dimension for dimension in space}
    rows = []
    for default in whole:
        d = chosen.get(default.name, default)
        numbers = (None, None, None) if d.choices else (d.low, d.high, d.steps)
        values = ", ".join(_written(choice) for choice in d.choices)
        rows.append(
            Line(use=d.name in chosen, name=d.name, low=numbers[0], high=numbers[1], log=d.log, steps=numbers[2], values=values)
        )
    return tuple(rows)


def parse_table(table: Sequence[Line], family: Family) -> Space:
    """The space that the table says. Raises BadInput as `check`."""
    known = {d.name: d for d in DEFAULTS[family.name]}
    made = []
    for line in table:
        if not line.use:
            continue
        default = known.get(line.name, Dimension(name=line.name))
        if default.choices:
            if line.low is not None or line.high is not None:
                raise BadInput(N_("{name:name} is chosen from its values: leave From and To empty."), name=line.name)
            made.append(replace(default, choices=_choices(line)))
            continue
        if line.values.strip():
            raise BadInput(N_("{name:name} runs from one number to another: leave its values empty."), name=line.name)
        missing = math.nan
        low = line.low if line.low is not None else missing
        high = line.high if line.high is not None else missing
        steps = default.steps if line.steps is None else int(line.steps)
        made.append(replace(default, low=low, high=high, log=line.log, steps=steps))
    check(tuple(made), family)
    return tuple(made)


def _choices(line: Line) -> tuple[Scalar, ...]:
    """Each word as the value that it names; one that names none stays a word, for `check` to refuse."""
    named = {_written(choice): choice for choice in ALLOWED.get(line.name, ())}
    words = [word.strip() for word in re.split("[,;，；、]", line.values) if word.strip()]
    return tuple(dict.fromkeys(named.get(word, named.get(f"{word}.0", word)) for word in words))
