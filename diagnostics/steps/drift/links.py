"""Links: does each column still go along with the others in its row, or do its values stand in the wrong rows?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.finding import Finding, NotApplicable, Rule, Severity
from diagnostics.incident import Incident, Sides
from diagnostics.onset import since as began
from diagnostics.samples import Samples, encoder, samples, times
from diagnostics.steps.drift.columns import comparable, gap
from diagnostics.tables.table import Kind
from diagnostics.words import N_

UNLINKED: Final = Rule(
    code="DRF015",
    title=N_("A column no longer goes along with the others"),
    why=N_("Each value is one that the column always had, but it stands in the wrong row, as after a join on the wrong key."),
    remedy=N_("Check the join that brings this column: its key, its date, and whether an index was shifted."),
    statistic=N_(
        "How well the other columns of a row foretell this one: 0% is not at all, 100% is exactly; on reference rows that the "
        "forecast was not learnt on, and on current rows."
    ),
    source="Whittaker 1990, Graphical Models in Applied Multivariate Statistics (partial regression from the inverse of the "
    "covariance); Fisher 1915, doi:10.2307/2331838; Lopez-Paz and Oquab 2017, arXiv:1610.06545",
    severity=Severity.CRITICAL,
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

BINS: Final = 6
LEVELS: Final = 12
RIDGE: Final = 3.0
"""Weight of the ridge, in rows of unit size, more in wide tables: enough for columns that are copies of each other."""


@dataclass(frozen=True)
class Link:
    """One column. before, after: correlation of the column with what the others foretell for it, on reference rows that the
    forecast did not see and on the current rows from the change on, -1 to 1; of all but the first, the most suspect one, as they
    hold together without that. sure: how far it fell with all others as witnesses, in standard errors. gap: how far the column
    moved by itself, 0 to 1. beyond: share of its variance that the other features foretell besides the target; None without a
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


@dataclass(frozen=True)
class Links:
    """links: of every column that by itself stayed as it was, most likely in the wrong rows first; empty with fewer than three.
    rows: compared, a side.
    """

    links: tuple[Link, ...]
    rows: Sides[int]


