"""The result of the command `code` as the contract's object, and as text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from diagnostics.causes.catalogue import SERVING_CODE
from diagnostics.checks.environment.leakage.check import BY_CODE, Leakage, Place, followed
from diagnostics.checks.environment.serving import check as serving
from diagnostics.code.notebook import read_code
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words


def checked(paths: Sequence[Path]) -> tuple[Leakage, list[Finding]]:
    """The leaks, and what is wrong with code that serves.

    Raises BadInput for the first file that cannot be read, before anything is said of the others.
    """
    codes = [read_code(path) for path in paths]
    return followed(codes), serving.judge(serving.look(codes))


def code_record(told: Leakage, served: Sequence[Finding], words: Words) -> dict[str, Any]:
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
        ]
        + [
            {
                "code": SERVING_CODE.code,
                "file": finding.evidence["file"],
                "line": finding.evidence["line"],
                "cell": finding.evidence["cell"],
                "statement": finding.statement(words),
                "mended": finding.evidence.get("mended") or "",
                "remedy": words(finding.rule.remedy),
                "rule": finding.code,
            }
            for finding in served
        ],
        "unfinished": list(told.unfinished),
    }


def code_text(told: Leakage, served: Sequence[Finding], words: Words) -> str:
    lines = []
    for place in told.places:
        lines.append(f"{_statement(place, words)} [{place.code}]")
        if place.before:
            lines.append(textwrap.indent(place.before, "  - "))
        # Where no line can be written for the script at hand, the remedy says in words what to do.
        lines.append(textwrap.indent(place.after.rstrip() or words(BY_CODE[place.code].remedy), "  + " if place.after else "  "))
    for finding in served:
        lines.append(f"{finding.statement(words)} [{SERVING_CODE.code}]")
        lines.append(textwrap.indent(str(finding.evidence["code"]), "  - "))
        mended = str(finding.evidence.get("mended") or "").rstrip()
        lines.append(textwrap.indent(mended or words(finding.rule.remedy), "  + " if mended else "  "))
    if not told.places:
        lines.append(words(N_("No leakage was found in {files:list}."), files=told.files))
    lines += [words(N_("{file:name} is too long to be followed to its end."), file=file) for file in told.unfinished]
    return "\n".join(lines) + "\n"


def _statement(place: Place, words: Words) -> str:
    return words.sentence(place.says, dict(place.values))
