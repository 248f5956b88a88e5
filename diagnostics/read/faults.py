"""Errors by what they mean: what the engine says of the machine is told apart from what it says of the file."""

from __future__ import annotations

import errno
import os
import re
from typing import Final

import duckdb

OF_THE_MACHINE: Final = frozenset(
    (
        errno.ENOSPC,
        errno.EROFS,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.EACCES,
        errno.EPERM,
    )
)
"""A disk that is full, read-only, over its quota or broken; no more files or memory; no right to write."""

_NUMBER: Final = re.compile(r'"errno":\s?"(\d{1,3})"')
_SPACE: Final = re.compile(r"(?i)no space left|max_temp_directory_size")


def machine_fault(error: duckdb.Error) -> OSError | None:
    """The system's error behind an error of the engine, None where it speaks of what is read."""
    text = str(error)
    found = _NUMBER.search(text)
    number = int(found[1]) if found else errno.ENOSPC if _SPACE.search(text) else 0
    return OSError(number, os.strerror(number)) if number in OF_THE_MACHINE else None
