from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from diagnostics.causes.catalogue import MISJOINED_COLUMN, UNIT_CHANGE
from diagnostics.causes.cause import Cause, Likeness, Replay
from diagnostics.keep import sample_incidents, store
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import BadInput
from pages.parts.guard import STEP_SCRIPTS
from tests.pages.conftest import APP, done, keep, loans, opened, said

STEPS = tuple(Path(script).stem for script in STEP_SCRIPTS)
ALL = (*STEPS, "columns", "all_columns", "column", "errors", "row", "own_rules", "causes", "report")


@pytest.mark.parametrize("script", ALL)
def test_a_page_with_nothing_loaded_says_where_to_begin(script: str) -> None:
    at = opened(script)
    assert not at.exception
    assert at.title[0].value == "No incident is open."
    assert at.page_link[0].label.startswith("Go to the start page")


@pytest.mark.parametrize("script", ALL)
def test_every_page_of_an_incident_says_something(script: str, broken: str) -> None:
    at = opened(script, broken)
    assert not at.exception
    assert at.title
    assert at.query_params["incident"] == broken
    assert "loans in May" in said(at)
    states = [link.label for link in at.page_link if re.match(r"\d .*\]$", link.label)]
    assert len(states) == 7
    assert all(re.search(r":(red|green|gray)\[[✕✓–] (problem|ok|skipped)\]$", state) for state in states)


@pytest.mark.parametrize("script", ALL)
def test_every_page_of_a_healthy_incident_stays_calm(script: str, healthy: str) -> None:
    at = opened(script, healthy)
    assert not at.exception
    assert "critical" not in said(at)


def test_the_unit_change_is_the_sentence_of_step_2(broken: str) -> None:
    at = opened("step_2_inputs", broken)
    assert "income" in at.title[0].value
    assert "What to do" in said(at)
    assert "How was this computed?" in said(at)


@pytest.mark.parametrize(("script", "after"), list(zip(STEPS, [*STEPS[1:], "causes"], strict=True)))
def test_next_leads_from_every_step_to_the_following_one(script: str, after: str, broken: str) -> None:
    at = opened(script, broken)
    at.button(key="next").click().run()
    done(at)
    assert not at.exception
    assert at.query_params["incident"] == broken
    assert [e.label for e in at.button] == [e.label for e in opened(after, broken).button]


def test_the_link_alone_brings_an_incident_back_in_a_new_session(broken: str) -> None:
    first, second = opened("step_2_inputs", broken), opened("step_2_inputs", broken)
    assert first.title[0].value == second.title[0].value


def test_the_menu_drops_the_link_and_the_page_puts_it_back(broken: str) -> None:
    at = opened("step_2_inputs", broken)
    del at.query_params["incident"]
    at.switch_page("pages/step_4_drift.py").run()
    assert at.query_params["incident"] == broken


@pytest.mark.parametrize("incident", ["x" * 22, "../../etc/passwd", "<script>", "a", "%00"])
def test_an_unknown_link_is_a_plain_sentence(incident: str) -> None:
    at = opened(incident=incident)
    assert not at.exception
    assert at.title[0].value == "There is no incident under this link."


def test_the_start_page_teaches_and_takes_files() -> None:
    at = opened()
    assert not at.exception
    assert at.button(key="investigate").disabled
    at.file_uploader[0].upload("good.csv", b"a,b\n1,2\n3,4\n").run()
    at.file_uploader[1].upload("../../bad.csv", b"a,b\n1,2\n3,4\n").run()
    assert not at.exception
    incident = at.query_params["incident"]
    assert [f.name for f in store.files(incident)] == ["current.csv", "incident.yaml", "reference.csv"]
    assert not at.button(key="investigate").disabled
    # The bytes are on the disk, and no longer in the session.
    assert all(not uploader.value for uploader in at.file_uploader)


