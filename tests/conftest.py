"""What every test shares."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# Threads of several test processes wait for one another by spinning: boosting then takes minutes. Set before NumPy is there.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
import pytest  # noqa: E402

if TYPE_CHECKING:
    from tests.recorded import Recorder

RECORDER: pytest.StashKey[Recorder] = pytest.StashKey()
SAID: pytest.StashKey[list[dict[str, list[str]]]] = pytest.StashKey()
BROKEN: pytest.StashKey[list[str]] = pytest.StashKey()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260512)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--contract",
        metavar="SCOPE",
        help='fail at the end where a rule, undo or picture was not seen: of the "steps", of "all", or of one diagnostic',
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SAID] = []


@pytest.fixture(scope="session", autouse=True)
def _recorded(request: pytest.FixtureRequest) -> None:
    """Before the first test: by then every test module is there."""
    if request.config.getoption("--contract"):
        from tests.recorded import Recorder

        request.config.stash[RECORDER] = recorder = Recorder()
        recorder.begin()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A worker of xdist says what it recorded."""
    node.config.stash[SAID].append(getattr(node, "workeroutput", {}).get("recorded", {}))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config: Any = session.config
    recorder = config.stash.get(RECORDER, None)
    if hasattr(config, "workeroutput"):
        config.workeroutput["recorded"] = recorder.recorded.plain() if recorder else {}
        return
    if not config.getoption("--contract") or exitstatus or config.getoption("--collect-only"):
        return
    from tests.recorded import Recorded, broken

    seen = recorder.recorded if recorder else Recorded()
    for said in config.stash[SAID]:
        seen.add(said)
    config.stash[BROKEN] = broken(seen, config.getoption("--contract"))
    if config.stash[BROKEN]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    lines = config.stash.get(BROKEN, [])
    if lines:
        terminalreporter.section("the contract does not hold")
        for line in lines:
            terminalreporter.line(line)
