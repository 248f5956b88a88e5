from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from diagnostics.keep import database, sharing, store
from diagnostics.keep.review import listing, packed, record
from diagnostics.keep.review.edit import Edit, add, change
from diagnostics.nouns.incident import Roles
from diagnostics.nouns.refusal import BadInput

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def incident(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))
    made = store.create()
    record.version(made)
    store.save_upload(made, "current", "may.csv", b"a,b\n1,2\n")
    return made


def aged(incident: str, days: float) -> None:
    when = (NOW - timedelta(days=days)).timestamp()
    base = store.folder(incident)
    for file in [*base.iterdir(), base]:
        os.utime(file, (when, when))


def test_a_link_for_reading_opens_the_incident_and_has_nothing_of_its_id(incident: str) -> None:
    link = sharing.share(incident)
    assert store.exists(link)
    assert store.folder(link) == store.folder(incident)
    assert [f.name for f in store.files(link)] == [f.name for f in store.files(incident)]
    assert incident not in link
    assert sharing.reading_link(incident) == link
    assert (store.home() / ".reading" / link).stat().st_mode & 0o077 == 0


def test_every_way_of_writing_refuses_a_link_for_reading(incident: str) -> None:
    link = sharing.share(incident)
    before = store.stamp(incident)
    result = "fit-0123456789abcdef.json"
    for write in (
        lambda: store.save_upload(link, "current", "x.csv", b"a\n1\n"),
        lambda: store.save_upload(link, "logs", "x.log", b"a\n1\n"),
        lambda: store.remove(link, "current.csv"),
        lambda: store.describe(link, {"title": "x"}),
        lambda: store.write_roles(link, Roles()),
        lambda: store.keep_result(link, result, b"{}"),
        lambda: store.pack(link),
        lambda: sharing.delete(link),
        lambda: sharing.share(link),
        lambda: sharing.unshare(link),
        lambda: sharing.reading_link(link),
        lambda: change(link, [Edit("owner", "x")], who="x"),
    ):
        with pytest.raises(BadInput, match="for reading only"):
            write()
    assert store.stamp(incident) == before
    assert store.results(incident) == []
    assert sharing.reading_link(incident) == link


def test_a_new_link_or_none_makes_the_old_one_lead_nowhere(incident: str) -> None:
    first = sharing.share(incident)
    second = sharing.share(incident)
    assert not store.exists(first)
    assert store.exists(second)
    sharing.unshare(incident)
    assert not store.exists(second)
    assert sharing.reading_link(incident) is None


@pytest.mark.parametrize("link", ["r-", "r-" + "x" * 22, "r-../../../../etc/passwd", "r-" + "." * 22, "r-\x00" + "x" * 21])
def test_a_guessed_link_leads_nowhere(incident: str, link: str) -> None:
    sharing.share(incident)
    assert not store.exists(link)
    with pytest.raises(BadInput, match="no incident under this link"):
        store.folder(link)


def test_a_forged_file_cannot_lead_out_of_the_home(incident: str) -> None:
    link = sharing.share(incident)
    (store.home() / ".reading" / link).write_text("../../../../../../tmp")
    assert not store.exists(link)


def test_deleting_takes_files_links_and_the_record(incident: str) -> None:
    link = sharing.share(incident)
    change(incident, [Edit("owner", "Ann")], who="Ann")
    base = store.folder(incident)
    sharing.delete(incident)
    assert not store.exists(incident)
    assert not store.exists(link)
    assert not base.exists()
    assert not list((store.home() / ".reading").iterdir())
    assert listing.listed(among=None) == ([], 0)
    with pytest.raises(BadInput, match="no incident under this link"):
        record.read(incident)


def test_incidents_are_kept_for_ever_unless_told_otherwise(incident: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sharing.KEEP_DAYS, raising=False)
    aged(incident, 10_000)
    assert sharing.sweep(NOW) == []
    assert store.exists(incident)


def test_an_incident_is_deleted_so_many_days_after_its_last_use(incident: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sharing.KEEP_DAYS, "30")
    other = store.create()
    aged(incident, 31)
    aged(other, 29)
    assert sharing.sweep(NOW) == [incident]
    assert not store.exists(incident)
    assert store.exists(other)
    assert sharing.sweep(NOW + timedelta(days=2)) == [other]


def test_looking_at_an_incident_keeps_it(incident: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sharing.KEEP_DAYS, "30")
    aged(incident, 31)
    link = sharing.share(incident)
    sharing.used(link, NOW - timedelta(days=3))
    assert sharing.last_used(incident) == NOW - timedelta(days=3)
    # Not written again and again within the hour.
    sharing.used(incident, NOW - timedelta(days=3) + timedelta(minutes=59))
    assert sharing.last_used(incident) == NOW - timedelta(days=3)
    assert sharing.sweep(NOW) == []
    assert [gone for days in range(7, 29, 7) if (gone := sharing.sweep(NOW + timedelta(days=days)))] == [[incident]]


