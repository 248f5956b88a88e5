"""The requests of a log one by one: when, how long, where the time went, for whom, and how many rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.operations.reading.header import Heads
from diagnostics.checks.operations.reading.kinds import Kind, kind_of, took
from diagnostics.checks.operations.reading.lines import lines
from diagnostics.checks.operations.reading.mask import status_of
from diagnostics.checks.operations.reading.scan import LEARNT, LINES_CAP
from diagnostics.checks.operations.reading.stamps import Stamps
from diagnostics.nouns.documents import NotPlain, load_json
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import N_

LEAST: Final = 20
"""Requests below which nothing is said about them."""

MOST: Final = 200_000
LOOKED_AT: Final = 1_000


class Stage(StrEnum):
    """Where the time of a request goes."""

    FETCH = "features"
    MODEL = "model"
    LOAD = "load"
    WAIT = "wait"
    PREPARE = "prepare"
    REST = "rest"


_STAGES: Final = (
    (Stage.LOAD, r"load"),
    (Stage.WAIT, r"queue|wait|pending|backlog|blocked"),
    (
        Stage.FETCH,
        r"feature|fetch|feast|redis|lookup|embedding|\bdb\b|db_|_db|sql|quer(?:y|ies)|database|upstream|remote|\bs3\b|store|cache|\bio\b|特征",
    ),
    (Stage.PREPARE, r"pre_?-?proc|transform|encod|token|scal|pars(?:e|ing)|post_?-?proc|serial|render|json|valid"),
    (Stage.MODEL, r"model|infer|predict|forward|scor|onnx|comput|推理|预测"),
)
_COMPILED: Final = tuple((stage, re.compile(pattern, re.IGNORECASE)) for stage, pattern in _STAGES)
_TOTAL: Final = re.compile(r"\b(?:total|whole|overall)|_total|end.to.end|总", re.IGNORECASE)
_PROBE: Final = re.compile(
    r"/(?:healthz?|ready|readyz|livez?|live|ping|metrics|status)\b|health.?check|liveness|readiness", re.IGNORECASE
)
_UNITS: Final = {"us": 1e-3, "µs": 1e-3, "ms": 1.0, "msec": 1.0, "msecs": 1.0, "milliseconds": 1.0}
_NUMBER: Final = r"(?P<value>\d{1,9}(?:\.\d{1,9})?)"
_UNIT: Final = r"(?P<unit>milliseconds|seconds|secs?|msecs?|ms|us|µs|s)"
_SPOKEN: Final = re.compile(rf"(?P<name>[A-Za-z_\u4e00-\u9fff][\w ./-]{{0,60}}?)[\"']?\s?[=:]?\s?[\"']?{_NUMBER}\s?{_UNIT}\b")
_NAMED: Final = re.compile(rf"(?P<name>[A-Za-z]\w{{0,60}}?)_{_UNIT}[\"']?\s?[=:]\s?[\"']?{_NUMBER}")
_KEY: Final = re.compile(
    r"\b(?P<what>(?:user|customer|client|account|item|product|session|entity|device|member|merchant|card|sku|key|hash|digest|patient"
    r"|order|loan|address|subscriber|driver|store|shop|campaign)s?(?:[_ -]?(?:id|key|no|number))?)[\"']?\s?[=: ]\s?[\"']?"
    r"(?P<id>[\w.@-]{0,80}\d[\w.@-]{0,80})",
    re.IGNORECASE,
)
_PATH: Final = re.compile(r"(?:GET|POST|PUT) (?P<path>/[^\s\"]{0,300}(?:\?[^\s\"]{1,300}|/\d{1,18}))(?=[\s\"])")
_ROWS: Final = re.compile(
    r"\b(?P<rows>\d{1,7}) (?:rows?|records?|samples?|items?|instances|inputs)\b"
    r"|\b(?:rows|batch(?:_size)?)[=:] ?(?P<batch>\d{1,7})"
)
_FRACTION: Final = re.compile(r":\d\d[.,](?P<part>\d{1,6})")
_REPLY: Final = re.compile(r"\b(?:bytes|size|length)[=: ]\s?(?P<bytes>\d{1,12})\b|\" [1-5]\d\d (?P<plain>\d{1,12})(?= |$)")


class Source(StrEnum):
    """What a kind of line tells of requests, the richest first."""

    STAGED = "staged"
    TIMED = "timed"
    BARE = "bare"


@dataclass(frozen=True)
class Requests:
    """The requests of a log in the order of their times, shape (n,) each.

    seconds: since 1970, NaN where not known. took: milliseconds, NaN where not known. stages: milliseconds of each stage that the
    lines name. keys: for whom, "" where not known. rows: of a request, NaN where not known. fine: whether times are finer than a
    second. whole: requests of the log, of which at most MOST were kept. bytes: of the replies, NaN where not known.
    """

    seconds: NDArray[np.float64]
    took: NDArray[np.float64]
    stages: Mapping[Stage, NDArray[np.float64]]
    keys: tuple[str, ...]
    rows: NDArray[np.float64]
    bytes: NDArray[np.float64]
    fine: bool
    whole: int
    source: Source

    def __len__(self) -> int:
        return len(self.seconds)


@dataclass(frozen=True, slots=True)
class _Line:
    source: Source
    seconds: float
    took: float
    stages: Mapping[Stage, float]
    key: str
    rows: float
    bytes: float


def requests(incident: Incident) -> Requests:
    """Raises NotApplicable without a log, or without requests in it."""
    if not incident.logs:
        raise NotApplicable(
            N_("No log: upload what the service wrote, so that the time of its requests can be taken apart."), needs="logs"
        )
    years = [event.time.year for event in incident.events]
    kept: dict[Source, list[_Line]] = {source: [] for source in Source}
    fetched: list[_Line] = []
    counts: Counter[Source] = Counter()
    fine = False
    for path in incident.logs:
        try:
            for line, fraction in _read(path, max(years) if years else None):
                fine = fine or fraction
                if line is None:
                    continue
                only = set(line.stages) == {Stage.FETCH} and not np.isfinite(line.took)
                if only:
                    fetched.append(line)
                    continue
                counts[line.source] += 1
                if counts[line.source] <= MOST:
                    kept[line.source].append(line)
        except BadInput:
            # The check of the log says which files could not be read.
            continue
    most = max(counts.values(), default=0)
    source = next((s for s in Source if counts[s] >= LEAST and counts[s] >= 0.2 * most), None)
    if source is None:
        raise NotApplicable(
            N_("The log shows no requests: it takes lines with a request's path, status or time, at least {least:count}."),
            needs="logs",
            least=LEAST,
        )
    found = sorted(kept[source], key=lambda line: line.seconds)
    keys = tuple(line.key for line in found)
    if not any(keys):
        # Access lines name nobody; where each request also writes a line of its features, those say for whom they are.
        for others in (kept[Source.TIMED], kept[Source.STAGED], kept[Source.BARE], fetched):
            named = [line.key for line in sorted(others, key=lambda line: line.seconds) if line.key]
            if len(named) >= 0.5 * len(found):
                keys = tuple(named[: len(found)]) + ("",) * max(0, len(found) - len(named))
                break
    stages = {stage: np.array([line.stages.get(stage, np.nan) for line in found]) for stage in Stage}
    if not np.isfinite(stages[Stage.FETCH]).any() and len(fetched) >= 0.5 * len(found):
        some = np.array([line.stages[Stage.FETCH] for line in fetched])
        stages[Stage.FETCH] = np.resize(some, len(found))
    return Requests(
        seconds=np.array([line.seconds for line in found]),
        took=np.array([line.took for line in found]),
        stages={stage: values for stage, values in stages.items() if np.isfinite(values).mean() >= 0.5},
        keys=keys,
        rows=np.array([line.rows for line in found]),
        bytes=np.array([line.bytes for line in found]),
        fine=fine,
        whole=counts[source],
        source=source,
    )


def _read(path: Path, year: int | None) -> Iterator[tuple[_Line | None, bool]]:
    """What each line tells, and whether its time is finer than a second."""
    written = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).replace(tzinfo=None)
    heads = Heads(Stamps(year or written.year, None if year else written))
    stream = lines(path)
    beginning = list(islice(stream, LEARNT))
    heads.learn(beginning)
    every: Iterable[str] = islice(chain(beginning, stream), LINES_CAP)
    for line in every:
        if not any(character.isdigit() for character in line[:200]):
            continue
        head = heads.read(line)
        fraction = _FRACTION.search(line[:LOOKED_AT])
        part = int(fraction["part"]) / 10 ** len(fraction["part"]) if fraction else 0.0
        seconds = float("nan")
        if head.time is not None:
            seconds = head.time.replace(microsecond=0, tzinfo=UTC).timestamp() + part
        yield of_message(head.message, line, seconds), bool(fraction and part)


def of_message(message: str, line: str, seconds: float) -> _Line | None:
    """What one line tells of a request; None where it is about none. line: as it stands in the file."""
    text = message[:LOOKED_AT]
    if _PROBE.search(text):
        return None
    fields = _fields(line)
    status, kind = status_of(text), kind_of(text)
    named = _named(fields) if fields else _spoken(text)
    stages, whole = _sorted(named)
    told = took(text)
    if whole is None and (told is not None and not (stages and told in stages.values())):
        whole = told
    asked = status is not None or kind is Kind.REQUEST or bool(re.search(r"\b(?:scored|predicted|prediction|inference)\b", text))
    total = float("nan") if whole is None else whole
    if stages and (whole is not None or len(stages) > 1):
        source = Source.STAGED
        total = whole if whole is not None else sum(stages.values())
    elif set(stages) == {Stage.MODEL} and asked:
        # The only time of such a line is that of the request as the service sees it.
        source, total, stages = Source.TIMED, stages[Stage.MODEL], {}
    elif Stage.FETCH in stages:
        return _Line(Source.TIMED, seconds, float("nan"), {Stage.FETCH: stages[Stage.FETCH]}, _key(text, fields), np.nan, np.nan)
    elif not asked or kind in (Kind.LOAD, Kind.BOOT, Kind.STOP, Kind.KILL, Kind.TIMEOUT):
        return None
    else:
        source = Source.TIMED if whole is not None else Source.BARE
    rows, reply = _ROWS.search(text), _REPLY.search(text)
    return _Line(
        source,
        seconds,
        total,
        stages,
        _key(text, fields),
        float(rows["rows"] or rows["batch"]) if rows else np.nan,
        float(reply["bytes"] or reply["plain"]) if reply else np.nan,
    )


def _fields(line: str) -> dict[str, object]:
    """The fields of a line that is a JSON object, those inside others too."""
    start = line.find("{")
    if start < 0 or not line.rstrip().endswith("}"):
        return {}
    try:
        read = load_json(line[start:])
    except NotPlain:
        return {}
    if not isinstance(read, dict):
        return {}
    flat: dict[str, object] = {}
    for name, value in read.items():
        if isinstance(value, dict):
            flat |= {str(inner): v for inner, v in value.items()}
        else:
            flat[str(name)] = value
    return flat


def _named(fields: Mapping[str, object]) -> list[tuple[str, float]]:
    found = []
    for name, value in fields.items():
        ending = re.search(r"_(ms|us|s|secs|seconds|milliseconds)$", name)
        if ending and isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9:
            found.append((name, float(value) * _UNITS.get(ending[1], 1e3)))
    return found


def _spoken(text: str) -> list[tuple[str, float]]:
    return [
        (one["name"], float(one["value"]) * _UNITS.get(one["unit"], 1e3))
        for pattern in (_SPOKEN, _NAMED)
        for one in pattern.finditer(text)
    ]


def _sorted(named: list[tuple[str, float]]) -> tuple[dict[Stage, float], float | None]:
    """Milliseconds by stage, and of the whole where it is named, or is as long as all others together."""
    read = [(_stage(name), value, name) for name, value in named]
    plain = [value for stage, value, _ in read if stage is None]
    whole = max(plain) if plain else next((value for _, value, name in read if _TOTAL.search(name)), None)
    parts = [(stage, value, name) for stage, value, name in read if stage is not None and not _TOTAL.search(name)]
    if whole is None and len(parts) > 1:
        place = max(range(len(parts)), key=lambda n: parts[n][1])
        stage, value, name = parts[place]
        rest = parts[:place] + parts[place + 1 :]
        # "Prediction took 35 ms (features 20 ms, model 12 ms)", "handled /predict for 12 in 35 ms: db=20 ms".
        spoken = len(name.split()) > 2 or stage in {other for other, _, _ in rest}
        if spoken and value >= 0.95 * sum(other for _, other, _ in rest):
            whole, parts = value, rest
    stages: dict[Stage, float] = {}
    for stage, value, _ in parts:
        stages[stage] = stages.get(stage, 0.0) + value
    return stages, whole


def _stage(name: str) -> Stage | None:
    """The stage that the last word of its kind names."""
    ends = [(max(m.end() for m in pattern.finditer(name)), stage) for stage, pattern in _COMPILED if pattern.search(name)]
    return max(ends)[1] if ends else None


def _key(text: str, fields: Mapping[str, object]) -> str:
    for name, value in fields.items():
        if _KEY.match(f"{name}=0") and isinstance(value, str | int) and not isinstance(value, bool):
            return f"{value}"[:120]
    found = _KEY.search(text)
    if found:
        return found["id"].strip(".-")
    path = _PATH.search(text)
    return path["path"] if path else ""
