"""Step 2: are the inputs complete, well-formed and sane?"""

from __future__ import annotations

from diagnostics.pictures import (
    categories,
    clipped,
    clock,
    duplicates,
    fills,
    formats,
    missing,
    overlap,
    precision,
    ranges,
    schema,
    stale,
    swaps,
    units,
)
from pages.parts.cards import no_picture
from pages.parts.step import Section, step_page

step_page(
    2,
    (
        Section("inputs.shifted_names", no_picture),
        Section("inputs.schema", schema.draw),
        Section("inputs.formats", formats.draw),
        Section("inputs.units", units.draw),
        Section("inputs.swaps", swaps.draw),
        Section("inputs.clock", clock.draw),
        Section("inputs.missing", missing.draw),
        Section("inputs.fills", fills.draw),
        Section("inputs.categories", categories.draw),
        Section("inputs.stale", stale.draw),
        Section("inputs.ranges", ranges.draw),
        Section("inputs.clipped", clipped.draw),
        Section("inputs.precision", precision.draw),
        Section("inputs.duplicates", duplicates.draw),
        Section("inputs.overlap", overlap.draw),
    ),
)
