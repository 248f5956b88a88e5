"""Whether a graphics card or another engine pays for a model, from its multiplications, weights and operators."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from diagnostics.sandbox.facts import Facts

OPERATIONS: Final = 0.3 * 8.1e12
"""Operations a second that a small server card (NVIDIA T4, 8.1 TFLOPS in 32 bits by its data sheet) does in practice, a third."""

MEMORY: Final = 320e9
"""Bytes a second of its memory (same data sheet)."""

LAUNCH: Final = 8e-6
"""Seconds to start one operator on a card: 5 to 10 microseconds."""

TRANSFER: Final = 12e9
"""Bytes a second from the machine to the card (PCIe 3.0 with 16 lanes, in practice)."""

ROUND: Final = 30e-6
"""Seconds for going there and back, whatever is carried."""

PAYS: Final = 3.0
"""Times as fast from which on a card, which costs about as much more, is worth it."""


class Fit(StrEnum):
    """Whether an engine can run the model."""

    TREES = "trees"
    CLASSICAL = "classical"
    LAYERS = "layers"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """batch: rows at once; cpu: milliseconds measured; card: milliseconds expected."""

    batch: int
    cpu: float
    card: float

    @property
    def times(self) -> float:
        """How many times as fast the card would be."""
        return self.cpu / self.card


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """pays: rows at once from which on the card is `PAYS` times as fast; None where it never is among those measured."""

    fit: Fit
    estimates: tuple[Estimate, ...]
    pays: int | None
    int8: bool
    """Whether TensorRT and OpenVINO have layers to put into 8 bits."""


def fit_of(facts: Facts) -> Fit:
    if facts.trees:
        return Fit.TREES
    if facts.multiplied:
        return Fit.LAYERS
    return Fit.CLASSICAL if facts.classical else Fit.NONE


def estimate(facts: Facts, measured: tuple[tuple[int, float], ...], width: int) -> Accelerator:
    """measured: (rows at once, milliseconds on the CPU). width: numbers of a row.

    The time on a card is the larger of its arithmetic and its memory (the roofline of Williams et al. 2009,
    doi:10.1145/1498765.1498785), the start of each operator, and the way there.
    """
    kind = fit_of(facts)
    found = []
    for batch, cpu in measured if kind is Fit.LAYERS else ():
        arithmetic = 2 * facts.multiplied * batch / OPERATIONS
        reading = 4 * facts.parameters / MEMORY
        carried = 4 * width * batch / TRANSFER
        card = 1000 * (max(arithmetic, reading) + facts.nodes * LAUNCH + ROUND + carried)
        found.append(Estimate(batch=batch, cpu=cpu, card=card))
    pays = next((one.batch for one in found if one.times >= PAYS), None)
    return Accelerator(fit=kind, estimates=tuple(found), pays=pays, int8=kind is Fit.LAYERS)
