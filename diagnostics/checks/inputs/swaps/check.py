"""Swaps: two columns that exchanged their values, in all rows or from a moment on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import SWAPPED_COLUMNS
from diagnostics.checks.inputs.swaps.exchange import COMPANY, Exchange, Values, by_values, likely, likely_pairs
from diagnostics.checks.inputs.swaps.exchange_joint import by_neighbours
from diagnostics.checks.inputs.timeline import Timeline, timeline
from diagnostics.measure import engine
from diagnostics.measure.frames import with_columns
from diagnostics.measure.samples import Samples, encoder, samples
from diagnostics.measure.undo import Undo
from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Null, Rule, Severity, Sign
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class SwappedPair(Entry):
    """Two columns that hold each other's values."""

    one: str
    other: str
    share: float = shown(N_("Share of the rows at fault"), Unit.SHARE)
    gain: float = shown(N_("Gain in log-likelihood once exchanged back"))
    """In nats."""

    apart: float = shown(N_("Distance to the reference (KS statistic or total variation)"))
    """Of the exchanged rows, mean of the two columns."""

    fit: float = shown(N_("Distance once it is undone (KS statistic or total variation)"))
    """The worse of the two columns."""

    how: str
    """As `Swap.how`."""

    sharp: bool
    """Whether a moment divides the exchanged rows from the others."""


def _describe(entry: SwappedPair) -> str:
    if entry.how == "neighbours":
        return N_(
            "{one:name} and {other:name} are swapped in {share:percent} of the rows: exchanged back, they fit the "
            "other columns as in the reference."
        )
    return N_(
        "{one:name} and {other:name} are swapped in {share:percent} of the rows: each holds the values "
        "that the other has in the reference."
    )


SWAPPED: Final = Rule[SwappedPair](
    code="INP044",
    lane=Lane.DATA,
    null=Null.EACH,
    title=N_("Two columns are swapped"),
    says=_describe,
    why=N_("The model reads each of the two as the other, and no check of types or ranges need notice."),
    remedy=N_(
        "Exchange the two columns back in the rows since the date shown, and select columns by name, not by position, where the "
        "table is made."
    ),
    statistic=N_(
        "How much better the rows fit the reference once the two values are exchanged: each value alone, and beside the "
        "other columns."
    ),
    source="Rabanser et al. 2019 (per-feature tests), arXiv:1810.11953; Neyman and Pearson 1933, doi:10.1098/rsta.1933.0009",
    severity=Severity.CRITICAL,
    suggests=SWAPPED_COLUMNS,
    clear=0.95,
    shows=Sign.BROKEN,
    thresholds={
        "gain_at": Shown(N_("Gain in log-likelihood that counts"), Unit.NUMBER),
        "share_at": Shown(N_("Share of the rows that counts"), Unit.SHARE),
    },
)
RULES: Final = (SWAPPED,)

ALL_ROWS: Final = 0.8
"""Share of swapped rows from which on all rows are exchanged back; of fewer it is unknown which."""

ROWS: Final = 5_000
"""Rows of a side that are looked at."""

COLUMNS: Final = 40
"""Columns of one kind whose pairs are compared: of more, those that changed most."""


@dataclass(frozen=True, kw_only=True)
class Swap:
    """One pair of columns that hold each other's values."""

    one: str
    other: str
    kind: Kind
    how: str
    """ "values" (each column alone shows it), "scattered" (so, in single rows) or "neighbours" (the other columns show it)."""

    share: float
    """Of the current rows that are exchanged, 0 to 1."""

    apart: float
    """Distance of those rows to the reference as they are, 0 to 1, mean of the two columns."""

    fit: float
    """The same once exchanged back, the worse of the two."""

    gain: float
    """What exchanging back gains in log-likelihood, nats."""

    sharp: bool
    """A moment divides the exchanged rows from the others."""

    since: datetime | None
    shapes: tuple[tuple[float, ...], ...] = ()
    """Of a pair of numbers: quantiles (5% to 95%) in the reference, then in the exchanged rows."""


@dataclass(frozen=True)
class Swaps:
    """pairs: most convincing first, no column twice. looked_at: how many pairs were compared."""

    pairs: tuple[Swap, ...]
    looked_at: int


def profile(incident: Incident) -> Swaps:
    """Raises NotApplicable without both tables or with fewer than two columns of one kind in both."""
    sample = _few(samples(incident))
    line = timeline(incident, sample)
    target = incident.roles.target
    found: list[tuple[Exchange, Kind]] = []
    compared = 0
    for kind, names in ((Kind.NUMBER, sample.numbers), (Kind.CATEGORY, sample.categories)):
        sides: Sides[Values] = Sides(_values(sample.reference, names, kind), _values(sample.current, names, kind))
        usable = [n for n in names if all(np.isfinite(side[n]).sum() >= 20 for side in (sides.reference, sides.current))]
        if len(usable) < 2:
            continue
        usable = likely(usable, sides, COLUMNS)
        compared += len(usable) * (len(usable) - 1) // 2
        ordered: Sides[Values] = Sides(sides.reference, {name: sides.current[name][line.order] for name in usable})
        alone = by_values(usable, ordered, kind)
        found += [(exchange, kind) for exchange in alone]
        if not alone:
            coded = _coded(sample, usable, target, line)
            pairs = likely_pairs(usable, ordered, coded)
            rng = np.random.default_rng(incident.seed)
            found += [(e, kind) for pair in pairs if (e := by_neighbours(pair, ordered, coded, kind, rng)) is not None]
    if not compared:
        raise NotApplicable(N_("The tables have no two columns of one kind that could be exchanged."), needs="current")
    return Swaps(tuple(_choose_pairs(found, sample, line)), compared)


