"""Column by column: are the values distributed as they were?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.drift.columns import blocks, comparable, counts, finite, gap, ks
from diagnostics.measure import distances, engine
from diagnostics.measure.engine import ColumnProfile
from diagnostics.measure.onset import since
from diagnostics.measure.samples import Samples, samples, times
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Null, Rule, Severity
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class ColumnMoved(ColumnEntry):
    """How far the values of a column moved."""

    effect: float = shown(N_("Largest gap between the two distributions, 0 to 1"))
    """KS of numbers, total variation distance of categories."""

    psi: float = shown(N_("Population stability index (PSI)"))
    jensen_shannon: float = shown(N_("Jensen-Shannon distance, 0 to 1"))
    wobble: float | None = shown(N_("Largest gap between parts of the reference"))
    """None when the reference has no times."""


@dataclass(frozen=True, kw_only=True)
class SharesMoved(ColumnMoved):
    """A category, and the level whose share moved most."""

    level: str | None = shown(N_("Level that moved most"), Unit.NAME)
    """None for all levels beyond the common ones."""

    before: float = shown(N_("Share of the rows in the reference"), Unit.SHARE)
    after: float = shown(N_("Share of the rows in the current table"), Unit.SHARE)
    cramers_v: float = shown(N_("Cramér's V, 0 to 1"))
    p_value: float = shown(N_("p-value of the chi-square test"))


@dataclass(frozen=True, kw_only=True)
class NumberMoved(ColumnMoved):
    """A number, with its mean, spread and middle."""

    before: float | None = shown(N_("Mean in the reference"))
    after: float | None = shown(N_("Mean in the current table"))
    std_before: float | None = shown(N_("Standard deviation in the reference"))
    std_after: float | None = shown(N_("Standard deviation in the current table"))
    median_before: float = shown(N_("Median in the reference"))
    median_after: float = shown(N_("Median in the current table"))
    wasserstein: float = shown(N_("Wasserstein distance in standard deviations of the reference"))


def _shares_say(entry: SharesMoved) -> str:
    if entry.level is None:
        return N_("Levels of {column:name} beyond the common ones went from {before:percent} to {after:percent} of the rows.")
    if entry.after > entry.before:
        return N_(
            "The share of {level:name} in {column:name} rose from {before:percent} to {after:percent} "
            "({effect:percent} of the rows moved)."
        )
    return N_(
        "The share of {level:name} in {column:name} fell from {before:percent} to {after:percent} "
        "({effect:percent} of the rows moved)."
    )


def _number_says(entry: NumberMoved) -> str:
    before, after, spread = entry.before or 0.0, entry.after or 0.0, entry.std_before or 0.0
    if abs(after - before) >= 0.1 * spread and after != before:
        if after > before:
            return N_("Mean {column:name} rose from {before:number} to {after:number} (KS {effect:number}).")
        return N_("Mean {column:name} fell from {before:number} to {after:number} (KS {effect:number}).")
    if (entry.std_after or 0.0) > 1.1 * spread:
        return N_(
            "{column:name} spreads wider: its standard deviation rose from {std_before:number} to {std_after:number} "
            "(KS {effect:number})."
        )
    if (entry.std_after or 0.0) < 0.9 * spread:
        return N_(
            "{column:name} spreads less: its standard deviation fell from {std_before:number} to {std_after:number} "
            "(KS {effect:number})."
        )
    return N_(
        "The values of {column:name} are spread differently: the middle went from {median_before:number} to "
        "{median_after:number} (KS {effect:number})."
    )


MOVED: Final = {
    "effect_at": Shown(N_("Gap between the distributions that counts"), Unit.NUMBER),
    "psi_at": Shown(N_("Population stability index that counts"), Unit.NUMBER),
    "strong_at": Shown(N_("Gap between the distributions for a warning"), Unit.NUMBER),
    "strong_psi_at": Shown(N_("Population stability index for a warning"), Unit.NUMBER),
    "wobble_times": Shown(N_("How many times more than parts of the reference it must differ"), Unit.NUMBER),
}

NUMBER_MOVED: Final = Rule[NumberMoved](
    code="DRF001",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("The values of a number moved"),
    says=_number_says,
    why=N_("The model learnt from other values. Where it saw few rows, it guesses."),
    remedy=N_(
        "Look at the values with the people who deliver them: if the world changed, train again with recent rows; "
        "if the feed changed, mend the feed."
    ),
    statistic=N_(
        "KS: sort both tables by this column; the largest gap between the share of rows below any one value, from 0 (alike) to 1."
    ),
    source="Massey 1951, doi:10.1080/01621459.1951.10500769; Siddiqi 2006 (PSI 0.1 and 0.25); Yurdakul 2018",
    thresholds=MOVED,
)
SHARES_MOVED: Final = Rule[SharesMoved](
    code="DRF002",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("The shares of a category moved"),
    says=_shares_say,
    why=N_("The model meets some kinds of rows more often than it learnt, and others less."),
    remedy=N_(
        "Ask whether the mix of rows really changed; if so, weigh the training rows to the new mix or train again; "
        "if not, look for a filter or a mapping that changed."
    ),
    statistic=N_("Share that moved: of a hundred rows, how many would need another level to give the old shares back."),
    source="Cramér 1946; Bergsma 2013, doi:10.1016/j.jkss.2012.10.002; Siddiqi 2006 (PSI 0.1 and 0.25)",
    thresholds=MOVED,
)
RULES: Final = (NUMBER_MOVED, SHARES_MOVED)

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
STEPS: Final = 400
"""Points at which Wasserstein's distance compares the two samples."""


