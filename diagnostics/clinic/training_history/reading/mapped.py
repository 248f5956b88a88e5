"""From columns to runs: which column plays which part, where one run ends and the next begins, and the curves of each.

Every reader but the recorder's and that of boosted trees ends here.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.training_history.history import (
    GRADIENT,
    LOSS,
    PARTS,
    SCORE,
    VAL_LOSS,
    VAL_SCORE,
    Curve,
    History,
    Layer,
    by_epoch,
    make_curve,
)
from diagnostics.clinic.training_history.reading.columns import CUT_OFF, Columns
from diagnostics.clinic.training_history.reading.names import (
    EPOCH,
    STEP,
    guess,
    is_share,
    layer_gradients,
    part_of,
    plain,
    rising,
    setting_of,
)
from diagnostics.nouns.refusal import BadInput, Reason
from diagnostics.nouns.words import N_

MEASURED: Final = (LOSS, VAL_LOSS, SCORE, VAL_SCORE)

FEW_EPOCHS: Final = 4
"""Below so many epochs a run that was logged step by step is looked at by steps."""

RUNS_CAP: Final = 50
"""Runs of one file; of more, the first ones."""

UNMAPPED: Final = N_(
    "No column of {file:name} could be recognised as a loss or a score (there are {columns:list}): say which is which, or name "
    "them loss, val_loss, accuracy."
)
BY_NUMBERS: Final = N_(
    "The names of the columns say nothing, so their numbers decided: {columns:list} taken as losses or scores. Correct this "
    "under Columns of the file, or with --map loss=NAME."
)
SEVERAL_RUNS: Final = N_(
    "The file holds {count:count} runs, each judged for itself. Run {best} ended with the lowest {what:term}: {value:number}."
)
LOWEST: Final = {VAL_LOSS: N_("validation loss"), LOSS: N_("training loss")}
SUMMED: Final = N_("The loss is the sum of {columns:list}.")
UNTAGGED: Final = N_("The file does not name its values; they are taken for a training loss.")

_NAME_COLUMNS: Final = frozenset(("key", "metric", "metrics", "tag", "name", "variable", "metric_name"))
_VALUE_COLUMNS: Final = frozenset(("value", "values", "metric_value"))
_PHASE_COLUMNS: Final = frozenset(("mode", "phase", "split", "set", "stage", "subset", "type"))
_RUN_COLUMNS: Final = frozenset(
    ("run", "run_id", "run_name", "runs", "experiment", "trial", "trial_id", "model", "config", "fold")
)
_HELD_PHASES: Final = re.compile(r"^(val|valid|validation|eval|evaluation|test|dev|held.?out)")


@dataclass(frozen=True)
class Timeline:
    """Where the rows of a run stand: x of every row, in `unit`. grouped: whether rows of one epoch are one point."""

    x: NDArray[np.float64]
    unit: str
    grouped: bool


def runs_of(file: Path | str, columns: Columns, *, form: str, mapping: Mapping[str, str] | None = None) -> list[History]:
    """The runs of a table, in its order.

    mapping: part ("loss", "val_loss", "score", "val_score", "rate", "gradient", "epoch", "step") to a column's name; guessed
    where it is None. Raises BadInput when there is neither a loss nor a score.
    """
    name = Path(file).name
    made: list[History] = []
    for part in _by_label(_long_to_wide(_phases(columns)), mapping):
        made += _cut(name, part, form, mapping)
    if len(made) == 1:
        return made
    numbered = [replace(run, file=f"{name} #{place + 1}") for place, run in enumerate(made[:RUNS_CAP])]
    return [replace(numbered[0], notes=(*_compared(numbered), *numbered[0].notes)), *numbered[1:]]


def _compared(runs: list[History]) -> tuple[Reason, ...]:
    """Which run ended best, where one curve of all of them tells."""
    for part, what in LOWEST.items():
        ends = [
            curve.y[-1] if curve is not None and curve.y and curve.lost_at is None else np.inf
            for curve in (run.curve(part) for run in runs)
        ]
        if np.isfinite(ends).any():
            best = int(np.argmin(ends))
            values: dict[str, float | int | str | list[str] | None] = {
                "count": len(runs),
                "best": str(best + 1),
                "what": what,
                "value": float(ends[best]),
            }
            return (Reason(SEVERAL_RUNS, values),)
    return ()


def _phases(columns: Columns) -> Columns:
    """Rows that say in a column of their own whether they are training or validation: the latter's columns get other names."""
    column = next((name for name in columns.labels if plain(name) in _PHASE_COLUMNS), None)
    if column is None:
        return columns
    held = np.array([bool(_HELD_PHASES.match(text.lower())) for text in columns.labels[column]])
    if not held.any():
        return columns
    values: dict[str, NDArray[np.float64]] = {}
    for name, part in columns.values.items():
        if part_of(name) not in MEASURED:
            values[name] = part
            continue
        values[name] = np.where(held, np.nan, part)
        values[f"val_{name}"] = np.where(held, part, np.nan)
    return replace(columns, values={name: part for name, part in values.items() if not np.isnan(part).all()})


