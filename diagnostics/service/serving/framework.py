"""How a service is started, by its code and its log: Flask's own server, gunicorn, uvicorn; with how many workers."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from diagnostics.checks.operations.reading.kinds import Kind
from diagnostics.checks.operations.reading.scan import scan
from diagnostics.code.notebook import read_code
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable


class Server(StrEnum):
    """What answers the requests."""

    OWN = "Flask's own server"
    GUNICORN = "gunicorn"
    UVICORN = "uvicorn"
    OTHER = "a model server"
    UNKNOWN = "not known"


@dataclass(frozen=True, kw_only=True)
class Framework:
    """app: "service:app" as gunicorn and uvicorn want it, "" where no code shows one. asynchronous: ASGI (FastAPI, Starlette).

    line: where the code starts the framework's own server, 0 where it does not. said: whether the log says which server it is.
    workers: processes that the log or the settings show, None where neither does.
    """

    server: Server
    said: bool
    app: str
    asynchronous: bool
    file: str
    line: int
    workers: int | None
    preload: bool
    forks: bool
    """Whether a model may be loaded before workers are forked: no library that the code imports has threads of its own."""


THREADED: Final = frozenset(("onnxruntime", "tensorflow", "torch", "jax", "keras", "openvino"))
"""Libraries whose threads do not survive a fork."""

_APPS: Final = {"Flask": False, "FastAPI": True, "Starlette": True, "Quart": True, "Sanic": True, "Bottle": False}
_SERVERS: Final = (
    (
        Server.OWN,
        re.compile(r"This is a development server|Serving Flask app|werkzeug|Starting development server at", re.IGNORECASE),
    ),
    (
        Server.OTHER,
        re.compile(r"torchserve|tensorflow serving|tensorflow_model_server|triton|bentoml|mlflow|ray serve", re.IGNORECASE),
    ),
    (Server.GUNICORN, re.compile(r"gunicorn|Booting worker with pid|Using worker: ", re.IGNORECASE)),
    (Server.UVICORN, re.compile(r"uvicorn|Started server process|hypercorn", re.IGNORECASE)),
)


def framework(incident: Incident) -> Framework | None:
    """None where neither code nor log tell anything."""
    app, asynchronous, file, line, workers, preload = "", False, "", 0, None, False
    imported: set[str] = set()
    wanted: Server | None = None
    for path in incident.code:
        try:
            code = read_code(path)
        except BadInput:
            continue
        settings = _settings(code.statements)
        imported |= _imported(code.statements)
        if "gunicorn" in path.name or {"bind", "workers"} <= set(settings) or "worker_class" in settings:
            wanted = Server.GUNICORN
            stated = settings.get("workers")
            workers = stated if isinstance(stated, int) else workers
            preload = settings.get("preload_app") is True
            continue
        for name, kind in _apps(code.statements):
            if not app:
                app, asynchronous, file = f"{path.stem}:{name}", _APPS[kind], path.name
                line = _started(code.statements, name)
    logged, boots = _logged(incident)
    server = logged or wanted or (Server.OWN if line else None)
    if server is None and not app:
        return None
    return Framework(
        server=server or Server.UNKNOWN,
        said=logged is not None,
        app=app,
        asynchronous=asynchronous,
        file=file,
        line=line,
        workers=1 if server is Server.OWN else workers or boots,
        preload=preload,
        forks=bool(app) and not imported & THREADED,
    )


def _apps(statements: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    """Names of variables that hold an application, and its kind."""
    for statement in statements:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            made = statement.value.func
            kind = made.id if isinstance(made, ast.Name) else made.attr if isinstance(made, ast.Attribute) else ""
            target = statement.targets[0]
            if kind in _APPS and isinstance(target, ast.Name):
                yield target.id, kind


def _imported(statements: Sequence[ast.stmt]) -> set[str]:
    """Packages that are imported anywhere."""
    found = set()
    for node in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def _started(statements: Sequence[ast.stmt], name: str) -> int:
    """The line on which the application's own server is started, 0 for none."""
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "run":
                owner = node.func.value
                if isinstance(owner, ast.Name) and owner.id == name:
                    return node.lineno
    return 0


def _settings(statements: Sequence[ast.stmt]) -> dict[str, object]:
    """Names that are given a plain value at the top of a file."""
    found: dict[str, object] = {}
    for statement in statements:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            value = statement.value
            found[statement.targets[0].id] = value.value if isinstance(value, ast.Constant) else None
    return found


def _logged(incident: Incident) -> tuple[Server | None, int | None]:
    """The server that the log names, and the workers that it started together."""
    if not incident.logs:
        return None, None
    try:
        read = scan(incident)
    except NotApplicable:
        return None, None
    texts = "\n".join(f"{template.text} {template.example}" for template in read.templates)
    server = next((kind for kind, pattern in _SERVERS if pattern.search(texts)), None)
    counts = Counter(moment.template for moment in read.moments if moment.kind is Kind.BOOT)
    starter = min(counts, key=lambda t: (-counts[t], t), default=None)
    boots = [moment for moment in read.moments if moment.kind is Kind.BOOT and moment.template == starter]
    together = [
        b
        for b in boots
        if b.time is not None and boots[0].time is not None and abs((b.time - boots[0].time).total_seconds()) < 30
    ]
    return server, len(together) or None
