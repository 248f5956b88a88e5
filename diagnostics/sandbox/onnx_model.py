"""ONNX in the confined process: what the graph may hold, what it asks for, and its answers by onnxruntime."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.sandbox.refused import Refused
from diagnostics.sandbox.wire import Frame

BUILT_IN: Final = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Domains whose operators are part of onnxruntime itself; all others need code that somebody wrote for the model."""

CHUNK: Final = 5_000
LISTED: Final = 2_000
NUMBERS: Final = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(int16)": "int16",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
}
LABELS: Final = ("classlabels_strings", "classlabels_int64s", "classlabels_ints")


def libraries() -> None:
    import onnx  # noqa: F401
    import onnxruntime  # noqa: F401


@dataclass(frozen=True)
class Onnx:
    session: Any
    description: dict[str, object]
    content: bytes

    def facts(self) -> dict[str, object]:
        from diagnostics.sandbox.onnx_graph import facts

        return facts(self.content)

    def shrink(self, way: str, rows: Frame) -> Frame:
        """The bytes of a smaller copy, as the array "model". rows: what 8-bit activations are calibrated on."""
        from diagnostics.sandbox.onnx_shrink import shrink

        feeds = self._feeds(rows) if int(rows.meta["rows"]) else []
        return Frame({"made": way}, {"model": np.frombuffer(shrink(self.content, way, feeds), dtype="|u1")})

    def answer(self, rows: Frame) -> Frame:
        n, start, parts = int(rows.meta["rows"]), 0, []
        for feed, size in self._feeds(rows):
            parts.append(_collect(self.session.run(None, feed), min(n - start, size)))
            start += size
        labels = [word for part in parts for word in part[0] or []]
        scores = [part[1] for part in parts if part[1] is not None]
        classes = next((part[2] for part in parts if part[2]), None) or self.description["classes"]
        texts = {"labels": labels} if labels else {}
        return Frame({"classes": classes}, {"scores": np.concatenate(scores)} if scores else {}, texts)

    def _feeds(self, rows: Frame) -> list[tuple[dict[str, NDArray[Any]], int]]:
        """What the session is run on, part by part, and for how many rows each part is."""
        n = int(rows.meta["rows"])
        given = [(i, _column(rows, i.name, n, NUMBERS.get(i.type))) for i in self.session.get_inputs()]
        fixed = next((i.shape[0] for i, _ in given if i.shape and isinstance(i.shape[0], int) and i.shape[0] > 0), 0)
        feeds = []
        for start in range(0, max(n, 1), fixed or CHUNK):
            feed = {i.name: values[start : start + (fixed or CHUNK)] for i, values in given}
            short = fixed - (n - start) if fixed and start + fixed > n else 0
            if short:
                # A graph made for a fixed number of rows is filled up with the last one.
                feed = {name: np.concatenate([v, np.repeat(v[-1:], short, axis=0)]) for name, v in feed.items()}
            shaped = {i.name: feed[i.name].reshape(-1) if len(i.shape or [0, 0]) == 1 else feed[i.name] for i, _ in given}
            feeds.append((shaped, fixed or CHUNK))
        return feeds


def load(content: bytes, *, threads: int = 1) -> Onnx:
    """Raises Refused for external data and for operators that are not built in."""
    import onnx
    import onnxruntime
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError, RecursionError) as error:
        raise Refused("damaged") from error
    if not model.graph.node and not model.graph.output:
        raise Refused("damaged")
    own = {function.domain for function in model.functions}
    classes: list[str] = []
    for graph in _graphs(model):
        for tensor in _tensors(graph):
            if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
                places = [entry.value for entry in tensor.external_data if entry.key == "location"]
                raise Refused("external", file=(places or [""])[0][:200])
        for node in graph.node:
            if node.domain not in BUILT_IN | own:
                raise Refused("custom", operator=node.op_type[:100], domain=node.domain[:100])
            classes = classes or _labels(node)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4
    # A graph can ask for gigabytes while constants are folded; run plainly, it asks for them within the limits all the same.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    meta = {entry.key: entry.value for entry in model.metadata_props}
    scalers = _scalers(model.graph)
    described = {
        "format": "ONNX",
        "producer": f"{model.producer_name} {model.producer_version}".strip()[:100],
        "opset": max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0),
    }
    del model
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    inputs = [_described(i) for i in session.get_inputs()]
    more = {"inputs": inputs, "features": _feature_names(meta), "classes": classes, "scalers": scalers}
    return Onnx(session, described | more, content)


