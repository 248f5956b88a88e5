"""A/B test: how many rows it takes, when one may look, and what a result says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from diagnostics.clinic.ab_test.looks import Rule as Spending
from diagnostics.clinic.ab_test.looks import crossing_probability, drift_for_power, limits_of_looks
from diagnostics.clinic.ab_test.rules import (
    DIFFERENT,
    MISMATCH,
    OPEN,
    PEEKED,
    PLANNED,
    RULES,
    Outcome,
    Peeked,
    Planned,
    RowMismatch,
)
from diagnostics.clinic.shared.compare import Progress, ignore_progress
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.intervals import Interval, share
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import N_

__all__ = ["RULES", "ABTest", "Settings", "judge", "profile"]

MOST: Final = 10**10
LOOKS: Final = 30


@dataclass(frozen=True, kw_only=True)
class Counts:
    """A result. rows: of each side. hits: rows with a success (shares). mean, spread: of the value (means)."""

    a_rows: int = 0
    a_hits: int = 0
    b_rows: int = 0
    b_hits: int = 0
    a_mean: float = 0.0
    a_spread: float = 1.0
    b_mean: float = 0.0
    b_spread: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A test to plan, or to read."""

    means: bool = False
    """Whether a mean is compared; else a share."""

    base: float = 0.1
    """Share, or mean, of side A."""

    spread: float = 1.0
    """Standard deviation of the value, for means."""

    effect: float = 0.01
    """Least difference worth finding, B less A."""

    power: float = 0.8
    """Chance to see that difference."""

    alpha: float = 0.05
    """Chance of a false alarm, both sides."""

    b_share: float = 0.5
    """Share of the rows that side B gets."""

    daily: int = 1000
    """Rows a day, both sides."""

    looks: int = 1
    """How often one looks, the last time at the end."""

    rule: Spending = Spending.OBRIEN
    read: bool = False
    """Whether `counts` are to be read."""

    look: int = 1
    """Which of the looks this is, from 1."""

    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True)
class Look:
    """One look at a running test."""

    rows: int
    """Rows of both sides together."""

    limit: float
    """Size of z from which the test ends."""

    day: float
    """Days since the start."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a test takes."""

    single: int
    """Rows of both sides for one look at the end."""

    rows: int
    """Rows of both sides with all looks."""

    days: float
    looks: tuple[Look, ...]
    careless: float
    """Chance of a false alarm if one looked as often at the plain limit of 1.96."""

    curve: tuple[tuple[int, float], ...]
    """(rows, chance to see the difference)."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the counts say at this look."""

    a: float
    b: float
    difference: Interval
    """B less A with its plain interval."""

    within: Interval
    """The interval that allows for the looks."""

    always: Interval
    """The interval that holds at any time."""

    z: float
    """The difference in standard errors."""

    p: float
    """Two-sided p-value of a single look."""

    limit: float
    """Size of z from which the test ends at this look."""

    odds: float
    """p-value of the rows' shares (chi-square)."""

    careless: float
    """Chance of a false alarm so far, had one looked at the plain limit each time."""


@dataclass(frozen=True)
class ABTest:
    settings: Settings
    plan: Plan
    reading: Reading | None


def check_settings(s: Settings) -> Settings:
    """Raises NotApplicable, in one sentence, for a test that cannot be."""
    if s.means and not s.spread > 0:
        raise NotApplicable(N_("The standard deviation must be above 0, got {spread:number}."), spread=s.spread)
    if not s.means and not 0 < s.base < 1:
        raise NotApplicable(N_("The share of side A must lie between 0% and 100%, got {base:percent}."), base=s.base)
    if s.effect == 0 or not np.isfinite(s.effect):
        raise NotApplicable(N_("The least difference worth finding cannot be 0: no number of rows would show it."))
    if not s.means and not 0 < s.base + s.effect < 1:
        raise NotApplicable(
            N_("With this difference side B would have {b:percent}; it must lie between 0% and 100%."), b=s.base + s.effect
        )
    if not 0.5 <= s.power <= 0.999 or not 1e-4 <= s.alpha <= 0.3:
        raise NotApplicable(N_("The chance to see it must lie between 50% and 99.9%, the error between 0.01% and 30%."))
    if not 0.01 <= s.b_share <= 0.99 or s.daily < 1:
        raise NotApplicable(N_("Side B must get 1% to 99% of the rows, and there must be at least one row a day."))
    if not 1 <= s.looks <= LOOKS or not 1 <= s.look <= s.looks:
        raise NotApplicable(N_("There can be 1 to {most:count} looks, and this look must be one of them."), most=LOOKS)
    if s.read:
        _check_counts(s)
    return s


