"""Tables for the training benchmark: sklearn's bundled ones and made ones; some are kept apart for the score."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

TUNE: Final = ("digits", "breast_cancer", "moons", "blobs", "friedman1", "plane", "classes5")
SCORE: Final = ("wine", "circles", "quantiles", "diabetes", "friedman3", "classes3")


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
        case _:
            raise ValueError(f"table must be one of {TUNE + SCORE}, got {name!r}")
    order = rng.permutation(len(x))[:rows]
    regression = name in ("diabetes", "friedman1", "friedman3", "plane")
    return np.asarray(x)[order], np.asarray(y)[order], 0 if regression else int(np.max(y)) + 1
