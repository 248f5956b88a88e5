"""The pictures of a watch: its metric over the batches, columns by batches, the calendar, and any column over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis, Cells, Place, Points
from diagnostics.pictures.shapes import Course, Curve, HeatMap, Limit
from diagnostics.pictures.style import Tone
from diagnostics.watch.overview import VERDICTS, Overview, Verdict
from diagnostics.watch.records import Batch
from diagnostics.watch.summary import SHOWN

METRICS: Final[Mapping[str, tuple[str, bool]]] = {
    "error_rate": (N_("share of wrong predictions"), True),
    "mae": (N_("mean absolute error"), False),
}
"""Name of each metric, and whether it is a share."""

ROWS: Final = 24
"""Columns in the heat map: those that moved most."""

LETTERED: Final = 70
"""Batches up to which every mark holds its letter; of more only those do that are not as expected."""

WEEKS: Final = 60
"""Weeks of a calendar up to which every day holds its letter."""

NEAR, FAR = 2.0, 12.0
"""Standard errors up to which a cell is pale, as chance makes it, and from which on it could be no darker."""

DATES: Final = 6
"""Dates along the heat map."""

WEEK: Final = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
TONES: Final[Mapping[Verdict, Tone]] = {
    Verdict.WELL: Tone.FINE,
    Verdict.CALM: Tone.CURRENT,
    Verdict.CHANGED: Tone.WATCH,
    Verdict.WORSE: Tone.FAULT,
    Verdict.FAULT: Tone.FAULT,
    Verdict.FEW: Tone.REFERENCE,
    Verdict.MISSING: Tone.WATCH,
    Verdict.UNREADABLE: Tone.WATCH,
    Verdict.REPEATED: Tone.REFERENCE,
    Verdict.WAITING: Tone.REFERENCE,
}
"""The colour of a verdict; its letter stands in it."""

ALARMING: Final = frozenset({Verdict.CHANGED, Verdict.WORSE, Verdict.FAULT, Verdict.MISSING, Verdict.UNREADABLE})


def places(batches: Sequence[Batch]) -> list[Place]:
    """Where each batch stands along the axis: its time, or its number where some times are unknown."""
    times = [batch.since for batch in batches]
    known = [when for when in times if when is not None]
    return list(known) if len(known) == len(times) else list(range(1, len(times) + 1))


def along(at: Sequence[Place], words: Words) -> Axis:
    """The axis of `places`."""
    timed = bool(at) and isinstance(at[0], datetime)
    return Axis(title=words(N_("time")) if timed else words(N_("batch")), time=timed)


def line(p: Overview, words: Words) -> Course | None:
    """The metric with its interval, and every batch as a mark with its letter; None without batches."""
    if not p.history:
        return None
    at = places(p.history)
    name = next((batch.metric.name for batch in p.history if batch.metric), "error_rate")
    title, share = METRICS[name]
    heights = [batch.metric.value.value if batch.metric else None for batch in p.history]
    known = [height for height in heights if height is not None]
    floor = min(known) - 0.08 * (max(known) - min(known) or 1) if known else 0.0
    few = len(p.history) <= LETTERED
    points = []
    for verdict in dict.fromkeys(p.verdicts):
        mine = [n for n, one in enumerate(p.verdicts) if one is verdict]
        lettered = few or verdict in ALARMING
        points.append(
            Points(
                x=[at[n] for n in mine],
                y=[floor if (height := heights[n]) is None else height for n in mine],
                tones=[TONES[verdict]] * len(mine),
                size=17 if lettered else 5,
                inside=[VERDICTS[verdict][0]] * len(mine) if lettered else (),
                hover=[_hover(p.history[n], VERDICTS[verdict][1], words) for n in mine],
            )
        )
    return Course(
        x=along(at, words),
        y=Axis(title=words(title), form="%" if share else ""),
        curves=[curve for estimated in (False, True) if (curve := _curve(p, at, words, estimated=estimated))],
        points=points,
        onset=p.onsets[-1] if p.onsets else None,
        moments=[Limit(at=when, tone=Tone.FAULT) for when in p.onsets[:-1][-11:]],
        height=380.0,
    )


def _curve(p: Overview, at: Sequence[Place], words: Words, *, estimated: bool) -> Curve | None:
    """The metric as counted, or as estimated, with the band of its interval."""
    held = [(x, b.metric) for x, b in zip(at, p.history, strict=True) if b.metric and b.metric.estimated is estimated]
    if not held:
        return None
    return Curve(
        x=[x for x, _ in held],
        y=[metric.value.value for _, metric in held],
        low=[metric.value.low for _, metric in held],
        high=[metric.value.high for _, metric in held],
        name=words(N_("estimated") if estimated else N_("counted")),
        tone=Tone.REFERENCE if estimated else Tone.CURRENT,
        dash="dot" if estimated else "",
        width=1.5,
        named=False,
    )


def _hover(batch: Batch, says: str, words: Words) -> str:
    told = f"{batch.name}: {words(says)}"
    if batch.metric is not None:
        title, share = METRICS[batch.metric.name]
        number = words.percent(batch.metric.value.value) if share else words.number(batch.metric.value.value)
        told += f"; {words(title)} {number}" + (f" ({words(N_('estimated'))})" if batch.metric.estimated else "")
    return f"{told}. {batch.reason.statement(words)}" if batch.reason else told


def heat(p: Overview, words: Words) -> HeatMap | None:
    """Columns by batches: how far each is from what is expected; None without a course."""
    if p.course is None or not p.counted:
        return None
    held = p.course.heat()
    known = np.where(np.isfinite(held), held, 0.0)
    order = np.argsort(-known.max(axis=1), kind="stable")[:ROWS][::-1]
    count = len(p.counted)
    dated = [int(n) for n in np.linspace(0, count - 1, min(DATES, count))]
    labels = [words.time(when.date()) if (when := p.counted[n].since) else str(n + 1) for n in dated]
    names = tuple((float(row), p.columns[n]) for row, n in enumerate(order))
    return HeatMap(
        x=Axis(ticks=tuple((float(n), label) for n, label in zip(dated, labels, strict=True)), grid=False),
        y=Axis(ticks=names, grid=False, low=-0.5, high=len(order) - 0.5),
        cells=Cells(
            x=list(range(count)),
            y=list(range(len(order))),
            z=[[round(float(value), 2) for value in known[n]] for n in order],
            low=NEAR,
            high=FAR,
            tone=Tone.FAULT,
        ),
    )


LEVEL: Final[tuple[Verdict, ...]] = (
    Verdict.REPEATED,
    Verdict.FEW,
    Verdict.WAITING,
    Verdict.CALM,
    Verdict.WELL,
    Verdict.CHANGED,
    Verdict.UNREADABLE,
    Verdict.MISSING,
    Verdict.WORSE,
    Verdict.FAULT,
)
"""From what says least of a day to what says most."""


def calendar(p: Overview, words: Words) -> Course | None:
    """A square a day, weeks side by side, with the letter and the colour of its worst batch; None where no day is known."""
    worst: dict[datetime, Verdict] = {}
    for batch, verdict in zip(p.history, p.verdicts, strict=True):
        if batch.since is not None:
            day = batch.since.replace(hour=0, minute=0, second=0, microsecond=0)
            worst[day] = max(worst.get(day, verdict), verdict, key=LEVEL.index)
    if not worst:
        return None
    monday = min(worst) - timedelta(days=min(worst).weekday())
    weeks = (max(worst) - monday).days // 7 + 1
    points = []
    for verdict in dict.fromkeys(worst.values()):
        days = [day for day, one in worst.items() if one is verdict]
        letter, says = VERDICTS[verdict]
        points.append(
            Points(
                x=[monday + timedelta(days=7 * ((day - monday).days // 7)) for day in days],
                y=[6 - day.weekday() for day in days],
                tones=[TONES[verdict]] * len(days),
                symbol="square",
                size=20 if weeks <= WEEKS else 7,
                inside=[letter] * len(days) if weeks <= WEEKS else (),
                hover=[f"{words.time(day)}: {words(says)}" for day in days],
            )
        )
    week = tuple((6.0 - n, words(day)) for n, day in enumerate(WEEK))
    y = Axis(ticks=week, grid=False, low=-0.6, high=6.6)
    return Course(x=Axis(time=True, grid=False), y=y, points=points, height=250.0)


def over_time(p: Overview, column: str, which: int, words: Words) -> Course | None:
    """One number of one column over the batches; None where there is none."""
    if p.course is None or column not in p.columns:
        return None
    at = places(p.counted)
    values = [float(value) if np.isfinite(value) else None for value in p.over_time(column, which)]
    return Course(
        x=along(at, words),
        y=Axis(title=f"{words(SHOWN[which])}: {column}"),
        curves=[Curve(x=at, y=values, name=column, tone=Tone.CURRENT, marked=len(at) <= LETTERED, width=1.5, named=False)],
        onset=p.onsets[-1] if p.onsets else None,
        height=280.0,
    )
