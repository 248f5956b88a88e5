from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.inputs import formats
from diagnostics.checks.inputs.notation import classify, number
from diagnostics.pictures import inputs as drawing
from tests.checks.inputs_frames import ONSET, check, drawn, pair, survives, told, undone
from tests.factory import incident_of


def written(values: pd.Series, how: str) -> pd.Series:
    notations = {
        "decimal comma": lambda v: f"{v:.2f}".replace(".", ","),
        "thousands": lambda v: f"{v:,.2f}",
        "glued unit": lambda v: f"{v:.2f} EUR",
        "percent": lambda v: f"{v:.2f}%",
        "text": lambda v: "not yet known",
    }
    return values.map(notations[how])


@pytest.mark.parametrize("how", ["decimal comma", "thousands", "glued unit", "percent", "text"])
def test_numbers_written_differently_are_named_with_the_notation(tmp_path: Path, rng: np.random.Generator, how: str) -> None:
    reference, current = pair(rng)
    plain = current["income"].map(lambda v: f"{v:.2f}").astype(object)
    plain[ONSET:] = written(current["income"][ONSET:], how)
    incident = incident_of(tmp_path, reference, current.assign(income=plain), timestamp="when")
    findings = check(formats, incident)
    assert told(findings) == [("INP021" if how == "text" else "INP020", ("income",))]
    assert findings[0].evidence["notation"] == how
    assert findings[0].evidence["share"] == pytest.approx(0.5, abs=0.01)
    assert findings[0].since == current["when"][ONSET].to_pydatetime()
    assert len(formats.offending(incident, findings[0])) == len(current) - ONSET
    right = current["income"].where(current.index < ONSET, current["income"] / (100 if how == "percent" else 1))
    if how == "text":
        right = right[:ONSET]  # No word becomes a number again: its rows are left out.
    assert undone(formats, incident, findings[0])["income"].to_numpy() == pytest.approx(right.to_numpy())
    assert drawn(drawing.formats, formats.profile(incident), findings)[1] is not None


def test_a_comma_is_read_as_the_reference_suggests(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    for side in (reference, current):
        side["weight"] = rng.normal(12.5, 1.0, len(side)).round(3)
    texts = current["weight"].map(lambda v: f"{v:.3f}".replace(".", ","))
    findings = check(formats, incident_of(tmp_path, reference, current.assign(weight=texts), timestamp="when"))
    assert findings[0].evidence["notation"] == "decimal comma"


@pytest.mark.parametrize(
    ("text", "notation", "value"),
    [
        ("12.5", "plain", 12.5),
        ("-1e3", "plain", -1000.0),
        ("1.234,5", "decimal comma", 1234.5),
        ("1,234,567.8", "thousands", 1234567.8),
        ("1 234 567", "thousands", 1234567.0),
        ("12kg", "glued unit", 12.0),
        ("$12", "glued unit", 12.0),
        ("12 %", "percent", 0.12),
        ("(12.5)", "negative in brackets", -12.5),
        ("'12'", "quoted", 12.0),
        ("hello", "text", float("nan")),
    ],
)
def test_notations_are_told_apart_and_read(text: str, notation: str, value: float) -> None:
    assert classify(text) == notation
    assert number(text, notation) == pytest.approx(value, nan_ok=True)


def test_another_date_format_is_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    reference["born"] = reference["when"] - pd.Timedelta(days=9_000)
    current["born"] = (current["when"] - pd.Timedelta(days=9_000)).dt.strftime("%d/%m/%Y")
    assert told(check(formats, incident_of(tmp_path, reference, current, timestamp="when"))) == [("INP022", ("born",))]


def test_day_and_month_exchanged_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    when = current["when"]
    swapped = [t.replace(day=t.month, month=t.day) if t.day <= 12 and i >= ONSET else t for i, t in enumerate(when)]
    findings = check(formats, incident_of(tmp_path, reference, current.assign(when=swapped), timestamp="when"))
    assert told(findings) == [("INP023", ("when",))]


def test_plain_numbers_and_times_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    assert check(formats, incident_of(tmp_path, *pair(rng), timestamp="when")) == []


def test_odd_tables_are_survived() -> None:
    survives(formats, drawing.formats)
