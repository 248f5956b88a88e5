"""All gates in one table: ``python -m benchmarks.gates [--full] [--only G3 G4] [--out FILE.md]``; exit 1 where one does not hold.

Without `--full` the long ones run shorter and say so. A gate that this machine cannot run says what is missing.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import Final

from benchmarks.gates import files, machine, packages
from benchmarks.gates.gate import Figure, Gate, suite


def browser(*arguments: str) -> Figure:
    if shutil.which("chromium") is None:
        return Figure(measured="not run: no browser here (make browser)", holds=False)
    return suite(*arguments)


GATES: Final = (
    Gate("G1", "0 tracebacks, 0 hangs in 10,000 mutants", files.malformed),
    Gate("G2", "every cap refused in under 2 s", files.caps),
    Gate("G3", "all refused in under 5 s and 300 MB", files.bombs),
    Gate("G4", "0 canaries in 60 payloads", files.executed),
    Gate(
        "G5", "10 hostile models: the app lives, an answer in 30 s; 10 escapes: none", lambda full: suite("tests/test_sandbox.py")
    ),
    Gate("G6", "0 formulas in 40 payloads, numbers stay", files.formulas),
    Gate(
        "G7", "0 dialogs, 0 requests for 50 payloads", lambda full: browser("tests/browser", "-k", "markup or hostile or script")
    ),
    Gate("G8", "0 writes outside for 100 names", files.paths),
    Gate("G9", "0 foreign secrets with 50 sessions", lambda full: browser("tests/browser", "-k", "session or foreign")),
    Gate("G10", "0 acknowledged things lost in 200 kills", machine.killed),
    Gate("G11", "old version intact, plain message, at every write", machine.full_disk),
    Gate("G12", "locked for 20 s: no traceback, input kept", machine.locked),
    Gate(
        "G13", "all finished work comes back by its link", lambda full: browser("tests/browser", "-k", "back or refresh or link")
    ),
    Gate(
        "G14", "50 sessions, light step p95 under 1 s", lambda full: Figure(measured="not measured: no script yet", holds=False)
    ),
    Gate("G15", "100 MB of log under 60 s of CPU", files.hostile_log),
    Gate("G16", "20 runs, identical bytes", machine.same_again),
    Gate("G17", "the other results and one sentence", machine.raising),
    Gate("G18", "audited, hashed, none with a known hole", packages.pinned),
    Gate("secrets", "98% of 300 hidden, at most 2% of 500 harmless", files.hidden),
    Gate("door", "no upload without a field, over quota, before sign-in", lambda full: suite("tests/pages/test_door.py")),
    Gate("clock", "every reading of a typed file ends with its group", lambda full: suite("tests/test_forked.py")),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gates", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--full", action="store_true", help="every gate at its full figure (hours)")
    parser.add_argument("--only", nargs="+", metavar="GATE", help="these gates alone")
    parser.add_argument("--out", type=Path, metavar="FILE.md", help="write the table there as well")
    options = parser.parse_args()
    lines = ["| gate | asked | measured | | run | s |", "|---|---|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    failed = 0
    for gate in GATES:
        if options.only and gate.name not in options.only:
            continue
        began = time.perf_counter()
        figure = gate.measure(options.full)
        failed += not figure.holds
        took = time.perf_counter() - began
        length = figure.short or "full"
        lines.append(
            f"| {gate.name} | {gate.asks} | {figure.measured} | {'yes' if figure.holds else 'NO'} | {length} | {took:.0f} |"
        )
        print(lines[-1], flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
