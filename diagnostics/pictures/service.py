"""What the service said of itself, over time: timeouts, kills, loads of the model, slow fetches, sizes that grow."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.operations.reading.kinds import Kind
from diagnostics.checks.operations.reading.mask import readable
from diagnostics.checks.operations.service import GROWTH, SLOW_FETCH, Service
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, onset_line

POINTS = 5_000
TITLES = {
    Kind.TIMEOUT: N_("worker timeout"),
    Kind.KILL: N_("killed"),
    Kind.MEMORY: N_("out of memory"),
    Kind.LOAD: N_("model loaded"),
    Kind.BOOT: N_("worker started"),
}


def draw(p: Service, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The numbers over time for a fetch or a size, else the moments as points in rows. None without times."""
    if finding is not None and finding.rule in (SLOW_FETCH, GROWTH):
        figure = _numbers(p, finding, words, palette)
    else:
        figure = _moments(p, words, palette)
    if figure is not None and finding is not None:
        onset_line(figure, finding.since, words, palette)
    return figure


def _numbers(p: Service, finding: Finding, words: Words, palette: Palette) -> go.Figure | None:
    fetch = finding.rule is SLOW_FETCH
    kind = Kind.FETCH if fetch else Kind.SIZE
    wanted = set() if fetch else {g.template for g in p.growth if readable(g.text) == finding.of.template}
    told = [m for m in p.moments if m.kind is kind and m.time and m.value is not None and (fetch or m.template in wanted)]
    if len(told) < 2:
        return None
    told = told[:: -(-len(told) // POINTS)]
    figure = blank(words, palette, x=N_("time"), y=N_("fetch time (ms)") if fetch else N_("entries"))
    figure.add_scatter(
        x=[m.time.isoformat() for m in told if m.time],
        y=[m.value for m in told],
        mode="markers" if fetch else "lines",
        marker={"color": palette.current, "size": 5},
        line={"color": palette.current},
        hovertemplate="%{x}: %{y:,.4g}<extra></extra>",
    )
    figure.update_yaxes(rangemode="tozero")
    return figure


def _moments(p: Service, words: Words, palette: Palette) -> go.Figure | None:
    bad = (Kind.TIMEOUT, Kind.KILL, Kind.MEMORY)
    rows = [(kind, [m for m in p.moments if m.kind is kind and m.time]) for kind in TITLES]
    rows = [(kind, moments) for kind, moments in rows if moments]
    if not rows:
        return None
    figure = blank(words, palette, x=N_("time"), height=130 + 40 * len(rows))
    for kind, moments in rows[::-1]:
        moments = moments[:: -(-len(moments) // POINTS)]
        figure.add_scatter(
            x=[m.time.isoformat() for m in moments if m.time],
            y=[words(TITLES[kind])] * len(moments),
            mode="markers",
            marker={"color": palette.fault if kind in bad else palette.current, "size": 10, "symbol": "line-ns-open"},
            hovertemplate="%{x}<extra></extra>",
        )
    return figure
