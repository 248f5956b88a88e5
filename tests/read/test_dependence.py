"""Customers with several rows and columns that follow from the time: told from what the rows show, and said why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.nouns.incident import Guess, Roles
from diagnostics.nouns.words import Words
from diagnostics.read.dependence import calendar_columns, group_column
from tests.factory import table_of


def visits(rng: np.random.Generator, first: int, many: int = 50, each: int = 6) -> pd.DataFrame:
    """Several rows of each customer, in any order."""
    return pd.DataFrame(
        {"income": rng.normal(size=many * each), "customer_id": rng.permutation(np.repeat(np.arange(many), each)) + first}
    )


def group(folder: Path, reference: pd.DataFrame | None, current: pd.DataFrame | None, roles: Roles | None = None) -> Guess | None:
    tables = [None if side is None else table_of(side, folder, name) for name, side in (("r", reference), ("c", current))]
    return group_column(tables[0], tables[1], roles or Roles())


def test_an_id_that_repeats_is_a_customer(tmp_path: Path, rng: np.random.Generator) -> None:
    found = group(tmp_path, visits(rng, 0), visits(rng, 20))
    assert found is not None
    assert (found.role, found.column) == ("group", "customer_id")
    assert found.confidence >= 0.9
    assert found.evidence.statement(Words()) == (
        "Rows with the same customer_id belong together: each value has 6 rows on average."
    )


def test_one_table_is_enough_for_a_column_named_like_an_id(tmp_path: Path, rng: np.random.Generator) -> None:
    found = group(tmp_path, None, visits(rng, 0))
    assert found is not None
    assert found.column == "customer_id"


def test_an_id_of_rows_is_no_customer(tmp_path: Path, rng: np.random.Generator) -> None:
    assert group(tmp_path, visits(rng, 0, 300, 1), visits(rng, 900, 300, 1)) is None


def test_few_customers_are_no_groups_to_deal_out(tmp_path: Path, rng: np.random.Generator) -> None:
    assert group(tmp_path, visits(rng, 0, 9, 40), visits(rng, 0, 9, 40)) is None


def test_an_id_that_repeats_on_one_side_only_is_no_customer(tmp_path: Path, rng: np.random.Generator) -> None:
    assert group(tmp_path, visits(rng, 0), visits(rng, 900, 300, 1)) is None


def test_a_stated_group_is_not_guessed_again(tmp_path: Path, rng: np.random.Generator) -> None:
    assert group(tmp_path, visits(rng, 0), visits(rng, 20), Roles(group="income")) is None


def machines(rng: np.random.Generator, names: list[str], each: int = 8) -> pd.DataFrame:
    return pd.DataFrame({"machine": rng.permutation(np.repeat(names, each)), "load": rng.normal(size=len(names) * each)})


def test_values_dealt_out_whole_between_the_tables_are_units_whatever_their_name(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    names = rng.permutation([f"m{n:03d}" for n in range(80)])
    found = group(tmp_path, machines(rng, list(names[:40])), machines(rng, list(names[40:])))
    assert found is not None
    assert (found.column, found.confidence) == ("machine", 0.6)
    assert "none stands in both tables" in found.evidence.statement(Words())


def test_renamed_levels_are_no_units(tmp_path: Path, rng: np.random.Generator) -> None:
    old, new = [f"area {n:02d}" for n in range(40)], [f"zone {n:02d}" for n in range(40)]
    assert group(tmp_path, machines(rng, old), machines(rng, new)) is None


def test_numbers_in_another_unit_are_no_units(tmp_path: Path, rng: np.random.Generator) -> None:
    whole = pd.DataFrame({"metres": rng.integers(20, 90, 600), "load": rng.normal(size=600)})
    assert group(tmp_path, whole, whole.assign(metres=whole["metres"] * 1000)) is None


def test_levels_that_both_sides_share_are_no_units(tmp_path: Path, rng: np.random.Generator) -> None:
    names = [f"m{n:03d}" for n in range(40)]
    assert group(tmp_path, machines(rng, names), machines(rng, names)) is None


def days(rng: np.random.Generator, start: str, many: int = 120) -> pd.DataFrame:
    """Eight rows a day."""
    when = pd.date_range(start, periods=8 * many, freq="3h")
    return pd.DataFrame(
        {
            "when": when,
            "month": when.month,
            "weekday": when.day_name(),
            "counter": np.arange(len(when)) + int(when[0].timestamp()) // 10_800,
            "release": np.array(["r", "s", "t", "u"])[np.arange(len(when)) * 4 // len(when)] + start,
            "load": rng.normal(size=len(when)),
            "city": rng.choice(["Ulm", "Bern"], len(when)),
            "age": rng.integers(18, 80, len(when)),
        }
    )


def calendar(folder: Path, reference: pd.DataFrame, current: pd.DataFrame, roles: Roles) -> dict[str, Guess]:
    found = calendar_columns(table_of(reference, folder, "r"), table_of(current, folder, "c"), roles)
    return {guess.column: guess for guess in found}


CLOCK = Roles(timestamp="when")
TOLD = {"month", "weekday", "counter", "release"}


def test_columns_that_follow_from_the_time_are_told_from_features(tmp_path: Path, rng: np.random.Generator) -> None:
    found = calendar(tmp_path, days(rng, "2026-01-01"), days(rng, "2026-05-01"), CLOCK)
    assert set(found) == TOLD
    assert {guess.role for guess in found.values()} == {"calendar"}
    assert min(guess.confidence for guess in found.values()) >= 0.9
    said = {name: guess.evidence.statement(Words()) for name, guess in found.items()}
    assert said["counter"] == "counter follows from the time: it counts on from row to row."
    assert said["release"] == "release follows from the time: each of its values stands in one stretch of time."
    assert "it tells the hour, the day, the week, the month or the year" in said["weekday"]


def test_the_order_of_the_file_does_not_matter(tmp_path: Path, rng: np.random.Generator) -> None:
    sides = [days(rng, start).sample(frac=1, random_state=3) for start in ("2026-01-01", "2026-05-01")]
    assert set(calendar(tmp_path, sides[0], sides[1], CLOCK)) == TOLD


@pytest.mark.parametrize("name", ["month", "weekday", "counter"])
def test_a_column_that_only_looks_like_it_is_a_feature(tmp_path: Path, rng: np.random.Generator, name: str) -> None:
    sides = [days(rng, start) for start in ("2026-01-01", "2026-05-01")]
    sides = [side.assign(**{name: rng.permutation(side[name].to_numpy())}) for side in sides]
    assert set(calendar(tmp_path, sides[0], sides[1], CLOCK)) == TOLD - {name}


def test_a_feature_that_froze_or_broke_at_one_moment_still_is_a_feature(tmp_path: Path, rng: np.random.Generator) -> None:
    current = days(rng, "2026-05-01")
    current.loc[400:, "city"] = "Bern"
    current.loc[400:, "age"] = 40
    assert set(calendar(tmp_path, days(rng, "2026-01-01"), current, CLOCK)) == TOLD


def test_what_plays_another_role_is_not_asked(tmp_path: Path, rng: np.random.Generator) -> None:
    roles = Roles(target="month", timestamp="when", segments=("weekday",), calendar=("counter",))
    assert set(calendar(tmp_path, days(rng, "2026-01-01"), days(rng, "2026-05-01"), roles)) == {"release"}


def test_without_times_the_name_and_other_values_must_both_speak(tmp_path: Path, rng: np.random.Generator) -> None:
    sides = [days(rng, start).drop(columns="when") for start in ("2026-01-01", "2026-05-01")]
    found = calendar(tmp_path, sides[0], sides[1], Roles())
    # The release has other values too, but no such name; the weekday has the name's values on both sides.
    assert set(found) == {"month"}
    assert found["month"].confidence <= 0.6
    assert "by its name" in found["month"].evidence.statement(Words())


def test_one_table_or_few_rows_tell_nothing(tmp_path: Path, rng: np.random.Generator) -> None:
    table = table_of(days(rng, "2026-01-01"), tmp_path, "r")
    assert list(calendar_columns(table, None, CLOCK)) == []
    assert calendar(tmp_path / "few", days(rng, "2026-01-01", 3), days(rng, "2026-05-01", 3), CLOCK) == {}
