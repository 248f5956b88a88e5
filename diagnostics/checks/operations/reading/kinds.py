"""What a template says about a model service: a worker that timed out, a kill, a model that is loaded, a request, a fetch.

A template is classified once, by its first message; the expressions are linear (bounded gaps, no nested repetition).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

LOOKED_AT: Final = 400
"""Characters of a message that are looked at."""


class Kind(StrEnum):
    TIMEOUT = "worker timeout"
    KILL = "kill"
    MEMORY = "out of memory"
    BOOT = "worker started"
    STOP = "service stopped"
    LOAD = "model loaded"
    REQUEST = "request"
    FETCH = "feature fetch"
    SIZE = "size of a collection"


_PATTERNS: Final = (
    # gunicorn; uWSGI; TorchServe.
    (Kind.TIMEOUT, r"worker timeout|harakiri|worker did not respond in given time|worker .{0,40}timed out"),
    # The kernel, Kubernetes, Python, C++, Java: they name memory as reason; gunicorn's "Perhaps out of memory?" does not.
    (
        Kind.MEMORY,
        r"out of memory: kill|oom-?_?kill|oomkilled|memory cgroup out of memory|\bmemoryerror|java\S{0,40}outofmemoryerror"
        r"|bad_alloc|cannot allocate memory|java heap space",
    ),
    (Kind.STOP, r"\bsigterm\b|\bshutting down\b|signal 15\b|graceful(?:ly)? (?:shutdown|stop)|服务停止"),
    (Kind.KILL, r"\bsigkill\b|signal 9\b|exit code:? 137|\bcode=killed\b|^killed$"),
    (
        Kind.BOOT,
        r"booting worker|starting worker|worker (?:\S{1,20} )?started|started worker|started server process"
        r"|\bstart(?:ing|ed) server\b|\bserver (?:is )?start(?:ing|ed)\b|application startup complete|服务启动"
        r"|starting gunicorn|spawned .{0,20}worker",
    ),
    (
        Kind.LOAD,
        r"\b(?:load(?:ed|ing)?|reload(?:ed|ing)?|initiali[sz](?:ed|ing)|restor(?:ed|ing)|deseriali[sz](?:ed|ing)|unpickl(?:ed|ing))\b"
        r".{0,40}\b(?:model|weights|checkpoint|pipeline|estimator|booster|classifier|regressor|artifact|\w+\.(?:pkl|joblib|onnx|pt|pth|h5|bin))\b"
        r"|\bmodel\b.{0,40}\b(?:load(?:ed|ing)?|reload(?:ed|ing)?|initiali[sz]ed)\b|模型.{0,6}加载|加载.{0,6}模型"
        # Triton names the model alone.
        r"|\bsuccessfully loaded '[^']{1,80}' version|^loading: \S{1,80}:\d{1,6}$",
    ),
    (
        Kind.REQUEST,
        r'"(?:get|post|put) [^"]{0,200} http/'
        r"|\b(?:received|incoming|handl(?:ed|ing)|process(?:ed|ing)|got|serv(?:ed|ing)|answered|finished)\b.{0,30}\brequest\b"
        r"|\brequest\b.{0,30}\b(?:received|started|id|done|completed|finished)\b|\b(?:post|get) /\w|收到.{0,6}请求",
    ),
    (
        Kind.FETCH,
        r"\b(?:features?|feature[ _-]store|online[ _-]store|feast|redis|lookup|embeddings?)\b.{0,80}"
        r"(?:\d\s?(?:ms|milliseconds|s|sec|seconds)\b|\b(?:slow|timed out|timeout)\b"
        r"|(?:duration|elapsed|latency|took)\S{0,4}\s?\d)",
    ),
    (
        Kind.SIZE,
        r"\b(?:cache|queue|buffer|history|registry|pool|backlog|store|dict|list|globals?|sessions|entries|objects)\b.{0,40}"
        r"(?:\b(?:size|len|length|entries|items|objects|elements|holds|has|count|now|grew)\b.{0,20}\d"
        r"|\d{1,12} (?:entries|items|objects|elements|keys|rows))",
    ),
)
_COMPILED: Final = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PATTERNS)
_DURATION: Final = re.compile(
    r"(?P<value>\d{1,9}(?:\.\d{1,9})?)\s?(?P<unit>milliseconds|seconds|secs?|msecs?|ms|us|s)\b", re.IGNORECASE
)
_NAMED: Final = re.compile(
    r"\b(?:duration|elapsed|latency|took|response_?time|request_?time|rt)(?P<unit>_ms|_s)?[\"']?[=: ]\s?"
    r"\"?(?P<value>\d{1,9}(?:\.\d{1,9})?)",
    re.IGNORECASE,
)
_TRAILING: Final = re.compile(r"\" (?P<value>\d{1,5}\.\d{3})(?: \d{1,5}\.\d{3})?(?: \.)?$")
"""nginx's $request_time and $upstream_response_time, which stand in seconds at the end of a line."""
_IN_SECONDS: Final = re.compile(r"\b(?:request_time|rt)\b", re.IGNORECASE)
_TORCHSERVE: Final = re.compile(r"/[\d.:]{7,40} \"[A-Z]+ [^\"]{1,400}\" [1-5]\d\d (?P<value>\d{1,9})$")
"""Its access log ends with milliseconds, where others have bytes."""
_SCALES: Final = {"us": 1e-3, "s": 1e3, "sec": 1e3, "secs": 1e3, "seconds": 1e3, "_s": 1e3}
_COUNT: Final = re.compile(r"\d{1,15}(?![\d.]*\s?(?:%|ms\b|s\b))")


