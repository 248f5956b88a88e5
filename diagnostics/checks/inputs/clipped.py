"""Clipped values: a column is cut off at a bound that it used to pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from diagnostics.causes.catalogue import CLIPPED_VALUES
from diagnostics.checks.inputs.atoms import Atom, atoms, clips, format_value
from diagnostics.checks.inputs.rows import none, rows_where
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Lane, Null, Rule, Severity
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class CutOff(ColumnEntry):
    """Values that moved onto a bound. before, after, beyond: shares of the rows, 0 to 1."""

    value: str = shown(N_("Bound"), Unit.NAME)
    bound: float
    """The same as a number; of times in seconds since 1970, as `extreme`."""

    side: str
    """ "high" or "low"."""

    before: float = shown(N_("Rows on the bound in the reference"), Unit.SHARE)
    after: float = shown(N_("Rows on the bound since the change"), Unit.SHARE)
    beyond: float = shown(N_("Rows beyond the bound in the reference"), Unit.SHARE)
    extreme: float
    """Furthest value of the reference on that side."""


def _describe(entry: CutOff) -> str:
    if entry.side == "high":
        return N_(
            "{column:name} never exceeds {value} any more: {after:percent} of the rows lie exactly "
            "there; in the reference {beyond:percent} went beyond."
        )
    return N_(
        "{column:name} never falls below {value} any more: {after:percent} of the rows lie exactly "
        "there; in the reference {beyond:percent} went below."
    )


CLIPPED: Final = Rule[CutOff](
    code="INP080",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("Values are cut off at a bound"),
    says=_describe,
    why=N_("The largest (or smallest) values all become the same, so the model can no longer tell these rows apart."),
    remedy=N_(
        "Look for a cap, a saturated sensor or a column type that is too narrow on the way "
        "of this column, and lift it to what it was."
    ),
    statistic=N_("Share of rows exactly at the new extreme, beside the share of training rows that lay at it or beyond."),
    source="Tobin 1958, doi:10.2307/1907382 (censored values pile up at the bound)",
    suggests=CLIPPED_VALUES,
    clear=0.88,
    thresholds={
        "cut_at": Shown(N_("Share of the rows cut off that counts"), Unit.SHARE),
        "critical_at": Shown(N_("Share that is called critical"), Unit.SHARE),
    },
)
RULES: Final = (CLIPPED,)


@dataclass(frozen=True)
class Clipped:
    """Values that cut their column off, with the side: "high" or "low"."""

    atoms: tuple[tuple[Atom, str], ...]


def profile(incident: Incident) -> Clipped:
    """Raises NotApplicable without both tables or a common feature."""
    return Clipped(tuple((atom, clips(atom)) for atom in atoms(incident) if clips(atom)))


def judge(p: Clipped, *, cut_at: float = 0.01, critical_at: float = 0.2) -> list[Finding[CutOff]]:
    """A column fires when at least `cut_at` of its values moved onto one bound and the reference went on beyond it.

    One value in a hundred is the share that trimming and winsorising usually touch; one in five is called critical. Both were
    chosen on benchmarks/incidents.
    """
    findings: list[Finding[CutOff]] = []
    seen: set[tuple[str, str]] = set()
    for atom, side in p.atoms:
        beyond = atom.above.reference if side == "high" else atom.below.reference
        few = 4 * np.sqrt(max(beyond, 1 / atom.n) / atom.n)
        if beyond < max(cut_at, few) or atom.distinct < 4 or (atom.name, side) in seen:
            continue
        if atom.distinct <= 12 and not (atom.sharp and beyond >= 0.05):
            continue  # A code whose last level happens to be absent is no bound.
        seen.add((atom.name, side))
        entry = CutOff(
            since=atom.since,
            weight=float(np.clip(beyond, 0, 1)),
            column=atom.name,
            value=format_value(atom),
            bound=atom.value,
            side=side,
            before=atom.reference,
            after=atom.after,
            beyond=beyond,
            extreme=atom.high if side == "high" else atom.low,
        )
        findings.append(CLIPPED.found(entry, severity=Severity.CRITICAL if beyond >= critical_at else Severity.WARNING))
    return findings


def offending(incident: Incident, finding: Finding[CutOff], *, limit: int = 10_000) -> pd.DataFrame:
    """The rows that lie exactly on the bound, as `rows.rows_where` gives them."""
    column = incident.pair().current[finding.of.column]
    if column.kind is Kind.NUMBER:
        return rows_where(incident, f"{column.key} = ?", [finding.of.bound], limit=limit)
    return none(incident)
