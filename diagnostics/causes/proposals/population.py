"""Causes in who arrives and in what is true of them: covariate, label and concept shift, late labels, and broken links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import (
    CONCEPT_DRIFT,
    COVARIATE_DRIFT,
    LABEL_NOISE,
    MISJOINED_COLUMN,
    PRIOR_SHIFT,
    SELECTION_BIAS,
)
from diagnostics.causes.hypothesis import Case, Hypothesis, from_finding
from diagnostics.causes.proof.likeness import likeness
from diagnostics.causes.proposals.group import find_group
from diagnostics.checks.confirm.calibration.check import LEVEL_MOVED, PROMISE
from diagnostics.checks.confirm.error_onset.check import ERRORS_SINCE
from diagnostics.checks.confirm.performance.check import ERRORS_ROSE, METRIC_WORSE
from diagnostics.checks.confirm.segments.check import GROUP_WORSE
from diagnostics.checks.drift.concept.check import LOSS_SPLIT, RELATION_MOVED, LossSplit, RegionMoved
from diagnostics.checks.drift.domain.check import BROKEN_LINK, CONCEPT, COVARIATE, PRIOR, TOLD_APART, Apart
from diagnostics.checks.drift.domain.moved import Domain, Moved
from diagnostics.checks.drift.label_delay.check import IMMATURE, MISALIGNED, PENDING
from diagnostics.checks.drift.label_noise.check import NOISE, LabelNoise
from diagnostics.checks.drift.leakage import LEAK
from diagnostics.checks.drift.links.check import UNLINKED
from diagnostics.checks.drift.marginal import NUMBER_MOVED, SHARES_MOVED
from diagnostics.checks.drift.over_time import CREEPS, straightened
from diagnostics.checks.localise.simple_models.check import MODEL
from diagnostics.measure import engine
from diagnostics.measure.placebo import placebo
from diagnostics.measure.undo import Undo
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.rule import Rule, Severity, Sign
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_, Value

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

ORDER_LOST: Final = 0.4
"""Strength of a prior shift where the model ranks worse: other class shares leave the order of the rows alone (Elkan 2001)."""

MOSTLY_BEYOND: Final = 0.05
"""Share of the rows that may lie beyond the reference's range for a group to be looked for."""


STRAIGHT: Final = 0.5
"""Share of what tells the rows apart that must be gone with the line taken out, for a drift of the instrument."""

STRAIGHTENED: Final = 3
"""Columns whose line is taken out, those that moved furthest first: where more move, no single instrument does it."""

INSTRUMENT: Final = N_(
    "This column moved alone: check the instrument or the feed behind {column:name} against a known value, correct it, and score "
    "the rows again."
)

LEFT_SAYS: Final = N_(
    "The model does worse although the columns and the predictions come as before: rows that look alike get other answers now."
)
LEFT: Final = 0.6
LEFT_FEW: Final = 0.45
"""Strength of a moved relation to which nothing points but that nothing else moved; where few rows are compared."""

LEFT_ROWS: Final = 500
AS_BEFORE: Final = 0.05
"""p-value of the placebo above which predictions come as before."""

LATE_OR_OFF: Final[tuple[Rule[Any], ...]] = (IMMATURE, MISALIGNED, PENDING, LEVEL_MOVED, PROMISE)
"""Rules of labels that are not final and of scores that are off."""


def propose(case: Case) -> Iterator[Hypothesis]:
    """Moved rows, moved class shares, a moved relation, and a column that lost its link to the others."""
    broken = case.broken
    for finding in case.of(COVARIATE):
        if finding.columns[0] not in broken:
            yield from _rows(case, finding)
    yield from _creeping(case)
    yield from _new_group(case)
    for finding in case.of(PRIOR):
        target = finding.columns[0] if finding.columns else None
        weights = None if target is None else _alike(case, target)
        strength = ORDER_LOST if _order_lost(case) else PRIOR.clearness(finding.of)
        yield _from(case, finding, PRIOR_SHIFT, strength, Undo(weights=weights, matched=target))
    yield from _concept(case)
    for late in (f for rule in LATE_OR_OFF for f in case.of(rule)):
        kind = late.rule.cause(late.of)
        if kind is not None:
            yield _from(case, late, kind, late.rule.clearness(late.of))
    for unlinked in case.of(UNLINKED):
        if unlinked.columns[0] not in broken:
            yield _from(case, unlinked, MISJOINED_COLUMN, UNLINKED.clearness(unlinked.of), case.undo(unlinked))
    for finding in case.of(BROKEN_LINK):
        if finding.columns[0] not in broken | case.columns_of(LEAK) | case.columns_of(UNLINKED):
            yield _from(case, finding, MISJOINED_COLUMN, BROKEN_LINK.clearness(finding.of), case.undo(finding))


