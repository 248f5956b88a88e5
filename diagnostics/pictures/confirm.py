"""Pictures of step 1, each under the name of its check: is the model worse, since when, and for whom?"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Final

import numpy as np

from diagnostics.checks.confirm.calibration import check as calibration_check
from diagnostics.checks.confirm.calibration.reliability import Reliability
from diagnostics.checks.confirm.error_onset import check as onset_check
from diagnostics.checks.confirm.error_onset.series import Series
from diagnostics.checks.confirm.estimate import UNEXPLAINED, WORSE_UNSEEN, Estimate
from diagnostics.checks.confirm.performance.check import OFF_LEVEL, MetricMoved, Performance
from diagnostics.checks.confirm.segments.check import Segments
from diagnostics.measure.metrics import Measured
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_, Words, shorten
from diagnostics.pictures.marks import Axis, Boxes, seconds
from diagnostics.pictures.shapes import Course, Curve, Dots, Dumbbell, Limit, Pair, Row, Shape
from diagnostics.pictures.style import Tone

LEVELS: Final = {
    "error rate": N_("error rate"),
    "Brier score": N_("Brier score"),
    "mean absolute error": N_("mean error"),
    "mean prediction": N_("mean prediction"),
    "share of answers": N_("share of the answer"),
}
SHARES: Final = frozenset({"error rate", "share of answers"})

METRICS: Final = {
    "error_rate": N_("error rate"),
    "brier": N_("Brier score"),
    "precision": N_("precision"),
    "recall": N_("recall"),
    "f1": N_("F1"),
    "roc_auc": N_("ROC AUC"),
    "pr_auc": N_("PR AUC"),
    "mae": N_("mean error"),
    "rmse": N_("root mean squared error"),
    "bias": N_("mean prediction less mean truth"),
}
"""Metrics that are drawn, in this order; the log loss has another scale."""

EVENTS: Final = 12
NAMED: Final = 3
"""Events drawn, and how many of them, the last, are named."""


def performance(p: Performance, finding: Finding | None, words: Words) -> Shape | None:
    """Metrics with their intervals; scores against what came true when the finding is about their level."""
    if finding is not None and finding.rule is OFF_LEVEL and p.current is not None and p.current.reliability:
        return _agreement(p, words)
    known = [(words(METRICS[name]), name, _metric(p.reference, name), _metric(p.current, name)) for name in METRICS]
    known = [row for row in known if row[2] is not None or row[3] is not None]
    if not known:
        return None
    at_fault = finding.of.metric if finding is not None and isinstance(finding.of, MetricMoved) else ""
    rows = [Pair(label=label, reference=a, current=b, fault=name == at_fault) for label, name, a, b in known]
    if any(name == "mae" for _, name, *_ in known):
        return Dumbbell(rows=rows, axis=Axis(title=words(N_("in the unit of the target"))))
    return Dumbbell(rows=rows, axis=Axis(title=words(N_("value of the metric")), low=-0.02, high=1.02))


def _metric(side: Measured | None, name: str) -> Interval | None:
    interval = side.metrics.get(name) if side is not None else None
    known = interval is not None and np.isfinite([interval.value, interval.low, interval.high]).all()
    return interval if known else None


def _agreement(p: Performance, words: Words) -> Shape:
    """Mean score of each tenth of the rows against the share that came true; on the dotted line they agree."""
    curves = [_equal(0.0, 1.0, words(N_("scores are right")))]
    for side, name, tone in ((p.reference, N_("reference"), Tone.REFERENCE), (p.current, N_("current"), Tone.FAULT)):
        if side is not None and side.reliability:
            scores, shares = [b.score for b in side.reliability], [b.share for b in side.reliability]
            curves.append(Curve(x=scores, y=shares, name=words(name), tone=tone, marked=True))
    x, y = (Axis(title=words(title), form="%", low=-0.02, high=1.02) for title in (N_("mean score"), N_("share that came true")))
    return Course(x=x, y=y, curves=curves, height=400)


def _equal(low: float, high: float, name: str) -> Curve:
    """The line on which both axes are equal."""
    return Curve(x=(low, high), y=(low, high), name=name, tone=Tone.WATCH, dash="dot", width=2)


def error_onset(p: onset_check.ErrorOnset, finding: Finding | None, words: Words) -> Shape | None:
    """The level over time with its interval, the reference's level, events and the onset; or the number of rows. None where there
    are too few bins to see a course.
    """
    bins = p.shown.current.bins
    if len(bins) < 3:
        return None
    onset = finding.since if finding else None
    moments = _events(p)
    if finding is not None and finding.rule is onset_check.VOLUME:
        starts = [seconds(b.start) or 0.0 for b in bins]
        wide = 0.85 * min(b - a for a, b in itertools.pairwise(starts))
        ends = [(at, at + wide, 0.0, float(b.rows)) for at, b in zip(starts, bins, strict=True)]
        boxes = Boxes(ends=ends, tones=[Tone.CURRENT] * len(ends), flat=False)
        y = Axis(title=words(N_("rows")), zero=True, form="d")
        return Course(x=Axis(time=True), y=y, boxes=(boxes,), moments=moments, onset=onset, height=360)
    sides = ((p.shown.reference, N_("reference"), Tone.REFERENCE), (p.shown.current, N_("current"), Tone.CURRENT))
    curves = [curve for side, name, tone in sides if (curve := _level(side, words(name), tone)) is not None]
    usual: tuple[Limit, ...] = ()
    if p.usual is not None:
        # Its line goes to the right end, where the reference's own has long ended.
        usual = (Limit(at=p.usual, label=words(N_("reference")), tone=Tone.REFERENCE, dash="dash"),)
        curves = [replace(curve, named=curve.tone is not Tone.REFERENCE) for curve in curves]
    y = Axis(title=words(LEVELS[p.measure]), form="%" if p.measure in SHARES else "")
    return Course(x=Axis(time=True), y=y, curves=curves, limits=usual, moments=moments, onset=onset, height=360)


def _level(shown: Series, name: str, tone: Tone) -> Curve | None:
    bins = [b for b in shown.bins if b.known and np.isfinite([b.value.value, b.value.low, b.value.high]).all()]
    # The first and the last bin are cut by the table's ends and jump about with their few rows.
    fewest = 0.2 * float(np.median([b.known for b in bins])) if bins else 0.0
    bins = [b for b in bins if b.known >= fewest]
    if not bins:
        return None
    return Curve(
        x=[b.start for b in bins],
        y=[b.value.value for b in bins],
        low=[b.value.low for b in bins],
        high=[b.value.high for b in bins],
        name=name,
        tone=tone,
        marked=len(bins) < 60,
    )


def _events(p: onset_check.ErrorOnset) -> list[Limit]:
    """The events within the picture as dotted lines, the last with what happened."""
    start = min((s.bins[0].start for s in (p.shown.reference, p.shown.current) if s.bins), default=None)
    end = p.shown.current.bins[-1].start
    inside = [e for e in p.events if start is not None and start <= e.time.replace(tzinfo=None) <= end][-EVENTS:]
    unnamed = len(inside) - NAMED
    return [Limit(at=e.time, label=shorten(e.what, cap=28) if place >= unnamed else "") for place, e in enumerate(inside)]


def segments(p: Segments, finding: Finding | None, words: Words) -> Shape | None:
    """The groups that are hit hardest, each with its error before and now; the mean of all current rows dotted."""
    if not p.segments:
        return None
    named = finding.segment if finding else None
    rows = [
        Pair(
            label=f"{words.phrase(s.text)} ({words.percent(s.size)})",
            reference=s.reference.value,
            current=s.current,
            fault=s.text == named,
        )
        for s in p.segments[:8]
    ]
    axis = Axis(title=words(LEVELS[p.loss]), form="%" if p.loss in SHARES else "", zero=True)
    return Dumbbell(rows=rows, axis=axis, limits=(Limit(at=p.current.value, label=words(N_("all current rows"))),))


def calibration(p: calibration_check.Calibration, finding: Finding | None, words: Words) -> Shape | None:
    """The map from expected to logged answers of both tables; where it did not move, the reliability, if the truth is known."""
    moved = finding is not None and finding.rule is calibration_check.LEVEL_MOVED
    if p.bend is not None and (moved or p.truth is None):
        return _bend(p, p.bend, moved, words)
    return None if p.truth is None else _truth(p, p.truth, words)


def _bend(p: calibration_check.Calibration, bend: calibration_check.Bend, moved: bool, words: Words) -> Shape:
    curves = (
        Curve(x=bend.expected, y=bend.before, name=words(N_("reference")), tone=Tone.REFERENCE),
        Curve(x=bend.expected, y=bend.after, name=words(N_("current")), tone=Tone.FAULT if moved else Tone.CURRENT),
    )
    if p.answer is not Answer.LABEL:
        x, y = words(N_("answer that the same inputs used to get")), words(N_("logged answer"))
        return Course(x=Axis(title=x), y=Axis(title=y), curves=curves)
    x = words(N_("how strongly the same inputs used to point to {name}"), name=bend.name)
    y = words(N_("share of rows answered {name}"), name=bend.name)
    return Course(x=Axis(title=x, low=0.0, high=1.0), y=Axis(title=y, form="%", low=-0.02, high=1.02), curves=curves)


def _truth(p: calibration_check.Calibration, truth: Reliability, words: Words) -> Shape:
    score = p.answer is Answer.SCORE
    ends = [point for side in (truth.reference, truth.current) for point, _ in side.bins]
    low, high = (0.0, 1.0) if score else (min(ends), max(ends))
    curves = [_equal(low, high, words(N_("as announced")))]
    for side, name, tone in ((truth.reference, N_("reference"), Tone.REFERENCE), (truth.current, N_("current"), Tone.CURRENT)):
        curves.append(
            Curve(
                x=[point for point, _ in side.bins],
                y=[came.value for _, came in side.bins],
                low=[came.low for _, came in side.bins],
                high=[came.high for _, came in side.bins],
                name=words(name),
                tone=tone,
                marked=True,
            )
        )
    y = N_("share that came true") if score else N_("mean of what came")
    return Course(x=Axis(title=words(N_("answer"))), y=Axis(title=words(y)), curves=curves)


def estimate(p: Estimate, finding: Finding | None, words: Words) -> Shape | None:
    """Errors counted in the reference, and estimated and counted in the current table; None where nothing could be estimated."""
    if p.estimated is None:
        return None
    rule = finding.rule if finding else None
    rows = [
        (N_("reference, counted"), p.reference, Tone.REFERENCE),
        (N_("current, estimated"), p.estimated, Tone.FAULT if rule is WORSE_UNSEEN else Tone.WATCH),
        (N_("current, counted"), p.counted, Tone.FAULT if rule is UNEXPLAINED else Tone.CURRENT),
    ]
    axis = Axis(title=words(LEVELS[p.measure]), form="%" if p.measure in SHARES else "", zero=True)
    said = words.percent if axis.form else words.number
    return Dots(
        rows=[Row(label=words(name), value=v, tone=tone, said=said(v.value)) for name, v, tone in rows if v is not None],
        axis=axis,
    )
