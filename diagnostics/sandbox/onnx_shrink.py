"""Smaller copies of an ONNX graph, made in the confined process: 8-bit weights, 8-bit activations too, fewer units or trees."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.sandbox.onnx_graph import TREES, parsed
from diagnostics.sandbox.refused import Refused

KEPT: Final = 0.5
"""Share of the units of a hidden layer, or of the trees, that a pruned copy keeps."""

LEAST_UNITS: Final = 4
ELEMENTWISE: Final = frozenset(
    ("Relu", "Tanh", "Sigmoid", "LeakyRelu", "Elu", "Selu", "Softplus", "Clip", "Identity", "Dropout", "Gelu", "HardSigmoid")
)
FOR_QUANTISING: Final = frozenset({"MatMul", "Gemm", "Conv"})

Feeds = Sequence[tuple[Mapping[str, NDArray[Any]], int]]


def shrink(content: bytes, way: str, feeds: Feeds) -> bytes:
    """way: "dynamic", "static" or "pruned". feeds: rows as the session takes them, which "static" and "pruned" trees look at.

    Raises Refused("whole") where there is nothing that this way could make smaller.
    """
    model = parsed(content)
    if way == "pruned":
        made = _fewer_trees(model, content, feeds) if _has(model, TREES) else _fewer_units(model)
    else:
        made = _in_8_bits(model, feeds if way == "static" else None)
    return bytes(made.SerializeToString())


def _has(model: Any, kinds: frozenset[str]) -> bool:
    return any(node.op_type in kinds for node in model.graph.node)


def _in_8_bits(model: Any, feeds: Feeds | None) -> Any:
    """Weights in 8 bits (dynamic), or activations as well, by the ranges that they take on `feeds` (static).

    Jacob et al. 2018, arXiv:1712.05877; as ONNX Runtime's quantize_dynamic and quantize_static do, without their files.
    """
    import onnx
    from onnxruntime.quantization import QuantType, onnx_quantizer
    from onnxruntime.quantization.onnx_model import ONNXModel
    from onnxruntime.quantization.quant_utils import QuantizationMode
    from onnxruntime.quantization.registry import IntegerOpsRegistry, QLinearOpsRegistry

    logging.disable(logging.WARNING)
    if not _has(model, FOR_QUANTISING) or not any(t.data_type == onnx.TensorProto.FLOAT for t in model.graph.initializer):
        raise Refused("whole")
    plain = ONNXModel(model)
    plain.replace_gemm_with_matmul()
    model = _inferred(plain.model)
    # By default it finds shapes by way of a file, and this process can write none.
    onnx_quantizer.save_and_reload_model_with_shape_infer = _inferred
    ranges = None if feeds is None else _ranges(model, feeds)
    registry = IntegerOpsRegistry if feeds is None else QLinearOpsRegistry
    quantiser = onnx_quantizer.ONNXQuantizer(
        model,
        False,
        True,
        QuantizationMode.IntegerOps if feeds is None else QuantizationMode.QLinearOps,
        feeds is not None,
        QuantType.QInt8,
        QuantType.QUInt8,
        ranges,
        [],
        [],
        [kind for kind in registry if kind in FOR_QUANTISING or (feeds is not None and kind in ("Relu", "Add"))],
        {"MatMulConstBOnly": True, "ForceQuantizeNoInputCheck": False},
    )
    quantiser.quantize_model()
    made = quantiser.model.model
    for entry in list(made.metadata_props):
        if entry.key == "onnx.infer":
            made.metadata_props.remove(entry)
    if not _has(made, frozenset({"MatMulInteger", "DynamicQuantizeMatMul", "QLinearMatMul", "QLinearConv", "ConvInteger"})):
        raise Refused("whole")
    return made


def _inferred(model: Any) -> Any:
    """With the shapes of all values, and the note by which the quantiser takes them as they are."""
    import onnx

    found = onnx.shape_inference.infer_shapes(model)
    if not any(entry.key == "onnx.infer" for entry in found.metadata_props):
        found.metadata_props.add(key="onnx.infer", value="onnxruntime.quant")
    return found


def _ranges(model: Any, feeds: Feeds) -> Any:
    """Smallest and largest value of every 32-bit number in the graph, on the rows of `feeds`."""
    import onnx
    import onnxruntime
    from onnxruntime.quantization.calibrate import CalibrationMethod, TensorData, TensorsData

    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    outputs = {value.name for value in shown.graph.output}
    floats = {
        value.name: value
        for value in (*shown.graph.value_info, *shown.graph.output, *shown.graph.input)
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    }
    given = {value.name for value in shown.graph.input}
    shown.graph.output.extend(value for name, value in floats.items() if name not in outputs | given)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(shown.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs() if value.name in floats]
    low: dict[str, float] = {}
    high: dict[str, float] = {}
    for feed, _ in feeds:
        values = dict(zip(names, session.run(names, dict(feed)), strict=True)) | {k: v for k, v in feed.items() if k in floats}
        for name, found in values.items():
            array = np.asarray(found, dtype="float32")
            if array.size:
                low[name] = min(low.get(name, np.inf), float(np.nanmin(array)))
                high[name] = max(high.get(name, -np.inf), float(np.nanmax(array)))
    if not low:
        raise Refused("whole")
    data = {
        name: TensorData(lowest=np.asarray(low[name], dtype="float32"), highest=np.asarray(high[name], dtype="float32"))
        for name in low
    }
    return TensorsData(CalibrationMethod.MinMax, data)


def _fewer_units(model: Any) -> Any:
    """Hidden units whose weights are smallest are taken out of each layer that only the next layer reads.

    A unit counts by the product of the norms of what goes in and out (Li et al. 2017, arXiv:1608.08710, with the way out).
    """
    from onnx import numpy_helper

    graph = model.graph
    held = {tensor.name: tensor for tensor in graph.initializer}
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    shown = {value.name for value in graph.output}
    done = False
    for node in graph.node:
        place = _weights(node, held)
        if place is None or len(readers.get(node.input[place], [])) > 1:
            continue
        vectors, last = _way(node, held, readers, shown)
        after = readers.get(last, [])
        if last in shown or len(after) != 1 or (other := _weights(after[0], held)) is None or after[0].input[0] != last:
            continue
        first, second = numpy_helper.to_array(held[node.input[place]]), numpy_helper.to_array(held[after[0].input[other]])
        out, into = _axis(node, out=True), _axis(after[0], out=False)
        units = first.shape[out]
        if second.shape[into] != units or units < 2 * LEAST_UNITS:
            continue
        weight = np.abs(first).sum(axis=1 - out) * np.abs(second).sum(axis=1 - into)
        kept = np.sort(np.argsort(-weight, kind="stable")[: max(LEAST_UNITS, round(KEPT * units))])
        _replace(held[node.input[place]], np.take(first, kept, axis=out))
        _replace(held[after[0].input[other]], np.take(second, kept, axis=into))
        for name in vectors:
            values = numpy_helper.to_array(held[name])
            if values.size == units:
                _replace(held[name], np.take(values, kept, axis=values.ndim - 1))
        done = True
    if not done:
        raise Refused("whole")
    # What was inferred of the shapes no longer holds.
    del graph.value_info[:]
    return model


def _weights(node: Any, held: Mapping[str, Any]) -> int | None:
    """Which input holds the matrix of a layer; None for another node."""
    if node.op_type not in ("Gemm", "MatMul") or len(node.input) < 2 or node.input[1] not in held:
        return None
    return 1 if len(held[node.input[1]].dims) == 2 else None


def _axis(node: Any, *, out: bool) -> int:
    """The axis of a layer's matrix that its units lie along, going out or coming in."""
    turned = any(a.name == "transB" and a.i for a in node.attribute)
    return int(out) ^ int(turned)


