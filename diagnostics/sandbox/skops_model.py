"""skops in the confined process: only types that skops itself trusts, and the answers of the estimator."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from diagnostics.sandbox.refused import Refused
from diagnostics.sandbox.wire import Frame

TRUSTED: Final = (
    "numpy.dtype",
    "scipy.interpolate._bsplines.BSpline",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.feature_selection._univariate_selection.f_regression",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.multiclass._ConstantPredictor",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
)
"""Parts of fitted estimators that skops leaves to its user to trust: they hold numbers, and start nothing when they are built.

They are what `skops.io.get_untrusted_types` names for scikit-learn's own estimators, less functions that call others.
"""

UNPACKED: Final = 2**29
FILES: Final = 10_000


def libraries() -> None:
    import pandas as pd  # noqa: F401
    import skops.io  # noqa: F401


@dataclass(frozen=True)
class Skops:
    model: Any
    description: dict[str, object]

    def answer(self, rows: Frame) -> Frame:
        import pandas as pd

        names = [str(name) for name in rows.meta["columns"]]
        columns = [pd.Series(rows.arrays[f"c{i}"]) if f"c{i}" in rows.arrays else _words(rows, i) for i in range(len(names))]
        frame = pd.concat(columns, axis=1) if columns else pd.DataFrame()
        frame.columns = pd.Index(names)
        complete = frame.notna().all(axis=1).to_numpy()
        try:
            return self._tell(frame)
        except ValueError as error:
            if "NaN" not in str(error) or complete.all() or not complete.any():
                raise
        # Where the model takes no missing value, whole rows still get their answers.
        told = self._tell(frame[complete])
        arrays, texts = {}, {}
        for name, values in told.arrays.items():
            arrays[name] = np.full((len(frame), *values.shape[1:]), np.nan)
            arrays[name][complete] = values
        for name, words in told.texts.items():
            rest = iter(words)
            texts[name] = [next(rest) if whole else None for whole in complete.tolist()]
        return Frame(told.meta, arrays, texts)

    def facts(self) -> dict[str, object]:
        return {}

    def shrink(self, way: str, rows: Frame) -> Frame:
        raise Refused("whole")

    def _tell(self, frame: Any) -> Frame:
        given = frame if self.description["features"] else frame.to_numpy("float64")
        told = np.asarray(self.model.predict(given))
        if told.shape != (len(frame),):
            told = told.reshape(told.shape[0], -1)[:, 0]
        classes = getattr(self.model, "classes_", None)
        texts, arrays = {}, {}
        if classes is not None or told.dtype.kind not in "fiu":
            texts["labels"] = [str(word) for word in told.tolist()]
            if hasattr(self.model, "predict_proba"):
                arrays["scores"] = np.asarray(self.model.predict_proba(given), dtype="float64")
        else:
            arrays["scores"] = told.astype("float64")[:, None]
        return Frame({"classes": [] if classes is None else [str(c) for c in np.asarray(classes).tolist()]}, arrays, texts)


def look(content: bytes) -> None:
    """Raises Refused for what is no archive, or one that unpacks to too much, before anything large is loaded."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise Refused("damaged") from error
    size = sum(entry.file_size for entry in entries)
    if len(entries) > FILES or size > UNPACKED:
        raise Refused("bomb", size=size, files=len(entries))
    if "schema.json" not in {entry.filename for entry in entries}:
        raise Refused("damaged")


def load(content: bytes) -> Skops:
    """Raises Refused for an archive that asks for types that nobody trusts, or that holds no model. After `look`."""
    import skops.io

    unknown = [name for name in skops.io.get_untrusted_types(data=content) if name not in TRUSTED]
    if unknown:
        raise Refused("untrusted", types=[str(name)[:100] for name in unknown[:20]])
    model = skops.io.loads(content, trusted=list(TRUSTED))
    if not hasattr(model, "predict"):
        raise Refused("nothing", type=type(model).__name__[:100])
    names = [str(name) for name in getattr(model, "feature_names_in_", [])]
    width = int(getattr(model, "n_features_in_", 0)) or None
    inputs = [{"name": "X", "type": "frame", "width": len(names) or width}]
    classes = [str(c) for c in np.asarray(getattr(model, "classes_", [])).tolist()]
    more = {"inputs": inputs, "features": names, "classes": classes, "scalers": _scalers(model, names)}
    return Skops(model, {"format": "skops", "producer": "scikit-learn", "opset": 0} | more)


def _words(rows: Frame, place: int) -> Any:
    import pandas as pd

    return pd.Series(list(rows.texts[f"c{place}"]), dtype="str")


def _scalers(model: Any, names: list[str]) -> list[dict[str, object]]:
    """Standard scalers that see the table's own columns, found in pipelines and column transformers."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    found: list[dict[str, object]] = []

    def look(step: Any, columns: list[str]) -> None:
        if isinstance(step, StandardScaler) and step.mean_ is not None and step.scale_ is not None:
            if len(columns) == len(step.mean_):
                found.append({"inputs": columns, "mean": step.mean_.tolist(), "scale": step.scale_.tolist()})
        elif isinstance(step, Pipeline):
            for _, inner in step.steps:
                look(inner, columns)
                if not _keeps_columns(inner):
                    break
        elif isinstance(step, ColumnTransformer):
            for _, inner, chosen in step.transformers_:
                if isinstance(chosen, list) and all(isinstance(name, str) for name in chosen):
                    look(inner, chosen)
                elif isinstance(chosen, list) and columns and all(isinstance(i, int) and i < len(columns) for i in chosen):
                    look(inner, [columns[i] for i in chosen])

    look(model, names)
    return found


def _keeps_columns(step: Any) -> bool:
    """Whether what follows a step still sees the table's columns in its units."""
    from sklearn.impute import SimpleImputer

    return isinstance(step, SimpleImputer)
