"""Precision: values rounded, cut or binned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import PRECISION_LOSS
from diagnostics.checks.inputs.rows import none, rows_where
from diagnostics.checks.inputs.timeline import Timeline, ks, ks_noise, thin, timeline
from diagnostics.measure.samples import samples
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Coarser(ColumnEntry):
    """A column with fewer different values. before, after: shares of the values on the step, 0 to 1."""

    step: float | None = shown(N_("Step that the values lie on"))
    before: float = shown(N_("Values on the step in the reference"), Unit.SHARE)
    after: float = shown(N_("Values on the step since the change"), Unit.SHARE)
    distinct_before: int = shown(N_("Different values in the reference"), Unit.COUNT)
    distinct_after: int = shown(N_("Different values since the change"), Unit.COUNT)
    of: int = shown(N_("Rows that they were counted in"), Unit.COUNT)
    """Of each table."""

    sharp: bool
    """Whether it began suddenly."""


_FEWER: Final = N_("Share of the different values that may be left")

ROUNDED: Final = Rule[Coarser](
    code="INP070",
    lane=Lane.DATA,
    title=N_("Values are rounded"),
    says=N_(
        "{column:name} is rounded to steps of {step:number}: {after:percent} of the values lie "
        "on them, {before:percent} did in the reference."
    ),
    why=N_("Rows that used to differ now look the same to the model."),
    remedy=N_(
        "Look for a rounding, a cast to integers or a shorter number format on the way of this column, and send all digits again."
    ),
    statistic=N_("Share of values that are a whole multiple of the step, beside the same share in training."),
    source="Heitjan and Rubin 1991, doi:10.1214/aos/1176348396 (coarse data)",
    suggests=PRECISION_LOSS,
    clear=0.88,
    thresholds={
        "on_at": Shown(N_("Share of the values on the step"), Unit.SHARE),
        "rise_at": Shown(N_("Rise of that share that counts"), Unit.SHARE),
        "fewer_at": Shown(_FEWER, Unit.SHARE),
    },
)
BINNED: Final = Rule[Coarser](
    code="INP071",
    lane=Lane.DATA,
    title=N_("Few different values are left"),
    says=N_(
        "{column:name} has {distinct_after:count} different values left among {of:count} "
        "rows; the reference has {distinct_before:count}."
    ),
    why=N_("The values were put into bins: rows that used to differ now look the same to the model."),
    remedy=N_("Look for a binning or a lookup on the way of this column, and send the values themselves again."),
    statistic=N_("Number of different values among as many rows of each table."),
    source="Heitjan and Rubin 1991, doi:10.1214/aos/1176348396 (coarse data)",
    suggests=PRECISION_LOSS,
    clear=0.88,
    thresholds={
        "binned_at": Shown(_FEWER, Unit.SHARE),
        "binned_most": Shown(N_("Different values that may be left"), Unit.COUNT),
        "binned_from": Shown(N_("Different values that the reference must have"), Unit.COUNT),
    },
)
RULES: Final = (ROUNDED, BINNED)

STEPS: Final = tuple(float(f"{m}e{k}") for k in range(6, -7, -1) for m in (5, 2.5, 2, 1))
"""Steps that people and programs round to, coarse first."""


@dataclass(frozen=True, kw_only=True)
class ColumnPrecision:
    """How fine the values of one column are."""

    name: str
    step: float | None
    """Coarsest step that nearly all values since the change are multiples of, None without one."""

    reference: float
    """Share of the values on that step, 0 to 1."""

    current: float
    """The same since the change."""

    distinct_reference: int
    """Different values among `of` rows."""

    distinct: int
    """The same since the change."""

    of: int
    distance: float
    """KS statistic between both."""

    snapped: float
    """The same once the reference's values are put on those that are left, by rounding or by cutting."""

    wide: float
    """Largest share of one value since the change."""

    sharp: bool
    """The change was sudden."""

    since: datetime | None


@dataclass(frozen=True)
class Precision:
    columns: tuple[ColumnPrecision, ...]


SNAPS: Final = 200
"""Different values from which on a column is not binned, whatever its step."""


def profile(incident: Incident) -> Precision:
    """Raises NotApplicable without both tables, a common feature or a number column."""
    sample = samples(incident)
    if not sample.numbers:
        raise NotApplicable(N_("The two tables have no number column in common."), needs="current")
    line = timeline(incident, sample)
    columns: list[ColumnPrecision] = []
    for name in sample.numbers:
        x = sample.reference[name].to_numpy("float64")
        y = line.ordered(sample.current[name]).astype("float64")
        x = x[np.isfinite(x)]
        if x.size >= 40 and np.isfinite(y).sum() >= 40:
            columns += _column(name, x, np.where(np.isfinite(y), y, np.nan), line)
    return Precision(tuple(columns))


def on_step(values: NDArray[np.float64], step: float) -> NDArray[np.bool_]:
    """Which values are whole multiples of `step`, shape of `values`; NaN is not."""
    times = values / step
    # Doubles carry 15 to 16 digits; a multiple written in decimals misses by a few of the last.
    return np.asarray(np.abs(times - np.round(times)) <= 1e-6 + 1e-9 * np.abs(times)) & (np.abs(times) < 1e9)


