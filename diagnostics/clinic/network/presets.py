"""A setting of the lab for every training problem, and the changes that fix it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from diagnostics.clinic.network.settings import Network
from diagnostics.nouns.words import N_


@dataclass(frozen=True)
class Change:
    """One remedy: its name (message id) and what it sets."""

    name: str
    says: str
    sets: tuple[tuple[str, Any], ...]

    def apply(self, network: Network) -> Network:
        return replace(network, **dict(self.sets))


@dataclass(frozen=True)
class Preset:
    """A problem: its title (message id), the network that has it, how many training rows it takes (0: all), and its remedies."""

    title: str
    network: Network
    remedies: tuple[Change, ...]
    rows: int = 0


def _change(name: str, says: str, **sets: Any) -> Change:
    return Change(name, says, tuple(sets.items()))


RELU: Final = _change("relu", N_("ReLU and He initialisation"), activation="relu", initialisation="he")
NORM: Final = _change("batch_norm", N_("Batch normalisation"), batch_norm=True)
RESIDUAL: Final = _change("residual", N_("Residual connections"), residual=True)
ADAM: Final = _change("adam", N_("Adam with 0.003"), optimiser="adam", rate=0.003)
CLIP: Final = _change("clip", N_("Gradients clipped to norm 1"), clip=1.0)
HE: Final = _change("he", N_("He initialisation"), initialisation="he")
COSINE: Final = _change("cosine", N_("Cosine schedule with warm-up"), schedule="cosine", warm_up=3)

PRESETS: Final[dict[str, Preset]] = {
    "healthy": Preset(N_("None: a network that learns"), Network(patience=10), (NORM, RESIDUAL, COSINE)),
    "vanishing_gradient": Preset(
        N_("Vanishing gradients"),
        Network(depth=8, activation="sigmoid", initialisation="xavier", optimiser="sgd", rate=0.05, epochs=30),
        (
            RELU,
            NORM,
            RESIDUAL,
            _change(
                "all",
                N_("ReLU, He, residuals and Adam"),
                activation="relu",
                initialisation="he",
                residual=True,
                optimiser="adam",
                rate=0.001,
            ),
        ),
    ),
    "exploding_gradient": Preset(
        N_("Exploding gradients"),
        Network(depth=6, initialisation="too_large", optimiser="sgd", rate=0.02, epochs=25),
        (
            CLIP,
            HE,
            NORM,
            _change("he_clip", N_("He initialisation and clipping"), initialisation="he", clip=1.0),
        ),
    ),
    "dead_units": Preset(
        N_("Dead units"),
        Network(bias=-6.0, epochs=30),
        (
            _change("leaky", N_("Leaky ReLU"), activation="leaky_relu"),
            _change("elu", N_("ELU"), activation="elu"),
            _change("zero", N_("Biases that begin with zero"), bias=0.0),
            NORM,
        ),
    ),
    "learning_rate_too_high": Preset(
        N_("Learning rate too high"),
        Network(optimiser="momentum", rate=1.0, activation="tanh", initialisation="xavier", epochs=30),
        (
            _change("tenth", N_("A tenth of the learning rate"), rate=0.1),
            _change("hundredth", N_("A hundredth of the learning rate"), rate=0.01),
            COSINE,
            CLIP,
        ),
    ),
    "learning_rate_too_low": Preset(
        N_("Learning rate too low"),
        Network(optimiser="sgd", rate=1e-4, epochs=30),
        (
            _change("ten", N_("Ten times the learning rate"), rate=1e-3),
            _change("hundred", N_("A hundred times the learning rate"), rate=1e-2),
            _change("one_cycle", N_("One cycle up to 0.1"), rate=0.1, schedule="one_cycle"),
            ADAM,
        ),
    ),
    "unstable_training": Preset(
        N_("Unstable training"),
        Network(optimiser="momentum", momentum=0.95, rate=0.06, batch=4, epochs=30, activation="tanh", initialisation="xavier"),
        (
            _change("batch", N_("Batches of 64 rows"), batch=64),
            _change("accumulate", N_("Gradients of 8 steps accumulated"), accumulate=8),
            _change("cosine", N_("Cosine schedule"), schedule="cosine"),
            CLIP,
        ),
    ),
    "overfitting": Preset(
        N_("Overfitting"),
        Network(width=128, epochs=120, batch=16),
        (
            _change("stop", N_("Early stopping"), patience=6),
            _change("l2", N_("Weight decay"), optimiser="adamw", l2=0.3),
            _change("dropout", N_("Dropout of one half"), dropout=0.5),
            _change("small", N_("A small network"), width=4, depth=1),
        ),
        rows=150,
    ),
    "underfitting": Preset(
        N_("Underfitting"),
        Network(width=1, depth=1, epochs=40),
        (
            _change("wide", N_("32 units in a layer"), width=32),
            _change("deep", N_("Three layers of 32 units"), width=32, depth=3),
            _change("long", N_("Four times as long"), epochs=160),
        ),
    ),
}
