from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.confirm.performance import check as performance
from diagnostics.nouns.incident import Answer, Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import words_for
from diagnostics.pictures import confirm as drawing
from tests.factory import incident_of

WORDS = words_for("en")


def scored(rng: np.random.Generator, rows: int, *, start: str = "2026-01-01", flipped: float = 0.0) -> pd.DataFrame:
    """Calibrated scores; in a share `flipped` of the rows the truth is turned round."""
    score = rng.beta(0.6, 1.2, rows)
    truth = (rng.random(rows) < score) ^ (rng.random(rows) < flipped)
    return pd.DataFrame(
        {
            "when": pd.date_range(start, periods=rows, freq="h"),
            "x": rng.normal(size=rows),
            "y": truth.astype(int),
            "p": score,
        }
    )


def labelled(rng: np.random.Generator, rows: int, wrong: float, classes: tuple[str, ...] = ("no", "yes")) -> pd.DataFrame:
    truth = rng.choice(classes, rows)
    other = {c: classes[(i + 1) % len(classes)] for i, c in enumerate(classes)}
    answer = [other[t] if miss else t for t, miss in zip(truth, rng.random(rows) < wrong, strict=True)]
    return pd.DataFrame({"x": rng.normal(size=rows), "y": truth, "p": answer})


def codes(incident: Incident) -> list[str]:
    return [f.code for f in performance.judge(performance.profile(incident))]


