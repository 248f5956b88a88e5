"""How bad a finding is."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


SEVERITY_ORDER: Final = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
"""Worst first."""
