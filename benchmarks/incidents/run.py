"""Is the cause found? ``MODEL_CLINIC_DATA=folder python benchmarks/incidents/run.py --tables tune --jobs 2``

Injects one fault at a time into real tables, investigates, and prints how often the right cause is named, per table before
pooled. Tables that are not at hand are skipped with a line. `--out` keeps one JSON line per case.
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

from benchmarks.incidents.cases import SEVERITIES, TIERS, Case, plan, write  # noqa: E402
from benchmarks.incidents.inject import CONTROLS, INJECTORS  # noqa: E402
from benchmarks.incidents.score import Result, columns_f1, confusion, report  # noqa: E402
from benchmarks.incidents.tables import CI, SCORE, TUNE, available  # noqa: E402
from benchmarks.incidents.world import Unsuitable  # noqa: E402


def solve(case: Case, keep: Path | None = None) -> Result | str:
    """The result of one case, or why the table cannot carry it. `keep`: where the incident stays, for other tools to read."""
    from diagnostics.investigation import investigate
    from diagnostics.read.folder import open_incident

    source = next(s for s in (*TUNE, *SCORE, *CI) if s.name == case.table)
    with tempfile.TemporaryDirectory(prefix="model-clinic-bench-") as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(scratch) / "incident" if keep is None else keep / case.name.replace("/", "__").replace(" ", "-")
        try:
            truth = write(case, source, folder)
        except Unsuitable as reason:
            return str(reason)
        if keep is not None:
            answers = [list(truth.columns), *map(list, truth.accept)]
            record = {"table": case.table, "code": case.code, "control": case.control, "tier": case.tier, "columns": answers}
            (folder / "truth.json").write_text(json.dumps(record), encoding="utf-8")
        began = time.perf_counter()
        found = investigate(open_incident(folder, work=Path(scratch) / "tables"))
        seconds = time.perf_counter() - began
    first = found.causes[0] if found.causes and found.causes[0].code == case.code else None
    days = float("nan")
    onset = None if case.control else truth.since
    if first is not None and first.since is not None and onset is not None:
        days = abs((first.since - onset.to_pydatetime()).total_seconds()) / 86400
    return Result(
        case.table,
        case.code,
        case.control,
        SEVERITIES[case.severity],
        case.tier,
        case.seed,
        truth.style,
        truth.hurts,
        tuple((cause.code, cause.confidence) for cause in found.causes),
        columns_f1(first.columns, (truth.columns, *truth.accept)) if first is not None else float("nan"),
        days,
        onset is not None,
        seconds,
        tuple(check.name for check in found.checks if check.failed),
    )


def main() -> int:
    options = _options()
    sources, missing = available(options.tables)
    print("\n".join(missing), end="\n" if missing else "")
    if options.only:
        sources = [s for s in sources if s.name in options.only]
    codes = options.codes or [*INJECTORS, *CONTROLS]
    unknown = sorted(set(codes) - INJECTORS.keys() - CONTROLS.keys())
    if unknown:
        print(f"{unknown[0]} is no fault or control; known are {', '.join([*INJECTORS, *CONTROLS])}", file=sys.stderr)
        return 2
    cases = list(plan(sources, codes, options.seeds, options.tiers))
    if options.limit and options.limit < len(cases):
        # A random part, the same on every run: an even one would fall into step with the plan and skip whole faults.
        chosen = np.random.default_rng(options.limit).permutation(len(cases))[: options.limit]
        cases = [cases[i] for i in sorted(chosen)]
    if not cases:
        print("no table at hand carries such a case", file=sys.stderr)
        return 2
    results, unsuitable = [], set()
    sink = options.out.open("w", encoding="utf-8") if options.out else None
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for number, outcome in enumerate(pool.map(partial(solve, keep=options.keep), cases), start=1):
            if sys.stderr.isatty():
                print(f"\r{number}/{len(cases)} ", end="", file=sys.stderr, flush=True)
            if isinstance(outcome, str):
                unsuitable.add(outcome)
                continue
            results.append(outcome)
            if sink:
                sink.write(json.dumps(asdict(outcome)) + "\n")
                sink.flush()
    if sink:
        sink.close()
    print("\n".join(sorted(unsuitable)))
    print(report(results))
    print(confusion(results))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Is the cause found?")
    parser.add_argument("--tables", choices=["tune", "score", "ci"], default="tune", help="tune on one, score on the other")
    parser.add_argument("--only", nargs="*", metavar="TABLE", help="only these tables of the list")
    parser.add_argument("--codes", nargs="*", metavar="CODE", help="only these faults and controls")
    parser.add_argument("--tiers", nargs="*", choices=list(TIERS), default=list(TIERS))
    parser.add_argument("--seeds", type=int, default=1, help="repetitions with other rows, columns and styles (default 1)")
    parser.add_argument("--limit", type=int, default=0, help="at most so many cases, drawn at random from the plan")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep every incident there, with its truth.json")
    parser.add_argument("--out", type=Path, metavar="FILE.jsonl", help="one JSON line per case")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
