"""Clipped values: share at or beyond the bound before, share exactly on it now."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.inputs.atoms import format_value
from diagnostics.checks.inputs.clipped import Clipped
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.pairs import Pair, draw_pairs
from diagnostics.pictures.style import Palette, safe


def draw(p: Clipped, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Share of the rows exactly on the bound; None when nothing is cut off."""
    if finding is None or not p.atoms:
        return None
    named = set(finding.columns)
    pairs = {
        safe(f"{atom.name} = {format_value(atom)}"): Pair(
            safe(f"{atom.name} = {format_value(atom)}"), atom.reference, atom.after, atom.name in named
        )
        for atom, _ in p.atoms
    }
    ordered = sorted(pairs.values(), key=lambda pair: (not pair.fault, pair.reference - pair.current))
    return draw_pairs(ordered, words, palette, x=N_("share of the rows exactly on the bound"))