def _long_to_wide(columns: Columns) -> Columns:
    """One line a value, with the name of what was measured beside it: one column each."""
    named = next((name for name in columns.labels if plain(name) in _NAME_COLUMNS), None)
    value = next((name for name in columns.values if plain(name) in _VALUE_COLUMNS), None)
    if named is None or value is None:
        return columns
    texts = np.array(columns.labels[named])
    values = {name: part for name, part in columns.values.items() if name != value}
    for text in list(dict.fromkeys(columns.labels[named]))[:200]:
        values[str(text)] = np.where(texts == text, columns.values[value], np.nan)
    return replace(columns, values=values)


def _by_label(columns: Columns, mapping: Mapping[str, str] | None) -> Iterator[Columns]:
    """One table for each run that has a name: in a column of its own, or before the names of its columns, as W&B exports them."""
    column = next((name for name in columns.labels if plain(name) in _RUN_COLUMNS), None)
    if column is not None:
        texts = np.array(columns.labels[column])
        for text in list(dict.fromkeys(columns.labels[column]))[:RUNS_CAP]:
            yield columns.take(texts == text)
        return
    prefixed: dict[str, dict[str, str]] = {}
    for name in columns.values:
        run, mark, metric = name.partition(" - ")
        if mark and part_of(metric) is not None:
            prefixed.setdefault(run, {})[name] = metric
    if not prefixed or mapping is not None:
        yield columns
        return
    shared = {name: part for name, part in columns.values.items() if " - " not in name}
    for names in prefixed.values():
        own = {metric: columns.values[name] for name, metric in names.items() if not metric.endswith(("__MIN", "__MAX"))}
        there = ~np.isnan(np.array(list(own.values()))).all(axis=0)
        yield replace(columns, values=shared | own, labels={}).take(there)


def _cut(name: str, columns: Columns, form: str, mapping: Mapping[str, str] | None) -> Iterator[History]:
    """One run for each stretch in which the epochs begin anew and the loss is back where it began."""
    notes: list[Reason] = [Reason(CUT_OFF, {"count": columns.skipped})] if columns.skipped else []
    chosen = {
        part: column
        for part, column in (guess(columns.names) if mapping is None else mapping).items()
        if column in columns.values
    }
    if mapping is None and not set(MEASURED) & chosen.keys():
        chosen = by_numbers(columns)
        notes.append(Reason(BY_NUMBERS, {"columns": [chosen[part] for part in MEASURED if part in chosen]}))
    if not set(MEASURED) & chosen.keys():
        raise BadInput(UNMAPPED, file=name, columns=list(columns.names))
    if mapping is None:
        columns, summed = _sum_parts(columns, chosen)
        notes += summed
    main = columns.values[next(chosen[part] for part in MEASURED if part in chosen)]
    borders = [0, *_restarts(columns, chosen, main), columns.rows]
    for begin, end in itertools.pairwise(borders):
        yield _history(name, columns.take(np.arange(begin, end)), chosen, form, tuple(notes))


