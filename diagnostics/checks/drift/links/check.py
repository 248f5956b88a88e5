"""Links: does each column still go along with the others in its row, or do its values stand in the wrong rows?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import MISJOINED_COLUMN
from diagnostics.checks.drift.columns import comparable, gap
from diagnostics.checks.drift.links.forecasts import RIDGE, Forecasts, Seen
from diagnostics.measure.onset import since as began
from diagnostics.measure.placebo import chance_of_rises
from diagnostics.measure.samples import Samples, samples, times
from diagnostics.measure.undo import Undo
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Unlinked(ColumnEntry):
    """A `Link` that is lost."""

    before: float = shown(N_("Correlation with what the other columns predict, reference"))
    after: float = shown(N_("Correlation with what the other columns predict, current table"))
    sure: float = shown(N_("Change in standard errors"))
    gap: float = shown(N_("How far its own values moved, 0 to 1"))
    beyond: float | None = shown(N_("Share of its variance that features predict beyond the label"), Unit.SHARE)
    kept: float = shown(N_("Share of the other columns' links that stand"), Unit.SHARE)


UNLINKED: Final = Rule[Unlinked](
    code="DRF015",
    lane=Lane.DATA,
    title=N_("A column no longer goes along with the others"),
    says=N_(
        "{column:name} no longer goes along with the other columns: they predicted it with a correlation of {before:number}, "
        "now of {after:number}; its values by themselves look as before, and the links among the other columns stand."
    ),
    why=N_("Each value is one that the column always had, but it stands in the wrong row, as after a join on the wrong key."),
    remedy=N_("Check the join that brings this column: its key, its date, and whether an index was shifted."),
    statistic=N_(
        "How well the other columns of a row predict this one: 0% is not at all, 100% is exactly; on reference rows that the "
        "forecast was not learnt on, and on current rows."
    ),
    source="Whittaker 1990, Graphical Models in Applied Multivariate Statistics (partial regression from the inverse of the "
    "covariance); Fisher 1915, doi:10.2307/2331838; Lopez-Paz and Oquab 2017, arXiv:1610.06545",
    severity=Severity.CRITICAL,
    suggests=MISJOINED_COLUMN,
    clear=0.93,
    thresholds={
        "sure_at": Shown(N_("Standard errors by which a change must exceed chance"), Unit.NUMBER),
        "linked_at": Shown(N_("Correlation in the reference that is a link"), Unit.NUMBER),
        "left_at": Shown(N_("Share of the correlation that may be left"), Unit.SHARE),
        "gap_at": Shown(N_("How far its own values may move, 0 to 1"), Unit.NUMBER),
        "beyond_at": Shown(N_("Share of its variance that features must predict beyond the label"), Unit.SHARE),
        "kept_at": Shown(N_("Share of the other columns' links that must stand"), Unit.SHARE),
    },
)
RULES: Final = (UNLINKED,)

ROWS: Final = 8_000
"""Rows of a side: a correlation is then known to 0.011."""

CELLS: Final = 240_000
"""Rows times columns of a side, so that wide tables take no longer than narrow ones."""

COLUMNS: Final = 100
"""Columns compared at most: the first of the table."""

SUSPECTS: Final = 12
"""Columns that are put aside in turn, to see whether the others then hold together; half as many in wide tables."""

KEPT_ROWS: Final = 2_500
"""Rows of a side, about, on which the other columns' links are looked at once more."""

TOLD: Final = 4.0
"""Standard errors by which a column must have lost its link to be a suspect at all."""

STAYED: Final = 0.15
"""How far a column may have moved by itself, 0 to 1, to bear witness for others."""

EMPTIED: Final = 0.05
"""Share of the rows whose value may have gone missing or be new."""

LEAST: Final = 120
"""Rows of a side below which correlations are too uncertain to be held against each other."""


@dataclass(frozen=True)
class Link:
    """One column. before, after: correlation of the column with what the others predict for it, on reference rows that the
    forecast did not see and on the current rows from the change on, -1 to 1; of all but the first, the most suspect one, as they
    hold together without that. sure: how far it fell with all others as witnesses, in standard errors. gap: how far the column
    moved by itself, 0 to 1. beyond: share of its variance that the other features predict besides the target; None without a
    target. kept: how much of the other columns' links is left once this one is put aside, 1 is all of it.
    """

    column: str
    before: float
    after: float
    sure: float
    gap: float
    beyond: float | None
    kept: float
    since: datetime | None
    chance: float = 0.0
    """Chance of as large a fall among all columns if nothing had changed, 0 to 1; 0 where there is too little to exchange."""


@dataclass(frozen=True)
class Links:
    """links: of every column that by itself stayed as it was, most likely in the wrong rows first; empty with fewer than three.
    rows: compared, a side.
    """

    links: tuple[Link, ...]
    rows: Sides[int]