@dataclass(frozen=True)
class ColumnShift:
    """How one column moved, over every row.

    effect: the distance between the two sides, 0 to 1: KS of a number, total variation of a category. wobble: the largest such
        distance between one block of the reference and the rest of it; None when the reference has no times. floor: what chance
        alone may reach, corrected for the number of columns.
    psi: corrected for chance; psi_floor: what chance may still reach. jensen_shannon: 0 to 1. wasserstein: in standard
        deviations of the reference (NaN for categories). cramers_v, p_value: of the chi-square test on the levels (NaN for
        numbers).
    mean, std: of the finite values, None for categories. quantiles: at 5, 25, 50, 75 and 95%, empty for categories.
    labels: names of levels, or bin edges; counts: rows per bin (len(edges) + 1) or per level (and other, last).
    level, share: the level whose share moved most, and its share before and after (categories only).
    """

    name: str
    kind: Kind
    effect: float
    wobble: float | None
    floor: float
    psi: float
    psi_floor: float
    jensen_shannon: float
    wasserstein: float
    cramers_v: float
    p_value: float
    mean: Sides[float | None]
    std: Sides[float | None]
    quantiles: Sides[tuple[float, ...]]
    edges: tuple[float, ...]
    labels: tuple[str, ...]
    counts: Sides[tuple[int, ...]]
    level: str | None
    share: Sides[float]
    since: datetime | None

    @property
    def ratio(self) -> float | None:
        """Mean of the current over mean of the reference, None where it says nothing."""
        before, after = self.mean.reference, self.mean.current
        return None if before is None or after is None or before == 0 else after / before


@dataclass(frozen=True)
class Marginal:
    """One entry per column that can drift, in the reference's order; rows of the full tables; columns left out (ids, clocks)."""

    columns: tuple[ColumnShift, ...]
    rows: Sides[int]
    left_out: tuple[str, ...]


def profile(incident: Incident) -> Marginal:
    """Raises NotApplicable without both tables or without a column that can drift."""
    tables = incident.pair()
    counted = engine.profiles(tables, seed=incident.seed)
    drawn = samples(incident)
    names = [name for name in comparable(drawn) if name in counted.reference.columns]
    names = [n for n in names if counted.reference.columns[n].count and counted.current.columns[n].count]
    if not names:
        raise NotApplicable(N_("The two tables share no column whose values could be compared."), needs="current")
    parts = blocks(times(drawn.reference, incident.roles.timestamp))
    when = times(drawn.current, incident.roles.timestamp)
    columns = tuple(
        _shift(name, counted.reference.columns[name], counted.current.columns[name], drawn, parts, when, len(names))
        for name in names
    )
    kept = set(names)
    left_out = tuple(name for name in drawn.features if name not in kept)
    return Marginal(columns, Sides(tables.reference.rows, tables.current.rows), left_out)


