"""What the diagnostics do while the tests run: which rule fired, which stayed silent, what an undo changed, what was drawn.

With ``--contract steps`` (or ``all``, with the clinic) a run fails at its end when a rule fired in none of its tests or was
silent in none, when an undo took nothing out of the rows, or when the picture of a page was never drawn. Nobody has to keep a
table of makers: the tests of a rule are its makers.
"""

from __future__ import annotations

import functools
import runpy
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pytest

from diagnostics.catalogue import catalogue, clinic_catalogue
from diagnostics.measure.samples import samples
from diagnostics.measure.undo import NO_UNDO
from diagnostics.nouns.check import Diagnostic
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.words import words_for

NEVER_SILENT = frozenset({"REP030", "REP045"})
"""Rules that record what was looked at: they speak whenever their check can."""

NO_WAY_BACK = frozenset({"DRF011", "DRF012", "DRF013", "DRF014"})
"""Other rows, classes or relations: no fault of a column, so that there is nothing to undo."""

TRIES = 4
"""Findings of a rule on which undo and picture are tried."""


@dataclass
class Recorded:
    """Codes of rules, and names of diagnostics for what is drawn."""

    fired: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    undone: set[str] = field(default_factory=set)
    drawn: set[str] = field(default_factory=set)
    wrong: set[str] = field(default_factory=set)
    """What an undo did that it must not do, as sentences."""

    def add(self, other: dict[str, list[str]]) -> None:
        for name, codes in other.items():
            getattr(self, name).update(codes)

    def plain(self) -> dict[str, list[str]]:
        return {name: sorted(codes) for name, codes in vars(self).items()}


def on_pages() -> set[str]:
    """The diagnostics that have a place on a page, by running the scripts of the pages."""
    from pages.parts import clinic, step
    from pages.parts.guard import CLINIC, ROOT, STEP_SCRIPTS

    named: set[str] = set()

    class Opened(BaseException):
        """Ends a script that goes on with the page it opened."""

    def page(name: str, about: str, **_: Any) -> None:
        named.add(name)
        raise Opened

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(step, "step_page", lambda number, order, **_: named.update(order))
        patched.setattr(clinic, "clinic_page", page)
        for script in (*STEP_SCRIPTS, *(script for script, _ in CLINIC)):
            try:
                runpy.run_path(str(ROOT / script))
            except Opened:
                continue
    return named


@cache
def pictures() -> dict[str, Callable[..., Any]]:
    """Diagnostic to its picture, without those that have none."""
    from diagnostics.pictures.pictured import drawing

    found = {diagnostic.name: drawing(diagnostic.name) for diagnostic in (*catalogue(), *clinic_catalogue())}
    return {name: draw for name, draw in found.items() if draw is not None}