def _creeping(case: Case) -> Iterator[Hypothesis]:
    """A column that moves slowly: an instrument that drifts, where taking the line back out makes the rows as before, or else
    the world.
    """
    told = {finding.columns for finding in case.of(COVARIATE)}
    for place, finding in enumerate(case.of(CREEPS)):
        (name,) = finding.columns
        rows = Undo(weights=_alike(case, name), matched=name, leave_out=(name,))
        world = replace(_from(case, finding, COVARIATE_DRIFT, CREEPS.clearness(finding.of), rows), ramp=True)
        repair = straightened(case.incident, case.samples, finding.of) if place < STRAIGHTENED else None
        if repair is not None:
            instrument = replace(world, undo=Undo(repair=repair))
            alike = likeness(case, instrument)
            if alike is not None and (alike.explained or 0.0) >= STRAIGHT:
                yield replace(instrument, remedy=INSTRUMENT)
                continue
        if finding.columns not in told:
            yield world


def _new_group(case: Case) -> Iterator[Hypothesis]:
    """A group that takes over: so many of the rows are of one kind that no others are left to compare."""
    domain = case.profile(Domain)
    if domain is None or domain.moved is not Moved.SEVERAL or domain.beyond >= MOSTLY_BEYOND:
        return
    name = domain.column
    group = find_group(case, name, domain.since)
    told = next(iter(case.of(TOLD_APART)), None)
    if group is None or told is None or group.sure < 0.5 or name in case.broken:
        return
    values: dict[str, Value] = {"group": group.text, "before": group.before, "after": group.after}
    whole = _from(case, told, SELECTION_BIAS, 0.85 * group.sure, Undo(leave_out=(name,), matched=name))
    yield replace(whole, says=GROUP_SAYS, evidence=values, columns=(name,), segment=group.text, remedy=GROUP_REMEDY)


def _rows(case: Case, finding: Finding[Apart]) -> Iterator[Hypothesis]:
    """Other rows arrive: a group that came or went when one cut explains all that moved, else a drift."""
    name = finding.columns[0]
    undo = Undo(weights=_alike(case, name), matched=name, leave_out=(name,))
    told = _from(case, finding, COVARIATE_DRIFT, COVARIATE.clearness(finding.of), undo)
    slow = next((f for f in case.of(CREEPS) if f.columns[0] in finding.columns), None)
    if slow is not None:
        yield replace(told, ramp=True, since=slow.since, supports=(*told.supports, slow.code))
        return
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
    yield replace(told, strength=told.strength * (1 - group.sure))
    yield replace(
        told,
        kind=SELECTION_BIAS,
        strength=0.9 * group.sure,
        says=GROUP_SAYS,
        evidence=evidence,
        segment=group.text,
        remedy=GROUP_REMEDY,
    )


def _concept(case: Case) -> Iterator[Hypothesis]:
    """The regions where the relation moved, else the bare fact; the checks themselves measured how much of the loss that is."""
    split = next(iter(case.of(LOSS_SPLIT)), None)
    explains = None if split is None else _share(split.of.part)
    regions = case.of(RELATION_MOVED) if symptom(case) else ()
    if regions:
        first = regions[0]
        hit = case.columns_of(GROUP_WORSE)
        columns = tuple(name for name in first.columns if name in hit) or first.columns
        if _everywhere([region.of for region in regions]):
            columns = ()
        strength = 0.9 if explains is None or explains >= 0.5 else 0.6
        if case.of(BROKEN_LINK):
            # Values in the wrong rows change what is true of rows like these, too.
            strength *= 0.5
        told = _from(case, first, CONCEPT_DRIFT, strength)
        supports = (first.code, *(f.code for f in case.of(LOSS_SPLIT)))
        yield replace(told, columns=columns, explains=explains, supports=supports)
        return
    bare = case.of(CONCEPT)
    for finding in bare:
        yield replace(_from(case, finding, CONCEPT_DRIFT, CONCEPT.clearness(finding.of)), explains=explains)
    if bare:
        return
    if split is not None and symptom(case) and LOSS_SPLIT.cause(split.of) is not None:
        yield from _evenly(case, split, explains)
    else:
        yield from _left_over(case)


