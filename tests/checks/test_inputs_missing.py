from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from diagnostics.checks.inputs import missing
from diagnostics.nouns.words import words_for
from diagnostics.pictures import inputs as drawing
from tests.checks.inputs_frames import survives
from tests.factory import incident_of


def frame(rng: np.random.Generator, rows: int, start: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "when": pd.date_range(start, periods=rows, freq="h"),
            "income": rng.normal(40_000, 5_000, rows),
            "city": rng.choice(["Ulm", "Bern", "Graz"], rows),
        }
    )


def test_missing_values_that_rose_are_named_with_their_onset(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = frame(rng, 800, "2026-01-01"), frame(rng, 800, "2026-03-01")
    current.loc[400:, "income"] = np.nan
    findings = missing.judge(missing.profile(incident_of(tmp_path, reference, current, timestamp="when")))
    assert [(f.code, f.columns) for f in findings] == [("INP001", ("income",))]
    assert findings[0].since == datetime.fromisoformat(str(current["when"][400]))
    assert findings[0].statement(words_for("en")) == "Missing values in income rose from 0% to 50% of the rows."


def test_equal_shares_of_missing_values_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = frame(rng, 800, "2026-01-01"), frame(rng, 800, "2026-03-01")
    for side in (reference, current):
        side.loc[rng.random(800) < 0.2, "income"] = np.nan
    assert missing.judge(missing.profile(incident_of(tmp_path, reference, current))) == []


def test_new_infinities_are_found(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = frame(rng, 300, "2026-01-01"), frame(rng, 300, "2026-03-01")
    current.loc[:4, "income"] = np.inf
    findings = missing.judge(missing.profile(incident_of(tmp_path, reference, current)))
    assert [(f.code, f.evidence["count"]) for f in findings] == [("INP002", 5)]


def test_a_column_of_another_kind_is_counted_too(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = frame(rng, 800, "2026-01-01"), frame(rng, 800, "2026-03-01")
    current["income"] = current["income"].map(lambda v: f"{v:.0f} EUR").where(current.index % 2 == 0, None)
    findings = missing.judge(missing.profile(incident_of(tmp_path, reference, current, timestamp="when")))
    assert [(f.code, f.columns) for f in findings] == [("INP001", ("income",))]
    assert findings[0].statement(words_for("en")) == "Missing values in income rose from 0% to 50% of the rows."


def test_new_words_for_missing_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    incident = incident_of(tmp_path, frame(rng, 300, "2026-01-01"), frame(rng, 300, "2026-03-01"))
    assert incident.current is not None
    columns = tuple(replace(c, tokens=(("?", 30), ("n/a", 12))) if c.name == "income" else c for c in incident.current)
    incident = replace(incident, current=replace(incident.current, columns=columns))
    findings = missing.judge(missing.profile(incident))
    assert [(f.code, f.columns, f.evidence["tokens"]) for f in findings] == [("INP003", ("income",), ("?", "n/a"))]


def test_the_rows_without_a_value_can_be_downloaded(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = frame(rng, 300, "2026-01-01"), frame(rng, 300, "2026-03-01")
    current.loc[100:149, "income"] = np.nan
    incident = incident_of(tmp_path, reference, current)
    rows = missing.offending(incident, missing.judge(missing.profile(incident))[0])
    assert rows["row"].tolist() == list(range(101, 151))
    assert list(rows.columns) == ["row", "when", "income", "city"]


def test_odd_tables_are_survived() -> None:
    survives(missing, drawing.missing)