@pytest.mark.parametrize("wrong", ["0", "-3", "soon", "1.5"])
def test_a_wrong_number_of_days_deletes_nothing_and_is_said(incident: str, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv(sharing.KEEP_DAYS, wrong)
    aged(incident, 10_000)
    with pytest.raises(BadInput, match="whole number of days"):
        sharing.sweep(NOW)
    assert store.exists(incident)


def test_only_what_crashes_left_behind_is_swept_up(monkeypatch: pytest.MonkeyPatch, incident: str) -> None:
    left, foreign = store.home() / f".{'x' * 22}.gone", store.home() / ".git"
    for made in (left, foreign):
        made.mkdir()
        os.utime(made, (0, 0))
    sharing.share(incident)
    os.utime(store.home() / ".reading", (0, 0))
    assert sharing.sweep(NOW) == []
    assert not left.exists()
    assert foreign.exists()
    assert sharing.reading_link(incident) is not None


def test_a_saved_incident_brings_its_record_along(incident: str) -> None:
    change(incident, [Edit("owner", "Ann"), Edit("severity", "high")], who="Ann", now=NOW)
    add(incident, "decisions", {"what": "Roll back"}, who="Ben", now=NOW)
    again = packed.restore(packed.pack(incident))
    before, after = record.read(incident), record.read(again)
    assert (after.owner, after.severity, after.decisions, after.changes) == (
        before.owner,
        before.severity,
        before.decisions,
        before.changes,
    )
    assert not (store.folder(again) / packed.NAME).exists()
    # It can be edited on.
    assert change(again, [Edit("owner", "Ben", after.versions["owner"])], who="Ben") == ()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"version": 2, "entries": [], "changes": []}', "newer version"),
        (b"{", "damaged"),
        (b"[]", "damaged"),
        (b'{"version": 1}', "damaged"),
    ],
)
def test_a_record_of_a_newer_version_or_a_damaged_one_is_one_sentence_and_leaves_nothing(
    incident: str, content: bytes, says: str
) -> None:
    before = set(store.home().iterdir())
    with pytest.raises(BadInput, match=says):
        packed.restore(store.pack(incident, extra={packed.NAME: content}))
    assert set(store.home().iterdir()) == before


def test_hostile_lines_of_a_saved_record_are_passed_over(incident: str) -> None:
    lines = [["owner", "Ann", "x", "2026-05-12"], ["colour", 1, "x", "2026-05-12"], ["status", "gone", "x", "2026"], [], 7]
    lines += [["title", {"a": 1}, "x", "no time"], ["impact.says", "x" * 30_000, "x", "2026-05-12"]]
    content = json.dumps({"version": 1, "entries": lines, "changes": [[1], None, ["2026-05-12", "a", "owner", "", "Ann"]]})
    again = packed.restore(store.pack(incident, extra={packed.NAME: content.encode()}))
    found = record.read(again)
    assert (found.owner, found.status, found.impact.says) == ("Ann", record.Status.OPEN, "")
    assert len(found.changes) == 1


def test_a_clock_that_jumps_deletes_nothing_for_a_day(incident: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sharing.KEEP_DAYS, "30")
    aged(incident, 1)
    assert sharing.sweep(NOW) == []
    far = NOW + timedelta(days=4000)
    assert sharing.sweep(far) == []
    assert sharing.sweep(far + timedelta(hours=5)) == []
    # Set right again: that is a jump as well, and nothing was lost.
    assert sharing.sweep(NOW + timedelta(hours=6)) == []
    assert store.exists(incident)
    # A clock that goes on is believed again.
    swept = [sharing.sweep(NOW + timedelta(hours=hours)) for hours in range(7, 24 * 40, 24)]
    assert [gone for gone in swept if gone] == [[incident]]


def test_what_crashes_left_inside_an_incident_is_swept_up(incident: str) -> None:
    folder = store.folder(incident)
    part, reading, mine = folder / "code" / ".a.py.0a1b2c3d.part", store.work(incident) / ".reading-x1", folder / ".called"
    for made in (part, mine):
        made.parent.mkdir(exist_ok=True)
        made.write_text("x")
    reading.mkdir(parents=True)
    for made in (part, mine, reading):
        os.utime(made, (0, 0))
    fresh = folder / ".b.csv.0a1b2c3d.part"
    fresh.write_text("x")
    os.utime(fresh, (NOW.timestamp(), NOW.timestamp()))
    sharing.sweep(NOW)
    assert [made.exists() for made in (part, reading, mine, fresh)] == [False, False, True, True]


def test_with_a_full_disk_an_incident_can_still_be_deleted(incident: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change(incident, [Edit("owner", "Ann")], who="Ann", now=NOW)
    opened, refused = database.opened, []

    def full_while_it_is_there(**how: Any) -> Any:
        if (store.home() / incident).is_dir():
            refused.append(incident)
            raise BadInput(database.FULL)
        return opened(**how)

    monkeypatch.setattr(database, "opened", full_while_it_is_there)
    sharing.delete(incident)
    assert refused
    assert not store.exists(incident)
