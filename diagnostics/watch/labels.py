"""Labels that come later than their rows: joined to the batches that wait for them, whose numbers are then measured again."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from diagnostics.measure.engine import connect, relation
from diagnostics.measure.samples import as_level
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.table import Table
from diagnostics.read.folder import TABLE_ENDINGS
from diagnostics.read.reader import read_table
from diagnostics.watch import records, sources
from diagnostics.watch.measuring import BATCHES, look_again, table_of
from diagnostics.watch.records import Batch, State, Watch
from diagnostics.watch.reference import Reference
from diagnostics.watch.settings import Kind, resolved

log = logging.getLogger(__name__)


def fill_in(watch: Watch, against: Reference, *, now: datetime) -> Iterator[str]:
    """Names of the batches of which more labels are known than before; those are kept. now: UTC."""
    target = against.incident.roles.target
    oldest = now - timedelta(days=watch.settings.labels.days)
    waiting = [
        batch
        for batch in records.history(watch.id)
        if batch.state is State.DONE and batch.labelled < batch.rows and (batch.arrived or now) >= oldest
    ]
    if target is None or not waiting:
        return
    known = _known(watch, against, target)
    for batch in waiting:
        try:
            table = table_of(watch, batch)
            if watch.settings.source.kind is Kind.TABLE and known is None:
                later = _asked_again(watch, batch, table)
            else:
                later = (
                    None if known is None else _joined(table, known, target, against.incident.roles.id, watch.folder / BATCHES)
                )
        except BadInput as reason:
            log.warning("labels of %s: %s", batch.name, reason)
            continue
        if later is None:
            continue
        again, summary = look_again(batch, later, against)
        if again.labelled > batch.labelled:
            records.relabel(watch.id, again, summary)
            yield batch.name


def _known(watch: Watch, against: Reference, target: str) -> pd.Series | None:
    """Label by id, of all files of labels; None where labels do not come in files."""
    address, identity = watch.settings.labels.address, against.incident.roles.id
    if not address or identity is None:
        return None
    place = Path(resolved(address))
    files = sorted(place.iterdir()) if place.is_dir() else [place] if place.is_file() else []
    found = []
    for file in files:
        if file.name.startswith(".") or not file.name.lower().endswith(TABLE_ENDINGS):
            continue
        try:
            with tempfile.TemporaryDirectory(prefix="model-clinic-") as work:
                table = read_table(file, Path(work), name="labels")
                if identity in table and target in table:
                    found.append(_column(table, identity, target))
        except BadInput as reason:
            log.warning("labels in %s: %s", file.name, reason)
    if not found:
        return None
    together: pd.Series = pd.concat(found)
    return together.loc[~together.index.duplicated(keep="last")]


def _column(table: Table, identity: str, target: str) -> pd.Series:
    with connect() as con:
        query = f"SELECT {table[identity].key} AS id, {table[target].key} AS label FROM {relation(table)}"
        frame = con.execute(query).df()
    frame = frame[frame["label"].notna()]
    return pd.Series(as_level(frame["label"]).to_numpy(), index=as_level(frame["id"]).to_numpy())


def _joined(table: Table, known: pd.Series, target: str, identity: str | None, folder: Path) -> Table | None:
    """`table` with the labels that are known by now, as a table of its own; None where none of its rows is among them."""
    if identity is None or identity not in table:
        return None
    with connect() as con:
        ids = as_level(con.execute(f"SELECT {table[identity].key} AS id FROM {relation(table)}").df()["id"])
        labels = ids.map(known.to_dict())
        if not labels.notna().any():
            return None
        rows = con.execute(f"SELECT * FROM {relation(table)}").df()
    rows.columns = pd.Index([_name(table, key) for key in rows.columns])
    before = as_level(rows[target]) if target in rows else pd.Series(None, index=rows.index, dtype=object)
    rows[target] = labels.where(labels.notna(), before)
    named = rows[[name for name in rows.columns if name is not None]]
    with tempfile.TemporaryDirectory(prefix="model-clinic-") as work:
        file = Path(work) / f"{table.name}.csv"
        named.to_csv(file, index=False)
        return read_table(file, folder, name=table.name)


def _name(table: Table, key: str) -> str | None:
    """None for the columns that hold words which were read as missing."""
    return next((column.name for column in table if column.key == key), None)


def _asked_again(watch: Watch, batch: Batch, table: Table) -> Table | None:
    """The batch's rows as the source has them now; None where they are what they were."""
    with tempfile.TemporaryDirectory(prefix="model-clinic-") as work:
        file = sources.fetched(watch.settings, batch, Path(work))
        again = read_table(file, Path(work), name=table.name)
        if again.fingerprint == table.fingerprint:
            return None
        return read_table(file, watch.folder / BATCHES, name=table.name)
