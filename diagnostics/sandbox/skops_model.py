"""skops in the confined process: only types that skops itself trusts, and the answers of the estimator."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from diagnostics.sandbox.refused import Refused
from diagnostics.sandbox.wire import Frame

UNPACKED: Final = 2**29
FILES: Final = 10_000


def libraries() -> None:
    import pandas as pd
    import sklearn.ensemble
    import skops.io  # noqa: F401

    del pd, sklearn


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


def load(content: bytes) -> Skops:
    """Raises Refused for an archive that is none, that unpacks to too much, or that asks for types which skops does not trust."""
    import skops.io

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
    unknown = skops.io.get_untrusted_types(data=content)
    if unknown:
        raise Refused("untrusted", types=[str(name)[:100] for name in unknown[:20]])
    model = skops.io.loads(content, trusted=[])
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
