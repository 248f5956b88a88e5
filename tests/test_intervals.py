from __future__ import annotations

import numpy as np
import pytest

from diagnostics.nouns.intervals import Interval, benjamini_hochberg, mean, odds, positive_mean, recovered, share


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


@pytest.mark.parametrize("hits", [1, 2, 3, 97, 98, 99])
def test_a_rare_hit_may_have_been_luck(hits: int) -> None:
    """With one hit in 100, a share of 0.1% is no surprise (chance 9.5%); Wilson's interval alone begins at 0.18%."""
    found, mirrored = share(hits, 100), share(100 - hits, 100)
    assert (found.low, found.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low))
    assert share(1, 100).low < 0.001 < 0.01 < share(4, 100).low


def test_the_interval_of_a_skewed_mean_reaches_to_the_long_tail(rng: np.random.Generator) -> None:
    values = rng.lognormal(0, 1, 60)
    found, mirrored = mean(values), mean(-values)
    assert found.high - found.value > 1.2 * (found.value - found.low)
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))


@pytest.mark.parametrize("rows", [50, 400, 3000])
def test_squares_with_a_heavy_tail_are_covered(rng: np.random.Generator, rows: int) -> None:
    """The squares of t with 3 degrees of freedom have mean 3 and no variance: a normal interval holds it 70 times in 100."""
    inside = [(i := positive_mean(rng.standard_t(3, rows) ** 2, rng, draws=400)).low <= 3 <= i.high for _ in range(200)]
    assert np.mean(inside) >= 0.89


def test_squares_without_a_tail_stay_narrow(rng: np.random.Generator) -> None:
    found = [positive_mean(rng.standard_normal(400) ** 2, rng, draws=400) for _ in range(200)]
    assert 0.91 <= np.mean([i.low <= 1 <= i.high for i in found]) <= 0.995
    assert np.median([i.high - i.low for i in found]) < 1.4 * 2 * 1.96 * np.sqrt(2 / 400)


def test_values_that_are_mostly_zero_are_covered(rng: np.random.Generator) -> None:
    drawn = [np.where(rng.random(200) < 0.05, rng.exponential(10, 200), 0.0) for _ in range(200)]
    assert np.mean([(i := positive_mean(v, rng, draws=400)).low <= 0.5 <= i.high for v in drawn]) >= 0.9


def test_a_mean_has_no_upper_limit_where_nothing_shows_one(rng: np.random.Generator) -> None:
    assert positive_mean(np.zeros(5), rng) == Interval(0.0, 0.0, np.inf)
    assert positive_mean(np.array([0.0, 4.0]), rng) == Interval(2.0, 0.0, np.inf)
    assert positive_mean(np.full(9, 2.0), rng) == Interval(2.0, 2.0, 2.0)
    assert np.isnan(positive_mean(np.array([]), rng).value)


def test_the_interval_of_a_positive_mean_does_not_know_its_unit() -> None:
    values = np.random.default_rng(1).lognormal(0, 1, 80)
    small, large = (positive_mean(values * unit, np.random.default_rng(7)) for unit in (1e-120, 1e120))
    assert large.high / large.value == pytest.approx(small.high / small.value)


def test_log_odds_stay_between_0_and_1() -> None:
    found = odds(0.98, 1.0, 20)
    assert 0.8 < found.low < 0.98 < found.high < 1
    assert odds(0.98, 1.0, 5).low < found.low


def test_an_interval_is_recovered_from_its_parts() -> None:
    one, two = Interval(5, 2, 6), Interval(3, -1, 4)
    added = recovered(8, [one, two], [1, 1])
    assert (added.low, added.high) == pytest.approx((8 - 5, 8 + np.sqrt(2)))
    # Of a difference the low end comes from the high end of what is taken away.
    taken = recovered(2, [one, two], [1, -1])
    assert (taken.low, taken.high) == pytest.approx((2 - np.hypot(3, 1), 2 + np.hypot(1, 4)))
    # What moves together adds up in a sum and cancels in a difference.
    assert recovered(8, [one, two], [1, 1], {(0, 1): 1.0}).low == pytest.approx(8 - 7)
    assert recovered(2, [one, one], [1, -1], {(0, 1): 0.0}).high == pytest.approx(2 + np.hypot(1, 3))


def test_a_mean_of_too_few_values_knows_nothing() -> None:
    assert mean(np.array([3.0])) == Interval(3.0, -np.inf, np.inf)
    assert np.isnan(mean(np.array([np.inf, np.nan])).value)


def test_intervals_that_touch_are_not_apart() -> None:
    assert Interval(1, 0, 2).apart(Interval(4, 3, 5))
    assert not Interval(1, 0, 3).apart(Interval(4, 3, 5))


def test_benjamini_and_hochbergs_own_example() -> None:
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert int((benjamini_hochberg(p) <= 0.05).sum()) == 4
    assert benjamini_hochberg([]).size == 0
    np.testing.assert_allclose(benjamini_hochberg([0.04, 0.01]), [0.04, 0.02])
