"""Frames and shortcuts that the tests of the inputs step share."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pandas as pd

from diagnostics.measure.samples import samples
from diagnostics.measure.undo import Undo
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import words_for
from diagnostics.pictures.as_plotly import figure
from diagnostics.pictures.as_svg import svg
from diagnostics.pictures.style import DARK
from tests.factory import incident_of

ONSET = 500
"""Row of the current frame from which the tests put their fault in."""


def frame(rng: np.random.Generator, rows: int = 1_000, start: str = "2026-01-01") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "when": pd.date_range(start, periods=rows, freq="h"),
            "income": np.round(np.exp(rng.normal(10.6, 0.5, rows)), 2),
            "age": rng.integers(18, 90, rows).astype("float64"),
            "visits": rng.poisson(3.0, rows).astype("float64"),
            "city": rng.choice(["Ulm", "Bern", "Graz", "Genf"], rows, p=[0.5, 0.25, 0.15, 0.1]),
            "member": rng.choice(["Yes", "No"], rows, p=[0.7, 0.3]),
        }
    )


def pair(rng: np.random.Generator, rows: int = 1_000) -> tuple[pd.DataFrame, pd.DataFrame]:
    return frame(rng, rows), frame(rng, rows, "2026-06-01")


def check(module: Any, incident: Incident) -> list[Finding]:
    """The findings of `module`, after every sentence, picture and download of theirs has been made."""
    profile = module.profile(incident)
    findings = sorted(module.judge(profile), key=lambda f: f.rank)
    words = words_for("en")
    for finding in findings:
        said = finding.statement(words)
        assert "{" not in said
        assert "nan" not in said
        for message in (finding.rule.title, finding.rule.why, finding.rule.remedy, finding.rule.statistic):
            assert words(message)
        if hasattr(module, "offending"):
            rows = module.offending(incident, finding)
            assert list(rows.columns[1:]) == list(incident.pair().current.names)
        if hasattr(module, "undo"):
            undone(module, incident, finding)
    return findings


def undone(module: Any, incident: Incident, finding: Finding) -> pd.DataFrame:
    """The current sample without the fault of `finding`: repaired, or without the rows at fault. It is left as it was."""
    sample = samples(incident).current
    before = sample.copy()
    undo = module.undo(finding, incident)
    assert isinstance(undo, Undo)
    after = sample
    if undo.repair is not None:
        after = undo.repair(sample)
        assert list(after.columns) == list(sample.columns)
        assert len(after) == len(sample)
    elif undo.faulty is not None:
        after = sample[~undo.faulty(sample)]
    pd.testing.assert_frame_equal(sample, before)
    return after


def drawn(draw: Callable[..., Any], profile: Any, findings: list[Finding]) -> list[Any]:
    """The pictures of none and of every finding, having been drawn both ways."""
    words = words_for("en")
    shapes = [draw(profile, f, words) for f in (None, *findings)]
    for shape in shapes:
        if shape is not None:
            assert figure(shape, words, DARK).data
            assert svg(shape, words, "what it shows")
    return shapes


def told(findings: list[Finding]) -> list[tuple[str, tuple[str, ...]]]:
    return [(f.code, f.columns) for f in findings if f.severity != "info"]


@cache
def hostile() -> list[Incident]:
    """Small and odd tables: all null, constant, three rows, infinities, names with markup, many columns, no time, other kinds."""
    folder = Path(mkdtemp(prefix="odd-tables-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    rng = np.random.default_rng(7)
    few = frame(rng, 3)
    odd = frame(rng, 60)
    odd["empty"] = np.nan
    odd["same"] = 1.0
    odd["huge"] = np.where(rng.random(60) < 0.5, np.inf, -np.inf)
    odd["<b>$x$</b>'\"; DROP"] = rng.choice(["<script>", "'; --", "=1+1", None], 60)
    odd["no text"] = None
    wide = pd.DataFrame(rng.normal(size=(30, 40)), columns=[f"c{i}" for i in range(40)])
    turned = odd.assign(income=odd["income"].astype(str) + " EUR", age="old", city=1.0, when=odd["when"].astype(str))
    return [
        incident_of(folder / "few", odd, few, timestamp="when"),
        incident_of(folder / "few2", few, odd, timestamp="when"),
        incident_of(folder / "odd", odd, odd, timestamp="when"),
        incident_of(folder / "bare", odd, odd),
        incident_of(folder / "wide", wide, wide * 1000),
        incident_of(folder / "turned", odd, turned, timestamp="when"),
        incident_of(folder / "back", turned, odd, timestamp="when"),
        incident_of(folder / "none", odd, few.iloc[:0], timestamp="when"),
    ]


def survives(module: Any, draw: Callable[..., Any]) -> None:
    """The tables are written and read once for all checks."""
    for incident in hostile():
        try:
            profile = module.profile(incident)
        except NotApplicable as reason:
            reason.statement(words_for("en"))
            continue
        drawn(draw, profile, check(module, incident))
