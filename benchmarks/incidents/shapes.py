"""How a fault of values lies in the rows: from the onset on, in some rows, in one group, for a while, or growing slowly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.incidents.world import Fault, Unsuitable, World

FEWEST: Final = 12
"""Rows at fault below which nobody could tell."""


def partial(w: World, at_fault: np.ndarray) -> tuple[np.ndarray, str]:
    """A tenth or a twentieth of the rows after the onset."""
    return at_fault & (w.rng.random(w.rows) < float(w.pick((0.05, 0.1)))), ""


def ended(w: World, at_fault: np.ndarray) -> tuple[np.ndarray, str]:
    """The fault was mended before the table ends."""
    last = w.start + int((w.rows - w.start) * w.rng.uniform(0.35, 0.7))
    return at_fault & (np.arange(w.rows) < last), ""


def in_group(w: World, at_fault: np.ndarray) -> tuple[np.ndarray, str]:
    """Rows of one level of a column that is not at fault itself."""
    frame = w.clean()
    names = [str(n) for n in frame if n != w.target and frame[n].dtype.kind not in "f" and 2 <= frame[n].nunique() <= 20]
    for name in w.rng.permutation(names):
        shares = frame[name].value_counts(normalize=True)
        levels = [level for level, share in shares.items() if 0.1 <= share <= 0.5]
        if levels:
            level = levels[int(w.rng.integers(len(levels)))]
            return at_fault & (frame[name] == level).to_numpy(), f"{name} = {level}"
    raise Unsuitable("no column with groups of a fitting size")


SHAPES: Final[Mapping[str, Callable[[World, np.ndarray], tuple[np.ndarray, str]]]] = {
    "partial": partial,
    "ended": ended,
    "group": in_group,
}
"""Name to a function from all rows at fault to those that stay so, and the group in words."""

SLICES: Final = 25
"""Stretches of time over which a population drifts."""

RAMP: Final = "ramp"
KINDS: Final = ("whole", *SHAPES, RAMP)


def shaped(w: World, code: str, fault: Fault, shape: str) -> tuple[Fault, str]:
    """The fault in the given shape, and the group that it lies in ("" for none).

    Raises Unsuitable where the fault is not one of values that could be right in one row and wrong in the next.
    """
    if shape == "whole":
        return fault, ""
    if shape == RAMP:
        if code != "covariate_drift":
            raise Unsuitable("a ramp is a drift, whatever its cause")
        return _ramp(w), ""
    clean, current = w.clean(), fault.current
    same = current is not None and len(current) == len(clean) and list(current) == list(clean) and fault.reference is None
    if (
        not same
        or current is None
        or fault.model is not None
        or fault.answers is not None
        or fault.repeat is not None
        or fault.extra
    ):
        raise Unsuitable(f"no {shape} of such a fault")
    stay, group = SHAPES[shape](w, w.after)
    names = [name for name in fault.columns if name in clean]
    changed = np.zeros(w.rows, dtype=bool)
    for name in names:
        changed |= (current[name].astype(str) != clean[name].astype(str)).to_numpy()
    if group and any(group.startswith(f"{name} = ") for name in names):
        raise Unsuitable("the group's own column is at fault")
    if (stay & changed).sum() < FEWEST:
        raise Unsuitable("too few rows at fault")
    seen = None if fault.seen is None else _where(fault.seen, clean, stay, names)
    return replace(fault, style=f"{fault.style}, {shape}", current=_where(current, clean, stay, names), seen=seen), group


def _where(faulty: pd.DataFrame, clean: pd.DataFrame, stay: np.ndarray, names: list[str]) -> pd.DataFrame:
    frame = clean.copy()
    for name in names:
        values = faulty[name].astype(object).where(stay, clean[name].astype(object))
        frame[name] = values if faulty[name].dtype == object else values.infer_objects()
    return frame


def _ramp(w: World) -> Fault:
    """From nothing at the onset to the whole change in the last row: an instrument that drifts, or a population that does."""
    frame, name = w.clean(), w.used(number=True, many=20)[0]
    grown = np.clip((np.arange(w.rows) - w.start) / max(1, w.rows - w.start - 1), 0, 1)
    values = frame[name].astype("float64")
    spread = float(w.reference[name].astype("float64").std())
    style = str(w.pick(("offset", "scale", "population")))
    sign = float(w.pick((-1.0, 1.0)))
    if style == "offset":
        frame[name] = values + sign * w.by_severity((0.8, 1.2), (1.2, 2.0), (2.0, 3.0)) * spread * grown
    elif style == "scale":
        factor = w.by_severity((1.3, 1.6), (1.6, 2.2), (2.2, 3.0))
        frame[name] = values * (1 + (factor - 1) * grown)
    else:
        frame = _population(w, name, sign * w.by_severity((3.0, 4.0), (4.0, 6.0), (6.0, 9.0)), grown)
    return Fault(f"{style} ramp", (name,), current=frame)


def _population(w: World, name: str, strength: float, grown: np.ndarray) -> pd.DataFrame:
    """Rows of the pool without replacement, ever more of them from one end of the column."""
    ranks = w.pool[name].astype("float64").rank(pct=True).fillna(0.5).to_numpy() - 0.5
    left = w.rng.permutation(len(w.pool))
    chosen: list[int] = []
    for part in np.array_split(np.arange(w.rows), SLICES):
        keys = strength * grown[part].mean() * ranks[left] + w.rng.gumbel(size=left.size)
        order = np.argsort(-keys, kind="stable")
        chosen += left[order[: part.size]].tolist()
        left = left[np.sort(order[part.size :])]
    return w.pool.iloc[chosen].reset_index(drop=True)
