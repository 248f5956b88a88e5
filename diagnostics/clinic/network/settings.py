"""What the lab's network is built and trained with; plain values, so that they can be kept and shown before JAX is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ACTIVATION_NAMES: Final = ("relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid")
INITIALISATION_NAMES: Final = ("he", "xavier", "lecun", "too_small", "too_large")
OPTIMISERS: Final = ("sgd", "momentum", "rmsprop", "adam", "adamw")
SCHEDULES: Final = ("constant", "step", "cosine", "cyclical", "one_cycle")


@dataclass(frozen=True)
class Network:
    """rate: learning rate at its highest. warm_up: epochs over which it climbs from 0. clip: largest norm of the whole
    gradient, 0 for
    none. batch: rows of a step; accumulate: steps whose gradients make one update. l2: weight decay. bias: what the hidden biases
    begin with. norm_momentum: of batch normalisation's running mean. patience: epochs without a better held-out loss, 0 for
    never.
    """

    depth: int = 3
    width: int = 32
    activation: str = "relu"
    initialisation: str = "he"
    batch_norm: bool = False
    residual: bool = False
    dropout: float = 0.0
    l2: float = 0.0
    clip: float = 0.0
    optimiser: str = "adam"
    rate: float = 0.003
    momentum: float = 0.9
    schedule: str = "constant"
    warm_up: int = 0
    batch: int = 32
    accumulate: int = 1
    epochs: int = 40
    bias: float = 0.0
    norm_momentum: float = 0.9
    patience: int = 0
