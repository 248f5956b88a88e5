"""Logs as services write them: what each kind of line says, and what the whole log says."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from diagnostics.checks.operations import logs, service
from diagnostics.checks.operations.reading.beginnings import SURE_AT, Beginnings
from diagnostics.checks.operations.reading.header import Heads, Level
from diagnostics.checks.operations.reading.kinds import Kind, kind_of
from diagnostics.checks.operations.reading.records import records
from diagnostics.checks.operations.reading.scan import LogScan, read_logs
from diagnostics.checks.operations.reading.stamps import Stamps
from tests.checks.operations_logs import incident

GUNICORN = """[2026-05-12 08:00:00 +0000] [7] [INFO] Starting gunicorn 22.0.0
[2026-05-12 08:00:00 +0000] [7] [INFO] Listening at: http://0.0.0.0:8000 (7)
[2026-05-12 08:00:01 +0000] [9] [INFO] Booting worker with pid: 9
[2026-05-12 08:05:00 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:9)
[2026-05-12 08:05:01 +0000] [7] [ERROR] Worker (pid:9) was sent SIGKILL! Perhaps out of memory?
[2026-05-12 08:05:02 +0000] [11] [INFO] Booting worker with pid: 11
"""
UVICORN = """INFO:     Started server process [7]
INFO:     10.0.0.3:51234 - "POST /predict HTTP/1.1" 200 OK
INFO:     10.0.0.4:51236 - "POST /predict HTTP/1.1" 500 Internal Server Error
ERROR:    Exception in ASGI application
Traceback (most recent call last):
  File "/app/main.py", line 41, in predict
    return model.predict(rows)
ValueError: X has 11 features, but the model expects 12
INFO:     10.0.0.5:51238 - "POST /predict HTTP/1.1" 200 OK
"""
TORCHSERVE = """2026-05-12T08:00:00,101 [INFO ] main org.pytorch.serve.ModelServer - Initialize Inference server
2026-05-12T08:00:05,300 [INFO ] W-9000-bert_1.0-stdout MODEL_LOG - Torch worker started.
2026-05-12T08:01:00,000 [INFO ] W-9000-bert_1.0 ACCESS_LOG - /10.0.0.3:4242 "POST /predictions/bert HTTP/1.1" 200 31
2026-05-12T08:02:00,000 [ERROR] W-9000-bert_1.0 org.pytorch.serve.wlm.WorkerThread - Backend worker error
org.pytorch.serve.wlm.WorkerInitializationException: Backend worker did not respond in given time
	at org.pytorch.serve.wlm.WorkerThread.run(WorkerThread.java:189)
Caused by: java.util.concurrent.TimeoutException: waited 120 seconds
	at java.base/java.lang.Thread.run(Thread.java:829)
2026-05-12T08:02:01,000 [WARN ] W-9000-bert_1.0 org.pytorch.serve.wlm.BatchAggregator - Load model failed: bert
"""
TRITON = """I0512 08:00:00.123456 1 model_repository_manager.cc:994] loading: densenet_onnx:1
I0512 08:00:03.523456 1 model_repository_manager.cc:1149] successfully loaded 'densenet_onnx' version 1
W0512 08:00:04.000000 1 metrics.cc:512] Unable to get power limit for GPU 0
E0512 08:01:00.000000 1 model_repository_manager.cc:1152] failed to load 'bert' version 1: Internal: CUDA out of memory
"""
ACCESS = """10.0.0.3 - alice [12/May/2026:08:00:00 +0000] "POST /predict HTTP/1.1" 200 31 "-" "curl/8.5"
10.0.0.4 - - [12/May/2026:08:00:05 +0000] "POST /predict HTTP/1.1" 503 0 "-" "python-requests/2.31"
10.0.0.5 - bob [12/May/2026:08:00:06 +0000] "POST /predict HTTP/1.1" 404 19 "-" "Mozilla/5.0 (X11; Linux)"
"""
JSON = (
    '{"time": "2026-05-12T08:00:00Z", "level": "info", "message": "Answered request 17 in 12 ms"}\n'
    '{"time": "2026-05-12T08:00:05Z", "level": "error", "message": "prediction failed", "exc_info": "'
    'Traceback (most recent call last):\\n  File \\"a.py\\", line 1, in f\\nKeyError: \'income\'"}\n'
    '{"time": "2026-05-12T08:00:06Z", "level": "info", "message": "Answered request 18 in 13 ms"}\n'
)
PLAIN = """2026-05-12 08:00:00,123 INFO [main] app.predict: Answered request 17 in 12 ms
2026-05-12 08:00:01,000 ERROR [main] app.predict: prediction failed
Traceback (most recent call last):
  File "a.py", line 1, in f
