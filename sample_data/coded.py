"""An incident whose cause stands in the training notebook: columns were chosen with all rows, the test rows among them."""

from __future__ import annotations

import json
from typing import Final

import numpy as np
import pandas as pd
from writing import events, files, ids, linear, scores, split, times

PATIENTS, MARKERS, KEPT, LIVE = 560, 900, 14, 2400

NOTEBOOK: Final = (
    ("markdown", "# Who comes back within a month?\n900 markers of each patient, taken at discharge."),
    ("code", "import pandas as pd\nfrom sklearn.feature_selection import SelectKBest, f_classif\n"
     "from sklearn.linear_model import LogisticRegression\nfrom sklearn.model_selection import train_test_split\n"
     "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler"),
    ("code", "%matplotlib inline\nmarkers = pd.read_csv('markers.csv', parse_dates=['seen_at'])\nmarkers.shape"),
    ("markdown", "Far too many columns. The 14 with the clearest relation will do."),
    ("code", "X = markers.drop(columns=['patient', 'seen_at', 'returned'])\ny = markers['returned']\n"
     "best = SelectKBest(f_classif, k=14).fit(X, y)\nX = X[X.columns[best.get_support()]]"),
    ("code", "X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=4)\n"
     "model = make_pipeline(StandardScaler(), LogisticRegression())\nmodel.fit(X_train, y_train)\nmodel.score(X_test, y_test)"),
    ("markdown", "Good enough. To production with it."),
)  # fmt: skip


def preprocessing_leakage() -> dict[str, str]:
    """Of 900 columns of noise, those that go with the answer by chance are kept; in production chance does not repeat."""
    rng = np.random.default_rng(202631)
    train, before = _chosen(rng)
    after = _patients(rng, LIVE, list(train))
    model = linear("classification", train.drop(columns="returned"), train["returned"])
    seen = times(rng, LIVE, "2026-04-06", "2026-05-03")
    return files(
        incident={
            "title": "Readmission model: nurses say its list is no better than a coin",
            "task": "classification",
            "target": "returned",
            "prediction": "return_score",
            "timestamp": "seen_at",
            "id": "patient",
            "positive": "yes",
            "events": events(("2026-04-06 00:00", "model 1.0 goes live")),
        },
        expected={
            "cause": "preprocessing_leakage",
            "columns": [],
            "since": None,
            "about": "Simulated patients: 14 of 900 columns were chosen with the test rows' answers, before the split.",
        },
        reference=_logged(before, times(rng, len(before), "2025-11-03", "2026-01-25"), model, 1000),
        # Whether somebody comes back is known a month later.
        current=_logged(after, seen, model, 200_000).drop(columns="returned"),
        more={"code/training.ipynb": _notebook()},
    )


def _chosen(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test rows with the columns that look best on both."""
    frame = pd.DataFrame(rng.normal(50, 10, (PATIENTS, MARKERS)).round(1), columns=[f"marker_{n}" for n in range(1, MARKERS + 1)])
    returned = rng.random(PATIENTS) < 0.45
    gap = (frame[returned].mean() - frame[~returned].mean()).abs()
    kept = sorted(gap.nlargest(KEPT).index, key=lambda name: int(name.split("_")[1]))
    frame = frame[kept].assign(returned=np.where(returned, "yes", "no"))
    train, test = split(rng, PATIENTS, PATIENTS // 2, PATIENTS // 2)
    return frame.iloc[train].reset_index(drop=True), frame.iloc[test].reset_index(drop=True)


def _patients(rng: np.random.Generator, rows: int, columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rng.normal(50, 10, (rows, len(columns) - 1)).round(1), columns=columns[:-1])
    return frame.assign(returned=np.where(rng.random(rows) < 0.45, "yes", "no"))


def _logged(frame: pd.DataFrame, seen: pd.DatetimeIndex, model: object, first: int) -> pd.DataFrame:
    logged = pd.DataFrame({"patient": ids("P", len(frame), first), "seen_at": seen})
    logged = pd.concat([logged, frame], axis=1)
    logged["return_score"] = scores(model, frame.drop(columns="returned"), "yes")
    return logged


def _notebook() -> str:
    cells = []
    for number, (kind, source) in enumerate(NOTEBOOK):
        cell: dict[str, object] = {
            "cell_type": kind,
            "id": f"cell-{number}",
            "metadata": {},
            "source": source.splitlines(keepends=True),
        }
        if kind == "code":
            cell |= {"execution_count": sum(k == "code" for k, _ in NOTEBOOK[: number + 1]), "outputs": []}
        cells.append(cell)
    meta = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": cells, "metadata": meta, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"
