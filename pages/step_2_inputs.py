"""Step 2: are the inputs complete, well-formed and sane?"""

from __future__ import annotations

from pages.parts.step import step_page

step_page(
    2,
    (
        "inputs.shifted_names",
        "inputs.schema",
        "inputs.formats",
        "inputs.units",
        "inputs.swaps",
        "inputs.clock",
        "inputs.missing",
        "inputs.fills",
        "inputs.categories",
        "inputs.stale",
        "inputs.ranges",
        "inputs.clipped",
        "inputs.precision",
        "inputs.duplicates",
        "inputs.overlap",
    ),
)
