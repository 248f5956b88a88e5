"""One pass over the logs: templates with their counts over time, exceptions, and what the service said about itself."""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from diagnostics.checks.operations.reading.drain import Drain
from diagnostics.checks.operations.reading.header import Heads, Level
from diagnostics.checks.operations.reading.kinds import Kind, kind_of, milliseconds, size, stage, took
from diagnostics.checks.operations.reading.lines import lines
from diagnostics.checks.operations.reading.mask import Masker, status_of
from diagnostics.checks.operations.reading.records import Record, records
from diagnostics.checks.operations.reading.signs import Shown, Sign, sign_of
from diagnostics.checks.operations.reading.stamps import EPOCH, Stamps
from diagnostics.checks.operations.reading.structured import documents
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.secrets import masked_text
from diagnostics.nouns.words import N_, Phrase

WIDTHS: Final = (60, 300, 3600, 86400)
"""Seconds of a time bin; a log of many templates over many months is counted more coarsely, so that memory stays bounded."""

CELLS_CAP: Final = 200_000
MOMENTS_CAP: Final = 50_000
"""Single moments that are kept of each kind."""

EXCEPTIONS_CAP: Final = 500
SIGNS_CAP: Final = 100
LEARNT: Final = 500
DOCUMENT_CAP: Final = 64 * 1024**2
"""Bytes up to which a log that is one JSON document is read whole."""

LINES_CAP: Final = 2_000_000
"""Lines that are read of one log; a log that is longer is said to be read up to there."""

EXAMPLE_CAP: Final = 300

NO_LOG: Final = N_("No line of it has a time or a level, so it may not be a log; its lines were grouped all the same.")

_WORST: Final = re.compile(
    r"\b(?:error|exception|traceback|fatal|critical|panic|failed|failure|abort(?:ed)?|segfault)\b|Error\b|Exception\b"
)


@dataclass(frozen=True)
class TemplateCount:
    """One template. level: the worst that its lines called themselves, or ERROR by its words when they call themselves nothing.

    bins: (number of the time bin since 1970, records in it), by time; example: its first message.
    """

    id: int
    text: str
    level: Level
    count: int
    first: datetime | None
    last: datetime | None
    first_record: int
    bins: tuple[tuple[int, int], ...]
    kind: Kind | None
    example: str


@dataclass(frozen=True)
class ExceptionCount:
    name: str
    count: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class SignCount:
    """A line that decides alone. what: the thing it names; line: the first of its kind."""

    sign: Sign
    what: str
    line: str
    count: int
    first: datetime | None


class Moment(NamedTuple):
    """Something that the service said of itself. value: milliseconds of a fetch, number of entries of a size; else None."""

    kind: Kind
    template: int
    time: datetime | None
    record: int
    value: float | None
    whole: float | None = None
    """Milliseconds of the request that a fetch is part of, where its line says so."""


@dataclass(frozen=True)
class Traffic:
    """Requests over time. bins: (number of the time bin, requests, those that failed with a status of 500 or more), by time.

    took: (number of the time bin, step, requests), where a request of that step took `milliseconds(step)`.
    """

    bins: tuple[tuple[int, int, int], ...]
    took: tuple[tuple[int, int, int], ...]


STEPS_PER_E: Final = 20
"""Steps into which durations are sorted while their length grows by e: each is 5% longer than the one before."""


def step_of(milliseconds: float) -> int:
    return round(STEPS_PER_E * math.log(max(milliseconds, 1e-3)))


def length_of(step: int) -> float:
    return math.exp(step / STEPS_PER_E)


@dataclass(frozen=True)
class LogScan:
    """All logs of an incident. width: seconds of a time bin; totals: (bin, records, errors), by time.

    errors: records of level ERROR or worse. problems: (file, sentence) of the logs that could not be read.
    """

    files: tuple[str, ...]
    lines: int
    records: int
    errors: int
    since: datetime | None
    until: datetime | None
    width: int
    totals: tuple[tuple[int, int, int], ...]
    templates: tuple[TemplateCount, ...]
    exceptions: tuple[ExceptionCount, ...]
    moments: tuple[Moment, ...]
    traffic: Traffic
    problems: tuple[tuple[str, str], ...] = ()

    backwards: bool = False
    """Whether the newest line comes first, as consoles of clouds write it."""

    signs: tuple[SignCount, ...] = ()
    """Lines of which one is enough, the most frequent first."""

    def when(self, number: int) -> datetime:
        """The beginning of a time bin."""
        return EPOCH + timedelta(seconds=number * self.width)


