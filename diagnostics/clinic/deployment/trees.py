"""Trees as ONNX, one node for all of them: skl2onnx forgets where single trees and forests send a missing value, and cannot write
the numbers of boosted ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

OPSET: Final = {"": 17, "ai.onnx.ml": 3}

Node = tuple[bool, int, float, int, int, bool, NDArray[np.float64]]
"""leaf, column, threshold, where smaller rows go, where larger ones go, whether missing values go with the smaller, answers."""


def is_supported(model: Any) -> bool:
    name = type(model).__name__
    return name.startswith(("HistGradientBoosting", "DecisionTree", "RandomForest"))


def trees_as_onnx(model: Any, width: int) -> bytes:
    """Input "x", shape (n, width); the output is probabilities, shape (n, classes), or values, shape (n, outputs).

    Single trees and forests look at rows in 32 bits, also in scikit-learn; boosted ones in 64, and so does the file: a time in
    seconds rounded to 32 bits is a minute off.
    """
    from onnx import TensorProto, helper, numpy_helper

    boosted = type(model).__name__.startswith("HistGradientBoosting")
    classes = len(model.classes_) if hasattr(model, "classes_") else 0
    held: dict[str, Any] = {
        key: []
        for key in (
            "nodes_treeids",
            "nodes_nodeids",
            "nodes_featureids",
            "nodes_values",
            "nodes_modes",
            "nodes_truenodeids",
            "nodes_falsenodeids",
            "nodes_missing_value_tracks_true",
            "target_treeids",
            "target_nodeids",
            "target_ids",
            "target_weights",
        )
    }
    near = float if boosted else _below
    targets = 1
    for number, tree in enumerate(_boosted(model) if boosted else _grown(model)):
        for index, (leaf, column, threshold, low, high, missing, answers) in enumerate(tree):
            held["nodes_treeids"].append(number)
            held["nodes_nodeids"].append(index)
            held["nodes_featureids"].append(0 if leaf else column)
            held["nodes_values"].append(0.0 if leaf else near(threshold))
            held["nodes_modes"].append("LEAF" if leaf else "BRANCH_LEQ")
            held["nodes_truenodeids"].append(0 if leaf else low)
            held["nodes_falsenodeids"].append(0 if leaf else high)
            held["nodes_missing_value_tracks_true"].append(0 if leaf else int(missing))
            targets = max(targets, answers.size)
            for target in np.flatnonzero(answers) if leaf else ():
                held["target_treeids"].append(number)
                held["target_nodeids"].append(index)
                held["target_ids"].append(int(target))
                held["target_weights"].append(float(answers[target]))
    kind = TensorProto.FLOAT
    if boosted:
        kind = TensorProto.DOUBLE
        held["base_values"] = [float(value) for value in np.ravel(model._baseline_prediction)]
        for name in ("nodes_values", "target_weights", "base_values"):
            held[f"{name}_as_tensor"] = numpy_helper.from_array(np.asarray(held.pop(name), dtype="float64"), name)
    nodes = [helper.make_node("TreeEnsembleRegressor", ["x"], ["sums"], domain="ai.onnx.ml", n_targets=targets, **held)]
    answer, columns = "sums", targets
    if boosted and classes == 2:
        nodes += [
            helper.make_node("Sigmoid", ["sums"], ["one"]),
            helper.make_node("Constant", [], ["whole"], value=helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])),
            helper.make_node("Sub", ["whole", "one"], ["zero"]),
            helper.make_node("Concat", ["zero", "one"], ["chances"], axis=1),
        ]
        answer, columns = "chances", 2
    elif boosted and classes:
        nodes.append(helper.make_node("Softmax", ["sums"], ["chances"], axis=1))
        answer = "chances"
    graph = helper.make_graph(
        nodes,
        "trees",
        [helper.make_tensor_value_info("x", kind, [None, width])],
        [helper.make_tensor_value_info(answer, TensorProto.FLOAT, [None, columns])],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSET.items()]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())


def _boosted(model: Any) -> Iterator[list[Node]]:
    for trees in model._predictors:
        for target, tree in enumerate(trees):
            nodes: list[Node] = []
            for node in tree.nodes:
                answers = np.zeros(len(trees))
                answers[target] = float(node["value"])
                ways = int(node["left"]), int(node["right"])
                limit, missing = float(node["num_threshold"]), bool(node["missing_go_to_left"])
                nodes.append((bool(node["is_leaf"]), int(node["feature_idx"]), limit, *ways, missing, answers))
            yield nodes


def _grown(model: Any) -> Iterator[list[Node]]:
    """A single tree, or the trees of a forest, each with its part of the mean."""
    every = getattr(model, "estimators_", [model])
    for one in every:
        tree = one.tree_
        nodes: list[Node] = []
        for index in range(tree.node_count):
            low, high = int(tree.children_left[index]), int(tree.children_right[index])
            # Of a classifier the shares of the classes; of a regressor one number for each output.
            answers = np.ravel(tree.value[index]).astype("float64") / len(every)
            missing = bool(tree.missing_go_to_left[index])
            nodes.append((low < 0, int(tree.feature[index]), float(tree.threshold[index]), low, high, missing, answers))
        yield nodes


def _below(threshold: float) -> float:
    """The largest 32-bit number that is not above: rows at the threshold go the way they did in 64 bits."""
    near = np.float32(min(max(threshold, -3e38), 3e38))
    return float(np.nextafter(near, np.float32(-np.inf)) if float(near) > threshold else near)
