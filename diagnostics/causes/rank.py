"""The ranked board: hypotheses from every family, undone and replayed, weighed against each other, or none at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from diagnostics.causes.catalogue import CLASS_IMBALANCE, CONCEPT_DRIFT, LABEL_NOISE, REFIT_SCALER, UNIT_CHANGE
from diagnostics.causes.cause import Cause, Likeness
from diagnostics.causes.hypothesis import Case, Hypothesis
from diagnostics.causes.merge import merged
from diagnostics.causes.next_check import next_check
from diagnostics.causes.proof.likeness import likeness
from diagnostics.causes.proof.replay import Replayed, replay
from diagnostics.causes.proof.use import column_use
from diagnostics.causes.proposals import columns, history, population, service, training
from diagnostics.causes.weighing import Features, odds, parts
from diagnostics.measure.outcome import partial
from diagnostics.measure.placebo import placebo
from diagnostics.measure.samples import samples
from diagnostics.measure.uploaded import scoring_model
from diagnostics.nouns.cause_kind import CauseKind, Family
from diagnostics.nouns.check import Check
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Sign
from diagnostics.nouns.words import N_

PROPOSERS: Final[tuple[Callable[[Case], Iterable[Hypothesis]], ...]] = (
    columns.propose,
    population.propose,
    training.propose,
    service.propose,
    history.propose,
)

ALONE: Final = (service.propose, history.propose)
"""Those that need no comparison of two tables."""

SHOWN: Final = 8
KEEP_ABOVE: Final = 0.08

IGNORED_BELOW: Final = 0.002
"""A column whose shuffling costs less than this share of what the most important one costs is one that the model ignores."""

IGNORED_BY_TARGET: Final = 0.02
"""The same where no answers are logged and the target stands in for them: what it depends on is known less well."""

TRIED: Final = 8
"""Hypotheses that are undone and compared with the reference; the rest is judged by its signature alone."""

CLEAR: Final = 1.0
"""Log-odds from which on a second fault is named beside a likelier one."""

SECOND: Final = 0.35
"""How often a second clear signature is a second fault: faults come alone more often than not."""

REST: Final = 0.35
"""Share of what was lost, or of the reference's own loss, that must stay lost when a broken column is mended, before a second
fault is looked for in the relation."""

REST_STRENGTH: Final = 0.75

REST_SAYS: Final = N_(
    "With {column:name} mended, the {unit:term} still is {after:number} (reference: {before:number}): rows like those of the "
    "reference get other answers."
)
REST_REMEDY: Final = N_(
    "Mend the column first. Then ask what changed for these rows (a rule, a price, how the answer is recorded), and train again "
    "on rows from after the change."
)

MOST: Final = 0.98
SMALL: Final = ((60, 0.45), (150, 0.6), (300, 0.75))
"""Rows of the smaller table below which no unproven cause is surer than this: below 300 rows a side the first cause was right in
16 of 36 incidents of other people's tables.
"""

PLAIN: Final = 0.8
"""Clearness of a signature that nothing but a fault leaves."""

LEAD: Final = 0.4
"""Confidence in a fault of a column that the model seems not to use, and in a drift that nobody knows to do harm."""

IMPORTANT: Final = 0.2
"""A column whose shuffling costs this share of what the most important one costs is one that the model leans on."""

NOTHING_BACK: Final = 0.05
"""Share of the loss below which undoing wins nothing back."""

WEAKEST: Final = 0.02
"""Strength of a signature below which, and one minus it above which, a difference tells nothing."""

WORSE_AT: Final = 0.05
"""p-value of a rise of the loss above which the metric counts as unharmed."""

PROOF: Final = 0.6
"""Share that undoing must give back for a proof."""

PROVES: Final = (Family.DATA, Family.TRAINING, Family.OPERATIONS)
"""Families whose faults leave marks that nothing else leaves."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A hypothesis with what is known of it."""

    hypothesis: Hypothesis
    features: Features
    replayed: Replayed | None = None
    likeness: Likeness | None = None
    lead: bool = False
    """The model seems not to use the columns; or a drift that nobody knows to have done harm."""

    @property
    def kind(self) -> CauseKind:
        return self.hypothesis.kind

    @property
    def odds(self) -> float:
        """Natural log of the odds against "nothing is wrong"."""
        return odds(self.features, self.kind)


