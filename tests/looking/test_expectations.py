"""Rules from the reference: silent there, broken where the rows are, and the same as code."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.looking.expectations import Ask, Expectation, as_json, check, from_json, propose
from diagnostics.looking.guards import great_expectations, guard, guard_test, pandera
from diagnostics.measure import engine
from diagnostics.nouns.refusal import BadInput, NotApplicable
from tests.factory import incident_of


def rows(rng: np.random.Generator, n: int, start: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [f"A{start + k}" for k in range(n)],
            "income": rng.lognormal(3, 0.4, n),
            "region it's": rng.choice(["west", "east"], n),
            "code": rng.integers(1, 4, n),
            "paid": rng.integers(0, 2, n),
        }
    )


def broken_of(rules: tuple[Expectation, ...], frame: pd.DataFrame) -> set[tuple[str, Ask]]:
    return {(one.expectation.column, one.expectation.ask) for one in check(rules, frame) if not one.holds}


def test_rules_hold_on_the_reference_and_on_like_rows_and_break_where_rows_are_broken(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    reference, like, bad = rows(rng, 800, 0), rows(rng, 800, 1000), rows(rng, 800, 2000)
    bad.loc[:199, "income"] *= 1000
    bad.loc[:99, "region it's"] = "nowhere"
    bad.loc[:9, "id"] = "A2500"
    bad.loc[:299, "code"] = np.nan
    incident = incident_of(tmp_path, reference, like, target="paid", id="id")
    rules = propose(incident)
    assert {(r.column, r.ask) for r in rules} >= {
        ("income", Ask.RANGE),
        ("region it's", Ask.SET),
        ("id", Ask.UNIQUE),
        ("id", Ask.PATTERN),
        ("code", Ask.GIVEN),
    }
    assert "paid" not in {r.column for r in rules}
    assert broken_of(rules, reference) == broken_of(rules, like) == set()
    assert broken_of(rules, bad) == {("income", Ask.RANGE), ("region it's", Ask.SET), ("id", Ask.UNIQUE), ("code", Ask.GIVEN)}
    assert from_json(as_json(rules)) == rules


def test_the_guard_and_its_test_say_the_same_as_the_rules(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference, bad = rows(rng, 500, 0), rows(rng, 500, 1000)
    bad.loc[:199, "income"] *= 1000
    rules = propose(incident_of(tmp_path / "tables", reference, bad, target="paid", id="id"))
    reference.to_csv(tmp_path / "reference.csv", index=False)
    bad.to_csv(tmp_path / "current.csv", index=False)
    (tmp_path / "guard.py").write_text(guard(rules), encoding="utf-8")
    (tmp_path / "test_guard.py").write_text(guard_test(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    tests = runpy.run_path("test_guard.py")
    tests["test_rows_from_when_all_was_well_pass"]()
    tests["test_the_rows_of_the_incident_are_stopped"]()
    said = runpy.run_path("guard.py")["broken"](pd.read_csv("current.csv"))
    assert [line.split(":")[0] for line in said] == ["income"]


def test_code_for_other_tools_names_every_rule_and_runs_nothing_of_the_file(tmp_path: Path, rng: np.random.Generator) -> None:
    evil = "x'); __import__('os').system('true') #"
    frame = rows(rng, 300, 0).rename(columns={"income": evil})
    rules = propose(incident_of(tmp_path, frame, frame, target="paid", id="id"))
    for write in (guard, pandera, great_expectations):
        text = write(rules)
        names = {node.value for node in __import__("ast").walk(__import__("ast").parse(text)) if hasattr(node, "value")}
        assert evil in names
        assert "system" not in {getattr(node, "attr", "") for node in __import__("ast").walk(__import__("ast").parse(text))}
    off = tuple(replace(rule, on=False) for rule in rules)
    assert evil not in guard(off)


@pytest.mark.parametrize("days", [1.0, 400.0])
def test_freshness_is_reckoned_from_a_day(days: float) -> None:
    frame = pd.DataFrame({"when": pd.date_range("2026-01-01", periods=10, freq="30D")})
    rule = Expectation(column="when", ask=Ask.FRESH, high=days)
    kept = check((rule,), frame, now=pd.Timestamp("2026-10-01"))[0]
    assert kept.holds == (days == 400.0)


def test_a_missing_column_a_bad_form_and_damaged_rules_are_told() -> None:
    frame = pd.DataFrame({"a": ["x"]})
    gone = check((Expectation(column="b", ask=Ask.GIVEN),), frame)[0]
    assert gone.broken is None
    assert not gone.holds
    with pytest.raises(BadInput):
        check((Expectation(column="a", ask=Ask.PATTERN, pattern="("),), frame)
    with pytest.raises(BadInput):
        from_json(b'[{"column": 1}]')


def test_without_a_reference_nothing_is_proposed(tmp_path: Path, rng: np.random.Generator) -> None:
    incident = incident_of(tmp_path, None, rows(rng, 50, 0))
    assert incident.current is not None
    assert len(engine.sample(incident.current)) == 50
    with pytest.raises(NotApplicable):
        propose(incident)
