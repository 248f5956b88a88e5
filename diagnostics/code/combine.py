"""What is left of rows and columns when values are picked, replaced or put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diagnostics.code.values import Data, Unknown, Value, datas, merge


def pick_columns(base: Data, names: frozenset[str]) -> Data:
    return replace(base, columns=names, full=False, cut=base.cut)


def drop_columns(base: Data, names: frozenset[str] | None) -> Data:
    """`base` less some columns; None when it is not known which."""
    if names is None:
        return replace(base, full=False, columns=None)
    return replace(base, dropped=base.dropped | names, columns=base.columns - names if base.columns is not None else None)


def replace_values(data: Data, values: Sequence[Value], *, filled: bool = False) -> Data:
    """`data` after some of its values were replaced; filled: gaps were, so what was learnt for it is preprocessing."""
    learnt = frozenset(fit for value in values for d in datas(value) for fit in d.touched)
    if filled:
        for fit in learnt:
            fit.confirmed = True
    return data.seen(learnt)


def blend(values: Sequence[Value]) -> Value:
    """What comes out of a function that nobody knows, by what went in."""
    found = [d for value in values for d in datas(value)]
    if not found:
        loop = max((v.loop for v in values if isinstance(v, Unknown)), default=0)
        return Unknown(loop)
    first = next((d for d in found if not d.statistic), found[0])
    return replace(merge(first, found), full=False, columns=None if len(found) > 1 else first.columns, target=first.target)