def test_a_file_can_be_taken_back_and_another_incident_begun() -> None:
    at = opened()
    at.file_uploader[1].upload("bad.csv", b"a,b\n1,2\n").run()
    incident = at.query_params["incident"]
    at.button(key="remove-current.csv").click().run()
    assert [f.name for f in store.files(incident)] == ["incident.yaml"]
    at.file_uploader[1].upload("bad.csv", b"a,b\n1,2\n").run()
    at.button(key="another").click().run()
    assert "incident" not in at.query_params
    assert at.button(key="investigate").disabled


def test_a_refused_file_is_one_sentence_and_the_rest_stays() -> None:
    at = opened()
    at.file_uploader[1].upload("bad.csv", b"a,b\n1,2\n").run()
    at.file_uploader[0].upload("empty.csv", b"").run()
    assert not at.exception
    assert "empty.csv is empty" in said(at)
    assert "current.csv" in said(at)


def test_a_saved_incident_is_restored(broken: str) -> None:
    at = opened()
    at.file_uploader[-1].upload("saved.zip", store.pack(broken)).run()
    done(at)
    assert not at.exception
    assert at.query_params["incident"] not in ("", broken)
    assert "loans in May" in said(at)


def test_a_broken_zip_is_one_sentence() -> None:
    at = opened()
    at.file_uploader[-1].upload("saved.zip", b"no zip at all").run()
    assert not at.exception
    assert "not a zip archive" in said(at)


@pytest.mark.parametrize("sample", [sample.name for sample in sample_incidents.listed()])
def test_a_sample_opens_with_one_link_and_every_page_of_it_works(sample: str) -> None:
    at = opened(sample=sample)
    assert not at.exception
    incident = at.query_params["incident"]
    assert "sample" not in at.query_params
    for page in ALL:
        at.switch_page(f"pages/{page}.py").run()
        done(at)
        assert not at.exception, page
        assert at.title, page
        assert at.query_params["incident"] == incident


def test_leaking_code_is_shown_as_it_is_and_mended() -> None:
    at = opened(sample="preprocessing-leakage")
    at.switch_page("pages/step_5_environment.py").run()
    done(at)
    assert "learns from all rows before they are split" in at.title[0].value
    shown = [block.value for block in at.code]
    assert any(text.startswith("best = SelectKBest(f_classif, k=14)") for text in shown)
    assert any("best = SelectKBest(f_classif, k=14).fit(X_train, y_train)" in text for text in shown)


def test_an_unknown_sample_is_one_sentence() -> None:
    at = opened(sample="no-such-thing")
    assert not at.exception
    assert "There is no sample named no-such-thing" in said(at)


def test_two_samples_of_a_kind_are_two_incidents() -> None:
    for sample in sample_incidents.listed()[:1]:
        assert opened(sample=sample.name).query_params["incident"] != opened(sample=sample.name).query_params["incident"]


def test_roles_are_corrected_on_the_columns_page(rng: np.random.Generator) -> None:
    incident = keep(loans(rng, 400, "2026-03-01"), loans(rng, 400, "2026-05-01"))
    at = opened("columns", incident)
    assert not at.exception
    at.selectbox(key="role-target").select("age")
    at.multiselect(key="role-segments").select("city")
    at.button(key="roles-save").click().run()
    done(at)
    assert not at.exception
    assert store.stated(incident)["target"] == "age"
    assert store.stated(incident)["segments"] == ["city"]
    assert "age holds the true answer" in said(at).replace("**", "")


def test_a_table_is_read_differently_on_the_columns_page(rng: np.random.Generator) -> None:
    incident = keep(loans(rng, 400, "2026-03-01"), loans(rng, 400, "2026-05-01"))
    at = opened("columns", incident)
    at.text_input(key="reading-current-missing").input("Leeds unknown")
    at.selectbox(key="reading-current-dates").select("day")
    at.get("form_submit_button")[1].click().run()
    done(at)
    assert not at.exception
    assert store.stated(incident)["reading"] == {"current": {"dates": "day", "missing": ["Leeds", "unknown"]}}


