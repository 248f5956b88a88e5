from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sql

from diagnostics.keep import database, sharing, store
from diagnostics.keep.review import packed
from diagnostics.keep.review.edit import TEXT_CAP, Edit, add, cause_key, change, label
from diagnostics.keep.review.record import Grade, Record, Status, read, version
from diagnostics.nouns.refusal import BadInput
from tests.postgres import postgres  # noqa: F401

NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def incident(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))
    monkeypatch.delenv(database.SETTING, raising=False)
    if request.param == "postgresql":
        monkeypatch.setenv(database.SETTING, request.getfixturevalue("postgres"))
    yield store.create()
    database.forget()


def test_a_record_that_nobody_wrote_is_empty_and_has_the_title(incident: str) -> None:
    store.describe(incident, {"title": "Scores too low"})
    assert read(incident) == Record(title="Scores too low")
    assert not read(incident).written


def test_what_is_written_is_read_again_with_who_and_when(incident: str) -> None:
    edits = [
        Edit("title", "Scores of May"),
        Edit("severity", Grade.HIGH),
        Edit("status", "contained"),
        Edit("owner", "Ann"),
        Edit("model", "churn 4.1"),
        Edit("impact.rows_affected", 812),
        Edit("impact.since", "2026-05-12 08:00"),
        Edit("impact.until", datetime(2026, 5, 13)),
        Edit("impact.says", "812 customers were called for nothing."),
    ]
    assert change(incident, edits, who="Ann", now=NOON) == ()
    add(incident, "decisions", {"what": "Roll back to 4.0"}, who="Ben", now=NOON)
    add(incident, "actions", {"what": "Check units", "owner": "Cy", "due": date(2026, 6, 1)}, who="Ben", now=NOON)
    add(incident, "events", {"time": "2026-05-12T07:55", "what": "Alarm"}, who="Ben", now=NOON)
    add(incident, "causes", {"code": "unit_change", "what": "", "reason": "ratio 1000", "accepted": True}, who="Ben", now=NOON)
    add(incident, "causes", {"code": "", "what": "A holiday", "reason": "no", "accepted": False}, who="Ben", now=NOON)
    add(incident, "known", {"what": "Only mobile"}, who="Ben", now=NOON)
    add(incident, "unknown", {"what": "Why only in May"}, who="Ben", now=NOON)
    add(incident, "steps", {"confirmed": True, "found": "problem"}, key="2", who="Dee", now=NOON)
    found = read(incident)
    assert (found.title, found.severity, found.status) == ("Scores of May", Grade.HIGH, Status.CONTAINED)
    assert (found.owner, found.model, found.impact.rows_affected) == ("Ann", "churn 4.1", 812)
    assert (found.impact.since, found.impact.until) == (datetime(2026, 5, 12, 8), datetime(2026, 5, 13))
    assert found.decisions[0].what == "Roll back to 4.0"
    assert (found.actions[0].owner, found.actions[0].due, found.actions[0].done) == ("Cy", date(2026, 6, 1), False)
    assert found.events[0].time == datetime(2026, 5, 12, 7, 55)
    assert (found.accepted[0].code, found.rejected[0].what) == ("unit_change", "A holiday")
    assert (found.known[0].what, found.unknown[0].what) == ("Only mobile", "Why only in May")
    assert (found.confirmations[0].step, found.confirmations[0].who, found.confirmations[0].when) == (2, "Dee", NOON)
    last = found.changes[-1]
    assert (last.who, last.when, label(last.field)) == ("Dee", NOON, "Step: what it said")
    assert found.changes[0].after == "Scores of May"
    assert {made.field for made in found.changes} >= {"title", "impact.since"}
    assert found.version == version(incident) > 0


def test_a_new_title_is_the_incidents_title_and_no_reason_to_check_again(incident: str) -> None:
    store.describe(incident, {"title": "Scores too low"})
    before = store.stamp(incident)
    change(incident, [Edit("title", "Scores of May")], who="Ann", now=NOON)
    assert store.called(incident) == read(incident).title == "Scores of May"
    assert store.stamp(incident) == before
    assert store.called(packed.restore(packed.pack(incident))) == "Scores of May"


def test_an_impact_cannot_end_before_it_began(incident: str) -> None:
    change(incident, [Edit("impact.since", "2026-05-12 08:00")], who="Ann")
    with pytest.raises(BadInput, match="cannot end"):
        change(incident, [Edit("impact.until", "2026-05-11"), Edit("owner", "Ann")], who="Ann")
    assert (read(incident).impact.until, read(incident).owner) == (None, "")
    change(incident, [Edit("impact.until", "2026-05-12 08:00")], who="Ann")


def test_edits_of_different_fields_merge(incident: str) -> None:
    change(incident, [Edit("owner", "Ann"), Edit("model", "a")], who="Ann")
    seen = read(incident).versions
    assert change(incident, [Edit("owner", "Ben", seen["owner"])], who="Ben") == ()
    assert change(incident, [Edit("model", "b", seen["model"])], who="Cy") == ()
    assert (read(incident).owner, read(incident).model) == ("Ben", "b")


