"""The command line as scripts use it: exit status, one line on errors, the contract's JSON, the same bytes twice."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "diagnostics", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cli") / "incident"
    made.mkdir()
    rng = np.random.default_rng(1)
    for side, start in (("reference", "2026-01-01"), ("current", "2026-05-01")):
        frame = pd.DataFrame({"when": pd.date_range(start, periods=1200, freq="h"), "income": rng.normal(40, 10, 1200).round(3)})
        frame["age"] = rng.integers(18, 80, 1200)
        chance = 1 / (1 + np.exp(-0.25 * (frame["income"] - 40)))
        frame["churn"] = (rng.random(1200) < chance).astype(int)
        if side == "current":
            frame.loc[600:, "income"] *= 1000
            chance = 1 / (1 + np.exp(-np.clip(0.25 * (frame["income"] - 40), -30, 30)))
        frame["score"] = chance.round(4)
        frame.to_csv(made / f"{side}.csv", index=False)
    (made / "incident.yaml").write_text("title: Income\ntarget: churn\nprediction: score\ntimestamp: when\n")
    return made


def result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    record: dict[str, Any] = json.loads(done.stdout)
    return record


def test_the_result_follows_the_contract_and_repeats_byte_for_byte(folder: Path) -> None:
    first, second = run("investigate", folder, "--json", "-"), run("investigate", folder, "--json", "-")
    record = result(first)
    # The time taken is the one thing that a busy machine may change, by a whole step.
    assert re.sub(r'"seconds": \d+', "", first.stdout) == re.sub(r'"seconds": \d+', "", second.stdout)
    assert record["seconds"] in (10, 60, 600, 3600)
    assert record["schema"] == 1
    assert [step["step"] for step in record["steps"]] == [1, 2, 3, 4, 5, 6, 7]
    assert {step["status"] for step in record["steps"]} <= {"problem", "ok", "skipped"}
    cause = record["causes"][0]
    assert (cause["code"], cause["columns"], record["verdict"]) == ("unit_change", ["income"], "data")
    assert cause["since"].startswith("2026-05-26")
    assert cause["explains"] > 0.8
    assert "1,000" in cause["statement"]


def test_a_zip_and_two_files_give_the_same_cause(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "incident.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for file in folder.iterdir():
            zipped.write(file, f"incident/{file.name}")
    by_files = ["--reference", folder / "reference.csv", "--current", folder / "current.csv", "--target", "churn"]
    for arguments in ([archive], by_files):
        assert result(run("investigate", *arguments, "--json", "-"))["causes"][0]["code"] == "unit_change"


def test_fail_on_tells_a_pipeline(folder: Path) -> None:
    assert run("investigate", folder, "--fail-on", "critical").returncode == 1


def test_reports_are_written_whole(folder: Path, tmp_path: Path) -> None:
    for ending in ("html", "md"):
        assert run("investigate", folder, "--report", tmp_path / f"report.{ending}").returncode == 0
        assert "income" in (tmp_path / f"report.{ending}").read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report.html", "report.md"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["investigate", "no/such/folder"],
        ["investigate"],
        ["investigate", "--reference", "no.csv"],
        ["investigate", "README.md"],
        ["read", "no.csv"],
        ["read"],
        ["frobnicate"],
        ["environment", "no.txt"],
        ["logs", "no.log"],
        ["code", "no.py"],
        ["code", "diagnostics/__main__.py", "README.md"],
    ],
)
def test_bad_input_is_one_plain_line_and_status_2(arguments: list[str], tmp_path: Path) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_read_says_how_a_table_was_read_and_writes_it_clean(tmp_path: Path) -> None:
    messy = tmp_path / "messy.csv"
    messy.write_bytes("Bericht vom 1. Mai\r\n\r\nStadt;Umsatz\r\nMünchen;1.234,50\r\nKöln;12,00\r\n".encode("latin-1"))
    record = result(run("read", messy, "--out", tmp_path / "clean.csv", "--json", "-"))
    assert (record["delimiter"], record["rows"], record["header_rows"]) == (";", 2, 1)
    assert [c["name"] for c in record["columns"]] == ["Stadt", "Umsatz"]
    with (tmp_path / "clean.csv").open(encoding="utf-8", newline="") as clean:
        assert list(csv.reader(clean)) == [["Stadt", "Umsatz"], ["München", "1.234,50"], ["Köln", "12,00"]]


LEAKING = """from sklearn.preprocessing import StandardScaler
X = StandardScaler().fit_transform(X)
X_train, X_test = train_test_split(X)
"""


def test_code_names_line_and_remedy_of_each_leak_as_json_and_as_text(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.py", tmp_path / "good.py"
    bad.write_text(LEAKING)
    good.write_text("X_train, X_test = train_test_split(X)\n")
    first, second = run("code", good, bad, "--json", "-"), run("code", good, bad, "--json", "-")
    (finding,) = result(first)["findings"]
    assert (finding["code"], finding["file"], finding["line"], finding["cell"]) == ("preprocessing_leakage", "bad.py", 2, None)
    assert "StandardScaler" in finding["statement"]
    assert "scaler.fit_transform(X_train)" in finding["mended"]
    assert first.stdout == second.stdout
    text = run("code", bad)
    assert text.returncode == 0
    assert text.stdout.startswith("bad.py, line 2: StandardScaler learns")
    assert run("code", good).stdout == "No leakage was found in good.py.\n"
    assert run("code", bad, "--fail-on", "warning").returncode == 1
    assert run("code", good, "--fail-on", "warning").returncode == 0


@pytest.mark.parametrize(
    ("name", "content"), [("two.py", b"print 'two'\n"), ("cut.ipynb", b'{"cells": ['), ("no.py", b"\x00\x01")]
)
def test_code_that_cannot_be_read_is_one_line_and_nothing_written(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    done = run("code", tmp_path / name, "--json", tmp_path / "out.json")
    assert (done.returncode, done.stdout, len(done.stderr.strip().splitlines())) == (2, "", 1)
    assert name in done.stderr
    assert not (tmp_path / "out.json").exists()


def test_a_pipe_is_written_into_and_stays_a_pipe(tmp_path: Path) -> None:
    from diagnostics.__main__ import _write

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    _write(pipe, b"told")
    assert os.read(reading, 10) == b"told"
    assert pipe.is_fifo()
    os.close(reading)
