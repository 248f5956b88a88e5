"""The libraries that an investigation uses, loaded before they are asked for: it takes more than a second."""

from __future__ import annotations

import threading
from functools import cache

_lock = threading.Lock()


def load() -> None:
    """Load all, or wait until that is done. Two threads that load parts of them at once could meet half-loaded modules."""
    with _lock:
        _load()


@cache
def _load() -> None:
    import sklearn.ensemble
    import sklearn.linear_model  # noqa: F401

    from diagnostics.catalogue import catalogue
    from diagnostics.read.reading_process import PROCESS
    from diagnostics.sandbox.forked import POSSIBLE

    if POSSIBLE:
        PROCESS.start()
    catalogue()
