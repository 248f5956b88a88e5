"""A trained model as ONNX, with 8-bit weights, and distilled into a small tree."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.deployment.rows import as_inputs, with_preparation
from diagnostics.clinic.deployment.trees import OPSET, is_supported, trees_as_onnx
from diagnostics.clinic.shared.models import pipeline
from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.nouns.incident import Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import N_

DEPTH: Final = 6
"""Of the distilled tree: at most 64 leaves."""

Way = Callable[[Any, NDArray[np.float32], Task], bytes]
"""From a trained model, the rows as it sees them, and its task to an ONNX file of it alone."""

NOTHING: Final = N_("only the layers of a network have weights that 8 bits can hold")


UNKNOWN: Final = N_("no converter to ONNX knows this kind of model")


def export(model: Any, width: int) -> bytes:
    """The bare `model` (after its preparation) as ONNX: input "x", shape (n, width), 32 bits or 64.

    Raises NotApplicable where no converter knows it.
    """
    bare = getattr(model, "regressor_", model)
    try:
        if is_supported(bare):
            return trees_as_onnx(bare, width)
        from skl2onnx import convert_sklearn  # type: ignore[import-untyped]
        from skl2onnx.common.data_types import FloatTensorType  # type: ignore[import-untyped]

        options = {id(bare): {"zipmap": False}} if hasattr(bare, "classes_") else None
        given = [("x", FloatTensorType([None, width]))]
        return bytes(convert_sklearn(bare, initial_types=given, options=options, target_opset=OPSET).SerializeToString())
    except (ValueError, RuntimeError, NotImplementedError, TypeError) as error:
        raise NotApplicable(UNKNOWN) from error


def quantise(content: bytes) -> bytes:
    """The same with 8-bit weights (dynamic quantisation). Raises NotApplicable where nothing can be quantised."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    kinds = {node.op_type for node in onnx.load_from_string(content).graph.node}
    if not kinds & {"MatMul", "Gemm"} or "TopK" in kinds:
        raise NotApplicable(NOTHING)
    root = logging.getLogger()
    level = root.level
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "model.onnx", Path(folder) / "small.onnx"
        source.write_bytes(content)
        try:
            # It advises a step for pictures on the root logger, each time.
            root.setLevel(logging.ERROR)
            quantize_dynamic(source, made, weight_type=QuantType.QInt8)
        finally:
            root.setLevel(level)
        return made.read_bytes()


def session(content: bytes, *, threads: int = 1) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run_session(running: Any, rows: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Chances, shape (n, k), or values, shape (n, 1). rows: as `rows.as_inputs` gives them."""
    raw = running.run(None, dict(rows))[-1]
    return np.asarray(raw, dtype="float64")


class Served:
    """A pipeline that predicts with its ONNX file, from raw rows.

    way: makes the bytes of an ONNX file from (model, prepared rows, task).
    """

    def __init__(self, inner: Any, way: Way, data: TrainingSet) -> None:
        self.inner, self.way, self.data = inner, way, data

    def fit(self, features: Any, truth: Any) -> Served:
        self.inner.fit(features, truth)
        self.classes_ = getattr(self.inner[-1], "classes_", None)
        self.running = session(as_file(self.inner, self.way, features, self.data))
        return self

    def predict(self, features: Any) -> Any:
        if self.classes_ is not None:
            return np.asarray(self.classes_)[self.predict_proba(features).argmax(axis=1)]
        return run_session(self.running, as_inputs(features, self.data)).ravel()

    def predict_proba(self, features: Any) -> Any:
        raw = np.clip(run_session(self.running, as_inputs(features, self.data)), 0.0, 1.0)
        if raw.ndim == 1 or raw.shape[1] == 1:
            raw = np.column_stack([1 - raw.ravel(), raw.ravel()])
        return raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-12)


def as_file(fitted: Any, way: Way, features: Any, data: TrainingSet) -> bytes:
    """The ONNX file of a fitted pipeline, from raw rows to predictions. Raises NotApplicable as `way` does."""
    return with_preparation(fitted, way(fitted[-1], prepare_rows(fitted, features), data.task), data)


def prepare_rows(fitted: Any, features: Any) -> NDArray[np.float32]:
    """The rows as the fitted pipeline's model sees them."""
    return np.asarray(fitted[:-1].transform(features), dtype="float32")


def as_onnx(model: Any, matrix: NDArray[np.float32], task: Task) -> bytes:
    return export(model, matrix.shape[1])


def as_quantised(model: Any, matrix: NDArray[np.float32], task: Task) -> bytes:
    return quantise(export(model, matrix.shape[1]))


def as_distilled(model: Any, matrix: NDArray[np.float32], task: Task) -> bytes:
    """A tree trained on the model's predictions instead of the labels (Buciluă et al. 2006, doi:10.1145/1150402.1150464)."""
    from sklearn.tree import DecisionTreeRegressor

    bare = getattr(model, "regressor_", model)
    raw = bare.predict_proba(matrix) if task is Task.CLASSIFICATION else bare.predict(matrix)
    student = DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=5, random_state=0)
    # A matrix with gaps is learnt from as it is: trees send a gap to the better side.
    student.fit(matrix, np.asarray(raw))
    return export(student, matrix.shape[1])


def build_served(family: str, way: Way) -> Callable[[TrainingSet, int], Any]:
    return lambda data, seed: Served(pipeline(data, family, seed=seed), way, data)
