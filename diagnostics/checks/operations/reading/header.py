"""The head of a log line: time, level, process and component, told apart from the message."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final, NamedTuple

from diagnostics.checks.operations.reading.beginnings import Beginnings
from diagnostics.checks.operations.reading.mask import DIGITS, SHAPE_CAP, SHAPES_CAP
from diagnostics.checks.operations.reading.stamps import FORMATS, PATTERN, STAMP, Stamps, form
from diagnostics.checks.operations.reading.structured import Fields, of_json, of_logfmt


class Level(IntEnum):
    """How bad a line calls itself; NONE when it does not say."""

    NONE = 0
    DEBUG = 1
    INFO = 2
    WARNING = 3
    ERROR = 4
    CRITICAL = 5


LEVELS: Final = {
    **dict.fromkeys(("trace", "debug", "fine", "finest", "verbose", "d", "v"), Level.DEBUG),
    **dict.fromkeys(("info", "information", "notice", "log", "i"), Level.INFO),
    **dict.fromkeys(("warn", "warning", "w"), Level.WARNING),
    **dict.fromkeys(("error", "err", "severe", "failure", "e"), Level.ERROR),
    **dict.fromkeys(("调试", "跟踪"), Level.DEBUG),
    **dict.fromkeys(("信息", "消息", "通知"), Level.INFO),
    **dict.fromkeys(("警告", "告警"), Level.WARNING),
    **dict.fromkeys(("错误", "异常", "失败"), Level.ERROR),
    **dict.fromkeys(("严重", "致命", "紧急"), Level.CRITICAL),
    **dict.fromkeys(("critical", "crit", "fatal", "alert", "emerg", "emergency", "panic", "f"), Level.CRITICAL),
}
_NAMES: Final = "|".join(sorted((name for name in LEVELS if len(name) > 1), key=len, reverse=True))

HEAD_CAP: Final = 240
"""Characters of a line that may belong to its head."""

LEAD_CAP: Final = 6
"""Words that may stand before the first time: file names, hosts, counters, the address of an access log."""

ITEMS_CAP: Final = 12
"""Parts of a head that are looked at before its component, and as many with it."""

_NUMBER: Final = r"(?:\d{1,12}(?=[\s|:]))"
# In capitals a level stands alone; in small letters only a sign or a wide gap tells it from a word of the message.
_LEVEL_WORD: Final = (
    rf"(?P<level>(?:{_NAMES.upper()})\b:?(?=[\s|,\]:-]|$)|(?i:{_NAMES})(?::(?=\s|$)|(?=\||\t|\s\s|\s-\s|,))|[DIWEFV](?=[\s/]))"
)
_LEVEL_BOXED: Final = rf"[\[(<] ?(?P<boxed>(?i:{_NAMES}))(?: +|:[\w.]*)?[\])>]:?"
_BOX: Final = r"\[(?:[^\[\]]|\[[^\[\]]{0,80}\]){0,160}\]:?"
_SEPARATOR: Final = r"(?:[-|:,>]{1,2}(?=\s|$)|\||(?<=[A-Z]):[\w.]{1,80}:)"  # the last is Python's own ERROR:root:
_ITEM: Final = re.compile(
    rf"\s*(?:(?P<stamp>{PATTERN}\]?)|{_LEVEL_BOXED}|{_LEVEL_WORD}|(?P<box>{_BOX})(?=[\s:|]|$)|(?P<number>{_NUMBER})|(?P<gap>{_SEPARATOR}))"
)
# A component: sshd(pam_unix)[19939]: or org.apache.Main: or "app - ", Android's PowerManagerService( 123):, or "Step_LSC|".
_COMPONENT: Final = re.compile(
    r"\s*(?:[\w-]{1,40} (?=(?:[\w$]{1,40}\.){1,12}[\w$]{1,60} - ))?"
    r"(?P<name>[A-Za-z_][\w.$/@#*-]{0,79}(?:\([\w ./-]{0,40}\))?(?:\[[\w./-]{0,40}\])?"
    r"(?::[A-Za-z_<]\w{0,60}>?(?=:\d{1,6} - ))?(?::\d{1,6})?)"
    r"(?:(?P<colon>:)(?=\s|$)|(?: [^\sA-Za-z]{1,8})? -{1,2}(?=\s|$)|(?P<bar>\|)|(?<=\w)(?=\s\[[\w-]))"
)
_DIGIT: Final = re.compile("[0-9]")
_TWO: Final = re.compile(r"\s*[\w.$#-]{1,80} [\w.$]{1,80} -(?=\s|$)")
# glog and Triton: "E0512 08:01:00.000000 1 server.cc:1152] ".
_GLOG: Final = re.compile(r"\s*[\w./-]{1,80}:\d{1,6}\](?=\s|$)")
# What collectors put between the time and the line itself: Kubernetes "stderr F ", a cell of a CSV file.
_WRAPPED: Final = re.compile(r" (?:stdout|stderr) [FP](?: |$)|,\"?")
# Spring Boot: "1 --- [nio-8080-exec-0] c.e.PredictController : ", also with the application's name in a bracket before.
_SPRING: Final = re.compile(r"\s*(?:\d{1,9} )?--- (?:\[[^\]]{0,80}\] ){1,3}\s*[\w.$\[\]/-]{1,80}\s*:(?=\s|$)")
_HOST: Final = re.compile(r"\s*[A-Za-z0-9_][\w./-]{0,79}(?=\s+\S)")
_RAISED: Final = re.compile(r"(?:Error|Exception|Warning|Exit|Interrupt|error|exception|warning|failed)$")
_ACCESS: Final = re.compile(r'" (?P<status>[1-5]\d\d)(?: |$)')


class Head(NamedTuple):
    """What the head of a line says. headed: it had a time or a level; message: what follows, in the line's own words."""

    time: datetime | None
    level: Level
    message: str
    headed: bool


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where the parts of a line's head are; the same for every line that differs only in its digits."""

    stamp: int
    stamp_end: int
    end: int
    level: Level
    headed: bool
    access: bool


