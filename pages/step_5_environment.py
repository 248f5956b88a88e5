"""Step 5: do code, libraries and configuration agree?"""

from __future__ import annotations

from diagnostics.pictures import sides
from pages.parts.cards import no_picture
from pages.parts.remedies import mending
from pages.parts.step import Section, step_page

step_page(
    5,
    (
        # What leaks in code is shown by the lines themselves, as they are and mended.
        Section("environment.leakage", no_picture),
        Section("environment.packages", sides.packages),
        Section("environment.config", sides.settings),
    ),
    below=mending,
)
