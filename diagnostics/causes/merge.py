"""One fault may hit several columns at once: hypotheses of the same kind and the same time are one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.causes.hypothesis import Hypothesis
from diagnostics.measure.undo import Repair
from diagnostics.nouns.words import Value

TOGETHER: Final = timedelta(days=1)
"""Onsets so close count as one: they are known no better."""


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
    if first.kind is not other.kind:
        return False
    if first.columns == other.columns:
        return True
    return bool(first.kind.plural) and other.strength > first.strength - 0.15 and _together(first.since, other.since)


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
    evidence: dict[str, Value] = {**first.evidence, "columns": list(columns), "count": len(columns)}
    repairs = [told.undo.repair for told in group if told.undo.repair is not None]
    kept = [told.kept for told in group if told.kept is not None]
    return replace(
        first,
        says=first.kind.plural,
        columns=columns,
        supports=supports,
        evidence=evidence,
        since=min((told.since for told in group if told.since), default=None),
        undo=replace(
            first.undo,
            repair=_chain(repairs) if len(repairs) == len(group) else None,
            leave_out=tuple(dict.fromkeys(name for told in group for name in told.undo.leave_out)),
        ),
        kept=_both(kept) if kept and not repairs else None,
    )


def _chain(repairs: Sequence[Repair]) -> Repair:
    return lambda frame: reduce(lambda rows, repair: repair(rows), repairs, frame)


def _both(keeps: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    return np.asarray(np.logical_and.reduce(list(keeps)))
