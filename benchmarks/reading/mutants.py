"""Damaged tables by the thousand: each must be read, or refused in a plain sentence, with every record accounted for.

python -m benchmarks.reading.mutants [COUNT] [SEED]
"""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diagnostics.nouns.refusal import BadInput
from diagnostics.read.reader import read_table

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "shift_jis", "latin-1", "cp1252", "utf-32")
WORDS = {
    "gb18030": "北京 上海 广州 客户 数据 模型 收入",
    "shift_jis": "東京 大阪 データ モデル 顧客 です",
    "latin-1": "café Müller señor naïve Zürich garçon",
    "cp1252": "café “quoted” Müller €5 naïve",
}
HANG = 20.0
"""Seconds after which a read is called hung; a mutant is read in some hundredths."""


@dataclass(frozen=True)
class Mutant:
    """data: its bytes. records: how many records stand below the header, None where the damage leaves that open."""

    data: bytes
    what: tuple[str, ...]
    records: int | None


def table(rng: np.random.Generator, words: list[str]) -> tuple[list[str], list[list[str]]]:
    rows = int(rng.integers(1, 40))
    kinds = rng.choice(["whole", "real", "word", "date", "text", "gap", "code"], size=int(rng.integers(1, 9)))
    header = [f"{words[int(rng.integers(len(words)))]}_{kind}_{i}" for i, kind in enumerate(kinds)]

    def cell(kind: str) -> str:
        number = int(rng.integers(0, 10_000))
        word = words[number % len(words)]
        return {
            "whole": str(number),
            "real": f"{number / 100:.2f}",
            "word": word,
            "date": f"{1 + number % 28:02d}/{1 + number % 12:02d}/2026",
            "text": f"{word}, {word}",
            "gap": ["", "NA", "?", str(number)][number % 4],
            "code": f"{number:06d}",
        }[kind]

    return header, [[cell(str(kind)) for kind in kinds] for _ in range(rows)]


def mutant(rng: np.random.Generator) -> Mutant:
    """One table, written correctly, then damaged up to three times."""
    encoding = str(rng.choice(ENCODINGS))
    words = WORDS.get(
        encoding, "alpha beta gamma delta Ärger 数据 данные" if encoding.startswith("utf") else "alpha beta"
    ).split()
    header, rows = table(rng, words)
    what: list[str] = [encoding]
    records: int | None = len(rows)
    delimiter = str(rng.choice([",", ";", "\t", "|", ", ", " ", "||"]))
    end = str(rng.choice(["\n", "\r\n", "\r"]))
    damage = set(rng.choice(DAMAGES, size=int(rng.integers(0, 4))).tolist())
    if "decimal comma" in damage:
        rows = [[c.replace(".", ",") if c.replace(".", "", 1).isdigit() else c for c in row] for row in rows]
    lines = [written(header, delimiter)] if "no header" not in damage else []
    lines += [written(row, delimiter, always=bool(rng.random() < 0.2)) for row in rows]
    for kind in sorted(damage):
        records = None
        at = int(rng.integers(0, len(lines)))
        match kind:
            case "ragged short":
                lines[at] = lines[at].rsplit(delimiter, 1)[0]
            case "ragged long":
                lines[at] += delimiter + "extra"
            case "stray quote":
                cut = int(rng.integers(0, len(lines[at]) + 1))
                lines[at] = lines[at][:cut] + '"' + lines[at][cut:]
            case "newline in field":
                lines[at] += delimiter + '"two' + end + 'lines"'
            case "preamble":
                lines[:0] = ["Report of May", "", "# made by a tool"][: int(rng.integers(1, 4))]
            case "footer":
                lines += ["", "Total rows: 12"]
            case "blank line":
                lines.insert(at, "")
            case "endless quote":
                lines[at] = '"' + lines[at]
            case "header again":
                lines.insert(at, lines[0])
            case "empty rows":
                lines += [delimiter * (len(header) - 1)] * 3
    text = end.join(lines) + (end if rng.random() < 0.7 else "")
    data = text.encode(encoding, errors="replace")
    if "nul" in damage:
        cut = int(rng.integers(0, len(data) + 1))
        data = data[:cut] + b"\0" + data[cut:]
    if "bad byte" in damage:
        cut = int(rng.integers(0, len(data) + 1))
        data = data[:cut] + bytes([int(rng.integers(128, 256))]) + data[cut:]
    if "cut" in damage:
        data = data[: int(rng.integers(0, len(data) + 1))]
    if "two marks" in damage:
        data = b"\xef\xbb\xbf" + data
    if "noise" in damage:
        spots = rng.integers(0, max(1, len(data)), size=5)
        data = bytes(b if i not in spots else int(rng.integers(0, 256)) for i, b in enumerate(data))
    # A single cell of a single column has no structure by which its records could be told.
    certain = records is not None and len(header) > 2 and len(rows) > 5 and delimiter in (",", ";", "\t", "|")
    return Mutant(data, (*what, repr(delimiter), repr(end), *sorted(damage)), records if certain else None)


DAMAGES = (
    *("ragged short", "ragged long", "stray quote", "newline in field", "preamble", "footer", "blank line", "endless quote"),
    *("header again", "empty rows", "nul", "bad byte", "cut", "two marks", "noise", "decimal comma", "no header"),
)


def written(cells: list[str], delimiter: str, *, always: bool = False) -> str:
    unsafe = (delimiter.strip() or delimiter, '"', "\n", "\r", " " if delimiter == " " else '"')
    return delimiter.join('"' + c.replace('"', '""') + '"' if always or any(u in c for u in unsafe) else c for c in cells)


def check(folder: Path, case: Mutant) -> tuple[str, str]:
    """("read" | "refused" | "fault", detail)."""
    source = folder / "mutant.csv"
    source.write_bytes(case.data)
    began = time.perf_counter()
    try:
        table = read_table(source, folder / "out", name="mutant")
    except BadInput as reason:
        said = str(reason)
        plain = said.endswith(".") and "\n" not in said and "Error" not in said
        # A sound file may not be refused.
        return ("refused", said) if plain and case.records is None else ("fault", f"refused: {said}")
    except Exception:  # whatever else the reader raises is the fault that is looked for: counted and shown with its traceback
        return "fault", traceback.format_exc()
    if time.perf_counter() - began > HANG:
        return "fault", "hung"
    reading = table.reading
    if reading.rows != table.rows or len(reading.rejected) != min(1000, reading.rejected_count):
        return "fault", f"rows {reading.rows} and {table.rows}, rejected {reading.rejected_count} and {len(reading.rejected)}"
    if case.records is not None and reading.rows + reading.rejected_count != case.records:
        return "fault", f"{reading.rows} rows and {reading.rejected_count} rejected of {case.records}: {reading}"
    return "read", ""


def main(count: int = 10_000, seed: int = 0) -> int:
    tally = {"read": 0, "refused": 0, "fault": 0}
    slowest = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(count):
            case = mutant(np.random.default_rng([seed, number]))
            began = time.perf_counter()
            verdict, detail = check(Path(scratch), case)
            slowest = max(slowest, time.perf_counter() - began)
            tally[verdict] += 1
            if verdict == "fault":
                print(f"mutant {number} {case.what}: {detail}")
    print(f"{count} mutants: {tally['read']} read, {tally['refused']} refused, {tally['fault']} faults; slowest {slowest:.2f} s")
    return 1 if tally["fault"] else 0


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
