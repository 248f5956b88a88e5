"""One run of a clinic diagnostic in a process of its own: ``python -m diagnostics.clinic.shared.child``.

A request comes as one line on standard input; progress, results so far and the result go as lines of JSON to standard output.
Standard input stays open as long as the result is wanted: when it closes, the process ends, whatever it is doing.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from diagnostics.catalogue import clinic_diagnostic
from diagnostics.clinic.shared import results
from diagnostics.nouns.check import Diagnostic
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.read.folder import open_incident

log = logging.getLogger(__name__)

EVERY: Final = 0.2
"""Seconds between two lines of progress; a line for each of a thousand small steps would be the larger work."""

PARTIAL_EVERY: Final = 0.5


class Request(msgspec.Struct):
    """What to run."""

    module: str
    """Name of the diagnostic, "" to read the tables only."""

    settings: msgspec.Raw
    folder: str = ""
    """Of the incident, "" for none."""

    work: str = ""
    """Folder of its tables."""

    seed: int = 0


class Line(msgspec.Struct, omit_defaults=True):
    """One line of output."""

    kind: str
    """progress, partial, result, refused (NotApplicable), bad (BadInput) or failed."""

    share: float = 0.0
    """Of progress, 0 to 1."""

    what: str = ""
    """Of progress: what runs next, as a message id."""

    profile: msgspec.Raw = msgspec.Raw()
    """Of partial and result."""

    reason: str = ""
    """Of refused and bad; of failed, the name of the error."""

    needs: str = ""
    """Of refused."""

    values: dict[str, str | int | float | bool | list[str] | None] = {}
    """Of refused and bad."""


def main() -> int:
    """Exit status 0 whatever was found; 1 where the run failed."""
    out = _private_output()
    die_with_parent()
    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=Request)
    threading.Thread(target=end_with_input, daemon=True).start()
    try:
        _send(out, Line("result", share=1.0, profile=_answer(request, out)))
    except (NotApplicable, BadInput) as refusal:
        _send(out, _refused(refusal))
    except Exception as error:  # a defect in one diagnostic: its traceback goes to the log, its name to the page
        log.exception("clinic diagnostic %s failed", request.module)
        _send(out, Line("failed", reason=type(error).__name__))
        return 1
    return 0


def _answer(request: Request, out: BinaryIO) -> msgspec.Raw:
    _send(out, Line("progress", what="reading"))
    incident = Incident(seed=request.seed)
    if request.folder:
        incident = open_incident(Path(request.folder), work=Path(request.work), seed=request.seed)
    if not request.module:
        return msgspec.Raw(b"null")
    diagnostic = clinic_diagnostic(request.module)
    if diagnostic is None:
        raise LookupError(f"the clinic has no diagnostic {request.module!r}")
    return run(diagnostic, incident, request.settings, lambda line: _send(out, line))


def run(diagnostic: Diagnostic, incident: Incident, settings: msgspec.Raw, send: Any) -> msgspec.Raw:
    """The encoded profile. Raises ValueError when it does not come back from JSON as what it was."""
    wanted, profiled = results.find_types(diagnostic)
    last = [0.0, 0.0]

    def on_progress(share: float, what: str = "", so_far: Any = None) -> None:
        now = time.monotonic()
        if so_far is not None and now - last[1] >= PARTIAL_EVERY:
            send(Line("partial", share=share, what=what, profile=msgspec.Raw(results.encode(so_far))))
            last[:] = [time.monotonic(), time.monotonic()]
        elif now - last[0] >= EVERY:
            send(Line("progress", share=share, what=what))
            last[0] = now

    module: Any = diagnostic.module
    content = results.encode(module.profile(incident, results.decode(bytes(settings), wanted), on_progress=on_progress))
    # Found here, a profile that does not decode is an error at once, not when the result is opened later.
    results.decode(content, profiled)
    return msgspec.Raw(content)


def _refused(refusal: NotApplicable | BadInput) -> Line:
    values: dict[str, str | int | float | bool | list[str] | None] = {
        key: [str(item) for item in value]
        if isinstance(value, tuple | list)
        else value
        if isinstance(value, str | int | float)
        else str(value)
        for key, value in refusal.values.items()
        if value is not None
    }
    if isinstance(refusal, NotApplicable):
        return Line("refused", reason=refusal.reason, needs=refusal.needs, values=values)
    return Line("bad", reason=refusal.message, values=values)


def _send(out: BinaryIO, line: Line) -> None:
    try:
        out.write(results.encode(line) + b"\n")
        out.flush()
    except BrokenPipeError:
        os._exit(0)


def _private_output() -> BinaryIO:
    """Standard output for the lines alone: whatever a library prints goes to standard error."""
    kept_apart = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return kept_apart


def die_with_parent() -> None:
    """Ask Linux to end this process with the one that started it, also in the middle of a long call that holds the GIL."""
    if sys.platform == "linux":
        import ctypes

        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


def end_with_input() -> None:
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
