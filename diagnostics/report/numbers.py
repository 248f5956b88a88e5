"""Values of evidence, and thresholds, for a person."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

from diagnostics.nouns.check import Diagnostic
from diagnostics.nouns.words import N_, Value, Words


def written(value: Value, words: Words) -> str:
    """A value of evidence in the reader's language."""
    if value is None:
        return words(N_("not known"))
    if isinstance(value, bool):
        return words(N_("yes")) if value else words(N_("no"))
    if isinstance(value, date):
        return words.time(value)
    if isinstance(value, int | float):
        return words.number(value)
    return words.phrase(value) if isinstance(value, str) else words.listed(value)


def thresholds(diagnostic: Diagnostic, words: Words) -> tuple[tuple[str, str], ...]:
    """Names and values of what `judge` compares with, as they stand in its signature."""
    return tuple(_named(inspect.signature(diagnostic.module.judge).parameters.values(), words))


def _named(parameters: Any, words: Words) -> Iterator[tuple[str, str]]:
    for parameter in parameters:
        value = parameter.default
        if is_dataclass(value) and not isinstance(value, type):
            for field in fields(value):
                yield from _one(field.name, getattr(value, field.name), words)
        else:
            yield from _one(parameter.name, value, words)


def _one(name: str, value: Any, words: Words) -> Iterator[tuple[str, str]]:
    if isinstance(value, bool | int | float | str):
        yield name.replace("_", " "), written(value, words)
