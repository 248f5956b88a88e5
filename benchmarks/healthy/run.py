"""Is anything accused that is healthy? ``python benchmarks/healthy/run.py --group fit --seeds 2``

Shares out rows of real tables by chance, so that nothing is wrong, investigates, and prints who was accused of what: causes
above 0.5 and 0.8, steps with a problem, per table, tier and size, and the rules that did it. `--out` keeps one JSON
line per pair.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path

# One thread a process: the figures must not depend on who else runs.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MODEL_CLINIC_THREADS"):
    os.environ.setdefault(variable, "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np  # noqa: E402

from benchmarks.healthy.sides import Case, plan, write  # noqa: E402
from benchmarks.healthy.sources import GROUPS, Source  # noqa: E402
from benchmarks.healthy.told import STEPS, Found, Named, Result, accusations, kept, report  # noqa: E402
from benchmarks.incidents.cases import TIERS  # noqa: E402

ONE_LOOK = """\
This is the group that nobody has looked at. Its figures count once, when nothing will be changed after them: whoever changes a
rule because of what is printed here has to find other tables for the next figures. Print totals only, and open no pair of it.
"""


def solve(case: Case, keep: Path | None = None) -> Result:
    """The result of one pair. `keep`: where its incident folder stays, to be opened in the app."""
    from diagnostics.investigation import investigate
    from diagnostics.read.folder import open_incident

    source = _source(case.table)
    with tempfile.TemporaryDirectory(prefix="model-clinic-bench-") as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(scratch) / "incident" if keep is None else keep / case.name.replace("/", "__").replace(" ", "-")
        made = write(case, source, folder)
        began = time.perf_counter()
        found = investigate(open_incident(folder, work=Path(scratch) / "tables"))
        seconds = time.perf_counter() - began
    return Result(
        case.name,
        case.table,
        source.kind,
        case.tier,
        case.seed,
        case.split,
        made.way,
        made.rows,
        made.fitted,
        made.model,
        made.form,
        made.calendar,
        tuple(Named(c.code, c.confidence, c.columns, c.supports, c.explains) for c in found.causes),
        tuple(step for step in STEPS if found.status(step) == "problem"),
        tuple(
            Found(step, f.code, str(f.severity), f.columns)
            for step in STEPS
            for f in found.findings(step)
            if f.severity != "info"
        ),
        tuple(check.name for check in found.checks if check.failed),
        seconds,
    )


def _source(name: str) -> Source:
    return next(source for sources in GROUPS.values() for source in sources if source.name == name)


def main() -> int:
    options = _options()
    if options.read:
        results = [kept(line) for file in options.read for line in file.read_text(encoding="utf-8").splitlines()]
        print(report(results))
        print(accusations(results))
        return 0
    if "last" in options.group:
        print(ONE_LOOK, file=sys.stderr)
    sources = [source for group in options.group for source in GROUPS[group] if not options.only or source.name in options.only]
    unknown = sorted(set(options.only or ()) - {source.name for source in sources})
    if unknown:
        print(f"no table {unknown[0]} in {' or '.join(options.group)}", file=sys.stderr)
        return 2
    cases = list(plan(sources, options.seeds, options.tiers, consecutive=options.consecutive))
    if options.limit and options.limit < len(cases):
        # A random part, the same on every run, so that tables, sizes and tiers are mixed as in the whole.
        chosen = np.random.default_rng(options.limit).permutation(len(cases))[: options.limit]
        cases = [cases[i] for i in sorted(chosen)]
    if not cases:
        print("none of these tables has an order in time", file=sys.stderr)
        return 2
    results = []
    sink = options.out.open("w", encoding="utf-8") if options.out else None
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for number, result in enumerate(pool.map(partial(solve, keep=options.keep), cases), start=1):
            if sys.stderr.isatty():
                print(f"\r{number}/{len(cases)} ", end="", file=sys.stderr, flush=True)
            results.append(result)
            if sink:
                sink.write(json.dumps(asdict(result)) + "\n")
                sink.flush()
    if sink:
        sink.close()
    if options.consecutive:
        print("Current is the later part of each table: what is named may be there. These figures are no false alarms.\n")
    print(report(results))
    print(accusations(results))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Is anything accused that is healthy?")
    parser.add_argument("--group", nargs="*", choices=list(GROUPS), default=["fit"], help="`last` is for one look, at the end")
    parser.add_argument("--only", nargs="*", metavar="TABLE", help="only these tables of the groups")
    parser.add_argument("--tiers", nargs="*", choices=list(TIERS), default=list(TIERS))
    parser.add_argument("--seeds", type=int, default=2, help="pairs of each table and tier, of other sizes and rows (default 2)")
    parser.add_argument("--limit", type=int, default=0, help="at most so many pairs, drawn at random from the plan")
    parser.add_argument("--consecutive", action="store_true", help="the later part of series as current; may differ for a cause")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep every pair there, as an incident folder")
    parser.add_argument("--out", type=Path, metavar="FILE.jsonl", help="one JSON line per pair")
    parser.add_argument("--read", nargs="*", type=Path, metavar="FILE.jsonl", help="print the tables of kept files, run nothing")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
