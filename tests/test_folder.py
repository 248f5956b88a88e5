from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from diagnostics.nouns.incident import Answer, Task
from diagnostics.nouns.refusal import BadInput
from diagnostics.read.folder import open_incident

TABLE = "when,income,city,churn,score\n" + "".join(
    f"2026-05-{1 + n % 28:02d} 08:00:00,{1000 + 7 * n},{'Ulm' if n % 3 else 'Graz'},{n % 2},{(n % 10) / 10}\n" for n in range(120)
)


def folder(tmp_path: Path, yaml: str | None = None) -> Path:
    made = tmp_path / "incident"
    made.mkdir()
    for side in ("reference", "current"):
        (made / f"{side}.csv").write_text(TABLE)
    if yaml is not None:
        (made / "incident.yaml").write_text(yaml)
    return made


def test_what_is_stated_is_kept_and_the_rest_is_guessed(tmp_path: Path) -> None:
    made = folder(tmp_path, "title: Churn\ntarget: churn\nevents:\n  - {time: 2026-05-12 08:00, what: deploy 4.1}\n")
    incident = open_incident(made, work=tmp_path / "work")
    assert (incident.title, incident.roles.target, incident.roles.prediction) == ("Churn", "churn", "score")
    assert (incident.roles.timestamp, incident.task, incident.answer) == ("when", Task.CLASSIFICATION, Answer.SCORE)
    assert incident.events[0].time == datetime(2026, 5, 12, 8)
    assert "target" not in incident.guessed
    assert "prediction" in incident.guessed


def test_tables_are_read_once(tmp_path: Path) -> None:
    made = folder(tmp_path)
    first = open_incident(made, work=tmp_path / "work")
    written = (tmp_path / "work" / "reference.parquet").stat().st_mtime_ns
    again = open_incident(made, work=tmp_path / "work")
    assert (tmp_path / "work" / "reference.parquet").stat().st_mtime_ns == written
    assert again.fingerprint == first.fingerprint


@pytest.mark.parametrize(
    ("yaml", "says"),
    [
        ("target: [a, b]", "one name"),
        ("task: guess", "classification or regression"),
        ("colour: red", "unknown key colour"),
        ("events: [{what: x}]", "event 1"),
        ("a: [", "line"),
        ("- 1", "keys"),
        ("target: nothing_like_it", "nothing_like_it"),
        ("!!python/object/apply:os.system ['true']", "line"),
    ],
)
def test_a_bad_incident_yaml_says_what_and_where(tmp_path: Path, yaml: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        open_incident(folder(tmp_path, yaml), work=tmp_path / "work")


def test_one_unreadable_part_leaves_the_others(tmp_path: Path) -> None:
    made = folder(tmp_path)
    (made / "current.csv").write_bytes(b"")
    incident = open_incident(made, work=tmp_path / "work")
    assert incident.reference is not None
    assert incident.current is None
    assert incident.unreadable[0][0] == "current.csv"


def test_an_empty_folder_says_what_to_put_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"reference\.csv"):
        open_incident(tmp_path, work=tmp_path / "work")


@pytest.mark.parametrize("value", ["", " null", ' ""'])
def test_a_role_without_a_value_means_that_there_is_none(tmp_path: Path, value: str) -> None:
    incident = open_incident(folder(tmp_path, f"timestamp:{value}\nsegments:{value}\n"), work=tmp_path / "work")
    assert incident.roles.timestamp is None
    assert incident.roles.segments == ()
    assert incident.roles.target == "churn"


@pytest.mark.parametrize("place", ["config", "code", "."])
def test_a_scaler_is_found_and_counts(tmp_path: Path, place: str) -> None:
    made = folder(tmp_path)
    (made / place).mkdir(exist_ok=True)
    (made / place / "scaler.json").write_text('{"columns": ["income"], "mean": [1400], "scale": [240]}')
    incident = open_incident(made, work=tmp_path / "work")
    assert incident.scaler is not None
    before = incident.fingerprint
    incident.scaler.write_text('{"columns": ["income"], "mean": [1400], "scale": [24]}')
    assert incident.fingerprint != before


def test_group_and_calendar_columns_are_stated_and_may_be_none(tmp_path: Path) -> None:
    given = open_incident(folder(tmp_path, "group: city\ncalendar: []\n"), work=tmp_path / "work")
    assert given.roles.group == "city"
    assert given.roles.calendar == ()
    assert not given.guessed & {"group", "calendar"}
    (tmp_path / "again").mkdir()
    given = open_incident(folder(tmp_path / "again", "calendar: [income]\n"), work=tmp_path / "again" / "work")
    assert given.roles.calendar == ("income",)


NESTED = "[&a [x,x,x,x,x,x,x,x,x,x],&b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a],&c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]]"


@pytest.mark.parametrize(
    ("yaml", "says"),
    [
        (f"title: {NESTED}", "title must be one"),
        (f"task: {NESTED}", "task is list"),
        (f"target: {NESTED}", "target must be one"),
        (f"segments: {NESTED}", "segments must be a list"),
        (f"events: [{{time: 2026-05-12, what: {NESTED}}}]", "what must be one"),
        (f"events: [{{time: {NESTED}, what: x}}]", "event 1"),
        (f"reading: {{current: {{encoding: {NESTED}}}}}", "encoding must be one"),
        (f"reading: {{current: {{missing: {NESTED}}}}}", "missing must be one"),
        ("reading: {current: [1]}", "unknown key list"),
        ("reading: {north: {}}", "unknown key north"),
        ("reading: {current: {skip: x}}", "skip must be a whole number"),
        ("events: [{time: 0001-01-01T00:00:00+14:00, what: x}]", "from 1900 to 2200"),
        ("events: [{time: 2026-05-12, what: x}, {time: 9999-12-31, what: x}]", "event 2"),
        ("title: 0x" + "F" * 6000, "digits"),
        ("title: " + "x" * 301, "301 characters"),
        ("title: !!binary aGk=", "title must be one"),
        ("segments: [" + "a," * 1001 + "]", "1,001 entries"),
        ("calendar: [{a: 1}]", "calendar must be a list"),
        ("? [1, 2]\n: 3", "line 1"),
        ("1: 2", "unknown key 1"),
        ("<<: {title: x}", "merge keys"),
    ],
)
def test_each_key_of_incident_yaml_is_held_to_its_kind(tmp_path: Path, yaml: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        open_incident(folder(tmp_path, yaml), work=tmp_path / "work")


def test_text_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    made = folder(tmp_path)
    (made / "incident.yaml").write_bytes("title: x\ntarget: größe".encode("latin-1"))
    with pytest.raises(BadInput, match="line 2"):
        open_incident(made, work=tmp_path / "work")
