"""Pictures of step 2, each under the name of its check: missing values, units, categories and the like."""

from __future__ import annotations

from diagnostics.checks.inputs import fills as fill_check
from diagnostics.checks.inputs.atoms import format_value
from diagnostics.checks.inputs.categories.check import Categories
from diagnostics.checks.inputs.clipped import Clipped
from diagnostics.checks.inputs.clock.check import Clock
from diagnostics.checks.inputs.duplicates import Duplicates
from diagnostics.checks.inputs.fills import Fills
from diagnostics.checks.inputs.formats import Formats
from diagnostics.checks.inputs.missing import Missing
from diagnostics.checks.inputs.overlap import Overlap
from diagnostics.checks.inputs.precision import Precision
from diagnostics.checks.inputs.ranges import Ranges
from diagnostics.checks.inputs.schema import Schema
from diagnostics.checks.inputs.stale import Stale
from diagnostics.checks.inputs.swaps.check import Swap, Swaps
from diagnostics.checks.inputs.units.check import ColumnUnit, Units
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis
from diagnostics.pictures.shapes import (
    Bars,
    Course,
    Curve,
    Diagonal,
    Dots,
    Dumbbell,
    Histograms,
    Limit,
    Pair,
    Row,
    Shape,
    Side,
    Table,
    columns_of,
)
from diagnostics.pictures.style import Tone

SHOWN = 15


def missing(p: Missing, finding: Finding | None, words: Words) -> Shape | None:
    """The columns whose share of missing values moved most; None when all is well because nothing is missing anywhere."""
    if finding is None and not any(column.reference.value or column.current.value for column in p.columns):
        return None
    moved = sorted(p.columns, key=lambda c: (-abs(c.current.value - c.reference.value), c.name))[:SHOWN]
    rows = [Pair(label=c.name, reference=c.reference, current=c.current, fault=c.name in columns_of(finding)) for c in moved]
    return _shares(rows, words(N_("share of rows without a value")))


def fills(p: Fills, finding: Finding | None, words: Words) -> Shape | None:
    """The fills of all columns, those of `finding` first; None without any."""
    named = columns_of(finding)
    found = sorted(fill_check.judge(p), key=lambda f: (f.of.column not in named, f.rank))[:SHOWN]
    rows = [
        Pair(label=f"{f.of.column} = {f.of.value}", reference=f.of.before, current=f.of.after, fault=f.of.column in named)
        for f in found
    ]
    return _shares(rows, words(N_("share of the rows that hold the value"))) if rows else None


def clipped(p: Clipped, finding: Finding | None, words: Words) -> Shape | None:
    """Share of the rows exactly on the bound; None when nothing is cut off."""
    if finding is None or not p.atoms:
        return None
    rows = {
        (atom.name, atom.value): Pair(
            label=f"{atom.name} = {format_value(atom)}",
            reference=atom.reference,
            current=atom.after,
            fault=atom.name in finding.columns,
        )
        for atom, _ in p.atoms
    }
    ordered = sorted(rows.items(), key=lambda row: (row[0][0] not in finding.columns, row[1].label))
    return _shares([row for _, row in ordered[:SHOWN]], words(N_("share of the rows exactly on the bound")))


def duplicates(p: Duplicates, finding: Finding | None, words: Words) -> Shape | None:
    """Rows equal in all columns, equal apart from id and time, and equal in the id; None without a finding."""
    if finding is None:
        return None
    kinds = ((N_("all columns equal"), p.exact), (N_("equal apart from id and time"), p.content), (N_("id equal"), p.ids))
    rows = [
        Pair(
            label=words(label),
            reference=repeats.counts.reference / max(1, repeats.of.reference),
            current=repeats.counts.current / max(1, repeats.of.current),
            fault=True,
        )
        for label, repeats in kinds
        if repeats is not None
    ]
    return _shares(rows, words(N_("share of the rows that repeat an earlier one")))


def precision(p: Precision, finding: Finding | None, words: Words) -> Shape | None:
    """Different values among as many rows of each table; None without a finding."""
    if finding is None:
        return None
    named = columns_of(finding)
    columns = sorted(p.columns, key=lambda c: (c.name not in named, c.distinct / max(1, c.distinct_reference), c.name))[:10]
    rows = [Pair(label=c.name, reference=c.distinct_reference, current=c.distinct, fault=c.name in named) for c in columns]
    return Dumbbell(rows=rows, axis=Axis(title=words(N_("different values among as many rows")), log=True))


