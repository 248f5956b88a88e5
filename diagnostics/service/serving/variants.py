"""Smaller copies of the uploaded model: quantised, pruned, distilled; each held against it on the same rows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.clinic.deployment.export import as_file, export
from diagnostics.clinic.shared.models import pipeline
from diagnostics.clinic.shared.training_set import sample_rows, training_set
from diagnostics.measure.outcome import match_classes
from diagnostics.measure.samples import as_level
from diagnostics.nouns import intervals
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable, Reason
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_
from diagnostics.sandbox.model import Model, Told
from diagnostics.sandbox.wire import Frame
from diagnostics.service.serving.load import LEAST, MOST
from diagnostics.service.serving.rows import AskedRows, asked, decided, first, numbers, table_rows

SECONDS: Final = 0.2
DEPTHS: Final = (4, 6, 8, 10)
CLOSE: Final = 0.01
"""A smaller student is taken whose error is within so much of the teacher's spread of the best one's."""

TAUGHT: Final = 3_000

WAYS: Final = {
    "dynamic": N_("8-bit weights (dynamic quantisation)"),
    "static": N_("8-bit weights and activations (static quantisation)"),
    "pruned": N_("half of its hidden units, or of its trees (pruned)"),
    "distilled": N_("one small tree taught by it (distilled)"),
}
"""Each way with its name for people."""


@dataclass(frozen=True, kw_only=True)
class Shrunk:
    """One copy. Times in milliseconds for one row."""

    name: str
    says: str
    bytes: int
    p50: float
    p95: float
    same: float
    """Share of rows with the same class; for values, of those whose answer moves by less than a hundredth of their spread."""

    apart: float
    """Mean difference of the answers: of probabilities, or in spreads of the whole model's answers."""

    right: Interval | None
    """Share of right classes, or mean absolute error, on rows that the copy was not made with; None without labels."""

    gain: Interval | None
    """Against the whole model on the same rows: in shares of right classes, or shares of its mean absolute error; positive is
    better.
    """

    skipped: Reason = field(default_factory=Reason)


@dataclass(frozen=True, kw_only=True)
class Variants:
    """whole: the uploaded model itself, judged on the same rows."""

    whole: Shrunk
    copies: tuple[Shrunk, ...]
    rows: int
    """Rows that judge, none of which a copy was made with."""

    classification: bool
    labelled: bool


def variants(incident: Incident, path: Path, *, on_step: Callable[[float, str], None] = lambda share, what: None) -> Variants:
    """Raises NotApplicable when the model cannot be run, or there are no rows that fit it."""
    rows = _rows(incident)
    model = Model(path)
    try:
        frame, usable = asked(model.description, rows)
        _, judged = _halves(int(usable.sum()), incident.seed)
        told = model.answer(frame)
        one = model.times(first(frame, 1), seconds=SECONDS, least=LEAST, most=MOST)
    finally:
        model.close()
    truth = None if rows.truth is None else rows.truth[usable][judged]
    own = _Judge(told, judged, truth, rows.classification)
    whole = own.shrunk("whole", N_("as uploaded"), path.stat().st_size, one.milliseconds, told)
    copies = []
    for place, (name, says) in enumerate(WAYS.items()):
        on_step(place / len(WAYS), says)
        try:
            content = copy_of(incident, path, name)
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "model.onnx"
                file.write_bytes(content)
                small = Model(file)
                try:
                    given, fits = asked(small.description, rows)
                    if not np.array_equal(fits, usable):
                        raise NotApplicable(OTHER_ROWS, needs="model")
                    answers = small.answer(given)
                    times = small.times(first(given, 1), seconds=SECONDS, least=LEAST, most=MOST).milliseconds
                finally:
                    small.close()
            copies.append(own.shrunk(name, says, len(content), times, answers))
        except NotApplicable as reason:
            copies.append(
                Shrunk(name=name, says=says, bytes=0, p50=0, p95=0, same=0, apart=0, right=None, gain=None, skipped=reason.kept)
            )
    return Variants(
        whole=whole,
        copies=tuple(copies),
        rows=int(judged.size),
        classification=rows.classification,
        labelled=whole.right is not None,
    )


OTHER_ROWS: Final = N_("it takes other rows than the uploaded model")
FEW: Final = N_("Fewer than {least:count} rows fit the model, too few to make a copy and to judge it.")
NO_ROWS: Final = N_("No table with rows of the model: upload one, so that smaller copies can be made and judged.")
ANSWERS: Final = N_("the model's answers are no numbers that a student could learn from")
LEAST_ROWS: Final = 200


