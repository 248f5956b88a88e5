"""A watch of a shop on disk, in a database of its own, and a clock that a test sets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmarks.watch.series import predicted, rows_of
from diagnostics.keep import database, store
from diagnostics.watch.command import kept
from diagnostics.watch.records import Watch
from tests.postgres import postgres  # noqa: F401

FIRST = "2025-03-03"
"""A Monday, after eight weeks of reference."""


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database of either kind."""
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))
    monkeypatch.delenv(database.SETTING, raising=False)
    if request.param == "postgresql":
        monkeypatch.setenv(database.SETTING, request.getfixturevalue("postgres"))
        with database.opened(write=True) as con:
            con.exec_driver_sql("DELETE FROM watches")
    yield
    database.forget()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))
    monkeypatch.delenv(database.SETTING, raising=False)
    yield tmp_path
    database.forget()


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("watch") / "reference.csv"
    rows_of(np.random.default_rng(3), "2025-01-06", 56, 150).to_csv(file, index=False)
    return file


@pytest.fixture(scope="session")
def days() -> list[pd.DataFrame]:
    """Thirty healthy days."""
    frame = rows_of(np.random.default_rng(4), FIRST, 30, 150)
    return [part.reset_index(drop=True) for _, part in frame.groupby(frame["when"].dt.date)]


def broken(day: pd.DataFrame) -> pd.DataFrame:
    """The amounts in cents."""
    part = day.assign(amount=day["amount"] * 100)
    return part.assign(score=predicted(part))


def moment(day: int, hour: int = 12) -> datetime:
    """Noon after day number `day` was over."""
    return datetime.fromisoformat(FIRST).replace(tzinfo=UTC) + timedelta(days=day + 1, hours=hour)


def put(folder: Path, day: int, rows: pd.DataFrame) -> Path:
    """The file of day number `day`, as a job writes it in the night."""
    folder.mkdir(parents=True, exist_ok=True)
    name = (datetime.fromisoformat(FIRST) + timedelta(days=day)).date().isoformat()
    file = folder / f"shop-{name}.csv"
    rows.to_csv(file, index=False)
    # What was written this very moment may not be complete, and is left alone.
    os.utime(file, (1.7e9, 1.7e9))
    return file


def stated(folder: Path, history: Path, /, **more: object) -> Path:
    """A watch.yaml in `folder`, whose batches are files in its folder "in"."""
    (folder / "in").mkdir(parents=True, exist_ok=True)
    held = {
        "name": "shop",
        "reference": str(history),
        "source": {"kind": "folder", "address": "in", "pattern": "*.csv"},
        "every": "day",
        "task": "classification",
        "target": "label",
        "prediction": "score",
        "timestamp": "when",
        "id": "id",
        "positive": 1,
        "labels": {"days": 3650},
        **more,
    }
    file = folder / "watch.yaml"
    file.write_text(yaml.safe_dump(held), encoding="utf-8")
    return file


def watching(folder: Path, history: Path, /, **more: object) -> Watch:
    return kept(stated(folder, history, **more))
