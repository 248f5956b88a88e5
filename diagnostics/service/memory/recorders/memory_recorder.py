"""Writes which lines of a service hold memory, once a minute: put this file beside the service and start it where it starts.

    import memory_recorder
    memory_recorder.start("memory.jsonl")

It costs some memory and a tenth to a third of the speed while it runs: record one worker for as long as the leak takes to show,
an hour or so, and take it out again. Nothing but names of files, line numbers and sizes is written.
"""

from __future__ import annotations

import json
import threading
import time
import tracemalloc


def start(path: str, every: float = 60.0, lines: int = 25) -> None:
    """path: the file to write; every: seconds between two records; lines: how many lines of code each holds."""
    tracemalloc.start()
    threading.Thread(target=_record, args=(path, every, lines), daemon=True, name="memory-recorder").start()


def record(path: str, lines: int = 25) -> None:
    """One record, at the end of the file."""
    held = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, tracemalloc.__file__)]).statistics("lineno")
    frames = [(one.traceback[0], one) for one in held[:lines]]
    entry = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S"),
        "resident": _resident(),
        "traced": sum(one.size for one in held),
        "lines": [{"file": f.filename, "line": f.lineno, "bytes": one.size, "objects": one.count} for f, one in frames],
    }
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def _record(path: str, every: float, lines: int) -> None:
    while True:
        record(path, lines)
        time.sleep(every)


def _resident() -> int | None:
    """Bytes of the process; None where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        return None
