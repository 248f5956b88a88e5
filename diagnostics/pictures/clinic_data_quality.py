"""Data quality: scores split two ways, columns alone, gaps, doubtful labels, rows that repeat or stand apart."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from diagnostics.clinic.data_quality.leaks import Leak
from diagnostics.clinic.data_quality.result import DataQuality
from diagnostics.clinic.data_quality.rules import APART, DOUBTED, FILLED, HOLDS, LATER, RELATED, SCALED, TELLING_GAPS
from diagnostics.clinic.shared.compare import translate
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures import compared
from diagnostics.pictures.style import Palette, blank, safe, wrapped

HONEST = {
    Leak.TWINS: N_("equal rows kept together"),
    Leak.IDS: N_("each id on one side"),
    Leak.TIME: N_("judged on later rows"),
}
EASY = {
    Leak.TWINS: N_("equal rows split at random"),
    Leak.IDS: N_("ids split at random"),
    Leak.TIME: N_("rows split at random"),
}


def draw(p: DataQuality, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """What proves the finding; without one, how many rows of each kind there are."""
    rule = finding.rule if finding else None
    if rule in (RELATED, LATER):
        return draw_splits(p, words, palette)
    if rule is HOLDS:
        return draw_tellers(p, words, palette)
    if rule is TELLING_GAPS:
        return draw_gaps(p, words, palette)
    if rule is DOUBTED:
        return draw_mixed(p, words, palette)
    if rule in (FILLED, SCALED):
        measured = p.imputers if rule is FILLED else p.scaling
        return None if measured is None else compared.draw(measured, finding, words, palette)
    if rule is APART and p.outliers.columns:
        return draw_far(p, words, palette)
    return draw_counts(p, words, palette)


def draw_splits(p: DataQuality, words: Words, palette: Palette) -> go.Figure | None:
    """The same model split at random (vermilion: too good) and properly (blue), with intervals."""
    if not p.inflations:
        return None
    figure = blank(words, palette, x=_title(translate(words, p.says)), height=150 + 100 * len(p.inflations))
    for found in reversed(p.inflations):
        for name, score, colour in (
            (words(HONEST[found.leak]), found.honest, palette.current),
            (words(EASY[found.leak]), found.easy, palette.fault),
        ):
            label = wrapped(name)
            figure.add_scatter(
                x=[score.low, score.high], y=[label, label], mode="lines", line={"color": colour, "width": 3}, hoverinfo="skip"
            )
            figure.add_scatter(
                x=[score.value],
                y=[label],
                mode="markers+text",
                text=[words.number(score.value)],
                textposition="top center",
                marker={"color": colour, "size": 12},
                hovertemplate="%{x:.4f}<extra></extra>",
            )
    figure.update_yaxes(range=[-0.5, 2 * len(p.inflations) - 0.3])
    return figure


def draw_tellers(p: DataQuality, words: Words, palette: Palette) -> go.Figure | None:
    """What each column tells alone, from 0 (no more than chance) to 1 (everything)."""
    shown = list(reversed(p.tellers[:10]))
    if not shown:
        return None
    title = N_("what the column tells alone: 0 is chance, 1 everything")
    figure = blank(words, palette, x=title, height=110 + 34 * len(shown))
    held = {t.column for t in p.tellers if t.without is not None and t.without.gain.value <= -0.05}
    colours = [palette.fault if t.column in held else palette.current for t in shown]
    _bars(figure, [t.column for t in shown], [t.alone for t in shown], [words.number(t.alone) for t in shown], colours)
    figure.update_xaxes(range=[0, 1.15])
    return figure


def draw_gaps(p: DataQuality, words: Words, palette: Palette) -> go.Figure | None:
    """Where a column is missing (vermilion) and elsewhere (grey): share of the class, or mean of the target."""
    shown = [gap for gap in p.gaps.columns if gap.beyond_chance][:8][::-1]
    if not shown:
        return None
    about = words(N_("share of {level}"), level=safe(p.gaps.about)) if p.gaps.about else words(N_("mean of the target"))
    figure = blank(words, palette, x=about, height=130 + 50 * len(shown))
    names = [wrapped(safe(gap.column)) for gap in shown]
    for label, values, colour in (
        (words(N_("elsewhere")), [gap.elsewhere for gap in shown], palette.reference),
        (words(N_("where it is missing")), [gap.where for gap in shown], palette.fault),
    ):
        figure.add_scatter(
            x=values, y=names, mode="markers", name=label, marker={"color": colour, "size": 13}, hovertemplate="%{x:.3g}"
        )
    if p.gaps.about:
        figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    figure.update_layout(showlegend=True)
    figure.update_yaxes(range=[-0.6, len(shown) - 0.4])
    return figure


def draw_mixed(p: DataQuality, words: Words, palette: Palette) -> go.Figure | None:
    """Rows by the label they have and the class they look like."""
    if p.noise is None or not p.noise.mixed:
        return None
    shown = list(reversed(p.noise.mixed[:8]))
    figure = blank(words, palette, x=N_("rows, estimated"), height=120 + 50 * len(shown))
    said = N_("{given}, looks like {true}")
    names = [words(said, given=safe(m.given, cap=20), true=safe(m.true, cap=20)) for m in shown]
    _bars(figure, names, [m.rows for m in shown], [words.number(m.rows) for m in shown], [palette.fault] * len(shown), done=True)
    return figure


def draw_far(p: DataQuality, words: Words, palette: Palette) -> go.Figure | None:
    """Values far beyond the quartiles, by column."""
    shown = list(reversed(p.outliers.columns[:8]))
    if not shown:
        return None
    figure = blank(words, palette, x=N_("values far beyond the quartiles"), height=120 + 40 * len(shown))
    rows = [column.rows for column in shown]
    _bars(figure, [c.column for c in shown], rows, [words.number(count) for count in rows], [palette.watch] * len(shown))
    return figure


def draw_counts(p: DataQuality, words: Words, palette: Palette) -> go.Figure | None:
    """How many rows of each kind there are, as a share of the rows looked at."""
    seen = p.copies
    kinds = [
        (N_("copies of another row"), seen.repeated / seen.rows),
        (N_("contradict an equal row"), seen.conflicts / seen.rows),
        (N_("nearly equal to another"), seen.near / max(1, seen.near_rows)),
        (N_("stand apart"), p.outliers.rows / p.outliers.looked),
        (N_("have a gap"), 1 - p.gaps.complete),
    ]
    if p.noise is not None:
        kinds.append((N_("label nine to one against"), p.noise.sure / p.noise.rows))
    figure = blank(words, palette, x=N_("share of the rows"), height=110 + 40 * len(kinds))
    shares = [share for _, share in reversed(kinds)]
    names = [words(name) for name, _ in reversed(kinds)]
    _bars(figure, names, shares, [words.percent(share) for share in shares], [palette.current] * len(kinds), done=True)
    figure.update_xaxes(tickformat=".1%", range=[0, 1.2 * max(0.01, *shares)])
    return figure


def _title(text: str) -> str:
    return safe(text, cap=80)


def _bars(
    figure: go.Figure,
    names: Sequence[str],
    values: Sequence[float],
    texts: Sequence[str],
    colours: Sequence[str],
    *,
    done: bool = False,
) -> None:
    """done: the names are safe already."""
    figure.add_bar(
        y=[wrapped(name if done else safe(name, cap=30)) for name in names],
        x=list(values),
        orientation="h",
        width=0.55,
        marker_color=list(colours),
        text=list(texts),
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.4g}<extra></extra>",
    )
    figure.update_xaxes(range=[0, 1.2 * max([*values, 1e-9])])