def test_a_role_of_which_there_is_none_is_not_guessed_again(rng: np.random.Generator) -> None:
    incident = keep(loans(rng, 400, "2026-03-01"), loans(rng, 400, "2026-05-01"))
    at = opened("columns", incident)
    at.selectbox(key="role-timestamp").select("there is none")
    at.button(key="roles-save").click().run()
    done(at)
    assert not at.exception
    assert store.stated(incident)["timestamp"] is None
    assert "No column tells when a row arose" in said(at)


def test_a_table_that_cannot_be_read_is_one_sentence_and_a_way_back() -> None:
    incident = store.create()
    store.save_upload(incident, "current", "x.csv", b"\x00\x01\x02\x03" * 100)
    at = opened("step_2_inputs", incident)
    assert not at.exception
    assert at.page_link


def test_an_empty_incident_says_what_to_do() -> None:
    at = opened("step_2_inputs", store.create())
    assert not at.exception
    assert at.title[0].value == "This incident cannot be investigated yet."
    assert any("Change the files" in link.label for link in at.page_link)


def test_hostile_names_stay_text_on_every_page(rng: np.random.Generator) -> None:
    evil = "<img src=x onerror=alert(1)> [a](http://evil) :material/home: $x$ **b** `c`"
    reference, current = loans(rng, 400, "2026-03-01"), loans(rng, 400, "2026-05-01")
    current.loc[100:, "income"] = np.nan
    incident = keep(reference.rename(columns={"income": evil}), current.rename(columns={"income": evil}))
    for page in ALL:
        at = opened(page, incident)
        assert not at.exception
        for text in [e.value for kind in (at.title, at.markdown, at.warning) for e in kind] + [e.label for e in at.expander]:
            assert not re.search(r"(?<!\\)<img", text)
            assert not re.search(r"(?<!\\)\]\(http", text)
            assert ":material/" not in text.replace("\\", "")
            assert not re.search(r"(?<!\\)\$x", text)


