"""The scoring tables: which problem is likeliest under all signs and symptoms of a run together.

Every sign has cuts, and every stretch between two of them gives or takes points for each problem; a symptom gives points where
it is there; a sign that a file does not hold has points of its own. The points of a problem add up, and its chance is its share
of their exponentials (a multinomial logistic model, additive in its signs: Hastie & Tibshirani 1986,
doi:10.1214/ss/1177013604). There is a table for each kind of file: where gradients are recorded they say most, and the shape of
the loss says little. The numbers in points.json are written by benchmarks/training/fit.py and by nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.training_history.history import RATE, History

FILE: Final = Path(__file__).parent / "points.json"
HEALTHY: Final = ""


@dataclass(frozen=True)
class Table:
    """codes: the problems and HEALTHY.
    start: points of each before anything is known, shape (codes,).
    cuts: of each sign, rising.
    points: of each sign, shape (cuts + 2, codes): one row a stretch, the last where the sign is not there.
    symptoms: points of each symptom, by its name, shape (codes,).
    """

    codes: tuple[str, ...]
    start: NDArray[np.float64]
    cuts: Mapping[str, NDArray[np.float64]]
    points: Mapping[str, NDArray[np.float64]]
    symptoms: Mapping[str, NDArray[np.float64]]


LAYERS, WITH_RATE, LOSSES, ALONE = "layers", "rate", "losses", "alone"
KINDS: Final = (LAYERS, WITH_RATE, LOSSES, ALONE)
"""Files with signs of each layer; else with a learning rate; else with more than one curve; else with the training loss alone."""


def kind_of(history: History) -> str:
    """One of KINDS."""
    if history.layers:
        return LAYERS
    if history.curve(RATE) is not None:
        return WITH_RATE
    return LOSSES if len(history.curves) > 1 else ALONE


@cache
def tables() -> Mapping[str, Table]:
    """The table of each of KINDS. Raises OSError or ValueError where points.json is missing or broken."""
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    return {kind: from_kept(kept[kind]) for kind in KINDS}


def from_kept(kept: Mapping[str, Any]) -> Table:
    """One table of points.json."""
    signs = kept["signs"]
    return Table(
        tuple(kept["codes"]),
        np.array(kept["start"]),
        {name: np.array(sign["cuts"]) for name, sign in signs.items()},
        {name: np.array(sign["points"]) for name, sign in signs.items()},
        {name: np.array(points) for name, points in kept["symptoms"].items()},
    )


def chances(found: Mapping[str, float], symptoms: Collection[str], known: Table) -> dict[str, float]:
    """Chance of each problem and of HEALTHY, the likeliest first. found: signs by name. symptoms: names of those there."""
    total = known.start.copy()
    for name, cuts in known.cuts.items():
        value = found.get(name)
        total += known.points[name][-1 if value is None else int(np.searchsorted(cuts, value))]
    for name, points in known.symptoms.items():
        if name in symptoms:
            total += points
    shares = np.exp(total - total.max())
    shares /= shares.sum()
    order = np.argsort(-shares, kind="stable")
    return {known.codes[place]: float(shares[place]) for place in order}