def _few(sample: Samples) -> Samples:
    """The same with at most `ROWS` rows a side, evenly spaced."""
    sides = []
    for frame in (sample.reference, sample.current):
        chosen = np.linspace(0, len(frame) - 1, ROWS).round().astype(int)
        sides.append(frame if len(frame) <= ROWS else frame.iloc[chosen])
    return Samples(sides[0].reset_index(drop=True), sides[1].reset_index(drop=True), sample.features, sample.kinds, sample.whole)


def _values(frame: pd.DataFrame, names: Sequence[str], kind: Kind) -> Values:
    """Columns as numbers; of categories a number per level that is the same in all columns and both tables."""
    if kind is Kind.NUMBER:
        return {name: engine.seconds(frame[name]) for name in names}
    return {name: _level_codes(frame[name]) for name in names}


def _level_codes(values: pd.Series) -> NDArray[np.float64]:
    # Hashes of the names, so that a level has one number wherever it stands.
    codes = pd.util.hash_array(values.astype(str).to_numpy(dtype=object), categorize=True) >> np.uint64(12)
    return np.where(values.notna().to_numpy(), codes.astype("float64"), np.nan)


def _coded(sample: Samples, names: Sequence[str], target: str | None, line: Timeline) -> Sides[pd.DataFrame]:
    """`names`, at most 60 other features and the target (where both tables have it) as numbers; current rows in order of time."""
    coder = encoder(sample)
    others = [name for name in coder.features if name not in set(names)]
    coder = replace(coder, features=(*names, *others[:COMPANY]))
    frames = []
    for frame in (sample.reference, sample.current):
        frames.append(pd.DataFrame(coder.matrix(frame), columns=list(coder.features)))
    if target is not None and target in sample.reference and target in sample.current:
        both = pd.concat([sample.reference[target], sample.current[target]], ignore_index=True)
        if both.dtype.kind in "fM":
            codes = engine.seconds(both)
        else:
            raw = pd.factorize(both, sort=True)[0].astype("float64")
            codes = np.where(raw < 0, np.nan, raw)
        if np.isfinite(codes[len(sample.reference) :]).mean() > 0.5:
            # Labels that nobody has yet say nothing.
            split = len(sample.reference)
            label = object()  # No name of a column can be equal to it.
            frames[0][label], frames[1][label] = codes[:split], codes[split:]
    frames[1] = frames[1].iloc[line.order].reset_index(drop=True)
    return Sides(frames[0], frames[1])


def _choose_pairs(found: list[tuple[Exchange, Kind]], sample: Samples, line: Timeline) -> list[Swap]:
    taken: set[str] = set()
    swaps = []
    for exchange, kind in sorted(found, key=lambda f: (-f[0].gain, f[0].one, f[0].other)):
        if taken & {exchange.one, exchange.other}:
            continue
        taken |= {exchange.one, exchange.other}
        rows = line.order[exchange.start :]
        shapes: tuple[tuple[float, ...], ...] = ()
        if kind is Kind.NUMBER and exchange.how != "scattered":
            shapes = tuple(
                _quantiles(values)
                for frame in (sample.reference, sample.current.iloc[rows])
                for values in (frame[exchange.one], frame[exchange.other])
            )
        swaps.append(
            Swap(
                one=exchange.one,
                other=exchange.other,
                kind=kind,
                how=exchange.how,
                share=exchange.share,
                apart=exchange.apart,
                fit=exchange.fit,
                gain=exchange.gain,
                sharp=exchange.start > 0,
                since=line.at(exchange.start),
                shapes=shapes,
            )
        )
    return swaps


def _quantiles(values: pd.Series) -> tuple[float, ...]:
    present = engine.seconds(values)
    present = present[np.isfinite(present)]
    return tuple(np.quantile(present, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()) if present.size else ()


def judge(p: Swaps, *, gain_at: float = 20.0, share_at: float = 0.05) -> list[Finding[SwappedPair]]:
    """A pair fires when exchanging back gains `gain_at` nats of likelihood in at least `share_at` of the rows.

    Pairs, directions and beginnings are many; twenty nats are 1 in 480 million for one of them. The share was chosen on
    benchmarks/incidents. The distance of the exchanged rows to the reference is part of the search itself (`exchange.py`).
    """
    findings: list[Finding[SwappedPair]] = []
    for pair in p.pairs:
        if pair.gain < gain_at or pair.share < share_at:
            continue
        findings.append(
            SWAPPED.found(
                SwappedPair(
                    columns=(pair.one, pair.other),
                    since=pair.since,
                    weight=float(np.clip(pair.share, 0, 1)),
                    one=pair.one,
                    other=pair.other,
                    share=pair.share,
                    gain=pair.gain,
                    apart=pair.apart,
                    fit=pair.fit,
                    how=pair.how,
                    sharp=pair.sharp,
                )
            )
        )
    return findings


def undo(finding: Finding[SwappedPair], incident: Incident) -> Undo:
    """Exchanges the two columns back, where all rows are swapped or a moment tells which."""
    entry = finding.of
    if entry.share < ALL_ROWS and not entry.sharp:
        return Undo(leave_out=entry.columns)
    one, other = entry.columns
    return Undo(repair=lambda frame: with_columns(frame, {one: frame[other], other: frame[one]}))
