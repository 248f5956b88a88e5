"""Numbers behind a finding, and thresholds of its rule, for a person: under their names, each as its unit is written."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from diagnostics.nouns.check import Module
from diagnostics.nouns.entry import Shown, Unit, numbers_shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.rule import Rule
from diagnostics.nouns.words import N_, Phrase, Value, Words

UNITS: Final[Mapping[Unit, str]] = {Unit.COUNT: N_("count"), Unit.SHARE: N_("share of 1")}
"""What a spreadsheet says beside a bare number."""


class Named(NamedTuple):
    """A number under its name in the reader's language. value: as the rule has it; text: as a person reads it."""

    name: str
    value: Value
    unit: Unit
    text: str


def numbers(finding: Finding, words: Words) -> tuple[Named, ...]:
    """The numbers of a finding that people see, in their order; what has no name, and what is empty, is left out."""
    evidence = finding.evidence
    return tuple(
        _named(number, evidence[key], words)
        for key, number in numbers_shown(type(finding.of)).items()
        if not _empty(evidence.get(key))
    )


def thresholds(rule: Rule, module: Module, words: Words) -> tuple[Named, ...]:
    """What the numbers of this rule are compared with: the defaults of `judge` that the rule names."""
    parameters = inspect.signature(module.judge).parameters
    return tuple(_named(number, parameters[name].default, words) for name, number in rule.thresholds.items())


def cells(named: Named, words: Words) -> tuple[Value, str]:
    """Value and unit for a spreadsheet: numbers bare and in full, lists in full, words in the reader's language."""
    value, unit = named.value, words(UNITS[named.unit]) if named.unit in UNITS else ""
    match named.unit:
        case Unit.YES_NO | Unit.TERM:
            return named.text, unit
        case Unit.NAMES:
            return "; ".join(_phrases(value, words)), unit
        case Unit.TIME:
            return value.isoformat() if isinstance(value, date) else named.text, unit
        case _:
            return words.phrase(value) if isinstance(value, str) else value, unit


def _named(number: Shown, value: Value, words: Words) -> Named:
    return Named(words(number.name), value, number.unit, _text(value, number.unit, words))


def _text(value: Value, unit: Unit, words: Words) -> str:
    match unit:
        case Unit.YES_NO:
            return words(N_("yes")) if value else words(N_("no"))
        case Unit.NAMES:
            return words.listed(_phrases(value, words))
        case Unit.TERM if not isinstance(value, Phrase):
            return words("{value:term}", value=value)
        case Unit.TERM | Unit.NAME:
            return words("{value:name}", value=words.phrase(value) if isinstance(value, str) else value)
        case _:
            return words(f"{{value:{unit}}}", value=value)


def _phrases(value: Value, words: Words) -> list[str]:
    """A list of names, of which any may be a phrase."""
    names = value if isinstance(value, Sequence) and not isinstance(value, str) else (str(value),)
    return [words.phrase(name) for name in names]


def _empty(value: Value) -> bool:
    return value is None or (isinstance(value, Sequence) and not value)
