"""All incidents: search and filter them, and find those that looked like this one."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from diagnostics.investigation import Investigation
from diagnostics.keep import database, store
from diagnostics.keep.review.edit import enter
from diagnostics.keep.review.impact import impact_of
from diagnostics.keep.review.record import Grade, Impact, Status, moment
from diagnostics.keep.review.tables import causes, incidents

PAGE: Final = 20
KEPT_CAUSES: Final = 3
SURE: Final = 0.5
"""Causes below this confidence are weak leads: nobody is told that they were seen before."""

LOOKED_AT: Final = 500
"""Past incidents with the same cause that are compared, the newest."""


@dataclass(frozen=True)
class Found:
    """A cause as the list keeps it."""

    code: str
    confidence: float
    columns: tuple[str, ...]
    since: datetime | None


@dataclass(frozen=True)
class Listed:
    """One line of the list. opened: UTC."""

    incident: str
    title: str
    status: Status
    severity: Grade | None
    opened: datetime
    causes: tuple[Found, ...]
    impact: Impact
    """What the investigation found of it; what people wrote is in the record."""


@dataclass(frozen=True)
class Past:
    """An incident that looked like this one: the cause they share, and which columns of it. same: the very same files."""

    listed: Listed
    code: str
    columns: tuple[str, ...]
    same: bool = False


def remember(incident: str, investigation: Investigation, *, now: datetime | None = None) -> None:
    """Keep what was found, so that the list shows it and a later incident is compared with it. Raises BadInput.

    Through a link for reading nothing is kept: whoever reads leaves no trace.
    """
    name = store.writable(incident).name
    found = investigation.causes[:KEPT_CAUSES]
    print_ = investigation.incident.fingerprint
    with database.opened() as con:
        row = con.execute(sql.select(incidents.c.seen).where(incidents.c.id == name)).scalar_one_or_none()
    if row == print_:
        return
    with database.opened(write=True) as con:
        enter(con, name, (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None))
        con.execute(
            sql.update(incidents).where(incidents.c.id == name).values(seen=print_, impact=_kept(impact_of(investigation)))
        )
        con.execute(
            sql.update(incidents)
            .where(incidents.c.id == name, incidents.c.title == "")
            .values(title=investigation.incident.title, words=investigation.incident.title.casefold())
        )
        con.execute(sql.delete(causes).where(causes.c.incident == name))
        for place, cause in enumerate(found):
            con.execute(
                causes.insert().values(
                    incident=name,
                    place=place,
                    code=cause.code,
                    confidence=cause.confidence,
                    columns=json.dumps(list(cause.columns), ensure_ascii=False),
                    since=cause.since.replace(tzinfo=None) if cause.since else None,
                )
            )


def listed(
    *,
    among: Collection[str] | None,
    text: str = "",
    status: Status | None = None,
    severity: Grade | None = None,
    cause: str = "",
    page: int = 0,
) -> tuple[list[Listed], int]:
    """A page of the incidents that fit, newest first, and how many there are. among: ids that may be shown; None for all.

    text is looked for, word by word and whatever their case, in the title and in all that was written. Raises BadInput.
    """
    fits: list[sql.ColumnElement[bool]] = [] if among is None else [incidents.c.id.in_(list(among))]
    fits += [incidents.c.words.contains(word, autoescape=True) for word in text.casefold().split()[:10]]
    if status is not None:
        fits.append(incidents.c.status == status.value)
    if severity is not None:
        fits.append(incidents.c.severity == severity.value)
    if cause:
        fits.append(incidents.c.id.in_(sql.select(causes.c.incident).where(causes.c.code == cause, causes.c.confidence >= SURE)))
    with database.opened() as con:
        count = int(con.execute(sql.select(sql.func.count()).select_from(incidents).where(*fits)).scalar_one())
        query = sql.select(incidents).where(*fits).order_by(incidents.c.opened.desc(), incidents.c.id)
        rows = con.execute(query.limit(PAGE).offset(page * PAGE)).all()
        held = _causes(con, [row.id for row in rows])
    return [_listed(row, held) for row in rows], count


def one(incident: str) -> Listed | None:
    """The incident's line of the list; None where it was never looked at. Raises BadInput."""
    found, _ = listed(among=[store.identity(incident)])
    return found[0] if found else None


