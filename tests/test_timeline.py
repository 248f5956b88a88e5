from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from diagnostics.nouns.entry import Entry, optional
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Event
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import Words
from diagnostics.pictures import as_plotly
from diagnostics.pictures import timeline as drawing
from diagnostics.pictures.style import LIGHT
from diagnostics.timeline import SHOWN, Timeline, gap, label, timeline, told

EIGHT = datetime(2026, 5, 12, 8)
WORDS = Words()


@dataclass(frozen=True, kw_only=True)
class Seen(Entry):
    series: str | None = optional()
    template: str | None = optional()
    until: datetime | None = optional()


LANE = {"OPS004": Lane.ERRORS, "OPS011": Lane.METRIC, "OPS013": Lane.METRIC, "CON001": Lane.ACCURACY, "DRF001": Lane.DATA}


def finding(
    code: str, title: str, minutes: float, *columns: str, severity: Severity = Severity.CRITICAL, **evidence: Any
) -> Finding[Seen]:
    rule = Rule[Seen](code=code, title=title, says=title, why="", remedy="", statistic="", source="", lane=LANE[code])
    entry = Seen(**evidence, columns=columns, weight=0.5, since=EIGHT + timedelta(minutes=minutes))
    return rule.found(entry, severity=severity)


SLOW = finding("OPS013", "Answers became slower", 5, series="latency_p95_ms")
BURST = finding("OPS004", "Errors came in a burst", 20, template="timeout after <*> ms", until=EIGHT + timedelta(hours=1))
WORSE = finding("CON001", "The model does worse", 60)
DEPLOY = Event(EIGHT, "feature service 4.1")


def made(*findings: Finding, events: tuple[Event, ...] = (DEPLOY,)) -> Timeline:
    p = timeline(events, findings)
    assert p is not None
    return p


def test_what_came_first_is_said_with_the_deploy_before_it() -> None:
    assert told(made(WORSE, BURST, SLOW), WORDS) == (
        "What came first: Answers became slower: latency_p95_ms (12 May 2026, 08:05), 5 minutes after feature service 4.1. "
        "What followed: Errors came in a burst: timeout after <*> ms (12 May 2026, 08:20); "
        "The model does worse (12 May 2026, 09:00)."
    )


def test_moments_are_in_order_and_know_their_lane_and_end() -> None:
    p = made(WORSE, BURST, SLOW)
    assert [m.lane for m in p.moments] == [Lane.DEPLOY, Lane.METRIC, Lane.ERRORS, Lane.ACCURACY]
    assert [m.until for m in p.moments] == [None, None, EIGHT + timedelta(hours=1), None]


def test_a_deploy_long_before_or_long_after_is_not_blamed() -> None:
    for when in (EIGHT - timedelta(days=9), EIGHT + timedelta(days=9)):
        assert "feature" not in told(made(SLOW, BURST, events=(Event(when, "feature service 4.1"),)), WORDS)


def test_a_beginning_dated_a_little_before_the_deploy_is_the_same_time() -> None:
    early = finding("OPS011", "Memory climbs without end", -10, series="memory_mb")
    late = finding("OPS013", "Answers became slower", 3000)
    assert "at the same time as feature service 4.1" in told(made(early, late), WORDS)


def test_what_began_together_in_one_lane_is_one_row() -> None:
    together = [finding("DRF001", "A column moved", 0, f"c{i}") for i in range(5)]
    p = made(*together, SLOW)
    assert [(m.lane, m.also) for m in p.signs] == [(Lane.DATA, 4), (Lane.METRIC, 0)]


def test_twenty_at_most_and_the_worst_stay() -> None:
    small = [finding("DRF001", "A column moved", i, f"c{i}", severity=Severity.WARNING) for i in range(90)]
    deploys = tuple(Event(EIGHT - timedelta(days=i), f"release {i}") for i in range(30))
    p = made(*small, BURST, events=deploys)
    assert len(p.moments) == SHOWN
    assert any(m.lane is Lane.ERRORS for m in p.moments)
    assert "release 0" in {m.what for m in p.moments}


@pytest.mark.parametrize("findings", [[], [finding("DRF001", "Small", 0, "a", severity=Severity.INFO)]])
def test_nothing_wrong_is_no_timeline(findings: list[Finding]) -> None:
    assert timeline((DEPLOY,), findings) is None


def test_one_thing_alone_has_no_order() -> None:
    assert timeline((), [SLOW]) is None


def test_times_with_a_zone_and_without_stand_on_one_axis() -> None:
    p = made(SLOW, events=(Event(EIGHT.replace(tzinfo=UTC), "with a zone"),))
    assert [m.time for m in p.moments] == [EIGHT, EIGHT + timedelta(minutes=5)]


@pytest.mark.parametrize(
    ("span", "says"),
    [
        (timedelta(seconds=70), "1 minute"),
        (timedelta(minutes=5), "5 minutes"),
        (timedelta(hours=3), "3 hours"),
        (timedelta(days=4), "4 days"),
    ],
)
def test_a_length_of_time_is_told_in_its_unit(span: timedelta, says: str) -> None:
    assert gap(span, WORDS) == says


def test_the_picture_has_a_row_for_each_and_no_two_labels_on_one() -> None:
    p = made(*[finding("DRF001", "A column <b>moved</b> $x$", i, f"c{i}" * 40) for i in range(40)], SLOW)
    shape = drawing.rows(p, WORDS)
    assert shape is not None
    drawn = as_plotly.figure(shape, WORDS, LIGHT)
    rows = [note for note in drawn.layout.annotations if note.xref == "x domain" and note.bgcolor]
    assert len({note.y for note in rows}) == SHOWN == len(rows)
    assert all("<" not in note.text and "$" not in note.text and len(note.text) < 80 for note in rows)
    assert drawn.layout.height >= 35 * SHOWN


def test_labels_of_deploys_are_short() -> None:
    p = made(SLOW, events=(Event(EIGHT, "x" * 900),))
    assert len(label(p.moments[0], WORDS)) <= 60


def test_a_sign_dated_just_before_a_deploy_stands_behind_it() -> None:
    early = finding("OPS011", "Memory climbs without end", -10, series="memory_mb")
    late = finding("OPS013", "Answers became slower", 3000)
    assert [m.lane for m in made(early, late).moments] == [Lane.DEPLOY, Lane.METRIC, Lane.METRIC]
    assert made(early, late).signs[0].time == EIGHT - timedelta(minutes=10)
