"""Pictures of step 4, each under the name of its check: what moved, the rows, the classes or the relation?"""

from __future__ import annotations

import numpy as np

from diagnostics.checks.drift import labels as label_check
from diagnostics.checks.drift.concept.check import LOSS_SPLIT, Concept
from diagnostics.checks.drift.domain.check import TOLD_APART
from diagnostics.checks.drift.domain.moved import Domain
from diagnostics.checks.drift.groups import Group, Groups
from diagnostics.checks.drift.label_delay.check import IMMATURE, MISALIGNED, PENDING, LabelDelay
from diagnostics.checks.drift.label_noise.check import LabelNoise
from diagnostics.checks.drift.leakage import Leakage
from diagnostics.checks.drift.links.check import Links
from diagnostics.checks.drift.marginal import ColumnShift, Marginal
from diagnostics.checks.drift.over_time import ALARM, SPREAD_LEFT, Line, Timeline
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis, Span
from diagnostics.pictures.shapes import (
    Bars,
    Course,
    Curve,
    Dots,
    Dumbbell,
    Histograms,
    Limit,
    Pair,
    Panels,
    Part,
    Row,
    Shape,
    Side,
    Stack,
    columns_of,
)
from diagnostics.pictures.style import Tone

SHOWN = 15


def marginal(p: Marginal, finding: Finding | None, words: Words) -> Shape | None:
    """One column on both sides, bin by bin or level by level; without a finding, how far every column moved."""
    if finding is not None:
        column = next((c for c in p.columns if c.name in finding.columns), None)
        return None if column is None else _column(column, words)
    moved = sorted(p.columns, key=lambda c: (-c.effect, c.name))[:SHOWN]
    rows = [Row(label=c.name, value=c.effect, said=words.number(c.effect)) for c in moved]
    high = max(0.2, 1.1 * max((c.effect for c in moved), default=0.0))
    axis = Axis(title=words(N_("how far the column moved (KS, or share of rows; 0 is alike)")), high=high)
    return Bars(rows=rows, axis=axis, limits=(Limit(at=0.1, label=words(N_("worth a look"))),))


def _column(column: ColumnShift, words: Words) -> Shape:
    """Shares of the rows in each bin or level; the one that moved most is at fault."""
    n, m = sum(column.counts.reference), sum(column.counts.current)
    before, after = [count / n for count in column.counts.reference], [count / m for count in column.counts.current]
    worst = max(range(len(before)), key=lambda place: abs(after[place] - before[place]))
    share = words(N_("share of the rows"))
    if column.kind is not Kind.CATEGORY:
        return Histograms(
            reference=before, current=after, edges=column.edges, axis=Axis(title=column.name), share=share, worst=(worst,)
        )
    names = [*column.labels, words(N_("all others"))]
    order = sorted(range(len(before)), key=lambda place: -max(before[place], after[place]))[:SHOWN]
    rows = [
        Pair(label=names[place], reference=before[place], current=after[place], fault=place == worst)
        for place in order
        if max(before[place], after[place]) > 0
    ]
    return Dumbbell(rows=rows, axis=Axis(title=words(N_("{name}: share of the rows"), name=column.name), form="%", zero=True))


def labels(p: label_check.Labels, finding: Finding | None, words: Words) -> Shape | None:
    """Labels or predictions on both sides; for a gap between the two, both means side by side."""
    rule = finding.rule if finding else None
    if rule is label_check.GAP_OPENED:
        return _gap(p, words)
    shown = p.answers if rule is label_check.ANSWERS_MOVED or p.labels is None else p.labels
    return None if shown is None else _distribution(shown, finding, words)


def _distribution(d: label_check.Distribution, finding: Finding | None, words: Words) -> Shape:
    if d.classes:
        shown = sorted(d.classes, key=lambda c: -max(c[1].value, c[2].value))[:12]
        worst = max(shown, key=lambda c: abs(c[2].value - c[1].value))[0] if finding else None
        rows = [Pair(label=name, reference=a, current=b, fault=name == worst) for name, a, b in shown]
        return Dumbbell(rows=rows, axis=Axis(title=words(N_("{name}: share of the rows"), name=d.column), form="%", zero=True))
    before, after = ([c / max(1, sum(counts)) for c in counts] for counts in (d.counts.reference, d.counts.current))
    furthest = max(range(len(before)), key=lambda place: abs(after[place] - before[place]))
    return Histograms(
        reference=before,
        current=after,
        edges=d.edges,
        axis=Axis(title=d.column),
        share=words(N_("share of the rows")),
        worst=(furthest,) if finding else (),
    )


