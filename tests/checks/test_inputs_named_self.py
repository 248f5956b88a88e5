"""A column may be called "self", as one of an excerpt from a survey was: no way back may pass names as keywords."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.inputs import formats
from diagnostics.checks.inputs.categories import check as categories
from diagnostics.checks.inputs.swaps import check as swaps
from diagnostics.checks.inputs.units import check as units
from diagnostics.measure.frames import with_columns
from diagnostics.measure.outcome import outcome
from diagnostics.measure.samples import samples
from tests.checks.inputs_frames import check, pair, undone
from tests.factory import incident_of


def rescaled(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(income=rows["income"] * 1000)


def exchanged(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(income=rows["age"], age=rows["income"])


def written(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(income=[f"{value:,.2f} EUR" for value in rows["income"]])


def renamed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(city=rows["city"].str.upper())


@pytest.mark.parametrize(
    ("module", "name", "fault"),
    [
        (units, "income", rescaled),
        (swaps, "income", exchanged),
        (formats, "income", written),
        (categories, "city", renamed),
    ],
)
def test_the_way_back_is_found_for_it(tmp_path: Path, rng: np.random.Generator, module: Any, name: str, fault: Any) -> None:
    reference, current = pair(rng)
    as_self = {name: "self"}
    incident = incident_of(tmp_path, reference.rename(columns=as_self), fault(current).rename(columns=as_self), timestamp="when")
    found = next(finding for finding in check(module, incident) if "self" in finding.columns)
    after = undone(module, incident, found)
    if reference[name].dtype.kind == "f":
        assert after["self"].median() == pytest.approx(current[name].median(), rel=0.02)
    else:
        assert after["self"].tolist() == current[name].tolist()


def test_labels_may_be_called_so(tmp_path: Path, rng: np.random.Generator) -> None:
    rows = pd.DataFrame({"x": rng.normal(size=60), "score": rng.random(60), "self": rng.integers(0, 2, 60)})
    # Labels that became words are read as they are written, and only then compared.
    later = with_columns(rows, {"self": np.where(rows["self"] == 1, "1.0", "False")})
    incident = incident_of(tmp_path, rows, later, target="self", prediction="score", positive="1")
    loss = outcome(incident, samples(incident)).loss("current")
    assert loss is not None
    assert np.isfinite(loss).all()
