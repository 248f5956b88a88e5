"""Training again: what gains, what does not, and when the data should be fixed instead; which labels to buy."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.watch.series import predicted, rows_of
from diagnostics.__main__ import main
from diagnostics.causes.catalogue import KINDS
from diagnostics.causes.cause import Cause
from diagnostics.nouns.incident import Answer, Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import Words, words_for
from diagnostics.pictures.train_again import gains
from diagnostics.watch import buy
from diagnostics.watch.again import Advice, Again, Which, again
from diagnostics.watch.again_record import record, sentence
from tests.factory import incident_of

ROLES = {"target": "label", "prediction": "score", "timestamp": "when", "id": "id", "positive": "1"}


def shop(folder: Path, current: pd.DataFrame) -> Incident:
    return incident_of(folder, rows_of(np.random.default_rng(5), "2025-01-06", 20, 60), current, **ROLES)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def later() -> pd.DataFrame:
    return rows_of(np.random.default_rng(6), "2025-03-03", 20, 60)


def of(found: Again, which: Which) -> float:
    return next(one.gain.value for one in found.candidates if one.which is which)


def test_a_changed_relation_is_worth_training_again(tmp_path: Path, later: pd.DataFrame) -> None:
    turned = later.assign(label=np.where(later["age"] > 48, 1 - later["label"], later["label"]))
    found = again(shop(tmp_path, turned), family="linear")
    assert found.advice is Advice.TRAIN
    assert found.best is not None
    assert found.best.which in (Which.RECENT, Which.RECENT_WEIGHTED)
    assert found.best.gain.low > 0
    assert "Train again" in sentence(found, Words())
    assert found.serving is not None
    for words in (Words(), words_for("zh")):
        shape = gains(found, words)
        assert shape is not None
        assert len(shape.rows) == len([c for c in found.candidates if not c.skipped]) - 1


def test_where_nothing_changed_there_is_no_gain(tmp_path: Path, later: pd.DataFrame) -> None:
    found = again(shop(tmp_path, later), family="linear")
    assert found.advice in (Advice.NO_GAIN, Advice.UNDECIDED)
    assert found.best is None or found.best.gain.value < 0.02
    assert abs(of(found, Which.BOTH)) < 0.01
    assert of(found, Which.REFERENCE) == 0


def test_a_fault_of_the_data_is_to_be_fixed_instead(tmp_path: Path, later: pd.DataFrame) -> None:
    broken = later.copy()
    broken.loc[600:, "amount"] *= 100
    broken["score"] = predicted(broken)
    cause = Cause(
        kind=KINDS["unit_change"],
        confidence=0.95,
        says="x",
        remedy="y",
        columns=("amount",),
        since=datetime.fromisoformat(str(later["when"][600])),
        explains=0.9,
    )
    found = again(shop(tmp_path, broken), [cause], family="linear")
    assert found.advice is Advice.FIX_DATA
    assert found.fix == 0.9
    assert "90%" in sentence(found, Words())
    tried = {one.which for one in found.candidates}
    assert {Which.WITHOUT_COLUMNS, Which.WITHOUT_ROWS, Which.ONSET} <= tried
    assert json.dumps(record(found, Words()), allow_nan=False)


def test_too_few_labels_are_said(tmp_path: Path, later: pd.DataFrame) -> None:
    with pytest.raises(NotApplicable, match="Too few recent rows"):
        again(shop(tmp_path, later.iloc[:60]), family="linear")
    with pytest.raises(NotApplicable, match="no labels"):
        again(shop(tmp_path / "other", later.drop(columns="label")), family="linear")


def test_the_command_says_it(tmp_path: Path, later: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    rows_of(np.random.default_rng(5), "2025-01-06", 10, 60).to_csv(tmp_path / "reference.csv", index=False)
    later.iloc[:600].to_csv(tmp_path / "current.csv", index=False)
    stated = "target: label\nprediction: score\ntimestamp: when\nid: id\npositive: 1\n"
    (tmp_path / "incident.yaml").write_text(stated, encoding="utf-8")
    assert main(["retrain", str(tmp_path), "--family", "linear", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["advice"] in ("no gain", "undecided", "train", "fix the data")
    assert main(["retrain", str(tmp_path / "nothing")]) == 2


def test_the_labels_that_are_bought_tell_the_error_of_all_without_bias(tmp_path: Path, later: pd.DataFrame) -> None:
    hidden = later.assign(label=np.nan)
    incident = shop(tmp_path, hidden)
    truth = dict(zip(later["id"], later["label"], strict=True))
    whole = float(((later["score"] - later["label"]) ** 2).mean())
    values, held = [], 0
    for seed in range(30):
        bought = buy.to_buy(incident, 150, seed=seed).rows
        assert 130 <= len(bought) <= 175
        assert bought[buy.WEIGHT].sum() == pytest.approx(len(later))
        bought["label"] = bought["id"].map(truth)
        found = buy.estimated(incident, bought)
        values.append(found.value)
        held += found.low <= whole <= found.high
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    assert abs(np.mean(values) - whole) < 3 * error
    assert held >= 25
    alone = np.std([(later["score"] - later["label"]).pow(2).sample(150, random_state=n).mean() for n in range(200)])
    assert np.std(values) < 1.1 * alone


def test_a_list_without_labels_is_refused(tmp_path: Path, later: pd.DataFrame) -> None:
    incident = shop(tmp_path, later.assign(label=np.nan))
    assert incident.answer is Answer.SCORE
    bought = buy.to_buy(incident, 50).rows
    with pytest.raises(BadInput, match="no labels yet"):
        buy.estimated(incident, bought)
    with pytest.raises(BadInput, match="lacks the columns"):
        buy.estimated(incident, bought.drop(columns=buy.WEIGHT))
    with pytest.raises(NotApplicable, match="has its label"):
        buy.to_buy(shop(tmp_path / "whole", later), 50)
