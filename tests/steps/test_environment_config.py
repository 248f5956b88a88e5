from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.charts import sides
from diagnostics.charts.style import DARK
from diagnostics.finding import Finding, NotApplicable, Severity
from diagnostics.incident import Incident, Sides
from diagnostics.steps.environment import config
from diagnostics.steps.environment.settings import read_settings
from diagnostics.words import Words

YAML = "model: {path: models/a.onnx, threshold: 0.5}\nfeatures: [age, income]\nserver: {port: 8080, log_level: info}\n"


def incident(folder: Path, before: str, after: str, ending: str = "yaml") -> Incident:
    pair = Sides(folder / f"reference.{ending}", folder / f"current.{ending}")
    pair.reference.write_text(before, encoding="utf-8")
    pair.current.write_text(after, encoding="utf-8")
    return replace(Incident(), config=Sides[Path | None](pair.reference, pair.current))


def found(folder: Path, before: str, after: str, ending: str = "yaml") -> list[Finding]:
    return config.judge(config.profile(incident(folder, before, after, ending)))


def test_a_moved_threshold_is_critical_with_both_values(tmp_path: Path) -> None:
    findings = found(tmp_path, YAML, YAML.replace("0.5", "0.8"))
    assert [(f.code, f.severity) for f in findings] == [("ENV010", Severity.CRITICAL)]
    assert findings[0].statement(Words()) == "model.threshold is 0.8 in production and was 0.5."


def test_ports_and_log_levels_are_listed_only(tmp_path: Path) -> None:
    findings = found(tmp_path, YAML, YAML.replace("8080", "9090").replace("info", "debug"))
    assert [(f.code, f.severity, f.evidence["count"]) for f in findings] == [("ENV011", Severity.INFO, 2)]


def test_equal_configurations_are_silent_whatever_the_order(tmp_path: Path) -> None:
    assert found(tmp_path, "a: 1\nb: 2\n", "b: 2\na: 1\n") == []


@pytest.mark.parametrize(
    ("ending", "before", "after"),
    [
        ("json", '{"threshold": 0.5}', '{"threshold": 0.9}'),
        ("toml", "threshold = 0.5", "threshold = 0.9"),
        ("ini", "[model]\nthreshold = 0.5", "[model]\nthreshold = 0.9"),
        ("env", "THRESHOLD=0.5", "export THRESHOLD=0.9"),
    ],
)
def test_every_format_is_read(tmp_path: Path, ending: str, before: str, after: str) -> None:
    assert [f.code for f in found(tmp_path, before, after, ending)] == ["ENV010"]


def test_secrets_are_masked_and_still_compared(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("db_password: hunter2\nurl: postgres://me:hunter2@host/db\n")
    told = " ".join(map(str, read_settings(file).shown.values()))
    assert "hunter2" not in told
    assert read_settings(file).shown == {"db_password": "•••", "url": "postgres://•••@host/db"}
    assert "hunter2" not in repr(read_settings(file))


@pytest.mark.parametrize("text", ["", "a: [", "\x00", "a: " + "[" * 200 + "]" * 200])
def test_a_broken_configuration_is_said_plainly(tmp_path: Path, text: str) -> None:
    with pytest.raises(NotApplicable) as raised:
        config.profile(incident(tmp_path, YAML, text))
    assert "current.yaml" in raised.value.statement(Words())


def test_the_picture_lists_what_differs(tmp_path: Path) -> None:
    told = config.profile(incident(tmp_path, YAML, YAML.replace("0.5", "0.8")))
    figure = sides.settings(told, None, Words(), DARK)
    assert figure is not None
    assert figure.data[0].cells.values[0] == ["model.threshold"]
