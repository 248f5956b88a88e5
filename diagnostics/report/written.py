"""What people wrote about an incident, as text for a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagnostics.catalogue import STEP_TITLES
from diagnostics.causes.catalogue import KINDS
from diagnostics.keep.review.record import GRADES, STATUSES, Item, Judged, Record
from diagnostics.nouns.words import N_, Words

LINES_CAP: Final = 60
LETTERS_CAP: Final = 20_000
"""A note of 10,000 lines would bury the report; the record keeps all of it."""


@dataclass(frozen=True)
class Task:
    """An action item. due: as written for the reader, "" without a day."""

    what: str
    owner: str
    due: str
    done: bool


@dataclass(frozen=True)
class Opinion:
    """What people decided about a cause. key: made of its code and columns."""

    key: str
    title: str
    says: str
    accepted: bool


@dataclass(frozen=True)
class Written:
    """facts: (label, text); confirmed: one sentence a step."""

    facts: tuple[tuple[str, str], ...] = ()
    opinions: tuple[Opinion, ...] = ()
    decisions: tuple[str, ...] = ()
    actions: tuple[Task, ...] = ()
    known: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()


def told(record: Record, words: Words) -> Written:
    return Written(
        tuple(_facts(record, words)),
        tuple(_opinion(judged, words) for judged in (*record.accepted, *record.rejected)),
        tuple(_stamped(decision.what, decision, words) for decision in record.decisions),
        tuple(
            Task(capped(action.what, words), action.owner, words.time(action.due) if action.due else "", action.done)
            for action in record.actions
        ),
        tuple(capped(note.what, words) for note in record.known),
        tuple(capped(note.what, words) for note in record.unknown),
        tuple(
            words(
                N_("Step {step}, {title}: looked at by {who:name}, {when:time}."),
                step=str(item.step),
                title=words(STEP_TITLES[item.step - 1]) if 1 <= item.step <= len(STEP_TITLES) else "",
                who=item.who or words(N_("somebody")),
                when=item.when,
            )
            for item in record.confirmations
        ),
    )


def capped(note: str, words: Words) -> str:
    """`note` with at most LINES_CAP lines; what is left out is said."""
    lines = note[:LETTERS_CAP].splitlines()
    rest = len(note.splitlines()) - min(len(lines), LINES_CAP)
    if len(note) <= LETTERS_CAP and rest <= 0:
        return note
    said = words(N_("({rest:count} more lines; the record keeps all of them.)"), rest=max(1, rest))
    return "\n".join([*lines[:LINES_CAP], said])


def _facts(record: Record, words: Words) -> list[tuple[str, str]]:
    facts = [(words(N_("Status")), words(STATUSES[record.status]))]
    if record.severity is not None:
        facts.insert(0, (words(N_("Severity")), words(GRADES[record.severity])))
    facts += [(words(label), text) for label, text in ((N_("Owner"), record.owner), (N_("Model"), record.model)) if text]
    return facts


def _opinion(judged: Judged, words: Words) -> Opinion:
    says = (
        N_("Accepted by {who:name}, {when:time}: {reason}")
        if judged.accepted
        else N_("Ruled out by {who:name}, {when:time}: {reason}")
    )
    text = words(
        says,
        who=judged.who or words(N_("somebody")),
        when=judged.when,
        reason=capped(judged.reason, words) or words(N_("no reason was given")),
    )
    title = words(KINDS[judged.code].title) if judged.code in KINDS else judged.what
    return Opinion(judged.key, title or judged.what, text, judged.accepted)


def _stamped(text: str, item: Item, words: Words) -> str:
    if not item.who:
        return capped(text, words)
    return words(N_("{text} ({who:name}, {when})"), text=capped(text, words), who=item.who, when=words.time(item.when.date()))