def kind_of(message: str) -> Kind | None:
    text = message[:LOOKED_AT]
    return next((kind for kind, pattern in _COMPILED if pattern.search(text)), None)


def milliseconds(message: str) -> float | None:
    """The duration that a message names, in milliseconds; the last one when there are several."""
    text = message[:LOOKED_AT]
    found = list(_DURATION.finditer(text)) or list(_NAMED.finditer(text))
    if not found:
        return None
    return float(found[-1]["value"]) * _SCALES.get((found[-1]["unit"] or "").lower(), 1.0)


def took(message: str) -> float | None:
    """Milliseconds that a request took, as its line says."""
    for pattern, scale in ((_TRAILING, 1e3), (_TORCHSERVE, 1.0)):
        if (found := pattern.search(message[-400:] if scale > 1 else message[:LOOKED_AT])) is not None:
            return float(found["value"]) * scale
    given = milliseconds(message)
    if given is None or not _IN_SECONDS.search(message[:LOOKED_AT]) or _DURATION.search(message):
        return given
    return given * 1e3


_STAGE: Final = re.compile(
    r"\b(?:features?|feature[ _-]?store|online[ _-]store|feast|redis|lookup|embeddings?|fetch)\w{0,20}\b[^,;|]{0,40}?(?=\d)",
    re.IGNORECASE,
)


def stage(message: str) -> tuple[float, float] | None:
    """(milliseconds of the fetch, milliseconds of the whole) of a line that tells both; None for any other."""
    text = message[:LOOKED_AT]
    found = list(_DURATION.finditer(text))
    begun = _STAGE.search(text)
    if begun is None or len(found) < 2:
        return None
    mine = next((one for one in found if one.start() >= begun.start()), None)
    lengths = [float(one["value"]) * _SCALES.get(one["unit"].lower(), 1.0) for one in found]
    if mine is None or max(lengths) <= 0:
        return None
    part = lengths[found.index(mine)]
    return (part, max(lengths)) if part <= max(lengths) else None


def size(message: str) -> float | None:
    """The last whole number of a message that tells the size of a collection."""
    found = _COUNT.findall(message[:LOOKED_AT])
    return float(found[-1]) if found else None
