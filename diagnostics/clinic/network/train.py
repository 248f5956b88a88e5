"""Training of the lab's network with Optax: one epoch is one compiled call; loss, gradients and dead units come back each
time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax  # type: ignore[import-untyped]  # ships no type hints
from numpy.typing import NDArray

from diagnostics.clinic.network.model import Dense
from diagnostics.clinic.network.settings import Network

BLIND: Final = 2_000
"""Rows on which a unit must stay silent to be called dead."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows to train on, to watch and to judge by."""

    x: NDArray[np.float32]
    """Standardised inputs, shape (n, d), float32."""

    y: NDArray[Any]
    """Class codes, shape (n,), int32, or standardised values, float32."""

    x_held: NDArray[np.float32]
    y_held: NDArray[Any]
    classes: int
    """Number of classes, 0 for a regression."""

    x_judged: NDArray[np.float32] | None = None
    """Rows that score the result, where the held-out rows decide when training stops."""

    y_judged: NDArray[Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one epoch showed. A number that overflowed is NaN or inf."""

    number: int
    loss: float
    """Mean over the batches as they came, as Keras logs it."""

    score: float
    """Likewise."""

    val_loss: float
    """On the held-out rows."""

    val_score: float
    """On the held-out rows."""

    rate: float
    gradients: tuple[float, ...]
    """Mean norm of each layer's weight gradient before clipping, first layer first."""

    ratios: tuple[float, ...]
    """Mean size of an update relative to that of the weights, by layer."""

    dead: tuple[float, ...]
    """Share of each hidden layer's units that are 0 on every row."""

    step_losses: tuple[float, ...]
    judged: float | None = None
    """Score on `Rows.x_judged`, None without."""

    judged_loss: float | None = None
    """Loss on them."""


def train(rows: Rows, settings: Network, *, seed: int, keep_steps: bool = False) -> Iterator[Epoch]:
    """One entry per epoch, as it ends; stops early where the settings say so, and where the weights are no numbers any more."""
    rng = np.random.default_rng(seed)
    key = jax.random.key(seed)
    model, state = _fresh(rows, settings, key)
    weights, frame = eqx.partition(model, eqx.is_inexact_array)
    optimiser = _optimiser(settings.optimiser, settings.accumulate)
    knobs = _knobs(settings)
    held = optimiser(knobs).init(weights)
    size = min(settings.batch, len(rows.x))
    batches = max(1, len(rows.x) // size)
    rates = schedule(settings, batches)
    x, y = jnp.asarray(rows.x), jnp.asarray(rows.y)
    x_held, y_held = jnp.asarray(rows.x_held), jnp.asarray(rows.y_held)
    run, test = _epoch(settings.optimiser, settings.accumulate, rows.classes), _evaluate(rows.classes)
    best, waited = np.inf, 0
    for number in range(settings.epochs):
        order = rng.permutation(len(rows.x))[: batches * size].reshape(batches, size).astype("int32")
        span = rates[number * batches : (number + 1) * batches]
        weights, state, held, records = run(
            frame, weights, state, held, x, y, jnp.asarray(order), jnp.asarray(span), jax.random.fold_in(key, number), knobs
        )
        val_loss, val_score, _ = test(frame, weights, state, x_held, y_held)
        _, _, dead = test(frame, weights, state, x[:BLIND], y[:BLIND])
        judged = judged_loss = None
        if rows.x_judged is not None:
            told = test(frame, weights, state, jnp.asarray(rows.x_judged), jnp.asarray(rows.y_judged))
            judged_loss, judged = float(told[0]), float(told[1])
        losses, scores, gradients, ratios = (np.asarray(part, dtype="float64") for part in records)
        quiet = tuple(float(share) for share in np.asarray(dead)) if settings.activation in ("relu", "leaky_relu") else ()
        yield Epoch(
            number=number + 1,
            loss=float(losses.mean()),
            score=float(scores.mean()),
            val_loss=float(val_loss),
            val_score=float(val_score),
            rate=float(span[-1]),
            gradients=tuple(gradients.mean(axis=0).tolist()),
            ratios=tuple(ratios.mean(axis=0).tolist()),
            dead=quiet,
            step_losses=tuple(losses.tolist()) if keep_steps else (),
            judged=judged,
            judged_loss=judged_loss,
        )
        if not np.isfinite(losses).all():
            return
        waited = 0 if float(val_loss) < best else waited + 1
        best = min(best, float(val_loss))
        if settings.patience and waited >= settings.patience:
            return


PADDED: Final = 1_024
"""Rows are predicted in multiples of this many, as each other number of rows would be compiled anew."""


def learn(rows: Rows, settings: Network, *, seed: int) -> Callable[[NDArray[np.float32]], NDArray[np.float64]]:
    """Train on `rows.x` without recording epochs; returns the function from rows, shape (n, d), to logits or values, (n, k)."""
    rng = np.random.default_rng(seed)
    key = jax.random.key(seed)
    model, state = _fresh(rows, settings, key)
    weights, frame = eqx.partition(model, eqx.is_inexact_array)
    knobs = _knobs(settings)
    held = _optimiser(settings.optimiser, settings.accumulate)(knobs).init(weights)
    size = min(settings.batch, len(rows.x))
    batches = -(-len(rows.x) // size)
    rates = schedule(settings, batches)
    run = _epoch(settings.optimiser, settings.accumulate, rows.classes)
    for number in range(settings.epochs):
        # Whole batches of one shape, the last filled up: folds differ by a row or two, and each shape is compiled for itself.
        order = np.resize(rng.permutation(len(rows.x)), batches * size)
        x, y = jnp.asarray(rows.x[order]), jnp.asarray(rows.y[order])
        places = np.arange(batches * size, dtype="int32").reshape(batches, size)
        span = jnp.asarray(rates[number * batches : (number + 1) * batches])
        weights, state, held, _ = run(
            frame, weights, state, held, x, y, jnp.asarray(places), span, jax.random.fold_in(key, number), knobs
        )

    def answer(x: NDArray[np.float32]) -> NDArray[np.float64]:
        padded = np.zeros((-(-max(1, len(x)) // PADDED) * PADDED, x.shape[1]), dtype="float32")
        padded[: len(x)] = x
        return np.asarray(_predict(frame, weights, state, jnp.asarray(padded)), dtype="float64")[: len(x)]

    return answer


@eqx.filter_jit
def _predict(frame: Any, weights: Any, state: Any, x: Any) -> Any:
    return _answers(frame, weights, state, x, jax.random.key(0), inference=True)[0]


def schedule(settings: Network, batches: int) -> NDArray[np.float32]:
    """The learning rate of every step, shape (epochs * batches,)."""
    steps = settings.epochs * batches
    warm = min(settings.warm_up * batches, steps - 1)
    after = max(1, steps - warm)
    match settings.schedule:
        case "step":
            main: Any = optax.piecewise_constant_schedule(settings.rate, {after // 2: 0.1, 3 * after // 4: 0.1})
        case "cosine":
            main = optax.cosine_decay_schedule(settings.rate, after)
        case "cyclical":
            # Smith 2017, doi:10.1109/WACV.2017.58: triangles between a fifth of the rate and the rate.
            half = max(1, after // 8)
            up = optax.linear_schedule(settings.rate / 5, settings.rate, half)
            down = optax.linear_schedule(settings.rate, settings.rate / 5, half)
            main = optax.join_schedules([up, down] * 4, [half * index for index in range(1, 8)])
        case "one_cycle":
            main = optax.cosine_onecycle_schedule(after, settings.rate)
        case _:
            main = optax.constant_schedule(settings.rate)
    if warm:
        main = optax.join_schedules([optax.linear_schedule(0.0, settings.rate, warm), main], [warm])
    return np.asarray(jax.vmap(main)(jnp.arange(steps)), dtype="float32") * np.ones(steps, dtype="float32")


def _fresh(rows: Rows, settings: Network, key: Any) -> tuple[Any, Any]:
    made: tuple[Any, Any] = eqx.nn.make_with_state(Dense)(
        key,
        inputs=rows.x.shape[1],
        outputs=max(1, rows.classes),
        depth=settings.depth,
        width=settings.width,
        activation=settings.activation,
        initialisation=settings.initialisation,
        batch_norm=settings.batch_norm,
        norm_momentum=settings.norm_momentum,
        residual=settings.residual,
        dropout=settings.dropout,
        bias=settings.bias,
    )
    return made


def _knobs(settings: Network) -> dict[str, Any]:
    """Numbers that may change without compiling anew."""
    clip = settings.clip if settings.clip else 1e30
    return {"clip": jnp.float32(clip), "l2": jnp.float32(settings.l2), "momentum": jnp.float32(settings.momentum)}


@lru_cache(maxsize=32)
def _optimiser(name: str, accumulate: int) -> Any:
    """From the knobs to an Optax transformation that gives steps of unit learning rate."""

    def build(knobs: dict[str, Any]) -> Any:
        plain: dict[str, Any] = {
            "sgd": lambda: optax.identity(),
            "momentum": lambda: optax.trace(decay=knobs["momentum"]),
            "rmsprop": lambda: optax.scale_by_rms(decay=0.9),
            "adam": lambda: optax.scale_by_adam(),
            "adamw": lambda: optax.scale_by_adam(),
        }
        decay = optax.add_decayed_weights(knobs["l2"])
        parts = [optax.clip_by_global_norm(knobs["clip"])]
        # AdamW takes the decay past the moments (Loshchilov & Hutter 2019); the others add it to the gradient.
        parts += [plain[name](), decay] if name == "adamw" else [decay, plain[name]()]
        chained = optax.chain(*parts)
        return optax.MultiSteps(chained, accumulate) if accumulate > 1 else chained

    return build


def _answers(frame: Any, weights: Any, state: Any, x: Any, key: Any, *, inference: bool) -> tuple[Any, Any, Any]:
    model = eqx.combine(weights, frame)
    keys = jax.random.split(key, len(x))
    apply = jax.vmap(lambda row, k: model(row, state, k, inference), axis_name="batch", out_axes=(0, 0, None))
    records: tuple[Any, Any, Any] = apply(x, keys)  # type: ignore[no-untyped-call]
    return records


def _loss(logits: Any, y: Any, classes: int) -> tuple[Any, Any]:
    """Mean loss and score: cross entropy and accuracy, or mean squared error and mean absolute error."""
    if classes:
        loss = optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()
        return loss, (logits.argmax(axis=1) == y).mean()
    gap = logits[:, 0] - y
    return (gap**2).mean(), jnp.abs(gap).mean()


@lru_cache(maxsize=64)
def _epoch(optimiser: str, accumulate: int, classes: int) -> Any:
    build = _optimiser(optimiser, accumulate)

    @eqx.filter_jit
    def run(
        frame: Any, weights: Any, state: Any, held: Any, x: Any, y: Any, order: Any, rates: Any, key: Any, knobs: Any
    ) -> tuple[Any, Any, Any, Any]:
        transform = build(knobs)

        def loss(w: Any, s: Any, rows: Any, k: Any) -> tuple[Any, Any]:
            logits, _, after = _answers(frame, w, s, x[rows], k, inference=False)
            value, score = _loss(logits, y[rows], classes)
            return value, (score, after)

        def step(carry: Any, given: Any) -> tuple[Any, Any]:
            w, s, h = carry
            rows, rate, k = given
            (value, (score, s)), gradient = jax.value_and_grad(loss, has_aux=True)(w, s, rows, k)
            update, h = transform.update(gradient, h, w)
            update = jax.tree.map(lambda part: -rate * part, update)
            norms = jnp.stack([jnp.linalg.norm(layer.weight) for layer in gradient.layers])
            moved = jnp.stack([jnp.linalg.norm(layer.weight) for layer in update.layers])
            sizes = jnp.stack([jnp.linalg.norm(layer.weight) for layer in w.layers])
            return (optax.apply_updates(w, update), s, h), (value, score, norms, moved / (sizes + 1e-12))

        (weights, state, held), records = jax.lax.scan(
            step, (weights, state, held), (order, rates, jax.random.split(key, len(order)))
        )
        return weights, state, held, records

    return run


@lru_cache(maxsize=8)
def _evaluate(classes: int) -> Any:
    @eqx.filter_jit
    def test(frame: Any, weights: Any, state: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
        logits, hidden, _ = _answers(frame, weights, state, x, jax.random.key(0), inference=True)
        loss, score = _loss(logits, y, classes)
        return loss, score, jnp.stack([(part <= 0).all(axis=0).mean() for part in hidden])

    return test


def sweep(
    rows: Rows, settings: Network, *, seed: int, low: float = 1e-6, high: float = 10.0, steps: int = 400
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The range test (Smith 2017): the rate is raised evenly in its logarithm from step to step. Rates and losses, each
    shape (steps,).
    """
    rng = np.random.default_rng(seed)
    key = jax.random.key(seed)
    model, state = _fresh(rows, settings, key)
    weights, frame = eqx.partition(model, eqx.is_inexact_array)
    knobs = _knobs(settings)
    held = _optimiser(settings.optimiser, 1)(knobs).init(weights)
    size = min(settings.batch, len(rows.x))
    order = np.stack([rng.choice(len(rows.x), size, replace=False) for _ in range(steps)]).astype("int32")
    rates = np.geomspace(low, high, steps)
    run = _epoch(settings.optimiser, 1, rows.classes)
    x, y = jnp.asarray(rows.x), jnp.asarray(rows.y)
    _, _, _, records = run(frame, weights, state, held, x, y, jnp.asarray(order), jnp.asarray(rates, dtype="float32"), key, knobs)
    return rates, np.asarray(records[0], dtype="float64")
