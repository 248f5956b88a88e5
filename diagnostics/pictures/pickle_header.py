"""What a pickled model imports: names per library, read without loading the file."""

from __future__ import annotations

from collections import Counter

import plotly.graph_objects as go

from diagnostics.checks.reproduce.model_file.check import ModelFiles
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe

SHOWN = 12


def draw(p: ModelFiles, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Of the finding's file, or of the first pickle; None when there is none, or when it imports nothing."""
    named = finding.of.file if finding else None
    headers = [file.header for file in p.files if file.header is not None and named in (None, file.name)]
    if not headers or not headers[0].names:
        return None
    header = headers[0]
    counts = Counter(name.split(".")[0] for name in header.names)
    harmful = {name.split(".")[0] for name in header.harmful}
    shown = sorted(counts.items(), key=lambda item: (item[0] not in harmful, -item[1], item[0]))[:SHOWN][::-1]
    figure = blank(words, palette, x=N_("names that the file imports"), height=110 + 30 * len(shown))
    figure.add_bar(
        x=[count for _, count in shown],
        y=[words(N_("{library}: not for a model"), library=safe(lib)) if lib in harmful else safe(lib) for lib, _ in shown],
        orientation="h",
        marker={"color": [palette.fault if library in harmful else palette.current for library, _ in shown]},
        text=[str(count) for _, count in shown],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x}<extra></extra>",
    )
    figure.update_xaxes(rangemode="tozero", dtick=max(1, max(count for _, count in shown) // 5))
    return figure