def rank(incident: Incident, checks: Sequence[Check]) -> tuple[Cause, ...]:
    """Causes, most likely first; empty when nothing is wrong."""
    case = case_of(incident, checks)
    return tuple(_settle(case, candidates(case)))


def candidates(case: Case) -> list[Candidate]:
    """All hypotheses with what is known of each, and of each against the others."""
    uncompared = {finding.code for finding in case.showing(Sign.UNCOMPARED)}
    told = [
        hypothesis
        for propose in PROPOSERS
        for hypothesis in propose(case)
        # Tables that are not what they were taken for say nothing of each other; logs and histories are another matter.
        if not uncompared or propose in ALONE or uncompared & set(hypothesis.supports)
    ]
    proposed = merged(told)
    relevant = [hypothesis for hypothesis in proposed if _matters(case, hypothesis)]
    # A broken column that the model seems not to use is a lead where nothing else is: the surrogate may not know all uses.
    plain = [h for h in proposed if h.family is Family.DATA and not h.kind.like_drift and h.strength >= PLAIN]
    unused = [] if relevant else plain
    ordered = sorted(relevant or unused, key=lambda h: (-h.strength, h.code, h.columns))
    found = [_examined(case, h, proof=place < TRIED, without=_broken(h, ordered)) for place, h in enumerate(ordered)]
    found = [replace(entry, lead=bool(unused) or _harm_unknown(case, entry.hypothesis)) for entry in found]
    return against_rivals([*found, *_rest(case, found)])


def case_of(incident: Incident, checks: Sequence[Check]) -> Case:
    findings = tuple(finding for check in checks for finding in check.findings)
    bare = Case(incident=incident, checks=tuple(checks), findings=findings)
    try:
        drawn = samples(incident)
        known = partial(incident, drawn)
    except NotApplicable:
        return bare  # Logs, environments and single tables are judged without replay.
    try:
        stand = scoring_model(incident)
    except NotApplicable:
        return replace(bare, samples=drawn, outcome=known)
    known_use = replace(bare, samples=drawn, outcome=stand.outcome, surrogate=stand)
    return replace(known_use, weights=column_use(known_use))


def _broken(told: Hypothesis, others: Sequence[Hypothesis]) -> frozenset[str]:
    """Columns that other hypotheses call clearly broken: one fault is judged as if the others were mended."""
    if told.family is not Family.DATA:
        return frozenset()
    clear = [h for h in others if h.family is Family.DATA and h.strength >= 0.8 and not set(h.columns) & set(told.columns)]
    return frozenset(name for h in clear for name in h.columns)


def _matters(case: Case, told: Hypothesis) -> bool:
    """A fault in columns that the model ignores is a finding, and no cause; so are rows that move without harm."""
    if told.family not in (Family.DATA, Family.POPULATION):
        return True
    learnt = case.surrogate is not None and case.surrogate.learnt == "target"
    use = case.use(told.columns)
    shown = use.sure if told.family is Family.POPULATION or told.kind.like_drift else use.at_most
    return shown >= (IGNORED_BY_TARGET if learnt else IGNORED_BELOW)


def _harm_unknown(case: Case, told: Hypothesis) -> bool:
    """Drift of columns of which nobody knows whether the model uses them, while no label and no prediction shows any harm."""
    drift = told.family is Family.POPULATION or told.kind.like_drift
    return drift and case.surrogate is not None and not case.weights and not case.showing(Sign.WORSE, Sign.MOVED)


def _examined(case: Case, told: Hypothesis, *, proof: bool, without: frozenset[str] = frozenset()) -> Candidate:
    alike = likeness(case, told, without=without) if proof else None
    explained = alike.explained if alike is not None else None
    replayed = replay(case, told)
    explains = replayed.explains if replayed is not None and replayed.lost else told.explains
    use = case.use(told.columns)
    known = _features(case, told)
    features = replace(
        known,
        alike=explained or 0.0,
        alike_known=float(explained is not None),
        won_back=explains or 0.0,
        won_known=float(explains is not None),
        nothing_back=float(replayed is not None and replayed.lost and replayed.explains < NOTHING_BACK),
        # Values that the model leans on, on another scale, would have cost it something; a few that are cut off need not.
        unharmed=float(told.kind in (UNIT_CHANGE, REFIT_SCALER) and use.sure >= IMPORTANT and known.worse < 0),
    )
    return Candidate(hypothesis=told, features=features, replayed=replayed, likeness=alike)