def _restarts(columns: Columns, chosen: Mapping[str, str], main: NDArray[np.float64]) -> list[int]:
    """Rows at which another run begins: the counter is back at its first value, and the loss nearer to where the last run began
    than to where it ended. A run that was resumed goes on where it was.
    """
    counter = next((columns.values[chosen[part]] for part in (EPOCH, STEP) if part in chosen), None)
    if counter is None or not np.isfinite(counter).any():
        return []
    known = np.flatnonzero(np.isfinite(counter))
    back = known[1:][(np.diff(counter[known]) < 0) & (counter[known][1:] <= counter[known[0]])]
    if len(back) > columns.rows / 3:
        return []
    found: list[int] = []
    begin = 0
    for place in back.tolist():
        before, after = main[begin:place], main[place:]
        before, after = before[np.isfinite(before)], after[np.isfinite(after)]
        if len(after) < 2:
            continue
        if len(before) < 2 or abs(after[0] - before[-1]) > abs(after[0] - before[0]):
            found.append(place)
            begin = place
    return found


def _history(name: str, columns: Columns, chosen: Mapping[str, str], form: str, notes: tuple[Reason, ...]) -> History:
    epochs = _epochs(columns, chosen)
    line = _timeline(columns, chosen, epochs)
    curves: list[Curve] = []
    for part in PARTS:
        if part not in chosen:
            continue
        values = columns.values[chosen[part]]
        x, y = by_epoch(line.x, values) if line.grouped else (line.x, values)
        if part in (SCORE, VAL_SCORE) and is_share(chosen[part]) and _in_percent(y):
            y = y / 100
        if curve := make_curve(part, chosen[part], x, y, rising=rising(chosen[part])):
            curves.append(curve)
    if not {curve.part for curve in curves} & set(MEASURED):
        raise BadInput(UNMAPPED, file=name, columns=list(columns.names))
    layers = []
    for column, called in layer_gradients(columns.names).items():
        if column == chosen.get(GRADIENT):
            continue
        x, y = by_epoch(line.x, columns.values[column]) if line.grouped else (line.x, columns.values[column])
        if curve := make_curve(GRADIENT, column, x, y):
            layers.append(Layer(called, curve.x, curve.y, lost_at=curve.lost_at))
    return History(
        name,
        form,
        line.unit,
        _count(curves, line.unit, epochs, columns.rows),
        tuple(curves),
        tuple(layers),
        notes,
        setting_of(columns.names),
    )


def _in_percent(y: NDArray[np.float64]) -> bool:
    finite = y[np.isfinite(y)]
    return bool(len(finite)) and 1.5 < float(finite.max()) <= 100.0 and float(finite.min()) >= 0


def _timeline(columns: Columns, chosen: Mapping[str, str], epochs: NDArray[np.float64] | None) -> Timeline:
    unit, grouped = "step" if STEP in chosen else "epoch", False
    if epochs is not None:
        known = np.unique(epochs[np.isfinite(epochs)])
        whole = bool(np.all(known == np.round(known)))
        main = columns.values[next(chosen[part] for part in MEASURED if part in chosen)]
        once = int(np.count_nonzero(~np.isnan(main))) <= 1.5 * len(known)
        grouped = whole and (len(known) >= FEW_EPOCHS or once)
        unit = "epoch" if grouped or not whole else unit
    if plain(chosen.get(STEP, "")) == "round" and unit == "step":
        unit = "round"
    place = epochs if unit == "epoch" and epochs is not None else _steps(columns, chosen)
    return Timeline(place, unit, grouped)


