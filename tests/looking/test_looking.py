"""All columns, and one column, on rows made here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.investigation import Investigation
from diagnostics.looking.column import look
from diagnostics.looking.overview import Verdict, overview
from diagnostics.looking.texts import describe
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.words import words_for
from diagnostics.pictures import looking as drawing
from diagnostics.pictures.as_plotly import figure
from diagnostics.pictures.as_svg import svg
from diagnostics.pictures.style import LIGHT
from tests.factory import incident_of

SAID = (
    "the parcel came late again",
    "thank you all is well here",
    "where is my order number {n}",
    "nobody answers the phone {n}",
)


def rows(rng: np.random.Generator, n: int, start: str) -> pd.DataFrame:
    income = rng.lognormal(3.5, 0.4, n)
    paid = rng.random(n) < 1 / (1 + np.exp(-(income - 35) / 8))
    return pd.DataFrame(
        {
            "when": pd.date_range(start, periods=n, freq="1h"),
            "row": [f"{start}-{k}" for k in range(n)],
            "income": income,
            "children": rng.integers(0, 4, n),
            "city": rng.choice(["Ulm", "Bern", "Graz"], n),
            "note": [SAID[k % 4].format(n=k) for k in range(n)],
            "paid": np.where(paid, "yes", "no"),
            "score": 1 / (1 + np.exp(-(income - 35) / 8)),
        }
    )


@pytest.fixture
def incident(tmp_path: Path, rng: np.random.Generator) -> Incident:
    reference, current = rows(rng, 600, "2026-03-01"), rows(rng, 600, "2026-05-01")
    current.loc[300:, "income"] *= 1000
    current.loc[300:, "city"] = "Wien"
    current.loc[::3, "children"] = np.nan
    current["late"] = 1.0
    current["note"] = current["note"].str.upper()
    roles = {"target": "paid", "prediction": "score", "timestamp": "when", "id": "row", "positive": "yes"}
    return incident_of(tmp_path, reference, current, **roles)  # type: ignore[arg-type]


def investigated(incident: Incident) -> Investigation:
    return Investigation(incident, (), (), 0.0)


def test_every_column_of_either_table_has_a_row(incident: Incident) -> None:
    found = overview(investigated(incident))
    named = {row.name: row for row in found.columns}
    assert set(named) == {"when", "row", "income", "children", "city", "note", "paid", "score", "late"}
    assert named["income"].distance == pytest.approx(0.5, abs=0.05)
    assert named["children"].missing.current == pytest.approx(1 / 3, abs=0.01)
    assert named["city"].verdict is Verdict.UNCHANGED
    assert named["late"].verdict is Verdict.NOT_COMPARED
    assert named["late"].kind.reference is None
    assert named["when"].distance is None
    assert named["row"].part == "id"
    for row in found.columns:
        for shares in (row.shares.reference, row.shares.current):
            assert not shares or sum(shares) == pytest.approx(1)
    # The worst first, then the furthest.
    assert found.columns[0].name in ("note", "city", "income")


def test_use_is_known_where_a_model_can_stand_in(incident: Incident) -> None:
    used = {row.name: row.use for row in overview(investigated(incident)).columns}
    assert used["income"] == 1.0
    assert used["city"] is not None
    assert used["city"] < 0.1
    assert used["paid"] is None


def test_two_equal_tables_are_alike_in_every_column(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = rows(rng, 400, "2026-03-01")
    found = overview(investigated(incident_of(tmp_path, frame, frame, target="paid", timestamp="when", id="row")))
    assert all(row.distance in (None, 0.0) for row in found.columns)
    assert all(row.shares.reference == row.shares.current for row in found.columns)


def test_one_table_alone_can_be_looked_at(incident: Incident) -> None:
    alone = replace(incident, reference=None)
    found = overview(investigated(alone))
    assert {row.verdict for row in found.columns} == {Verdict.NOT_COMPARED}
    assert look(alone, "income").facts.reference is None
    assert overview(investigated(replace(alone, current=None))).columns == ()


def test_a_number_is_seen_from_all_sides(incident: Incident) -> None:
    seen = look(incident, "income", by="city")
    assert seen.distribution is not None
    assert seen.course is not None
    middle = [value for value in seen.course.lines[0].values if value is not None]
    assert middle[-1] > 500 * middle[0]
    assert 0 < seen.course.reference < len(seen.course.when)
    assert list(seen.course.when) == sorted(seen.course.when)
    assert seen.target is not None
    risen = [value.value for value in seen.target.values.reference if value is not None]
    assert risen[0] < 0.3 < risen[-1]
    assert seen.loss is not None
    assert seen.split is not None
    assert {*seen.split.labels} == {"Ulm", "Bern", "Graz", "Wien"}
    facts = seen.facts.current
    assert facts is not None
    assert facts.numbers[0] == pytest.approx(facts.numbers[0])
    assert list(facts.numbers) == sorted(facts.numbers)


def test_levels_texts_and_gaps_are_named(incident: Incident) -> None:
    city = look(incident, "city")
    assert city.unseen[0][0] == "Wien"
    assert city.course is not None
    assert "Wien" in [line.label for line in city.course.lines]
    note = look(incident, "note")
    assert note.texts is not None
    assert note.texts.sides.reference is not None
    assert note.texts.sides.current is not None
    assert note.texts.sides.reference.capitals < 0.1 < 0.9 < note.texts.sides.current.capitals
    children = look(incident, "children")
    assert children.course is not None
    assert max(share or 0.0 for share in children.course.missing) > 0.2
    assert children.distribution is not None
    assert children.distribution.labels[:4] == ("0", "1", "2", "3")


def test_a_column_that_no_table_has_is_an_error(incident: Incident) -> None:
    with pytest.raises(KeyError):
        look(incident, "salary")


def test_texts_of_other_letters_are_told() -> None:
    found = describe(pd.Series(["всё хорошо, спасибо", "где мой заказ", None]))
    assert found is not None
    assert found.foreign == 1.0
    assert describe(pd.Series([None, None])) is None


@pytest.mark.parametrize("name", ["income", "city", "children", "note", "when", "late"])
def test_every_picture_of_a_column_is_drawn(name: str, incident: Incident) -> None:
    words, seen = words_for("zh"), look(incident, name, by="city")
    shapes = [drawing.distribution(seen.distribution, name, words) if seen.distribution else None]
    shapes += [drawing.course(seen.course, name, words, since=None)] if seen.course else []
    shapes += [drawing.against(one, name, words) for one in (seen.target, seen.loss) if one]
    if seen.split is not None:
        shapes += [
            drawing.against(seen.split.summary, "city", words),
            *(shape for _, shape in drawing.panels(seen.split, name, words)),
        ]
    for shape in shapes:
        assert shape is not None
        figure(shape, words, LIGHT)
        assert svg(shape, words, "a picture").startswith("<svg")
