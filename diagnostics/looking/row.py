"""One row: why the model predicted what it did, which reference rows are like it, and which value would have to change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.looking.column import losses, settled
from diagnostics.measure import engine
from diagnostics.measure.outcome import Outcome
from diagnostics.measure.samples import Samples, as_level, samples
from diagnostics.measure.surrogate import Surrogate
from diagnostics.measure.uploaded import Uploaded, scoring_model
from diagnostics.nouns.incident import Answer, Incident
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_

WALKS: Final = 100
"""Orders in which the columns are put in; the error of a contribution falls with their root."""

CALLS: Final = 20_000
"""Rows that the model is asked about for one explanation."""

NEAREST: Final = 5
TRIED: Final = 15
"""Values tried in place of each of the row's."""

WORST: Final = 50
RARE: Final = 0.01
"""A value that is missing in at most this share of the reference is at fault where it is missing."""


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What a column's value adds to the prediction, against reference rows. usual: their median or commonest level."""

    column: str
    value: str
    usual: str
    adds: float


@dataclass(frozen=True, kw_only=True)
class Change:
    """One value instead of the row's, and the class (of labels) and score that the model would predict then.

    near: how far it lies from the row's own value, in shares of the reference rows between the two (levels: 1).
    """

    column: str
    value: str
    instead: str
    predicted: str
    score: float
    near: float


@dataclass(frozen=True, kw_only=True)
class Explained:
    """uploaded: the explained model is the uploaded one, else a stand-in with this fidelity (0 to 1) that learnt `learnt`.

    usual, value: the model's mean over reference rows and for this row, of `what`; contributions add up to their difference, the
    largest first. nearest: positions in the reference sample, with their distance (0 equal, 1 nothing in common).
    """

    uploaded: bool
    fidelity: float
    learnt: str
    what: str
    percent: bool
    usual: float
    value: float
    predicted: str
    contributions: tuple[Contribution, ...]
    nearest: tuple[tuple[int, float], ...]
    changes: tuple[Change, ...]


