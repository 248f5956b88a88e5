"""Two faults at once: ``MODEL_CLINIC_DATA=folder python benchmarks/incidents/pairs.py --seeds 2``

A second fault is injected into the table that the first one left, in other columns; both should be among the first three causes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import warnings
import zlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MODEL_CLINIC_THREADS"):
    os.environ.setdefault(variable, "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from benchmarks.incidents.cases import Case, write_fault  # noqa: E402
from benchmarks.incidents.inject import INJECTORS  # noqa: E402
from benchmarks.incidents.tables import SCORE, TUNE, available, load  # noqa: E402
from benchmarks.incidents.world import Fault, Unsuitable, World, world  # noqa: E402

PAIRS: Final = (
    ("unit_change", "missing_values"),
    ("default_fill", "recoded_categories"),
    ("swapped_columns", "unseen_categories"),
    ("stale_feature", "unit_change"),
    ("clipped_values", "format_change"),
    ("concept_drift", "unit_change"),
    ("concept_drift", "missing_values"),
)
TRIES: Final = 12


def solve(job: tuple[str, tuple[str, str], int]) -> tuple[str, tuple[str, str], list[str]] | str:
    from diagnostics.investigation import investigate
    from diagnostics.read.folder import open_incident

    table, pair, seed = job
    source = next(s for s in (*TUNE, *SCORE) if s.name == table)
    with tempfile.TemporaryDirectory(prefix="model-clinic-bench-") as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for attempt in range(TRIES):
            rng = np.random.default_rng(zlib.crc32(f"{table}|{pair}|{seed}|{attempt}".encode()))
            w = world(load(source), rng, 1)
            try:
                fault = both(w, pair)
            except Unsuitable:
                continue
            write_fault(Case(table, pair[0], 1, "all", seed), w, fault, Path(scratch) / "incident")
            found = investigate(open_incident(Path(scratch) / "incident", work=Path(scratch) / "tables"))
            return table, pair, [cause.code for cause in found.causes[:3]]
    return f"{table} cannot carry {' and '.join(pair)}"


def both(w: World, pair: tuple[str, str]) -> Fault:
    """The second fault on top of the first. Raises Unsuitable when they hit the same column."""
    first = INJECTORS[pair[0]](w)
    if first.current is None:
        raise Unsuitable("the first fault leaves no rows")
    left: pd.DataFrame = first.current
    w.clean = lambda: left.copy()  # type: ignore[method-assign]
    second = INJECTORS[pair[1]](w)
    if set(first.columns) & set(second.columns) or second.current is None:
        raise Unsuitable("the same column twice")
    columns = (*first.columns, *second.columns)
    return Fault("+".join(pair), columns, current=second.current, seen=second.seen)


def main() -> int:
    parser = argparse.ArgumentParser(description="Are two faults at once both named?")
    parser.add_argument("--tables", choices=["tune", "score"], default="tune")
    parser.add_argument("--only", nargs="*", metavar="TABLE")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    sources, missing = available(options.tables)
    print("\n".join(missing), end="\n" if missing else "")
    names = [s.name for s in sources if not options.only or s.name in options.only]
    jobs = [(name, pair, seed) for name in names for pair in PAIRS for seed in range(options.seeds)]
    named = {0: 0, 1: 0, 2: 0}
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for outcome in pool.map(solve, jobs):
            if isinstance(outcome, str):
                print(outcome)
                continue
            table, pair, codes = outcome
            hits = len(set(pair) & set(codes))
            named[hits] += 1
            print(f"{table:20}{' + '.join(pair):44}{'both' if hits == 2 else 'one' if hits else 'none':6}{', '.join(codes)}")
    total = sum(named.values())
    if total:
        print(f"both among the first three: {named[2] / total:.0%} of {total}; one: {named[1] / total:.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
