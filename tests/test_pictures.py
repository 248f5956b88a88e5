"""Shapes: both renderers draw the same numbers, at their places, and nothing else."""

from __future__ import annotations

import re
from datetime import datetime
from xml.etree import ElementTree

import pytest

from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import Words
from diagnostics.pictures import pictured
from diagnostics.pictures.as_plotly import figure
from diagnostics.pictures.as_svg import svg
from diagnostics.pictures.marks import Axis, Cells, Points, Span, apart, levels
from diagnostics.pictures.shapes import (
    Bars,
    Course,
    Curve,
    Diagonal,
    Dots,
    Dumbbell,
    HeatMap,
    Histograms,
    Lane,
    Lanes,
    Limit,
    Pair,
    Panels,
    Parallel,
    Part,
    Row,
    Shape,
    Stack,
    Stay,
    Table,
)
from diagnostics.pictures.style import DARK, LIGHT, Tone
from diagnostics.report.pictures import pictures
from diagnostics.timeline import timeline
from tests.report.investigated import EVIL, broken

KNOWN = {"svg", "g", "text", "rect", "line", "polyline", "polygon", "circle", "path"}
DAYS = [datetime(2026, 5, day) for day in range(1, 20)]
COURSE = Course(
    x=Axis(time=True),
    y=Axis(title="share", form="%"),
    curves=(Curve(x=DAYS, y=[0.1] * 19, name="current", tone=Tone.CURRENT, low=[0.05] * 19, high=[0.15] * 19, marked=True),),
    limits=(Limit(at=0.3, label="alarm"),),
    spans=(Span(low=DAYS[3], high=DAYS[5], axis="x", tone=Tone.FAULT),),
    onset=datetime(2026, 5, 12, 8),
)
SHAPES: dict[str, Shape] = {
    "dumbbell": Dumbbell(
        rows=(Pair(label="a", reference=Interval(0.2, 0.1, 0.3), current=0.4, fault=True),), axis=Axis(form="%")
    ),
    "bars": Bars(
        rows=(Row(label="a", value=10.0, said="ten"), Row(label="b", value=20.0, said="twenty")), axis=Axis(title="points")
    ),
    "dots": Dots(rows=(Row(label="a", value=Interval(1.0, float("-inf"), 2.0), thick=(0.0, 3.0)),), axis=Axis()),
    "stack": Stack(rows=(("a", (Part(name="x", start=0.0, length=1.0, tone=Tone.CURRENT),)),), axis=Axis()),
    "histograms": Histograms(
        reference=(0.5, 0.5), current=(0.1, 0.9), edges=(7.0,), axis=Axis(title="age"), share="share", worst=(1,)
    ),
    "course": COURSE,
    "diagonal": Diagonal(
        first=(1.0, 2.0, float("nan")),
        second=(1.0, 3.0, 4.0),
        tolerance=0.1,
        x=Axis(),
        y=Axis(),
        fine="equal",
        off="differs",
        limits=True,
    ),
    "lanes": Lanes(
        lanes=(Lane(label="a", stays=(Stay(start=DAYS[0], end=DAYS[2], inside="1"),)),), x=Axis(time=True), labels_above=True
    ),
    "heat map": HeatMap(
        x=Axis(log=True), y=Axis(), cells=Cells(x=(1.0, 10.0), y=(1.0, 2.0), z=((1.0, None), (2.0, 3.0)), low=1.0, high=3.0)
    ),
    "parallel": Parallel(axes=(("a", ((0.0, "1"),)), ("b", ())), lines=(((0.0, 1.0), True), ((1.0, 0.0), False))),
    "panels": Panels(shapes=(COURSE, COURSE), columns=2),
    "table": Table(heads=("package",), rows=(("<b>numpy</b>",),)),
}


def drawn(shape: Shape) -> ElementTree.Element:
    root = ElementTree.fromstring(str(svg(shape, Words(), "what it shows")))
    for element in root.iter():
        assert element.tag.rpartition("}")[2] in KNOWN
        assert not [name for name in element.attrib if name.startswith("on") or "href" in name]
    return root


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter() if element.tag.endswith("text")]


def of(root: ElementTree.Element, tag: str) -> list[ElementTree.Element]:
    return [element for element in root.iter() if element.tag.endswith("}" + tag)]


@pytest.mark.parametrize("name", [name for name in SHAPES if name != "table"])
def test_every_shape_is_drawn_both_ways_with_the_same_words(name: str) -> None:
    said = " ".join(texts(drawn(SHAPES[name])))
    for palette in (LIGHT, DARK):
        made = figure(SHAPES[name], Words(), palette)
        assert made.data
        for note in made.layout.annotations:
            assert note.text.partition("<br>")[0] in said
        for entry in made.data:
            assert not entry.showlegend or not entry.name or entry.name in said
    assert made.layout.xaxis.tickangle == 0


