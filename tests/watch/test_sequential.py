"""Few false alarms over a long time, and real changes found."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from benchmarks.watch.run import accuracy, cut, learnt, ramp, unit, watched
from benchmarks.watch.series import rows_of
from diagnostics.watch.clock import Every
from diagnostics.watch.expected import Expected
from diagnostics.watch.sequential import detect
from diagnostics.watch.summary import Baseline, Summary, What, summarise


def detected(z: np.ndarray, **more: object) -> list[tuple[int, int, int | None]]:
    stats = z.shape[1]
    given = {"run_length": 1e5, "groups": list(range(stats)), "slack": np.zeros(stats), "one_sided": np.zeros(stats, bool)}
    found = detect(z, np.full(stats, 1 / stats), **{**given, **more})  # type: ignore[arg-type]
    return [(alarm.at, alarm.since, alarm.over) for alarm in found.alarms]


def test_noise_raises_at_most_one_alarm_in_a_thousand_batches_and_on_average_fewer(rng: np.random.Generator) -> None:
    counts = [len(detected(rng.normal(size=(1_000, 50)), run_length=1_000.0)) for _ in range(6)]
    assert sum(counts) <= 6


def test_a_jump_is_dated_and_is_over_when_it_is_over(rng: np.random.Generator) -> None:
    z = rng.normal(size=(60, 20))
    z[30:40, 4] += 5
    [(at, since, over)] = detected(z)
    assert since == 30
    assert at in (30, 31)
    assert over is not None
    assert 40 <= over < 46


def test_a_small_lasting_change_adds_up(rng: np.random.Generator) -> None:
    z = rng.normal(size=(100, 20))
    z[40:, 4] -= 1.5
    [(at, since, over)] = detected(z)
    assert 40 < at < 75
    assert 34 < since < 50
    assert over is None


def test_what_only_counts_upwards_may_fall(rng: np.random.Generator) -> None:
    z = rng.normal(size=(60, 5))
    z[30:, 2] -= 6
    only = np.array([False, False, True, False, False])
    assert detected(z, one_sided=only) == []
    assert len(detected(-z, one_sided=only)) == 1


def test_batches_that_were_not_measured_change_nothing(rng: np.random.Generator) -> None:
    z = rng.normal(size=(60, 5))
    z[30:, 2] += 5
    gaps = np.insert(z, 10, np.full((5, 5), np.nan), axis=0)
    [(at, since, _)], [(later, begun, _)] = detected(z), detected(gaps)
    assert (later, begun) == (at + 5, since + 5)


@pytest.fixture(scope="module")
def shop() -> tuple[Baseline, Expected]:
    return learnt(rows_of(np.random.default_rng(1), "2025-01-06", 56, 300), Every.DAY)


@pytest.fixture(scope="module")
def later() -> list[tuple[datetime, pd.DataFrame]]:
    return cut(rows_of(np.random.default_rng(2), "2025-03-03", 70, 300), Every.DAY)


def test_weekends_are_expected(shop: tuple[Baseline, Expected], later: list[tuple[datetime, pd.DataFrame]]) -> None:
    base, expected = shop
    assert {length for length, _ in expected.waves} == {604_800.0}
    assert watched(base, expected, later).detected.alarms == ()
    level = next(n for n, stat in enumerate(base.stats) if (stat.column, stat.what) == ("amount", What.LEVEL))
    saturday = datetime(2025, 3, 8, 12)
    assert expected.centre(saturday)[level] - expected.centre(saturday + timedelta(days=3))[level] > 0.1


@pytest.mark.parametrize(("fault", "delay", "column"), [(ramp, 3, "age"), (unit, 0, "amount"), (accuracy, 25, "")])
def test_faults_are_found(
    fault: object, delay: int, column: str, shop: tuple[Baseline, Expected], later: list[tuple[datetime, pd.DataFrame]]
) -> None:
    batches = list(later)
    fault(batches, 35)  # type: ignore[operator]
    course = watched(*shop, batches)
    first = course.detected.alarms[0]
    assert 35 <= first.at <= 35 + delay
    assert column in course.columns(first) or (not column and course.lost(first))


def test_rare_things_are_counted_and_one_of_them_is_none(shop: tuple[Baseline, Expected], later: list) -> None:
    base, expected = shop
    when, day = later[3]
    place = next(n for n, stat in enumerate(base.stats) if (stat.column, stat.what) == ("age", What.MISSING))
    one, many = day.copy(), day.copy()
    one["age"] = one["age"].astype("float64")
    many["age"] = many["age"].astype("float64")
    one.iloc[0, one.columns.get_loc("age")] = np.nan
    many.iloc[:40, many.columns.get_loc("age")] = np.nan
    assert abs(expected.z(summarise(day, base), when)[place]) < 1
    assert expected.z(summarise(one, base), when)[place] < 4
    assert expected.z(summarise(many, base), when)[place] > 8


def test_a_column_that_did_not_come_is_missing(shop: tuple[Baseline, Expected], later: list) -> None:
    base, expected = shop
    when, day = later[3]
    place = next(n for n, stat in enumerate(base.stats) if (stat.column, stat.what) == ("channel", What.MISSING))
    assert expected.z(summarise(day.drop(columns="channel"), base), when)[place] > 8


def test_a_summary_comes_back_from_its_bytes(shop: tuple[Baseline, Expected], later: list) -> None:
    base, _ = shop
    made = summarise(later[0][1], base)
    again = Summary.unpacked(made.packed())
    assert again.rows == made.rows
    for name in ("means", "valid", "variance"):
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))
    np.testing.assert_allclose(again.shown, made.shown, rtol=1e-6)
