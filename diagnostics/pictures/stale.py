"""Stale columns: the longest stretch of one value, reference against current."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.inputs.stale import Stale
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.pairs import Pair, draw_pairs
from diagnostics.pictures.style import Palette, safe


def draw(p: Stale, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The columns with the longest stretches, that of `finding` in vermilion; None without a finding."""
    if finding is None:
        return None
    named = set(finding.columns)
    runs = sorted(p.runs, key=lambda run: (run.name not in named, run.longest_reference - run.rows, run.name))[:10]
    pairs = [Pair(safe(run.name), run.longest_reference, run.rows, run.name in named) for run in runs]
    return draw_pairs(pairs, words, palette, x=N_("rows in a row with the same value"), share=False, log=True)
