"""How many hours a clock jumped, and from which row on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.inputs.timeline import ks, ks_noise
from diagnostics.measure.onset import as_datetime, onset

LEAST: Final = 20
"""Rows on either side, below which a median or a histogram says nothing."""

QUARTER: Final = 900
"""Seconds: all time zones lie a whole number of quarter hours apart."""

FARTHEST: Final = 26
"""Hours between the easternmost and the westernmost time zone."""

DAYS: Final = 4
"""Parts of the rows that must each agree with the turn."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """By how much a clock jumped, and in which rows."""

    hours: float
    """Ahead of the reference."""

    affected: NDArray[np.bool_]
    """Current rows that jumped, shape (m,)."""

    share: float
    """Of all current rows, 0 to 1."""

    off: float
    """Distance to the reference before turning them back, 0 to 1."""

    fit: float
    """The same afterwards."""

    sharp: bool
    """As in `clock.Moved`."""

    since: datetime | None
    """The first affected time."""


def jump(reference: NDArray[np.float64], current: NDArray[np.float64], when: NDArray[np.datetime64] | None) -> Turn | None:
    """The jump of a difference between two clocks, in seconds (shapes (n,) and (m,)); None where it is no time zone.

    `when`: times of the current rows, shape (m,), None where there are none: then the order of the file stands for them.
    """
    old = np.sort(reference[np.isfinite(reference)])
    present = np.isfinite(current)
    if old.size < LEAST or present.sum() < LEAST:
        return None
    clock = _order(when, current.size)
    usual = float(np.median(old))
    reach = FARTHEST * 3_600
    near = present & (np.abs(current - usual) <= reach + 3 * float(np.quantile(np.abs(old - usual), 0.9)))
    after = near & _since(clock, np.where(near, np.clip(current - usual, -reach, reach), np.nan), 0.0)
    return _whole(old, current, present, after, clock, when) or _part(old, current, present, near, clock, when)


def _whole(
    old: NDArray[np.float64],
    current: NDArray[np.float64],
    present: NDArray[np.bool_],
    after: NDArray[np.bool_],
    clock: NDArray[np.datetime64],
    when: NDArray[np.datetime64] | None,
) -> Turn | None:
    """All rows from the jump on moved together."""
    moved = np.sort(current[after])
    if moved.size < LEAST // 2:
        return None
    step = _step(old, moved)
    if step is None:
        return None
    off, fit = ks(old, moved), ks(old, moved - step)
    if fit > 0.05 + ks_noise(old.size, moved.size) or off - fit < 0.25:
        return None
    return Turn(
        hours=step / 3_600,
        affected=after,
        share=float(after.sum() / present.sum()),
        off=off,
        fit=fit,
        sharp=True,
        since=_first(when, after),
    )


def _part(
    old: NDArray[np.float64],
    current: NDArray[np.float64],
    present: NDArray[np.bool_],
    near: NDArray[np.bool_],
    clock: NDArray[np.datetime64],
    when: NDArray[np.datetime64] | None,
) -> Turn | None:
    """Only some rows moved (one of several sources): those that lie outside anything the reference knows, all by as much."""
    low, high = np.quantile(old, [0.005, 0.995])
    strange = near & ((current < low - QUARTER / 3) | (current > high + QUARTER / 3))
    if strange.sum() < max(LEAST // 2, 0.03 * present.sum()):
        return None
    moved = np.sort(current[strange])
    step = _step(old, moved)
    if step is None or high - low > abs(step):
        return None
    fits = float(np.mean((moved - step >= low - 60) & (moved - step <= high + 60)))
    if fits < 0.9:
        return None
    share = float(strange.sum() / present.sum())
    return Turn(
        hours=step / 3_600,
        affected=strange,
        share=share,
        off=1.0,
        fit=1 - fits,
        sharp=True,
        since=_first(when, strange & _since(clock, strange * 1.0, 0.0)),
    )


def _step(old: NDArray[np.float64], moved: NDArray[np.float64]) -> float | None:
    """The jump in seconds from `old` to `moved` (sorted), where it is one that a time zone can make and the spread held.

    That is half an hour, or quarter hours from one hour on; only whole hours where the medians are not known to minutes.
    """
    raw = float(np.median(moved) - np.median(old))
    widths = [float(np.subtract(*np.quantile(side, [0.75, 0.25]))) for side in (old, moved)]
    # A longer queue stretches delays, a clock moves all of them by the same amount.
    if max(widths) > 300 and not 0.7 <= (widths[1] + 1) / (widths[0] + 1) <= 1.4:
        return None
    # Standard error of the difference of two medians, from the spread between the quartiles.
    wobble = 1.253 * widths[0] / 1.349 * float(np.sqrt(1 / old.size + 1 / moved.size))
    slack = max(60.0, 3 * wobble)
    unit = QUARTER if slack <= QUARTER / 4 else 4 * QUARTER
    step = float(round(raw / unit) * unit)
    if slack > unit / 4 or abs(raw - step) > slack or abs(step) > FARTHEST * 3_600:
        return None
    return step if abs(step) >= 4 * QUARTER or abs(step) == 2 * QUARTER else None


def _order(when: NDArray[np.datetime64] | None, rows: int) -> NDArray[np.datetime64]:
    if when is not None and not np.isnat(when).all():
        return when
    return np.arange(rows).astype("datetime64[s]").astype("datetime64[us]")


def _first(when: NDArray[np.datetime64] | None, rows: NDArray[np.bool_]) -> datetime | None:
    if when is None:
        return None
    present = when[rows & ~np.isnat(when)]
    return as_datetime(present.min()) if present.size else None


def _since(clock: NDArray[np.datetime64], values: NDArray[np.float64], usual: float) -> NDArray[np.bool_]:
    """Rows on the side of the change of level that lies farther from `usual`, shape (m,); all without a change."""
    change = onset(clock, values)
    if change is None:
        return np.ones(clock.size, dtype=bool)
    later = clock >= np.datetime64(change.since, "us")
    if abs(change.before - usual) > abs(change.after - usual):
        return ~later
    # Where both sides are off, it had begun before.
    both = abs(change.before - usual) > 0.5 * abs(change.after - usual)
    return np.ones(clock.size, dtype=bool) if both else later


def turn(
    reference: NDArray[np.intp],
    current: NDArray[np.intp],
    bins: int,
    when_reference: NDArray[np.datetime64] | None,
    when: NDArray[np.datetime64] | None,
    *,
    gain_at: float = 20.0,
    rows_at: int = 100,
) -> Turn | None:
    """The turn of the day that makes the current hours fit those of the reference, and from when on.

    reference, current: bin of the day of each row, -1 where missing, shapes (n,) and (m,). Every turn is tried from every row to
    the last (the largest sum of log-likelihood ratios); it must gain `gain_at` nats, leave hardly more distance than chance does,
    hold in every part of the rows, and be far larger than what the reference does to itself. Needs `rows_at` rows on either side.
    """
    old, clock = reference[reference >= 0], _order(when, current.size)
    rows = np.flatnonzero((current >= 0) & ~np.isnat(clock))
    rows = rows[np.argsort(clock[rows], kind="stable")]
    if old.size < rows_at or rows.size < rows_at:
        return None
    new = current[rows]
    shape = _shape(old, bins)
    best, start, gain = _scan(shape, new)
    after = new[start:]
    # A histogram of few rows has holes by chance, and a turn that fills them gains (simulated: 99.9% stay below).
    if best == 0 or gain < gain_at + 3_000 / min(old.size, new.size) or gain < 0.02 * after.size or after.size < rows_at // 2:
        return None
    counted = np.bincount(after, minlength=bins) / after.size
    plain = np.bincount(old, minlength=bins) / old.size
    off, fit = _apart(plain, counted), _apart(plain, np.roll(counted, -best))
    chance = float(np.sum(np.sqrt(plain * (1 - plain) * (1 / old.size + 1 / after.size) * 2 / np.pi))) / 2
    if fit > 1.4 * chance + 0.03 or off - chance < max(0.04, 2.5 * (fit - chance)):
        return None
    scores = np.log(shape[(after - best) % bins]) - np.log(shape[after])
    if min(part.mean() for part in np.array_split(scores, DAYS)) <= 0.1 * scores.mean():
        return None
    if _wobble(reference, when_reference, bins) > 0.3 * gain / after.size:
        return None
    affected = np.zeros(current.size, dtype=bool)
    affected[rows[start:]] = True
    hours = best * 24 / bins
    signed = hours - 24 if hours > 12 else hours
    # A jump somewhere within the rows is no slow change of habits.
    sharp = 0.05 * new.size < start
    return Turn(
        hours=signed,
        affected=affected,
        share=float(after.size / new.size),
        off=off,
        fit=fit,
        sharp=sharp,
        since=_first(when, affected),
    )


def _shape(bins_of: NDArray[np.intp], bins: int) -> NDArray[np.float64]:
    counts = np.bincount(bins_of, minlength=bins) + 0.5
    return np.asarray(counts / counts.sum())


def _scan(shape: NDArray[np.float64], new: NDArray[np.intp]) -> tuple[int, int, float]:
    """The best turn in bins, the row from which it holds, and its gain in nats."""
    logs = np.log(shape)
    best = (0, 0, 0.0)
    for step in range(1, shape.size):
        gains = np.cumsum((logs[(new - step) % shape.size] - logs[new])[::-1])[::-1]
        start = int(np.argmax(gains))
        if gains[start] > best[2]:
            best = (step, start, float(gains[start]))
    return best


def _apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.abs(one - other).sum() / 2)


def _wobble(reference: NDArray[np.intp], when: NDArray[np.datetime64] | None, bins: int) -> float:
    """What the best turn gains per row from the first half of the reference to the second."""
    order = np.arange(reference.size) if when is None else np.argsort(when, kind="stable")
    ordered = reference[order]
    halves = np.array_split(ordered[ordered >= 0], 2)
    logs = np.log(_shape(halves[0], bins))
    later = halves[1]
    gains = [float(np.mean(logs[(later - step) % bins] - logs[later])) for step in range(1, bins)]
    return max(0.0, *gains)
