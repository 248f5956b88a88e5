"""The page of training histories: empty, with a run, and with columns that nobody knows."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from diagnostics.catalogue import clinic_diagnostic
from diagnostics.clinic.shared import results
from diagnostics.clinic.training_history.check import Settings, profile
from diagnostics.keep import store
from diagnostics.read.folder import open_incident
from tests.pages.conftest import APP

PAGE = "pages/clinic_training.py"


def shown(incident: str | None) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    if incident:
        app.query_params["incident"] = incident
        app.session_state["incident"] = incident
    return app.switch_page(PAGE).run()


def history(names: str) -> str:
    rows = "".join(f"{i},{0.02 + 0.9**i:.4f},{0.4 + 0.8**i + max(0, i - 15) * 0.01:.4f}\n" for i in range(60))
    incident = store.create()
    store.save_upload(incident, "training", "log.csv", f"{names}\n{rows}".encode())
    return incident


def test_the_empty_page_teaches() -> None:
    app = shown(None)
    assert not app.exception
    assert "log of the run" in app.title[0].value


def test_a_run_gets_its_sentence_its_picture_and_a_snippet() -> None:
    incident = history("epoch,loss,val_loss")
    opened = open_incident(store.folder(incident), work=store.work(incident))
    diagnostic = clinic_diagnostic("training_history")
    assert diagnostic is not None
    print_ = results.fingerprint(opened)
    made = results.FinishedRun(
        module="training_history", fingerprint=print_, settings=Settings(), profile=profile(opened), seconds=0.1
    )
    store.keep_result(incident, results.file_name(diagnostic, Settings(), print_), results.pack(diagnostic, made))
    app = shown(incident)
    assert not app.exception
    assert "validation loss rises" in app.title[0].value
    assert any("EarlyStopping" in block.value for block in app.code)


def test_unknown_columns_are_asked_for() -> None:
    app = shown(history("runde,eins,zwei"))
    assert not app.exception
    labels = [box.label for box in app.selectbox]
    assert "Training loss" in labels
