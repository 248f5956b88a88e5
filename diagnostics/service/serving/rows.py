"""Rows to ask the uploaded model with: those of the tables where they fit, else made-up ones of the right shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure import engine
from diagnostics.measure.outcome import match_classes
from diagnostics.measure.samples import as_level, as_number, samples
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.table import Kind
from diagnostics.sandbox import inputs
from diagnostics.sandbox.model import Description, Told
from diagnostics.sandbox.wire import Frame

ROWS: Final = 4_000


@dataclass(frozen=True, eq=False)
class AskedRows:
    """frame: rows of a table in its own columns; features, kinds: of the columns that may be given to a model; truth: labels as
    words, or values; None where there are none. classification: whether the labels are classes.
    """

    frame: pd.DataFrame
    features: tuple[str, ...]
    kinds: dict[str, Kind]
    truth: NDArray[np.generic] | None
    classification: bool


def table_rows(incident: Incident, *, rows: int = ROWS) -> AskedRows | None:
    """The current rows where they have labels, else the reference's, else any; None without a table."""
    tables = [table for table in (incident.current, incident.reference) if table is not None]
    if not tables:
        return None
    target = incident.roles.target
    if len(tables) == 2:
        drawn = samples(incident)
        frames = [drawn.current, drawn.reference]
        features, kinds = drawn.features, dict(drawn.kinds)
    else:
        frames = [engine.sample(tables[0], rows=2 * rows, seed=incident.seed)]
        kinds = {column.name: column.kind for column in tables[0]}
        features = tuple(n for n, kind in kinds.items() if n not in incident.roles.named and kind is not Kind.NESTED)
    labelled = [frame for frame in frames if target is not None and target in frame and frame[target].notna().sum() >= 100]
    frame = (labelled or frames)[0]
    if labelled and target is not None:
        frame = frame[frame[target].notna()]
    if len(frame) > rows:
        frame = frame.sample(rows, random_state=incident.seed)
    frame = frame.reset_index(drop=True)
    truth: NDArray[np.generic] | None = None
    classification = incident.task is not Task.REGRESSION
    if labelled and target is not None:
        truth = as_level(frame[target]).to_numpy(object) if classification else as_number(frame[target]).to_numpy("float64")
    return AskedRows(frame, features, kinds, truth, classification)


def asked(described: Description, rows: AskedRows) -> tuple[Frame, NDArray[np.bool_]]:
    """Raises NotApplicable where the rows do not fit the model."""
    return inputs.rows(inputs.plan(described, rows.features, rows.kinds), rows.frame)


def made_up(described: Description, count: int, rng: np.random.Generator) -> Frame:
    """Rows of the model's shape: normal numbers, one word. Raises NotApplicable for a model that does not say its width."""
    meta: dict[str, object] = {"rows": count}
    arrays: dict[str, NDArray[np.float64]] = {}
    texts: dict[str, list[str | None]] = {}
    for given in described.inputs:
        width = given.width or len(described.features)
        if not width:
            raise NotApplicable(inputs.WIDTH, needs="reference", expected=0, got=0, columns=())
        if given.type == "frame":
            meta["columns"] = list(described.features)
            arrays |= {f"c{place}": rng.normal(size=count) for place in range(width)}
        elif given.type == "text":
            texts[given.name] = ["a"] * (count * width)
        else:
            values = rng.normal(size=(count, width))
            arrays[given.name] = np.abs(values).round() if given.type == "integer" else values
    return Frame(meta, arrays, texts)


def first(frame: Frame, count: int) -> Frame:
    """`count` rows, from the first on, and from the beginning again where there are fewer."""
    n = int(frame.meta["rows"])
    place = np.resize(np.arange(n), count)
    texts = {}
    for name, words in frame.texts.items():
        width = len(words) // max(1, n)
        texts[name] = [words[p * width + k] for p in place.tolist() for k in range(width)]
    return Frame({**frame.meta, "rows": count}, {name: values[place] for name, values in frame.arrays.items()}, texts)


def decided(told: Told, classes: tuple[str, ...]) -> NDArray[np.generic] | None:
    """The class that the model names for each row, written as `classes` are; None where it names none."""
    labels = told.labels
    if labels is None and told.scores is not None and len(told.classes) == told.scores.shape[1] > 1:
        labels = np.array(told.classes, dtype=object)[told.scores.argmax(axis=1)]
    if labels is None and told.scores is not None and told.scores.shape[1] <= 2 and len(classes) == 2:
        labels = np.array(classes, dtype=object)[(told.scores[:, -1] >= 0.5).astype(int)]
    return None if labels is None else match_classes(np.asarray(labels, dtype=object), classes)


def numbers(told: Told) -> NDArray[np.float64] | None:
    """What the model answers as numbers, shape (n, k); None for labels alone."""
    return told.scores
