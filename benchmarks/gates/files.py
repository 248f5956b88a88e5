"""Gates of files: malformed, too large, standing for too much, with payloads, formulas, secrets or paths inside."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import pickle
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from benchmarks.gates.gate import Figure, clinic, run
from benchmarks.gates.made_secrets import KINDS, harmless, secrets
from benchmarks.reading import mutants
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.secrets import masked, masked_text
from diagnostics.nouns.spreadsheet import defused
from diagnostics.read.caps import Caps
from diagnostics.read.reader import read_table

MB = 1_000_000

Measure = Callable[[bool], Figure]


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="model-clinic-gate-") as made:
        yield Path(made)


def malformed(full: bool) -> Figure:
    count = 10_000 if full else 400
    faults = 0
    with folder() as scratch:
        for number in range(count):
            faults += mutants.check(scratch, mutants.mutant(np.random.default_rng([0, number])))[0] == "fault"
    return Figure(measured=f"{faults} faults in {count:,} mutants", holds=not faults, short="" if full else "400 of 10,000")


def caps(full: bool) -> Figure:
    """Each cap made small enough to be passed by a small file, and the real one of columns and of a line by real ones."""
    wide = ",".join(f"c{n}" for n in range(2001)) + "\n" + ",".join("1" * 2001) + "\n"
    cases = [
        (Caps(bytes=1000), "a,b\n" + "1,2\n" * 500),
        (Caps(rows=100), "a,b\n" + "1,2\n" * 5000),
        (Caps(), wide),
        (Caps(), "a,b\n1," + "x" * (2**20 + 10) + "\n"),
        (Caps(line=1000), "a,b\n1," + "x" * 2000 + "\n"),
    ]
    slowest, refused = 0.0, 0
    with folder() as scratch:
        for number, (bounds, text) in enumerate(cases):
            file = scratch / f"{number}.csv"
            file.write_text(text)
            began = time.perf_counter()
            try:
                read_table(file, scratch / "work", name="t", caps=bounds)
            except BadInput:
                refused += 1
            slowest = max(slowest, time.perf_counter() - began)
    return Figure(
        measured=f"{refused} of {len(cases)} refused, slowest {slowest:.1f} s", holds=refused == len(cases) and slowest < 2
    )


def bombs(full: bool) -> Figure:
    """Each by the command line, so that its own process and the children are measured, against an ordinary file."""
    with folder() as scratch:
        (scratch / "good.csv").write_text("a,b\n" + "".join(f"{n},{n % 7}\n" for n in range(300)))
        (scratch / "good").mkdir()
        (scratch / "good" / "current.csv").write_text("a,b\n" + "".join(f"{n},{n % 7}\n" for n in range(50)))
        ordinary = {"read": scratch / "good.csv", "investigate": scratch / "good"}
        usually = {command: clinic(command, given, "--json", "-") for command, given in ordinary.items()}
        worst, slowest, failed = 0, 0.0, []
        made = list(_bombs(scratch))
        for name, arguments in made:
            ran, usual = clinic(*arguments, "--json", "-", timeout=60), usually[str(arguments[0])]
            growth = ran.memory - usual.memory
            worst, slowest = max(worst, growth), max(slowest, ran.seconds - usual.seconds)
            if not ran.sound or ran.seconds - usual.seconds > 5 or growth > 300 * MB:
                failed.append(f"{name} ({ran.seconds - usual.seconds:.1f} s, {growth / MB:.0f} MB, exit {ran.code})")
    told = f"{len(made) - len(failed)} of {len(made)} refused, "
    told += f"at most {slowest:.1f} s and {worst / MB:.0f} MB beyond an ordinary file"
    return Figure(measured=told + (f"; not {', '.join(failed)}" if failed else ""), holds=not failed)


def _bombs(scratch: Path) -> Iterator[tuple[str, tuple[object, ...]]]:
    import pyarrow as pa
    import pyarrow.feather
    import pyarrow.parquet

    from tests.read.test_bombs import nested, repeated, workbook

    def file(name: str, content: bytes | str) -> tuple[str, tuple[object, ...]]:
        path = scratch / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return name, ("read", path)

    def incident(name: str, path: str, content: str) -> tuple[str, tuple[object, ...]]:
        base = scratch / name.replace(" ", "-")
        (base / path).parent.mkdir(parents=True)
        (base / path).write_text(content)
        (base / "current.csv").write_text("a,b\n" + "".join(f"{n},{n % 7}\n" for n in range(50)))
        if path.startswith("config/"):
            (base / path.replace("reference", "current")).write_text("a: 1\n" if path.endswith("yaml") else "a = 1\n")
        return name, ("investigate", base)

    def zipped(content: bytes, name: str) -> bytes:
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        return sink.getvalue()

    zeros = b"1,2\n" * (40 * MB)
    yield file("gzip.csv.gz", gzip.compress(zeros, 9))
    packed = zipped(zeros, "a.csv")
    yield file("zip.zip", packed)
    yield file("nested.zip", zipped(packed, "a.zip"))
    yield file("columns.csv", ",".join("a" * 1_000_000) + "\n")
    yield file("line.csv", b"a" * (80 * MB))
    yield file("deep.json", "[" * 2_000_000)
    yield file("deep.jsonl", ('{"a":' * 5000 + "1" + "}" * 5000 + "\n") * 50)
    for name, table in (("cell", repeated(20_000_000)), ("dictionary", repeated(1_000_000)), ("nested", nested(60))):
        path = scratch / f"{name}.parquet"
        pa.parquet.write_table(table, path, compression="zstd")
        yield path.name, ("read", path)
    path = scratch / "dictionary.feather"
    pa.feather.write_feather(repeated(1_000_000), path, compression="zstd")
    yield path.name, ("read", path)
    yield "shared.xlsx", ("read", workbook(scratch / "shared.xlsx", 200_000, 15_000))
    steps = [f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 10)}]" for n in range(1, 12)]
    aliases = "\n".join(["k0: &k0 [x]", *steps])
    merges = aliases.replace("[*", "{<<: [*").replace("]\n", "]}\n").replace("k0 [x]}", "k0 {a: 1}") + "}"
    yield incident("aliases of incident.yaml", "incident.yaml", aliases)
    yield incident("aliases of a configuration", "config/reference.yaml", aliases)
    yield incident("merges of a configuration", "config/reference.yaml", merges)
    yield incident("dotted keys of TOML", "config/reference.toml", "a" + ".a" * 400_000 + " = 1")
    yield incident("digits of YAML", "config/reference.yaml", "a: 0x" + "f" * 900_000)


def executed(full: bool) -> Figure:
    """Payloads that leave a mark when anything runs them, in every place that takes a file."""
    with folder() as scratch:
        mark = scratch / "canary"

        class Payload:
            def __reduce__(self) -> tuple[object, ...]:
                return (os.system, (f"touch {mark}",))

        pickles = [pickle.dumps(Payload(), protocol) for protocol in range(6)]
        shell = f"touch {mark}"
        # Written to be refused: the gate shows that no reader of the project ever runs what such a file holds.
        array = io.BytesIO()
        np.save(array, np.array([Payload()], dtype=object), allow_pickle=True)
        tags = [f"!!python/object/apply:os.system ['{shell}']", f"a: !!python/object/new:os.system ['{shell}']"]
        tags += [f"!!python/object/apply:subprocess.check_output [['touch', '{mark}']]", "a: !!python/name:os.system"]
        code = f"import os\nos.system({shell!r})\n"
        book = json.dumps(
            {"cells": [{"cell_type": "code", "source": [code]}], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}
        )
        tables = [*pickles, array.getvalue(), gzip.compress(pickles[4]), base64.b64encode(pickles[0])]
        places = [(f"model.{ending}", content) for ending in ("pkl", "joblib", "onnx", "skops") for content in pickles]
        places += [(f"current.{ending}", content) for ending in ("csv", "parquet", "xlsx") for content in tables]
        places += [
            (f"{part}.yaml", tag.encode()) for part in ("incident", "config/reference", "environment/reference") for tag in tags
        ]
        places += [("code/a.py", code.encode()), ("code/a.ipynb", book.encode()), ("logs/a.log", pickles[0])]
        places += [
            ("training/a.json", code.encode()),
            ("config/scaler.json", pickles[0]),
            ("config/reference.env", b"A=$(" + shell.encode() + b")"),
        ]
        if not full:
            places = places[::3]
        unsound = 0
        for number, (name, content) in enumerate(places):
            base = scratch / f"i{number}"
            (base / name).parent.mkdir(parents=True, exist_ok=True)
            if not name.startswith("current"):
                (base / "current.csv").write_text("a,b\n" + "".join(f"{n},{n % 7}\n" for n in range(50)))
            (base / name).write_bytes(content)
            unsound += not clinic("investigate", base, "--json", "-", timeout=90).sound
        ran = int(mark.exists())
    told = f"{ran} canaries, {unsound} tracebacks in {len(places)} payloads"
    return Figure(measured=told, holds=not ran and not unsound, short="" if full else "every third payload")


def formulas(full: bool) -> Figure:
    from tests.test_spreadsheet import FORMULAS, HARMLESS

    left = [cell for cell in FORMULAS if defused(cell) == cell]
    touched = [cell for cell in HARMLESS if defused(cell) != cell]
    told = f"{len(left)} formulas of {len(FORMULAS)}, {len(touched)} of {len(HARMLESS)} numbers and plain texts changed"
    return Figure(measured=told, holds=not left and not touched)


def paths(full: bool) -> Figure:
    """Names in archives and of uploads that lead elsewhere."""
    from diagnostics.read.archive import unpack
    from diagnostics.read.uploads import clean

    parts = ["../", "..\\", "/", "C:\\", "....//", "%2e%2e/", "a/../../", "\u2025/", "./../", "~/"]
    names = [
        part * times + tail
        for part in parts
        for times in (1, 3)
        for tail in ("x", "etc/passwd", "code/a.py", "current.csv", "\0a")
    ]
    outside = 0
    with folder() as scratch:
        target = scratch / "deep" / "inside"
        for number, name in enumerate(names):
            archive = scratch / f"{number}.zip"
            with zipfile.ZipFile(archive, "w") as out:
                out.writestr(zipfile.ZipInfo(name.replace("\0", "") or "x"), "a,b\n1,2\n")
            before = set(scratch.rglob("*")) - set(target.rglob("*"))
            with suppress(BadInput):  # Refused is as good as kept inside.
                unpack(archive, target)
            outside += bool((set(scratch.rglob("*")) - set(target.rglob("*")) - {target, target.parent}) - before)
            cleaned = clean(name)
            outside += "/" in cleaned or "\\" in cleaned or cleaned.startswith(".")
    return Figure(measured=f"{outside} writes outside for {len(names)} names", holds=not outside)


def hidden(full: bool) -> Figure:
    rng = np.random.default_rng(0)
    made, plain = secrets(300, rng), harmless(500, rng)
    leaked = sum(s.secret in (masked(s.path, s.text) if s.path else masked_text(s.text)) for s in made)
    lost = sum((masked(s.path, s.text) if s.path else masked_text(s.text)) != s.text for s in plain)
    told = f"{1 - leaked / len(made):.1%} of {len(made)} secrets of {len(KINDS)} kinds hidden, "
    told += f"{lost / len(plain):.1%} of {len(plain)} harmless"
    return Figure(measured=told, holds=leaked <= 6 and lost <= 10)


def hostile_log(full: bool) -> Figure:
    """Lines of the greatest length, stack traces without end, and words that expressions go back over."""
    size = 100 * MB if full else 10 * MB
    kinds = [
        "a" * 5000,
        "2026-05-12 08:00:01 ERROR " + "/a" * 900,
        "2026-05-12 08:00:01 " + "0x" * 500,
        '  File "a.py", line 3',
        "{" * 800,
    ]
    kinds += ["2026-05-12 08:00:01 INFO key=" + "a:" * 700, "2026-05-12 08:00:01 WARN " + "1.2." * 500]
    with folder() as scratch:
        file = scratch / "a.log"
        block = "\n".join(kinds) + "\n"
        with file.open("w") as out:
            for number in range(size // len(block)):
                out.write(block.replace("ERROR", f"ERROR {number}"))
        began = os.times()
        ran = run([*CLINIC, "logs", str(file), "--json", "-"], timeout=300)
        ended = os.times()
    seconds = ended.children_user + ended.children_system - began.children_user - began.children_system
    asked = 60 * size / (100 * MB)
    return Figure(
        measured=f"{seconds:.0f} s of CPU for {size // MB} MB (exit {ran.code})",
        holds=ran.sound and seconds < max(asked, 10),
        short="" if full else "10 of 100 MB, at most 10 s",
    )


CLINIC = (sys.executable, "-m", "diagnostics")
