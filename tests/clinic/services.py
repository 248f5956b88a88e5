"""Logs, code and models of services for the tests of the serving clinic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.neural_network import MLPClassifier

FLASK = """import joblib
from flask import Flask, jsonify, request

app = Flask(__name__)
model = joblib.load("model.joblib")


@app.post("/predict")
def predict():
    row = request.get_json()
    return jsonify(model.predict([row["x"]]).tolist())


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8000)
"""


def service_log(
    path: Path,
    rng: np.random.Generator,
    *,
    rows: int = 1_500,
    gap: float = 0.5,
    fetch: float = 60.0,
    model: float = 15.0,
    customers: int = 100_000,
    workers: int = 1,
    first: str = "",
) -> Path:
    """Requests that come at random every `gap` seconds and wait for one of `workers`; times in milliseconds."""
    came = 1_772_000_000 + np.cumsum(rng.exponential(gap, rows))
    free, told = [0.0] * workers, []
    for arrival in came:
        place = int(np.argmin(free))
        begun = max(float(arrival), free[place])
        parts = fetch * rng.lognormal(0, 0.2), model * rng.lognormal(0, 0.2)
        free[place] = end = begun + sum(parts) / 1000
        when = pd.Timestamp(end, unit="s").strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        text = f"features {parts[0]:.1f} ms, model {parts[1]:.1f} ms, total {1000 * (end - arrival):.1f} ms"
        told.append((end, f"{when} INFO request served for customer {rng.integers(customers)}: {text}"))
    lines = [line for _, line in sorted(told)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*([first] if first else []), *lines]) + "\n")
    return path


def scored(rng: np.random.Generator, rows: int = 800, width: int = 6) -> pd.DataFrame:
    """Rows that a small network can learn."""
    frame = pd.DataFrame(rng.normal(size=(rows, width)), columns=[f"x{n}" for n in range(width)])
    score = frame["x0"] + frame["x1"] * (frame["x2"] > 0) + 0.3 * rng.normal(size=rows)
    return frame.assign(answer=np.where(score > 0, "yes", "no"))


def network(path: Path, frame: pd.DataFrame, *, hidden: int = 64) -> Path:
    """A network trained on `frame`, as ONNX: one input of all columns."""
    from skl2onnx import convert_sklearn  # type: ignore[import-untyped]
    from skl2onnx.common.data_types import FloatTensorType  # type: ignore[import-untyped]

    features = frame.drop(columns="answer")
    fitted = MLPClassifier((hidden, hidden), max_iter=200, tol=1e-3, random_state=0)
    fitted.fit(features.to_numpy("float32"), frame["answer"])
    made = convert_sklearn(
        fitted, initial_types=[("x", FloatTensorType([None, features.shape[1]]))], options={id(fitted): {"zipmap": False}}
    )
    path.write_bytes(made.SerializeToString())
    return path
