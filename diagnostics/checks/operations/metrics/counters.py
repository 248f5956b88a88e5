"""Counters: what only counts up until its process restarts becomes what happened per second."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.operations.metrics.samples import Samples

_NAMED: Final = re.compile(
    r"(?:_total|_count|_sum|_created|cumulative|uptime|jiffies|_ticks)(?:$|\{)|(?:^|[_\W])net i/?o|block i/?o", re.IGNORECASE
)
_HELD: Final = re.compile(
    r"mem|free|avail|rss|heap|swap|ram(?:$|\W)|\bfds?\b|files|threads|goroutine|queue|pool|backlog|connections|cache|disk.?us|size|used|usage",
    re.IGNORECASE,
)
"""What is held may grow without end, and is then a leak and no counter."""


def rates(given: list[Samples]) -> list[Samples]:
    """Every counter as its rate; of a histogram or summary the mean (sum over count) instead of both, and no buckets."""
    counters = {one.name: is_counter(one) for one in given}
    found = []
    for one in given:
        base, suffix, group = _parts(one.name)
        if suffix in ("_bucket", "_created"):
            continue
        partner = next((o for o in given if o.name == f"{base}_count{group}"), None) if suffix == "_sum" else None
        if partner is not None and counters[one.name] and counters[partner.name]:
            found.append(_mean(one, partner, base + group))
        elif not counters[one.name]:
            found.append(one)
        else:
            found.append(_rate(one))
    return found


def _parts(name: str) -> tuple[str, str, str]:
    """Base, ending and labels of a name such as latency_seconds_sum{path=/x}."""
    bare, brace, rest = name.partition("{")
    ending = next((end for end in ("_sum", "_count", "_bucket", "_created") if bare.endswith(end)), "")
    return bare.removesuffix(ending), ending, brace + rest


def is_counter(one: Samples, *, rising_at: float = 0.95, least: int = 10) -> bool:
    """What the file calls so; what is named so and rises in `rising_at` of its steps; and what nobody holds, is whole, and only
    ever falls to almost nothing.
    """
    if one.counter is not None:
        return one.counter
    order = np.argsort(one.times, kind="stable")
    x = one.values[order][np.isfinite(one.values[order])]
    if x.size < least or x.min() < 0:
        return False
    steps = np.diff(x)
    rises = float((steps >= 0).mean())
    if _NAMED.search(one.name):
        return rises >= rising_at
    if _HELD.search(one.name) or one.unit in ("%", "°C"):
        return False
    falls = np.flatnonzero(steps < 0)
    resets = bool((x[falls + 1] <= 0.05 * x[falls]).all()) and falls.size <= 0.02 * steps.size
    moved = float((steps > 0).mean())
    return resets and moved >= 0.5 and bool((x == np.floor(x)).all()) and float(x.max()) > 5 * float(np.median(np.abs(steps)))


def increments(one: Samples) -> tuple[NDArray[np.datetime64], NDArray[np.float64], NDArray[np.float64]]:
    """(times, growth since the point before, seconds since then), shape (at most n - 1,). What was counted in the interval of a
    reset is not known, so that interval is left out.
    """
    known = np.isfinite(one.values) & ~np.isnat(one.times)
    order = np.argsort(one.times[known], kind="stable")
    times, x = one.times[known][order], one.values[known][order]
    growth = np.diff(x)
    seconds = np.diff(times) / np.timedelta64(1, "s")
    apart = (seconds > 0) & (growth >= 0)
    return times[1:][apart], growth[apart], seconds[apart]


def _rate(one: Samples) -> Samples:
    times, growth, seconds = increments(one)
    return replace(one, times=times, values=growth / seconds, unit=f"{one.unit}/s", counter=False, limit=None)


def _mean(total: Samples, count: Samples, name: str) -> Samples:
    times, growth, _ = increments(total)
    others, requests, _ = increments(count)
    shared, left, right = np.intersect1d(times, others, return_indices=True)
    some = requests[right] > 0
    values = np.where(some, growth[left] / np.where(some, requests[right], 1.0), np.nan)
    return replace(total, name=name, times=shared, values=values, counter=False, limit=None)