def _features(case: Case, told: Hypothesis) -> Features:
    """What is known before anything is undone."""
    strength = min(max(told.strength, WEAKEST), 1 - WEAKEST)
    known = bool(case.weights) and bool(told.columns)
    chance = placebo(case.incident).p_loss if case.weights else None
    return Features(
        signature=float(np.log(strength / (1 - strength))),
        used=case.use(told.columns).sure - 0.5 if known and told.family in (Family.DATA, Family.POPULATION) else 0.0,
        worse=0.0 if chance is None else 1.0 if chance <= WORSE_AT else -1.0,
    )


def _rest(case: Case, weighed: Sequence[Candidate]) -> Iterator[Candidate]:
    """What is lost although a broken column was mended: the relation moved as well."""
    clear = [w for w in weighed if w.hypothesis.family is Family.DATA and w.odds > CLEAR and w.replayed is not None]
    if len({frozenset(w.hypothesis.columns) for w in clear}) > 1:
        return  # Another broken column may be what is left.
    best = max(clear, key=lambda w: w.odds, default=None)
    if best is None or best.replayed is None:
        return
    if any(
        w.hypothesis.family is not Family.DATA and w.odds > CLEAR and not _shadows(best, w, best.odds, w.odds) for w in weighed
    ):
        return  # What else is likely may explain it.
    replayed, left = best.replayed, 1 - best.replayed.explains
    still = replayed.replay.after.value - replayed.replay.reference.value
    much = left >= REST or still >= REST * replayed.replay.reference.value
    if not replayed.lost or not much or replayed.replay.after.low <= replayed.replay.reference.high:
        return
    known = next((w for w in weighed if w.hypothesis.kind is CONCEPT_DRIFT), None)
    alike = known.hypothesis if known is not None else None
    told = Hypothesis(
        kind=CONCEPT_DRIFT,
        strength=REST_STRENGTH,
        says=REST_SAYS,
        remedy=REST_REMEDY,
        evidence={
            "column": ", ".join(best.hypothesis.columns),
            "left": left,
            "unit": replayed.replay.unit,
            "after": replayed.replay.after.value,
            "before": replayed.replay.reference.value,
        },
        columns=alike.columns if alike is not None else (),
        segment=alike.segment if alike is not None else None,
        since=best.hypothesis.since,
        supports=alike.supports if alike is not None else (),
        explains=left,
        rest=True,
    )
    yield Candidate(hypothesis=told, features=_features(case, told))


def against_rivals(found: Sequence[Candidate], table: Mapping[str, float] | None = None) -> list[Candidate]:
    """Most likely first; what likelier ones take from those that speak of the same columns, or that they imitate."""
    own = {id(entry): odds(entry.features, entry.kind, table) for entry in found}
    ordered = sorted(found, key=lambda c: (-own[id(c)], c.hypothesis.code, c.hypothesis.columns))
    taken: set[str] = set()
    weighed = []
    for entry in ordered:
        columns = set(entry.hypothesis.columns)
        # What a likelier cause imitates is no second cause.
        shadows = [_shadow(other, entry, own[id(other)], own[id(entry)]) for other in ordered if other is not entry]
        features = replace(entry.features, same_column=float(bool(taken & columns)), imitated=max(shadows, default=0.0))
        weighed.append(replace(entry, features=features))
        if entry.hypothesis.family in PROVES:
            taken |= columns
    return weighed


