"""Which picture belongs to a check and to a cause: once, for pages and reports."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from diagnostics import pictures as charts
from diagnostics.causes.cause import Cause
from diagnostics.nouns.check import Check
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures import proof
from diagnostics.pictures.style import Palette, finish

log = logging.getLogger(__name__)

Draw = Callable[[Any, Finding | None, Words, Palette], go.Figure | None]

OTHERWISE: Final = {
    "confirm.sides": "",
    "drift.marginal": "drift.draw",
    "environment.config": "sides.settings",
    "environment.leakage": "",
    "environment.packages": "sides.packages",
    "operations.decisive": "log_templates.draw",
    "operations.logs": "log_templates.draw",
    "reproduce.model_file": "pickle_header.draw",
    "training_history": "training_history.draw",
}
"""Checks whose picture does not go by their own name."""

FAILURES: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What drawing unusual numbers may raise: one picture that fails must not take a page or a report with it."""


@dataclass(frozen=True)
class Picture:
    """A finished figure and the sentence that says what it shows."""

    figure: go.Figure
    alt: str


def drawing(check_name: str) -> Draw | None:
    """How the profile of a check is drawn; None where it has no picture."""
    name, _, function = OTHERWISE.get(check_name, f"{check_name.partition('.')[2]}.draw").partition(".")
    if not name or importlib.util.find_spec(f"{charts.__name__}.{name}") is None:
        return None
    draw: Draw = getattr(importlib.import_module(f"{charts.__name__}.{name}"), function)
    return draw


def of_finding(check: Check, finding: Finding, words: Words, palette: Palette) -> Picture | None:
    """The picture of one finding; None where there is none worth drawing, or where drawing fails (which is logged)."""
    draw = drawing(check.name)
    if draw is None or check.profile is None:
        return None
    try:
        figure = draw(check.profile, finding, words, palette)
        if figure is None:
            return None
        finish(figure, words, palette)
    except FAILURES:
        log.exception("chart of %s failed", check.name)
        return None
    return Picture(figure, finding.statement(words))


def of_proof(cause: Cause, words: Words, palette: Palette) -> Picture | None:
    """What the undo of a cause showed; None where it could not be tried."""
    if cause.replay is not None:
        figure = proof.draw(cause.replay, None, words, palette)
        alt = words(
            N_("{unit:term}: reference {reference:number}, current {before:number}, after the undo {after:number}"),
            unit=cause.replay.unit,
            reference=cause.replay.reference.value,
            before=cause.replay.before.value,
            after=cause.replay.after.value,
        )
    elif cause.likeness is not None:
        figure = proof.draw_likeness(cause.likeness, words, palette)
        alt = words(
            N_("Pairs of rows told apart: {before:percent} as it is, {after:percent} after the undo; 50% is guessing"),
            before=cause.likeness.before,
            after=max(0.5, cause.likeness.after),
        )
    else:
        return None
    return Picture(figure, alt) if figure is not None else None


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
