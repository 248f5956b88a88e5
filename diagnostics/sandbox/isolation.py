"""How strongly a model is shut in here, and the command that starts its process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from diagnostics.nouns.words import N_
from diagnostics.sandbox.confine import has_seccomp, landlock_version

ROOT: Final = Path(__file__).parent.parent.parent


class Isolation(StrEnum):
    """From strong to weak."""

    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    LIMITS = "limits"


WORDS: Final = {
    Isolation.BUBBLEWRAP: N_(
        "The model runs in a process of its own inside bubblewrap: without network, without your files, with bounds on memory "
        "and time."
    ),
    Isolation.LANDLOCK: N_(
        "The model runs in a process of its own that Landlock and seccomp shut in: without network, without your files, without "
        "starting programs, with bounds on memory and time."
    ),
    Isolation.LIMITS: N_(
        "The model runs in a process of its own with bounds on memory, time and written files. This system has neither "
        "bubblewrap nor Landlock with seccomp, so the model could read files and reach the network: run only what you trust."
    ),
}


@cache
def isolation() -> Isolation:
    """The strongest that works here, tried once."""
    if sys.platform == "linux" and shutil.which("bwrap") and _works():
        return Isolation.BUBBLEWRAP
    return Isolation.LANDLOCK if landlock_version() and has_seccomp() else Isolation.LIMITS


def command() -> list[str]:
    """What starts the process that runs a model."""
    program = [sys.executable, "-E", "-s", "-B", "-m", "diagnostics.sandbox.child"]
    return [*_wrapped(), *program] if isolation() is Isolation.BUBBLEWRAP else program


def environment() -> dict[str, str]:
    """Nothing of the app's own environment, where secrets may stand."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_IO_THREADS"), "1")
    return {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **threads}


def _wrapped() -> list[str]:
    """Only the interpreter, its libraries and this package are there; every namespace is its own."""
    seen = [sys.prefix, sys.base_prefix, sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), "/usr", "/lib", "/lib64"]
    seen += [os.path.dirname(os.path.realpath(sys.executable)), "/etc/ld.so.cache"]
    seen += [str(ROOT / "diagnostics" / "sandbox"), str(ROOT / "diagnostics" / "__init__.py")]
    words = [
        shutil.which("bwrap") or "bwrap",
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--tmpfs",
        "/tmp",
    ]
    for path in dict.fromkeys(seen):
        words += ["--ro-bind-try", path, path]
    return [*words, "--chdir", str(ROOT), "--"]


def _works() -> bool:
    """Many containers have the program and forbid what it needs."""
    try:
        tried = subprocess.run(
            [*_wrapped(), sys.executable, "-c", ""], capture_output=True, timeout=10, check=False, env=environment()
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0
