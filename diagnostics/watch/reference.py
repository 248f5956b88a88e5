"""The reference of a watch: where it comes from, and what its batches are measured against."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from diagnostics.keep import store
from diagnostics.measure import engine, outcome
from diagnostics.measure.samples import times
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.table import Kind, Table
from diagnostics.nouns.words import N_
from diagnostics.read import stated as statement
from diagnostics.read.folder import MAY_BE_NONE, TABLE_ENDINGS, open_incident
from diagnostics.watch.clock import Every, floor
from diagnostics.watch.expected import FEWEST, Expected, fit
from diagnostics.watch.settings import Settings
from diagnostics.watch.summary import Baseline, Summary, baseline, like, summarise

PIECES: Final = 24
"""Batches that a reference without times, or of less than some windows, is cut into."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """incident: holds the reference and the roles, and no current table."""

    incident: Incident
    base: Baseline
    expected: Expected
    kinds: Mapping[str, Kind]

    def against(self, batch: Table) -> Incident:
        """The incident of one batch."""
        return replace(self.incident, current=batch)


def install(settings: Settings, folder: Path) -> None:
    """Copy the reference that the settings name into the watch's folder. Raises BadInput where it can't be used."""
    source = _source(settings)
    stated = dict(settings.roles)
    if source.is_dir():
        file = next((f for ending in TABLE_ENDINGS if (f := source / f"reference{ending}").is_file()), None)
        if file is None:
            raise BadInput(N_("There is no reference table in {folder:name}."), folder=source.name)
        stated = {**_settled(source), **stated}
    else:
        file = source
    ending = max((e for e in TABLE_ENDINGS if file.name.lower().endswith(e)), key=len, default="")
    if not ending:
        raise BadInput(N_("{file:name} is no table that can be read: give a CSV, Excel or Parquet file."), file=file.name)
    with store.disk():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in folder.glob("reference.*"):
            old.unlink()
        shutil.copyfile(file, folder / f"reference{ending}")
        (folder / "tables" / "reference.json").unlink(missing_ok=True)
        text = yaml.safe_dump({"title": settings.name, **stated}, allow_unicode=True, sort_keys=False)
        (folder / "incident.yaml").write_text(text, encoding="utf-8")
    opened(folder)


def stated(folder: Path) -> dict[str, Any]:
    """What the watch's incident.yaml says of the roles, as `install` wrote it."""
    return statement.read(folder / statement.FILE)


def _source(settings: Settings) -> Path:
    given = settings.reference
    if store.valid(given) and store.exists(given):
        return store.folder(given)
    source = Path(given)
    if not given or not source.exists():
        raise BadInput(
            N_("The reference {file:name} does not exist: name a file, an incident folder, or the id of an incident."), file=given
        )
    return source


def _settled(folder: Path) -> dict[str, Any]:
    """The roles of an incident as they were settled on both of its tables, so that the watch need not guess them again."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="model-clinic-") as work:
        found = open_incident(folder, work=Path(work))
    roles = found.roles
    said: dict[str, Any] = {
        "task": str(found.task) if found.task else None,
        "target": roles.target,
        "prediction": roles.prediction,
        "timestamp": roles.timestamp,
        "id": roles.id,
        "positive": roles.positive,
        "segments": list(roles.segments),
        "group": roles.group,
        "calendar": list(roles.calendar),
    }
    return {key: value for key, value in said.items() if value or key in MAY_BE_NONE}


def opened(folder: Path) -> Incident:
    """The reference and the roles, in an incident without a current table. Raises BadInput."""
    found = open_incident(folder, work=folder / "tables")
    if found.reference is None:
        raise BadInput(N_("The reference of this watch cannot be read: {why}"), why=str(dict(found.unreadable) or ""))
    return found


def reference(folder: Path, every: Every | None, rows: int | None) -> Reference:
    """What batches are measured against. rows: of a usual batch, where nothing else says how the reference is to be cut."""
    files = sorted((f.name, f.stat().st_mtime_ns) for f in folder.glob("*.*") if f.is_file())
    return _reference(folder, every, rows, repr(files))


@lru_cache(maxsize=8)
def _reference(folder: Path, every: Every | None, rows: int | None, stamp: str) -> Reference:
    incident = opened(folder)
    table = incident.reference
    assert table is not None
    frame = engine.sample(table, seed=incident.seed)
    kinds = {column.name: column.kind for column in table}
    loss = losses(incident, "reference")
    base = baseline(frame, kinds, incident.roles, loss)
    parts = _parts(frame, incident.roles.timestamp, every, rows)
    summaries = [summarise(frame.iloc[places], base, None if loss is None else loss[places]) for places, _ in parts]
    return Reference(incident=incident, base=base, expected=fit(base, summaries, [when for _, when in parts]), kinds=kinds)


def losses(incident: Incident, side: str) -> NDArray[np.float64] | None:
    """Loss of each row of `engine.sample`, NaN where unknown; None without labels or predictions."""
    try:
        return outcome.known(incident).loss(side)
    except NotApplicable:
        return None


def measured(reference: Reference, batch: Table) -> Summary:
    """One batch in numbers."""
    incident = reference.against(batch)
    frame = engine.sample(batch, seed=incident.seed + 1)
    return summarise(like(frame, reference.kinds), reference.base, losses(incident, "current"))


Parts = Sequence[tuple[NDArray[np.intp], datetime | None]]


def _parts(frame: pd.DataFrame, timestamp: str | None, every: Every | None, rows: int | None) -> Parts:
    """Rows of each batch that the reference is cut into, with the middle of its time where that is known."""
    when = times(frame, timestamp)
    if when is not None and not np.isnat(when).all():
        order = np.argsort(when, kind="stable")[: int((~np.isnat(when)).sum())]
        if every is not None:
            begins = [floor(moment, every) for moment in when[order].astype("datetime64[us]").tolist()]
            cuts = [0, *[n for n in range(1, len(begins)) if begins[n] != begins[n - 1]], len(begins)]
            windows = [(order[a:b], begins[a] + every.length / 2) for a, b in pairwise(cuts)]
            # The first and the last window are cut off somewhere, and would be batches of a strange size.
            if len(windows) >= FEWEST + 2:
                return windows[1:-1]
            if len(windows) >= FEWEST:
                return windows
        middle = [(part, when[part].astype("datetime64[us]").tolist()) for part in _pieces(order, rows)]
        return [(part, moments[len(moments) // 2]) for part, moments in middle]
    return [(part, None) for part in _pieces(np.random.default_rng(0).permutation(len(frame)), rows)]


def _pieces(order: NDArray[np.intp], rows: int | None) -> list[NDArray[np.intp]]:
    """Equal pieces of about `rows` rows, at least PIECES where there are rows enough."""
    size = min(rows or order.size // PIECES, order.size // PIECES)
    return [np.sort(piece) for piece in np.array_split(order, max(1, order.size // max(1, size)))] if order.size else []
