"""Step 7: which column, or is it the model?"""

from __future__ import annotations

from diagnostics.pictures import fit, simple_models, swap_back
from pages.parts.step import Section, step_page

step_page(
    7,
    (
        Section("localise.swap_back", swap_back.draw),
        Section("localise.simple_models", simple_models.draw),
        Section("localise.fit", fit.draw),
    ),
)
