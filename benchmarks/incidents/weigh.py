"""How much does each kind of evidence count? ``MODEL_CLINIC_DATA=folder python -m benchmarks.incidents.weigh collect --out FILE``

`collect` makes incidents of the tables for fitting, half of them healthy, and keeps what was known of each hypothesis, one JSON
line an incident. `fit` reads such files and writes `diagnostics/causes/weights.csv`: a conditional logit, tables left out in
turn for the figures that it prints.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MODEL_CLINIC_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from scipy.optimize import minimize  # noqa: E402

from benchmarks.healthy import sides  # noqa: E402
from benchmarks.healthy.sources import CHOOSE, FIT  # noqa: E402
from benchmarks.incidents.cases import TIERS, Case, write_fault  # noqa: E402
from benchmarks.incidents.inject import CONTROLS, INJECTORS, NEEDS  # noqa: E402
from benchmarks.incidents.score import ALARM_AT  # noqa: E402
from benchmarks.incidents.shapes import KINDS as SHAPES  # noqa: E402
from benchmarks.incidents.shapes import shaped  # noqa: E402
from benchmarks.incidents.tables import TUNE, available, load  # noqa: E402
from benchmarks.incidents.world import Unsuitable, world  # noqa: E402
from diagnostics.causes.catalogue import KINDS  # noqa: E402
from diagnostics.causes.hypothesis import Hypothesis  # noqa: E402
from diagnostics.causes.rank import KEEP_ABOVE, Candidate, against_rivals  # noqa: E402
from diagnostics.causes.weighing import TABLE, Features  # noqa: E402

TRIES: Final = 6
SIGN: Final[Mapping[str, tuple[float | None, float | None]]] = {
    "signature": (0.1, None),
    "alike": (0.0, None),
    "won_back": (0.8, None),
    "nothing_back": (None, -1.0),
    "unharmed": (None, -1.0),
    "used": (0.0, None),
    "same_column": (None, -1.0),
    "imitated": (None, -1.8),
}
"""Feature to the bounds of its weight: what is meant to speak for a cause may not come to speak against it, and the laws of the
ranking hold at least so much: a proven undo leads, what it imitates does not.
"""

RIDGE: Final = 4.0
SLIGHT: Final = 0.02
"""Penalty on the weights of kinds, as a kind seen a few times differs little from the others, and on the weights of features."""

ROUNDS: Final = 4
SURE: Final = 0.8
"""Confidence from which on a cause is called surely."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    kind: str
    columns: tuple[str, ...]
    rest: bool
    features: Features

    def candidate(self) -> Candidate:
        told = Hypothesis(kind=KINDS[self.kind], strength=0.5, says="", remedy="", columns=self.columns, rest=self.rest)
        return Candidate(hypothesis=told, features=self.features)


@dataclass(frozen=True, kw_only=True)
class Board:
    """One incident. truth: the code of the fault, "" where nothing is wrong. columns: answers that are right."""

    name: str
    table: str
    truth: str
    columns: tuple[tuple[str, ...], ...]
    group: str
    tier: str
    shape: str
    style: str
    hurts: bool
    rows: tuple[int, int]
    entries: tuple[Entry, ...]

    def right(self, entry: Candidate) -> bool:
        """The fault itself; where it is one of columns, in one of these at least."""
        told = entry.hypothesis
        named = {name for answer in self.columns for name in answer}
        return told.code == self.truth and (not named or not told.columns or bool(named & set(told.columns)))


Job = tuple[str, str, str, str, int]
"""Table, fault or control, shape, tier, seed."""


def plan(count: int, seed: int) -> list[Job | sides.Case]:
    """`count` incidents: half of them healthy."""
    rng = np.random.default_rng(seed)
    tables, _ = available("tune")
    jobs: list[Job | sides.Case] = []
    while len(jobs) < count // 2:
        source = tables[int(rng.integers(len(tables)))]
        code = list(INJECTORS)[int(rng.integers(len(INJECTORS)))]
        tier = list(TIERS)[int(rng.choice(len(TIERS), p=[0.55, 0.15, 0.15, 0.15]))]
        shape = SHAPES[int(rng.choice(len(SHAPES), p=[0.6, 0.1, 0.1, 0.1, 0.1]))]
        code = "covariate_drift" if shape == "ramp" else code
        if not TIERS[tier] & NEEDS.get(code, frozenset()):
            jobs.append((source.name, code, shape, tier, int(rng.integers(1 << 30))))
    controls = [(s.name, code, "whole", tier, int(rng.integers(1 << 30))) for s in tables for code in CONTROLS for tier in TIERS]
    healthy = [*controls, *sides.plan((*FIT, *CHOOSE), 3, list(TIERS))]
    jobs += [healthy[i] for i in rng.permutation(len(healthy))[: count - len(jobs)]]
    return [jobs[i] for i in rng.permutation(len(jobs))]


