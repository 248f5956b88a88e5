from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from diagnostics.measure.onset import as_datetime, first, onset, since


def hours(rows: int) -> np.ndarray:
    return np.datetime64("2026-05-01", "us") + np.arange(rows) * np.timedelta64(1, "h")


def test_a_step_is_placed_within_a_day(rng: np.random.Generator) -> None:
    values = (rng.random(1000) < np.where(np.arange(1000) < 700, 0.1, 0.4)).astype(float)
    found = onset(hours(1000), values)
    assert found is not None
    assert abs((found.since - as_datetime(hours(1000)[700])).total_seconds()) <= 86400
    assert found.after > found.before


def test_noise_has_no_onset(rng: np.random.Generator) -> None:
    assert sum(onset(hours(500), rng.normal(size=500)) is not None for _ in range(200)) <= 2


@pytest.mark.parametrize("values", [np.zeros(100), np.full(100, np.nan), np.ones(3)])
def test_nothing_to_see_has_no_onset(values: np.ndarray) -> None:
    assert onset(hours(values.size), values) is None


def test_equal_times_cannot_be_split(rng: np.random.Generator) -> None:
    same = np.full(100, np.datetime64("2026-05-01", "us"))
    assert onset(same, np.arange(100.0)) is None


def test_order_and_missing_times_do_not_matter(rng: np.random.Generator) -> None:
    values = np.where(np.arange(200) < 100, 0.0, 1.0) + rng.normal(0, 0.1, 200)
    shuffled = rng.permutation(200)
    times = hours(200)[shuffled]
    times[shuffled == 5] = np.datetime64("NaT")
    found = onset(times, values[shuffled])
    assert found is not None
    assert found.since == as_datetime(hours(200)[100])


def test_since_finds_the_beginning_of_a_fault_that_ended(rng: np.random.Generator) -> None:
    level = np.zeros(900)
    level[200:700] = 1.0
    assert since(hours(900), level + rng.normal(0, 0.2, 900), 0.0) == as_datetime(hours(900)[200])


def test_since_is_the_first_time_where_it_was_bad_from_the_start(rng: np.random.Generator) -> None:
    assert since(hours(300), rng.normal(1, 0.2, 300), 0.0) == datetime(2026, 5, 1)
    assert since(None, rng.normal(1, 0.2, 300), 0.0) is None


def test_the_first_known_time() -> None:
    assert first(None) is None
    assert first(np.array(["NaT"], dtype="datetime64[us]")) is None
    assert first(hours(3)[::-1]) == datetime(2026, 5, 1)


def test_of_a_group_that_holds_the_fault_the_few_rows_before_are_enough(rng: np.random.Generator) -> None:
    """What is squared has long tails, and only one row in ten lies before the fault."""
    late = 0
    for _ in range(20):
        level = np.where(np.arange(1400) < 130, 0.15, 0.4)
        began = since(hours(1400), rng.normal(0, level) ** 2, 0.02)
        assert began is not None
        late += abs((began - as_datetime(hours(1400)[130])).days) <= 3
    assert late >= 18


def test_a_few_wild_values_are_no_onset(rng: np.random.Generator) -> None:
    found = [since(hours(500), rng.normal(1, 0.2, 500) ** 4, 0.0) for _ in range(100)]
    assert sum(began != datetime(2026, 5, 1) for began in found) <= 2
