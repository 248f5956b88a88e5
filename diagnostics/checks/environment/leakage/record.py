"""The result of the command `code` as the contract's object, and as text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from diagnostics.checks.environment.leakage.check import BY_CODE, Leakage, Place, followed
from diagnostics.code.notebook import read_code
from diagnostics.nouns.words import N_, Words


def checked(paths: Sequence[Path]) -> Leakage:
    """Raises BadInput for the first file that cannot be read, before anything is said of the others."""
    return followed([read_code(path) for path in paths])


def code_record(told: Leakage, words: Words) -> dict[str, Any]:
    """cell: of a notebook, counted from 1 over cells of all kinds; line: within it, or within the script."""
    return {
        "findings": [
            {
                "code": place.code,
                "file": place.file,
                "line": place.line,
                "cell": place.cell,
                "statement": _statement(place, words),
                "mended": place.after,
                "remedy": words(BY_CODE[place.code].remedy),
            }
            for place in told.places
        ],
        "unfinished": list(told.unfinished),
    }


def code_text(told: Leakage, words: Words) -> str:
    lines = []
    for place in told.places:
        lines.append(f"{_statement(place, words)} [{place.code}]")
        if place.before:
            lines.append(textwrap.indent(place.before, "  - "))
        # Where no line can be written for the script at hand, the remedy says in words what to do.
        lines.append(textwrap.indent(place.after.rstrip() or words(BY_CODE[place.code].remedy), "  + " if place.after else "  "))
    if not told.places:
        lines.append(words(N_("No leakage was found in {files:list}."), files=told.files))
    lines += [words(N_("{file:name} is too long to be followed to its end."), file=file) for file in told.unfinished]
    return "\n".join(lines) + "\n"


def _statement(place: Place, words: Words) -> str:
    return words.sentence(place.says, dict(place.values))
