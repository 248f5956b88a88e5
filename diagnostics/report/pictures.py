"""The pictures of a report: what proves each cause, the timeline, and the worst findings that no cause shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from markupsafe import Markup, escape

from diagnostics.causes.cause import Cause
from diagnostics.investigation import Investigation
from diagnostics.nouns.check import Check
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import Words
from diagnostics.pictures import pictured
from diagnostics.pictures.as_plotly import figure
from diagnostics.pictures.as_svg import svg
from diagnostics.pictures.lettering import FONT
from diagnostics.pictures.pictured import UNDRAWN, Picture
from diagnostics.pictures.style import LIGHT
from diagnostics.timeline import Timeline

PER_CAUSE: Final = 2
PER_REPORT: Final = 16
"""Pictures of a report: a reader of a review looks at few, and each costs paper and bytes."""


@dataclass(frozen=True)
class Shown:
    """One picture, ready for a document. key: its id there."""

    key: str
    picture: Picture
    words: Words

    @property
    def alt(self) -> str:
        return self.picture.alt

    @cached_property
    def still(self) -> Markup:
        if self.picture.shape is None:
            return Markup(f"<p>{escape(self.words(UNDRAWN))}</p>")
        return svg(self.picture.shape, self.words, self.alt)

    @cached_property
    def spec(self) -> Markup | None:
        """The figure as JSON that may stand in a script element: no character in it can end one. None for what was not drawn."""
        if self.picture.shape is None:
            return None
        text = str(figure(self.picture.shape, self.words, LIGHT).update_layout(font_family=FONT).to_json())
        for letter in "<>&\u2028\u2029":
            text = text.replace(letter, f"\\u{ord(letter):04x}")
        return Markup(text)


@dataclass(frozen=True)
class Pictures:
    """causes: in the order of the causes; steps: by number."""

    timeline: Shown | None
    causes: tuple[tuple[Shown, ...], ...]
    steps: dict[int, tuple[Shown, ...]]

    @property
    def all(self) -> tuple[Shown, ...]:
        first = (self.timeline,) if self.timeline else ()
        return (*first, *(p for of in self.causes for p in of), *(p for of in self.steps.values() for p in of))


class _Album:
    """Collects pictures, each finding once, up to the cap."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.checks: set[str] = set()
        self.count = 0

    def add(self, picture: Picture | None) -> list[Shown]:
        if picture is None or self.count >= PER_REPORT:
            return []
        self.count += 1
        return [Shown(f"chart{self.count}", picture, self.words)]

    def finding(self, check: Check, finding: Finding) -> list[Shown]:
        if check.name in self.checks or self.count >= PER_REPORT:
            return []
        drawn = self.add(pictured.of_finding(check, finding, self.words))
        self.checks |= {check.name} if drawn else set()
        return drawn


def pictures(investigation: Investigation, words: Words, line: Timeline | None) -> Pictures:
    """line: the timeline of the report."""
    album = _Album(words)
    timeline = album.add(pictured.of_timeline(line, words) if line is not None else None)
    causes = tuple(tuple(_of_cause(cause, investigation, album)) for cause in investigation.causes)
    steps: dict[int, tuple[Shown, ...]] = {}
    worst = sorted(((check, f) for check in investigation.checks for f in check.findings[:1]), key=lambda pair: pair[1].rank)
    for check, finding in worst:
        if finding.severity is not Severity.INFO:
            number = check.diagnostic.step
            steps[number] = (*steps.get(number, ()), *album.finding(check, finding))
    return Pictures(timeline[0] if timeline else None, causes, steps)


def _of_cause(cause: Cause, investigation: Investigation, album: _Album) -> list[Shown]:
    shown = album.add(pictured.of_proof(cause, album.words))
    for check, finding in pictured.supporting(cause, investigation.checks, album.words):
        if len(shown) >= PER_CAUSE:
            break
        shown += album.finding(check, finding)
    return shown
