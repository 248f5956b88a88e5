"""The sample incidents: their recipes make the files in the folder byte for byte, and each fault hurts as it should."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from diagnostics.causes.catalogue import KINDS

SAMPLES = Path(__file__).parent.parent / "sample_data"
NAMES = sorted(file.parent.name for file in SAMPLES.glob("*/incident.yaml"))
TABLES = [name for name in NAMES if (SAMPLES / name / "current.csv").is_file()]
LABELLED = [name for name in TABLES if name != "preprocessing-leakage"]
"""Where the labels of the current rows are there already."""
CAP = 600_000


WATCH = "watch"
"""The batches of the sample watch, which are no incident."""


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(SAMPLES / "make.py"), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@cache
def loaded(name: str) -> tuple[dict[str, Any], dict[str, Any], pd.DataFrame, pd.DataFrame]:
    folder = SAMPLES / name
    incident, expected = (yaml.safe_load((folder / f"{part}.yaml").read_text("utf-8")) for part in ("incident", "expected"))
    sides = [pd.read_csv(folder / f"{side}.csv", parse_dates=[incident["timestamp"]]) for side in ("reference", "current")]
    return incident, expected, sides[0], sides[1]


def loss(incident: dict[str, Any], frame: pd.DataFrame) -> np.ndarray:
    """Absolute error, squared error of a probability, or 0 and 1 for a label; shape (len(frame),)."""
    truth, answer = frame[incident["target"]], frame[incident["prediction"]]
    if incident["task"] == "regression":
        return np.abs(truth - answer).to_numpy()
    if "positive" in incident:
        return (((truth == incident["positive"]) - answer) ** 2).to_numpy()
    return (truth != answer).to_numpy().astype(float)


def test_recipes_make_the_same_bytes(tmp_path: Path) -> None:
    made = run("--into", str(tmp_path))
    assert made.returncode == 0, made.stderr
    fresh = {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    kept = {
        file.relative_to(SAMPLES): file.read_bytes()
        for name in (*NAMES, WATCH)
        for file in (SAMPLES / name).rglob("*")
        if file.is_file()
    }
    assert sorted(fresh) == sorted(kept)
    assert [str(path) for path in fresh if fresh[path] != kept[path]] == []


def test_check_tells_what_differs(tmp_path: Path) -> None:
    assert run("--into", str(tmp_path), "operations").returncode == 0
    (tmp_path / "operations" / "incident.yaml").write_text("title: another\n")
    (tmp_path / "operations" / "metrics" / "service.csv").unlink()
    checked = run("--check", "--into", str(tmp_path), "operations")
    assert checked.returncode == 1
    assert checked.stdout.splitlines() == ["operations/incident.yaml differs", "operations/metrics/service.csv is missing"]


def test_there_are_enough_samples_with_what_they_show() -> None:
    assert len(NAMES) >= 8
    causes = set()
    for name in NAMES:
        expected = yaml.safe_load((SAMPLES / name / "expected.yaml").read_text("utf-8"))
        assert set(expected) == {"cause", "columns", "since", "about"}, name
        assert expected["about"].endswith("."), name
        assert expected["cause"] == "none" or expected["cause"] in KINDS, name
        causes.add(expected["cause"])
        assert sum(file.stat().st_size for file in (SAMPLES / name).rglob("*") if file.is_file()) < CAP, name
    assert len(causes) == len(NAMES)
    assert "none" in causes


def test_chosen_columns_shine_on_the_rows_they_were_chosen_with() -> None:
    incident, _, reference, current = loaded("preprocessing-leakage")
    # Pure noise would be answered with the share of the class: a Brier score of a quarter.
    assert loss(incident, reference).mean() < 0.22
    assert incident["target"] not in current


@pytest.mark.parametrize("name", LABELLED)
def test_the_metric_breaks_at_the_stated_time(name: str) -> None:
    incident, expected, reference, current = loaded(name)
    before = loss(incident, reference)
    if expected["cause"] == "none":
        after = loss(incident, current)
        noise = np.sqrt(before.var() / before.size + after.var() / after.size)
        assert abs(after.mean() - before.mean()) < 2 * noise
        return
    since = current[incident["timestamp"]] >= expected["since"]
    after = loss(incident, current)
    assert after[since].mean() > 1.3 * before.mean()
    if (~since).any():
        # Until then all is well, but for the wobble of a hundred rows.
        assert after[~since].mean() - before.mean() < 0.2 * (after[since].mean() - before.mean())
    assert set(expected["columns"]) <= set(current)


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_identified_once_and_ordered_in_time(name: str) -> None:
    incident, _, reference, current = loaded(name)
    assert not pd.concat([reference[incident["id"]], current[incident["id"]]]).duplicated().any()
    when = incident["timestamp"]
    assert reference[when].is_monotonic_increasing
    assert current[when].is_monotonic_increasing
    assert reference[when].max() < current[when].min()
    features = [name for name in current if name not in (incident["id"], when)]
    # The rows of a simulated or real table are drawn without replacement: a repeated one would be a fault of its own.
    assert not pd.concat([reference, current]).duplicated(features).any()
