"""Which picture belongs to a check and to a cause: once, for pages and reports."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from diagnostics import pictures
from diagnostics.causes.cause import Cause
from diagnostics.nouns.check import Check
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures import proof, timeline
from diagnostics.pictures.shapes import Shape
from diagnostics.timeline import Timeline, told

log = logging.getLogger(__name__)

Draw = Callable[[Any, Finding | None, Words], Shape | None]

FAILURES: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What drawing unusual numbers may raise: one picture that fails must not take a page or a report with it."""

UNDRAWN: Final = N_("The picture could not be drawn; the numbers below are not affected.")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A shape and the sentence that says what it shows; no shape where drawing failed, which is said in its place."""

    shape: Shape | None
    alt: str


def drawing(check_name: str) -> Draw | None:
    """How the profile of a check is drawn; None where it has no picture.

    A check of a step is drawn by the function of its own name in the module of its step, one of the clinic by `draw` in its own.
    """
    step, _, name = check_name.rpartition(".")
    module = f"{pictures.__name__}.{step or f'clinic.{name}'}"
    if importlib.util.find_spec(module) is None:
        return None
    draw: Draw | None = getattr(importlib.import_module(module), name if step else "draw", None)
    return draw


def of_finding(check: Check, finding: Finding | None, words: Words, alt: str = "") -> Picture | None:
    """The picture of one finding, or of a check that found nothing; None where there is none worth drawing."""
    draw = drawing(check.name)
    if draw is None or check.profile is None:
        return None
    return attempt(lambda: draw(check.profile, finding, words), words, alt or (finding.statement(words) if finding else ""))


def attempt(draw: Callable[[], Shape | None], words: Words, alt: str) -> Picture | None:
    """What `draw` makes; where it fails, a picture that says so."""
    try:
        shape = draw()
        if shape is not None:
            shape.plots(words)
    except FAILURES:
        log.exception("a picture could not be drawn")
        return Picture(shape=None, alt=alt)
    return None if shape is None else Picture(shape=shape, alt=alt)


def of_timeline(p: Timeline, words: Words) -> Picture | None:
    return attempt(lambda: timeline.rows(p, words), words, told(p, words) if p.signs else words(N_("Timeline")))


def of_proof(cause: Cause, words: Words) -> Picture | None:
    """What the undo of a cause showed; None where it could not be tried."""
    if (replay := cause.replay) is not None:
        alt = words(
            N_("{unit:term}: reference {reference:number}, current {before:number}, after the undo {after:number}"),
            unit=replay.unit,
            reference=replay.reference.value,
            before=replay.before.value,
            after=replay.after.value,
        )
        return attempt(lambda: proof.replay(replay, words), words, alt)
    if (likeness := cause.likeness) is not None:
        alt = words(
            N_("Pairs of rows told apart: {before:percent} as it is, {after:percent} after the undo; 50% is guessing"),
            before=likeness.before,
            after=max(0.5, likeness.after),
        )
        return attempt(lambda: proof.likeness(likeness, words), words, alt)
    return None


def supporting(cause: Cause, checks: Sequence[Check], words: Words) -> list[tuple[Check, Finding]]:
    """The findings to show for a cause, one per check and rule, in the order in which the cause names its rules."""
    says, found = cause.statement(words), []
    for code in dict.fromkeys(cause.supports):
        for check in checks:
            of_rule = [f for f in check.findings if f.code == code]
            if of_rule:
                # Of several findings of one rule, the one that says what the cause says, else one about its columns.
                apart = [(f.statement(words) != says, not set(f.columns) & set(cause.columns), f.rank) for f in of_rule]
                found.append((check, of_rule[apart.index(min(apart))]))
    return found
