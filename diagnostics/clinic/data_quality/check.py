"""Data quality: rows that repeat, contradict or stand apart, gaps, doubtful labels, and leaks that make a score look good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from diagnostics.clinic.data_quality.cleaning import propose_cleaning
from diagnostics.clinic.data_quality.gaps import gaps, measure_spreads, propose_imputers, propose_scalers
from diagnostics.clinic.data_quality.judge import judge
from diagnostics.clinic.data_quality.leaks import measure_inflation, score_single_columns
from diagnostics.clinic.data_quality.noise import noise
from diagnostics.clinic.data_quality.result import DataQuality
from diagnostics.clinic.data_quality.rows import find_copies, find_outliers
from diagnostics.clinic.data_quality.rules import RULES
from diagnostics.clinic.shared.compare import Progress, Remedy, compare, ignore_progress
from diagnostics.clinic.shared.models import FAMILIES, pipeline
from diagnostics.clinic.shared.scores import metric_for
from diagnostics.clinic.shared.training_set import ROWS, sample_rows, training_set
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.words import N_

__all__ = ["RULES", "DataQuality", "Settings", "judge", "profile", "rows_at"]

TRIED_ROWS: Final = 2_000
"""Rows on which models are compared: some two hundred trainings should end within two minutes. Counts use every sampled row."""

NOISE_ROWS: Final = 6_000
"""Rows whose labels are checked, each by a model that never saw it."""


@dataclass(frozen=True)
class Settings:
    """What to examine."""

    family: str = "boosting"
    """One of `models.FAMILIES`."""

    rows: int = ROWS
    """Rows drawn at most."""

    repeats: int = 2
    """Repeats of the five folds."""


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = ignore_progress) -> DataQuality:
    """Raises NotApplicable without a table to learn from, and ValueError for an unknown family."""
    if settings.family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, got {settings.family!r}")
    data = training_set(incident, rows=settings.rows)
    metric, seed, family = metric_for(data.task), incident.seed, settings.family
    small, repeats = sample_rows(data, TRIED_ROWS, seed=seed), max(1, min(settings.repeats, 10))
    before = Remedy(name="before", says=N_("all rows as they are"), build=lambda data, seed: pipeline(data, family, seed=seed))

    def within(start: float, end: float) -> Progress:
        return lambda share, what="", so_far=None: on_progress(start + (end - start) * share, what)

    on_progress(0.0, N_("Looking for copies and contradictions"))
    copied = find_copies(data, seed=seed)
    on_progress(0.04, N_("Looking for rows that stand apart"))
    strange = find_outliers(data, seed=seed)
    holes = gaps(data)
    leaks = measure_inflation(small, before, metric, repeats=repeats, seed=seed, on_progress=within(0.06, 0.2))
    telling = score_single_columns(small, family, metric, seed=seed, on_progress=within(0.2, 0.3))
    on_progress(0.3, N_("Doubting the labels"))
    doubted = noise(sample_rows(data, NOISE_ROWS, seed=seed), before, seed=seed) if data.task is Task.CLASSIFICATION else None
    filled = scaled = None
    if data.numbers and small.features[list(data.numbers)].isna().to_numpy().any():
        first, others = propose_imputers(small, family)
        filled = compare(small, first, others, metric, repeats=repeats, seed=seed, on_progress=within(0.35, 0.6))
    measured, spread = family if FAMILIES[family].scaled else "neighbours", measure_spreads(data)
    if spread > 1.5:
        first, others = propose_scalers(measured)
        scaled = compare(small, first, others, metric, repeats=repeats, seed=seed, on_progress=within(0.6, 0.75))
    cleaned = compare(
        small, before, propose_cleaning(small, before, copied), metric, repeats=repeats, seed=seed, on_progress=within(0.75, 1.0)
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
        data = sample_rows(data, NOISE_ROWS, seed=incident.seed)
    known = [number for number in numbers if 0 <= number < len(data)]
    return data.frame.iloc[data.drawn[known]].reset_index(drop=True)
