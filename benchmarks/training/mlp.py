"""Runs of scikit-learn's multi-layer perceptron, one `partial_fit` an epoch, told as the lab tells its own.

Another library with other weights at the start, other noise and another loss (half the squared error): what holds for its curves
does not hold for the lab's networks alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier, MLPRegressor

from diagnostics.clinic.network.settings import Network
from diagnostics.clinic.network.train import Epoch, Rows, schedule

NAMES: Final = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic"}
SCALES: Final = {"too_small": 0.05**0.5, "too_large": 25**0.5, "he": 2**0.5}
"""Spread of a weight by that which keeps a signal's size, for the starts that scikit-learn does not draw by itself."""


def train_mlp(rows: Rows, settings: Network, *, seed: int, keep_steps: bool = False) -> Iterator[Epoch]:
    """One entry per epoch. keep_steps is there for the lab's sake: the epoch's mean stands for its steps."""
    model = _fresh(rows, settings, seed)
    batches = max(1, len(rows.x) // min(settings.batch, len(rows.x)))
    rates = schedule(settings, batches)
    best, waited = np.inf, 0
    for number in range(settings.epochs):
        rate = float(rates[number * batches])
        before = [part.copy() for part in model.coefs_]
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                if number:
                    model._optimizer.learning_rate_init = rate
                    model._optimizer.learning_rate = rate
                model.partial_fit(rows.x, rows.y)
        except ValueError:  # "Solver produced non-finite parameter weights"
            nothing = (np.nan,) * len(before)
            yield Epoch(
                number=number + 1,
                loss=np.nan,
                score=np.nan,
                val_loss=np.nan,
                val_score=np.nan,
                rate=rate,
                gradients=nothing,
                ratios=nothing,
                dead=(),
                step_losses=(np.nan,),
            )
            return
        loss = float(model.loss_)
        gradients, dead, score, _ = _measured(model, rows.x, rows.y, rows.classes)
        _, _, val_score, val_loss = _measured(model, rows.x_held, rows.y_held, rows.classes)
        ratios = tuple(
            float(np.linalg.norm(now - then) / (np.linalg.norm(then) + 1e-12) / batches**0.5)
            for now, then in zip(model.coefs_, before, strict=True)
        )
        quiet = dead if settings.activation == "relu" else ()
        yield Epoch(
            number=number + 1,
            loss=loss,
            score=score,
            val_loss=val_loss,
            val_score=val_score,
            rate=rate,
            gradients=gradients,
            ratios=ratios,
            dead=quiet,
            step_losses=(loss,),
        )
        if not np.isfinite(loss):
            return
        waited = 0 if val_loss < best else waited + 1
        best = min(best, val_loss)
        if settings.patience and waited >= settings.patience:
            return


def _fresh(rows: Rows, settings: Network, seed: int) -> Any:
    """The model with its weights as the settings want them, before its first step."""
    chosen: dict[str, Any] = {
        "hidden_layer_sizes": (settings.width,) * settings.depth,
        "activation": NAMES[settings.activation],
        "solver": "adam" if settings.optimiser.startswith("adam") else "sgd",
        "momentum": settings.momentum if settings.optimiser == "momentum" else 0.0,
        "nesterovs_momentum": settings.optimiser == "momentum",
        "learning_rate_init": settings.rate,
        "alpha": settings.l2 * len(rows.x),
        "batch_size": min(settings.batch, len(rows.x)),
        "random_state": seed,
    }
    model: Any = (MLPClassifier if rows.classes else MLPRegressor)(**chosen)
    # A step of no length draws the weights and nothing else.
    model.set_params(learning_rate_init=1e-30)
    model.partial_fit(rows.x, rows.y, **({"classes": np.arange(rows.classes)} if rows.classes else {}))
    model.set_params(learning_rate_init=settings.rate)
    model._optimizer.learning_rate_init = settings.rate
    model._optimizer.learning_rate = settings.rate
    rng = np.random.default_rng(seed)
    if settings.initialisation in SCALES:
        for place, part in enumerate(model.coefs_[:-1]):
            spread = SCALES[settings.initialisation] / len(part) ** 0.5
            model.coefs_[place][...] = spread * rng.standard_normal(part.shape)
    if settings.bias:
        for part in model.intercepts_[:-1]:
            part[...] = settings.bias
    return model


def _measured(
    model: Any, x: NDArray[Any], y: NDArray[Any], classes: int
) -> tuple[tuple[float, ...], tuple[float, ...], float, float]:
    """Gradient norm of each layer's weights, share of silent units of each hidden layer, score, and loss, on these rows."""
    with np.errstate(all="ignore"):
        hidden = [np.asarray(x, dtype="float64")]
        for place, (weights, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
            value = hidden[-1] @ weights + bias
            hidden.append(value if place == len(model.coefs_) - 1 else _active(model.activation, value))
        last = hidden.pop()
        if classes == 2:
            last = np.hstack([np.zeros_like(last), last])
        if classes:
            shifted = last - last.max(axis=1, keepdims=True)
            chances = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
            loss = float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(y)), y]))
            score = float(np.mean(last.argmax(axis=1) == y))
            delta = (chances - np.eye(classes)[y]) / len(y)
            delta = delta[:, 1:] if classes == 2 else delta
        else:
            gap = last[:, 0] - y
            loss, score, delta = float(np.mean(gap**2) / 2), float(np.mean(np.abs(gap))), gap[:, None] / len(y)
        norms = []
        for weights, values in zip(model.coefs_[::-1], hidden[::-1], strict=True):
            norms.append(float(np.linalg.norm(values.T @ delta)))
            delta = (delta @ weights.T) * _slope(model.activation, values)
        silent = tuple(float(np.mean((part <= 0).all(axis=0))) for part in hidden[1:])
    return tuple(norms[::-1]), silent, score, loss


def _active(name: str, value: NDArray[Any]) -> NDArray[Any]:
    if name == "relu":
        return np.asarray(np.maximum(value, 0))
    return np.asarray(np.tanh(value) if name == "tanh" else 1 / (1 + np.exp(-value)))


def _slope(name: str, answer: NDArray[Any]) -> NDArray[Any]:
    if name == "relu":
        return np.asarray(answer > 0, dtype="float64")
    return np.asarray(1 - answer**2 if name == "tanh" else answer * (1 - answer))