def codes(among: Collection[str] | None) -> list[str]:
    """Codes of the causes that the list can be filtered by."""
    query = sql.select(causes.c.code).where(causes.c.confidence >= SURE).distinct().order_by(causes.c.code)
    if among is not None:
        query = query.where(causes.c.incident.in_(list(among)))
    with database.opened() as con:
        return list(con.execute(query).scalars())


def similar(incident: str, found: Sequence[Found], *, among: Collection[str] | None) -> list[Past]:
    """Past incidents with the same cause: first those of the very same files, then those where it sat in the same columns, each
    the newest first. Raises BadInput.
    """
    name = store.identity(incident)
    sure = {cause.code: cause for cause in reversed(found) if cause.confidence >= SURE}
    if not sure:
        return []
    with database.opened() as con:
        seen = con.execute(sql.select(incidents.c.seen).where(incidents.c.id == name)).scalar_one_or_none()
        query = (
            sql.select(incidents)
            .where(
                incidents.c.id != name,
                incidents.c.id.in_(
                    sql.select(causes.c.incident).where(causes.c.code.in_(list(sure)), causes.c.confidence >= SURE)
                ),
            )
            .order_by(incidents.c.opened.desc())
            .limit(LOOKED_AT)
        )
        if among is not None:
            query = query.where(incidents.c.id.in_(list(among)))
        rows = [row for row in con.execute(query).all() if store.exists(row.id)]
        held = _causes(con, [row.id for row in rows])
    past = []
    for row in rows:
        line = _listed(row, held)
        shared = [(cause, _shared(cause, sure[cause.code])) for cause in line.causes if cause.code in sure]
        best, columns = max(shared, key=lambda pair: (len(pair[1]), pair[0].confidence))
        past.append(Past(line, best.code, columns, same=bool(seen) and row.seen == seen))
    return sorted(past, key=lambda p: (not p.same, not p.columns))


def _shared(one: Found, other: Found) -> tuple[str, ...]:
    return tuple(column for column in one.columns if column in other.columns)


def found_of(investigation: Investigation) -> list[Found]:
    """The causes of an investigation as the list keeps them."""
    return [Found(c.code, c.confidence, c.columns, c.since) for c in investigation.causes[:KEPT_CAUSES]]


def _causes(con: Connection, names: Sequence[str]) -> Mapping[str, list[Found]]:
    held: dict[str, list[Found]] = {}
    query = sql.select(causes).where(causes.c.incident.in_(list(names))).order_by(causes.c.incident, causes.c.place)
    for row in con.execute(query) if names else ():
        columns = tuple(str(name) for name in json.loads(row.columns))
        held.setdefault(row.incident, []).append(Found(row.code, row.confidence, columns, row.since))
    return held


def _listed(row: Any, held: Mapping[str, list[Found]]) -> Listed:
    return Listed(
        row.id,
        row.title,
        Status(row.status) if row.status in set(Status) else Status.OPEN,
        Grade(row.severity) if row.severity in set(Grade) else None,
        row.opened.replace(tzinfo=UTC),
        tuple(held.get(row.id, ())),
        _impact(json.loads(row.impact)),
    )


def _kept(impact: Impact) -> str:
    return json.dumps({"rows": impact.rows_affected, "of": impact.of_rows, "since": impact.since and impact.since.isoformat()})


def _impact(kept: Any) -> Impact:
    return Impact(kept.get("rows"), kept.get("of"), moment(kept.get("since"))) if isinstance(kept, dict) else Impact()
