"""Data quality: rows that repeat, contradict or stand apart, gaps, doubtful labels, and leaks that make a score look good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from diagnostics.clinic.data_quality.cleaning import clean
from diagnostics.clinic.data_quality.gaps import gaps, imputers, scalers, spreads
from diagnostics.clinic.data_quality.judge import judge
from diagnostics.clinic.data_quality.leaks import inflations, tellers
from diagnostics.clinic.data_quality.noise import noise
from diagnostics.clinic.data_quality.result import DataQuality
from diagnostics.clinic.data_quality.rows import copies, outliers
from diagnostics.clinic.data_quality.rules import RULES
from diagnostics.clinic.shared.compare import Progress, Remedy, compare, quiet
from diagnostics.clinic.shared.models import FAMILIES, pipeline
from diagnostics.clinic.shared.scores import metric_for
from diagnostics.clinic.shared.training_set import ROWS, fewer, training_set
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.words import N_

__all__ = ["RULES", "DataQuality", "Settings", "judge", "profile", "rows_at"]

TRIED_ROWS: Final = 2_000
"""Rows on which models are compared: some two hundred trainings are to end within a minute or two. Counts use all drawn."""

NOISE_ROWS: Final = 6_000
"""Rows whose labels are doubted: each is told by a model that never saw it."""


@dataclass(frozen=True)
class Settings:
    """family: of `models.FAMILIES`. rows: drawn at most. repeats: of the five folds."""

    family: str = "boosting"
    rows: int = ROWS
    repeats: int = 2


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = quiet) -> DataQuality:
    """Raises NotApplicable without a table to learn from, and ValueError for an unknown family."""
    if settings.family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, got {settings.family!r}")
    data = training_set(incident, rows=settings.rows)
    metric, seed, family = metric_for(data.task), incident.seed, settings.family
    small, repeats = fewer(data, TRIED_ROWS, seed=seed), max(1, min(settings.repeats, 10))
    before = Remedy("before", N_("all rows as they are"), lambda data, seed: pipeline(data, family, seed=seed))

    def within(start: float, end: float) -> Progress:
        return lambda share, what="", so_far=None: on_progress(start + (end - start) * share, what)

    on_progress(0.0, N_("Looking for copies and contradictions"))
    copied = copies(data, seed=seed)
    on_progress(0.04, N_("Looking for rows that stand apart"))
    strange = outliers(data, seed=seed)
    holes = gaps(data)
    leaks = inflations(small, before, metric, repeats=repeats, seed=seed, on_progress=within(0.06, 0.2))
    telling = tellers(small, family, metric, seed=seed, on_progress=within(0.2, 0.3))
    on_progress(0.3, N_("Doubting the labels"))
    doubted = noise(fewer(data, NOISE_ROWS, seed=seed), before, seed=seed) if data.task is Task.CLASSIFICATION else None
    filled = scaled = None
    if data.numbers and small.features[list(data.numbers)].isna().to_numpy().any():
        first, others = imputers(small, family)
        filled = compare(small, first, others, metric, repeats=repeats, seed=seed, on_progress=within(0.35, 0.6))
    measured, spread = family if FAMILIES[family].scaled else "neighbours", spreads(data)
    if spread > 1.5:
        first, others = scalers(measured)
        scaled = compare(small, first, others, metric, repeats=repeats, seed=seed, on_progress=within(0.6, 0.75))
    cleaned = compare(
        small, before, clean(small, before, copied), metric, repeats=repeats, seed=seed, on_progress=within(0.75, 1.0)
    )
    return DataQuality(
        data=data.described,
        family=family,
        says=metric.says,
        copies=copied,
        outliers=strange,
        gaps=holes,
        imputers=filled,
        scaling=scaled,
        scaled_by=measured if scaled else "",
        spreads=spread,
        noise=doubted,
        inflations=leaks,
        tellers=telling,
        compared=cleaned,
    )


def rows_at(incident: Incident, settings: Settings, numbers: tuple[int, ...], *, noise: bool = False) -> pd.DataFrame:
    """The rows of those numbers in the training set, every column as in the file. noise: of those that were doubted."""
    data = training_set(incident, rows=settings.rows)
    if noise:
        data = fewer(data, NOISE_ROWS, seed=incident.seed)
    known = [number for number in numbers if 0 <= number < len(data)]
    return data.frame.iloc[data.drawn[known]].reset_index(drop=True)
