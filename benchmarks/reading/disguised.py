"""Does it matter in which container, locale or spelling a healthy table comes?

    python -m benchmarks.reading.disguised [PAIRS] [--read] [--out FILE.jsonl]

Healthy pairs of real tables (`benchmarks/healthy`), of which one side, or each in its own way, is written as people's tools write
it: another container, encoding, locale, spelling of booleans and of missing values, an index column, other types. Nothing that
a model was given differs, so each pair must be read as its plain CSV is, and no cause and no problem may come of it. A pair that
is accused is investigated in plain CSV too: what that does not say is the disguise's doing. `--read` investigates nothing.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import gzip
import io
import json
import os
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MODEL_CLINIC_THREADS"):
    os.environ.setdefault(variable, "1")

import duckdb  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import yaml  # noqa: E402

from benchmarks.healthy.sides import Case, write  # noqa: E402
from benchmarks.healthy.sources import CHOOSE, FIT  # noqa: E402

ROWS: Final = 300
"""Rows of a side, so that a pair costs seconds."""

SMALL: Final = ("iris",)
"""Tables that leave no rows for current at this size."""

ACCUSED_AT: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Text:
    """How a text file is written. swap: spellings of missing values, booleans or times, by a short name."""

    delimiter: str = ","
    decimal: str = "."
    thousands: str = ""
    encoding: str = "utf-8"
    end: str = "\n"
    quoting: int = csv.QUOTE_MINIMAL
    missing: str = ""
    booleans: tuple[str, str] = ("True", "False")
    times: str = "%Y-%m-%d %H:%M:%S"
    index: str | None = None
    above: str = ""
    below: str = ""
    whole: str = "{}"
    packed: str = ""


def number(value: float, how: Text) -> str:
    if isinstance(value, (int, np.integer)):
        text = f"{int(value):,}" if how.thousands else str(int(value))
    else:
        text = repr(float(value)) if not how.thousands or abs(value) >= 1e15 else _grouped(float(value))
    return text.replace(",", "\0").replace(".", how.decimal).replace("\0", how.thousands)


def _grouped(value: float) -> str:
    before, _, after = repr(value).partition(".")
    return value.__repr__() if "e" in after or "e" in before else f"{int(before):,}.{after}" if abs(value) >= 1 else repr(value)


def as_text(frame: pd.DataFrame, how: Text) -> bytes:
    def cell(value: Any, kind: str) -> str:
        if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
            return how.missing
        if kind == "b":
            return how.booleans[0] if value else how.booleans[1]
        if kind == "M":
            return str(int(value.timestamp())) if how.times == "epoch" else value.strftime(how.times)
        return number(value, how) if kind in "iuf" else str(value)

    columns = [[cell(value, frame[name].dtype.kind) for value in frame[name]] for name in frame]
    rows = [list(row) for row in zip(*columns, strict=True)]
    names = [str(name) for name in frame]
    if how.index is not None:
        names, rows = [how.index, *names], [[str(i), *row] for i, row in enumerate(rows)]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=how.delimiter, lineterminator=how.end, quoting=how.quoting)  # type: ignore[arg-type]
    writer.writerows([names, *rows])
    text = how.above + out.getvalue() + how.below
    data = text.encode(how.encoding, errors="replace")
    if how.packed == "gz":
        return gzip.compress(data)
    if how.packed == "zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("table.csv", data)
        return packed.getvalue()
    return data


TEXTS: Final = {
    "tabs": Text(delimiter="\t"),
    "semicolons": Text(delimiter=";"),
    "bars": Text(delimiter="|", end="\r\n"),
    "decimal comma": Text(delimiter=";", decimal=","),
    "decimal comma in tabs": Text(delimiter="\t", decimal=",", thousands="."),
    "decimal comma in commas": Text(decimal=",", quoting=csv.QUOTE_ALL),
    "german": Text(delimiter=";", decimal=",", thousands=".", encoding="cp1252", end="\r\n", times="%d.%m.%Y %H:%M:%S"),
    "french": Text(delimiter=";", decimal=",", thousands="\u202f", times="%d/%m/%Y %H:%M:%S"),
    "swiss": Text(delimiter=";", thousands="'", encoding="utf-8-sig"),
    "american": Text(thousands=",", times="%m/%d/%Y %I:%M:%S %p"),
    "utf-16": Text(encoding="utf-16", delimiter="\t"),
    "cp1252": Text(encoding="cp1252"),
    "all quoted": Text(quoting=csv.QUOTE_ALL, end="\r\n"),
    "NA": Text(missing="NA"),
    "NULL": Text(missing="NULL"),
    "\\N": Text(missing="\\N", delimiter="\t"),
    "n/a": Text(missing="n/a"),
    "true": Text(booleans=("true", "false")),
    "TRUE": Text(booleans=("TRUE", "FALSE")),
    "T": Text(booleans=("T", "F")),
    "1": Text(booleans=("1", "0")),
    "yes": Text(booleans=("yes", "no")),
    "R": Text(booleans=("TRUE", "FALSE"), missing="NA", index=""),
    "pandas index": Text(index=""),
    "Unnamed: 0": Text(index="Unnamed: 0"),
    "index": Text(index="index"),
    "ISO T": Text(times="%Y-%m-%dT%H:%M:%S"),
    "ISO Z": Text(times="%Y-%m-%dT%H:%M:%SZ"),
    "epoch": Text(times="epoch"),
    "named month": Text(times="%d %b %Y %H:%M:%S"),
    "title and total": Text(above="Export of 1 May\n\n", below="\n(end of export)\n"),
    "comments": Text(above="# made by a tool\n# version 3\n"),
    "gz": Text(packed="gz"),
    "zip": Text(packed="zip"),
}
ENDINGS: Final = {"gz": ".csv.gz", "zip": ".csv"}


def _excel(frame: pd.DataFrame, *, title: bool = False, index: bool = False) -> bytes:
    out = io.BytesIO()
    frame.to_excel(out, index=index, startrow=2 if title else 0, engine="openpyxl")
    if title:
        import openpyxl

        book = openpyxl.load_workbook(out)
        book.worksheets[0]["A1"] = "Export of 1 May"
        out = io.BytesIO()
        book.save(out)
    return out.getvalue()


def _parquet(frame: pd.DataFrame, **more: Any) -> bytes:
    out = io.BytesIO()
    frame.to_parquet(out, **more)
    return out.getvalue()


def _categories(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({name: "category" for name in frame if frame[name].dtype.kind in "OT"})


def _narrow(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers in as few bytes as they need, with nulls where there are some; times in UTC."""
    result = frame.copy()
    for name in frame:
        column = frame[name]
        if column.dtype.kind in "iu":
            result[name] = pd.to_numeric(column, downcast="integer")
        elif column.dtype.kind == "f" and column.dropna().apply(float.is_integer).all() and column.abs().max() < 2**31:
            result[name] = column.astype("Int32")
        elif column.dtype.kind == "M":
            result[name] = column.dt.tz_localize("UTC")
    return result


