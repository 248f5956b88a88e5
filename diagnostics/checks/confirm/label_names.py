"""Label names: are the classes of the target written on both sides in the same words?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from diagnostics.causes.catalogue import RECODED_LABELS
from diagnostics.measure import engine
from diagnostics.measure.outcome import match_classes, unmatched
from diagnostics.measure.samples import as_level
from diagnostics.measure.undo import NO_UNDO, Undo
from diagnostics.nouns.entry import ColumnEntry, Unit, internal, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_

CLASSES: Final = 50
"""Classes beyond which a target is no list of words that somebody recoded."""


@dataclass(frozen=True, kw_only=True)
class OtherWords(ColumnEntry):
    """before, after: the classes that stand in one table only; told: whether it is plain which is which."""

    before: tuple[str, ...] = shown(N_("Labels in the reference"), Unit.NAMES)
    after: tuple[str, ...] = shown(N_("Labels in the current table"), Unit.NAMES)
    pairs: tuple[str, ...] = shown(N_("Current labels and what they mean"), Unit.NAMES)
    told: bool = internal(True)


def _says(entry: OtherWords) -> str:
    if entry.told:
        return N_(
            "The labels in {column:name} are written differently in the current table ({pairs:list}). "
            "All error rates below were computed after matching them."
        )
    return N_(
        "The labels in {column:name} are written differently: {before:list} in the reference, {after:list} in the current table. "
        "Which is which cannot be told, so no error rate was computed."
    )


RECODED: Final = Rule[OtherWords](
    code="CON061",
    title=N_("The labels are written differently"),
    says=_says,
    why=N_("Labels that are written differently count as different classes: each correct prediction would be called wrong."),
    remedy=N_("Write the labels in both tables the same way, with the reference's words, then check again."),
    statistic=N_("The classes that the target has in the reference and in the current table."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys)",
    severity=Severity.CRITICAL,
    suggests=RECODED_LABELS,
    clear=lambda entry: 0.8 if entry.told else 0.97,
    first=True,
)
RULES: Final = (RECODED,)


@dataclass(frozen=True, kw_only=True)
class Labels:
    """Classes of both sides. meant: current class to the one of the reference that it means, where it is written otherwise."""

    column: str
    reference: tuple[str, ...]
    current: tuple[str, ...]
    meant: Mapping[str, str] = field(default_factory=dict)
    unmatched: bool = False
    """The current classes are others, and which is which cannot be told."""


def profile(incident: Incident) -> Labels:
    """Raises NotApplicable without both tables, without a target, or when that is no class."""
    tables, target = incident.pair(), incident.role("target")
    if incident.task is Task.REGRESSION:
        raise NotApplicable(N_("The target is a number, not a class."), needs="target")
    if target not in tables.reference or target not in tables.current:
        raise NotApplicable(N_("One of the tables has no labels (true outcomes)."), needs="target")
    sides = []
    for table, seed in ((tables.reference, incident.seed), (tables.current, incident.seed + 1)):
        levels = as_level(engine.sample(table, seed=seed)[target].drop_duplicates()).dropna()
        sides.append(tuple(sorted(str(level) for level in levels)))
    before, after = sides
    if max(len(before), len(after)) > CLASSES or len(before) < 2:
        return Labels(column=target, reference=before, current=after)
    matched = match_classes(np.array(after, dtype=object), before)
    meant = {
        level: str(other) for level, other in zip(after, matched, strict=True) if level != other and not _alike(level, str(other))
    }
    return Labels(column=target, reference=before, current=after, meant=meant, unmatched=unmatched(matched, before))


def _alike(one: str, other: str) -> bool:
    """The same value in another notation: true and TRUE, 1 and 1.0. Words in other letters are other words to most programs."""
    if one.strip() == other.strip():
        return True
    if one.strip().casefold() == other.strip().casefold() in ("true", "false"):
        return True
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def judge(p: Labels) -> list[Finding]:
    """A mapping that the words themselves give (yes and 1, True and 1) is a warning: the metrics use it. Without one it is
    critical: the metrics would be nonsense.
    """
    if not p.meant and not p.unmatched:
        return []
    entry = OtherWords(
        weight=1.0,
        column=p.column,
        before=tuple(name for name in p.reference if name not in p.current),
        after=tuple(name for name in p.current if name not in p.reference),
        pairs=tuple(f"{level} = {other}" for level, other in p.meant.items()),
        told=not p.unmatched,
    )
    return [RECODED.found(entry, severity=Severity.CRITICAL if p.unmatched else Severity.WARNING)]


def undo(finding: Finding[OtherWords], incident: Incident) -> Undo:
    """The current labels in the reference's words, where it is plain which is which."""
    if not finding.of.told:
        return NO_UNDO
    name = finding.of.column
    classes = profile(incident).reference

    def repair(frame: pd.DataFrame) -> pd.DataFrame:
        if name not in frame:
            return frame
        written = match_classes(as_level(frame[name]).to_numpy(dtype=object), classes)
        return frame.assign(**{name: pd.Series(written, index=frame.index, dtype=object)})

    return Undo(repair=repair)
