"""Step 5: do code, libraries and configuration agree?"""

from __future__ import annotations

from diagnostics.charts import sides
from pages.parts.step import Section, step_page

step_page(
    5,
    (
        Section("environment.packages", sides.packages),
        Section("environment.config", sides.settings),
    ),
)
