"""Who is in the data: groups that the reference hardly has, and groups that no longer come (selection bias)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.drift.columns import comparable
from diagnostics.measure import engine
from diagnostics.measure.engine import ColumnProfile
from diagnostics.measure.onset import since
from diagnostics.measure.samples import Samples, as_level, samples, times
from diagnostics.nouns import intervals
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, internal, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Null, Rule
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class GroupMoved(ColumnEntry):
    """The share of a group: rows with a level, with levels of two columns, or in a range of a number."""

    other: str
    """The second column; the first again where there is none."""

    level: str | None = shown(N_("Level"), Unit.NAME)
    """None for a range."""

    other_level: str | None
    """The level of the second column; the first again where there is none."""

    low: float | None = shown(N_("Lower end of the range"))
    high: float | None = shown(N_("Upper end of the range"))
    before: float = shown(N_("Share of the rows in the reference"), Unit.SHARE)
    after: float = shown(N_("Share of the rows in the current table"), Unit.SHARE)
    pair: bool = internal()
    """Whether two columns make the group."""


def _says(entry: GroupMoved) -> str:
    rose = entry.after > entry.before
    if entry.pair:
        if rose:
            return N_(
                "Rows with {column:name} {level:name} and {other:name} {other_level:name} rose from {before:percent} to "
                "{after:percent}."
            )
        return N_(
            "Rows with {column:name} {level:name} and {other:name} {other_level:name} fell from {before:percent} to "
            "{after:percent}."
        )
    if entry.level is not None:
        if rose:
            return N_("Rows with {column:name} {level:name} rose from {before:percent} to {after:percent}.")
        return N_("Rows with {column:name} {level:name} fell from {before:percent} to {after:percent}.")
    if entry.low is None:
        return N_("Rows with {column:name} at most {high:number} went from {before:percent} to {after:percent}.")
    if entry.high is None:
        return N_("Rows with {column:name} above {low:number} went from {before:percent} to {after:percent}.")
    return N_("Rows with {column:name} above {low:number} up to {high:number} went from {before:percent} to {after:percent}.")


SHARES: Final = {
    "hardly": Shown(N_("Share up to which a side hardly has the group"), Unit.SHARE),
    "many": Shown(N_("Share from which the other side has many of it"), Unit.SHARE),
    "times_more": Shown(N_("Factor between the two shares that counts"), Unit.NUMBER),
}

HARDLY_KNOWN: Final = Rule[GroupMoved](
    code="DRF040",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("A group that the reference hardly has"),
    says=_says,
    why=N_("The model learnt next to nothing about these rows, and now must answer for many of them."),
    remedy=N_("Collect labelled rows of this group before trusting the answers for it; until then send them to a person."),
    statistic=N_("Share of the group: of a hundred rows, how many belong to it, before and now."),
    source="Heckman 1979 (selection bias), doi:10.2307/1912352; Wilson 1927, doi:10.1080/01621459.1927.10502953",
    thresholds=SHARES,
)
HARDLY_SEEN: Final = Rule[GroupMoved](
    code="DRF041",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("A group that no longer comes"),
    says=_says,
    why=N_("A part of the rows that the model was built for is missing: a filter, a feed or a region dropped out."),
    remedy=N_("Ask where these rows went: look for a filter that was added, or a source that stopped."),
    statistic=N_("Share of the group: of a hundred rows, how many belong to it, before and now."),
    source="Heckman 1979 (selection bias), doi:10.2307/1912352; Wilson 1927, doi:10.1080/01621459.1927.10502953",
    thresholds=SHARES,
)
RULES: Final = (HARDLY_KNOWN, HARDLY_SEEN)

NUMBER_GROUPS: Final = 5
LEVELS: Final = 30
PAIR_GROUPS: Final = 200


@dataclass(frozen=True)
class Group:
    """Rows that have something in common.

    columns: one name, or two for a group of two columns. levels: a level per column; None for a range. low, high: the range of a
    number, open below and closed above, None where it does not end. Shares of the rows with a value, with intervals corrected for
    the number of groups.
    """

    columns: tuple[str, ...]
    levels: tuple[str, ...]
    low: float | None
    high: float | None
    reference: Interval
    current: Interval
    since: datetime | None = None


@dataclass(frozen=True)
class Groups:
    """Groups of single columns in the reference's order, then of pairs of segment columns; rows of the full tables."""

    groups: tuple[Group, ...]
    rows: Sides[int]


def profile(incident: Incident) -> Groups:
    """Raises NotApplicable without both tables or a column to group by."""
    tables = incident.pair()
    drawn = samples(incident)
    counted = engine.profiles(tables, seed=incident.seed)
    names = [name for name in comparable(drawn) if name in counted.reference.columns]
    names = [n for n in names if counted.reference.columns[n].count and counted.current.columns[n].count]
    if not names:
        raise NotApplicable(N_("The two tables share no column to group the rows by."), needs="current")
    # 99.9% over all groups that are looked at, at about six a column.
    from scipy.stats import norm

    z = float(norm.isf(0.0005 / (6 * len(names))))
    when = times(drawn.current, incident.roles.timestamp)
    groups: list[Group] = []
    for name in names:
        before, after = counted.reference.columns[name], counted.current.columns[name]
        whole = Sides(before.count, after.count)
        made = _levels(before, after, whole, z) if drawn.kinds[name] is Kind.CATEGORY else _ranges(before, after, whole, z)
        groups += made
    groups += _pairs(drawn, incident.roles.segments, z)
    dated = tuple(_dated(group, drawn, when) for group in groups)
    return Groups(dated, Sides(tables.reference.rows, tables.current.rows))


