"""Precision: how many different values are left, reference against current."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.inputs.precision import Precision
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.pairs import Pair, draw_pairs
from diagnostics.pictures.style import Palette, safe


def draw(p: Precision, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Different values among as many rows of each table; None without a finding."""
    if finding is None:
        return None
    named = set(finding.columns)
    columns = sorted(p.columns, key=lambda c: (c.name not in named, c.distinct / max(1, c.distinct_reference), c.name))[:10]
    pairs = [Pair(safe(c.name), c.distinct_reference, c.distinct, c.name in named) for c in columns]
    return draw_pairs(pairs, words, palette, x=N_("different values among as many rows"), share=False, log=True)
