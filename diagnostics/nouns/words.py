"""Sentences: English message ids, numbers put in last, translated through gettext.

A message is a template such as ``N_("{column:name} is missing in {share:percent} of the rows.")``. The
values stay numbers until a `Words` of some language writes them, so one finding can be read in every language.

A language is one catalogue, ``locale/zh_CN/LC_MESSAGES/messages.po``. It is read as it stands: a compiled copy would be one more
file to forget.
"""

from __future__ import annotations

import gettext
import math
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from babel.core import Locale
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

LOCALE_FOLDER: Final = Path(__file__).parent.parent / "locale"
PLACE: Final = Path("LC_MESSAGES") / "messages.po"
LANGUAGES: Final[Mapping[str, str]] = {
    "en": "en_US",
    **{file.parts[-3].split("_")[0]: file.parts[-3] for file in sorted(LOCALE_FOLDER.glob(f"*/{PLACE}"))},
}
"""Language codes of the command line and the switch, with the locale that writes numbers and dates."""

NAME_CAP: Final = 60
"""Characters of a column, level or file name that a sentence shows; names come from files and may be endless."""

LIST_CAP: Final = 3

KINDS: Final = ("number", "count", "percent", "points", "time", "name", "list", "place", "term")

Value: TypeAlias = float | int | str | bool | date | Sequence[str] | None
"""What a sentence can hold; a date is a day, a datetime (which is a date too) a moment."""


def N_(message: str) -> str:
    """Mark `message` for the catalogue; it is translated where it is shown."""
    return message


DAY: Final = N_("d MMMM y")
MOMENT: Final = N_("d MMMM y, HH:mm")
"""How a day and a moment are written, as Unicode's date patterns (UTS #35)."""

COMMA: Final = N_(", ")


class Phrase(str):
    """Part of a sentence that remembers how it was made: the English text to everybody, the reader's language to `Words`.

    ``Phrase(N_("{column:name} above {low:number}"), column="income", low=60.5)`` equals "income above 60.5".
    """

    message: str
    values: Mapping[str, Value]

    def __new__(cls, message: str, /, **values: Value) -> Phrase:
        made = super().__new__(cls, Words().sentence(message, values))
        made.message, made.values = message, values
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Value]]:
        # What the copy of a pickle is made from: the text itself would be taken for a message.
        return (self.message,), dict(self.values)


@dataclass(frozen=True)
class Words:
    """One reader's language. Call it with a message and its numbers to get the sentence."""

    language: str = "en"
    catalogue: gettext.NullTranslations = field(default_factory=gettext.NullTranslations, repr=False, compare=False)

    def __call__(self, message: str, /, **values: Value) -> str:
        template = self.catalogue.gettext(message) if message else ""
        return _Writer(self).vformat(template, (), values)

    def sentence(self, message: str, values: Mapping[str, Value]) -> str:
        return self(message, **values)

    def phrase(self, text: str) -> str:
        """`text` in this language where it is a Phrase, else as it stands."""
        return self.sentence(text.message, text.values) if isinstance(text, Phrase) else text

    @property
    def locale(self) -> str:
        return LANGUAGES.get(self.language, "en_US")

    def number(self, value: float | None) -> str:
        """Three to four significant digits, thousands separated; integers below 10 million whole."""
        if value is None or math.isnan(value):
            return self(N_("not known"))
        if math.isinf(value):
            return "∞" if value > 0 else "-∞"
        if value == int(value) and abs(value) < 1e7:
            return str(format_decimal(int(value), locale=self.locale))
        if value != 0 and not 1e-4 <= abs(value) < 1e9:
            return f"{value:.3g}"
        decimals = max(0, 3 - 1 - math.floor(math.log10(abs(value)))) if value else 0
        if abs(value) >= 1000:
            decimals = 0
        pattern = "#,##0." + "#" * decimals if decimals else "#,##0"
        return str(format_decimal(value, format=pattern, locale=self.locale))

    def percent(self, share: float | None) -> str:
        """A share of 1 as percent: whole above 10%, one decimal below, two below 1%."""
        if share is None or math.isnan(share):
            return self(N_("not known"))
        size = abs(share)
        pattern = "#,##0%" if size >= 0.0995 or size == 0 else "0.#%" if size >= 0.00995 else "0.##%"
        if 0 < size < 5e-5:
            return "<" + str(format_percent(1e-4, format="0.##%", locale=self.locale))
        return str(format_percent(share, format=pattern, locale=self.locale))

    def time(self, when: datetime | date | None) -> str:
        """A day, with the hour where there is one: "12 May 2026, 08:00" (times are shown as the file gives them)."""
        if when is None:
            return self(N_("an unknown time"))
        if not isinstance(when, datetime) or (when.hour, when.minute, when.second) == (0, 0, 0):
            return str(format_date(when, format=self.pattern(DAY), locale=self.locale))
        return str(format_datetime(when.replace(tzinfo=UTC), format=self.pattern(MOMENT), locale=self.locale))

    def pattern(self, pattern: str) -> str:
        """How dates are written here, as a pattern of the library that writes them (Babel, d3); it has no placeholders."""
        return self.catalogue.gettext(pattern)

    def place(self, line: str) -> str:
        """Where code stands: "12" as "line 12", "5:3" as "cell 5, line 3", "prepare.py|12" as "line 12 of prepare.py"."""
        file, _, line = line.rpartition("|")
        if file:
            return self(N_("{place} of {file}"), place=self.place(line), file=shorten(file))
        numbers = re.findall(r"[0-9]+", line)[:2]
        if len(numbers) == 2:
            return self(N_("cell {cell}, line {line}"), cell=numbers[0], line=numbers[1])
        return self(N_("line {line}"), line="".join(numbers))

    def listed(self, names: Sequence[str]) -> str:
        """Up to three names, then how many more."""
        shown = [shorten(str(name)) for name in names[:LIST_CAP]]
        rest = len(names) - len(shown)
        if rest:
            return self(N_("{names} and {rest} more"), names=self(COMMA).join(shown), rest=rest)
        if len(shown) < 2:
            return "".join(shown)
        return self(N_("{names} and {last}"), names=self(COMMA).join(shown[:-1]), last=shown[-1])


