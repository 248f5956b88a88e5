"""The page of a watch, on real batches: a calm one, a fault, a late label, a missing day."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.watch.series import rows_of
from diagnostics.keep import store
from diagnostics.nouns.words import Words, words_for
from diagnostics.pictures import watch as charts
from diagnostics.pictures.as_plotly import figure
from diagnostics.pictures.style import DARK, LIGHT
from diagnostics.pictures.train_again import side_by_side
from diagnostics.watch import alerts, incidents, records
from diagnostics.watch.founding import compared
from diagnostics.watch.look import look
from diagnostics.watch.overview import Verdict, overview
from diagnostics.watch.records import Watch
from tests.pages.conftest import done, opened, said
from tests.watch.conftest import FIRST, broken, moment, put, watching


@pytest.fixture(scope="module")
def watch(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Watch:
    folder = tmp_path_factory.mktemp("watched")
    rows_of(np.random.default_rng(3), "2025-01-06", 56, 150).to_csv(folder / "reference.csv", index=False)
    frame = rows_of(np.random.default_rng(4), FIRST, 14, 150)
    days = [part for _, part in frame.groupby(frame["when"].dt.date)]
    made = watching(folder, folder / "reference.csv", name="The shop", tell=["json://127.0.0.1:9/very-secret/"])
    for day in (*range(10), 11, 12):
        rows = broken(days[day]) if day in (11, 12) else days[day]
        put(folder / "in", day, rows.assign(label="") if day == 9 else rows)
    look(made.id, clock=lambda: moment(13))
    return records.one(made.id)


@pytest.fixture(autouse=True)
def _everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_CLINIC_LIST", "on")


def page(watch: Watch, **query: str) -> AppTest:
    at = AppTest.from_file(Path(__file__).parents[2] / "app.py", default_timeout=60)
    at.run()
    at.switch_page("pages/watch.py")
    at.query_params["watch"] = watch.id
    for name, value in query.items():
        at.query_params[name] = value
    return done(at.run())


def test_every_batch_has_its_verdict(watch: Watch) -> None:
    seen = overview(watch.id)
    assert list(seen.verdicts) == [*[Verdict.WELL] * 9, Verdict.CALM, Verdict.MISSING, Verdict.FAULT, Verdict.FAULT]


def test_it_says_what_happened_and_opens_it_with_one_click(watch: Watch) -> None:
    at = page(watch)
    assert not at.exception
    assert "amount" in at.title[0].value
    assert "100 times" in at.title[0].value
    text = said(at)
    assert "M missing (1)" in text.replace("**", "")
    assert "very-secret" not in text
    assert "Batches that wait for labels: 1." in text
    at.selectbox(key="column").set_value("age").run()
    at.selectbox(key="which").set_value(3).run()
    assert not at.exception
    assert at.selectbox(key="batch").value.endswith("03-15.csv")
    at.button(key="open-batch").click().run()
    [batch] = [one for one in records.history(watch.id) if "03-15" in one.name]
    assert store.exists(batch.incident)


def test_an_alert_is_silenced_for_a_time_and_told_again(watch: Watch) -> None:
    at = page(watch)
    [alert] = [one for one in alerts.of_watch(watch.id) if one.closed is None and one.cause]
    at.button(key=f"silence-{alert.number}").click().run()
    [silence] = alerts.silenced(watch.id, now=records.utc(moment(13)))
    assert silence.cause == "unit_change"
    at.button(key=f"unsilence-{silence.number}").click().run()
    assert alerts.silenced(watch.id, now=records.utc(moment(13))) == []


def test_the_list_shows_it_to_the_machine_and_to_no_stranger(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "The shop" in said(opened("watch"))
    monkeypatch.setenv("MODEL_CLINIC_LIST", "off")
    assert "The shop" not in said(opened("watch"))


def test_the_pictures_show_all_of_it_in_both_languages(watch: Watch) -> None:
    seen = overview(watch.id)
    for words, palette in ((Words(), LIGHT), (words_for("zh"), DARK)):
        line, heat, calendar = (draw(seen, words) for draw in (charts.line, charts.heat, charts.calendar))
        assert line is not None
        assert heat is not None
        assert calendar is not None
        assert sum(len(marks.x) for marks in line.points) == len(seen.history)
        assert {text for marks in line.points for text in marks.inside} == {"W", "E", "M", "F"}
        assert len(heat.cells.z[0]) == len(seen.counted)
        assert sum(len(marks.x) for marks in calendar.points) == 13
        for shape in (line, heat, calendar):
            assert figure(shape, words, palette).data
    over_time = charts.over_time(seen, "age", 0, Words())
    assert over_time is not None
    assert 40 < (over_time.curves[0].y[0] or 0) < 60


def test_the_advised_z_score_is_counted_beside_it(watch: Watch) -> None:
    seen = overview(watch.id)
    found = compared(seen)
    assert found is not None
    assert (found.changes, found.missed) == (1, 0)
    shape = side_by_side(seen, found, Words())
    assert shape is not None
    assert figure(shape, Words(), LIGHT).data


def test_an_open_incident_is_watched_from_its_page(healthy: str, home: Path, tmp_path: Path) -> None:
    at = opened("watch", healthy)
    at.text_input(key="watch-name").set_value("Loans")
    at.text_input(key="watch-folder").set_value(str(tmp_path))
    at.text_input(key="watch-zone").set_value("Nowhere/At all")
    at.button[-1].click().run()
    assert "no time zone" in said(at)
    at.text_input(key="watch-zone").set_value("Asia/Shanghai")
    at.button[-1].click().run()
    made = records.named("Loans")
    assert made is not None
    assert (made.folder / "reference.csv").exists()
    assert "approved" in (made.folder / "incident.yaml").read_text()
    records.delete(made.id)


def test_a_batch_that_never_came_has_no_rows_to_open(watch: Watch) -> None:
    seen = overview(watch.id)
    gone = next(batch for batch, verdict in zip(seen.history, seen.verdicts, strict=True) if verdict is Verdict.MISSING)
    with pytest.raises(Exception, match="are gone"):
        incidents.opened(watch, gone, seen.counted, None)


def test_training_again_is_asked_on_its_page(broken: str) -> None:
    at = opened("train_again", broken)
    at.selectbox(key="again-family").set_value("linear")
    next(button for button in at.button if button.label == "Compare").click().run()
    at = done(at)
    at.run()
    assert not at.exception
    assert "ix the data" in at.title[0].value
    at.button(key="buy").click().run()
    assert "has its label already" in said(at)
