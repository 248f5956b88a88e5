"""What an investigation comes to: for each step and for the whole, in the words that every page, report and command uses.

Nothing is called well that was not measured. A step is ok when the check that answers its question ran and found nothing; the
whole is well when the model's performance was looked at, is not worse, and no critical finding stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import ModuleType
from typing import TYPE_CHECKING, Final

from diagnostics.checks.confirm import estimate
from diagnostics.checks.confirm.performance import check as performance
from diagnostics.checks.drift import marginal
from diagnostics.checks.environment.config import check as config
from diagnostics.checks.environment.leakage import check as leakage
from diagnostics.checks.environment.packages import check as packages
from diagnostics.checks.inputs import missing
from diagnostics.checks.localise.fit import check as fit
from diagnostics.checks.localise.simple_models import check as simple_models
from diagnostics.checks.localise.swap_back import check as swap_back
from diagnostics.checks.operations import bursts, decisive, logs, requests, service
from diagnostics.checks.operations.metrics import check as metrics
from diagnostics.checks.reproduce import model_replay
from diagnostics.nouns.check import Check, Status
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity, Sign
from diagnostics.nouns.words import N_, Phrase, Value, Words
from diagnostics.remarks import unjudged

if TYPE_CHECKING:
    from diagnostics.causes.cause import Cause
    from diagnostics.investigation import Investigation

DECIDING: Final[Mapping[int, tuple[ModuleType, ...]]] = {
    1: (performance,),
    2: (missing,),
    3: (model_replay,),
    4: (marginal,),
    5: (packages, config, leakage),
    6: (bursts, decisive, logs, metrics, requests, service),
    7: (fit, simple_models, swap_back),
}
"""Step to the checks that answer its question: one of them must have run before the step is called ok."""

COMPARING: Final = (1, 2, 3, 4, 7)
"""Steps that look at the rows of the tables."""

LEAST_ROWS: Final = 20
"""Rows with a label and a prediction that a side needs before anything is said of its performance."""

SURE: Final = 0.5
"""Confidence from which on the first cause is the answer. Below it is a lead: more likely wrong than right."""


class Performance(StrEnum):
    """What is known of the model's performance on the current rows."""

    WORSE = "worse"
    HELD = "held"
    ESTIMATED_WORSE = "estimated worse"
    ESTIMATED_HELD = "estimated held"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Symptom:
    """The one verdict on the model's performance that all pages share."""

    performance: Performance
    finding: Finding | None = None
    """What says that it became worse."""

    metric: str = ""
    """Name of the metric as a message id, "" where none was measured."""

    before: Interval | None = None
    after: Interval | None = None
    reason: NotApplicable | None = None
    """Why it is unknown."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a step comes to. says, values: one sentence."""

    status: Status
    says: str
    values: Mapping[str, Value] = field(default_factory=dict)
    needs: str = ""
    """What is missing where the step is skipped, as in NotApplicable."""

    def statement(self, words: Words) -> str:
        return words.sentence(self.says, self.values)


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """What the whole comes to. verdict: the family of the first cause, "none" or "undecided"."""

    verdict: str
    says: str
    values: Mapping[str, Value] = field(default_factory=dict)
    cause: Cause | None = None
    """The first cause, where it is sure enough to be the answer."""

    @property
    def well(self) -> bool:
        return self.verdict == "none"

    def statement(self, words: Words) -> str:
        return words.sentence(self.says, self.values) if self.cause is None else self.cause.statement(words)


ERROR_RATE: Final = N_("error rate")
METRICS: Final = {
    "error_rate": ERROR_RATE,
    "brier": N_("mean squared error of the probabilities"),
    "mae": N_("mean absolute error"),
}

NO_LABELS: Final = N_("Could not tell whether the model got worse: the current table has no labels (true outcomes).")
NO_PREDICTIONS: Final = N_("Could not tell whether the model got worse: the current table has no predictions.")
NO_REFERENCE: Final = N_("Could not tell whether the model got worse: the reference has no labels or no predictions.")
FEW_LABELS: Final = N_(
    "Could not tell whether the model got worse: only {rows:count} rows have a label and a prediction, and {enough:count} are "
    "needed."
)