def solve(job: Job | sides.Case, keep: Path | None = None) -> Board | None:
    """None where the table cannot carry the fault."""
    with tempfile.TemporaryDirectory(prefix="model-clinic-bench-") as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(scratch) / "incident"
        if isinstance(job, sides.Case):
            source = next(s for s in (*FIT, *CHOOSE) if s.name == job.table)
            made = sides.write(job, source, folder)
            about: dict[str, Any] = {
                "name": job.name,
                "table": job.table,
                "truth": "",
                "columns": (),
                "group": "",
                "tier": job.tier,
            }
            about |= {"shape": "whole", "style": made.way, "hurts": False, "rows": made.rows}
        else:
            known = _write(job, folder)
            if known is None:
                return None
            about = known
        return Board(**about, entries=tuple(_entries(folder, Path(scratch))))


def _write(job: Job, folder: Path) -> dict[str, Any] | None:
    table, code, shape, tier, seed = job
    source = next(s for s in TUNE if s.name == table)
    for attempt in range(TRIES):
        rng = np.random.default_rng(zlib.crc32(f"{table}|{code}|{shape}|{seed}|{attempt}".encode()))
        size, make = CONTROLS.get(code) or ("usual", INJECTORS[code])
        severity = int(rng.integers(3))
        size = "small" if size == "usual" and rng.random() < 0.15 else size
        try:
            w = world(load(source), rng, severity, size=size)
            fault, group = shaped(w, code, make(w), shape)
            truth = write_fault(Case(table, code, severity, tier, seed), w, fault, folder)
        except Unsuitable:
            continue
        return {
            "name": f"{table}/{code}/{shape}/{tier}/{seed}", "table": table, "truth": "" if code in CONTROLS else code,
            "columns": (truth.columns, *truth.accept), "group": group, "tier": tier, "shape": shape, "style": truth.style,
            "hurts": truth.hurts, "rows": truth.rows,
        }  # fmt: skip
    return None


def _entries(folder: Path, scratch: Path) -> list[Entry]:
    from diagnostics.catalogue import catalogue
    from diagnostics.causes.rank import candidates, case_of
    from diagnostics.investigation import run
    from diagnostics.read.folder import open_incident

    incident = open_incident(folder, work=scratch / "tables")
    checks = [run(diagnostic, incident) for diagnostic in catalogue()]
    found = candidates(case_of(incident, checks))
    return [Entry(kind=c.kind.code, columns=c.hypothesis.columns, rest=c.hypothesis.rest, features=c.features) for c in found]


def boards(files: Sequence[Path]) -> list[Board]:
    read = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [_board(line) for line in read]


def _board(line: dict[str, Any]) -> Board:
    entries = tuple(
        Entry(kind=e["kind"], columns=tuple(e["columns"]), rest=e["rest"], features=Features(**e["features"]))
        for e in line["entries"]
    )
    columns = tuple(tuple(answer) for answer in line["columns"])
    return Board(**(line | {"entries": entries, "columns": columns, "rows": tuple(line["rows"])}))


NAMES: Final = tuple(field.name for field in fields(Features))


def fitted(known: Sequence[Board], start: Mapping[str, float]) -> dict[str, float]:
    """The weights that make the truth of the boards likeliest, from `start` on: what rivals take depends on the weights, so that
    fitting and weighing take turns.
    """
    codes = sorted({entry.kind for board in known for entry in board.entries})
    names = [*NAMES, *(f"kind:{code}" for code in codes)]
    table = {name: start.get(name, 0.0) for name in names}
    bounds = [SIGN.get(name, (None, None)) for name in names]
    ridge = np.array([RIDGE if name.startswith("kind:") else SLIGHT for name in names])
    for _ in range(ROUNDS):
        rows = [row for row in (_numbers(board, names, table) for board in known) if row[0].size]
        begin = np.array([table[name] for name in names])
        found = minimize(_lost, begin, (rows, ridge), jac=True, method="L-BFGS-B", bounds=bounds)
        table = dict(zip(names, map(float, found.x), strict=True))
    return table


