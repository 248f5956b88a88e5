"""Makes the sample incidents: ``python sample_data/make.py`` writes them, ``--check`` compares them byte for byte.

Every folder comes from a fixed seed. Tables are plain CSV, because the bytes of a compressed file depend on the zlib at
hand; predictions have four decimals, so that the last bits of a processor's arithmetic do not show.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import around
import coded
import real
import served
import service
import simulated
import watched

HERE: Final = Path(__file__).parent

RECIPES: Final[Mapping[str, Callable[[], Mapping[str, str | bytes]]]] = {
    "unit-change": simulated.unit_change,
    "refit-scaler": real.refit_scaler,
    "missing-values": simulated.missing_values,
    "selection-bias": simulated.selection_bias,
    "concept-drift": simulated.concept_drift,
    "leakage": simulated.leakage,
    "operations": service.memory_leak,
    "healthy": real.healthy,
    "default-fill": real.default_fill,
    "recoded-categories": simulated.recoded_categories,
    "preprocessing-leakage": coded.preprocessing_leakage,
    "another-model": served.another_model,
    "another-environment": around.another_environment,
    "another-setting": around.another_setting,
    "watch": watched.shop_orders,
}
"""Folder name to the recipe that returns its files: path inside the folder to text (or bytes)."""


def write(into: Path, names: list[str]) -> None:
    for name in names:
        for path, text in RECIPES[name]().items():
            file = into / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(_bytes(text))


def differences(folder: Path, names: list[str]) -> list[str]:
    """One line per file below `folder` that is missing, superfluous or not what its recipe makes."""
    lines = []
    for name in names:
        files = RECIPES[name]()
        for path, text in files.items():
            file = folder / name / path
            if not file.is_file():
                lines.append(f"{name}/{path} is missing")
            elif file.read_bytes() != _bytes(text):
                lines.append(f"{name}/{path} differs")
        present = {str(f.relative_to(folder / name)) for f in (folder / name).rglob("*") if f.is_file()}
        lines += [f"{name}/{path} is not made here" for path in sorted(present - files.keys())]
    return lines


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the sample incidents, or check that they are as made.")
    parser.add_argument("--check", action="store_true", help="compare instead of writing; exit status 1 on a difference")
    parser.add_argument("--into", type=Path, default=HERE, help="folder to write to (default: this one)")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which incidents (default all): {', '.join(RECIPES)}")
    options = parser.parse_args()
    names = options.names or list(RECIPES)
    unknown = sorted(set(names) - RECIPES.keys())
    if unknown:
        parser.error(f"{unknown[0]} is no sample; known are {', '.join(RECIPES)}")
    if not options.check:
        write(options.into, names)
        return 0
    lines = differences(options.into, names)
    print("\n".join(lines) or f"{len(names)} incidents are as made")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