def _records(frame: pd.DataFrame, *, lines: bool) -> bytes:
    times = {name: frame[name].dt.strftime("%Y-%m-%dT%H:%M:%S") for name in frame if frame[name].dtype.kind == "M"}
    # As many digits as a double has: fewer would be another table.
    rows = json.loads(
        frame.assign(**{str(name): text for name, text in times.items()}).to_json(orient="records", double_precision=15)
    )
    rows = [{k: (float(frame[k].iloc[i]) if isinstance(v, float) else v) for k, v in row.items()} for i, row in enumerate(rows)]
    return ("\n".join(map(json.dumps, rows)) + "\n").encode() if lines else json.dumps(rows).encode()


def _arrow(frame: pd.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.to_feather(out)
    return out.getvalue()


def _orc(frame: pd.DataFrame) -> bytes:
    return frame.to_orc() or b""


def _avro(frame: pd.DataFrame) -> bytes:
    import fastavro

    kinds = {"i": "long", "u": "long", "f": "double", "b": "boolean"}
    moment = {"type": "long", "logicalType": "timestamp-micros"}
    names = {f"f{i}": name for i, name in enumerate(frame)}
    fields = [
        {"name": str(name), "type": ["null", moment if (k := frame[name].dtype.kind) == "M" else kinds.get(k, "string")]}
        for name in names.values()
    ]
    if not all(str(name).isidentifier() for name in names.values()):
        return b""
    plain = frame.astype(object).where(frame.notna(), None)
    rows = [
        {str(k): v.to_pydatetime().replace(tzinfo=dt.UTC) if isinstance(v, pd.Timestamp) else v for k, v in row.items()}
        for row in plain.to_dict(orient="records")
    ]
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema({"type": "record", "name": "row", "fields": fields}), rows)
    return out.getvalue()


