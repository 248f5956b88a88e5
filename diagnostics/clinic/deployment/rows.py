"""From raw rows to numbers inside an ONNX file: gaps filled, numbers scaled, words encoded, then the model's own graph.

Written node by node: skl2onnx cannot write an imputer that marks its gaps, nor a category that is missing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.clinic.deployment.trees import OPSET
from diagnostics.clinic.shared.training_set import TrainingSet

GAP: Final = ""
"""What a missing word is in the file's inputs."""

VERSION: Final = 8
"""Of the file format: what runtimes since 2022 read."""


def with_preparation(fitted: Any, content: bytes, data: TrainingSet) -> bytes:
    """The ONNX file that takes raw rows. fitted: a trained pipeline of `models.pipeline`; content: its model alone, input "x".

    One input for each column, under its name, shape (n, 1): 64-bit numbers (NaN where missing, times as seconds since 1970), or
    text ("" where missing). One output: "chances", shape (n, classes), or "value", shape (n, 1). The metadata `classes` names the
    columns of the chances.
    """
    import onnx
    from onnx import TensorProto, compose, helper

    names = [str(name) for name in data.features.columns]
    # No column's name may be that of a value inside.
    mark = "inner"
    while any(name.startswith(mark) for name in names):
        mark += "_"
    inner = compose.add_prefix(onnx.load_from_string(content), f"{mark}/")
    writer = _Writer(mark)
    ready = writer.prepare(fitted[0])
    taken = inner.graph.input[0].type.tensor_type.elem_type
    writer.nodes.append(helper.make_node("Cast", [ready], [f"{mark}/x"], to=taken))
    answer = inner.graph.output[-1].name
    last = "chances" if data.classes else "value"
    while last in names:
        last += "_"
    scaler = getattr(fitted[-1], "transformer_", None)
    nodes = [*writer.nodes, *inner.graph.node]
    if scaler is None:
        nodes.append(helper.make_node("Identity", [answer], [last]))
    else:
        spread = writer.constant("spread", np.asarray(scaler.scale_, dtype="float32"))
        mean = writer.constant("mean", np.asarray(scaler.mean_, dtype="float32"))
        flat = writer.constant("flat", np.array([-1, 1], dtype="int64"))
        nodes += [
            helper.make_node("Reshape", [answer, flat], [f"{mark}/column"]),
            helper.make_node("Mul", [f"{mark}/column", spread], [f"{mark}/spread out"]),
            helper.make_node("Add", [f"{mark}/spread out", mean], [last]),
        ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.STRING if name in data.categories else TensorProto.DOUBLE, [None, 1])
        for name in names
    ]
    graph = helper.make_graph(
        _needed(nodes, last),
        "model",
        inputs,
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, [None, len(data.classes) or 1])],
        [*writer.constants, *inner.graph.initializer],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSET.items()]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=VERSION)
    if data.classes:
        made.metadata_props.add(key="classes", value=json.dumps(list(data.classes)))
    return bytes(made.SerializeToString(deterministic=True))


def as_inputs(features: pd.DataFrame, data: TrainingSet) -> dict[str, NDArray[Any]]:
    """The rows as the file's inputs, each of shape (n, 1)."""
    made: dict[str, NDArray[Any]] = {}
    for name in features.columns:
        values = features[name]
        if name in data.categories:
            made[str(name)] = np.array([GAP if word is None or word != word else str(word) for word in values], object)[:, None]
        else:
            made[str(name)] = values.to_numpy("float64")[:, None]
    return made


def _needed(nodes: Sequence[Any], last: str) -> list[Any]:
    """The nodes that the output depends on; converters also write the label, which is not needed."""
    wanted, kept = {last}, list[Any]()
    for node in reversed(nodes):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= set(node.input)
    kept.reverse()
    return kept


