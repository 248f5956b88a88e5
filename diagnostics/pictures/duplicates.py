"""Duplicates: share of the rows that repeat an earlier one, reference against current."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.inputs.duplicates import Duplicates
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.pairs import Pair, draw_pairs
from diagnostics.pictures.style import Palette


def draw(p: Duplicates, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Rows equal in all columns, equal apart from id and time, and equal in the id; None without a finding."""
    if finding is None:
        return None
    kinds = ((N_("all columns equal"), p.exact), (N_("equal apart from id and time"), p.content), (N_("id equal"), p.ids))
    pairs = [
        Pair(
            words(label),
            repeats.counts.reference / max(1, repeats.of.reference),
            repeats.counts.current / max(1, repeats.of.current),
            True,
        )
        for label, repeats in kinds
        if repeats is not None
    ]
    return draw_pairs(pairs, words, palette, x=N_("share of the rows that repeat an earlier one"))
