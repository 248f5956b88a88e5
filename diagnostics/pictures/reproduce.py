"""Pictures of step 3, each under the name of its check: does the same input get the same prediction?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from diagnostics.checks.reproduce import model_replay as replay_check
from diagnostics.checks.reproduce.model_file.check import ModelFiles
from diagnostics.checks.reproduce.online_offline.check import ColumnPair, OnlineOffline
from diagnostics.checks.reproduce.online_offline.relation import RelationKind
from diagnostics.checks.reproduce.replayed import OUTSIDE, Replayed
from diagnostics.checks.reproduce.same_input import SameInput
from diagnostics.checks.reproduce.scaler.check import Scaled
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis
from diagnostics.pictures.shapes import Bars, Course, Curve, Diagonal, Dumbbell, Limit, Pair, Row, Shape, columns_of
from diagnostics.pictures.style import Tone

SHOWN = 12


def same_input(p: SameInput, finding: Finding | None, words: Words) -> Shape | None:
    """How often equal inputs got different predictions, within each table and across; None when there is nothing to compare."""
    rows = (
        (N_("current against reference"), p.across_rows, p.across, Tone.FAULT if finding else Tone.CURRENT),
        (N_("within the current table"), p.rows.current, p.differing.current, Tone.CURRENT),
        (N_("within the reference"), p.rows.reference, p.differing.reference, Tone.REFERENCE),
    )
    title = words(N_("share of equal inputs with another answer"))
    named = ((words(N_("{label} ({count:count} rows)"), label=words(name), count=n), v, tone) for name, n, v, tone in rows if n)
    return _shares(named, title, words)


def scaler(p: Scaled, finding: Finding | None, words: Words) -> Shape | None:
    """Mean and spread of both tables after the scaler, for the columns that are farthest off."""
    shown = sorted(p.columns, key=lambda c: (-max(c.shift("current"), c.shift("reference")), c.scale.column))[:15]
    if not shown:
        return None

    def scaled(mean: float, spread: float, by: float, middle: float) -> Interval:
        return Interval((mean - middle) / by, (mean - middle - spread) / by, (mean - middle + spread) / by)

    rows = [
        Pair(
            label=c.scale.column,
            reference=scaled(c.mean.reference, c.spread.reference, c.scale.scale, c.scale.mean),
            current=scaled(c.mean.current, c.spread.current, c.scale.scale, c.scale.mean),
            fault=c.scale.column in columns_of(finding),
        )
        for c in shown
    ]
    title = words(N_("after the scaler (0 ± 1 is what the model learnt with)"))
    return Dumbbell(rows=rows, axis=Axis(title=title), usual=(-1.0, 1.0))


def model_file(p: ModelFiles, finding: Finding | None, words: Words) -> Shape | None:
    """Names per library that a pickled model imports, read without loading it; None where it imports nothing."""
    named = finding.of.file if finding else None
    headers = [file.header for file in p.files if file.header is not None and named in (None, file.name)]
    if not headers or not headers[0].names:
        return None
    header = headers[0]
    counts = Counter(name.split(".")[0] for name in header.names)
    harmful = {name.split(".")[0] for name in header.harmful}
    shown = sorted(counts.items(), key=lambda item: (item[0] not in harmful, -item[1], item[0]))[:SHOWN]
    rows = [
        Row(
            label=words(N_("{library}: not for a model"), library=library) if library in harmful else library,
            value=count,
            tone=Tone.FAULT if library in harmful else Tone.CURRENT,
            said=words.number(count),
        )
        for library, count in shown
    ]
    return Bars(rows=rows, axis=Axis(title=words(N_("names that the file imports")), form="d"))


def model_replay(p: replay_check.ModelReplay, finding: Finding | None, words: Words) -> Shape | None:
    """The share of logged predictions that are not the uploaded model's over time, where they differ and times are known; else
    point by point; shares of both tables for labels. None for findings that are one number each, and when all came back.
    """
    rule = finding.rule if finding else None
    title = words(N_("logged answers that are not the model's"))
    if rule in (replay_check.BATCH, replay_check.RANDOM):
        return None
    if rule is replay_check.NOT_NOW and len(p.shares) > 1:
        late = [p.since is not None and begin >= p.since for begin, *_ in p.shares]
        curve = Curve(
            x=[begin for begin, *_ in p.shares],
            y=[share for _, share, _ in p.shares],
            name=words(N_("current")),
            tone=Tone.CURRENT,
            tones=[Tone.FAULT if one else Tone.CURRENT for one in late],
            steps=True,
            marked=True,
        )
        usual = p.differing.reference.value
        limits = [Limit(at=usual, label=words(N_("in the reference")), tone=Tone.REFERENCE)] if np.isfinite(usual) else []
        return Course(x=Axis(time=True), y=Axis(title=title, form="%", zero=True), curves=(curve,), limits=limits, onset=p.since)
    if len(p.told) > 1:
        return Diagonal(
            first=p.told,
            second=p.logged,
            tolerance=p.tolerance,
            x=Axis(title=words(N_("answer of the uploaded model"))),
            y=Axis(title=words(N_("answer that was logged"))),
            fine=words(N_("came back")),
            off=words(N_("differs")),
        )
    rows = (
        (words(N_("current")), p.differing.current, Tone.CURRENT),
        (words(N_("reference")), p.differing.reference, Tone.REFERENCE),
    )
    return _shares(rows, title, words)


def replayed(p: Replayed, finding: Finding | None, words: Words) -> Shape | None:
    """Scores and values: one mark per row, equal ones on the diagonal. Labels: share of rows per expected and logged class."""
    if finding is not None and finding.rule is OUTSIDE:
        rows = (
            (words(N_("current, where it has none")), p.outside, Tone.FAULT),
            (words(N_("current, where the reference has rows")), p.inside, Tone.CURRENT),
            (words(N_("reference, unseen rows")), p.natural, Tone.REFERENCE),
        )
        return _shares(rows, words(N_("share of answers that are not as expected")), words)
    if p.answer is Answer.LABEL:
        return _confused(p, Tone.FAULT if finding else Tone.CURRENT, words)
    if len(p.expected) < 2:
        return None
    return Diagonal(
        first=p.expected,
        second=p.logged,
        tolerance=p.tolerance,
        x=Axis(title=words(N_("answer that the stand-in expects"))),
        y=Axis(title=words(N_("answer that was logged"))),
        fine=words(N_("as expected")),
        off=words(N_("differs")),
        tone=Tone.FAULT if finding else Tone.WATCH,
        limits=True,
    )


def _confused(p: Replayed, tone: Tone, words: Words) -> Shape | None:
    totals: Counter[str] = Counter()
    for expected, _, rows in p.pairs:
        totals[expected] += rows
    shares = sorted(((rows / totals[e], e, given) for e, given, rows in p.pairs if e != given), reverse=True)[:SHOWN]
    label = N_("expected {a}, logged {b}")
    shown = [Row(label=words(label, a=e, b=given), value=s, tone=tone, said=words.percent(s)) for s, e, given in shares]
    axis = Axis(title=words(N_("share of the rows with this expected answer")), form="%")
    return Bars(rows=shown, axis=axis, limits=(Limit(at=p.natural.value, label=words(N_("usual"))),)) if shown else None


def online_offline(p: OnlineOffline, finding: Finding | None, words: Words) -> Shape | None:
    """With a finding on one number column its pairs, else the columns that differ, worst first; None when none does."""
    if finding is not None and len(finding.columns) == 1:
        column = next((c for c in p.columns if c.name == finding.columns[0]), None)
        if column is not None and len(column.offline) > 1:
            return _same_rows(column, words)
    differing = sorted((c for c in p.columns if c.kind is not RelationKind.EQUAL), key=lambda c: (-c.share.value, c.name))[:15]
    title = words(N_("share of the rows with the same id that differ"))
    return _shares(((c.name, c.share, Tone.FAULT) for c in differing), title, words)


def _same_rows(column: ColumnPair, words: Words) -> Shape:
    low, high = min(column.offline), max(column.offline)
    line = Curve(
        x=(low, high),
        y=(column.slope * low + column.offset, column.slope * high + column.offset),
        name=words(N_("the line between them")),
        tone=Tone.WATCH,
        dash="dot",
    )
    return Diagonal(
        first=column.offline,
        second=column.online,
        tolerance=0.0,
        x=Axis(title=words(N_("{column}, offline"), column=column.name)),
        y=Axis(title=words(N_("{column}, online"), column=column.name)),
        fine=words(N_("equal")),
        off=words(N_("differs")),
        curves=(line,) if column.kind is RelationKind.AFFINE else (),
    )


def _shares(rows: Iterable[tuple[str, Interval, Tone]], title: str, words: Words) -> Shape | None:
    """A bar for each share that is known; None where all are nought."""
    known = [row for row in rows if np.isfinite(row[1].value)]
    if not any(share.value for _, share, _ in known):
        return None
    shown = [Row(label=name, value=share, tone=tone, said=words.percent(share.value)) for name, share, tone in known]
    return Bars(rows=shown, axis=Axis(title=title, form="%"))