class _Writer:
    """Nodes and constants of the preparation, in 64 bits. mark: what their names begin with."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(values, f"{self.mark}/{name}"))
        return f"{self.mark}/{name}"

    def node(self, kind: str, inputs: Sequence[str], name: str, **settings: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, list(inputs), [f"{self.mark}/{name}"], **settings))
        return f"{self.mark}/{name}"

    def prepare(self, fitted: Any) -> str:
        """Name of the matrix that `fitted`, the ColumnTransformer of `models.preparation`, makes."""
        from sklearn.preprocessing import OrdinalEncoder

        parts: list[str] = []
        for name, part, columns in fitted.transformers_:
            columns = [str(column) for column in columns]
            if name == "numbers" and columns:
                parts += self._numbers(part, columns)
            elif name == "categories" and columns:
                encode = self._codes if isinstance(part, OrdinalEncoder) else self._spread
                parts += [encode(part, index, column) for index, column in enumerate(columns)]
        return self.node("Concat", parts, "prepared", axis=1) if len(parts) > 1 else parts[0]

    def _numbers(self, part: Any, columns: Sequence[str]) -> list[str]:
        from onnx import TensorProto

        given = self.node("Concat", columns, "numbers", axis=1) if len(columns) > 1 else columns[0]
        none = self.constant("none", np.array(np.nan))
        # As in training, where an infinite value counts as a missing one.
        given = self.node("Where", [self.node("IsInf", [given], "endless"), none, given], "finite")
        if not hasattr(part, "steps"):
            return [given]
        imputer, scaler = part[0], part[-1]
        missing = self.node("IsNaN", [given], "missing")
        middle = np.asarray(imputer.statistics_, dtype="float64")
        filled = self.node("Where", [missing, self.constant("medians", middle[None, :]), given], "filled")
        # A column without a single value in training was dropped there.
        known = self.constant("known", np.flatnonzero(np.isfinite(middle)).astype("int64"))
        matrix = self.node("Gather", [filled, known], "known values", axis=1)
        marked = np.asarray(imputer.indicator_.features_, dtype="int64")
        if marked.size:
            gaps = self.node("Cast", [missing], "gaps", to=TensorProto.DOUBLE)
            marks = self.node("Gather", [gaps, self.constant("marked", marked)], "marks", axis=1)
            matrix = self.node("Concat", [matrix, marks], "values and marks", axis=1)
        apart = self.node("Sub", [matrix, self.constant("means", np.asarray(scaler.mean_)[None, :])], "centred")
        return [self.node("Div", [apart, self.constant("spreads", np.asarray(scaler.scale_)[None, :])], "scaled")]

    def _codes(self, part: Any, index: int, column: str) -> str:
        """The number of the level, as trees take it."""
        from onnx import TensorProto

        levels = {
            # scikit-learn gives only NaN the code of missing values; None is a level like any other.
            _word(level): float(part.encoded_missing_value if level != level else code)
            for code, level in enumerate(part.categories_[index])
        }
        code = self._label(column, f"code {index}", "float", levels, float(part.unknown_value))
        return self.node("Cast", [code], f"whole code {index}", to=TensorProto.DOUBLE)

    def _spread(self, part: Any, index: int, column: str) -> str:
        """A column of zeros and ones for each level; rare levels share the last."""
        from onnx import TensorProto

        grouped = part.infrequent_categories_[index] if hasattr(part, "infrequent_categories_") else None
        rare = {_word(level) for level in grouped} if grouped is not None else set()
        usual = [_word(level) for level in part.categories_[index] if _word(level) not in rare]
        levels = {word: code for code, word in enumerate(usual)} | dict.fromkeys(sorted(rare), len(usual))
        code = self._label(column, f"level {index}", "int64", levels, len(usual) if rare else -1)
        every = self.constant(f"levels {index}", np.arange(len(usual) + bool(rare), dtype="int64")[None, :])
        return self.node("Cast", [self.node("Equal", [code, every], f"is {index}")], f"ones {index}", to=TensorProto.DOUBLE)

    def _label(self, column: str, name: str, kind: str, levels: dict[str, Any], other: float) -> str:
        settings = {"keys_strings": list(levels), f"values_{kind}s": list(levels.values()), f"default_{kind}": other}
        return self.node("LabelEncoder", [column], name, domain="ai.onnx.ml", **settings)


def _gap(level: Any) -> bool:
    return level is None or level != level


def _word(level: Any) -> str:
    return GAP if _gap(level) else str(level)
