"""One more process on studies that stand in a storage: beside the page's own, or on any machine that reaches the storage."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from diagnostics.clinic.search.storage import open_storage
from diagnostics.clinic.search.trials import OpenStudy, open_study, run_trials
from diagnostics.nouns.refusal import BadInput

ROOT: Final = Path(__file__).parents[3]
THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Request(msgspec.Struct):
    """What a worker is to work on."""

    url: str
    """Of the storage, given by standard input, as a list of processes shows every argument."""

    names: tuple[str, ...]
    lag: int | None = None
    """As `sampler.LAG`."""


def join(
    url: str, names: Sequence[str], *, lag: int | None = None, ended: Callable[[OpenStudy], None] = lambda bound: None
) -> int:
    """Work on these studies until their trials are done; how many this process ran. Raises BadInput."""
    with open_storage(url, make=False) as opened:
        return run_trials(opened, [open_study(opened, name, lag=lag) for name in names], ended=ended)


@contextmanager
def start_workers(url: str, names: Sequence[str], count: int, *, lag: int | None) -> Iterator[None]:
    """So many more workers on this machine; they end with the block, whatever they are doing, and with this process."""
    request = msgspec.json.encode(Request(url, tuple(names), lag)) + b"\n"
    with ExitStack() as stack:
        for _ in range(count):
            process = subprocess.Popen(
                [sys.executable, "-m", "diagnostics.clinic.search.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                cwd=ROOT,
                env={**os.environ, **dict.fromkeys(THREADS, "1")},
            )
            stack.callback(_end, process)
            if process.stdin is not None:
                with suppress(BrokenPipeError):
                    process.stdin.write(request)
                    process.stdin.flush()
        yield


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()


def main() -> int:
    """A worker that ends with the process that began it."""
    from diagnostics.clinic.shared.child import die_with_parent, end_with_input

    die_with_parent()
    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=Request)
    threading.Thread(target=end_with_input, daemon=True).start()
    try:
        join(request.url, request.names, lag=request.lag)
    except BadInput as reason:
        print(f"model-clinic: {reason}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
