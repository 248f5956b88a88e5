from __future__ import annotations

import ast
import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import door, signin
from tests.pages.conftest import APP

ROOT = APP.parent


class Behind:
    """What stands behind the door: reads what it is sent and says that all is well."""

    def __init__(self) -> None:
        self.got: list[bytes] = []

    async def __call__(self, scope: door.Scope, receive: door.Receive, send: door.Send) -> None:
        more = True
        while more:
            message = await receive()
            self.got.append(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 204, "headers": []})


def asked(path: str, *blocks: bytes, method: str = "PUT", stated: int | None = None) -> tuple[int, Behind]:
    """The status of the answer, and what came through."""
    behind, statuses = Behind(), []
    waiting = [{"type": "http.request", "body": block, "more_body": n < len(blocks)} for n, block in enumerate(blocks, start=1)]

    async def receive() -> door.Message:
        return waiting.pop(0) if waiting else {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: door.Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [] if stated is None else [(b"content-length", str(stated).encode())]
    scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "headers": headers}
    asyncio.run(door.Door(behind)(scope, receive, send))
    return statuses[0], behind


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_sent", {"asked": 0})
    monkeypatch.setenv(door.QUOTA, "1")


UPLOAD = "/_stcore/upload_file/{}/0a1b"


def test_a_session_that_was_asked_sends_a_file() -> None:
    status, behind = asked(UPLOAD.format("asked"), b"a,b\n", b"1,2\n", stated=8)
    assert (status, b"".join(behind.got)) == (204, b"a,b\n1,2\n")


@pytest.mark.parametrize("path", [UPLOAD.format("other"), "/base" + UPLOAD.format("other"), UPLOAD.format("asked%20")])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_nobody_else_does(path: str, method: str) -> None:
    status, behind = asked(path, b"x", method=method)
    assert (status, behind.got) == (403, [])


def test_a_session_has_its_share_and_no_more() -> None:
    assert asked(UPLOAD.format("asked"), b"x", stated=1_000_001)[0] == 413
    assert asked(UPLOAD.format("asked"), b"x", stated=-1)[0] == 413
    assert asked(UPLOAD.format("asked"), *[b"x" * 100_000] * 9)[0] == 204
    # Whoever states no size, or a wrong one, is counted as the bytes come.
    status, behind = asked(UPLOAD.format("asked"), *[b"x" * 100_000] * 9, stated=5)
    assert status == 413
    assert len(behind.got) == 1
    assert asked(UPLOAD.format("asked"), method="DELETE")[0] == 204


def test_numbers_of_the_server_are_told_only_where_it_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked("/_stcore/metrics", method="GET")[0] == 404
    assert asked("/_stcore/health", method="GET")[0] == 204
    monkeypatch.setenv(door.METRICS, "1")
    assert asked("/_stcore/metrics", method="GET")[0] == 204


def test_every_field_for_files_opens_the_door() -> None:
    """A call of `st.file_uploader` stands in a function that calls `door.admit` too."""

    def calls(node: ast.AST) -> set[str]:
        return {
            found.func.attr for found in ast.walk(node) if isinstance(found, ast.Call) and isinstance(found.func, ast.Attribute)
        }

    functions = [
        (file.name, node.name, calls(node))
        for file in [*Path(ROOT / "pages").rglob("*.py"), ROOT / "app.py"]
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    fields = [(file, name, made) for file, name, made in functions if "file_uploader" in made]
    assert len(fields) >= 4
    assert [(file, name) for file, name, made in fields if "admit" not in made] == []


@pytest.mark.parametrize(
    ("host", "warns"),
    [("clinic.example", True), ("10.0.0.5:8501", True), ("127.0.0.1:8501", False), ("localhost", False), ("[::1]:8501", False)],
)
def test_whoever_opens_the_server_without_a_sign_in_is_told(monkeypatch: pytest.MonkeyPatch, host: str, warns: bool) -> None:
    monkeypatch.setattr(signin.st, "context", SimpleNamespace(headers={"Host": host}))
    assert signin.open_to_others() is warns
    monkeypatch.setattr(signin, "configured", lambda: True)
    assert signin.open_to_others() is False


def test_the_start_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signin, "open_to_others", lambda: True)
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    assert any("no sign-in" in warning.value for warning in page.warning)
    monkeypatch.setattr(signin, "open_to_others", lambda: False)
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not page.warning
