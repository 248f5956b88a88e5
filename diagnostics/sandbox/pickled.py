"""What a pickle would run, as text, for a person to read; written out in the confined process and never run."""

from __future__ import annotations

from typing import Final

import numpy as np

from diagnostics.nouns.refusal import NotApplicable
from diagnostics.sandbox.confine import Limits
from diagnostics.sandbox.process import Process
from diagnostics.sandbox.wire import Frame

READ: Final = 2**20
"""A pickle that does harm is small; of a larger one the names say enough."""

LIMITS: Final = Limits(memory=2**29, seconds=10.0)


def program(content: bytes) -> str:
    """The lines of Python that loading `content` would come to; "" where it is large, damaged, or takes too long to write out."""
    if not content or len(content) > READ:
        return ""
    meta = {"kind": "pickle", "memory": LIMITS.memory, "seconds": LIMITS.seconds}
    try:
        process = Process(Frame(meta, {"model": np.frombuffer(content, dtype="|u1")}), LIMITS)
    except NotApplicable:
        return ""
    process.close()
    described = process.ready.meta.get("description")
    text = described.get("text") if isinstance(described, dict) else None
    return text if isinstance(text, str) else ""
