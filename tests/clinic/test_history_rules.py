"""Each problem is told from curves that show it, whatever their scale, and healthy runs are left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diagnostics.clinic.training_history import sentences
from diagnostics.clinic.training_history.check import BY_CODE, RULES
from diagnostics.clinic.training_history.diagnosis import diagnose, problems
from diagnostics.clinic.training_history.reading.recorder import from_entries
from diagnostics.nouns.words import Words

EPOCHS = np.arange(1, 61)


def first(seed: int = 0, *, scale: float = 1.0, layers: Any = None, **curves: Any) -> str:
    """Code of the first problem, "" for none. curves: loss, val_loss, score, val_score, learning_rate, a value an epoch."""
    rng = np.random.default_rng(seed)
    n = len(curves["loss"])
    entries = []
    for place in range(n):
        entry = {"epoch": place + 1, **{name: float(values[place]) for name, values in curves.items()}}
        for name in ("loss", "val_loss"):
            if name in entry:
                entry[name] *= scale * (1 + 0.004 * rng.standard_normal())
        if layers is not None:
            entry["layers"] = [{"name": f"layer {i}", **{key: values[i] for key, values in layers.items()}} for i in range(4)]
        entries.append(entry)
    found = problems(from_entries("run", entries))
    for problem in found:
        assert problem.code in BY_CODE
        assert Words().sentence(problem.says, problem.numbers)
        assert 1 <= problem.epoch <= problem.until <= n
    return found[0].code if found else ""


def falling(n: int = 60, *, start: float = 1.0, end: float = 0.2, pace: float = 8.0) -> np.ndarray:
    return end + (start - end) * np.exp(-np.arange(n) / pace)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_a_healthy_run_is_left_alone(scale: float) -> None:
    loss = falling()
    assert first(loss=loss, val_loss=loss * 1.05 + 0.02, scale=scale) == ""
    assert first(loss=loss, scale=scale) == ""


def test_warm_up_restarts_and_a_plateau_are_healthy() -> None:
    warm = np.concatenate([[1.02, 1.0, 0.95], falling(57, start=0.9)])
    assert first(loss=warm, val_loss=warm * 1.04 + 0.01) == ""
    restarts = falling(60, pace=10) + np.where(EPOCHS % 20 < 3, 0.04, 0.0)
    assert first(loss=restarts, val_loss=restarts * 1.05) == ""
    plateau = falling(300, pace=15)
    assert first(loss=plateau, val_loss=plateau * 1.1) == ""


def test_a_few_epochs_of_patience_are_healthy() -> None:
    loss = falling(40)
    held = loss * 1.05 + 0.02
    held[-5:] += np.linspace(0.005, 0.02, 5)
    assert first(loss=loss, val_loss=held) == ""


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_overfitting(scale: float) -> None:
    loss = falling(end=0.01, pace=12)
    held = falling(end=0.4, pace=5) + np.clip(np.arange(60) - 15, 0, None) * 0.012
    assert first(loss=loss, val_loss=held, scale=scale) == "overfitting"


def test_the_epoch_of_overfitting_is_where_the_validation_loss_turns() -> None:
    loss = falling(end=0.01, pace=12)
    held = falling(end=0.4, pace=5) + np.clip(np.arange(60) - 20, 0, None) * 0.012
    entries = [{"epoch": i + 1, "loss": loss[i], "val_loss": held[i]} for i in range(60)]
    assert abs(problems(from_entries("run", entries))[0].epoch - 21) <= 4


def test_underfitting() -> None:
    loss = falling(start=1.0, end=0.9, pace=3)
    score = 0.3 + 0.15 * (1 - np.exp(-np.arange(60) / 3))
    assert first(loss=loss, val_loss=loss * 1.01, score=score, val_score=score - 0.01) == "underfitting"


def test_a_loss_that_never_leaves_chance_is_said_with_less_confidence() -> None:
    loss, score = np.full(40, np.log(10)), np.full(40, 0.1)
    entries = [{"epoch": i + 1, "loss": loss[i] + 1e-3 * (-1) ** i, "score": score[i]} for i in range(40)]
    found = problems(from_entries("run", entries))
    assert {"vanishing_gradient", "dead_units"} <= {problem.code for problem in found}
    assert found[0].confidence < 0.75


def test_vanishing_gradients_that_were_recorded() -> None:
    layers = {"gradient": [1e-7, 1e-5, 1e-3, 0.1], "ratio": [1e-8, 1e-6, 1e-4, 1e-3], "dead": [0.0] * 4}
    assert first(loss=np.full(30, 0.69), layers=layers) == "vanishing_gradient"


def test_dead_units_that_were_recorded() -> None:
    layers = {"gradient": [0.0] * 4, "ratio": [0.0] * 4, "dead": [1.0, 1.0, 0.97, 0.9]}
    assert first(loss=np.full(30, 0.69), layers=layers) == "dead_units"


@pytest.mark.parametrize("last", [float("nan"), float("inf"), 1e30])
def test_divergence(last: float) -> None:
    loss = falling(20)
    loss[15:] = [3, 400, 1e6, last, last]
    history = from_entries("run", [{"epoch": i + 1, "loss": value, "val_loss": value} for i, value in enumerate(loss)])
    found = diagnose(history)
    assert [problem.code for problem in found.problems] == ["exploding_gradient", "learning_rate_too_high"]
    assert found.unsure == ("exploding_gradient", "learning_rate_too_high")


def test_divergence_with_a_large_rate_is_the_rates_fault() -> None:
    loss = np.array([2.3, 9.0, 400.0, 1e9, np.nan, np.nan])
    assert first(loss=loss, learning_rate=np.full(6, 1.0)) == "learning_rate_too_high"


def test_a_rate_that_is_too_high() -> None:
    rng = np.random.default_rng(1)
    loss = 1.2 + 0.4 * np.abs(rng.standard_normal(50))
    run = from_entries("run", [{"epoch": i + 1, "loss": loss[i], "val_loss": loss[-1 - i]} for i in range(50)])
    assert {problem.code for problem in problems(run)} == {"learning_rate_too_high", "unstable_training"}


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_a_rate_that_is_too_low(scale: float) -> None:
    loss = np.linspace(1.0, 0.8, 60)
    assert first(loss=loss, val_loss=loss * 1.01, scale=scale) == "learning_rate_too_low"


def test_steps_that_move_nothing_are_too_small_whatever_the_shape() -> None:
    layers = {"gradient": [0.4] * 4, "ratio": [1e-6] * 4, "dead": [0.0] * 4}
    assert first(loss=np.linspace(1.0, 0.97, 60), layers=layers) == "learning_rate_too_low"


def test_instability() -> None:
    rng = np.random.default_rng(2)
    loss = falling(60, end=0.2) + 0.15 * (EPOCHS % 3 == 0) * (1 + rng.random(60))
    assert first(loss=loss, val_loss=loss * 1.1) == "unstable_training"


def test_a_run_that_was_cut_off() -> None:
    loss = falling(8, end=0.05, pace=10)
    assert first(loss=loss, val_loss=loss * 1.03) == "stopped_too_early"


def test_a_run_that_ended_by_its_schedule_was_not_cut_off() -> None:
    loss = falling(20, end=0.3, pace=10)
    rate = np.linspace(1e-3, 1e-6, 20)
    assert first(loss=loss, val_loss=loss * 1.03, learning_rate=rate) == ""


@pytest.mark.parametrize("n", [1, 2, 3])
def test_too_few_points_say_nothing_wrong(n: int) -> None:
    assert first(loss=np.full(n, 0.5)) == ""


def test_every_code_of_the_contract_has_a_rule() -> None:
    assert len(BY_CODE) == len(RULES) == 12


def test_a_loss_and_a_score_that_lie_still_are_dead_units_or_a_vanished_gradient() -> None:
    rng = np.random.default_rng(3)
    loss = np.log(5) * (1 + 5e-4 * rng.standard_normal(40))
    held = np.full(40, np.log(5)) * (1 + 2e-5 * rng.standard_normal(40))
    entries = [{"epoch": i + 1, "loss": loss[i], "val_loss": held[i], "score": 0.2, "val_score": 0.21} for i in range(40)]
    found = problems(from_entries("run", entries))
    assert {problem.code for problem in found} == {"dead_units", "vanishing_gradient"}


@pytest.mark.parametrize(("noise", "code"), [(0.0005, "exploding_gradient"), (0.03, "learning_rate_too_high")])
def test_what_follows_a_burst_at_the_start_tells_its_cause(noise: float, code: str) -> None:
    rng = np.random.default_rng(4)
    loss = np.log(5) * (1 + noise * rng.standard_normal(30))
    loss[0] = 1e5
    entries = [{"epoch": i + 1, "loss": loss[i], "val_loss": loss[i], "score": 0.2, "val_score": 0.2} for i in range(30)]
    assert problems(from_entries("run", entries))[0].code == code


def test_three_epochs_that_still_fall_were_too_few() -> None:
    assert first(loss=[1.6, 1.28, 1.16], val_loss=[1.43, 1.24, 1.15]) == "stopped_too_early"


@pytest.mark.parametrize("unit", ["epoch", "step", "round"])
def test_sentences_count_as_the_file_does(unit: str) -> None:
    assert f" {unit} {{" in sentences.CUT.spoken(unit)
