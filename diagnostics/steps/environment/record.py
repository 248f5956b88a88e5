"""The answer of the command `environment`: differences and conflicts, as plain values for JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diagnostics.steps.environment.packages import compare
from diagnostics.words import Words


def environment_record(reference: Path, current: Path | None, words: Words) -> dict[str, Any]:
    """Raises BadInput when a file is none of the known kinds. With one file only its conflicts are told."""
    p = compare(reference, current)
    return {
        "differences": [
            {
                "package": d.package,
                "reference": d.reference or None,
                "current": d.current or None,
                "severity": str(d.severity),
                "why": words(d.why),
                "kind": d.kind,
                "source": d.source or None,
            }
            for d in p.differences
        ],
        "conflicts": [
            {"package": c.package, "has": c.has, "needs": c.needs, "needed_by": c.needed_by, "file": c.file, "source": c.source}
            for c in p.conflicts
        ],
    }