@dataclass
class _Tally:
    level: Level
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    first_record: int = 0
    bins: Counter[int] = field(default_factory=Counter)
    kind: Kind | None = None
    example: str = ""


def scan(incident: Incident) -> LogScan:
    """The logs of `incident`, read once. Raises NotApplicable without any that can be read."""
    if not incident.logs:
        raise NotApplicable(
            N_("No log: upload what the service wrote, so that errors, restarts and slow requests can be found."), needs="logs"
        )
    years = [event.time.year for event in incident.events]
    stamp = tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in incident.logs)
    try:
        return _scan(stamp, max(years) if years else None)
    except BadInput as reason:
        raise NotApplicable(reason.message, needs="logs", **reason.values) from reason


@lru_cache(maxsize=4)
def _scan(stamp: tuple[tuple[str, int, int], ...], year: int | None) -> LogScan:
    return read_logs(tuple(Path(path) for path, _, _ in stamp), year)


def read_logs(paths: tuple[Path, ...], year: int | None = None, *, assigned: array[int] | None = None) -> LogScan:
    """Read `paths` in their order. `assigned` is filled with the template's id of every line.

    year: of the last line of logs that name none; by default the year in which the file was last written.
    """
    counting = _Counting()
    problems: list[tuple[str, str]] = []
    for path in paths:
        begun = counting.lines
        dated = False
        try:
            for record in _records(path, year):
                if counting.lines - begun >= LINES_CAP:
                    raise _Endless(
                        N_("Only its first {lines:count} lines were read: give the part around the incident."), lines=LINES_CAP
                    )
                template = counting.add(record)
                dated = dated or record.time is not None or record.level is not Level.NONE
                if assigned is not None:
                    assigned.extend([template] * record.lines)
        except _Endless as reason:
            problems.append((path.name, reason.phrase))
        except BadInput as reason:
            if len(paths) == 1:
                raise
            problems.append((path.name, reason.phrase))
        else:
            if not dated:
                problems.append((path.name, Phrase(NO_LOG)))
    counting.drain.close()
    if assigned is not None and len(assigned):
        # Templates that were taken together later: the lines get the one that stands.
        ids = np.array([0, *(t.survivor.id for t in counting.drain.templates)], dtype=assigned.typecode)
        numbers = np.frombuffer(assigned, dtype=assigned.typecode)
        numbers[:] = ids[numbers]
    if not counting.records:
        raise BadInput(N_("{file:name} cannot be used as a log: {why}"), file=problems[0][0], why=problems[0][1])
    return counting.close(tuple(p.name for p in paths), tuple(problems))


class _Endless(BadInput):
    """A log with more lines than are read: what was read counts."""


def _records(path: Path, year: int | None) -> Iterator[Record]:
    written = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).replace(tzinfo=None)
    stamps = Stamps(year or written.year, None if year else written)
    heads = Heads(stamps)
    stream = _unfolded(path)
    beginning = list(islice(stream, LEARNT))
    heads.learn(beginning)
    everything: Iterable[str] = chain(beginning, stream)
    return records(everything, heads)


def _unfolded(path: Path) -> Iterator[str]:
    """The lines of a log; of one JSON document its records, one a line."""
    stream = lines(path)
    first = next((line for line in stream if line.strip()), "")
    rest = next(stream, None)
    whole = first.lstrip()[:1] in ("[", "{") and (rest is None or not first.rstrip().endswith("}"))
    if whole and path.stat().st_size <= DOCUMENT_CAP and (found := documents("\n".join(lines(path)))) is not None:
        return found
    return lines(path)