def _column(name: str, x: NDArray[np.float64], y: NDArray[np.float64], line: Timeline) -> Iterator[ColumnPrecision]:
    some = x[np.linspace(0, x.size - 1, min(x.size, 4_000)).astype(int)]
    if np.unique(some).size < 12:
        return
    present = np.isfinite(y)
    tail = y[present][-max(40, int(present.sum()) // 10) :]
    # Zero lies on every step and says nothing.
    tail, some = tail[tail != 0], some[some != 0]
    if tail.size < 20 or some.size < 20:
        return
    step = next((s for s in STEPS if on_step(tail, s).mean() >= 0.95 and np.unique(tail).size >= 2), None)
    start, sharp, before = 0, False, 0.0
    if step is not None:
        before = float(on_step(some, step).mean())
        if before <= 0.8:
            flagged = np.where(present & (y != 0), on_step(y, step).astype("float64"), np.nan)
            row = line.change(flagged)
            if row is not None and np.nanmean(flagged[row:]) > np.nanmean(flagged[:row]):
                start, sharp = row, True
        else:
            step = None
    if step is None:
        seen = np.unique(tail)
        row = line.change(np.where(present, np.isin(y, seen).astype("float64"), np.nan)) if seen.size <= tail.size / 4 else None
        if row is not None:
            start, sharp = row, True
    after = y[start:]
    after = after[np.isfinite(after)]
    if after.size < 40:
        return
    # A bound at which values are cut off makes them fewer as well: only what lies between the bounds is compared.
    low, high = np.quantile(after, [0.03, 0.97], method="inverted_cdf")
    within = [side[(side > low) & (side < high)] for side in (x, after)]
    of = min(within[0].size, within[1].size, 4_000)
    if of < 40:
        return
    if step is not None:
        inner = within[0][within[0] != 0]
        before = float(on_step(inner, step).mean()) if inner.size else 1.0
    left, right = (side[np.linspace(0, side.size - 1, of).astype(int)] for side in within)
    counts = np.unique(right, return_counts=True)[1]
    a, b = thin(x), thin(after)
    part = within[1][within[1] != 0]
    yield ColumnPrecision(
        name=name,
        step=step,
        reference=before,
        current=float(on_step(part, step).mean()) if step and part.size else 0.0,
        distinct_reference=int(np.unique(left).size),
        distinct=int(counts.size),
        of=of,
        distance=max(0.0, ks(a, b) - ks_noise(a.size, b.size)),
        snapped=_snapped(a, b),
        wide=float(counts.max() / of),
        sharp=sharp,
        since=line.at(start),
    )


def _snapped(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """KS statistic between the current values and the reference's put on the nearest of them, or the next below or above."""
    left = np.unique(current)
    if not 2 <= left.size <= SNAPS:
        return 1.0
    above = np.clip(np.searchsorted(left, reference, side="left"), 0, left.size - 1)
    below = np.clip(np.searchsorted(left, reference, side="right") - 1, 0, left.size - 1)
    nearest = np.where(np.abs(left[above] - reference) < np.abs(left[below] - reference), above, below)
    noise = ks_noise(reference.size, current.size)
    return min(max(0.0, ks(np.sort(left[places]), current) - noise) for places in (nearest, below, above))


def judge(
    p: Precision,
    *,
    on_at: float = 0.95,
    rise_at: float = 0.2,
    fewer_at: float = 0.6,
    binned_at: float = 0.25,
    binned_from: int = 20,
    binned_most: int = 30,
) -> list[Finding[Coarser]]:
    """Rounded: `on_at` of the values lie on one step, `rise_at` more than in the reference, and at most `fewer_at` as many
    different values are left. Binned: at most `binned_at` as many different values, of at least `binned_from` in the reference,
    and at most `binned_most`, without one of them holding more than 80% of the rows (that would be a fill or a stale column).
    All were chosen on benchmarks/incidents.

    A change of scale moves the values off their old steps too, so the reference and the current must still overlap.
    """
    findings: list[Finding[Coarser]] = []
    for column in p.columns:
        fewer = column.distinct / max(1, column.distinct_reference)
        # What is left of the reference's own values once they are put on so few is the surest sign.
        if (column.distance > 0.4 or column.wide > 0.8) and (column.snapped > 0.05 or column.distinct < 3):
            continue
        entry = Coarser(
            since=column.since,
            weight=float(1 - fewer),
            column=column.name,
            step=column.step,
            before=column.reference,
            after=column.current,
            distinct_before=column.distinct_reference,
            distinct_after=column.distinct,
            of=column.of,
            sharp=column.sharp,
        )
        on_step_now = column.current >= on_at and column.current - column.reference >= rise_at
        if column.step is not None and on_step_now and fewer <= fewer_at:
            findings.append(ROUNDED.found(entry))
        elif column.distinct_reference >= binned_from and fewer <= binned_at and column.distinct <= binned_most:
            findings.append(BINNED.found(entry))
    return findings


def offending(incident: Incident, finding: Finding[Coarser], *, limit: int = 10_000) -> pd.DataFrame:
    """The rows since the change, as `rows.rows_where` gives them."""
    table = incident.pair().current
    if finding.since is None or incident.roles.timestamp is None or table[incident.roles.timestamp].kind is not Kind.TIME:
        return none(incident)
    return rows_where(incident, f"{table[incident.roles.timestamp].key} >= ?", [finding.since], limit=limit)
