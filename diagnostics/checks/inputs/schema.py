"""Schema: columns missing, extra, renamed, reordered or of another type."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from diagnostics.causes.catalogue import SCHEMA_CHANGE
from diagnostics.checks.inputs.names import compare_names
from diagnostics.checks.inputs.notation import readable
from diagnostics.checks.inputs.timeline import ks, thin
from diagnostics.measure import engine
from diagnostics.measure.onset import first
from diagnostics.measure.samples import times
from diagnostics.nouns.entry import ColumnEntry, Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Lane, Rule, Severity, Sign
from diagnostics.nouns.table import Column, Kind, Table
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class OtherName(ColumnEntry):
    """A column of the reference that the current table has under another name."""

    new_name: str = shown(N_("Name in the current table"), Unit.NAME)
    likeness: float = shown(N_("Likeness of the two names, 0 to 1"))
    distance: float = shown(N_("Distance between the values, 0 to 1"))
    """0 where they are distributed alike, 1 where they share nothing."""


@dataclass(frozen=True, kw_only=True)
class OtherOrder(Entry):
    """Columns that stand in another place."""

    columns: tuple[str, ...] = shown(N_("Columns at fault"), Unit.NAMES)
    count: int = shown(N_("Number of columns at fault"), Unit.COUNT)


@dataclass(frozen=True, kw_only=True)
class OtherType(ColumnEntry):
    """A column whose values are of another kind."""

    before_kind: Kind
    after_kind: Kind
    readable: float = shown(N_("Values that can still be read as the old type"), Unit.SHARE)
    """In whatever notation."""


BECAME: Final = {
    (Kind.NUMBER, Kind.CATEGORY): N_(
        "{column:name} held numbers and now holds text; {readable:percent} of it still reads as numbers."
    ),
    (Kind.NUMBER, Kind.TIME): N_("{column:name} held numbers and now holds times."),
    (Kind.CATEGORY, Kind.NUMBER): N_("{column:name} held text and now holds numbers."),
    (Kind.CATEGORY, Kind.TIME): N_("{column:name} held text and now holds times."),
    (Kind.TIME, Kind.CATEGORY): N_("{column:name} held times and now holds text; {readable:percent} of it still reads as times."),
    (Kind.TIME, Kind.NUMBER): N_("{column:name} held times and now holds numbers."),
}
"""What a change of type is called."""


def _describe_type(entry: OtherType) -> str:
    other = N_("{column:name} changed its type: single values became lists, or the reverse.")
    return BECAME.get((entry.before_kind, entry.after_kind), other)


MISSING: Final = Rule[ColumnEntry](
    code="INP010",
    lane=Lane.DATA,
    title=N_("A column is missing"),
    says=N_("The column {column:name} is missing in the current table."),
    why=N_("The model expects it; whatever fills the gap is not what it learnt from."),
    remedy=N_("Bring the column back into the feed, or train the model again without it."),
    statistic=N_("Columns of the training table that the current one lacks."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys)",
    severity=Severity.CRITICAL,
    suggests=SCHEMA_CHANGE,
    clear=0.95,
    shows=Sign.BROKEN,
)
EXTRA: Final = Rule[ColumnEntry](
    code="INP011",
    lane=Lane.DATA,
    title=N_("A new column"),
    says=N_("The column {column:name} is new: the reference does not have it."),
    why=N_("A model that takes columns by position, or all there are, now reads other values than it learnt from."),
    remedy=N_("Select the columns of training by name before the model."),
    statistic=N_("Columns of the current table that the training table lacks."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys)",
    suggests=SCHEMA_CHANGE,
    # A new column that the model does not read breaks nothing by itself.
    clear=0.3,
)
RENAMED: Final = Rule[OtherName](
    code="INP012",
    lane=Lane.DATA,
    title=N_("A column was renamed"),
    says=N_("The column {column:name} is now called {new_name:name}."),
    why=N_("The model looks for the old name and finds nothing, or a default."),
    remedy=N_("Rename the column back before the model, and agree on names with the owner of the feed."),
    statistic=N_("Likeness of the two names, and distance between the values below them."),
    source="Rahm and Bernstein 2001, doi:10.1007/s007780100057 (schema matching by names and by values)",
    severity=Severity.CRITICAL,
    suggests=SCHEMA_CHANGE,
    clear=0.95,
    shows=Sign.BROKEN,
)
REORDERED: Final = Rule[OtherOrder](
    code="INP013",
    lane=Lane.DATA,
    title=N_("The columns come in another order"),
    says=N_("{count:count} columns stand in another place than in the reference ({columns:list})."),
    why=N_("This is harmless as long as the columns are taken by name; taken by position, every value is wrong."),
    remedy=N_("Select the columns by name before the model."),
    statistic=N_("Columns that are not in the order of training."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys)",
    severity=Severity.INFO,
)
RETYPED: Final = Rule[OtherType](
    code="INP014",
    lane=Lane.DATA,
    title=N_("A column changed its type"),
    says=_describe_type,
    why=N_("Numbers that became text (or the reverse) can't be used as the model learnt them."),
    remedy=N_("Restore the type at the source, or convert the values back before the model."),
    statistic=N_("What the values of a column are: numbers, text or times."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys)",
    severity=Severity.CRITICAL,
    suggests=SCHEMA_CHANGE,
    clear=0.9,
    shows=Sign.BROKEN,
    thresholds={"readable_at": Shown(N_("Share still readable from which on only the notation changed"), Unit.SHARE)},
)
RULES: Final = (MISSING, EXTRA, RENAMED, REORDERED, RETYPED)

MATCHED: Final = 60
"""Missing or extra columns that are matched with one another; beyond, the tables are simply different."""


@dataclass(frozen=True, kw_only=True)
class Schema:
    """Names of columns by what became of them."""

    missing: tuple[str, ...]
    extra: tuple[str, ...]
    renamed: tuple[OtherName, ...]
    reordered: tuple[str, ...]
    retyped: tuple[OtherType, ...]
    shared: int
    """Columns that both tables have."""

    start: datetime | None
    """First time of the current table."""


def profile(incident: Incident) -> Schema:
    """Raises NotApplicable without both tables."""
    tables = incident.pair()
    reference, current = tables.reference, tables.current
    # Labels come late and logs lack what training had: columns with a part to play may be absent on either side.
    missing = [c for c in reference if c.name not in current and c.name not in incident.roles.named]
    extra = [c for c in current if c.name not in reference and c.name not in incident.roles.named]
    frames = engine.sample(reference, seed=incident.seed), engine.sample(current, seed=incident.seed + 1)
    start = first(times(frames[1], incident.roles.timestamp))
    renamed = _renames(missing, extra, *frames, start)
    gone, come = {r.column for r in renamed}, {r.new_name for r in renamed}
    shared = [name for name in reference.names if name in current]
    retyped = []
    for name in shared:
        before, after = reference[name].kind, current[name].kind
        if before is not after and name not in incident.roles.named:
            still = readable(frames[1][name], before)
            retyped.append(
                OtherType(since=start, weight=1 - still, column=name, before_kind=before, after_kind=after, readable=still)
            )
    return Schema(
        missing=tuple(c.name for c in missing if c.name not in gone),
        extra=tuple(c.name for c in extra if c.name not in come),
        renamed=renamed,
        reordered=_reordered(reference, current),
        retyped=tuple(retyped),
        shared=len(shared),
        start=start,
    )


def _reordered(reference: Table, current: Table) -> tuple[str, ...]:
    """Columns outside the longest common order."""
    left = [n for n in reference.names if n in current]
    right = [n for n in current.names if n in reference]
    if left == right:
        return ()
    blocks = difflib.SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    kept = {name for block in blocks for name in left[block.a : block.a + block.size]}
    return tuple(name for name in left if name not in kept)


def distance(left: pd.Series, right: pd.Series) -> float:
    """How far the values of two columns are apart, between 0 and 1: KS statistic of numbers and times, total variation of
    levels.
    """
    numeric = left.dtype.kind in "fM", right.dtype.kind in "fM"
    if numeric[0] != numeric[1] or not left.notna().any() or not right.notna().any():
        return 1.0
    if all(numeric):
        return ks(thin(engine.seconds(left)), thin(engine.seconds(right)))
    a, b = left.value_counts(normalize=True), right.value_counts(normalize=True)
    union = a.index.union(b.index)
    gap = np.abs(a.reindex(union, fill_value=0.0).to_numpy("float64") - b.reindex(union, fill_value=0.0).to_numpy("float64"))
    return float(gap.sum() / 2)


def _renames(
    missing: list[Column], extra: list[Column], reference: pd.DataFrame, current: pd.DataFrame, start: datetime | None
) -> tuple[OtherName, ...]:
    if not missing or not extra or max(len(missing), len(extra)) > MATCHED:
        return ()
    pairs = []
    for old in missing:
        for new in extra:
            names, apart = compare_names(old.name, new.name), distance(reference[old.name], current[new.name])
            # Like names may stand over moved values, unlike ones only over the same.
            if (names >= 0.85 and apart < 0.9) or (names >= 0.5 and apart <= 0.25) or apart <= 0.05:
                pairs.append((names - apart, old.name, new.name, names, apart))
    renames: dict[str, OtherName] = {}
    taken: set[str] = set()
    for _, old_name, new_name, names, apart in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if old_name not in renames and new_name not in taken:
            renames[old_name] = OtherName(
                since=start, weight=1.0, column=old_name, new_name=new_name, likeness=names, distance=apart
            )
            taken.add(new_name)
    return tuple(renames[c.name] for c in missing if c.name in renames)


def judge(p: Schema, *, readable_at: float = 0.5) -> list[Finding]:
    """Every difference fires. A column whose values can for `readable_at` still be read as the old type is a matter of
    notation, which has its own check, and only noted here; half was chosen on benchmarks/incidents.
    """
    findings: list[Finding] = []
    findings += [MISSING.found(ColumnEntry(since=p.start, weight=1.0, column=name)) for name in p.missing]
    findings += [EXTRA.found(ColumnEntry(since=p.start, weight=0.1, column=name)) for name in p.extra]
    findings += [RENAMED.found(entry) for entry in p.renamed]
    if p.reordered:
        findings.append(REORDERED.found(OtherOrder(weight=0.1, columns=p.reordered, count=len(p.reordered))))
    for entry in p.retyped:
        severity = Severity.INFO if entry.readable >= readable_at else Severity.CRITICAL
        findings.append(RETYPED.found(entry, severity=severity))
    return findings
