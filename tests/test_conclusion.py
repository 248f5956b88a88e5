"""What an investigation comes to, for every combination of what is missing: nothing is called well that was not measured, and
every place tells the same.

Performance, estimate and inputs are looked at by the real checks on real tables; a model, a cause and a critical finding are put
beside them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pytest

from diagnostics.catalogue import catalogue
from diagnostics.causes.catalogue import CONCEPT_DRIFT
from diagnostics.causes.cause import Cause
from diagnostics.conclusion import DECIDING, LEAST_ROWS, SURE, Performance, symptom
from diagnostics.investigation import Investigation, run
from diagnostics.keep import store
from diagnostics.keep.review import listing
from diagnostics.nouns.check import Check, Status
from diagnostics.nouns.entry import Entry
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import Words, words_for
from diagnostics.remarks import remarks
from diagnostics.report.as_json import record
from diagnostics.report.as_markdown import as_markdown, plain
from diagnostics.report.outline import outline
from tests.factory import incident_of

WORDS = Words()
RUN = ("confirm.performance", "confirm.estimate", "inputs.missing")
"""The checks that are run for real."""

FULL = 600


@dataclass(frozen=True, kw_only=True)
class Broken(Entry):
    pass


CRITICAL: Rule[Any] = Rule(
    code="TST001", title="T", says="A column is broken.", why="", remedy="", statistic="", source="", severity=Severity.CRITICAL
)


@dataclass(frozen=True)
class Parts:
    """What one incident has."""

    labels: bool = True
    predictions: bool = True
    times: bool = True
    worse: bool = False


def table(rng: np.random.Generator, start: str, *, worse: bool = False, rows: int = FULL) -> pd.DataFrame:
    hidden = rng.normal(size=rows)
    score = 1 / (1 + np.exp(-2 * hidden))
    label = (rng.random(rows) < score).astype(int)
    if worse:
        label = (rng.random(rows) > score).astype(int)
    when = pd.date_range(start, periods=rows, freq="h")
    return pd.DataFrame({"when": when, "x": hidden, "z": rng.normal(size=rows), "score": score, "label": label})


def incident(folder: Path, parts: Parts, rng: np.random.Generator, rows: int = FULL) -> Incident:
    reference, current = table(rng, "2026-01-01"), table(rng, "2026-05-01", worse=parts.worse, rows=rows)
    if not parts.labels:
        current = current.drop(columns="label")
    if not parts.predictions:
        reference, current = reference.drop(columns="score"), current.drop(columns="score")
    if not parts.times:
        reference, current = reference.drop(columns="when"), current.drop(columns="when")
    return incident_of(
        folder,
        reference,
        current,
        target="label",
        prediction="score" if parts.predictions else None,
        timestamp="when" if parts.times else None,
        positive="1",
    )


def checked(given: Incident) -> list[Check]:
    made = []
    for diagnostic in catalogue():
        if diagnostic.name in RUN:
            made.append(run(diagnostic, given))
            assert made[-1].failed == ""
        else:
            made.append(Check(diagnostic, skipped=NotApplicable("It was not given.", needs="model")))
    return made


def investigation(
    given: Incident, checks: list[Check], *, model: bool = False, critical: bool = False, confidence: float | None = None
) -> Investigation:
    made = list(checks)
    for place, check in enumerate(made):
        if model and check.diagnostic.module in DECIDING[3]:
            made[place] = Check(check.diagnostic, profile=object())
        if critical and check.name == "inputs.missing":
            made[place] = replace(check, findings=(*check.findings, CRITICAL.found(Broken())))
    causes = ()
    if confidence is not None:
        causes = (Cause(kind=CONCEPT_DRIFT, confidence=confidence, says="The relation moved.", remedy="Train again."),)
    return Investigation(given, tuple(made), causes, 1.0, remarks(given, made))


LookedAt: TypeAlias = dict[Parts, tuple[Incident, list[Check]]]
ALL_PARTS = [Parts(*chosen) for chosen in itertools.product((True, False), repeat=4)]


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> LookedAt:
    rng = np.random.default_rng(20260512)
    folder, found = tmp_path_factory.mktemp("parts"), {}
    for number, parts in enumerate(ALL_PARTS):
        given = incident(folder / str(number), parts, rng)
        found[parts] = (given, checked(given))
    return found


def every(
    looked_at: LookedAt,
) -> Iterator[tuple[Parts, bool, bool, float | None, Investigation]]:
    """Each combination of parts, model, critical finding and cause: none, a lead, and a sure one."""
    for parts, (given, checks) in looked_at.items():
        for model, critical, confidence in itertools.product((False, True), (False, True), (None, SURE - 0.1, SURE + 0.3)):
            yield (
                parts,
                model,
                critical,
                confidence,
                investigation(given, checks, model=model, critical=critical, confidence=confidence),
            )


def seen_worse(parts: Parts) -> bool:
    """Whether the rows show that the model became worse."""
    return parts.worse and parts.labels and parts.predictions


def test_the_checks_see_what_the_parts_allow(looked_at: LookedAt) -> None:
    for parts, (given, checks) in looked_at.items():
        known = symptom(investigation(given, checks)).performance
        if parts.labels and parts.predictions:
            assert known is (Performance.WORSE if parts.worse else Performance.HELD), parts
        elif not parts.predictions:
            assert known is Performance.UNKNOWN, parts
        else:
            # Without labels nobody sees that the relation turned round.
            assert known in (Performance.ESTIMATED_HELD, Performance.UNKNOWN), parts


def test_nothing_is_called_well_that_was_not_measured(looked_at: LookedAt) -> None:
    verdicts = set()
    for parts, _, critical, confidence, found in every(looked_at):
        conclusion, known = found.conclusion, symptom(found)
        verdicts.add(conclusion.verdict)
        if conclusion.verdict == "none":
            assert known.performance in (Performance.HELD, Performance.ESTIMATED_HELD), parts
            assert known.before is not None
            assert known.after is not None
            assert not critical
            assert conclusion.well
        if seen_worse(parts) or critical or not parts.predictions:
            assert conclusion.verdict != "none", parts
        if parts.labels and parts.predictions and not parts.worse and not critical and (confidence or 0) < SURE:
            assert conclusion.verdict == "none", parts
            assert conclusion.statement(WORDS).startswith("Nothing is wrong:")
        if not parts.labels:
            assert "Nothing is wrong" not in conclusion.statement(WORDS)
    assert verdicts == {"none", "undecided", "concept"}


def test_a_cause_is_the_answer_from_the_sure_ones_on(looked_at: LookedAt) -> None:
    for _, _, _, confidence, found in every(looked_at):
        conclusion = found.conclusion
        if confidence is not None and confidence >= SURE:
            assert conclusion.verdict == "concept"
            assert conclusion.cause is found.causes[0]
            assert conclusion.statement(WORDS) == "The relation moved."
        else:
            assert conclusion.cause is None
            assert conclusion.verdict in ("none", "undecided")


def test_what_was_found_without_a_cause_is_said(looked_at: LookedAt) -> None:
    for parts, _, critical, confidence, found in every(looked_at):
        if confidence is not None and confidence >= SURE:
            continue
        said = found.conclusion.statement(WORDS)
        if seen_worse(parts):
            assert said.startswith("No cause was found that explains this: "), parts
            finding = symptom(found).finding
            assert finding is not None
            assert finding.statement(WORDS).rstrip(".") in said
        elif critical:
            assert said == "No cause was proven, but this was found: A column is broken."


def test_steps_are_ok_only_where_their_question_was_answered(looked_at: LookedAt) -> None:
    for parts, model, critical, _, found in every(looked_at):
        first, second, third = (found.standing(number) for number in (1, 2, 3))
        if parts.labels and parts.predictions:
            assert first.status is (Status.PROBLEM if parts.worse else Status.OK), parts
        else:
            assert first.status is not Status.OK, parts
        if not parts.predictions:
            assert (first.status, first.needs) == (Status.SKIPPED, "prediction")
        if first.status is Status.SKIPPED and not parts.labels and parts.predictions:
            assert first.needs == "target"
            assert "has no labels" in first.statement(WORDS)
        assert second.status is (Status.PROBLEM if critical else Status.OK)
        assert third.status is (Status.OK if model else Status.SKIPPED)
        assert third.needs == ("" if model else "model")
        # Of these steps no check ran.
        assert {found.status(number) for number in (4, 5, 6, 7)} == {Status.SKIPPED}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_result_and_report_tell_the_same(looked_at: LookedAt, language: str) -> None:
    words = words_for(language)
    for parts, _, _, _, found in every(looked_at):
        conclusion, made, told = found.conclusion, record(found, words), outline(found, words)
        said = conclusion.statement(words)
        assert made["verdict"] == conclusion.verdict
        assert (conclusion.verdict == "undecided") == (said in made["remarks"]), parts
        assert [step["status"] for step in made["steps"]] == [str(found.status(n)) for n in range(1, 8)]
        assert [step["reason"] for step in made["steps"]] == [step.reason for step in told.steps]
        assert all(step["reason"] for step in made["steps"])
        assert told.summary == said
        assert "{" not in said
        if conclusion.cause is not None:
            assert made["causes"][0]["statement"] == said


def test_the_text_of_the_report_begins_with_the_conclusion(looked_at: LookedAt) -> None:
    for parts, (given, checks) in looked_at.items():
        found = investigation(given, checks)
        text = as_markdown(found, WORDS)
        summary = plain(found.conclusion.statement(WORDS))
        assert summary in text.split("## ")[1], parts
        assert ("Nothing is wrong" in text) == found.conclusion.statement(WORDS).startswith("Nothing is wrong"), parts


@pytest.mark.parametrize("confidence", [None, SURE - 0.1, SURE - 0.001, SURE, SURE + 0.3])
def test_the_list_names_a_cause_where_the_conclusion_does(
    looked_at: LookedAt,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    confidence: float | None,
) -> None:
    monkeypatch.setenv(store.HOME, str(tmp_path))
    found = investigation(*looked_at[Parts(worse=True)], confidence=confidence)
    listing.remember(store.create(), found, now=datetime(2026, 6, 1, tzinfo=UTC))
    (line,), _ = listing.listed(among=None)
    named = [cause.code for cause in line.causes[:1] if cause.confidence >= listing.SURE]
    assert named == ([found.conclusion.cause.code] if found.conclusion.cause else [])


def test_few_labels_are_no_measurement(tmp_path: Path, rng: np.random.Generator) -> None:
    given = incident(tmp_path, Parts(), rng, rows=LEAST_ROWS - 1)
    found = investigation(given, checked(given))
    assert symptom(found).performance is not Performance.HELD
    assert found.status(1) is not Status.OK
    assert found.conclusion.verdict == "undecided"


@pytest.mark.parametrize("side", ["reference", "current"])
def test_one_table_alone_is_never_well(tmp_path: Path, rng: np.random.Generator, side: str) -> None:
    given = replace(incident(tmp_path, Parts(), rng), **{side: None})
    found = investigation(given, checked(given), model=True)
    assert found.conclusion.verdict == "undecided"
    assert found.status(1) is Status.SKIPPED
    assert found.standing(1).needs == side


def test_without_any_check_nothing_is_said() -> None:
    found = investigation(Incident(), checked(Incident()))
    assert found.conclusion.statement(WORDS) == "Nothing could be checked yet."
    assert found.conclusion.verdict == "undecided"
    assert {found.status(number) for number in range(1, 8)} == {Status.SKIPPED}
