from __future__ import annotations

import numpy as np
import pytest

from diagnostics.nouns.intervals import Interval, benjamini_hochberg, bootstrap, mean, share


def test_a_share_has_wilsons_interval() -> None:
    found = share(24, 100)
    assert (found.value, round(found.low, 3), round(found.high, 3)) == (0.24, 0.167, 0.332)


@pytest.mark.parametrize(("hits", "total"), [(0, 10), (10, 10), (0, 0)])
def test_a_share_stays_between_0_and_1(hits: int, total: int) -> None:
    found = share(hits, total)
    assert 0 <= found.low <= found.high <= 1


def test_intervals_cover_the_truth_about_95_times_in_100(rng: np.random.Generator) -> None:
    hit = [share(rng.binomial(200, 0.1), 200) for _ in range(1000)]
    means = [mean(rng.exponential(size=200)) for _ in range(1000)]
    assert 0.93 <= np.mean([i.low <= 0.1 <= i.high for i in hit]) <= 0.97
    assert 0.92 <= np.mean([i.low <= 1 <= i.high for i in means]) <= 0.97


def test_a_mean_of_too_few_values_knows_nothing() -> None:
    assert mean(np.array([3.0])) == Interval(3.0, -np.inf, np.inf)
    assert np.isnan(mean(np.array([np.inf, np.nan])).value)


def test_a_bootstrap_is_repeatable() -> None:
    values = np.arange(100.0)
    one, two = (bootstrap(lambda rows: float(values[rows].mean()), 100, np.random.default_rng(3)) for _ in range(2))
    assert one == two
    assert one.low < 49.5 < one.high


def test_intervals_that_touch_are_not_apart() -> None:
    assert Interval(1, 0, 2).apart(Interval(4, 3, 5))
    assert not Interval(1, 0, 3).apart(Interval(4, 3, 5))


def test_benjamini_and_hochbergs_own_example() -> None:
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert int((benjamini_hochberg(p) <= 0.05).sum()) == 4
    assert benjamini_hochberg([]).size == 0
    np.testing.assert_allclose(benjamini_hochberg([0.04, 0.01]), [0.04, 0.02])
