"""How much memory a described model takes, in training and in service, part by part.

Sources: weights, gradients and optimiser states, and what ZeRO divides: Rajbhandari et al. 2020, arXiv:1910.02054, section 3 and
figure 1. Mixed precision (a copy of the weights in 32 bits): Micikevicius et al. 2018, arXiv:1710.03740. Activations of a
transformer, tensor parallelism and recomputation: Korthikanti et al. 2022, arXiv:2205.05198, equations 1, 2 and 6. Number of its
parameters: Narayanan et al. 2021, arXiv:2104.04473, equation 2. Recomputation: Chen et al. 2016, arXiv:1604.06174.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from diagnostics.nouns.words import N_

GB: Final = 2**30


class Kind(StrEnum):
    TRANSFORMER = "transformer"
    DENSE = "dense"
    CNN = "cnn"


class Optimiser(StrEnum):
    ADAM = "adam"
    MOMENTUM = "momentum"
    SGD = "sgd"


class Precision(StrEnum):
    FULL = "float32"
    MIXED = "mixed"
    DOUBLE = "float64"


class Recompute(StrEnum):
    NONE = "none"
    SELECTIVE = "selective"
    FULL = "full"


STATES: Final = {Optimiser.ADAM: 2, Optimiser.MOMENTUM: 1, Optimiser.SGD: 0}
"""Numbers that the optimiser keeps for each weight."""

SERVED_BYTES: Final = {"float32": 4.0, "float16": 2.0, "int8": 1.0, "int4": 0.5}


@dataclass(frozen=True, kw_only=True)
class Described:
    """A model and how it is trained."""

    kind: Kind = Kind.TRANSFORMER
    layers: int = 24
    """Layers; of a CNN, stages of two 3x3 convolutions each, which halve the side and double the channels."""

    hidden: int = 1024
    """Width."""

    heads: int = 16
    sequence: int = 512
    """Tokens, of a transformer."""

    vocabulary: int = 50_000
    inputs: int = 100
    """Of a dense network."""

    image: int = 224
    """Side of the image in pixels, of a CNN."""

    channels: int = 64
    """Channels of the first stage, of a CNN."""

    batch: int = 16
    """Rows of one step on one device."""

    accumulation: int = 1
    """Parts that a batch is cut into."""

    optimiser: Optimiser = Optimiser.ADAM
    precision: Precision = Precision.FULL
    recompute: Recompute = Recompute.NONE
    devices: int = 1
    """Devices that share the batch (data parallel)."""

    tensor: int = 1
    """Devices that share each layer."""

    zero: int = 0
    """ZeRO stage, 0 to 3."""

    memory: float = 16.0
    """GB of one device."""

    reserve: float = 1.0
    """GB that the framework itself takes."""

    pruned: float = 0.0
    """Share of the weights' rows and columns taken out."""

    served: str = "float16"
    """Precision in service."""

    served_batch: int = 1


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Bytes on one device."""

    weights: float
    gradients: float
    optimiser: float
    activations: float
    reserve: float
    """The framework's own."""

    @property
    def total(self) -> float:
        return self.weights + self.gradients + self.optimiser + self.activations + self.reserve


def parameters(m: Described) -> int:
    """Weights of the whole model; pruned ones are gone."""
    if m.kind is Kind.TRANSFORMER:
        h, layers = m.hidden, m.layers
        count = 12 * layers * h * h + 13 * layers * h + (m.vocabulary + m.sequence) * h
    elif m.kind is Kind.DENSE:
        count = m.inputs * m.hidden + (m.layers - 1) * m.hidden**2 + m.layers * m.hidden + m.hidden + 1
    else:
        count = sum(9 * before * after + 9 * after * after for before, after, _ in _stages(m))
    return max(1, round(count * (1 - m.pruned)))


