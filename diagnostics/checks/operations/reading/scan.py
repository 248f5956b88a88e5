"""One pass over the logs: templates with their counts over time, exceptions, and what the service said about itself."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Final

from diagnostics.checks.operations.reading.drain import Drain
from diagnostics.checks.operations.reading.header import Heads, Level
from diagnostics.checks.operations.reading.kinds import Kind, kind_of, milliseconds, size
from diagnostics.checks.operations.reading.lines import lines
from diagnostics.checks.operations.reading.mask import Masker
from diagnostics.checks.operations.reading.records import Record, records
from diagnostics.checks.operations.reading.stamps import EPOCH, Stamps
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
LEARNT: Final = 500
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
class Moment:
    """Something that the service said of itself. value: milliseconds of a fetch, number of entries of a size; else None."""

    kind: Kind
    template: int
    time: datetime | None
    record: int
    value: float | None


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
    problems: tuple[tuple[str, str], ...] = ()

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
    if not counting.records:
        raise BadInput(N_("{file:name} cannot be used as a log: {why}"), file=problems[0][0], why=problems[0][1])
    return counting.close(tuple(p.name for p in paths), tuple(problems))


class _Endless(BadInput):
    """A log with more lines than are read: what was read counts."""


def _records(path: Path, year: int | None) -> Iterator[Record]:
    written = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).replace(tzinfo=None)
    stamps = Stamps(year or written.year, None if year else written)
    heads = Heads(stamps)
    stream = lines(path)
    beginning = list(islice(stream, LEARNT))
    heads.learn(beginning)
    everything: Iterable[str] = chain(beginning, stream)
    return records(everything, heads)


class _Counting:
    def __init__(self) -> None:
        self.drain, self.masker = Drain(), Masker()
        self.tallies: dict[int, _Tally] = {}
        self.exceptions: dict[str, list[datetime | int | None]] = {}
        self.moments: list[Moment] = []
        self.kept: Counter[Kind] = Counter()
        self.totals: Counter[int] = Counter()
        self.failures: Counter[int] = Counter()
        self.lines = self.records = self.errors = self.cells = 0
        self.since: datetime | None = None
        self.until: datetime | None = None
        self.width = WIDTHS[0]
        self._second: tuple[datetime | None, int] = (None, 0)

    def add(self, record: Record) -> int:
        template = self.drain.add(self.masker.words(record.message))
        tally = self.tallies.get(template.id)
        if tally is None:
            words = Level.ERROR if _WORST.search(record.message[:EXAMPLE_CAP]) or record.exception else Level.NONE
            tally = self.tallies[template.id] = _Tally(record.level or words, first_record=self.records)
            tally.kind = kind_of(record.message)
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
        if record.exception:
            self._exception(record.exception, when)
        if tally.kind is not None and self.kept[tally.kind] < MOMENTS_CAP:
            self.kept[tally.kind] += 1
            value = milliseconds(record.message) if tally.kind is Kind.FETCH else None
            value = size(record.message) if tally.kind is Kind.SIZE else value
            self.moments.append(Moment(tally.kind, template.id, when, self.records, value))
        self.records += 1
        return template.id

    def _time(self, tally: _Tally, when: datetime, failed: bool) -> None:
        if self._second[0] is not when:
            self._second = (when, int((when - EPOCH).total_seconds()) // self.width)
            if self.since is None or when < self.since:
                self.since = when
            if self.until is None or when > self.until:
                self.until = when
        number = self._second[1]
        tally.first = tally.first or when
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
        self.cells = sum(len(tally.bins) for tally in self.tallies.values())
        self._second = (None, 0)

    def _exception(self, name: str, when: datetime | None) -> None:
        known = self.exceptions.get(name)
        if known is None:
            if len(self.exceptions) >= EXCEPTIONS_CAP:
                return
            known = self.exceptions[name] = [0, when, when]
        known[0] = int(known[0]) + 1 if isinstance(known[0], int) else 1
        known[2] = when or known[2]

    def close(self, files: tuple[str, ...], problems: tuple[tuple[str, str], ...]) -> LogScan:
        texts = {template.id: masked_text(template.text) for template in self.drain.templates}
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
            problems,
        )

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
