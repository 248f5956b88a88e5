"""Step 5: do code, libraries and configuration agree?"""

from __future__ import annotations

from pages.parts.remedies import mending
from pages.parts.step import step_page

step_page(
    5,
    (
        # What leaks in code is shown by the lines themselves, as they are and mended.
        "environment.leakage",
        "environment.serving",
        "environment.packages",
        "environment.config",
    ),
    below=mending,
)
