from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.checks.environment.config import check as config
from diagnostics.checks.environment.config.settings import read_settings
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import Words
from diagnostics.pictures import environment as drawing

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
    figure = drawing.config(told, None, Words())
    assert figure is not None
    assert [row[0] for row in figure.rows] == ["model.threshold"]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("features: [age, income]", "features: [age]", "features lost income in production."),
        ("features: [age]", "features: [age, income]", "features gained income in production."),
        ("features: [age, zip]", "features: [age, income]", "features lost zip and gained income."),
        ("features: [a, b]", "features: [b, a]", "features holds the same entries in another order: [b, a] instead of [a, b]."),
        ("model: {version: 3}\nx: 1", "x: 1", "model.version is not set in production; it was 3."),
        ("x: 1", "scaler: robust\nx: 1", "scaler is only set in production (robust)."),
        (
            "steps: [{name: clip, at: 3}]",
            "steps: [{name: log}, {name: clip, at: 4}]",
            "steps[clip].at is 4 in production and was 3.",
        ),
    ],
)
def test_lists_and_paths_are_understood(tmp_path: Path, before: str, after: str, says: str) -> None:
    assert says in [finding.statement(Words()) for finding in found(tmp_path, before, after)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("threshold: 0.5", "threshold: 5.0e-1"),
        ("threshold: 1", "threshold: 1.0"),
        ("features: [1, 2]", "features:\n  - 1\n  - 2.0"),
        ("a: .nan", "a: .nan"),
    ],
)
def test_the_same_value_written_otherwise_is_silent(tmp_path: Path, before: str, after: str) -> None:
    assert found(tmp_path, before, after) == []


def test_what_shapes_the_answers_comes_first(tmp_path: Path) -> None:
    before = (
        "log_level: info\nseed: 1\nmodel_path: a.onnx\nscaler_mean: 1.0\nfeatures: [a]\ndecision_threshold: 0.5\nreplicas: 1\n"
    )
    after = (
        "log_level: debug\nseed: 2\nmodel_path: b.onnx\nscaler_mean: 9.0\nfeatures: [b]\ndecision_threshold: 0.9\nreplicas: 5\n"
    )
    told = config.profile(incident(tmp_path, before, after))
    assert [c.path for c in told.changes][:5] == ["decision_threshold", "features", "scaler_mean", "model_path", "seed"]
    by = {f.evidence.get("setting", "rest"): f.severity for f in config.judge(told)}
    assert (by["seed"], by["rest"], by["model_path"]) == (Severity.INFO, Severity.INFO, Severity.CRITICAL)


def test_numbers_that_hardly_moved_are_no_alarm(tmp_path: Path) -> None:
    assert [f.severity for f in found(tmp_path, "threshold: 0.50", "threshold: 0.51")] == [Severity.WARNING]


SECRETS = (
    "api_token: tok-aaaa1111\nsecrets: {broker: qwertz}\ndb: postgres://me:hunter2@host/db\n"
    "args: --password s3cretpw --threshold 1\n"
    "dsn: https://0123456789abcdef0123456789abcdef@sentry.io/1\nheader: Bearer abcdefghijkl\nchain: Server=x;Password=hunter2;\n"
    "blob: Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3A\nhf: hf_abcdefghijklmnop\nmodel: {secret_sauce: paprika}\n"
)
SEEN = ("aaaa1111", "qwertz", "hunter2", "s3cretpw", "0123456789abcdef", "abcdefghijkl", "Zm9v", "paprika")


def test_no_secret_reaches_a_finding_a_picture_or_a_file(tmp_path: Path) -> None:
    told = config.profile(
        incident(
            tmp_path, SECRETS, SECRETS.replace("hunter2", "hunter2x").replace("1111", "1111x").replace("paprika", "paprika2")
        )
    )
    findings = config.judge(told)
    figure = drawing.config(told, None, Words())
    assert figure is not None
    everything = repr(told) + repr(findings) + repr(figure) + " ".join(f.statement(Words()) for f in findings)
    assert [text for text in SEEN if text in everything] == []
    assert {"api_token", "db", "chain", "model.secret_sauce"} <= {change.path for change in told.changes}


@pytest.mark.parametrize(
    "line",
    [
        "max_tokens: 512",
        "tokenizer: bert-base-cased",
        "primary_key: customer_id",
        "use_auth: true",
        "checkpoint_sha: " + "a1" * 20,
    ],
)
def test_what_only_sounds_secret_is_shown(tmp_path: Path, line: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(line)
    assert [str(value) for value in read_settings(file).shown.values()] == [line.split(": ")[1]]


HOSTILE = {
    "bomb.yaml": "a: &a [x, x]\n"
    + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(12)),
    "deep.yaml": "a: " + "[" * 20_000,
    "deep.json": "[" * 200_000,
    "loop.yaml": "a: &a [*a, {b: *a}]\n",
    "wide.yaml": "{" + ", ".join(f"k{i}: {i}" for i in range(30_000)) + "}",
    "cut.json": '{"threshold": 0.5, "model": {"pa',
    "cut.toml": '[model]\nthreshold = 0.5\npath = "a',
    "picture.yaml": "\x89PNG\r\n\x1a\n\x00\x01",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_configuration_ends_in_a_plain_sentence(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(HOSTILE[name].encode("latin-1"))
    began = time.process_time()
    with pytest.raises(BadInput, match=name):
        read_settings(file)
    assert time.process_time() - began < 5


def test_text_of_another_encoding_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    for encoding in ("utf-16", "utf-8-sig", "latin-1"):
        file.write_bytes("stadt: Köln\n".encode(encoding))
        assert dict(read_settings(file).shown) == {"stadt": "Köln"}


@pytest.mark.parametrize("name", ["a.env", "a.ini", "a.yaml", "a.txt"])
@pytest.mark.parametrize(
    "text", ["\n" * 900_000, "A=" + " " * 900_000 + "x", "A=x" + " y" * 400_000, "[a]\n" + "b = c\n" * 100_000]
)
def test_a_configuration_made_to_be_slow_is_not(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    began = time.process_time()
    with suppress(BadInput):
        read_settings(file)
    assert time.process_time() - began < 4


def test_a_sign_for_a_comment_inside_a_value_stays(tmp_path: Path) -> None:
    file = tmp_path / "a.env"
    file.write_text("COLOUR=#fff\nexport NAME = 'a # b'  \nLIMIT=3 # per minute\nEMPTY=\n# A=1\n")
    assert dict(read_settings(file).shown) == {"COLOUR": "#fff", "NAME": "a # b", "LIMIT": "3", "EMPTY": ""}
