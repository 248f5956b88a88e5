from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics.sandbox.forked import Allowance, Exceeded, Forked

WORK = "tests.forked_work"
PLENTY = Allowance(memory=2**29, seconds=30, wall=30)


@pytest.fixture(scope="module")
def forked() -> Iterator[Forked]:
    made = Forked(WORK)
    yield made
    made.close()


def test_it_answers_and_knows_no_secret_of_the_app(forked: Forked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIC_SECRET", "x")
    other = Forked(WORK)
    assert other.run(f"{WORK}:double", {"number": 21}, PLENTY) == {"twice": 42, "secret": None}
    other.close()


@pytest.mark.parametrize("kind", ["spin", "swell", "fall", "talk"])
def test_what_takes_too_much_or_falls_is_ended_and_the_next_is_served(forked: Forked, kind: str) -> None:
    with pytest.raises(Exceeded):
        forked.run(f"{WORK}:{kind}", {}, Allowance(memory=2**29, seconds=0.1, wall=20))
    assert forked.run(f"{WORK}:double", {"number": 1}, PLENTY)["twice"] == 2


def test_what_sleeps_is_ended_with_all_that_it_started(forked: Forked, tmp_path: Path) -> None:
    file = tmp_path / "started"
    with pytest.raises(Exceeded):
        forked.run(f"{WORK}:sleep", {"file": str(file)}, Allowance(memory=2**30, seconds=30, wall=1.5))
    stat = Path(f"/proc/{file.read_text()}/stat")
    for _ in range(100):
        # It may stay as a mere entry until its new parent has taken note.
        if not stat.exists() or stat.read_text().rsplit(") ", 1)[1].startswith("Z"):
            break
        time.sleep(0.05)
    else:
        pytest.fail("the process that was started still runs")


def test_a_defect_is_no_refusal(forked: Forked) -> None:
    with pytest.raises(RuntimeError, match="a defect"):
        forked.run(f"{WORK}:trip", {}, PLENTY)


def test_one_that_sleeps_keeps_nobody_waiting(forked: Forked, tmp_path: Path) -> None:
    slow = Allowance(memory=2**30, seconds=30, wall=3)

    def hang() -> None:
        with pytest.raises(Exceeded):
            forked.run(f"{WORK}:sleep", {"file": str(tmp_path / "x")}, slow)

    threads = [threading.Thread(target=hang) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert forked.run(f"{WORK}:double", {"number": 3}, PLENTY)["twice"] == 6
    assert all(thread.is_alive() for thread in threads)
    for thread in threads:
        thread.join()


def test_a_lost_warm_process_is_started_again(forked: Forked) -> None:
    forked.run(f"{WORK}:double", {"number": 3}, PLENTY)
    assert forked._process is not None
    os.kill(forked._process.pid, 9)
    assert forked.run(f"{WORK}:double", {"number": 4}, PLENTY)["twice"] == 8
