"""The parts that columns play, as plain sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from diagnostics.nouns.incident import Answer, Guess, Incident, Task
from diagnostics.nouns.words import N_, Words
from pages.parts.text import plain, sentence

KNOWN: Final[Mapping[str, str]] = {
    "target": N_("{column} holds the true answer."),
    "prediction": N_("{column} holds the model's answer."),
    "timestamp": N_("{column} tells when a row arose."),
    "id": N_("{column} identifies a row."),
}
UNKNOWN: Final[Mapping[str, str]] = {
    "target": N_("No column holds the true answer, so errors cannot be counted."),
    "prediction": N_("No column holds the model's answer."),
    "timestamp": N_("No column tells when a row arose, so the beginning cannot be found."),
    "id": N_("No column identifies a row."),
}
TASKS: Final[Mapping[Task, str]] = {
    Task.CLASSIFICATION: N_("The model chooses among classes."),
    Task.REGRESSION: N_("The model predicts a number."),
}
ANSWERS: Final[Mapping[Answer, str]] = {
    Answer.LABEL: N_("Its answer is a class."),
    Answer.SCORE: N_("Its answer is a probability."),
    Answer.VALUE: N_("Its answer is a number."),
}


def role_sentences(incident: Incident, words: Words) -> list[str]:
    """One safe Markdown sentence per role, with a note where it was guessed."""
    lines = []
    for role in KNOWN:
        column = getattr(incident.roles, role)
        if column is None:
            lines.append(plain(words(UNKNOWN[role])))
            continue
        lines.append(sentence(KNOWN[role], {"column": column}, words) + _guessed(role, incident, words))
    if incident.task:
        text = words(TASKS[incident.task])
        if incident.answer and incident.roles.prediction:
            text = f"{text} {words(ANSWERS[incident.answer])}"
        lines.append(plain(text) + _guessed("task", incident, words))
    if incident.roles.positive:
        line = sentence(N_("{level} is the class to be found."), {"level": incident.roles.positive}, words)
        lines.append(line + _guessed("positive", incident, words))
    if incident.roles.segments:
        lines.append(sentence(N_("Groups are compared by {columns:list}."), {"columns": incident.roles.segments}, words))
    if incident.roles.group:
        line = sentence(N_("Rows with the same {column} belong together."), {"column": incident.roles.group}, words)
        lines.append(line + _guessed("group", incident, words))
    for column in incident.roles.calendar:
        line = sentence(N_("{column} follows from the time, so it is not compared."), {"column": column}, words)
        lines.append(line + _guessed("calendar", incident, words, column))
    return lines


def evidence_lines(incident: Incident, words: Words) -> list[str]:
    """Why each role was guessed, one safe Markdown sentence each."""
    return [_evidence(guess, words) for guess in incident.guesses]


def _evidence(guess: Guess, words: Words) -> str:
    try:
        return sentence(guess.evidence.says, guess.evidence.values, words)
    except (KeyError, ValueError, IndexError):
        # A restored file may lack a value of its message.
        return plain(guess.evidence.statement(words))


def guess_line(incident: Incident, words: Words) -> str:
    """What was guessed, in one safe Markdown line; empty when nothing was."""
    named = {
        "target": N_("target {column}"),
        "prediction": N_("prediction {column}"),
        "timestamp": N_("time {column}"),
        "id": N_("id {column}"),
        "positive": N_("class to be found {column}"),
        "group": N_("rows that belong together by {column}"),
    }
    parts = [
        sentence(text, {"column": getattr(incident.roles, role)}, words)
        for role, text in named.items()
        if role in incident.guessed and getattr(incident.roles, role)
    ]
    if "calendar" in incident.guessed:
        parts.append(sentence(N_("follows from the time: {columns:list}"), {"columns": incident.roles.calendar}, words))
    return f"{words(N_('Guessed from names and contents'))}: {', '.join(parts)}." if parts else ""


def _guessed(role: str, incident: Incident, words: Words, column: str | None = None) -> str:
    """A grey note with the evidence where the role was guessed (for `column`, where several may play it)."""
    guess = next((g for g in incident.guesses if g.role == role and column in (None, g.column)), None)
    return "" if guess is None else f" :gray[{words(N_('Guessed:'))} {_evidence(guess, words)}]"
