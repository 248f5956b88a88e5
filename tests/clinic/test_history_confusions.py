"""Problems that are easily taken for each other: what tells them apart, with a run on either side."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from diagnostics.clinic.training_history.diagnosis import problems
from diagnostics.clinic.training_history.reading import columns
from diagnostics.clinic.training_history.reading.recorder import from_entries
from tests.clinic.test_history_rules import falling, first

N = np.arange(60)


def noise(n: int = 60, *, seed: int = 5, size: float = 0.06) -> np.ndarray:
    return size * np.random.default_rng(seed).standard_normal(n)


def test_noise_that_the_held_out_loss_does_not_follow_is_the_batches() -> None:
    loss, held = falling(end=0.5), falling(end=0.5) * 1.02
    assert first(loss=loss + 0.08 * (N % 3 == 0), val_loss=held) == ""
    assert first(loss=loss + 0.08 * (N % 3 == 0), val_loss=held + 0.1 * (N % 3 == 0)) == "unstable_training"


def test_a_regression_whose_units_are_dead_is_told_beside_noisy_batches() -> None:
    still = np.full(60, 1.08) * (1 + 1e-5 * noise(size=1.0))
    entries = {"loss": 1.0 + noise(size=0.02), "val_loss": still}
    assert first_exact(**entries) in ("dead_units", "vanishing_gradient")


def first_exact(**curves: np.ndarray) -> str:
    """As `first`, with nothing added to the curves."""
    entries = [{"epoch": i + 1, **{name: float(values[i]) for name, values in curves.items()}} for i in range(len(N))]
    found = problems(from_entries("run", entries))
    return found[0].code if found else ""


@pytest.mark.parametrize(("burst", "code"), [(60.0, "learning_rate_too_high"), (2.0, "")])
def test_a_first_loss_far_above_all_that_follow(burst: float, code: str) -> None:
    """It means too long steps where what follows guesses; where it goes on to learn it is a start like many."""
    stuck = np.log(3) * (1 + noise(size=0.012))
    stuck[0] = burst
    learnt = falling(start=1.1, end=0.1)
    learnt[0] = burst
    curves = (
        {"loss": stuck, "val_loss": stuck * 1.01, "score": np.full(60, 0.35) + noise(size=0.01)}
        if code
        else {
            "loss": learnt,
            "val_loss": learnt * 1.05,
        }
    )
    assert first(**curves) == code


def test_jumps_after_a_burst_are_measured_by_what_follows() -> None:
    loss = falling(start=1.0, end=0.3) + 0.25 * (N % 3 == 0) * (N > 0)
    loss[0] = 8.0
    entries = [{"epoch": i + 1, "loss": value, "val_loss": value * 1.05} for i, value in enumerate(loss)]
    assert problems(from_entries("run", entries))[0].code in ("unstable_training", "learning_rate_too_high")


@pytest.mark.parametrize(("n", "code"), [(60, "learning_rate_too_low"), (14, "stopped_too_early")])
def test_a_run_that_still_falls_was_slow_if_long_and_cut_off_if_short(n: int, code: str) -> None:
    loss = 1.0 - 0.45 * np.arange(n) / n
    assert first(loss=loss, val_loss=loss * 1.02) == code


def test_a_long_run_that_left_a_plateau_is_not_slow() -> None:
    loss = 0.2 + 0.6 / (1 + np.exp((N - 30) / 5))
    assert first(loss=loss, val_loss=loss * 1.03) == ""


def test_a_long_run_that_learnt_well_is_not_slow_though_its_loss_still_falls() -> None:
    n = np.arange(115)
    loss = 0.48 + 0.42 * np.exp(-n / 4) + 0.22 / (1 + np.exp((n - 80) / 12))
    score = 0.5 + 0.25 / (1 + np.exp((80 - n) / 12))
    assert first(loss=loss, val_loss=loss * 1.02, score=score, val_score=score) == ""


def test_overfitting_weighs_more_than_noise() -> None:
    loss = falling(end=0.01, pace=12) + 0.05 * (N % 4 == 0)
    held = 0.4 + 0.6 * np.exp(-N / 4) + np.clip(N - 15, 0, None) * 0.02
    assert first(loss=loss, val_loss=held) == "overfitting"


def test_layers_that_were_recorded_rule_out_what_they_do_not_show() -> None:
    def layers(gradients: tuple[float, ...], dead: tuple[float, ...]) -> list[dict[str, float | str]]:
        return [
            {"name": f"layer {i}", "gradient": g, "ratio": 0.01, "dead": d}
            for i, (g, d) in enumerate(zip(gradients, dead, strict=True))
        ]

    def codes(recorded: list[dict[str, float | str]]) -> set[str]:
        entries = [{"epoch": i + 1, "loss": 0.69, "layers": recorded} for i in range(30)]
        return {problem.code for problem in problems(from_entries("run", entries))}

    dead = codes(layers((0.5, 0.5, 0.5), (1.0, 0.9, 0.0)))
    assert "dead_units" in dead
    assert "vanishing_gradient" not in dead
    vanished = codes(layers((1e-6, 1e-3, 0.5), (0.0, 0.0, 0.0)))
    assert "vanishing_gradient" in vanished
    assert "dead_units" not in vanished


def test_one_answer_for_every_row_is_no_lack_of_room() -> None:
    loss = 0.66 + 0.03 * np.exp(-N / 6)
    score = np.full(60, 0.64)
    score[0] = 0.52
    told = first(loss=loss, val_loss=loss + 0.01, score=score, val_score=score)
    assert told in ("vanishing_gradient", "dead_units", "class_imbalance")
    better = 0.52 + 0.12 * (1 - np.exp(-N / 6)) + noise(size=0.004)
    assert first(loss=loss, val_loss=loss + 0.01, score=better, val_score=better) not in ("vanishing_gradient", "dead_units")


def recorder(name: str) -> ModuleType:
    file = Path(columns.__file__).parent.parent / "recorders" / f"{name}_recorder.py"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_keras_recorder_takes_no_error_for_a_score() -> None:
    told = recorder("keras").from_logs({"loss": 1.0, "mean_absolute_error": 0.3, "accuracy": 0.9, "val_accuracy": 0.8})
    assert (told["score"], told["val_score"]) == (0.9, 0.8)
    assert recorder("keras").from_logs({"loss": 1.0, "mae": 0.3, "val_mae": 0.4})["score"] is None