@dataclass(frozen=True)
class _Block:
    """Where the numbers of one column stand in the expanded matrix: what foretells others, and what is foretold."""

    inputs: slice
    outputs: slice


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
    seen = _Seen.of(drawn, names, _target(incident, drawn), rows, half)
    when = times(sides.current, incident.roles.timestamp)
    told = _Forecasts.of(seen)
    first = [_link(seen, told, number, when) for number in range(len(names))]
    order = sorted(range(len(names)), key=lambda number: (-first[number].sure, names[number]))
    kept = {
        number: _kept(seen, number, first[number].since, when)
        for number in order[: SUSPECTS if len(names) <= 40 else SUSPECTS // 2]
        if first[number].sure > 0
    }
    # A column in the wrong rows takes links from all that leaned on it: at fault is the one without which the others stand.
    order.sort(key=lambda number: -round(kept[number] * min(1.0, first[number].sure / TOLD), 3) if number in kept else 1.0)
    links = []
    labelled = None if seen.target is None else _Forecasts.of(seen, labelled=True)
    # The others are shown as they hold together without the first, or they would seem to be at fault with it.
    without = _Forecasts.of(seen, without=order[0])
    for place, number in enumerate(order):
        link = first[number] if not place else replace(_link(seen, without, number, when), sure=first[number].sure)
        links.append(
            replace(
                link,
                gap=gaps[link.column],
                beyond=None if labelled is None else _beyond(seen, labelled, number),
                kept=kept.get(number, 1.0),
            )
        )
    return Links(tuple(links), Sides(len(rows[0]), len(rows[1])))


def _emptied(sides: Sides[pd.DataFrame], name: str) -> bool:
    """Whether values went missing, or became ones that the reference never had."""
    before, after = sides.reference[name], sides.current[name]
    if after.isna().mean() > before.isna().mean() + EMPTIED:
        return True
    return before.dtype == object and bool((after.notna() & ~after.isin(set(before.dropna()))).mean() > EMPTIED)


@dataclass(frozen=True)
class _Seen:
    """names: of the columns. blocks: their places in `reference` and `current`, expanded and centred, shapes (n, k) and (m, k).
    target: the place of the target's block, which foretells nothing unless asked; None without labels in the reference.
    known: which rows have a value, by column, shapes (n, p) and (m, p): gaps are another fault than wrong rows.
    half: which reference rows are of the first half. grams: products of the columns in each half, shapes (k, k).
    """

    names: tuple[str, ...]
    blocks: tuple[_Block, ...]
    target: slice | None
    reference: NDArray[np.float64]
    current: NDArray[np.float64]
    known: Sides[NDArray[np.bool_]]
    half: NDArray[np.bool_]
    grams: tuple[NDArray[np.float64], NDArray[np.float64]]

    @staticmethod
    def of(
        drawn: Samples, names: Sequence[str], target: str | None, rows: list[NDArray[np.intp]], half: NDArray[np.bool_]
    ) -> _Seen:
        parts: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        blocks, place = [], 0
        known: tuple[list[NDArray[np.bool_]], list[NDArray[np.bool_]]] = ([], [])
        coder = encoder(drawn)
        for name in names:
            sides = [_codes(frame[name].iloc[chosen], drawn.kinds[name], coder.ranks.get(name)) for frame, chosen in
                     zip((drawn.reference, drawn.current), rows, strict=True)]  # fmt: skip
            for present, values in zip(known, sides, strict=True):
                present.append(np.isfinite(values))
            left, right, outputs = _expanded(sides[0], sides[1], drawn.kinds[name])
            parts.append((left, right))
            width = left.shape[1]
            blocks.append(_Block(slice(place, place + width), slice(place + width - outputs, place + width)))
            place += width
        label = None
        if target is not None:
            kind = drawn.kinds[target]
            side = _codes(drawn.reference[target].iloc[rows[0]], kind, coder.ranks.get(target) or _ranks(drawn.reference[target]))
            left, _, _ = _expanded(side, side, kind)
            # The current labels are not asked: they may be late, or at fault themselves.
            parts.append((left, np.zeros((len(rows[1]), left.shape[1]))))
            label = slice(place, place + left.shape[1])
        both = [np.concatenate([part[side] for part in parts], axis=1) for side in (0, 1)]
        has_value = Sides(np.column_stack(known[0]), np.column_stack(known[1]))
        one, other = both[0][half], both[0][~half]
        return _Seen(tuple(names), tuple(blocks), label, both[0], both[1], has_value, half, (one.T @ one, other.T @ other))


def _ranks(values: pd.Series) -> dict[object, float]:
    counts = values.value_counts()
    return {level: float(place) for place, (level, _) in enumerate(sorted(counts.items(), key=lambda i: (-i[1], str(i[0]))))}


def _codes(values: pd.Series, kind: Kind, ranks: object) -> NDArray[np.float64]:
    """Numbers as they are, categories as the rank of their share in the reference; NaN where missing or new."""
    if kind is Kind.CATEGORY:
        known = ranks if isinstance(ranks, dict) else {}
        return np.asarray(values.map(known).to_numpy("float64", na_value=np.nan))
    numbers = pd.to_numeric(values, errors="coerce") if values.dtype.kind in "bifu" else values.astype("int64") / 1e6
    return np.where(np.isfinite(numbers.to_numpy("float64")), numbers.to_numpy("float64"), np.nan)


def _expanded(x: NDArray[np.float64], y: NDArray[np.float64], kind: Kind) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Columns that a straight line can use, learnt on `x`, and how many of the last are what is foretold. Missing values are 0.

    Categories: one column per level. Numbers: one per bin, then the rank and its square, both on the scale of a normal deviate.
    """
    if kind is Kind.CATEGORY:
        levels = np.arange(min(LEVELS, int(np.nanmax(x, initial=0)) + 1), dtype="float64")
        hot = [(side[:, None] == levels).astype("float64") for side in (x, y)]
        return (*_centred(hot[0], hot[1]), len(levels))
    known = np.sort(x[np.isfinite(x)])
    if not known.size:
        return np.zeros((x.size, 1)), np.zeros((y.size, 1)), 1
    cuts = np.unique(known[np.linspace(0, known.size - 1, BINS + 1).astype(int)][1:-1])
    sides = []
    for side in (x, y):
        place = (np.searchsorted(known, side, side="left") + np.searchsorted(known, side, side="right")) / (2 * known.size)
        ranks = np.where(np.isfinite(side), np.clip(place, 0.0, 1.0) * 2 - 1, np.nan)
        bins = (np.searchsorted(cuts, side, side="right")[:, None] == np.arange(cuts.size + 1)).astype("float64")
        bins[~np.isfinite(side)] = np.nan
        sides.append(np.column_stack([bins, ranks, ranks**2]))
    return (*_centred(sides[0], sides[1]), 2)


def _centred(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both less the means of `x` and by its spreads; a missing value is an average one."""
    known = np.isfinite(x)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, x, 0.0).sum(axis=0) / count
    spread = np.sqrt(np.where(known, (x - mean) ** 2, 0.0).sum(axis=0) / count)
    scale = np.where(spread > 1e-9, spread, np.inf)
    left, right = ((side - mean) / scale for side in (x, y))
    return np.where(np.isfinite(left), left, 0.0), np.where(np.isfinite(right), right, 0.0)


