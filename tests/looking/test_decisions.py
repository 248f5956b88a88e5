"""Thresholds, groups, maps and the tree of errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, roc_auc_score

from diagnostics.looking.decisions import at, by_group, cheapest, code, decisions, heat, matrix
from diagnostics.looking.restrict import restrict
from diagnostics.looking.scope import Scope, Test
from diagnostics.looking.tree import error_tree, rows_of
from diagnostics.measure import engine
from diagnostics.nouns.incident import Answer, Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import words_for
from diagnostics.pictures import decisions as drawing
from diagnostics.pictures.as_plotly import figure
from diagnostics.pictures.style import LIGHT
from tests.factory import incident_of


def rows(rng: np.random.Generator, n: int, *, wrong: bool) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"age": rng.integers(18, 80, n).astype(float), "city": rng.choice(["Ulm", "Bern"], n), "fee": rng.normal(size=n)}
    )
    chance = 1 / (1 + np.exp(-(frame["age"] - 50) / 6))
    frame["bought"] = np.where(rng.random(n) < chance, "yes", "no")
    frame.loc[rng.random(n) < 0.1, "fee"] = np.nan
    if wrong:
        chance = chance.where(~((frame["city"] == "Ulm") & (frame["age"] >= 50)), 1 - chance)
    return frame.assign(score=chance)


@pytest.fixture
def incident(tmp_path: Path, rng: np.random.Generator) -> Incident:
    return incident_of(
        tmp_path, rows(rng, 900, wrong=False), rows(rng, 900, wrong=True), target="bought", prediction="score", positive="yes"
    )


def test_counts_and_the_area_are_those_of_scikit_learn(incident: Incident) -> None:
    found = decisions(incident)
    scored, curves = found.scored.current, found.curves.current
    assert scored is not None
    assert curves is not None
    here = at(scored, 0.4)
    left, alarms, missed, hits = confusion_matrix(scored.hit, scored.score >= 0.4).ravel()
    assert (here.left, here.alarms, here.missed, here.found) == (left, alarms, missed, hits)
    assert curves.auc.value == pytest.approx(roc_auc_score(scored.hit, scored.score))
    assert list(curves.recall) == sorted(curves.recall)


@pytest.mark.parametrize(("miss", "alarm"), [(9.0, 1.0), (1.0, 1.0), (1.0, 9.0)])
def test_no_threshold_is_cheaper_than_the_cheapest_and_prices_move_it(miss: float, alarm: float, incident: Incident) -> None:
    scored = decisions(incident).scored.reference
    assert scored is not None
    best = cheapest(scored, miss, alarm)
    least = at(scored, best).cost(miss, alarm)
    assert all(least <= at(scored, one).cost(miss, alarm) + 1e-9 for one in (0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 1.1))
    # Of calibrated scores the cheapest threshold is the price of an alarm over both prices (Elkan 2001).
    assert best == pytest.approx(alarm / (miss + alarm), abs=0.15)


def test_the_code_decides_as_the_page_does(incident: Incident) -> None:
    found = decisions(incident)
    table = incident.current
    assert table is not None
    space: dict[str, object] = {"rows": engine.sample(table)}
    exec(code(found, 0.35), space)
    chosen = np.asarray(space["predicted"]) == "yes"
    scored = found.scored.current
    assert scored is not None
    here = at(scored, 0.35)
    assert chosen.sum() == here.found + here.alarms


def test_groups_are_counted_each_with_an_interval(incident: Incident) -> None:
    found = {group.label: group.sides.current for group in by_group(incident, "city", 0.5)}
    ulm, bern = found["Ulm"], found["Bern"]
    assert ulm is not None
    assert bern is not None
    assert ulm.recall.high < bern.recall.low
    assert ulm.rows + bern.rows == 900


def test_the_tree_names_the_rows_at_fault_and_nothing_where_all_is_alike(incident: Incident, tmp_path: Path) -> None:
    tree = error_tree(incident)
    worst = tree.leaves[0]
    assert worst.group is not None
    assert set(worst.group.columns) == {"age", "city"}
    assert worst.loss.low > tree.whole.high
    assert worst.reference is None or worst.reference.high < worst.loss.low
    calm = error_tree(replace(incident, current=incident.reference))
    assert not [leaf for leaf in calm.leaves if leaf.group and "city" in leaf.group.columns and leaf.loss.low > calm.whole.high]
    # The same rows, whether asked of a frame or of a table.
    chosen = restrict(incident, Scope(group=worst.group), tmp_path / "chosen").current
    assert incident.current is not None
    assert chosen is not None
    assert chosen.rows == rows_of(worst.group, engine.sample(incident.current)).sum()


def test_missing_values_are_a_question_of_the_tree(incident: Incident, tmp_path: Path, rng: np.random.Generator) -> None:
    frame = rows(rng, 900, wrong=False)
    frame.loc[frame["fee"].isna(), "score"] = 1 - frame["score"]
    made = incident_of(tmp_path / "gaps", frame, frame, target="bought", prediction="score", positive="yes")
    worst = error_tree(made).leaves[0].group
    assert worst is not None
    assert ("fee", Test.MISSING) in [(c.column, c.test) for every in worst.either for c in every]


def test_a_map_shows_the_cell_at_fault(incident: Incident) -> None:
    found = heat(incident, "age", "city")
    cells = found.values.current
    assert cells is not None
    ulm = found.parts[1].labels.index("Ulm")
    assert cells[ulm][-1] == max(value for row in cells for value in row if value is not None)


def test_classes_have_a_matrix_and_numbers_none(incident: Incident, tmp_path: Path) -> None:
    with pytest.raises(NotApplicable):
        matrix(incident)
    frame = pd.DataFrame({"x": range(40), "kind": ["a", "b"] * 20, "said": ["a"] * 30 + ["b"] * 10})
    made = incident_of(tmp_path / "labels", frame, frame, target="kind", prediction="said", answer=Answer.LABEL)
    table = matrix(made)
    assert table.classes == ("a", "b")
    assert table.counts.current == ((15, 5), (15, 5))
    numbers = pd.DataFrame({"x": range(40), "y": np.arange(40.0), "said": np.arange(40.0)})
    value = {"target": "y", "prediction": "said", "task": Task.REGRESSION, "answer": Answer.VALUE}
    with pytest.raises(NotApplicable):
        decisions(incident_of(tmp_path / "numbers", numbers, numbers, **value))  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_picture_is_drawn(language: str, incident: Incident) -> None:
    words, found, tree = words_for(language), decisions(incident), error_tree(incident)
    shapes = [draw(found, 0.5, words) for draw in (drawing.roc, drawing.precision_recall, drawing.lift)]
    shapes += [drawing.calibration(found, words), drawing.heat(heat(incident, "age", "city"), words)]
    shapes += [shape for _, shape in drawing.groups(by_group(incident, "city", 0.5), found.name, words)]
    shapes += [drawing.tree(tree, [str(n) for n in range(len(tree.leaves))], words)]
    for shape in shapes:
        figure(shape, words, LIGHT)
