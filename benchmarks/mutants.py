"""Are faults of the code caught? ``python -m benchmarks.mutants`` puts 40 into a copy, each for itself, and runs the checks.

Each stands at a door between rooms: a field of an entry renamed, two of its numbers swapped, a row of the catalogue of causes
taken out or left without its title, a finding in the wrong lane, a threshold ten times as large, a condition turned round, an
undo that does nothing, the sentence of another rule, a cause that no rule suggests any more. Sites are found by parsing, and
chosen by ``--seed`` so that the files take turns. A fault is tried on lint, then mypy, then the quick tests that know its file;
the first that fails has caught it, if it passes without the fault. Exit status 1 when fewer than 95% are caught, 2 when nothing
can be said because the code fails as it is.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

ROOT: Final = Path(__file__).resolve().parents[1]
CATALOGUE: Final = "diagnostics/causes/catalogue.py"
BAR: Final = 0.95
TESTS_SECONDS: Final = 900
ALWAYS: Final = (
    "tests/test_contract.py",
    "tests/test_translations.py",
    "tests/test_finding.py",
    "tests/causes/test_genuine.py",
    "tests/causes/test_group.py",
    "tests/causes/test_merge.py",
)
"""Quick tests that know every room."""

OTHER_LANE: Final = {"DATA": "ERRORS", "ERRORS": "DATA", "MODEL": "DATA", "ACCURACY": "MODEL", "METRIC": "MODEL"}
TURNED: Final = {ast.GtE: "<", ast.Gt: "<=", ast.LtE: ">", ast.Lt: ">="}


@dataclass(frozen=True)
class Mutant:
    kind: str
    file: str
    what: str
    start: int
    """Where in the file the replaced text begins, in bytes."""

    end: int
    text: str
    """What stands there instead."""


class Source:
    """A file with its tree, and its nodes as ranges of bytes, as `ast` counts columns."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.content = (ROOT / file).read_bytes()
        self.tree = ast.parse(self.content)
        lines = self.content.splitlines(keepends=True)
        self._begins = np.cumsum([0, *map(len, lines)])

    def range(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return int(self._begins[node.lineno - 1]) + node.col_offset, int(self._begins[node.end_lineno - 1]) + node.end_col_offset

    def text(self, node: ast.expr | ast.stmt | ast.keyword) -> str:
        start, end = self.range(node)
        return self.content[start:end].decode()

    def mutant(self, kind: str, node: ast.expr | ast.stmt | ast.keyword, text: str, what: str) -> Mutant:
        return Mutant(kind, self.file, what, *self.range(node), text)

    def rules(self) -> Iterator[tuple[str, ast.Call]]:
        """Name and call of every Rule that the file makes."""
        for node in self.tree.body:
            if isinstance(node, ast.AnnAssign | ast.Assign) and isinstance(node.value, ast.Call):
                made = node.value.func.value if isinstance(node.value.func, ast.Subscript) else node.value.func
                if isinstance(made, ast.Name) and made.id == "Rule":
                    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
                    yield ast.unparse(target), node.value

    def function(self, name: str) -> ast.FunctionDef | None:
        return next((node for node in self.tree.body if isinstance(node, ast.FunctionDef) and node.name == name), None)


def keyword(call: ast.Call, name: str) -> ast.keyword | None:
    return next((given for given in call.keywords if given.arg == name), None)


def renamed_fields(source: Source) -> Iterator[Mutant]:
    for node in source.tree.body:
        if isinstance(node, ast.ClassDef) and any("Entry" in ast.unparse(base) for base in node.bases):
            for part in node.body:
                if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                    name = part.target.id
                    yield source.mutant("renamed field", part.target, f"{name}_renamed", f"{node.name}.{name}")


def swapped_numbers(source: Source) -> Iterator[Mutant]:
    """Two numbers of one entry, given under each other's name."""
    judge = source.function("judge")
    for call in (node for node in ast.walk(judge) if isinstance(node, ast.Call)) if judge else ():
        before, after = keyword(call, "before"), keyword(call, "after")
        if before is None or after is None:
            continue
        first, last = sorted((before, after), key=lambda given: source.range(given)[0])
        between = source.content[source.range(first)[1] : source.range(last)[0]].decode()
        text = f"{first.arg}={source.text(last.value)}{between}{last.arg}={source.text(first.value)}"
        yield Mutant(
            "swapped numbers",
            source.file,
            f"before and after in {ast.unparse(call.func)}",
            source.range(first)[0],
            source.range(last)[1],
            text,
        )


def removed_rows(source: Source) -> Iterator[Mutant]:
    for node in source.tree.body if source.file == CATALOGUE else ():
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "CauseKind":
            yield source.mutant("removed row", node, "", ast.unparse(node.target))


def lost_titles(source: Source) -> Iterator[Mutant]:
    for node in source.tree.body if source.file == CATALOGUE else ():
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Call):
            title = keyword(node.value, "title")
            if title is not None:
                yield source.mutant("lost title", title.value, '""', ast.unparse(node.target))


