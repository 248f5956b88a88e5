import numpy as np
import pandas as pd
import pytest

from diagnostics.measure import surrogate as module
from diagnostics.measure.samples import samples
from diagnostics.measure.surrogate import stand_in, surrogate
from diagnostics.nouns.incident import Answer
from diagnostics.nouns.refusal import NotApplicable
from tests.checks.model_rows import ROLES, rows
from tests.factory import incident_of


def test_it_gives_logged_scores_back(tmp_path, rng):
    incident = incident_of(tmp_path, rows(rng), rows(rng), **ROLES)
    stand = surrogate(incident)
    assert stand.fidelity > 0.85
    assert stand.learnt == "prediction"
    told = stand.answers(samples(incident).current).astype("float64")
    assert np.corrcoef(told, samples(incident).current["p"])[0, 1] > 0.9
    assert told.min() >= 0
    assert told.max() <= 1


def test_it_gives_logged_labels_back(tmp_path, rng):
    incident = incident_of(tmp_path, rows(rng, answer=Answer.LABEL), rows(rng, answer=Answer.LABEL), answer=Answer.LABEL, **ROLES)
    stand = surrogate(incident)
    assert stand.fidelity > 0.85
    assert 0 < stand.skill <= stand.fidelity
    matrix = stand.encoder.matrix(samples(incident).current)
    assert stand.scores_of(matrix).shape == (1500, 2)
    assert set(stand.answers_of(matrix)) == {"yes", "no"}


def test_it_is_the_same_twice_and_keeps_rows_aside(tmp_path, rng):
    incident = incident_of(tmp_path, rows(rng), rows(rng), **ROLES)
    first = surrogate(incident)
    module._fit.cache_clear()
    second = surrogate(incident)
    frame = samples(incident).current
    assert np.array_equal(first.answers(frame), second.answers(frame))
    assert np.array_equal(first.held, second.held)
    assert first.held.size == 375


def test_without_predictions_the_target_is_learnt(tmp_path, rng):
    incident = incident_of(
        tmp_path, rows(rng).drop(columns="p"), rows(rng).drop(columns="p"), answer=None, **(ROLES | {"prediction": None})
    )
    assert stand_in(incident).learnt == "target"
    assert stand_in(incident).outcome.answer is Answer.SCORE
    with pytest.raises(NotApplicable):
        surrogate(incident)


def test_wide_tables_are_narrowed_to_what_matters(tmp_path, rng):
    frames = []
    for _ in range(2):
        frame = rows(rng, 400)
        wide = pd.DataFrame(rng.normal(size=(400, 300)), columns=[f"z{i}" for i in range(300)])
        frames.append(pd.concat([frame, wide], axis=1))
    stand = surrogate(incident_of(tmp_path, *frames, **ROLES))
    assert len(stand.encoder.features) == module.FIT_COLUMNS
    assert {"income", "age"} <= set(stand.encoder.features)


@pytest.mark.parametrize("spoil", [lambda f: f.head(20), lambda f: f.assign(p=0.5), lambda f: f.assign(p=np.nan)])
def test_too_little_to_learn_from(tmp_path, rng, spoil):
    with pytest.raises(NotApplicable) as raised:
        surrogate(incident_of(tmp_path, spoil(rows(rng)), rows(rng), **ROLES))
    assert raised.value.needs == "prediction"


def test_many_classes_stay_within_bounds(tmp_path, rng):
    frames = [rows(rng, 600).assign(p=lambda f: f["age"].astype(int).astype(str)) for _ in range(2)]
    stand = surrogate(incident_of(tmp_path, *frames, answer=Answer.LABEL, **(ROLES | {"target": None, "positive": None})))
    assert len(stand.model.classes_) <= module.FIT_CLASSES
