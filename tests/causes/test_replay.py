from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.causes.catalogue import UNIT_CHANGE
from diagnostics.causes.hypothesis import Case, Hypothesis
from diagnostics.causes.proof.replay import replay
from diagnostics.measure.outcome import outcome
from diagnostics.measure.samples import samples
from diagnostics.measure.surrogate import fit
from diagnostics.measure.undo import Undo
from diagnostics.nouns.incident import Incident
from tests.factory import incident_of


def scored(rng: np.random.Generator, rows: int, start: str) -> pd.DataFrame:
    """Rows whose answers come from the true relation, with labels drawn from it."""
    frame = pd.DataFrame(
        {
            "when": pd.date_range(start, periods=rows, freq="h"),
            "income": rng.normal(40, 10, rows),
            "age": rng.normal(45, 12, rows),
        }
    )
    frame["score"] = answer(frame)
    frame["churn"] = (rng.random(rows) < frame["score"]).astype(int)
    return frame


def answer(frame: pd.DataFrame) -> pd.Series:
    return 1 / (1 + np.exp(-0.25 * (frame["income"] - 40) - 0.02 * (frame["age"] - 45)))


def broken(tmp_path: Path, rng: np.random.Generator, *, labels: bool = True) -> Incident:
    reference, current = scored(rng, 2000, "2026-01-01"), scored(rng, 2000, "2026-05-01")
    current.loc[1000:, "income"] *= 1000
    current["score"] = answer(current)
    if not labels:
        current = current.drop(columns="churn")
    return incident_of(tmp_path, reference, current, target="churn", prediction="score", timestamp="when", positive="1")


def case_of(incident: Incident) -> Case:
    drawn = samples(incident)
    known = outcome(incident, drawn)
    return Case(incident=incident, checks=(), findings=(), samples=drawn, outcome=known, surrogate=fit(drawn, known, seed=0))


def divide(ratio: float) -> Hypothesis:
    def undo(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(income=frame["income"] / ratio)

    return Hypothesis(
        kind=UNIT_CHANGE,
        strength=0.9,
        says="",
        remedy="",
        since=pd.Timestamp("2026-05-01T00:00") + pd.Timedelta(hours=1000),
        undo=Undo(repair=undo),
    )


@pytest.mark.parametrize("labels", [True, False])
def test_the_right_undo_wins_back_what_was_lost(tmp_path: Path, rng: np.random.Generator, labels: bool) -> None:
    replayed = replay(case_of(broken(tmp_path, rng, labels=labels)), divide(1000))
    assert replayed is not None
    assert replayed.lost
    assert replayed.explains > 0.85


def test_the_wrong_undo_wins_back_little(tmp_path: Path, rng: np.random.Generator) -> None:
    replayed = replay(case_of(broken(tmp_path, rng)), divide(3))
    assert replayed is not None
    assert replayed.explains < 0.1


def test_without_a_loss_the_share_means_nothing(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = scored(rng, 2000, "2026-01-01"), scored(rng, 2000, "2026-05-01")
    incident = incident_of(tmp_path, reference, current, target="churn", prediction="score", timestamp="when", positive="1")
    same = Hypothesis(kind=UNIT_CHANGE, strength=0.9, says="", remedy="", undo=Undo(repair=lambda frame: frame))
    replayed = replay(case_of(incident), same)
    assert replayed is not None
    assert not replayed.lost
