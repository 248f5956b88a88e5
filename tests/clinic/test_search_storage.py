"""Studies that last: resumed, shared between processes, and whole after a kill -9."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diagnostics.clinic.search.check import Settings, digest_of_owner, profile, storage_url
from diagnostics.clinic.search.plan import Method
from diagnostics.clinic.search.result import State
from diagnostics.clinic.search.rows import digest, from_bytes
from diagnostics.clinic.search.space import Dimension
from diagnostics.clinic.search.storage import dashboard_command, default_url, load_plan, load_rows, open_storage, without_password
from diagnostics.clinic.search.study_list import Progress, list_studies, load_search, resume_settings
from diagnostics.clinic.search.trials import create_study
from diagnostics.keep import database, store
from diagnostics.keep.review import record
from diagnostics.nouns.refusal import BadInput
from tests.clinic.frames import classes
from tests.clinic.searches import ROOT, begun, table, until, worker
from tests.factory import incident_of
from tests.postgres import postgres  # noqa: F401


@pytest.fixture
def server(request: pytest.FixtureRequest) -> str:
    """The address of a real PostgreSQL; skips where none is installed."""
    return str(request.getfixturevalue("postgres"))


QUICK = Settings(family="linear", trials=6, workers=1, name="trial", methods=(Method.RANDOM,))
SLOW = Settings(
    family="forest",
    trials=10,
    workers=1,
    name="shared",
    methods=(Method.RANDOM,),
    parts=3,
    pruning=False,
    space=(
        Dimension(name="n_estimators", low=150, high=250, whole=True),
        Dimension(name="max_depth", low=4, high=24, whole=True),
    ),
)
"""Trials that take long enough to be killed in: about half a second."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/studies.sqlite"


def test_a_study_goes_on_where_it_was_and_finds_what_an_undisturbed_one_does(tmp_path: Path, url: str) -> None:
    incident = table(tmp_path)
    tpe = replace(QUICK, methods=(Method.TPE,))
    first = profile(incident, replace(tpe, trials=9), url=url)
    then = profile(incident, replace(tpe, trials=15), url=url)
    whole = profile(incident, replace(tpe, trials=15, name="whole"), url=url)
    assert first.studies[0].finished == 9
    assert then.studies[0].finished == 15
    assert [one.params for one in then.studies[0].tries] == [one.params for one in whole.studies[0].tries]
    assert profile(incident, replace(tpe, trials=15), url=url).studies[0].finished == 15


def test_a_search_by_another_table_or_with_other_settings_is_refused_and_nothing_changes(tmp_path: Path, url: str) -> None:
    incident = table(tmp_path)
    profile(incident, QUICK, url=url)
    other = incident_of(tmp_path / "other", classes(np.random.default_rng(1), 300), target="answer")
    with pytest.raises(BadInput, match="belongs to another table"):
        profile(other, QUICK, url=url)
    for change, says in ((replace(QUICK, family="neighbours"), "model family"), (replace(QUICK, metric="accuracy"), "metric")):
        with pytest.raises(BadInput, match=f"another {says}"):
            profile(incident, change, url=url)
    with open_storage(url) as opened:
        assert load_plan(opened, "trial").family == "linear"
    assert list_studies(url)[0].done == 6


def test_rows_come_back_as_they_were_and_damaged_ones_are_refused(tmp_path: Path, url: str) -> None:
    frame = classes(np.random.default_rng(1), 200)
    frame.loc[::9, "x0"], frame.loc[::11, "city"] = np.nan, None
    opened, prepared = begun(incident_of(tmp_path, frame, target="answer"), QUICK, url)
    back = load_rows(opened, prepared.plans[0].table)
    assert digest(back) == digest(prepared.searched) == prepared.plans[0].table
    assert back.described == prepared.searched.described
    with pytest.raises(BadInput, match="begin a new study"):
        load_rows(opened, "none")
    for content in (b"", b"PAR1", b"cos\nsystem\n(S'id'\ntR.", prepared.content[:-20]):
        with pytest.raises(ValueError, match=r".*"):
            from_bytes(content)


def test_no_held_out_row_is_in_the_storage(tmp_path: Path, url: str) -> None:
    _, prepared = begun(table(tmp_path), QUICK, url)
    stored = {tuple(row) for row in from_bytes(prepared.content).features.to_numpy("object")}
    assert not stored & {tuple(row) for row in prepared.held.features.to_numpy("object")}


