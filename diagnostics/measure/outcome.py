"""What the model answered and how wrong it was, row by row, for every task in one unit: the loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure import engine
from diagnostics.measure.frames import with_columns
from diagnostics.measure.samples import Samples, as_level, as_number
from diagnostics.nouns.incident import Answer, Incident, Sides, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.table import Table
from diagnostics.nouns.words import N_

LOSS_NAMES: Final = {
    Answer.LABEL: N_("error rate"),
    Answer.SCORE: N_("Brier score"),
    Answer.VALUE: N_("mean absolute error"),
}

YES: Final = frozenset({"1", "yes", "true", "y", "t", "positive", "pos", "up", ">50k"})
NO: Final = frozenset({"0", "no", "false", "n", "f", "negative", "neg", "down"})


@dataclass(frozen=True)
class Outcome:
    """Answers and truths of both sides as arrays.

    answer: what the prediction column holds. classes: class names, sorted (empty for regression); positive: the class whose
        probability a score gives, None when the answers are labels of more than two classes.
    truth, answers: shapes (n,); class names (object, None where missing) or float64 (NaN where missing). None for a side
        that lacks the column.
    """

    task: Task
    answer: Answer
    classes: tuple[str, ...]
    positive: str | None
    truth: Sides[NDArray[np.generic] | None]
    answers: Sides[NDArray[np.generic] | None]

    def loss(self, side: str) -> NDArray[np.float64] | None:
        """Loss of each row of "reference" or "current", shape (n,), NaN where unknown; None without truth or answer.

        0 or 1 for a label; squared distance between the probability and the truth (Brier 1950,
        doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2) for a score; absolute error for a value.
        """
        truth, answers = getattr(self.truth, side), getattr(self.answers, side)
        if truth is None or answers is None:
            return None
        return row_loss(self, truth, answers)

    @property
    def loss_name(self) -> str:
        return LOSS_NAMES[self.answer]


def row_loss(outcome: Outcome, truth: NDArray[np.generic], answers: NDArray[np.generic]) -> NDArray[np.float64]:
    """Loss of each row, shape (n,), for any answers in the outcome's unit (logged, replayed or from a surrogate)."""
    if outcome.answer is Answer.VALUE:
        # Infinity less infinity is unknown, and said so by NaN.
        with np.errstate(invalid="ignore"):
            return np.asarray(np.abs(answers.astype("float64") - truth.astype("float64")))
    known = pd.notna(truth)
    if outcome.answer is Answer.SCORE:
        hit = (truth == outcome.positive).astype("float64")
        return np.where(known, (answers.astype("float64") - hit) ** 2, np.nan)
    return np.where(known & pd.notna(answers), (truth != answers).astype("float64"), np.nan)


def outcome(incident: Incident, samples: Samples) -> Outcome:
    """Raises NotApplicable without a target and a prediction, or when the two can't be compared."""
    current = samples.current
    for name in (incident.role("target"), incident.role("prediction")):
        raw = _as_written(incident, current, name)
        if raw is not None:
            current = with_columns(current, {name: raw})
    return _compare(incident, Sides(samples.reference, current))


def known(incident: Incident, *, needs: tuple[str, ...] = ("target", "prediction")) -> Outcome:
    """The outcome of whichever tables there are; a side without table, target or prediction has None.

    The rows are those of `samples`. Raises NotApplicable without any table or without a role in `needs`, or when target and
    prediction can't be compared.
    """
    if incident.reference is None and incident.current is None:
        incident.pair()
    for role in needs:
        incident.role(role)
    return _compare(incident, frames(incident))


def partial(incident: Incident, samples: Samples) -> Outcome:
    """The outcome with whatever columns there are; None for truths or answers whose column nobody named."""
    return _compare(incident, Sides(samples.reference, samples.current))


