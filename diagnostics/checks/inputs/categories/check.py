"""Categories: levels that are new, vanished, go by other names or are spelt in several ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import RECODED_CATEGORIES, UNSEEN_CATEGORIES
from diagnostics.checks.inputs.categories.recoding import Recoding, Shares, by_permutation, by_shares, by_spelling
from diagnostics.checks.inputs.names import plain
from diagnostics.checks.inputs.notation import TEXT, by_level, classify
from diagnostics.checks.inputs.rows import none, rows_where
from diagnostics.checks.inputs.timeline import Stretch, Timeline, timeline
from diagnostics.measure import engine
from diagnostics.measure.engine import ColumnProfile
from diagnostics.measure.frames import with_columns
from diagnostics.measure.samples import as_level, samples
from diagnostics.measure.undo import NO_UNDO, Undo
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.rule import Lane, Null, Rule, Severity, Sign
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class NewLevels(ColumnEntry):
    """Levels that the reference never had."""

    share: float = shown(N_("Rows with a new category"), Unit.SHARE)
    levels: tuple[str, ...] = shown(N_("New categories"), Unit.NAMES)
    """The commonest 20."""

    count: int = shown(N_("Number of new categories"), Unit.COUNT)


@dataclass(frozen=True, kw_only=True)
class GoneLevels(ColumnEntry):
    """Levels that the current table lacks."""

    share: float = shown(N_("Rows with one of them in the reference"), Unit.SHARE)
    levels: tuple[str, ...] = shown(N_("Categories that no longer arrive"), Unit.NAMES)
    """The commonest 20."""


@dataclass(frozen=True, kw_only=True)
class OtherNames(ColumnEntry):
    """Levels that go by other names."""

    share: float = shown(N_("Rows with another name"), Unit.SHARE)
    """Of the rows since the change."""

    mapping: tuple[str, ...] = shown(N_("Old names and new names"), Unit.NAMES)
    """At most 50 pairs, as `old` and `new`."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    how: str
    """As `Recoding.how`."""

    whole: bool
    """Whether hardly a row still has an old name."""

    sharp: bool
    """Whether it began suddenly."""


@dataclass(frozen=True, kw_only=True)
class Spellings(ColumnEntry):
    """Levels that differ in spelling only, in the reference as well."""

    levels: tuple[str, ...] = shown(N_("Spellings of one category"), Unit.NAMES)
    """At most 20 groups."""


def _describe_names(entry: OtherNames) -> str:
    if entry.how == "permuted":
        return N_(
            "The names of {column:name} stand for each other now ({mapping:list}): the shares are the same, under other names."
        )
    return N_("{column:name} goes by other names in {share:percent} of the rows ({mapping:list}).")


def _describe_spellings(entry: OtherNames | Spellings) -> str:
    if isinstance(entry, Spellings):
        return N_("{column:name} spells the same in several ways ({levels:list}), in the reference too.")
    return N_("{column:name} is spelt in new ways in {share:percent} of the rows ({mapping:list}).")


def _suggest(entry: OtherNames | Spellings) -> CauseKind | None:
    # What the reference does too is no change.
    return RECODED_CATEGORIES if isinstance(entry, OtherNames) else None


def _clearness(entry: OtherNames | Spellings) -> float:
    # The same names over other shares may also be another population.
    return 0.75 if isinstance(entry, OtherNames) and entry.how == "permuted" and not entry.sharp else 0.93


_RENAMED_AT: Final = {
    "renamed_at": Shown(N_("Share of the rows that counts"), Unit.SHARE),
    "renamed_critical_at": Shown(N_("Share that is called critical"), Unit.SHARE),
}