WELL: Final[Mapping[int, str]] = {
    1: N_("The model does as well as it did. Checks passed: {count:count}."),
    2: N_("Inputs look as they did in training. Checks passed: {count:count}."),
    3: N_("The model's predictions can be reproduced. Checks passed: {count:count}."),
    4: N_("The data look as they did in the reference. Checks passed: {count:count}."),
    5: N_("Code, environments and configuration agree. Checks passed: {count:count}."),
    6: N_("Logs and metrics show nothing unusual. Checks passed: {count:count}."),
    7: N_("No column and no part of the model stands out. Checks passed: {count:count}."),
}
HELD: Final = N_(
    "The model does as well as it did: the {metric:term} is {after:number}, and was {before:number} in the reference. "
    "Checks passed: {count:count}."
)
HELD_RATE: Final = N_(
    "The model does as well as it did: {after:percent} of its predictions are wrong, and {before:percent} were in the "
    "reference. Checks passed: {count:count}."
)
ALL_WELL: Final = N_("Nothing is wrong: the {metric:term} is {after:number}, and was {before:number} in the reference.")
ALL_WELL_RATE: Final = N_(
    "Nothing is wrong: {after:percent} of the predictions are wrong, and {before:percent} were in the reference."
)
ESTIMATED: Final = N_(
    "No cause was found. The current table has no labels; the {metric:term} is estimated at {after:number}, and was "
    "{before:number} in the reference."
)
ESTIMATED_RATE: Final = N_(
    "No cause was found. The current table has no labels; an estimated {after:percent} of the predictions are wrong, and "
    "{before:percent} were in the reference."
)
LITTLE: Final = N_("Nothing wrong was found in the little that could be checked. Checks passed: {count:count}.")
NOT_RUN: Final = N_("This step could not run.")


def symptom(investigation: Investigation) -> Symptom:
    """What is known of the performance: from labels where there are any, else from the estimate without them."""
    worse = _loudest(investigation, Sign.WORSE)
    measured = _profile(investigation, performance)
    if isinstance(measured, performance.Performance):
        left, right = measured.reference, measured.current
        rows = min(measured.rows.reference, measured.rows.current)
        if left is not None and right is not None and rows >= LEAST_ROWS:
            name = next(n for n in ("error_rate", measured.loss) if n in left.metrics and n in right.metrics)
            before, after = left.metrics[name], right.metrics[name]
            known = Performance.HELD if worse is None else Performance.WORSE
            return Symptom(performance=known, finding=worse, metric=METRICS[name], before=before, after=after)
    if worse is not None:
        return Symptom(performance=Performance.WORSE, finding=worse)
    estimated = _profile(investigation, estimate)
    if isinstance(estimated, estimate.Estimate) and estimated.estimated is not None:
        moved = _loudest(investigation, Sign.MOVED)
        return Symptom(
            performance=Performance.ESTIMATED_HELD if moved is None else Performance.ESTIMATED_WORSE,
            finding=moved,
            metric=estimated.measure,
            before=estimated.reference,
            after=estimated.estimated,
        )
    return Symptom(performance=Performance.UNKNOWN, reason=_why_unknown(investigation, measured))


def _why_unknown(investigation: Investigation, measured: object) -> NotApplicable:
    incident = investigation.incident
    if incident.current is None or incident.reference is None:
        needs = "current" if incident.current is None else "reference"
        skipped = next((c.skipped for c in investigation.checks if c.skipped and c.skipped.needs == needs), None)
        return skipped or NotApplicable(NO_LABELS, needs=needs)
    roles = incident.roles
    if roles.prediction is None or roles.prediction not in incident.current:
        return NotApplicable(NO_PREDICTIONS, needs="prediction")
    if roles.target is None or roles.target not in incident.current:
        return NotApplicable(NO_LABELS, needs="target")
    if isinstance(measured, performance.Performance):
        if measured.current is None:
            return NotApplicable(NO_LABELS, needs="target")
        if measured.reference is None:
            return NotApplicable(NO_REFERENCE, needs="target")
        rows = min(measured.rows.reference, measured.rows.current)
        return NotApplicable(FEW_LABELS, needs="current", rows=rows, enough=LEAST_ROWS)
    refused = _check(investigation, performance)
    return (refused.skipped if refused else None) or NotApplicable(NO_LABELS, needs="target")