def _lost(
    weights: NDArray[np.float64], rows: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], ridge: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Minus the penalised log-likelihood of the boards, and its slope."""
    value, slope = 0.5 * float((ridge * weights**2).sum()), ridge * weights
    for matrix, right in rows:
        scores = matrix @ weights
        top = max(0.0, float(scores.max()))
        size, nothing = np.exp(scores - top), float(np.exp(-top))
        total = float(size.sum()) + nothing
        inside = size * right if right.any() else None
        value -= float(np.log((nothing if inside is None else inside.sum()) / total))
        slope = slope + matrix.T @ (size / total)
        if inside is not None:
            slope = slope - matrix.T @ (inside / inside.sum())
    return value, slope


def _numbers(board: Board, names: Sequence[str], table: Mapping[str, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Features, shape (hypotheses, features), and which hypotheses are right, shape (hypotheses,)."""
    found = against_rivals([entry.candidate() for entry in board.entries], table)
    matrix = np.array([[_value(entry, name) for name in names] for entry in found]).reshape(len(found), len(names))
    return matrix, np.array([float(board.right(entry)) for entry in found])


def _value(entry: Candidate, name: str) -> float:
    if name.startswith("kind:"):
        return float(name == f"kind:{entry.kind.code}")
    return float(getattr(entry.features, name))


def shares(board: Board, table: Mapping[str, float]) -> list[tuple[Candidate, float]]:
    """The hypotheses, likeliest first, with their chances."""
    names = list(table)
    found = against_rivals([entry.candidate() for entry in board.entries], table)
    if not found:
        return []
    weights = np.array([table[name] for name in names])
    size = np.exp([[_value(entry, name) for name in names] @ weights for entry in found])
    return sorted(zip(found, size / (1 + size.sum()), strict=True), key=lambda pair: -pair[1])


def figures(known: Sequence[Board], table_of: Callable[[Board], Mapping[str, float]]) -> str:
    """What the boards come to, as `score.report` says it of whole investigations."""
    told = {id(board): [pair for pair in shares(board, table_of(board)) if pair[1] >= KEEP_ABOVE] for board in known}
    faults, healthy = [b for b in known if b.truth], [b for b in known if not b.truth]

    def found(boards: Sequence[Board], most: int) -> float:
        return (
            float(np.mean([any(b.right(entry) for entry, _ in told[id(b)][:most]) for b in boards])) if boards else float("nan")
        )

    sure = [b for b in known if told[id(b)] and told[id(b)][0][1] >= SURE]
    wrong = [b for b in sure if not b.right(told[id(b)][0][0])]
    alarms = [b for b in healthy if told[id(b)] and told[id(b)][0][1] > ALARM_AT]
    pairs = np.array([(share, b.right(entry)) for b in known for entry, share in told[id(b)]]).reshape(-1, 2)
    place = np.minimum((pairs[:, 0] * 10).astype(int), 9)
    error = sum(abs(pairs[place == p, 0].mean() - pairs[place == p, 1].mean()) * (place == p).mean() for p in np.unique(place))
    proposed = np.mean([any(b.right(entry.candidate()) for entry in b.entries) for b in faults]) if faults else float("nan")
    return (
        f"{len(faults)} faults: first {found(faults, 1):.3f}, of those that hurt {found([b for b in faults if b.hurts], 1):.3f}, "
        f"among three {found(faults, 3):.3f}, proposed at all {proposed:.3f}; {len(healthy)} healthy: accused {len(alarms)}; "
        f"sure {len(sure)}, of these wrong {len(wrong)}; calibration error {error:.3f}"
    )


def fit(files: Sequence[Path]) -> None:
    known = boards(files)
    from diagnostics.causes.weighing import weights

    start = dict(weights())
    print("before:   ", figures(known, lambda board: start))
    tables = sorted({board.table for board in known if board.truth})
    left_out = {table: fitted([b for b in known if b.table != table], start) for table in tables}
    whole = fitted(known, start)
    print("left out: ", figures(known, lambda board: left_out.get(board.table, whole)))
    print("fitted on:", figures(known, lambda board: whole))
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["of", "weight"])
        writer.writerows((name, f"{value:.3f}") for name, value in whole.items())


def collect(count: int, seed: int, jobs: int, out: Path) -> None:
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool, out.open("w", encoding="utf-8") as sink:
        for board in pool.map(solve, plan(count, seed)):
            if board is not None:
                sink.write(json.dumps(asdict(board)) + "\n")
                sink.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description="How much does each kind of evidence count?")
    commands = parser.add_subparsers(dest="command", required=True)
    made = commands.add_parser("collect", help="make incidents and keep what was known of each hypothesis")
    made.add_argument("--count", type=int, default=3_000)
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--jobs", type=int, default=2)
    made.add_argument("--out", type=Path, required=True, metavar="FILE.jsonl")
    read = commands.add_parser("fit", help="write the table of weights")
    read.add_argument("files", type=Path, nargs="+", metavar="FILE.jsonl")
    options = parser.parse_args()
    if options.command == "collect":
        collect(options.count, options.seed, options.jobs, options.out)
    else:
        fit(options.files)
    return 0


if __name__ == "__main__":
    sys.exit(main())
