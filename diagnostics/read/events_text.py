"""What happened when, as people type or paste it: one event a line, its time first."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from diagnostics.nouns.incident import Event
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_
from diagnostics.read.stated import events

TIME: Final = re.compile(
    r"^\W*(?P<day>\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2} [A-Za-z]{3,9} \d{4})"
    r"(?:[T ,]+(?P<clock>\d{1,2}:\d{2}(?::\d{2})?)(?:Z|[+-]\d{2}:?\d{2})?)?[\s,;:|–-]*(?P<what>.*)$"
)
DAYS: Final = ("%Y-%m-%d", "%d.%m.%Y", "%d %B %Y", "%d %b %Y")


def parse_events(text: str) -> tuple[Event, ...]:
    """Lines such as "2026-05-12 08:00 feature service 4.1", "12.05.2026 new image", "12 May 2026, 08:00: rollout".

    Empty lines are passed over. Raises BadInput with the number of the line that begins with no time.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        matched = TIME.match(line)
        moment = None if matched is None else _moment(matched["day"], matched["clock"])
        if matched is None or moment is None:
            raise BadInput(N_("Line {line:count} begins with no date: write it as 2026-05-12 08:00 what happened."), line=number)
        found.append({"time": moment, "what": matched["what"].strip()})
    return events(found)


def _moment(day: str, clock: str | None) -> datetime | None:
    for form in DAYS:
        try:
            date = datetime.strptime(day, form)
        except ValueError:
            continue
        hour, minute, second = (int(part) for part in f"{clock or '0:00'}:00".split(":")[:3])
        return date.replace(hour=hour, minute=minute, second=second) if hour < 24 and minute < 60 and second < 60 else None
    return None


def as_text(given: tuple[Event, ...]) -> str:
    """What `parse_events` takes, one line an event."""
    return "\n".join(f"{event.time:%Y-%m-%d %H:%M} {' '.join(event.what.split())}" for event in given)
