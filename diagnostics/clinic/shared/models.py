"""Model families by name, with the preprocessing inside: every pipeline is fitted on the training rows of a fold alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.nouns.incident import Task
from diagnostics.nouns.words import N_

LEVELS: Final = 30
"""Levels of a category that get a column of their own; the rarer ones share one."""

RARE: Final = 5
"""A level with fewer rows is treated as a rare one."""


GROUPED: Final = {"max_categories": LEVELS, "min_frequency": RARE, "handle_unknown": "infrequent_if_exist"}
CROSSED: Final = 16
"""Columns that are crossed with each other: their 152 squares and products are as many as a few thousand rows can bear."""


class Telling:
    """A transformer that keeps the columns which alone say most about the target (univariate F), learnt on the training rows."""

    def __init__(self, most: int = CROSSED) -> None:
        self.most = most

    def fit(self, matrix: Any, truth: Any) -> Telling:
        """matrix: shape (n, k), no NaN; truth: shape (n,), codes or values."""
        from sklearn.feature_selection import f_classif, f_regression

        values = np.asarray(truth)
        with np.errstate(all="ignore"):
            score = (f_classif if values.dtype.kind in "iu" else f_regression)(np.asarray(matrix, dtype="float64"), values)[0]
        self.kept_ = np.sort(np.argsort(-np.nan_to_num(score, nan=-1.0), kind="stable")[: self.most])
        return self

    def transform(self, matrix: Any) -> Any:
        return np.asarray(matrix, dtype="float64")[:, self.kept_]

    def fit_transform(self, matrix: Any, truth: Any) -> Any:
        return self.fit(matrix, truth).transform(matrix)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """For scikit-learn's clone."""
        return {"most": self.most}

    def set_params(self, **given: Any) -> Telling:
        """For scikit-learn's clone."""
        self.most = given.get("most", self.most)
        return self

    def __sklearn_tags__(self) -> Any:
        """For scikit-learn's pipeline."""
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=True))


