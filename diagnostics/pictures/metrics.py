"""One metric of the service over time, with its level before and after, its climb, its limit and the onset."""

from __future__ import annotations

from datetime import datetime

import plotly.graph_objects as go

from diagnostics.checks.operations.metrics import MetricsProfile, SeriesProfile
from diagnostics.measure.onset import as_datetime
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, onset_line, safe, threshold_line


def draw(p: MetricsProfile, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The series that the finding names, else the first; at most 500 points, each the median of its neighbours."""
    wanted = finding.evidence.get("series") if finding else None
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
    if finding.code == "OPS011":
        _climb(figure, one, words, palette)
    elif finding.code == "OPS012" and isinstance(limit := finding.evidence.get("limit"), int | float):
        threshold_line(figure, float(limit), words(N_("limit {limit:number}"), limit=float(limit)), palette)
    elif finding.code == "OPS015" and since is not None and isinstance(peak := finding.evidence.get("after"), int | float):
        # The medians of neighbours hide a single point.
        figure.add_scatter(
            x=[since.isoformat()], y=[peak], mode="markers", marker={"color": palette.fault, "size": 11}, hoverinfo="y"
        )
    else:
        _levels(figure, finding, times, palette)
    onset_line(figure, since, words, palette)
    return figure


def _levels(figure: go.Figure, finding: Finding, times: list[str], palette: Palette) -> None:
    before, after, until = (finding.evidence.get(key) for key in ("before", "after", "until"))
    if finding.since is None or not isinstance(before, int | float) or not isinstance(after, int | float):
        return
    end = until.isoformat() if isinstance(until, datetime) else times[-1]
    since = finding.since.isoformat()
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