def test_a_rise_of_the_error_rate_is_told_with_its_interval_and_onset(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = scored(rng, 2000), scored(rng, 2000, start="2026-06-01")
    late = scored(rng, 1000, flipped=0.35)
    current.loc[1000:, "y"] = late["y"].to_numpy()
    current.loc[1000:, "p"] = late["p"].to_numpy()
    p = performance.profile(incident_of(tmp_path, reference, current, target="y", prediction="p", timestamp="when"))
    worst = min(performance.judge(p), key=lambda f: f.rank)
    headline = next(f for f in performance.judge(p) if f.code == "CON001")
    assert headline.statement(WORDS).startswith("The error rate rose from ")
    assert "95% interval" in headline.statement(WORDS)
    assert worst.since is not None
    assert abs((worst.since - datetime.fromisoformat(str(current["when"][1000]))).total_seconds()) < 86400
    assert drawing.performance(p, headline, WORDS) is not None


def test_halves_of_one_population_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    for rows in (60, 600, 6000):
        assert codes(incident_of(tmp_path, scored(rng, rows), scored(rng, rows), target="y", prediction="p")) == []


def test_a_lost_rare_class_is_found_though_the_error_rate_holds(tmp_path: Path, rng: np.random.Generator) -> None:
    def rare(found: float) -> pd.DataFrame:
        truth = rng.random(4000) < 0.04
        answer = truth & (rng.random(4000) < found)
        return pd.DataFrame({"x": rng.normal(size=4000), "y": truth.astype(int), "p": answer.astype(int)})

    incident = incident_of(tmp_path, rare(0.9), rare(0.45), target="y", prediction="p", answer=Answer.LABEL)
    found = performance.judge(performance.profile(incident))
    assert any(f.code == "CON002" and f.evidence["metric"] == "recall" for f in found)


def test_scores_that_are_too_high_are_told(tmp_path: Path, rng: np.random.Generator) -> None:
    current = scored(rng, 2000)
    current["p"] = np.clip(current["p"] + 0.15, 0, 1)
    p = performance.profile(incident_of(tmp_path, scored(rng, 2000), current, target="y", prediction="p"))
    level = [f for f in performance.judge(p) if f.code == "CON003"]
    assert len(level) == 1
    assert "points too high" in level[0].statement(WORDS)
    assert drawing.performance(p, level[0], WORDS) is not None


def test_fewer_errors_are_told_for_information(tmp_path: Path, rng: np.random.Generator) -> None:
    incident = incident_of(
        tmp_path, labelled(rng, 900, 0.3), labelled(rng, 900, 0.1), target="y", prediction="p", answer=Answer.LABEL
    )
    found = performance.judge(performance.profile(incident))
    assert [(f.code, f.severity) for f in found] == [("CON004", Severity.INFO)]


def test_many_classes_are_averaged(tmp_path: Path, rng: np.random.Generator) -> None:
    names = ("red", "green", "blue", "grey")
    reference, current = labelled(rng, 1200, 0.1, names), labelled(rng, 1200, 0.3, names)
    p = performance.profile(incident_of(tmp_path, reference, current, target="y", prediction="p", answer=Answer.LABEL))
    assert p.positive is None
    assert p.current is not None
    assert len(p.current.confusion) == 4
    assert {"CON001", "CON002"} <= {f.code for f in performance.judge(p)}


def test_numbers_are_judged_by_their_mean_error_and_level(tmp_path: Path, rng: np.random.Generator) -> None:
    def numbers(shift: float, noise: float) -> pd.DataFrame:
        truth = rng.normal(50, 10, 1500)
        return pd.DataFrame({"x": truth, "y": truth, "p": truth + shift + rng.normal(0, noise, 1500)})

    def found(shift: float, noise: float) -> set[str]:
        pair = numbers(0, 2), numbers(shift, noise)
        return set(codes(incident_of(tmp_path, *pair, target="y", prediction="p", task=Task.REGRESSION, answer=Answer.VALUE)))

    assert found(0, 2) == set()
    assert found(0, 4) == {"CON001"}
    assert found(6, 2) == {"CON001", "CON003"}


@pytest.mark.parametrize("side", ["reference", "current"])
def test_one_table_alone_shows_what_it_can(tmp_path: Path, rng: np.random.Generator, side: str) -> None:
    tables = {side: scored(rng, 300)}
    p = performance.profile(incident_of(tmp_path, **tables, target="y", prediction="p"))
    assert (p.reference is None) == (side == "current")
    assert performance.judge(p) == []
    assert drawing.performance(p, None, WORDS) is not None


def test_labels_that_are_written_otherwise_are_the_same_labels(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = labelled(rng, 400, 0.1, ("0", "1")), labelled(rng, 400, 0.1, ("0", "1"))
    reference["y"] = reference["y"].astype(int)
    reference["p"] = reference["p"].map({"0": "0.0", "1": "1.0"})
    current["p"] = current["p"].map({"0": "False", "1": "True"})
    p = performance.profile(incident_of(tmp_path, reference, current, target="y", prediction="p", answer=Answer.LABEL))
    assert p.current is not None
    assert p.current.metrics["error_rate"].value < 0.2
    assert performance.judge(p) == []


def test_no_label_at_all_is_not_applicable(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = scored(rng, 100)
    frame["y"] = np.nan
    with pytest.raises(NotApplicable):
        performance.profile(incident_of(tmp_path, frame, frame, target="y", prediction="p"))


@pytest.mark.parametrize("answer", list(Answer))
def test_odd_tables_are_survived(tmp_path: Path, rng: np.random.Generator, answer: Answer) -> None:
    task = Task.REGRESSION if answer is Answer.VALUE else Task.CLASSIFICATION
    usual = scored(rng, 200)
    one_class, endless, tiny, holes = usual.copy(), usual.copy(), usual.head(3), usual.copy()
    one_class["y"] = 0
    endless.loc[:50, "p"] = np.inf
    endless.loc[51:60, "p"] = -np.inf
    holes["p"] = holes["p"].where(rng.random(200) < 0.5)
    for odd in (one_class, endless, tiny, holes):
        for pair in ((usual, odd), (odd, usual), (odd, odd)):
            try:
                p = performance.profile(
                    incident_of(tmp_path, *pair, target="y", prediction="p", timestamp="when", task=task, answer=answer)
                )
            except NotApplicable:
                continue
            for finding in performance.judge(p):
                assert finding.statement(WORDS)
            drawing.performance(p, None, WORDS)
