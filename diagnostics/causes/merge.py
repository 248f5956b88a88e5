"""One fault may hit several columns at once: hypotheses of the same kind and the same time are one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.hypothesis import Hypothesis, Undo
from diagnostics.nouns.words import N_, Value

TOGETHER: Final = timedelta(days=1)
"""Onsets so close count as one: they are known no better."""

SAYS: Final = {
    "missing_values": N_("Values went missing in {count:count} columns at once: {columns:list}."),
    "format_change": N_("Values are written differently in {count:count} columns at once: {columns:list}."),
    "default_fill": N_("A default replaced values in {count:count} columns at once: {columns:list}."),
    "stale_feature": N_("{count:count} columns stopped changing at once: {columns:list}."),
    "schema_change": N_("{count:count} columns are missing, renamed, new or of another type: {columns:list}."),
    "out_of_range": N_("Values far outside the range came in {count:count} columns at once: {columns:list}."),
    "unseen_categories": N_("New categories came in {count:count} columns at once: {columns:list}."),
    "recoded_categories": N_("Categories go by other names in {count:count} columns at once: {columns:list}."),
    "precision_loss": N_("Values lost their precision in {count:count} columns at once: {columns:list}."),
    "clipped_values": N_("Values are cut off at a bound in {count:count} columns at once: {columns:list}."),
}
"""What is said where one fault hit several columns."""


def merged(told: Sequence[Hypothesis]) -> list[Hypothesis]:
    """The hypotheses, with those of the same code and onset, and of about the same strength, as one."""
    groups: list[list[Hypothesis]] = []
    for hypothesis in sorted(told, key=lambda h: (-h.strength, h.code, h.columns)):
        for group in groups:
            if _belongs(group[0], hypothesis):
                group.append(hypothesis)
                break
        else:
            groups.append([hypothesis])
    return [_one(group) for group in groups]


def _belongs(first: Hypothesis, other: Hypothesis) -> bool:
    if first.code != other.code:
        return False
    if first.columns == other.columns:
        return True
    return first.code in SAYS and other.strength > first.strength - 0.15 and _together(first.since, other.since)


def _together(first: datetime | None, other: datetime | None) -> bool:
    if first is None or other is None:
        return first is other
    return abs(first - other) <= TOGETHER


def _one(group: list[Hypothesis]) -> Hypothesis:
    first = group[0]
    columns = tuple(dict.fromkeys(name for told in group for name in told.columns))
    supports = tuple(dict.fromkeys(code for told in group for code in told.supports))
    if columns == first.columns:
        return replace(first, supports=supports)
    undos = [told.undo for told in group if told.undo is not None]
    keeps = [told.keep for told in group if told.keep is not None]
    evidence: dict[str, Value] = {**first.evidence, "columns": list(columns), "count": len(columns)}
    return replace(
        first,
        says=SAYS[first.code],
        columns=columns,
        supports=supports,
        evidence=evidence,
        since=min((told.since for told in group if told.since), default=None),
        undo=_chain(undos) if len(undos) == len(group) else None,
        keep=_both(keeps) if keeps and not undos else None,
        leave_out=tuple(dict.fromkeys(name for told in group for name in told.leave_out)),
    )


def _chain(undos: Sequence[Undo]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: reduce(lambda rows, undo: undo(rows), undos, frame)


def _both(keeps: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    return np.asarray(np.logical_and.reduce(list(keeps)))
