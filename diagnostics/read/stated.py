"""What incident.yaml states, validated as a whole: each key by its kind, its length and its range, before anything uses it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from diagnostics.nouns.documents import NotPlain, load_yaml
from diagnostics.nouns.incident import Event, Task
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, shorten

FILE: Final = "incident.yaml"
NAMES: Final = ("target", "prediction", "timestamp", "id", "positive", "group")
LISTS: Final = ("segments", "calendar", "not_features", "ignore")
KEYS: Final = ("title", "task", *NAMES[:5], "segments", "group", *LISTS[1:], "events", "limits", "reading")
READING_KEYS: Final = ("encoding", "delimiter", "header", "skip", "sheet", "decimal", "thousands", "dates", "missing")
READING_SIDES: Final = ("reference", "current")

BYTES_CAP: Final = 256 * 1024
TITLE_CAP: Final = 300
"""Characters of a title."""

NAME_CAP: Final = 1000
"""Characters of the name of a column, or of a value in it."""

WHAT_CAP: Final = 2000
"""Characters that say what happened at an event."""

ENTRIES_CAP: Final = 1000
"""Entries of a list."""

FIRST_YEAR, LAST_YEAR = 1900, 2200
"""No model was served before; time zones and calendars reckon some days beyond either end."""


def read(file: Path) -> dict[str, Any]:
    """What the file states; nothing where there is none. Raises BadInput, and OSError when it cannot be opened."""
    if not file.is_file():
        return {}
    with file.open("rb") as stream:
        return parse(stream.read(BYTES_CAP + 1))


def parse(content: bytes) -> dict[str, Any]:
    """The keys with their values, each of the kind that it must be. Raises BadInput, which names the key at fault."""
    if len(content) > BYTES_CAP:
        raise BadInput(N_("incident.yaml is larger than 256 kB: keep the keys that the format knows."))
    try:
        held = load_yaml(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadInput(N_("incident.yaml is not UTF-8 text (line {line:count}): save it as UTF-8."), line=line) from error
    except NotPlain as error:
        raise BadInput(
            N_("incident.yaml cannot be read as YAML, because {why}: repair it or delete the file."), why=error.phrase
        ) from error
    if held is None:
        return {}
    if not isinstance(held, dict):
        raise BadInput(N_("incident.yaml must hold keys such as title and target, each with its value."))
    unknown = [key for key in held if key not in KEYS]
    if unknown:
        raise BadInput(
            N_("incident.yaml has the unknown key {key:name}: known are {known}."),
            key=_told(unknown[0]),
            known=", ".join(KEYS),
        )
    for key, value in held.items():
        _check(str(key), value)
    return dict(held)


def _check(key: str, value: object) -> None:
    """Raises BadInput for a value that its key does not take."""
    match key:
        case "title":
            _text(key, value, TITLE_CAP)
        case "task":
            task(value)
        case "events":
            events(value)
        case "limits":
            limits(value)
        case "reading":
            check_reading(value)
        case _ if key in LISTS:
            names(key, value)
        case _:
            name(key, value)


def _told(value: object) -> str:
    """`value` as a short text, whatever it is: a list or a mapping of a stranger is never written out."""
    if isinstance(value, str):
        return shorten(value)
    return type(value).__name__ if isinstance(value, list | dict | set | tuple | bytes) else shorten(str(value))


def _text(key: str, value: object, cap: int) -> str | None:
    """One value as text; None where there is none. Raises BadInput for what is several values, and for what is too long."""
    if value is None or value == "":
        return None
    # YAML reads an unquoted yes, 1 or 1.0 as a value, not as the text in the file; a mapping, set or binary is none.
    if not isinstance(value, str | bool | int | float | date):
        raise BadInput(N_("In incident.yaml, {key} must be one name or number."), key=key)
    text = str(value)
    if len(text) > cap:
        raise BadInput(
            N_("In incident.yaml, {key} has {length:count} characters, more than the {cap:count} allowed: shorten it."),
            key=key,
            length=len(text),
            cap=cap,
        )
    return text


def name(key: str, value: object) -> str | None:
    """The name of a column, or a value of one. Raises BadInput."""
    return _text(key, value, NAME_CAP)


def names(key: str, value: object) -> tuple[str, ...]:
    """Names of columns; one that stands alone is a list of one. Raises BadInput."""
    listed = [value] if isinstance(value, str | int | float) and value != "" else (value or [])
    if not isinstance(listed, list) or any(entry is None or isinstance(entry, list | dict) for entry in listed):
        raise BadInput(N_("In incident.yaml, {key} must be a list of column names."), key=key)
    _length(key, listed)
    return tuple(text for entry in listed if (text := name(key, entry)) is not None)


def _length(key: str, listed: list[Any] | dict[Any, Any]) -> None:
    if len(listed) > ENTRIES_CAP:
        raise BadInput(
            N_("In incident.yaml, {key} has {length:count} entries, more than the {cap:count} allowed: leave some out."),
            key=key,
            length=len(listed),
            cap=ENTRIES_CAP,
        )


def task(value: object) -> Task | None:
    """Raises BadInput for what is no task."""
    if value is None:
        return None
    try:
        return Task(value.strip().lower() if isinstance(value, str) else "")
    except ValueError:
        raise BadInput(
            N_("In incident.yaml, task is {value:name}: it must be classification or regression."), value=_told(value)
        ) from None


def events(value: object) -> tuple[Event, ...]:
    """What happened, in the order of time. Raises BadInput with the number of the event at fault."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadInput(N_("In incident.yaml, events must be a list of entries with time and what."))
    _length("events", value)
    found = []
    for position, entry in enumerate(value, start=1):
        moment = _moment(entry.get("time")) if isinstance(entry, dict) else None
        if moment is None:
            raise BadInput(
                N_(
                    "In incident.yaml, event {position:count} needs a time from 1900 to 2200, such as 2026-05-12 08:00, and what "
                    "happened."
                ),
                position=position,
            )
        found.append(Event(moment, _text("what", entry.get("what"), WHAT_CAP) or ""))
    return tuple(sorted(found, key=lambda event: event.time))