def test_edits_of_the_same_field_come_back_with_both_values(incident: str) -> None:
    change(incident, [Edit("owner", "Ann")], who="Ann")
    seen = read(incident).versions["owner"]
    change(incident, [Edit("owner", "Ben", seen)], who="Ben", now=NOON)
    conflicts = change(incident, [Edit("owner", "Cy", seen), Edit("model", "churn 4.1")], who="Cy")
    assert [(c.field, c.yours, c.theirs, c.who, c.when) for c in conflicts] == [("owner", "Cy", "Ben", "Ben", NOON)]
    assert (read(incident).owner, read(incident).model) == ("Ben", "churn 4.1")
    assert change(incident, [Edit("owner", "Cy", conflicts[0].version)], who="Cy") == ()
    assert read(incident).owner == "Cy"


def test_the_same_edit_twice_is_no_conflict_and_no_change(incident: str) -> None:
    change(incident, [Edit("status", "closed")], who="Ann")
    before = version(incident)
    assert change(incident, [Edit("status", "closed", 0), Edit("owner", None, 0)], who="Ben") == ()
    assert version(incident) == before


def test_twenty_people_at_once_lose_nothing(incident: str) -> None:
    read(incident)

    def write(number: int) -> int:
        add(incident, "decisions", {"what": f"decision {number}"}, who=f"p{number}")
        return len(change(incident, [Edit("owner", f"p{number}")], who=f"p{number}"))

    with ThreadPoolExecutor(20) as people:
        refused = list(people.map(write, range(20)))
    found = read(incident)
    assert {d.what for d in found.decisions} == {f"decision {number}" for number in range(20)}
    # One was first, and every other was told so.
    assert sorted(refused) == [0] + [1] * 19
    assert len([c for c in found.changes if c.field == "owner"]) == 1


def test_an_item_that_somebody_still_edits_does_not_vanish(incident: str) -> None:
    key = add(incident, "actions", {"what": "Check units"}, who="Ann")
    seen = read(incident).versions
    change(incident, [Edit(f"actions.{key}.gone", True, 0)], who="Ben")
    assert read(incident).actions == ()
    assert change(incident, [Edit(f"actions.{key}.owner", "Cy", seen.get(f"actions.{key}.owner", 0))], who="Ann") == ()
    assert [(a.what, a.owner) for a in read(incident).actions] == [("Check units", "Cy")]


def test_the_same_cause_is_judged_once(incident: str) -> None:
    assert cause_key("unit_change", ["income"]) == cause_key("unit_change", ["income"], "other words")
    assert cause_key("", [], "a holiday") != cause_key("", [], "a strike")


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("title", "", "title cannot be empty"),
        ("impact.since", "last Tuesday", "no time that can be read"),
        ("impact.says", "a line of a note\n" * 10_000, f"10,000 lines and 169,999 characters; at most {TEXT_CAP:,} characters"),
    ],
)
def test_what_cannot_be_kept_is_one_sentence(incident: str, field: str, value: str, says: str) -> None:
    with pytest.raises(BadInput) as raised:
        change(incident, [Edit("owner", "Ann"), Edit(field, value)], who="Ann")
    assert says in str(raised.value)
    assert read(incident).owner == ""


@pytest.mark.parametrize("field", ["colour", "actions.x", "actions.../etc.what", "nothing.ab.what", "title.ab.what"])
def test_there_are_no_other_fields(incident: str, field: str) -> None:
    with pytest.raises(ValueError, match="there is no entry"):
        change(incident, [Edit(field, "x")], who="Ann")


def test_hostile_text_is_kept_as_text(incident: str) -> None:
    text = "'; DROP TABLE entries; --\x00 <script>alert(1)</script> \ud800 ${x} {y} ​🩺"
    change(incident, [Edit("owner", text), Edit("impact.says", text)], who="<b>Ann</b>\x00\n")
    found = read(incident)
    assert found.owner == "'; DROP TABLE entries; -- <script>alert(1)</script> ? ${x} {y} 🩺"
    assert "<script>" in found.impact.says
    assert found.changes[0].who == "<b>Ann</b>"


def test_without_a_name_nothing_is_changed(incident: str) -> None:
    with pytest.raises(BadInput, match="Give your name first"):
        change(incident, [Edit("owner", "Ann")], who=" ")


def test_through_a_link_for_reading_the_record_is_read_and_never_changed(incident: str) -> None:
    change(incident, [Edit("owner", "Ann")], who="Ann")
    link = sharing.share(incident)
    assert read(link) == read(incident)
    with pytest.raises(BadInput, match="for reading only"):
        change(link, [Edit("owner", "Ben", 1)], who="Ben")
    with pytest.raises(BadInput, match="for reading only"):
        add(link, "decisions", {"what": "x"}, who="Ben")
    assert read(incident).owner == "Ann"


def test_a_damaged_value_counts_as_not_said(incident: str) -> None:
    change(incident, [Edit("status", "closed"), Edit("impact.rows_affected", 3)], who="Ann")
    with database.opened(write=True) as con:
        con.execute(sql.text("UPDATE entries SET value = '[1, {}]'"))
    found = read(incident)
    assert (found.status, found.impact.rows_affected) == (Status.OPEN, None)