class _Counting:
    def __init__(self) -> None:
        self.drain, self.masker = Drain(), Masker()
        self.tallies: dict[int, _Tally] = {}
        self.exceptions: dict[str, list[datetime | int | None]] = {}
        self.signs: dict[Shown, SignCount] = {}
        self.moments: list[Moment] = []
        self.kept: Counter[Kind] = Counter()
        self.totals: Counter[int] = Counter()
        self.failures: Counter[int] = Counter()
        self.requests: Counter[int] = Counter()
        self.failed: Counter[int] = Counter()
        self.took: dict[int, Counter[int]] = {}
        self.lines = self.records = self.errors = self.cells = 0
        self.since: datetime | None = None
        self.until: datetime | None = None
        self.width = WIDTHS[0]
        self.earlier = self.later = 0
        self._last: datetime | None = None
        self._second: tuple[datetime | None, int] = (None, 0)

    def add(self, record: Record) -> int:
        words = self.masker.words(record.message)
        if record.detail and record.exception not in record.message:
            # What was raised names the record, not the line above it: "Exception on /predict [POST] (KeyError)".
            words = (*words, f"({record.exception})")
        template = self.drain.add(words)
        tally = self.tallies.get(template.id)
        if tally is None:
            worst = Level.ERROR if _WORST.search(record.message[:EXAMPLE_CAP]) or record.exception else Level.NONE
            tally = self.tallies[template.id] = _Tally(record.level or worst, first_record=self.records)
            tally.kind = (kind_of(record.detail) if record.detail else None) or kind_of(record.message)
            tally.example = record.message[:EXAMPLE_CAP]
        tally.count += 1
        if record.level > tally.level:
            tally.level = record.level
        self.lines += record.lines
        failed = (record.level or tally.level) >= Level.ERROR
        self.errors += failed
        when = record.time
        if when is not None:
            self._time(tally, when, failed)
            status = status_of(record.message)
            if status is not None or tally.kind is Kind.REQUEST:
                self._request(None if status is None else int(status[1]), record.message)
        if record.exception:
            self._exception(record.exception, when)
        for text in (*record.detail.splitlines(), record.message) if record.detail else (record.message,):
            if (sign := sign_of(text)) is not None:
                self._sign(sign, text, when)
                break
        if tally.kind is not None and self.kept[tally.kind] < MOMENTS_CAP:
            self.kept[tally.kind] += 1
            parts = stage(record.message) if tally.kind is Kind.FETCH else None
            value = (parts[0] if parts else milliseconds(record.message)) if tally.kind is Kind.FETCH else None
            value = size(record.message) if tally.kind is Kind.SIZE else value
            self.moments.append(Moment(tally.kind, template.id, when, self.records, value, parts[1] if parts else None))
            told = stage(record.message) if tally.kind is Kind.REQUEST and "eature" in record.message else None
            if told is not None:
                self.moments.append(Moment(Kind.FETCH, template.id, when, self.records, told[0], told[1]))
        self.records += 1
        return template.id

    def _unite(self, tally: _Tally, number: int) -> None:
        """`tally` is of the template `number` as well."""
        kept = self.tallies.get(number)
        if kept is None:
            self.tallies[number] = tally
            return
        kept.count += tally.count
        kept.level = max(kept.level, tally.level)
        kept.first = min((when for when in (kept.first, tally.first) if when is not None), default=None)
        kept.last = max((when for when in (kept.last, tally.last) if when is not None), default=None)
        kept.first_record = min(kept.first_record, tally.first_record)
        kept.bins.update(tally.bins)
        kept.kind = kept.kind or tally.kind

    def _request(self, status: int | None, message: str) -> None:
        """One request at the time of the record that was counted last."""
        number = self._second[1]
        self.requests[number] += 1
        if status is not None and status >= 500:
            self.failed[number] += 1
        if (took_ms := took(message)) is not None:
            steps = self.took.setdefault(number, Counter())
            step = step_of(took_ms)
            self.cells += step not in steps
            steps[step] += 1

    def _time(self, tally: _Tally, when: datetime, failed: bool) -> None:
        if self._second[0] is not when:
            self._second = (when, int((when - EPOCH).total_seconds()) // self.width)
            if self.since is None or when < self.since:
                self.since = when
            if self.until is None or when > self.until:
                self.until = when
        number = self._second[1]
        if self._last is not None and when is not self._last:
            self.earlier += when < self._last
            self.later += when > self._last
        self._last = when
        if tally.first is None or when < tally.first:
            tally.first = when
        if tally.last is None or when > tally.last:
            tally.last = when
        if number not in tally.bins:
            self.cells += 1
        tally.bins[number] += 1
        self.totals[number] += 1
        if failed:
            self.failures[number] += 1
        if self.cells > CELLS_CAP and self.width < WIDTHS[-1]:
            self._coarsen()

    def _coarsen(self) -> None:
        wider = WIDTHS[WIDTHS.index(self.width) + 1]
        ratio, self.width = wider // self.width, wider
        for tally in self.tallies.values():
            tally.bins = _merged(tally.bins, ratio)
        self.totals, self.failures = _merged(self.totals, ratio), _merged(self.failures, ratio)
        self.requests, self.failed = _merged(self.requests, ratio), _merged(self.failed, ratio)
        wider_took: dict[int, Counter[int]] = {}
        for number, steps in self.took.items():
            wider_took.setdefault(number // ratio, Counter()).update(steps)
        self.took = wider_took
        self.cells = sum(len(tally.bins) for tally in self.tallies.values()) + sum(map(len, self.took.values()))
        self._second = (None, 0)

    def _exception(self, name: str, when: datetime | None) -> None:
        known = self.exceptions.get(name)
        if known is None:
            if len(self.exceptions) >= EXCEPTIONS_CAP:
                return
            known = self.exceptions[name] = [0, when, when]
        known[0] = int(known[0]) + 1 if isinstance(known[0], int) else 1
        if when is not None:
            first, last = known[1], known[2]
            known[1] = when if not isinstance(first, datetime) or when < first else first
            known[2] = when if not isinstance(last, datetime) or when > last else last

    def close(self, files: tuple[str, ...], problems: tuple[tuple[str, str], ...]) -> LogScan:
        standing = {template.id: template.survivor.id for template in self.drain.templates}
        texts = {template.id: masked_text(template.text) for template in self.drain.templates}
        for number in [number for number in self.tallies if standing[number] != number]:
            self._unite(self.tallies.pop(number), standing[number])
        self.moments = [moment._replace(template=standing[moment.template]) for moment in self.moments]
        templates = tuple(
            TemplateCount(
                number,
                texts[number],
                t.level,
                t.count,
                t.first,
                t.last,
                t.first_record,
                tuple(sorted(t.bins.items())),
                t.kind,
                masked_text(t.example),
            )
            for number, t in sorted(self.tallies.items(), key=lambda item: (-item[1].count, item[0]))
        )
        totals = tuple((number, count, self.failures[number]) for number, count in sorted(self.totals.items()))
        return LogScan(
            files,
            self.lines,
            self.records,
            self.errors,
            self.since,
            self.until,
            self.width,
            totals,
            templates,
            self._sorted_exceptions(),
            tuple(self.moments),
            Traffic(
                tuple((number, count, self.failed[number]) for number, count in sorted(self.requests.items())),
                tuple(
                    (number, step, count) for number, steps in sorted(self.took.items()) for step, count in sorted(steps.items())
                ),
            ),
            problems,
            self.earlier > 10 * self.later,
            tuple(sorted(self.signs.values(), key=lambda one: (-one.count, one.what))),
        )

    def _sign(self, found: Shown, text: str, when: datetime | None) -> None:
        known = self.signs.get(found)
        if known is None:
            if len(self.signs) < SIGNS_CAP:
                self.signs[found] = SignCount(found.sign, found.what, masked_text(text[:EXAMPLE_CAP]), 1, when)
            return
        first = when if when is not None and (known.first is None or when < known.first) else known.first
        self.signs[found] = replace(known, count=known.count + 1, first=first)

    def _sorted_exceptions(self) -> tuple[ExceptionCount, ...]:
        found = []
        for name, (count, first, last) in self.exceptions.items():
            found.append(
                ExceptionCount(
                    name,
                    count if isinstance(count, int) else 0,
                    first if isinstance(first, datetime) else None,
                    last if isinstance(last, datetime) else None,
                )
            )
        return tuple(sorted(found, key=lambda e: (-e.count, e.name)))


def _merged(bins: Counter[int], ratio: int) -> Counter[int]:
    merged: Counter[int] = Counter()
    for number, count in bins.items():
        merged[number // ratio] += count
    return merged
