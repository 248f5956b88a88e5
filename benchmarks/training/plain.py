"""Small networks in NumPy alone: dense layers, or one recurrent layer, with many optimisers, losses and activations.

A run takes a fraction of a second, as nothing is compiled, so that thousands of runs of many kinds can be trained. Each epoch
comes back as the lab's trainer reports it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.network.settings import Network
from diagnostics.clinic.network.train import Epoch, Rows, schedule

Array = NDArray[np.float64]

GAINS: Final = {"he": 2**0.5, "xavier": 1.0, "lecun": 1.0, "too_small": 0.05**0.5, "too_large": 5.0}
"""Spread of a weight by 1 / sqrt(inputs)."""

RECURRENT_GAINS: Final = {"he": 1.0, "xavier": 1.0, "lecun": 1.0, "too_small": 0.35, "too_large": 3.5}
STEPS: Final = 10
"""Steps of a sequence: the first four hold four features each, the others nothing, so that the answer must be remembered."""


@dataclass(frozen=True)
class PlainNetwork(Network):
    """loss: "mse", "half" (half the squared error), "mae" or "huber" of a regression. recurrent: one recurrent layer of `width`
    units instead of `depth` dense ones.
    """

    loss: str = "mse"
    recurrent: bool = False


def train_plain(rows: Rows, settings: Network, *, seed: int, keep_steps: bool = False) -> Iterator[Epoch]:
    """One entry per epoch; stops where the settings say so, and where a loss is no number any more."""
    rng = np.random.default_rng(seed)
    model = _model(rows, settings, rng)
    size = min(settings.batch, len(rows.x))
    batches = max(1, len(rows.x) // size)
    rates = schedule(settings, batches)
    optimiser = Optimiser(settings, model.weights)
    x, y = np.asarray(rows.x, dtype="float64"), np.asarray(rows.y)
    x_held, y_held = np.asarray(rows.x_held, dtype="float64"), np.asarray(rows.y_held)
    best, waited = np.inf, 0
    with np.errstate(all="ignore"):
        for number in range(settings.epochs):
            order = rng.permutation(len(x))[: batches * size].reshape(batches, size)
            losses, scores, norms, ratios = [], [], [], []
            for place, picked in enumerate(order):
                loss, score, gradients = model.step(x[picked], y[picked], rng)
                rate = float(rates[number * batches + place])
                before = [np.linalg.norm(weight) for weight in model.weights]
                moved = optimiser.update(model.weights, gradients, rate)
                losses.append(loss)
                scores.append(score)
                norms.append([float(np.linalg.norm(gradients[i])) for i in model.matrices])
                ratios.append([moved[i] / (before[i] + 1e-12) for i in model.matrices])
                if not np.isfinite(loss):
                    break
            val_loss, val_score, _ = model.judge(x_held, y_held)
            _, _, dead = model.judge(x, y)
            quiet = dead if settings.activation == "relu" else ()
            yield Epoch(
                number=number + 1,
                loss=float(np.mean(losses)),
                score=float(np.mean(scores)),
                val_loss=val_loss,
                val_score=val_score,
                rate=float(rates[(number + 1) * batches - 1]),
                gradients=tuple(np.mean(norms, axis=0).tolist()),
                ratios=tuple(np.mean(ratios, axis=0).tolist()),
                dead=quiet,
                step_losses=tuple(losses) if keep_steps else (),
            )
            if not np.isfinite(losses).all():
                return
            waited = 0 if val_loss < best else waited + 1
            best = min(best, val_loss)
            if settings.patience and waited >= settings.patience:
                return


def _model(rows: Rows, settings: Network, rng: np.random.Generator) -> Dense | Recurrent:
    loss = settings.loss if isinstance(settings, PlainNetwork) else "mse"
    kind = Recurrent if isinstance(settings, PlainNetwork) and settings.recurrent else Dense
    return kind(rows.x.shape[1], rows.classes, settings, loss, rng)


class Dense:
    """Weights and biases in turn, first layer first; matrices: places of the weights in that list."""

    def __init__(self, inputs: int, classes: int, settings: Network, loss: str, rng: np.random.Generator) -> None:
        self.settings, self.classes, self.loss = settings, classes, loss
        sizes = [inputs, *[settings.width] * settings.depth, max(1, classes)]
        self.weights: list[Array] = []
        for place, (before, after) in enumerate(itertools.pairwise(sizes)):
            hidden = place < settings.depth
            gain = GAINS[settings.initialisation] if hidden else 1.0
            self.weights.append(gain / before**0.5 * rng.standard_normal((before, after)))
            self.weights.append(np.full(after, settings.bias if hidden else 0.0))
        self.matrices = list(range(0, len(self.weights), 2))

    def _forward(self, x: Array, rng: np.random.Generator | None) -> tuple[list[Array], list[Array], list[Any], Array]:
        inputs, sums, masks = [x], [], []
        for place in range(self.settings.depth):
            value = inputs[-1] @ self.weights[2 * place] + self.weights[2 * place + 1]
            sums.append(value)
            answer = activate(self.settings.activation, value)
            mask = None
            if rng is not None and self.settings.dropout:
                mask = (rng.random(answer.shape) >= self.settings.dropout) / (1 - self.settings.dropout)
                answer = answer * mask
            masks.append(mask)
            inputs.append(answer)
        return inputs, sums, masks, inputs[-1] @ self.weights[-2] + self.weights[-1]

    def step(self, x: Array, y: NDArray[Any], rng: np.random.Generator) -> tuple[float, float, list[Array]]:
        inputs, sums, masks, logits = self._forward(x, rng)
        loss, score, delta = loss_of(logits, y, self.classes, self.loss)
        gradients: list[Array] = [np.empty(0)] * len(self.weights)
        for place in range(self.settings.depth, -1, -1):
            gradients[2 * place] = inputs[place].T @ delta
            gradients[2 * place + 1] = delta.sum(axis=0)
            if place:
                delta = delta @ self.weights[2 * place].T
                if masks[place - 1] is not None:
                    delta = delta * masks[place - 1]
                delta = delta * slope(self.settings.activation, sums[place - 1])
        return loss, score, gradients

    def judge(self, x: Array, y: NDArray[Any]) -> tuple[float, float, tuple[float, ...]]:
        _, sums, _, logits = self._forward(x, None)
        loss, score, _ = loss_of(logits, y, self.classes, self.loss)
        return loss, score, tuple(float(np.mean((part <= 0).all(axis=0))) for part in sums)


class Recurrent:
    """A layer that reads a sequence, and a dense layer on its last state."""

    def __init__(self, inputs: int, classes: int, settings: Network, loss: str, rng: np.random.Generator) -> None:
        self.settings, self.classes, self.loss = settings, classes, loss
        width, outputs = settings.width, max(1, classes)
        turned, _ = np.linalg.qr(rng.standard_normal((width, width)))
        self.weights: list[Array] = [
            rng.standard_normal((inputs // 4, width)) / (inputs // 4) ** 0.5,
            RECURRENT_GAINS[settings.initialisation] * turned,
            np.full(width, settings.bias),
            rng.standard_normal((width, outputs)) / width**0.5,
            np.zeros(outputs),
        ]
        self.matrices = [0, 1, 3]

    def _forward(self, x: Array) -> tuple[Array, list[Array], list[Array], Array]:
        parts = np.zeros((STEPS, len(x), x.shape[1] // 4))
        parts[:4] = x[:, : 4 * (x.shape[1] // 4)].reshape(len(x), 4, -1).transpose(1, 0, 2)
        states, sums = [np.zeros((len(x), self.settings.width))], []
        for part in parts:
            sums.append(part @ self.weights[0] + states[-1] @ self.weights[1] + self.weights[2])
            states.append(activate(self.settings.activation, sums[-1]))
        return parts, states, sums, states[-1] @ self.weights[3] + self.weights[4]

    def step(self, x: Array, y: NDArray[Any], rng: np.random.Generator) -> tuple[float, float, list[Array]]:
        parts, states, sums, logits = self._forward(x)
        loss, score, delta = loss_of(logits, y, self.classes, self.loss)
        gradients = [np.zeros_like(weight) for weight in self.weights]
        gradients[3], gradients[4] = states[-1].T @ delta, delta.sum(axis=0)
        back = delta @ self.weights[3].T
        for place in range(STEPS - 1, -1, -1):
            back = back * slope(self.settings.activation, sums[place])
            gradients[0] += parts[place].T @ back
            gradients[1] += states[place].T @ back
            gradients[2] += back.sum(axis=0)
            back = back @ self.weights[1].T
        return loss, score, gradients

    def judge(self, x: Array, y: NDArray[Any]) -> tuple[float, float, tuple[float, ...]]:
        _, _, sums, logits = self._forward(x)
        loss, score, _ = loss_of(logits, y, self.classes, self.loss)
        return loss, score, (float(np.mean((np.array(sums) <= 0).all(axis=(0, 1)))),)


def activate(name: str, value: Array) -> Array:
    match name:
        case "relu":
            return np.maximum(value, 0)
        case "leaky_relu":
            return np.where(value > 0, value, 0.01 * value)
        case "elu":
            return np.where(value > 0, value, np.expm1(np.minimum(value, 0)))
        case "gelu":
            return np.asarray(value / (1 + np.exp(-1.702 * value)))
        case "tanh":
            return np.tanh(value)
        case "sigmoid":
            return 1 / (1 + np.exp(-value))
    raise ValueError(f"activation must be one of relu, leaky_relu, elu, gelu, tanh, sigmoid, got {name!r}")


def slope(name: str, value: Array) -> Array:
    """The activation's derivative at `value`."""
    match name:
        case "relu":
            return (value > 0).astype("float64")
        case "leaky_relu":
            return np.where(value > 0, 1.0, 0.01)
        case "elu":
            return np.where(value > 0, 1.0, np.exp(np.minimum(value, 0)))
        case "gelu":
            gate = 1 / (1 + np.exp(-1.702 * value))
            return gate + 1.702 * value * gate * (1 - gate)
        case "tanh":
            return np.asarray(1 - np.tanh(value) ** 2)
    gate = 1 / (1 + np.exp(-value))
    return np.asarray(gate * (1 - gate))


