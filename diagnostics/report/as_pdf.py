"""The report as PDF: the HTML of `as_html` without its script, laid out by WeasyPrint. Nothing is fetched on the way."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import logging
import unicodedata
import warnings
from typing import TYPE_CHECKING, Any, Final, NoReturn

from diagnostics.investigation import Investigation
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.lettering import begun
from diagnostics.report.as_html import rendered

if TYPE_CHECKING:
    from diagnostics.keep.review.record import Record

LIBRARIES: Final = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
"""Debian packages that WeasyPrint needs."""

FONTS: Final = "fonts-noto-cjk"
MISSING: Final = ".notdef glyph"
"""How WeasyPrint's log begins to tell of a letter that no font has."""


def as_pdf(investigation: Investigation, words: Words, record: Record | None = None) -> bytes:
    """The same bytes for the same investigation, words and record. Raises BadInput as `ready` does."""
    weasyprint = ready(words)
    told = begun(rendered(investigation, words, record, live=False))
    content, boxes = _laid_out(weasyprint, told)
    if any(_east_asian(letter) for letter in boxes):
        note = words(
            N_("Letters of East Asian names are shown as boxes, because this machine has no font for them: install {packages}."),
            packages=FONTS,
        )
        content, _ = _laid_out(weasyprint, told.replace("<main>", f'<main><p class="warning">{note}</p>', 1))
    return content


def ready(words: Words) -> Any:
    """WeasyPrint. Raises BadInput where Pango is missing, and where no font of this machine has the letters of the language."""
    weasyprint = library()
    if any(_east_asian(letter) for letter in words(N_("Summary"))) and _laid_out(weasyprint, words(N_("Summary")))[1]:
        raise BadInput(
            N_("This machine has no font with the letters of this language: install {packages}, or take the report as HTML."),
            packages=FONTS,
        )
    return weasyprint


def library() -> Any:
    """WeasyPrint. Raises BadInput where the system libraries that it draws letters with are missing."""
    try:
        # It prints a page of advice when a library is missing; one sentence is enough.
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return importlib.import_module("weasyprint")
    except OSError as error:
        raise BadInput(
            N_("PDF needs system libraries that are missing here: install {packages} (Debian), or take the report as HTML."),
            packages=LIBRARIES,
        ) from error


def _laid_out(weasyprint: Any, told: str) -> tuple[bytes, set[str]]:
    """The PDF, and the letters that no font has."""
    boxes = _Boxes()
    logger = logging.getLogger("weasyprint")
    before = logger.propagate
    logger.addHandler(boxes)
    logger.propagate = False
    try:
        page = weasyprint.HTML(string=told, url_fetcher=_refuse)
        # The identifier would be random.
        identifier = hashlib.sha256(told.encode()).digest()[:16]
        return bytes(page.write_pdf(pdf_identifier=identifier)), boxes.letters
    finally:
        logger.removeHandler(boxes)
        logger.propagate = before


def _refuse(url: str, *_: Any, **__: Any) -> NoReturn:
    raise ValueError(f"a report loads nothing, and so not {url[:80]}")


class _Boxes(logging.Handler):
    """Notes the letters that are drawn as boxes."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.letters: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if str(record.msg).startswith(MISSING) and isinstance(record.args, tuple) and record.args:
            self.letters.add(str(record.args[0]))


def _east_asian(letter: str) -> bool:
    return len(letter) == 1 and unicodedata.east_asian_width(letter) in "WF"