def _gap(p: label_check.Labels, words: Words) -> Shape | None:
    """Mean prediction less mean truth, with its 95% interval, before and now."""
    if p.gap is None:
        return None
    form, said = ("+%", words.percent) if p.positive is not None else ("", words.number)
    sides = ((N_("reference"), p.gap.reference, Tone.REFERENCE), (N_("current"), p.gap.current, Tone.FAULT))
    rows = [Row(label=words(name), value=gap, tone=tone, said=said(gap.value)) for name, gap, tone in sides]
    axis = Axis(title=words(N_("mean prediction less mean truth (0: right on average)")), form=form)
    return Dots(rows=rows, axis=axis, limits=(Limit(at=0.0, tone=Tone.TEXT),))


def label_noise(p: LabelNoise, finding: Finding | None, words: Words) -> Shape | None:
    """Contradicting labels by how sure the rows make one, a line per table; without noise it begins near 0."""
    if not p.curves[0] or not p.curves[1]:
        return None
    sides = ((N_("reference"), Tone.REFERENCE), (N_("current"), Tone.FAULT if finding else Tone.CURRENT))
    curves = [
        Curve(x=[a for a, _ in points], y=[b for _, b in points], name=words(name), tone=tone, marked=True)
        for points, (name, tone) in zip(p.curves, sides, strict=True)
    ]
    x = Axis(title=words(N_("rows, those that leave no doubt first")), form="%", low=0.0, high=1.0)
    return Course(x=x, y=Axis(title=words(N_("labels that say otherwise")), form="%", zero=True), curves=curves)


def label_delay(p: LabelDelay, finding: Finding | None, words: Words) -> Shape | None:
    """True cases per expected case over time for labels that ripen; bars for labels beside other rows, or not there yet."""
    rule = finding.rule if finding else None
    if finding is None or rule not in (IMMATURE, MISALIGNED, PENDING):
        return None
    if rule is PENDING:
        if p.pending is None:
            return None
        sides = ((N_("earlier rows"), p.pending.before, Tone.CURRENT), (N_("latest rows"), p.pending.last, Tone.FAULT))
        arrived = [Row(label=words(name), value=share, tone=t, said=words.percent(share.value)) for name, share, t in sides]
        return Bars(rows=arrived, axis=Axis(title=words(N_("share of rows with a label")), form="%", high=1.0))
    if rule is MISALIGNED and p.shifted is not None:
        bars = (
            (N_("reference"), p.shifted.usual, Tone.REFERENCE),
            (N_("current, as it is"), p.shifted.same, Tone.FAULT),
            (N_("current, labels moved back"), p.shifted.there, Tone.CURRENT),
        )
        rows = [Row(label=words(name), value=size, tone=tone, said=words.number(size)) for name, size, tone in bars]
        return Bars(rows=rows, axis=Axis(title=words(N_("how well labels and predictions agree (correlation; 1: fully)"))))
    if not p.when:
        return None
    curve = Curve(x=p.when, y=p.ripe, name=words(N_("current")), tone=Tone.CURRENT, marked=True, width=3)
    limit = Limit(at=1.0, label=words(N_("as the model expects")))
    y = Axis(title=words(N_("true per expected")), form="%", zero=True)
    return Course(x=Axis(time=True), y=y, curves=(curve,), limits=(limit,), onset=finding.since)


def groups(p: Groups, finding: Finding | None, words: Words) -> Shape | None:
    """The groups of the finding's columns and their shares; without a finding, those whose share moved most."""
    chosen = [g for g in p.groups if finding is None or g.columns == finding.columns]
    moved = sorted(chosen, key=lambda g: -abs(g.current.value - g.reference.value))[:SHOWN]
    rows = [
        Pair(label=_group(g, words), reference=g.reference, current=g.current, fault=_is(g, finding))
        for g in sorted(moved, key=p.groups.index)
    ]
    return Dumbbell(rows=rows, axis=Axis(title=words(N_("share of the rows")), form="%", zero=True)) if rows else None


