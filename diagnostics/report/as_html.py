"""The report as one HTML file that opens offline: still pictures and text for everybody, charts to explore where scripts run.

Plotly comes along packed (gzip, base64: 2 MB instead of 4.8). The file's own policy allows two scripts and nothing else: the
loader and the unpacked Plotly, each by its hash.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from babel.core import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from diagnostics.investigation import Investigation
from diagnostics.nouns.words import Words
from diagnostics.report.headings import MORE, labels
from diagnostics.report.outline import Outline, outline
from diagnostics.report.pictures import pictures

if TYPE_CHECKING:
    from diagnostics.keep.review.record import Record

TEMPLATES: Final = Path(__file__).parent / "templates"

PATTERNS: Final = {"year": "y", "month": "yMMM", "dayMonth": "MMMd", "dayMonthYear": "yMMMd"}
"""Dates on Plotly's axes and the skeletons that Babel knows them by."""


def as_html(investigation: Investigation, words: Words, record: Record | None = None) -> str:
    """The report with its charts to explore."""
    return rendered(investigation, words, record, live=True)


def rendered(investigation: Investigation, words: Words, record: Record | None, *, live: bool) -> str:
    """The report as HTML; without `live` it holds no script at all, for print."""
    told = outline(investigation, words, record)
    loader = (TEMPLATES / "loader.js").read_text(encoding="utf-8")
    packed, fingerprint = _plotly()
    page = {
        "told": told,
        "record": told.record,
        "pictures": pictures(investigation, words, told.timeline),
        "label": labels(words),
        "more": [words(MORE, count=step.more) for step in told.steps],
        "numbers": step_numbers(told),
        "language": words.locale.replace("_", "-"),
        "style": Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
        "policy": policy(loader, fingerprint) if live else policy(),
        "live": live,
        "loader": Markup(loader),
        "plotly": Markup(packed) if live else "",
        "locale": Markup(json.dumps(_locale(words.locale), ensure_ascii=True).replace("<", "\\u003c")),
    }
    return _environment().get_template("report.html").render(page).lstrip()


def step_numbers(told: Outline) -> list[int]:
    """1 to 7, and 0 for the clinic, which comes last where it found something."""
    return [place if place <= 7 else 0 for place in range(1, len(told.steps) + 1)]


def policy(*allowed: str) -> str:
    """The content policy of the file: only the scripts given, as text or as the hash of one."""
    hashes = " ".join(f"'{text if text.startswith('sha256-') else sha256(text)}'" for text in allowed)
    scripts = f"script-src {hashes}; " if hashes else ""
    return f"default-src 'none'; {scripts}style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"


def sha256(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _plotly() -> tuple[str, str]:
    """Plotly's source, packed, and its hash."""
    source = get_plotlyjs()
    return base64.b64encode(gzip.compress(source.encode(), 9, mtime=0)).decode(), sha256(source)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )


def _printable(value: Any) -> Any:
    """Text of files without the control characters that no document may hold; line breaks stay."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "".join(c for c in value if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))


def _locale(name: str) -> dict[str, Any] | None:
    """Names of days and months for Plotly's axes; None for English, which Plotly speaks."""
    if name.startswith("en"):
        return None
    locale = Locale.parse(name)
    days, months = locale.days["format"], locale.months["format"]
    # Weeks begin on Sunday in Plotly, on Monday in Babel.
    form: dict[str, Any] = {
        kind: [days[width][day] for day in (6, 0, 1, 2, 3, 4, 5)]
        for kind, width in (("days", "wide"), ("shortDays", "abbreviated"))
    }
    form |= {
        kind: [months[width][month] for month in range(1, 13)]
        for kind, width in (("months", "wide"), ("shortMonths", "abbreviated"))
    }
    for kind, skeleton in PATTERNS.items():
        form[kind] = _d3(str(locale.datetime_skeletons[skeleton].pattern))
    return {"moduleType": "locale", "name": name.replace("_", "-"), "dictionary": {}, "format": form | {"date": "%Y-%m-%d"}}


def _d3(pattern: str) -> str:
    """A pattern of Unicode's (y, MMM, d) as d3 writes it (%Y, %b, %-d)."""
    known = {"y": "%Y", "MMMM": "%B", "MMM": "%b", "M": "%-m", "d": "%-d"}
    return re.sub(r"y+|M+|d+", lambda found: known.get(found[0], known[found[0][0]]), pattern.replace("'", ""))
