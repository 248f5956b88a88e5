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

RAMP: Final = "ramp"
KINDS: Final = ("whole", *SHAPES, RAMP)


def shaped(w: World, code: str, fault: Fault, shape: str) -> tuple[Fault, str]:
    """The fault in the given shape, and the group that it lies in ("" for none).

    Raises Unsuitable where the fault is not one of values that could be right in one row and wrong in the next.
    """
    if shape == "whole":
        return fault, ""
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
    if shape == RAMP:
        if code != "unit_change":
            raise Unsuitable("only a scale drifts slowly")
        return _ramp(w, fault, clean), ""
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


def _ramp(w: World, fault: Fault, clean: pd.DataFrame) -> Fault:
    """From nothing at the onset to the whole fault in the last row; of a column whose scale drifts: half of any other fault is
    another fault.
    """
    frame = clean.copy()
    assert fault.current is not None
    grown = np.clip((np.arange(w.rows) - w.start) / max(1, w.rows - w.start - 1), 0, 1)
    for name in fault.columns:
        if clean[name].dtype.kind not in "iuf" or fault.current[name].dtype.kind not in "iuf":
            raise Unsuitable("only numbers drift slowly")
        before, after = clean[name].astype("float64"), fault.current[name].astype("float64")
        frame[name] = before + (after - before) * grown
    return replace(fault, style=f"{fault.style}, ramp", current=frame)
