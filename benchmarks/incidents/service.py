"""Are causes outside the tables told beside tables? ``python benchmarks/incidents/service.py [--only TEXT]``

Simulated customers and their scores, beside logs, metrics, package lists, settings and code: one fault outside the tables with
healthy tables or with answers that moved since a release; one fault in the tables beside differences that harm nobody; and
nothing but such differences. Prints every case, then how often the first cause is right and how often a control was accused.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Final

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MODEL_CLINIC_THREADS"):
    os.environ.setdefault(variable, "1")
ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "sample_data")]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import worlds  # noqa: E402
import yaml  # noqa: E402
from writing import BUSY, csv, ids, linear, scores, times  # noqa: E402

ROWS: Final = 1200
SINCE: Final = datetime(2026, 6, 9, 6, 30)
FIRST: Final = datetime(2026, 6, 1)
DAYS: Final = 14
STEP: Final = 10
"""Minutes between two rows of metrics."""

FREEZE: Final = (
    "# Python 3.11.9\nfastapi==0.115.6\ngunicorn==23.0.0\njoblib==1.4.2\nnumpy==1.26.4\npandas==2.2.3\npydantic==2.10.6\n"
    "requests==2.32.3\nscikit-learn==1.4.2\nscipy==1.13.1\nuvicorn==0.34.0\nxgboost==2.0.3\n"
)
SMALL: Final = (("requests==2.32.3", "requests==2.32.4"), ("pydantic==2.10.6", "pydantic==2.11.1"), ("3.11.9", "3.11.11"))
BREAKING: Final = (("scikit-learn==1.4.2", "scikit-learn==1.6.1"), ("numpy==1.26.4", "numpy==2.2.4"))
PATCHES: Final = (
    ("scikit-learn==1.4.2", "scikit-learn==1.4.1.post1"),
    ("numpy==1.26.4", "numpy==1.26.3"),
    ("pandas==2.2.3", "pandas==2.2.2"),
    ("xgboost==2.0.3", "xgboost==2.0.2"),
)
SETTINGS: Final = """\
# training
service: {host: train-03.local, port: 8080, workers: 2, log_level: debug}
model: {path: models/churn-7.onnx, threshold: 0.5}
features:
  fill_value: 0
  columns: [tenure_months, contract, monthly_price, payment]
preprocessing: {price_unit: eur}
"""
RENAMED: Final = (
    ("# training", "# production"),
    ("train-03.local", "scoring-1.prod.local"),
    ("debug", "warning"),
    ("workers: 2", "workers: 8"),
)
UNIT: Final = (("price_unit: eur", "price_unit: cent"),)
CODE_FINE: Final = """\
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import LogisticRegression
import pandas as pd

frame = pd.read_csv("customers.csv")
X, y = frame.drop(columns=["churned"]), frame["churned"]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X_train, y_train)
print(model.score(X_test, y_test))
"""
CODE_LEAKS: Final = CODE_FINE.replace(
    "X_train, X_test",
    "from sklearn.feature_selection import SelectKBest\n\nX = SelectKBest(k=10).fit_transform(X, y)\nX_train, X_test",
)

# Text of made services, read by the project and never run.
SERVES_FINE: Final = """\
import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = joblib.load("model.joblib")


class Row(BaseModel):
    tenure_months: float
    monthly_price: float


@app.post("/predict")
def predict(rows: list[Row]):
    return {"scores": model.predict_proba(pd.DataFrame([row.model_dump() for row in rows]))[:, 1].tolist()}
