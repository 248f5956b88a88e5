"""A typed file is read in a child that is bounded in time and memory, as native code reads it and its bytes are a stranger's."""

from __future__ import annotations

import errno
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.table import Reading, Table
from diagnostics.read import binary
from diagnostics.read.caps import Caps
from diagnostics.read.container import Container, damaged, greedy
from diagnostics.read.index import with_row_numbers
from diagnostics.read.reading_process import PROCESS
from diagnostics.sandbox.forked import POSSIBLE, Allowance, Exceeded

SECONDS: Final = 10.0
RATE: Final = 1e6
"""Bytes of a file that are read in a second at least, beyond the first ten."""

MEMORY: Final = 3 * 2**29
"""Address space: a third of it holds the libraries, and what is used of the rest is less than half."""

MEMORY_PER_BYTE: Final = 20
MEMORY_CAP: Final = 4 * 2**30


def allowance(source: Path) -> Allowance:
    """What reading a file of this size may take."""
    size = source.stat().st_size
    seconds = SECONDS + size / RATE
    return Allowance(memory=min(MEMORY_CAP, MEMORY + MEMORY_PER_BYTE * size), seconds=seconds, wall=1.5 * seconds)


def typed_file(given: Path, source: Path, container: Container, stage: Path, scratch: Path, caps: Caps) -> Table:
    """Write `stage` with keyed columns, and what it holds as a Table without a fingerprint.

    given: the file as it came; source: what is read, another one where `given` is an archive. Raises BadInput.
    """
    request = {
        "given": str(given),
        "source": str(source),
        "container": container.value,
        "stage": str(stage),
        "scratch": str(scratch),
        "caps": asdict(caps),
    }
    allowed = allowance(source)
    try:
        answer = PROCESS.run(f"{__name__}:work", request, allowed) if POSSIBLE else work(request)
    except Exceeded as failure:
        raise greedy(given, round(allowed.seconds)) from failure
    if "fault" in answer:
        raise OSError(answer["fault"], os.strerror(answer["fault"]))
    if "refused" in answer:
        raise BadInput(answer["refused"], **answer["values"])
    try:
        return Table.load(stage.with_suffix(".json"))
    except (OSError, ValueError) as failure:
        raise damaged(given) from failure


def work(request: dict[str, Any]) -> dict[str, Any]:
    """In the child: write the table and its handle. Returns nothing, or why not."""
    given, source, stage = Path(request["given"]), Path(request["source"]), Path(request["stage"])
    container = Container(request["container"])
    try:
        content = binary.read(given, source, container, stage, Path(request["scratch"]), Caps(**request["caps"]))
        columns = with_row_numbers(stage, content.columns, content.rows) if content.rows else content.columns
    except BadInput as reason:
        kept = reason.kept
        return {"refused": kept.says, "values": kept.values}
    except OSError as fault:
        return {"fault": fault.errno or errno.EIO}
    reading = Reading(
        given.name,
        container.value,
        "",
        "",
        "",
        0,
        0,
        content.rows,
        rejected_count=content.rejected_count,
        rejected=content.rejected,
        notes=content.notes,
    )
    Table(stage.stem, stage, columns, content.rows, "", reading).save()
    return {}
