"""Deployment: time of an answer by variant, what more workers bring, and learning on in service."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.clinic.deployment.check import Deployment
from diagnostics.clinic.deployment.rules import MOVING, SERVED, STILL, WORSE
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures import compared
from diagnostics.pictures.style import Palette, blank, wrapped


def draw(p: Deployment, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Blocks of later rows for learning on, scores for a loss, else the time of one answer."""
    rule = finding.rule if finding else None
    if rule is WORSE:
        return compared.draw(p.compared, finding, words, palette)
    if rule in (MOVING, STILL):
        return draw_online(p, words, palette)
    if rule is SERVED:
        return draw_uploaded(p, words, palette)
    return draw_times(p, words, palette)


def draw_times(p: Deployment, words: Words, palette: Palette) -> go.Figure | None:
    """Milliseconds of an answer to one row, one worker: the median as a dot, up to the 99th percentile as a line."""
    shown = [
        (variant, cell)
        for variant in reversed(p.variants)
        for cell in p.latency
        if (cell.what, cell.batch, cell.workers) == (variant.name, 1, 1)
    ]
    if not shown:
        return None
    figure = blank(words, palette, x=N_("milliseconds for one row: half within the dot, 99 of 100 within the line"), height=330)
    for variant, cell in shown:
        label = wrapped(words(variant.says))
        colour = palette.reference if variant.name == "python" else palette.current
        figure.add_scatter(
            x=[cell.p50, cell.p99], y=[label, label], mode="lines", line={"color": colour, "width": 4}, hoverinfo="skip"
        )
        figure.add_scatter(
            x=[cell.p50],
            y=[label],
            mode="markers+text",
            text=[words(N_("{time:number} ms"), time=cell.p50)],
            textposition="top center",
            cliponaxis=False,
            marker={"color": colour, "size": 13},
            hovertemplate="%{x:.3g} ms<extra></extra>",
        )
    figure.update_xaxes(type="log", dtick=1)
    figure.update_yaxes(range=[-0.5, len(shown) - 0.3])
    return figure


def draw_workers(p: Deployment, words: Words, palette: Palette, batch: int) -> go.Figure | None:
    """Rows a second of each variant by workers, in answers of `batch` rows."""
    cells = [cell for cell in p.latency if cell.batch == batch]
    if not cells:
        return None
    figure = blank(words, palette, x=N_("workers that ask at once"), y=N_("rows a second"), height=340)
    colours = (palette.reference, palette.current, palette.watch, palette.fine)
    for variant, colour in zip(p.variants, colours, strict=False):
        own = [cell for cell in cells if cell.what == variant.name]
        if not own:
            continue
        figure.add_scatter(
            x=[str(cell.workers) for cell in own],
            y=[cell.per_second for cell in own],
            mode="lines+markers",
            name=words(variant.says),
            line={"color": colour, "width": 2.5},
            marker={"size": 9},
            hovertemplate="%{x}: %{y:,.0f}<extra></extra>",
        )
    figure.update_yaxes(type="log", dtick=1, title_standoff=16)
    figure.update_xaxes(type="category")
    figure.update_layout(showlegend=True)
    return figure


def draw_online(p: Deployment, words: Words, palette: Palette) -> go.Figure | None:
    """Score of each block of later rows: left as it was (grey), learning on (blue)."""
    found = p.online
    if found is None:
        return None
    unit = N_("right answers") if found.higher else N_("mean error by the spread")
    figure = blank(words, palette, x=N_("share of the rows, in time"), y=unit, height=340)
    for name, scores, colour in (
        (N_("left as it was"), found.fixed, palette.reference),
        (N_("learns on"), found.online, palette.current),
    ):
        figure.add_scatter(
            x=list(found.ends),
            y=list(scores),
            mode="lines+markers",
            name=words(name),
            line={"color": colour, "width": 2.5},
            hovertemplate="%{x:.0%}: %{y:.3f}<extra></extra>",
        )
    figure.update_xaxes(tickformat=".0%")
    if found.higher:
        figure.update_yaxes(tickformat=".0%")
    figure.update_yaxes(title_standoff=16)
    figure.update_layout(showlegend=True)
    return figure


def draw_uploaded(p: Deployment, words: Words, palette: Palette) -> go.Figure | None:
    """Milliseconds of an answer of the uploaded model by batch."""
    if p.uploaded is None or not p.uploaded.latency:
        return None
    cells = list(reversed(p.uploaded.latency))
    figure = blank(words, palette, x=N_("milliseconds of an answer, median"), height=130 + 40 * len(cells))
    figure.add_bar(
        x=[cell.p50 for cell in cells],
        y=[words(N_("{rows:count} rows"), rows=cell.batch) for cell in cells],
        orientation="h",
        width=0.5,
        marker_color=palette.current,
        text=[words.number(cell.p50) for cell in cells],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{x:.3g} ms<extra></extra>",
    )
    figure.update_xaxes(range=[0, 1.2 * max(cell.p50 for cell in cells)])
    return figure
