"""Lines of which one is enough, and lines that only look like them."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.checks.operations import decisive, service
from diagnostics.checks.operations.record import look, recorded
from diagnostics.nouns.words import Words
from tests.checks.operations_logs import incident, line, quiet, text

DECIDE = {
    "OPS019": [
        "ImportError: /lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.29' not found (required by scipy.so)",
        "./server: /lib/libc.so.6: version 'GLIBC_2.34' not found",
        "OSError: libgomp.so.1: cannot open shared object file: No such file or directory",
        "error while loading shared libraries: libGL.so.1: cannot open shared object file",
        "Illegal instruction (core dumped)",
    ],
    "OPS020": [
        "InconsistentVersionWarning: Trying to unpickle estimator SVC from version 1.2.2 when using version 1.5.0.",
        "ValueError: unsupported pickle protocol: 5",
        "ModuleNotFoundError: No module named 'numpy._core'",
        "ValueError: numpy.dtype size changed, may indicate binary incompatibility.",
        "AttributeError: Can't get attribute 'Tokeniser' on <module '__main__' from 'serve.py'>",
    ],
    "OPS021": [
        "ModuleNotFoundError: No module named 'lightgbm'",
        "ImportError: cannot import name 'cached_download' from 'huggingface_hub'",
        "AttributeError: module 'numpy' has no attribute 'bool'",
    ],
    "OPS022": [
        "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
        "RuntimeError: CUDA error: out of memory",
    ],
    "OPS023": [
        "[W:onnxruntime] Failed to create CUDAExecutionProvider. Please reference the docs",
        "UserWarning: Specified provider 'CUDAExecutionProvider' is not in available provider names.",
        "Could not find cuda drivers on your machine, GPU will not be used.",
        "No GPU found, falling back to CPU",
    ],
    "OPS024": ["OSError: [Errno 28] No space left on device: '/tmp/x'", "OSError: [Errno 24] Too many open files"],
}
HARMLESS = [
    "Using CPU quota of 2 cores",
    "User not found in shared cache",
    "memory usage 40% on CPU node 3",
    "CUDA available, using GPU:0",
    "glibc 2.36 detected",
    "loaded pickle model.pkl (protocol 4)",
    "version v2 not found in registry, trying v1",
    "falling back to cached features",
]


@pytest.mark.parametrize(("code", "said"), [(code, said) for code, lines in DECIDE.items() for said in lines])
def test_one_line_among_many_is_enough(tmp_path: Path, code: str, said: str) -> None:
    log = incident(tmp_path, log=text([*quiet(100), line(50.2, "WARNING", said)]))
    (found,) = decisive.judge(decisive.profile(log))
    assert (found.code, found.evidence["count"], str(found.severity)) == (code, 1, "critical")
    assert str(found.since).startswith("2026-05-12 08:50")


def test_what_only_looks_like_it_is_silent(tmp_path: Path) -> None:
    log = incident(tmp_path, log=text([*quiet(100), *(line(i, "WARNING", said) for i, said in enumerate(HARMLESS))]))
    assert decisive.judge(decisive.profile(log)) == []


def test_a_traceback_is_named_by_its_last_line_and_its_reason_leads(tmp_path: Path) -> None:
    raised = [
        "Traceback (most recent call last):",
        '  File "main.py", line 42, in predict',
        "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
    ]
    told = text(quiet(100)) + "\n".join("\n".join([line(100 + i, "ERROR", "Exception on /p [POST]"), *raised]) for i in range(30))
    (tmp_path / "app.log").write_text(told)
    seen = look((tmp_path / "app.log",), ())
    record = recorded(seen, Words())
    assert [c["code"] for c in record["causes"]] == ["resource_saturation", "error_burst"]
    assert any(t["template"].endswith("[POST] (OutOfMemoryError)") for t in record["templates"])


def test_a_kill_that_several_messages_tell_is_counted_once(tmp_path: Path) -> None:
    told = []
    for i in range(3):
        told += [
            line(10 * i, "INFO", "kernel: python3 invoked oom-killer: gfp_mask=0xcc0"),
            line(10 * i, "INFO", f"kernel: Memory cgroup out of memory: Killed process {i} (python3)"),
            line(10 * i + 0.02, "ERROR", f"Worker (pid:{i}) was sent SIGKILL! Perhaps out of memory?"),
        ]
    profile = service.profile(incident(tmp_path, log=text([*quiet(60), *told])))
    (kills,) = [f for f in service.judge(profile) if f.code == "OPS006"]
    assert (kills.evidence["count"], kills.evidence["said"]) == (3, 3)
    assert kills.statement(Words()).startswith("The service ran out of memory 3 times")


def test_fetching_features_is_told_as_its_share_of_the_request(tmp_path: Path) -> None:
    told = [
        line(m, "INFO", f"request {m} done in {1250 + m % 7} ms (features {1225 + m % 5} ms, model 20 ms)") for m in range(60)
    ]
    (slow,) = service.judge(service.profile(incident(tmp_path, log=text(told))))
    assert slow.statement(Words()) == "Fetching features takes 1,227 ms (median), 98% of the time of a request."
    quick = [line(m, "INFO", f"request {m} done in {250 + m % 7} ms (features {20 + m % 5} ms, model 220 ms)") for m in range(60)]
    assert service.judge(service.profile(incident(tmp_path, log=text(quick)))) == []


def test_a_service_that_starts_again_and_again_is_told_and_one_that_is_deployed_is_not(tmp_path: Path) -> None:
    told = []
    for i in range(8):
        told += [line(5 * i, "INFO", "Starting server on :8080"), line(5 * i + 4, "INFO", "Received SIGTERM, shutting down")]
    (loop,) = service.judge(service.profile(incident(tmp_path, log=text(told))))
    assert (loop.code, loop.evidence["starts"], loop.rule.cause(loop.of)) == ("OPS025", 8, None)
    deployed = [line(300 * i, "INFO", said) for i in range(4) for said in ("Starting server on :8080", "Received SIGTERM")]
    assert service.judge(service.profile(incident(tmp_path, log=text([*quiet(100), *deployed])))) == []
