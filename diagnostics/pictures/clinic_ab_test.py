"""An A/B test: the chance to see the difference by rows, the limits of each look, and the difference with three intervals."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.clinic.ab_test.check import ABTest
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, threshold_line, wrapped


def draw(p: ABTest, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The power curve of a plan; the intervals of a result."""
    return draw_power(p, words, palette) if p.reading is None else draw_result(p, words, palette)


def draw_power(p: ABTest, words: Words, palette: Palette) -> go.Figure:
    """Chance to see the difference against rows of both sides, one look at the end."""
    figure = blank(words, palette, x=N_("rows, both sides, one look at the end"), y=N_("chance to see it"), height=360)
    figure.add_scatter(
        x=[rows for rows, _ in p.plan.curve],
        y=[chance for _, chance in p.plan.curve],
        mode="lines",
        line={"color": palette.current, "width": 3},
        hovertemplate="%{x:,}: %{y:.0%}<extra></extra>",
    )
    threshold_line(figure, p.settings.power, words(N_("wanted")), palette)
    figure.add_scatter(
        x=[p.plan.single],
        y=[p.settings.power],
        mode="markers+text",
        text=[words(N_("{rows:count} rows"), rows=p.plan.single)],
        textposition="bottom right",
        marker={"color": palette.fault, "size": 12},
        hovertemplate="%{x:,}: %{y:.0%}<extra></extra>",
    )
    figure.update_yaxes(tickformat=".0%", range=[0, 1.05], title_standoff=16)
    figure.update_xaxes(tickformat=",d", rangemode="tozero")
    return figure


def draw_looks(p: ABTest, words: Words, palette: Palette) -> go.Figure | None:
    """The size of z from which the test ends at each look, beside the plain limit."""
    looks = p.plan.looks
    if len(looks) < 2:
        return None
    figure = blank(words, palette, x=N_("rows, both sides"), y=N_("z at which the test ends"), height=340)
    rows, bounds = [look.rows for look in looks], [look.limit for look in looks]
    for sign in (1, -1):
        figure.add_scatter(
            x=rows,
            y=[sign * bound for bound in bounds],
            mode="lines+markers",
            line={"color": palette.current, "width": 2.5},
            marker={"size": 9},
            hovertemplate="%{x:,}: %{y:.2f}<extra></extra>",
        )
    if p.reading is not None:
        look = looks[p.settings.look - 1]
        figure.add_scatter(
            x=[look.rows],
            y=[p.reading.z],
            mode="markers+text",
            text=[words(N_("this look"))],
            textposition="top center",
            marker={"color": palette.fault, "size": 13, "symbol": "diamond"},
            hovertemplate="%{y:.2f}<extra></extra>",
        )
    threshold_line(figure, 1.96, words(N_("one look: 1.96")), palette)
    figure.add_hline(y=0, line={"color": palette.grid, "width": 1})
    top = 1.15 * max(*bounds, abs(p.reading.z) if p.reading else 0.0)
    figure.update_yaxes(range=[-top, top], title_standoff=16)
    figure.update_xaxes(tickformat=",d", rangemode="tozero")
    return figure


def draw_result(p: ABTest, words: Words, palette: Palette) -> go.Figure | None:
    """B less A with the plain interval, the one for this look, and the one that holds at any time."""
    r = p.reading
    if r is None:
        return None
    scale = 1.0 if p.settings.means else 100.0
    unit = N_("B less A") if p.settings.means else N_("B less A, percentage points")
    figure = blank(words, palette, x=unit, height=300)
    rows = (
        (N_("holds at any time, however often one looks"), r.always, palette.reference),
        (N_("for this look of the plan"), r.within, palette.current),
        (N_("for one look only"), r.difference, palette.watch),
    )
    for name, interval, colour in rows:
        label = wrapped(words(name))
        figure.add_scatter(
            x=[scale * interval.low, scale * interval.high],
            y=[label, label],
            mode="lines",
            line={"color": colour, "width": 4},
            hovertemplate="%{x:.4g}<extra></extra>",
        )
        figure.add_scatter(
            x=[scale * interval.value],
            y=[label],
            mode="markers",
            marker={"color": colour, "size": 12},
            hovertemplate="%{x:.4g}<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": palette.text, "dash": "dot"}, annotation_text=words(N_("no difference")))
    figure.update_yaxes(range=[-0.6, 2.6])
    return figure
