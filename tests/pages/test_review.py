from __future__ import annotations

import socket
import sqlite3

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from diagnostics.keep import database, sharing, store
from diagnostics.keep.review import record
from diagnostics.keep.review.edit import TEXT_CAP, Edit, add, change
from tests.pages.conftest import keep, loans, opened, said


@pytest.fixture(autouse=True)
def forgetful() -> None:
    database.forget()


@pytest.fixture
def incident(broken: str) -> str:
    """A copy of the broken incident, so that no test writes into another's record."""
    return store.restore(store.pack(broken))


def named(page: str, incident: str, who: str = "Ann") -> AppTest:
    at = opened(page, incident)
    at.text_input(key="who").set_value(who).run()
    return at


def headline(at: AppTest) -> str:
    return at.title[0].value.replace("\\", "")


def form(at: AppTest, name: str) -> str:
    """The key of a form as it is drawn now."""
    return f"{name}-{at.session_state.get(f'turn-{name}', 0)}"


def test_the_impact_is_the_sentence_and_can_be_corrected(incident: str) -> None:
    at = named("review", incident)
    assert not at.exception
    assert headline(at) == "800 of 1,500 rows were affected since 15 May 2026, 14:00."
    key = form(at, "facts")
    assert at.number_input(key=f"{key}-rows").value == 800
    at.number_input(key=f"{key}-rows").set_value(61)
    at.selectbox(key=f"{key}-severity").select("high")
    at.button(key=f"{key}-save").click().run()
    assert not at.exception
    assert "61 of 1,500 rows were affected" in headline(at)
    found = record.read(incident)
    assert (found.impact.rows_affected, found.severity) == (61, record.Grade.HIGH)
    # What nobody touched was not written.
    assert {made.field for made in found.changes} == {"impact.rows_affected", "severity"}
    assert {made.who for made in found.changes} == {"Ann"}


def test_a_new_title_stands_on_every_page(incident: str) -> None:
    at = named("review", incident)
    key = form(at, "facts")
    at.text_input(key=f"{key}-title").set_value("Scores of May")
    at.button(key=f"{key}-save").click().run()
    assert not at.exception
    for page in ("review", "step_2_inputs", "columns", "causes", "clinic_fit"):
        assert "**Scores of May**" in [box.value for box in opened(page, incident).markdown]


def test_without_a_name_nothing_is_saved_and_what_was_typed_stays(incident: str) -> None:
    at = opened("review", incident)
    at.text_input(key="add-decisions-0-what").input("Roll back")
    at.button(key="FormSubmitter:add-decisions-0-Add the decision").click().run()
    assert "Give your name first" in at.error[0].value
    assert at.text_input(key="add-decisions-0-what").value == "Roll back"
    at.text_input(key="who").set_value("Ann").run()
    at.button(key="FormSubmitter:add-decisions-0-Add the decision").click().run()
    assert [d.what for d in record.read(incident).decisions] == ["Roll back"]
    assert at.text_input(key="add-decisions-1-what").value == ""


def test_decisions_actions_events_and_notes_are_added(incident: str) -> None:
    at = named("review", incident)
    at.text_input(key="add-actions-0-what").input("Check units")
    at.text_input(key="add-actions-0-owner").input("Cy")
    at.button(key="FormSubmitter:add-actions-0-Add the action").click().run()
    at.text_input(key="add-events-0-time").input("2026-05-14 07:00")
    at.text_input(key="add-events-0-what").input("A call from the branch")
    at.button(key="FormSubmitter:add-events-0-Add the event").click().run()
    at.text_input(key="add-unknown-0-what").input("Why only in May")
    at.button(key="FormSubmitter:add-unknown-0-Add it").click().run()
    assert not at.exception
    text = said(at)
    assert "Check units, **Cy**" in text
    assert "1. **14 May 2026, 07:00** noted: A call from the branch" in text
    assert "Why only in May" in text
    box = next(box for box in at.checkbox if box.key.startswith("done-"))
    box.check().run()
    assert record.read(incident).actions[0].done
    assert "~~Check units~~" in said(at)


def test_a_time_that_is_none_is_said_and_stays(incident: str) -> None:
    at = named("review", incident)
    at.text_input(key="add-events-0-time").input("last Tuesday")
    at.text_input(key="add-events-0-what").input("A call")
    at.button(key="FormSubmitter:add-events-0-Add the event").click().run()
    assert "no time that can be read" in at.error[0].value
    assert at.text_input(key="add-events-0-time").value == "last Tuesday"


