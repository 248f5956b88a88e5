"""The pages' share of the job queue: one per server, and what is loaded while the reader looks at the start page."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Final

import streamlit as st

from diagnostics.clinic.shared.clinic_job import CLINIC
from diagnostics.keep.investigation_job import INVESTIGATIONS
from diagnostics.keep.jobs import Job, JobQueue, Lane
from diagnostics.loading import load
from diagnostics.watch.command import WATCHES

LOADING: Final = Lane(name="loading", workers=1)
AFTER: Final = 1.0
"""Seconds after the start page was sent: until then the browser asks for scripts and styles, and should not have to wait."""


@st.cache_resource(show_spinner=False)
def job_queue() -> JobQueue:
    return JobQueue((INVESTIGATIONS, CLINIC, LOADING, WATCHES))


@st.cache_resource(show_spinner=False)
def load_ahead() -> None:
    """Load what an investigation and its pictures need beside the pages, once per server."""
    job_queue().ask(LOADING.name, Loading(key=LOADING.name))


@dataclass(eq=False, kw_only=True)
class Loading(Job[None]):
    def work(self) -> None:
        if self.ended.wait(AFTER):
            return
        import plotly.graph_objects

        from diagnostics import pictures as charts

        load()
        for drawn in pkgutil.iter_modules(charts.__path__):
            importlib.import_module(f"{charts.__name__}.{drawn.name}")
        # Plotly loads its parts when they are first used.
        figure = plotly.graph_objects.Figure(plotly.graph_objects.Scatter(x=[0], y=[0]))
        figure.update_layout(hovermode=False).update_xaxes(title="")
