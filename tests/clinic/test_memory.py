from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from diagnostics.clinic.shared.results import decode, encode
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures.clinic import memory as drawing
from diagnostics.service.memory import check
from diagnostics.service.memory.check import Memory, Settings
from diagnostics.service.memory.recorders import memory_recorder
from diagnostics.service.memory.recording import Tool, read_recording
from diagnostics.service.memory.restarts import Planned, files

KEEPS = """from flask import Flask, request

app = Flask(__name__)
SEEN = []


@app.post("/predict")
def predict():
    row = request.get_json()
    SEEN.append(row)
    return "ok"
"""


def recorded(path: Path, held: dict[tuple[str, int], list[float]], resident: list[float] | None = None) -> Path:
    """MB of each line at each record, a minute apart."""
    steps = len(next(iter(held.values())))
    lines = []
    for n in range(steps):
        rows = [{"file": f, "line": k, "bytes": int(mb[n] * 1e6), "objects": 1 + int(mb[n] * 10)} for (f, k), mb in held.items()]
        process = int((resident[n] if resident else sum(mb[n] for mb in held.values()) + 100) * 1e6)
        when = f"2026-03-01T10:{n:02d}:00"
        lines.append(
            json.dumps({"time": when, "resident": process, "traced": sum(row["bytes"] for row in rows), "lines": rows})  # type: ignore[misc]
        )
    path.write_text("\n".join(lines) + "\n")
    return path


def codes(p: Memory) -> set[str]:
    return {finding.code for finding in check.judge(p)}


GROWS = [float(n) for n in range(0, 80, 2)]
STAYS = [30.0 + (n % 3) for n in range(40)]
FILLS = [float(min(30, 6 * n)) for n in range(40)]


def test_the_line_that_grows_is_named_with_the_global_that_keeps_it(tmp_path: Path) -> None:
    recording = recorded(tmp_path / "memory.jsonl", {("/service/service.py", 10): GROWS, ("/service/load.py", 3): STAYS})
    code = tmp_path / "service.py"
    code.write_text(KEEPS)
    p = check.profile(Incident(memory=(recording,), code=(code,)))
    assert codes(p) == {"MEM001"}
    said = check.judge(p)[0].statement(Words())
    assert said.startswith("SEEN keeps what line 10 of service.py adds: from 0 to 78 MB")
    assert "MEM001" in codes(check.profile(Incident(memory=(recording,))))
    # A quarter of 2 GB is full after some four hours.
    assert p.planned.hours == pytest.approx(512 / (74 / 0.65), abs=1)


def test_what_stays_and_a_cache_that_is_full_are_not_told(tmp_path: Path) -> None:
    recording = recorded(tmp_path / "memory.jsonl", {("a.py", 1): STAYS, ("b.py", 2): FILLS})
    assert codes(check.profile(Incident(memory=(recording,)))) == set()


def test_memory_outside_python_is_told_as_such(tmp_path: Path) -> None:
    held = {("a.py", 1): STAYS}
    outside = recorded(tmp_path / "a.jsonl", held, resident=[100.0 + 4 * n for n in range(40)])
    assert codes(check.profile(Incident(memory=(outside,)))) == {"MEM005"}
    calm = recorded(tmp_path / "b.jsonl", held, resident=[100.0] * 40)
    assert codes(check.profile(Incident(memory=(calm,)))) == set()


def test_code_and_metrics_alone_say_what_is_not_known_yet(tmp_path: Path) -> None:
    code = tmp_path / "service.py"
    code.write_text(KEEPS)
    assert codes(check.profile(Incident(code=(code,)))) == {"MEM004"}
    code.write_text(KEEPS.replace("SEEN.append(row)", "pass"))
    assert codes(check.profile(Incident(code=(code,)))) == set()
    rng = np.random.default_rng(0)
    when = pd.date_range("2026-03-01", periods=400, freq="10min")
    for rise, found in ((2.0, {"MEM003"}), (0.0, set())):
        frame = pd.DataFrame({"time": when, "memory_mb": 500 + rise * np.arange(400) + rng.normal(0, 3, 400)})
        frame.to_csv(tmp_path / "memory.csv", index=False)
        assert codes(check.profile(Incident(metrics=(tmp_path / "memory.csv",)))) == found