def test_bars_are_as_long_as_their_values_and_what_they_say_lies_on_none() -> None:
    root = drawn(SHAPES["bars"])
    short, long = of(root, "rect")
    assert float(long.attrib["width"]) == pytest.approx(2 * float(short.attrib["width"]), abs=0.2)
    assert {"a", "b", "ten", "twenty", "points"} <= set(texts(root))
    (said,) = [text for text in of(root, "text") if text.text == "twenty"]
    assert float(said.attrib["x"]) > float(long.attrib["x"]) + float(long.attrib["width"])
    assert list(figure(SHAPES["bars"], Words(), LIGHT).data[0].x) == [10.0, 20.0]


def test_the_reference_is_a_diamond_and_the_current_table_a_circle() -> None:
    symbols = [mark.symbol for plot in SHAPES["dumbbell"].plots(Words()) for mark in plot.marks if isinstance(mark, Points)]
    assert symbols == ["diamond", "circle"]
    assert [key.symbol for key in SHAPES["dumbbell"].plots(Words())[0].key] == ["diamond", "circle"]


def test_a_line_over_time_has_dates_its_onset_and_its_threshold() -> None:
    root = drawn(COURSE)
    said = texts(root)
    assert "since 12 May 2026, 08:00" in said
    assert {"alarm", "current"} <= set(said)
    assert [text for text in said if re.fullmatch(r"May \d+", text)]
    lines = of(root, "polyline")
    assert any(line.attrib["stroke"] == LIGHT.fault for line in lines)
    assert [line.attrib.get("stroke-dasharray") for line in lines].count("2 4") == 1


def test_logarithmic_axes_have_powers_of_ten_and_empty_values_break_the_line() -> None:
    line = Curve(x=[1, 2, 3, 4, 5], y=[1, 10, None, 1000, 10000], name="", tone=Tone.CURRENT)
    root = drawn(Course(x=Axis(), y=Axis(log=True), curves=(line,)))
    assert {"10", "1,000"} <= set(texts(root))
    assert len(of(root, "polyline")) == 2


def test_ten_thousand_points_become_a_line_that_a_print_can_hold_with_its_peak() -> None:
    line = Curve(x=list(range(10_000)), y=[0.0] * 5_000 + [9.0] + [0.0] * 4_999, name="", tone=Tone.CURRENT)
    (drawn_line,) = of(drawn(Course(x=Axis(), y=Axis(), curves=(line,))), "polyline")
    points = [pair.split(",") for pair in drawn_line.attrib["points"].split()]
    assert len(points) <= 2_000
    assert len({y for _, y in points}) == 2


def test_hostile_labels_are_letters() -> None:
    rows = (Row(label=EVIL, value=1.0, said=EVIL),)
    shape = Bars(rows=rows, axis=Axis(title=EVIL), limits=(Limit(at=0.5, label=EVIL),))
    assert "<img" in " ".join(texts(drawn(shape)))
    written = figure(shape, Words(), LIGHT).to_json()
    assert "<img" not in written
    assert "\\u003cimg" not in written
    assert "$" not in written


def test_a_table_is_a_table() -> None:
    assert "<td>&lt;b&gt;numpy&lt;/b&gt;</td>" in svg(SHAPES["table"], Words(), "packages")
    assert figure(SHAPES["table"], Words(), LIGHT).data[0].cells.values[0] == ["&lt;b&gt;numpy&lt;/b&gt;"]


def test_words_are_moved_apart_and_onto_lines_of_their_own() -> None:
    low, high = apart([(100.0, 1.0), (101.0, 1.0)])
    assert high - low >= 18
    assert levels([(0.0, 50.0), (40.0, 90.0), (60.0, 120.0)]) == [0, 1, 0]


def test_what_cannot_be_drawn_is_said() -> None:
    def fails() -> Shape:
        raise ValueError("no such number")

    shown = pictured.attempt(fails, Words(), "a sentence")
    assert shown is not None
    assert shown.shape is None


def test_every_picture_of_an_investigation_can_be_still() -> None:
    found = broken()
    shown = pictures(found, Words(), timeline(found.incident.events, found.findings()))
    assert len(shown.all) >= 4
    for picture in shown.all:
        assert picture.alt
        assert ElementTree.fromstring(str(picture.still)).tag.endswith(("svg", "table"))
    assert len({picture.key for picture in shown.all}) == len(shown.all)
    assert shown.causes[0]
