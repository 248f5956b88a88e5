"""A batch as an incident: the watch's reference and the rows since the change began, with some calm ones before them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from diagnostics.investigation import Investigation, investigate
from diagnostics.keep import store
from diagnostics.keep.review import listing
from diagnostics.keep.review.impact import impact_of
from diagnostics.measure.engine import connect, relation
from diagnostics.nouns.refusal import BadInput, kept
from diagnostics.nouns.table import Table
from diagnostics.nouns.words import N_
from diagnostics.read.folder import open_incident
from diagnostics.read.numbers import quoted
from diagnostics.watch.measuring import raw_of, table_of
from diagnostics.watch.records import Batch, FoundCause, State, Watch
from diagnostics.watch.reference import stated
from diagnostics.watch.sequential import Alarm

CALM: Final = 6
"""Calm batches before a change that stand in its incident, so that it can be dated: with it, days are a whole week."""

MOST: Final = 40
"""Batches of one incident at most, the latest."""

CAUSES: Final = 3


def opened(watch: Watch, batch: Batch, counted: Sequence[Batch], alarm: Alarm | None) -> str:
    """The id of a new incident about `batch`. counted: the batches that count, in the order of time. Raises BadInput."""
    names = [one.name for one in counted]
    if batch.name not in names:
        return _made(watch, batch, [batch])
    last = names.index(batch.name)
    first = last if alarm is None else min(alarm.since, last)
    # Without times nothing can be dated, and calm rows would only water down the others.
    calm = CALM if batch.since is not None and alarm is not None else 0
    return _made(watch, batch, counted[max(0, first - calm, last - MOST + 1) : last + 1])


def _made(watch: Watch, batch: Batch, rows: Sequence[Batch]) -> str:
    if batch.state is State.UNREADABLE and raw_of(watch, batch) is None:
        raise BadInput(N_("The rows of the batch {batch:name} are gone."), batch=batch.name)
    incident = store.create()
    try:
        source = next(file for file in sorted(watch.folder.glob("reference.*")))
        with source.open("rb") as content:
            store.save_upload(incident, "reference", source.name, content)
        raw = raw_of(watch, batch)
        if len(rows) == 1 and raw is not None:
            # As it came: how its cells are written is evidence.
            with raw.open("rb") as content:
                store.save_upload(incident, "current", f"current{_ending(raw)}", content)
        else:
            with tempfile.TemporaryDirectory(prefix="model-clinic-") as work:
                file = Path(work) / "current.parquet"
                _together([table_of(watch, one) for one in rows], file)
                with file.open("rb") as content:
                    store.save_upload(incident, "current", file.name, content)
        said = {**stated(watch.folder), "title": f"{watch.settings.name}: {batch.name}"}
        # A role that was settled to be nobody's is not guessed again.
        store.describe(incident, said, none={key for key, value in said.items() if value in (None, [], "")})
    except BadInput:
        _removed(incident)
        raise
    return incident


def _removed(incident: str) -> None:
    from diagnostics.keep import sharing

    sharing.delete_files(incident)


def _ending(file: Path) -> str:
    return file.name[file.name.index(".") :]


def _together(tables: Sequence[Table], target: Path) -> None:
    """The rows of all tables, columns by name, in one Parquet file."""
    parts = []
    for table in tables:
        columns = ", ".join(f"{column.key} AS {_named(column.name)}" for column in table)
        parts.append(f"SELECT {columns} FROM {relation(table)}")
    with connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"COPY ({' UNION ALL BY NAME '.join(parts)}) TO {quoted(str(target))} (FORMAT parquet)")


def _named(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def investigated(incident: str, *, on_progress: Callable[[float, str], None]) -> tuple[str, tuple[FoundCause, ...]]:
    """What the investigation of an incident finds: its verdict and its causes, which are remembered in the list as well."""
    found = investigate(open_incident(store.folder(incident), work=store.work(incident)), on_progress=on_progress)
    listing.remember(incident, found)
    return found.conclusion.verdict, causes_of(found)


def causes_of(found: Investigation) -> tuple[FoundCause, ...]:
    impact = impact_of(found)
    return tuple(
        FoundCause(
            code=cause.code,
            family=str(cause.family),
            confidence=cause.confidence,
            columns=cause.columns,
            since=cause.since,
            explains=cause.explains,
            says=kept(cause.says, cause.evidence),
            remedy=kept(cause.remedy, cause.evidence),
            rows=impact.rows_affected if place == 0 else None,
            of_rows=impact.of_rows if place == 0 else None,
        )
        for place, cause in enumerate(found.causes[:CAUSES])
    )