def _check_counts(s: Settings) -> None:
    c = s.counts
    if min(c.a_rows, c.b_rows) < 2 or max(c.a_rows, c.b_rows) > MOST:
        raise NotApplicable(N_("Each side needs at least 2 rows to be read."))
    if not s.means and not (0 <= c.a_hits <= c.a_rows and 0 <= c.b_hits <= c.b_rows):
        raise NotApplicable(N_("A side cannot have more successes than rows, or fewer than none."))
    if s.means and not (c.a_spread > 0 and c.b_spread > 0):
        raise NotApplicable(N_("The standard deviation of each side must be above 0."))


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = ignore_progress) -> ABTest:
    """Raises NotApplicable for a test that cannot be. Needs no table."""
    s = check_settings(settings)
    on_progress(0.1, N_("Reckoning the rows"))
    made = _make_plan(s)
    on_progress(0.7, N_("Reading the result"))
    return ABTest(s, made, _read_result(s) if s.read else None)


def rows_for_one_look(s: Settings, *, power: float | None = None) -> float:
    """Rows of both sides together for one look at the end."""
    from scipy.stats import norm

    alpha, beta = float(norm.isf(s.alpha / 2)), float(norm.ppf(s.power if power is None else power))
    # How many rows of B go with one of A.
    ratio = s.b_share / (1 - s.b_share)
    if s.means:
        a = (1 + 1 / ratio) * (s.spread * (alpha + beta) / s.effect) ** 2 + alpha**2 / 4
        return a * (1 + ratio)
    p, q = s.base, s.base + s.effect
    both = (p + ratio * q) / (1 + ratio)
    root = alpha * np.sqrt(both * (1 - both) * (1 + 1 / ratio)) + beta * np.sqrt(p * (1 - p) + q * (1 - q) / ratio)
    return float((root / s.effect) ** 2 * (1 + ratio))


def _make_plan(s: Settings) -> Plan:
    from scipy.stats import norm

    one = rows_for_one_look(s)
    if not one <= MOST:
        raise NotApplicable(
            N_("That would take more than {most:count} rows: choose a larger difference worth finding."), most=MOST
        )
    shares = [(look + 1) / s.looks for look in range(s.looks)]
    bounds = limits_of_looks(shares, s.alpha, s.rule)
    plain = float(norm.isf(s.alpha / 2))
    straight = plain + float(norm.ppf(s.power))
    more = (drift_for_power(shares, bounds, s.power) / straight) ** 2 if s.looks > 1 else 1.0
    rows = int(np.ceil(one * max(1.0, more)))
    looks = tuple(
        Look(int(np.ceil(rows * part)), bound, rows * part / s.daily) for part, bound in zip(shares, bounds, strict=True)
    )
    careless = crossing_probability(shares, [plain] * s.looks)
    curve = []
    for factor in np.linspace(0.05, 2.0, 40):
        drift = straight * np.sqrt(factor)
        chance = norm.sf(plain - drift) + norm.cdf(-plain - drift)
        curve.append((int(np.ceil(one * factor)), float(chance)))
    return Plan(single=int(np.ceil(one)), rows=rows, days=rows / s.daily, looks=looks, careless=careless, curve=tuple(curve))