def test_the_board_shows_the_first_cause_with_its_proof(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cause = Cause(
        kind=UNIT_CHANGE,
        confidence=0.97,
        says="{column:name} is {ratio:number} times what it was.",
        remedy="Divide {column:name} by {ratio:number}.",
        evidence={"column": "income", "ratio": 1000},
        columns=("income",),
        explains=0.91,
        replay=Replay("error rate", Interval(0.2, 0.19, 0.21), Interval(0.4, 0.39, 0.41), Interval(0.22, 0.2, 0.24)),
        supports=("INP001",),
        next_check="Upload the model.",
    )
    monkeypatch.setattr("diagnostics.causes.rank.rank", lambda *_: (cause,))
    st.cache_resource.clear()
    at = opened("causes", store.restore(store.pack(broken)))
    assert not at.exception
    assert at.title[0].value.replace("\\", "") == "*income* is 1,000 times what it was."
    assert "wins back 91% of what was lost" in said(at)
    assert at.get("plotly_chart")
    st.cache_resource.clear()


def board_with(cause: Cause, incident: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr("diagnostics.causes.rank.rank", lambda *_: (cause,))
    st.cache_resource.clear()
    at = opened("causes", store.restore(store.pack(incident)))
    st.cache_resource.clear()
    assert not at.exception
    return at


def test_how_alike_the_rows_became_is_drawn(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cause = Cause(
        kind=MISJOINED_COLUMN, confidence=0.9, says="x", remedy="y", likeness=Likeness(0.92, 0.48, 0.55), supports=("INP001",)
    )
    at = board_with(cause, broken, monkeypatch)
    assert "92%" in said(at)
    assert "50% is guessing" in said(at)
    (chart,) = at.get("plotly_chart")
    assert "pairs of rows told apart" in chart.proto.spec


def test_without_an_undo_the_finding_that_supports_the_cause_is_drawn(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cause = Cause(kind=UNIT_CHANGE, confidence=0.9, says="x", remedy="y", columns=("income",), supports=("INP040",))
    at = board_with(cause, broken, monkeypatch)
    assert at.get("plotly_chart")


def test_no_cause_is_said_calmly(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    st.cache_resource.clear()
    monkeypatch.setattr("diagnostics.causes.rank.rank", lambda *_: ())
    at = opened("causes", broken)
    assert not at.exception
    # The predictions are plainly worse: that no cause is known does not make this well.
    assert at.title[0].value.startswith("No cause was found that explains this")
    assert "✓" not in at.title[0].value
    st.cache_resource.clear()


def test_an_investigation_that_breaks_off_is_one_sentence(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    st.cache_resource.clear()

    def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("diagnostics.keep.investigation_job.investigate", breaks)
    at = opened("step_2_inputs", broken)
    assert not at.exception
    assert "broke off (ZeroDivisionError)" in said(at)
    monkeypatch.undo()
    at.button(key="again").click().run()
    done(at)
    assert "income" in at.title[0].value
    st.cache_resource.clear()


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened()

    def full(*_: object, **__: object) -> str:
        raise BadInput("The disk refused.")

    monkeypatch.setattr(store, "create", full)
    at.file_uploader[0].upload("a.csv", b"a\n1\n").run()
    assert not at.exception
    assert "The disk refused" in said(at)


def test_the_option_that_makes_reruns_fast_still_exists() -> None:
    AppTest.from_file(APP)
    assert isinstance(st.get_option("runner.postScriptGC"), bool)
    config = (APP.parent / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert "postScriptGC = false" in config


def bad_pairs() -> dict[str, tuple[bytes, str]]:
    """The content of a current file that is of little use, and what the page says of it."""
    rng = np.random.default_rng(11)
    frame = loans(rng, 200, "2026-05-01")

    def written(content: pd.DataFrame) -> bytes:
        return content.to_csv(index=False).encode()

    strangers = pd.DataFrame({"alpha": rng.normal(size=100), "beta": rng.choice(["x", "y"], 100)})
    return {
        "a header without rows": (written(frame[:0]), "names of columns but no rows"),
        "a binary file": (bytes(rng.integers(0, 256, 20_000, dtype=np.uint8)), "is a binary file, not a table"),
        "no common column": (written(strangers), "have no column in common"),
        "one class": (written(frame.assign(approved=1)), "Every answer in approved of current.csv is 1"),
        "only nulls": (written(frame.assign(income=np.nan)), "Missing values in income rose from 0% to 100%"),
        "lists": (written(frame.assign(tags=[[1, n] for n in range(200)])), "hold lists or objects"),
        "a million columns": (b",".join(b"c%d" % n for n in range(1_000_000)) + b"\n1\n", "only the columns that the model uses"),
        "three rows": (written(frame[:3]), "has 3 rows, too few to tell a change from chance"),
    }


@pytest.mark.parametrize("case", bad_pairs())
def test_a_bad_file_is_one_sentence_and_all_else_stays(case: str, rng: np.random.Generator) -> None:
    content, sentence = bad_pairs()[case]
    incident = store.create()
    store.save_upload(incident, "reference", "r.csv", loans(rng, 200, "2026-03-01").to_csv(index=False).encode())
    store.save_upload(incident, "current", "c.csv", content)
    told = []
    for page in ("step_1_confirm", "step_2_inputs", "causes", "report"):
        at = opened(page, incident)
        assert not at.exception
        assert at.title
        told.append(said(at).replace("*", ""))
    assert sentence in "\n".join(told)
    assert {"reference.csv", "current.csv"} <= {file.name for file in store.files(incident)}


def test_one_class_in_both_tables_is_one_sentence(rng: np.random.Generator) -> None:
    sides = [loans(rng, 200, start).assign(approved=1) for start in ("2026-03-01", "2026-05-01")]
    at = opened("step_1_confirm", keep(*sides))
    assert not at.exception
    assert [w.value.replace("*", "").replace("\\", "").split(",")[0] for w in at.warning] == [
        "Every answer in approved of reference.csv and current.csv is 1"
    ]
