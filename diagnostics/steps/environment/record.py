"""The result of the command `environment` as the contract's object."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diagnostics.steps.environment.packages import compare
from diagnostics.words import Words


def environment_record(reference: Path, current: Path | None, words: Words) -> dict[str, Any]:
    """Raises BadInput when a file names no package."""
    told = compare(reference, current)
    return {
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