@dataclass(frozen=True)
class _Forecasts:
    """What the others foretell for the outputs of every column, shapes (n, k) and (m, k): for reference rows from the half that
    they are not in, for current rows from both. own: the place of each column's outputs among the k.
    """

    reference: NDArray[np.float64]
    current: NDArray[np.float64]
    own: tuple[slice, ...]

    @staticmethod
    def of(seen: _Seen, *, without: int | None = None, labelled: bool = False) -> _Forecasts:
        """Without the target unless `labelled`; `without`: number of a column that foretells nothing."""
        open_ = np.ones(seen.reference.shape[1], dtype=bool)
        if seen.target is not None and not labelled:
            open_[seen.target] = False
        if without is not None:
            open_[seen.blocks[without].inputs] = False
        used = np.flatnonzero(open_)
        one, other = (_weights(seen, used, gram) for gram in seen.grams)
        reference = np.empty((len(seen.reference), one.shape[1]))
        reference[seen.half] = seen.reference[seen.half] @ other
        reference[~seen.half] = seen.reference[~seen.half] @ one
        ends = np.cumsum([block.outputs.stop - block.outputs.start for block in seen.blocks])
        own = tuple(
            slice(int(end) - (block.outputs.stop - block.outputs.start), int(end))
            for end, block in zip(ends, seen.blocks, strict=True)
        )
        return _Forecasts(reference, seen.current @ ((one + other) / 2), own)


def _weights(seen: _Seen, used: NDArray[np.intp], gram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Regression of every column's outputs on all other columns, from the products of one half, shape (all inputs, all outputs).

    Of an inverse covariance K, minus K[others, own] times the inverse of K[own, own] is that regression (Whittaker 1990).
    """
    inverse = np.linalg.inv(gram[np.ix_(used, used)] + RIDGE * (1 + used.size / 200) * np.eye(used.size))
    where = np.full(len(gram), -1)
    where[used] = np.arange(used.size)
    columns = []
    for block in seen.blocks:
        outputs = block.outputs.stop - block.outputs.start
        own = where[block.inputs]
        full = np.zeros((len(gram), outputs))
        if own[0] >= 0:
            told = -inverse[:, own] @ np.linalg.inv(inverse[np.ix_(own, own)])
            told[own] = 0.0
            full[used] = told[:, -outputs:]
        columns.append(full)
    return np.concatenate(columns, axis=1)


def _products(actual: NDArray[np.float64], told: NDArray[np.float64], rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Of the chosen rows, what makes up their correlation: the mean is the correlation, shape (n,), NaN in all other rows."""
    made = np.full(len(actual), np.nan)
    if rows.sum() < LEAST:
        return made
    a, b = actual[rows] - actual[rows].mean(axis=0), told[rows] - told[rows].mean(axis=0)
    size = float(np.sqrt((a**2).sum() * (b**2).sum()) / len(a))
    made[rows] = (a * b).sum(axis=1) / size if size > 1e-12 else 0.0
    return made


def _link(seen: _Seen, told: _Forecasts, number: int, when: NDArray[np.datetime64] | None) -> Link:
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


def _values(products: NDArray[np.float64]) -> NDArray[np.float64]:
    return products[np.isfinite(products)]


def _late(since: datetime | None, when: NDArray[np.datetime64] | None, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Those of `rows` from the change on; all of them where too few would be left."""
    if since is None or when is None:
        return rows
    late = rows & (when >= np.datetime64(since, "us"))
    return late if late.sum() >= LEAST else rows


def _kept(seen: _Seen, number: int, since: datetime | None, when: NDArray[np.datetime64] | None) -> float:
    """How much of the other columns' links is left, by their squares, when column `number` foretells nothing."""
    told = _Forecasts.of(seen, without=number)
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


def _beyond(seen: _Seen, labelled: _Forecasts, number: int) -> float:
    """Share of the column's variance on the reference that features foretell on top of the target."""
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
) -> list[Finding]:
    """The column that lost its link, by `sure_at` standard errors and down to `left_at` of a correlation of at least `linked_at`,
    while its own distribution moved by less than `gap_at` beyond chance, the features told more about it than the target does
    (`beyond_at`; else it may be the answer that left it), and the links among all others stand (`kept_at`).

    Chance passes four and a half standard errors once in 300,000 columns. Seasons move many links a little: hence `left_at`.
    """
    if not p.links:
        return []
    link = p.links[0]
    chance = 1.36 * float(np.sqrt(1 / p.rows.reference + 1 / p.rows.current))
    lost = link.sure >= sure_at and link.before >= linked_at and link.after <= left_at * link.before
    alone = link.kept >= kept_at and (link.beyond is None or link.beyond >= beyond_at)
    if not lost or not alone or link.gap > gap_at + chance:
        return []
    says = N_(
        "{column:name} no longer goes along with the other columns: they foretold it with a correlation of {before:number}, "
        "now of {after:number}; its values by themselves look as before, and the links among the other columns stand."
    )
    return [
        Finding(
            UNLINKED,
            says,
            {
                "column": link.column,
                "before": link.before,
                "after": link.after,
                "sure": link.sure,
                "gap": link.gap,
                "beyond": link.beyond,
                "kept": link.kept,
            },
            (link.column,),
            weight=float(np.clip(link.before - link.after, 0, 1)),
            since=link.since,
        )
    ]
