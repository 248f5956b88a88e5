"""What can be done about a rare class: weights, other rows, synthetic rows, another limit, other models. All inside the folds."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.clinic.shared.compare import Remedy
from diagnostics.clinic.shared.models import pipeline, preparation
from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import N_

HELD: Final = 4
"""One in so many training rows chooses the threshold."""

LEAST_HELD: Final = 15
"""Rare rows that must be among those; with fewer, the threshold follows from the costs alone."""


def before(family: str) -> Remedy:
    """Nothing done."""
    return Remedy(name="nothing", says=N_("Nothing done"), build=lambda data, seed: pipeline(data, family, seed=seed))


def remedies(family: str, cost: float, neighbours: int) -> tuple[Remedy, ...]:
    """cost: false alarms that a miss is worth. neighbours: of SMOTE, before it is capped by what the class allows."""
    found = [
        Remedy(
            name="weights", says=N_("Class weights"), build=lambda data, seed: pipeline(data, family, seed=seed, balanced=True)
        ),
        Remedy(
            name="over",
            says=N_("Rare rows repeated (oversampling)"),
            build=lambda data, seed: Resampled(data, family, "over", seed),
        ),
        Remedy(
            name="under",
            says=N_("Common rows dropped (undersampling)"),
            build=lambda data, seed: Resampled(data, family, "under", seed),
        ),
        Remedy(
            name="smote",
            says=N_("Synthetic rare rows (SMOTE)"),
            build=lambda data, seed: Resampled(data, family, "smote", seed, neighbours=neighbours),
        ),
        Remedy(name="threshold", says=N_("Threshold moved"), build=lambda data, seed: Thresholded(data, family, cost, seed)),
        Remedy(name="balanced_forest", says=N_("Balanced random forest"), build=_balanced_forest),
        Remedy(
            name="isolation", says=N_("Isolation forest (never sees the classes)"), build=lambda data, seed: Isolated(data, seed)
        ),
    ]
    if family in ("neighbours", "network"):
        # These cannot weigh rows.
        found = [remedy for remedy in found if remedy.name != "weights"]
    return tuple(found)


def _balanced_forest(data: TrainingSet, seed: int) -> Any:
    from imblearn.ensemble import BalancedRandomForestClassifier
    from sklearn.pipeline import Pipeline

    forest = BalancedRandomForestClassifier(
        n_estimators=60,
        min_samples_leaf=3,
        sampling_strategy="all",
        replacement=True,
        bootstrap=False,
        random_state=seed,
        n_jobs=1,
    )
    return Pipeline([("prepare", preparation(data, scaled=False)), ("model", forest)])


class Resampled:
    """The family's pipeline, trained on rows that are resampled first; only ever the rows that it is given to train on."""

    def __init__(self, data: TrainingSet, family: str, how: str, seed: int, *, neighbours: int = 5) -> None:
        self.data, self.family, self.how, self.seed, self.neighbours = data, family, how, seed, neighbours

    def fit(self, features: pd.DataFrame, truth: NDArray[np.generic]) -> Resampled:
        """Raises NotApplicable where the rare class has too few rows for neighbours."""
        codes = np.asarray(truth, dtype="int64")
        made, codes = resampled(self.data, features, codes, self.how, self.seed, neighbours=self.neighbours)
        self.model_ = pipeline(self.data, self.family, seed=self.seed).fit(made, codes)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, features: pd.DataFrame) -> Any:
        """Codes, shape (n,)."""
        return self.model_.predict(features)

    def predict_proba(self, features: pd.DataFrame) -> Any:
        """Shape (n, 2)."""
        return self.model_.predict_proba(features)


