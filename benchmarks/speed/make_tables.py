"""Two CSVs of a size: numbers, whole numbers, categories, a target, a score and a time; written by DuckDB from a fixed seed.

``python benchmarks/speed/make_tables.py FOLDER SIZE`` makes one pair.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Size:
    rows: int
    columns: int

    @property
    def name(self) -> str:
        rows = f"{self.rows // 1_000_000}M" if self.rows >= 1_000_000 else f"{self.rows // 1000}k"
        return f"{rows}x{self.columns}"


SIZES = (Size(10_000, 20), Size(100_000, 50), Size(1_000_000, 50))
ROLES = ("y", "p", "ts")


def files(size: Size, folder: Path) -> tuple[Path, Path]:
    """Where the reference and the current table are."""
    return folder / f"reference_{size.name}.csv", folder / f"current_{size.name}.csv"


def make(size: Size, folder: Path) -> None:
    """Write both, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, file in enumerate(files(size, folder)):
        if not file.is_file():
            part = file.with_suffix(".part")
            _write(size, part, seed)
            part.rename(file)


def _write(size: Size, file: Path, seed: int) -> None:
    features = size.columns - len(ROLES)
    whole, text = features // 6, features // 5
    numbers = features - whole - text

    # hash() of the row and the column is random enough, and the same on any number of threads, which random() is not.
    def uniform(column: str) -> str:
        return f"((hash(i, '{column}', {seed}) >> 11) / 9007199254740992.0)"

    columns = [
        f"round({n + 1} * 10 * sqrt(-2 * ln({uniform(f'u{n}')} + 1e-15)) * cos(2 * pi() * {uniform(f'v{n}')}), 4) AS num_{n}"
        for n in range(numbers)
    ]
    columns += [f"floor({uniform(f'w{n}')} * 1000)::INTEGER AS int_{n}" for n in range(whole)]
    columns += [f"'level_' || floor({uniform(f'a{n}')} * {uniform(f'b{n}')} * 20)::INTEGER AS cat_{n}" for n in range(text)]
    # The current table has one fault in its second half, so that there is something to find: num_0 in another unit.
    if seed:
        columns[0] = columns[0].replace(" AS num_0", f" * CASE WHEN i < {size.rows // 2} THEN 1 ELSE 1000 END AS num_0")
    # Every truth agrees with a score that knows something of num_1.
    chance = f"1 / (1 + exp(-(num_1 / 20 + {uniform('e')} - 1.5)))"
    start = ("2026-01-01", "2026-05-01")[seed]
    query = f"""
        WITH features AS (SELECT i, {", ".join(columns)} FROM range({size.rows}) AS rows(i)),
             scored AS (SELECT *, {chance} AS chance FROM features)
        SELECT * EXCLUDE (i, chance), ({uniform("y")} < chance)::INTEGER AS y, round(chance, 5) AS p,
               TIMESTAMP '{start}' + to_seconds(i * {2_000_000 // size.rows}) AS ts
        FROM scored ORDER BY i
    """
    with duckdb.connect() as con:
        con.execute(f"COPY ({query}) TO '{file}' (FORMAT csv, HEADER)")


if __name__ == "__main__":
    make(next(size for size in SIZES if size.name == sys.argv[2]), Path(sys.argv[1]))
