"""What can be done about a fit: simpler, richer and averaged models of every family, to be tried beside it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import numpy as np

from diagnostics.clinic.network.fit import Dropped
from diagnostics.clinic.shared.compare import Remedy
from diagnostics.clinic.shared.models import pipeline
from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.nouns.incident import Task
from diagnostics.nouns.words import N_

ROUNDS: Final = 200
"""Rounds of boosting that early stopping may cut short."""

BAGS: Final = 10


class Kind(StrEnum):
    """Which way a remedy goes. A gain by a simpler or averaged model says overfitting, by a richer one underfitting."""

    SIMPLER = "simpler"
    RICHER = "richer"
    AVERAGED = "averaged"


def before(family: str, settings: Mapping[str, Any]) -> Remedy:
    """The model as it is."""
    return Remedy(
        name="before", says=N_("The model as it is"), build=lambda data, seed: pipeline(data, family, seed=seed, **settings)
    )


def remedies(data: TrainingSet, family: str, settings: Mapping[str, Any]) -> tuple[tuple[Kind, Remedy], ...]:
    """What to try on `family`, each with its direction."""
    made = [(kind, _with(name, says, family, {**settings, **change})) for kind, name, says, change in CHANGES[family]]
    if family == "tree":
        made.append((Kind.SIMPLER, Remedy(name="pruned", says=N_("Pruned by cost complexity"), build=_pruned)))
    if family in ("tree", "linear", "network"):
        made.append(
            (
                Kind.AVERAGED,
                Remedy(name="bagging", says=N_("Ten models on resampled rows, averaged (bagging)"), build=_bagged(family)),
            )
        )
    if family == "network":
        made.insert(
            1,
            (
                Kind.SIMPLER,
                Remedy(name="dropout", says=N_("Dropout of three in ten units (in the lab's library)"), build=Dropped),
            ),
        )
    if family in ("tree", "boosting", "neighbours"):
        made.append((Kind.AVERAGED, _with("forest", N_("Random forest"), "forest", {"min_samples_leaf": 3, "n_estimators": 40})))
    if family in ("linear", "tree", "forest", "neighbours", "network"):
        made.append(
            (Kind.RICHER if family == "linear" else Kind.AVERAGED, _with("boosting", N_("Boosted trees"), "boosting", {}))
        )
    if family in ("forest", "boosting", "tree", "neighbours", "network"):
        made.append((Kind.SIMPLER, _with("linear", N_("Linear model"), "linear", {})))
    if family in ("boosting", "network") and data.numbers:
        says = N_("Linear model with crosses and squares")
        made.append((Kind.SIMPLER, _with("crossed", says, "linear", {"degree": 2, "strength": 10.0})))
    return tuple(made)


def _with(name: str, says: str, family: str, settings: Mapping[str, Any]) -> Remedy:
    return Remedy(name=name, says=says, build=lambda data, seed: pipeline(data, family, seed=seed, **settings))


CHANGES: Final[Mapping[str, tuple[tuple[Kind, str, str, Mapping[str, Any]], ...]]] = {
    "linear": (
        (Kind.SIMPLER, "l2", N_("Stronger penalty on large weights (L2)"), {"strength": 100.0}),
        (Kind.SIMPLER, "l1", N_("Penalty that drops columns (L1)"), {"strength": 10.0, "l1_ratio": 1.0}),
        (Kind.RICHER, "weaker", N_("Weaker penalty"), {"strength": 0.01}),
        (Kind.RICHER, "crosses", N_("Crosses and squares of the columns"), {"degree": 2, "strength": 10.0}),
    ),
    "tree": (
        (Kind.SIMPLER, "depth", N_("Shallow tree (depth 4)"), {"max_depth": 4}),
        (Kind.SIMPLER, "leaves", N_("At least 20 rows in a leaf"), {"min_samples_leaf": 20}),
    ),
    "forest": (
        (Kind.SIMPLER, "leaves", N_("At least 10 rows in a leaf"), {"min_samples_leaf": 10}),
        (Kind.SIMPLER, "depth", N_("Shallow trees (depth 6)"), {"max_depth": 6}),
        (Kind.AVERAGED, "trees", N_("Twice as many trees"), {"n_estimators": 120}),
    ),
    "boosting": (
        (
            Kind.SIMPLER,
            "l2",
            N_("Penalty on large steps (L2) and fuller leaves"),
            {"l2_regularization": 50.0, "min_samples_leaf": 60},
        ),
        (Kind.SIMPLER, "small", N_("Small trees (5 leaves)"), {"max_leaf_nodes": 5}),
        (Kind.SIMPLER, "early", N_("Early stopping"), {"early_stopping": True, "max_iter": ROUNDS, "learning_rate": 0.1}),
        (Kind.RICHER, "richer", N_("Twice the rounds"), {"max_iter": ROUNDS}),
    ),
    "neighbours": (
        (Kind.SIMPLER, "more", N_("60 neighbours instead of 15"), {"n_neighbors": 60}),
        (Kind.RICHER, "fewer", N_("5 neighbours instead of 15"), {"n_neighbors": 5}),
        (Kind.RICHER, "nearer", N_("Near neighbours count more"), {"weights": "distance"}),
    ),
    "network": (
        (Kind.SIMPLER, "l2", N_("Penalty on large weights (L2)"), {"alpha": 1.0}),
        (Kind.SIMPLER, "early", N_("Early stopping"), {"early_stopping": True, "max_iter": 60}),
        (Kind.RICHER, "wider", N_("Two layers of 64 units"), {"width": 64, "depth": 2}),
        (Kind.RICHER, "longer", N_("Three times the epochs"), {"max_iter": 90}),
    ),
}
"""Per family: direction, key, label, and the settings that change."""


def _bagged(family: str) -> Any:
    def build(data: TrainingSet, seed: int) -> Any:
        from sklearn.ensemble import BaggingClassifier, BaggingRegressor

        made = BaggingClassifier if data.task is Task.CLASSIFICATION else BaggingRegressor
        return made(pipeline(data, family, seed=seed), n_estimators=BAGS, random_state=seed, n_jobs=1)

    return build


def _pruned(data: TrainingSet, seed: int) -> Any:
    return Pruned(data, seed)


class Pruned:
    """A tree pruned by cost complexity (Breiman et al. 1984, ch. 3): how far is chosen on a quarter of the training rows."""

    STEPS: Final = 12

    def __init__(self, data: TrainingSet, seed: int) -> None:
        self.data, self.seed = data, seed

    def fit(self, features: Any, truth: Any) -> Pruned:
        """Grow on three quarters, try up to `STEPS` strengths on the rest, and grow again on all with the best."""
        codes = np.asarray(truth)
        chosen = np.random.default_rng(self.seed).permutation(len(codes))
        held, grown = chosen[: len(codes) // 4], chosen[len(codes) // 4 :]
        full = pipeline(self.data, "tree", seed=self.seed).fit(features.iloc[grown], codes[grown])
        path = full[-1].cost_complexity_pruning_path(full[:-1].transform(features.iloc[grown]), codes[grown])
        alphas = np.unique(np.maximum(path.ccp_alphas, 0.0))
        strengths = alphas[np.unique(np.linspace(0, len(alphas) - 1, self.STEPS).astype(int))]
        scores = [self._tried(features, codes, grown, held, float(strength)) for strength in strengths]
        self.strength_ = float(strengths[int(np.argmax(scores))])
        self.tree_ = pipeline(self.data, "tree", seed=self.seed, ccp_alpha=self.strength_).fit(features, codes)
        if self.data.task is Task.CLASSIFICATION:
            self.classes_ = self.tree_.classes_
            self.predict_proba = self.tree_.predict_proba
        return self

    def _tried(self, features: Any, codes: Any, grown: Any, held: Any, strength: float) -> float:
        tree = pipeline(self.data, "tree", seed=self.seed, ccp_alpha=strength).fit(features.iloc[grown], codes[grown])
        if self.data.task is Task.REGRESSION:
            return -float(np.mean((tree.predict(features.iloc[held]) - codes[held]) ** 2))
        chances = np.clip(tree.predict_proba(features.iloc[held]), 1e-3, 1)
        index = {int(code): number for number, code in enumerate(tree.classes_)}
        known = np.array([index.get(int(code), -1) for code in codes[held]])
        return float(np.mean(np.log(np.where(known >= 0, chances[np.arange(len(held)), known], 1e-3))))

    def predict(self, features: Any) -> Any:
        """Codes or values, shape (n,)."""
        return self.tree_.predict(features)
