from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from diagnostics.causes.catalogue import KINDS
from diagnostics.causes.cause import Cause
from diagnostics.investigation import Investigation
from diagnostics.keep import database, sharing, store
from diagnostics.keep.review import listing
from diagnostics.keep.review.edit import Edit, change
from diagnostics.keep.review.impact import filled, impact_of, told
from diagnostics.keep.review.record import Grade, Happening, Impact, Record, Status, read
from diagnostics.keep.review.timeline import review, shortened
from diagnostics.nouns.entry import Entry
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Event, Incident
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import Words
from diagnostics.pictures import as_plotly, timeline
from diagnostics.pictures.shapes import Lanes
from diagnostics.pictures.style import LIGHT
from tests.factory import incident_of
from tests.postgres import postgres  # noqa: F401

MAY = datetime(2026, 5, 12, 8)


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))
    monkeypatch.delenv(database.SETTING, raising=False)
    if request.param == "postgresql":
        monkeypatch.setenv(database.SETTING, request.getfixturevalue("postgres"))
        with database.opened(write=True) as con:
            con.exec_driver_sql("DELETE FROM incidents")
    yield
    database.forget()


def cause(code: str = "unit_change", *columns: str, confidence: float = 0.9, since: datetime | None = MAY) -> Cause:
    return Cause(
        kind=KINDS[code], confidence=confidence, says="Something happened.", remedy="Mend it.", columns=columns, since=since
    )


def looked_at(title: str, *causes: Cause, day: int = 1) -> str:
    incident = store.create()
    store.describe(incident, {"title": title})
    found = Investigation(Incident(title=title), (), causes, 1.0)
    listing.remember(incident, found, now=datetime(2026, 6, day, tzinfo=UTC))
    return incident


def titles(**chosen: object) -> list[str]:
    return [one.title for one in listing.listed(among=None, **chosen)[0]]


def test_the_newest_stands_first_and_filters_narrow(home: None) -> None:
    first = looked_at("Scores of April", cause("unit_change", "income"), day=1)
    looked_at("Churn in May", cause("missing_values", "age"), cause("unit_change", "tenure", confidence=0.2), day=2)
    change(first, [Edit("status", "closed"), Edit("severity", "high"), Edit("impact.says", "Größe falsch")], who="Ann")
    assert titles() == ["Churn in May", "Scores of April"]
    assert titles(text="may") == ["Churn in May"]
    assert titles(text="GRÖSSE") == ["Scores of April"]
    assert titles(text="größe") == ["Scores of April"]
    assert titles(status=Status.CLOSED, severity=Grade.HIGH) == ["Scores of April"]
    # A weak lead is no cause to filter by.
    assert titles(cause="unit_change") == ["Scores of April"]
    assert listing.codes(None) == ["missing_values", "unit_change"]
    assert listing.listed(among=[first])[1] == 1
    assert listing.listed(among=[]) == ([], 0)


def test_the_same_cause_in_the_same_columns_was_seen_before(home: None) -> None:
    elsewhere = looked_at("Elsewhere", cause("unit_change", "height"), day=3)
    same = looked_at("Same", cause("unit_change", "income", "age"), day=1)
    looked_at("Other", cause("missing_values", "income"), day=4)
    looked_at("Weak", cause("unit_change", "income", confidence=0.3), day=5)
    here = looked_at("Here", cause("unit_change", "income"), day=6)
    found = [listing.Found("unit_change", 0.9, ("income",), None)]
    past = listing.similar(here, found, among=None)
    assert [(p.listed.incident, p.code, p.columns) for p in past] == [
        (same, "unit_change", ("income",)),
        (elsewhere, "unit_change", ()),
    ]
    assert listing.similar(here, found, among=[here]) == []
    weak = [replace(found[0], confidence=0.4)]
    assert listing.similar(here, weak, among=None) == []
    sharing.delete(same)
    assert [p.listed.incident for p in listing.similar(here, found, among=None)] == [elsewhere]


def test_the_same_files_once_more_come_first(home: None) -> None:
    looked_at("Same columns", cause("unit_change", "income"))
    found = Investigation(Incident(title="Twice"), (), (cause("unit_change", "income"),), 1.0)
    one, two = store.create(), store.create()
    listing.remember(one, found)
    listing.remember(two, found)
    past = listing.similar(two, listing.found_of(found), among=None)
    assert [(p.listed.title, p.same) for p in past] == [("Twice", True), ("Same columns", False)]


