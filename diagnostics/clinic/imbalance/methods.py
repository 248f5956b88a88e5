"""Further ways to even out a rare class, each with when it helps: by imbalanced-learn, on any table, training rows only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.clinic.imbalance.remedies import MISSING, Resampled, allowed, complete, synthetic
from diagnostics.clinic.shared.compare import Remedy
from diagnostics.clinic.shared.models import pipeline, preparation
from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import N_


@dataclass(frozen=True)
class Method:
    """says: its name; when: when it helps; adds: whether it makes rows; both message ids."""

    says: str
    when: str
    adds: bool


SAMPLERS: Final[Mapping[str, Method]] = {
    "adasyn": Method(
        N_("Synthetic rows where they are hard to tell (ADASYN)"),
        N_("The rare class lies in several places, some deep among the common one; not with wrong labels."),
        True,
    ),
    "borderline": Method(
        N_("Synthetic rows along the border (Borderline-SMOTE)"),
        N_("Most rare rows are clear, and mistakes happen where the classes touch."),
        True,
    ),
    "svm": Method(
        N_("Synthetic rows beside support vectors (SVM-SMOTE)"),
        N_("The classes touch along one smooth border, and there are few thousand rows at most: it is slow on more."),
        True,
    ),
    "kmeans": Method(
        N_("Synthetic rows inside clusters (K-means-SMOTE)"),
        N_("The rare class forms groups; plain SMOTE would draw rows between them, where there are none."),
        True,
    ),
    "tomek": Method(
        N_("Common rows that touch a rare one dropped (Tomek links)"),
        N_("A few common rows lie right beside rare ones by noise; it tidies the border and evens nothing."),
        False,
    ),
    "enn": Method(
        N_("Common rows that their neighbours contradict dropped (ENN)"),
        N_("Labels are noisy or the classes overlap widely; it drops more than Tomek links."),
        False,
    ),
    "nearmiss": Method(
        N_("Common rows nearest to the rare ones kept (NearMiss)"),
        N_("The common class is huge and much of it far away; risky with noise, for it keeps the hardest rows alone."),
        False,
    ),
    "smote_enn": Method(
        N_("SMOTE, then ENN on both classes (SMOTEENN)"),
        N_("Few rare rows and noisy labels: what was made in the wrong place is taken out again."),
        True,
    ),
    "smote_tomek": Method(
        N_("SMOTE, then Tomek links taken out (SMOTETomek)"),
        N_("Few rare rows and a border that should be clean; gentler than SMOTEENN."),
        True,
    ),
}
ENSEMBLES: Final[Mapping[str, Method]] = {
    "easy": Method(
        N_("Many AdaBoosts on even samples (EasyEnsemble)"),
        N_("Plenty of common rows that undersampling would waste: each model sees others of them."),
        False,
    ),
    "rusboost": Method(
        N_("Boosting on even samples (RUSBoost)"),
        N_("As EasyEnsemble, faster, with one sequence of small trees; it suffers from wrong labels."),
        False,
    ),
    "bagging": Method(
        N_("Bagging on even samples (balanced bagging)"),
        N_("The model itself is good and the rare class not too rare; the chances are averaged and ranks get steadier."),
        False,
    ),
}
METHODS: Final[Mapping[str, Method]] = {**SAMPLERS, **ENSEMBLES}


def further(family: str, neighbours: int) -> tuple[Remedy, ...]:
    """All of them, for the model `family`."""

    def sampled(name: str) -> Remedy:
        return Remedy(
            name=name,
            says=METHODS[name].says,
            build=lambda data, seed: ResampledFurther(data, family, name, seed, neighbours=neighbours),
        )

    def grown(name: str) -> Remedy:
        return Remedy(name=name, says=METHODS[name].says, build=lambda data, seed: _ensemble(data, name, seed))

    return (*map(sampled, SAMPLERS), *map(grown, ENSEMBLES))


class ResampledFurther(Resampled):
    """As `Resampled`, by one of SAMPLERS."""

    def fit(self, features: pd.DataFrame, truth: NDArray[np.generic]) -> ResampledFurther:
        """Raises NotApplicable where the rows do not allow it."""
        codes = np.asarray(truth, dtype="int64")
        made, codes = sampled_rows(self.data, features, codes, self.how, self.seed, neighbours=self.neighbours)
        self.model_ = pipeline(self.data, self.family, seed=self.seed).fit(made, codes)
        self.classes_ = self.model_.classes_
        return self


def sampled_rows(
    data: TrainingSet, features: pd.DataFrame, codes: NDArray[np.int64], how: str, seed: int, *, neighbours: int = 5
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Rows after sampling by `how`, one of SAMPLERS: those kept, in their order, and after them those that were made.

    Raises NotApplicable, with the reason, where the rows do not allow it.
    """
    extra, kept = changes(data, features, codes, how, seed, neighbours=neighbours)
    rare = int(np.bincount(codes, minlength=2).argmin())
    frame = pd.concat([features.iloc[kept], extra], ignore_index=True) if len(extra) else features.iloc[kept]
    return frame, np.concatenate([codes[kept], np.full(len(extra), rare)])


