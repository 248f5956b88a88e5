"""Before and after: each remedy's gain on held-out rows with its interval, beside the line of no gain."""

from __future__ import annotations

from diagnostics.clinic.shared.compare import VERDICTS, Compared, Verdict, translate
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis
from diagnostics.pictures.shapes import Dots, Limit, Row, Shape
from diagnostics.pictures.style import Tone

TONES = {Verdict.GAIN: Tone.FINE, Verdict.NO_GAIN: Tone.REFERENCE, Verdict.WORSE: Tone.FAULT}


def draw(p: Compared, finding: Finding | None, words: Words) -> Shape | None:
    """Green where a remedy gains, vermilion where it makes worse, grey where chance could be all; None where nothing ran."""
    rows = [
        Row(
            label=translate(words, r.says),
            value=r.gain,
            tone=TONES[r.verdict],
            said=f"{'+' if r.gain.value > 0 else ''}{words.number(round(r.gain.value, 4))}, {words(VERDICTS[r.verdict])}",
        )
        for r in p.ran
    ]
    better = words(N_("change of {unit} on held-out rows; right of the line is better"), unit=translate(words, p.says))
    return Dots(rows=rows, axis=Axis(title=better), limits=(Limit(at=0.0, label=words(N_("as before"))),)) if rows else None