def copy_of(incident: Incident, path: Path, way: str) -> bytes:
    """The ONNX file of one smaller copy, the same each time. Raises NotApplicable where it cannot be made."""
    rows = _rows(incident)
    model = Model(path)
    try:
        frame, usable = asked(model.description, rows)
        made, _ = _halves(int(usable.sum()), incident.seed)
        if way == "distilled":
            judged = np.flatnonzero(usable)[_halves(int(usable.sum()), incident.seed)[1]]
            return _student(incident, model, rows, judged)
        return model.shrunk(way, _part(frame, made))
    finally:
        model.close()


def _rows(incident: Incident) -> AskedRows:
    rows = table_rows(incident)
    if rows is None:
        raise NotApplicable(NO_ROWS, needs="reference")
    return rows


def _halves(count: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows that copies are made with, and rows that judge them."""
    if count < LEAST_ROWS:
        raise NotApplicable(FEW, needs="reference", least=LEAST_ROWS)
    order = np.random.default_rng([seed, 71]).permutation(count)
    return np.sort(order[: count // 2]), np.sort(order[count // 2 :])


def _part(frame: Frame, place: NDArray[np.int64]) -> Frame:
    n = int(frame.meta["rows"])
    texts = {}
    for name, words in frame.texts.items():
        width = len(words) // max(1, n)
        texts[name] = [words[p * width + k] for p in place.tolist() for k in range(width)]
    return Frame({**frame.meta, "rows": len(place)}, {k: v[place] for k, v in frame.arrays.items()}, texts)


class _Judge:
    """Holds copies against the whole model's answers `told`, on the rows `judged`."""

    def __init__(self, told: Told, judged: NDArray[np.int64], truth: NDArray[np.generic] | None, classification: bool) -> None:
        self.judged, self.truth, self.classification = judged, truth, classification
        self.classes: tuple[str, ...] = ()
        if truth is not None and classification:
            self.classes = tuple(sorted({str(word) for word in truth}))
        self.own = self._answers(told)
        self.scores = self._numbers(told)
        self.lost = self._losses(self.own)

    def _answers(self, told: Told) -> NDArray[np.generic] | None:
        if self.classification:
            found = decided(told, self.classes or told.classes)
            return None if found is None else found[self.judged]
        scores = numbers(told)
        return None if scores is None else np.asarray(scores[self.judged, 0])

    def _numbers(self, told: Told) -> NDArray[np.float64] | None:
        scores = numbers(told)
        return None if scores is None else np.asarray(scores[self.judged])

    def _losses(self, answers: NDArray[np.generic] | None) -> NDArray[np.float64] | None:
        """0 or 1 for each row, or its absolute error."""
        if self.truth is None or answers is None:
            return None
        if self.classification:
            return np.asarray(answers.astype(str) != self.truth.astype(str), dtype="float64")
        return np.asarray(np.abs(answers.astype("float64") - self.truth.astype("float64")))

    def shrunk(self, name: str, says: str, size: int, times: NDArray[np.float64], told: Told) -> Shrunk:
        answers, scores = self._answers(told), self._numbers(told)
        same, apart = float("nan"), float("nan")
        if scores is not None and self.scores is not None and scores.shape == self.scores.shape:
            spread = 1.0 if self.classification else float(np.nanstd(self.scores)) or 1.0
            apart = float(np.nanmean(np.abs(scores - self.scores)) / spread)
            if not self.classification:
                same = float(np.mean(np.abs(scores - self.scores)[:, 0] <= 0.01 * spread))
        if self.classification and answers is not None and self.own is not None:
            same = float(np.mean(answers.astype(str) == self.own.astype(str)))
        lost = self._losses(answers)
        right = gain = None
        if lost is not None and self.lost is not None:
            if self.classification:
                right = intervals.share(float((1 - lost).sum()), lost.size)
                gain = paired(self.lost, lost)
            else:
                right, middle = intervals.mean(lost), float(self.lost.mean()) or 1.0
                change = intervals.mean((self.lost - lost) / middle)
                gain = change
            if not (self.lost - lost).any():
                gain = Interval(0.0, 0.0, 0.0)
        p50, p95 = (float(v) for v in np.quantile(times, [0.5, 0.95]))
        return Shrunk(name=name, says=says, bytes=size, p50=p50, p95=p95, same=same, apart=apart, right=right, gain=gain)


def _student(incident: Incident, model: Model, rows: AskedRows, judged: NDArray[np.int64]) -> bytes:
    """A small tree that learnt the model's own answers (Buciluă et al. 2006, doi:10.1145/1150402.1150464), raw rows in.

    It never sees a row of those that judge it.
    """
    from sklearn.tree import DecisionTreeRegressor

    if incident.roles.target is None:
        raise NotApplicable(N_("a student needs a target column to know what the rows are about"), needs="target")
    other = replace(incident, reference=incident.current, current=None) if incident.reference is None else incident
    data = sample_rows(training_set(other), TAUGHT, seed=incident.seed)
    taught = AskedRows(data.features, tuple(map(str, data.features.columns)), rows.kinds, None, rows.classification)
    frame, usable = asked(model.description, taught)
    told = model.answer(frame)
    names = [name for name in taught.features if name in rows.frame and rows.kinds.get(name) is not Kind.TIME]
    seen = _named(rows.frame.iloc[judged], names)
    kept = np.flatnonzero(usable)
    new = ~_named(data.features.iloc[kept], names).isin(set(seen)).to_numpy()
    scores = numbers(told)
    if data.task is Task.CLASSIFICATION and data.classes:
        named = [str(name) for name in match_classes(np.array(told.classes, dtype=object), data.classes)]
        if scores is not None and scores.shape[1] == len(named) and set(named) >= set(data.classes):
            scores = scores[:, [named.index(name) for name in data.classes]]
        elif scores is not None and scores.shape[1] == 1 and len(data.classes) == 2:
            scores = np.column_stack([1 - scores[:, 0], scores[:, 0]])
        elif (labels := decided(told, data.classes)) is not None:
            scores = (labels.astype(str)[:, None] == np.array(data.classes)[None]).astype("float64")
        else:
            scores = None
    if scores is None or not np.isfinite(scores).all():
        raise NotApplicable(ANSWERS)
    scores, kept = scores[new], kept[new]
    if kept.size < LEAST_ROWS // 2:
        raise NotApplicable(FEW, needs="reference", least=LEAST_ROWS)
    fitted = pipeline(data, "tree", seed=incident.seed).fit(data.features, data.truth)
    matrix = np.asarray(fitted[:-1].transform(data.features), dtype="float32")[kept]
    order = np.random.default_rng([incident.seed, 72]).permutation(kept.size)
    learn, hold = order[: 3 * kept.size // 4], order[3 * kept.size // 4 :]
    spread = float(scores.std()) or 1.0
    errors, students = [], []
    for depth in DEPTHS:
        student = DecisionTreeRegressor(max_depth=depth, min_samples_leaf=5, random_state=0).fit(matrix[learn], scores[learn])
        students.append(student)
        guess = student.predict(matrix[hold]).reshape(scores[hold].shape)
        errors.append(float(np.sqrt(np.mean((guess - scores[hold]) ** 2))) / spread)
    chosen = students[next(n for n, error in enumerate(errors) if error <= min(errors) + CLOSE)]

    def as_student(_: Any, prepared: NDArray[np.float32], task: Task) -> bytes:
        return export(chosen, prepared.shape[1])

    return as_file(fitted, as_student, data.features, data)


def paired(before: NDArray[np.float64], after: NDArray[np.float64]) -> Interval:
    """Change of the share of right rows, from 0 (right) or 1 (wrong) of each row before and after, shapes (n,).

    From Wilson's interval for the share of gains among the rows that changed, as McNemar's test looks at them alone (1947,
    doi:10.1007/BF02295996).
    """
    better, worse = int((before > after).sum()), int((after > before).sum())
    changed = better + worse
    if not changed:
        return Interval(0.0, 0.0, 0.0)
    seen, part = intervals.share(better, changed), changed / before.size
    return Interval(*(part * (2 * share - 1) for share in (seen.value, seen.low, seen.high)))


def _named(frame: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Each row as one text, so that rows of two frames can be compared whatever their types."""
    columns = [as_level(frame[name]).map(lambda level: "" if level is None else str(level)) for name in names]
    return pd.Series(["\x1f".join(row) for row in zip(*columns, strict=True)], index=frame.index, dtype=object)