def resampled(
    data: TrainingSet, features: pd.DataFrame, codes: NDArray[np.int64], how: str, seed: int, *, neighbours: int = 5
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """As many rows of both classes: "over" repeats, "under" drops, "smote" adds synthetic rows at the end."""
    rng = np.random.default_rng((seed, 11))
    counts = np.bincount(codes, minlength=2)
    rare, common = int(counts.argmin()), int(counts.argmax())
    if how == "smote":
        extra = synthetic(data, features, codes, seed=seed, neighbours=neighbours)
        return pd.concat([features, extra], ignore_index=True), np.concatenate([codes, np.full(len(extra), rare)])
    of_rare, of_common = np.flatnonzero(codes == rare), np.flatnonzero(codes == common)
    if how == "over":
        chosen = np.concatenate([np.arange(len(codes)), rng.choice(of_rare, len(of_common) - len(of_rare))])
    else:
        chosen = np.sort(np.concatenate([of_rare, rng.choice(of_common, len(of_rare), replace=False)]))
    return features.iloc[chosen], codes[chosen]


def allowed(rows: int, neighbours: int) -> int:
    """Neighbours that a class of `rows` rows allows: each row needs so many others of its class. 0 where there is none."""
    return max(0, min(neighbours, rows - 1))


def synthetic(
    data: TrainingSet,
    features: pd.DataFrame,
    codes: NDArray[np.int64],
    *,
    seed: int,
    neighbours: int = 5,
    wanted: int | None = None,
) -> pd.DataFrame:
    """Synthetic rows of the rarer class, shape (wanted or as many as it lacks, columns), between a row and one of its neighbours.

    SMOTE (Chawla et al. 2002, doi:10.1613/jair.953) on numbers alone, SMOTENC where there are categories, SMOTEN where there are
    only those. Missing numbers become the median and missing categories a level of their own first. Raises NotApplicable where
    the class has fewer than two rows.
    """
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    counts = np.bincount(codes, minlength=2)
    rare, common = int(counts.argmin()), int(counts.max())
    near = allowed(int(counts[rare]), neighbours)
    missing = common - int(counts[rare]) if wanted is None else wanted
    if near < 1:
        raise NotApplicable(N_("SMOTE needs at least two rows of the rare class in every training part."), needs="reference")
    if missing <= 0:
        return features.iloc[:0]
    whole = complete(data, features)
    aim = {rare: int(counts[rare]) + missing}
    if not data.categories:
        spread = whole.std().replace(0.0, 1.0).fillna(1.0)
        # Distances weigh all columns equally only where all have the same spread.
        made = SMOTE(sampling_strategy=aim, k_neighbors=near, random_state=seed).fit_resample((whole / spread).to_numpy(), codes)[
            0
        ]
        extra = pd.DataFrame(made[len(codes) :], columns=whole.columns) * spread
    elif not data.numbers:
        extra = (
            SMOTEN(sampling_strategy=aim, k_neighbors=near, random_state=seed).fit_resample(whole, codes)[0].iloc[len(codes) :]
        )
    else:
        places = [whole.columns.get_loc(name) for name in data.categories]
        numbers = list(data.numbers)
        spread = whole[numbers].std().replace(0.0, 1.0).fillna(1.0)
        scaled = whole.copy()
        scaled[numbers] = whole[numbers] / spread
        smote = SMOTENC(categorical_features=places, sampling_strategy=aim, k_neighbors=near, random_state=seed)
        extra = smote.fit_resample(scaled, codes)[0].iloc[len(codes) :].copy()
        extra[numbers] = extra[numbers].astype("float64") * spread
    for name in data.categories:
        extra[name] = extra[name].astype(object).where(extra[name] != MISSING, None)
    return extra.reset_index(drop=True)[list(features.columns)]


MISSING: Final = "\x00missing"
"""Stands for a missing category while rows are synthesised; no level of a file can be it, as NUL is never read."""


def complete(data: TrainingSet, features: pd.DataFrame) -> pd.DataFrame:
    """`features` without missing values: medians of these very rows, and a level of its own."""
    made = {}
    for name in features.columns:
        values = features[name]
        if name in data.categories:
            made[name] = values.astype(object).where(values.notna(), MISSING)
        else:
            middle = values.median()
            made[name] = values.fillna(0.0 if np.isnan(middle) else middle)
    frame = pd.DataFrame(made)
    frame.columns = features.columns
    return frame


class Thresholded:
    """The plain model, with the threshold of the rare class moved to where misses and false alarms cost least."""

    decides: Final = True

    def __init__(self, data: TrainingSet, family: str, cost: float, seed: int) -> None:
        self.data, self.family, self.cost, self.seed = data, family, cost, seed

    def fit(self, features: pd.DataFrame, truth: NDArray[np.generic]) -> Thresholded:
        """A quarter of the training rows chooses the threshold for a model of the rest; then all train the final model."""
        codes = np.asarray(truth, dtype="int64")
        order = np.random.default_rng((self.seed, 13)).permutation(len(codes))
        held, rest = order[: len(codes) // HELD], order[len(codes) // HELD :]
        # The best limit for chances that hold (Elkan 2001, The foundations of cost-sensitive learning, IJCAI, eq. 2).
        self.limit_ = 1 / (1 + self.cost)
        if int((codes[held] == 1).sum()) >= LEAST_HELD and len(np.unique(codes[rest])) == 2:
            part = pipeline(self.data, self.family, seed=self.seed).fit(features.iloc[rest], codes[rest])
            self.limit_ = cheapest(codes[held], part.predict_proba(features.iloc[held])[:, 1], self.cost)
        self.model_ = pipeline(self.data, self.family, seed=self.seed).fit(features, codes)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, features: pd.DataFrame) -> Any:
        """Shape (n, 2); those of the plain model."""
        return self.model_.predict_proba(features)

    def predict(self, features: pd.DataFrame) -> Any:
        """Codes, shape (n,)."""
        return (self.predict_proba(features)[:, 1] >= self.limit_).astype("int64")


def cheapest(codes: NDArray[np.int64], chances: NDArray[np.float64], cost: float) -> float:
    """The limit at which misses times `cost` plus false alarms are fewest; the middle of all that are as good."""
    order = np.argsort(-chances, kind="stable")
    hits = (codes[order] == 1).astype("float64")
    total = hits.sum()
    costs = np.concatenate([[cost * total], cost * (total - np.cumsum(hits)) + np.cumsum(1 - hits)])
    ranked = chances[order]
    # Equal chances fall on the same side: only between different ones can a limit stand.
    edges = np.concatenate([[True], ranked[:-1] > ranked[1:], [True]])
    costs = np.where(edges, costs, np.inf)
    best = np.flatnonzero(costs <= costs.min() + 1e-9)
    index = int(best[len(best) // 2])
    above = float(ranked[index - 1]) if index else 1.0
    below = float(ranked[index]) if index < len(ranked) else 0.0
    return (above + below) / 2


class Isolated:
    """Isolation forest (Liu et al. 2008, doi:10.1109/ICDM.2008.17): how easily a row is set apart from all others. It names as
    many rows as the rare class has.
    """

    decides: Final = True

    def __init__(self, data: TrainingSet, seed: int) -> None:
        self.data, self.seed = data, seed

    def fit(self, features: pd.DataFrame, truth: NDArray[np.generic]) -> Isolated:
        """`truth` is used for nothing but the share of the rare class."""
        from sklearn.ensemble import IsolationForest
        from sklearn.pipeline import Pipeline

        forest = IsolationForest(n_estimators=100, max_samples=256, random_state=self.seed, n_jobs=1)
        self.model_ = Pipeline([("prepare", preparation(self.data, scaled=True)), ("model", forest)]).fit(features)
        odd = -self.model_.score_samples(features)
        self.limit_ = float(np.quantile(odd, 1 - float(np.mean(np.asarray(truth) == 1))))
        self.spread_ = max(float(np.std(odd)), 1e-9)
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, features: pd.DataFrame) -> Any:
        """Shape (n, 2): how odd a row is, squeezed between 0 and 1; a ranking rather than a chance."""
        chance = 1 / (1 + np.exp(-(-self.model_.score_samples(features) - self.limit_) / self.spread_))
        return np.column_stack([1 - chance, chance])

    def predict(self, features: pd.DataFrame) -> Any:
        """Codes, shape (n,)."""
        return (self.predict_proba(features)[:, 1] > 0.5).astype("int64")
