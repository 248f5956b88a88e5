"""Proposals from findings of single columns: the kind is the rule's; traces of another fault in the same column count less."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diagnostics.causes import catalogue as kinds
from diagnostics.causes.hypothesis import Case, Hypothesis
from diagnostics.causes.proposals.columns import LEAVES_FROM, propose
from diagnostics.checks.inputs import duplicates, stale
from diagnostics.checks.inputs.units import check as units
from diagnostics.investigation import run
from diagnostics.nouns.cause_kind import CauseKind, Family
from diagnostics.nouns.check import Diagnostic
from diagnostics.nouns.entry import ColumnEntry, Entry
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Rule
from diagnostics.nouns.table import Kind
from tests.causes.cases import ONSET, case, late, people

SINCE = datetime(2026, 5, 15)
ALL = sorted(kinds.KINDS.values(), key=lambda kind: kind.code)


@dataclass(frozen=True, kw_only=True)
class Marked(ColumnEntry):
    size: float = 0.0


def rule(code: str, kind: CauseKind | None, clear: float) -> Rule[Any]:
    return Rule(
        code=code, title=code, says=code, why="", remedy="Repair it.", statistic="", source="", suggests=kind, clear=clear
    )


def finding(kind: CauseKind | None, column: str = "x", clear: float = 0.9) -> Finding[Any]:
    code = f"{kind.code if kind else 'none'}/{column}"
    return rule(code, kind, clear).found(Marked(column=column, since=SINCE, segment="region = west", size=2.0))


def bare(*findings: Finding[Any]) -> Case:
    return Case(incident=Incident(), checks=(), findings=findings)


def strengths(*findings: Finding[Any]) -> dict[str, float]:
    return {told.supports[0]: told.strength for told in propose(bare(*findings))}


def test_a_hypothesis_has_kind_words_and_place_of_its_finding() -> None:
    (told,) = propose(bare(finding(kinds.UNIT_CHANGE)))
    assert (told.kind, told.strength) == (kinds.UNIT_CHANGE, 0.9)
    assert (told.says, told.remedy, told.supports) == ("unit_change/x", "Repair it.", ("unit_change/x",))
    assert (told.columns, told.since, told.segment) == (("x",), SINCE, "region = west")
    assert told.evidence == {"column": "x", "size": 2.0}


@pytest.mark.parametrize(
    "silent",
    [
        finding(None),
        finding(kinds.UNIT_CHANGE, clear=0.0),
        # The links between columns and whatever concerns no column are proposed elsewhere.
        finding(kinds.MISJOINED_COLUMN),
        finding(kinds.COVARIATE_DRIFT),
        finding(kinds.OVERFITTING),
    ],
)
def test_what_suggests_no_fault_of_a_column_is_no_hypothesis(silent: Finding[Any]) -> None:
    assert list(propose(bare(silent))) == []


def test_kind_and_clearness_may_depend_on_the_entry() -> None:
    told = replace(
        rule("X", None, 0.0),
        suggests=lambda entry: kinds.STALE_FEATURE if entry.size > 1 else None,
        clear=lambda entry: entry.size / 10,
    )
    big, small = told.found(Marked(column="x", size=5.0)), told.found(Marked(column="y", size=1.0))
    (one,) = propose(bare(big, small))
    assert (one.kind, one.strength, one.columns) == (kinds.STALE_FEATURE, 0.5, ("x",))


@pytest.mark.parametrize(
    ("cause", "trace", "left"),
    [(kind, trace, left) for kind in ALL for trace, left in kind.leaves().items()],
    ids=lambda value: value.code if isinstance(value, CauseKind) else str(value),
)
def test_what_a_fault_leaves_in_its_column_counts_less(cause: CauseKind, trace: CauseKind, left: float) -> None:
    got = strengths(finding(cause), finding(trace))
    assert got.get(f"{trace.code}/x", 0.0) == pytest.approx(0.9 * left)
    # A scaler is proposed from all its columns at once, a column that knew the label with the training.
    if cause.family is Family.DATA and cause is not kinds.REFIT_SCALER:
        assert got[f"{cause.code}/x"] == 0.9


def test_traces_in_other_columns_are_faults_of_their_own() -> None:
    got = strengths(finding(kinds.FORMAT_CHANGE, "x"), finding(kinds.UNIT_CHANGE, "y"))
    assert got == {"format_change/x": 0.9, "unit_change/y": 0.9}


def test_a_fault_that_is_not_clear_left_nothing() -> None:
    got = strengths(finding(kinds.FORMAT_CHANGE, clear=LEAVES_FROM), finding(kinds.UNIT_CHANGE))
    assert got["unit_change/x"] == 0.9


def test_repeated_rows_are_a_trace_of_a_column_without_its_values_unless_they_are_exact() -> None:
    def repeated(*, exact: bool) -> Finding[Any]:
        fields: dict[str, Any] = {name: 0.1 for name in duplicates.Repeated.__dataclass_fields__ if name not in _BASE}
        entry = duplicates.Repeated(**{**fields, "exact": exact})
        return replace(rule("repeated", kinds.DUPLICATED_ROWS, 0.8), code="repeated").found(entry)

    assert strengths(finding(kinds.STALE_FEATURE), repeated(exact=False))["repeated"] == pytest.approx(0.8 * 0.375)
    assert strengths(finding(kinds.STALE_FEATURE), repeated(exact=True))["repeated"] == 0.8


_BASE = set(Entry.__dataclass_fields__)


def test_leavings_are_shares_of_other_faults_of_the_data() -> None:
    for kind in ALL:
        for trace, left in kind.leaves().items():
            assert 0 <= left < 1, (kind, trace)
            assert trace is not kind
            assert trace.family is Family.DATA, (kind, trace)


def test_two_faults_never_wipe_each_other_out() -> None:
    for kind in ALL:
        for trace in kind.leaves():
            assert kind not in trace.leaves(), (kind, trace)


def proposed(folder: Path, rng: np.random.Generator, module: Any, fault: Any) -> tuple[Case, list[Hypothesis]]:
    """The hypotheses from a real check on current rows in which `fault` broke what came late."""
    current = people(rng, start="2026-05-01")
    fault(current)
    whole = case(folder, people(rng), current)
    checked = run(Diagnostic("inputs", 2, module), whole.incident)
    assert checked.failed == ""
    whole = replace(whole, checks=(checked,), findings=checked.findings)
    return whole, list(propose(whole))


def test_a_unit_that_changed_is_proposed_with_the_way_back(tmp_path: Path, rng: np.random.Generator) -> None:
    def fault(current: Any) -> None:
        current["income"] = current["income"].where(~late(current), current["income"] * 1000)

    whole, found = proposed(tmp_path, rng, units, fault)
    (told,) = [h for h in found if h.kind is kinds.UNIT_CHANGE]
    assert told.columns == ("income",)
    assert told.since is not None
    assert abs(told.since - ONSET).total_seconds() < 86_400
    assert told.undo.repair is not None
    assert whole.samples is not None
    broken = whole.samples.current[late(whole.samples.current)]
    back = told.undo.repair(broken)
    assert back["income"].median() == pytest.approx(whole.samples.reference["income"].median(), rel=0.05)
    assert back["age"].equals(broken["age"])
    assert broken["income"].median() > 10_000


def test_a_frozen_column_is_proposed_and_can_only_be_left_out(tmp_path: Path, rng: np.random.Generator) -> None:
    def fault(current: Any) -> None:
        current.loc[late(current), "income"] = 41.5

    whole, found = proposed(tmp_path, rng, stale, fault)
    (told,) = [h for h in found if h.kind is kinds.STALE_FEATURE]
    assert told.columns == ("income",)
    assert told.undo.repair is None
    assert "income" in told.undo.leave_out
    assert whole.samples is not None
    assert whole.samples.kinds["income"] is Kind.NUMBER
    if told.kept is not None:
        rows = whole.samples.current
        assert not told.kept[(rows["income"] == 41.5).to_numpy() & late(rows).to_numpy()].any()


def test_healthy_columns_propose_nothing(tmp_path: Path, rng: np.random.Generator) -> None:
    for module in (units, stale):
        _, found = proposed(tmp_path, rng, module, lambda current: None)
        assert found == []
