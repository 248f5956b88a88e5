"""From an incident folder (the contract's layout) to an Incident."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from diagnostics.nouns.incident import Incident, Roles, Sides
from diagnostics.nouns.refusal import BadInput, MachineFault
from diagnostics.nouns.table import Kind, Table
from diagnostics.nouns.words import N_
from diagnostics.read import stated as statement
from diagnostics.read.caps import Options

TABLE_ENDINGS: Final = (
    *(".csv", ".parquet", ".xlsx", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".xls", ".xlsm", ".xlsb", ".ods"),
    *(".zip", ".tab", ".psv", ".dat", ".pq", ".json", ".jsonl", ".ndjson", ".arrow", ".feather", ".avro", ".orc"),
    *(".dta", ".sas7bdat", ".xpt"),
)
MODEL_ENDINGS: Final = (".onnx", ".skops", ".pkl", ".joblib")
MAY_BE_NONE: Final = ("target", "prediction", "timestamp", "id", "segments", "group", "calendar")
"""Keys of incident.yaml that mean "there is none" when they stand there without a value; left out, they are guessed."""
FILES_CAP: Final = 200


def open_incident(
    folder: Path, *, work: Path, seed: int = 0, on_progress: Callable[[float, str], None] = lambda share, what: None
) -> Incident:
    """Read what `folder` holds; tables are written once as Parquet into `work` and taken from there the next time.

    Raises BadInput when the folder or its incident.yaml cannot be used, or when nothing in it can. A single part that cannot be
    read is listed in `Incident.unreadable`, so that the others still count.
    """
    if not folder.is_dir():
        raise BadInput(N_("There is no folder {folder:name}: check the path."), folder=str(folder))
    stated = statement.read(folder / statement.FILE)
    options = reading_options(stated)
    unreadable: list[tuple[str, str]] = []
    files: dict[str, Path] = {}
    tables: dict[str, Table | None] = {"reference": None, "current": None}
    for position, side in enumerate(tables):
        file = _table_file(folder, side)
        if file is None:
            continue
        on_progress(position / 2, side)
        files[side] = file
        try:
            tables[side] = _table(file, work, side, options[side])
        except MachineFault:
            # A full disk is no fault of the file, and is not kept with the incident as one.
            raise
        except BadInput as reason:
            unreadable.append((file.name, reason.phrase))
    if all(tables.values()):
        from diagnostics.read.pair import read_both
        from diagnostics.read.reader import read_table

        tables = read_both(tables, options, lambda side, how: read_table(files[side], work, name=side, options=how))
    return assemble(folder, stated, tables["reference"], tables["current"], tuple(unreadable), seed=seed)


def assemble(
    folder: Path | None,
    stated: Mapping[str, Any],
    reference: Table | None,
    current: Table | None,
    unreadable: tuple[tuple[str, str], ...] = (),
    *,
    seed: int = 0,
) -> Incident:
    """An Incident from tables that are read and what was stated about them. Raises BadInput when there is nothing to look at."""
    from diagnostics.read.agree import agree, timed, told_alike
    from diagnostics.read.index import without_row_numbers
    from diagnostics.read.roles import settle

    said = _roles(stated)
    ignored = statement.names("ignore", stated.get("ignore"))
    reference, current = (_ignoring(table, ignored, said) if table is not None else None for table in (reference, current))
    if reference is not None and current is not None:
        reference, current = agree(reference, current, said.timestamp)
    else:
        reference, current = (timed(table, said.timestamp) if table is not None else None for table in (reference, current))
    reference, current = (
        without_row_numbers(table, {*said.named, *said.segments}) if table is not None else None for table in (reference, current)
    )
    none = frozenset(key for key in MAY_BE_NONE if key in stated and stated[key] in (None, "", []))
    roles, task, answer, guesses = settle(said, statement.task(stated.get("task")), reference, current, none)
    _refuse_untimed(said.timestamp, [table for table in (reference, current) if table is not None])
    if reference is not None and current is not None:
        reference, current = (
            told_alike(table, other, roles.timestamp) for table, other in ((reference, current), (current, reference))
        )
    incident = Incident(
        title=str(stated.get("title") or (folder.name if folder else "")),
        task=task,
        answer=answer,
        roles=roles,
        guesses=guesses,
        reference=reference,
        current=current,
        events=statement.events(stated.get("events")),
        limits=statement.limits(stated.get("limits")),
        unreadable=unreadable,
        seed=seed,
    )
    if folder is not None:
        incident = _with_files(incident, folder)
    parts = [reference, current, incident.model, incident.environment.reference, incident.environment.current]
    parts += [incident.config.reference, incident.config.current, incident.scaler]
    if not any(parts) and not (incident.code or incident.logs or incident.metrics or incident.training or incident.memory):
        if unreadable:
            raise BadInput(N_("{file:name} cannot be used: {why}"), file=unreadable[0][0], why=unreadable[0][1])
        raise BadInput(
            N_(
                "There is nothing to look at in {folder:name}: "
                "put reference.csv and current.csv there, or a log, or a training history."
            ),
            folder=folder.name if folder else "",
        )
    return incident


def _ignoring(table: Table, ignored: Sequence[str], said: Roles) -> Table:
    """The table without the columns that are to be left out; what plays a part stays."""
    left = [name for name in ignored if name in table and name not in said.named]
    if not left:
        return table
    fingerprint = hashlib.sha256(f"{table.fingerprint}|{sorted(left)}".encode()).hexdigest()
    return replace(table, columns=tuple(column for column in table if column.name not in left), fingerprint=fingerprint)


def _refuse_untimed(timestamp: str | None, tables: Sequence[Table]) -> None:
    """Raises BadInput when a person named a column as the time and no table that has values in it can be read as times."""
    from diagnostics.read.agree import is_empty
    from diagnostics.read.preview import first_rows

    found = [table for table in tables if timestamp is not None and timestamp in table and not is_empty(table, table[timestamp])]
    if timestamp is None or not found or any(table[timestamp].kind is Kind.TIME for table in found):
        return
    cells = first_rows(replace(found[0], columns=(found[0][timestamp],)))[timestamp]
    raise BadInput(
        N_(
            "{column:name} was named as the time, but {file:name} holds no times there (such as {example:name}): "
            "name another column, or state how its dates are written."
        ),
        column=timestamp,
        file=found[0].reading.source,
        example=next((str(cell) for cell in cells if cell), ""),
    )


def _with_files(incident: Incident, folder: Path) -> Incident:
    def sides(part: str) -> Sides[Path | None]:
        found = [next(iter(_files(folder / part, prefix)), None) for prefix in ("reference", "current")]
        return Sides(found[0], found[1])

    return replace(
        incident,
        model=next((f for ending in MODEL_ENDINGS if (f := folder / f"model{ending}").is_file()), None),
        environment=sides("environment"),
        config=sides("config"),
        scaler=next(
            (f for part in ("config", "code", "") if (f := folder / part / "scaler.json") in _files(folder / part)), None
        ),
        code=tuple(f for f in _files(folder / "code") if f.suffix in (".py", ".ipynb")),
        logs=tuple(_files(folder / "logs")),
        metrics=tuple(_files(folder / "metrics")),
        training=tuple(_files(folder / "training")),
        memory=tuple(_files(folder / "memory")),
    )


def _files(folder: Path, prefix: str = "") -> Iterable[Path]:
    if not folder.is_dir():
        return []
    inside = (f for f in folder.iterdir() if f.is_file() and not f.is_symlink() and not f.name.startswith("."))
    return sorted(f for f in inside if not prefix or f.name.split(".")[0] == prefix)[:FILES_CAP]


def _table_file(folder: Path, side: str) -> Path | None:
    found = [f for ending in TABLE_ENDINGS if (f := folder / f"{side}{ending}").is_file()]
    if len(found) > 1:
        raise BadInput(
            N_("There are two tables for {side:term}: {files:list}. Keep one of them."), side=side, files=[f.name for f in found]
        )
    return found[0] if found else None


def reading_options(stated: Mapping[str, Any]) -> dict[str, Options]:
    """How either table is to be read, by side. Raises BadInput for an invalid value of `reading`."""
    said = stated.get("reading") or {}
    statement.check_reading(said)
    return {side: _options(said.get(side) or {}) for side in statement.READING_SIDES}


def _options(given: Mapping[str, Any]) -> Options:
    return Options(
        encoding=statement.text_of(given, "encoding"),
        delimiter=statement.text_of(given, "delimiter"),
        header_rows=given.get("header"),
        skip_rows=given.get("skip"),
        sheet=statement.text_of(given, "sheet"),
        decimal=statement.text_of(given, "decimal"),
        thousands=statement.text_of(given, "thousands"),
        dates=statement.text_of(given, "dates"),
        missing=statement.missing_words(given.get("missing")),
    )


def _table(file: Path, work: Path, side: str, options: Options) -> Table:
    """The table as read before, if its file has not changed since, else read now."""
    # What reads tables takes half a second to load; whoever only asks for names of files need not wait for it.
    from diagnostics.read.reader import how, read_table

    handle = work / f"{side}.json"
    if handle.is_file() and handle.stat().st_mtime_ns >= file.stat().st_mtime_ns:
        try:
            table = Table.load(handle)
        except ValueError:
            pass  # A damaged handle is rebuilt from the file, which is still there.
        else:
            same = (table.reading.source, table.reading.how) == (file.name, how(options))
            if table.path.is_file() and same:
                return table
    work.mkdir(parents=True, exist_ok=True)
    return read_table(file, work, name=side, options=options)


def _roles(stated: Mapping[str, Any]) -> Roles:
    said = {key: statement.name(key, stated.get(key)) for key in statement.NAMES}
    segments, calendar, not_features, _ = (statement.names(key, stated.get(key)) for key in statement.LISTS)
    return Roles(segments=segments, calendar=calendar, not_features=not_features, **said)
