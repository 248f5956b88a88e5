"""Causes in who arrives and in what the world answers: moved rows, moved class shares, a moved relation, a broken link."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.cause import Family
from diagnostics.causes.data import columns_of
from diagnostics.causes.group import find_group
from diagnostics.causes.hypothesis import Case, Hypothesis
from diagnostics.checks.drift.domain.moved import Domain, Moved
from diagnostics.checks.drift.label_noise.check import NOISE, LabelNoise
from diagnostics.measure import engine
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_, Value

WORSE: Final = ("CON001", "CON002", "CON003", "CON011", "CON021")
"""Rules that say that the model became worse, by its labels."""

MOVED: Final = ("CON022", "CON031", "CON032")
"""Rules that say, without labels, that the answers moved or are probably worse."""

INTEGRITY: Final = (
    "INP001",
    "INP002",
    "INP010",
    "INP012",
    "INP014",
    "INP020",
    "INP021",
    "INP022",
    "INP023",
    "INP044",
    "INP050",
    "INP060",
    "INP065",
    "INP090",
    "INP092",
)
"""Rules of broken columns: what moves with them is no population. Units and fills by a familiar category are not among them:
they can be imitated by one."""

GROUP_SAYS: Final = N_(
    "The share of rows with {group} went from {before:percent} to {after:percent}; "
    "inside and outside of this group the rows look as before."
)
GROUP_REMEDY: Final = N_(
    "Find out why this group came or went (a filter, a channel, a market), and train on rows that hold its share."
)

NOISE_SAYS: Final = N_(
    "{rate:percent} of the labels in {target:name} contradict their rows, hardly more in one kind of rows than in another; in "
    "the reference it was {was:percent}."
)
NOISE_FROM: Final = 0.04
NOISE_TO: Final = 0.25
NOISE_EVEN: Final = 0.5
"""Share of labels that came to contradict their rows, and how evenly: more than that is a finding of its own, or no noise."""

WEIGHT_CAP: Final = 20.0
"""No row may stand for more than this many: beyond it the two tables hardly share such rows."""

BINS: Final = 20

WIDE: Final = 0.6
"""Regions that hold more of the rows than this are everywhere."""


def propose(case: Case) -> Iterator[Hypothesis]:
    """Moved rows, moved class shares, a moved relation, and a column that lost its link to the others."""
    broken = columns_of(case, *INTEGRITY)
    for finding in case.of("DRF011"):
        if finding.columns[0] not in broken:
            yield from _rows(case, finding)
    yield from _new_group(case)
    for finding in case.of("DRF012"):
        target = finding.columns[0] if finding.columns else None
        weights = None if target is None else _alike(case, target)
        # Other shares of the classes leave the order of the rows as it was (Elkan 2001): where that is lost, the relation moved.
        strength = 0.4 if _order_lost(case) else 0.85
        yield _from(case, finding, "prior_shift", Family.POPULATION, strength, reweigh=weights, matched=target)
    yield from _concept(case)
    for code, strength in (("DRF034", 0.94), ("DRF035", 0.94), ("DRF036", 0.7)):
        for finding in case.of(code):
            yield _from(case, finding, "label_delay", Family.CONCEPT, strength)
    for code, strength in (("CON041", 0.92), ("CON042", 0.6)):
        for finding in case.of(code):
            yield _from(case, finding, "miscalibration", Family.MODEL, strength)
    for finding in case.of("DRF015"):
        if finding.columns[0] not in broken:
            yield _from(case, finding, "misjoined_column", Family.DATA, 0.93, leave_out=finding.columns)
    for finding in case.of("DRF014"):
        if finding.columns[0] in broken | columns_of(case, "DRF090", "DRF015"):
            continue
        yield _from(case, finding, "misjoined_column", Family.DATA, 0.75, leave_out=finding.columns)


def _new_group(case: Case) -> Iterator[Hypothesis]:
    """A group that takes over: so many of the rows are of one kind that no others are left to compare."""
    domain = case.profile("drift.domain")
    if not isinstance(domain, Domain) or domain.moved is not Moved.SEVERAL or domain.beyond >= 0.05:
        return
    name = domain.column
    group = find_group(case, name, domain.since)
    told = next(iter(case.of("DRF010")), None)
    if group is None or told is None or group.sure < 0.5 or name in columns_of(case, *INTEGRITY):
        return
    values: dict[str, Value] = {"group": group.text, "before": group.before, "after": group.after}
    whole = _from(case, told, "selection_bias", Family.POPULATION, 0.85 * group.sure, leave_out=(name,), matched=name)
    yield replace(whole, says=GROUP_SAYS, evidence=values, columns=(name,), segment=group.text, remedy=GROUP_REMEDY)


def _rows(case: Case, finding: Finding) -> Iterator[Hypothesis]:
    """Other rows arrive: a group that came or went when one cut explains all that moved, else a drift."""
    name = finding.columns[0]
    told = _from(
        case, finding, "covariate_drift", Family.POPULATION, 0.85, reweigh=_alike(case, name), matched=name, leave_out=(name,)
    )
    group = find_group(case, name, finding.since)
    if group is None:
        yield told
        return
    evidence: dict[str, Value] = {
        **finding.evidence,
        "group": group.text,
        "before": group.before,
        "after": group.after,
        "sure": group.sure,
    }
    yield replace(told, strength=0.85 * (1 - group.sure))
    yield replace(
        told,
        code="selection_bias",
        strength=0.9 * group.sure,
        says=GROUP_SAYS,
        evidence=evidence,
        segment=group.text,
        remedy=GROUP_REMEDY,
    )


def _concept(case: Case) -> Iterator[Hypothesis]:
    """The regions where the relation moved, else the bare fact; the checks themselves measured how much of the loss that is."""
    split = next(iter(case.of("DRF021")), None)
    explains = None if split is None else _share(split.evidence.get("part"))
    regions = case.of("DRF020") if symptom(case) else ()
    if regions:
        first = regions[0]
        hit = {name for finding in case.of("CON011") for name in finding.columns}
        columns = tuple(name for name in first.columns if name in hit) or first.columns
        if _everywhere(regions):
            columns = ()
        strength = 0.9 if explains is None or explains >= 0.5 else 0.6
        if case.of("DRF014"):
            # Values in the wrong rows change what rows like these are answered, too.
            strength *= 0.5
        told = _from(case, first, "concept_drift", Family.CONCEPT, strength)
        yield replace(
            told, columns=columns, explains=explains, supports=tuple(f.code for f in (*regions[:1], *case.of("DRF021")))
        )
        return
    bare = case.of("DRF013")
    for finding in bare:
        yield replace(_from(case, finding, "concept_drift", Family.CONCEPT, 0.8), explains=explains)
    if not bare and split is not None and symptom(case) and (explains or 0.0) >= 0.6 and _above_zero(split):
        # No region stands out, yet rows like those of the reference are answered worse.
        worst = next((f for f in case.of("CON011") if f.severity is not Severity.INFO), None)
        noise = _evenly_false(case)
        strength = 0.75 if case.of("LOC012") else 0.6
        told = _from(case, split, "concept_drift", Family.CONCEPT, strength * (0.6 if noise else 1.0))
        columns = () if worst is None else worst.columns
        yield replace(told, columns=columns, segment=None if worst is None else worst.segment, explains=explains)
        if noise is not None:
            told = _from(case, split, "label_noise", Family.TRAINING, 0.7)
            values: dict[str, Value] = {"rate": noise.after.value, "was": max(0.0, noise.before.value), "target": noise.target}
            yield replace(told, says=NOISE_SAYS, remedy=NOISE.remedy, evidence=values, columns=(), supports=("DRF021",))


def _evenly_false(case: Case) -> LabelNoise | None:
    """A few more labels than before contradict the rows, in no kind of rows much more than in others; None where that is not so.

    Too little to be a finding by itself (`drift.label_noise`), but likelier than a moved relation, which leaves some rows alone.
    """
    noise = case.profile("drift.label_noise")
    if not isinstance(noise, LabelNoise):
        return None
    rise = noise.after.value - noise.before.value
    error = float(np.hypot(noise.before.error, noise.after.error))
    return noise if max(NOISE_FROM, 3 * error) <= rise <= NOISE_TO and noise.even >= NOISE_EVEN else None


def _order_lost(case: Case) -> bool:
    return any(f.evidence.get("metric") == "roc_auc" and f.severity is not Severity.INFO for f in case.of("CON002"))


def _above_zero(split: Finding) -> bool:
    low = split.evidence.get("answers_low")
    return isinstance(low, int | float) and low > 0


def _everywhere(regions: Sequence[Finding]) -> bool:
    """The relation moved up in one region and down in another, or in most rows: then no region is at fault."""
    moved = [value for f in regions if isinstance(value := f.evidence.get("difference"), int | float)]
    covered = sum(_share(f.evidence.get("share")) or 0.0 for f in regions)
    return (min(moved, default=0.0) < 0 < max(moved, default=0.0)) or covered > WIDE


def _share(value: object) -> float | None:
    return float(min(1.0, max(0.0, value))) if isinstance(value, int | float) else None


def symptom(case: Case) -> bool:
    """Whether the model became worse by its labels or, where there are none, whether its answers moved."""
    loud = [f for f in case.of(*WORSE, *MOVED) if f.severity is not Severity.INFO]
    if any(f.code in WORSE for f in loud):
        return True
    labelled = case.outcome is not None and case.outcome.truth.current is not None
    return bool(loud) and not labelled


def _from(
    case: Case,
    finding: Finding,
    code: str,
    family: Family,
    strength: float,
    *,
    reweigh: NDArray[np.float64] | None = None,
    matched: str | None = None,
    leave_out: tuple[str, ...] = (),
) -> Hypothesis:
    since = finding.since
    if since is None and finding.columns:
        moved = (f.since for f in case.of("DRF001", "DRF002") if f.columns == finding.columns)
        since = next((at for at in moved if at), None)
    if since is None:
        # The errors' own onset dates a cause that leaves no mark in any column.
        since = min((f.since for f in case.of("CON021", "CON001") if f.since), default=None)
    return Hypothesis(
        code,
        family,
        strength,
        finding.says,
        finding.rule.remedy,
        dict(finding.evidence),
        finding.columns,
        finding.segment,
        since,
        (finding.code,),
        reweigh=reweigh,
        matched=matched,
        leave_out=leave_out,
    )


def _alike(case: Case, name: str) -> NDArray[np.float64] | None:
    """Weights of the current rows, shape (m,), that give column `name` the shares it has in the reference."""
    drawn = case.samples
    if drawn is None or name not in drawn.reference or name not in drawn.current:
        return None
    left, right = drawn.reference[name], drawn.current[name]
    if drawn.kinds.get(name) is Kind.CATEGORY:
        codes, levels = pd.factorize(pd.concat([left, right]))
        bins = len(levels) + 1
    else:
        numbers = np.concatenate([engine.seconds(left), engine.seconds(right)])
        known = numbers[: len(left)][np.isfinite(numbers[: len(left)])]
        if not known.size:
            return None
        cuts = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1], method="inverted_cdf"))
        codes = np.where(np.isnan(numbers), -1, np.searchsorted(cuts, numbers, side="left"))
        bins = cuts.size + 2
    before = np.bincount(codes[: len(left)] + 1, minlength=bins) / len(left)
    after = np.bincount(codes[len(left) :] + 1, minlength=bins) / max(1, len(right))
    ratio = np.divide(before, after, out=np.zeros(bins), where=after > 0)
    return np.asarray(np.minimum(ratio, WEIGHT_CAP)[codes[len(left) :] + 1])
