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
from diagnostics.keep.looking_job import LOOKING
from diagnostics.loading import load
from diagnostics.nouns.words import words_for
from diagnostics.watch.command import WATCHES

LOADING: Final = Lane(name="loading", workers=1)
AFTER: Final = 1.0
"""Seconds after the start page was sent: until then the browser asks for scripts and styles, and should not have to wait."""


@st.cache_resource(show_spinner=False)
def job_queue() -> JobQueue:
    return JobQueue((INVESTIGATIONS, CLINIC, LOADING, LOOKING, WATCHES))


@st.cache_resource(show_spinner=False)
def load_ahead() -> None:
    """Load what an investigation and its pictures need beside the pages, once per server."""
    job_queue().ask(LOADING.name, Loading(key=LOADING.name))


@dataclass(eq=False, kw_only=True)
class Loading(Job[None]):
    def work(self) -> None:
        if self.ended.wait(AFTER):
            return
        from diagnostics import pictures
        from diagnostics.pictures.as_plotly import figure
        from diagnostics.pictures.marks import Axis
        from diagnostics.pictures.shapes import Bars, Row
        from diagnostics.pictures.style import LIGHT

        load()
        for module in pkgutil.iter_modules(pictures.__path__):
            importlib.import_module(f"{pictures.__name__}.{module.name}")
        # Plotly loads its parts when they are first used.
        figure(Bars(rows=(Row(label="", value=1.0),), axis=Axis()), words_for("en"), LIGHT)
