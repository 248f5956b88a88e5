"""The gate of dependencies: hashes, a bill of materials, licences, and an audit where its database can be reached."""

from __future__ import annotations

import re
import subprocess
import sys

from benchmarks.gates.bill import components
from benchmarks.gates.gate import ROOT, Figure

LISTS = ("requirements.txt", "requirements-dev.txt", "requirements-distributed.txt")


def pinned(full: bool) -> Figure:
    bare = listed = 0
    for name in LISTS:
        for entry in re.split(r"\n(?=[A-Za-z0-9])", (ROOT / name).read_text(encoding="utf-8")):
            if re.match(r"[A-Za-z0-9._-]+(?:\[[^\]]*\])?==", entry):
                listed += 1
                bare += "--hash=sha256:" not in entry
    audit = _audit()
    parts = components()
    known = sum("licenses" in part for part in parts)
    told = f"{listed - bare} of {listed} pinned with hashes; {known} of {len(parts)} licences known; {audit}"
    return Figure(measured=told, holds=not bare and "no known hole" in audit)


def _audit() -> str:
    command = [sys.executable, "-m", "pip_audit", "-r", str(ROOT / "requirements.txt"), "--require-hashes", "--disable-pip"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return "audit not run: its database did not answer"
    if "No module named" in done.stderr:
        return "audit not run: pip-audit is not installed"
    if done.returncode == 0:
        return "audit: no known hole"
    found = re.search(r"Found (\d+) known vulnerabilit", done.stderr + done.stdout)
    return f"audit: {found[1]} known holes" if found else "audit not run: its database cannot be reached"
