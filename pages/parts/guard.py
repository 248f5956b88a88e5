"""The pages there are, and the guard that every page starts with."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from diagnostics.catalogue import STEP_TITLES
from diagnostics.nouns.words import N_, Words

ROOT: Final = Path(__file__).parent.parent.parent
STEP_SCRIPTS: Final = (
    "pages/step_1_confirm.py",
    "pages/step_2_inputs.py",
    "pages/step_3_reproduce.py",
    "pages/step_4_drift.py",
    "pages/step_5_environment.py",
    "pages/step_6_operations.py",
    "pages/step_7_localise.py",
)
START: Final = "pages/start.py"
COLUMNS: Final = "pages/columns.py"
ALL_COLUMNS: Final = "pages/all_columns.py"
COLUMN: Final = "pages/column.py"
ERRORS: Final = "pages/errors.py"
ROW: Final = "pages/row.py"
OWN_RULES: Final = "pages/own_rules.py"
CAUSES: Final = "pages/causes.py"
REPORT: Final = "pages/report.py"
REVIEW: Final = "pages/review.py"
MEETING: Final = "pages/meeting.py"
INCIDENTS: Final = "pages/incidents.py"
WATCH: Final = "pages/watch.py"
AGAIN: Final = "pages/train_again.py"
CLINIC: Final[tuple[tuple[str, str], ...]] = (
    ("pages/clinic_fit.py", N_("Fit")),
    ("pages/clinic_imbalance.py", N_("Imbalance")),
    ("pages/clinic_stability.py", N_("Stability")),
    ("pages/clinic_gradients.py", N_("Gradients and learning rate")),
    ("pages/clinic_training.py", N_("Training history")),
    ("pages/clinic_data_quality.py", N_("Data quality")),
    ("pages/clinic_search.py", N_("Hyperparameters")),
    ("pages/clinic_resources.py", N_("Resources")),
    ("pages/clinic_deployment.py", N_("Deployment")),
    ("pages/clinic_serving.py", N_("Serving")),
    ("pages/clinic_memory.py", N_("Memory")),
    ("pages/clinic_ab_test.py", N_("A/B test")),
)
"""Script and title of each training problem's page, in the order of the menu."""

SHELL: Final = "shell"


def pages(words: Words) -> dict[str, list[st.Page]]:
    """Every page by section, titled in the reader's language."""
    return {
        words(N_("Start")): [
            st.Page(ROOT / START, title=words(N_("Start")), default=True),
            st.Page(ROOT / COLUMNS, title=words(N_("Columns"))),
            st.Page(ROOT / INCIDENTS, title=words(N_("Incidents"))),
        ],
        words(N_("The seven steps")): [
            st.Page(ROOT / script, title=f"{number} {words(title)}")
            for number, (script, title) in enumerate(zip(STEP_SCRIPTS, STEP_TITLES, strict=True), start=1)
        ],
        words(N_("Look")): [
            st.Page(ROOT / ALL_COLUMNS, title=words(N_("All columns"))),
            st.Page(ROOT / COLUMN, title=words(N_("One column"))),
            st.Page(ROOT / ERRORS, title=words(N_("Errors by group"))),
            st.Page(ROOT / ROW, title=words(N_("One row"))),
            st.Page(ROOT / OWN_RULES, title=words(N_("Own rules"))),
        ],
        words(N_("Outcome")): [
            st.Page(ROOT / CAUSES, title=words(N_("Causes"))),
            st.Page(ROOT / REVIEW, title=words(N_("Review"))),
            st.Page(ROOT / MEETING, title=words(N_("Meeting"))),
            st.Page(ROOT / REPORT, title=words(N_("Report"))),
        ],
        words(N_("Watch")): [
            st.Page(ROOT / WATCH, title=words(N_("Watch"))),
            st.Page(ROOT / AGAIN, title=words(N_("Train again"))),
        ],
        words(N_("Clinic")): [st.Page(ROOT / script, title=words(title)) for script, title in CLINIC],
    }


def guard(words: Words) -> None:
    """Make sure that app.py frames this page.

    The first run of a server process takes the folder `pages` for the old kind of multipage app and runs a deep link's script
    alone. Announcing the pages and running again puts the shell around it.
    """
    if not st.session_state.get(SHELL):
        st.navigation(pages(words), position="hidden")
        st.rerun()