@dataclass(frozen=True)
class Knob:
    """One setting whose values run from the simplest model to the richest."""

    name: str
    title: str
    """Message id."""

    values: tuple[float, ...]
    log: bool = False
    """Whether even steps are factors."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """One kind of model."""

    name: str
    """Stable key."""

    title: str
    """Message id."""

    make: Callable[[bool, int, Mapping[str, Any]], Any]
    """The bare model of (classification?, seed, settings)."""

    scaled: bool
    """Whether numbers are scaled and categories spread over columns; trees take them as they are."""

    settings: Mapping[str, Any]
    """The defaults."""

    complexity: Knob
    """A knob whose curve is drawn."""

    regularisation: Knob
    """A knob whose curve is drawn."""


def _linear(classes: bool, seed: int, s: Mapping[str, Any]) -> Any:
    from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge

    strength, l1 = float(s["strength"]), float(s["l1_ratio"])
    if classes:
        solver = "lbfgs" if l1 == 0 else "saga"
        rounds = int(s["max_iter"])
        weight = s.get("class_weight")
        return LogisticRegression(
            C=1 / strength, l1_ratio=l1, solver=solver, max_iter=rounds, tol=1e-3, random_state=seed, class_weight=weight
        )
    if l1 == 0:
        return Ridge(alpha=strength, random_state=seed)
    # The penalty of Ridge is summed over rows, that of ElasticNet is a mean; the target is scaled beside it.
    return ElasticNet(alpha=strength / 1000, l1_ratio=l1, max_iter=2000, tol=1e-3, random_state=seed)


def _tree(classes: bool, seed: int, s: Mapping[str, Any]) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    made = DecisionTreeClassifier if classes else DecisionTreeRegressor
    extra = {"class_weight": s.get("class_weight")} if classes else {}
    depth = s["max_depth"]
    return made(
        max_depth=None if depth is None else int(depth),
        min_samples_leaf=int(s["min_samples_leaf"]),
        ccp_alpha=float(s["ccp_alpha"]),
        random_state=seed,
        **extra,
    )


def _forest(classes: bool, seed: int, s: Mapping[str, Any]) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    made = RandomForestClassifier if classes else RandomForestRegressor
    extra = {"class_weight": s.get("class_weight")} if classes else {}
    depth = s["max_depth"]
    return made(
        n_estimators=int(s["n_estimators"]),
        max_depth=None if depth is None else int(depth),
        min_samples_leaf=int(s["min_samples_leaf"]),
        max_features="sqrt" if classes else 0.5,
        random_state=seed,
        n_jobs=1,
        **extra,
    )


def _boosting(classes: bool, seed: int, s: Mapping[str, Any]) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    made = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    extra = {"class_weight": s.get("class_weight")} if classes else {}
    return made(
        max_iter=int(s["max_iter"]),
        learning_rate=float(s["learning_rate"]),
        max_leaf_nodes=int(s["max_leaf_nodes"]),
        min_samples_leaf=int(s["min_samples_leaf"]),
        l2_regularization=float(s["l2_regularization"]),
        early_stopping=bool(s["early_stopping"]),
        random_state=seed,
        **extra,
    )


def _neighbours(classes: bool, seed: int, s: Mapping[str, Any]) -> Any:
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    made = KNeighborsClassifier if classes else KNeighborsRegressor
    return made(n_neighbors=int(s["n_neighbors"]), weights=str(s["weights"]))


def _network(classes: bool, seed: int, s: Mapping[str, Any]) -> Any:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    made = MLPClassifier if classes else MLPRegressor
    return made(
        hidden_layer_sizes=(int(s["width"]),) * int(s["depth"]),
        alpha=float(s["alpha"]),
        batch_size=int(s["batch_size"]),
        learning_rate_init=float(s["learning_rate"]),
        max_iter=int(s["max_iter"]),
        early_stopping=bool(s["early_stopping"]),
        n_iter_no_change=5,
        random_state=seed,
    )


FAMILIES: Final[Mapping[str, Family]] = {
    f.name: f
    for f in (
        Family(
            name="linear",
            title=N_("Linear model"),
            make=_linear,
            scaled=True,
            settings={"strength": 1.0, "l1_ratio": 0.0, "max_iter": 300, "class_weight": None, "degree": 1},
            complexity=Knob("degree", N_("degree of the polynomial"), (1, 2, 3)),
            regularisation=Knob("strength", N_("strength of the penalty (L2)"), (1000.0, 100.0, 10.0, 1.0, 0.1, 0.01), log=True),
        ),
        Family(
            name="tree",
            title=N_("Decision tree"),
            make=_tree,
            scaled=False,
            settings={"max_depth": None, "min_samples_leaf": 1, "ccp_alpha": 0.0, "class_weight": None},
            complexity=Knob("max_depth", N_("depth of the tree"), (1, 2, 3, 5, 8, 12, 20)),
            regularisation=Knob("min_samples_leaf", N_("fewest rows in a leaf"), (200, 100, 50, 20, 10, 5, 1), log=True),
        ),
        Family(
            name="forest",
            title=N_("Random forest"),
            make=_forest,
            scaled=False,
            settings={"n_estimators": 60, "max_depth": None, "min_samples_leaf": 1, "class_weight": None},
            complexity=Knob("max_depth", N_("depth of the trees"), (2, 4, 7, 11, 16)),
            regularisation=Knob("min_samples_leaf", N_("fewest rows in a leaf"), (100, 30, 10, 3, 1), log=True),
        ),
        Family(
            name="boosting",
            title=N_("Boosted trees"),
            make=_boosting,
            scaled=False,
            settings={
                "max_iter": 100,
                "learning_rate": 0.1,
                "max_leaf_nodes": 15,
                "min_samples_leaf": 20,
                "l2_regularization": 0.0,
                "early_stopping": False,
                "class_weight": None,
            },
            complexity=Knob("max_iter", N_("rounds of boosting"), (10, 30, 100, 200)),
            regularisation=Knob("min_samples_leaf", N_("fewest rows in a leaf"), (300, 100, 30, 10), log=True),
        ),
        Family(
            name="neighbours",
            title=N_("Nearest neighbours"),
            make=_neighbours,
            scaled=True,
            settings={"n_neighbors": 15, "weights": "uniform"},
            complexity=Knob("n_neighbors", N_("neighbours asked"), (200, 100, 50, 20, 10, 5, 1), log=True),
            regularisation=Knob("n_neighbors", N_("neighbours asked"), (200, 100, 50, 20, 10, 5, 1), log=True),
        ),
        Family(
            name="network",
            title=N_("Small neural network"),
            make=_network,
            scaled=True,
            settings={
                "width": 32,
                "depth": 1,
                "alpha": 1e-4,
                "batch_size": 128,
                "learning_rate": 3e-3,
                "max_iter": 30,
                "early_stopping": False,
            },
            complexity=Knob("width", N_("units in the layer"), (2, 8, 32, 128), log=True),
            regularisation=Knob("alpha", N_("strength of the penalty (L2)"), (10.0, 1.0, 0.1, 0.01, 0.0001), log=True),
        ),
    )
}
"""Families by name, the simplest first."""


def preparation(data: TrainingSet, *, scaled: bool) -> Any:
    """An unfitted ColumnTransformer from the features to numbers. Missing numbers become the median beside a mark that they were
    missing, where `scaled`; trees keep them missing. A missing category is a level of its own.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    numbers, categories = list(data.numbers), list(data.categories)
    if scaled:
        few = all(data.features[name].nunique() < LEVELS for name in categories)
        # Counting levels takes longer than all the rest, so it is left out where no level needs to be grouped.
        grouped = {"handle_unknown": "ignore"} if few else GROUPED
        parts = [
            ("numbers", make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), numbers),
            ("categories", OneHotEncoder(**grouped), categories),
        ]
    else:
        codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
        parts = [("numbers", "passthrough", numbers), ("categories", codes, categories)]
    return ColumnTransformer([part for part in parts if part[2]], sparse_threshold=0, verbose_feature_names_out=True)


