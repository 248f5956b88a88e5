"""The pictures of a watch: its metric over the batches, columns by batches, the calendar, and any column over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, onset_line, safe
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

ROW: Final = 24
LETTERED: Final = 90
"""Batches up to which every dot has its letter; of more only those do that are not well."""

FAR: Final = 12.0
ALARMING: Final = frozenset({Verdict.CHANGED, Verdict.WORSE, Verdict.FAULT, Verdict.MISSING, Verdict.UNREADABLE})
WEEK: Final = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))


def colour(verdict: Verdict, palette: Palette) -> str:
    """The colour of a verdict; its letter stands with it."""
    match verdict:
        case Verdict.WELL:
            return palette.fine
        case Verdict.FAULT | Verdict.WORSE:
            return palette.fault
        case Verdict.CHANGED | Verdict.MISSING | Verdict.UNREADABLE:
            return palette.watch
        case Verdict.CALM:
            return palette.current
    return palette.reference


def places(p: Overview) -> list[Any]:
    """Where each batch stands along the axis: its time, or its number where some times are unknown."""
    times = [batch.since for batch in p.history]
    return list(times) if all(when is not None for when in times) else list(range(1, len(times) + 1))


def line(p: Overview, words: Words, palette: Palette) -> go.Figure | None:
    """The metric with its interval, and every batch as a dot; None without batches."""
    if not p.history:
        return None
    at = places(p)
    name = next((batch.metric.name for batch in p.history if batch.metric), "error_rate")
    title, share = METRICS[name]
    figure = blank(words, palette, x=N_("time") if _timed(at) else N_("batch"), y=title, height=380)
    for estimated in (False, True):
        _stretch(figure, p, at, words, palette, estimated=estimated)
    heights = [batch.metric.value.value if batch.metric else None for batch in p.history]
    known = [height for height in heights if height is not None]
    floor = min(known) - 0.08 * (max(known) - min(known) or 1) if known else 0.0
    few = len(p.history) <= LETTERED
    for verdict in dict.fromkeys(p.verdicts):
        mine = [n for n, one in enumerate(p.verdicts) if one is verdict]
        letter, says = VERDICTS[verdict]
        lettered = few or verdict in ALARMING
        figure.add_scatter(
            x=[at[n] for n in mine],
            y=[heights[n] if heights[n] is not None else floor for n in mine],
            mode="markers+text" if lettered else "markers",
            text=[letter] * len(mine) if lettered else None,
            textposition="top center",
            textfont={"color": colour(verdict, palette), "size": 12 if few else 10},
            marker={"color": colour(verdict, palette), "size": 8 if few else 5},
            customdata=[p.history[n].name for n in mine],
            name=words(says),
            hovertemplate=[_hover(p.history[n], says, words) for n in mine],
        )
    if share:
        figure.update_yaxes(tickformat=".0%")
    for when in p.onsets[-1:]:
        onset_line(figure, when, words, palette)
    for when in p.onsets[:-1][-11:]:
        figure.add_vline(x=when.isoformat(), line={"color": palette.fault, "width": 1, "dash": "dot"})
    return figure


def _timed(at: Sequence[Any]) -> bool:
    return bool(at) and isinstance(at[0], datetime)


def _stretch(figure: go.Figure, p: Overview, at: Sequence[Any], words: Words, palette: Palette, *, estimated: bool) -> None:
    """The metric as counted, or as estimated, with the band of its interval."""
    held = [(x, b.metric) for x, b in zip(at, p.history, strict=True) if b.metric and b.metric.estimated is estimated]
    if not held:
        return
    tint = palette.reference if estimated else palette.current
    x = [place for place, _ in held]
    low, high = [m.value.low for _, m in held], [m.value.high for _, m in held]
    figure.add_scatter(
        x=[*x, *x[::-1]],
        y=[*high, *low[::-1]],
        fill="toself",
        mode="lines",
        line={"width": 0},
        fillcolor=tint,
        opacity=0.16,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=x,
        y=[m.value.value for _, m in held],
        mode="lines",
        line={"color": tint, "width": 1.5, "dash": "dot" if estimated else "solid"},
        hoverinfo="skip",
        name=words(N_("estimated") if estimated else N_("counted")),
    )


def _hover(batch: Batch, says: str, words: Words) -> str:
    metric = ""
    if batch.metric is not None:
        title, share = METRICS[batch.metric.name]
        number = words.percent(batch.metric.value.value) if share else words.number(batch.metric.value.value)
        metric = f"<br>{words(title)}: {number}" + (f" ({words(N_('estimated'))})" if batch.metric.estimated else "")
    reason = f"<br>{safe(batch.reason.statement(words), cap=120)}" if batch.reason else ""
    return f"<b>{safe(batch.name)}</b><br>{words(says)}{metric}{reason}<extra></extra>".replace("%{", "%&#123;")


def heat(p: Overview, words: Words, palette: Palette) -> go.Figure | None:
    """Columns by batches: how far each is from what is expected; None without a course."""
    if p.course is None or not p.counted:
        return None
    held = p.course.heat()
    known = np.where(np.isfinite(held), held, 0.0)
    order = np.argsort(-known.max(axis=1), kind="stable")[:ROWS][::-1]
    times = [batch.since for batch in p.counted]
    at: list[Any] = list(times) if all(times) else list(range(1, len(times) + 1))
    figure = blank(words, palette, x=N_("time") if _timed(at) else N_("batch"), height=90 + ROW * len(order))
    ground = "#F4F6F8" if palette.text == "#1F2933" else "#1A2129"
    figure.add_heatmap(
        x=at,
        y=[safe(p.columns[n], cap=22) for n in order],
        z=np.round(known[order], 2),
        zmin=0,
        zmax=FAR,
        colorscale=[[0, ground], [0.25, palette.grid], [0.45, palette.watch], [1, palette.fault]],
        xgap=1 if len(at) <= 120 else 0,
        ygap=1,
        colorbar={"title": {"text": words(N_("standard errors")), "side": "right"}, "thickness": 10},
        hovertemplate="%{y}<br>%{x}<br>" + words(N_("standard errors")) + ": %{z}<extra></extra>",
    )
    # Only of a line the axis is written in the reader's language.
    figure.add_scatter(x=at[:1], y=[safe(p.columns[order[0]], cap=22)], mode="lines", hoverinfo="skip")
    figure.update_yaxes(showgrid=False, type="category")
    figure.update_xaxes(showgrid=False)
    return figure


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


def calendar(p: Overview, words: Words, palette: Palette) -> go.Figure | None:
    """A square a day, weeks side by side, with the letter and the colour of its worst batch; None where no day is known."""
    worst: dict[Any, Verdict] = {}
    for batch, verdict in zip(p.history, p.verdicts, strict=True):
        if batch.since is not None:
            day = batch.since.date()
            worst[day] = max(worst.get(day, verdict), verdict, key=LEVEL.index)
    if not worst:
        return None
    monday = min(worst) - timedelta(days=min(worst).weekday())
    weeks = (max(worst) - monday).days // 7 + 1
    figure = blank(words, palette, height=260)
    for verdict in dict.fromkeys(worst.values()):
        days = [day for day, one in worst.items() if one is verdict]
        letter, says = VERDICTS[verdict]
        figure.add_scatter(
            x=[monday + timedelta(days=7 * ((day - monday).days // 7)) for day in days],
            y=[day.weekday() for day in days],
            mode="markers+text" if weeks <= 60 else "markers",
            text=[letter] * len(days),
            textfont={"color": "#FFFFFF" if palette.text == "#1F2933" else "#12171E", "size": 11},
            marker={"symbol": "square", "size": 20 if weeks <= 60 else 7, "color": colour(verdict, palette)},
            hovertemplate=[f"{words.time(day)}<br>{words(says)}<extra></extra>" for day in days],
            name=words(says),
        )
    figure.update_yaxes(tickvals=list(range(7)), ticktext=[words(day) for day in WEEK], range=[6.6, -0.6], showgrid=False)
    pad = timedelta(days=5)
    figure.update_xaxes(showgrid=False, range=[monday - pad, monday + timedelta(days=7 * max(weeks, 12)) + pad])
    return figure


def over_time(p: Overview, column: str, which: int, words: Words, palette: Palette) -> go.Figure | None:
    """One number of one column over the batches; None where there is none."""
    if p.course is None or column not in p.columns:
        return None
    values = p.over_time(column, which)
    times = [batch.since for batch in p.counted]
    at: list[Any] = list(times) if all(times) else list(range(1, len(times) + 1))
    figure = blank(words, palette, x=N_("time") if _timed(at) else N_("batch"), height=280)
    figure.update_yaxes(title_text=f"{words(SHOWN[which])}: {safe(column, cap=24)}")
    figure.add_scatter(
        x=at,
        y=[None if not np.isfinite(value) else float(value) for value in values],
        mode="lines+markers",
        line={"color": palette.current, "width": 1.5},
        marker={"size": 5},
        hovertemplate="%{x}: %{y:.4g}<extra></extra>",
    )
    for when in p.onsets[-1:]:
        onset_line(figure, when, words, palette)
    return figure
