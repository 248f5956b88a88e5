"""Runs as JSON lines: one run a line, read and written by nothing but JSON, so that a file from anywhere is harmless."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.training.runs import Run
from diagnostics.clinic.network.train import Epoch


def append(file: Path, runs: Iterable[Run]) -> None:
    """Adds the runs at the end. What is no number stands as NaN or Infinity, as Python's JSON has it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        for run in runs:
            out.write(json.dumps(asdict(run)) + "\n")


def load(file: Path) -> Iterator[Run]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield _run(json.loads(line))


def _run(kept: dict[str, Any]) -> Run:
    told = tuple(_epoch(one) for one in kept["told"])
    return Run(**{**kept, "told": told})


def _epoch(kept: dict[str, Any]) -> Epoch:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in kept.items()}
    return Epoch(**fields)
