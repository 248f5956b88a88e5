"""What the comparison of two configurations knows of types, lists and order, and what it may cost."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.checks.environment.config import check as config
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import Words


def compared(folder: Path, before: str, after: str, endings: tuple[str, str] = ("yaml", "yaml")) -> config.Config:
    pair = Sides(folder / f"reference.{endings[0]}", folder / f"current.{endings[1]}")
    pair.reference.write_text(before, encoding="utf-8")
    pair.current.write_text(after, encoding="utf-8")
    return config.profile(replace(Incident(), config=Sides[Path | None](pair.reference, pair.current)))


def found(folder: Path, before: str, after: str, endings: tuple[str, str] = ("yaml", "yaml")) -> list[Finding]:
    return config.judge(compared(folder, before, after, endings))


STEPS = "preprocessing: [{clip: {at: 3, low: 0}}, {scale: {mean: 2, std: 1}}]"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "threshold: 0.5",
            'threshold: "0.5"',
            "threshold is read as text in production (0.5), and as a number or a switch before.",
        ),
        (
            "threshold: 1.0e-3",
            "threshold: 1e-3",
            "threshold is read as text in production (1e-3), and as a number or a switch before.",
        ),
        ("scale: 'true'", "scale: true", "scale is read as a number or a switch in production (true), and as text before."),
        (
            "classes: [0, 1]",
            "classes: ['0', '1']",
            "classes is read as text in production ([0, 1]), and as a number or a switch before.",
        ),
        ("model: a.onnx", "model: {path: b.onnx, depth: 3}", "model is {path: b.onnx, depth: 3} in production and was a.onnx."),
        ("features: age", "features: [age]", "features is [age] in production and was age."),
        ("features: [a, a, b]", "features: [a, b]", "features lost a in production."),
        (
            STEPS,
            STEPS.replace("[{", "[{log: {at: 0}}, {"),
            "preprocessing gained {log.at: 0} in production.",
        ),
        (STEPS, STEPS.replace("mean: 2", "mean: 9"), "preprocessing[1].scale.mean is 9 in production and was 2."),
        (
            "encoding: [{clip: 3}, {scale: 2}]",
            "encoding: [{scale: 2}, {clip: 3}]",
            "encoding holds the same entries in another order: {[0].scale: 2, [1].clip: 3} "
            "instead of {[0].clip: 3, [1].scale: 2}.",
        ),
        (
            "features: [{name: age}, {name: zip}]",
            "features: [{name: zip}, {name: age}]",
            "features holds the same entries in another order: [zip, age] instead of [age, zip].",
        ),
        ("features: {__age: 1}", "features: {__age: 2}", "features.__age is 2 in production and was 1."),
    ],
)
def test_types_lists_and_order_are_told_once(tmp_path: Path, before: str, after: str, says: str) -> None:
    assert [finding.statement(Words()) for finding in found(tmp_path, before, after)] == [says]


@pytest.mark.parametrize(
    ("before", "after", "endings"),
    [
        ("threshold: 0.5\nflag: true", "threshold=0.50\nflag=true", ("yaml", "env")),
        ("[model]\nthreshold = 1", '{"model": {"threshold": 1.0}}', ("ini", "json")),
        ("a: 0.30000000000000004", "a: 0.3", ("yaml", "yaml")),
        ("a: [.nan, 1]", "a: [.nan, 1.0]", ("yaml", "yaml")),
        ("a: [{x: 1, y: [1, 2]}, {z: null}]", "a: [{y: [1.0, 2], x: 1}, {z: ''}]", ("yaml", "yaml")),
        ("'no': 1", '{"no": 1}', ("yaml", "json")),
    ],
)
def test_what_only_looks_otherwise_is_silent(tmp_path: Path, before: str, after: str, endings: tuple[str, str]) -> None:
    assert found(tmp_path, before, after, endings) == []


def test_a_switch_is_no_number(tmp_path: Path) -> None:
    assert len(found(tmp_path, "scale: true", "scale: 1")) == 1
    assert len(found(tmp_path, "features: [true]", "features: [1]")) == 1


def test_text_for_a_number_is_a_warning_and_another_value_is_critical(tmp_path: Path) -> None:
    assert [f.severity for f in found(tmp_path, "threshold: 0.5", "threshold: '0.5'")] == [Severity.WARNING]
    assert [f.severity for f in found(tmp_path, "threshold: 0.5", "threshold: '0.9'")] == [Severity.CRITICAL]


def test_files_of_another_build_are_told_by_their_settings(tmp_path: Path) -> None:
    told = compared(tmp_path, "[1, 2]", "threshold: 1")
    assert [(c.path, c.missing) for c in told.changes] == [("threshold", "reference"), ("[]", "current")]


def test_secrets_inside_tables_that_are_told_whole_stay_hidden(tmp_path: Path) -> None:
    before = "features: [{db: x, password: hunter2}, {a: 1, b: 2}]\nmodel: plain\ntransform: [{url: 'pg://me:hunter2@h/d'}, 1]"
    after = "features: [{a: 1, b: 2}, {k: 0, password: hunter3}]\nmodel: {api_key: hunter4abc}\ntransform: [1, {url: 'pg://me:hunter5@h/d'}]"
    told = compared(tmp_path, before, after)
    assert {c.path for c in told.changes} >= {"features", "model", "transform[0].url"}
    everything = repr(told) + repr(config.judge(told)) + " ".join(f.statement(Words()) for f in config.judge(told))
    assert "hunter" not in everything


def _tables(lists: int, rows: int, shift: int) -> dict[str, object]:
    return {f"x{i}": [{f"q{j}": (i + shift * r) * (j + r) % 7 for j in range(10)} for r in range(rows)] for i in range(lists)}


COSTLY = {
    "everything differs": [{f"k{i}": {f"j{j}": side * (i + j + 1) for j in range(100)} for i in range(150)} for side in (1, 2)],
    "long rows": [{"x": [(i * side) % 2 for i in range(5000)]} for side in (1, 2)],
    "many rows": [{f"x{i}": [(i * j * side) % 3 for j in range(200)] for i in range(500)} for side in (1, 2)],
    "many tables": [_tables(60, 30, side) for side in (1, 2)],
    "a long list of tables": [_tables(1, 1500, side) for side in (1, 2)],
    "long texts": [{"x": [{"t": side * 1900 + str(i)} for i in range(400)]} for side in "ab"],
}


@pytest.mark.parametrize("name", COSTLY)
def test_configurations_made_to_be_slow_to_compare_are_not(tmp_path: Path, name: str) -> None:
    before, after = map(json.dumps, COSTLY[name])
    began = time.process_time()
    assert compared(tmp_path, before, after, ("json", "json")).changes
    assert time.process_time() - began < 12