def profile(incident: Incident) -> Links:
    """Raises NotApplicable without both tables, three columns to compare, or 120 rows a side."""
    drawn = samples(incident)
    rng = np.random.default_rng([incident.seed, 14])
    most = min(ROWS, CELLS // max(1, min(COLUMNS, len(drawn.features))))
    rows = [np.sort(rng.permutation(len(side))[:most]) for side in (drawn.reference, drawn.current)]
    sides = Sides(drawn.reference.iloc[rows[0]], drawn.current.iloc[rows[1]])
    # Columns that changed by themselves have their own checks; as witnesses for others they are worth nothing any more.
    gaps = {
        name: float(gap(sides.reference[name], sides.current[name], drawn.kinds[name])) for name in comparable(drawn)[:COLUMNS]
    }
    if len(gaps) < 3 or min(map(len, rows)) < LEAST:
        raise NotApplicable(
            N_("Whether columns still belong together needs three columns and 120 rows on both sides."), needs="current"
        )
    names = [name for name, moved in gaps.items() if moved <= STAYED and not _emptied(sides, name)]
    if len(names) < 3:
        return Links((), Sides(len(rows[0]), len(rows[1])))
    half = rng.permutation(len(rows[0])) % 2 == 0
    seen = Seen.of(drawn, names, _target(incident, drawn), rows, half)
    when = times(sides.current, incident.roles.timestamp)
    told = Forecasts.of(seen)
    first = [_link(seen, told, number, when) for number in range(len(names))]
    chances = chance_of_rises(incident, (rows[0], rows[1]), {names[n]: _falls(seen, told, n) for n in range(len(names))})
    order = sorted(range(len(names)), key=lambda number: (-first[number].sure, names[number]))
    kept = {
        number: _kept(seen, number, first[number].since, when)
        for number in order[: SUSPECTS if len(names) <= 40 else SUSPECTS // 2]
        if first[number].sure > 0
    }
    # A column in the wrong rows takes links from all that leaned on it: at fault is the one without which the others stand.
    order.sort(key=lambda number: -round(kept[number] * min(1.0, first[number].sure / TOLD), 3) if number in kept else 1.0)
    links = []
    labelled = None if seen.target is None else Forecasts.of(seen, labelled=True)
    # The others are shown as they hold together without the first, or they would seem to be at fault with it.
    without = Forecasts.of(seen, without=order[0])
    for place, number in enumerate(order):
        link = first[number] if not place else replace(_link(seen, without, number, when), sure=first[number].sure)
        links.append(
            replace(
                link,
                gap=gaps[link.column],
                beyond=None if labelled is None else _beyond(seen, labelled, number),
                kept=kept.get(number, 1.0),
                chance=chances.get(link.column, 0.0),
            )
        )
    return Links(tuple(links), Sides(len(rows[0]), len(rows[1])))


def _emptied(sides: Sides[pd.DataFrame], name: str) -> bool:
    """Whether values went missing, or became ones that the reference never had."""
    before, after = sides.reference[name], sides.current[name]
    if after.isna().mean() > before.isna().mean() + EMPTIED:
        return True
    return before.dtype == object and bool((after.notna() & ~after.isin(set(before.dropna()))).mean() > EMPTIED)


def _products(actual: NDArray[np.float64], told: NDArray[np.float64], rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Of the chosen rows, what makes up their correlation: the mean is the correlation, shape (n,), NaN in all other rows."""
    made = np.full(len(actual), np.nan)
    if rows.sum() < LEAST:
        return made
    a, b = actual[rows] - actual[rows].mean(axis=0), told[rows] - told[rows].mean(axis=0)
    size = float(np.sqrt((a**2).sum() * (b**2).sum()) / len(a))
    made[rows] = (a * b).sum(axis=1) / size if size > 1e-12 else 0.0
    return made


def _link(seen: Seen, told: Forecasts, number: int, when: NDArray[np.datetime64] | None) -> Link:
    block, name = seen.blocks[number], seen.names[number]
    before, after = told.reference[:, told.own[number]], told.current[:, told.own[number]]
    home = _values(_products(seen.reference[:, block.outputs], before, seen.known.reference[:, number]))
    present = seen.known.current[:, number]
    row_by_row = _products(seen.current[:, block.outputs], after, present)
    if not home.size or not np.isfinite(row_by_row).any():
        return Link(name, 0.0, 0.0, 0.0, 0.0, None, 1.0, None)
    since = began(when, -row_by_row, -float(home.mean()))
    late = _late(since, when, present)
    away = _values(_products(seen.current[:, block.outputs], after, late))
    error = float(np.hypot(home.std() / np.sqrt(home.size), away.std() / np.sqrt(away.size)))
    sure = (float(home.mean()) - float(away.mean())) / max(error, 1e-9)
    return Link(name, float(home.mean()), float(away.mean()), sure, 0.0, None, 1.0, since)


def _falls(seen: Seen, told: Forecasts, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each row of both sides, how much it takes from the correlation of the column with its forecast; NaN where unknown."""
    own, outputs, known = told.own[number], seen.blocks[number].outputs, seen.known
    before = _products(seen.reference[:, outputs], told.reference[:, own], known.reference[:, number])
    after = _products(seen.current[:, outputs], told.current[:, own], known.current[:, number])
    return -before, -after


def _values(products: NDArray[np.float64]) -> NDArray[np.float64]:
    return products[np.isfinite(products)]


def _late(since: datetime | None, when: NDArray[np.datetime64] | None, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Those of `rows` from the change on; all of them where too few would be left."""
    if since is None or when is None:
        return rows
    late = rows & (when >= np.datetime64(since, "us"))
    return late if late.sum() >= LEAST else rows


def _kept(seen: Seen, number: int, since: datetime | None, when: NDArray[np.datetime64] | None) -> float:
    """How much of the other columns' links is left, by their squares, when column `number` predicts nothing."""
    told = Forecasts.of(seen, without=number)
    # Every column has a say: a part of the rows is enough for all of them together.
    few = [max(1, len(side) // KEPT_ROWS) for side in (seen.reference, seen.current)]
    left = whole = 0.0
    for place, block in enumerate(seen.blocks):
        if place == number:
            continue
        before, after = told.reference[:: few[0], told.own[place]], told.current[:: few[1], told.own[place]]
        home = _values(_products(seen.reference[:: few[0], block.outputs], before, seen.known.reference[:: few[0], place]))
        late = _late(since, when, seen.known.current[:, place])
        away = _values(_products(seen.current[:: few[1], block.outputs], after, late[:: few[1]]))
        if home.size and away.size and home.mean() > 0.05:
            linked = float(home.mean())
            left += linked * max(0.0, min(float(away.mean()), linked))
            whole += linked**2
    return left / whole if whole else 1.0


def _beyond(seen: Seen, labelled: Forecasts, number: int) -> float:
    """Share of the column's variance on the reference that features predict on top of the target."""
    block, half = seen.blocks[number], seen.half
    actual = seen.reference[:, block.outputs]
    whole = labelled.reference[:, labelled.own[number]]
    label = seen.reference[:, seen.target]
    alone = np.empty_like(whole)
    for rows in (half, ~half):
        fit = label[~rows]
        alone[rows] = label[rows] @ np.linalg.solve(fit.T @ fit + RIDGE * np.eye(fit.shape[1]), fit.T @ actual[~rows])
    size = float((actual**2).sum())
    if size <= 0:
        return 0.0
    return float((((actual - alone) ** 2).sum() - ((actual - whole) ** 2).sum()) / size)


def _target(incident: Incident, drawn: Samples) -> str | None:
    target = incident.roles.target
    return target if target in drawn.kinds and drawn.reference[target].notna().sum() >= LEAST else None


def judge(
    p: Links,
    *,
    sure_at: float = 4.5,
    linked_at: float = 0.06,
    left_at: float = 0.75,
    gap_at: float = 0.05,
    beyond_at: float = 0.004,
    kept_at: float = 0.96,
    chance_at: float = 0.01,
) -> list[Finding]:
    """The column that lost its link, by `sure_at` standard errors and down to `left_at` of a correlation of at least `linked_at`,
    while its own distribution moved by less than `gap_at` beyond chance, the features told more about it than the target does
    (`beyond_at`; else it may be the answer that left it), and the links among all others stand (`kept_at`).

    The amounts were chosen on benchmarks/incidents. Chance passes four and a half standard errors once in 300,000 columns.
    Seasons move many links a little: hence `left_at`.
    """
    if not p.links:
        return []
    link = p.links[0]
    chance = 1.36 * float(np.sqrt(1 / p.rows.reference + 1 / p.rows.current))
    lost = link.sure >= sure_at and link.before >= linked_at and link.after <= left_at * link.before
    alone = link.kept >= kept_at and (link.beyond is None or link.beyond >= beyond_at)
    if not lost or not alone or link.gap > gap_at + chance or link.chance > chance_at:
        return []
    entry = Unlinked(
        since=link.since,
        weight=float(np.clip(link.before - link.after, 0, 1)),
        column=link.column,
        before=link.before,
        after=link.after,
        sure=link.sure,
        gap=link.gap,
        beyond=link.beyond,
        kept=link.kept,
    )
    return [UNLINKED.found(entry)]


def undo(finding: Finding[Unlinked], incident: Incident) -> Undo:
    """Values in the wrong rows say nothing: the column can only be left out."""
    return Undo(leave_out=finding.columns)
