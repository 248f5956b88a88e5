"""Serving: where the time of a request goes, what caches answer, how long requests wait, and smaller copies side by side."""

from __future__ import annotations

from typing import Final

from diagnostics.nouns.finding import Finding
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis
from diagnostics.pictures.shapes import Bars, Course, Curve, Dots, Limit, Part, Row, Shape, Stack
from diagnostics.pictures.style import Tone
from diagnostics.service.serving.check import Serving
from diagnostics.service.serving.requests import Stage
from diagnostics.service.serving.rules import BATCHING, CACHE, CARD, COSTLY, SMALLER, WORKERS

STAGES: Final = {
    Stage.FETCH: N_("fetching features"),
    Stage.MODEL: N_("the model"),
    Stage.LOAD: N_("loading the model"),
    Stage.WAIT: N_("waiting for a worker"),
    Stage.PREPARE: N_("preparing input and output"),
    Stage.REST: N_("not explained by the log"),
}
"""What each part of a request is called."""

TONES: Final = {
    Stage.FETCH: Tone.CURRENT,
    Stage.MODEL: Tone.FAULT,
    Stage.LOAD: Tone.TEXT,
    Stage.WAIT: Tone.WATCH,
    Stage.PREPARE: Tone.FINE,
    Stage.REST: Tone.REFERENCE,
}


def draw(p: Serving, finding: Finding | None, words: Words) -> Shape | None:
    """What the finding is about; without one the parts of a request, else the times of the model."""
    rule = finding.rule if finding else None
    if rule is CACHE:
        return draw_cache(p, words)
    if rule is WORKERS:
        return draw_workers(p, words)
    if rule is BATCHING:
        return draw_capacity(p, words)
    if rule in (SMALLER, COSTLY):
        return draw_copies(p, words)
    if rule is CARD:
        return draw_card(p, words)
    return draw_parts(p, words) or draw_load(p, words) or draw_cache(p, words)


def draw_parts(p: Serving, words: Words) -> Shape | None:
    """One mean request, from its beginning to its end."""
    if not p.shares:
        return None
    parts, start = [], 0.0
    for share in p.shares:
        name = words(STAGES[share.stage])
        said = words(N_("{what}: {time:number} ms, {share:percent}"), what=name, time=share.time, share=share.share)
        parts.append(Part(name=name, start=start, length=share.time, tone=TONES[share.stage], hover=said))
        start += share.time
    axis = Axis(title=words(N_("milliseconds of a mean request")))
    return Stack(rows=[(words(N_("a request")), parts)], axis=axis)


def draw_cache(p: Serving, words: Words) -> Shape | None:
    """Share of requests that a cache answers, by its size."""
    found = p.cache or p.rows_cache
    if found is None:
        return None
    rows = [
        Row(
            label=words(N_("{size:count} entries"), size=one.size),
            value=one.share,
            tone=Tone.FINE if one.share >= 0.2 else Tone.REFERENCE,
            said=words.percent(one.share),
        )
        for one in found.sizes
    ]
    if found.precomputed is not None:
        label = words(N_("computed ahead each night"))
        tone = Tone.FINE if found.precomputed >= 0.2 else Tone.REFERENCE
        rows.append(Row(label=label, value=found.precomputed, tone=tone, said=words.percent(found.precomputed)))
    return Bars(rows=rows, axis=Axis(title=words(N_("share of the log's requests that it answers")), form="%", low=0, high=1))