def _stata(frame: pd.DataFrame) -> bytes:
    if any(len(str(name)) > 31 or not str(name).isidentifier() for name in frame):
        return b""
    plain = frame.copy()
    for name in frame:
        if frame[name].dtype.kind == "b":
            plain[name] = frame[name].astype("int8")
        elif frame[name].dtype.kind in "OT":
            # Stata has no null among texts.
            plain[name] = frame[name].astype(object).fillna("")
    out = io.BytesIO()
    plain.to_stata(out, write_index=False)
    return out.getvalue()


CONTAINERS: Final[dict[str, tuple[str, Callable[[pd.DataFrame], bytes]]]] = {
    "Excel": (".xlsx", _excel),
    "Excel with a title": (".xlsx", lambda frame: _excel(frame, title=True)),
    "Excel with an index": (".xlsx", lambda frame: _excel(frame, index=True)),
    "Parquet": (".parquet", _parquet),
    "Parquet with an index": (".parquet", lambda frame: _parquet(frame.set_index(pd.Index(range(7, 7 + len(frame)))))),
    "Parquet of categories": (".parquet", lambda frame: _parquet(_categories(frame))),
    "Parquet of narrow types": (".parquet", lambda frame: _parquet(_narrow(frame))),
    "Arrow": (".arrow", _arrow),
    "ORC": (".orc", _orc),
    "JSON Lines": (".jsonl", lambda frame: _records(frame, lines=True)),
    "JSON": (".json", lambda frame: _records(frame, lines=False)),
    "Avro": (".avro", _avro),
    "Stata": (".dta", _stata),
}
WAYS: Final = (*TEXTS, *CONTAINERS)


def disguise(frame: pd.DataFrame, way: str, folder: Path, side: str) -> bool:
    """Write the table of one side that way; False where the container cannot hold it."""
    if way in TEXTS:
        data, ending = as_text(frame, TEXTS[way]), ENDINGS.get(way, ".csv")
    else:
        ending, made = CONTAINERS[way]
        data = made(frame)
    if not data:
        return False
    (folder / f"{side}.csv").unlink()
    (folder / f"{side}{ending}").write_bytes(data)
    return True


@dataclass(frozen=True, kw_only=True)
class Result:
    """ways: of the reference and of current, "" for plain CSV. differs: columns that are read as something else.

    accused: causes and steps with a problem; plainly: those of them that the same pair has as plain CSV.
    """

    name: str
    ways: tuple[str, str]
    differs: tuple[str, ...]
    accused: tuple[str, ...]
    plainly: tuple[str, ...]
    seconds: float


def frames(folder: Path) -> dict[str, pd.DataFrame]:
    """Both sides in the types that a program that made them has: times are times, a column of two answers is often a boolean."""
    sides = {side: pd.read_csv(folder / f"{side}.csv", low_memory=False) for side in ("reference", "current")}
    for name in sides["reference"]:
        texts = [str(v).lower() for side in sides.values() if name in side for v in side[name].dropna().unique()]
        for frame in sides.values():
            if name == "seen_at" and name in frame:
                frame[name] = pd.to_datetime(frame[name], format="ISO8601").astype("datetime64[us]")
            elif name in frame and set(texts) == {"yes", "no"} and not frame[name].isna().any():
                frame[name] = frame[name].astype(str).str.lower() == "yes"
    return sides


def pair(number: int, folder: Path) -> tuple[str, tuple[str, str]]:
    """Make one pair, disguised."""
    rng = np.random.default_rng([17, number])
    sources = [source for source in (*FIT, *CHOOSE) if source.name not in SMALL]
    source = sources[number % len(sources)]
    tier = "all" if rng.random() < 0.7 else str(rng.choice(["no labels", "no scores"]))
    case = Case(source.name, "equal", ROWS, tier, number)
    write(case, source, folder)
    sides = frames(folder)
    stated = yaml.safe_load((folder / "incident.yaml").read_text(encoding="utf-8"))
    if stated.get("positive") in ("yes", "Yes") and sides["reference"][stated["target"]].dtype.kind == "b":
        stated["positive"] = "True"
    (folder / "incident.yaml").write_text(yaml.safe_dump(stated, allow_unicode=True), encoding="utf-8")
    ways = ["", ""]
    side = int(rng.integers(2))
    ways[side] = WAYS[number % len(WAYS)]
    if rng.random() < 0.2:
        ways[1 - side] = str(rng.choice(WAYS))
    for position, name in enumerate(("reference", "current")):
        sides[name].to_csv(folder / f"{name}.csv", index=False)
        if ways[position] and not disguise(sides[name], ways[position], folder, name):
            ways[position] = "tabs"
            disguise(sides[name], "tabs", folder, name)
    plain = folder.parent / "plain"
    plain.mkdir()
    for name, frame in sides.items():
        frame.to_csv(plain / f"{name}.csv", index=False)
    (plain / "incident.yaml").write_bytes((folder / "incident.yaml").read_bytes())
    return case.name, (ways[0], ways[1])