def _epochs(columns: Columns, chosen: Mapping[str, str]) -> NDArray[np.float64] | None:
    """Epoch of every row, from 1; gaps take the last one stated. None where there is none, or where it starts again and again."""
    if EPOCH not in chosen:
        return None
    stated = columns.values[chosen[EPOCH]]
    known = np.isfinite(stated)
    if not known.any():
        return None
    filled = stated[np.maximum.accumulate(np.where(known, np.arange(len(stated)), int(np.flatnonzero(known)[0])))]
    back = np.flatnonzero(np.diff(filled) < 0)
    if len(back) > max(1, len(filled) // 3):
        return None
    for place in back:
        # A run that was resumed: its epochs follow those before.
        filled[place + 1 :] += filled[place] - filled[place + 1] + 1
    whole = bool(np.all(filled == np.round(filled)))
    return filled + 1 if whole and filled[0] == 0 else filled


def _steps(columns: Columns, chosen: Mapping[str, str]) -> NDArray[np.float64]:
    if STEP in chosen:
        stated = columns.values[chosen[STEP]]
        known = np.isfinite(stated)
        if known.mean() > 0.9 and bool(np.all(np.diff(stated[known]) >= 0)):
            return np.asarray(np.where(known, stated, np.nan))
    return np.arange(1, columns.rows + 1, dtype="float64")


def _count(curves: list[Curve], unit: str, epochs: NDArray[np.float64] | None, rows: int) -> int:
    if epochs is not None and np.isfinite(epochs).any():
        return int(np.ceil(np.nanmax(epochs)))
    if unit == "epoch":
        return rows
    return max(len(curve.x) + (curve.lost_at is not None) for curve in curves)


def _sum_parts(columns: Columns, chosen: dict[str, str]) -> tuple[Columns, list[Reason]]:
    """The sum of the parts of a loss where no column holds it, as in YOLO's results; `chosen` then names it."""
    values, notes = dict(columns.values), []
    for part in (LOSS, VAL_LOSS):
        named = [name for name in columns.names if part_of(name) == part]
        parts = [
            name
            for name in named
            if re.search(r"(^|_)(box|cls|dfl|obj|seg|pose|kobj)_loss$|_loss_(box|cls|obj|bbox)$", plain(name))
        ]
        if len(parts) < 2 or len(parts) != len(named):
            continue
        called = "loss" if part == LOSS else "val_loss"
        values[called] = np.sum([columns.values[name] for name in parts], axis=0)
        chosen[part] = called
        notes.append(Reason(SUMMED, {"columns": [name.strip() for name in parts]}))
    return replace(columns, values=values), notes


def by_numbers(columns: Columns) -> dict[str, str]:
    """Parts by their numbers alone: a counter, then at most two curves that mostly fall, and two shares that mostly rise.

    Empty where there are fewer than five rows or none falls or rises: then it is no history.
    """
    if columns.rows < 5:
        return {}
    chosen: dict[str, str] = {}
    falling, climbing = [], []
    for name, part in columns.values.items():
        finite = part[np.isfinite(part)]
        if len(finite) < max(5, columns.rows / 3):
            continue
        steps = np.diff(finite)
        if EPOCH not in chosen and bool((steps == steps[0]).all()) and steps[0] > 0 and float(finite[0]).is_integer():
            chosen[EPOCH] = name
        elif float(np.min(finite)) > 0 and np.argmin(finite) > 1 and finite[0] > 1.1 * np.min(finite):
            falling.append((float(np.median(finite[-max(1, len(finite) // 4) :])), name))
        elif float(np.min(finite)) >= 0 and float(np.max(finite)) <= 1 and finite[0] < np.median(finite[-3:]):
            climbing.append((-float(np.median(finite[-max(1, len(finite) // 4) :])), name))
    # The training rows are fitted better than the others.
    for parts, found in (((LOSS, VAL_LOSS), sorted(falling)), ((SCORE, VAL_SCORE), sorted(climbing))):
        chosen |= {part: name for part, (_, name) in zip(parts, found, strict=False)}
    return chosen if {LOSS, SCORE} & chosen.keys() and EPOCH in chosen else {}