def _is(group: Group, finding: Finding | None) -> bool:
    if finding is None or group.columns != finding.columns:
        return False
    values = finding.evidence
    if group.levels:
        return (group.levels[0], group.levels[-1]) == (values.get("level"), values.get("other_level"))
    return group.high == values.get("high") and (group.low is None) == (values.get("low") is None)


def _group(group: Group, words: Words) -> str:
    if group.levels:
        return ", ".join(f"{name}: {level}" for name, level in zip(group.columns, group.levels, strict=True))
    name = group.columns[0]
    if group.low is None:
        return words(N_("{name}: at most {high:number}"), name=name, high=group.high)
    if group.high is None:
        return words(N_("{name}: above {low:number}"), name=name, low=group.low)
    return words(N_("{name}: {low:number} to {high:number}"), name=name, low=group.low, high=group.high)


def leakage(p: Leakage, finding: Finding | None, words: Words) -> Shape | None:
    """How much the columns that knew most told of the label alone, on both tables."""
    rows = [
        Pair(label=c.name, reference=c.reference, current=c.current, fault=c.name in columns_of(finding)) for c in p.columns[:12]
    ]
    title = words(N_("how well the column alone tells the answer"))
    return Dumbbell(rows=rows, axis=Axis(title=title, form="%", low=p.floor - 0.01, high=1.01)) if rows else None


def links(p: Links, finding: Finding | None, words: Words) -> Shape | None:
    """How well the other columns predict each column, in the reference and now."""
    rows = [
        Pair(label=link.column, reference=link.before, current=max(0.0, link.after), fault=link.column in columns_of(finding))
        for link in p.links
        if link.before >= 0.05
    ][:8]
    title = words(N_("correlation with what the other columns predict"))
    return Dumbbell(rows=rows, axis=Axis(title=title, low=-0.02, high=1.05)) if rows else None


def domain(p: Domain, finding: Finding | None, words: Words) -> Shape | None:
    """How well current rows are told from reference rows from different columns; or which columns give them away."""
    if finding is not None and finding.rule is TOLD_APART and p.tells:
        rows = [
            Row(label=name, value=100 * fall, tone=Tone.CURRENT if place else Tone.FAULT, said=words.number(100 * fall))
            for place, (name, fall) in enumerate(p.tells[:10])
        ]
        return Bars(rows=rows, axis=Axis(title=words(N_("pairs put right less often without this column (points)"))))
    target = p.target or ""
    measured = (
        (words(N_("halves of the reference")), p.usual, Tone.REFERENCE),
        (words(N_("the features")), p.x, Tone.CURRENT),
        (target, p.y, Tone.CURRENT),
        (words(N_("the features and {target}"), target=target), p.xy, Tone.CURRENT),
        (words(N_("the rest, at equal {column}"), column=p.column), p.given_column, Tone.CURRENT),
        (words(N_("the features, at equal {target}"), target=target), p.given_target, Tone.CURRENT),
    )
    known = [(label, auc, tone) for label, auc, tone in measured if auc is not None]
    rows = [
        Row(
            label=label,
            value=auc,
            tone=Tone.FAULT if finding is not None and auc.low > 0.53 else tone,
            said=words.percent(auc.value),
        )
        for label, auc, tone in known
    ]
    low = min(0.42, min((auc.low for _, auc, _ in known), default=0.5) - 0.02)
    axis = Axis(title=words(N_("pairs of rows that are put right")), form="%", low=low, high=1.02)
    return Dots(rows=rows, axis=axis, limits=(Limit(at=0.5, label=words(N_("guessing"))),))


def concept(p: Concept, finding: Finding | None, words: Words) -> Shape | None:
    """What came against what was expected in each region; or the rise of the loss in its two parts."""
    if p.split is not None and (finding is None or finding.rule is LOSS_SPLIT):
        return _split(p, words)
    if not p.regions:
        return None
    share = p.positive is not None
    name = p.positive if p.positive is not None else p.target
    rows = [
        Pair(
            label=words.phrase(region.text) or words(N_("all rows")),
            reference=region.expected,
            current=region.came,
            fault=finding is None or region.text == (finding.segment or ""),
        )
        for region in p.regions
    ]
    sides = (
        Side(name=words(N_("rows like these in the reference")), tone=Tone.REFERENCE),
        Side(name=words(N_("came")), tone=Tone.CURRENT),
    )
    title = words(N_("share of {name}"), name=name) if share else words(N_("mean of {name}"), name=name)
    return Dumbbell(rows=rows, axis=Axis(title=title, form="%" if share else "", zero=share), sides=sides)