class Heads:
    """Reads the heads of one log. `learn` looks at its first lines for words that stand before the level in most of them."""

    def __init__(self, stamps: Stamps) -> None:
        self.stamps = stamps
        self.skip: int | None = None
        self.place: int | None = None
        """Words before the first time, in a log whose lines all have it there."""

        self.relayed = True
        self._again = False
        self._shapes: dict[str, _Shape] = {}
        # Lines of access logs apart, since their level stands at their end.
        self._beginnings: tuple[Beginnings[_Shape], Beginnings[_Shape]] = (Beginnings(), Beginnings())

    def learn(self, sample: list[str], *, share_at: float = 0.6) -> None:
        """Finds systems such as BGL, whose level follows a number of words without a form of their own."""
        found: Counter[int] = Counter()
        relayed = 0
        days = [match for line in sample if (match := STAMP.search(line[:120])) is not None and form(match) == len(FORMATS) - 1]
        self.stamps.day_first = any(int(next(v for k, v in m.groupdict().items() if k[0] == "p" and v)) > 12 for m in days)
        places = Counter(
            len(line[: match.start()].split()) for line in sample if (match := _first_time(line, min(len(line), 120))) is not None
        )
        if places:
            place, count = places.most_common(1)[0]
            # What stands before the time in nearly every line is its head, whatever words it is made of.
            self.place = (
                place if place <= 2 * LEAD_CAP and count >= 0.9 * len([line for line in sample if line.strip()]) else None
            )
        for line in sample:
            end, _, _, headed = self._strip(line)
            relayed += headed and self._again
            words = line[end : end + HEAD_CAP].split(None, LEAD_CAP)[:LEAD_CAP]
            position = next(
                (i for i, word in enumerate(words) if word.isupper() and word.lower() in LEVELS and len(word) > 3), None
            )
            if position is not None:
                found[position] += 1
        self.relayed = relayed >= share_at * len(sample)
        if found:
            position, count = found.most_common(1)[0]
            if count >= share_at * len(sample):
                self.skip = position

    def read(self, line: str) -> Head:
        first = line[:1]
        if first == "{" and line.rstrip().endswith("}"):
            if (fields := of_json(line)) is not None:
                return self._structured(fields)
        elif "=" in line[:64] and (first.isalpha() or first in "@_") and (fields := of_logfmt(line)) is not None:
            return self._structured(fields)
        return self._text(line)

    def _structured(self, fields: Fields) -> Head:
        """The fields' own words; what a collector wraps (Docker, Kubernetes, a cloud) may have a head of its own."""
        level, message, time = level_of(fields.level), fields.message, self.stamps.written(fields.time)
        if message and (level is Level.NONE or time is None):
            inner = self._text(message) if message[0] != "{" else self.read(message)
            if inner.headed:
                level, message, time = level or inner.level, inner.message, time or inner.time
        elif message.startswith("{") and message.endswith("}"):
            inner = self.read(message)
            level, message = (max(level, inner.level), inner.message) if inner.headed else (level, message)
        if not level and "HTTP/" in message[:2048]:
            level = _served(message, level)
        if fields.detail:
            message = f"{message}\n{fields.detail}" if message else fields.detail
        return Head(time, level, message, True)

    def _text(self, line: str) -> Head:
        if len(line) > SHAPE_CAP:
            return self._read(line)[0]
        shape = line.translate(DIGITS)
        known = self._shapes.get(shape)
        if known is None:
            beginnings = self._beginnings["HTTP/" in line[:2048]]
            known = beginnings.find(shape)
        if known is not None:
            time = None
            if known.stamp >= 0:
                stamp = STAMP.match(line, known.stamp)
                if stamp is None or stamp.end() != known.stamp_end:
                    return self._read(line)[0]
                time = self.stamps.read(stamp)
            return Head(time, _served(line, known.level) if known.access else known.level, _quoted(line, known.end), known.headed)
        head, known = self._read(line)
        beginnings.learn(shape, known)
        if len(self._shapes) >= SHAPES_CAP:
            self._shapes.clear()
        self._shapes[shape] = known
        return head

    def _read(self, line: str) -> tuple[Head, _Shape]:
        end, stamp, level, headed = self._strip(line)
        if self.skip is not None and headed:
            words = line[end : end + HEAD_CAP].split(None, self.skip + 1)
            if len(words) > self.skip and (found := LEVELS.get(words[self.skip].lower())) and words[self.skip].isupper():
                level = found
                end = line.index(words[self.skip], end) + len(words[self.skip])
                end = _component(line, end)
        access = "HTTP/" in line[:2048]
        time = self.stamps.read(stamp) if stamp else None
        where = stamp.span() if stamp and time else (-1, -1)
        head = Head(time, _served(line, level) if access else level, _quoted(line, end), headed)
        return head, _Shape(where[0], where[1], end, level, headed, access)

    def _strip(self, line: str) -> tuple[int, re.Match[str] | None, Level, bool]:
        """Where the message begins, the stamp with the time, the level, and whether there was a head."""
        level: Level = Level.NONE
        headed = glog = False
        when: re.Match[str] | None = None
        end = 0
        cap = min(len(line), HEAD_CAP)
        first = _first_time(line, min(cap, 120))
        lead = line[: first.start()] if first else ""
        if first and (first.start() == 0 or _leads(lead) or (self.place is not None and len(lead.split()) == self.place)):
            end = first.end()
            when = first
            headed = True
            syslog = first.group()[:1].isalpha() and form(first) == 3
            if end < cap and line[end] in "])":
                end += 1
            if (wrapped := _WRAPPED.match(line, end, cap)) is not None:
                end = wrapped.end()
            if lead.strip() and not syslog and (early := LEVELS.get(lead.strip(" []()").lower())):
                level = early
            elif lead.strip() and not syslog and (last := lead.split()[-1]).isupper() and len(last) > 3:
                # Ray: "(ServeReplica:default:Model pid=123) INFO 2026-05-12 ...".
                level = LEVELS.get(last.lower(), Level.NONE)
            if syslog:
                end = _syslog_host(line, first.group(), end, cap)
            glog = first.group()[0] in "IWEF" and first.group()[1].isdigit()
            if glog:
                level = LEVELS[first.group()[0].lower()]
        boxes = items = 0
        while end < cap and items < ITEMS_CAP and (item := _ITEM.match(line, end, cap)):
            items += 1
            if item["stamp"]:
                stamp = STAMP.match(line, item.start("stamp"), cap)
                if stamp is None:
                    break
                when, headed = stamp if self.stamps.read(stamp) else when, True
            elif named := (item["level"] or item["boxed"]):
                if level:
                    break
                level = LEVELS[named.rstrip(":").lower()]
                headed = True
            elif item["box"]:
                # In a line without time and level, a bracket is part of what is said.
                boxes += 1
                if boxes > 4 or (not headed and not end):
                    break
            elif not headed:
                break
            end = item.end()
            if item["stamp"]:
                end = _syslog_host(line, item["stamp"], end, cap)
        self._again = False
        if headed and self.relayed and (again := _second(line, end, cap)):
            self._again = True
            end = _syslog_host(line, again.group(), again.end(), cap)
        if headed:
            if (glog or level) and (place := _GLOG.match(line, end, cap) or _SPRING.match(line, end, cap)):
                return place.end(), when, level, True
            end = _component(line, end, levelled=level is not Level.NONE)
            boxed = False
            while end < cap and items < 2 * ITEMS_CAP and (item := _ITEM.match(line, end, cap)):
                items += 1
                named = item["boxed"] or item["level"]
                if (item["box"] and not boxed) or (named and not level and (item["boxed"] or named.isupper())):
                    if item["box"]:
                        # One bracket is the thread or the request; the next is what the message is about.
                        boxed = True
                    else:
                        level = LEVELS[named.rstrip(":").lower()]
                    end = item.end()
                elif (item["number"] and line[item.end() : item.end() + 1] == "|") or item["gap"]:
                    end = item.end()
                else:
                    break
        return (end if headed else 0), when, level, headed


