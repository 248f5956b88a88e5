"""Which task, metric and folds fit a table, before a search runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagnostics.clinic.search.plan import Validation, is_imbalanced, possible_validations, suggest_metric, suggest_validation
from diagnostics.clinic.shared.scores import METRICS, metrics_for
from diagnostics.clinic.shared.training_set import training_set
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.words import N_, Value

ROWS: Final = 4_000
"""Rows looked at: enough to see how rare a class is."""


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """What fits a table."""

    task: Task
    rows: int
    metrics: tuple[str, ...]
    """Names of the metrics that the task can have."""

    metric: str
    """The one that fits."""

    validation: Validation
    """The one that fits."""

    validations: tuple[Validation, ...]
    imbalanced: bool
    rarest: float | None
    """Share of the rarest class; None for a quantity."""

    level: str
    """The rarest class."""


def suggest(incident: Incident) -> Suggestion:
    """Raises NotApplicable as `training_set` does."""
    data = training_set(incident, rows=ROWS)
    counts = data.described.counts
    least = min(range(len(counts)), key=lambda index: counts[index]) if counts else 0
    return Suggestion(
        task=data.task,
        rows=min(data.described.whole, ROWS) if data.described.drawn >= data.described.whole else data.described.whole,
        metrics=tuple(metric.name for metric in metrics_for(data.task)),
        metric=suggest_metric(data).name,
        validation=suggest_validation(data),
        validations=possible_validations(data),
        imbalanced=is_imbalanced(data),
        rarest=counts[least] / sum(counts) if counts else None,
        level=data.classes[least] if counts else "",
    )


def explain_metric(seen: Suggestion) -> tuple[str, dict[str, Value]]:
    """Why this metric fits, as a message id and its values."""
    says = METRICS[seen.metric].says
    if seen.rarest is None:
        return N_("For a quantity, {metric:term} reads the same in any unit."), {"metric": says}
    if seen.imbalanced:
        return (
            N_("Only {share:percent} of the rows are {level:name}: {metric:term} fits: accuracy looks good while missing it."),
            {"share": seen.rarest, "level": seen.level, "metric": says},
        )
    return N_("No class is rare, so {metric:term} fits."), {"metric": says}
