"""The uploaded model as a stand-in: the same interface as a `Surrogate`, but the answers are the model's own.

It runs in its confined process (`diagnostics.sandbox`); every frame that is scored goes there and comes back as numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure.key import Key
from diagnostics.measure.outcome import Outcome, match_classes, outcome, partial
from diagnostics.measure.samples import Encoder, Samples, encoder, samples
from diagnostics.measure.surrogate import Surrogate, stand_in
from diagnostics.nouns.incident import Answer, Incident, Sides
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_
from diagnostics.sandbox import inputs
from diagnostics.sandbox.confine import Limits
from diagnostics.sandbox.model import Description, Model, Told

ROWS: Final = 20_000
"""Rows of each side that the model answers again."""

TRUSTED: Final = 0.95
"""Skill from which on the uploaded file counts as the model that gave the reference's answers."""

LIMITS: Final = Limits()

NO_MODEL: Final = N_("No model file: upload the model that served, as ONNX or skops, to run it on the logged rows.")
OTHER_UNIT: Final = N_("The model answers with classes only, and the log holds probabilities, so the two can't be compared.")
OTHER_CLASSES: Final = N_(
    "The model tells apart {told:list}, and the log {classes:list}: choose the column with the model's answer in Columns."
)


@dataclass(frozen=True)
class Replays:
    """What the model answers to the logged rows, in the log's unit.

    rows: positions in the samples' frames that were answered, shapes (n,) and (m,). told, logged: answers to them, same shapes.
    again, alone: answers to the same rows asked once more, and to the first of them asked one by one; both start with the
        reference's rows. left_out: rows that got no answer (a missing value that the model does not take).
    """

    described: Description
    named: bool
    outcome: Outcome
    rows: Sides[NDArray[np.intp]]
    told: Sides[NDArray[np.generic]]
    logged: Sides[NDArray[np.generic] | None]
    again: NDArray[np.generic]
    alone: NDArray[np.generic]
    left_out: int


@dataclass(frozen=True)
class Classes:
    """What a classifier of scikit-learn says of itself, for whoever asks a surrogate's model."""

    classes_: NDArray[np.generic]


