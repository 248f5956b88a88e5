"""The scoring table: which problem is likeliest under all signs of a run together.

Every sign has cuts, and every stretch between two of them gives or takes points for each problem; what the rules say gives points
as well; a sign that a file does not tell counts as such. The points of a problem add up, and its chance is its share of their
exponentials (a multinomial logistic model, additive in its signs: Hastie & Tibshirani 1986, doi:10.1214/ss/1177013604). The
numbers in points.json are written by benchmarks/training/fit.py and by nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FILE: Final = Path(__file__).parent / "points.json"
HEALTHY: Final = ""


@dataclass(frozen=True)
class Table:
    """codes: the problems and HEALTHY. start: points of each before anything is known. cuts: of each sign, rising. points: of
    each sign, shape (cuts + 2, codes): one row a stretch, the last where the sign is not told. rules: of each code that the
    rules may name, for a confidence of one; HEALTHY where they name none.
    """

    codes: tuple[str, ...]
    start: NDArray[np.float64]
    cuts: Mapping[str, NDArray[np.float64]]
    points: Mapping[str, NDArray[np.float64]]
    rules: Mapping[str, NDArray[np.float64]]


@cache
def table() -> Table:
    """Raises OSError or ValueError where points.json is missing or broken, as the program is then."""
    return from_kept(json.loads(FILE.read_text(encoding="utf-8")))


def from_kept(kept: Mapping[str, Any]) -> Table:
    """The table as points.json holds it."""
    signs = kept["signs"]
    return Table(
        tuple(kept["codes"]),
        np.array(kept["start"]),
        {name: np.array(sign["cuts"]) for name, sign in signs.items()},
        {name: np.array(sign["points"]) for name, sign in signs.items()},
        {code: np.array(points) for code, points in kept["rules"].items()},
    )


def chances(measured: Mapping[str, float], said: Mapping[str, float], known: Table | None = None) -> dict[str, float]:
    """Chance of each problem and of HEALTHY, the likeliest first. measured: signs by name. said: what the rules name, with their
    confidence. known: the table to look up, that of points.json where none is given.
    """
    known = known or table()
    total = known.start.copy()
    for name, cuts in known.cuts.items():
        value = measured.get(name)
        total += known.points[name][-1 if value is None else int(np.searchsorted(cuts, value))]
    for code, points in known.rules.items():
        total += points * ((not said) if code == HEALTHY else said.get(code, 0.0))
    shares = np.exp(total - total.max())
    shares /= shares.sum()
    order = np.argsort(-shares, kind="stable")
    return {known.codes[place]: float(shares[place]) for place in order}