def frames(incident: Incident) -> Sides[pd.DataFrame | None]:
    """The rows of `samples` with every value as its own file has it, None for a table that was not given."""
    left, right = incident.reference, incident.current
    return Sides(
        None if left is None else engine.sample(left, seed=incident.seed),
        None if right is None else engine.sample(right, seed=incident.seed + 1),
    )


def written_alike(incident: Incident, drawn: Samples) -> Samples:
    """The samples with the scores of either side as probabilities and the current labels in the reference's words.

    Labels of unknown meaning are taken out. That they were written otherwise is a finding of its own (`confirm.score_scale`,
    `confirm.label_names`), and no change of the labels or of the predictions.
    """
    left, right = drawn.reference, drawn.current
    target, prediction = incident.roles.target, incident.roles.prediction
    if incident.answer is Answer.SCORE and prediction is not None:
        left, right = (
            frame.assign(**{prediction: as_probability(as_number(frame[prediction]).to_numpy("float64"))})
            if prediction in frame
            else frame
            for frame in (left, right)
        )
    if incident.task is Task.CLASSIFICATION and target is not None and target in left and target in right:
        classes = _names(as_level(left[target]).to_numpy(dtype=object))
        values = as_level(right[target]).to_numpy(dtype=object)
        matched = match_classes(values, classes)
        if unmatched(matched, classes):
            right = right.assign(**{target: pd.Series(None, index=right.index, dtype=object)})
        elif matched is not values:
            right = right.assign(**{target: pd.Series(matched, index=right.index, dtype=object)})
    return replace(drawn, reference=left, current=right)


def positive_class(classes: tuple[str, ...], stated: str | None) -> str | None:
    """The stated class; else of two classes the one whose word says yes. None where nothing says which it is.

    Of one class that says no, the word for yes: a class that no row has.
    """
    if stated is not None:
        if stated in classes:
            return stated
        matched = match_classes(np.array([stated], dtype=object), classes)[0]
        if matched in classes:
            return str(matched)
    if len(classes) == 1:
        return "1" if _canonical(classes[0]) == "0" else classes[0]
    if len(classes) != 2:
        return None
    said_yes = [c for c in classes if c.strip().lower() in YES]
    return said_yes[0] if len(said_yes) == 1 else None


def match_classes(values: NDArray[np.generic], classes: tuple[str, ...]) -> NDArray[np.generic]:
    """`values` (class names, object, None where missing) with "1.0", "True" or " Yes" written as the class it means.

    Only what means exactly one class is changed; the rest stays as it is.
    """
    strange = [v for v in pd.unique(values) if v is not None and v not in classes]
    if not strange:
        return values
    meant: dict[object, str] = {}
    for written in (_plain, _canonical):
        forms: dict[str, list[str]] = {}
        for name in classes:
            forms.setdefault(written(name), []).append(name)
        for value in strange:
            found = forms.get(written(str(value)), [])
            if len(found) == 1:
                meant.setdefault(value, found[0])
    return np.array([meant.get(v, v) for v in values], dtype=object) if meant else values


def unmatched(values: NDArray[np.generic], classes: tuple[str, ...]) -> bool:
    """Whether `values` (as `match_classes` leaves them) are other classes than `classes` and nothing says which is which.

    They share no class, at least two on either side; or both sides have two, not the same ones.
    """
    told, known = {str(v) for v in values if v is not None}, set(classes)
    if min(len(told), len(known)) < 2:
        return False
    return not told & known or (len(told) == len(known) == 2 and told != known)


def _plain(name: str) -> str:
    return name.strip().strip(".").casefold()


def _canonical(name: str) -> str:
    """Numbers without trailing zeros, words for yes and no as 1 and 0."""
    plain = name.strip().casefold()
    if plain in YES:
        return "1"
    if plain in NO:
        return "0"
    try:
        return f"{float(plain):g}"
    except ValueError:
        return _plain(name)