def killed_in_a_trial(url: str, study: str, done: int = 2) -> None:
    """Begin a worker and kill it once `done` trials have finished and one runs."""
    process = worker(url, study)
    try:
        until(lambda: list_studies(url)[0].done >= done and list_studies(url)[0].progress is Progress.RUNNING)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def test_kill_9_loses_no_finished_trial_and_marks_what_was_running(tmp_path: Path, url: str) -> None:
    incident = table(tmp_path, rows=600)
    opened, prepared = begun(incident, SLOW, url)
    killed_in_a_trial(url, "shared")
    before = list_studies(url)[0]
    assert before.progress is Progress.STOPPED
    assert before.left == 1
    done = {one.number: one.value for one in load_search(url, "shared").studies[0].done}
    assert len(done) >= 2
    with opened:
        create_study(opened, "shared", prepared.plans[0])
    study = load_search(url, "shared").studies[0]
    lost = [one for one in study.tries if one.state is State.LOST]
    assert len(lost) == 1
    # It is run again with the same settings, and counts once.
    waiting = [one for one in study.tries if one.state is State.WAITING]
    assert [one.params for one in waiting] == [one.params for one in lost]
    p = profile(incident, replace(resume_settings(before), workers=1), url=url)
    assert p.studies[0].finished == SLOW.trials
    assert done == {one.number: one.value for one in p.studies[0].done if one.number in done}


def test_a_server_killed_in_a_search_takes_its_workers_with_it(tmp_path: Path, url: str) -> None:
    script = (
        "import sys\nfrom dataclasses import replace\nfrom pathlib import Path\nfrom tests.clinic.searches import table\n"
        "from diagnostics.clinic.search.check import profile\nfrom tests.clinic.test_search_storage import SLOW\n"
        "profile(table(Path(sys.argv[1]), rows=600), replace(SLOW, workers=2, trials=200), url=sys.argv[2])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "x"), url], cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    until(lambda: list_studies(url) and list_studies(url)[0].done >= 3)
    process.kill()
    process.wait()
    until(lambda: list_studies(url)[0].progress is Progress.STOPPED, within=5)


def test_two_workers_share_a_study_in_postgresql_and_one_is_killed(tmp_path: Path, server: str) -> None:
    incident = table(tmp_path, rows=600)
    begun(incident, SLOW, server)
    processes = [worker(server, "shared"), worker(server, "shared")]
    try:
        until(lambda: list_studies(server)[0].done >= 3)
        processes[0].send_signal(signal.SIGKILL)
        at = list_studies(server)[0].done
        told, _ = processes[1].communicate(timeout=180)
        processes[0].communicate()
    finally:
        for process in processes:
            process.kill()
    assert processes[1].returncode == 0
    assert "which is complete" in told
    study = load_search(server, "shared").studies[0]
    assert at < SLOW.trials
    assert study.finished == SLOW.trials
    places = [one.params for one in study.tries if one.state in (State.FINISHED, State.PRUNED)]
    assert len(set(places)) == SLOW.trials
    assert sum(one.state is State.LOST for one in study.tries) <= 1
    assert len({one.worker for one in study.tries}) == 2
    # What one process finds alone is what the two found together: no trial was lost, none was run by both.
    alone = profile(incident, SLOW, url=f"sqlite:///{tmp_path}/alone.sqlite")
    assert sorted(str(one.params) for one in alone.studies[0].done) == sorted(str(params) for params in places)


def test_records_and_studies_live_in_one_postgresql(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))
    monkeypatch.setenv(database.SETTING, server)
    incident = store.create()
    url = default_url(incident)
    assert url.startswith("postgresql")
    settings = replace(QUICK, name="beside the record", trials=2)
    profile(table(tmp_path), settings, url=url)
    try:
        assert not record.read(incident).written
        profile(table(tmp_path), replace(settings, trials=3), url=url)
        assert record.version(incident) == 0
    finally:
        database.forget()


def test_the_studies_of_an_incident_lie_in_its_folder_or_in_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))
    monkeypatch.delenv(database.SETTING, raising=False)
    incident = store.create()
    assert default_url(incident) == f"sqlite:///{tmp_path}/home/{incident}/clinic/studies.sqlite"
    read = table(tmp_path / "home" / incident / "tables")
    assert storage_url(read) == default_url(incident)
    monkeypatch.setenv(database.SETTING, "postgresql://clinic:geheim@db/clinic")
    assert storage_url(read) == default_url(incident) == "postgresql+psycopg://clinic:geheim@db/clinic"
    assert incident not in digest_of_owner(incident)


def test_a_packed_incident_takes_its_results_and_no_database_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))
    monkeypatch.delenv(database.SETTING, raising=False)
    incident = store.create()
    store.save_upload(incident, "reference", "a.csv", b"a,b\n1,2\n")
    profile(table(tmp_path), QUICK, url=default_url(incident))
    made = store.restore(store.pack(incident))
    assert list_studies(default_url(incident))[0].done == 6
    assert list_studies(default_url(made)) == ()


def test_no_line_for_a_shell_shows_a_password() -> None:
    secret = "postgresql://clinic:geheim@db.example:5432/clinic"
    assert without_password(secret) == "postgresql+psycopg://clinic@db.example:5432/clinic"
    assert (
        dashboard_command(secret)
        == 'uvx --with "psycopg[binary]" optuna-dashboard "postgresql+psycopg://clinic@db.example:5432/clinic"'
    )
    assert dashboard_command("sqlite:////var/a.sqlite") == 'uvx optuna-dashboard "sqlite:////var/a.sqlite"'


