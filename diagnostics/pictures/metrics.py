"""One metric of the service over time, with its level before and after, its climb, its limit and the onset."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.operations.metrics.check import LEAK, SATURATED, SPIKE, LevelShift, MetricsProfile, SeriesProfile
from diagnostics.measure.onset import as_datetime
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, onset_line, safe, threshold_line


def draw(p: MetricsProfile, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The series that the finding names, else the first; at most 500 points, each the median of its neighbours."""
    wanted = finding.of.series if finding else None
    one = next((s for s in p.series if s.series.name == wanted), p.series[0] if p.series else None)
    if one is None:
        return None
    figure = blank(words, palette, x=N_("time"))
    figure.update_yaxes(title_text=safe(one.series.name))
    times = [as_datetime(when).isoformat() for when in one.thinned.times]
    figure.add_scatter(
        x=times,
        y=one.thinned.values.tolist(),
        mode="lines",
        line={"color": palette.current, "width": 1.6},
        name=safe(one.series.name),
        hovertemplate="%{x}: %{y:,.4g}<extra></extra>",
    )
    if finding is None:
        return figure
    since = finding.since
    if finding.rule is LEAK:
        _climb(figure, one, words, palette)
    elif finding.rule is SATURATED:
        limit = float(finding.of.limit)
        threshold_line(figure, limit, words(N_("limit {limit:number}"), limit=limit), palette)
    elif finding.rule is SPIKE and since is not None:
        # The medians of neighbours hide a single point.
        marker = {"color": palette.fault, "size": 11}
        figure.add_scatter(x=[since.isoformat()], y=[finding.of.after], mode="markers", marker=marker, hoverinfo="y")
    else:
        _levels(figure, finding.of, times, palette)
    onset_line(figure, since, words, palette)
    return figure


def _levels(figure: go.Figure, shift: LevelShift, times: list[str], palette: Palette) -> None:
    if shift.since is None:
        return
    before, after = shift.before, shift.after
    end = shift.until.isoformat() if shift.until is not None else times[-1]
    since = shift.since.isoformat()
    for stretch, level, colour in (((times[0], since), before, palette.reference), ((since, end), after, palette.fault)):
        figure.add_scatter(
            x=list(stretch), y=[level, level], mode="lines", line={"color": colour, "width": 3, "dash": "dash"}, hoverinfo="y"
        )


def _climb(figure: go.Figure, one: SeriesProfile, words: Words, palette: Palette) -> None:
    climb = one.slope
    if climb is None:
        return
    if not climb.restarts:
        figure.add_scatter(
            x=[climb.since.isoformat(), climb.until.isoformat()],
            y=[climb.first, climb.first + climb.per_day * (climb.until - climb.since).total_seconds() / 86400],
            mode="lines",
            line={"color": palette.fault, "width": 3, "dash": "dash"},
            hoverinfo="y",
        )
    if climb.limit is not None:
        threshold_line(figure, climb.limit, words(N_("limit {limit:number}"), limit=climb.limit), palette)
