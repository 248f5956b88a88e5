"""How fast? ``python benchmarks/speed/run.py --folder /tmp/speed`` prints whole-process seconds, CPU and peak memory.

Beside them stands what merely reading both files costs DuckDB in the same run, in two readings of "reading": parsing every
value (`count(COLUMNS(*))`), and loading every value into a table; and both ratios. `--only profile` measures reading both
tables to Parquet, the full-row profile and the drift of every column, without the rest of the investigation.

The files are made in `--folder` when they are not there: 2 x 430 MB at the largest size.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.speed.make_tables import SIZES, files  # noqa: E402

PARSE = """
import sys, duckdb
con = duckdb.connect(config={"threads": sys.argv[1]})
for file in sys.argv[2:]:
    con.execute("SELECT count(COLUMNS(*)) FROM read_csv(?)", [file]).fetchall()
"""
LOAD = """
import sys, duckdb
con = duckdb.connect(config={"threads": sys.argv[1]})
for number, file in enumerate(sys.argv[2:]):
    con.execute(f"CREATE TABLE t{number} AS SELECT * FROM read_csv(?)", [file])
"""
PROFILE = """
import sys, tempfile
from pathlib import Path
from diagnostics.checks.drift import marginal
from diagnostics.measure import engine
from diagnostics.read.folder import assemble
from diagnostics.read.reader import read_table
with tempfile.TemporaryDirectory() as work:
    tables = [read_table(Path(f), Path(work), name=side) for side, f in zip(("reference", "current"), sys.argv[2:])]
    stated = {"title": "speed", "target": "y", "prediction": "p", "timestamp": "ts"}
    incident = assemble(None, stated, tables[0], tables[1])
    engine.profiles(incident.pair(), seed=0)
    marginal.judge(marginal.profile(incident))
"""
INVESTIGATE = ["-m", "diagnostics", "investigate", "--target", "y", "--prediction", "p", "--timestamp", "ts", "--json", "-"]


@dataclass(frozen=True)
class Cost:
    """Of a whole process: wall and CPU seconds, peak resident megabytes, exit status."""

    wall: float
    cpu: float
    megabytes: float
    status: int


def cost(arguments: list[str], threads: int) -> Cost:
    environment = os.environ | {"MODEL_CLINIC_THREADS": str(threads), "OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryFile() as sink:
        began = time.perf_counter()
        child = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment, stdout=sink, stderr=subprocess.PIPE)
        message = child.stderr.read() if child.stderr else b""
        # wait4 tells what this one child used; getrusage(RUSAGE_CHILDREN) would mix the children.
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        print(message.decode(errors="replace").strip().splitlines()[-1:], file=sys.stderr)
    # Linux counts ru_maxrss in kilobytes, macOS in bytes.
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit, child.returncode)


def main() -> int:
    options = _options()
    chosen = [size for size in SIZES if size.name in options.sizes]
    print(f"{'size':10}{'what':16}{'seconds':>9}{'CPU':>9}{'peak MB':>9}{'x parse':>9}{'x load':>9}{'CPU x parse':>13}")
    failed = False
    for size in chosen:
        # In a process of its own: Linux counts the peak of a parent into that of its children.
        maker = Path(__file__).with_name("make_tables.py")
        subprocess.run([sys.executable, str(maker), str(options.folder), size.name], check=True)
        pair = [str(file) for file in files(size, options.folder)]
        work = {"parse": ["-c", PARSE, str(options.threads), *pair], "load": ["-c", LOAD, str(options.threads), *pair]}
        if options.only in (None, "profile"):
            work["profile+drift"] = ["-c", PROFILE, str(options.threads), *pair]
        if options.only in (None, "investigate"):
            work["investigate"] = [*INVESTIGATE, "--reference", pair[0], "--current", pair[1]]
        costs: dict[str, Cost] = {}
        for what, arguments in work.items():
            # The best of the runs: what the work costs, without what else the machine did.
            runs = [cost(arguments, options.threads) for _ in range(options.repeats)]
            costs[what] = best = min(runs, key=lambda c: c.wall)
            failed = failed or any(c.status for c in runs)
            ratios = "".join(f"{best.wall / costs[base].wall:9.1f}" if base in costs else f"{'':9}" for base in ("parse", "load"))
            # On a busy machine the wall ratio says more about the neighbours; CPU seconds hardly notice them.
            ratios += f"{best.cpu / costs['parse'].cpu:13.1f}"
            note = "" if best.status == 0 else f"   failed with status {best.status}"
            print(f"{size.name:10}{what:16}{best.wall:9.2f}{best.cpu:9.2f}{best.megabytes:9.0f}{ratios}{note}", flush=True)
    return int(failed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How fast is an investigation, beside merely reading the files?")
    parser.add_argument(
        "--folder", type=Path, required=True, help="where the generated files are kept (1 GB at the largest size)"
    )
    parser.add_argument("--sizes", nargs="*", choices=[size.name for size in SIZES], default=[size.name for size in SIZES])
    parser.add_argument("--only", choices=["profile", "investigate"])
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="cores used by each (default 2)")
    parser.add_argument("--repeats", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
