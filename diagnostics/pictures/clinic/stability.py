"""Stability: scores of trainings that differ in one thing, how often predictions change, and which remedy makes that rarer."""

from __future__ import annotations

from diagnostics.clinic.shared.compare import translate
from diagnostics.clinic.stability.check import Stability, steadiest
from diagnostics.clinic.stability.rules import CALMED, FLIPS
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis
from diagnostics.pictures.shapes import Bars, Lane, Lanes, Limit, Row, Shape, Stay
from diagnostics.pictures.style import Tone

TURNED = N_("held-out rows answered otherwise by another training")


def draw(p: Stability, finding: Finding | None, words: Words) -> Shape | None:
    """Predictions that change, or remedies, where the finding speaks of them; else the scores of every training."""
    if finding is not None and finding.rule is FLIPS:
        return draw_turned(p, words)
    if finding is not None and finding.rule is CALMED:
        return draw_calmer(p, words)
    return draw_scores(p, words)


def draw_scores(p: Stability, words: Words) -> Shape | None:
    """One mark for each training, in a row for each thing that was changed."""
    title = words(N_("{unit} on held-out rows, a dot for each training"), unit=translate(words, p.says))
    lanes = [
        Lane(
            label=translate(words, source.says),
            stays=[
                # The first carries the line to the last.
                Stay(start=score, end=None if place else max(source.scores), tone=_tone(source.name), hover=words.number(score))
                for place, score in enumerate(sorted(source.scores))
            ],
        )
        for source in p.sources
    ]
    return Lanes(lanes=lanes, x=Axis(title=title)) if lanes else None


def _tone(name: str) -> Tone:
    return Tone.FAULT if name == "seed" else Tone.CURRENT


def draw_turned(p: Stability, words: Words) -> Shape | None:
    """How many predictions differ between two trainings, by what was changed."""
    rows = [
        Row(label=translate(words, s.says), value=s.flipped, tone=_tone(s.name), said=words.percent(s.flipped))
        for s in p.sources
        if s.name != "split"
    ]
    return Bars(rows=rows, axis=Axis(title=words(TURNED), form="%")) if rows else None


def draw_calmer(p: Stability, words: Words) -> Shape | None:
    """How many predictions differ between two trainings with each remedy; the dotted line is without."""
    seeds = p.source("seed")
    if not p.calmer or seeds is None:
        return None
    best = steadiest(p)
    rows = [
        Row(
            label=translate(words, c.says),
            value=Interval(c.flipped, max(0.0, c.flipped - (c.less.high - c.less.value)), c.flipped + c.less.value - c.less.low),
            tone=Tone.FINE if c is best else Tone.FAULT if c.less.high < 0 else Tone.REFERENCE,
            said=words.percent(c.flipped),
        )
        for c in sorted(p.calmer, key=lambda calmer: calmer.flipped)
    ]
    limit = Limit(at=seeds.flipped, label=words(N_("as it is")))
    return Bars(rows=rows, axis=Axis(title=words(TURNED), form="%"), limits=(limit,))


def draw_parts(p: Stability, words: Words) -> Shape | None:
    """Share of the score's variance that each thing brings."""
    rows = [Row(label=translate(words, s.says), value=s.share, said=words.percent(s.share)) for s in p.sources if s.share > 0]
    return Bars(rows=rows, axis=Axis(title=words(N_("share of the score's variance")), form="%", high=1.0)) if rows else None
