"""Bounded, seeded rows of both tables, aligned: the same features, in the kinds that the reference has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure import engine
from diagnostics.nouns.incident import Incident, Roles, Sides
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.table import Kind, Table
from diagnostics.nouns.words import N_


@dataclass(frozen=True)
class Samples:
    """Rows of both tables.

    reference, current: frames with the columns by name, in file order; shapes (n, p) and (m, q). Features have the kind
        that the reference gives them: a number that became text is NaN where it cannot be read as a number.
    features: names of the columns both have that play no other role.
    kinds: kind of each feature.
    whole: rows of the full tables that these were drawn from.
    """

    reference: pd.DataFrame
    current: pd.DataFrame
    features: tuple[str, ...]
    kinds: Mapping[str, Kind]
    whole: Sides[int]

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(name for name in self.features if self.kinds[name] is Kind.NUMBER)

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(name for name in self.features if self.kinds[name] is Kind.CATEGORY)


def samples(incident: Incident, *, rows: int = engine.SAMPLE_ROWS) -> Samples:
    """Raises NotApplicable when a table is missing or the two share no feature. Do not change the frames in place."""
    tables = incident.pair()
    return aligned(tables.reference, tables.current, incident.roles, rows, incident.seed)


@lru_cache(maxsize=8)
def aligned(reference: Table, current: Table, roles: Roles, rows: int, seed: int) -> Samples:
    left, right = engine.sample(reference, rows=rows, seed=seed), engine.sample(current, rows=rows, seed=seed + 1)
    shared = [c for c in reference if c.name in current]
    features = tuple(c.name for c in shared if c.name not in roles.named and c.kind is not Kind.NESTED)
    if not features:
        raise NotApplicable(
            N_("The two tables have no feature column in common: check that they are of the same model."), needs="current"
        )
    right = right.copy(deep=False)
    left = left.copy(deep=False)
    for column in shared:
        other = current[column.name].kind
        if other is column.kind:
            continue
        if column.kind is Kind.NUMBER:
            right[column.name] = as_number(right[column.name])
        elif column.kind is Kind.TIME:
            right[column.name] = as_time(right[column.name])
        else:
            right[column.name] = as_level(right[column.name])
    return Samples(left, right, features, {c.name: c.kind for c in shared}, Sides(reference.rows, current.rows))


def as_number(values: pd.Series) -> pd.Series:
    if values.dtype.kind == "M":
        return pd.Series(engine.seconds(values), index=values.index)
    return pd.to_numeric(values, errors="coerce").astype("float64")


def as_time(values: pd.Series) -> pd.Series:
    if values.dtype.kind == "f":
        return pd.Series(pd.NaT, index=values.index, dtype="datetime64[us]")
    return pd.to_datetime(values, errors="coerce", format="ISO8601", utc=True).dt.tz_localize(None).astype("datetime64[us]")


def as_level(values: pd.Series) -> pd.Series:
    """Values as level names: 1.0 and 1 are one level, a missing value stays None. dtype object, shape (n,)."""
    if values.dtype.kind == "f":
        # Each different value is named once: columns of levels hold few.
        distinct, place = np.unique(values.to_numpy("float64"), return_inverse=True)
        named = [None if np.isnan(v) else str(int(v)) if v.is_integer() else repr(v) for v in distinct.tolist()]
        return pd.Series(np.array(named, dtype=object)[place], index=values.index, dtype=object)
    if values.dtype.kind == "M":
        return pd.Series([None if pd.isna(v) else v.isoformat() for v in values], index=values.index, dtype=object)
    return values.astype(object).where(values.notna(), None)


def times(frame: pd.DataFrame, timestamp: str | None) -> NDArray[np.datetime64] | None:
    """The rows' times as datetime64[us], shape (n,), NaT where missing; None without a time column."""
    if timestamp is None or timestamp not in frame or frame[timestamp].dtype.kind != "M":
        return None
    return frame[timestamp].to_numpy("datetime64[us]")


@dataclass(frozen=True)
class Encoder:
    """Features as a float64 matrix for trees, learnt on the reference and applicable to any frame with its columns.

    Categories become the rank of their share in the reference (0 the commonest); levels that the reference lacks become
    `cap`; missing values stay NaN; times become seconds since 1970; infinities the largest float32.
    """

    features: tuple[str, ...]
    kinds: Mapping[str, Kind]
    ranks: Mapping[str, Mapping[object, float]]
    cap: int = 100

    def matrix(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Shape (len(frame), len(features))."""
        limit = float(np.finfo(np.float32).max)
        return np.clip(np.column_stack([self._column(frame[name], name) for name in self.features]), -limit, limit)

    def _column(self, values: pd.Series, name: str) -> NDArray[np.float64]:
        if self.kinds[name] is not Kind.CATEGORY:
            return engine.seconds(values)
        codes = values.map(self.ranks[name]).to_numpy("float64", na_value=np.nan)
        return np.where(np.isnan(codes) & values.notna().to_numpy(), float(self.cap), codes)


def encoder(samples: Samples, *, cap: int = 100) -> Encoder:
    ranks = {}
    for name in samples.categories:
        counts = samples.reference[name].value_counts()
        ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
        ranks[name] = {level: float(min(rank, cap - 1)) for rank, (level, _) in enumerate(ordered)}
    return Encoder(samples.features, samples.kinds, ranks, cap)