def _way(node: Any, held: Mapping[str, Any], readers: Mapping[str, list[Any]], shown: set[str]) -> tuple[list[str], str]:
    """From a layer through biases and activations, as far as one reader follows the other: the vectors on it, and its end."""
    vectors = [name for name in node.input[2:3] if name in held] if node.op_type == "Gemm" else []
    last = node.output[0]
    while last not in shown and len(readers.get(last, [])) == 1:
        step = readers[last][0]
        if step.op_type == "Add" and any(name in held for name in step.input):
            own = next(name for name in step.input if name in held)
            if len(readers.get(own, [])) > 1:
                break
            vectors.append(own)
        elif step.op_type not in ELEMENTWISE or len(step.output) != 1:
            break
        last = step.output[0]
    return vectors, last


def _replace(tensor: Any, values: NDArray[Any]) -> None:
    from onnx import numpy_helper

    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values), tensor.name))


def _fewer_trees(model: Any, content: bytes, feeds: Feeds) -> Any:
    """The first half of the trees: of a boosted model as they are, of a forest each with more weight, whichever comes closer.

    The copy that answers more like the whole model on `feeds` is taken; without rows, that of a forest.
    """
    made = [_first_trees(parsed(content), again) for again in (True, False)]
    if not feeds:
        return made[0]
    whole = _answers(content, feeds)
    apart = [float(np.mean(np.abs(_answers(bytes(copy.SerializeToString()), feeds) - whole))) for copy in made]
    return made[int(np.argmin(apart))]


def _first_trees(model: Any, weigh: bool) -> Any:
    done = False
    for node in model.graph.node:
        if node.op_type not in TREES:
            continue
        given = {a.name: a for a in node.attribute}
        trees = sorted(set(given["nodes_treeids"].ints))
        if len(trees) < 4:
            continue
        kept = set(trees[: max(2, round(KEPT * len(trees)))])
        share = len(trees) / len(kept) if weigh else 1.0
        for prefix in ("nodes_", "target_", "class_"):
            ids = given.get(f"{prefix}treeids")
            if ids is None:
                continue
            whole = len(ids.ints)
            chosen = [place for place, tree in enumerate(ids.ints) if tree in kept]
            for name, attribute in given.items():
                if name.startswith(prefix):
                    _keep(attribute, chosen, whole, share if name.startswith(f"{prefix}weights") else 1.0)
        done = True
    if not done:
        raise Refused("whole")
    return model


def _keep(attribute: Any, chosen: Sequence[int], size: int, share: float) -> None:
    """Only the `chosen` of the `size` values of an attribute, times `share`."""
    from onnx import numpy_helper

    for field in ("floats", "ints", "strings"):
        values = list(getattr(attribute, field))
        if len(values) == size:
            del getattr(attribute, field)[:]
            getattr(attribute, field).extend(values[n] * share if share != 1.0 else values[n] for n in chosen)
            return
    if attribute.HasField("t"):
        held = numpy_helper.to_array(attribute.t)
        if held.size == size:
            _replace(attribute.t, (held[list(chosen)] * share).astype(held.dtype))


def _answers(content: bytes, feeds: Feeds) -> NDArray[np.float64]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    parts = []
    for feed, _ in feeds:
        for told in session.run(None, dict(feed)):
            if isinstance(told, list) and told and isinstance(told[0], dict):
                parts.append(np.array([list(row.values()) for row in told], dtype="float64").ravel())
            elif not isinstance(told, list) and np.asarray(told).dtype.kind == "f":
                parts.append(np.asarray(told, dtype="float64").ravel())
    return np.concatenate(parts) if parts else np.zeros(1)
