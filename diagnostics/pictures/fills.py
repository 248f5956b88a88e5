"""Default fills: share of the value at fault, reference against current."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.inputs.fills import Fills, judge
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.pairs import Pair, draw_pairs
from diagnostics.pictures.style import Palette, safe


def draw(p: Fills, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The fills of all columns, the one of `finding` in vermilion; None without any."""
    named = set(finding.columns) if finding else set()
    pairs = [
        Pair(
            safe(f"{f.of.column} = {f.of.value}"),
            f.of.before,
            f.of.after,
            f.of.column in named,
        )
        for f in sorted(judge(p), key=lambda f: (f.of.column not in named, f.rank))
    ]
    return draw_pairs(pairs, words, palette, x=N_("share of the rows that hold the value")) if pairs else None
