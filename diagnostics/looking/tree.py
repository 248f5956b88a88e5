"""Groups of current rows where the model errs most: a small tree over the rows' loss, judged on rows that it did not see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.looking.column import losses
from diagnostics.looking.scope import Condition, Group, Test
from diagnostics.measure import engine
from diagnostics.measure.outcome import frames, known
from diagnostics.measure.samples import as_level
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.intervals import Interval, mean
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_

DEPTH: Final = 3
LEVELS: Final = 8
COLUMNS: Final = 100
ROWS: Final = 20_000
LEAST: Final = 30
"""Rows of a group, on either half."""


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """group: the rows; rows: of the judged half that are in it; loss: their mean, with its interval; reference: that of the same
    group in the reference, None where it is not known.
    """

    group: Group | None
    rows: int
    loss: Interval
    reference: Interval | None


@dataclass(frozen=True, kw_only=True)
class ErrorTree:
    """leaves: the worst first; whole: the loss of all judged rows; loss: what the loss is, as a message id."""

    loss: str
    percent: bool
    whole: Interval
    judged: int
    leaves: tuple[Leaf, ...]


def error_tree(incident: Incident) -> ErrorTree:
    """Raises NotApplicable without labels and predictions in current, or with too few rows."""
    outcome = known(incident)
    both, lost = frames(incident), losses(outcome)
    frame, loss = both.current, lost.current
    if frame is None or loss is None:
        raise NotApplicable(N_("The current table has no labels beside predictions, so errors cannot be told."), needs="target")
    rng = np.random.default_rng([incident.seed, 20])
    rows = rng.permutation(np.flatnonzero(np.isfinite(loss)))[: 2 * ROWS]
    if rows.size < 4 * LEAST:
        raise NotApplicable(N_("Too few current rows have a label ({rows:count})."), needs="target", rows=int(rows.size))
    fitted, judged = rows[::2], rows[1::2]
    asked = _questions(incident, frame.iloc[fitted])
    if not asked:
        raise NotApplicable(N_("No feature has values to make groups of."), needs="current")
    groups = _grow(frame.iloc[fitted], loss[fitted], asked)
    leaves = []
    for group in groups:
        inside = loss[judged][rows_of(group, frame.iloc[judged])]
        before = None
        if both.reference is not None and lost.reference is not None:
            same = lost.reference[rows_of(group, both.reference)]
            same = same[np.isfinite(same)]
            before = mean(same) if same.size >= LEAST else None
        if inside.size >= LEAST:
            leaves.append(Leaf(group=group, rows=int(inside.size), loss=mean(inside), reference=before))
    leaves.sort(key=lambda leaf: -leaf.loss.value)
    return ErrorTree(
        loss=outcome.loss_name,
        percent=outcome.answer.value == "label",
        whole=mean(loss[judged]),
        judged=int(judged.size),
        leaves=tuple(leaves),
    )


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the tree may ask of a column: how large a number is, whether it is one level, or whether it is missing."""

    column: str
    test: Test
    level: str = ""


def _questions(incident: Incident, frame: pd.DataFrame) -> list[Question]:
    table = incident.current
    found: list[Question] = []
    for column in table or ():
        if column.name in incident.roles.named or column.kind not in (Kind.NUMBER, Kind.CATEGORY) or len(found) >= COLUMNS:
            continue
        gone = int(frame[column.name].isna().sum())
        if LEAST <= gone <= len(frame) - LEAST:
            found.append(Question(column=column.name, test=Test.MISSING))
        if column.kind is Kind.NUMBER:
            found.append(Question(column=column.name, test=Test.FROM))
            continue
        counts = as_level(frame[column.name]).dropna().astype(str).value_counts()
        often = [str(level) for level in counts.index[:LEVELS] if counts[level] >= LEAST]
        found += [Question(column=column.name, test=Test.IS, level=level) for level in often]
    return found


def _answers(question: Question, frame: pd.DataFrame) -> NDArray[np.float64]:
    values = frame[question.column]
    if question.test is Test.MISSING:
        return np.asarray(values.isna().to_numpy(), dtype="float64")
    if question.test is Test.IS:
        return np.asarray((as_level(values) == question.level).to_numpy(), dtype="float64")
    numbers = engine.seconds(values)
    finite = numbers[np.isfinite(numbers)]
    # Missing ones stand in the middle, where they decide least; that they are missing is a question of its own.
    middle = float(np.median(finite)) if finite.size else 0.0
    return np.clip(np.where(np.isfinite(numbers), numbers, middle), -3e38, 3e38)