"""
SERVES_AND_KEEPS: Final = SERVES_FINE.replace("\n\nclass Row", "\nhistory = []\n\n\nclass Row").replace(
    "    return {", "    history.extend(rows)\n    return {"
)
SERVES_AND_LOADS: Final = SERVES_FINE.replace('model = joblib.load("model.joblib")\n', "").replace(
    "    return {", '    model = joblib.load("model.joblib")\n    return {'
)


@dataclass(frozen=True)
class Combined:
    """code: the cause that must come first, "" when nothing is wrong. family: the verdict."""

    name: str
    code: str
    files: Mapping[str, str]


def tables(rng: np.random.Generator, fault: str = "") -> dict[str, str]:
    """Two tables and incident.yaml. fault: "" for none; from SINCE on, "unit" and "missing": a broken column, "concept": the
    relation moved, "group": another group of rows, "answers": weights were lost, "config": the service converts what is
    converted already, "flat": scores drawn to the middle, "threshold": labels by a lower one.
    """
    model = linear("classification", (train := worlds.customers(rng, 2500)).drop(columns="churned"), train["churned"])
    before = worlds.customers(rng, ROWS)
    seen = times(rng, ROWS, f"{FIRST:%Y-%m-%d}", f"{FIRST + timedelta(days=DAYS - 1):%Y-%m-%d}")
    late = np.asarray(seen >= pd.Timestamp(SINCE))
    after = worlds.customers(rng, ROWS, late if fault == "concept" else None)
    if fault == "group":
        # Hardly anybody is bound for two years in the reference, and half of the later rows are.
        before = _few(rng, 0.02)
        after = pd.concat([_few(rng, 0.02)[~late], _few(rng, 0.5)[late]])
        after = after.reset_index(drop=True)
    if fault == "unit":
        after.loc[late, "monthly_price"] = (after.loc[late, "monthly_price"] * 100).round(2)
    if fault == "missing":
        after.loc[late & (rng.random(ROWS) < 0.5), "tenure_months"] = np.nan
    filled = after.drop(columns="churned").assign(tenure_months=after["tenure_months"].fillna(0))
    home, told = scores(model, before.drop(columns="churned"), "yes"), scores(model, filled, "yes")
    if fault == "answers":
        told = np.where(late, scores(model, filled.assign(contract="monthly", support_calls=4), "yes"), told)
    if fault == "config":
        told = np.where(late, scores(model, filled.assign(monthly_price=filled["monthly_price"] * 100), "yes"), told)
    if fault == "flat":
        told = np.where(late, np.round(0.5 + (told - 0.5) * 0.3 + 0.15, 4), told)
    if fault == "threshold":
        home, told = np.where(home >= 0.5, "yes", "no"), np.where(told >= np.where(late, 0.2, 0.5), "yes", "no")
    stated = {
        "title": "Churn", "task": "classification", "target": "churned", "prediction": "churn_score", "timestamp": "seen_at",
        "id": "customer", "positive": "yes", "events": [{"time": SINCE, "what": "release 3.8"}],
    }  # fmt: skip

    def logged(frame: pd.DataFrame, when: pd.DatetimeIndex, told: np.ndarray, first: int) -> str:
        named = pd.DataFrame({"customer": ids("C", len(frame), first), "seen_at": when})
        return csv(pd.concat([named, frame], axis=1).assign(churn_score=told))

    return {
        "reference.csv": logged(before, times(rng, ROWS, "2026-03-02", "2026-04-24"), home, 300_000),
        "current.csv": logged(after, seen, told, 700_000),
        "incident.yaml": yaml.safe_dump(stated),
    }


def _few(rng: np.random.Generator, share: float) -> pd.DataFrame:
    """ROWS customers, a `share` of them bound for two years."""
    frame = worlds.customers(rng, 6 * ROWS)
    bound = frame["contract"] == "two years"
    count = round(share * ROWS)
    both = pd.concat([frame[bound].iloc[:count], frame[~bound].iloc[: ROWS - count]])
    return both.iloc[rng.permutation(ROWS)].reset_index(drop=True)


def metrics(rng: np.random.Generator, fault: str = "") -> dict[str, str]:
    """A service with a daily rhythm whose memory is a sawtooth of the garbage collector."""
    when = [FIRST + timedelta(minutes=STEP * n) for n in range(DAYS * 1440 // STEP)]
    busy = np.array([BUSY[t.hour] / BUSY.mean() for t in when])
    late = np.array([t >= SINCE for t in when])
    memory = 900 + 25 * (np.arange(len(when)) % 12) + rng.normal(0, 8, len(when))
    cpu = 8 + 14 * busy + rng.normal(0, 2, len(when))
    latency = 60 + 6 * busy + rng.gamma(2, 3, len(when))
    errors = rng.poisson(0.05, len(when))
    if fault == "memory_leak":
        memory = memory + np.cumsum(late * (0.6 + 0.4 * busy)) * 3.2
    if fault == "resource_saturation":
        cpu = np.where(late & (busy > 0.6), 100.0, cpu)
    if fault == "latency_regression":
        latency = latency * np.where(late, 2.6, 1.0)
    if fault == "error_burst":
        errors = errors + rng.poisson(np.where(late, 9.0, 0.0))
    table = pd.DataFrame(
        {
            "timestamp": when,
            "memory_mb": memory.round(1),
            "cpu_percent": np.clip(cpu, 1, 100).round(1),
            "latency_p95_ms": latency.round(1),
            "errors_per_minute": errors,
        }
    )
    return {"metrics/service.csv": csv(table)}


def log(rng: np.random.Generator, fault: str = "") -> dict[str, str]:
    """Ordinary noise: warnings and a few errors, spread evenly."""
    lines = []
    for number in range(DAYS * 144):
        at = FIRST + timedelta(minutes=10 * number, seconds=int(rng.integers(0, 590)))
        lines.append((at, "INFO", f"scored batch of {rng.integers(1, 64)} rows in {rng.gamma(9, 5):.1f} ms"))
        if rng.random() < 0.05:
            lines.append((at, "WARNING", f"feature store slow: {rng.integers(300, 900)} ms for key {rng.integers(10**6)}"))
        if rng.random() < 0.01:
            lines.append((at, "ERROR", f"client {rng.integers(10, 99)} closed the connection before the answer"))
        if fault == "error_burst" and at >= SINCE and rng.random() < 0.6:
            lines += [
                (at + timedelta(seconds=n), "ERROR", f"KeyError: 'tenure_months' in request {rng.integers(10**6)}")
                for n in range(4)
            ]
    lines.sort(key=lambda line: line[0])
    return {"logs/service.log": "".join(f"{at:%Y-%m-%d %H:%M:%S} {level} [service] {text}\n" for at, level, text in lines)}


def nightly(rng: np.random.Generator) -> dict[str, str]:
    """A job that fills processor and log for an hour each night, and a collector that lets memory rise for six hours."""
    table = pd.read_csv(StringIO(metrics(rng)["metrics/service.csv"]))
    hour = np.arange(len(table)) * STEP // 60 % 24
    table.loc[hour == 2, "cpu_percent"] = 96.0
    table["memory_mb"] += (np.arange(len(table)) * STEP % 360).astype(float)
    text = log(rng)["logs/service.log"].splitlines()
    for day in range(DAYS):
        for number in range(60):
            at = FIRST + timedelta(days=day, hours=2, minutes=number, seconds=int(rng.integers(0, 59)))
            text.append(f"{at:%Y-%m-%d %H:%M:%S} INFO [service] exported part {number} of 60")
            if number == 7:
                text.append(f"{at:%Y-%m-%d %H:%M:%S} ERROR [service] export: no answer from archive, trying again")
    return {"metrics/service.csv": csv(table), "logs/service.log": "".join(f"{line}\n" for line in sorted(text))}


def changed(text: str, *swaps: tuple[str, str]) -> str:
    for old, new in swaps:
        assert old in text, old
        text = text.replace(old, new)
    return text


def environment(*swaps: tuple[str, str]) -> dict[str, str]:
    return {"environment/reference.txt": FREEZE, "environment/current.txt": changed(FREEZE, *swaps)}


def settings(*swaps: tuple[str, str]) -> dict[str, str]:
    return {"config/reference.yaml": SETTINGS, "config/current.yaml": changed(SETTINGS, *swaps)}


def plan(seed: int) -> Iterator[Combined]:
    rng = np.random.default_rng(seed)
    harmless = environment(*SMALL) | settings(*RENAMED)
    for fault in ("memory_leak", "resource_saturation", "latency_regression", "error_burst"):
        service = metrics(rng, fault) | log(rng, fault)
        yield Combined(f"{fault} alone", fault, service)
        yield Combined(f"{fault}, healthy tables", fault, tables(rng) | service | harmless)
    for told, moved in (("healthy tables", ""), ("answers moved", "answers")):
        yield Combined(
            f"environment, {told}", "environment_mismatch", tables(rng, moved) | environment(*BREAKING) | settings(*RENAMED)
        )
    for told, moved in (("healthy tables", ""), ("answers moved", "config")):
        yield Combined(f"config, {told}", "config_mismatch", tables(rng, moved) | settings(*RENAMED, *UNIT) | environment(*SMALL))
    yield Combined("environment alone", "environment_mismatch", environment(*BREAKING))
    yield Combined("config alone", "config_mismatch", settings(*RENAMED, *UNIT))
    yield Combined("code alone", "preprocessing_leakage", {"code/train.py": CODE_LEAKS})
    yield Combined("code, healthy tables", "preprocessing_leakage", tables(rng) | {"code/train.py": CODE_LEAKS} | harmless)
    yield Combined("serving code alone", "serving_code", {"code/app.py": SERVES_AND_KEEPS})
    yield Combined("serving code, memory", "serving_code", metrics(rng, "memory_leak") | {"code/app.py": SERVES_AND_KEEPS})
    yield Combined(
        "serving code, latency", "serving_code", metrics(rng, "latency_regression") | {"code/app.py": SERVES_AND_LOADS}
    )
    yield Combined("memory beside fine serving code", "memory_leak", metrics(rng, "memory_leak") | {"code/app.py": SERVES_FINE})
    yield Combined("nothing: quiet service, its code", "", metrics(rng) | log(rng) | {"code/app.py": SERVES_FINE})
    for fault, code in (("unit", "unit_change"), ("missing", "missing_values"), ("answers", "model_mismatch")):
        yield Combined(f"{code} beside small differences", code, tables(rng, fault) | harmless | {"code/train.py": CODE_FINE})
        yield Combined(f"{code} beside a quiet service", code, tables(rng, fault) | metrics(rng) | log(rng))
    for told in ("concept", "group"):
        code = {"concept": "concept_drift", "group": "selection_bias"}[told]
        yield Combined(f"{code} beside small differences", code, tables(rng, told) | harmless | {"code/train.py": CODE_FINE})
        yield Combined(f"{code} beside a quiet service", code, tables(rng, told) | metrics(rng) | log(rng))
        yield Combined(f"{code} beside breaking packages", code, tables(rng, told) | environment(*BREAKING))
    yield Combined(
        "concept_drift beside a leaky notebook", "concept_drift", tables(rng, "concept") | {"code/train.py": CODE_LEAKS}
    )
    flat = tables(rng, "flat")
    yield Combined("environment, scores flattened", "environment_mismatch", flat | environment(*BREAKING) | settings(*RENAMED))
    yield Combined("miscalibration beside small differences", "miscalibration", flat | harmless)
    threshold = settings(*RENAMED, ("threshold: 0.5", "threshold: 0.2"))
    yield Combined("threshold, labels answered", "config_mismatch", tables(rng, "threshold") | threshold)
    yield Combined("unit_change beside a leaky notebook", "unit_change", tables(rng, "unit") | {"code/train.py": CODE_LEAKS})
    yield Combined("unit_change beside breaking packages", "unit_change", tables(rng, "unit") | environment(*BREAKING))
    yield Combined("nothing: tables", "", tables(rng))
    yield Combined("nothing: tables, small differences", "", tables(rng) | harmless | {"code/train.py": CODE_FINE})
    yield Combined("nothing: tables, quiet service", "", tables(rng) | metrics(rng) | log(rng))
    yield Combined("nothing: tables, patch versions", "", tables(rng) | environment(*PATCHES))
    yield Combined("nothing: tables, a nightly job in log and metrics", "", tables(rng) | nightly(rng))
    yield Combined("nothing: a nightly job alone", "", nightly(rng))
    yield Combined("nothing: service alone", "", metrics(rng) | log(rng))
    yield Combined("nothing: small differences alone", "", harmless)


def solve(case: Combined) -> tuple[list[tuple[str, float]], datetime | None]:
    """Codes and confidences of the causes, and when the first began."""
    from diagnostics.investigation import investigate
    from diagnostics.read.folder import open_incident

    with tempfile.TemporaryDirectory(prefix="model-clinic-bench-") as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(scratch) / "incident"
        for name, text in case.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        found = investigate(open_incident(folder, work=Path(scratch) / "tables"))
    return [(cause.code, cause.confidence) for cause in found.causes], found.causes[0].since if found.causes else None


def right(case: Combined, told: list[tuple[str, float]]) -> bool:
    if not case.code:
        return all(confidence <= 0.5 for _, confidence in told)
    return bool(told) and told[0][0] == case.code and told[0][1] > 0.5


def main() -> int:
    parser = argparse.ArgumentParser(description="Are causes outside the tables told beside tables?")
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    hits: dict[bool, list[bool]] = {True: [], False: []}
    for case in plan(options.seed):
        if options.only not in case.name:
            continue
        began = time.process_time()
        told, since = solve(case)
        ok = right(case, told)
        hits[bool(case.code)].append(ok)
        listed = ", ".join(f"{code} {confidence:.2f}" for code, confidence in told[:4]) or "none"
        print(
            f"{'right' if ok else 'WRONG'}  {case.name}: {listed} (since {since}; {time.process_time() - began:.1f} s)",
            flush=True,
        )
    print(f"first cause right and above a half: {sum(hits[True])} of {len(hits[True])}; "
          f"controls without an accusation: {sum(hits[False])} of {len(hits[False])}")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
