"""Numbers behind a finding, and thresholds of its rule, for a person: under their names, each as its unit is written."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
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
        if evidence.get(key) not in (None, "", (), [])
    )


def thresholds(rule: Rule, module: Module, words: Words) -> tuple[Named, ...]:
    """What the numbers of this rule are compared with: the defaults of `judge` that the rule names."""
    parameters = inspect.signature(module.judge).parameters
    return tuple(_named(number, parameters[name].default, words) for name, number in rule.thresholds.items())


def cells(named: Named, words: Words) -> tuple[Value, str]:
    """Value and unit for a spreadsheet: numbers bare and in full, lists in full, words in the reader's language."""
    unit = words(UNITS[named.unit]) if named.unit in UNITS else ""
    value = named.value
    if isinstance(value, bool) or named.unit is Unit.TERM:
        return named.text, unit
    if isinstance(value, str):
        return words.phrase(value), unit
    if isinstance(value, date):
        return value.isoformat(), unit
    if isinstance(value, int | float) or value is None:
        return value, unit
    return "; ".join(_phrases(value, words)), unit


def _named(number: Shown, value: Value, words: Words) -> Named:
    return Named(words(number.name), value, number.unit, _text(value, number.unit, words))


def _text(value: Value, unit: Unit, words: Words) -> str:
    if unit is Unit.YES_NO:
        return words(N_("yes")) if value else words(N_("no"))
    if isinstance(value, str):
        # A phrase is translated with its values; a plain word only where the rule says that it is one of ours.
        ours = unit is Unit.TERM and not isinstance(value, Phrase)
        return words("{value:term}", value=value) if ours else words("{value:name}", value=words.phrase(value))
    if not isinstance(value, bool | int | float | date) and value is not None:
        return words.listed(tuple(_phrases(value, words)))
    return words(f"{{value:{unit}}}", value=value)


def _phrases(values: Sequence[str], words: Words) -> Iterator[str]:
    for value in values:
        yield words.phrase(value)
