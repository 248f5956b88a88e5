"""Categories: share of each level, reference against current, new names in vermilion."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.inputs.categories.check import Categories
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.pairs import Pair, draw_pairs
from diagnostics.pictures.style import Palette, safe


def draw(p: Categories, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The commonest levels of the column of `finding`, at most 15; None without one."""
    column = next((c for c in p.columns if finding is not None and c.name in finding.columns), None)
    if column is None:
        return None
    levels = {*column.reference, *column.current}
    ordered = sorted(levels, key=lambda v: (-max(column.reference.get(v, 0.0), column.current.get(v, 0.0)), v))
    pairs: dict[str, Pair] = {}
    for level in ordered[:15]:
        # Two spellings may look alike; quotes show the spaces, a number keeps the lines apart.
        label = safe(f"“{level}”")
        label = label if label not in pairs else f"{label} ({len(pairs) + 1})"
        pairs[label] = Pair(
            label, column.reference.get(level, 0.0), column.current.get(level, 0.0), level not in column.reference
        )
    return draw_pairs(list(pairs.values()), words, palette, x=N_("share of the rows with a value"))
