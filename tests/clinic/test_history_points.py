"""The scoring table: chances of all problems from all signs, named only where their sentence holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diagnostics.clinic.training_history import stated as statements
from diagnostics.clinic.training_history.check import BY_CODE
from diagnostics.clinic.training_history.history import History
from diagnostics.clinic.training_history.layers import depths
from diagnostics.clinic.training_history.measures import measures
from diagnostics.clinic.training_history.points import HEALTHY, chances, table
from diagnostics.clinic.training_history.recorder import from_entries
from diagnostics.clinic.training_history.rules import by_rules, problems
from diagnostics.clinic.training_history.signs import signs
from diagnostics.nouns.words import Words

N = np.arange(40)
FALLING = 0.2 + 0.8 * np.exp(-N / 8)
RISING = 0.4 + 0.6 * np.exp(-N / 5) + np.clip(N - 12, 0, None) * 0.02


def run(**curves: Any) -> History:
    layers = curves.pop("layers", None)
    count = len(next(iter(curves.values())))
    told = {} if layers is None else {"layers": layers}
    entries = [{"epoch": i + 1, **told, **{name: float(values[i]) for name, values in curves.items()}} for i in range(count)]
    return from_entries("run", entries)


def test_the_table_knows_every_problem_of_the_contract() -> None:
    known = table()
    assert set(known.codes) == {*BY_CODE, HEALTHY} == set(known.rules)
    for name, cuts in known.cuts.items():
        assert (np.diff(cuts) > 0).all(), name
        assert known.points[name].shape == (len(cuts) + 2, len(known.codes))


@pytest.mark.parametrize("measured", [{}, {"drop": 0.9, "gap": 0.4}, {"drop": -1e300, "high_rate": 1e300}])
def test_chances_are_shares_in_order_whatever_is_told(measured: dict[str, float]) -> None:
    found = list(chances(measured, {}).values())
    assert sum(found) == pytest.approx(1)
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("scale", [1e-4, 1e4])
def test_measures_do_not_change_with_the_unit_of_the_loss(scale: float) -> None:
    def of(factor: float) -> dict[str, float]:
        history = run(loss=FALLING * factor, val_loss=RISING * factor, learning_rate=np.full(40, 0.01))
        found = measures(history, signs(history), depths(history))
        return {name: value for name, value in found.items() if name not in ("near_chance", "above")}

    assert of(1.0) == pytest.approx(of(scale), rel=1e-6, abs=1e-9)


def test_what_a_file_does_not_tell_is_left_out() -> None:
    history = run(loss=FALLING)
    found = measures(history, signs(history), depths(history))
    assert not {"high_rate", "span", "score", "entropy", "dead"} & set(found)
    assert all(np.isfinite(value) for value in found.values())


@pytest.mark.parametrize(
    ("code", "curves"),
    [
        ("overfitting", {"loss": FALLING, "val_loss": RISING}),
        ("underfitting", {"loss": 0.8 + 0.2 * np.exp(-N / 2)}),
        ("learning_rate_too_low", {"loss": 1 - 0.005 * N}),
        ("stopped_too_early", {"loss": 1 - 0.02 * N}),
        ("dead_units", {"loss": np.full(40, 0.69) + 1e-4 * (N % 2)}),
        ("vanishing_gradient", {"loss": np.full(40, 0.69) + 1e-4 * (N % 2)}),
        ("dead_units", {"loss": FALLING, "layers": [{"name": "a", "gradient": 0.1, "dead": 0.6}] * 1}),
        ("vanishing_gradient", {"loss": FALLING, "layers": [{"name": "a", "gradient": 0.1}, {"name": "b", "gradient": 1.0}]}),
        ("exploding_gradient", {"loss": np.r_[900.0, FALLING[1:]]}),
        ("exploding_gradient", {"loss": np.r_[FALLING[:20], np.full(20, 60.0)]}),
        ("unstable_training", {"loss": FALLING + 0.2 * (N % 3 == 0)}),
        ("learning_rate_too_high", {"loss": FALLING + 0.2 * (N % 3 == 0)}),
        ("learning_rate_too_high", {"loss": np.r_[50.0, 1 + FALLING[1:]]}),
        ("learning_rate_too_high", {"loss": FALLING, "layers": [{"name": "a", "gradient": 0.1, "ratio": 0.4}]}),
    ],
)
def test_a_problem_that_no_rule_named_is_stated_with_its_facts(code: str, curves: dict[str, Any]) -> None:
    history = run(**curves)
    found = statements.stated(code, history, signs(history), depths(history))
    assert found is not None
    assert found.code == code
    assert 1 <= found.epoch <= found.until <= 40
    assert Words().sentence(found.says, found.evidence)


@pytest.mark.parametrize("code", sorted(set(BY_CODE) - {"stopped_too_early", "learning_rate_too_low"}))
def test_a_problem_without_anything_to_show_is_not_stated(code: str) -> None:
    history = run(loss=FALLING, val_loss=FALLING * 1.02)
    assert statements.stated(code, history, signs(history), depths(history)) is None


def test_a_run_unlike_all_that_were_fitted_to_is_left_to_the_rules() -> None:
    broke = run(loss=np.r_[FALLING[:20], 3.0, 400.0, 1e6, np.nan, np.nan])
    assert problems(broke) == by_rules(broke)
    short = run(loss=FALLING[:3])
    assert problems(short) == by_rules(short)
