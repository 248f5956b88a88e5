from __future__ import annotations

import numpy as np
import pytest

from diagnostics.looking.bins import counts, useful_edges


@pytest.mark.parametrize("values", ["normal", "skewed", "signed", "one", "few", "huge"])
def test_every_value_lies_in_a_bin_and_no_bin_holds_nearly_all(values: str, rng: np.random.Generator) -> None:
    made = {
        "normal": (rng.normal(50, 5, 500), rng.normal(60, 5, 500)),
        "skewed": (rng.lognormal(3, 0.4, 500), 1000 * rng.lognormal(3, 0.4, 500)),
        "signed": (rng.normal(0, 1, 500), 1000 * rng.normal(0, 1, 500)),
        "one": (np.full(50, 7.0), np.full(50, 7.0)),
        "few": (rng.integers(0, 4, 500).astype(float), rng.integers(0, 4, 500).astype(float)),
        "huge": (np.array([-1.7e308, 1.7e308, np.inf, np.nan]), np.array([0.0, 1.0])),
    }[values]
    edges = useful_edges(*made, 20)
    assert list(edges) == sorted(set(edges))
    for side in made:
        found = counts(side, edges)
        assert found.sum() == np.isfinite(side).sum()
        if values in ("normal", "skewed", "signed"):
            assert found.max() < 0.7 * found.sum()


def test_nothing_has_no_bins() -> None:
    assert useful_edges(np.array([np.nan]), np.empty(0), 20) == ()