def test_a_note_of_ten_thousand_lines_is_refused_with_the_cap_and_stays(incident: str) -> None:
    at = named("review", incident)
    note = "something happened here\n" * 10_000
    key = form(at, "facts")
    at.text_area(key=f"{key}-says").input(note)
    at.button(key=f"{key}-save").click().run()
    assert not at.exception
    assert f"at most {TEXT_CAP:,} characters" in at.error[0].value.replace("\\", "")
    assert at.text_area(key=f"{key}-says").value == note


def test_a_cause_is_accepted_with_its_reason_and_another_one_named(incident: str) -> None:
    at = named("review", incident)
    reason = next(field for field in at.text_input if field.key.startswith("judge-") and field.key.endswith("-reason"))
    name = reason.key.removesuffix("-reason")
    reason.input("The feature service sends cents")
    at.button(key=f"{name}-accept").click().run()
    at.text_input(key="judge-own-0-what").input("A holiday")
    at.text_input(key="judge-own-0-reason").input("It was none")
    at.button(key="judge-own-0-reject").click().run()
    found = record.read(incident)
    assert [(c.code, c.reason) for c in found.accepted] == [("unit_change", "The feature service sends cents")]
    assert [(c.what, c.reason) for c in found.rejected] == [("A holiday", "It was none")]
    assert "✓ accepted" in said(at)
    assert "✕ rejected" in said(at)


def test_two_people_who_edit_different_fields_both_win(incident: str) -> None:
    ann, ben = named("review", incident, "Ann"), named("review", incident, "Ben")
    ann.text_input(key="facts-0-owner").input("Ann Lee")
    ben.text_input(key="facts-0-model").input("loans 12")
    ann.button(key="facts-0-save").click().run()
    ben.button(key="facts-0-save").click().run()
    found = record.read(incident)
    assert (found.owner, found.model) == ("Ann Lee", "loans 12")
    # And sees what the other wrote.
    assert "owner: Ann Lee" in said(ben)


def test_two_people_who_edit_the_same_field_are_asked(incident: str) -> None:
    ann, ben = named("review", incident, "Ann"), named("review", incident, "Ben")
    ann.text_input(key="facts-0-owner").input("Ann Lee")
    ben.text_input(key="facts-0-owner").input("Ben Ode")
    ann.button(key="facts-0-save").click().run()
    ben.button(key="facts-0-save").click().run()
    assert record.read(incident).owner == "Ann Lee"
    assert "Owner: Ann changed this while you did. Which one is to stand?" in said(ben)
    assert {block.value for block in ben.code} >= {"Ann Lee", "Ben Ode"}
    mine = next(button for button in ben.button if button.key.endswith("-mine"))
    mine.click().run()
    assert record.read(incident).owner == "Ben Ode"
    assert "Which one is to stand" not in said(ben)


def test_an_item_is_corrected_and_taken_out(incident: str) -> None:
    key = add(incident, "decisions", {"what": "Roll bakc"}, who="Ben")
    at = named("review", incident)
    at.text_area(key=f"edit-decisions-{key}-0-what").input("Roll back")
    at.button(key=f"edit-decisions-{key}-0-save").click().run()
    assert [d.what for d in record.read(incident).decisions] == ["Roll back"]
    at.button(key=f"edit-decisions-{key}-1-gone").click().run()
    assert record.read(incident).decisions == ()
    # The list of changes says what was taken out.
    gone = [(c.who, c.before, c.after) for c in record.read(incident).changes if c.field.endswith("gone")]
    assert gone == [("Ann", "Roll back", "")]


def test_a_form_that_nobody_opened_follows_what_others_write(incident: str) -> None:
    at = named("review", incident)
    change(incident, [Edit("owner", "Cy")], who="Ben")
    at.run()
    assert at.text_input(key=f"{form(at, 'facts')}-owner").value == "Cy"
    assert "Changed by others" not in said(at)


def test_a_form_in_work_stays_and_says_what_others_wrote(incident: str) -> None:
    at = named("review", incident)
    at.text_input(key=f"{form(at, 'facts')}-impact.until").input("noon")
    at.button(key=f"{form(at, 'facts')}-save").click().run()
    assert "noon is no time" in at.error[0].value
    change(incident, [Edit("owner", "Cy")], who="Ben")
    at.run()
    assert at.text_input(key=f"{form(at, 'facts')}-impact.until").value == "noon"
    assert "Changed by others since you opened this: Owner: Cy" in said(at)


