"""The page of the lab: without rows, and with every part of the network to choose."""

from __future__ import annotations

import numpy as np
from streamlit.testing.v1 import AppTest

from diagnostics.keep import store
from tests.clinic.frames import classes
from tests.pages.conftest import APP

PAGE = "pages/clinic_gradients.py"


def test_without_rows_it_asks_for_them() -> None:
    app = AppTest.from_file(str(APP), default_timeout=60).run().switch_page(PAGE).run()
    assert not app.exception
    assert app.title


def test_every_part_of_the_network_can_be_chosen() -> None:
    incident = store.create()
    frame = classes(np.random.default_rng(0), 200)
    store.save_upload(incident, "reference", "rows.csv", frame.to_csv(index=False).encode())
    store.describe(incident, {"target": "answer"})
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.session_state["incident"] = incident
    app = app.switch_page(PAGE).run()
    assert not app.exception
    labels = {widget.label for widget in (*app.selectbox, *app.number_input, *app.checkbox)}
    wanted = {"Activation", "Initialisation", "Optimiser", "Schedule", "Learning rate", "Batch normalisation", "Dropout"}
    assert wanted <= labels
    app.selectbox(key="lab-problem").set_value("vanishing_gradient").run()
    assert not app.exception
    assert app.selectbox(key="lab-vanishing_gradient-activation").value == "sigmoid"