def _shift(
    name: str,
    before: ColumnProfile,
    after: ColumnProfile,
    drawn: Samples,
    parts: list[NDArray[np.intp]],
    when: NDArray[np.datetime64] | None,
    looked_at: int,
) -> ColumnShift:
    kind = drawn.kinds[name]
    left, right = _counts(before), _counts(after)
    n, m = sum(left), sum(right)
    noise = 1 / n + 1 / m
    alpha = 0.001 / looked_at
    v, p_value = float("nan"), float("nan")
    level, share = None, Sides(0.0, 0.0)
    if kind is Kind.CATEGORY:
        v, p_value = distances.cramers_v(*_merged(left, right))
        gaps = np.asarray(right) / m - np.asarray(left) / n
        effect = float(np.abs(gaps).sum() / 2)
        # Where chance explains the counts (chi-square), no distance between them counts.
        floor = 1.0 if p_value > alpha else 0.0
        at = int(np.argmax(np.abs(gaps)))
        level = before.grid.levels[at] if at < len(before.grid.levels) else None
        share = Sides(left[at] / n, right[at] / m)
    else:
        effect = distances.ks_binned(left, right)
        floor = float(np.sqrt(-np.log(alpha / 2) / 2 * noise))
    used = int(np.count_nonzero(np.asarray(left) + np.asarray(right)))
    psi_floor = max(0.0, _chi_square(alpha, max(1, used - 1)) - (used - 1)) * noise
    quantiles = Sides(_quantiles(before), _quantiles(after))
    return ColumnShift(
        name,
        kind,
        effect,
        _wobble(drawn.reference[name], kind, parts),
        floor,
        distances.psi(left, right),
        psi_floor,
        distances.jensen_shannon(left, right),
        float("nan") if kind is Kind.CATEGORY else _travel(drawn, name),
        v,
        p_value,
        Sides(before.mean, after.mean),
        Sides(before.std, after.std),
        quantiles,
        before.grid.edges,
        before.grid.levels,
        Sides(left, right),
        level,
        share,
        _since(drawn, name, level, share, when) if effect >= floor else None,
    )


@lru_cache(maxsize=256)
def _chi_square(alpha: float, freedom: int) -> float:
    """What a chi-square variable passes with probability `alpha`; PSI over its noise is one without drift (Yurdakul 2018)."""
    from scipy.special import chdtri

    return float(chdtri(freedom, alpha))


def _counts(column: ColumnProfile) -> tuple[int, ...]:
    return (*column.levels, column.other) if column.grid.levels else column.bins


def _merged(left: tuple[int, ...], right: tuple[int, ...], *, least: int = 10) -> tuple[list[int], list[int]]:
    """Counts with the rare bins counted together: the chi-square test errs where fewer than five rows are expected."""
    rare = [i for i, pair in enumerate(zip(left, right, strict=True)) if sum(pair) < least]
    common = [i for i in range(len(left)) if i not in set(rare)]
    return ([left[i] for i in common] + [sum(left[i] for i in rare)], [right[i] for i in common] + [sum(right[i] for i in rare)])


def _quantiles(column: ColumnProfile) -> tuple[float, ...]:
    return () if column.mean is None else tuple(column.quantile(q) for q in QUANTILES)


def _travel(drawn: Samples, name: str) -> float:
    """Wasserstein's distance in standard deviations of the reference, read at `STEPS` evenly spaced shares."""
    a, b = finite(drawn.reference[name]), finite(drawn.current[name])
    if not a.size or not b.size:
        return 0.0
    at = (np.arange(STEPS) + 0.5) / STEPS
    spread = float(np.std(a)) or float(np.std(b)) or 1.0
    a, b = (np.sort(values)[(at * values.size).astype(int)] for values in (a, b))
    return float(np.mean(np.abs(a - b))) / spread