def changes(
    data: TrainingSet, features: pd.DataFrame, codes: NDArray[np.int64], how: str, seed: int, *, neighbours: int = 5
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Rows that are made, and numbers of the rows that are kept."""
    rare = int(np.bincount(codes, minlength=2).argmin())
    space = _Space(data, features)
    points = space.points(features)
    every = np.arange(len(codes))
    try:
        if how in ("smote_enn", "smote_tomek"):
            extra = synthetic(data, features, codes, seed=seed, neighbours=neighbours)
            both = np.vstack([points, space.points(extra)]) if len(extra) else points
            labels = np.concatenate([codes, np.full(len(extra), rare)])
            kept = _Cleaner("enn" if how == "smote_enn" else "tomek", "all").fit(both, labels)
            chosen = np.sort(kept)
            return extra.iloc[chosen[chosen >= len(codes)] - len(codes)].reset_index(drop=True), chosen[chosen < len(codes)]
        if how in ("tomek", "enn", "nearmiss"):
            return features.iloc[:0], np.sort(_Cleaner(how, "auto").fit(points, codes))
        near = allowed(int((codes == rare).sum()), neighbours)
        if near < 1:
            raise NotApplicable(N_("it needs at least two rows of the rare class in every training part"), needs="reference")
        made, _ = _maker(how, near, seed).fit_resample(points, codes)
        return space.rows(made[len(codes) :], features), every
    except (ValueError, RuntimeError) as error:
        # Each of them refuses rows that have no border, no cluster, or nothing left; its own words say which.
        said = (str(error).splitlines() or [""])[0][:160]
        raise NotApplicable(N_("these rows do not allow it ({error})"), needs="reference", error=said) from error


def _maker(how: str, near: int, seed: int) -> Any:
    """He et al. 2008 (ADASYN), Han et al. 2005 (Borderline), Nguyen et al. 2011 (SVM), Douzas et al. 2018 (K-means)."""
    from imblearn.over_sampling import ADASYN, SVMSMOTE, BorderlineSMOTE, KMeansSMOTE
    from sklearn.cluster import MiniBatchKMeans

    if how == "adasyn":
        return ADASYN(n_neighbors=near, random_state=seed)
    if how == "borderline":
        return BorderlineSMOTE(k_neighbors=near, m_neighbors=2 * near, random_state=seed)
    if how == "svm":
        return SVMSMOTE(k_neighbors=near, m_neighbors=2 * near, random_state=seed)
    clusters = MiniBatchKMeans(n_clusters=8, n_init=1, random_state=seed)
    return KMeansSMOTE(k_neighbors=min(near, 2), kmeans_estimator=clusters, cluster_balance_threshold=0.02, random_state=seed)


class _Cleaner:
    """Numbers of the rows that Tomek 1976, Wilson 1972 or Mani and Zhang 2003 keep."""

    def __init__(self, how: str, which: str) -> None:
        self.how, self.which = how, which

    def fit(self, points: NDArray[np.float64], codes: NDArray[np.int64]) -> NDArray[np.int64]:
        from imblearn.under_sampling import EditedNearestNeighbours, NearMiss, TomekLinks

        makers = {
            "tomek": lambda: TomekLinks(sampling_strategy=self.which),
            "enn": lambda: EditedNearestNeighbours(sampling_strategy=self.which, kind_sel="mode"),
            "nearmiss": lambda: NearMiss(version=1),
        }
        cleaner = makers[self.how]()
        cleaner.fit_resample(points, codes)
        return np.asarray(cleaner.sample_indices_, dtype="int64")


class _Space:
    """Where distances are measured: numbers by their spread, each level of a category as a coordinate; and the way back."""

    def __init__(self, data: TrainingSet, features: pd.DataFrame) -> None:
        self.data = data
        whole = complete(data, features)
        self.numbers = list(data.numbers)
        self.middle = whole[self.numbers].mean() if self.numbers else pd.Series(dtype="float64")
        self.spread = whole[self.numbers].std().replace(0.0, 1.0).fillna(1.0) if self.numbers else pd.Series(dtype="float64")
        self.levels = {name: list(whole[name].value_counts().index[:LEVELS]) for name in data.categories}

    def points(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """Shape (n, numbers and levels)."""
        whole = complete(self.data, features)
        parts = [((whole[self.numbers] - self.middle) / self.spread).to_numpy("float64")] if self.numbers else []
        for name, levels in self.levels.items():
            values = whole[name].to_numpy(object)
            parts.append(np.column_stack([(values == level).astype("float64") for level in levels]))
        return np.hstack(parts)

    def rows(self, points: NDArray[np.float64], like: pd.DataFrame) -> pd.DataFrame:
        """Rows at these points; a level is the one whose coordinate is largest."""
        made: dict[str, Any] = {}
        width = len(self.numbers)
        for place, name in enumerate(self.numbers):
            made[name] = points[:, place] * self.spread[name] + self.middle[name]
        for name, levels in self.levels.items():
            part = points[:, width : width + len(levels)]
            chosen = np.array(levels, dtype=object)[part.argmax(axis=1)] if len(points) else np.empty(0, dtype=object)
            made[name] = [None if level == MISSING else level for level in chosen]
            width += len(levels)
        return pd.DataFrame(made, columns=list(like.columns))


LEVELS: Final = 30
"""Levels of a category that count for distances, the most frequent."""


def _ensemble(data: TrainingSet, name: str, seed: int) -> Any:
    """Liu et al. 2009 (EasyEnsemble), Seiffert et al. 2010 (RUSBoost), balanced bagging (Wallace et al. 2011)."""
    from imblearn.ensemble import BalancedBaggingClassifier, EasyEnsembleClassifier, RUSBoostClassifier
    from sklearn.ensemble import AdaBoostClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.tree import DecisionTreeClassifier

    stump = DecisionTreeClassifier(max_depth=2, random_state=seed)
    makers = {
        "easy": lambda: EasyEnsembleClassifier(
            n_estimators=8, estimator=AdaBoostClassifier(n_estimators=10, random_state=seed), random_state=seed, n_jobs=1
        ),
        "rusboost": lambda: RUSBoostClassifier(estimator=stump, n_estimators=30, random_state=seed),
        "bagging": lambda: BalancedBaggingClassifier(
            estimator=DecisionTreeClassifier(min_samples_leaf=3, random_state=seed), n_estimators=20, random_state=seed, n_jobs=1
        ),
    }
    return Pipeline([("prepare", preparation(data, scaled=False)), ("model", makers[name]())])