def _grow(frame: pd.DataFrame, loss: NDArray[np.float64], asked: list[Question]) -> list[Group]:
    from sklearn.tree import DecisionTreeRegressor

    matrix = np.column_stack([_answers(question, frame) for question in asked])
    least = max(LEAST, len(loss) // 50)
    tree = DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=least, random_state=0).fit(matrix, loss).tree_
    found: list[Group] = []

    def walk(node: int, path: tuple[Condition, ...]) -> None:
        if tree.children_left[node] < 0:
            if path:
                found.append(Group(either=(path,)))
            return
        place, edge = int(tree.feature[node]), float(tree.threshold[node])
        question = asked[place]
        name = question.column
        if question.test is not Test.FROM:
            values = (question.level,) if question.test is Test.IS else ()
            no, yes = (Test.NOT, Test.IS) if question.test is Test.IS else (Test.GIVEN, Test.MISSING)
            walk(int(tree.children_left[node]), (*path, Condition(column=name, test=no, values=values)))
            walk(int(tree.children_right[node]), (*path, Condition(column=name, test=yes, values=values)))
            return
        above = matrix[:, place][matrix[:, place] > edge].min()
        below = matrix[:, place][matrix[:, place] <= edge].max()
        walk(int(tree.children_left[node]), _narrowed(path, Condition(column=name, test=Test.UP_TO, values=(_text(below),))))
        walk(int(tree.children_right[node]), _narrowed(path, Condition(column=name, test=Test.FROM, values=(_text(above),))))

    walk(0, ())
    return found


def _narrowed(path: tuple[Condition, ...], condition: Condition) -> tuple[Condition, ...]:
    """A later limit of the same kind on the same column takes the place of an earlier one."""
    return (*(c for c in path if (c.column, c.test) != (condition.column, condition.test)), condition)


def _text(number: float) -> str:
    return repr(int(number)) if float(number).is_integer() and abs(number) < 1e15 else repr(float(number))


def rows_of(group: Group, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows of a frame are in the group, shape (len(frame),); what `looking.restrict` asks of a table."""
    found = np.zeros(len(frame), dtype=bool)
    for every in group.either:
        held = np.ones(len(frame), dtype=bool)
        for condition in every:
            held &= _meets(condition, frame)
        found |= held
    return found


def _meets(condition: Condition, frame: pd.DataFrame) -> NDArray[np.bool_]:
    if condition.column not in frame:
        return np.full(len(frame), condition.test is Test.MISSING)
    values = frame[condition.column]
    given = values.notna().to_numpy()
    match condition.test:
        case Test.MISSING:
            return ~given
        case Test.GIVEN:
            return given
        case Test.IS | Test.NOT:
            wanted = {_plain(value) for value in condition.values} if values.dtype.kind == "f" else set(condition.values)
            inside = given & as_level(values).isin(wanted).to_numpy()
            return ~inside if condition.test is Test.NOT else inside
        case Test.HOLDS:
            sought = condition.values[0].lower()
            return np.array([isinstance(v, str) and sought in v.lower() for v in as_level(values)], dtype=bool)
    if values.dtype.kind == "M":
        limit = engine.seconds(pd.Series([pd.Timestamp(condition.values[0])]))[0]
        numbers = engine.seconds(values)
    else:
        limit = float(condition.values[0]) if values.dtype.kind == "f" else condition.values[0]
        numbers = values.to_numpy()
    with np.errstate(invalid="ignore"):
        if values.dtype.kind in "fM":
            return np.asarray(given & ((numbers >= limit) if condition.test is Test.FROM else (numbers <= limit)))
    texts = as_level(values).fillna("").astype(str)
    return np.asarray(given & ((texts >= str(limit)) if condition.test is Test.FROM else (texts <= str(limit))).to_numpy())


def _plain(value: str) -> str:
    return str(as_level(pd.Series([float(value)])).iloc[0])