def _left_over(case: Case) -> Iterator[Hypothesis]:
    """The metric is worse, and neither the rows nor the predictions moved: then the answers of alike rows did."""
    worse = next((f for rule in (ERRORS_ROSE, METRIC_WORSE) for f in case.of(rule) if f.severity is not Severity.INFO), None)
    domain, prediction = case.profile(Domain), case.incident.roles.prediction
    if worse is None or domain is None or domain.moved is not Moved.NOTHING or case.broken or prediction is None:
        return
    if placebo(case.incident).p_values.get(prediction, 1.0) <= AS_BEFORE:
        return
    hit = next((f for f in case.of(GROUP_WORSE) if f.severity is not Severity.INFO), None)
    rows = min(worse.of.rows, worse.of.rows_reference)
    told = _from(case, worse, CONCEPT_DRIFT, LEFT if rows >= LEFT_ROWS else LEFT_FEW)
    columns, segment = ((), None) if hit is None else (hit.columns, hit.segment)
    yield replace(told, says=LEFT_SAYS, remedy=RELATION_MOVED.remedy, columns=columns, segment=segment)


def _evenly(case: Case, split: Finding[LossSplit], explains: float | None) -> Iterator[Hypothesis]:
    """No region stands out, yet rows like those of the reference are predicted worse: the relation, or false labels."""
    worst = next((f for f in case.of(GROUP_WORSE) if f.severity is not Severity.INFO), None)
    noise = _evenly_false(case)
    strength = 0.75 if case.of(MODEL) else LOSS_SPLIT.clearness(split.of)
    told = _from(case, split, CONCEPT_DRIFT, strength * (0.6 if noise else 1.0))
    columns = () if worst is None else worst.columns
    yield replace(told, columns=columns, segment=None if worst is None else worst.segment, explains=explains)
    if noise is not None:
        told = _from(case, split, LABEL_NOISE, 0.7)
        values: dict[str, Value] = {"rate": noise.after.value, "was": max(0.0, noise.before.value), "target": noise.target}
        yield replace(told, says=NOISE_SAYS, remedy=NOISE.remedy, evidence=values, columns=())


def _evenly_false(case: Case) -> LabelNoise | None:
    """A few more labels than before contradict the rows, in no kind of rows much more than in others; None where that is not so.

    Too little to be a finding by itself (`drift.label_noise`), but likelier than a moved relation, which leaves some rows alone.
    """
    noise = case.profile(LabelNoise)
    if noise is None:
        return None
    rise = noise.after.value - noise.before.value
    error = float(np.hypot(noise.before.error, noise.after.error))
    return noise if max(NOISE_FROM, 3 * error) <= rise <= NOISE_TO and noise.even >= NOISE_EVEN else None


def _order_lost(case: Case) -> bool:
    return any(f.of.metric == "roc_auc" and f.severity is not Severity.INFO for f in case.of(METRIC_WORSE))


def _everywhere(regions: Sequence[RegionMoved]) -> bool:
    """The relation moved up in one region and down in another, or in most rows: then no region is at fault."""
    moved = [region.difference for region in regions]
    covered = sum(_share(region.share) for region in regions)
    return (min(moved, default=0.0) < 0 < max(moved, default=0.0)) or covered > WIDE


def _share(value: float) -> float:
    return float(min(1.0, max(0.0, value)))


def symptom(case: Case) -> bool:
    """Whether the model became worse by its labels or, where there are none, whether its predictions moved."""
    if case.showing(Sign.WORSE):
        return True
    labelled = case.outcome is not None and case.outcome.truth.current is not None
    return bool(case.showing(Sign.MOVED)) and not labelled


def _from(case: Case, finding: Finding, kind: CauseKind, strength: float, undo: Undo | None = None) -> Hypothesis:
    """The hypothesis in the finding's words; `undo` where it is another than the check's own."""
    since = finding.since
    if since is None and finding.columns:
        moves: list[Finding] = [*case.of(NUMBER_MOVED), *case.of(SHARES_MOVED)]
        since = next((f.since for f in moves if f.columns == finding.columns and f.since), None)
    if since is None:
        # The errors' own onset dates a cause that leaves no mark in any column.
        errors: list[Finding] = [*case.of(ERRORS_SINCE), *case.of(ERRORS_ROSE)]
        since = min((f.since for f in errors if f.since), default=None)
    told = from_finding(case, finding, kind, strength)
    return replace(told, since=since, undo=undo or Undo(), kept=None)


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
