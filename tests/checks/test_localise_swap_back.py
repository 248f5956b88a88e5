from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.localise.swap_back import check as swap_back
from diagnostics.checks.localise.swap_back.restore import restore_levels, restore_numbers
from diagnostics.nouns.incident import Answer
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import Words
from diagnostics.pictures import localise as drawing
from tests.checks.model_rows import ROLES, answered, rows, score
from tests.factory import incident_of

BOTH = pytest.mark.parametrize("answer", [Answer.SCORE, Answer.LABEL])


def found(folder, reference, current, answer=Answer.SCORE, **roles):
    profiled = swap_back.profile(incident_of(folder, reference, current, answer=answer, **(ROLES | roles)))
    findings = swap_back.judge(profiled)
    for finding in [*findings, None]:
        drawing.swap_back(profiled, finding, Words())
    return profiled, findings


def unit_since(frame, day, answer=Answer.SCORE):
    frame = frame.copy()
    late = frame["at"] >= day
    frame["income"] = np.where(late, frame["income"] / 1000, frame["income"])
    frame["p"] = answered(score(frame), answer)
    return frame


@BOTH
def test_the_same_population_is_silent(tmp_path, rng, answer):
    profiled, findings = found(tmp_path, rows(rng, answer=answer), rows(rng, answer=answer), answer)
    assert findings == []
    weights = dict(profiled.weights)
    assert weights["age"] > 0.1
    assert weights["noise"] < 0.1


@BOTH
def test_a_unit_error_is_localised_with_its_day(tmp_path, rng, answer):
    current = unit_since(rows(rng, answer=answer, start="2026-05-01"), "2026-05-05", answer)
    profiled, findings = found(tmp_path, rows(rng, answer=answer), current, answer)
    assert findings[0].code == "LOC010"
    assert findings[0].columns == ("income",)
    assert findings[0].severity is Severity.CRITICAL
    assert findings[0].evidence["recovered"] > 0.6
    assert abs(findings[0].since - pd.Timestamp("2026-05-05")) < pd.Timedelta("12h")
    assert profiled.loss.columns[0].name == "income"


def test_without_labels_the_shift_of_the_answers_is_used(tmp_path, rng):
    current = unit_since(rows(rng, start="2026-05-01"), "2026-05-05").drop(columns="y")
    profiled, findings = found(tmp_path, rows(rng), current)
    assert profiled.loss is None
    assert findings[0].columns == ("income",)
    assert findings[0].evidence["measure"] == "shift"


def test_without_predictions_a_model_of_the_target_stands_in(tmp_path, rng):
    current = unit_since(rows(rng, start="2026-05-01"), "2026-05-05").drop(columns="p")
    profiled, findings = found(tmp_path, rows(rng, 3000).drop(columns="p"), current, None, prediction=None)
    assert profiled.learnt == "target"
    assert findings[0].columns == ("income",)


def test_renamed_levels_are_given_back(tmp_path, rng):
    def by_city(frame):
        # The cities turn the effect of the age round, so that a model that no longer knows them is far off.
        frame["city"] = rng.choice(["Bern", "Rom", "Wien"], len(frame), p=[0.15, 0.3, 0.55])
        sign = frame["city"].map({"Bern": 1.0, "Rom": -1.0}).fillna(0.0)
        chance = 1 / (1 + np.exp(-(sign * (frame["age"] - 45) / 5).to_numpy("float64")))
        return frame.assign(y=np.where(rng.random(len(frame)) < chance, "yes", "no"), p=chance)

    current = by_city(rows(rng, 3000, start="2026-05-01"))
    current["city"] = current["city"].map({"Bern": "BRN", "Rom": "ROM", "Wien": "WIE"})
    current["p"] = 0.5
    _, findings = found(tmp_path, by_city(rows(rng, 3000)), current)
    assert findings[0].columns == ("city",)


def test_a_lost_link_is_found_by_rebuilding(tmp_path, rng):
    def linked(frame):
        return frame.assign(salary=frame["income"] / 12 + rng.normal(0, 300, len(frame)))

    reference, current = linked(rows(rng, 3000)), linked(rows(rng, 3000, start="2026-05-01"))
    current["income"] = rng.permutation(current["income"])
    current["p"] = score(current)
    _, findings = found(tmp_path, reference, current)
    assert findings[0].columns == ("income",)
    assert findings[0].evidence["way"] == "rebuilt"