def _levels(before: ColumnProfile, after: ColumnProfile, whole: Sides[int], z: float) -> Iterator[Group]:
    order = sorted(range(len(before.levels)), key=lambda i: -max(before.levels[i], after.levels[i]))[:LEVELS]
    for i in sorted(order):
        yield Group(
            (before.column.name,),
            (before.grid.levels[i],),
            None,
            None,
            intervals.share(before.levels[i], whole.reference, z=z),
            intervals.share(after.levels[i], whole.current, z=z),
        )


def _ranges(before: ColumnProfile, after: ColumnProfile, whole: Sides[int], z: float) -> Iterator[Group]:
    """Neighbouring bins of the grid put together to about a fifth of the reference each; beyond its extremes by themselves."""
    edges = before.grid.edges
    if not edges:
        return
    cuts = [0]
    total, share = 0, sum(before.bins[1:-1]) / NUMBER_GROUPS
    for number in range(1, len(edges)):
        total += before.bins[number]
        if total >= share * 0.999 and number < len(edges) - 1:
            cuts.append(number)
            total = 0
    if len(edges) > 1:
        cuts.append(len(edges) - 1)
    starts = [0, *(cut + 1 for cut in cuts)]
    stops = [*(cut + 1 for cut in cuts), len(edges) + 1]
    new_below = before.bins[0] + after.bins[0] > 0
    for start, stop in zip(starts, stops, strict=True):
        if start == 0 and not new_below:
            continue
        yield Group(
            (before.column.name,),
            (),
            edges[start - 1] if start > (0 if new_below else 1) else None,
            edges[stop - 1] if stop <= len(edges) else None,
            intervals.share(sum(before.bins[start:stop]), whole.reference, z=z),
            intervals.share(sum(after.bins[start:stop]), whole.current, z=z),
        )


def _pairs(drawn: Samples, segments: Sequence[str], z: float) -> Iterator[Group]:
    chosen = [s for s in segments if s in drawn.features and drawn.kinds[s] is not Kind.TIME][:4]
    for i, one in enumerate(chosen):
        for other in chosen[i + 1 :]:
            both = [
                Counter(k for k in zip(as_level(frame[one]), as_level(frame[other]), strict=True) if None not in k)
                for frame in (drawn.reference, drawn.current)
            ]
            keys = sorted({*both[0], *both[1]}, key=lambda k: (-both[0].get(k, 0) - both[1].get(k, 0), k))[:PAIR_GROUPS]
            totals = [sum(side.values()) for side in both]
            for key in keys:
                yield Group(
                    (one, other),
                    key,
                    None,
                    None,
                    intervals.share(both[0].get(key, 0), totals[0], z=z),
                    intervals.share(both[1].get(key, 0), totals[1], z=z),
                )


def _members(group: Group, frame: pd.DataFrame) -> NDArray[np.float64]:
    if group.levels:
        inside = np.ones(len(frame), dtype=bool)
        for name, level in zip(group.columns, group.levels, strict=True):
            inside &= (as_level(frame[name]) == level).to_numpy(dtype=bool)
        return inside.astype("float64")
    values = engine.seconds(frame[group.columns[0]])
    low = -np.inf if group.low is None else group.low
    high = np.inf if group.high is None else group.high
    return np.asarray((values > low) & (values <= high), dtype="float64")


def _dated(group: Group, drawn: Samples, when: NDArray[np.datetime64] | None) -> Group:
    if when is None or not (group.reference.apart(group.current) and abs(group.reference.value - group.current.value) >= 0.05):
        return group
    sign = 1.0 if group.current.value > group.reference.value else -1.0
    began = since(when, sign * _members(group, drawn.current), sign * group.reference.value)
    return Group(group.columns, group.levels, group.low, group.high, group.reference, group.current, began)


def judge(p: Groups, *, hardly: float = 0.02, many: float = 0.1, times_more: float = 5.0) -> list[Finding]:
    """A group fires when it has less than `hardly` of one side and more than `many` of the other, by `times_more` at least.

    Below two in a hundred rows a model hardly learns a group, at ten in a hundred it decides the average (Heckman 1979 calls this
    selection). A group of two columns is told only when neither column alone tells it. Intervals that touch are chance.
    """
    findings: list[Finding] = []
    told: set[str] = set()
    for group in sorted(p.groups, key=lambda g: (len(g.columns), -abs(g.current.value - g.reference.value))):
        if not group.reference.apart(group.current) or (len(group.columns) > 1 and told & set(group.columns)):
            continue
        before, after = group.reference.value, group.current.value
        if len(group.columns) == 1 and group.columns[0] in told and not group.levels:
            continue  # One range of a number says it; the others are its mirror.
        came = before <= hardly and after >= many and after >= times_more * before
        went = after <= hardly and before >= many and before >= times_more * after
        if not came and not went:
            continue
        told |= set(group.columns) if len(group.columns) == 1 else set()
        entry = GroupMoved(
            columns=group.columns,
            since=group.since,
            weight=float(abs(after - before)),
            column=group.columns[0],
            other=group.columns[-1],
            level=group.levels[0] if group.levels else None,
            other_level=group.levels[-1] if group.levels else None,
            # The edge below the reference's least value is the next smaller float, which nobody wants to read.
            low=None if group.low is None else 0.0 if abs(group.low) < 1e-300 else group.low,
            high=group.high,
            before=before,
            after=after,
            pair=len(group.columns) > 1,
        )
        findings.append((HARDLY_KNOWN if came else HARDLY_SEEN).found(entry))
    return findings