def _split(p: Concept, words: Words) -> Shape | None:
    """The loss before, what other rows add, what other labels add, and the loss now."""
    if p.split is None:
        return None
    s = p.split
    parts = (
        (N_("reference"), 0.0, s.before, s.before, Tone.REFERENCE),
        (N_("from other rows"), min(s.before, s.before + s.rows.value), abs(s.rows.value), s.rows.value, Tone.WATCH),
        (N_("from other answers"), min(s.before + s.rows.value, s.after), abs(s.answers.value), s.answers.value, Tone.FAULT),
        (N_("current"), 0.0, s.after, s.after, Tone.CURRENT),
    )
    rows = [(words(n), (Part(name=words(n), start=at, length=size, tone=tone),)) for n, at, size, _, tone in parts]
    said = [("+" if place in (1, 2) and v > 0 else "") + words.number(v) for place, (*_, v, _) in enumerate(parts)]
    return Stack(rows=rows, axis=Axis(title=words(s.loss)), key=False, beside=said)


def over_time(p: Timeline, finding: Finding | None, words: Words) -> Shape | None:
    """One column along time: its mean within the usual range, and below it the sliding-window alarm, as often advised and done
    right. Without a finding, the column whose mean moved most.
    """
    line = next((line for line in p.lines if line.name in columns_of(finding)), None)
    if line is None:
        line = max(p.lines, key=lambda one: float(np.nanmax(np.abs(one.error_z), initial=0.0)), default=None)
    if line is None:
        return None
    spread = finding is not None and finding.rule is SPREAD_LEFT
    return Panels(shapes=(_bins(p, line, finding, words, spread=spread), _alarms(p, line, words)))


def _bins(p: Timeline, line: Line, finding: Finding | None, words: Words, *, spread: bool) -> Shape:
    """Mean (or standard deviation) per time bin, bins outside the range at fault."""
    values, band = (line.std, line.std_band) if spread else (line.mean, line.mean_band)
    cut = p.reference_bins
    when = list(p.when.astype("datetime64[us]"))
    out = [bool(value < band.low or value > band.high) for value in values[cut:]]
    curves = [
        Curve(x=when[:cut], y=list(values[:cut]), name=words(N_("reference")), tone=Tone.REFERENCE),
        Curve(
            x=when[cut:],
            y=list(values[cut:]),
            name=words(N_("current")),
            tone=Tone.CURRENT,
            marked=True,
            tones=[Tone.FAULT if one else Tone.CURRENT for one in out],
        ),
    ]
    for quantile, share in () if spread else ((0, "5%"), (2, "95%")):
        name = words(N_("{share} of the values lie below"), share=share)
        y = list(line.quantiles[quantile][cut:])
        curves.append(Curve(x=when[cut:], y=y, name=name, tone=Tone.CURRENT, dash="dot", width=1, named=False))
    limits = (Limit(at=band.high, label=words(N_("usual range")), tone=Tone.REFERENCE), Limit(at=band.low, tone=Tone.REFERENCE))
    title = N_("standard deviation of {name}") if spread else N_("mean of {name}")
    return Course(
        x=Axis(time=True),
        y=Axis(title=words(title, name=line.name)),
        curves=[curve for curve in curves if len(curve.x)],
        spans=(Span(low=band.low, high=band.high, axis="y", tone=Tone.REFERENCE),),
        limits=limits,
        onset=finding.since if finding else None,
        height=320,
    )


def _alarms(p: Timeline, line: Line, words: Words) -> Shape:
    """Both sliding windows on one axis: how many times its own yardstick the mean of the last 100 values is off."""
    points = list(p.points.astype("datetime64[us]"))
    curves = [
        Curve(x=points, y=list(series), name=words(name), tone=tone)
        for series, tone, name in (
            (line.error_z, Tone.FAULT, N_("by standard error")),
            (line.spread_z, Tone.CURRENT, N_("by spread")),
        )
    ]
    limits = (Limit(at=float(ALARM), label=words(N_("alarm at 3"))), Limit(at=-float(ALARM)))
    return Course(x=Axis(time=True), y=Axis(title=words(N_("times the yardstick"))), curves=curves, limits=limits, height=220)