@pytest.mark.parametrize("wrong", ["mysql://host/name", "not an address", "sqlite://", "sqlite:///:memory:", "", "postgresql"])
def test_an_address_that_is_none_is_one_sentence(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(BadInput, match="is no storage for studies"):
        profile(table(tmp_path), QUICK, url=wrong or " ")


def test_a_storage_that_cannot_be_reached_is_one_sentence_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as raised:
        profile(table(tmp_path), QUICK, url="postgresql://clinic:geheim@127.0.0.1:9/clinic")
    assert "cannot be reached" in str(raised.value)
    assert "geheim" not in str(raised.value)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BadInput, match="cannot be reached"):
        profile(table(tmp_path), QUICK, url=f"sqlite:///{tmp_path}/file/s.sqlite")


def test_a_file_that_is_no_database_is_one_sentence_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "letter.sqlite"
    file.write_bytes(b"Dear colleagues, " * 400)
    with pytest.raises(BadInput, match="damaged or none"):
        profile(table(tmp_path), QUICK, url=f"sqlite:///{file}")
    assert file.read_bytes().startswith(b"Dear colleagues")


def test_a_locked_storage_is_one_sentence_and_nothing_is_lost(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = table(tmp_path)
    profile(incident, QUICK, url=url)
    monkeypatch.setattr(database, "PATIENCE", 0.2)
    with sqlite3.connect(tmp_path / "studies.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BadInput, match="locked by another program"):
            profile(incident, replace(QUICK, trials=9), url=url)
        other.execute("ROLLBACK")
    other.close()
    assert profile(incident, replace(QUICK, trials=9), url=url).studies[0].finished == 9


def test_a_lock_that_goes_away_is_waited_for(tmp_path: Path, url: str) -> None:
    incident = table(tmp_path)
    profile(incident, QUICK, url=url)
    held = sqlite3.connect(tmp_path / "studies.sqlite", isolation_level=None, check_same_thread=False)
    held.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(1.5, lambda: held.execute("ROLLBACK"))
    timer.start()
    began = time.monotonic()
    assert profile(incident, replace(QUICK, trials=8), url=url).studies[0].finished == 8
    assert time.monotonic() - began > 1
    timer.join()
    held.close()


def test_the_commands_give_the_contracts_result_and_the_same_bytes(tmp_path: Path, url: str) -> None:
    classes(np.random.default_rng(4), 240).to_csv(tmp_path / "rows.csv", index=False)
    line = [
        "search",
        str(tmp_path / "rows.csv"),
        "--target",
        "answer",
        "--family",
        "random_forest",
        "--trials",
        "4",
        "--seed",
        "3",
    ]
    first, second = (command(*line, "--json", "-") for _ in range(2))
    assert first.returncode == 0
    assert first.stdout == second.stdout
    told = json.loads(first.stdout)
    assert {"study", "metric", "trials", "finished", "best", "held_out", "importances"} <= set(told)
    assert set(told["best"]) == {"value", "params"}
    assert {"chosen", "default", "dummy", "interval"} <= set(told["held_out"])
    assert told["trials"] == told["finished"] == 4
    shared = command(*line, "--storage", url, "--study", "mine", "--json", str(tmp_path / "out.json"))
    assert shared.returncode == 0
    assert json.loads((tmp_path / "out.json").read_text())["best"] == told["best"]
    more = command("search-worker", "--storage", url, "--study", "mine")
    assert more.returncode == 0
    assert "ran 0 trials" in more.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("search", "ROWS", "--target", "nothing"), "no column nothing"),
        (("search", "ROWS", "--target", "answer", "--family", "oracle"), "no model family oracle"),
        (("search", "ROWS", "--target", "answer", "--metric", "rmse"), "measures quantities"),
        (("search", "ROWS", "--target", "answer", "--storage", "mysql://a/b"), "is no storage"),
        (("search", "ROWS", "--target", "answer", "--storage", "postgresql://a:geheim@127.0.0.1:9/b"), "cannot be reached"),
        (("search-worker", "--storage", "sqlite:////nowhere/at/all.sqlite", "--study", "x"), "There are no studies in"),
    ],
)
def test_bad_input_is_one_line_and_nothing_written(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    classes(np.random.default_rng(4), 100).to_csv(tmp_path / "rows.csv", index=False)
    line = [str(tmp_path / "rows.csv") if part == "ROWS" else part for part in arguments]
    done = command(*line, *(("--json", str(tmp_path / "out.json")) if line[0] == "search" else ()))
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "geheim" not in done.stderr
    assert not (tmp_path / "out.json").exists()


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != database.SETTING}
    return subprocess.run(
        [sys.executable, "-m", "diagnostics", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=240, env=environment
    )
