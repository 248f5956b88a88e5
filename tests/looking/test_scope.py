from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.looking.restrict import restrict
from diagnostics.looking.scope import WHOLE, Condition, Group, Scope, Test, from_link, say_group, say_scope, to_link
from diagnostics.measure import engine
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import Words
from tests.factory import incident_of

WEST_OR_OLD = Group(
    either=(
        (
            Condition(column="region", test=Test.IS, values=("west", "it's")),
            Condition(column="age", test=Test.FROM, values=("30",)),
        ),
        (Condition(column="age", test=Test.MISSING),),
    )
)
CHOSEN = Scope(since=datetime(2026, 5, 3), until=datetime(2026, 5, 4), group=WEST_OR_OLD, without=("age",))


@pytest.fixture
def incident(tmp_path: Path) -> Incident:
    def rows(start: str) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "when": pd.date_range(start, periods=48, freq="6h"),
                "region": ["west", "east", "it's", None] * 12,
                "age": [40.0, 20.0, np.nan, 35.0] * 12,
            }
        )

    return incident_of(tmp_path, rows("2026-03-01"), rows("2026-05-01"), timestamp="when")


def test_a_link_brings_the_same_scope_back() -> None:
    assert from_link(to_link(CHOSEN)) == CHOSEN
    assert to_link(WHOLE) == {}
    assert from_link({}) == WHOLE


@pytest.mark.parametrize(
    "link",
    [
        {"group": "[["},
        {"group": "[]"},
        {"group": '[[["a","is"]]]'},
        {"group": '[[["a","missing","x"]]]'},
        {"group": '[[["a","drop table","x"]]]'},
        {"group": '[[[1,"is","x"]]]'},
        {"group": "[" * 2000},
        {"group": '[[["a","is","' + "x" * 5000 + '"]]]'},
        {"from": "yesterday"},
        {"without": "{}"},
    ],
)
def test_a_link_that_names_nothing_is_refused(link: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        from_link(link)


def test_rows_of_the_group_on_both_sides_and_of_the_days_in_current(incident: Incident, tmp_path: Path) -> None:
    chosen = restrict(incident, CHOSEN, tmp_path / "chosen")
    assert chosen.reference is not None
    assert chosen.current is not None
    # Of four rows, the first meets both conditions of the first alternative, and the third the other one.
    assert chosen.reference.rows == 24
    assert chosen.current.rows == 4
    assert "age" not in chosen.current
    when = engine.sample(chosen.current)["when"]
    assert (when.min(), when.max()) == (pd.Timestamp(2026, 5, 3), pd.Timestamp(2026, 5, 4, 12))
    assert chosen.fingerprint != incident.fingerprint
    assert restrict(incident, WHOLE, tmp_path) is incident


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        (Condition(column="region", test=Test.NOT, values=("west",)), 36),
        (Condition(column="region", test=Test.HOLDS, values=("WE",)), 12),
        (Condition(column="region", test=Test.GIVEN), 36),
        (Condition(column="age", test=Test.UP_TO, values=("35",)), 24),
        (Condition(column="age", test=Test.IS, values=("20", "35")), 24),
        (Condition(column="when", test=Test.FROM, values=("2026-05-07",)), 24),
        (Condition(column="gone", test=Test.MISSING), 48),
    ],
)
def test_every_condition_means_what_it_says(condition: Condition, rows: int, incident: Incident, tmp_path: Path) -> None:
    one = replace(incident, reference=None)
    chosen = restrict(one, Scope(group=Group(either=((condition,),))), tmp_path / "chosen")
    assert chosen.current is not None
    assert chosen.current.rows == rows


@pytest.mark.parametrize(
    "condition",
    [
        Condition(column="age", test=Test.FROM, values=("many",)),
        Condition(column="when", test=Test.FROM, values=("soon",)),
        Condition(column="region", test=Test.IS, values=("'; DROP TABLE rows; --",)),
    ],
)
def test_what_fits_no_row_or_no_column_is_one_sentence(condition: Condition, incident: Incident, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        restrict(incident, Scope(group=Group(either=((condition,),))), tmp_path / "chosen")


def test_a_scope_is_said_in_words() -> None:
    assert say_group(WEST_OR_OLD, Words()) == "region is west and it's and age is at least 30, or age is missing"
    assert say_scope(CHOSEN, Words())[0] == "Current rows from 3 May 2026 to 4 May 2026."
    assert say_scope(WHOLE, Words()) == []