def stale(p: Stale, finding: Finding | None, words: Words) -> Shape | None:
    """The columns with the longest stretches, those of `finding` first; None without a finding."""
    if finding is None:
        return None
    named = columns_of(finding)
    runs = sorted(p.runs, key=lambda run: (run.name not in named, run.longest_reference - run.rows, run.name))[:10]
    rows = [Pair(label=run.name, reference=run.longest_reference, current=run.rows, fault=run.name in named) for run in runs]
    return Dumbbell(rows=rows, axis=Axis(title=words(N_("rows in a row with the same value")), log=True))


def categories(p: Categories, finding: Finding | None, words: Words) -> Shape | None:
    """The commonest levels of the column of `finding`, new ones in the fault's colour; None without one."""
    column = next((c for c in p.columns if c.name in columns_of(finding)), None)
    if column is None:
        return None
    levels = {*column.reference, *column.current}
    ordered = sorted(levels, key=lambda v: (-max(column.reference.get(v, 0.0), column.current.get(v, 0.0)), v))[:SHOWN]
    rows = [
        # Two spellings may look alike; quotes show the spaces.
        Pair(
            label=f"“{level}”",
            reference=column.reference.get(level, 0.0),
            current=column.current.get(level, 0.0),
            fault=level not in column.reference,
        )
        for level in ordered
    ]
    return _shares(rows, words(N_("share of the rows with a value")))


def formats(p: Formats, finding: Finding | None, words: Words) -> Shape | None:
    """Bars per column and notation, with an example, at most 12; None where every value is written as before."""
    if finding is None or not p.notations:
        return None
    shown = sorted(p.notations, key=lambda n: (n.column not in finding.columns, -n.share, n.column, n.notation))[:12]
    rows = [
        Row(
            label=f"{n.column}: {n.examples[0] if n.examples else n.format.current or n.notation}",
            value=n.share,
            tone=Tone.FAULT if n.column in finding.columns else Tone.CURRENT,
            said=words.percent(n.share),
        )
        for n in shown
    ]
    return Bars(rows=rows, axis=Axis(title=words(N_("share of the values")), form="%", high=1.0))


def overlap(p: Overlap, finding: Finding | None, words: Words) -> Shape | None:
    """The share of rows with an equal one in the reference, and the share that chance gives; None without a finding."""
    if finding is None:
        return None
    bars = (
        (N_("current rows that stand in the reference"), p.shared.value, Tone.FAULT),
        (N_("what chance gives"), p.expected, Tone.REFERENCE),
    )
    rows = [Row(label=words(label), value=share, tone=tone, said=words.percent(share)) for label, share, tone in bars]
    return Bars(rows=rows, axis=Axis(title=words(N_("share of the rows")), form="%"))


def ranges(p: Ranges, finding: Finding | None, words: Words) -> Shape | None:
    """The reference's range, the worst value, and the limit between them; None without a finding or for times."""
    column = next((c for c in p.columns if c.name in columns_of(finding)), None)
    if column is None or column.kind is Kind.TIME:
        return None
    low = max(column.low_fence, 0.0) if column.negative else column.low_fence
    beyond = column.high_fence if column.worst > column.high else low
    rows = [
        Row(
            label=words(N_("reference")),
            value=None,
            thick=(column.low, column.high),
            tone=Tone.REFERENCE,
            said=f"{words.number(column.low)} – {words.number(column.high)}",
        ),
        Row(label=words(N_("furthest out")), value=column.worst, tone=Tone.FAULT, said=words.number(column.worst)),
    ]
    limit = Limit(at=beyond, label=words(N_("not plausible beyond")))
    return Dots(rows=rows, axis=Axis(title=column.name), limits=(limit,))


def schema(p: Schema, finding: Finding | None, words: Words) -> Shape | None:
    """A line per column that is missing, new, renamed or of another type; None when there is none."""
    if finding is None:
        return None
    here, gone = words(N_("there")), words(N_("not there"))
    lines: list[tuple[tuple[str, ...], tuple[str, str, str]]] = [((name,), (name, here, gone)) for name in p.missing]
    lines += [((r.column, r.new_name), (r.column, here, words(N_("called {name}"), name=r.new_name))) for r in p.renamed]
    lines += [((r.column,), (r.column, here, words(N_("of another type")))) for r in p.retyped]
    lines += [((name,), (name, gone, here)) for name in p.extra]
    if not lines:
        return None
    lines.sort(key=lambda line: not set(line[0]) & columns_of(finding))
    return Table(
        heads=[words(N_("column")), words(N_("reference")), words(N_("current"))],
        rows=[cells for _, cells in lines[:SHOWN]],
        tones=[Tone.FAULT if set(about) & columns_of(finding) else Tone.TEXT for about, _ in lines[:SHOWN]],
    )