@dataclass(frozen=True)
class Uploaded(Surrogate):
    """`fidelity` and `skill`: how well the model gives the logged answers of the reference back; where it has none, those of
    the current rows.

    held: all rows of the reference sample, because nothing was fitted to them here.
    """

    source: Model | None = None
    plan: inputs.Plan | None = None

    def answers(self, frame: pd.DataFrame) -> NDArray[np.generic]:
        told, usable = self._tell(frame)
        return _spread(in_unit(told, self.outcome), usable)

    def answers_of(self, matrix: NDArray[np.float64]) -> NDArray[np.generic]:
        """For an encoded matrix: levels are told by their rank again; those that the reference lacks are one new level."""
        return self.answers(self._decoded(matrix))

    def scores_of(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.outcome.answer is not Answer.LABEL:
            return self.answers_of(matrix).astype("float64")[:, None]
        told, usable = self._tell(self._decoded(matrix))
        names = [str(name) for name in self.model.classes_]
        scores = np.full((usable.size, len(names)), np.nan)
        own = [str(c) for c in match_classes(np.array(told.classes, dtype=object), tuple(names))]
        if told.scores is not None and set(names) <= set(own) and told.scores.shape[1] == len(own):
            scores[usable] = told.scores[:, [own.index(name) for name in names]]
        else:
            labels = in_unit(told, self.outcome)
            scores[usable] = np.array([[float(label == name) for name in names] for label in labels]).reshape(-1, len(names))
        return scores

    def _tell(self, frame: pd.DataFrame) -> tuple[Told, NDArray[np.bool_]]:
        assert self.source is not None
        assert self.plan is not None
        given, usable = inputs.rows(self.plan, frame)
        return self.source.answer(given), usable

    def _decoded(self, matrix: NDArray[np.float64]) -> pd.DataFrame:
        columns: dict[str, pd.Series] = {}
        for place, name in enumerate(self.encoder.features):
            values = matrix[:, place]
            if self.encoder.kinds[name] is Kind.TIME:
                columns[name] = pd.Series(pd.to_datetime(values, unit="s"))
            elif self.encoder.kinds[name] is Kind.CATEGORY:
                levels = {rank: level for level, rank in reversed(list(self.encoder.ranks[name].items()))}
                known = [None if np.isnan(v) else levels.get(v, "\N{REPLACEMENT CHARACTER}") for v in values.tolist()]
                columns[name] = pd.Series(known, dtype=object)
            else:
                columns[name] = pd.Series(values)
        return pd.DataFrame(columns)


def uploaded_model(incident: Incident) -> Uploaded:
    """Raises NotApplicable without both tables and a model, or when the model cannot be run on their rows."""
    found = _uploaded(Key(incident))
    if isinstance(found, NotApplicable):
        raise found
    return found


def scoring_model(incident: Incident) -> Surrogate:
    """What rows are scored with: the uploaded model where it gives the logged answers back, else the surrogate (`stand_in`).

    Raises NotApplicable when there is neither.
    """
    try:
        own = uploaded_model(incident)
    except NotApplicable:
        return stand_in(incident)
    return own if own.skill >= TRUSTED else stand_in(incident)


def replays(incident: Incident) -> Replays:
    """Raises NotApplicable as `uploaded_model` does, and without predictions in the current table."""
    found = _replays(Key(incident))
    if isinstance(found, NotApplicable):
        raise found
    return found


def description(incident: Incident) -> Description:
    """Raises NotApplicable without a model that can be opened. Needs no table."""
    found = _open(Key(incident))
    if isinstance(found, NotApplicable):
        raise found
    return found.description


def in_unit(told: Told, known: Outcome) -> NDArray[np.generic]:
    """Answers as the log writes them, shape (n,). Raises NotApplicable when the model does not answer in that unit."""
    if known.answer is Answer.LABEL:
        labels = told.labels
        if labels is None and told.scores is not None and len(told.classes) == told.scores.shape[1] > 1:
            labels = np.array(told.classes, dtype=object)[told.scores.argmax(axis=1)]
        if labels is None:
            raise NotApplicable(OTHER_CLASSES, needs="prediction", told=("numbers",), classes=_written(known))
        matched = match_classes(labels, _written(known))
        if labels.size and not {str(v) for v in matched} & set(_written(known)):
            seen = tuple(sorted({str(v) for v in labels})[:5])
            raise NotApplicable(OTHER_CLASSES, needs="prediction", told=seen, classes=_written(known))
        return matched
    if told.scores is None:
        raise NotApplicable(OTHER_UNIT, needs="prediction")
    if known.answer is Answer.VALUE or told.scores.shape[1] == 1:
        return told.scores[:, 0]
    return told.scores[:, _positive(told, known)]


def _written(known: Outcome) -> tuple[str, ...]:
    """The classes of the target; where there is none, those of the logged answers."""
    if known.classes:
        return known.classes
    sides = (known.answers.reference, known.answers.current)
    return tuple(sorted({str(v) for side in sides if side is not None for v in side.tolist() if v is not None}))


def _positive(told: Told, known: Outcome) -> int:
    """Column of the scores that speaks of the positive class; the last one where classes have no names."""
    assert told.scores is not None
    width = int(told.scores.shape[1])
    names = list(told.classes) if len(told.classes) == width else []
    if not names and told.labels is not None and len(told.scores):
        best = told.scores.argmax(axis=1)
        groups = [told.labels[best == k] for k in range(width)]
        names = [str(pd.Series(g).mode().iloc[0]) if len(g) else "" for g in groups]
    matched = [str(name) for name in match_classes(np.array(names, dtype=object), known.classes)]
    return matched.index(known.positive) if known.positive in matched else width - 1


def _spread(answers: NDArray[np.generic], usable: NDArray[np.bool_]) -> NDArray[np.generic]:
    """Answers at their rows, NaN or None at those that could not be asked."""
    if usable.all():
        return answers
    number = answers.dtype.kind == "f"
    whole: NDArray[np.generic] = np.full(usable.size, np.nan) if number else np.full(usable.size, None, dtype=object)
    whole[usable] = answers
    return whole


# A refusal is remembered like an answer: a model that ran into its limits once is not run again for every check.


@lru_cache(maxsize=4)
def _open(key: Key) -> Model | NotApplicable:
    if key.incident.model is None:
        return NotApplicable(NO_MODEL, needs="model")
    try:
        return Model(key.incident.model, LIMITS)
    except NotApplicable as reason:
        return reason


@lru_cache(maxsize=4)
def _replays(key: Key) -> Replays | NotApplicable:
    try:
        return _replay(key)
    except NotApplicable as reason:
        return reason


@lru_cache(maxsize=4)
def _uploaded(key: Key) -> Uploaded | NotApplicable:
    try:
        model, drawn, known, fitted = _fitted(key)
        done = _replays(key)
    except NotApplicable as reason:
        return reason
    if isinstance(done, NotApplicable):
        return done
    told, logged = done.told.reference, done.logged.reference
    if logged is None:
        told, logged = done.told.current, done.logged.current
    fidelity, skill = (0.0, 0.0) if logged is None else _agreement(told, logged, known)
    names = known.classes or _written(known)
    every = np.arange(len(drawn.reference))
    coder = _encoder(drawn, fitted)
    return Uploaded(known, coder, Classes(np.array(names, dtype=object)), fidelity, skill, every, "prediction", model, fitted)


def _encoder(drawn: Samples, fitted: inputs.Plan) -> Encoder:
    """Of the columns that the model reads, so that no other can seem to matter."""
    whole = encoder(drawn)
    return Encoder(tuple(name for name in whole.features if name in fitted.used), whole.kinds, whole.ranks, whole.cap)


def _fitted(key: Key) -> tuple[Model, Samples, Outcome, inputs.Plan]:
    incident = key.incident
    if incident.model is None:
        raise NotApplicable(NO_MODEL, needs="model")
    drawn = samples(incident)
    incident.role("prediction")
    known = partial(incident, drawn) if incident.roles.target is None else outcome(incident, drawn)
    model = _open(key)
    if isinstance(model, NotApplicable):
        raise model
    return model, drawn, known, inputs.plan(model.description, drawn.features, drawn.kinds)


def _replay(key: Key) -> Replays:
    model, drawn, known, fitted = _fitted(key)
    if known.answers.current is None:
        raise NotApplicable(N_("The current table has no predictions to reproduce."), needs="prediction")
    rng = np.random.default_rng([key.incident.seed, 31])
    chosen = []
    for frame, logged in ((drawn.reference, known.answers.reference), (drawn.current, known.answers.current)):
        there = np.flatnonzero(pd.notna(logged)) if logged is not None else np.empty(0, dtype=np.intp)
        chosen.append(there if there.size <= ROWS else np.sort(rng.choice(there, ROWS, replace=False)))
        if logged is None:
            chosen[-1] = np.arange(min(ROWS, len(frame)))
    home, away = chosen
    both = pd.concat([drawn.reference.iloc[home][list(fitted.used)], drawn.current.iloc[away][list(fitted.used)]])
    given, usable = inputs.rows(fitted, both.reset_index(drop=True))
    if usable.sum() < 2:
        raise NotApplicable(N_("No row of the tables can be handed to the model: a value is missing in each."), needs="model")
    # One question for both sides: whoever waits, waits for one.
    replies = model.replies(given)
    told = in_unit(replies.told, known)
    # What the model does not answer (a missing value, say), the service has filled in before.
    silent = pd.isna(told)
    again, alone = in_unit(replies.again, known), in_unit(replies.alone, known)
    told, again, alone = told[~silent], again[~silent], alone[~silent[: len(alone)]]
    usable[np.flatnonzero(usable)[silent]] = False
    first = int(usable[: home.size].sum())
    left, right = home[usable[: home.size]], away[usable[home.size :]]
    if not right.size:
        raise NotApplicable(N_("The model answers none of the current rows: a value is missing in each."), needs="model")
    logged_home = None if known.answers.reference is None else known.answers.reference[left]
    return Replays(
        model.description,
        fitted.named,
        known,
        Sides(left, right),
        Sides(told[:first], told[first:]),
        Sides(logged_home, known.answers.current[right]),
        again,
        alone,
        int((~usable).sum()),
    )


def _agreement(told: NDArray[np.generic], logged: NDArray[np.generic], known: Outcome) -> tuple[float, float]:
    """As a surrogate's: share of equal labels, or R²; and how far that is better than the commonest or mean answer."""
    if known.answer is Answer.LABEL:
        names = logged.astype(str)
        equal = float(np.mean(told.astype(str) == names))
        common = float(np.unique(names, return_counts=True)[1].max() / names.size)
        return equal, float(np.clip((equal - common) / (1 - common), 0, 1)) if common < 1 else equal
    x, y = told.astype("float64"), logged.astype("float64")
    fine = np.isfinite(x) & np.isfinite(y)
    if fine.sum() < 2:
        return 0.0, 0.0
    explained = 1 - float(np.mean((x[fine] - y[fine]) ** 2)) / max(float(np.var(y[fine])), 1e-12)
    return explained, float(np.clip(explained, 0, 1))