def wrong_lanes(source: Source) -> Iterator[Mutant]:
    for name, call in source.rules():
        lane = keyword(call, "lane")
        if lane is not None and isinstance(lane.value, ast.Attribute) and lane.value.attr in OTHER_LANE:
            other = OTHER_LANE[lane.value.attr]
            yield source.mutant("wrong lane", lane.value, f"Lane.{other}", f"{name}: {lane.value.attr} to {other}")


def thresholds(source: Source) -> Iterator[Mutant]:
    judge = source.function("judge")
    if judge is None:
        return
    for argument, default in zip(judge.args.kwonlyargs, judge.args.kw_defaults, strict=True):
        if isinstance(default, ast.Constant) and isinstance(default.value, int | float) and not isinstance(default.value, bool):
            times = default.value * 10
            yield source.mutant("threshold times ten", default, repr(times), f"{argument.arg}: {default.value} to {times}")


def turned_conditions(source: Source) -> Iterator[Mutant]:
    judge = source.function("judge")
    for node in ast.walk(judge) if judge else ():
        if isinstance(node, ast.If) and isinstance(node.test, ast.Compare) and type(node.test.ops[0]) in TURNED:
            test = node.test
            right = source.text(test.comparators[0])
            text = f"{source.text(test.left)} {TURNED[type(test.ops[0])]} {right}"
            if len(test.ops) == 1:
                yield source.mutant("condition turned", test, text, source.text(test))


def idle_undos(source: Source) -> Iterator[Mutant]:
    undo = source.function("undo")
    if undo is not None:
        body = undo.body[1:] if isinstance(undo.body[0], ast.Expr) else undo.body
        start, end = source.range(body[0])[0], source.range(body[-1])[1]
        yield Mutant("undo does nothing", source.file, "undo", start, end, "return Undo()")


def other_sentences(source: Source) -> Iterator[Mutant]:
    said = [(name, given) for name, call in source.rules() if (given := keyword(call, "says")) is not None]
    for (name, given), (other, taken) in zip(said, said[1:] + said[:1], strict=True):
        if name != other:
            yield source.mutant(
                "sentence of another rule", given.value, source.text(taken.value), f"{name} says what {other} says"
            )


def dropped_causes(source: Source) -> Iterator[Mutant]:
    for name, call in source.rules():
        suggests = keyword(call, "suggests")
        if suggests is not None:
            yield source.mutant("dropped suggests", suggests, "suggests=None", name)


KINDS: Final[tuple[tuple[int, Callable[[Source], Iterator[Mutant]]], ...]] = (
    (6, renamed_fields),
    (5, swapped_numbers),
    (3, removed_rows),
    (2, lost_titles),
    (4, wrong_lanes),
    (4, thresholds),
    (4, turned_conditions),
    (5, idle_undos),
    (4, other_sentences),
    (3, dropped_causes),
)
"""How many of each kind: forty."""


def mutants(seed: int) -> Iterator[Mutant]:
    rng = np.random.default_rng(seed)
    files = [CATALOGUE, *sorted(str(file.relative_to(ROOT)) for file in (ROOT / "diagnostics/checks").rglob("*.py"))]
    sources = [Source(file) for file in files]
    for count, kind in KINDS:
        sites = [found for source in sources if (found := list(kind(source)))]
        for turn in range(count):
            # Files take turns; a file that comes again gives another site.
            if turn % len(sites) == 0:
                sites = [sites[place] for place in rng.permutation(len(sites))]
            left = sites[turn % len(sites)]
            yield left.pop(int(rng.integers(len(left)))) if len(left) > 1 else left[0]


