"""Target leakage: a column that gave the label away in the reference and no longer does, or cannot, in production."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import TARGET_LEAKAGE
from diagnostics.measure import engine
from diagnostics.measure.onset import first, onset
from diagnostics.measure.outcome import partial
from diagnostics.measure.samples import samples, times
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Leak(ColumnEntry):
    """How well one column alone tells the label, before and now."""

    before: float = shown(N_("How well it alone tells the label, reference"), Unit.SHARE)
    after: float | None = shown(N_("How well it alone tells the label, current table"), Unit.SHARE)
    """None without labels in the current table."""

    floor: float = shown(N_("What guessing gives"), Unit.SHARE)
    filled: float = shown(N_("Current rows in which it is filled"), Unit.SHARE)
    gone: float = shown(N_("Share of what it told that is lost"), Unit.SHARE)
    alike: float = shown(N_("Share of the rows on which its values agree between the tables"), Unit.SHARE)
    best_other: float = shown(N_("How well the best other column tells the label, reference"), Unit.SHARE)


def _says(entry: Leak) -> str:
    if entry.after is not None:
        return N_(
            "In the reference {column:name} alone told the answer ({before:percent} right in ranking); now it does so with "
            "{after:percent}, where {floor:percent} is guessing."
        )
    return N_(
        "In the reference {column:name} alone told the answer ({before:percent} right in ranking); now it is filled in "
        "{filled:percent} of the rows."
    )


LEAK: Final = Rule[Leak](
    code="DRF090",
    lane=Lane.DATA,
    title=N_("A column knew the answer"),
    says=_says,
    why=N_(
        "A column that gives the answer away makes a model look excellent in training; in production, where it is filled in "
        "later or not at all, nothing is left to go by."
    ),
    remedy=N_(
        "Find out when this column is written. If that is after the answer is known, leave it out, train again, and expect the "
        "lower figure to be the true one."
    ),
    statistic=N_(
        "How well this column alone ranks the rows by the true answer: 50% is guessing, 100% is knowing (for numbers: the share "
        "of the target's spread that the column alone explains)."
    ),
    source="Kaufman et al. 2012, doi:10.1145/2382577.2382579; Kapoor and Narayanan 2023, doi:10.1016/j.patter.2023.100804",
    severity=Severity.CRITICAL,
    suggests=TARGET_LEAKAGE,
    clear=0.95,
    thresholds={
        "knows_at": Shown(N_("How well a column must tell the label to know it by itself"), Unit.SHARE),
        "ahead_by": Shown(N_("Lead over every other column that counts"), Unit.SHARE),
        "fell_by": Shown(N_("Fall of what it tells that counts"), Unit.SHARE),
        "near": Shown(N_("How far it may lie behind the best other column"), Unit.SHARE),
        "gone_at": Shown(N_("Share of what it told that must be lost"), Unit.SHARE),
        "alike_at": Shown(N_("Share of the rows on which its values must agree"), Unit.SHARE),
        "held_at": Shown(N_("Share of what the other columns tell that must be left"), Unit.SHARE),
        "sure_at": Shown(N_("Standard errors by which a change must exceed chance"), Unit.NUMBER),
        "emptied_at": Shown(N_("Share of the rows in which it is no longer filled that counts"), Unit.SHARE),
    },
)
RULES: Final = (LEAK,)

BINS: Final = 40
LEVELS: Final = 200
CLASSES: Final = 10
MIN_ROWS: Final = 50


OTHERS: Final = 6
"""Columns besides the suspect one that are asked whether the answers themselves changed: those that know most."""

LITTLE: Final = 0.1
"""Knowledge above guessing, summed over these, below which they have nothing to lose."""


@dataclass(frozen=True)
class Knowledge:
    """How much one column alone says about the target.

    reference, current: between 0 and 1, AUC for classes (0.5 is guessing), R² for numbers; None where the side has no labels
    or no values. filled: share of rows with a value on either side. since: when the link broke within the current rows.
    alike: share of the rows on which the column's own distributions agree, 0 to 1. whole: no onset after the first row.
    """

    name: str
    reference: float
    current: float | None
    filled_before: float
    filled_after: float
    since: datetime | None
    alike: float = 0.0
    whole: bool = True
    error: float = 0.0
    """Standard error of the difference between both sides; 0 where there is nothing to compare."""


@dataclass(frozen=True)
class Leakage:
    """One entry per feature, the most knowing first. floor: the value of guessing, 0.5 for classes, 0 for numbers."""

    columns: tuple[Knowledge, ...]
    floor: float
    rows: int


def profile(incident: Incident) -> Leakage:
    """Raises NotApplicable without both tables or without labels in the reference."""
    drawn = samples(incident)
    incident.role("target")
    known = partial(incident, drawn)
    if known.truth.reference is None:
        raise NotApplicable(N_("The reference has no true answers, so no column can be held against them."), needs="target")
    numeric = known.task is Task.REGRESSION
    before = _targets(known.truth.reference, numeric, known.classes)
    after = None if known.truth.current is None else _targets(known.truth.current, numeric, known.classes)
    when = times(drawn.current, incident.roles.timestamp)
    begin = first(when)
    columns = []
    for name in drawn.features:
        left, right = drawn.reference[name], drawn.current[name]
        strength = _strength(_codes(left, drawn.kinds[name]), before, numeric)
        # A column that cannot be read any more is no longer known at all: that is a fault of the feed.
        if strength is None or _retyped(incident, name):
            continue
        now = None if after is None else _strength(_codes(right, drawn.kinds[name]), after, numeric)
        since = None
        if when is not None:
            change = None if after is None else onset(when, _surprise(left, right, drawn.kinds[name], before, after))
            since = change.since if change is not None and change.after > change.before else first(when)
        filled = float(left.notna().mean()), float(right.notna().mean())
        alike = _alike(left, right, drawn.kinds[name])
        error = 0.0 if now is None or after is None else _error(strength, before, now, after, numeric)
        columns.append(Knowledge(name, strength, now, *filled, since, alike, since == begin, error))
    columns.sort(key=lambda c: (-c.reference, c.name))
    return Leakage(tuple(columns), 0.0 if numeric else 0.5, len(drawn.reference))


def judge(
    p: Leakage,
    *,
    knows_at: float = 0.95,
    ahead_by: float = 0.15,
    fell_by: float = 0.1,
    near: float = 0.1,
    gone_at: float = 0.8,
    alike_at: float = 0.85,
    held_at: float = 0.65,
    emptied_at: float = 0.3,
    sure_at: float = 4.0,
) -> list[Finding]:
    """A column fires when it alone nearly knew the label and lost it.

    Nearly: at least half-way there and `ahead_by` ahead of every other column. Or `knows_at` (AUC or R²), or half-way there and
    at most `near` behind the best other column while its own values look as before in `alike_at` of the rows; both only when it
    lost `gone_at` of what it knew, the first also from the first row on: a feed that breaks keeps what it knew before. Lost:
    weaker by `fell_by` and by a third of what it had above guessing, or, without labels, no longer filled in `emptied_at` of the
    rows. The fall must be `sure_at` standard errors clear of chance: of a dozen positives an AUC is known to a tenth only, and
    the most knowing of many columns falls by having been chosen. The other columns must keep `held_at` of what they know: where
    all lose it, it is the labels that changed. A feature rarely passes 0.95 alone (Kaufman et al. 2012 call such columns "too
    good to be true").
    """
    findings: list[Finding] = []
    for position, column in enumerate(p.columns):
        others = max((c.reference for c in p.columns if c.name != column.name), default=p.floor)
        half = (p.floor + 1) / 2
        knew = max(column.reference - p.floor, 1e-9)
        gone = 0.0 if column.current is None else (column.reference - column.current) / knew
        ahead = position == 0 and column.reference >= max(half, others + ahead_by)
        knowing = column.reference >= knows_at and (column.current is None or (column.whole and gone >= gone_at))
        beside = column.reference >= max(half, others - near) and gone >= gone_at and column.alike >= alike_at
        if not (ahead or knowing or beside) or _held(p, column) < held_at:
            continue
        emptied = column.filled_before - column.filled_after > emptied_at
        if column.current is not None:
            fell = column.reference - column.current
            lost = fell >= max(fell_by, sure_at * column.error) and fell >= (column.reference - p.floor) / 3
        else:
            lost = emptied
        if not lost:
            continue
        entry = Leak(
            since=column.since,
            weight=float(np.clip(column.reference - (column.current or p.floor), 0, 1)),
            column=column.name,
            before=column.reference,
            after=column.current,
            floor=p.floor,
            filled=column.filled_after,
            gone=gone,
            alike=column.alike,
            best_other=others,
        )
        findings.append(LEAK.found(entry))
    return findings


def _held(p: Leakage, column: Knowledge) -> float:
    """Share of what the best other columns know above guessing that they still know; 1 where that is next to nothing."""
    others = [c for c in p.columns if c.name != column.name and c.current is not None][:OTHERS]
    knew = sum(c.reference - p.floor for c in others)
    return sum(max(0.0, (c.current or 0.0) - p.floor) for c in others) / knew if knew >= LITTLE else 1.0


def _retyped(incident: Incident, name: str) -> bool:
    tables = incident.pair()
    return tables.reference[name].kind is not tables.current[name].kind


def _alike(left: pd.Series, right: pd.Series, kind: Kind) -> float:
    """One less the total variation between the two sides' shares of bins or levels, missing being one of them."""
    if kind is Kind.CATEGORY:
        levels = {level: code for code, level in enumerate(pd.unique(pd.concat([left, right]).dropna()), start=1)}
        sides = [side.map(levels).fillna(0).to_numpy("int64") for side in (left, right)]
    else:
        cuts = _cuts(engine.seconds(left))
        cuts = cuts[:: max(1, len(cuts) // 10)]
        sides = [_codes(side, kind, cuts) for side in (left, right)]
    size = int(max(sides[0].max(initial=0), sides[1].max(initial=0))) + 1
    shares = [np.bincount(side, minlength=size) / max(1, side.size) for side in sides]
    return float(1 - 0.5 * np.abs(shares[0] - shares[1]).sum())


def _targets(truth: NDArray[np.generic], numeric: bool, classes: tuple[str, ...]) -> NDArray[np.float64]:
    """Shape (n, k): the number itself, or one 0/1 column per class (one suffices for two); NaN where the truth is missing."""
    if numeric:
        return truth.astype("float64")[:, None]
    asked = classes[-1:] if len(classes) == 2 else classes[:CLASSES]
    hits = np.column_stack([(truth == name).astype("float64") for name in asked]) if asked else np.zeros((truth.size, 0))
    hits[pd.isna(truth)] = np.nan
    return hits


def _codes(values: pd.Series, kind: Kind, cuts: NDArray[np.float64] | None = None) -> NDArray[np.intp]:
    """Each row's bin or level, shape (n,); 0 where missing."""
    if kind is Kind.CATEGORY:
        codes, levels = pd.factorize(values)
        if len(levels) > LEVELS:
            common = set(values.value_counts().index[:LEVELS])
            codes, _ = pd.factorize(values.where(values.isin(common)))
        return np.asarray(codes + 1)
    numbers = engine.seconds(values)
    if cuts is None:
        cuts = _cuts(numbers)
    return np.where(np.isnan(numbers), 0, np.searchsorted(cuts, numbers, side="left") + 1)


def _cuts(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    known = numbers[np.isfinite(numbers)]
    if not known.size:
        return np.array([])
    # A bin needs some 20 rows, or its mean says more about chance than about the target.
    bins = int(np.clip(known.size // 20, 4, BINS))
    return np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf"))


def _strength(codes: NDArray[np.intp], targets: NDArray[np.float64], numeric: bool) -> float | None:
    """The best over the target's columns, from bin means learnt on the other half of the rows; None for too few rows."""
    best = None
    for target in targets.T:
        known = np.isfinite(target)
        if known.sum() < MIN_ROWS or np.ptp(target[known]) == 0:
            continue
        told = _told(codes[known], target[known])
        value = _explained(told, target[known]) if numeric else _auc(told, target[known])
        best = value if best is None else max(best, value)
    return best


def _told(codes: NDArray[np.intp], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of each row's bin among the rows of the other parity, shape (n,): no row speaks for itself."""
    told = np.empty(target.size)
    even = np.arange(target.size) % 2 == 0
    size = int(codes.max()) + 1
    for mine in (even, ~even):
        count = np.bincount(codes[~mine], minlength=size)
        total = np.bincount(codes[~mine], target[~mine], minlength=size)
        overall = target[~mine].mean()
        # Two rows of the overall mean per bin, so that a bin of one row does not know everything.
        told[mine] = ((total + 2 * overall) / (count + 2))[codes[mine]]
    return told


def _auc(told: NDArray[np.float64], hit: NDArray[np.float64]) -> float:
    from scipy.stats import rankdata

    positive = hit == 1
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return 0.5
    return float((rankdata(told)[positive].sum() - n * (n + 1) / 2) / (n * m))


def _error(before: float, home: NDArray[np.float64], now: float, away: NDArray[np.float64], numeric: bool) -> float:
    """Standard error of the difference of two AUCs (Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747), or of two R²
    (that of a squared correlation at large samples, 2 r (1 - r²) / sqrt(n)). home, away: targets, shape (n, classes).
    """
    parts = []
    for value, targets in ((before, home), (now, away)):
        known = np.isfinite(targets[:, 0])
        rows = int(known.sum())
        if numeric:
            parts.append(2 * np.sqrt(value) * (1 - value) / np.sqrt(max(rows, 2)))
            continue
        # The rarest class, as nobody knows here which one gave the best value.
        hits = [int((column[known] == 1).sum()) for column in targets.T]
        few = max(1, min((hit for hit in hits if hit), default=1))
        few = min(few, rows - few) or 1
        many = max(1, rows - few)
        one, two = value / (2 - value), 2 * value**2 / (1 + value)
        spread = value * (1 - value) + (few - 1) * (one - value**2) + (many - 1) * (two - value**2)
        parts.append(float(np.sqrt(max(spread, 1e-9) / (few * many))))
    return float(np.hypot(*parts))


def _explained(told: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    return float(np.clip(1 - np.mean((target - told) ** 2) / max(float(np.var(target)), 1e-12), 0, 1))


def _surprise(
    left: pd.Series, right: pd.Series, kind: Kind, before: NDArray[np.float64], after: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Squared distance of the current truth from what the reference's bins say, shape (m,)."""
    if kind is Kind.CATEGORY:
        levels = {level: code for code, level in enumerate(pd.unique(left.dropna()), start=1)}
        codes = [side.map(levels).fillna(0).to_numpy("int64") for side in (left, right)]
    else:
        cuts = _cuts(engine.seconds(left))
        codes = [_codes(side, kind, cuts) for side in (left, right)]
    known = np.isfinite(before[:, 0])
    size = int(max(codes[0].max(), codes[1].max())) + 1
    count = np.bincount(codes[0][known], minlength=size)
    total = np.bincount(codes[0][known], before[known, 0], minlength=size)
    means = (total + 5 * before[known, 0].mean()) / (count + 5)
    return np.asarray((after[:, 0] - means[codes[1]]) ** 2)
