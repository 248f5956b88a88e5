"""One file, or the event files of one run, to a History; the kind is told by the content, never by the name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from diagnostics.clinic.training_history import documents, events, recorder, tables
from diagnostics.clinic.training_history.columns import check_size
from diagnostics.clinic.training_history.history import History


def read_history(file: Path, mapping: Mapping[str, str] | None = None) -> History:
    """mapping: parts to columns of a CSV, where a person chose them. Raises BadInput with one plain sentence."""
    check_size(file)
    with file.open("rb") as stream:
        head = stream.read(4096)
    if events.is_events(head):
        return events.read([file])
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200]
    if start.startswith(b"{") and recorder.MARK.encode() in start.split(b"\n")[0]:
        return recorder.read(file)
    if start.startswith((b"{", b"[")):
        return documents.read(file)
    return tables.read(file, mapping)


def groups(files: Sequence[Path]) -> list[list[Path]]:
    """Files of one run together: event files that lie in "train" and "validation" beside each other; every other file is a
    run.
    """
    runs: dict[Path, list[Path]] = {}
    for file in files:
        apart = False
        if file.parent.name in ("train", "validation") and file.is_file():
            with file.open("rb") as stream:
                apart = events.is_events(stream.read(12))
        runs.setdefault(file.parent.parent / "run" if apart else file, []).append(file)
    return list(runs.values())


def read_group(group: Sequence[Path], mapping: Mapping[str, str] | None = None) -> History:
    """One run. Raises BadInput with one plain sentence."""
    return events.read(group) if len(group) > 1 else read_history(group[0], mapping)
