from __future__ import annotations

import numpy as np
import pytest

from diagnostics.measure.distances import cramers_v, jensen_shannon, ks_binned, psi, shares, wasserstein


def test_equal_histograms_are_at_distance_0() -> None:
    counts = [10, 20, 30]
    assert psi(counts, counts) == 0
    assert jensen_shannon(counts, counts) == pytest.approx(0)
    assert ks_binned(counts, counts) == 0
    assert cramers_v(counts, counts)[0] == 0


def test_disjoint_histograms_are_far_apart() -> None:
    assert psi([100, 0], [0, 100]) > 1
    assert jensen_shannon([100, 0], [0, 100]) == pytest.approx(1)
    assert ks_binned([100, 0], [0, 100]) == 1
    assert cramers_v([100, 0], [0, 100])[0] > 0.9


def test_small_samples_of_one_population_hardly_alarm(rng: np.random.Generator) -> None:
    found = [psi(rng.multinomial(200, [0.1] * 10), rng.multinomial(200, [0.1] * 10)) for _ in range(300)]
    assert np.mean(np.array(found) > 0.1) < 0.05


def test_nothing_is_at_distance_0_from_anything() -> None:
    assert psi([], []) == jensen_shannon([0, 0], [1, 2]) == ks_binned([0, 0], [1, 2]) == 0
    assert wasserstein(np.array([np.nan]), np.array([1.0])) == 0
    assert cramers_v([0, 0], [1, 2]) == (0.0, 1.0)


def test_a_shift_is_measured_in_standard_deviations(rng: np.random.Generator) -> None:
    values = rng.normal(0, 5, 4000)
    assert wasserstein(values, values + 5) == pytest.approx(1, abs=0.05)


def test_shares_sum_to_1() -> None:
    assert shares([0, 0, 5]).sum() == pytest.approx(1)
