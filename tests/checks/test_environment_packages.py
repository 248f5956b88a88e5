from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.checks.environment.packages import check as packages
from diagnostics.checks.environment.packages.pins import read_environment
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import Words
from diagnostics.pictures import environment as drawing

FREEZE = "numpy==1.26.4\nscikit-learn==1.4.2\npandas==2.2.0\nrequests==2.31.0\n"


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def found(tmp_path: Path, before: str, after: str) -> list[Finding]:
    pair = Sides(written(tmp_path, "reference.txt", before), written(tmp_path, "current.txt", after))
    return packages.judge(packages.profile(replace(Incident(), environment=pair)))


def test_a_break_that_is_known_is_critical_and_named_with_both_versions(tmp_path: Path) -> None:
    findings = found(tmp_path, FREEZE, FREEZE.replace("scikit-learn==1.4.2", "scikit-learn==1.6.1"))
    assert [(f.code, f.severity, f.evidence["package"]) for f in findings] == [("ENV001", Severity.CRITICAL, "scikit-learn")]
    assert findings[0].statement(Words()) == "scikit-learn is 1.6.1 in production; the model was made with 1.4.2."


def test_equal_files_are_silent(tmp_path: Path) -> None:
    assert found(tmp_path, FREEZE, FREEZE) == []


def test_small_differences_are_one_line(tmp_path: Path) -> None:
    findings = found(tmp_path, FREEZE, FREEZE.replace("requests==2.31.0", "requests==2.32.0"))
    assert [(f.severity, f.evidence["count"]) for f in findings] == [(Severity.INFO, 1)]


def test_a_missing_package_of_the_model_is_critical(tmp_path: Path) -> None:
    findings = found(tmp_path, FREEZE, FREEZE.replace("scikit-learn==1.4.2\n", ""))
    assert findings[0].severity is Severity.CRITICAL
    assert "missing in production" in findings[0].statement(Words())


def test_another_python_is_named(tmp_path: Path) -> None:
    findings = found(
        tmp_path, "FROM python:3.9-slim\nRUN pip install numpy==1.26.4\n", "FROM python:3.12\nRUN pip install numpy==1.26.4\n"
    )
    assert [f.code for f in findings] == ["ENV002"]


@pytest.mark.parametrize(("before", "after", "blamed"), [("1.18.5", "1.19.0", True), ("1.19.0", "1.19.0", False)])
def test_only_a_conflict_that_came_with_production_is_a_cause(tmp_path: Path, before: str, after: str, blamed: bool) -> None:
    sides = [f"tensorflow==2.3.1\nnumpy=={version}\n" for version in (before, after)]
    told = [f for f in found(tmp_path, *sides) if f.code == "ENV003"]
    assert {f.evidence.get("cause") for f in told} == {"environment_mismatch" if blamed else None}


def test_pins_that_cannot_stand_together_are_a_conflict(tmp_path: Path) -> None:
    told = packages.compare(written(tmp_path, "r.txt", "tensorflow==2.3.1\nnumpy==1.19.0\n"), None)
    assert [(c.package, c.has) for c in told.conflicts] == [("numpy", "1.19.0")]
    assert [f.code for f in packages.judge(told)] == ["ENV003"]
    assert packages.compare(written(tmp_path, "r.txt", "tensorflow==2.3.1\nnumpy==1.18.5\n"), None).conflicts == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("freeze.txt", "scikit_learn==1.4.2  # pinned\n-r other.txt\nnumpy==1.26.4 \\\n    --hash=sha256:abc\n"),
        ("env.yml", "name: x\ndependencies:\n  - numpy=1.26.4=py311\n  - pip:\n    - scikit-learn==1.4.2\n"),
        (
            "poetry.lock",
            '[[package]]\nname = "numpy"\nversion = "1.26.4"\n[[package]]\nname = "scikit-learn"\nversion = "1.4.2"\n',
        ),
        ("Dockerfile", "FROM python:3.11\nRUN pip install --no-cache-dir numpy==1.26.4 'scikit-learn==1.4.2'\n"),
    ],
)
def test_every_kind_of_file_gives_the_same_pins(tmp_path: Path, name: str, text: str) -> None:
    pins = read_environment(written(tmp_path, name, text)).pins
    assert {pin.name: pin.shown for pin in pins.values()} == {"numpy": "1.26.4", "scikit-learn": "1.4.2"}


@pytest.mark.parametrize("text", ["", "\x00\x01", "dependencies: [", "!!!\n???\n"])
def test_what_is_no_list_of_packages_is_said_plainly(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput):
        packages.compare(written(tmp_path, "r.txt", text), None)


def test_without_files_it_says_what_to_upload() -> None:
    with pytest.raises(NotApplicable, match="pip freeze"):
        packages.profile(Incident())


def test_the_picture_shows_the_versions(tmp_path: Path) -> None:
    told = packages.compare(written(tmp_path, "a.txt", FREEZE), written(tmp_path, "b.txt", FREEZE.replace("1.26.4", "2.1.0")))
    figure = drawing.packages(told, None, Words())
    assert figure is not None
    assert [row[0] for row in figure.rows] == ["numpy"]
