"""Masks: the parts of a log message that change from line to line, replaced by <*> before templates are compared.

The published parsers give every system its own list of such patterns (He et al. 2017, doi:10.1109/ICWS.2017.13); these are the
kinds that all of them share. Every expression is linear: no nested quantifier, and what repeats is bounded by a class.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

ANY: Final = "<*>"
VARIES: Final = "…"
"""What a reader sees in its place."""
TOKEN_CAP: Final = 60
"""Words of a message that make its template; He et al. report no event with more than half as many constant words."""
MESSAGE_CAP: Final = 2048
WORD_CAP: Final = 200
CACHE_CAP: Final = 50_000
NEW_CAP: Final = 400_000
"""Different words after which a word that was not seen lately is masked roughly; no service has so many words of its own."""

SHAPE_CAP: Final = 512
SHAPES_CAP: Final = 20_000

DIGEST_LEAST: Final = 7
"""Characters from which hexadecimal digits without their sign 0x are taken for a digest."""

DIGITS: Final = {code: chr(code) for code in range(128)} | str.maketrans("123456789", "000000000")
"""Lines that differ only in digits have the same head and the same template. Letters stand in it as well: one that a table
lacks costs str.translate an exception, which makes it three times as slow."""

_DIGEST: Final = re.compile(
    r"(?:(?<=[\W_])|^)[-+]?(?:"
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"  # uuid
    r"|0[xX][0-9a-fA-F]+"
    r"|(?=[a-fA-F]*\d)[0-9a-fA-F]{7,}(?![0-9a-zA-Z])"  # digests and addresses
    r")"
)
_NUMBER: Final = re.compile(r"[-+]?\d+(?:[.,:]\d+)*")
_PATH: Final = re.compile(r"(?:(?<=[\s=:,('\"\[<])|^)(?:[A-Za-z]:\\|(?:[a-z][a-z0-9+.-]{1,15}:)?/{1,3})[^\s,;'\"()\[\]<>]+")
_QUOTED_REQUEST: Final = re.compile(r'"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) [^"]*"')
_ASKED: Final = ("HTTP/", "tatus", "POST /", "GET /", "PUT /", "HEAD /", "PATCH /", "DELETE /", "OPTIONS /")
_STATUS: Final = re.compile(
    r"(?:HTTP/\d(?:\.\d)?\"? |\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /\S{0,400}(?: ->| →|:| -)? "
    r"|\b[sS]tatus(?:[ _]?[cC]ode)?[\"']?[=: ]{1,2}\"?)"
    r"([1-5]\d\d)(?![\d.])"
)
_CLASSES: Final = {f"{number}": f"{'①②③④⑤'[number // 100 - 1]}" for number in range(100, 600)}
"""Signs that stand for a class of status until digits are masked."""
_SHOWN: Final = str.maketrans({"①": "1xx", "②": "2xx", "③": "3xx", "④": "4xx", "⑤": "5xx"})
_USER: Final = re.compile(r"\b((?:for|by|of|[Ii]nvalid|[Ii]llegal) user |password for (?!invalid|illegal))(?!<\*>)[^\s:,;()]+")
_DATE: Final = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
    r" {1,2}0{1,2},? 00:00:00(?: (?:[A-Z]{3,4} )?0000)?"
)
"""A day and its clock as ctime writes them, every digit a zero."""
_AGAIN: Final = re.compile(r"(?<=[0bBs]) \(0[0.,]{0,20} ?(?:[kKMGT]i?)?(?:B|bytes)\)")
_JOINED: Final = re.compile(r"<\*>(?:[.:/\\,@#_+~-]*<\*>)+")
_HOST: Final = re.compile(r"^[\[(<]*(?:[A-Za-z0-9_-]+\.){2,}[A-Za-z]{2,}(?::<\*>)?[\])>,;]*$|^[A-Za-z0-9_.-]+:<\*>[\])>,;]*$")
_UNITS: Final = frozenset(
    ""
    "|b|kb|mb|gb|tb|kib|mib|gib|bytes|byte|bits|bit|ms|us|ns|s|sec|secs|second|seconds|min|mins|minute|minutes|h|hours|hour|days|day|%|"
    "percent|".strip("|").split("|")
)
_EDGE: Final = "()[]{}<>,;.'\""


def readable(template: str) -> str:
    """A template as a person reads it: the parts that vary as "…"."""
    return template.replace(ANY, VARIES)


@dataclass
class Masker:
    """Turns a message into the words of its template; remembers messages and words by their shape: every digit a zero."""

    cache: dict[str, str] = field(default_factory=dict)
    messages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    new: int = 0
    once: set[str] = field(default_factory=set)

    def words(self, message: str) -> tuple[str, ...]:
        """Words with <*> for what varies; runs of the same varying word, and numbers with their units, count once.

        Of the status of an HTTP answer its class stays: 5xx.
        """
        message = message[:MESSAGE_CAP]
        if (status := status_of(message)) is not None:
            message = f"{message[: status.start(1)]}{_CLASSES[status[1]]}{message[status.end(1) :]}"
        shape = message.translate(DIGITS)
        known = self.messages.get(shape)
        if known is None:
            known = self._words(shape)
            if len(shape) <= SHAPE_CAP:
                if len(self.messages) >= SHAPES_CAP:
                    self.messages.clear()
                self.messages[shape] = known
        return known

    def _words(self, message: str) -> tuple[str, ...]:
        if " user " in message or "password for " in message:
            message = _USER.sub(r"\1" + ANY, message)
        if "00:00:00" in message:
            message = _DATE.sub(ANY, message)
        if "(0" in message:
            # The same size in a larger unit: "16559 bytes (16.17 KB)".
            message = _AGAIN.sub("", message)
        if '"' in message:
            message = _QUOTED_REQUEST.sub(r'"\1 <*>"', message)
        result: list[str] = []
        cache, last = self.cache, ""
        for raw in message.split(None, TOKEN_CAP)[:TOKEN_CAP]:
            word = cache.get(raw)
            if word is None:
                word = self._new(raw)
            if last[-3:] == ANY and word.rstrip(_EDGE).lower() in _UNITS:
                continue
            if word == last and ANY in word:
                continue
            result.append(word)
            last = word
        if any(not word.isascii() for word in result):
            result = [word.translate(_SHOWN) for word in result]
        return tuple(result)

    def _new(self, raw: str) -> str:
        self.new += 1
        if self.new > NEW_CAP and raw not in self.once:
            if len(self.once) >= CACHE_CAP:
                self.once.clear()
            self.once.add(raw)
            return ANY if "0" in raw else raw[:WORD_CAP]
        word = _masked(raw[:WORD_CAP])
        if len(raw) <= WORD_CAP:
            if len(self.cache) >= CACHE_CAP:
                self.cache.clear()
            self.cache[raw] = word
        return word


def status_of(message: str) -> re.Match[str] | None:
    """The status of an HTTP answer, as group 1, in a message that names one."""
    if not any(word in message for word in _ASKED):
        return None
    return _STATUS.search(message, 0, MESSAGE_CAP)


def _masked(word: str) -> str:
    """One word, every digit a zero, with its varying parts replaced."""
    if word.isalpha():
        return word
    if "/" in word or "\\" in word:
        word = _PATH.sub(ANY, word)
    if "0" in word:
        if len(word) >= DIGEST_LEAST or "x" in word or "X" in word:
            word = _DIGEST.sub(ANY, word)
        word = _NUMBER.sub(ANY, word)
    if word.count(ANY) > 1:
        word = _JOINED.sub(ANY, word)
    return _HOST.sub(ANY, word) if word.count(".") > 1 or ":" + ANY in word else word
