"""Batches are looked at once, whatever happens to those who look."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import pytest
import sqlalchemy as sql

from diagnostics.keep import store
from diagnostics.nouns.refusal import BadInput
from diagnostics.watch import alerts, channels, records, sources
from diagnostics.watch.alerts import Topic
from diagnostics.watch.clock import Every, windows
from diagnostics.watch.look import Looked, look
from diagnostics.watch.records import State, Watch
from tests.watch.conftest import FIRST, broken, moment, put, stated, watching

ROOT = Path(__file__).parents[2]


def seen(watch: Watch, day: int) -> Looked:
    """A look at noon after day number `day`."""
    return look(watch.id, clock=lambda: moment(day))


def states(watch: Watch) -> list[State]:
    return [batch.state for batch in records.history(watch.id)]


def test_a_fault_is_found_named_and_over_and_told_once(home: Path, history: Path, days: list[pd.DataFrame]) -> None:
    watch = watching(home, history, tell=["json://127.0.0.1:9/"])
    said: list[str] = []
    for day in range(14):
        put(home / "in", day, broken(days[day]) if day in (7, 8, 9) else days[day])
        if day >= 6:
            seen(watch, day)
            channels.post(watch, now=records.utc(moment(day)), owner="me", sending=lambda _, title, __: said.append(title) or "")
    [alert] = alerts.of_watch(watch.id)
    assert alert.topic is Topic.CHANGE
    assert (alert.cause, alert.said.columns) == ("unit_change", ("amount",))
    assert alert.said.since is not None
    assert abs(alert.said.since - datetime(2025, 3, 10)) < timedelta(days=1)
    assert alert.closed is not None
    events = [title.split(":")[0] for title in said]
    assert (events[0], events[-1]) == ("shop", "shop, over")
    assert set(events[1:-1]) <= {"shop, still so"}
    assert store.exists(alert.said.incident)
    assert (store.folder(alert.said.incident) / "reference.csv").exists()
    assert states(watch) == [State.DONE] * 14


def test_late_labels_fill_in_older_batches(home: Path, history: Path, days: list[pd.DataFrame]) -> None:
    watch = watching(home, history, labels={"address": "labels", "days": 3650})
    (home / "labels").mkdir()
    for day in range(3):
        put(home / "in", day, days[day].assign(label=""))
    seen(watch, 2)
    before = records.history(watch.id)[1]
    assert before.labelled == 0
    assert before.metric is not None
    assert before.metric.estimated
    days[1][["id", "label"]].to_csv(home / "labels" / "late.csv", index=False)
    assert seen(watch, 2).relabelled == (before.name,)
    after = records.history(watch.id)[1]
    assert after.labelled == len(days[1])
    assert after.metric is not None
    assert not after.metric.estimated
    counted = float(((days[1]["score"] >= 0.5) != (days[1]["label"] == 1)).mean())
    assert after.metric.value.value == pytest.approx(counted)
    assert seen(watch, 2).relabelled == ()


def test_bad_batches_are_said_and_the_watch_goes_on(home: Path, history: Path, days: list[pd.DataFrame]) -> None:
    watch = watching(home, history)
    folder = home / "in"
    put(folder, 0, days[0])
    put(folder, 1, days[1].iloc[:0])
    put(folder, 2, days[2].drop(columns=["channel", "x0"]))
    put(folder, 3, days[0])
    put(folder, 4, days[4].iloc[:5])
    (folder / "shop-2025-03-08.csv").write_bytes(b"\x00\xff\x00\xfe" * 50)
    put(folder, 6, days[6])
    seen(watch, 6)
    kept = {batch.name[5:15]: batch for batch in records.history(watch.id)}
    assert kept["2025-03-03"].state is State.DONE
    assert kept["2025-03-04"].state is State.UNREADABLE
    assert kept["2025-03-05"].state is State.DONE
    assert "channel" in str(kept["2025-03-05"].reason.values["columns"])
    assert kept["2025-03-06"].state is State.REPEATED
    assert kept["2025-03-07"].state is State.FEW
    assert kept["2025-03-08"].state is State.UNREADABLE
    assert kept["2025-03-09"].state is State.DONE
    assert all(batch.reason for batch in kept.values() if batch.state is not State.DONE)


def test_missing_and_late_batches_and_batches_out_of_order(home: Path, history: Path, days: list[pd.DataFrame]) -> None:
    watch = watching(home, history)
    folder = home / "in"
    for day in (0, 1, 5):
        put(folder, day, days[day])
    seen(watch, 5)
    assert states(watch) == [State.DONE, State.DONE, State.MISSING, State.MISSING, State.MISSING, State.DONE]
    [alert] = alerts.of_watch(watch.id)
    assert alert.topic is Topic.MISSING
    for day in (3, 2, 4):
        put(folder, day, days[day])
    seen(watch, 5)
    assert states(watch) == [State.DONE] * 6
    assert [batch.since for batch in records.history(watch.id)] == sorted(batch.since for batch in records.history(watch.id))  # type: ignore[type-var]
    assert all(alert.closed for alert in alerts.of_watch(watch.id))
    seen(watch, 30)
    assert len(records.history(watch.id)) == len({batch.since for batch in records.history(watch.id)})


def test_an_unreachable_source_is_said_and_tried_again(home: Path, history: Path, days: list[pd.DataFrame]) -> None:
    watch = watching(home, history)
    (home / "in").rename(home / "away")
    found = seen(watch, 0)
    assert "cannot be reached" in found.trouble.says
    assert records.one(watch.id).trouble
    assert [alert.topic for alert in alerts.of_watch(watch.id)] == [Topic.SOURCE]
    (home / "away").rename(home / "in")
    put(home / "in", 0, days[0])
    seen(watch, 0)
    assert not records.one(watch.id).trouble
    assert states(watch) == [State.DONE]
    assert all(alert.closed for alert in alerts.of_watch(watch.id))


@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "parquet"])
def test_a_table_is_cut_by_time(home: Path, history: Path, days: list[pd.DataFrame], kind: str) -> None:
    rows = pd.concat(days[:5], ignore_index=True)
    address = str(home / f"rows.{kind}")
    if kind == "sqlite":
        address = f"sqlite:///{home}/rows.sqlite"
        rows.to_sql("orders", sql.create_engine(address), index=False)
    elif kind == "duckdb":
        with duckdb.connect(address) as con:
            con.register("rows", rows)
            con.execute("CREATE TABLE orders AS SELECT * FROM rows")
    else:
        rows.to_parquet(address)
    watch = watching(home, history, source={"kind": "table", "address": address, "table": "orders", "time": "when"})
    look(watch.id, clock=lambda: moment(3, hour=1))
    kept = records.history(watch.id)
    assert [(batch.state, batch.rows) for batch in kept] == [(State.DONE, len(day)) for day in days[:4]]
    assert kept[0].since == datetime.fromisoformat(FIRST)
    seen(watch, 4)
    assert sum(batch.rows for batch in records.history(watch.id)) == len(rows)


def test_a_pushed_batch_is_looked_at(home: Path, history: Path, days: list[pd.DataFrame]) -> None:
    watch = watching(home, history, source={"kind": "push"})
    sources.push(watch.settings, watch.folder, put(home / "elsewhere", 0, days[0]))
    seen(watch, 0)
    assert states(watch) == [State.DONE]


def test_two_watchers_never_look_at_a_batch_twice(either: None, tmp_path: Path, history: Path, days: list[pd.DataFrame]) -> None:
    watch = watching(tmp_path, history)
    for day in range(8):
        put(tmp_path / "in", day, days[day])
    found: list[Looked] = []

    def one(owner: str) -> None:
        found.append(look(watch.id, clock=lambda: moment(8), owner=owner))

    threads = [threading.Thread(target=one, args=(name,)) for name in ("ann", "ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = [name for looked in found for name in looked.measured]
    assert len(names) == len(set(names)) == 8


def test_a_claim_that_went_over_to_another_is_not_finished(
    either: None, tmp_path: Path, history: Path, days: list[pd.DataFrame]
) -> None:
    watch = watching(tmp_path, history)
    file = put(tmp_path / "in", 0, days[0])
    records.enter(watch.id, [records.Batch(name=file.name, address=str(file))])
    mine = records.claim(watch.id, "ann", now=1_000.0)
    assert mine is not None
    assert records.claim(watch.id, "ben", now=1_001.0) is None
    assert records.renew(watch.id, mine.name, "ann", now=1_100.0)
    assert records.claim(watch.id, "ben", now=1_150.0) is None
    theirs = records.claim(watch.id, "ben", now=1_100.0 + records.LEASE + 1)
    assert theirs is not None
    assert not records.renew(watch.id, mine.name, "ann", now=1_300.0)
    assert not records.finish(watch.id, mine, "ann", None)
    # A clock that was set back by a day lets nothing stand for ever.
    assert records.claim(watch.id, "cy", now=1_000.0 - 86_400) is not None


def test_a_killed_watcher_loses_no_finished_batch_and_the_running_one_is_begun_again(
    home: Path, history: Path, days: list[pd.DataFrame]
) -> None:
    file = stated(home, history)
    for day in range(6):
        put(home / "in", day, days[day])
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from diagnostics.watch import look, records\n"
        "from diagnostics.watch.command import kept\n"
        "watch = kept(Path(sys.argv[1]))\n"
        "whole = look.look_again\n"
        "def counted(batch, table, against, seen=[]):\n"
        "    seen.append(batch.name)\n"
        "    if len(seen) == 4: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return whole(batch, table, against)\n"
        "look.look_again = counted\n"
        "look.look(watch.id)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], cwd=ROOT, env=os.environ, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL
    watch = records.named("shop")
    assert watch is not None
    assert states(watch).count(State.DONE) == 3
    assert states(watch).count(State.CLAIMED) == 1
    before = {batch.name: batch.looked for batch in records.history(watch.id) if batch.state is State.DONE}
    later = datetime.now(UTC) + timedelta(seconds=records.LEASE + 1)
    found = look(watch.id, clock=lambda: later)
    assert len(found.measured) == 3
    after = {batch.name: batch.looked for batch in records.history(watch.id) if batch.name in before}
    assert after == before


def test_days_of_a_zone_with_daylight_saving() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    spring = list(windows(datetime(2026, 3, 29), datetime(2026, 3, 29, 23), Every.HOUR, berlin))
    autumn = list(windows(datetime(2026, 10, 25), datetime(2026, 10, 25, 23), Every.HOUR, berlin))
    assert len(spring) == 23
    assert datetime(2026, 3, 29, 2) not in [begin for begin, _ in spring]
    assert len(autumn) == 24
    days = list(windows(datetime(2026, 3, 27), datetime(2026, 3, 31), Every.DAY, berlin))
    assert [begin.day for begin, _ in days] == [27, 28, 29, 30, 31]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"zone": "Mars/Olympus"}, "no time zone"),
        ({"every": "minute"}, "hour, day or week"),
        ({"colour": "red"}, "unknown key"),
        ({"source": {"kind": "cloud"}}, "needs a kind"),
        ({"reference": "nowhere.csv"}, "does not exist"),
        ({"tell": ["nobody"]}, "none that Apprise knows"),
        ({"counts": {"grace": "soon"}}, "6 hours"),
        ({"source": {"kind": "table", "address": "a.parquet"}}, "time"),
    ],
)
def test_a_wrong_watch_yaml_is_refused_in_one_sentence(home: Path, history: Path, more: dict[str, object], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        watching(home, history, **more)
    assert records.all_watches() == []
