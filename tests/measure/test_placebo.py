"""The placebo: pairs in which nothing changed stay silent whatever unit nature drew, and a change is seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from diagnostics.investigation import run
from diagnostics.measure.placebo import PLACEBOS, Placebo, Unit, beyond_chance, chance_of_rises, placebo, step_down
from diagnostics.nouns.check import Diagnostic
from diagnostics.nouns.entry import Entry
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Null, Rule
from tests.factory import incident_of

LEAST = 1 / (PLACEBOS + 1)
SURE = 0.01


def rows(rng: np.random.Generator, many: int = 600) -> pd.DataFrame:
    """Two linked numbers, two free ones with gaps and many zeros, and a category."""
    size = rng.normal(size=many)
    frame = pd.DataFrame(
        {
            "size": size,
            "weight": size + rng.normal(0, 0.7, many),
            "gaps": np.where(rng.random(many) < 0.2, np.nan, rng.normal(size=many)),
            "visits": rng.poisson(0.8, many).astype("float64"),
            "city": rng.choice(["Ulm", "Bern", "Graz"], many, p=[0.5, 0.3, 0.2]),
        }
    )
    frame["score"] = 1 / (1 + np.exp(-size))
    frame["bought"] = (rng.random(many) < frame["score"]).astype(int)
    return frame


ANSWERS = {"target": "bought", "prediction": "score", "positive": "1"}


def of(folder: Path, reference: pd.DataFrame, current: pd.DataFrame, group: str | None = None, **roles: Any) -> Placebo:
    incident = incident_of(folder, reference, current, **roles)
    return placebo(replace(incident, roles=replace(incident.roles, group=group)))


def least(found: Placebo) -> float:
    return min([*found.p_values.values(), *found.p_links.values()])


def customers(rng: np.random.Generator, first: int, many: int = 60, each: int = 10) -> pd.DataFrame:
    """Rows of one customer share what the customer is: 600 rows are worth little more than 60."""
    frame = rows(rng, many).drop(columns=["score", "bought"])
    whole = frame.loc[np.repeat(np.arange(many), each)].reset_index(drop=True)
    return whole.assign(customer=np.repeat(np.arange(many) + first, each))


def waves(rng: np.random.Generator, start: str, days: int = 40) -> pd.DataFrame:
    """Hourly rows: every day has a level of its own, and every hour another."""
    when = pd.date_range(start, periods=24 * days, freq="h")
    day = rng.normal(0, 1, days)[np.arange(len(when)) // 24]
    return pd.DataFrame(
        {
            "when": when,
            "load": day + np.sin(2 * np.pi * when.hour.to_numpy() / 24) + rng.normal(0, 0.3, len(when)),
            "noise": rng.normal(size=len(when)),
        }
    )


def accused(found: list[Placebo]) -> float:
    """Share of the pairs in which some column is said to have changed."""
    return float(np.mean([least(one) <= SURE for one in found]))


PAIRS = 8


def test_healthy_rows_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    found = [of(tmp_path / str(n), rows(rng), rows(rng, 400), **ANSWERS) for n in range(PAIRS)]
    assert {one.unit for one in found} == {Unit.ROWS}
    assert accused(found) <= 1 / PAIRS
    assert np.mean([one.p_loss is not None and one.p_loss <= SURE for one in found]) <= 1 / PAIRS


def test_healthy_customers_are_silent_where_their_rows_alone_would_not_be(tmp_path: Path, rng: np.random.Generator) -> None:
    pairs = [(customers(rng, 0), customers(rng, 1000)) for _ in range(PAIRS)]
    found = [of(tmp_path / str(n), *pair, group="customer") for n, pair in enumerate(pairs)]
    assert {one.unit for one in found} == {Unit.GROUPS}
    assert accused(found) <= 1 / PAIRS
    # The same pairs without the role: rows that only repeat their customers are taken for news.
    blind = [of(tmp_path / f"blind{n}", *(side.drop(columns="customer") for side in pair)) for n, pair in enumerate(pairs)]
    assert {one.unit for one in blind} == {Unit.ROWS}
    assert accused(blind) > 0.5


def test_healthy_times_are_silent_where_their_rows_alone_would_not_be(tmp_path: Path, rng: np.random.Generator) -> None:
    pairs = [(waves(rng, "2026-01-01"), waves(rng, "2026-03-01")) for _ in range(PAIRS)]
    found = [of(tmp_path / str(n), *pair, timestamp="when") for n, pair in enumerate(pairs)]
    assert {one.unit for one in found} == {Unit.TIMES}
    assert accused(found) <= 1 / PAIRS
    blind = [of(tmp_path / f"blind{n}", *(side.drop(columns="when") for side in pair)) for n, pair in enumerate(pairs)]
    assert accused(blind) > 0.5


@pytest.mark.parametrize("column", ["size", "gaps", "visits", "city"])
def test_a_real_change_of_one_column_is_found_and_the_others_stay(tmp_path: Path, rng: np.random.Generator, column: str) -> None:
    reference, current = rows(rng).drop(columns=["score", "bought"]), rows(rng).drop(columns=["score", "bought"])
    if column == "city":
        current.loc[rng.random(600) < 0.4, "city"] = "Graz"
    elif column == "gaps":
        current.loc[rng.random(600) < 0.3, "gaps"] = np.nan
    else:
        current[column] += 1.0
    found = of(tmp_path, reference, current)
    assert found.p_values[column] == LEAST
    assert min(p for name, p in found.p_values.items() if name != column) > SURE
    assert found.chance(Null.VALUES, [column]) == LEAST
    # Two questions were asked where one would do: values and links.
    assert found.chance(Null.COLUMNS, [column]) == 2 * LEAST


def test_a_change_from_some_day_on_is_found(tmp_path: Path, rng: np.random.Generator) -> None:
    current = waves(rng, "2026-03-01")
    current.loc[24 * 30 :, "noise"] += 3
    found = of(tmp_path, waves(rng, "2026-01-01"), current, timestamp="when")
    assert found.p_values["noise"] <= SURE
    assert found.p_values["load"] > SURE


def test_a_link_that_broke_is_no_change_of_values(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = rows(rng), rows(rng)
    current["weight"] = rng.permutation(current["weight"].to_numpy())
    found = of(tmp_path, reference.drop(columns=["score", "bought"]), current.drop(columns=["score", "bought"]))
    assert found.p_links["weight"] == LEAST
    assert found.p_links["size"] == LEAST
    assert found.p_links["gaps"] > SURE
    assert min(found.p_values.values()) > SURE
    assert found.chance(Null.LINKS, ["weight"]) == LEAST
    assert (found.chance(Null.VALUES, ["weight"]) or 0) > SURE
    assert found.chance(Null.ANYTHING, []) == 2 * LEAST


def test_a_loss_that_rose_is_found_and_one_that_fell_is_not(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, worse, better = rows(rng), rows(rng), rows(rng)
    worse["bought"] = rng.integers(0, 2, 600)
    better["bought"] = (better["score"] > 0.5).astype(int)
    assert of(tmp_path / "worse", reference, worse, **ANSWERS).chance(Null.LOSS, []) == LEAST
    assert (of(tmp_path / "better", reference, better, **ANSWERS).chance(Null.LOSS, []) or 0) > 0.5


def test_without_labels_there_is_no_loss(tmp_path: Path, rng: np.random.Generator) -> None:
    found = of(tmp_path, rows(rng), rows(rng).drop(columns="bought"), **ANSWERS)
    assert found.p_loss is None
    assert found.chance(Null.LOSS, []) is None


def test_step_down_holds_each_statistic_against_the_largest_of_those_that_are_not_larger() -> None:
    chance = {"a": np.array([1.0, 2.0, 3.0]), "b": np.array([2.0, 1.0, 9.0]), "c": np.array([5.0, 0.0, 0.0])}
    real = {"a": 4.0, "b": 2.5, "c": 0.5}
    # c alone: 5 reaches 0.5. b with c: 5, 1, 9 reach 2.5 twice. a with both: 5, 2, 9 reach 4 twice.
    assert step_down(real, chance) == {"a": 3 / 4, "b": 3 / 4, "c": 3 / 4}
    assert step_down({"a": 10.0, "b": 2.5, "c": 0.5}, chance)["a"] == 1 / 4
    # Taken alone b would have 2/4: what chance makes of the others is counted.
    assert step_down({"b": 2.5}, chance) == {"b": 2 / 4}


def test_a_larger_statistic_never_has_a_larger_p_value(rng: np.random.Generator) -> None:
    for _ in range(20):
        real = {str(n): float(v) for n, v in enumerate(rng.gamma(2.0, size=6))}
        found = step_down(real, {name: rng.gamma(2.0, size=50) for name in real})
        ordered = sorted(real, key=lambda name: -real[name])
        assert [found[name] for name in ordered] == sorted(found.values())


def test_step_down_accuses_no_more_often_than_it_says_and_more_columns_cost(rng: np.random.Generator) -> None:
    hits = 0
    for _ in range(200):
        draws = rng.normal(size=(20, 100))
        found = step_down({str(n): float(row[0]) for n, row in enumerate(draws)}, {str(n): r[1:] for n, r in enumerate(draws)})
        hits += min(found.values()) <= 0.05
    assert hits <= 20  # 10 expected; 20 and more come by chance once in 400.


def test_too_few_units_say_nothing(tmp_path: Path, rng: np.random.Generator) -> None:
    found = of(tmp_path, customers(rng, 0), customers(rng, 1000, many=4, each=150), group="customer")
    assert not found.enough
    assert found.chance(Null.VALUES, ["size"]) is None


@dataclass(frozen=True, kw_only=True)
class Said(Entry):
    pass


def said(null: Null | None, *columns: str) -> Any:
    rule: Rule[Any] = Rule(code="TST001", title="", why="", remedy="", statistic="", source="", null=null)
    return rule.found(Said(columns=columns))


def test_a_finding_is_kept_where_its_columns_changed_and_dropped_where_chance_does_as_much(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    current = rows(rng)
    current["size"] += 1
    incident = incident_of(tmp_path, rows(rng), current, **ANSWERS)
    assert beyond_chance(said(Null.VALUES, "size"), incident)
    assert not beyond_chance(said(Null.VALUES, "gaps"), incident)
    assert beyond_chance(said(Null.ANYTHING), incident)
    assert not beyond_chance(said(Null.EACH, "size", "gaps"), incident)
    # The loss did not rise, so that nothing speaks for another relation.
    assert not beyond_chance(said(Null.RELATION), incident)
    # A rule without a null is not asked; nor is what was said of a column that nobody looked at.
    assert beyond_chance(said(None, "gaps"), incident)
    assert beyond_chance(said(Null.VALUES, "nothing such"), incident)
    assert beyond_chance(said(Null.VALUES, "gaps"), Incident(reference=incident.reference))


def test_what_is_said_of_no_column_is_said_of_the_predictions(tmp_path: Path, rng: np.random.Generator) -> None:
    current = rows(rng)
    current["score"] = current["score"] ** 3
    incident = incident_of(tmp_path, rows(rng), current, **ANSWERS)
    assert beyond_chance(said(Null.VALUES), incident)
    assert not beyond_chance(said(Null.VALUES), incident_of(tmp_path / "same", rows(rng), rows(rng), **ANSWERS))


class Claims:
    """A check that says of every column that it changed."""

    RULES = (said(Null.VALUES, "size").rule,)

    @staticmethod
    def profile(incident: Incident) -> Incident:
        return incident

    @staticmethod
    def judge(p: Incident) -> list[Any]:
        return [said(Null.VALUES, name) for name in ("size", "gaps", "visits")]


def test_what_chance_explains_is_kept_apart_from_the_findings(tmp_path: Path, rng: np.random.Generator) -> None:
    current = rows(rng)
    current["size"] += 1
    made = run(Diagnostic("test", 2, Claims), incident_of(tmp_path, rows(rng), current))  # type: ignore[arg-type]
    assert [finding.columns for finding in made.findings] == [("size",)]
    assert [finding.columns for finding in made.by_chance] == [("gaps",), ("visits",)]


def test_one_table_alone_has_no_placebo(tmp_path: Path, rng: np.random.Generator) -> None:
    with pytest.raises(NotApplicable):
        placebo(incident_of(tmp_path, rows(rng)))


def test_the_same_seed_gives_the_same_p_values(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = rows(rng), rows(rng)
    first = incident_of(tmp_path, reference, current)
    again = of(tmp_path / "again", reference, current)
    assert placebo(first).p_values == again.p_values
    assert placebo(replace(first, seed=5)).p_values != again.p_values


def test_what_a_check_measured_row_by_row_is_held_against_the_same_rows_shared_out_again(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    incident = incident_of(tmp_path, rows(rng), rows(rng), **ANSWERS)
    every = np.arange(600)
    before, after = rng.normal(size=600), rng.normal(size=600)
    found = chance_of_rises(
        incident,
        (every, every),
        {"risen": (before, after + 0.5), "fallen": (before, after - 0.5), "unknown": (before, after * np.nan)},
    )
    assert found["risen"] <= SURE
    assert min(found["fallen"], found["unknown"]) > SURE
