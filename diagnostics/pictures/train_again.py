"""What each candidate of a new training gains, and the advised z-score beside the watch."""

from __future__ import annotations

from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis, Points
from diagnostics.pictures.shapes import Course, Dots, Limit, Row
from diagnostics.pictures.style import Tone
from diagnostics.pictures.watch import along, places
from diagnostics.watch.again import TITLES, Again, Candidate, Which
from diagnostics.watch.founding import Founding
from diagnostics.watch.overview import Overview, standing_at


def gains(p: Again, words: Words) -> Dots | None:
    """A dot with its interval for each candidate; None where none could be trained beside the reference."""
    shown = [one for one in p.candidates if not one.skipped and one.which is not Which.REFERENCE]
    if not shown:
        return None
    rows = [
        Row(label=words(TITLES[one.which]), value=one.gain, tone=_tone(one), said=words.number(one.gain.value)) for one in shown
    ]
    title = words(N_("gain over the reference alone (lower loss is better)"))
    return Dots(rows=rows, axis=Axis(title=title), limits=(Limit(at=0.0, tone=Tone.TEXT, dash=""),))


def _tone(one: Candidate) -> Tone:
    return Tone.FINE if one.certain else Tone.FAULT if one.gain.high < 0 else Tone.CURRENT


def side_by_side(p: Overview, founding: Founding, words: Words) -> Course | None:
    """Two rows of batches: when ours stood, and when the advised z-score alarmed; None without batches."""
    if p.course is None or not p.counted:
        return None
    at = places(p.counted)
    said = {True: words(N_("alarm")), False: words(N_("no alarm"))}
    ours = [standing_at(p.course, place) is not None for place in range(len(p.counted))]
    points = [
        Points(
            x=at,
            y=[height] * len(at),
            tones=[Tone.FAULT if loud else Tone.REFERENCE for loud in alarmed],
            symbol="square",
            size=9,
            hover=[f"{batch.name}: {said[loud]}" for batch, loud in zip(p.counted, alarmed, strict=True)],
        )
        for height, alarmed in ((0, founding.alarmed), (1, ours))
    ]
    rows = ((0.0, words(N_("advised z-score"))), (1.0, words(N_("this watch"))))
    return Course(x=along(at, words), y=Axis(ticks=rows, low=-0.6, high=1.6, grid=False), points=points, height=170.0)
