"""Memory: what each line of code holds over time, or at one moment."""

from __future__ import annotations

from pathlib import PurePath

from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis
from diagnostics.pictures.shapes import Bars, Course, Curve, Row, Shape
from diagnostics.pictures.style import Tone
from diagnostics.service.memory.check import MB, Memory
from diagnostics.service.memory.recording import Recording

SHOWN = 4


def draw(p: Memory, finding: Finding | None, words: Words) -> Shape | None:
    """The recording over time, else the one of a moment."""
    recording = max(p.recordings, key=lambda one: len(one.hours), default=None)
    if recording is None or not recording.lines:
        return None
    return draw_course(recording, words) if len(recording.hours) > 1 else draw_lines(recording, words)


def draw_course(recording: Recording, words: Words) -> Shape:
    """MB that the lines with most growth hold, by hours; the process above them."""
    most = sorted(recording.lines, key=lambda one: -one.grown)[:SHOWN]
    curves = []
    if recording.resident:
        values = [v / MB for v in recording.resident]
        curves.append(Curve(x=recording.hours, y=values, name=words(N_("the process")), tone=Tone.REFERENCE))
    for line, tone in zip(most, (Tone.FAULT, Tone.CURRENT, Tone.WATCH, Tone.FINE), strict=False):
        name = words(N_("{file:name}, line {line}"), file=PurePath(line.file).name, line=str(line.line))
        curves.append(Curve(x=recording.hours, y=[v / MB for v in line.bytes], name=name, tone=tone))
    return Course(x=Axis(title=words(N_("hours"))), y=Axis(title=words(N_("MB held")), zero=True), curves=curves)


def draw_lines(recording: Recording, words: Words) -> Shape:
    """MB by line at one moment."""
    rows = [
        Row(
            label=words(N_("{file:name}, line {line}"), file=PurePath(line.file).name, line=str(line.line)),
            value=line.bytes[-1] / MB,
            said=words(N_("{size:number} MB"), size=line.bytes[-1] / MB),
        )
        for line in recording.lines[:10]
    ]
    return Bars(rows=rows, axis=Axis(title=words(N_("MB held"))))