def loss_of(logits: Array, y: NDArray[Any], classes: int, kind: str) -> tuple[float, float, Array]:
    """Loss, score (accuracy, or the mean absolute error) and the loss' gradient by the logits, shape (n, outputs)."""
    if classes:
        shifted = logits - logits.max(axis=1, keepdims=True)
        sums = np.exp(shifted).sum(axis=1)
        loss = float(np.mean(np.log(sums) - shifted[np.arange(len(y)), y]))
        return loss, float(np.mean(logits.argmax(axis=1) == y)), (np.exp(shifted) / sums[:, None] - np.eye(classes)[y]) / len(y)
    gap = logits[:, 0] - y
    error = float(np.mean(np.abs(gap)))
    match kind:
        case "mae":
            return error, error, (np.sign(gap) / len(y))[:, None]
        case "huber":
            loss = float(np.mean(np.where(np.abs(gap) < 1, gap**2 / 2, np.abs(gap) - 0.5)))
            return loss, error, (np.clip(gap, -1, 1) / len(y))[:, None]
        case "half":
            return float(np.mean(gap**2) / 2), error, (gap / len(y))[:, None]
    return float(np.mean(gap**2)), error, (2 * gap / len(y))[:, None]


class Optimiser:
    """One of sgd, momentum, nesterov, rmsprop, adagrad, adam, adamw, lion (Chen et al. 2023, arXiv:2302.06675)."""

    def __init__(self, settings: Network, weights: list[Array]) -> None:
        self.settings, self.count = settings, 0
        self.first = [np.zeros_like(weight) for weight in weights]
        self.second = [np.zeros_like(weight) for weight in weights]

    def update(self, weights: list[Array], gradients: list[Array], rate: float) -> list[float]:
        """Moves the weights in place; the norm of what was added to each."""
        self.count += 1
        name, decay, momentum = self.settings.optimiser, self.settings.l2, self.settings.momentum
        scale = 1.0
        if self.settings.clip:
            norm = float(np.sqrt(sum(np.sum(part**2) for part in gradients)))
            scale = min(1.0, self.settings.clip / (norm + 1e-12))
        moved = []
        for place, weight in enumerate(weights):
            gradient = scale * gradients[place]
            if decay and weight.ndim > 1 and name not in ("adamw", "lion"):
                gradient = gradient + decay * weight
            first, second = self.first[place], self.second[place]
            match name:
                case "sgd":
                    step = gradient
                case "momentum" | "nesterov":
                    first[...] = momentum * first + gradient
                    step = gradient + momentum * first if name == "nesterov" else first
                case "rmsprop":
                    second[...] = 0.9 * second + 0.1 * gradient**2
                    step = gradient / (np.sqrt(second) + 1e-8)
                case "adagrad":
                    second[...] += gradient**2
                    step = gradient / (np.sqrt(second) + 1e-8)
                case "lion":
                    step = np.sign(0.9 * first + 0.1 * gradient)
                    first[...] = 0.99 * first + 0.01 * gradient
                case _:
                    first[...] = 0.9 * first + 0.1 * gradient
                    second[...] = 0.999 * second + 0.001 * gradient**2
                    step = first / (1 - 0.9**self.count) / (np.sqrt(second / (1 - 0.999**self.count)) + 1e-8)
            if decay and weight.ndim > 1 and name in ("adamw", "lion"):
                step = step + decay * weight
            change = -rate * step
            weight += change
            moved.append(float(np.linalg.norm(change)))
        return moved
