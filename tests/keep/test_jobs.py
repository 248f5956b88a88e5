"""The queue with jobs made here: order, stop, deadline, a worker that is given back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from diagnostics.keep import investigation_job, jobs, store
from diagnostics.keep.investigation_job import INVESTIGATIONS
from diagnostics.keep.jobs import Job, JobQueue, Lane, Stopped
from diagnostics.nouns.refusal import BadInput


@dataclass(eq=False, kw_only=True)
class Counted(Job[int]):
    do: Callable[[Job[int]], int]

    def work(self) -> int:
        return self.do(self)


@pytest.fixture
def queue() -> Iterator[JobQueue]:
    made = JobQueue([Lane(name="one", workers=1, waiting=3, remembered=2), Lane(name="other", workers=1)])
    yield made
    made.close()


def listens(job: Job[int]) -> int:
    while True:
        job.report(0.5, "something")
        time.sleep(0.01)


def counted(do: Callable[[Job[int]], int], key: str = "a", **rest: object) -> Counted:
    return Counted(key=key, do=do, **rest)  # type: ignore[arg-type]


def begun(job: Job[int]) -> None:
    until = time.monotonic() + 20
    while job.began is None and time.monotonic() < until:
        time.sleep(0.005)
    assert job.began is not None


def test_jobs_of_a_lane_take_turns_and_another_lane_does_not_wait(queue: JobQueue) -> None:
    first = queue.ask("one", counted(listens, "first"))
    begun(first)
    second = queue.ask("one", counted(lambda job: 2, "second"))
    assert second.waiting
    assert queue.ask("other", counted(lambda job: 3)).ended.wait(20)
    assert second.waiting
    first.stop()
    assert second.ended.wait(20)
    assert (second.result, second.error) == (2, None)
    assert isinstance(first.error, Stopped)


def test_one_that_waits_is_stopped_without_having_begun(queue: JobQueue) -> None:
    begun(queue.ask("one", counted(listens, "first")))
    second = queue.ask("one", counted(lambda job: 2, "second"))
    second.stop()
    assert second.ended.is_set()
    assert second.began is None


def test_asking_again_stops_the_one_before_unless_it_is_still_what_is_wanted(queue: JobQueue) -> None:
    first = queue.ask("one", counted(listens))
    assert queue.ask("one", counted(listens), unless=lambda before: before is first) is first
    assert not first.stopped
    queue.ask("one", counted(lambda job: 1))
    assert first.ended.wait(20)
    assert first.stopped


def test_too_many_are_turned_away_with_a_sentence(queue: JobQueue) -> None:
    for key in ("a", "b", "c"):
        queue.ask("one", counted(listens, key))
    with pytest.raises(BadInput, match="Too many runs are waiting"):
        queue.ask("one", counted(listens, "d"))


def test_those_that_are_done_are_forgotten_the_oldest_first(queue: JobQueue) -> None:
    for key in ("a", "b", "c"):
        assert queue.ask("one", counted(lambda job: 1, key)).ended.wait(20)
    assert queue.latest("one", "a") is None
    assert queue.latest("one", "c") is not None
    assert queue.results("one") == [1, 1]


def test_a_defect_is_the_jobs_error_and_the_worker_goes_on(queue: JobQueue) -> None:
    broken = queue.ask("one", counted(lambda job: 1 // 0, "broken"))
    assert broken.ended.wait(20)
    assert isinstance(broken.error, ZeroDivisionError)
    assert queue.ask("one", counted(lambda job: 5, "next")).settled(within=20)


def test_a_job_past_its_deadline_ends(queue: JobQueue) -> None:
    late = queue.ask("one", counted(listens, deadline=0.05))
    assert late.ended.wait(20)
    assert late.overdue
    assert not late.stopped


def test_a_worker_whose_job_does_not_listen_is_replaced(queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "GRACE", 0.05)
    release = threading.Event()
    deaf = queue.ask("one", counted(lambda job: int(release.wait(60)), "deaf"))
    begun(deaf)
    deaf.stop()
    after = queue.ask("one", counted(lambda job: 7, "after"))
    assert after.ended.wait(20)
    assert after.result == 7
    assert deaf.result is None
    release.set()
    assert queue.ask("one", counted(lambda job: 8, "last")).settled(within=20)


def test_a_process_group_ends_with_its_job(queue: JobQueue) -> None:
    script = "import os, subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); sys.stdin.read()"
    said: list[int] = []

    def heavy(job: Job[int]) -> int:
        for line in job.lines_of([*jobs.python("timeit")[:1], "-c", script], b"", threads=1):
            said.append(int(line))
        return 1

    job = queue.ask("one", counted(heavy))
    until = time.monotonic() + 20
    while not said and time.monotonic() < until:
        time.sleep(0.01)
    job.stop()
    assert job.ended.wait(20)
    state = Path(f"/proc/{said[0]}/stat")
    while state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z" and time.monotonic() < until:
        time.sleep(0.01)
    assert not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_a_deleted_incident_takes_its_jobs_with_it(queue: JobQueue) -> None:
    job = queue.ask("one", counted(listens, incident="x"))
    queue.drop("x")
    assert job.ended.wait(20)
    assert queue.latest("one", "a") is None


def test_stop_stops_an_investigation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(store.HOME, str(tmp_path))
    incident = store.create()
    store.save_upload(incident, "logs", "a.log", b"x\n")
    running = threading.Event()

    def slow(incident: object, *, on_progress: object, on_check: object) -> None:
        running.set()
        while True:
            time.sleep(0.01)
            on_progress(0.5, "inputs.missing")  # type: ignore[operator]

    monkeypatch.setattr(investigation_job, "investigate", slow)
    queue = JobQueue([INVESTIGATIONS])
    job = investigation_job.ask(queue, incident)
    assert running.wait(60)
    assert investigation_job.ask(queue, incident) is job
    job.stop()
    assert job.settled(within=60)
    with pytest.raises(Stopped):
        job.found()


def test_a_changed_file_stops_the_old_investigation_and_begins_a_new_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(store.HOME, str(tmp_path))
    monkeypatch.setattr(investigation_job, "investigate", lambda incident, *, on_progress, on_check: listens(first))
    incident = store.create()
    store.save_upload(incident, "logs", "a.log", b"x\n")
    queue = JobQueue([INVESTIGATIONS])
    first = investigation_job.ask(queue, incident)
    store.save_upload(incident, "logs", "b.log", b"y\n")
    second = investigation_job.ask(queue, incident)
    assert second is not first
    assert first.stopped
    assert first.settled(within=60)
    second.stop()
