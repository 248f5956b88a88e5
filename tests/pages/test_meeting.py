from __future__ import annotations

import pytest

from diagnostics.keep import store
from diagnostics.keep.review import record
from diagnostics.keep.review.edit import add, change
from tests.pages.conftest import opened, said


@pytest.fixture
def incident(broken: str) -> str:
    return store.restore(store.pack(broken))


def test_the_screen_holds_sentence_proof_timeline_decisions_actions_and_steps(incident: str) -> None:
    add(incident, "decisions", {"what": "Roll back"}, who="Ben")
    add(incident, "actions", {"what": "Check units", "owner": "Cy", "due": "2026-06-01"}, who="Ben")
    at = opened("meeting", incident)
    assert not at.exception
    assert "income" in at.title[0].value
    text = said(at)
    for part in ("800 of 1,500 rows", "Undoing this wins back", "Roll back", "Check units, **Cy**, due 1 June 2026"):
        assert part in text
    assert "data: A column changed its unit: income" in text
    assert [sub.value for sub in at.subheader] == ["Decisions", "Actions", "Steps confirmed: 0 of 7"]
    assert len(at.get("plotly_chart")) == 2


def test_a_step_is_confirmed_with_who_and_what_it_said(incident: str) -> None:
    at = opened("meeting", incident)
    at.text_input(key="who").set_value("Ann").run()
    at.checkbox(key="confirm-2-0").check().run()
    assert not at.exception
    found = record.read(incident).confirmations
    assert [(c.step, c.who, c.found) for c in found] == [(2, "Ann", "problem")]
    assert "Steps confirmed: 1 of 7" in said(at)
    assert any("Ann" in box.label for box in at.checkbox)
    at.checkbox(key="confirm-2-1").uncheck().run()
    assert record.read(incident).confirmations == ()


def test_what_a_step_said_when_it_was_confirmed_is_remembered(incident: str) -> None:
    add(incident, "steps", {"confirmed": True, "found": "ok"}, key="2", who="Ann")
    at = opened("meeting", incident)
    assert any("it said ok then" in box.label for box in at.checkbox)


def test_a_tick_without_a_name_is_refused_and_not_kept(incident: str) -> None:
    at = opened("meeting", incident)
    at.checkbox(key="confirm-1-0").check().run()
    assert "Give your name first" in said(at)
    assert record.read(incident).confirmations == ()
    assert not at.checkbox(key="confirm-1-0").value


def test_a_decision_is_added_from_the_screen(incident: str) -> None:
    at = opened("meeting", incident)
    at.text_input(key="who").set_value("Ann").run()
    at.text_input(key="add-decisions-0-what").input("Roll back")
    at.button(key="FormSubmitter:add-decisions-0-Add").click().run()
    assert [d.what for d in record.read(incident).decisions] == ["Roll back"]
    assert "Roll back" in said(at)


def test_many_decisions_leave_room_for_the_rest(incident: str) -> None:
    for number in range(6):
        add(incident, "decisions", {"what": f"decision {number}"}, who="Ben")
    text = said(opened("meeting", incident))
    assert "3 earlier ones" in text
    assert "decision 5" in text
    assert "decision 2" not in text


def test_another_persons_change_is_shown(incident: str) -> None:
    at = opened("meeting", incident)
    change(incident, [], who="Ben")
    add(incident, "decisions", {"what": "Roll back"}, who="Ben")
    at.run()
    assert "Roll back" in said(at)


def test_a_healthy_incident_says_so(healthy: str) -> None:
    at = opened("meeting", healthy)
    assert not at.exception
    assert "Nothing is wrong" in at.title[0].value