def _described(i: Any) -> dict[str, object]:
    if i.type not in NUMBERS and i.type != "tensor(string)":
        raise Refused("input", name=i.name[:100], type=i.type[:100])
    shape = [n if isinstance(n, int) else None for n in (i.shape or [])]
    if len(shape) > 2:
        raise Refused("shape", name=i.name[:100], dimensions=len(shape))
    kind = "text" if i.type == "tensor(string)" else "number" if "float" in i.type or "double" in i.type else "integer"
    return {"name": i.name, "type": kind, "width": shape[1] if len(shape) == 2 else 1}


def _graphs(model: Any) -> Iterator[Any]:
    """The main graph, the bodies of loops and branches, and local functions."""
    waiting = [model.graph, *model.functions]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                waiting += [attribute.g] if attribute.HasField("g") else []
                waiting += attribute.graphs


def _tensors(graph: Any) -> Iterator[Any]:
    yield from getattr(graph, "initializer", ())
    for sparse in getattr(graph, "sparse_initializer", ()):
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from attribute.tensors
            if attribute.HasField("t"):
                yield attribute.t
            if attribute.HasField("sparse_tensor"):
                yield from (attribute.sparse_tensor.values, attribute.sparse_tensor.indices)


def _labels(node: Any) -> list[str]:
    for attribute in node.attribute:
        if attribute.name in LABELS and (attribute.strings or attribute.ints):
            return [s.decode("utf-8", "replace") for s in attribute.strings] or [str(n) for n in attribute.ints]
    return []


def _feature_names(meta: dict[str, str]) -> list[str]:
    given = meta.get("feature_names", "")
    try:
        names = json.loads(given)
    except (ValueError, RecursionError):
        names = [part.strip() for part in given.split(",")]
    return [str(name) for name in names][:LISTED] if isinstance(names, list) and any(names) else []


def _scalers(graph: Any) -> list[dict[str, object]]:
    """Scaler nodes that read the inputs directly, or through a Concat or Cast, with the inputs' names."""
    made = {name: node for node in graph.node for name in node.output}
    inputs = {i.name for i in graph.input}

    def sources(name: str, depth: int = 4) -> list[str]:
        if name in inputs:
            return [name]
        node = made.get(name)
        if node is None or depth == 0 or node.op_type not in ("Concat", "Cast", "Identity", "Reshape"):
            return []
        taken = node.input if node.op_type == "Concat" else node.input[:1]
        found = [sources(entry, depth - 1) for entry in taken]
        return [name for part in found for name in part] if all(found) else []

    scalers: list[dict[str, object]] = []
    for node in graph.node:
        given = {a.name: list(a.floats) for a in node.attribute}
        read = sources(node.input[0]) if node.op_type == "Scaler" and node.input else []
        if read and given.get("offset") and given.get("scale"):
            slopes = [1 / s if s else float("inf") for s in given["scale"]]
            scalers.append({"inputs": read, "mean": given["offset"][:LISTED], "scale": slopes[:LISTED]})
    return scalers


def _column(rows: Frame, name: str, n: int, dtype: str | None) -> NDArray[Any]:
    if dtype is None:
        words = np.array([word or "" for word in rows.texts[name]], dtype=object)
        return words.reshape(n, -1) if n else words.reshape(0, 1)
    return rows.arrays[name].astype(dtype)


def _collect(outputs: list[Any], rows: int) -> tuple[list[str] | None, NDArray[np.float64] | None, list[str] | None]:
    """Labels, scores of shape (rows, k), and the classes where the scores come by name."""
    labels: list[str] | None = None
    scores: NDArray[np.float64] | None = None
    classes: list[str] | None = None
    whole: NDArray[np.float64] | None = None
    for told in outputs:
        if isinstance(told, list):
            if told and isinstance(told[0], dict) and scores is None:
                names = list(told[0])
                classes = [str(name) for name in names]
                scores = np.array([[row.get(name, np.nan) for name in names] for row in told[:rows]], dtype="float64")
            continue
        values = np.asarray(told)
        if values.ndim == 0 or values.shape[0] < rows or values.size > 4096 * max(1, values.shape[0]):
            raise Refused("answers", got=int(values.shape[0]) if values.ndim else 1, expected=rows)
        flat = values.reshape(values.shape[0], -1)[:rows]
        if values.dtype.kind == "f":
            scores = flat.astype("float64") if scores is None else scores
        elif labels is None and flat.shape[1] == 1:
            labels = [str(word) for word in flat[:, 0].tolist()]
            whole = flat.astype("float64") if values.dtype.kind in "iub" else None
    return labels, whole if scores is None else scores, classes
