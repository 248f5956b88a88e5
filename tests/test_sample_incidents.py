"""Every sample incident says, through the command line, what its expected.yaml says."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from diagnostics.keep import sample_incidents, store
from diagnostics.nouns.refusal import BadInput

ROOT = Path(__file__).parent.parent
SAMPLES = sorted(file.parent for file in (ROOT / "sample_data").glob("*/expected.yaml"))


@pytest.mark.parametrize("folder", SAMPLES, ids=lambda folder: folder.name)
def test_the_expected_cause_comes_first(folder: Path) -> None:
    expected = yaml.safe_load((folder / "expected.yaml").read_text(encoding="utf-8"))
    done = subprocess.run(
        [sys.executable, "-m", "diagnostics", "investigate", str(folder), "--json", "-"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    causes = json.loads(done.stdout)["causes"]
    told = [(cause["code"], cause["confidence"]) for cause in causes]
    if expected["cause"] == "none":
        assert [code for code, confidence in told if confidence > 0.5] == []
        return
    assert told, "no cause was named"
    assert told[0][0] == expected["cause"], told
    assert told[0][1] >= 0.5, told
    if expected.get("columns"):
        told_columns, meant = set(causes[0]["columns"]), set(expected["columns"])
        # Of thirty columns that a scaler moved, one that hardly changed may be missed.
        assert len(told_columns & meant) >= 0.9 * len(told_columns | meant), told_columns ^ meant
    if expected.get("since"):
        away = datetime.fromisoformat(causes[0]["since"]) - datetime.fromisoformat(str(expected["since"]))
        assert abs(away) <= timedelta(days=1)


def test_there_are_at_least_eight() -> None:
    assert len(SAMPLES) >= 8


def test_an_unknown_one_is_refused() -> None:
    for name in ("nothing-here", "../secret", "", "A"):
        with pytest.raises(BadInput, match="no sample"):
            sample_incidents.opened(name)


def test_each_opens_as_an_incident_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))
    for sample in sample_incidents.listed():
        first, second = sample_incidents.opened(sample.name), sample_incidents.opened(sample.name)
        assert first != second
        assert store.stated(first)["title"]
        assert not (store.folder(first) / "expected.yaml").exists()