def _first_time(line: str, cap: int) -> re.Match[str] | None:
    """The first time in a line. Looking for one at every place costs the most, so what must fail is not tried."""
    if _DIGIT.search(line, 0, cap) is None:
        return None
    # The time of an access log stands in the first bracket.
    bracket = line.find("[", 1, cap)
    if bracket > 0 and (found := STAMP.match(line, bracket + 1)) and form(found) == 1:
        return found
    return STAMP.search(line, 0, cap)


def _served(line: str, level: Level) -> Level:
    """The level of a line of an access log: ERROR when the server failed."""
    status = _ACCESS.search(line, 0, 2048)
    if status is None:
        return level
    return Level.ERROR if status["status"] >= "500" else level or Level.INFO


def _leads(lead: str) -> bool:
    """Words before the first time are a head when they are few and none is plain prose."""
    if len(lead) > HEAD_CAP or lead.isspace():
        return False
    words = lead.split()
    prose = sum(word.isalpha() and word.islower() for word in words)
    # The third word of an access log is the user.
    return len(words) <= LEAD_CAP and prose <= lead.endswith("[") and lead[-1] in " [(<|:\t"


def _second(line: str, end: int, cap: int) -> re.Match[str] | None:
    """A time that is repeated after the name of a host or node, as relays write it."""
    found = STAMP.search(line, end, min(cap, end + 60))
    if found is None:
        return None
    between = line[end : found.start()].split()
    return found if 1 <= len(between) <= 2 and not any(word.isalpha() for word in between) else None