UNSEEN: Final = Rule[NewLevels](
    code="INP090",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("New categories"),
    says=N_("{share:percent} of the rows have a {column:name} that the reference never had ({levels:list})."),
    why=N_("The model has no experience with them; most encoders turn them into nothing or into an error."),
    remedy=N_("Map the new categories to known ones, or train again with rows that have them."),
    statistic=N_("Share of the rows whose category never occurs in training."),
    source="Good 1953, doi:10.1093/biomet/40.3-4.237 (what share of unseen levels chance explains)",
    suggests=UNSEEN_CATEGORIES,
    clear=0.85,
    shows=Sign.BROKEN,
    thresholds={
        "unseen_at": Shown(N_("Share of the rows that counts"), Unit.SHARE),
        "critical_at": Shown(N_("Share that is called critical"), Unit.SHARE),
    },
)
VANISHED: Final = Rule[GoneLevels](
    code="INP091",
    lane=Lane.DATA,
    title=N_("Categories no longer arrive"),
    says=N_("{levels:list} of {column:name} no longer arrive; in the reference they were {share:percent} of the rows."),
    why=N_("A group that the model knew is gone: a feed may be cut off, or the group may have left."),
    remedy=N_("Ask whether this group is still expected."),
    statistic=N_("Share in training of the categories that the current table lacks."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys)",
    severity=Severity.INFO,
    thresholds={"vanished_at": Shown(N_("Share in the reference that counts"), Unit.SHARE)},
)
RECODED: Final = Rule[OtherNames](
    code="INP092",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("Categories go by other names"),
    says=_describe_names,
    why=N_("The rows are the same, but the model does not recognise the new names."),
    remedy=N_("Map the names back before the model, as listed, and agree on the names with the owner of the feed."),
    statistic=N_("Shares of the new names beside those of the names that they replaced."),
    source="Rahm and Bernstein 2001, doi:10.1007/s007780100057 (matching by names and by values)",
    severity=Severity.CRITICAL,
    suggests=RECODED_CATEGORIES,
    clear=_clearness,
    shows=Sign.BROKEN,
    thresholds=_RENAMED_AT,
)
VARIANTS: Final = Rule[OtherNames | Spellings](
    code="INP093",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("One category is spelt in several ways"),
    says=_describe_spellings,
    why=N_("The model takes each spelling for a category of its own."),
    remedy=N_("Trim spaces and unify case and accents before the model, in training and in production alike."),
    statistic=N_("Spellings that differ in case, spaces, accents or punctuation only."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys)",
    suggests=_suggest,
    clear=_clearness,
    thresholds=_RENAMED_AT,
)
RULES: Final = (UNSEEN, VANISHED, RECODED, VARIANTS)

CODES: Final = 20
"""Different whole numbers up to which a number column is also read as codes of categories."""


@dataclass(frozen=True, kw_only=True)
class ColumnLevels:
    """Levels of one column with their shares of the rows with a value, 0 to 1."""

    name: str
    n: int
    """Rows of the reference with a value."""

    m: int
    """Rows of the current table with a value."""

    reference: Shares
    """Over the whole table (of the sample where the kinds differ)."""

    current: Shares
    """Likewise."""

    unseen: tuple[tuple[str, float], ...]
    """New levels with their share of all current rows, the commonest first."""

    expected: float
    """Share of new levels that chance explains."""

    vanished: tuple[tuple[str, float], ...]
    """Levels that no longer arrive, with their share in the reference."""

    recodings: tuple[Recoding, ...]
    """By spelling, then by shares or permutation."""

    spellings: tuple[tuple[str, ...], ...]
    """Groups in the current table that are one level."""

    codes: bool
    """The column holds numbers, read as codes."""

    sharp: bool
    """The change was sudden."""

    since: datetime | None
    """Of the new names."""


@dataclass(frozen=True)
class Categories:
    columns: tuple[ColumnLevels, ...]


def profile(incident: Incident) -> Categories:
    """Raises NotApplicable without both tables or a common feature."""
    tables = incident.pair()
    counted = engine.profiles(tables, seed=incident.seed)
    sample = samples(incident)
    raw = engine.sample(tables.current, seed=incident.seed + 1)
    line = timeline(incident, sample)
    columns: list[ColumnLevels] = []
    for name in sample.features:
        kinds = sample.kinds[name], tables.current[name].kind
        if kinds[0] is Kind.CATEGORY:
            x, y = sample.reference[name], sample.current[name]
        elif kinds[0] is Kind.NUMBER and kinds[1] in (Kind.NUMBER, Kind.CATEGORY) and _coded(sample.reference[name]):
            x, y = as_level(sample.reference[name]), as_level(raw[name])
            if kinds[1] is Kind.CATEGORY and np.mean(by_level(y.dropna(), classify) != TEXT) > 0.5:
                continue  # Numbers in another notation are no other names.
        else:
            continue
        both = None
        if kinds == (Kind.CATEGORY, Kind.CATEGORY):
            both = Sides(counted.reference.columns[name], counted.current.columns[name])
        columns += _column(
            name,
            x,
            pd.Series(line.ordered(y), dtype=object),
            line,
            both,
            codes=kinds[0] is Kind.NUMBER and kinds[1] is Kind.NUMBER,
        )
    return Categories(tuple(columns))


