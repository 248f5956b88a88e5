"""Figures as still pictures: what is in the figure is in the SVG, at its place, and nothing else."""

from __future__ import annotations

import re
from datetime import datetime
from xml.etree import ElementTree

import plotly.graph_objects as go
import pytest

from diagnostics.nouns.words import Words
from diagnostics.pictures.style import LIGHT, blank, finish, onset_line, safe, threshold_line
from diagnostics.report.pictures import pictures
from diagnostics.report.still import still
from diagnostics.timeline import timeline
from tests.report.investigated import EVIL, broken

KNOWN = {"svg", "text", "rect", "line", "polyline", "polygon", "circle", "path"}


def drawn(figure: go.Figure) -> ElementTree.Element:
    finish(figure, Words(), LIGHT)
    root = ElementTree.fromstring(str(still(figure, "what it shows")))
    for element in root.iter():
        assert element.tag.rpartition("}")[2] in KNOWN
        assert not [name for name in element.attrib if name.startswith("on") or "href" in name]
    return root


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter() if element.tag.endswith("text")]


def of(root: ElementTree.Element, tag: str) -> list[ElementTree.Element]:
    return [element for element in root.iter() if element.tag.endswith("}" + tag)]


def test_bars_are_as_long_as_their_values() -> None:
    figure = blank(Words(), LIGHT, x="points")
    figure.add_bar(y=["a", "b"], x=[10, 20], orientation="h", text=["ten", "twenty"], textposition="outside")
    root = drawn(figure)
    short, long = (float(bar.attrib["width"]) for bar in of(root, "rect"))
    assert long == pytest.approx(2 * short, abs=0.2)
    assert {"a", "b", "ten", "twenty", "points"} <= set(texts(root))


@pytest.mark.parametrize("mode", ["group", "stack"])
def test_bars_of_two_sides_stand_beside_or_on_each_other(mode: str) -> None:
    figure = blank(Words(), LIGHT)
    figure.add_bar(x=["a"], y=[1], marker_color=LIGHT.reference, name="reference")
    figure.add_bar(x=["a"], y=[2], marker_color=LIGHT.current, name="current")
    figure.update_layout(barmode=mode)
    first, second = of(drawn(figure), "rect")
    assert (first.attrib["x"] == second.attrib["x"]) == (mode == "stack")
    if mode == "stack":
        assert float(second.attrib["y"]) + float(second.attrib["height"]) == pytest.approx(float(first.attrib["y"]), abs=0.2)


def test_a_line_over_time_has_dates_its_onset_and_its_threshold() -> None:
    figure = blank(Words(), LIGHT, y="share")
    figure.add_scatter(x=[datetime(2026, 5, day) for day in range(1, 20)], y=[0.1] * 19, mode="lines")
    threshold_line(figure, 0.3, "alarm", LIGHT)
    onset_line(figure, datetime(2026, 5, 12, 8), Words(), LIGHT)
    root = drawn(figure)
    said = texts(root)
    assert "since 12 May 2026, 08:00" in said
    assert "alarm" in said
    assert [text for text in said if re.fullmatch(r"May \d+", text)]
    assert any(line.attrib["stroke"] == LIGHT.fault for line in of(root, "line"))
    assert [line.attrib.get("stroke-dasharray") for line in of(root, "line")].count("2 4") == 1


def test_logarithmic_axes_have_powers_of_ten_and_empty_values_break_the_line() -> None:
    figure = blank(Words(), LIGHT)
    figure.add_scatter(x=[1, 2, 3, 4, 5], y=[1, 10, None, 1000, 10000], mode="lines")
    figure.update_yaxes(type="log")
    root = drawn(figure)
    assert {"10", "1,000"} <= set(texts(root))
    assert len(of(root, "polyline")) == 2


def test_ten_thousand_points_become_a_line_that_a_print_can_hold_with_its_peak() -> None:
    figure = blank(Words(), LIGHT)
    figure.add_scatter(x=list(range(10_000)), y=[0.0] * 5_000 + [9.0] + [0.0] * 4_999, mode="lines")
    (line,) = of(drawn(figure), "polyline")
    points = [pair.split(",") for pair in line.attrib["points"].split()]
    assert len(points) <= 2_000
    assert len({y for _, y in points}) == 2


def test_hostile_labels_are_letters() -> None:
    figure = blank(Words(), LIGHT)
    figure.add_bar(y=[safe(EVIL)], x=[1], orientation="h")
    figure.add_annotation(x=0, y=0, xref="paper", yref="paper", text=safe(EVIL))
    said = " ".join(texts(drawn(figure)))
    assert "<img src=x onerror=alert(1)>" in said


def test_a_table_is_a_table() -> None:
    figure = go.Figure(go.Table(header={"values": ["package"]}, cells={"values": [[safe("<b>numpy</b>")]]}))
    assert "<td>&lt;b&gt;numpy&lt;/b&gt;</td>" in still(figure, "packages")


def test_every_picture_of_an_investigation_can_be_still() -> None:
    found = broken()
    shown = pictures(found, Words(), timeline(found.incident.events, found.findings()))
    assert len(shown.all) >= 4
    for picture in shown.all:
        assert picture.alt
        assert ElementTree.fromstring(str(picture.still)).tag.endswith(("svg", "table"))
    assert len({picture.key for picture in shown.all}) == len(shown.all)
    assert shown.causes[0]