def draw_workers(p: Serving, words: Words) -> Shape | None:
    """Milliseconds within which 95 of 100 requests are answered, by workers and load."""
    if not p.served:
        return None
    counts = sorted({one.workers for one in p.served})
    curves = []
    names = (N_("today's load"), N_("twice as many requests"), N_("four times as many"))
    for load, name, tone in zip((1.0, 2.0, 4.0), names, (Tone.CURRENT, Tone.WATCH, Tone.FAULT), strict=True):
        own = [one for one in p.served if one.load == load]
        if own:
            x, y = [counts.index(one.workers) for one in own], [one.p95 for one in own]
            curves.append(Curve(x=x, y=y, name=words(name), tone=tone, marked=True))
    ticks = tuple((float(place), str(count)) for place, count in enumerate(counts))
    goal = Limit(at=p.goal, label=words(N_("goal")))
    y_axis = Axis(title=words(N_("milliseconds, 95 of 100 within")), log=True)
    return Course(x=Axis(title=words(N_("workers")), ticks=ticks), y=y_axis, curves=curves, limits=(goal,))


def draw_capacity(p: Serving, words: Words) -> Shape | None:
    """Requests a second that one worker answers within the goal."""
    rows = []
    for one in p.capacity:
        label = words(N_("one by one"))
        if one.batch > 1:
            label = words(N_("up to {count:count} together, {delay:number} ms"), count=one.batch, delay=one.delay)
        tone = Tone.REFERENCE if one.batch == 1 else Tone.CURRENT
        rows.append(Row(label=label, value=one.per_second, tone=tone, said=words.number(one.per_second)))
    limits: tuple[Limit, ...] = ()
    if p.asked is not None and p.asked.busiest > 0:
        limits = (Limit(at=p.asked.busiest, label=words(N_("busiest today"))),)
    title = words(N_("requests a second that one worker answers within the goal"))
    return Bars(rows=rows, axis=Axis(title=title), limits=limits) if rows else None


def draw_load(p: Serving, words: Words) -> Shape | None:
    """Milliseconds of an answer of the uploaded model by rows at once."""
    if p.model is None or p.model.load is None:
        return None
    rows = [
        Row(
            label=words(N_("{rows:count} rows"), rows=cell.batch),
            value=Interval(cell.p50, cell.p50, cell.p99),
            said=words(N_("{time:number} ms"), time=cell.p50),
        )
        for cell in p.model.load.cells
        if (cell.threads, cell.workers) == (1, 1)
    ]
    title = words(N_("milliseconds of an answer: half within the dot, 99 of 100 within the line"))
    return Dots(rows=rows, axis=Axis(title=title, log=True))


def draw_copies(p: Serving, words: Words) -> Shape | None:
    """Change of the score of each copy against the uploaded model, with its interval."""
    if p.variants is None:
        return None
    rows = []
    for copy in p.variants.copies:
        if copy.skipped or copy.gain is None:
            continue
        tone = Tone.FAULT if copy.gain.high < 0 else Tone.FINE if copy.gain.low >= -0.01 else Tone.WATCH
        rows.append(Row(label=words(copy.says), value=copy.gain, tone=tone, said=words.percent(copy.gain.value)))
    title = words(
        N_("change of the share of right answers")
        if p.variants.classification
        else N_("change of the mean error (right is better)")
    )
    return Dots(rows=rows, axis=Axis(title=title, form="%"), limits=(Limit(at=0.0, tone=Tone.REFERENCE),)) if rows else None


def draw_card(p: Serving, words: Words) -> Shape | None:
    """Milliseconds on this processor and, estimated, on a small card, by rows at once."""
    if p.accelerator is None or not p.accelerator.estimates:
        return None
    sizes = [one.batch for one in p.accelerator.estimates]
    ticks = tuple((float(place), words.number(size)) for place, size in enumerate(sizes))
    curves = [
        Curve(x=list(range(len(sizes))), y=values, name=words(name), tone=tone, marked=True)
        for name, values, tone in (
            (N_("this processor"), [one.cpu for one in p.accelerator.estimates], Tone.CURRENT),
            (N_("a small card (estimated)"), [one.card for one in p.accelerator.estimates], Tone.FINE),
        )
    ]
    y = Axis(title=words(N_("milliseconds")), log=True)
    return Course(x=Axis(title=words(N_("rows at once")), ticks=ticks), y=y, curves=curves)
