"""Watch what rows meet what: every split, fit, transform and score passes here and may turn out to be a leak."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from diagnostics.code import library as lib
from diagnostics.code.values import Data, Estimator, Fit, Rows, side_of
from diagnostics.nouns.words import N_, Value

PREPROCESSING, OVERLAP, TARGET = "preprocessing_leakage", "train_test_overlap", "target_leakage"
TEMPORAL, REPEATED = "temporal_leakage", "repeated_test_use"

BEFORE_SPLIT: Final = N_(
    "{file:name}, {at:place}: {name:name} learns from all rows before they are split in {split:place}; "
    "the test rows are among them."
)
BEFORE_FOLDS: Final = N_(
    "{file:name}, {at:place}: {name:name} learns from all rows before the "
    "cross-validation in {split:place}; every fold has seen the others."
)
LEVELS_BEFORE: Final = N_(
    "{file:name}, {at:place}: {name:name} learns its levels from all rows before the split in {split:place}; "
    "levels that only the test rows have are known in training."
)
FILLED: Final = N_(
    "{file:name}, {at:place}: The {name} of all rows goes into the features before they are "
    "split in {split:place}; the test rows are among them."
)
FILTERED: Final = N_(
    "{file:name}, {at:place}: Rows are left out by a {name} of all rows before they are split in {split:place}; the test "
    "rows help to set the bound, and hard ones are missing from the test."
)
ON_TEST: Final = N_(
    "{file:name}, {at:place}: {name:name} is fitted on the test rows; it must be fitted on the training "
    "rows and only applied to these."
)
ON_BOTH: Final = N_(
    "{file:name}, {at:place}: {name:name} is fitted on training and test rows together, "
    "then applied to the training rows in {split:place}."
)
APPLIED: Final = N_(
    "{file:name}, {at:place}: {name:name} was fitted on all rows and is applied to a part "
    "of them in {split:place}; it has seen the test rows."
)
RESAMPLED: Final = N_(
    "{file:name}, {at:place}: {name:name} makes rows out of others before the split in {split:place}: "
    "copies of one row end up in training and in test."
)
REPEATS: Final = N_(
    "{file:name}, {at:place}: Rows are drawn with replacement before the split in "
    "{split:place}: the same row ends up in training and in test."
)
FITTED_ON_ALL: Final = N_(
    "{file:name}, {at:place}: The model was fitted in {fitted:place} on rows that include the ones it is tested on here."
)
OTHER_SPLIT: Final = N_(
    "{file:name}, {at:place}: The model was fitted in {fitted:place} on the training rows of another split: many of the rows "
    "that it is tested on here are among them."
)
SLICES: Final = N_(
    "{file:name}, {at:place}: The rows of {name:name} and of {other:name} overlap: rows {first:count} to "
    "{last:count} are in both."
)
SAME_ROWS: Final = N_("{file:name}, {at:place}: {name:name} holds the training rows: the score says nothing about new rows.")
IN_FEATURES: Final = N_(
    "{file:name}, {at:place}: The features still hold the target {column:name}: the model can read the answer."
)
FROM_TARGET: Final = N_(
    "{file:name}, {at:place}: The feature {feature:name} is computed from the target {column:name}: the "
    "model can read the answer."
)
TO_TARGET: Final = N_(
    "{file:name}, {at:place}: The target is computed from {feature:name} alone, and {feature:name} is still among the features."
)
ENCODED_TARGET: Final = N_(
    "{file:name}, {at:place}: {name:name} puts the target of all rows into the features before the split in {split:place}."
)
RANDOM_SPLIT: Final = N_(
    "{file:name}, {at:place}: The rows follow time, and the split is random: the model is tested on days whose next day it knows."
)
BACKWARD: Final = N_(
    "{file:name}, {at:place}: Gaps are filled with later values before the split in {split:place}: the "
    "past learns from the future."
)
CENTRED: Final = N_(
    "{file:name}, {at:place}: A centred moving window looks at later rows; what is known at the time ends at the row itself."
)
FUTURE: Final = N_(
    "{file:name}, {at:place}: The feature {feature:name} is shifted back in time: it holds a value of a later row."
)
HYPERPARAMETERS: Final = N_(
    "{file:name}, {at:place}: The loop in {loop:place} tries settings and scores each on the test rows: "
    "the best score is too good."
)
STOPPING: Final = N_(
    "{file:name}, {at:place}: Training stops where the test rows are answered best ({fitted:place}), and "
    "the same rows give the score."
)
THRESHOLD: Final = N_(
    "{file:name}, {at:place}: The threshold is chosen on the test rows and used on the same rows: the score is too good."
)


@dataclass(frozen=True)
class Leak:
    """One place at fault. line: counts through the whole stream. weight: 0 to 1, how much it usually flatters the score.

    fit, used: what learnt, and the split, transform or score that made it a leak; they are there for the remedy.
    """

    code: str
    line: int
    says: str
    values: Mapping[str, Value]
    weight: float
    fit: Fit | None = None
    used: ast.AST | None = None


@dataclass
class Watch:
    leaks: dict[tuple[str, int], Leak] = field(default_factory=dict)
    models: list[tuple[int, str]] = field(default_factory=list)
    """Line and text of every model that is made."""
    stopped: list[tuple[Rows, int]] = field(default_factory=list)
    """Held-out rows that decided when training ends, with the line."""
    targets: set[str] = field(default_factory=set)
    fits: list[Fit] = field(default_factory=list)

    def report(
        self, code: str, line: int, says: str, weight: float, fit: Fit | None = None, used: ast.AST | None = None, **values: Value
    ) -> None:
        self.leaks.setdefault((code, line), Leak(code, line, says, values, weight, fit, used))

    def split(self, parts: Sequence[Data], node: ast.AST, *, how: str = "split", order: str = "") -> None:
        """Rows are parted here; how: "split", "folds" or "search"; order: "random" where the rows are shuffled."""
        line = getattr(node, "lineno", 0)
        for fit in sorted({f for d in parts for f in d.touched}, key=lambda f: (f.line, f.name)):
            self._judge_split(fit, node, line, how)
        marks = frozenset(mark for d in parts for mark in d.marks)
        # A date that was parsed may be one feature among others; an order or a lag makes the rows a series.
        series = "lagged" in marks or ("parsed" in marks and bool(marks & {"sorted", "indexed"}))
        if order == "random" and series and not any(d.rows.within_train for d in parts):
            self.report(TEMPORAL, line, RANDOM_SPLIT, 0.7, used=node)

    def _judge_split(self, fit: Fit, node: ast.AST, line: int, how: str) -> None:
        if not fit.confirmed or fit.rows.held_out:
            return
        if fit.rows.within_train:
            # Folds of rows that were made from each other are no test; a search on them still has the real test ahead.
            if how in ("folds", "split") and fit.kind == lib.RESAMPLER and lib.OVERSAMPLING.search(fit.name):
                self.report(OVERLAP, fit.line, RESAMPLED, 0.8, fit, node, name=fit.name, split=line)
            return
        match fit.kind:
            case "repeated":
                self.report(OVERLAP, fit.line, REPEATS, 0.9, fit, node, split=line)
                return
            case "backward":
                self.report(TEMPORAL, fit.line, BACKWARD, 0.4, fit, node, split=line)
                return
            case "target":
                self.report(TARGET, fit.line, ENCODED_TARGET, 0.8, fit, node, name=fit.name, split=line)
                return
            case "curve":
                return
        says = {"statistic": FILLED, "rows": FILTERED, lib.LEVELS: LEVELS_BEFORE}.get(
            fit.kind, BEFORE_SPLIT if how == "split" else BEFORE_FOLDS
        )
        if fit.rows.parts and fit.kind != "statistic" and _mixed(fit.rows):
            says = ON_BOTH
        self.report(PREPROCESSING, fit.line, says, _weight(fit), fit, node, name=fit.name, split=line)
        if fit.kind == lib.RESAMPLER and lib.OVERSAMPLING.search(fit.name):
            self.report(OVERLAP, fit.line, RESAMPLED, 0.9, fit, node, name=fit.name, split=line)
        if fit.supervised:
            self.report(TARGET, fit.line, ENCODED_TARGET, 0.8, fit, node, name=fit.name, split=line)

    def fitted(self, fit: Fit, data: Data) -> None:
        """A transformer learns from `data`."""
        if data.rows.held_out and data.rows.whole is not None:
            self.report(PREPROCESSING, fit.line, ON_TEST, 0.3 if fit.kind == lib.LEVELS else 0.6, fit, fit.node, name=fit.name)
        elif side_of(data.rows.named) in ("test", "val") and any(
            earlier.name == fit.name and earlier.rows is not fit.rows and not earlier.rows.held_out for earlier in self.fits
        ):
            # Test rows from a file of their own: fitted again, where the same step was fitted on other rows before.
            self.report(PREPROCESSING, fit.line, ON_TEST, 0.1 if fit.kind == lib.LEVELS else 0.6, fit, fit.node, name=fit.name)
        self.fits.append(fit)

    def overlapping(self, rows: Rows, other: Rows, first: int, last: int, node: ast.AST) -> None:
        """Two parts of one table share the rows from `first` up to, not including, `last`."""
        line = getattr(node, "lineno", 0)
        self.report(OVERLAP, line, SLICES, 1.0, used=node, name=rows.named, other=other.named, first=first, last=last - 1)

    def centred(self, node: ast.AST) -> None:
        """A moving window that looks both ways."""
        self.report(TEMPORAL, getattr(node, "lineno", 0), CENTRED, 0.5, used=node)

    def transformed(self, fits: Sequence[Fit], data: Data, node: ast.AST) -> None:
        """What was learnt goes into `data`."""
        line = getattr(node, "lineno", 0)
        for fit in fits:
            if fit.rows is data.rows or not fit.confirmed or fit.rows.within_train or not fit.rows.covers(data.rows):
                continue
            if data.rows in fit.rows.parts:
                if _mixed(fit.rows):
                    self.report(PREPROCESSING, fit.line, ON_BOTH, _weight(fit), fit, node, name=fit.name, split=line)
            elif data.rows.side:
                self.report(PREPROCESSING, fit.line, APPLIED, _weight(fit), fit, node, name=fit.name, split=line)

    def trained(self, features: Data | None, answer: Data | None, node: ast.AST) -> None:
        """A model is fitted, or features and answer are split together."""
        if features is None:
            return
        line = getattr(node, "lineno", 0)
        wanted = answer.columns if answer is not None and answer.columns and len(answer.columns) == 1 else frozenset[str]()
        target = next(iter(wanted), None)
        same = answer is not None and features.root is not None and features.root is answer.root
        if target is not None and same and _holds(features, target):
            self.report(TARGET, line, IN_FEATURES, 1.0, used=node, column=target)
            return
        for made in sorted(features.derived, key=lambda d: (d.line, d.column)):
            if (
                made.how == "future"
                and made.column != target
                and made.column not in self.targets
                and _holds(features, made.column)
            ):
                self.report(TEMPORAL, made.line, FUTURE, 0.9, used=node, feature=made.column)
            if target is None or not same or made.how in ("past", "future"):
                continue
            if made.column != target and target in made.sources and made.line and _holds(features, made.column):
                self.report(TARGET, made.line, FROM_TARGET, 0.9, used=node, feature=made.column, column=target)
            only = made.sources - {target}
            if made.column == target and len(only) == 1 and made.sources == only and _holds(features, next(iter(only))):
                self.report(TARGET, line, TO_TARGET, 0.9, used=node, feature=next(iter(only)))

    def tested(self, model: Estimator | None, data: Data, node: ast.AST, loops: Sequence[int]) -> None:
        """A model answers or is scored on `data`; loops: lines of the loops around."""
        line = getattr(node, "lineno", 0)
        rows = data.rows
        if not rows.held_out:
            return
        if model is not None:
            for fit in model.fits:
                if fit.supervised and fit.rows is not rows and fit.rows.covers(rows):
                    self.report(OVERLAP, line, FITTED_ON_ALL, 0.9, fit, node, fitted=fit.line)
                elif (
                    fit.supervised
                    and fit.rows.side == "train"
                    and fit.rows.whole is not None
                    and fit.rows.whole is rows.whole
                    and fit.rows.split
                    and rows.split
                    and fit.rows.split != rows.split
                ):
                    self.report(OVERLAP, line, OTHER_SPLIT, 0.9, fit, node, fitted=fit.line)
            loop = model.loop
            if loop and loop in loops and rows.side == "test":
                self.report(REPEATED, line, HYPERPARAMETERS, 0.5, used=node, loop=loop)
        for stopped, at in self.stopped:
            if stopped is rows and line != at:
                self.report(REPEATED, at, STOPPING, 0.5, used=node, fitted=at)

    def thresholds(self, data: Data, curves: set[Fit], node: ast.AST) -> None:
        """Answers on held-out rows are cut at a threshold that came from a curve on the same rows."""
        line = getattr(node, "lineno", 0)
        for fit in curves:
            if fit.rows.side == "test" and (data.rows is fit.rows or data.rows.line_up()[0] is fit.rows):
                self.report(REPEATED, line, THRESHOLD, 0.4, fit, node)

    def searched(self, data: Data, node: ast.AST, loops: Sequence[int]) -> None:
        """A score of answers that were cut at the loop's own value."""
        if data.rows.side == "test" and data.searched and data.searched in loops:
            self.report(REPEATED, getattr(node, "lineno", 0), THRESHOLD, 0.4, used=node)


def _mixed(rows: Rows) -> bool:
    """Whether rows were joined from a training and a held-out part."""
    return any(part.held_out or side_of(part.named) in ("test", "val") or (part.parts and _mixed(part)) for part in rows.parts)


def _holds(features: Data, column: str) -> bool:
    """Whether `column` is known to be among the features."""
    if features.columns is not None:
        return column in features.columns
    return features.full and column not in features.dropped


def _weight(fit: Fit) -> float:
    """How much it flatters, roughly: supervised selection and made-up rows most, a list of levels hardly.

    Order of the effects: Kapoor, Narayanan 2023, Leakage and the reproducibility crisis in machine-learning-based science.
    """
    weights = {
        lib.RESAMPLER: 0.9,
        lib.SELECTOR: 0.8,
        lib.ENCODER: 0.8,
        lib.LEVELS: 0.1,
        lib.VECTORISER: 0.5,
        "statistic": 0.4,
        "rows": 0.3,
    }
    return weights.get(fit.kind, 0.5)
