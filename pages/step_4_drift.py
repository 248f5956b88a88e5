"""Step 4: is the data distributed as it was, and what moved: the rows, the classes or the relation?"""

from __future__ import annotations

from pages.parts.step import step_page

step_page(
    4,
    (
        "drift.marginal",
        "drift.concept",
        "drift.domain",
        "drift.links",
        "drift.labels",
        "drift.label_noise",
        "drift.label_delay",
        "drift.groups",
        "drift.over_time",
        "drift.leakage",
    ),
)