def _coded(values: pd.Series) -> bool:
    present = values.to_numpy("float64")
    present = present[np.isfinite(present)]
    # The first rows rule out most columns.
    if np.unique(present[:200]).size > CODES or not 2 <= np.unique(present).size <= CODES:
        return False
    return bool((present == np.round(present)).all())


def _shares(counted: ColumnProfile | None, values: Any) -> dict[str, float]:
    codes, levels = pd.factorize(values)
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    shares = {str(level): float(count / counts.sum()) for level, count in zip(levels, counts, strict=True)}
    if counted is not None and counted.count:
        # The levels that were counted by name are exact; the rest stays as sampled.
        shares.update({v: c / counted.count for v, c in zip(counted.grid.levels, counted.levels, strict=True)})
    return {level: share for level, share in shares.items() if share > 0}


def _column(
    name: str, x: pd.Series, y: pd.Series, line: Timeline, both: Sides[ColumnProfile] | None, *, codes: bool
) -> Iterator[ColumnLevels]:
    x, present = x.dropna(), y.notna().to_numpy()
    if len(x) < 20 or present.sum() < 3:
        return
    reference = _shares(both.reference if both else None, x)
    if len(reference) > 0.5 * len(x) or len(reference) > 5_000:
        return  # A name of its own for every row: an identifier or free text.
    current = _shares(both.current if both else None, y[present])
    n = both.reference.count if both else len(x)
    m = both.current.count if both else int(present.sum())
    unseen = {level: share for level, share in current.items() if level not in reference}
    stretch = line.stretch(y.isin(list(unseen)).to_numpy()) if unseen else _stretch(reference, y, line)
    after = y[stretch.start :].dropna()
    since_shares = _shares(None, after)
    recodings = _recodings(reference, since_shares, n, len(after), codes=codes, stretch=stretch)
    vanished = {v: p for v, p in reference.items() if v not in current}
    singles = int((x.value_counts() == 1).sum())
    yield ColumnLevels(
        name=name,
        n=n,
        m=m,
        reference=reference,
        current=current,
        unseen=_commonest_first(unseen),
        expected=singles / len(x),
        vanished=_commonest_first(vanished),
        recodings=recodings,
        spellings=_spellings(current),
        codes=codes,
        sharp=stretch.sharp,
        since=stretch.since,
    )


def _commonest_first(shares: Shares) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def _stretch(reference: Shares, y: pd.Series, line: Timeline) -> Stretch:
    """Where the shares of the known levels change: by the commonest of them."""
    top = max(reference, key=lambda level: (reference[level], level))
    values: NDArray[np.float64] = (y == top).to_numpy().astype("float64")
    row = line.change(values)
    return Stretch(0, line.at(0), False) if row is None else Stretch(row, line.at(row), True)


def _recodings(reference: Shares, after: Shares, n: int, m: int, *, codes: bool, stretch: Stretch) -> tuple[Recoding, ...]:
    found = []
    spelt = None if codes else by_spelling(reference, after)
    if spelt is not None:
        found.append(spelt)
        new = dict(spelt.pairs[i][::-1] for i in range(len(spelt.pairs)))
        merged: dict[str, float] = {}
        for level, share in after.items():
            merged[new.get(level, level)] = merged.get(new.get(level, level), 0.0) + share
        after = merged
    shared = by_shares(reference, after, n, m) or by_permutation(reference, after, n, m)
    if (
        shared is not None
        and not (codes and not _are_codes(shared))
        and (shared.how != "permuted" or stretch.sharp or len(reference) >= 4)
    ):
        found.append(shared)
    return tuple(found)


def _are_codes(recoding: Recoding) -> bool:
    """Whole numbers for whole numbers, and not by one constant, which would be a change of unit."""
    pairs = [(float(a), float(b)) for a, b in recoding.pairs]
    if len(pairs) < 2 or any(b != round(b) or abs(b) > 1000 for _, b in pairs):
        return False
    ratios = {round(b / a, 6) for a, b in pairs if a and b}
    return len(ratios) > 1 or any((a == 0) != (b == 0) for a, b in pairs)


