"""Segments: is it all predictions, or a group?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.confirm.segments import slices
from diagnostics.checks.confirm.segments.slices import Axis, Slice
from diagnostics.measure.onset import since
from diagnostics.measure.outcome import outcome
from diagnostics.measure.samples import samples, times
from diagnostics.nouns import intervals
from diagnostics.nouns.entry import Entry, Shown, Unit, internal, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity, Sign
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class GroupWorse(Entry):
    """A group of rows and its mean loss, beside all other rows."""

    segment: str | None = shown(N_("Group"), Unit.NAME)
    before: float = shown(N_("Error of the group in the reference"))
    after: float = shown(N_("Error of the group in the current table"))
    low: float = shown(N_("In the current table, lower end of the 95% interval"))
    high: float = shown(N_("In the current table, upper end of the 95% interval"))
    rest_before: float = shown(N_("Error of all other rows in the reference"))
    rest_after: float = shown(N_("Error of all other rows in the current table"))
    size: float = shown(N_("Share of the rows in the group"), Unit.SHARE)
    rows: int = shown(N_("Rows in the group"), Unit.COUNT)
    excess: float = shown(N_("Share of the additional error that lies in the group"), Unit.SHARE)
    p_value: float = shown(N_("p-value, corrected for all groups looked at"))
    loss: str = internal()
    """Name of the loss."""


@dataclass(frozen=True, kw_only=True)
class Everywhere(Entry):
    """The worst group, where it holds little of the additional error."""

    worst: float = shown(N_("Share of the additional error that lies in the worst group"), Unit.SHARE)
    columns_searched: int = shown(N_("Columns that groups were made of"), Unit.COUNT)


SAYS: Final = {
    "error rate": N_(
        "Where {segment}, the error rate rose from {before:percent} to {after:percent} "
        "(95% interval {low:percent} to {high:percent}); elsewhere it went from {rest_before:percent} to {rest_after:percent}."
    ),
    "Brier score": N_(
        "Where {segment}, the mean squared error of the probabilities rose from {before:number} to {after:number}; "
        "elsewhere it went from {rest_before:number} to {rest_after:number}."
    ),
    "mean absolute error": N_(
        "Where {segment}, the mean error rose from {before:number} to {after:number}; "
        "elsewhere it went from {rest_before:number} to {rest_after:number}."
    ),
}


def _says(entry: GroupWorse) -> str:
    return SAYS[entry.loss]


GROUP_WORSE: Final = Rule[GroupWorse](
    code="CON011",
    lane=Lane.ACCURACY,
    title=N_("A group of rows is hit harder than the rest"),
    says=_says,
    why=N_(
        "An average hides a group for which the model fails. The group often names the feed, the region or the product at fault."
    ),
    remedy=N_("Look at the rows of this group first: ask what changed for them, and send them to a person until it is mended."),
    statistic=N_("Mean error of the rows of the group, held against the same group in the reference and against all other rows."),
    source="Sagadeeva and Boehm 2021 (SliceLine), doi:10.1145/3448016.3457323; Benjamini and Hochberg 1995",
    severity=Severity.WARNING,
    shows=Sign.WORSE,
    thresholds={
        "p_at": Shown(N_("Largest p-value that counts"), Unit.NUMBER),
        "relative_at": Shown(
            N_("Rise of the group's error, as a share of all rows' error in the reference, that counts"), Unit.SHARE
        ),
        "contrast_at": Shown(N_("How much more than elsewhere it must rise, as a share of the same"), Unit.SHARE),
        "rise_at": Shown(N_("Rise of the error rate that counts"), Unit.SHARE),
        "critical_size": Shown(N_("Share of the rows from which a doubled error is called critical"), Unit.SHARE),
    },
)
EVERYWHERE: Final = Rule[Everywhere](
    code="CON012",
    lane=Lane.ACCURACY,
    title=N_("The errors rose in all groups alike"),
    says=N_("The errors rose everywhere: no group of one or two columns holds half of the additional errors."),
    why=N_("When no group stands out, look for a cause that touches every row: the model, the labels, or a whole column."),
    remedy=N_("Go on to the inputs and to the comparison of the data."),
    statistic=N_("Share of the additional errors that lies in the worst group, beside the share of rows that the group has."),
    source="Sagadeeva and Boehm 2021 (SliceLine), doi:10.1145/3448016.3457323",
    severity=Severity.INFO,
    thresholds={
        "concentrated_at": Shown(N_("Share of the additional error from which one group holds it"), Unit.SHARE),
        "rose_at": Shown(N_("Rise of the error, as a share of the reference's, that counts"), Unit.SHARE),
    },
)
RULES: Final = (GROUP_WORSE, EVERYWHERE)

SHOWN: Final = 10
SMALLEST: Final = 20
SMALLEST_SHARE: Final = 0.01
OWN: Final = 0.2
"""Share of its rows that a further group must have to itself."""

LOOKED: Final = 200
"""Of the surest groups, those held against the ones already listed."""


@dataclass(frozen=True)
class Segment:
    """text: "country = DE and age 40 to 52". columns: what describes it. size: share of the current rows. rows: per side.

    reference, current: mean loss with 95% interval; rest: mean loss of all other current rows, and before. excess: share of the
    additional loss of the current table that lies in the group. p_value: corrected. stated: by columns named as segments.
    """

    text: str
    columns: tuple[str, ...]
    size: float
    rows: Sides[int]
    reference: Interval
    current: Interval
    rest: Sides[float]
    excess: float
    p_value: float
    stated: bool
    since: datetime | None


@dataclass(frozen=True)
class Segments:
    """Groups whose loss rose more than elsewhere, surest first. loss: its name; reference, current: mean of all rows."""

    loss: str
    segments: tuple[Segment, ...]
    reference: Interval
    current: Interval
    columns: int
    rows: Sides[int]


def profile(incident: Incident) -> Segments:
    """Raises NotApplicable without both tables, a target and a prediction with truth on both sides."""
    drawn = samples(incident)
    found = outcome(incident, drawn)
    before, after = found.loss("reference"), found.loss("current")
    if before is None or after is None or not (np.isfinite(before).any() and np.isfinite(after).any()):
        raise NotApplicable(
            N_("Groups can be compared only where both tables have true answers and predictions."), needs="target"
        )
    stated = [name for name in incident.roles.segments if name in drawn.features]
    cut = slices.axes(drawn, [*stated, *(name for name in drawn.features if name not in stated)])
    kept = [np.isfinite(before), np.isfinite(after)]
    # A few infinite errors must not decide which group is worst.
    cap = float(np.quantile(before[kept[0]], 0.995))
    top = cap if cap > 0 else float(after[kept[1]].max())
    sides = [
        slices.Side(np.minimum(loss[rows], top), slices.codes(frame[rows], cut))
        for loss, rows, frame in ((before, kept[0], drawn.reference), (after, kept[1], drawn.current))
    ]
    smallest = max(SMALLEST, round(SMALLEST_SHARE * sides[1].loss.size))
    listed = _distinct(slices.search(sides[0], sides[1], cut, smallest=smallest), sides)
    full = (before[kept[0]], after[kept[1]])
    when = times(drawn.current, incident.roles.timestamp)
    clock = None if when is None else when[kept[1]]
    segments = tuple(_segment(s, cut, sides, full, clock, set(stated)) for s in listed)
    return Segments(
        found.loss_name,
        segments,
        intervals.mean(full[0]),
        intervals.mean(full[1]),
        len(cut),
        Sides(int(kept[0].sum()), int(kept[1].sum())),
    )


def _inside(found: Slice, side: slices.Side) -> NDArray[np.bool_]:
    mask = np.ones(side.loss.size, dtype=bool)
    for axis, first, last in found.parts:
        mask &= (side.codes[:, axis] >= first) & (side.codes[:, axis] <= last)
    return mask


def _distinct(found: list[Slice], sides: list[slices.Side]) -> list[Slice]:
    """The surest groups that are no mere shadow of a surer one: apart from its rows, they must have risen too.

    One column is preferred to two that are hardly surer.
    """
    before, after = sides
    usual = float(before.loss.mean())
    taken = [np.zeros(side.loss.size, dtype=bool) for side in sides]
    kept = []
    for candidate in sorted(found, key=lambda s: (-s.strength * (1.0 if len(s.parts) == 1 else 0.85), s.parts))[:LOOKED]:
        masks = [_inside(candidate, side) for side in sides]
        left = [mask & ~gone for mask, gone in zip(masks, taken, strict=True)]
        if left[1].sum() < max(SMALLEST, OWN * masks[1].sum()):
            continue
        rises = []
        for past, now in (masks, left):
            base = float(before.loss[past].mean()) if past.sum() >= SMALLEST else usual
            rises.append(float(after.loss[now].mean()) - base)
        if rises[1] < 0.5 * rises[0]:
            continue
        kept.append(candidate)
        taken = [gone | mask for gone, mask in zip(taken, masks, strict=True)]
        if len(kept) == SHOWN:
            break
    return kept


def _segment(
    found: Slice,
    cut: list[Axis],
    sides: list[slices.Side],
    full: tuple[NDArray[np.float64], NDArray[np.float64]],
    clock: NDArray[np.datetime64] | None,
    stated: set[str],
) -> Segment:
    masks = [_inside(found, side) for side in sides]
    left, right = full[0][masks[0]], full[1][masks[1]]
    usual = intervals.mean(left) if left.size >= SMALLEST else intervals.mean(full[0])
    rise = float(right.mean()) - usual.value
    rest = Sides(_mean(full[0][~masks[0]]), _mean(full[1][~masks[1]]))
    total = float(full[1].mean() - full[0].mean())
    size = right.size / full[1].size
    names = slices.columns(found, cut)
    began = None if clock is None else since(clock[masks[1]], right, usual.value)
    return Segment(
        slices.text(found, cut),
        names,
        size,
        Sides(int(left.size), int(right.size)),
        usual,
        intervals.mean(right),
        rest,
        float(np.clip(rise * size / total, 0, 1)) if total > 0 else 1.0,
        found.p_value,
        set(names) <= stated,
        began,
    )


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else float("nan")


def judge(
    p: Segments,
    *,
    p_at: float = 0.01,
    relative_at: float = 0.4,
    contrast_at: float = 0.25,
    rise_at: float = 0.05,
    concentrated_at: float = 0.5,
    rose_at: float = 0.1,
    critical_size: float = 0.05,
) -> list[Finding]:
    """Up to three groups fire whose loss rose by `relative_at` of the whole reference's loss, by `contrast_at` of it more than
    elsewhere (and by `rise_at` for an error rate), with a corrected p-value below `p_at`.

    A doubled loss in `critical_size` of the rows is critical. When all rows became worse by `rose_at` and no group that fires
    holds `concentrated_at` of the additional loss, that is said as well. The p-value is corrected for all groups looked at
    (Benjamini and Hochberg 1995); the amounts were chosen on benchmarks/incidents: they keep random halves of public tables
    silent.
    """
    floor = rise_at if p.loss == "error rate" else 0.0
    usual = max(p.reference.value, 1e-12)
    fired = []
    for segment in p.segments:
        rise = segment.current.value - segment.reference.value
        beyond = rise - max(0.0, segment.rest.current - segment.rest.reference)
        if segment.p_value <= p_at and rise >= max(floor, relative_at * usual) and beyond >= contrast_at * usual:
            fired.append((segment, rise))
    # The groups that a person named come first where they explain about as much.
    fired.sort(key=lambda pair: (-(pair[0].excess + (0.1 if pair[0].stated else 0.0)), pair[0].text))
    findings: list[Finding] = [_worse(segment, rise, usual, p, critical_size) for segment, rise in fired[:3]]
    rose = p.current.low > p.reference.high and p.current.value >= (1 + rose_at) * p.reference.value
    share = max((segment.excess for segment, _ in fired), default=0.0)
    if rose and share < concentrated_at:
        findings.append(EVERYWHERE.found(Everywhere(worst=share, columns_searched=p.columns)))
    return findings


def _worse(segment: Segment, rise: float, usual: float, p: Segments, critical_size: float) -> Finding[GroupWorse]:
    severe = rise >= usual and segment.size >= critical_size
    entry = GroupWorse(
        columns=segment.columns,
        since=segment.since,
        weight=float(np.clip(segment.excess * min(1.0, rise / usual), 0, 1)),
        segment=segment.text,
        before=segment.reference.value,
        after=segment.current.value,
        low=max(0.0, segment.current.low),
        high=segment.current.high,
        rest_before=segment.rest.reference,
        rest_after=segment.rest.current,
        size=segment.size,
        rows=segment.rows.current,
        excess=segment.excess,
        p_value=segment.p_value,
        loss=p.loss,
    )
    return GROUP_WORSE.found(entry, severity=Severity.CRITICAL if severe else Severity.WARNING)