@dataclass(frozen=True)
class Stage:
    name: str
    command: tuple[str, ...]


def stages(mutant: Mutant) -> Iterator[Stage]:
    """What is run, the quickest first."""
    python = sys.executable
    yield Stage("lint", (python, "-m", "ruff", "check", mutant.file))
    yield Stage("types", (python, "-m", "mypy"))
    name = name_of(mutant.file)
    lines = (ROOT / "tests/quick.txt").read_text(encoding="utf-8").splitlines()
    prefix = f"tests/checks/test_{name.replace('.', '_')}"
    own = [line for line in lines if line.startswith((f"{prefix}.py", f"{prefix}_"))]
    if not own:
        own = [line for line in lines if not line.startswith("--") and line not in ALWAYS]
    scope = (f"--contract={name}",) if name else ()
    yield Stage("tests", (python, "-m", "pytest", "-x", "-q", "-p", "no:xdist", *scope, *own, *ALWAYS))


def name_of(file: str) -> str:
    """The diagnostic that the file is of: "inputs.missing"; "" for a file of several."""
    sys.path.insert(0, str(ROOT))
    from diagnostics.catalogue import catalogue

    module = file.removesuffix(".py").replace("/", ".")
    return next((d.name for d in catalogue() if getattr(d.module, "__name__", "") == module), "")


def passes(stage: Stage, copy: Path) -> bool:
    done = subprocess.run(
        stage.command, cwd=copy, capture_output=True, timeout=TESTS_SECONDS, check=False, env=os.environ | SINGLE
    )
    return done.returncode == 0


class Unsound(Exception):
    """A stage fails without any fault."""


def caught(mutant: Mutant, copy: Path, sound: set[Stage]) -> str:
    """The stage that fails on it, "" when none does. sound: stages known to pass as it is. Raises Unsound."""
    target = copy / mutant.file
    content = target.read_bytes()
    try:
        target.write_bytes(content[: mutant.start] + mutant.text.encode() + content[mutant.end :])
        failing = next((stage for stage in stages(mutant) if not passes(stage, copy)), None)
    finally:
        target.write_bytes(content)
    if failing is not None and failing not in sound:
        if not passes(failing, copy):
            raise Unsound(" ".join(failing.command))
        sound.add(failing)
    return failing.name if failing else ""


SINGLE: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def copied(into: Path) -> None:
    """The files that git knows, as they stand now, and the caches of mypy, so that only what a fault touches is checked again."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for file in filter(None, listed.split("\0")):
        if (ROOT / file).is_file():
            (into / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, into / file)
    if (ROOT / ".mypy_cache").is_dir():
        shutil.copytree(ROOT / ".mypy_cache", into / ".mypy_cache")


def main() -> int:
    try:
        return tried()
    except Unsound as failing:
        print(f"fails without any fault: {failing}", file=sys.stderr)
        return 2


def tried(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Are faults of the code caught by what make check runs?")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", type=int, help="numbers of the mutants to try, from 1")
    parser.add_argument("--list", action="store_true", help="say what would be tried")
    options = parser.parse_args(arguments)
    chosen = [(n, m) for n, m in enumerate(mutants(options.seed), start=1) if not options.only or n in options.only]
    found = 0
    sound: set[Stage] = set()
    with tempfile.TemporaryDirectory(prefix="model-clinic-mutants-") as folder:
        if not options.list:
            copied(Path(folder))
        for number, mutant in chosen:
            began = time.monotonic()
            by = "" if options.list else caught(mutant, Path(folder), sound)
            found += bool(by)
            told = "" if options.list else f"  {by or 'MISSED':7}{time.monotonic() - began:6.0f} s"
            file = mutant.file.removeprefix("diagnostics/")
            print(f"{number:3} {mutant.kind:25} {file:38} {mutant.what[:60]:60}{told}", flush=True)
    if options.list:
        return 0
    print(f"caught {found} of {len(chosen)}")
    return int(found < BAR * len(chosen))


if __name__ == "__main__":
    sys.exit(main())