def _wobble(values: pd.Series, kind: Kind, parts: list[NDArray[np.intp]]) -> float | None:
    if not parts:
        return None
    others = [np.concatenate([p for p in parts if p is not part]) for part in parts]
    if kind is Kind.CATEGORY:
        return max(gap(values.iloc[rest], values.iloc[part], kind) for part, rest in zip(parts, others, strict=True))
    numbers = engine.seconds(values)
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    pairs = ((numbers[rest], numbers[part]) for part, rest in zip(parts, others, strict=True))
    return max(ks(rest[~np.isnan(rest)], part[~np.isnan(part)]) for rest, part in pairs)


def _since(
    drawn: Samples, name: str, level: str | None, share: Sides[float], when: NDArray[np.datetime64] | None
) -> datetime | None:
    """When the column left its old distribution: each value's place among the reference's, or having the level, over time."""
    if when is None:
        return None
    values = drawn.current[name]
    if drawn.kinds[name] is Kind.CATEGORY:
        known = set(counts(drawn.reference[name]))
        place = np.array(values == level if level is not None else ~values.isin(known), dtype="float64")
        place[values.isna().to_numpy()] = np.nan
        usual, now = share.reference, share.current
    else:
        ordered, numbers = np.sort(finite(drawn.reference[name])), engine.seconds(values)
        ranks = np.searchsorted(ordered, numbers, "left") + np.searchsorted(ordered, numbers, "right")
        place = np.asarray(ranks / (2 * ordered.size), dtype="float64")
        place[~np.isfinite(numbers)] = np.nan
        usual, now = 0.5, float(np.nanmean(place))
        if abs(now - usual) < 0.05:
            # The middle held and the spread changed: the distance from the middle tells.
            place = np.abs(place - 0.5)
            usual, now = 0.25, float(np.nanmean(place))
    sign = 1.0 if now >= usual else -1.0
    return since(when, sign * place, sign * usual)


def judge(
    p: Marginal,
    *,
    effect_at: float = 0.1,
    psi_at: float = 0.1,
    strong_at: float = 0.2,
    strong_psi_at: float = 0.25,
    wobble_times: float = 1.5,
) -> list[Finding]:
    """A column fires when it moved visibly, more than chance allows, and more than the reference moves by itself.

    PSI 0.1 and 0.25 are the customary marks for "some" and "much" (Siddiqi 2006, Credit Risk Scorecards); a KS or share gap of
    0.1 is the same size for a normal column (a shift of a quarter of a standard deviation), 0.2 one of half. `wobble_times`:
    blocks of the reference always differ; half as much again is asked for. Drift alone is never critical: the model may not
    mind.
    """
    findings: list[Finding] = []
    for column in p.columns:
        usual = wobble_times * (column.wobble or 0.0)
        if column.effect < max(column.floor, usual):
            continue
        psi = column.psi if column.psi > column.psi_floor else 0.0
        if column.effect < effect_at and psi < psi_at:
            continue
        strong = column.effect >= strong_at or (psi >= strong_psi_at and column.effect >= effect_at)
        severity = Severity.WARNING if strong else Severity.INFO
        if column.kind is Kind.CATEGORY:
            findings.append(SHARES_MOVED.found(_shares_moved(column), severity=severity))
        else:
            findings.append(NUMBER_MOVED.found(_number_moved(column), severity=severity))
    return findings


def _shares_moved(column: ColumnShift) -> SharesMoved:
    return SharesMoved(
        since=column.since,
        weight=float(np.clip(column.effect, 0, 1)),
        column=column.name,
        effect=column.effect,
        psi=column.psi,
        jensen_shannon=column.jensen_shannon,
        wobble=column.wobble,
        level=column.level,
        before=column.share.reference,
        after=column.share.current,
        cramers_v=column.cramers_v,
        p_value=column.p_value,
    )


def _number_moved(column: ColumnShift) -> NumberMoved:
    return NumberMoved(
        since=column.since,
        weight=float(np.clip(column.effect, 0, 1)),
        column=column.name,
        effect=column.effect,
        psi=column.psi,
        jensen_shannon=column.jensen_shannon,
        wobble=column.wobble,
        before=column.mean.reference,
        after=column.mean.current,
        std_before=column.std.reference,
        std_after=column.std.current,
        median_before=column.quantiles.reference[2],
        median_after=column.quantiles.current[2],
        wasserstein=column.wasserstein,
    )
