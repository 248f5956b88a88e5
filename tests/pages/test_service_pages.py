"""Steps 5 and 6 with what lies outside the tables: files that mend the environment, and the one timeline."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.environment.packages import resolver
from diagnostics.keep import store
from tests.checks.operations_logs import csv, line, quiet, text
from tests.pages.conftest import opened, said


@pytest.fixture(scope="module")
def served() -> str:
    incident = store.create()
    store.save_upload(incident, "environment/reference", "reference.txt", b"numpy==1.26.4\nscikit-learn==1.4.2\n")
    store.save_upload(incident, "environment/current", "current.txt", b"numpy==2.0.1\nscikit-learn==1.4.2\n")
    lines = quiet(600) + [line(300 + i / 2, "ERROR", f"Feature store timed out after {i} ms") for i in range(400)]
    store.save_upload(incident, "logs", "app.log", text(lines).encode())
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(40, 2, 58), rng.normal(160, 4, 62)])
    store.save_upload(incident, "metrics", "latency.csv", csv(values, "latency_p95_ms").encode())
    return incident


def test_step_5_offers_the_files_that_put_it_right(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened("step_5_environment", served)
    assert not at.exception
    assert "Files that put it right" in {heading.value for heading in at.subheader}
    labels = {button.proto.label for button in at.get("download_button")}
    assert {label.split("(")[-1] for label in labels} >= {"requirements.txt)", "Dockerfile)", "convert_to_onnx.py)"}
    monkeypatch.setattr(resolver, "resolver", lambda: None)
    at.button(key="resolve").click().run()
    assert not at.exception
    assert "not installed here" in " ".join(info.value for info in at.info)


def test_step_6_says_what_came_first(served: str) -> None:
    at = opened("step_6_operations", served)
    assert not at.exception
    assert "What came first" in {heading.value for heading in at.subheader}
    assert "What followed" in said(at)


@pytest.mark.parametrize("script", ["step_5_environment", "step_6_operations"])
def test_without_such_files_there_is_neither(script: str, healthy: str) -> None:
    at = opened(script, healthy)
    assert not at.exception
    assert not {"What came first", "Files that put it right"} & {heading.value for heading in at.subheader}


def test_a_leak_in_the_metrics_leads_to_the_memory_page() -> None:
    when = pd.date_range("2026-03-01", periods=400, freq="10min")
    frame = pd.DataFrame({"time": when, "memory_mb": 500 + 2.0 * np.arange(400)})
    incident = store.create()
    store.save_upload(incident, "metrics", "memory.csv", frame.to_csv(index=False).encode())
    assert "Find the line that grows" in said(opened("step_6_operations", incident))
