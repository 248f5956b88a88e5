"""Data quality: scores split two ways, columns alone, gaps, doubtful labels, rows that repeat or stand apart."""

from __future__ import annotations

from diagnostics.clinic.data_quality.leaks import Leak
from diagnostics.clinic.data_quality.result import DataQuality
from diagnostics.clinic.data_quality.rules import APART, DOUBTED, FILLED, HOLDS, LATER, RELATED, SCALED, TELLING_GAPS
from diagnostics.clinic.shared.compare import translate
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.clinic import compared
from diagnostics.pictures.marks import Axis
from diagnostics.pictures.shapes import Bars, Dots, Dumbbell, Pair, Row, Shape, Side
from diagnostics.pictures.style import Tone

HONEST = {
    Leak.TWINS: N_("equal rows kept together"),
    Leak.IDS: N_("each id on one side"),
    Leak.TIME: N_("judged on later rows"),
}
EASY = {
    Leak.TWINS: N_("equal rows split at random"),
    Leak.IDS: N_("ids split at random"),
    Leak.TIME: N_("rows split at random"),
}


def draw(p: DataQuality, finding: Finding | None, words: Words) -> Shape | None:
    """What proves the finding; without one, how many rows of each kind there are."""
    rule = finding.rule if finding else None
    if rule in (RELATED, LATER):
        return draw_splits(p, words)
    if rule is HOLDS:
        return draw_tellers(p, words)
    if rule is TELLING_GAPS:
        return draw_gaps(p, words)
    if rule is DOUBTED:
        return draw_mixed(p, words)
    if rule in (FILLED, SCALED):
        measured = p.imputers if rule is FILLED else p.scaling
        return None if measured is None else compared.draw(measured, finding, words)
    if rule is APART and p.outliers.columns:
        return draw_far(p, words)
    return draw_counts(p, words)


def draw_splits(p: DataQuality, words: Words) -> Shape | None:
    """The same model split at random (too good) and properly, with intervals."""
    rows = [
        Row(label=words(name), value=score, tone=tone, said=words.number(score.value))
        for found in p.inflations
        for name, score, tone in (
            (EASY[found.leak], found.easy, Tone.FAULT),
            (HONEST[found.leak], found.honest, Tone.CURRENT),
        )
    ]
    return Dots(rows=rows, axis=Axis(title=translate(words, p.says))) if rows else None


def draw_tellers(p: DataQuality, words: Words) -> Shape | None:
    """What each column tells alone, from 0 (no more than chance) to 1 (everything)."""
    held = {t.column for t in p.tellers if t.without is not None and t.without.gain.value <= -0.05}
    rows = [
        Row(
            label=t.column,
            value=t.alone,
            tone=Tone.FAULT if t.column in held else Tone.CURRENT,
            said=words.number(t.alone),
        )
        for t in p.tellers[:10]
    ]
    title = words(N_("what the column tells alone: 0 is chance, 1 everything"))
    return Bars(rows=rows, axis=Axis(title=title, high=1.0)) if rows else None


def draw_gaps(p: DataQuality, words: Words) -> Shape | None:
    """Where a column is missing and elsewhere: share of the class, or mean of the target."""
    rows = [Pair(label=gap.column, reference=gap.elsewhere, current=gap.where) for gap in p.gaps.columns if gap.beyond_chance][:8]
    if not rows:
        return None
    share = bool(p.gaps.about)
    title = words(N_("share of {level}"), level=p.gaps.about) if share else words(N_("mean of the target"))
    sides = (
        Side(name=words(N_("elsewhere")), tone=Tone.REFERENCE),
        Side(name=words(N_("where it is missing")), tone=Tone.FAULT),
    )
    return Dumbbell(rows=rows, axis=Axis(title=title, form="%" if share else "", zero=share), sides=sides)


def draw_mixed(p: DataQuality, words: Words) -> Shape | None:
    """Rows by the label they have and the class they look like."""
    if p.noise is None or not p.noise.mixed:
        return None
    name = N_("{given}, looks like {true}")
    rows = [
        Row(label=words(name, given=m.given, true=m.true), value=m.rows, tone=Tone.FAULT, said=words.number(m.rows))
        for m in p.noise.mixed[:8]
    ]
    return Bars(rows=rows, axis=Axis(title=words(N_("rows, estimated"))))


def draw_far(p: DataQuality, words: Words) -> Shape | None:
    """Values far beyond the quartiles, by column."""
    rows = [Row(label=c.column, value=c.rows, tone=Tone.WATCH, said=words.number(c.rows)) for c in p.outliers.columns[:8]]
    return Bars(rows=rows, axis=Axis(title=words(N_("values far beyond the quartiles")))) if rows else None


def draw_counts(p: DataQuality, words: Words) -> Shape | None:
    """How many rows of each kind there are, as a share of the rows looked at."""
    seen = p.copies
    kinds = [
        (N_("copies of another row"), seen.repeated / seen.rows),
        (N_("contradict an equal row"), seen.conflicts / seen.rows),
        (N_("nearly equal to another"), seen.near / max(1, seen.near_rows)),
        (N_("stand apart"), p.outliers.rows / p.outliers.looked),
        (N_("have a gap"), 1 - p.gaps.complete),
    ]
    if p.noise is not None:
        kinds.append((N_("label nine to one against"), p.noise.sure / p.noise.rows))
    rows = [Row(label=words(name), value=share, said=words.percent(share)) for name, share in kinds]
    high = 1.05 * max(0.01, *(share for _, share in kinds))
    return Bars(rows=rows, axis=Axis(title=words(N_("share of the rows")), form="%", high=high))