def _stages(m: Described) -> list[tuple[int, int, int]]:
    """Channels in, channels out, side of the picture."""
    return [
        (3 if stage == 0 else m.channels * 2 ** (stage - 1), m.channels * 2**stage, max(1, m.image // 2**stage))
        for stage in range(m.layers)
    ]


def activations(m: Described) -> float:
    """Bytes kept for the way back, of one part of a batch on one device."""
    rows = -(-m.batch // m.accumulation)
    half = m.precision is Precision.MIXED
    each = {Precision.MIXED: 2, Precision.FULL: 4, Precision.DOUBLE: 8}[m.precision]
    if m.kind is Kind.TRANSFORMER:
        return _transformer(m, rows, each)
    if m.kind is Kind.DENSE:
        # Of every layer the sums and what the activation makes of them.
        whole, kept = 2.0 * m.hidden * m.layers, float(m.hidden * m.layers)
    else:
        # Of every convolution its sums, the normalised ones and what the activation makes of them.
        places = [2.0 * after * side * side for _, after, side in _stages(m)]
        whole, kept = 3 * sum(places), sum(places) / 2
    shrunk = 1 - m.pruned
    if m.recompute is Recompute.NONE:
        return rows * each * whole * shrunk / m.tensor
    # Only what enters each layer is kept, and the whole of one layer while it is computed again.
    return rows * (2 if half else each) * (kept + whole / max(1, m.layers)) * shrunk / m.tensor


def _transformer(m: Described, rows: int, each: int) -> float:
    """s b h (34 + 5 a s / h) bytes of a layer in 16 bits: 32 of numbers and 2 of dropout masks, 4 and 1 in the attention."""
    s, h, t = m.sequence, m.hidden, m.tensor
    size = float(s * rows * h)
    wide, masks = 16.0 * each, 2.0
    # Layer norms and what enters a block stay whole on each device: 10 of the 34.
    whole = (4 * each + masks) + (wide - 4 * each) / t
    attention = m.heads * s / h * (2 * each + 1) / t
    layer = size * (whole + attention)
    match m.recompute:
        case Recompute.NONE:
            kept = m.layers * layer
        case Recompute.SELECTIVE:
            kept = m.layers * size * whole + size * attention
        case Recompute.FULL:
            kept = m.layers * size * each + layer
    logits = 4.0 * s * rows * m.vocabulary / t
    return kept * (1 - m.pruned) + logits


def training(m: Described) -> Parts:
    count = parameters(m) / m.tensor
    shared = m.devices
    if m.precision is Precision.MIXED:
        # 2 bytes for the weight, 2 for its gradient; 4 for its copy in 32 bits and 4 for each state.
        weights, gradients, states = 2 * count, 2 * count, (4 + 4 * STATES[m.optimiser]) * count
    else:
        each = 4 if m.precision is Precision.FULL else 8
        weights, gradients, states = each * count, each * count, each * STATES[m.optimiser] * count
    if m.zero >= 1:
        states /= shared
    if m.zero >= 2:
        gradients /= shared
    if m.zero >= 3:
        weights /= shared
    return Parts(weights=weights, gradients=gradients, optimiser=states, activations=activations(m), reserve=m.reserve * GB)


def serving(m: Described) -> Parts:
    """Weights, and what one batch needs: keys and values of every token for a transformer, else the two widest layers."""
    each = SERVED_BYTES[m.served]
    weights = each * parameters(m) / m.tensor
    computed = max(2.0, each)
    if m.kind is Kind.TRANSFORMER:
        held = 2.0 * m.layers * m.hidden * m.sequence * m.served_batch * computed / m.tensor
    elif m.kind is Kind.DENSE:
        held = 2.0 * m.hidden * m.served_batch * computed / m.tensor
    else:
        held = 2.0 * max(after * side * side for _, after, side in _stages(m)) * m.served_batch * computed / m.tensor
    return Parts(weights=weights, gradients=0.0, optimiser=0.0, activations=held * (1 - m.pruned), reserve=m.reserve * GB)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change, what it costs in words, and the bytes of training and of service with it."""

    name: str
    says: str
    costs: str
    training: float
    serving: float


MIXED_SAYS: Final = N_("mixed precision (16 bits, with a copy in 32)")
MIXED_COSTS: Final = N_("nearly nothing; scale the loss with float16, or take bfloat16")


def propose_changes(m: Described) -> list[tuple[str, str, str, Described]]:
    """Every change that applies, the cheapest first: name, what it is, what it costs, the model with it."""
    made: list[tuple[str, str, str, Described]] = []
    if m.precision is not Precision.MIXED:
        made.append(("mixed", MIXED_SAYS, MIXED_COSTS, replace(m, precision=Precision.MIXED)))
    if m.recompute is Recompute.NONE and m.kind is Kind.TRANSFORMER:
        says = N_("the attention computed again on the way back (selective checkpointing)")
        made.append(("selective", says, N_("about 3% more time"), replace(m, recompute=Recompute.SELECTIVE)))
    if m.accumulation < m.batch:
        parts = min(m.batch, max(2, 4 * m.accumulation))
        made.append(
            (
                "accumulation",
                N_("gradients accumulated over more, smaller parts of the batch"),
                N_("more time where the device idles on small parts; the gradient is the same but for batch norm"),
                replace(m, accumulation=parts),
            )
        )
    if m.recompute is not Recompute.FULL:
        says = N_("all layers computed again on the way back (full checkpointing)")
        made.append(("full", says, N_("30% to 40% more time"), replace(m, recompute=Recompute.FULL)))
    if m.zero < 3:
        count = m.devices if m.devices > 1 else 4
        says = (
            N_("weights, gradients and states divided among the devices (ZeRO stage 3)")
            if m.devices > 1
            else N_("4 devices that divide weights, gradients and states (ZeRO stage 3)")
        )
        made.append(("zero", says, N_("half as much again is sent between the devices"), replace(m, devices=count, zero=3)))
    count = 2 * m.tensor
    says = N_("each layer divided among twice the devices (tensor parallel)")
    made.append(("tensor", says, N_("a fast link between the devices"), replace(m, tensor=count)))
    if m.optimiser is Optimiser.ADAM:
        says = N_("SGD with momentum instead of Adam")
        made.append(("momentum", says, N_("the learning rate must be found anew"), replace(m, optimiser=Optimiser.MOMENTUM)))
    if m.pruned < 0.5:
        says = N_("half of the units pruned (structured)")
        made.append(("pruned", says, N_("accuracy: measure it after some training more"), replace(m, pruned=0.5)))
    if m.layers > 1:
        small = replace(m, layers=max(1, m.layers // 2))
        says = N_("distilled into a model of half the layers")
        made.append(("distilled", says, N_("a training with the large model's answers, and some accuracy"), small))
    if SERVED_BYTES[m.served] > 1:
        says = N_("served with 8 bits (quantised)")
        made.append(("int8", says, N_("mostly a little accuracy; training stays as it is"), replace(m, served="int8")))
    return made


def changes(m: Described) -> tuple[Change, ...]:
    return tuple(
        Change(name=name, says=says, costs=costs, training=training(other).total, serving=serving(other).total)
        for name, says, costs, other in propose_changes(m)
    )


ORDER: Final = ("mixed", "selective", "accumulation", "full", "zero", "tensor")
"""Changes that leave the model what it is, the cheapest first."""


def plan_to_fit(m: Described, *, most: int = 12) -> tuple[tuple[str, ...], float]:
    """Changes to make one after the other until training fits (names of `ORDER`), and the bytes then. Changes that save less than
    5% are passed over. The model itself is left as it is.
    """
    made: list[str] = []
    here = training(m).total
    while here > m.memory * GB and len(made) < most:
        options = {name: other for name, _, _, other in propose_changes(m) if name in ORDER}
        chosen = next((n for n in ORDER if n in options and training(options[n]).total < 0.95 * here), None)
        if chosen is None:
            break
        m, here = options[chosen], training(options[chosen]).total
        made.append(chosen)
    return tuple(made), here
