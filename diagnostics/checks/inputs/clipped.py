"""Clipped values: a column is cut off at a bound that it used to pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from diagnostics.checks.inputs.atoms import Atom, atoms, clips
from diagnostics.checks.inputs.fills import written
from diagnostics.checks.inputs.rows import none, rows_where
from diagnostics.nouns.finding import Finding, loose
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_

CLIPPED: Final = Rule(
    code="INP080",
    lane=Lane.DATA,
    title=N_("Values are cut off at a bound"),
    why=N_("The largest (or smallest) values all become the same, so the model can no longer tell these rows apart."),
    remedy=N_(
        "Look for a cap, a saturated sensor or a column type that is too narrow on the way "
        "of this column, and lift it to what it was."
    ),
    statistic=N_("Share of rows exactly at the new extreme, beside the share of training rows that lay at it or beyond."),
    source="Tobin 1958, doi:10.2307/1907382 (censored values pile up at the bound)",
)
RULES: Final = (CLIPPED,)


@dataclass(frozen=True)
class Clipped:
    """Values that cut their column off, with the side: "high" or "low"."""

    atoms: tuple[tuple[Atom, str], ...]


def profile(incident: Incident) -> Clipped:
    """Raises NotApplicable without both tables or a common feature."""
    return Clipped(tuple((atom, clips(atom)) for atom in atoms(incident) if clips(atom)))


def judge(p: Clipped, *, cut_at: float = 0.01, critical_at: float = 0.2) -> list[Finding]:
    """A column fires when at least `cut_at` of its values moved onto one bound and the reference went on beyond it.

    One value in a hundred is the share that trimming and winsorising usually touch; one in five is called critical.
    """
    findings = []
    seen: set[tuple[str, str]] = set()
    for atom, side in p.atoms:
        beyond = atom.above.reference if side == "high" else atom.below.reference
        few = 4 * np.sqrt(max(beyond, 1 / atom.n) / atom.n)
        if beyond < max(cut_at, few) or atom.distinct < 4 or (atom.name, side) in seen:
            continue
        if atom.distinct <= 12 and not (atom.sharp and beyond >= 0.05):
            continue  # A code whose last level happens to be absent is no bound.
        seen.add((atom.name, side))
        says = (
            N_(
                "{column:name} never exceeds {value} any more: {after:percent} of the rows lie exactly "
                "there; in the reference {beyond:percent} went beyond."
            )
            if side == "high"
            else N_(
                "{column:name} never falls below {value} any more: {after:percent} of the rows lie exactly "
                "there; in the reference {beyond:percent} went below."
            )
        )
        findings.append(
            loose(
                CLIPPED,
                says,
                {
                    "column": atom.name,
                    "value": written(atom),
                    "bound": atom.value,
                    "side": side,
                    "before": atom.reference,
                    "after": atom.after,
                    "beyond": beyond,
                    "extreme": atom.high if side == "high" else atom.low,
                },
                (atom.name,),
                Severity.CRITICAL if beyond >= critical_at else Severity.WARNING,
                weight=float(np.clip(beyond, 0, 1)),
                since=atom.since,
            )
        )
    return findings


def offending(incident: Incident, finding: Finding, *, limit: int = 10_000) -> pd.DataFrame:
    """The rows that lie exactly on the bound, as `rows.rows_where` gives them."""
    column = incident.pair().current[finding.columns[0]]
    if column.kind is Kind.NUMBER:
        return rows_where(incident, f"{column.key} = ?", [finding.evidence["bound"]], limit=limit)
    return none(incident)
