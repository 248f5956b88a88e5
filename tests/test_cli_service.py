"""The commands `environment` and `logs` on files that are not what they should be: one plain line, exit 2, nothing written."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from diagnostics.__main__ import main

FREEZE = "numpy==1.26.4\nscikit-learn==1.4.2\n"
LOG = "".join(f"2026-05-12 08:{i // 60:02}:{i % 60:02} ERROR store: timeout after {i} ms\n" for i in range(900))
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize("command", ["environment", "logs"])
@pytest.mark.parametrize("content", [PICTURE, b"", b"\x80\x04\x95" + bytes(900), gzip.compress(LOG.encode())[:400]])
def test_the_wrong_kind_is_one_plain_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, content: bytes
) -> None:
    file = tmp_path / "given.txt"
    file.write_bytes(content)
    assert "given.txt" in refused(capsys, command, str(file), "--json", str(tmp_path / "out.json"))
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("command", ["environment", "logs"])
def test_a_folder_and_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert "no.txt" in refused(capsys, command, str(tmp_path / "no.txt"))
    assert str(tmp_path) in refused(capsys, command, str(tmp_path))


@pytest.mark.parametrize("name", ["poetry.lock", "Pipfile.lock", "environment.yml"])
def test_an_environment_that_is_cut_off(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    file = tmp_path / name
    file.write_text(
        {"p": '[[package]]\nname = "num', "P": '{"default": {"numpy": {"ver', "e": "dependencies: [numpy, {pip: ["}[name[0]]
    )
    assert name in refused(capsys, "environment", str(file))


@pytest.mark.parametrize("command", ["environment", "logs"])
def test_a_gigabyte_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    file = tmp_path / "huge.txt"
    with file.open("wb") as stream:
        stream.truncate(1024**3)
    assert "huge.txt" in refused(capsys, command, str(file))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-16-le"])
def test_another_encoding_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str) -> None:
    (tmp_path / "a.txt").write_bytes(FREEZE.encode(encoding))
    (tmp_path / "b.txt").write_bytes(FREEZE.replace("1.4.2", "1.6.1").encode(encoding))
    (tmp_path / "a.log").write_bytes(LOG.encode(encoding))
    assert main(["environment", str(tmp_path / "a.txt"), str(tmp_path / "b.txt"), "--json", "-"]) == 0
    (difference,) = json.loads(capsys.readouterr().out)["differences"]
    assert (difference["package"], difference["severity"]) == ("scikit-learn", "critical")
    assert main(["logs", str(tmp_path / "a.log"), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["templates"][0]["count"] == 900


def test_a_log_that_cannot_be_read_beside_one_that_can_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.log").write_text(LOG)
    (tmp_path / "b.log").write_bytes(PICTURE)
    assert main(["logs", str(tmp_path / "a.log"), str(tmp_path / "b.log"), "--json", "-"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["templates"]
    assert "b.log" in err


@pytest.mark.parametrize("content", ['{\n "cells": [\n  {"source": "x = 1"}\n ]\n}\n' * 30, "age,city\n" + "34,Ulm\n" * 90])
def test_text_that_is_no_log_is_said_to_be_none(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    (tmp_path / "a.txt").write_text(content)
    assert main(["logs", str(tmp_path / "a.txt")]) == 0
    assert "a.txt: No line of it has a time or a level" in capsys.readouterr().err
    (tmp_path / "b.log").write_text(LOG)
    assert main(["logs", str(tmp_path / "b.log")]) == 0
    assert capsys.readouterr().err == ""


def test_metrics_alone_are_enough_and_a_limit_is_what_was_stated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"2026-05-{12 + i // 24:02} {i % 24:02}:00:00,{1000 + 20 * i + i % 3}" for i in range(96)]
    (tmp_path / "m.csv").write_text("\n".join(["ts,memory_mb", *rows]))
    given = ["logs", "--metrics", str(tmp_path / "m.csv")]
    assert main([*given, "--json", "-"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert ([c["code"] for c in told["causes"]], told["metrics"][0]["evidence"]["limit"]) == (["memory_leak"], None)
    assert main([*given, "--limit", "memory_mb=4096", "--fail-on", "critical"]) == 1
    assert "reaches its limit of 4,096" in capsys.readouterr().out
    assert main([*given, "--limit", "disk=4"]) == 2
    assert "There is no metric disk" in capsys.readouterr().err
    assert main([*given, "--limit", "disk"]) == 2
    assert "memory_mb=4096" in capsys.readouterr().err
    assert main(["logs"]) == 2
    assert "--metrics" in capsys.readouterr().err


def test_a_pipe_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    import os
    import threading

    (tmp_path / "a.log").write_text(LOG)
    os.mkfifo(tmp_path / "pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()))
    reader.start()
    assert main(["logs", str(tmp_path / "a.log"), "--json", str(tmp_path / "pipe")]) == 0
    reader.join(10)
    assert json.loads(read[0])["templates"]
    assert not (tmp_path / "pipe").is_file()


def test_a_log_cut_in_the_middle_of_a_line_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    half = LOG[: len(LOG) // 2 - 20]
    (tmp_path / "a.log").write_text(half)
    assert main(["logs", str(tmp_path / "a.log"), "--json", "-"]) == 0
    assert sum(t["count"] for t in json.loads(capsys.readouterr().out)["templates"]) == half.count("\n") + 1


def test_the_resolver_is_asked_only_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from diagnostics.checks.environment.packages import resolver

    monkeypatch.setattr(resolver, "resolver", lambda: None)
    (tmp_path / "a.txt").write_text(FREEZE)
    assert main(["environment", str(tmp_path / "a.txt"), "--json", "-"]) == 0
    assert "resolved" not in json.loads(capsys.readouterr().out)
    assert main(["environment", str(tmp_path / "a.txt"), "--resolve", "--json", "-"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)["resolved"]
    assert answer["answer"] == "unsure"
    assert "a.txt" in answer["statement"]


RISING = "epoch,loss,val_loss\n" + "".join(f"{n},{1 / n:.4f},{0.4 + 0.06 * n:.4f}\n" for n in range(1, 16))
REJECTED = "a,b\n1,2\n3,4,5,6\n" + "5,6\n" * 40


@pytest.mark.parametrize(
    ("command", "files", "said", "severity"),
    [
        ("environment", {"a.txt": FREEZE, "b.txt": FREEZE.replace("1.4.2", "1.6.1")}, "scikit-learn: 1.4.2 in the", "critical"),
        ("environment", {"a.txt": FREEZE}, "No difference and no conflict", ""),
        ("training", {"h.csv": RISING}, "% sure", "critical"),
        ("read", {"t.csv": "a,b\n" + "1,2\n" * 9}, "t.csv: 9 rows, 2 columns", ""),
        ("read", {"t.csv": REJECTED}, "Rows set aside: 1", "warning"),
        ("logs", {"a.log": LOG.replace("ERROR store: timeout after", "INFO store: answered in")}, "", ""),
    ],
)
def test_every_command_speaks_to_people_and_fails_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, files: dict[str, str], said: str, severity: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    given = [command, *(str(tmp_path / name) for name in files)]
    assert main(given) == 0
    assert said in capsys.readouterr().out
    assert main([*given, "--fail-on", "warning"]) == bool(severity)
    assert main([*given, "--fail-on", "critical"]) == (severity == "critical")
    capsys.readouterr()
    assert main([*given, "--json", "-", "--fail-on", "warning"]) == bool(severity)
    json.loads(capsys.readouterr().out)