def limits(value: object) -> tuple[tuple[str, float], ...]:
    """Metrics with the number that each may reach. Raises BadInput."""
    if value is None:
        return ()
    if not isinstance(value, dict) or any(isinstance(v, bool) or not isinstance(v, int | float) for v in value.values()):
        raise BadInput(N_("In incident.yaml, limits must be names of metrics, each with a number in the metric's unit."))
    _length("limits", value)
    return tuple((name("limits", metric) or "", float(limit)) for metric, limit in value.items())


def _moment(value: object) -> datetime | None:
    """A YAML time as a datetime without zone (UTC where the file gives a zone); None when it is none, or far away."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, date) or not FIRST_YEAR <= value.year <= LAST_YEAR:
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return datetime(value.year, value.month, value.day)


def check_reading(value: object) -> None:
    """Raises BadInput for an unknown side or key, or an invalid value."""
    said = value or {}
    if not isinstance(said, dict):
        raise BadInput(N_("In incident.yaml, reading must say what holds for reference and for current."))
    for side, given in said.items():
        if side not in READING_SIDES or not isinstance(given, dict | None):
            raise _unknown(side if side not in READING_SIDES else given)
        for key, stated in (given or {}).items():
            if key not in READING_KEYS:
                raise _unknown(key)
            if key in ("header", "skip"):
                if stated is not None and (isinstance(stated, bool) or not isinstance(stated, int)):
                    raise BadInput(N_("In incident.yaml, {key} must be a whole number."), key=key)
            elif key == "missing":
                missing_words(stated)
            else:
                _text(key, stated, NAME_CAP)


def _unknown(key: object) -> BadInput:
    return BadInput(
        N_("In incident.yaml, reading has the unknown key {key:name}: known are {known}."),
        key=_told(key),
        known=", ".join((*READING_SIDES, *READING_KEYS)),
    )


def missing_words(value: object) -> tuple[str, ...] | None:
    """The words that mean "no value", None where nothing is stated. Raises BadInput."""
    if value is None:
        return None
    listed = value if isinstance(value, list) else [value]
    _length("missing", listed)
    return tuple(_text("missing", word, NAME_CAP) or "" for word in listed)


def text_of(given: Mapping[str, Any], key: str) -> str | None:
    """One stated option of reading as text. Raises BadInput."""
    return _text(key, given.get(key), NAME_CAP)
