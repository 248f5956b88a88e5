"""The scene of a swap: rows of both sides, encoded and scored, and what it takes to set one column back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.localise.swap_back.restore import begun, restore_levels, restore_numbers
from diagnostics.measure import engine
from diagnostics.measure.onset import as_datetime
from diagnostics.measure.samples import Samples, times
from diagnostics.measure.surrogate import Surrogate, one_thread
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.table import Kind

ROWS: Final = 4_000
"""Rows of each side that are scored for every column; a share of the loss is then known to a few points."""

TOLD: Final = 0.2
"""A column is rebuilt from the others when they explain at least this share of it on unseen reference rows."""

MIN_ROWS: Final = 30


@dataclass(frozen=True)
class Scene:
    """What all swaps share: encoded rows of both sides, positions in the samples, scores."""

    drawn: Samples
    stand: Surrogate
    home_rows: NDArray[np.intp]
    rows: NDArray[np.intp]
    home: NDArray[np.float64]
    current: NDArray[np.float64]
    when: NDArray[np.datetime64] | None
    home_scores: NDArray[np.float64]
    scores: NDArray[np.float64]


def set_scene(incident: Incident, drawn: Samples, stand: Surrogate) -> Scene:
    rng = np.random.default_rng(incident.seed)
    home_rows = stand.held if stand.held.size <= ROWS else np.sort(rng.choice(stand.held, ROWS, replace=False))
    rows = np.arange(len(drawn.current))
    truth = stand.outcome.truth.current
    if truth is not None and pd.notna(truth).sum() >= MIN_ROWS:
        rows = np.flatnonzero(pd.notna(truth))
    if rows.size > ROWS:
        rows = rows[np.linspace(0, rows.size - 1, ROWS).astype(int)]
    home, current = stand.encoder.matrix(drawn.reference.iloc[home_rows]), stand.encoder.matrix(drawn.current.iloc[rows])
    when = times(drawn.current, incident.roles.timestamp)
    scores = stand.scores_of(home), stand.scores_of(current)
    return Scene(drawn, stand, home_rows, rows, home, current, None if when is None else when[rows], *scores)


def weigh(scene: Scene, rng: np.random.Generator) -> dict[str, float]:
    """Weight of each feature by shuffling it among the reference rows."""
    few = min(len(scene.home), 2_000 if scene.home.shape[1] <= 60 else 800)
    matrix, scores = scene.home[:few], scene.home_scores[:few]
    order = rng.permutation(few)
    most = float(np.abs(scores[order] - scores).mean())
    weights = {}
    for position_, name in enumerate(scene.stand.encoder.features):
        shuffled = matrix.copy()
        shuffled[:, position_] = matrix[order, position_]
        same = np.array_equal(shuffled[:, position_], matrix[:, position_], equal_nan=True)
        told = scores if same else scene.stand.scores_of(shuffled)
        weights[name] = float(min(1.0, np.abs(told - scores).mean() / most)) if most > 0 else 0.0
    return weights


def movement(scene: Scene, name: str) -> float:
    column = scene.stand.encoder.features.index(name)
    a, b = scene.home[:, column], scene.current[:, column]
    gone = abs(float(np.isnan(a).mean() - np.isnan(b).mean()))
    a, b = np.sort(a[~np.isnan(a)]), np.sort(b[~np.isnan(b)])
    if not a.size or not b.size:
        return gone
    at = np.concatenate([a, b])
    apart = float(np.max(np.abs(np.searchsorted(a, at, "right") / a.size - np.searchsorted(b, at, "right") / b.size)))
    return max(gone, apart)


def give_back(scene: Scene, name: str, rng: np.random.Generator) -> tuple[NDArray[np.float64], datetime | None]:
    """The encoded column, shape (m,), with reference values after its change, and when that was."""
    before, after = scene.drawn.reference[name].iloc[scene.home_rows], scene.drawn.current[name].iloc[scene.rows]
    column = scene.stand.encoder.features.index(name)
    coder = replace(scene.stand.encoder, features=(name,))
    category = coder.kinds[name] is Kind.CATEGORY
    home, now = scene.home[:, column], scene.current[:, column]
    # Levels that the reference lacks share one code; that they came is what matters for the time.
    mask = begun(scene.when, home, now)
    if category:
        levels = after.to_numpy(dtype=object).copy()
        levels[mask] = restore_levels(before.to_numpy(dtype=object), levels[mask], rng)
        encoded = coder.matrix(pd.DataFrame({name: pd.Series(levels, dtype=object)}))[:, 0]
    else:
        values = engine.seconds(after).copy()
        values[mask] = restore_numbers(engine.seconds(before), values[mask], rng)
        encoded = np.clip(values, -float(np.finfo(np.float32).max), float(np.finfo(np.float32).max))
    began = None
    if scene.when is not None:
        known = scene.when[mask & ~np.isnat(scene.when)]
        began = as_datetime(known.min()) if known.size else None
    return np.asarray(encoded), began


def given(scene: Scene, swaps: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    matrix = scene.current.copy()
    for name, values in swaps.items():
        matrix[:, scene.stand.encoder.features.index(name)] = values
    return matrix


def suspect(scene: Scene, name: str, *, rise_at: float = 0.05) -> NDArray[np.bool_]:
    """Current rows, shape (m,), whose value is missing, or one that stands there much more often than in the reference.

    A rise by 5 points is what no random half of the tables tried here shows.
    """
    column = scene.stand.encoder.features.index(name)
    home, now = scene.home[:, column], scene.current[:, column]
    found = np.isnan(now) if np.isnan(now).mean() >= np.isnan(home).mean() + rise_at else np.zeros(now.size, dtype=bool)
    values, counts = np.unique(now[~np.isnan(now)], return_counts=True)
    for value in values[counts >= rise_at * now.size]:
        if np.mean(now == value) >= np.mean(home == value) + rise_at:
            found |= now == value
    return np.asarray(found)


def rebuild(scene: Scene, name: str, rows: NDArray[np.bool_], seed: int) -> NDArray[np.float64] | None:
    """The column with these `rows`, shape (m,), predicted from the other columns by a model fitted on reference rows; None where
    the others don't tell it.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    column = scene.stand.encoder.features.index(name)
    if scene.drawn.kinds[name] is not Kind.NUMBER:
        return None
    used = np.setdiff1d(np.arange(len(scene.drawn.reference)), scene.home_rows)
    if used.size > ROWS:
        used = used[np.linspace(0, used.size - 1, ROWS).astype(int)]
    matrix = scene.stand.encoder.matrix(scene.drawn.reference.iloc[used])
    target, check = matrix[:, column], scene.home[:, column]
    known, asked = np.isfinite(target), np.isfinite(check)
    others = np.flatnonzero(np.isfinite(matrix[known]).any(axis=0) & (np.arange(matrix.shape[1]) != column))
    if not others.size or known.sum() < 100 or asked.sum() < MIN_ROWS or np.ptp(check[asked]) == 0:
        return None
    model = HistGradientBoostingRegressor(
        max_iter=40, learning_rate=0.15, max_leaf_nodes=15, early_stopping=False, random_state=seed
    )
    with one_thread():
        model.fit(matrix[known][:, others], target[known])
        told = model.predict(scene.home[asked][:, others])
        explained = 1 - float(np.mean((told - check[asked]) ** 2)) / float(np.var(check[asked]))
        if explained < TOLD:
            return None
        return np.where(rows, model.predict(scene.current[:, others]), scene.current[:, column])
