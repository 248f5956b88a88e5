"""What each candidate of a new training gains, and the advised z-score beside the watch."""

from __future__ import annotations

from typing import Final

import plotly.graph_objects as go

from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, wrapped
from diagnostics.pictures.watch import places
from diagnostics.watch.again import TITLES, Again, Which
from diagnostics.watch.founding import Founding
from diagnostics.watch.overview import Overview, standing_at

ROW: Final = 74


def gains(p: Again, words: Words, palette: Palette) -> go.Figure | None:
    """A dot with its interval for each candidate; None where none could be trained beside the reference."""
    shown = [one for one in reversed(p.candidates) if not one.skipped and one.which is not Which.REFERENCE]
    if not shown:
        return None
    figure = blank(words, palette, x=N_("gain over the reference alone (lower loss is better)"), height=90 + ROW * len(shown))
    colours = [palette.fine if one.certain else palette.fault if one.gain.high < 0 else palette.reference for one in shown]
    figure.add_scatter(
        x=[one.gain.value for one in shown],
        y=[wrapped(words(TITLES[one.which])) for one in shown],
        mode="markers",
        marker={"color": colours, "size": 11},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [one.gain.high - one.gain.value for one in shown],
            "arrayminus": [one.gain.value - one.gain.low for one in shown],
            "color": palette.reference,
        },
        hovertemplate="%{y}: %{x:.4g}<extra></extra>",
    )
    figure.add_vline(x=0, line={"color": palette.text, "width": 1})
    figure.update_yaxes(showgrid=False)
    return figure


def side_by_side(p: Overview, founding: Founding, words: Words, palette: Palette) -> go.Figure | None:
    """Two rows of batches: when ours stood, and when the advised z-score alarmed; None without batches."""
    if p.course is None or not p.counted:
        return None
    at = dict(zip((batch.name for batch in p.history), places(p), strict=True))
    x = [at[batch.name] for batch in p.counted]
    ours = [standing_at(p.course, place) is not None for place in range(len(p.counted))]
    rows = (words(N_("advised z-score")), words(N_("this watch")))
    figure = blank(words, palette, height=170)
    for height, alarmed in ((0, founding.alarmed), (1, ours)):
        for loud, colour, symbol in ((False, palette.grid, "circle"), (True, palette.fault, "square")):
            mine = [place for place, one in zip(x, alarmed, strict=True) if one is loud]
            figure.add_scatter(
                x=mine,
                y=[height] * len(mine),
                mode="markers",
                marker={"color": colour, "size": 9 if loud else 6, "symbol": symbol},
                hovertemplate="%{x}<extra>" + words(N_("alarm") if loud else N_("no alarm")) + "</extra>",
            )
    figure.update_yaxes(tickvals=[0, 1], ticktext=list(rows), range=[-0.6, 1.6], showgrid=False)
    return figure