def test_missing_values_are_filled_in_from_the_others(tmp_path, rng):
    def linked(frame):
        return frame.assign(salary=frame["income"] / 12 + rng.normal(0, 300, len(frame)))

    reference, current = linked(rows(rng, 3000)), linked(rows(rng, 3000, start="2026-05-01"))
    current.loc[rng.random(3000) < 0.6, "income"] = 0.0
    current["p"] = score(current)
    _, findings = found(tmp_path, reference, current)
    assert findings[0].columns == ("income",)
    assert "LOC012" not in {f.code for f in findings}


def test_concept_drift_is_no_column(tmp_path, rng):
    current = rows(rng, start="2026-05-01")
    flipped = rng.random(len(current)) < 0.35
    current["y"] = np.where(flipped, np.where(current["y"] == "yes", "no", "yes"), current["y"])
    _, findings = found(tmp_path, rows(rng), current)
    assert [f.code for f in findings] == ["LOC012"]


def test_harder_rows_are_the_population(tmp_path, rng):
    current = rows(rng, 6000, start="2026-05-01")
    unsure = (current["p"] - 0.5).abs() < 0.25
    current = current[unsure | (rng.random(len(current)) < 0.05)].reset_index(drop=True)
    _, findings = found(tmp_path, rows(rng, 4000), current)
    assert "LOC013" in {f.code for f in findings}
    assert "LOC012" not in {f.code for f in findings}


def test_a_scaler_needs_several_columns(tmp_path, rng):
    current = rows(rng, start="2026-05-01")
    current["income"] = 20_000 + current["income"] * 0.2
    current["age"] = 20 + current["age"] * 0.05
    current["p"] = score(current)
    profiled, findings = found(tmp_path, rows(rng), current)
    assert findings
    assert {name for f in findings for name in f.columns} <= {"income", "age"}
    assert profiled.loss.everything > 0.7
    alone = max(c.recovered.value for c in profiled.loss.columns)
    joined = replace(profiled.loss, together=("age", "income"), together_recovered=alone + 0.3)
    both = [f for f in swap_back.judge(replace(profiled, loss=joined)) if len(f.columns) > 1]
    assert [(f.code, f.columns) for f in both] == [("LOC011", ("age", "income"))]
    assert "together" in both[0].rule.title


def test_ranks_survive_the_way_back(rng):
    reference = rng.normal(50, 10, 1000)
    assert np.corrcoef(restore_numbers(reference, reference * 0.01 + 3, rng), reference)[0, 1] > 0.99


def test_surplus_missing_values_are_drawn_and_empty_columns_stay(rng):
    reference, current = rng.normal(size=500), np.where(rng.random(500) < 0.5, np.nan, 1.0)
    assert np.isnan(restore_numbers(reference, current, rng)).sum() == 0
    assert np.isnan(restore_numbers(np.full(5, np.nan), np.full(5, np.nan), rng)).all()


def test_only_surplus_levels_change(rng):
    reference = np.array(["a"] * 50 + ["b"] * 50, dtype=object)
    current = np.array(["a"] * 80 + [None] * 20, dtype=object)
    restored = restore_levels(reference, current, rng)
    assert (restored == "a").sum() == 50
    assert (restored == "b").sum() == 50


def test_unexplained_answers_are_not_localised(tmp_path, rng):
    with pytest.raises(NotApplicable) as raised:
        found(tmp_path, rows(rng).assign(p=rng.random(1500)), rows(rng))
    assert raised.value.needs == "model"


def test_hostile_values(tmp_path, rng):
    reference, current = rows(rng, 400), rows(rng, 400)
    for frame in (reference, current):
        frame["<b>empty</b>"] = np.nan
        frame["same"] = 1
        frame.loc[:20, "income"] = np.inf
    found(tmp_path, reference, current, timestamp=None)
    with pytest.raises(NotApplicable):
        found(tmp_path, reference, current.head(3), timestamp=None)
