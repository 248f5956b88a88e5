"""Step 6: what did the service itself say?"""

from __future__ import annotations

from pages.parts.step import step_page
from pages.parts.timeline import timeline

step_page(
    6,
    (
        "operations.metrics",
        "operations.bursts",
        "operations.requests",
        "operations.service",
        "operations.decisive",
        "operations.logs",
    ),
    below=timeline,
)