def differing(one: Any, other: Any) -> list[str]:
    """Columns of two tables that are not of one kind, or do not hold the same values."""
    if one is None or other is None:
        return ["no table"]
    found = sorted(set(one.names) ^ set(other.names))
    with duckdb.connect() as con:
        for column in one:
            if column.name not in other:
                continue
            twin = other[column.name]
            query = "SELECT {} FROM read_parquet('{}')"
            left, right = (
                [row[0] for row in con.execute(query.format(c.key, t.path)).fetchall()] for c, t in ((column, one), (twin, other))
            )
            if column.kind is not twin.kind or not _equal(left, right):
                found.append(f"{column.name} ({column.kind.value} {column.format}, {twin.kind.value} {twin.format})")
    return found


def _equal(left: list[Any], right: list[Any]) -> bool:
    if len(left) != len(right):
        return False
    for a, b in zip(left, right, strict=True):
        if a == b or (isinstance(a, float) and isinstance(b, float) and np.isclose(a, b, rtol=1e-12, atol=0, equal_nan=True)):
            continue
        return False
    return True


def accusations(folder: Path, work: Path) -> tuple[str, ...]:
    from benchmarks.healthy.told import STEPS
    from diagnostics.investigation import investigate
    from diagnostics.read.folder import open_incident

    found = investigate(open_incident(folder, work=work))
    causes = [f"{c.code} {c.confidence:.2f} {', '.join(c.columns)}" for c in found.causes if c.confidence > ACCUSED_AT]
    return (*causes, *(f"step {step}" for step in STEPS if found.status(step) == "problem"))


def solve(number: int, *, read_only: bool, keep: Path | None = None) -> Result:
    from diagnostics.read.folder import open_incident

    with tempfile.TemporaryDirectory(prefix="model-clinic-bench-") as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = Path(scratch) if keep is None else keep / str(number)
        folder = root / "incident"
        folder.mkdir(parents=True)
        name, ways = pair(number, folder)
        began = time.perf_counter()
        both = [open_incident(where, work=root / f"read-{where.name}") for where in (folder, root / "plain")]
        differs = [
            f"{side}: {column}"
            for side in ("reference", "current")
            for column in differing(getattr(both[1], side), getattr(both[0], side))
        ] + [f"{file}: {why}" for file, why in both[0].unreadable]
        accused = () if read_only else accusations(folder, root / "work")
        plainly = accusations(root / "plain", root / "work-plain") if accused else ()
        codes = {said.split(" ")[0] if not said.startswith("step") else said for said in plainly}
        same = tuple(a for a in accused if (a.split(" ")[0] if not a.startswith("step") else a) in codes)
        return Result(
            name=name, ways=ways, differs=tuple(differs), accused=accused, plainly=same, seconds=time.perf_counter() - began
        )


def main() -> int:
    parser = argparse.ArgumentParser(description="Does it matter how a healthy table is written?")
    parser.add_argument("pairs", type=int, nargs="?", default=120)
    parser.add_argument("--first", type=int, default=0, help="number of the first pair")
    parser.add_argument("--read", action="store_true", help="only compare what is read")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep every pair there")
    parser.add_argument("--out", type=Path, metavar="FILE.jsonl")
    options = parser.parse_args()
    results = []
    for number in range(options.first, options.first + options.pairs):
        result = solve(number, read_only=options.read, keep=options.keep)
        results.append(result)
        if result.differs or set(result.accused) - set(result.plainly):
            print(f"{number} {result.name} {result.ways}: {'; '.join([*result.differs[:4], *result.accused])}", flush=True)
    if options.out:
        options.out.write_text("".join(json.dumps(asdict(result)) + "\n" for result in results), encoding="utf-8")
    unlike = sum(bool(result.differs) for result in results)
    accused = sum(bool(result.accused) for result in results)
    ours = sum(bool(set(result.accused) - set(result.plainly)) for result in results)
    print(f"{len(results)} pairs: {unlike} read otherwise than as plain CSV")
    if not options.read:
        print(
            f"{accused} accused, {ours} of them not as plain CSV; {sum(r.seconds for r in results) / len(results):.1f} s a pair"
        )
        print(Counter(said.split(" ")[0] for result in results for said in set(result.accused) - set(result.plainly)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
