"""Symptoms say what can be seen, the tables how likely each problem is, and neither overrules what is visible."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diagnostics.clinic.training_history.check import BY_CODE
from diagnostics.clinic.training_history.diagnosis import diagnose, problems
from diagnostics.clinic.training_history.history import History
from diagnostics.clinic.training_history.points import HEALTHY, KINDS, chances, kind_of, tables
from diagnostics.clinic.training_history.reading.documents import from_document
from diagnostics.clinic.training_history.reading.recorder import from_entries
from diagnostics.clinic.training_history.signs import measured
from diagnostics.clinic.training_history.symptoms import MISMATCHES, SYMPTOMS, examine
from diagnostics.nouns.words import Words

N = np.arange(40)
FALLING = 0.2 + 0.8 * np.exp(-N / 8)
RISING = 0.4 + 0.6 * np.exp(-N / 5) + np.clip(N - 12, 0, None) * 0.02
FLAT = np.full(40, 0.6931)
ONES = np.ones(40)


def run(**curves: Any) -> History:
    layers = curves.pop("layers", None)
    count = len(next(iter(curves.values())))
    recorded = {} if layers is None else {"layers": layers}
    entries = [{"epoch": i + 1, **recorded, **{name: float(values[i]) for name, values in curves.items()}} for i in range(count)]
    return from_entries("run", entries)


def first(**curves: Any) -> str:
    found = problems(run(**curves))
    return found[0].code if found else ""


@pytest.mark.parametrize("kind", KINDS)
def test_the_tables_know_every_problem_of_the_contract(kind: str) -> None:
    known = tables()[kind]
    assert {*known.codes} == {HEALTHY, *(symptom.code for symptom in SYMPTOMS)}
    assert set(known.symptoms) == {symptom.name for symptom in SYMPTOMS}
    for name, cuts in known.cuts.items():
        assert (np.diff(cuts) > 0).all(), name
        assert known.points[name].shape == (len(cuts) + 2, len(known.codes))


def test_there_is_a_table_for_what_a_file_holds() -> None:
    layers = [{"name": "a", "gradient": 0.1}]
    assert kind_of(run(loss=FALLING)) == "alone"
    assert kind_of(run(loss=FALLING, val_loss=FALLING)) == "losses"
    assert kind_of(run(loss=FALLING, learning_rate=0.01 * ONES)) == "rate"
    assert kind_of(run(loss=FALLING, learning_rate=0.01 * ONES, layers=layers)) == "layers"


@pytest.mark.parametrize("found", [{}, {"drop": 0.9, "gap": 0.4}, {"drop": -1e300, "high_rate": 1e300}])
def test_chances_are_shares_in_order_whatever_is_there(found: dict[str, float]) -> None:
    shares = list(chances(found, (), tables()["losses"]).values())
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("scale", [1e-4, 1e4])
def test_signs_do_not_change_with_the_unit_of_the_loss(scale: float) -> None:
    def of(factor: float) -> Mapping[str, float]:
        examined = examine(run(loss=FALLING * factor, val_loss=RISING * factor, learning_rate=0.01 * ONES))
        found = measured(examined.history, examined.signs, examined.layers)
        return {name: value for name, value in found.items() if name not in ("near_chance", "above")}

    assert of(1.0) == pytest.approx(of(scale), rel=1e-6, abs=1e-9)


def test_what_a_file_does_not_hold_is_left_out() -> None:
    examined = examine(run(loss=FALLING))
    found = measured(examined.history, examined.signs, examined.layers)
    assert not {"high_rate", "span", "score", "entropy", "dead"} & set(found)
    assert all(np.isfinite(value) for value in found.values())


SHOWN = {
    "loss_is_lost": {"loss": np.r_[FALLING[:20], [np.nan] * 20]},
    "loss_grew_without_bound": {"loss": np.r_[FALLING[:20], np.full(20, 500.0)]},
    "gradient_is_lost": {"loss": FALLING, "layers": [{"name": "a", "gradient": float("inf")}]},
    "gradients_in_thousands": {"loss": FLAT, "layers": [{"name": "a", "gradient": 5000.0}]},
    "began_far_and_stays": {"loss": np.r_[900.0, FALLING[1:]]},
    "loss_peaks": {"loss": np.r_[FALLING[:20], 60.0, FALLING[21:]]},
    "loss_leaps": {"loss": FALLING + 0.2 * (N % 3 == 0)},
    "loss_leaps_and_learns_nothing": {"loss": 1.0 + 0.4 * (N % 3 == 1)},
    "training_loss_rises": {"loss": 0.5 + 0.02 * N},
    "first_steps_threw_it_off": {"loss": np.r_[50.0, 1 + FALLING[1:]]},
    "first_steps_threw_it_off_for_good": {"loss": np.r_[50.0, FLAT[1:]]},
    "updates_overthrow_the_weights": {"loss": FALLING, "layers": [{"name": "a", "gradient": 0.1, "ratio": 0.4}]},
    "loss_jumps_while_it_falls": {"loss": FALLING + 0.2 * (N % 3 == 0)},
    "loss_jumps_again_and_again": {"loss": FALLING + 0.2 * (N % 3 == 0)},
    "validation_loss_swings": {"loss": FALLING + 0.2 * (N % 3 == 0), "val_loss": FALLING + 0.4 * (N % 3 == 0)},
    "gradient_is_zero": {"loss": FLAT, "gradient": 0 * ONES},
    "units_are_silent": {"loss": FALLING, "layers": [{"name": "a", "gradient": 0.1, "dead": 0.6}]},
    "units_are_silent_and_nothing_is_learnt": {"loss": FLAT, "layers": [{"name": "a", "gradient": 0.1, "dead": 1.0}]},
    "first_layer_gets_little": {"loss": FALLING, "layers": [{"name": "a", "gradient": 0.1}, {"name": "b", "gradient": 1.0}]},
    "first_layer_gets_nothing": {"loss": FLAT, "layers": [{"name": "a", "gradient": 1e-6}, {"name": "b", "gradient": 1.0}]},
    "gradient_is_tiny": {"loss": FLAT, "gradient": 1e-6 * ONES},
    "loss_stands_still": {"loss": FLAT + 1e-3 * (N % 2)},
    "loss_never_leaves_chance": {"loss": FLAT + 1e-4 * (N % 2)},
    "loss_creeps": {"loss": FALLING},
    "loss_creeps_evenly": {"loss": 1 - 0.005 * N},
    "loss_falls_in_a_straight_line": {"loss": 1 - 0.005 * N},
    "updates_are_tiny": {"loss": 1 - 0.005 * N, "layers": [{"name": "a", "gradient": 0.1, "ratio": 1e-6}]},
    "loss_still_falls": {"loss": 1 - 0.02 * N},
    "loss_falls_fast_at_the_end": {"loss": 1 - 0.05 * N[:12]},
    "validation_loss_rises": {"loss": FALLING, "val_loss": RISING},
    "validation_loss_is_above_its_lowest": {"loss": FALLING, "val_loss": RISING},
    "validation_loss_stays_behind": {"loss": FALLING, "val_loss": 0.6 + 0.4 * np.exp(-N / 3)},
    "loss_stays_high": {"loss": 0.8 + 0.2 * np.exp(-N / 2)},
    "score_stays_low": {"loss": 0.8 + 0.2 * np.exp(-N / 2), "score": 0.3 + 0.05 * (1 - np.exp(-N / 2))},
    "loss_fell_back": {"loss": 1 - 0.3 * np.exp(-(((N - 5) / 4.0) ** 2))},
    "only_validation_is_lost": {"loss": FALLING, "val_loss": np.nan * ONES},
    "loss_is_zero_and_score_poor": {"loss": 0 * ONES, "score": 0 * ONES},
    "score_never_moves": {"loss": FALLING, "score": 0.95 * ONES},
}


def test_every_symptom_is_shown_by_a_run() -> None:
    assert set(SHOWN) == {symptom.test.__name__ for symptom in (*SYMPTOMS, *MISMATCHES)}


@pytest.mark.parametrize("name", SHOWN)
def test_a_symptom_is_said_with_its_numbers_where_it_is_there_and_not_of_a_healthy_run(name: str) -> None:
    shown = examine(run(**SHOWN[name]))
    calm = examine(run(loss=FALLING, val_loss=FALLING * 1.02))
    for symptom in (*SYMPTOMS, *MISMATCHES):
        if symptom.test.__name__ != name:
            continue
        problem = symptom.problem(shown, 0.5)
        assert problem is not None
        assert problem.code in BY_CODE
        assert 1 <= problem.epoch <= problem.until <= 40
        assert "{" not in Words().sentence(problem.says, problem.numbers)
        if name not in ("loss_creeps", "loss_still_falls"):
            assert symptom.problem(calm, 0.5) is None


@pytest.mark.parametrize("points", [7, 10, 15, 40, 300])
def test_overfitting_that_can_be_seen_is_named_at_any_length(points: int) -> None:
    x = np.linspace(0, 1, points)
    assert first(loss=0.7 * np.exp(-3 * x), val_loss=1.0 - 1.2 * x * np.exp(-4 * x) + 0.8 * x**2) == "overfitting"


@pytest.mark.parametrize("scale", [1e-3, 1e9])
def test_and_in_any_unit(scale: float) -> None:
    assert first(loss=scale * FALLING, val_loss=scale * RISING) == "overfitting"


@pytest.mark.parametrize("extra", [{}, {"score": 0.5 * ONES}, {"learning_rate": 0.01 * ONES}])
def test_gradients_of_zero_under_a_flat_loss_are_never_healthy(extra: dict[str, Any]) -> None:
    assert first(loss=FLAT, gradient=0 * ONES, **extra) in ("dead_units", "vanishing_gradient")


def test_nobody_is_told_to_train_longer_while_the_validation_loss_rises() -> None:
    slow = 1 - 0.02 * N
    found = {problem.code for problem in problems(run(loss=slow, val_loss=0.9 + 0.005 * N))}
    assert not found & {"stopped_too_early", "learning_rate_too_low"}


def test_nobody_is_told_to_raise_the_rate_while_gradients_are_in_the_thousands() -> None:
    found = {problem.code for problem in problems(run(loss=1 - 0.005 * N, gradient=4e3 * ONES))}
    assert found
    assert "learning_rate_too_low" not in found
    assert "learning_rate_too_low" in {problem.code for problem in problems(run(loss=1 - 0.005 * N, gradient=ONES))}


def test_which_curve_holds_the_nan_decides() -> None:
    assert first(loss=FALLING, val_loss=np.r_[FALLING[:3], [np.nan] * 37]) == "broken_validation_loss"
    assert first(loss=np.r_[FALLING[:3], [np.nan] * 37], val_loss=FALLING) in ("exploding_gradient", "learning_rate_too_high")
    assert first(loss=np.nan * ONES) in ("exploding_gradient", "learning_rate_too_high")


def test_a_negative_loss_that_falls_is_healthy_and_one_that_climbs_is_not() -> None:
    assert first(loss=FALLING - 2.0, val_loss=FALLING - 1.98) == ""
    assert first(loss=-2.0 + 0.05 * N) == "learning_rate_too_high"


@pytest.mark.parametrize("setting", ["adversarial", "reinforcement"])
def test_losses_that_need_not_fall_are_not_accused_unless_they_break(setting: str) -> None:
    wild = 1.0 + 0.5 * (N % 3 == 0) + 0.02 * N
    assert diagnose(replace(run(loss=wild, val_loss=wild), setting=setting)).problems == ()
    assert diagnose(replace(run(loss=np.r_[wild[:30], [np.nan] * 10]), setting=setting)).problems


@pytest.mark.parametrize("losses", [[0.41, 0.25], [0.5], [0.42, 0.3, 0.27]])
def test_fine_tuning_of_a_few_epochs_is_not_accused(losses: list[float]) -> None:
    rates = np.linspace(2e-5, 0.0, len(losses))
    assert first(loss=losses, val_loss=np.array(losses) * 0.9 + 0.05, learning_rate=rates) == ""


def test_noise_of_small_batches_in_a_log_by_the_step_is_not_accused() -> None:
    rng = np.random.default_rng(1)
    lines = [{"epoch": i / 20, "step": 10 * i, "loss": 0.7 * np.exp(-i / 40) + 0.12 * rng.random()} for i in range(1, 61)]
    lines += [{"epoch": float(i), "step": 200 * i, "eval_loss": value} for i, value in ((1, 0.55), (2, 0.42), (3, 0.36))]
    file = json.dumps({"log_history": sorted(lines, key=lambda line: line["step"])})
    (history,) = from_document(Path("trainer_state.json"), json.loads(file))
    assert "unstable_training" not in {problem.code for problem in problems(history)}


def test_where_two_are_equally_likely_both_are_named_and_it_is_said() -> None:
    found = diagnose(run(loss=FLAT + 1e-4 * (N % 2), score=0.5 * ONES + 0.01 * (N % 3)))
    assert {problem.code for problem in found.problems[:2]} == {"dead_units", "vanishing_gradient"}
    assert all(0 < problem.confidence <= found.problems[0].confidence for problem in found.problems)