class Recorder:
    """Wraps `profile` and `judge` of every diagnostic, also where a test imported them by name."""

    def __init__(self) -> None:
        self.recorded = Recorded()
        self._incidents: dict[int, tuple[object, Incident]] = {}
        self._tried: Counter[str] = Counter()
        self._pictures: dict[str, Callable[..., Any]] = {}

    def begin(self) -> None:
        self._pictures = pictures()
        swapped: dict[int, tuple[Any, Any]] = {}
        for diagnostic in (*catalogue(), *clinic_catalogue()):
            module: Any = diagnostic.module
            swapped[id(module.profile)] = module.profile, self._profile(module.profile)
            swapped[id(module.judge)] = module.judge, self._judge(diagnostic, module.judge)
        for name, module in list(sys.modules.items()):
            if name.startswith(("tests.", "diagnostics.")):
                for known, value in list(vars(module).items()):
                    if id(value) in swapped and swapped[id(value)][0] is value:
                        setattr(module, known, swapped[id(value)][1])

    def _profile(self, real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def profile(incident: Incident, *rest: Any, **named: Any) -> Any:
            made = real(incident, *rest, **named)
            # The profile is held as well, or another object could get its number.
            self._incidents[id(made)] = made, incident
            return made

        return profile

    def _judge(self, diagnostic: Diagnostic, real: Callable[..., list[Finding]]) -> Callable[..., list[Finding]]:
        @functools.wraps(real)
        def judge(p: Any, *rest: Any, **named: Any) -> list[Finding]:
            found = real(p, *rest, **named)
            fired = {finding.code for finding in found}
            self.recorded.fired |= fired
            self.recorded.silent |= {rule.code for rule in diagnostic.rules} - fired
            self._draw(diagnostic, p, None)
            for finding in found:
                # A sentence of another rule names numbers that this entry does not have.
                finding.statement(words_for("en"))
                self._draw(diagnostic, p, finding)
                if id(p) in self._incidents:
                    self._undo(diagnostic, finding, self._incidents[id(p)][1])
            return found

        return judge

    def _draw(self, diagnostic: Diagnostic, p: Any, finding: Finding | None) -> None:
        draw = self._pictures.get(diagnostic.name)
        key = f"draw {diagnostic.name} {finding and finding.code}"
        if draw is None or self._tried[key] >= TRIES or diagnostic.name in self.recorded.drawn:
            return
        self._tried[key] += 1
        from diagnostics.pictures.as_plotly import figure
        from diagnostics.pictures.as_svg import svg
        from diagnostics.pictures.style import LIGHT

        words = words_for("en")
        shape = draw(p, finding, words)
        if shape is not None:
            figure(shape, words, LIGHT)
            svg(shape, words, "")
            self.recorded.drawn.add(diagnostic.name)

    def _undo(self, diagnostic: Diagnostic, finding: Finding, incident: Incident) -> None:
        module: Any = diagnostic.module
        undo = getattr(module, "undo", None)
        if undo is None or finding.code in self.recorded.undone or self._tried[f"undo {finding.code}"] >= TRIES:
            return
        self._tried[f"undo {finding.code}"] += 1
        way = undo(finding, incident)
        if way is NO_UNDO or way == NO_UNDO:
            return
        before = samples(incident).current
        kept = before.copy()
        done = way.matched is not None or any(name in before for name in way.leave_out)
        if way.repair is not None:
            after = way.repair(before)
            done = any(name not in after or not after[name].equals(kept[name]) for name in finding.columns if name in kept)
            others = [name for name in kept if name not in finding.columns and name in after]
            if len(after) == len(kept) and any(not after[name].equals(kept[name]) for name in others):
                self.recorded.wrong.add(f"{finding.code}: its undo changed columns that are not at fault")
        if way.faulty is not None:
            faulty = np.asarray(way.faulty(before))
            done = faulty.shape == (len(before),) and bool(faulty.any())
        if way.weights is not None:
            done = len(way.weights) == len(before) and bool(np.ptp(way.weights) > 0) and bool((way.weights >= 0).all())
        if not before.equals(kept):
            self.recorded.wrong.add(f"{finding.code}: its undo changed the rows it was given")
        if done:
            self.recorded.undone.add(finding.code)


def asked(scope: str) -> tuple[Diagnostic, ...]:
    """Of whom the contract is asked: "steps", "all", or one diagnostic by its name."""
    every = (*catalogue(), *clinic_catalogue())
    return {"steps": catalogue(), "all": every}.get(scope) or tuple(d for d in every if d.name == scope)


def broken(recorded: Recorded, scope: str) -> list[str]:
    """What the contract asks and the run did not show, as sentences."""
    said = sorted(recorded.wrong)
    drawable = set(pictures())
    for diagnostic in asked(scope):
        for rule in diagnostic.rules:
            if rule.code not in recorded.fired:
                said.append(f"{rule.code} ({diagnostic.name}) fired in no test: name one that makes it fire in tests/quick.txt")
            if rule.code not in recorded.silent | NEVER_SILENT:
                said.append(f"{rule.code} ({diagnostic.name}) was silent in no test: name one in tests/quick.txt")
            if (
                rule.suggests
                and hasattr(diagnostic.module, "undo")
                and rule.code in recorded.fired - recorded.undone - NO_WAY_BACK
            ):
                said.append(f"{rule.code} ({diagnostic.name}): its undo takes nothing out of the rows")
        if diagnostic.name in drawable - recorded.drawn:
            said.append(f"{diagnostic.name}: its picture was drawn in no test")
    return said
