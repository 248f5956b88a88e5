from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from diagnostics.checks.environment.packages import remedies, resolver
from diagnostics.checks.environment.packages.pins import read_environment
from diagnostics.checks.environment.packages.resolver import Answer, read_answer
from diagnostics.nouns.incident import Incident, Sides
from tests.checks.test_environment_packages import written

REFERENCE = "numpy==1.26.4\nscikit-learn==1.4.2\ntorch==2.1.0+cu121\npandas>=2.1\npip==24.0\n"
CURRENT = "numpy==2.0.1\nscikit-learn==1.6.1\npandas==2.2.0\nflask==3.0.0\n"


def made(tmp_path: Path, before: str, after: str | None, name: str = "r.txt") -> dict[str, str]:
    first = written(tmp_path, name, before)
    second = written(tmp_path, "c.txt", after) if after is not None else None
    incident = replace(Incident(), environment=Sides[Path | None](first, second))
    return {remedy.name: remedy.text for remedy in remedies.remedies(incident)}


def asked(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "--"))]
    return {Requirement(line).name: str(Requirement(line).specifier) for line in lines}


def test_the_requirements_hold_the_versions_of_the_reference_and_packaging_reads_them(tmp_path: Path) -> None:
    text = made(tmp_path, REFERENCE, CURRENT)["requirements.txt"]
    assert asked(text) == {
        "numpy": "==1.26.4",
        "scikit-learn": "==1.4.2",
        "torch": "==2.1.0+cu121",
        "pandas": "==2.2.0",
        "flask": "==3.0.0",
    }
    assert "--extra-index-url https://download.pytorch.org/whl/cu121" in text.splitlines()


def test_pins_that_cannot_hold_are_named_in_the_file(tmp_path: Path) -> None:
    text = made(tmp_path, "tensorflow==2.3.1\nnumpy==1.19.0\n", None)["requirements.txt"]
    assert "#   tensorflow 2.3.1 needs numpy <1.19.0,>=1.16.0, but 1.19.0 is asked for" in text.splitlines()
    assert asked(text)["numpy"] == "<1.19.0,>=1.16.0"


def test_the_dockerfile_is_plain_lines(tmp_path: Path) -> None:
    given = "FROM python:3.9-bullseye\nRUN apt-get install -y libgomp1 'evil;rm'\nRUN pip install numpy==1.26.4\n"
    lines = made(tmp_path, given, CURRENT, "Dockerfile")["Dockerfile"].splitlines()
    assert lines[0] == "FROM python:3.9-slim"
    assert any(line.startswith("RUN apt-get") and " libgomp1 " in line for line in lines)
    assert all(line.split()[0] in ("FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "#", "EXPOSE", "CMD") for line in lines)
    assert not any("evil" in line for line in lines)


def test_without_a_python_the_dockerfile_says_what_it_assumes(tmp_path: Path) -> None:
    lines = made(tmp_path, REFERENCE, None)["Dockerfile"].splitlines()
    assert lines[0].startswith("# No file says which Python")
    assert lines[1] == "FROM python:3.11-slim"


@pytest.mark.parametrize("library", ["scikit-learn", "xgboost", "lightgbm", "torch", "tensorflow"])
def test_the_conversion_is_python_for_the_library_that_made_the_model(tmp_path: Path, library: str) -> None:
    text = made(tmp_path, f"numpy==1.26.4\n{library}==2.0.0\n", None)["convert_to_onnx.py"]
    ast.parse(text)
    assert "model.onnx" in text
    assert {"scikit-learn": "skl2onnx", "torch": "torch.onnx", "tensorflow": "tf2onnx"}.get(library, "onnxmltools") in text


def test_without_a_library_of_models_there_is_no_conversion(tmp_path: Path) -> None:
    assert set(made(tmp_path, "flask==3.0.0\n", None)) == {"requirements.txt", "Dockerfile"}
    assert remedies.remedies(Incident()) == ()


@pytest.mark.parametrize(
    ("code", "printed", "complained", "answer"),
    [
        (0, "numpy==1.26.4\n", "", Answer.AGREES),
        (1, "", "  × No solution found when resolving dependencies:\n  ╰─▶ Because a depends on b", Answer.CONFLICT),
        (1, "", "No solution found: Because a==1 has no usable wheels and building is disabled", Answer.UNSURE),
        (2, "", "error: Request failed after 3 retries: dns error", Answer.UNSURE),
        (2, "", "error: something new", Answer.UNSURE),
    ],
)
def test_what_the_resolver_prints_is_understood(code: int, printed: str, complained: str, answer: Answer) -> None:
    told = read_answer("r.txt", code, printed, complained)
    assert told.answer is answer
    assert "{file:name}" in told.says


def test_without_a_resolver_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "resolver", lambda: None)
    told = resolver.resolve(read_environment(written(tmp_path, "r.txt", REFERENCE)))
    assert told.answer is Answer.UNSURE
    assert "not installed" in told.says


def fake(tmp_path: Path, script: str) -> str:
    program = tmp_path / "uv"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    return str(program)


def test_the_resolver_gets_names_and_versions_only_and_drops_what_has_no_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen.txt"
    script = (
        f'for last; do :; done\ncat "$last" >> {seen}\n'
        'if grep -q old "$last"; then echo "No solution found: Because old==1.0 has no usable wheels" >&2; exit 1; fi\n'
        'echo "numpy==1.26.4"\n'
    )
    monkeypatch.setattr(resolver, "resolver", lambda: fake(tmp_path, script))
    text = "numpy==1.26.4\nold==1.0\n--index-url http://evil\nx @ file:///etc/passwd\n"
    told = resolver.resolve(read_environment(written(tmp_path, "r.txt", text)))
    assert (told.answer, told.left_out) == (Answer.AGREES, ("old",))
    assert "evil" not in seen.read_text()
    assert "passwd" not in seen.read_text()


def test_a_resolver_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "resolver", lambda: fake(tmp_path, "exec sleep 30\n"))
    told = resolver.resolve(read_environment(written(tmp_path, "r.txt", REFERENCE)), seconds=0.3)
    assert told.answer is Answer.UNSURE
    assert "in time" in told.says


def test_the_dockerfile_brings_system_libraries_and_starts_the_service(tmp_path: Path) -> None:
    given = (
        "FROM python:3.10-alpine\nRUN apk add musl-dev\nRUN pip install lightgbm==4.3.0 opencv-python==4.8.0.76 uvicorn==0.30.0\n"
    )
    text = made(tmp_path, given, None, "Dockerfile")["Dockerfile"]
    assert "libgl1 libglib2.0-0 libgomp1 " in text
    assert "musl-dev" not in text
    assert text.splitlines()[-1] == 'CMD ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "8000"]'
    assert made(tmp_path, "numpy==1.26.4\n", None)["Dockerfile"].splitlines()[-1] == 'CMD ["python", "app.py"]'
