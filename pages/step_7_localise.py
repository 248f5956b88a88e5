"""Step 7: which column, or is it the model?"""

from __future__ import annotations

from pages.parts.step import step_page

step_page(
    7,
    (
        "localise.swap_back",
        "localise.simple_models",
        "localise.fit",
    ),
)
