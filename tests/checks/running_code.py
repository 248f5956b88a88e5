"""Runs scripts of the tests on rows made for them: what a correction proposes must run where the script runs."""

from __future__ import annotations

import ast
import contextlib
import io
import warnings
from typing import Any

import numpy as np
import pandas as pd

ROWS = 160
TEXTS = {"text", "job"}
BINARY = {"bought", "label", "y", "churn", "target", "survived", "dear", "fraud", "left"}


def rows_for(script: str) -> pd.DataFrame:
    """A table with the columns that the script names, and two numbers more."""
    rng = np.random.default_rng(0)
    named = {n.value for n in ast.walk(ast.parse(script)) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    named |= {n.attr for n in ast.walk(ast.parse(script)) if isinstance(n, ast.Attribute)} & BINARY
    columns: dict[str, Any] = {}
    for name in sorted({"age", "income"} | {n for n in named if n.isidentifier() and len(n) < 16 and n not in dir(pd.DataFrame)}):
        if name in BINARY:
            columns[name] = rng.integers(0, 2, ROWS)
        elif name in TEXTS:
            columns[name] = rng.choice(["red wine", "white wine", "old beer"], ROWS)
        elif name in ("date", "day", "when"):
            columns[name] = pd.date_range("2025-01-01", periods=ROWS).strftime("%Y-%m-%d")
        elif name not in MADE:
            columns[name] = rng.normal(50, 9, ROWS).round(1)
    return pd.DataFrame(columns)


MADE = {"before", "bfill", "rate", "city_rate", "share", "next", "smooth", "columns", "drop", "mean", "median", "C", "k"}
"""Names that scripts use for what they make, or for something else than a column."""


def run(script: str, lines: str = "") -> dict[str, Any]:
    """Run the script, then `lines` under its names; whatever either raises is raised."""
    table = rows_for(script)
    names: dict[str, Any] = {"__name__": "__main__"}
    before = pd.read_csv
    try:
        pd.read_csv = lambda *_, **__: table.copy()  # type: ignore[assignment]
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            exec(compile(script, "script", "exec"), names)
            exec(compile(lines, "lines", "exec"), names)
    finally:
        pd.read_csv = before
    return names
