"""The timeline of the review: what was detected, what was deployed and what people noted, in one order."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from diagnostics import timeline as times
from diagnostics.investigation import Investigation
from diagnostics.keep.review.record import Record
from diagnostics.nouns.rule import Lane
from diagnostics.timeline import Moment, Timeline

NOTED_SHOWN: Final = 20
"""Hand-written events on the axis, the earliest; the record holds them all."""


def review(record: Record, investigation: Investigation | None = None) -> Timeline | None:
    """Everything with a known time; None when there is nothing. Without an investigation only what people wrote."""
    found: tuple[Moment, ...] = ()
    if investigation is not None:
        whole = times.timeline(investigation.incident.events, investigation.findings())
        found = whole.moments if whole else _alone(investigation)
    noted = [Moment(event.time, Lane.NOTED, event.what) for event in record.events[:NOTED_SHOWN]]
    # A stable sort: what `timeline` put behind a deploy stays behind it.
    moments = list(found)
    for moment in noted:
        place = next((number for number, other in enumerate(moments) if other.time > moment.time), len(moments))
        moments.insert(place, moment)
    return Timeline(tuple(moments), record.impact.since) if moments else None


def shortened(p: Timeline, *, most: int) -> Timeline:
    """At most so many moments, for a screen: the first sign, a deploy and the sign that came with it, what people noted."""
    if len(p.moments) <= most:
        return p
    noted = [moment for moment in reversed(p.moments) if moment.lane is Lane.NOTED]
    deploys = [moment for moment in p.moments if moment.lane is Lane.DEPLOY]
    together = [(deploy, sign) for deploy in deploys for sign in p.signs if abs(sign.time - deploy.time) <= p.slack][:1]
    kinds = {moment.lane: moment for moment in reversed(p.signs)}
    before = [p.deploy] if p.deploy else []
    wanted = [*p.signs[:1], *(moment for pair in together for moment in pair), *before, *noted[:2], *kinds.values(), *p.moments]
    kept = {id(moment) for moment in list({id(moment): moment for moment in wanted}.values())[:most]}
    return replace(p, moments=tuple(moment for moment in p.moments if id(moment) in kept))


def _alone(investigation: Investigation) -> tuple[Moment, ...]:
    """Deploys where nothing is wrong, or the one sign where there is nothing else: `timeline` wants two things at least."""
    deploys = [Moment(event.time.replace(tzinfo=None), Lane.DEPLOY, event.what) for event in investigation.incident.events]
    signs = times.signs_of(investigation.findings())
    return tuple(sorted([*deploys[: times.EVENTS_SHOWN], *signs], key=lambda moment: moment.time))
