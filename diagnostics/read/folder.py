"""From an incident folder (the contract's layout) to an Incident."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from diagnostics.nouns.incident import Event, Incident, Roles, Sides, Task
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.table import Kind, Table
from diagnostics.nouns.words import N_
from diagnostics.read.caps import Options

TABLE_ENDINGS: Final = (
    *(".csv", ".parquet", ".xlsx", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".xls", ".xlsm", ".xlsb", ".ods"),
    *(".json", ".jsonl", ".ndjson", ".arrow", ".feather", ".orc", ".dta", ".sas7bdat", ".xpt"),
)
MODEL_ENDINGS: Final = (".onnx", ".skops", ".pkl", ".joblib")
MAY_BE_NONE: Final = ("target", "prediction", "timestamp", "id", "segments", "group", "calendar")
"""Keys of incident.yaml that mean "there is none" when they stand there without a value; left out, they are guessed."""
KEYS: Final = (
    "title",
    "task",
    "target",
    "prediction",
    "timestamp",
    "id",
    "positive",
    "segments",
    "group",
    "calendar",
    "events",
    "limits",
    "reading",
)
YAML_CAP: Final = 256 * 1024
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
    stated = _stated(folder / "incident.yaml")
    options = reading_options(stated)
    unreadable: list[tuple[str, str]] = []
    tables: dict[str, Table | None] = {"reference": None, "current": None}
    for position, side in enumerate(tables):
        file = _table_file(folder, side)
        if file is None:
            continue
        on_progress(position / 2, side)
        try:
            tables[side] = _table(file, work, side, options[side])
        except BadInput as reason:
            unreadable.append((file.name, reason.phrase))
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
    from diagnostics.read.agree import agree, timed
    from diagnostics.read.index import without_row_numbers
    from diagnostics.read.roles import settle

    said = _roles(stated)
    if reference is not None and current is not None:
        reference, current = agree(reference, current, said.timestamp)
    else:
        reference, current = (timed(table, said.timestamp) if table is not None else None for table in (reference, current))
    reference, current = (
        without_row_numbers(table, {*said.named, *said.segments}) if table is not None else None for table in (reference, current)
    )
    none = frozenset(key for key in MAY_BE_NONE if key in stated and stated[key] in (None, "", []))
    roles, task, answer, guesses = settle(said, _task(stated), reference, current, none)
    _refuse_untimed(said.timestamp, [table for table in (reference, current) if table is not None])
    incident = Incident(
        title=str(stated.get("title") or (folder.name if folder else "")),
        task=task,
        answer=answer,
        roles=roles,
        guesses=guesses,
        reference=reference,
        current=current,
        events=_events(stated.get("events")),
        limits=_limits(stated.get("limits")),
        unreadable=unreadable,
        seed=seed,
    )
    if folder is not None:
        incident = _with_files(incident, folder)
    parts = [reference, current, incident.model, incident.environment.reference, incident.environment.current]
    parts += [incident.config.reference, incident.config.current, incident.scaler]
    if not any(parts) and not (incident.code or incident.logs or incident.metrics or incident.training):
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
    """How either table is to be read, by side. Raises BadInput for a key or value of `reading` that is none."""
    said = stated.get("reading") or {}
    if not isinstance(said, dict):
        raise BadInput(N_("In incident.yaml, reading must say what holds for reference and for current."))
    found = {}
    for side in ("reference", "current"):
        given = said.get(side) or {}
        if unknown := sorted({*map(str, said)} - {"reference", "current"}) or (
            sorted({*map(str, given)} - {*READING_KEYS}) if isinstance(given, dict) else [str(given)]
        ):
            raise BadInput(
                N_("In incident.yaml, reading has the unknown key {key:name}: known are {known}."),
                key=unknown[0],
                known=", ".join(("reference", "current", *READING_KEYS)),
            )
        found[side] = _options(given)
    return found


READING_KEYS: Final = ("encoding", "delimiter", "header", "skip", "sheet", "decimal", "thousands", "dates", "missing")


def _options(given: Mapping[str, Any]) -> Options:
    def text(key: str) -> str | None:
        value = given.get(key)
        return None if value is None or value == "" else str(value)

    def rows(key: str) -> int | None:
        value = given.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise BadInput(N_("In incident.yaml, {key} must be a whole number."), key=key)
        return value

    missing = given.get("missing")
    if missing is not None and not isinstance(missing, list):
        missing = [missing]
    return Options(
        encoding=text("encoding"),
        delimiter=text("delimiter"),
        header_rows=rows("header"),
        skip_rows=rows("skip"),
        sheet=text("sheet"),
        decimal=text("decimal"),
        thousands=text("thousands"),
        dates=text("dates"),
        missing=None if missing is None else tuple(str(word) for word in missing),
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


def _stated(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    if file.stat().st_size > YAML_CAP:
        raise BadInput(N_("incident.yaml is larger than 256 kB: keep the keys that the format knows."))
    try:
        stated = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise BadInput(
            N_("incident.yaml cannot be read as YAML (line {line:count}): repair that line or delete the file."),
            line=mark.line + 1 if mark else 1,
        ) from error
    if stated is None:
        return {}
    if not isinstance(stated, dict):
        raise BadInput(N_("incident.yaml must hold keys such as title and target, each with its value."))
    unknown = sorted(str(key) for key in stated if key not in KEYS)
    if unknown:
        raise BadInput(
            N_("incident.yaml has the unknown key {key:name}: known are {known}."), key=unknown[0], known=", ".join(KEYS)
        )
    return stated


def _roles(stated: Mapping[str, Any]) -> Roles:
    def name(key: str) -> str | None:
        value = stated.get(key)
        if value is None or value == "":
            return None
        if isinstance(value, list | dict):
            raise BadInput(N_("In incident.yaml, {key} must be one name."), key=key)
        # YAML reads an unquoted yes, 1 or 1.0 as a value, not as the text in the file.
        return {True: "True", False: "False"}[value] if isinstance(value, bool) else str(value)

    def names(key: str) -> tuple[str, ...]:
        listed = stated.get(key) or []
        if isinstance(listed, str):
            listed = [listed]
        if not isinstance(listed, list) or any(isinstance(entry, list | dict) for entry in listed):
            raise BadInput(N_("In incident.yaml, {key} must be a list of column names."), key=key)
        return tuple(str(entry) for entry in listed)

    return Roles(
        target=name("target"),
        prediction=name("prediction"),
        timestamp=name("timestamp"),
        id=name("id"),
        segments=names("segments"),
        positive=name("positive"),
        group=name("group"),
        calendar=names("calendar"),
    )


def _task(stated: Mapping[str, Any]) -> Task | None:
    value = stated.get("task")
    if value is None:
        return None
    try:
        return Task(str(value).strip().lower())
    except ValueError:
        raise BadInput(
            N_("In incident.yaml, task is {value:name}: it must be classification or regression."), value=str(value)
        ) from None


def _limits(stated: object) -> tuple[tuple[str, float], ...]:
    if stated is None:
        return ()
    if not isinstance(stated, dict) or any(isinstance(v, bool) or not isinstance(v, int | float) for v in stated.values()):
        raise BadInput(N_("In incident.yaml, limits must be names of metrics, each with a number in the metric's unit."))
    return tuple((str(name), float(limit)) for name, limit in stated.items())


def _events(stated: object) -> tuple[Event, ...]:
    if stated is None:
        return ()
    if not isinstance(stated, list):
        raise BadInput(N_("In incident.yaml, events must be a list of entries with time and what."))
    events = []
    for position, entry in enumerate(stated[:1000], start=1):
        when = entry.get("time") if isinstance(entry, dict) else None
        moment = _moment(when)
        if moment is None:
            raise BadInput(
                N_("In incident.yaml, event {position:count} needs a time such as 2026-05-12 08:00 and what happened."),
                position=position,
            )
        events.append(Event(moment, str(entry.get("what", ""))))
    return tuple(sorted(events, key=lambda event: event.time))


def _moment(value: object) -> datetime | None:
    """A YAML time as a datetime without zone (UTC where the file gives a zone); None when it is none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return None
