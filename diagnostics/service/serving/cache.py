"""A cache replayed on the log's own requests: how many it would have answered, by its size and by how long it keeps."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.intervals import share as share_of

SIZES: Final = (100, 1_000, 10_000, 100_000)
KEPT: Final = (60.0, 3_600.0, 86_400.0, math.inf)
"""Seconds for which an entry is good."""

BLOCKS: Final = 20


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """One cache on these requests."""

    size: int
    """Entries that it holds; the one that was longest unused goes first."""

    kept: float | None
    """Seconds for which an entry is good; None for as long as it is held."""

    hits: int
    share: float
    """Of the requests that it answers, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class CacheReplay:
    """What a cache and a nightly computation would have done. share: with an interval from blocks of time."""

    keyed: int
    """Requests whose line says for whom they are."""

    distinct: int
    sizes: tuple[Replayed, ...]
    """By size, kept for as long as there is room."""

    ages: tuple[Replayed, ...]
    """Of the largest size, by how long an entry is good."""

    share: Interval
    """Of the largest size: share of requests answered, its interval from blocks of consecutive requests."""

    precomputed: float | None
    """Share of a day's requests whose key was asked for the day before; None for less than two days."""


def replay(keys: Sequence[str], seconds: NDArray[np.float64], *, sizes: Sequence[int] = SIZES) -> CacheReplay | None:
    """keys: of the requests in their order, "" where not known; seconds: their times, shape (n,), NaN where not known.

    None without a key. A cache that evicts what was longest unused (Mattson et al. 1970, doi:10.1147/sj.92.0078).
    """
    asked = [(key, float(when)) for key, when in zip(keys, seconds, strict=True) if key]
    if not asked:
        return None
    found = []
    struck: list[bool] = []
    for size in sizes:
        struck = lru(asked, size, math.inf)
        found.append(Replayed(size=size, kept=None, hits=sum(struck), share=sum(struck) / len(asked)))
        if len({key for key, _ in asked}) <= size:
            break
    timed = all(math.isfinite(when) for _, when in asked)
    ages = []
    for kept in KEPT if timed else ():
        good = lru(asked, found[-1].size, kept)
        limit = None if math.isinf(kept) else kept
        ages.append(Replayed(size=found[-1].size, kept=limit, hits=sum(good), share=sum(good) / len(asked)))
    return CacheReplay(
        keyed=len(asked),
        distinct=len({key for key, _ in asked}),
        sizes=tuple(found),
        ages=tuple(ages),
        share=_blocked(np.asarray(struck, dtype="float64")),
        precomputed=_day_before(asked) if timed else None,
    )


def lru(asked: Sequence[tuple[str, float]], size: int, kept: float) -> list[bool]:
    """Which of the requests (key, time) a cache of `size` entries answers; an entry is good for `kept` seconds."""
    held: OrderedDict[str, float] = OrderedDict()
    struck = []
    for key, when in asked:
        since = held.get(key)
        hit = since is not None and not (when - since > kept)
        struck.append(hit)
        if hit:
            held.move_to_end(key)
            continue
        held[key] = when
        held.move_to_end(key)
        if len(held) > size:
            held.popitem(last=False)
    return struck


def _blocked(struck: NDArray[np.float64]) -> Interval:
    """The share with Student's interval over blocks: neighbouring requests are not independent."""
    value = float(struck.mean())
    if struck.size < 10 * BLOCKS:
        return share_of(float(struck.sum()), struck.size)
    # A cache begins empty: the first block fills it, and says nothing of later days.
    means = np.array([block.mean() for block in np.array_split(struck, BLOCKS)])[1:]
    from scipy.special import stdtrit

    half = float(stdtrit(means.size - 1, 0.975) * means.std(ddof=1) / math.sqrt(means.size))
    middle = float(means.mean())
    return Interval(value, max(0.0, min(value, middle - half)), min(1.0, max(value, middle + half)))


def _day_before(asked: Sequence[tuple[str, float]]) -> float | None:
    days: dict[object, set[str]] = {}
    dated = [(key, datetime.fromtimestamp(when, tz=UTC).date()) for key, when in asked]
    for key, day in dated:
        days.setdefault(day, set()).add(key)
    order = sorted(days)  # type: ignore[type-var]
    before = dict(zip(order[1:], order[:-1], strict=True))
    later = [(key, day) for key, day in dated if day in before]
    if not later:
        return None
    return sum(key in days[before[day]] for key, day in later) / len(later)