def standing(investigation: Investigation, number: int) -> Standing:
    """What step `number` (1 to 7) comes to."""
    found = investigation.findings(number)
    if any(finding.severity is not Severity.INFO for finding in found):
        return Standing(status=Status.PROBLEM, says=found[0].says, values=found[0].evidence)
    blocked = _blocked(investigation)
    if number in COMPARING and blocked is not None:
        return blocked
    checks = investigation.step(number)
    passed = sum(len(check.diagnostic.rules) for check in checks if check.profile is not None)
    if number == 1:
        seen = symptom(investigation)
        if seen.performance is not Performance.HELD:
            reason = seen.reason or _why_unknown(investigation, _profile(investigation, performance))
            return Standing(status=Status.SKIPPED, says=reason.reason, values=reason.values, needs=reason.needs)
        if seen.before is not None and seen.after is not None:
            values: dict[str, Value] = {"metric": seen.metric, "before": seen.before.value, "after": seen.after.value}
            return Standing(
                status=Status.OK, says=HELD_RATE if seen.metric == ERROR_RATE else HELD, values={**values, "count": passed}
            )
    deciding = [check for check in checks if check.diagnostic.module in DECIDING[number]]
    if any(check.profile is not None for check in deciding):
        says = LITTLE if investigation.limited else WELL[number]
        return Standing(status=Status.OK, says=says, values={"count": passed})
    skipped = next((check.skipped for check in (*deciding, *checks) if check.skipped), None)
    if skipped is None:
        return Standing(status=Status.SKIPPED, says=NOT_RUN)
    return Standing(status=Status.SKIPPED, says=skipped.reason, values=skipped.values, needs=skipped.needs)


def conclude(investigation: Investigation) -> Conclusion:
    """What the whole comes to."""
    first = next(iter(investigation.causes), None)
    if first is not None and first.confidence >= SURE:
        return Conclusion(verdict=str(first.family), says=first.says, values=first.evidence, cause=first)
    if all(check.profile is None for check in investigation.checks):
        return Conclusion(verdict="undecided", says=N_("Nothing could be checked yet."))
    blocked = _blocked(investigation)
    if blocked is not None and any(f.rule.shows is Sign.UNCOMPARED for f in investigation.findings()):
        return Conclusion(verdict="undecided", says=blocked.says, values=blocked.values)
    seen = symptom(investigation)
    if seen.performance in (Performance.WORSE, Performance.ESTIMATED_WORSE) and seen.finding is not None:
        return Conclusion(
            verdict="undecided",
            says=N_("No cause was found that explains this: {what}"),
            values={"what": Phrase(seen.finding.says, **seen.finding.evidence)},
        )
    critical = next((f for f in investigation.findings() if f.severity is Severity.CRITICAL), None)
    if critical is not None:
        return Conclusion(
            verdict="undecided",
            says=N_("No cause was proven, but this was found: {what}"),
            values={"what": Phrase(critical.says, **critical.evidence)},
        )
    if seen.reason is not None:
        return Conclusion(
            verdict="undecided",
            says=N_("No cause was found. {why}"),
            values={"why": Phrase(seen.reason.reason, **seen.reason.values)},
        )
    if investigation.limited:
        return Conclusion(verdict="undecided", says=N_("No cause was found, but too little was given to say that all is well."))
    if seen.before is None or seen.after is None:
        return Conclusion(verdict="undecided", says=N_("No cause was found."))
    values: dict[str, Value] = {"metric": seen.metric, "before": seen.before.value, "after": seen.after.value}
    if seen.performance is Performance.ESTIMATED_HELD:
        says = ESTIMATED_RATE if seen.metric == ERROR_RATE else ESTIMATED
    else:
        says = ALL_WELL_RATE if seen.metric == ERROR_RATE else ALL_WELL
    return Conclusion(verdict="none", says=says, values=values)


def _blocked(investigation: Investigation) -> Standing | None:
    """Why no step that compares the tables can be called well; None where they can be compared."""
    wrong = _loudest(investigation, Sign.UNCOMPARED)
    if wrong is not None:
        return Standing(status=Status.SKIPPED, says=wrong.says, values=wrong.evidence, needs="reference")
    remark = next(iter(unjudged(investigation.incident)), None)
    return None if remark is None else Standing(status=Status.SKIPPED, says=remark.says, values=remark.values, needs="current")


def _loudest(investigation: Investigation, sign: Sign) -> Finding | None:
    """The worst finding with `sign` that is more than information."""
    found = [f for f in investigation.findings() if f.rule.shows is sign and f.severity is not Severity.INFO]
    return found[0] if found else None


def _check(investigation: Investigation, module: ModuleType) -> Check | None:
    return next((check for check in investigation.checks if check.diagnostic.module is module), None)


def _profile(investigation: Investigation, module: ModuleType) -> object | None:
    check = _check(investigation, module)
    return check.profile if check is not None else None