def _settle(case: Case, ordered: Sequence[Candidate]) -> list[Cause]:
    """Rivals share one certainty."""
    size = np.exp(np.array([entry.odds for entry in ordered]))
    shares = size / (1 + size.sum())
    # A fault in other columns that is clear by itself is no rival, it may be there as well.
    shares = np.maximum(
        shares,
        [
            SECOND * chance / (1 + chance) if entry.odds > CLEAR and _apart(entry, ordered[:place]) else 0.0
            for place, (entry, chance) in enumerate(zip(ordered, size, strict=True))
        ],
    )
    cap = _cap(case)
    causes = [
        _cause(entry, float(share), next_check(case, entry.hypothesis, float(share)), cap)
        for entry, share in zip(ordered, shares, strict=True)
        if share >= KEEP_ABOVE
    ]
    return sorted(causes, key=lambda cause: (-cause.confidence, cause.code, cause.columns))[:SHOWN]


def _shadow(cause: Candidate, entry: Candidate, likely: float, own: float) -> float:
    """How much of the shadow of `cause` falls on `entry`, 0 to 1: none on what explains the loss that undoing it leaves."""
    if entry.hypothesis.rest or not _shadows(cause, entry, likely, own):
        return 0.0
    return min(1.0, likely)


def _apart(entry: Candidate, likelier: Sequence[Candidate]) -> bool:
    """Whether the hypothesis speaks of something else than all that are likelier."""
    own, kind = set(entry.hypothesis.columns), entry.hypothesis.kind
    return all(o.hypothesis.kind is not kind and not own & set(o.hypothesis.columns) for o in likelier)


def _shadows(cause: Candidate, entry: Candidate, likely: float, own: float) -> bool:
    """Whether what `entry` says would be seen too if only `cause` were true; both with their log-odds."""
    one, other = cause.hypothesis, entry.hypothesis
    if likely <= 0:
        return False
    if one.family in (Family.DATA, Family.OPERATIONS) and other.family in (Family.POPULATION, Family.CONCEPT, Family.MODEL):
        # Rows that moved may look like a broken column as well: then the better proof decides.
        return other.family is not Family.POPULATION or likely > own
    if one.family is Family.DATA and other.kind in (LABEL_NOISE, CLASS_IMBALANCE):
        # A broken column takes away what predicts the labels, so that they look random. That a rare class is hardly ever
        # predicted predates the fault.
        return True
    if one.family is Family.POPULATION and other.kind.like_moved_rows:
        return likely > own
    return other.kind in one.kind.imitates()


def _cap(case: Case) -> float:
    """The highest confidence that tables of this size allow without a proof by undoing."""
    tables = (case.incident.reference, case.incident.current)
    rows = min((table.rows for table in tables if table is not None), default=0)
    if case.samples is None:
        return MOST  # Logs, environments and code are no matter of rows.
    return next((cap for size, cap in SMALL if rows < size), MOST)


def _proven(entry: Candidate) -> bool:
    """Whether undoing it gave back most of what was lost, or made the rows alike again."""
    won = entry.replayed is not None and entry.replayed.lost and entry.replayed.explains >= PROOF
    alike = entry.likeness.explained if entry.likeness is not None else None
    return won or (alike is not None and alike >= PROOF)


def _cause(entry: Candidate, confidence: float, advice: str | None, cap: float) -> Cause:
    told, replayed = entry.hypothesis, entry.replayed
    lost = replayed is not None and replayed.lost
    return Cause(
        kind=told.kind,
        confidence=float(min(confidence, LEAD if entry.lead else MOST if told.kind.plain or _proven(entry) else cap)),
        says=told.says,
        remedy=told.remedy,
        evidence=told.evidence,
        columns=told.columns,
        segment=told.segment,
        since=told.since,
        ramp=told.ramp,
        explains=replayed.explains if replayed is not None and lost else told.explains,
        replay=replayed.replay if replayed is not None and lost else None,
        likeness=entry.likeness,
        supports=told.supports,
        against=_against(entry),
        weighed=tuple(parts(entry.features, entry.kind)),
        next_check=advice,
    )


def _against(entry: Candidate) -> tuple[str, ...]:
    """What of the proof speaks against it: its undo does not make the rows alike, wins nothing back, or there is no harm."""
    known = entry.features
    told = {
        "likeness": known.alike_known and known.alike < 0.3,
        "replay": known.won_known and known.won_back < 0.1,
        "harmless": known.unharmed,
    }
    return tuple(name for name, speaks in told.items() if speaks)
