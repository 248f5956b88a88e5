"""Times that count in another unit than they did: seconds, milliseconds, microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.measure.onset import as_datetime, onset
from diagnostics.nouns.table import Column, Kind

UNITS: Final = {"epoch seconds": 1.0, "epoch milliseconds": 1e3, "epoch microseconds": 1e6, "epoch nanoseconds": 1e9}
YEARS: Final = (631_152_000.0, 4_102_444_800.0)
"""Seconds since 1970 at the beginning of 1990 and of 2100."""

LEAST: Final = 10
NEAR: Final = 1.35
"""A date within 15 years of one in 2020 is within this factor of it, in seconds since 1970."""


@dataclass(frozen=True)
class Jump:
    """Times that count in another unit."""

    factor: float
    """Times what it was, a power of 1,000."""

    share: float
    """Of the current rows with a value, 0 to 1."""

    sharp: bool
    """All rows, or those from a moment on."""

    since: datetime | None
    """The first such time."""


def epoch_jump(
    old: Column,
    new: Column,
    reference: NDArray[np.float64],
    current: NDArray[np.float64],
    when: NDArray[np.datetime64] | None,
) -> Jump | None:
    """None where the times count as they did, or where the column holds no times. Arrays as read: seconds, or plain numbers."""
    values, before = current[np.isfinite(current)], reference[np.isfinite(reference)]
    if values.size < LEAST or before.size < LEAST or not _times(old, before):
        return None
    usual = float(np.median(before))
    if old.kind is Kind.TIME and new.kind is Kind.NUMBER:
        # Read as numbers because no one unit fits them all: as the reference wrote its own.
        if old.format not in UNITS:
            return None
        usual *= UNITS[old.format]
        before = before * UNITS[old.format]
    elif old.kind is not new.kind:
        return None
    elif old.format in UNITS and new.format in UNITS and old.format != new.format:
        # Every time was written in another unit; reading has put it right already.
        return Jump(UNITS[new.format] / UNITS[old.format], 1.0, True, _first(when, np.isfinite(current)))
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(current > 0, np.log10(current / usual) / 3, np.nan)
    power = np.round(size)
    fits = np.abs(size - power) <= np.log10(NEAR) / 3
    odd = fits & (power != 0) & (np.abs(power) <= 4)
    if odd.sum() < max(LEAST, 0.01 * values.size):
        return None
    powers, counts = np.unique(power[odd], return_counts=True)
    chosen = float(powers[counts.argmax()])
    hit = odd & (power == chosen)
    if hit.sum() < 0.95 * odd.sum() or np.mean(fits[np.isfinite(current)]) < 0.9:
        return None
    factor = 1000.0**chosen
    clock = when
    if clock is None or np.isnat(clock).all():
        # The rows' own times, put right, tell their order.
        repaired = np.where(hit, current / factor, current)
        clock = _stamps(repaired / _unit(before) if new.kind is Kind.NUMBER else repaired)
    change = onset(clock, hit.astype("float64"))
    return Jump(factor, float(hit.sum() / values.size), change is not None or bool(hit.sum() == values.size), _first(clock, hit))


def _times(column: Column, values: NDArray[np.float64]) -> bool:
    """A time column, or whole numbers that all lie between 1990 and 2100 in one unit and close together."""
    if column.kind is Kind.TIME:
        return bool(np.mean((values >= YEARS[0]) & (values <= YEARS[1])) >= 0.95)
    if column.kind is not Kind.NUMBER or not column.integer:
        return False
    middle = float(np.median(values))
    # Times of one table lie within a few years; sums of money or populations of that size hardly ever do.
    close = middle > 0 and bool(np.all(np.abs(values / middle - 1) <= 0.1))
    return close and any(YEARS[0] * unit <= values.min() and values.max() <= YEARS[1] * unit for unit in UNITS.values())


def _unit(values: NDArray[np.float64]) -> float:
    """How many of the numbers make a second: the unit in which they lie between 1990 and 2100."""
    middle = float(np.median(values))
    return next((unit for unit in UNITS.values() if YEARS[0] * unit <= middle <= YEARS[1] * unit), 1.0)


def _stamps(seconds: NDArray[np.float64]) -> NDArray[np.datetime64]:
    stamps = np.full(seconds.size, np.datetime64("NaT"), dtype="datetime64[us]")
    present = np.isfinite(seconds) & (np.abs(seconds) < 1e11)
    stamps[present] = (seconds[present] * 1e6).astype("int64").astype("datetime64[us]")
    return stamps


def _first(when: NDArray[np.datetime64] | None, rows: NDArray[np.bool_]) -> datetime | None:
    if when is None:
        return None
    present = when[rows & ~np.isnat(when)]
    return as_datetime(present.min()) if present.size else None