def _compare(incident: Incident, both: Sides[pd.DataFrame | None]) -> Outcome:
    target, prediction = incident.roles.target, incident.roles.prediction
    task = incident.task or Task.CLASSIFICATION
    answer = incident.answer or (Answer.VALUE if task is Task.REGRESSION else Answer.LABEL)
    pair = (both.reference, both.current)
    truths = [_side(frame, target, task is Task.REGRESSION) for frame in pair]
    answers = [_side(frame, prediction, answer is not Answer.LABEL) for frame in pair]
    if answer is Answer.SCORE:
        answers = [None if a is None else as_probability(a.astype("float64")) for a in answers]
    if task is Task.REGRESSION:
        return Outcome(task, Answer.VALUE, (), None, Sides(truths[0], truths[1]), Sides(answers[0], answers[1]))
    classes = _names(truths[0])
    if len(classes) < 2:
        # One class in the reference: the other is known from the current rows, if at all.
        late = None if truths[1] is None else match_classes(truths[1], classes)
        classes = tuple(sorted({*classes, *_names(late)}))
    positive = positive_class(classes, incident.roles.positive)
    if answer is Answer.SCORE and positive is None and classes:
        raise NotApplicable(
            N_(
                "The prediction is one probability, but the target has {count:count} classes: choose the class it speaks of, "
                "or the column with the predicted class, in Columns."
            ),
            needs="prediction",
            count=len(classes),
        )
    truths = [None if t is None else match_classes(t, classes) for t in truths]
    if truths[0] is not None and truths[1] is not None and unmatched(truths[1], _names(truths[0])):
        # Errors counted on labels of unknown meaning would be nonsense (`confirm.label_names` says so).
        truths[1] = None
    if answer is Answer.LABEL:
        answers = [None if a is None else match_classes(a, classes) for a in answers]
        _check_classes(answers[0] if both.reference is not None else answers[1], classes)
    return Outcome(task, answer, classes, positive, Sides(truths[0], truths[1]), Sides(answers[0], answers[1]))


def as_probability(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores as probabilities, shape (n,): as they are between 0 and 1, divided by 100 between 0 and 100, else taken for
    log-odds and put through the logistic function.

    Each side by itself: that the two are written on different scales is a finding of its own (`confirm.score_scale`).
    """
    known = scores[np.isfinite(scores)]
    if not known.size or (known.min() >= 0 and known.max() <= 1):
        return scores
    if known.min() >= 0 and known.max() <= 100:
        return scores / 100
    if known.min() < 0:
        return np.asarray(1 / (1 + np.exp(-np.clip(scores, -700, 700))))
    return scores


def _check_classes(answers: NDArray[np.generic] | None, classes: tuple[str, ...]) -> None:
    if answers is None or not classes:
        return
    told = sorted({str(v) for v in answers if v is not None})
    if told and not set(told) & set(classes):
        raise NotApplicable(
            N_(
                "The predictions ({told:list}) are none of the target's classes ({classes:list}): "
                "choose the column with the predicted class in Columns."
            ),
            needs="prediction",
            told=tuple(told),
            classes=classes,
        )


def _names(truth: NDArray[np.generic] | None) -> tuple[str, ...]:
    return () if truth is None else tuple(sorted({str(v) for v in truth if v is not None}))


def _as_written(incident: Incident, frame: pd.DataFrame, name: str) -> pd.Series | None:
    """The current column as its file has it, where its kind is not the reference's; None where nothing was lost."""
    tables: tuple[Table | None, Table | None] = (incident.reference, incident.current)
    left, right = tables
    if left is None or right is None or name not in left or name not in right or left[name].kind is right[name].kind:
        return None
    raw = engine.sample(right, rows=max(1, len(frame)), seed=incident.seed + 1)
    # A frame that somebody cut or reordered has other rows.
    return raw[name] if raw.index.equals(frame.index) else None


def _side(frame: pd.DataFrame | None, name: str | None, numeric: bool) -> NDArray[np.generic] | None:
    if frame is None or name is None or name not in frame or not frame[name].notna().any():
        return None
    return as_number(frame[name]).to_numpy() if numeric else as_level(frame[name]).to_numpy(dtype=object)
