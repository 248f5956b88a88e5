"""What precision, batch, accumulation and checkpointing change, measured on this machine's processor on one small network."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.shared.compare import Progress, Remedy
from diagnostics.clinic.shared.models import pipeline, preparation
from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.nouns.words import N_

DEPTH: Final = 16
WIDTH: Final = 128
BLOCK: Final = 4
"""Layers that are computed again together: about the root of the depth keeps least (Chen et al. 2016, arXiv:1604.06174)."""

BATCH: Final = 4096
STEPS: Final = 5
"""Steps that are timed, after one that is not; the median counts."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One measured step."""

    name: str
    says: str
    batch: int
    seconds: float
    """Of one step, median."""

    bytes: int
    """What the step holds in between (XLA's plan of the compiled step)."""

    same: float | None
    """Largest difference of the gradient from the first trial's, relative to its largest entry; None where it cannot be the same.
    """


def trials(rows: NDArray[np.float64], on_progress: Progress) -> tuple[Trial, ...]:
    """rows: shape (n, p), scaled; a dense network of `DEPTH` layers learns to predict the mean of each row."""
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    chosen = rows[rng.integers(0, len(rows), BATCH)]
    sizes = [chosen.shape[1], *[WIDTH] * (DEPTH + 1), 1]
    start = [rng.normal(size=(a, b)) * np.sqrt(2 / a) for a, b in pairwise(sizes)]

    def block(x: Any, weights: Any) -> Any:
        for weight in weights:
            x = jax.nn.tanh(x @ weight)
        return x, None

    def loss(again: bool) -> Callable[[Any, Any, Any], Any]:
        def of(weights: Any, x: Any, y: Any) -> Any:
            x, _ = block(x, weights[:1])
            if again:
                # In a loop, as the compiler would else find out that both computations are one.
                stacked = jnp.stack(weights[1:-1]).reshape(-1, BLOCK, WIDTH, WIDTH)
                x, _ = jax.lax.scan(jax.checkpoint(block), x, stacked)
            else:
                x, _ = block(x, weights[1:-1])
            return jnp.mean((x @ weights[-1] - y).astype(jnp.float32) ** 2)

        return of

    def plain(again: bool = False) -> Any:
        return jax.grad(loss(again))

    def accumulated(parts: int) -> Any:
        gradient = jax.grad(loss(False))

        def of(weights: Any, x: Any, y: Any) -> Any:
            pieces = x.reshape(parts, -1, x.shape[1]), y.reshape(parts, -1, 1)
            zero = jax.tree.map(jnp.zeros_like, weights)

            def step(total: Any, piece: Any) -> Any:
                return jax.tree.map(jnp.add, total, gradient(weights, *piece)), None

            total, _ = jax.lax.scan(step, zero, pieces)
            return jax.tree.map(lambda g: g / parts, total)

        return of

    plans: list[tuple[str, str, Any, str, int]] = [
        ("float32", N_("32 bits, the whole batch at once"), plain(), "float32", BATCH),
        ("float64", N_("64 bits"), plain(), "float64", BATCH),
        ("bfloat16", N_("16 bits (bfloat16)"), plain(), "bfloat16", BATCH),
        ("quarter", N_("a quarter of the batch"), plain(), "float32", BATCH // 4),
        ("accumulated", N_("the batch in 8 parts, gradients accumulated"), accumulated(8), "float32", BATCH),
        ("checkpointed", N_("layers computed again on the way back (checkpointing)"), plain(True), "float32", BATCH),
    ]
    made: list[Trial] = []
    first: Any = None
    for index, (name, says, gradient, kind, batch) in enumerate(plans):
        on_progress(index / len(plans), says)
        with jax.enable_x64(kind == "float64"):
            weights = [jnp.asarray(w, dtype=kind) for w in start]
            x = jnp.asarray(chosen[:batch], dtype=kind)
            y = x.mean(axis=1, keepdims=True)
            step = jax.jit(gradient).lower(weights, x, y).compile()
            planned = step.memory_analysis()
            times = []
            for _ in range(STEPS + 1):
                began = time.perf_counter()
                raw = [np.asarray(g) for g in step(weights, x, y)]
                times.append(time.perf_counter() - began)
            flat = np.concatenate([np.asarray(g, dtype="float64").ravel() for g in raw])
        first = flat if first is None else first
        same = float(np.abs(flat - first).max() / np.abs(first).max()) if batch == BATCH else None
        held = 0 if planned is None else int(planned.temp_size_in_bytes)
        made.append(Trial(name=name, says=says, batch=batch, seconds=float(np.median(times[1:])), bytes=held, same=same))
    return tuple(made)


def numbers_of(data: TrainingSet) -> NDArray[np.float64]:
    """The prepared rows, shape (n, p)."""
    return np.asarray(preparation(data, scaled=True).fit_transform(data.features), dtype="float64")


# --- what it does to the predictions --------------------------------------------------------------------------------------


class _Prepared:
    """A small network after the shared preparation, whose rows or weights something is done to."""

    def __init__(
        self,
        inner: Any,
        *,
        kind: str = "float64",
        pruned: float = 0.0,
        students: Callable[[], Any] | None = None,
    ) -> None:
        self.inner, self.kind, self.pruned, self.students = inner, kind, pruned, students

    def fit(self, features: Any, truth: Any) -> _Prepared:
        self.prepare, self.model = self.inner[:-1], self.inner[-1]
        matrix = np.asarray(self.prepare.fit_transform(features, truth), dtype=self.kind)
        self.model.fit(matrix, truth)
        self.classes_ = getattr(self.model, "classes_", None)
        if self.pruned:
            network = getattr(self.model, "regressor_", self.model)
            for weights in network.coefs_:
                # Those nearest to nought, layer by layer (Han et al. 2015, arXiv:1506.02626).
                weights[np.abs(weights) < np.quantile(np.abs(weights), self.pruned)] = 0.0
        if self.students is not None:
            # The student learns the teacher's chances instead of the labels (Hinton et al. 2015, arXiv:1503.02531).
            self.student = self.students()
            soft = self.model.predict_proba(matrix) if self.classes_ is not None else self.model.predict(matrix)
            self.student.fit(matrix, np.log(np.clip(soft, 1e-6, 1)) if self.classes_ is not None else soft)
        return self

    def predict(self, features: Any) -> Any:
        if self.classes_ is not None:
            return np.asarray(self.classes_)[self.predict_proba(features).argmax(axis=1)]
        matrix = self._matrix(features)
        return (self.student if self.students is not None else self.model).predict(matrix)

    def predict_proba(self, features: Any) -> Any:
        matrix = self._matrix(features)
        if self.students is None:
            return self.model.predict_proba(matrix)
        raw = self.student.predict(matrix)
        raw = np.exp(raw - raw.max(axis=1, keepdims=True))
        return raw / raw.sum(axis=1, keepdims=True)

    def _matrix(self, features: Any) -> Any:
        return np.asarray(self.prepare.transform(features), dtype=self.kind)


def remedies() -> tuple[Remedy, list[Remedy]]:
    """One small network in 64 bits, and the same in 32 bits, in other batches, pruned and distilled."""

    def network(data: TrainingSet, seed: int, **settings: Any) -> Any:
        return pipeline(data, "network", seed=seed, width=64, **settings)

    def student(seed: int) -> Callable[[], Any]:
        def build() -> Any:
            from sklearn.neural_network import MLPRegressor

            return MLPRegressor(hidden_layer_sizes=(8,), learning_rate_init=3e-3, max_iter=60, random_state=seed)

        return build

    before = Remedy(name="float64", says=N_("64 units in 64 bits"), build=lambda d, s: _Prepared(network(d, s)))
    others = [
        Remedy(name="float32", says=N_("32 bits"), build=lambda d, s: _Prepared(network(d, s), kind="float32")),
        Remedy(name="batch32", says=N_("batches of 32"), build=lambda d, s: _Prepared(network(d, s, batch_size=32))),
        Remedy(name="batch512", says=N_("batches of 512"), build=lambda d, s: _Prepared(network(d, s, batch_size=512))),
        Remedy(name="pruned50", says=N_("half of the weights pruned"), build=lambda d, s: _Prepared(network(d, s), pruned=0.5)),
        Remedy(
            name="pruned90", says=N_("nine tenths of the weights pruned"), build=lambda d, s: _Prepared(network(d, s), pruned=0.9)
        ),
        Remedy(
            name="distilled", says=N_("distilled into 8 units"), build=lambda d, s: _Prepared(network(d, s), students=student(s))
        ),
    ]
    return before, others
