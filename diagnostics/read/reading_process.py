"""The warm process in which typed files are read. Light to load, so that a command can start it before anything else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from diagnostics.sandbox.forked import POSSIBLE, Forked

PROCESS: Final = Forked("diagnostics.read.typed_file")

TYPED_ENDINGS: Final = (
    ".parquet",
    ".json",
    ".jsonl",
    ".ndjson",
    ".arrow",
    ".feather",
    ".avro",
    ".orc",
    ".dta",
    ".sas7bdat",
    ".xpt",
)


def start_for(given: Iterable[Path | None]) -> None:
    """Start it beside what else has to be loaded, where a file or a folder looks as if it will be needed."""
    files = [file for place in given if place is not None for file in (place.iterdir() if place.is_dir() else (place,))]
    if POSSIBLE and any(file.name.lower().endswith(TYPED_ENDINGS) for file in files):
        PROCESS.start()
