"""From the rows of a batch to its numbers, and from those of all batches to their course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from diagnostics.measure import metrics, outcome
from diagnostics.nouns.incident import Answer, Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.table import Table
from diagnostics.nouns.words import N_
from diagnostics.watch import records, sources
from diagnostics.watch.course import Course, course
from diagnostics.watch.records import Batch, Metric, State, Watch
from diagnostics.watch.reference import Reference, measured, reference
from diagnostics.watch.summary import Summary

BATCHES: Final = "batches"
RAW: Final = "raw"


def course_of(watch: Watch, history: Sequence[Batch], against: Reference) -> tuple[list[Batch], Course]:
    """The batches that count, in the order of time, and their course."""
    summaries = records.numbers(watch.id)
    counted = [batch for batch in history if batch.state is State.DONE and batch.name in summaries]
    found = course(
        against.base,
        against.expected,
        [_fitting(summaries[batch.name], against) for batch in counted],
        [batch.middle for batch in counted],
        run_length=watch.settings.counts.run_length,
        calm=watch.settings.counts.calm,
    )
    return counted, found


def _fitting(summary: Summary, against: Reference) -> Summary | None:
    """None where it was measured against another reference."""
    return summary if summary.means.size == len(against.base.stats) else None


def reference_of(watch: Watch, history: Sequence[Batch]) -> Reference:
    """What the watch's batches are measured against. Raises BadInput."""
    first = next((batch.rows for batch in history if batch.state is State.DONE), None)
    return reference(watch.folder, watch.settings.every, first)


def table_of(watch: Watch, batch: Batch) -> Table:
    """The rows of a batch as read. Raises BadInput where they are gone."""
    try:
        return Table.load(watch.folder / BATCHES / f"{sources.key_of(batch.name)}.json")
    except (OSError, ValueError) as error:
        raise BadInput(N_("The rows of the batch {batch:name} are gone."), batch=batch.name) from error


def raw_of(watch: Watch, batch: Batch) -> Path | None:
    """The batch's file as it came, where it is kept."""
    found = sorted((watch.folder / RAW).glob(f"{sources.key_of(batch.name)}.*"))
    return found[0] if found else None


def look_again(batch: Batch, table: Table, against: Reference) -> tuple[Batch, Summary]:
    """The batch with its metric, and its numbers."""
    incident = against.against(table)
    labelled, metric = metric_of(incident)
    return replace(batch, labelled=labelled, metric=metric), measured(against, table)


def metric_of(incident: Incident) -> tuple[int, Metric | None]:
    """Rows with a label, and how good the predictions are: counted with labels, else estimated."""
    from diagnostics.checks.confirm import estimate

    try:
        known = outcome.known(incident)
        found = metrics.measure(known, "current", np.random.default_rng(incident.seed))
    except NotApplicable:
        return 0, None
    name = "mae" if known.answer is Answer.VALUE else "error_rate"
    if found is not None and name in found.metrics:
        return found.rows, Metric(name=name, value=found.metrics[name], higher=False)
    try:
        told = estimate.profile(incident)
    except NotApplicable:
        return 0, None
    names = {"error rate": "error_rate", "mean absolute error": "mae"}
    if told.estimated is None or told.measure not in names:
        return 0, None
    return 0, Metric(name=names[told.measure], value=told.estimated, higher=False, estimated=True)
