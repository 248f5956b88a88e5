"""The result of the command `environment` as the contract's object."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diagnostics.checks.environment.packages import resolver
from diagnostics.checks.environment.packages.check import compare
from diagnostics.checks.environment.packages.pins import read_environment
from diagnostics.nouns.words import Words


def environment_record(reference: Path, current: Path | None, words: Words, *, resolve: bool = False) -> dict[str, Any]:
    """With `resolve`, what the real resolver says of each file. Raises BadInput when a file names no package."""
    told = compare(reference, current)
    record: dict[str, Any] = {
        "differences": [
            {
                "package": d.package,
                "reference": d.reference or None,
                "current": d.current or None,
                "severity": str(d.severity),
                "why": words(d.why),
                "level": d.level,
                "source": d.source or None,
            }
            for d in told.differences
        ],
        "conflicts": [
            {
                "package": c.package,
                "has": c.has,
                "needs": c.needs,
                "needed_by": c.needed_by,
                "file": c.file,
                "source": c.source or None,
            }
            for c in told.conflicts
        ],
        "unread": list(told.unread),
    }
    if resolve:
        record["resolved"] = [_resolved(path, words) for path in (reference, current) if path is not None]
    return record


def _resolved(path: Path, words: Words) -> dict[str, Any]:
    answer = resolver.resolve(read_environment(path))
    return {
        "file": answer.file,
        "answer": str(answer.answer),
        "statement": words(answer.says, file=answer.file),
        "text": answer.text,
        "left_out": list(answer.left_out),
    }
