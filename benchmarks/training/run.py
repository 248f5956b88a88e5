"""Is the right problem of a training run named first? ``python benchmarks/training/run.py --runs last_plain.jsonl …``.

Writes every run as the file that each tool would have left, reads it, and prints per problem and per format how often the
right one stands first, and how often a healthy run is accused. `--tables` trains boosted trees on some tables beside them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from benchmarks.training.boosted import evaluations
from benchmarks.training.keep import load
from benchmarks.training.runs import shows
from benchmarks.training.write import FORMATS, write
from diagnostics.clinic.training_history.diagnosis import problems
from diagnostics.clinic.training_history.reading.read import read_history


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, nargs="*", default=[], help="files of runs that groups.py has trained")
    parser.add_argument("--tables", default="", help="tables for boosted trees, separated by commas")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counts: Counter[tuple[str, str, str]] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        for number, run in enumerate(run for file in options.runs for run in load(file) if shows(run)):
            for form in FORMATS:
                counts[form, run.problem, _first(write(run, form, Path(scratch) / f"{number}-{form}"))] += 1
        for table in options.tables.split(",") if options.tables else ():
            for place, (problem, library, kept) in enumerate(evaluations(table, seed=options.seed)):
                file = Path(scratch) / f"{table}-{place}.json"
                file.write_text(json.dumps(kept))
                counts[library, problem, _first(file)] += 1
    report(counts)


def _first(file: Path) -> str:
    found = problems(read_history(file))
    return found[0].code if found else ""


def report(counts: Counter[tuple[str, str, str]]) -> None:
    for form in dict.fromkeys(form for form, _, _ in counts):
        print(f"\n{form}")
        sums = Counter[str]()
        for problem in sorted({problem for one, problem, _ in counts if one == form}):
            said = Counter({answer: n for (one, asked, answer), n in counts.items() if (one, asked) == (form, problem)})
            total, right = said.total(), said[problem]
            wrong = ", ".join(f"{answer or 'healthy'} {n}" for answer, n in said.most_common() if answer != problem)
            print(f"  {problem or 'healthy':24} {right:4} of {total:4} ({right / total:4.0%})  {wrong}")
            if problem:
                sums += Counter(right=right, total=total)
            else:
                print(f"  {'false alarms':24} {total - right:4} of {total:4} ({1 - right / total:4.0%})")
        if sums["total"]:
            print(f"  {'right problem first':24} {sums['right']:4} of {sums['total']:4} ({sums['right'] / sums['total']:4.0%})")


if __name__ == "__main__":
    main()
