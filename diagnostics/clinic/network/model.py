"""The lab's network: dense layers with the parts that the remedies switch on, built on Equinox."""

from __future__ import annotations

import itertools
import os
from typing import Any, Final

# The lab is small: one CPU thread is faster than handing work around, and no accelerator is looked for.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import equinox as eqx
import jax
import jax.numpy as jnp

ACTIVATIONS: Final[dict[str, Any]] = {
    "relu": jax.nn.relu,
    "leaky_relu": jax.nn.leaky_relu,
    "elu": jax.nn.elu,
    "gelu": jax.nn.gelu,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
}

INITIALISATIONS: Final[dict[str, Any]] = {
    "xavier": jax.nn.initializers.glorot_normal(in_axis=-1, out_axis=-2),
    "he": jax.nn.initializers.he_normal(in_axis=-1, out_axis=-2),
    "lecun": jax.nn.initializers.lecun_normal(in_axis=-1, out_axis=-2),
    "too_small": jax.nn.initializers.variance_scaling(0.05, "fan_in", "normal", in_axis=-1, out_axis=-2),
    "too_large": jax.nn.initializers.variance_scaling(25.0, "fan_in", "normal", in_axis=-1, out_axis=-2),
}
"""Xavier: Glorot & Bengio 2010; He: He et al. 2015 (doi:10.1109/ICCV.2015.123); LeCun: LeCun et al. 1998. The other two are
faults
for trying: a twentieth and twenty-five times the variance that keeps a signal's size.
"""

DEAD_BIAS: Final = -6.0
"""Bias of "dead" hidden units: six standard deviations below what standardised inputs reach."""


class Dense(eqx.Module):
    """depth hidden layers of `width` units; with batch normalisation before the activation, dropout after it, and a residual path
    around every hidden layer whose input is as wide as its output, each where switched on.
    """

    layers: list[eqx.nn.Linear]
    norms: list[Any]
    dropout: eqx.nn.Dropout
    activation: str = eqx.field(static=True)
    residual: bool = eqx.field(static=True)

    def __init__(
        self,
        key: Any,
        *,
        inputs: int,
        outputs: int,
        depth: int,
        width: int,
        activation: str,
        initialisation: str,
        batch_norm: bool,
        norm_momentum: float,
        residual: bool,
        dropout: float,
        bias: float = 0.0,
    ) -> None:
        sizes = [inputs, *[width] * depth, outputs]
        keys = jax.random.split(key, 2 * len(sizes))
        self.layers, self.norms = [], []
        for index, (before, after) in enumerate(itertools.pairwise(sizes)):
            # The last layer is always initialised well: the fault under test is in the hidden ones.
            draw = INITIALISATIONS[initialisation if index < depth else "lecun"]
            layer = eqx.nn.Linear(before, after, key=keys[2 * index])
            start = jnp.full((after,), bias if index < depth else 0.0, dtype=jnp.float32)
            weights = draw(keys[2 * index + 1], (after, before), jnp.float32)
            self.layers.append(eqx.tree_at(lambda part: (part.weight, part.bias), layer, (weights, start)))
            if batch_norm and index < depth:
                self.norms.append(eqx.nn.BatchNorm(after, "batch", momentum=norm_momentum, mode="batch"))
        self.dropout = eqx.nn.Dropout(dropout)
        self.activation, self.residual = activation, residual

    def __call__(self, x: Any, state: Any, key: Any, inference: bool) -> tuple[Any, tuple[Any, ...], Any]:
        """One row, shape (inputs,): its output, shape (outputs,), the activations of each hidden layer, and the norms' new
        state.
        """
        hidden, active = x, ACTIVATIONS[self.activation]
        kept = []
        for index, layer in enumerate(self.layers[:-1]):
            value = layer(hidden)
            if self.norms:
                value, state = self.norms[index](value, state, inference=inference)
            value = active(value)
            kept.append(value)
            value = self.dropout(value, key=jax.random.fold_in(key, index), inference=inference)
            hidden = hidden + value if self.residual and hidden.shape == value.shape else value
        return self.layers[-1](hidden), tuple(kept), state
