"""What the confined process counted in a model, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tensor:
    """An input or output. type: number of the ONNX element type; dims: sizes, -1 where any will do, the rows among them."""

    name: str
    type: int
    dims: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Counts of an ONNX graph; all 0 for a model of another kind."""

    nodes: int
    parameters: int
    multiplied: int
    """Multiplications of the layers for one row."""

    trees: int
    tree_nodes: int
    classical: int
    """Nodes of ai.onnx.ml, which graphics cards and TensorRT have no code for."""

    operators: tuple[tuple[str, int], ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @staticmethod
    def read(given: Mapping[str, Any]) -> Facts:
        operators = given.get("operators")
        named = operators.items() if isinstance(operators, dict) else ()
        return Facts(
            nodes=_whole(given.get("nodes")),
            parameters=_whole(given.get("parameters")),
            multiplied=_whole(given.get("multiplied")),
            trees=_whole(given.get("trees")),
            tree_nodes=_whole(given.get("tree_nodes")),
            classical=_whole(given.get("classical")),
            operators=tuple((str(name)[:60], _whole(count)) for name, count in named),
            inputs=_tensors(given.get("inputs")),
            outputs=_tensors(given.get("outputs")),
        )


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _tensors(given: object) -> tuple[Tensor, ...]:
    found = []
    for entry in given if isinstance(given, list) else ():
        dims = entry.get("dims")
        sizes = tuple(d for d in dims if isinstance(d, int)) if isinstance(dims, list) else ()
        found.append(Tensor(str(entry.get("name")), _whole(entry.get("type")), sizes))
    return tuple(found)