def explain(incident: Incident, position: int) -> Explained:
    """Why the model predicted what it did for the row at `position` of the current sample.

    Contributions are Shapley values of the columns, estimated by walks from a reference row to this one in random orders
    (Strumbelj and Kononenko 2014, doi:10.1007/s10115-013-0679-x). Raises NotApplicable without a model or a stand-in, and
    IndexError where there is no such row.
    """
    drawn = samples(incident)
    stand = scoring_model(incident)
    row = drawn.current.iloc[[position]]
    rng = np.random.default_rng([incident.seed, 41, position])
    here = stand.encoder.matrix(row)
    pick = _picked(stand, here)
    columns = stand.encoder.features
    walks = max(4, min(WALKS, CALLS // (len(columns) + 1)))
    chosen = rng.integers(0, len(drawn.reference), walks)
    behind = stand.encoder.matrix(drawn.reference.iloc[chosen])
    steps = np.repeat(behind, len(columns) + 1, axis=0)
    orders = np.array([rng.permutation(len(columns)) for _ in range(walks)])
    for walk in range(walks):
        for step, column in enumerate(orders[walk], start=1):
            at = walk * (len(columns) + 1)
            steps[at + step : at + len(columns) + 1, column] = here[0, column]
    scores = stand.scores_of(steps)[:, pick].reshape(walks, len(columns) + 1)
    gains = np.zeros((walks, len(columns)))
    np.put_along_axis(gains, orders, np.diff(scores, axis=1), axis=1)
    adds = np.nanmean(gains, axis=0)
    order = np.argsort(-np.abs(adds), kind="stable")
    usual = _usual(drawn)
    return Explained(
        uploaded=isinstance(stand, Uploaded),
        fidelity=stand.fidelity,
        learnt=stand.learnt,
        what=_what(stand, pick, incident),
        percent=stand.outcome.answer is not Answer.VALUE,
        usual=float(np.nanmean(scores[:, 0])),
        value=float(np.nanmean(scores[:, -1])),
        predicted=_predicted(stand, here),
        contributions=tuple(
            Contribution(column=columns[n], value=shown(row[columns[n]].iloc[0]), usual=usual[columns[n]], adds=float(adds[n]))
            for n in order
        ),
        nearest=_nearest(drawn, position),
        changes=_changes(stand, drawn, row, here, pick),
    )


def _picked(stand: Surrogate, here: NDArray[np.float64]) -> int:
    """The column of the scores that is explained: of labels that of the predicted class."""
    return int(np.argmax(stand.scores_of(here)[0])) if stand.outcome.answer is Answer.LABEL else 0


def _what(stand: Surrogate, pick: int, incident: Incident) -> str:
    """The class whose probability is explained, with its column; "" for a number."""
    if stand.outcome.answer is Answer.VALUE:
        return ""
    level = str(stand.model.classes_[pick]) if stand.outcome.answer is Answer.LABEL else stand.outcome.positive
    column = incident.roles.target or incident.roles.prediction
    return f"{column} = {level}" if level else column or ""


def _predicted(stand: Surrogate, matrix: NDArray[np.float64]) -> str:
    return shown(stand.answers_from(stand.scores_of(matrix))[0])


def shown(value: object) -> str:
    """A value as people write it; "" where it is missing."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NaT:
        return ""
    if isinstance(value, float | np.floating):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else f"{number:.4g}"
    return str(value)


def _usual(drawn: Samples) -> dict[str, str]:
    found = {}
    for name in drawn.features:
        values = drawn.reference[name].dropna()
        if not len(values):
            found[name] = ""
        elif drawn.kinds[name] is Kind.NUMBER:
            found[name] = shown(float(values.median()))
        else:
            found[name] = shown(values.mode().iloc[0])
    return found


def _nearest(drawn: Samples, position: int) -> tuple[tuple[int, float], ...]:
    """By Gower's distance (1971, doi:10.2307/2528823): numbers by their difference in ranges of the middle 98%, levels by being
    equal.
    """
    total, used = np.zeros(len(drawn.reference)), 0
    for name in drawn.features:
        if drawn.kinds[name] is Kind.TIME:
            continue
        used += 1
        if drawn.kinds[name] is Kind.NUMBER:
            values = drawn.reference[name].to_numpy("float64")
            finite = values[np.isfinite(values)]
            own = float(drawn.current[name].iloc[position])
            span = float(np.subtract(*np.quantile(finite, [0.99, 0.01]))) if finite.size else 0.0
            with np.errstate(invalid="ignore", over="ignore"):
                apart = np.clip(np.abs(values - own) / (span or 1.0), 0.0, 1.0)
            total += np.where(np.isnan(apart), 0.0 if np.isnan(own) else 1.0, apart)
        else:
            total += (as_level(drawn.reference[name]) != as_level(drawn.current[name].iloc[[position]]).iloc[0]).to_numpy(
                "float64"
            )
    if not used:
        return ()
    order = np.argsort(total, kind="stable")[:NEAREST]
    return tuple((int(at), float(total[at]) / used) for at in order)


def _changes(stand: Surrogate, drawn: Samples, row: pd.DataFrame, here: NDArray[np.float64], pick: int) -> tuple[Change, ...]:
    """For each column the nearest value of the reference that turns the decision; of numbers without a decision none."""
    if stand.outcome.answer is Answer.VALUE:
        return ()
    places, values, shares, frames = [], [], [], []
    reference = stand.encoder.matrix(drawn.reference)
    for place, name in enumerate(stand.encoder.features):
        known = reference[:, place]
        known = known[np.isfinite(known)]
        if not known.size:
            continue
        own = here[0, place]
        tried = np.unique(np.quantile(known, np.linspace(0.02, 0.98, TRIED), method="inverted_cdf"))
        if drawn.kinds[name] is Kind.CATEGORY:
            tried = np.unique(known)[:TRIED]
        for value in (float(one) for one in tried[tried != own]):
            beside = float(own) if np.isfinite(own) else value
            low, high = min(value, beside), max(value, beside)
            frame = here.copy()
            frame[0, place] = value
            frames.append(frame)
            places.append(place)
            values.append(value)
            between = float(np.mean((known >= low) & (known <= high)))
            shares.append(1.0 if drawn.kinds[name] is Kind.CATEGORY or not np.isfinite(own) else between)
    if not frames:
        return ()
    scores = stand.scores_of(np.vstack(frames))
    before = _decision(stand, stand.scores_of(here))[0]
    turned = _decision(stand, scores) != before
    found: dict[int, Change] = {}
    for n in sorted(np.flatnonzero(turned), key=lambda n: shares[n]):
        name = stand.encoder.features[places[n]]
        if places[n] not in found:
            found[places[n]] = Change(
                column=name,
                value=shown(row[name].iloc[0]),
                instead=_written(stand, name, values[n]),
                predicted=shown(stand.answers_from(scores[[n]])[0]) if stand.outcome.answer is Answer.LABEL else "",
                score=float(scores[n, pick]),
                near=shares[n],
            )
    return tuple(sorted(found.values(), key=lambda change: change.near)[:NEAREST])


def _decision(stand: Surrogate, scores: NDArray[np.float64]) -> NDArray[np.intp]:
    if stand.outcome.answer is Answer.LABEL:
        return np.asarray(scores.argmax(axis=1))
    return np.asarray(scores[:, 0] >= 0.5).astype("intp")


def _written(stand: Surrogate, name: str, value: float) -> str:
    if stand.encoder.kinds[name] is Kind.CATEGORY:
        return str(next((level for level, rank in stand.encoder.ranks[name].items() if rank == value), "?"))
    if stand.encoder.kinds[name] is Kind.TIME:
        return str(pd.to_datetime(value, unit="s"))
    return shown(value)


@dataclass(frozen=True, kw_only=True)
class WorstRows:
    """positions: in the current sample, the worst first. loss: of each, None where there are no labels, and then the rows with
    most cells at fault come first. what: the loss as a message id. faults: per row the columns whose cell is at fault.
    """

    positions: tuple[int, ...]
    loss: tuple[float, ...] | None
    what: str
    faults: tuple[frozenset[str], ...]


def worst_rows(incident: Incident) -> WorstRows:
    """Raises NotApplicable without both tables."""
    drawn = samples(incident)
    outcome = settled(incident, ("target", "prediction"))
    lost = losses(outcome).current if outcome is not None else None
    faults = faulty_cells(drawn)
    if lost is not None and np.isfinite(lost).any():
        key = np.where(np.isfinite(lost), lost, -np.inf)
        order = np.lexsort((-faults.sum(axis=1).to_numpy(), -key))[:WORST]
        order = order[np.isfinite(lost[order])]
    else:
        order = np.argsort(-faults.sum(axis=1).to_numpy(), kind="stable")[:WORST]
    named = list(faults.columns)
    return WorstRows(
        positions=tuple(int(at) for at in order),
        loss=None if lost is None or not np.isfinite(lost).any() else tuple(float(lost[at]) for at in order),
        what=outcome.loss_name if isinstance(outcome, Outcome) else N_("not known"),
        faults=tuple(frozenset(named[n] for n in np.flatnonzero(faults.iloc[int(at)].to_numpy())) for at in order),
    )


def faulty_cells(drawn: Samples) -> pd.DataFrame:
    """Which cells of the current sample no reference row has the like of: outside the reference's values, an unseen level, or
    missing where next to none is. Booleans, shape (m, n_features).
    """
    found = {}
    for name in drawn.features:
        before, after = drawn.reference[name], drawn.current[name]
        gone = after.isna().to_numpy() & (float(before.isna().mean()) <= RARE)
        if drawn.kinds[name] is Kind.CATEGORY:
            known = as_level(before).dropna()
            texts = len(known) > 0 and known.nunique() > 0.5 * len(known)
            # Where nearly every value is another, a new one says nothing.
            strange = (
                np.zeros(len(after), dtype=bool) if texts else after.notna().to_numpy() & ~as_level(after).isin(known).to_numpy()
            )
        elif drawn.kinds[name] is Kind.NUMBER:
            values, usual = engine.seconds(after), engine.seconds(before)
            usual = usual[np.isfinite(usual)]
            low, high = (float(usual.min()), float(usual.max())) if usual.size else (-np.inf, np.inf)
            room = 0.05 * (high - low) if np.isfinite(high - low) else 0.0
            with np.errstate(invalid="ignore"):
                strange = (values < low - room) | (values > high + room)
        else:
            strange = np.zeros(len(after), dtype=bool)
        found[name] = gone | strange
    return pd.DataFrame(found)


def row_at(incident: Incident, id_: str) -> int | None:
    """Position in the current sample of the row with this id, or of this number from 1; None where there is none."""
    drawn = samples(incident)
    named = incident.roles.id
    if named is not None and named in drawn.current:
        places = np.flatnonzero((as_level(drawn.current[named]) == id_).to_numpy())
        if places.size:
            return int(places[0])
    try:
        number = int(id_)
    except ValueError:
        return None
    return number - 1 if 1 <= number <= len(drawn.current) else None