class _Writer(string.Formatter):
    """Formats ``{value:kind}`` with kind one of number, count, percent, points, time, name, list, place, term.

    A term is itself a message: "fit" or "the model", say, which the reader's language has a word for.
    """

    def __init__(self, words: Words) -> None:
        self.words = words

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        # No attribute or index access: a template may only name a value.
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        words = self.words
        match format_spec:
            case "number":
                return words.number(value)
            case "count":
                return str(format_decimal(int(value), locale=words.locale))
            case "percent":
                return words.percent(value)
            case "points":
                return words.number(None if value is None else 100 * value)
            case "time":
                return words.time(value)
            case "name":
                return shorten(str(value))
            case "list":
                return words.listed(value)
            case "place":
                return words.place(str(value))
            case "term":
                # No template: what comes back from a kept file may hold braces.
                return words.catalogue.gettext(str(value)) if value else ""
            case "":
                return words.phrase(value) if isinstance(value, str) else str(value)
        raise ValueError(f"format must be one of {', '.join(KINDS)}, got {format_spec!r}")


def shorten(name: str, *, cap: int = NAME_CAP) -> str:
    """`name` on one line, without control characters, at most `cap` characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in name[: 4 * cap]).split())
    return line if len(line) <= cap else line[: cap - 1] + "…"


class Translated(gettext.NullTranslations):
    """The messages of one language; a message that it lacks stays English."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self.messages: Mapping[str, str] = {
            message.id: message.string
            for message in catalog
            if isinstance(message.id, str) and isinstance(message.string, str) and message.string and not message.fuzzy
        }

    def gettext(self, message: str) -> str:
        return self.messages.get(message, message)


def code_of(language: str) -> str:
    """The code of a language as browsers and people write it ("zh-CN", "zh_Hans", "ZH"): one of LANGUAGES, else "en"."""
    code = language.replace("_", "-").split("-")[0].lower()
    return code if code in LANGUAGES else "en"


def name_of(code: str) -> str:
    """What a language calls itself: "English", "中文"."""
    return str(Locale(code).get_display_name(code)).capitalize()


@lru_cache(maxsize=8)
def words_for(language: str) -> Words:
    """The words of `language` ("en", "zh"); English where there is no catalogue."""
    code = code_of(language)
    file = LOCALE_FOLDER / LANGUAGES[code] / PLACE
    if not file.is_file():
        return Words(code)
    with file.open("rb") as content:
        return Words(code, Translated(read_po(content, locale=LANGUAGES[code])))
