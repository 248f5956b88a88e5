"""Lines with named fields: JSON of many loggers and clouds, logfmt; one head and one message come of each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from diagnostics.nouns.documents import NotPlain, load_json

_KEYS: Final = {
    "time": (
        *("time", "timestamp", "@timestamp", "ts", "asctime", "datetime", "date", "t", "@t", "T", "eventTime"),
        *("__REALTIME_TIMESTAMP", "_SOURCE_REALTIME_TIMESTAMP", "receiveTimestamp", "ingestionTime"),
    ),
    "level": ("level", "levelname", "severity", "lvl", "log_level", "loglevel", "log.level", "@l", "L", "PRIORITY"),
    "message": (
        *("message", "msg", "event", "log", "textPayload", "MESSAGE", "@m", "M", "line", "text", "body", "short_message", "@mt"),
        *("@message", "content"),
    ),
    "error": (
        "exc_info",
        "exception",
        "traceback",
        "stack_trace",
        "stacktrace",
        "stack",
        "@x",
        "error",
        "err",
        "error.stack_trace",
    ),
    "status": (
        "status",
        "status_code",
        "statusCode",
        "http_status",
        "response_code",
        "responseCode",
        "http.response.status_code",
    ),
    "took": (
        *("duration_ms", "latency_ms", "elapsed_ms", "took_ms", "response_time_ms", "responseTime", "duration", "latency"),
        *("elapsed", "request_time", "response_time", "took", "took_s", "duration_s"),
    ),
    "method": ("method", "request_method", "requestMethod", "http_method", "verb", "http.request.method"),
    "path": ("path", "uri", "url", "request_uri", "requestUrl", "route", "endpoint", "url.path"),
}
_INSIDE: Final = ("jsonPayload", "_source", "record", "httpRequest", "fields", "log")
"""Fields whose own fields count as the line's: Google Cloud, Elastic, loguru, tracing."""

_PAIR: Final = re.compile(r'([A-Za-z_@][\w.@-]{0,60})=("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)')
_LOGFMT: Final = re.compile(r'[A-Za-z_@][\w.@-]{0,60}=(?:"|[^\s"=]+(?: [A-Za-z_@][\w.@-]{0,60}=|$))')
_SYSLOG: Final = ("critical", "critical", "critical", "error", "warning", "info", "info", "debug")
"""Priorities of syslog, 0 to 7 (RFC 5424, section 6.2.1)."""


class Fields(NamedTuple):
    """What a structured line says. level: the word or number as it stands, None for none."""

    time: object
    level: object
    message: str
    detail: str
    """The traceback that stands in a field of its own, "" for none."""


def of_json(line: str) -> Fields | None:
    """None when the line is no JSON object, or one that says nothing a log would say: it is then read as text."""
    try:
        record = load_json(line)
    except NotPlain:
        return None
    return of_record(record) if isinstance(record, dict) else None


def of_logfmt(line: str) -> Fields | None:
    """key=value pairs, as Go's loggers, Heroku and Grafana write them; None when the line is not made of them."""
    if not _LOGFMT.match(line):
        return None
    pairs = _PAIR.findall(line)
    if len(pairs) < 2 or sum(len(key) + len(value) + 1 for key, value in pairs) < 0.8 * len(line.replace(" ", "")):
        return None
    record = {key: value[1:-1].replace('\\"', '"') if value[:1] == '"' else value for key, value in pairs}
    return of_record(record) if any(key in record for kind in ("time", "level", "message") for key in _KEYS[kind]) else None


def of_record(record: Mapping[str, Any]) -> Fields | None:
    for inner in _INSIDE:
        if isinstance(record.get(inner), dict):
            record = {**record, **record[inner]}

    def first(kind: str) -> Any:
        return next((record[key] for key in _KEYS[kind] if record.get(key) is not None and record.get(key) != ""), None)

    message, level, error, time = first("message"), first("level"), first("error"), first("time")
    status, took, method, path = (_scalar(first(kind)) for kind in ("status", "took", "method", "path"))
    if message is None and error is None and level is None and (time is None or not (status or path)):
        return None
    text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False) if message is not None else ""
    text = text.rstrip("\n")
    if not text and path:
        text = f"{method or 'GET'} {path}".strip()
    if status and status.isdigit() and len(status) == 3 and status not in text:
        text += f" status={status}"
    if took and took not in text:
        key = next(key for key in _KEYS["took"] if record.get(key) is not None)
        text += f" {key}={took}"
    if isinstance(level, dict):
        level = level.get("name")
    if "PRIORITY" in record and str(level).isdigit() and int(level) < len(_SYSLOG):
        level = _SYSLOG[int(level)]
    if isinstance(error, dict):
        error = error.get("stack") or error.get("stack_trace") or error.get("message")
    detail = error if isinstance(error, str) and error.strip() else ""
    return Fields(time, level, text.lstrip(), detail)


def _scalar(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def documents(text: str) -> Iterator[str] | None:
    """The records of one JSON document as one line each: an array, or what Loki, CloudWatch and Elastic answer.

    None when it is no such document.
    """
    try:
        root = load_json(text)
    except NotPlain:
        return None
    found = list(_entries(root))
    return (json.dumps(entry, ensure_ascii=False) for entry in found) if found else None


def _entries(root: object) -> Iterator[dict[str, Any]]:
    if isinstance(root, list):
        yield from (one for one in root if isinstance(one, dict))
        return
    if not isinstance(root, dict):
        return
    data = root.get("data")
    streams = root.get("streams") or (data.get("result") if isinstance(data, dict) else None)
    if isinstance(streams, list):
        lines = []
        for stream in streams:
            labels = stream.get("stream") if isinstance(stream, dict) else None
            for pair in stream.get("values", []) if isinstance(stream, dict) else []:
                if isinstance(pair, list) and len(pair) >= 2 and isinstance(pair[1], str):
                    level = labels.get("level") if isinstance(labels, dict) else None
                    lines.append((str(pair[0]), {"timestamp": str(pair[0]), "level": level, "message": pair[1]}))
        # Loki answers with the newest line first, stream by stream.
        yield from (entry for _, entry in sorted(lines, key=lambda one: one[0]))
        return
    hits = root.get("hits")
    for listed in (root.get("events"), root.get("logEvents"), root.get("entries"), root.get("records"), root.get("items")):
        if isinstance(listed, list):
            yield from (one for one in listed if isinstance(one, dict))
            return
    if isinstance(hits, dict) and isinstance(hits.get("hits"), list):
        yield from (one for one in hits["hits"] if isinstance(one, dict))
