"""What the lab's network is built and trained with; plain values, so that they can be kept and shown before JAX is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ACTIVATION_NAMES: Final = ("relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid")
INITIALISATION_NAMES: Final = ("he", "xavier", "lecun", "too_small", "too_large")
OPTIMISERS: Final = ("sgd", "momentum", "rmsprop", "adam", "adamw")
SCHEDULES: Final = ("constant", "step", "cosine", "cyclical", "one_cycle")


@dataclass(frozen=True, kw_only=True)
class Network:
    """A small network and how it is trained."""

    depth: int = 3
    width: int = 32
    activation: str = "relu"
    initialisation: str = "he"
    batch_norm: bool = False
    residual: bool = False
    dropout: float = 0.0
    l2: float = 0.0
    """Weight decay."""

    clip: float = 0.0
    """Largest norm of the whole gradient, 0 for none."""

    optimiser: str = "adam"
    rate: float = 0.003
    """Learning rate at its highest."""

    momentum: float = 0.9
    schedule: str = "constant"
    warm_up: int = 0
    """Epochs over which the rate rises from 0."""

    batch: int = 32
    """Rows of a step."""

    accumulate: int = 1
    """Steps whose gradients make one update."""

    epochs: int = 40
    bias: float = 0.0
    """Initial value of the hidden biases."""

    norm_momentum: float = 0.9
    """Momentum of batch normalisation's running mean."""

    patience: int = 0
    """Epochs without a better held-out loss before training stops, 0 for never."""