def _spellings(shares: Shares) -> tuple[tuple[str, ...], ...]:
    groups: dict[str, list[str]] = {}
    for level in sorted(shares):
        if key := plain(level):
            groups.setdefault(key, []).append(level)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def judge(
    p: Categories,
    *,
    unseen_at: float = 0.005,
    critical_at: float = 0.05,
    vanished_at: float = 0.02,
    renamed_at: float = 0.003,
    renamed_critical_at: float = 0.05,
) -> list[Finding]:
    """Unseen: `unseen_at` of the rows, three times what chance explains (Good-Turing), and one new level so common that chance
    would not have spared the reference. Vanished: levels that held `vanished_at` of the reference. Recoded and variants:
    whatever matches in `renamed_at` of the rows. All shares were chosen on benchmarks/incidents.
    """
    findings: list[Finding] = []
    for column in p.columns:
        mapped = {new for recoding in column.recodings if recoding.how != "permuted" for _, new in recoding.pairs}
        replaced = {old for recoding in column.recodings for old, _ in recoding.pairs}
        for recoding in column.recodings:
            if recoding.share >= renamed_at:
                minor = recoding.how == "permuted" or recoding.share < renamed_critical_at
                rule = VARIANTS if recoding.how == "spelling" and not recoding.whole else RECODED
                severity = Severity.WARNING if minor else Severity.CRITICAL
                findings.append(rule.found(_other_names(column, recoding), severity=severity))
        if column.codes:
            continue
        unseen = [(level, share) for level, share in column.unseen if level not in mapped]
        share = sum(s for _, s in unseen)
        spared = max((s * column.m * np.log1p(column.n / max(1, column.m)) for _, s in unseen), default=0.0)
        total = share * column.m * np.log1p(column.n / max(1, column.m))
        if share >= max(unseen_at, 3 * column.expected) and (spared > 9 or (total > 14 and column.expected < 0.002)):
            findings.append(
                UNSEEN.found(
                    NewLevels(
                        since=column.since,
                        weight=float(min(1.0, share)),
                        column=column.name,
                        share=share,
                        levels=tuple(v for v, _ in unseen[:20]),
                        count=len(unseen),
                    ),
                    severity=Severity.CRITICAL if share >= critical_at else Severity.WARNING,
                )
            )
        gone = [(v, s) for v, s in column.vanished if v not in replaced and s * column.m > 12]
        share = sum(s for _, s in gone)
        if share >= vanished_at:
            levels = tuple(v for v, _ in gone[:20])
            findings.append(VANISHED.found(GoneLevels(weight=float(share), column=column.name, share=share, levels=levels)))
        groups = [group for group in column.spellings if not mapped & set(group)]
        if groups:
            spelt = Spellings(weight=0.01, column=column.name, levels=tuple(" / ".join(group) for group in groups[:20]))
            findings.append(VARIANTS.found(spelt, severity=Severity.INFO))
    return findings


def _other_names(column: ColumnLevels, recoding: Recoding) -> OtherNames:
    pairs = recoding.pairs[:50]
    return OtherNames(
        since=column.since,
        weight=float(min(1.0, recoding.share)),
        column=column.name,
        share=recoding.share,
        mapping=tuple(f"{old} -> {new}" for old, new in pairs),
        old=tuple(old for old, _ in pairs),
        new=tuple(new for _, new in pairs),
        how=recoding.how,
        whole=recoding.whole,
        sharp=column.sharp,
    )


def undo(finding: Finding[NewLevels | GoneLevels | OtherNames | Spellings], incident: Incident) -> Undo:
    """Gives levels their old names back; rows with a level that is new can only be left out."""
    entry = finding.of
    name = entry.column
    if isinstance(entry, OtherNames):
        back = dict(zip(entry.new, entry.old, strict=True))
        return Undo(
            repair=lambda frame: with_columns(
                frame, {name: frame[name].map(lambda level: back.get(level, level), na_action="ignore")}
            )
        )
    if isinstance(entry, NewLevels):
        levels = set(entry.levels)
        return Undo(faulty=lambda frame: frame[name].isin(levels).to_numpy(dtype=bool), leave_out=(name,))
    return NO_UNDO


def offending(
    incident: Incident, finding: Finding[NewLevels | GoneLevels | OtherNames | Spellings], *, limit: int = 10_000
) -> pd.DataFrame:
    """The rows with a new category or a new name, as `rows.rows_where` gives them."""
    column = incident.pair().current[finding.of.column]
    levels = finding.of.new if isinstance(finding.of, OtherNames) else finding.of.levels
    if column.kind is not Kind.CATEGORY or not levels:
        return none(incident)
    return rows_where(incident, f"{column.key} IN ({', '.join('?' * len(levels))})", list(levels), limit=limit)
