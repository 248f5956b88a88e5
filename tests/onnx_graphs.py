"""Small ONNX files for tests, written node by node."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def saved(
    path: Path,
    nodes: Sequence[Any],
    *,
    inputs: Sequence[Any] | None = None,
    outputs: Sequence[Any] | None = None,
    held: Sequence[Any] = (),
    domains: Sequence[str] = (),
    functions: Sequence[Any] = (),
    names: str = "",
) -> Path:
    """Without `inputs` and `outputs`: x of shape (n, 2) and y of shape (n, 1), both float."""
    graph = helper.make_graph(
        list(nodes),
        "test",
        list(inputs or [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])]),
        list(outputs or [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])]),
        list(held),
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    opsets += [helper.make_opsetid(domain, 1) for domain in domains]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9, functions=list(functions))
    if names:
        model.metadata_props.add(key="feature_names", value=names)
    path.write_bytes(model.SerializeToString(deterministic=True))
    return path


def array(name: str, values: Any, dtype: str = "float32") -> Any:
    return numpy_helper.from_array(np.asarray(values, dtype=dtype), name)


def linear(path: Path, weights: Sequence[float], start: float = 0.0, *, names: str = "", sigmoid: bool = False) -> Path:
    """One tensor of len(weights) columns in, start + x · weights out, or its sigmoid."""
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["z" if sigmoid else "y"])]
    if sigmoid:
        nodes.append(helper.make_node("Sigmoid", ["z"], ["y"]))
    return saved(
        path,
        nodes,
        inputs=[helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, len(weights)])],
        held=[array("w", np.asarray(weights)[:, None]), array("b", [start])],
        names=names,
    )


def loop(path: Path, body: Sequence[Any], trips: int = 2**62) -> Path:
    """A Loop that carries y (n, 2 -> as `body` makes of it) for `trips` turns; `body` makes `carried out` of `carried`."""
    inner = helper.make_graph(
        [helper.make_node("Identity", ["go on"], ["go on out"]), *body],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("carried", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("go on out", TensorProto.BOOL, []),
            helper.make_tensor_value_info("carried out", TensorProto.FLOAT, None),
        ],
    )
    node = helper.make_node("Loop", ["trips", "yes", "x"], ["y"], body=inner)
    return saved(
        path,
        [node],
        outputs=[helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        held=[array("trips", trips, "int64"), array("yes", True, "bool")],
    )