def _read_result(s: Settings) -> Reading:
    from scipy.stats import chisquare, norm, t

    c = s.counts
    if s.means:
        a, b = c.a_mean, c.b_mean
        parts = c.a_spread**2 / c.a_rows, c.b_spread**2 / c.b_rows
        variance = sum(parts)
        freedom = variance**2 / (parts[0] ** 2 / (c.a_rows - 1) + parts[1] ** 2 / (c.b_rows - 1))
        value = (b - a) / float(np.sqrt(variance))
        p = float(2 * t.sf(abs(value), freedom))
        # As a normal z of the same p, so that the limits of the looks apply to small sides too.
        z = float(np.sign(value) * norm.isf(p / 2)) if p > 0 else value
        reach = float(t.isf(s.alpha / 2, freedom)) * float(np.sqrt(variance))
        plain = Interval(b - a, b - a - reach, b - a + reach)
    else:
        a, b = c.a_hits / c.a_rows, c.b_hits / c.b_rows
        both = (c.a_hits + c.b_hits) / (c.a_rows + c.b_rows)
        pooled = both * (1 - both) * (1 / c.a_rows + 1 / c.b_rows)
        z = (b - a) / float(np.sqrt(pooled)) if pooled > 0 else 0.0
        p = float(2 * norm.sf(abs(z)))
        plain = newcombe(c, float(norm.isf(s.alpha / 2)))
        # Half a row more on each side, so that a side without a success is not taken for certain.
        smooth = [(hits + 0.5) / (rows + 1) for hits, rows in ((c.a_hits, c.a_rows), (c.b_hits, c.b_rows))]
        variance = smooth[0] * (1 - smooth[0]) / c.a_rows + smooth[1] * (1 - smooth[1]) / c.b_rows
    shares = [(look + 1) / s.looks for look in range(s.looks)]
    bound = limits_of_looks(shares, s.alpha, s.rule)[s.look - 1]
    if s.means:
        within = Interval(b - a, b - a - bound * float(np.sqrt(variance)), b - a + bound * float(np.sqrt(variance)))
    else:
        within = newcombe(c, bound)
    rows = c.a_rows + c.b_rows
    odds = float(chisquare([c.a_rows, c.b_rows], [rows * (1 - s.b_share), rows * s.b_share]).pvalue)
    plainly = float(norm.isf(s.alpha / 2))
    careless = crossing_probability(shares[: s.look], [plainly] * s.look)
    return Reading(
        a=a,
        b=b,
        difference=plain,
        within=within,
        always=always_valid(b - a, variance, s.effect, s.alpha),
        z=z,
        p=p,
        limit=bound,
        odds=odds,
        careless=careless,
    )


def newcombe(c: Counts, z: float) -> Interval:
    """B less A: the hybrid score interval of Newcombe 1998, Statistics in Medicine 17, 873 (method 10)."""
    a, b = share(c.a_hits, c.a_rows, z=z), share(c.b_hits, c.b_rows, z=z)
    low = float(np.hypot(b.value - b.low, a.high - a.value))
    high = float(np.hypot(b.high - b.value, a.value - a.low))
    middle = b.value - a.value
    return Interval(middle, middle - low, middle + high)


def always_valid(difference: float, variance: float, effect: float, alpha: float) -> Interval:
    """Holds at every look at once, however many: the mixture of normals of Robbins 1970, as in Johari et al. 2022
    (doi:10.1287/opre.2021.2135), mixed over differences of the size `effect`.
    """
    wide = effect**2
    reach = float(np.sqrt(variance * (variance + wide) / wide * (np.log((variance + wide) / variance) - 2 * np.log(alpha))))
    return Interval(difference, difference - reach, difference + reach)


def judge(p: ABTest, *, mismatch_at: float = 0.001) -> list[Finding]:
    """mismatch_at: p of the rows' shares; 0.001 is usual, as the check runs with every test (Fabijan et al. 2019)."""
    if p.reading is None:
        return [PLANNED.found(_planned(p.settings, p.plan))]
    return _judge_reading(p.settings, p.plan, p.reading, mismatch_at)


def _planned(s: Settings, plan: Plan) -> Planned:
    return Planned(
        weight=0.5,
        rows=plan.rows,
        single=plan.single,
        days=int(np.ceil(plan.days)),
        looks=s.looks,
        power=s.power,
        alpha=s.alpha,
        effect=s.effect,
        base=s.base,
        careless=plan.careless,
        to=None if s.means else s.base + s.effect,
    )


def _judge_reading(s: Settings, plan: Plan, r: Reading, mismatch_at: float) -> list[Finding]:
    findings: list[Finding] = []
    rows = s.counts.a_rows + s.counts.b_rows
    if r.odds < mismatch_at:
        got = s.counts.b_rows / rows
        findings.append(MISMATCH.found(RowMismatch(weight=1.0, got=got, wanted=s.b_share, p_value=r.odds)))
    outcome = Outcome(
        weight=0.6,
        a=r.a,
        b=r.b,
        difference=r.difference.value,
        low=r.within.low,
        high=r.within.high,
        z=r.z,
        limit=r.limit,
        p_value=r.p,
        always_low=r.always.low,
        always_high=r.always.high,
        look=s.look,
        looks=s.looks,
        rows=rows,
        planned=plan.rows,
        careless=r.careless,
        means=s.means,
    )
    decided = abs(r.z) >= r.limit
    findings.append((DIFFERENT if decided else OPEN).found(outcome))
    if not decided and r.p < s.alpha:
        peeked = Peeked(**{**vars(outcome), "weight": 0.7}, often=plan.careless, alpha=s.alpha)
        findings.append(PEEKED.found(peeked))
    return findings