KeyError: 'income'
2026-05-12 08:00:02,000 INFO [main] app.predict: Answered request 18 in 13 ms
"""


def read(tmp_path: Path, text: str) -> LogScan:
    file = tmp_path / "service.log"
    file.write_text(text)
    return read_logs((file,), 2026)


@pytest.mark.parametrize(
    ("text", "kept", "errors", "exception", "since"),
    [
        (GUNICORN, 6, 2, "", datetime(2026, 5, 12, 8)),
        (UVICORN, 5, 2, "ValueError", None),
        (TORCHSERVE, 5, 1, "TimeoutException", datetime(2026, 5, 12, 8)),
        (TRITON, 4, 1, "", datetime(2026, 5, 12, 8)),
        (ACCESS, 3, 1, "", datetime(2026, 5, 12, 8)),
        (JSON, 3, 1, "KeyError", datetime(2026, 5, 12, 8)),
        (PLAIN, 3, 1, "KeyError", datetime(2026, 5, 12, 8)),
    ],
    ids=["gunicorn", "uvicorn", "torchserve", "triton", "access", "json", "plain"],
)
def test_each_kind_of_log_gives_records_errors_exceptions_and_times(
    tmp_path: Path, text: str, kept: int, errors: int, exception: str, since: datetime | None
) -> None:
    told = read(tmp_path, text)
    assert (told.records, told.errors, told.since) == (kept, errors, since)
    assert exception in {e.name for e in told.exceptions} | {""}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (GUNICORN, {Kind.TIMEOUT, Kind.KILL, Kind.BOOT}),
        (UVICORN, {Kind.REQUEST, Kind.BOOT}),
        (TORCHSERVE, {Kind.BOOT, Kind.REQUEST, Kind.LOAD}),
        (TRITON, {Kind.LOAD}),
        (ACCESS, {Kind.REQUEST}),
    ],
    ids=["gunicorn", "uvicorn", "torchserve", "triton", "access"],
)
def test_what_a_service_says_of_itself_is_understood(tmp_path: Path, text: str, kinds: set[Kind]) -> None:
    assert kinds <= {moment.kind for moment in read(tmp_path, text).moments}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("WORKER TIMEOUT (pid:9)", Kind.TIMEOUT),
        ("Worker (pid:9) was sent SIGKILL! Perhaps out of memory?", Kind.KILL),
        ("Out of memory: Killed process 4242 (python) total-vm:8123456kB", Kind.MEMORY),
        ("Last State: Terminated, Reason: OOMKilled, Exit Code: 137", Kind.MEMORY),
        ("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", None),
        ("java.lang.OutOfMemoryError: Java heap space", Kind.MEMORY),
        ("Received SIGTERM, shutting down", Kind.STOP),
        ("Container exited with exit code 137", Kind.KILL),
        ("Loaded model from /models/churn/v3.pkl in 3.2 s", Kind.LOAD),
        ("Model bert reloaded", Kind.LOAD),
        ("Worker memory is fine", None),
        ("modelling report written", None),
    ],
)
def test_timeouts_kills_and_lack_of_memory_are_told_apart(message: str, kind: Kind | None) -> None:
    assert kind_of(message) is kind


def test_a_timeout_of_gunicorn_is_not_called_lack_of_memory(tmp_path: Path) -> None:
    codes = {f.code for f in service.judge(service.profile(incident(tmp_path, log=GUNICORN)))}
    assert "OPS005" in codes
    assert "OPS006" not in codes


def test_top_exceptions_come_most_frequent_first(tmp_path: Path) -> None:
    many = PLAIN * 9 + PLAIN.replace("KeyError: 'income'", "TypeError: None") * 2
    told = logs.profile(incident(tmp_path, log=many))
    assert [(e.name, e.count) for e in told.exceptions] == [("KeyError", 9), ("TypeError", 2)]


def forms(count: int) -> list[str]:
    """Lines of three forms whose messages never repeat."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    lines = []
    for i in range(count):
        word = "".join(letters[(i * k) % 26] for k in (1, 3, 5, 7, 11)) + letters[i % 26] * (i % 9)
        lines.append(f"2026-05-12 08:00:{i % 60:02} INFO app.{'ab'[i % 2]}: {word} {i}")
        if i % 3 == 0:
            lines.append(f"2026-05-12 08:00:{i % 60:02} ERROR {word} failed")
        if i % 50 == 49:
            lines.append(f"{word} without a head")
    return lines


def test_a_head_told_by_its_beginning_is_the_one_that_reading_it_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    given = forms(600)
    quick = list(records(given, Heads(Stamps(2026))))
    monkeypatch.setattr(Beginnings, "find", lambda self, shape: None)
    assert quick == list(records(given, Heads(Stamps(2026))))


def test_a_beginning_is_trusted_once_it_is_sure_and_never_after_it_was_wrong() -> None:
    known: Beginnings[slice] = Beginnings()

    class Head:
        def __init__(self, end: int) -> None:
            self.end = end

    head, longer = Head(4), Head(8)
    for _ in range(SURE_AT - 1):
        known.learn("0000 abc", head)  # type: ignore[arg-type]
    assert known.find("0000 xyz") is None
    known.learn("0000 abc", head)  # type: ignore[arg-type]
    assert known.find("0000 xyz") is head
    known.learn("0000 abcdef", longer)  # type: ignore[arg-type]
    assert known.find("0000 xyz") is None


def test_levels_are_those_that_the_service_wrote(tmp_path: Path) -> None:
    levels = {t.example.split()[0]: t.level for t in read(tmp_path, TRITON).templates}
    assert levels["failed"] is Level.ERROR
    assert levels["Unable"] is Level.WARNING


def test_a_word_that_repeats_is_masked_as_always_however_many_others_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    from diagnostics.checks.operations.reading import mask

    monkeypatch.setattr(mask, "NEW_CAP", 100)
    masker = mask.Masker()
    for i in range(300):
        masker.words(f"word{'abcdefghij'[i % 10] * (i // 10 + 1)}x")
    masker.words("user-7 sent (pid:9)")
    assert masker.words("again user-7 sent (pid:9)") == ("again", "user<*>", "sent", "(pid:<*>)")