def test_looking_again_replaces_what_was_found(home: None) -> None:
    incident = looked_at("Scores", cause("unit_change", "income"))
    listing.remember(incident, Investigation(Incident(title="Scores", seed=1), (), (), 1.0))
    line = listing.one(incident)
    assert line is not None
    assert line.causes == ()


def test_a_reader_leaves_no_trace_in_the_list(home: None) -> None:
    incident = looked_at("Scores")
    with pytest.raises(BadInput, match="for reading only"):
        listing.remember(sharing.share(incident), Investigation(Incident(), (), (), 1.0))


RULE = Rule(
    code="INP999",
    title="A column changed",
    says="It changed.",
    why="why",
    remedy="remedy",
    statistic="statistic",
    source="source",
    severity=Severity.CRITICAL,
    lane=Lane.DATA,
)


def investigated(incident: Incident, *causes: Cause) -> Investigation:
    return Investigation(incident, (), causes, 1.0)


def rows() -> pd.DataFrame:
    return pd.DataFrame({"when": pd.date_range("2026-05-11", periods=48, freq="h"), "a": range(48)})


def test_the_impact_counts_the_rows_since_the_onset(tmp_path: Path) -> None:
    incident = incident_of(tmp_path, rows(), rows(), timestamp="when")
    found = impact_of(investigated(incident, cause("unit_change", "a")))
    assert found == Impact(16, 48, MAY)
    assert told(found, Words()) == "16 of 48 rows were affected since 12 May 2026, 08:00."


def test_without_a_time_all_rows_count_and_without_a_fault_none(tmp_path: Path) -> None:
    incident = incident_of(tmp_path, rows(), rows())
    found = impact_of(investigated(incident, cause("unit_change", "a", since=None)))
    assert (found.rows_affected, found.since) == (48, None)
    assert impact_of(investigated(incident)).rows_affected is None
    assert told(impact_of(investigated(incident)), Words()) == ""


def test_what_people_wrote_of_the_impact_stands_also_when_it_is_nothing(home: None, tmp_path: Path) -> None:
    incident = store.create()
    found = investigated(incident_of(tmp_path, rows(), rows(), timestamp="when"), cause("unit_change", "a"))
    assert filled(read(incident), found).impact == Impact(16, 48, MAY)
    change(incident, [Edit("impact.rows_affected", 3), Edit("impact.since", None)], who="Ann")
    change(incident, [Edit("impact.since", "2026-05-13")], who="Ann")
    change(incident, [Edit("impact.since", None, read(incident).versions["impact.since"])], who="Ann")
    assert filled(read(incident), found).impact == Impact(3, 48, None)


def noted(hour: int, what: str) -> Happening:
    return Happening(f"k{hour}", "Ann", datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 5, 12, hour), what)


def test_onsets_deploys_and_notes_stand_on_one_axis() -> None:
    incident = Incident(events=(Event(datetime(2026, 5, 12, 7), "release 4"),))
    finding = RULE.found(Entry(columns=("income",), since=MAY))

    class Found(Investigation):
        def findings(self, number: int | None = None) -> tuple[Finding, ...]:
            return (finding,)

    held = Record(events=(noted(6, "A call"), noted(9, "<b>An alarm</b> $x$")))
    p = review(held, Found(incident, (), (), 1.0))
    assert p is not None
    assert [(m.lane, m.time.hour) for m in p.moments] == [(Lane.NOTED, 6), (Lane.DEPLOY, 7), (Lane.DATA, 8), (Lane.NOTED, 9)]
    shape = timeline.review(p, Words())
    assert isinstance(shape, Lanes)
    stays = [stay for lane in shape.lanes for stay in lane.stays]
    assert sorted(stay.inside for stay in stays) == ["1", "2", "3", "4"]
    assert "<b>An" not in str(as_plotly.figure(shape, Words(), LIGHT).data)
    assert [m.time.hour for m in shortened(p, most=2).moments] == [7, 8]


def test_without_anything_dated_there_is_no_timeline() -> None:
    assert review(Record(), investigated(Incident())) is None
    assert review(Record()) is None


def test_only_what_people_noted_is_a_timeline_too() -> None:
    p = review(Record(events=(noted(6, "A call"),)))
    assert p is not None
    shape = timeline.review(p, Words())
    assert isinstance(shape, Lanes)
    assert [len(lane.stays) for lane in shape.lanes] == [0, 0, 1]
