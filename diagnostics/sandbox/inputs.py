"""A table's columns as a model's inputs: by name where the model names them, else in the table's order where the count fits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure.samples import as_level, as_number
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_
from diagnostics.sandbox.model import Description, Input
from diagnostics.sandbox.wire import Frame

LACKS: Final = N_("The model asks for the columns {wanted:list}, which the table lacks.")
WIDTH: Final = N_(
    "The model takes {expected:count} columns and names none of them; the table has {got:count} features ({columns:list}). "
    "Give the model with the metadata feature_names, or the table with exactly its columns."
)
TEXT: Final = N_(
    "The model takes numbers only and names no columns, but {columns:list} hold words: they are prepared before the model."
)
NOT_NUMBERS: Final = N_("The model wants numbers in {column:name}, and the table has words there.")


@dataclass(frozen=True)
class Plan:
    """columns: of each input, in the model's order. named: the model names them, so that no guess is involved."""

    inputs: tuple[Input, ...]
    columns: tuple[tuple[str, ...], ...]
    kinds: Mapping[str, Kind]
    named: bool

    @property
    def used(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for names in self.columns for name in names))


def plan(described: Description, features: Sequence[str], kinds: Mapping[str, Kind]) -> Plan:
    """Which columns go where. `features`: columns that play no other role, in the reference's order.

    Raises NotApplicable, with what was expected and what is there, when they do not fit.
    """
    inputs = described.inputs
    columns, named = _columns(described, list(features), kinds)
    for given, names in zip(inputs, columns, strict=True):
        if given.type in ("number", "integer"):
            for name in names:
                if kinds[name] is Kind.CATEGORY and described.features:
                    raise NotApplicable(NOT_NUMBERS, needs="model", column=name)
    return Plan(inputs, tuple(map(tuple, columns)), kinds, named)


def _columns(described: Description, features: list[str], kinds: Mapping[str, Kind]) -> tuple[list[list[str]], bool]:
    inputs = described.inputs
    if described.features and sum(i.width or len(described.features) for i in inputs) == len(described.features):
        names, rest = _found(described.features, kinds), []
        for given in inputs:
            take = given.width or len(names)
            rest.append(names[:take])
            names = names[take:]
        return rest, True
    if len(inputs) > 1 or (inputs[0].width == 1 and inputs[0].type != "frame"):
        plain = {_plain(name): name for name in reversed(list(kinds))}
        missing = [i.name for i in inputs if i.width == 1 and _plain(i.name) not in plain]
        if not missing and all(i.width == 1 for i in inputs):
            return [[plain[_plain(i.name)]] for i in inputs], True
        if all(i.width == 1 for i in inputs):
            raise NotApplicable(LACKS, needs="model", wanted=tuple(missing))
    timeless = [name for name in features if kinds[name] is not Kind.TIME]
    numbers = [name for name in timeless if kinds[name] is Kind.NUMBER]
    levels = [name for name in timeless if kinds[name] is Kind.CATEGORY]
    if len(inputs) == 1:
        wanted = inputs[0].width
        fits = levels if inputs[0].type == "text" else timeless
        if wanted is not None and len(fits) != wanted:
            raise NotApplicable(WIDTH, needs="model", expected=wanted, got=len(fits), columns=tuple(fits))
        if levels and inputs[0].type in ("number", "integer"):
            raise NotApplicable(TEXT, needs="model", columns=tuple(levels))
        return [fits], False
    taken: list[list[str]] = []
    for given in inputs:
        pool = levels if given.type == "text" else numbers
        take = given.width if given.width is not None else len(pool)
        if take > len(pool):
            raise NotApplicable(WIDTH, needs="model", expected=take, got=len(pool), columns=tuple(pool))
        taken.append(pool[:take])
        del pool[:take]
    if levels or numbers:
        expected = sum(len(names) for names in taken)
        raise NotApplicable(WIDTH, needs="model", expected=expected, got=len(timeless), columns=tuple(timeless))
    return taken, False


def rows(plan: Plan, frame: pd.DataFrame) -> tuple[Frame, NDArray[np.bool_]]:
    """The frame's rows for the model, and which rows could be handed over, shape (len(frame),), bool.

    Whole numbers know no missing value: rows with one in such a column are left out.
    """
    usable = np.ones(len(frame), dtype=bool)
    whole = [name for i, names in zip(plan.inputs, plan.columns, strict=True) if i.type == "integer" for name in names]
    for name in whole:
        usable &= np.isfinite(as_number(frame[name]).to_numpy("float64"))
    kept = frame[usable]
    meta: dict[str, object] = {"rows": len(kept)}
    arrays: dict[str, NDArray[np.float64]] = {}
    texts: dict[str, Sequence[str | None]] = {}
    for given, names in zip(plan.inputs, plan.columns, strict=True):
        if given.type == "frame":
            meta["columns"] = list(names)
            for place, name in enumerate(names):
                if plan.kinds[name] is Kind.CATEGORY:
                    texts[f"c{place}"] = _words(kept[name])
                else:
                    arrays[f"c{place}"] = as_number(kept[name]).to_numpy("float64")
        elif given.type == "text":
            words = [_words(kept[name]) for name in names]
            texts[given.name] = [word for row in zip(*words, strict=True) for word in row]
        else:
            arrays[given.name] = np.column_stack([as_number(kept[name]).to_numpy("float64") for name in names])
    return Frame(meta, arrays, texts), usable


def _words(values: pd.Series) -> list[str | None]:
    return [None if word is None or word != word else str(word) for word in as_level(values).tolist()]


def _found(wanted: Sequence[str], kinds: Mapping[str, Kind]) -> list[str]:
    plain = {_plain(name): name for name in reversed(list(kinds))}
    missing = [name for name in wanted if name not in kinds and _plain(name) not in plain]
    if missing:
        raise NotApplicable(LACKS, needs="model", wanted=tuple(missing))
    return [name if name in kinds else plain[_plain(name)] for name in wanted]


def _plain(name: str) -> str:
    """Converters write other signs than letters and digits as underscores."""
    return re.sub(r"\W", "_", name).casefold()
