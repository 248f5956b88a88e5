"""How much of what was to come is lacking in the latest labels, and whether it lacks the more the later. No rule of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from diagnostics.measure.onset import as_datetime


@dataclass(frozen=True)
class Rows:
    """Rows with a label in order of time. truth, told: 1/0 and probability of a class, or amounts; shapes (n,)."""

    truth: NDArray[np.float64]
    told: NDArray[np.float64]


@dataclass(frozen=True)
class Ripening:
    """What is lacking towards the end of the current table.

    wanted: the class whose cases come late, None for amounts. since: from when on; share: of the rows, from there on.
    first, last: true per expected at the beginning and at the end of that stretch, 1 where all is there; before: ahead of it.
    level: how much better than no change a stretch of one level explains the labels, slope: how much better again a
    stretch that falls towards the end does, in nats. expected: cases (or, for amounts, rows) that were to come there.
    even: standard errors by which the truth lies above the same lack where the model expects least: there labels changed
    the other way as well.
    moved: how far the model's own answers moved there, as a share of what such a change in the rows themselves would have done.
    sank: how far the truth itself fell there, as a share of what lacks: about 1 where labels are late, 0 where the answers rose.
    """

    wanted: str | None
    since: datetime | None
    share: float
    before: float
    first: float
    last: float
    level: float
    slope: float
    expected: float
    even: float
    moved: float
    sank: float


def ratio(truth: NDArray[np.float64], told: NDArray[np.float64]) -> float:
    total = float(told.sum())
    return float(truth.sum()) / total if total > 0 else 1.0


def ripening(wanted: str | None, old: Rows, new: Rows, clock: NDArray[np.datetime64]) -> Ripening | None:
    """The stretch up to the last row in which labels lack most; None where they lack nothing.

    Amounts are compared in units of their scatter around the expectation, cases by their Bernoulli likelihood.
    """
    if wanted is None and not (np.mean(old.truth >= 0) > 0.99 and old.told.mean() > 0):
        return None  # Only amounts grow from zero.
    n = new.truth.size
    noise = float(np.std(old.truth - old.told)) or 1.0
    # A tenth of the expectation more than Bernoulli's, or one miss of a model with probabilities near 0 or 1 would be a proof.
    variance = np.full(n, noise**2) if wanted is None else new.told * (1 - new.told) + 0.1 * new.told + 1e-3
    lack = _Lack((new.told - new.truth) / np.sqrt(variance), new.told / np.sqrt(variance))
    level, growing = _level(lack), max(_fading(lack, clock), _growing(lack))
    if level[0] <= 0 and growing[0] <= 0:
        return None
    start = growing[1] if growing[0] > level[0] else level[1]
    truth, told = new.truth[start:], new.told[start:]
    quarter = max(5, truth.size // 4)
    floor = told <= np.median(told)
    return Ripening(
        wanted,
        as_datetime(clock[start]),
        float(truth.size / n),
        ratio(new.truth[:start], new.told[:start]),
        ratio(truth[:quarter], told[:quarter]),
        ratio(truth[-quarter:], told[-quarter:]),
        level[0],
        growing[0] - level[0],
        float(told.sum()) if wanted is not None else float(truth.size),
        _excess(truth[floor], told[floor], variance[start:][floor], ratio(truth, told)),
        _moved(old, new, start),
        _sank(old, new, start),
    )


@dataclass(frozen=True)
class _Lack:
    """What is lacking of each row, and what was expected of it, in units of its scatter; in order of time, shapes (n,)."""

    missing: NDArray[np.float64]
    expected: NDArray[np.float64]


def _allowed(n: int) -> tuple[int, int]:
    """Between which rows a delay may begin: full labels lie before it, and at least ten rows carry it."""
    return int(0.1 * n), max(int(0.1 * n), n - 10)


def _level(lack: _Lack) -> tuple[float, int]:
    """The same share lacks from a row on: gain over no lack in nats, and that row."""
    crossed, mass = (np.cumsum(part[::-1])[::-1] for part in (lack.missing * lack.expected, lack.expected**2))
    low, high = _allowed(crossed.size)
    gains = np.where(crossed > 0, crossed**2 / (2 * np.maximum(mass, 1e-12)), 0.0)[low : high + 1]
    start = int(np.argmax(gains))
    return float(gains[start]), low + start


def _growing(lack: _Lack) -> tuple[float, int]:
    """The share that lacks begins anywhere and grows in proportion to the place."""
    n = lack.missing.size
    low, high = _allowed(n)
    best = (0.0, low)
    for start in np.unique(np.linspace(low, high, 60).astype(int)):
        expected, missing = lack.expected[start:], lack.missing[start:]
        slope = expected * np.linspace(0, 1, expected.size)
        design = np.column_stack([expected, slope])
        beta, _, rank, _ = np.linalg.lstsq(design, missing, rcond=None)
        if rank < 2 or beta[1] <= 0:
            continue
        if beta[0] < 0:  # Nothing can be more than there.
            beta = np.array([0.0, max(0.0, float(slope @ missing) / max(1e-12, float(slope @ slope)))])
        fitted = design @ beta
        gain = float(missing @ fitted - fitted @ fitted / 2)
        if gain > best[0]:
            best = (gain, int(start))
    return best


def _fading(lack: _Lack, clock: NDArray[np.datetime64]) -> tuple[float, int]:
    """Labels ripen at a steady rate, so that what lacks halves with each further stretch of age (Chapelle 2014)."""
    seconds = clock.astype("datetime64[s]").astype("float64")
    age = float(seconds[-1]) - seconds
    span = float(age[0]) or 1.0
    low, high = _allowed(age.size)
    best = (0.0, low)
    for part in (0.01, 0.02, 0.04, 0.07, 0.12, 0.2, 0.3):
        shape = np.exp(-age / (part * span))
        told = lack.expected * shape
        share = float(told @ lack.missing) / max(1e-12, float(told @ told))
        if share <= 0:
            continue
        gain = float(told @ lack.missing) ** 2 / (2 * max(1e-12, float(told @ told)))
        if gain > best[0]:
            # Where a fifth is missing it can be seen.
            start = int(np.argmax(min(1.0, share) * shape >= 0.2)) if share >= 0.2 else high
            best = (gain, int(np.clip(start, low, high)))
    return best


def _excess(truth: NDArray[np.float64], told: NDArray[np.float64], variance: NDArray[np.float64], usual: float) -> float:
    """Standard errors by which `truth` lies above what the same lack as elsewhere leaves of `told`."""
    spread = float(np.sqrt(variance.sum()))
    return float((truth.sum() - max(0.0, usual) * told.sum()) / spread) if spread > 0 else 0.0


def _sank(old: Rows, new: Rows, start: int) -> float:
    lacks = float(new.told[start:].mean() - new.truth[start:].mean())
    fell = float(np.concatenate([old.truth, new.truth[:start]]).mean() - new.truth[start:].mean())
    return fell / lacks if lacks > 1e-12 else 0.0


def _moved(old: Rows, new: Rows, start: int) -> float:
    """How far the mean answer moved, as a share of what fewer cases among the rows would have made of it; 0 where it held.

    Were there really fewer cases, the answers would fall by the fall of the truth times the share of the truth that the answers
    know (their variance against that of the truth).
    """
    skill = float(np.var(old.told)) / max(1e-12, float(np.var(old.truth)))
    lost = float(new.told[start:].mean() - new.truth[start:].mean())
    before = float(np.concatenate([old.told, new.told[:start]]).mean())
    fallen = before - float(new.told[start:].mean())
    # What is lost beyond the answers, and what the answers themselves show.
    due = skill * (lost + fallen)
    return fallen / due if due > 1e-12 else 0.0
