"""Is the right problem of a training run named first? ``python benchmarks/training/run.py --group tune|score``.

Prints, per problem and per format, how often the right one stands first, and how often a healthy run is accused. Formats without
gradients cannot tell everything apart; they are counted apart.
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
from benchmarks.training.data import SCORE, TUNE
from benchmarks.training.keep import append, load
from benchmarks.training.runs import Run, runs, shows
from benchmarks.training.write import FORMATS, write
from diagnostics.clinic.training_history.read import read_history
from diagnostics.clinic.training_history.rules import problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", choices=["tune", "score"], default="tune")
    parser.add_argument("--tables", default="", help="some of the group's tables, separated by commas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder where trained runs are kept as JSON lines and found again")
    parser.add_argument("--runs", type=Path, nargs="*", help="files of runs that drawn.py has trained, looked at instead")
    options = parser.parse_args()
    if options.runs:
        report(_told(options))
        return
    tables = tuple(options.tables.split(",")) if options.tables else TUNE if options.group == "tune" else SCORE
    told: Counter[tuple[str, str, str]] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        for number, run in enumerate(run for run in _trained(options, tables) if shows(run)):
            for form in FORMATS[options.group]:
                told[form, run.problem, _first(write(run, form, Path(scratch) / f"{number}-{form}"))] += 1
        for table in tables:
            for place, (problem, library, kept) in enumerate(evaluations(table, seed=options.seed)):
                file = Path(scratch) / f"{table}-{place}.json"
                file.write_text(json.dumps(kept))
                told[library, problem, _first(file)] += 1
    report(told)


def _told(options: argparse.Namespace) -> Counter[tuple[str, str, str]]:
    """What the doctor says to each of the kept runs, as a file with losses alone and as the recorder's with gradients."""
    told: Counter[tuple[str, str, str]] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        for number, run in enumerate(run for file in options.runs for run in load(file) if shows(run)):
            for form in FORMATS["fresh"]:
                told[form, run.problem, _first(write(run, form, Path(scratch) / f"{number}-{form}"))] += 1
    return told


def _trained(options: argparse.Namespace, tables: tuple[str, ...]) -> list[Run]:
    kept = options.keep / f"{options.group}{options.seed}.jsonl" if options.keep else None
    if kept is not None and kept.is_file():
        return [run for run in load(kept) if run.table in tables]
    made = [run for table in tables for run in runs(options.group, seed=options.seed, tables=(table,))]
    if kept is not None:
        append(kept, made)
    return made


def _first(file: Path) -> str:
    found = problems(read_history(file))
    return found[0].code if found else ""


def report(told: Counter[tuple[str, str, str]]) -> None:
    for form in dict.fromkeys(form for form, _, _ in told):
        print(f"\n{form}")
        sums = Counter[str]()
        for problem in sorted({problem for one, problem, _ in told if one == form}):
            said = Counter({answer: n for (one, asked, answer), n in told.items() if (one, asked) == (form, problem)})
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
