"""Lines to records: a traceback, and whatever else a message drags along, is folded into the line that began it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from diagnostics.checks.operations.reading.header import Head, Heads, Level
from diagnostics.checks.operations.reading.stamps import STAMP

RECORD_CAP: Final = 64 * 1024
"""Characters of a record that are kept."""

DETAIL_CAP: Final = 1000
_JAVA: Final = re.compile(r"(?:[a-z_]\w{0,60}\.){1,12}[A-Z][\w$]{0,80}(?:Exception|Error|Throwable)(?:: |$)")
_TRACEBACK: Final = "Traceback (most recent call last)"
_CHAINED: Final = ("During handling of the above", "The above exception was")
_GOES_ON: Final = ("Caused by:", "Suppressed:", "... ", *_CHAINED)
_ENDINGS: Final = ("Error", "Exception", "Interrupt", "Timeout", "Exit", "Fault")
_RAISED: Final = re.compile(
    rf"(?:^|(?<=[\s:(]))(?P<name>(?:[A-Za-z_]\w{{0,80}}\.){{0,8}}[A-Za-z_]\w{{0,80}}(?:{'|'.join(_ENDINGS)}))(?=[\s:),]|$)"
)
_CALM: Final = (Level.DEBUG, Level.INFO, Level.WARNING)
_CLOSED: Final = frozenset(("}", "]", ")", "},", "],"))


class Record(NamedTuple):
    """One message with what was folded into it. A tuple, since a log has millions of them.

    line: of its first line, from 1. lines: how many physical lines. exception: the innermost exception that is named, without its
    module; "" for none. detail: the lines that name what was raised, the last one last. message: what the first line says; for a
    traceback that stands alone, the line that names the exception.
    """

    line: int
    lines: int
    time: datetime | None
    level: Level
    message: str
    exception: str
    detail: str = ""


class _Open:
    """The record that is being read."""

    __slots__ = ("alone", "chained", "count", "detail", "exception", "frames", "head", "line", "size", "time", "traceback")

    def __init__(self, line: int, head: Head, time: datetime | None) -> None:
        self.line, self.head, self.time, self.count, self.size = line, head, time, 1, len(head.message)
        self.exception = self.detail = ""
        self.alone = head.message.startswith(_TRACEBACK)
        self.traceback = _TRACEBACK in head.message
        self.frames = self.traceback
        self.chained = False

    def fold(self, text: str) -> None:
        self.count += 1
        if self.size > RECORD_CAP:
            return
        self.size += len(text)
        if text.startswith(_CHAINED):
            self.chained = True
            return
        if text.startswith(_TRACEBACK) or text.lstrip().startswith(_TRACEBACK):
            self.traceback = self.frames = True
            self.chained = False
        elif self.frames and text[:1] not in (" ", "\t"):
            # The first line that is not indented ends a Python traceback and names the exception.
            found = _RAISED.search(text[:300])
            self._raised(found["name"] if found else text.split(":")[0], text)
            self.frames = False
            if self.alone:
                self.head = Head(self.head.time, Level.ERROR, text, self.head.headed)
        elif (text.startswith("Caused by:") or _JAVA.match(text)) and (found := _RAISED.search(text[:300])):
            self._raised(found["name"], text.removeprefix("Caused by: "))

    def _raised(self, name: str, text: str) -> None:
        self.exception = _short(name)
        self.detail = f"{self.detail}\n{text}"[-DETAIL_CAP:].lstrip("\n")

    def close(self) -> Record:
        exception = self.exception
        head = self.head
        first, _, rest = head.message.partition("\n")
        if rest and not exception:
            exception, self.detail = _last_raised(rest)
        if not exception and head.level not in _CALM and any(map(first.__contains__, _ENDINGS)):
            found = _RAISED.search(first[:300])
            exception = _short(found["name"]) if found else ""
        level = max(head.level, Level.ERROR) if self.traceback else head.level
        return Record(self.line, self.count, self.time, level, first, exception, self.detail)


def records(lines: Iterable[str], heads: Heads) -> Iterator[Record]:
    """Records of one log, in order; the last known time holds for lines that have none."""
    now: datetime | None = None
    current: _Open | None = None
    for number, line in enumerate(lines, start=1):
        # A line that begins with a digit goes on with nothing but a traceback; most lines of most logs do.
        alone = line[:1].isdigit() and current is not None and not current.frames
        if not alone and current is not None and _folds(line, current, heads):
            current.fold(line)
            continue
        head = heads.read(line)
        if current is not None and not head.headed and not current.head.message and line.strip():
            # "main org.pytorch.serve.ModelServer -" and then a list of settings, none of them with a head.
            current.fold(line)
            continue
        if current is not None:
            yield current.close()
        now = head.time or now
        current = _Open(number, head, now)
    if current is not None:
        yield current.close()


def _folds(line: str, current: _Open, heads: Heads) -> bool:
    """This line goes on with what `current` began."""
    if not line or line.isspace():
        return True
    if line[0] in " \t":
        # Some relays indent every line; a time of its own makes it a record.
        return STAMP.match(line.lstrip()[:80].lstrip("[")) is None
    if line.startswith(_TRACEBACK):
        # A second traceback is a record of its own, unless Python says that the first led to it.
        return current.chained or (not current.traceback and current.head.headed)
    if current.head.level >= Level.ERROR and current.head.headed and _JAVA.match(line):
        # Java prints its exception below the line that reports it.
        return True
    if current.frames:
        return not heads.read(line).headed
    if current.traceback or current.count > 1 or current.head.level >= Level.ERROR:
        return line.startswith(_GOES_ON) or line.rstrip() in _CLOSED
    return line.rstrip() in _CLOSED


def _short(name: str) -> str:
    return name.strip().rsplit(".", 1)[-1][:80]


def _last_raised(text: str) -> tuple[str, str]:
    """The exception that the last lines of a folded traceback (in a JSON field) name, and the line that names it."""
    for line in reversed(text[-4000:].splitlines()):
        if line[:1] not in (" ", "\t") and (found := _RAISED.search(line[:300])):
            return _short(found["name"]), line[:DETAIL_CAP]
    return "", ""
