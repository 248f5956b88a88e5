"""What the tests of the warm process have done in its children."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def double(request: dict[str, Any]) -> dict[str, Any]:
    return {"twice": 2 * request["number"], "secret": os.environ.get("CLINIC_SECRET")}


def spin(request: dict[str, Any]) -> dict[str, Any]:
    while True:
        sum(range(1000))


def sleep(request: dict[str, Any]) -> dict[str, Any]:
    """Sleeps, as does a process that it started, whose number is left in a file."""
    started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    Path(request["file"]).write_text(str(started.pid))
    time.sleep(60)
    return {}


def swell(request: dict[str, Any]) -> dict[str, Any]:
    return {"size": len(bytearray(2**31))}


def fall(request: dict[str, Any]) -> dict[str, Any]:
    os.abort()


def trip(request: dict[str, Any]) -> dict[str, Any]:
    raise KeyError("a defect")


def talk(request: dict[str, Any]) -> dict[str, Any]:
    return {"text": "x" * 2**21}
