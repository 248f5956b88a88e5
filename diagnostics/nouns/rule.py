"""Rule: one thing that can be wrong, in words for people who are not experts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


SEVERITY_ORDER: Final = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong, in words for people who are not experts.

    `title`, `why`, `remedy` and `statistic` are English message ids (`N_`). `statistic` explains the number behind the
    rule in one sentence that a shop manager understands; `source` cites where the method and its threshold come from.
    """

    code: str
    title: str
    why: str
    remedy: str
    statistic: str
    source: str
    severity: Severity = Severity.WARNING
