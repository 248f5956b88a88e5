"""Groups of rows: their share before and now, as two dots and the way between them."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.drift.groups import Group, Groups
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe

SHOWN = 15


def draw(p: Groups, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The groups of the finding's columns; without a finding, those whose share moved most."""
    groups = [g for g in p.groups if finding is None or g.columns == finding.columns]
    moved = sorted(groups, key=lambda g: -abs(g.current.value - g.reference.value))[:SHOWN]
    if not moved:
        return None
    moved = sorted(moved, key=p.groups.index)[::-1]
    figure = blank(words, palette, x=N_("share of the rows"), height=120 + 28 * len(moved))
    labels = [_label(group, words) for group in moved]
    for group, label in zip(moved, labels, strict=True):
        figure.add_scatter(
            x=[group.reference.value, group.current.value],
            y=[label, label],
            mode="lines",
            line={"color": palette.fault if _is(group, finding) else palette.current, "width": 2},
            hoverinfo="skip",
            showlegend=False,
        )
    for side, name, colour in (
        ("reference", words(N_("reference")), palette.reference),
        ("current", words(N_("current")), palette.current),
    ):
        figure.add_scatter(
            x=[getattr(group, side).value for group in moved],
            y=labels,
            mode="markers",
            name=name,
            marker={
                "size": 11,
                "color": [palette.fault if side == "current" and _is(group, finding) else colour for group in moved],
            },
            hovertemplate="%{y}: %{x:.1%} (" + name + ")<extra></extra>",
        )
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    figure.update_yaxes(type="category")
    return figure


def _is(group: Group, finding: Finding | None) -> bool:
    if finding is None or group.columns != finding.columns:
        return False
    values = finding.evidence
    if group.levels:
        return (group.levels[0], group.levels[-1]) == (values.get("level"), values.get("other_level"))
    return group.high == values.get("high") and (group.low is None) == (values.get("low") is None)


def _label(group: Group, words: Words) -> str:
    if group.levels:
        pairs = zip(group.columns, group.levels, strict=True)
        return ", ".join(f"{safe(name, cap=24)}: {safe(level, cap=24)}" for name, level in pairs)
    name = safe(group.columns[0], cap=24)
    if group.low is None:
        return words(N_("{name}: at most {high:number}"), name=name, high=group.high)
    if group.high is None:
        return words(N_("{name}: above {low:number}"), name=name, low=group.low)
    return words(N_("{name}: {low:number} to {high:number}"), name=name, low=group.low, high=group.high)