def _syslog_host(line: str, stamp: str, end: int, cap: int) -> int:
    """After a syslog time comes the host; where it ends, or `end` when there is none."""
    host = _HOST.match(line, end, cap) if stamp[:1].isalpha() else None
    return host.end() if host else end


def _component(line: str, end: int, *, levelled: bool = False) -> int:
    found = _COMPONENT.match(line, end, end + HEAD_CAP)
    if found is None and levelled:
        # TorchServe: "W-9000-bert_1.0-stdout MODEL_LOG - ".
        found = _TWO.match(line, end, end + HEAD_CAP)
        return found.end() if found else end
    # "ValueError: ..." is what happened, not who says it.
    if found is None or _RAISED.search(found["name"]):
        return end
    return found.end()


def level_of(named: object) -> Level:
    """A level as structured lines name it: a word, or a number of the loggers of Python and Node, 10 to 60."""
    if isinstance(named, bool) or named is None:
        return Level.NONE
    text = str(named).strip().lower()
    if text.isdigit():
        return Level(min(5, max(1, int(text) // 10)))
    return LEVELS.get(text, Level.NONE)


def _quoted(line: str, end: int) -> str:
    """The message from `end` on, without the mark of the cell that it stood in."""
    message = line[end:].strip()
    if message.endswith('"') and ',"' in line[:end]:
        return message[:-1].replace('""', '"')
    # SageMaker's console copies its table with the bars.
    return message.rsplit(" | ", 1)[0].rstrip(" |") if line[:1] == "|" and message.endswith("|") else message
