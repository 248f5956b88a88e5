"""What an investigation and its pictures need is loaded while the reader looks at the start page, which needs none of it."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from typing import Final

import streamlit as st

from diagnostics.loading import load

AFTER: Final = 1.0
"""Seconds after the start page was sent: until then the browser asks for scripts and styles, and should not have to wait."""


@st.cache_resource(show_spinner=False)
def begin() -> None:
    """Load beside the pages, once per server."""
    waiting = threading.Timer(AFTER, _load)
    waiting.daemon = True
    waiting.start()


def _load() -> None:
    import plotly.graph_objects

    from diagnostics import pictures as charts

    load()
    for drawn in pkgutil.iter_modules(charts.__path__):
        importlib.import_module(f"{charts.__name__}.{drawn.name}")
    # Plotly loads its parts when they are first used.
    plotly.graph_objects.Figure(plotly.graph_objects.Scatter(x=[0], y=[0])).update_layout(hovermode=False).update_xaxes(title="")
