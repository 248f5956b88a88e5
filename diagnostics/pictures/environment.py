"""Pictures of step 5: what differs between the two sides as a table, the worst first; a drawing would say less."""

from __future__ import annotations

from diagnostics.checks.environment.config.check import Config
from diagnostics.checks.environment.packages.check import Packages
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.shapes import Shape, Table
from diagnostics.pictures.style import Tone

SHOWN = 20
TONES = {Severity.CRITICAL: Tone.FAULT, Severity.WARNING: Tone.WATCH, Severity.INFO: Tone.TEXT}


def packages(p: Packages, finding: Finding | None, words: Words) -> Shape | None:
    """Package, version on either side, and what a difference does; conflicts where there are no differences."""
    if p.differences:
        heads = (N_("package"), N_("reference"), N_("current"), N_("what this does"))
        rows = [(d.package, d.reference or "–", d.current or "–", words(d.why)) for d in p.differences[:SHOWN]]
        return Table(heads=[words(head) for head in heads], rows=rows, tones=[TONES[d.severity] for d in p.differences[:SHOWN]])
    heads = (N_("package"), N_("the file asks for"), N_("needed"), N_("by"))
    rows = [(c.package, c.has, c.needs, c.needed_by) for c in p.conflicts[:SHOWN]]
    return Table(heads=[words(head) for head in heads], rows=rows, tones=[Tone.WATCH] * len(rows)) if rows else None


def config(p: Config, finding: Finding | None, words: Words) -> Shape | None:
    """Setting and its value on either side."""
    shown = p.changes[:SHOWN]
    heads = [words(head) for head in (N_("setting"), N_("reference"), N_("current"))]
    rows = [(c.path, c.reference or "–", c.current or "–") for c in shown]
    return Table(heads=heads, rows=rows, tones=[Tone.WATCH if c.decisive else Tone.TEXT for c in shown]) if rows else None
