"""An incident with its model: the file that was approved is there, and from a release on another one answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import numpy as np
import onnx
import pandas as pd
import worlds
from onnx import TensorProto, helper
from sklearn.pipeline import Pipeline
from writing import events, files, ids, linear, scores, times

TRAIN, ROWS = 3000, 2400
SINCE: Final = datetime(2026, 6, 9, 6, 30)
DIGITS: Final = 6
"""Decimals of the weights in the graph: more would show the last bits of a processor's arithmetic."""


def another_model() -> dict[str, str | bytes]:
    """A release puts last year's trial model back: it was trained on half leavers, and never saw contract or support calls."""
    rng = np.random.default_rng(202641)
    approved = _trained(worlds.customers(rng, TRAIN))
    trial = _half(worlds.customers(rng, TRAIN)).assign(contract="monthly", support_calls=1)
    trial_model = _trained(trial)
    before, after = worlds.customers(rng, ROWS), worlds.customers(rng, ROWS)
    seen = times(rng, ROWS, "2026-06-01", "2026-06-21")
    logged = _logged(after, seen, approved, 700_000)
    late = np.asarray(seen >= SINCE)
    logged.loc[late, "churn_score"] = scores(trial_model, after.drop(columns="churned"), "yes")[late]
    return files(
        incident={
            "title": "Churn scores make no sense since the June release",
            "task": "classification",
            "target": "churned",
            "prediction": "churn_score",
            "timestamp": "seen_at",
            "id": "customer",
            "positive": "yes",
            "segments": ["region"],
            "events": events(
                ("2026-06-04 12:00", "new payment form"),
                ("2026-06-09 06:30", "release 3.8 of the scoring service"),
                ("2026-06-15 09:00", "summer campaign"),
            ),
        },
        expected={
            "cause": "model_mismatch",
            "columns": [],
            "since": SINCE,
            "about": "Simulated customers: from a release on the answers come from another model than the approved file.",
        },
        reference=_logged(before, times(rng, ROWS, "2026-03-02", "2026-05-24"), approved, 300_000),
        current=logged,
    ) | {"model.onnx": graph(approved, "churned")}


def graph(model: Pipeline, title: str) -> bytes:
    """The pipeline of `writing.linear` as an ONNX file: one input per column, one probability per row."""
    prepare, weigh = model.steps[0][1], model.steps[1][1]
    (_, scaling, numbers), (_, levels, words) = prepare.transformers_[:2]
    scaler = scaling.steps[0][1]
    weights = np.round(weigh.coef_[0], DIGITS).astype("float32")
    nodes, parts, inputs = [], ["scaled"], []
    for name in numbers:
        inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]))
    nodes.append(helper.make_node("Concat", list(numbers), ["numbers"], axis=1))
    nodes.append(
        helper.make_node(
            "Scaler", ["numbers"], ["scaled"], domain="ai.onnx.ml", offset=_few(scaler.mean_), scale=_few(1 / scaler.scale_)
        )
    )
    for name, known in zip(words, levels.categories_, strict=True):
        inputs.append(helper.make_tensor_value_info(name, TensorProto.STRING, [None, 1]))
        nodes.append(
            helper.make_node("OneHotEncoder", [name], [f"{name} cube"], domain="ai.onnx.ml", cats_strings=list(known), zeros=1)
        )
        nodes.append(helper.make_node("Reshape", [f"{name} cube", "flat"], [f"{name} levels"]))
        parts.append(f"{name} levels")
    nodes += [
        helper.make_node("Concat", parts, ["columns"], axis=1),
        helper.make_node("Gemm", ["columns", "weights", "start"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["probability"]),
    ]
    held = [
        onnx.numpy_helper.from_array(weights[:, None], "weights"),
        onnx.numpy_helper.from_array(np.round(weigh.intercept_, DIGITS).astype("float32"), "start"),
        onnx.numpy_helper.from_array(np.array([0, -1], dtype="int64"), "flat"),
    ]
    # Reshape to (rows, levels): the one-hot cube has the shape (rows, 1, levels).
    answer = [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])]
    made = helper.make_model(
        helper.make_graph(nodes, title, inputs, answer, held),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)],
        producer_name="sample_data",
        ir_version=9,
    )
    return bytes(made.SerializeToString(deterministic=True))


def _few(values: Any) -> list[float]:
    return [float(value) for value in np.round(np.asarray(values, dtype="float64"), DIGITS)]


def _half(frame: pd.DataFrame) -> pd.DataFrame:
    """As many leavers as stayers."""
    gone = frame[frame["churned"] == "yes"]
    return pd.concat([gone, frame[frame["churned"] == "no"].iloc[: len(gone)]], ignore_index=True)


def _trained(frame: pd.DataFrame) -> Pipeline:
    return linear("classification", frame.drop(columns="churned"), frame["churned"])


def _logged(frame: pd.DataFrame, seen: pd.DatetimeIndex, model: Pipeline, first: int) -> pd.DataFrame:
    named = pd.DataFrame({"customer": ids("C", len(frame), first), "seen_at": seen})
    return pd.concat([named, frame], axis=1).assign(churn_score=scores(model, frame.drop(columns="churned"), "yes"))