def test_a_cause_that_people_named_is_taken_out_and_named_again(incident: str) -> None:
    at = named("review", incident)
    for _ in range(2):
        key = form(at, "judge-own")
        at.text_input(key=f"{key}-what").input("A heat wave")
        at.text_input(key=f"{key}-reason").input("It was cold")
        at.button(key=f"{key}-reject").click().run()
        assert not at.exception
        (cause,) = record.read(incident).rejected
        at.button(key=f"{form(at, f'judge-{cause.key}')}-gone").click().run()
        assert record.read(incident).rejected == ()


def test_an_empty_field_is_said_and_not_kept(incident: str) -> None:
    at = named("review", incident)
    at.button(key="FormSubmitter:add-decisions-0-Add the decision").click().run()
    assert "the field is empty" in at.error[0].value
    assert record.read(incident).decisions == ()


@pytest.mark.parametrize("given", ["2026-05-12 8:00", "2026/05/12 08:00", "12.05.2026 8:00", "2026年5月12日 8:00"])
def test_times_are_read_as_people_write_them(incident: str, given: str) -> None:
    change(incident, [Edit("impact.since", given)], who="Ann")
    since = record.read(incident).impact.since
    assert since is not None
    assert f"{since:%Y-%m-%d %H:%M}" == "2026-05-12 08:00"


def test_hostile_text_stays_text(incident: str) -> None:
    change(incident, [Edit("owner", "<img src=x> [x](http://evil) :material/x: $x$")], who="</style><b>Ann")
    add(incident, "decisions", {"what": "<script>alert(1)</script> **bold** https://evil.example"}, who="**Ben**")
    at = opened("review", incident)
    assert not at.exception
    for markdown in at.markdown:
        assert "<script>" not in markdown.value
        assert "](http" not in markdown.value
        assert not markdown.allow_html


def test_a_locked_database_is_one_sentence_and_what_was_typed_stays(incident: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.2)
    database.forget()
    at = named("review", incident)
    other = sqlite3.connect(store.home() / database.FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    at.text_input(key="add-decisions-0-what").input("Roll back")
    at.button(key="FormSubmitter:add-decisions-0-Add the decision").click().run()
    other.execute("ROLLBACK")
    other.close()
    assert not at.exception
    assert "locked by another program" in at.error[0].value
    assert at.text_input(key="add-decisions-0-what").value == "Roll back"


@pytest.mark.parametrize("script", ["review", "meeting", "incidents", "step_2_inputs", "causes"])
def test_a_database_that_is_not_there_takes_no_page_with_it(script: str, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv(database.SETTING, f"postgresql://clinic:geheim@127.0.0.1:{free.getsockname()[1]}/x")
    at = opened(script, broken)
    assert not at.exception
    assert at.title
    assert "geheim" not in said(at)
    if script in ("review", "meeting", "incidents"):
        assert "cannot be reached" in said(at)


def test_a_healthy_incident_has_no_impact(healthy: str) -> None:
    at = opened("review", healthy)
    assert not at.exception
    assert headline(at) == "Nothing is known of an impact."


def test_an_incident_without_tables_has_a_review_too() -> None:
    incident = store.create()
    store.save_upload(incident, "logs", "app.log", b"2026-05-12 08:00:00 INFO started\n" * 50)
    for page in ("review", "meeting"):
        at = opened(page, incident)
        assert not at.exception
        assert at.title


def test_seen_before_says_the_columns_and_leads_to_both_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_CLINIC_LIST", "on")
    made = []
    for seed in (21, 22):
        draw = np.random.default_rng(seed)
        reference, current = loans(draw, 1500, "2026-03-01"), loans(draw, 1500, "2026-05-01")
        current.loc[700:, "income"] *= 1000
        current.loc[700:, "score"] = 1.0
        made.append(keep(reference, current))
    store.describe(made[0], {"title": "Scores of April"})
    opened("causes", made[0])
    change(made[0], [Edit("status", "closed")], who="Ann")
    at = opened("review", made[1])
    assert "Seen before, in the same columns (income): A column changed its unit" in said(at)
    at = opened("incidents", made[1], past=made[0])
    assert not at.exception
    assert headline(at) == "The same cause in the same columns: income."
    assert "Scores of April" in said(at)
    assert "closed" in said(at)
    # Where the list may not be shown, neither may what it would lead to.
    monkeypatch.setenv("MODEL_CLINIC_LIST", "off")
    assert "Seen before" not in said(opened("review", made[1]))
    at = opened("incidents", made[1], past=made[0])
    assert headline(at) == "There is no such incident to compare with."
    sharing.delete(made[0])
