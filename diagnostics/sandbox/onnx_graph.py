"""What an ONNX graph is made of, counted in the confined process: weights, multiplications for one row, trees, operators."""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import Any, Final

from diagnostics.sandbox.refused import Refused

TREES: Final = frozenset({"TreeEnsembleRegressor", "TreeEnsembleClassifier"})
RECURRENT: Final = frozenset({"LSTM", "GRU", "RNN"})
LISTED: Final = 40


def parsed(content: bytes) -> Any:
    """The model; raises Refused for what is none."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        return onnx.load_model_from_string(content)
    except (DecodeError, ValueError, RecursionError) as error:
        raise Refused("damaged") from error


def facts(content: bytes) -> dict[str, object]:
    """Counts of the main graph, as plain values: `sandbox.facts.Facts` says what each is."""
    model = parsed(content)
    graph = model.graph
    sizes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    shapes = _shapes(model)
    multiplied = trees = tree_nodes = 0
    for node in graph.node:
        if node.op_type in TREES:
            found, nodes = _trees(node)
            trees, tree_nodes = trees + found, tree_nodes + nodes
        else:
            multiplied += _multiplied(node, sizes, shapes)
    made = {name for node in graph.node for name in node.output}
    return {
        "operators": dict(Counter(node.op_type for node in graph.node).most_common(LISTED)),
        "nodes": len(graph.node),
        "parameters": sum(prod(dims) for dims in sizes.values()),
        "multiplied": multiplied,
        "trees": trees,
        "tree_nodes": tree_nodes,
        "classical": sum(node.domain == "ai.onnx.ml" for node in graph.node),
        "inputs": [_tensor(value) for value in graph.input if value.name not in sizes],
        "outputs": [_tensor(value) for value in graph.output if value.name in made],
    }


def _shapes(model: Any) -> dict[str, list[int]]:
    """Shape of each value that is known, 1 for every unknown size: of one row."""
    import onnx

    try:
        known = onnx.shape_inference.infer_shapes(model).graph
    except (onnx.shape_inference.InferenceError, ValueError, RuntimeError):
        known = model.graph
    found = {}
    for value in (*known.input, *known.value_info, *known.output):
        dims = value.type.tensor_type.shape.dim
        found[value.name] = [1 if place == 0 else max(1, int(d.dim_value)) for place, d in enumerate(dims)]
    return found


def _multiplied(node: Any, sizes: dict[str, list[int]], shapes: dict[str, list[int]]) -> int:
    """Multiplications of a node for one row."""
    weights = [sizes[name] for name in node.input if name in sizes]
    if node.op_type in ("Gemm", "MatMul") and weights:
        rows = shapes.get(node.input[0], [1])[1:-1]
        return prod(weights[0]) * prod(rows)
    if node.op_type == "MatMul" and len(node.input) == 2:
        left, right = (shapes.get(name, []) for name in node.input)
        return prod(left) * right[-1] if left and right else 0
    if node.op_type in ("Conv", "ConvTranspose") and weights:
        out = shapes.get(node.output[0], [1, 1, 1, 1])
        return prod(weights[0]) * prod(out[2:])
    if node.op_type in RECURRENT:
        steps = (shapes.get(node.input[0]) or [1])[0]
        return steps * sum(prod(dims) for dims in weights[:2])
    return 0


def _trees(node: Any) -> tuple[int, int]:
    for attribute in node.attribute:
        if attribute.name == "nodes_treeids":
            return len(set(attribute.ints)), len(attribute.ints)
    return 0, 0


def _tensor(value: Any) -> dict[str, object]:
    kind = value.type.tensor_type
    dims = [int(d.dim_value) if d.HasField("dim_value") else -1 for d in kind.shape.dim]
    return {"name": value.name[:200], "type": int(kind.elem_type), "dims": dims[:8]}
