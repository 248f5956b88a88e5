"""Deployment: time of a prediction by variant, what more workers bring, and learning on in service."""

from __future__ import annotations

from diagnostics.clinic.deployment.check import Deployment
from diagnostics.clinic.deployment.rules import MOVING, SERVED, STILL, WORSE
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.clinic import compared
from diagnostics.pictures.marks import Axis
from diagnostics.pictures.shapes import Bars, Course, Curve, Dots, Row, Shape
from diagnostics.pictures.style import Tone


def draw(p: Deployment, finding: Finding | None, words: Words) -> Shape | None:
    """Blocks of later rows for learning on, scores for a loss, else the time of one prediction."""
    rule = finding.rule if finding else None
    if rule is WORSE:
        return compared.draw(p.compared, finding, words)
    if rule in (MOVING, STILL):
        return draw_online(p, words)
    if rule is SERVED:
        return draw_uploaded(p, words)
    return draw_times(p, words)


def draw_times(p: Deployment, words: Words) -> Shape | None:
    """Milliseconds for one row, one worker: the median as a mark, up to the 99th percentile as a line."""
    rows = [
        Row(
            label=words(variant.says),
            value=Interval(cell.p50, cell.p50, cell.p99),
            tone=Tone.REFERENCE if variant.name == "python" else Tone.CURRENT,
            said=words(N_("{time:number} ms"), time=cell.p50),
        )
        for variant in p.variants
        for cell in p.latency
        if (cell.what, cell.batch, cell.workers) == (variant.name, 1, 1)
    ]
    title = words(N_("milliseconds for one row: half within the dot, 99 of 100 within the line"))
    return Dots(rows=rows, axis=Axis(title=title, log=True)) if rows else None


def draw_workers(p: Deployment, words: Words, batch: int) -> Shape | None:
    """Rows a second of each variant by workers, in predictions of `batch` rows."""
    cells = [cell for cell in p.latency if cell.batch == batch]
    if not cells:
        return None
    counts = sorted({cell.workers for cell in cells})
    curves = []
    for variant, tone in zip(p.variants, (Tone.REFERENCE, Tone.CURRENT, Tone.WATCH, Tone.FINE), strict=False):
        own = [cell for cell in cells if cell.what == variant.name]
        if own:
            x, y = [counts.index(cell.workers) for cell in own], [cell.per_second for cell in own]
            curves.append(Curve(x=x, y=y, name=words(variant.says), tone=tone, marked=True))
    ticks = tuple((float(place), str(count)) for place, count in enumerate(counts))
    x_axis = Axis(title=words(N_("workers that ask at once")), ticks=ticks)
    return Course(x=x_axis, y=Axis(title=words(N_("rows a second")), log=True), curves=curves)


def draw_online(p: Deployment, words: Words) -> Shape | None:
    """Score of each block of later rows: left as it was, and learning on."""
    found = p.online
    if found is None:
        return None
    unit = N_("right answers") if found.higher else N_("mean error by the spread")
    curves = [
        Curve(x=found.ends, y=scores, name=words(name), tone=tone, marked=True)
        for name, scores, tone in (
            (N_("left as it was"), found.fixed, Tone.REFERENCE),
            (N_("learns on"), found.online, Tone.CURRENT),
        )
    ]
    x = Axis(title=words(N_("share of the rows, in time")), form="%")
    return Course(x=x, y=Axis(title=words(unit), form="%" if found.higher else ""), curves=curves)


def draw_uploaded(p: Deployment, words: Words) -> Shape | None:
    """Milliseconds of a prediction of the uploaded model by batch."""
    if p.uploaded is None:
        return None
    rows = [
        Row(label=words(N_("{rows:count} rows"), rows=cell.batch), value=cell.p50, said=words.number(cell.p50))
        for cell in p.uploaded.latency
    ]
    return Bars(rows=rows, axis=Axis(title=words(N_("milliseconds of an answer, median")))) if rows else None
