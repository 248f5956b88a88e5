"""What the server lets in: uploads only where a page has just asked this session for a file, and only so much of them."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Server: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

QUOTA: Final = "MODEL_CLINIC_SESSION_MB"
DEFAULT_QUOTA_MB: Final = 4000
"""Megabytes that one session may send in all: two tables of the largest size, twice."""

METRICS: Final = "MODEL_CLINIC_METRICS"
"""Set to 1, the server tells its numbers (memory, sessions) to whoever asks."""

KEPT: Final = 1000
"""Sessions that are remembered before those that have ended are looked for."""

_UPLOAD: Final = re.compile(r"/_stcore/upload_file/([^/]+)/[^/]+/?$")
_METRICS: Final = re.compile(r"/_stcore/metrics/?$")

_lock: Final = threading.Lock()
_sent: Final[dict[str, int]] = {}
"""Bytes that each session has sent, of the sessions that were shown a field for files."""


def admit() -> None:
    """A field for files is drawn: what this session sends from now on is taken. The shell has asked for the sign-in before."""
    context = get_script_run_ctx()
    if context is None:
        return
    with _lock:
        if len(_sent) >= KEPT and runtime.exists():
            server = runtime.get_instance()
            for session in [session for session in _sent if not server.is_active_session(session)]:
                del _sent[session]
        _sent.setdefault(context.session_id, 0)


class _TooMuch(Exception):
    """The session has sent more than its share."""


class Door:
    """ASGI middleware before Streamlit's own routes."""

    def __init__(self, app: Server) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        upload = _UPLOAD.search(path) if scope["type"] == "http" and scope.get("method") not in ("OPTIONS", "DELETE") else None
        if upload is not None:
            await self._upload(upload[1], scope, receive, send)
        elif scope["type"] == "http" and _METRICS.search(path) and os.environ.get(METRICS) != "1":
            await _answer(send, 404, "Not told here.")
        else:
            await self._app(scope, receive, send)

    async def _upload(self, session: str, scope: Scope, receive: Receive, send: Send) -> None:
        quota = int(os.environ.get(QUOTA, DEFAULT_QUOTA_MB)) * 1_000_000
        with _lock:
            sent = _sent.get(session)
        if sent is None:
            await _answer(send, 403, "No page has asked this session for a file.")
            return
        stated = dict(scope.get("headers", ())).get(b"content-length", b"0")
        if not stated.isdigit() or sent + int(stated) > quota:
            await _answer(send, 413, f"This session has sent its {quota // 1_000_000} MB.")
            return
        begun = False

        async def counted() -> Message:
            message = await receive()
            with _lock:
                _sent[session] = _sent.get(session, 0) + len(message.get("body", b""))
                if _sent[session] > quota:
                    raise _TooMuch
            return message

        async def noticed(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, noticed)
        except _TooMuch:
            if not begun:
                await _answer(send, 413, f"This session has sent its {quota // 1_000_000} MB.")


async def _answer(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