def clock(p: Clock, finding: Finding | None, words: Words) -> Shape | None:
    """Share of the rows per hour of the day; None without a finding, or for a unit."""
    if finding is None:
        return None
    moved = next((m for m in p.moved if m.column in finding.columns and m.rule is finding.rule), None)
    if moved is None or not moved.reference or not moved.current:
        return None
    size = len(moved.reference)
    later = Side(name=words(N_("current, from the jump on")), tone=Tone.FAULT)
    return Histograms(
        reference=moved.reference,
        current=moved.current,
        edges=[24 * place / size for place in range(size + 1)],
        axis=Axis(title=words(N_("hour of the day"))),
        share=words(N_("share of the rows")),
        sides=(Side(name=words(N_("reference")), tone=Tone.REFERENCE), later),
    )


def units(p: Units, finding: Finding | None, words: Words) -> Shape | None:
    """Of the column of `finding` that moved furthest, the median over time; without times the quantiles of both tables."""
    named = [c for c in p.columns if c.name in columns_of(finding)]
    if not named:
        return None
    column = max(named, key=lambda c: (c.map.distance, c.name))
    if column.trend and not isinstance(column.trend[0][0], int):
        return _median(column, words)
    return Diagonal(
        first=column.reference,
        second=column.current,
        tolerance=0.0,
        x=Axis(title=words(N_("{name}, quantiles of the reference"), name=column.name)),
        y=Axis(title=words(N_("{name}, quantiles of the current table"), name=column.name)),
        fine=words(N_("if nothing had changed")),
        off=words(N_("quantiles as they are")),
    )


def _median(column: ColumnUnit, words: Words) -> Shape:
    medians = [value for _, value in column.trend]
    wide = min(medians) > 0 and column.before > 0 and max(medians) > 8 * min(medians)
    curve = Curve(x=[when for when, _ in column.trend], y=medians, name=words(N_("current")), tone=Tone.CURRENT, width=3)
    return Course(
        x=Axis(time=True),
        y=Axis(title=words(N_("median of {name}"), name=column.name), log=wide),
        curves=(curve,),
        limits=(Limit(at=column.before, label=words(N_("reference")), tone=Tone.REFERENCE),),
        onset=column.since,
    )


def swaps(p: Swaps, finding: Finding | None, words: Words) -> Shape | None:
    """Numbers: the middle 90% of four columns; names: distance to the reference, as is and exchanged back."""
    pair = next((pair for pair in p.pairs if finding is not None and (pair.one, pair.other) == finding.columns), None)
    if pair is None:
        return None
    if pair.how != "values" or len(pair.shapes) != 4 or not all(pair.shapes):
        return _distances(pair, words)
    names = (pair.one, pair.other)
    sides = ((words(N_("reference")), Tone.REFERENCE), (words(N_("current")), Tone.FAULT))
    rows = [
        Row(
            label=f"{name} ({side})",
            value=Interval(pair.shapes[place][2], pair.shapes[place][0], pair.shapes[place][4]),
            thick=(pair.shapes[place][1], pair.shapes[place][3]),
            tone=tone,
        )
        for place, (name, (side, tone)) in enumerate((name, side) for side in sides for name in names)
    ]
    # The column that holds the other's values stands beside the other in the reference.
    order = (0, 3, 1, 2)
    return Dots(rows=[rows[place] for place in order], axis=Axis(title=words(N_("value: middle 90%, middle half and median"))))


def _distances(pair: Swap, words: Words) -> Shape:
    bars = ((N_("as it is"), pair.apart, Tone.FAULT), (N_("exchanged back"), pair.fit, Tone.FINE))
    rows = [Row(label=words(label), value=size, tone=tone, said=words.number(size)) for label, size, tone in bars]
    return Bars(rows=rows, axis=Axis(title=words(N_("distance to the reference (0: alike, 1: nothing in common)"))))


def _shares(rows: list[Pair], title: str) -> Shape:
    return Dumbbell(rows=rows, axis=Axis(title=title, form="%", zero=True))
