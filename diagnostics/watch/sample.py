"""The watch that comes with the program: sixty days of a shop, told to be simulated."""

from __future__ import annotations

from diagnostics.keep.sample_incidents import SAMPLES
from diagnostics.watch.command import kept
from diagnostics.watch.records import Watch

SAMPLE = SAMPLES / "watch" / "watch.yaml"


def opened() -> Watch:
    """The sample watch, made where it was not opened before. Raises BadInput."""
    return kept(SAMPLE)
