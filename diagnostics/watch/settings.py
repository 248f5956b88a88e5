"""What a watch is: its reference, where batches come from, who is told, and what counts. Written by people as watch.yaml."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from diagnostics.nouns.documents import NotPlain, load_yaml
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_
from diagnostics.read.stated import BYTES_CAP
from diagnostics.watch.clock import Every, zone_of


class Kind(StrEnum):
    """Where batches come from."""

    FOLDER = "folder"
    TABLE = "table"
    PUSH = "push"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where batches come from."""

    kind: Kind
    address: str = ""
    """The folder, or the address of the database or file that holds the table."""

    table: str = ""
    """Name of the table in a database."""

    time: str = ""
    """The column of times by which a table is cut."""

    pattern: str = "*"
    """Which files of a folder are batches."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """Where labels come from that arrive later than their rows."""

    address: str = ""
    """A folder of files, each with the id of a row and its label; empty where the source itself fills them in."""

    days: float = 60.0
    """Days after its rows during which a batch's labels are waited for."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What counts as an alarm."""

    run_length: int = 1_000
    """Batches that pass without any change until the first false alarm, on average and at least (`watch.sequential`)."""

    least_rows: int = 30
    """Rows below which a batch is not judged."""

    grace: timedelta = timedelta(hours=6)
    """How late a batch may be before it is called late; after four times that it is missing."""

    repeat: timedelta = timedelta(days=1)
    """Time after which an alert that is still open is sent again."""

    calm: int = 2
    """Batches in a row that must lie within the band until an alert is over."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One watch, as it was stated."""

    name: str
    reference: str = ""
    """A file, an incident folder, or the id of an incident; empty where the watch has its reference already."""

    source: Source
    every: Every | None = None
    """How often a batch is expected, and how long it is; None for files that come when they come."""

    ends: datetime | None = None
    """From when on no batch is expected any more, by the clock of the zone."""

    zone: str = "UTC"
    """Time zone of the schedule and of the rows' times."""

    roles: Mapping[str, Any] = field(default_factory=dict)
    """Keys of incident.yaml: target, prediction, timestamp, id and so on."""

    tell: tuple[str, ...] = ()
    """Addresses in Apprise's form, such as mailto://… or slack://…; `${NAME}` stands for an environment variable."""

    link: str = ""
    """Address of the app, for the links in alerts."""

    language: str = "en"
    """Language of the alerts."""

    price: float | None = None
    """What one unit of the metric costs a day: one wrong prediction, or one unit of absolute error."""

    labels: Labels = field(default_factory=Labels)
    counts: Counts = field(default_factory=Counts)


ROLES: Final = ("task", "target", "prediction", "timestamp", "id", "positive", "segments", "group")
KEYS: Final = (*(f.name for f in fields(Settings) if f.name != "roles"), *ROLES)
DURATION: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(minute|hour|day|week)s?\s*")
UNITS: Final = {"minute": "minutes", "hour": "hours", "day": "days", "week": "weeks"}


def read_settings(file: Path) -> Settings:
    """What `file`, a watch.yaml, states; relative paths are taken from its folder. Raises BadInput with what to change."""
    if not file.is_file():
        raise BadInput(N_("There is no file {file:name}: check the path."), file=str(file))
    if file.stat().st_size > BYTES_CAP:
        raise BadInput(N_("{file:name} is larger than 256 kB: keep the keys that the format knows."), file=file.name)
    try:
        held = load_yaml(file.read_text(encoding="utf-8"))
    except (NotPlain, UnicodeDecodeError) as error:
        why = error.phrase if isinstance(error, NotPlain) else "UTF-8"
        raise BadInput(N_("{file:name} cannot be read as YAML, because {why}: repair it."), file=file.name, why=why) from error
    return settings_of(held, file.parent, named=file.stem)


def settings_of(held: object, base: Path | None = None, *, named: str = "") -> Settings:
    """Settings from what a YAML file or a form holds. Raises BadInput with the key that is wrong."""
    stated = _mapping(held, "watch.yaml", KEYS)
    source = _source(stated.get("source"), base)
    zone = str(stated.get("zone") or "UTC")
    zone_of(zone)
    reference = str(stated.get("reference") or "")
    if base is not None and reference and (base / reference).exists():
        reference = str((base / reference).absolute())
    every = None if stated.get("every") in (None, "") else _every(stated["every"])
    if source.kind is Kind.TABLE and every is None:
        raise BadInput(N_("A table needs `every`: hour, day or week, by which it is cut into batches."))
    tell = stated.get("tell") or ()
    labels = _mapping(stated.get("labels"), "labels", [f.name for f in fields(Labels)])
    price = stated.get("price")
    return Settings(
        name=str(stated.get("name") or named or "watch"),
        reference=reference,
        source=source,
        every=every,
        ends=_moment(stated.get("ends")),
        zone=zone,
        roles={key: stated[key] for key in ROLES if key in stated},
        tell=(str(tell),) if isinstance(tell, str) else tuple(str(one) for one in _list(tell, "tell")),
        link=str(stated.get("link") or "").rstrip("/"),
        language=str(stated.get("language") or "en"),
        price=None if price is None else _number(price, "price"),
        labels=Labels(
            address=_placed(str(labels.get("address") or ""), base), days=_number(labels.get("days", 60.0), "labels: days")
        ),
        counts=_counts(stated.get("counts")),
    )


