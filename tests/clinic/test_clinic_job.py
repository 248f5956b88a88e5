"""ClinicJobs in a process of their own: real ones, stopped for real."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.catalogue import clinic_diagnostic
from diagnostics.clinic.fit import check as fit
from diagnostics.clinic.fit.check import Settings
from diagnostics.clinic.shared import results
from diagnostics.clinic.shared.clinic_job import CLINIC, ClinicJob, ask, latest_result
from diagnostics.clinic.shared.results import FinishedRun
from diagnostics.keep import store
from diagnostics.keep.jobs import JobQueue
from diagnostics.nouns.refusal import BadInput, NotApplicable
from tests.clinic.frames import classes

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(store.HOME, str(tmp_path / "incidents"))
    return tmp_path


@pytest.fixture
def queue() -> Iterator[JobQueue]:
    made = JobQueue([replace(CLINIC, workers=1)])
    yield made
    made.close()


def incident_with(frame: pd.DataFrame) -> str:
    incident = store.create()
    store.save_upload(incident, "reference", "rows.csv", frame.to_csv(index=False).encode())
    store.describe(incident, {"target": "answer"})
    return incident


def ended(run: ClinicJob, within: float = 120) -> ClinicJob:
    assert run.ended.wait(within)
    return run


def in_a_fit(run: ClinicJob) -> ClinicJob:
    until = time.monotonic() + 60
    while not run.share and time.monotonic() < until:
        time.sleep(0.02)
    assert run.share
    return run


def test_a_run_gives_its_result_and_keeps_it(queue: JobQueue, rng: np.random.Generator) -> None:
    incident = incident_with(classes(rng, 300))
    run = ended(ask(queue, "fit", Settings(family="linear", repeats=1), incident, fingerprint="a"))
    assert run.refused is None
    assert run.result is not None
    found = latest_result("fit", incident, "a")
    assert found == run.result
    assert latest_result("fit", incident, "b") is None
    again = store.restore(store.pack(incident))
    assert latest_result("fit", again, "a") == found


def test_stop_ends_a_run_in_the_middle_of_a_fit(queue: JobQueue, rng: np.random.Generator) -> None:
    incident = incident_with(classes(rng, 20_000, columns=20))
    run = in_a_fit(ask(queue, "fit", Settings(family="forest"), incident))
    assert run.process is not None
    process, began = run.process, time.monotonic()
    run.stop()
    ended(run, 2)
    assert time.monotonic() - began < 2
    assert process.poll() is not None
    assert run.stopped
    assert run.result is None
    assert not store.results(incident)


def test_others_wait_their_turn_and_can_be_stopped_while_they_do(queue: JobQueue, rng: np.random.Generator) -> None:
    first, second = incident_with(classes(rng, 20_000, columns=20)), incident_with(classes(rng, 300))
    one = in_a_fit(ask(queue, "fit", Settings(family="forest"), first))
    two = ask(queue, "fit", Settings(family="linear", repeats=1), second)
    assert two.waiting
    two.stop()
    assert two.ended.is_set()
    three = ask(queue, "fit", Settings(family="linear", repeats=1), second)
    one.stop()
    assert ended(three).result is not None


def test_asking_again_stops_the_run_before(queue: JobQueue, rng: np.random.Generator) -> None:
    incident = incident_with(classes(rng, 20_000, columns=20))
    one = in_a_fit(ask(queue, "fit", Settings(family="forest"), incident))
    two = ask(queue, "fit", Settings(family="linear", repeats=1), incident)
    ended(one, 5)
    assert one.stopped
    two.stop()


def test_what_cannot_be_learnt_comes_back_as_its_sentence(queue: JobQueue, rng: np.random.Generator) -> None:
    run = ended(ask(queue, "fit", Settings(), incident_with(classes(rng).assign(answer="no"))))
    assert isinstance(run.refused, NotApplicable)
    assert "All rows have the same answer" in str(run.refused.values) or "level" in run.refused.values


def test_no_process_outlives_a_server_that_was_killed(home: Path, rng: np.random.Generator) -> None:
    incident = incident_with(classes(rng, 20_000, columns=20))
    script = (
        "import sys, time\n"
        "from diagnostics.clinic.shared.clinic_job import CLINIC, ask\n"
        "from diagnostics.clinic.fit.check import Settings\n"
        "from diagnostics.keep.jobs import JobQueue\n"
        "run = ask(JobQueue([CLINIC]), 'fit', Settings(family='forest'), sys.argv[1])\n"
        "while not run.share: time.sleep(0.02)\n"
        "print(run.process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, incident], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ}
    ) as server:
        assert server.stdout is not None
        child = int(server.stdout.readline())
        assert alive(child)
        server.kill()
    until = time.monotonic() + 2
    while alive(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(child)


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_hostile_result_is_passed_over(rng: np.random.Generator) -> None:
    incident = incident_with(classes(rng, 100))
    for number, content in enumerate((b"", b"{", b"[" * 100_000, b'{"layout":1,"module":"fit"}', b"\xff\xfe", b"cos\nsystem\n")):
        store.keep_result(incident, f"fit-{number:016x}.json", content)
    assert latest_result("fit", incident, "a") is None


def test_a_result_of_another_diagnostic_is_none_of_this_one() -> None:
    diagnostic = clinic_diagnostic("fit")
    assert diagnostic is not None
    content = results.pack(
        diagnostic, FinishedRun(module="stability", fingerprint="a", settings=Settings(), profile=Settings(), seconds=1.0)
    )
    with pytest.raises(ValueError, match="not a result of fit"):
        results.unpack(diagnostic, content)
    assert fit.RULES


def test_too_many_are_turned_away(rng: np.random.Generator) -> None:
    queue = JobQueue([replace(CLINIC, workers=1, waiting=1)])
    in_a_fit(ask(queue, "fit", Settings(family="forest"), incident_with(classes(rng, 20_000, columns=20))))
    with pytest.raises(BadInput):
        ask(queue, "fit", Settings(), incident_with(classes(rng, 100)))
    queue.close()
