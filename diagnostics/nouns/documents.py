"""YAML, TOML and JSON of strangers as plain values: the one place that parses them, and what they may at most expand to.

A few bytes can stand for very much: an alias of YAML for all that its anchor holds, a merge key for all keys of a mapping, a
dotted key of TOML for a level each part, digits for a number that takes minutes to write down. What a text expands to is
therefore counted before anything is built.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import yaml

from diagnostics.nouns.words import N_, Phrase, Value

VALUES_CAP: Final = 200_000
"""Values that a text may expand to; the largest configurations and lock files hold a tenth of it."""

DEPTH_CAP: Final = 60
DIGITS_CAP: Final = 300
"""Digits of a whole number; a double ends at 309."""

MERGE: Final = "<<"
INTEGER: Final = "tag:yaml.org,2002:int"

REPEATS: Final = N_("it repeats parts of itself until they make more than {cap:count} values")
MANY: Final = N_("it holds more than {cap:count} values")
DEEP: Final = N_("it is nested more than {cap:count} levels deep")
WITHIN_ITSELF: Final = N_("a part of it contains itself")
MERGES: Final = N_("it uses merge keys (<<): write the keys out")
DIGITS: Final = N_("it holds a number of more than {cap:count} digits")
LINE: Final = N_("line {line:count} does not follow the format")
BROKEN: Final = N_("it does not follow the format")

# libyaml's parser is tenfold faster; it is part of the wheels, not of every build.
_SAFE: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_PART: Final = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_DOTTED: Final = re.compile(rf"(?<![A-Za-z0-9_\"'-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{DEPTH_CAP}}}")
"""More parts than may be nested. Each stretch is looked at once: a longer one has matched before."""


class NotPlain(ValueError):
    """A text that is not of its format, or stands for more than it may; `phrase` says which, as a part of a sentence.

    line: where it was noticed, from 1; 1 where that is not known.
    """

    def __init__(self, message: str, **values: Value) -> None:
        self.phrase = Phrase(message, **values)
        self.line = int(str(values.get("line", 1)))
        super().__init__(self.phrase)


class _Loader(_SAFE):  # type: ignore[misc]
    """Plain values only."""

    def _int(self, node: yaml.ScalarNode) -> int:
        if len(node.value) > DIGITS_CAP:
            raise NotPlain(DIGITS, cap=DIGITS_CAP)
        return int(self.construct_yaml_int(node))


_Loader.add_constructor(INTEGER, _Loader._int)


def load_yaml(text: str, *, merges: bool = False) -> Any:
    """merges: whether merge keys are taken; what they bring is counted like everything else. Raises NotPlain."""
    try:
        _count(text, merges)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 -- the loader of plain values
    except NotPlain:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise (NotPlain(LINE, line=mark.line + 1) if mark else NotPlain(BROKEN)) from error
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError, AttributeError, LookupError, TypeError) as error:
        # PyYAML trips in all of these ways over a tag that does not fit its value ("!!bool perhaps", a month 13).
        raise NotPlain(BROKEN) from error


def _count(text: str, merges: bool) -> None:
    """Raises NotPlain before anything is built: the values of a text with all of its aliases written out.

    A mapping that takes in another one by a merge key has that one's keys too, so the same sum bounds both.
    """
    sizes: dict[str, int] = {}
    open_: list[tuple[str | None, int]] = []
    inside: set[str] = set()
    total = 0
    repeated = False
    for event in yaml.parse(text, Loader=_SAFE):
        if isinstance(event, yaml.AliasEvent):
            if event.anchor in inside:
                raise NotPlain(WITHIN_ITSELF)
            repeated = True
            total += sizes.get(event.anchor or "", 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            open_.append((event.anchor, total))
            if event.anchor:
                inside.add(event.anchor)
            total += 1
            if len(open_) > DEPTH_CAP:
                raise NotPlain(DEEP, cap=DEPTH_CAP)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_.pop()
            if anchor:
                sizes[anchor] = total - before
                inside.discard(anchor)
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                sizes[event.anchor] = 1
            if event.value == MERGE and event.implicit[0] and not merges:
                raise NotPlain(MERGES)
        if total > VALUES_CAP:
            raise NotPlain(REPEATS if repeated else MANY, cap=VALUES_CAP)


def load_toml(text: str) -> dict[str, Any]:
    """Raises NotPlain."""
    # The parser's time grows with the square of a dotted key's parts, so this comes first.
    if _DOTTED.search(text):
        raise NotPlain(DEEP, cap=DEPTH_CAP)
    try:
        held = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d{1,9})", str(error))
        raise (NotPlain(LINE, line=int(found[1])) if found else NotPlain(BROKEN)) from error
    except RecursionError as error:
        raise NotPlain(DEEP, cap=DEPTH_CAP) from error
    except ValueError as error:
        raise NotPlain(DIGITS, cap=DIGITS_CAP) from error
    _bound(held)
    return held


def _whole(digits: str) -> int | float:
    """A whole number; one beyond any double is infinite, as 1e999 is."""
    return int(digits) if len(digits) <= DIGITS_CAP else float(digits)


_JSON: Final = json.JSONDecoder(parse_int=_whole)
_BRACKETS: Final = np.zeros(256, dtype=np.int8)
_BRACKETS[[ord("["), ord("{")]], _BRACKETS[[ord("]"), ord("}")]] = 1, -1


def load_json(text: str | bytes) -> Any:
    """JSON as Python's reader takes it, NaN and Infinity too. A JSON text expands to nothing, so only its depth is bounded.

    Raises NotPlain.
    """
    try:
        written = text.decode(json.detect_encoding(text)) if isinstance(text, bytes) else text
        held = _JSON.decode(written.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise NotPlain(LINE, line=error.lineno) from error
    except RecursionError as error:
        raise NotPlain(DEEP, cap=DEPTH_CAP) from error
    except ValueError as error:
        raise NotPlain(BROKEN) from error
    if written.count("[") + written.count("{") > DEPTH_CAP and _depth(written) > DEPTH_CAP:
        _bound(held, values=None)
    return held


def _depth(text: str) -> int:
    """How deep brackets stand in each other at most, those in texts counted too."""
    steps = _BRACKETS[np.frombuffer(text.encode(errors="replace"), dtype=np.uint8)]
    return int(np.cumsum(steps, dtype=np.int64).max(initial=0))


def _bound(held: Any, *, values: int | None = VALUES_CAP) -> None:
    """Raises NotPlain for what is nested too deep, holds too many values, or too long a number."""
    total = 0
    waiting: list[Iterator[Any]] = [iter((held,))]
    while waiting:
        value = next(waiting[-1], waiting)
        if value is waiting:
            waiting.pop()
            continue
        total += 1
        if values is not None and total > values:
            raise NotPlain(MANY, cap=values)
        if isinstance(value, dict | list):
            waiting.append(iter(value.values() if isinstance(value, dict) else value))
            if len(waiting) > DEPTH_CAP + 1:
                raise NotPlain(DEEP, cap=DEPTH_CAP)
        elif isinstance(value, int) and value.bit_length() > DIGITS_CAP * 10 / 3:
            raise NotPlain(DIGITS, cap=DIGITS_CAP)