@pytest.mark.parametrize("tool", ["json", "text", "profiler"])
def test_recordings_of_other_tools_are_read(tmp_path: Path, tool: str) -> None:
    path = tmp_path / "stats.txt"
    if tool == "json":
        top = [{"location": "predict:/service/service.py:10", "size": 90_000_000}, {"location": "f:/x.py:1", "size": 5_000_000}]
        path.write_text(json.dumps({"top_locations_by_size": top, "metadata": {"peak_memory": 100_000_000}}))
    elif tool == "text":
        path.write_text(
            "📂 Allocator type distribution:\n\t MALLOC: 12\n🥇 Top 5 largest allocating locations (by size):\n"
            "\t- predict:/service/service.py:10 -> 90.000MB\n\t- f:/x.py:1 -> 5.000MB\n"
            "🥇 Top 5 largest allocating locations (by number of allocations):\n\t- g:/y.py:4 -> 12000\n"
        )
    else:
        path.write_text(
            "Filename: /service/service.py\n\nLine #    Mem usage    Increment  Occurrences   Line Contents\n"
            "=============================================================\n"
            "     9     38.8 MiB     38.8 MiB           1   @profile\n"
            "    10    130.8 MiB     92.0 MiB           1       rows = [load(n) for n in range(9)]\n"
        )
    recording = read_recording(path)
    assert recording.tool is (Tool.MEMORY_PROFILER if tool == "profiler" else Tool.MEMRAY)
    assert recording.lines[0].line == 10
    assert recording.lines[0].bytes[0] == pytest.approx(90e6, rel=0.1)
    p = check.profile(Incident(memory=(path,)))
    assert codes(p) == {"MEM002"}
    even = replace(p.recordings[0], lines=p.recordings[0].lines[-1:])
    assert drawing.draw(p, None, Words()) is not None
    assert "MEM002" not in codes(replace(p, recordings=(replace(even, traced=(1e12,)),)))


def test_the_recorder_writes_what_is_read(tmp_path: Path) -> None:
    import tracemalloc

    path, kept = tmp_path / "memory.jsonl", []
    tracemalloc.start()
    try:
        for _ in range(6):
            kept.append(bytearray(2_000_000))
            memory_recorder.record(str(path))
    finally:
        tracemalloc.stop()
    recording = read_recording(path)
    top = max(recording.lines, key=lambda line: line.grown)
    assert Path(top.file).name == "test_memory.py"
    assert top.grown == pytest.approx(10e6, rel=0.05)
    assert len(recording.resident) in (0, 6)


def test_a_cut_off_record_costs_only_itself_and_nonsense_is_refused(tmp_path: Path) -> None:
    path = recorded(tmp_path / "memory.jsonl", {("a.py", 1): GROWS})
    path.write_text(path.read_text()[:-40])
    assert len(read_recording(path).hours) == len(GROWS) - 1
    path.write_text('{"lines": 3}\nhello\n')
    with pytest.raises(BadInput, match="is no recording of memory"):
        read_recording(path)
    p = check.profile(Incident(memory=(path,)))
    assert p.problems
    hostile = {"time": "x", "lines": [{"file": "<b>\n" * 9, "line": -1, "bytes": "many"}, 7], "resident": None}
    path.write_text(json.dumps(hostile))
    assert read_recording(path).lines[0].bytes == (0.0,)


def test_the_files_hold_the_plan() -> None:
    made = files(Planned(requests=500, hours=6, memory=1_000, app="api:app", workers=3))
    assert "max_requests = 500" in made["gunicorn.conf.py"]
    compile(made["gunicorn.conf.py"], "gunicorn.conf.py", "exec")
    assert "RuntimeMaxSec=6h" in made["model.service"]
    assert "MemoryMax=1000M" in made["model.service"]
    assert "autorestart=true" in made["model.conf"]
    deployment, job = yaml.safe_load_all(made["deployment.yaml"])
    assert deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] == "1000Mi"
    assert job["spec"]["schedule"] == "0 */6 * * *"


def test_it_comes_back_from_json_and_says_what_it_lacks(tmp_path: Path) -> None:
    p = check.profile(Incident(memory=(recorded(tmp_path / "memory.jsonl", {("a.py", 1): GROWS}),)))
    assert decode(encode(p), Memory) == p
    for finding in (None, *check.judge(p)):
        assert drawing.draw(p, finding, Words()) is not None
    with pytest.raises(NotApplicable):
        check.profile(Incident())
    with pytest.raises(ValueError, match="memory must be above 0"):
        check.profile(Incident(memory=(tmp_path / "memory.jsonl",)), Settings(memory=0))