def model(data: TrainingSet, family: str | Family, *, seed: int = 0, balanced: bool = False, **settings: Any) -> Any:
    """The bare model of `family` for the task of `data`, with its default settings but those given. Raises KeyError if unknown.

    balanced: every class weighs the same, where the family can weigh rows.
    """
    made = family if isinstance(family, Family) else FAMILIES[family]
    unknown = set(settings) - set(made.settings)
    if unknown:
        raise KeyError(f"{made.name} has no setting {sorted(unknown)[0]!r}: known are {', '.join(made.settings)}")
    merged = {**made.settings, **settings}
    if balanced and "class_weight" in made.settings:
        merged["class_weight"] = "balanced"
    classes = data.task is Task.CLASSIFICATION
    bare = made.make(classes, seed, merged)
    if not classes and made.scaled:
        from sklearn.compose import TransformedTargetRegressor
        from sklearn.preprocessing import StandardScaler

        # Penalties and steps are meant for a target of about one.
        return TransformedTargetRegressor(bare, transformer=StandardScaler())
    return bare


def pipeline(data: TrainingSet, family: str | Family, *, seed: int = 0, balanced: bool = False, **settings: Any) -> Any:
    """An unfitted pipeline: preparation, then the model of `family` with `settings`. Raises KeyError for unknown names."""
    from sklearn.pipeline import Pipeline

    family = family if isinstance(family, Family) else FAMILIES[family]
    steps = [("prepare", preparation(data, scaled=family.scaled))]
    if int(settings.get("degree", 1)) > 1:
        steps += crosses(int(settings["degree"]))
    return Pipeline([*steps, ("model", model(data, family, seed=seed, balanced=balanced, **settings))])


def crosses(degree: int) -> list[tuple[str, Any]]:
    """Steps that add powers and products of the numbers, scaled again; of more than `CROSSED` columns, the most telling ones."""
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    return [
        ("telling", Telling(CROSSED if degree == 2 else CROSSED // 2)),
        ("crosses", PolynomialFeatures(degree, include_bias=False)),
        ("scale", StandardScaler()),
    ]


def dummy(data: TrainingSet) -> Any:
    """Always the same prediction: the shares of the classes, or the mean."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    return DummyClassifier(strategy="prior") if data.task is Task.CLASSIFICATION else DummyRegressor(strategy="mean")
