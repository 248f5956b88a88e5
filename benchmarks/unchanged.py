"""Does a change of the code change an answer? ``python -m benchmarks.unchanged --incidents FOLDER --kept ANSWERS``

Investigates every sample and every incident folder below FOLDER (``benchmarks/incidents/run.py --keep FOLDER`` makes them) and
compares the JSON with the one kept in ANSWERS, byte for byte but for the seconds it took. Without a kept answer it keeps this
one: run it once before a change that must change nothing, and again behind it. Exit status 1 when an answer differs.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

# One thread a process: the figures must not depend on who else runs.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MODEL_CLINIC_THREADS"):
    os.environ.setdefault(variable, "1")

ROOT: Final = Path(__file__).resolve().parents[1]
LINES_SHOWN: Final = 12


def answer(folder: Path) -> str:
    """The JSON of one incident folder; for one that cannot be used, the sentence that says so."""
    import warnings

    from diagnostics.__main__ import main

    with tempfile.TemporaryDirectory(prefix="model-clinic-unchanged-") as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kept = Path(scratch) / "answer.json"
        status = main(["investigate", str(folder), "--json", str(kept)])
        if not kept.is_file():
            return f"exit status {status}\n"
        return re.sub(r'"seconds": \d+', '"seconds": 0', kept.read_text(encoding="utf-8"))


def incidents(folders: list[Path]) -> Iterator[Path]:
    for parent in (ROOT / "sample_data", *folders):
        yield from sorted(child for child in parent.iterdir() if child.is_dir() and child.name[0] not in "_.")


def main() -> int:
    parser = argparse.ArgumentParser(description="Does a change of the code change an answer?")
    parser.add_argument("--incidents", type=Path, nargs="*", default=[], help="folders of incident folders, beside the samples")
    parser.add_argument("--kept", type=Path, required=True, help="folder of the answers before the change")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    options.kept.mkdir(parents=True, exist_ok=True)
    folders = list(incidents(options.incidents))
    changed = new = 0
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for folder, said in zip(folders, pool.map(answer, folders), strict=True):
            file = options.kept / f"{folder.name}.json"
            if not file.is_file():
                file.write_text(said, encoding="utf-8")
                new += 1
            elif (before := file.read_text(encoding="utf-8")) != said:
                changed += 1
                lines = difflib.unified_diff(before.splitlines(), said.splitlines(), "before", "after", lineterm="", n=0)
                print(folder.name, *[f"  {line}" for line in list(lines)[2 : 2 + LINES_SHOWN]], sep="\n")
    print(f"{len(folders)} incidents: {changed} changed, {new} kept for the first time")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
