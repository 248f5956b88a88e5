"""The proof of a cause: the loss, or how different the rows look, as it is and after the undo."""

from __future__ import annotations

import math

from diagnostics.causes.cause import Likeness, Replay
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis
from diagnostics.pictures.shapes import Dots, Limit, Row, Shape
from diagnostics.pictures.style import Tone


def replay(p: Replay, words: Words) -> Shape | None:
    """Three means with their 95% intervals, one under the other; None when there is nothing to compare."""
    rows = (
        (N_("current, as it is"), p.before, Tone.FAULT),
        (N_("after the undo"), p.after, Tone.FINE),
        (N_("reference"), p.reference, Tone.REFERENCE),
    )
    if not all(math.isfinite(interval.value) for _, interval, _ in rows):
        return None
    return Dots(
        rows=[Row(label=words(name), value=v, tone=tone, said=words.number(v.value)) for name, v, tone in rows],
        axis=Axis(title=words(N_("{unit} (lower is better)"), unit=words(p.unit)), zero=True),
    )


def likeness(p: Likeness, words: Words) -> Shape | None:
    """Pairs that are told apart, as it is and after the undo, and what guessing gives; None where nothing differed before."""
    if p.explained is None:
        return None
    # Below one half is chance as well.
    after, tone = max(0.5, p.after), Tone.FINE if p.explained > 0 else Tone.WATCH
    rows = ((N_("current, as it is"), p.before, Tone.FAULT), (N_("after the undo"), after, tone))
    return Dots(
        rows=[Row(label=words(name), value=v, tone=tone, said=words.percent(v)) for name, v, tone in rows],
        axis=Axis(title=words(N_("pairs of rows told apart")), form="%", low=0.45, high=1.03),
        limits=(Limit(at=0.5, label=words(N_("guessing"))),),
    )
