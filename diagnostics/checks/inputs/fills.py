"""Default fills: one value stands where others used to stand, in part of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from diagnostics.causes.catalogue import DEFAULT_FILL
from diagnostics.checks.inputs.atoms import Atom, atoms, clips, format_value
from diagnostics.checks.inputs.names import plain
from diagnostics.checks.inputs.rows import equal, none, rows_where
from diagnostics.checks.inputs.timeline import timeline
from diagnostics.measure.samples import samples
from diagnostics.measure.undo import Undo
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.rule import Lane, Null, Rule, Severity, Sign
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Fill(ColumnEntry):
    """One value stands in more rows than in the reference. before, after: shares of the rows with a value, 0 to 1."""

    value: str = shown(N_("Value"), Unit.NAME)
    fill: float | str
    """The value itself; of a time the seconds since 1970."""

    before: float = shown(N_("Rows with it in the reference"), Unit.SHARE)
    after: float = shown(N_("Rows with it since the change"), Unit.SHARE)
    rows: int = shown(N_("Rows with it in the sample"), Unit.COUNT)
    sharp: bool
    """Whether it began suddenly."""

    rest_distance: float = shown(N_("Distance of the other values to the reference (KS statistic or total variation)"))


def _clearness(entry: Fill) -> float:
    return 0.92 if entry.sharp else 0.85


_THRESHOLDS: Final = {
    "rise_at": Shown(N_("Rise of the value's share that counts"), Unit.SHARE),
    "drift_at": Shown(N_("Rise that counts in a column of few values"), Unit.SHARE),
    "rest_at": Shown(N_("Distance that the other values may have moved (KS statistic or total variation)"), Unit.NUMBER),
    "critical_at": Shown(N_("Rise that is called critical"), Unit.SHARE),
}

NUMBER_FILL: Final = Rule[Fill](
    code="INP050",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("One number stands in many rows"),
    says=N_("{column:name} is {value} in {after:percent} of the rows; in the reference it was so in {before:percent}."),
    why=N_("A default stands for values that did not arrive; the model takes it for a measurement."),
    remedy=N_("Ask the owner of the feed why the default is sent; send a missing value instead, and fill it as in training."),
    statistic=N_("Share of one value: of a hundred rows, how many hold exactly this number, beside the same share in training."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys); Wilson 1927, doi:10.1080/01621459.1927.10502953",
    severity=Severity.CRITICAL,
    suggests=DEFAULT_FILL,
    clear=_clearness,
    shows=Sign.BROKEN,
    thresholds=_THRESHOLDS | {"new_at": Shown(N_("Share that counts for a value that the reference never had"), Unit.SHARE)},
)
LEVEL_FILL: Final = Rule[Fill](
    code="INP051",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("One category stands in many rows"),
    says=N_("{column:name} is {value:name} in {after:percent} of the rows; in the reference it was so in {before:percent}."),
    why=N_("A default category stands for values that did not arrive; the model takes it for the real one."),
    remedy=N_("Ask the owner of the feed why the default is sent; send a missing value instead, and fill it as in training."),
    statistic=N_("Share of one category, beside the same share in training, while the other categories keep their proportions."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys)",
    severity=Severity.CRITICAL,
    suggests=DEFAULT_FILL,
    clear=_clearness,
    thresholds=_THRESHOLDS,
)
RULES: Final = (NUMBER_FILL, LEVEL_FILL)

SENTINELS: Final = frozenset(
    s * v for v in (1, 9, 99, 999, 9999, 99999, 999999, 9999999, 99999999, 999999999, 2147483647) for s in (1, -1)
) | {0, -2147483648}
"""Numbers that programmers use for "not known"."""

DEFAULT_NAMES: Final = frozenset(
    [
        *("unknown", "other", "others", "none", "null", "na", "nan", "nil", "void", "unk", "tbd", "misc", "dummy"),
        *("missing", "undefined", "default", "unspecified", "empty", "blank", "novalue", "nodata"),
        *("notavailable", "notapplicable"),
    ]
)
"""Names of categories that stand for "not known", without case and punctuation."""


@dataclass(frozen=True, kw_only=True)
class LevelAtom:
    """One category whose share rose. Shares are of the rows with a value, 0 to 1."""

    name: str
    value: str
    reference: float
    """Share in the reference."""

    before: float
    """Share in the current rows before its stretch."""

    after: float
    """Share from its stretch on."""

    rows: int
    """Rows of the current sample with it."""

    rest: float
    """Total variation distance between the shares of the other categories."""

    rest_noise: float
    """What chance explains of it."""

    levels: int
    """Categories of the reference."""

    named_default: bool
    """Its name stands for "not known"."""

    chance: float
    """What chance explains of the rise."""

    since: datetime | None
    sharp: bool


@dataclass(frozen=True)
class Fills:
    """Candidates of all columns; those that `judge` names are fills."""

    numbers: tuple[Atom, ...]
    levels: tuple[LevelAtom, ...]
    rows: Sides[int]


def profile(incident: Incident) -> Fills:
    """Raises NotApplicable without both tables or a common feature."""
    tables = incident.pair()
    return Fills(atoms(incident), tuple(_levels(incident)), Sides(tables.reference.rows, tables.current.rows))


def _levels(incident: Incident) -> Iterator[LevelAtom]:
    sample = samples(incident)
    line = timeline(incident, sample)
    for name in sample.categories:
        # Names become numbers once; everything after is counting.
        both = pd.concat([sample.reference[name], sample.current[name]], ignore_index=True)
        codes, names = pd.factorize(both)
        x, y = codes[: len(sample.reference)], codes[len(sample.reference) :][line.order]
        x, present = x[x >= 0], y >= 0
        if x.size < 20 or present.sum() < 10:
            continue
        old = np.bincount(x, minlength=len(names)) / x.size
        if np.count_nonzero(old) > 0.5 * x.size:
            continue  # A name of its own for every row: an identifier.
        rise = np.bincount(y[present], minlength=len(names)) / present.sum() - old
        for code in sorted(np.flatnonzero(rise >= 0.01).tolist(), key=lambda c: (-rise[c], str(names[c])))[:2]:
            flagged = y == code
            stretch = line.stretch(flagged)
            after, earlier = y[stretch.start :], y[: stretch.start]
            after, earlier = after[after >= 0], earlier[earlier >= 0]
            others, others_after = x[x != code], after[after != code]
            left = np.bincount(others, minlength=len(names)) / max(1, others.size)
            right = np.bincount(others_after, minlength=len(names)) / max(1, others_after.size)
            union = np.count_nonzero(left + right)
            yield LevelAtom(
                name=name,
                value=str(names[code]),
                reference=float(old[code]),
                before=float(np.mean(earlier == code)) if earlier.size else float(old[code]),
                after=float(np.mean(after == code)),
                rows=int(flagged.sum()),
                rest=float(np.abs(left - right).sum() / 2),
                rest_noise=float(np.sqrt(union / 2 * (1 / max(1, others.size) + 1 / max(1, others_after.size)))),
                levels=int(np.count_nonzero(old)),
                named_default=plain(str(names[code])) in DEFAULT_NAMES,
                chance=_chance(float(old[code]), x.size, after.size),
                since=stretch.since,
                sharp=stretch.sharp,
            )


def _chance(share: float, before: int, after: int) -> float:
    """Four standard errors of the difference of two shares: tables have many levels."""
    return float(4 * np.sqrt(share * (1 - share) * (1 / max(1, before) + 1 / max(1, after))))


def judge(
    p: Fills,
    *,
    rise_at: float = 0.03,
    new_at: float = 0.005,
    drift_at: float = 0.15,
    critical_at: float = 0.1,
    rest_at: float = 0.06,
) -> list[Finding[Fill]]:
    """A value fires when its share rose by `rise_at` (`new_at` for a value that the reference never had) while the other
    values keep their distribution to within `rest_at` (KS or total variation) and chance.

    In a column of one or two values every drift looks like that, so there it must be a sudden step of at least `drift_at`. From
    a rise of `critical_at` on it is critical. All were chosen on benchmarks/incidents. A value at which the column is cut off,
    and one that fills a whole stretch, belong to other checks.
    """
    findings: dict[str, Finding[Fill]] = {}
    for atom in p.numbers:
        if clips(atom) or not _is_fill(atom, rise_at, new_at, drift_at, rest_at):
            continue
        _keep(findings, _find(NUMBER_FILL, atom, format_value(atom), critical_at))
    for level in p.levels:
        rest_kept = level.rest <= rest_at + level.rest_noise
        rise = level.after - level.reference
        step = level.sharp and abs(level.before - level.reference) <= 0.05 + level.rest_noise
        if level.named_default:
            fires = rise >= max(rise_at, level.chance) and level.rows >= 5 and (rest_kept or level.reference == 0)
        else:
            # A new name that is no default is a new category, not a fill.
            fires = level.reference > 0 and rise >= drift_at and step and (rest_kept or level.levels == 1)
        if (fires and level.after < 0.97) or (fires and level.named_default):
            _keep(findings, _find(LEVEL_FILL, level, level.value, critical_at))
    return list(findings.values())


def _keep(findings: dict[str, Finding[Fill]], finding: Finding[Fill]) -> None:
    """One fill a column: the one that holds most rows."""
    name = finding.columns[0]
    if name not in findings or finding.weight > findings[name].weight:
        findings[name] = finding


def _is_fill(atom: Atom, rise_at: float, new_at: float, drift_at: float, rest_at: float) -> bool:
    new = atom.reference == 0
    # Rounding and binning raise several values at once, a default raises one.
    if atom.rivals > 0.6:
        return False
    outside = atom.value < atom.low or atom.value > atom.high
    sentinel = atom.value in SENTINELS or (atom.kind is Kind.TIME and _epoch(atom.value))
    # Chance: nothing in the reference and a few rows here is what two halves of one table show.
    noise = 5 * np.sqrt(
        max(atom.reference, 1 / atom.n) / atom.n + max(atom.after, 1e-9) * (1 - atom.after) * atom.after / max(1, atom.rows)
    )
    if atom.rise < max(noise, new_at if new and (outside or sentinel) else rise_at):
        # Far outside, and a number that means "not known": three rows are enough.
        return bool(new and outside and sentinel and atom.rows >= 3 and atom.rise >= 1e-3)
    if atom.after >= 0.97 and not (new and (sentinel or outside)) and not sentinel:
        return False
    if not sentinel and atom.rows < 10:
        return False
    kept = atom.rest <= rest_at + atom.rest_noise
    if new and outside and sentinel:
        return True
    if atom.distinct <= 2 and not (new and outside):
        return bool(atom.sharp and atom.rise >= drift_at and abs(atom.before - atom.reference) <= 0.05)
    if atom.distinct <= 12 and not new:
        # Counts and codes drift level by level: only a sudden step is a fill.
        return bool(kept and atom.sharp and atom.rise >= 0.08 and abs(atom.before - atom.reference) <= 0.05)
    return bool(kept or (atom.after >= 0.97 and sentinel))


def _epoch(value: float) -> bool:
    """1970-01-01, 1900-01-01, 0001-01-01 or 9999-12-31."""
    return value in (0.0, -2208988800.0, -62135596800.0, 253402214400.0)


def _find(rule: Rule[Fill], atom: Atom | LevelAtom, value: str, critical_at: float) -> Finding[Fill]:
    rise = atom.after - atom.reference
    entry = Fill(
        since=atom.since,
        weight=float(np.clip(rise, 0, 1)),
        column=atom.name,
        value=value,
        fill=atom.value,
        before=atom.reference,
        after=atom.after,
        rows=atom.rows,
        sharp=atom.sharp,
        rest_distance=atom.rest,
    )
    return rule.found(entry, severity=Severity.CRITICAL if rise >= critical_at else Severity.WARNING)


def undo(finding: Finding[Fill], incident: Incident) -> Undo:
    """The rows that hold the fill can only be left out."""
    name, fill = finding.of.column, finding.of.fill
    return Undo(faulty=lambda frame: equal(frame[name], fill), leave_out=(name,))


def offending(incident: Incident, finding: Finding[Fill], *, limit: int = 10_000) -> pd.DataFrame:
    """The rows that hold the fill, as `rows.rows_where` gives them."""
    column = incident.pair().current[finding.of.column]
    fill = finding.of.fill
    if column.kind is Kind.TIME:
        return rows_where(incident, f"epoch({column.key}) = ?", [fill], limit=limit)
    if column.kind is Kind.NUMBER or isinstance(fill, str):
        return rows_where(incident, f"{column.key} = ?", [fill], limit=limit)
    return none(incident)