def plain(settings: Settings) -> dict[str, Any]:
    """What `settings_of` makes the same settings of, without who is told: those addresses hold secrets."""
    counts, source, labels = settings.counts, settings.source, settings.labels
    return {
        "name": settings.name,
        "reference": settings.reference,
        "source": {f.name: str(getattr(source, f.name)) for f in fields(Source) if getattr(source, f.name)},
        "every": str(settings.every) if settings.every else None,
        "ends": settings.ends.isoformat() if settings.ends else None,
        "zone": settings.zone,
        **settings.roles,
        "link": settings.link,
        "language": settings.language,
        "price": settings.price,
        "labels": {"address": labels.address, "days": labels.days},
        "counts": {
            "run_length": counts.run_length,
            "least_rows": counts.least_rows,
            "grace": _written(counts.grace),
            "repeat": _written(counts.repeat),
            "calm": counts.calm,
        },
    }


def resolved(address: str) -> str:
    """`address` with the environment variables that it names. Raises BadInput where one is not set."""

    def value(found: re.Match[str]) -> str:
        given = os.environ.get(found[1])
        if given is None:
            raise BadInput(
                N_("The environment variable {name} is not set, and an address of this watch needs it."), name=found[1]
            )
        return given

    return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", value, address)


def _source(held: object, base: Path | None) -> Source:
    said = _mapping(held, "source", [f.name for f in fields(Source)])
    try:
        kind = Kind(str(said.get("kind") or "").strip().lower())
    except ValueError:
        raise BadInput(N_("In watch.yaml, source needs a kind: {known}."), known=", ".join(Kind)) from None
    address = str(said.get("address") or "")
    if kind is not Kind.PUSH and not address:
        raise BadInput(N_("In watch.yaml, source needs an address: the folder, file or database."))
    if kind is Kind.TABLE and not said.get("time"):
        raise BadInput(N_("A table needs `time`: the column by which it is cut into batches."))
    return Source(
        kind=kind,
        address=_placed(address, base),
        table=str(said.get("table") or ""),
        time=str(said.get("time") or ""),
        pattern=str(said.get("pattern") or "*"),
    )


def _placed(address: str, base: Path | None) -> str:
    """A path as seen from the folder of watch.yaml; an address with a scheme stays as it is."""
    if not address or base is None or "://" in address or address.startswith("${"):
        return address
    return str((base / address).absolute())


def _every(value: object) -> Every:
    try:
        return Every(str(value).strip().lower())
    except ValueError:
        raise BadInput(N_("In watch.yaml, every is {value:name}: it must be hour, day or week."), value=str(value)) from None


def _moment(value: object) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value.replace(tzinfo=None) if value else None
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=None)
    except ValueError:
        raise BadInput(N_("In watch.yaml, ends must be a day such as 2026-07-03, got {value:name}."), value=str(value)) from None


def _counts(held: object) -> Counts:
    said = _mapping(held, "counts", [f.name for f in fields(Counts)])
    usual = Counts()
    whole = {name: int(_number(said.get(name, getattr(usual, name)), name)) for name in ("run_length", "least_rows", "calm")}
    if whole["run_length"] < 10 or whole["calm"] < 1:
        raise BadInput(N_("In watch.yaml, counts: run_length must be at least 10, and calm at least 1."))
    return Counts(
        run_length=whole["run_length"],
        least_rows=whole["least_rows"],
        calm=whole["calm"],
        grace=_duration(said.get("grace"), usual.grace, "grace"),
        repeat=_duration(said.get("repeat"), usual.repeat, "repeat"),
    )


def _duration(value: object, usual: timedelta, key: str) -> timedelta:
    if value is None:
        return usual
    found = DURATION.fullmatch(str(value))
    if found is None:
        raise BadInput(
            N_("In watch.yaml, {key} must be a time such as 6 hours or 2 days, got {value:name}."), key=key, value=str(value)
        )
    return timedelta(**{UNITS[found[2]]: float(found[1])})


def _written(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:g} minutes"


def _number(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise BadInput(N_("In watch.yaml, {key} must be a number of at least 0, got {value:name}."), key=key, value=str(value))
    return float(value)


def _mapping(held: object, where: str, known: Any) -> Mapping[str, Any]:
    if held is None:
        return {}
    if not isinstance(held, dict):
        raise BadInput(N_("{where} must hold keys, each with its value."), where=where)
    unknown = sorted(str(key) for key in held if key not in known)
    if unknown:
        raise BadInput(
            N_("{where} has the unknown key {key:name}: known are {known}."), where=where, key=unknown[0], known=", ".join(known)
        )
    return held


def _list(held: object, key: str) -> list[Any]:
    if not isinstance(held, list | tuple):
        raise BadInput(N_("In watch.yaml, {key} must be a list."), key=key)
    return list(held)
