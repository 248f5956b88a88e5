"""The ranked board of causes."""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.causes.cause import Cause
from diagnostics.finding import Finding
from diagnostics.incident import Incident


def rank(incident: Incident, findings: Sequence[Finding]) -> tuple[Cause, ...]:
    return ()
