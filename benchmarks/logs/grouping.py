"""Grouping accuracy of log templates: python -m benchmarks.logs.grouping FOLDER

FOLDER holds NAME_2k.log with NAME_2k.log_structured.csv (or .csv.gz) as loghub publishes them (Zhu et al. 2019, Tools and
benchmarks for automated log parsing, doi:10.1109/ICSE-SEIP.2019.00021). A line counts when the lines of its template are exactly
the lines of its true event. Apache, HDFS, Linux and OpenStack were looked at while the reader was made; of HealthApp, HPC,
OpenSSH, Proxifier, Spark, Windows and Zookeeper the lists of templates were. All other systems are held apart.
"""

from __future__ import annotations

import sys
import time
from array import array
from collections import defaultdict
from collections.abc import Hashable, Sequence
from pathlib import Path

import pandas as pd

from diagnostics.checks.operations.reading.scan import read_logs


def accuracy(found: Sequence[Hashable], truth: Sequence[Hashable]) -> float:
    """Share of the lines whose group is exactly their true group, 0 to 1. found, truth: shape (n_lines,)."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    true: dict[Hashable, list[int]] = defaultdict(list)
    for line, (mine, theirs) in enumerate(zip(found, truth, strict=True)):
        groups[mine].append(line)
        true[theirs].append(line)
    return sum(len(lines) for lines in groups.values() if true[truth[lines[0]]] == lines) / len(truth)


def main() -> None:
    total = []
    for log in sorted(Path(sys.argv[1]).glob("*_2k.log")):
        structured = next(iter(sorted(log.parent.glob(log.name + "_structured.csv*"))), None)
        if structured is None:
            continue
        truth = pd.read_csv(structured)["EventId"].astype(str).tolist()
        assigned: array[int] = array("I")
        began = time.process_time()
        scanned = read_logs((log,), assigned=assigned)
        share = accuracy(list(assigned)[: len(truth)], truth)
        total.append(share)
        print(
            f"{log.name.removesuffix('_2k.log'):12} {share:.3f}  templates {len(scanned.templates)} of {len(set(truth))}, "
            f"{time.process_time() - began:.1f} s"
        )
    print(f"{'mean':12} {sum(total) / len(total):.3f}")


if __name__ == "__main__":
    main()
