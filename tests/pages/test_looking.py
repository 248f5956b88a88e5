"""All columns, one column, and what is chosen once."""

from __future__ import annotations

import pytest

from diagnostics.keep import store
from diagnostics.keep.review import record
from tests.pages.conftest import done, keep, loans, opened, said


def test_all_columns_stand_on_one_page_with_the_faulty_one_on_top(broken: str) -> None:
    at = opened("all_columns", broken)
    assert not at.exception
    frame = at.dataframe[0].value
    assert len(frame) == 7
    assert frame.iloc[0, 0] == "income"
    assert "cause" in frame.iloc[0, 3]
    at.text_input(key="columns-search").set_value("CIT").run()
    assert list(at.dataframe[0].value.iloc[:, 0]) == ["city"]


def test_nothing_is_called_changed_where_nothing_did(healthy: str) -> None:
    at = opened("all_columns", healthy)
    assert not {word for word in at.dataframe[0].value.iloc[:, 3] if "cause" in word or "critical" in word}


def test_the_link_opens_the_column_and_its_split(broken: str) -> None:
    at = opened("column", broken, column="income", by="city")
    assert not at.exception
    assert "income" in at.title[0].value
    assert "city" in said(at)
    assert at.query_params["column"] == "income"
    calm = opened("column", broken, column="age")
    assert calm.title[0].value.startswith("No check found anything wrong with")


def test_what_was_chosen_holds_on_every_page_and_can_be_undone(broken: str) -> None:
    at = opened("column", broken, column="city", group='[[["city","is","Ulm"]]]')
    assert not at.exception
    assert "city is Ulm" in said(at)
    at.switch_page("pages/step_2_inputs.py").run()
    done(at)
    assert "city is Ulm" in said(at)
    assert at.query_params["group"] == '[[["city","is","Ulm"]]]'
    at.button(key="all-rows").click().run()
    done(at)
    assert "city is Ulm" not in said(at)
    assert "group" not in at.query_params


def test_a_group_without_rows_is_one_sentence(broken: str) -> None:
    at = opened("step_1_confirm", broken, group='[[["city","is","Atlantis"]]]')
    assert not at.exception
    assert at.title[0].value == "These rows cannot be looked at."
    assert at.button(key="all-rows")


@pytest.fixture
def own() -> str:
    import numpy as np

    rng = np.random.default_rng(3)
    return keep(loans(rng, 300, "2026-03-01"), loans(rng, 300, "2026-05-01"))


def test_a_column_is_set_aside_looked_at_without_and_named_as_the_cause(own: str) -> None:
    at = opened("column", own, column="age")
    at.button(key="column-without").click().run()
    done(at)
    assert "Without age" in said(at)
    at.button(key="all-rows").click().run()
    done(at)
    at.query_params["column"] = "age"
    at.run()
    at.button(key="column-aside").click().run()
    done(at)
    assert store.stated(own)["not_features"] == ["age"]
    at.switch_page("pages/columns.py").run()
    done(at)
    at.button(key="aside-not_features-age").click().run()
    done(at)
    assert "not_features" not in store.stated(own)
    at = opened("column", own, column="city")
    at.text_input(key="who").set_value("Ann")
    at.text_input(key="cause-what-city").set_value("the city table was stale")
    at.button(key="column-cause-yes").click().run()
    assert [cause.what for cause in record.read(own).accepted] == ["the city table was stale"]


def test_errors_are_shown_by_group_and_a_threshold_has_its_price_and_code(broken: str) -> None:
    at = opened("errors", broken)
    assert not at.exception
    assert "income" in at.title[0].value
    before = said(at)
    at.slider(key="threshold").set_value(0.9).run()
    assert said(at) != before
    assert "THRESHOLD = 0.9" in at.code[0].value
    at.selectbox(key="fair-column").set_value("city").run()
    assert not at.exception
    assert "95% intervals" in said(at)


def test_one_row_is_explained_by_its_link(broken: str) -> None:
    at = opened("row", broken)
    assert not at.exception
    assert "income" in at.title[0].value
    other = opened("row", broken, row="4")
    assert other.title[0].value.startswith("Row ")
    assert "stand-in" in said(other)
    assert "There is no such row" in opened("row", broken, row="nobody").title[0].value


def test_the_start_page_keeps_names_events_and_shows_how_files_are_read() -> None:
    at = opened()
    assert "What should I bring?" in said(at)
    at.file_uploader[0].upload("loans in March.csv", b"a,b\n1,2\n3,4\n").run()
    at.file_uploader[1].upload("loans in May.csv", b"a,b\n5,6\n7,8\n").run()
    incident = at.query_params["incident"]
    incident = incident if isinstance(incident, str) else incident[0]
    assert "reference.csv (loans in March.csv)" in said(at)
    field = next(box for box in at.text_input if box.label == "Name of this incident")
    field.set_value("May went wrong").run()
    assert store.called(incident) == "May went wrong"
    at.text_area[0].set_value("soon: rollout").run()
    at.button(key="events-keep").click().run()
    assert "begins with no date" in said(at)
    at.text_area[0].set_value("2026-05-12 08:00 rollout").run()
    at.button(key="events-keep").click().run()
    assert store.stated(incident)["events"][0]["what"] == "rollout"
    at.button(key="exchange-files").click().run()
    assert not at.exception
    assert "reference.csv (loans in May.csv)" in said(at)


def test_own_rules_are_proposed_kept_and_taken_away(own: str, broken: str) -> None:
    at = opened("own_rules", broken)
    assert not at.exception
    assert "income" in at.title[0].value
    at = opened("own_rules", own)
    assert at.title[0].value.startswith("All ")
    assert store.rules(own) is None
    at.button(key="rules-keep").click().run()
    assert not at.exception
    assert store.rules(own) is not None
    assert "The rules are kept" in said(at)
