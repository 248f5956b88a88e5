"""A report as a file, by the ending of its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from diagnostics.investigation import Investigation
from diagnostics.keep import store
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, Words

if TYPE_CHECKING:
    from diagnostics.keep.review.record import Record

HTML: Final = (".html", ".htm")
MARKDOWN: Final = ".md"
PDF: Final = ".pdf"


def check(file: Path, words: Words) -> None:
    """Raises BadInput when no report can be written to this file: better before the investigation than after it."""
    ending = file.suffix.lower()
    if ending not in (*HTML, MARKDOWN, PDF):
        raise BadInput(N_("{file:name} must end in .html, .md or .pdf."), file=file.name)
    if file.is_dir():
        raise BadInput(N_("{file:name} is a folder: name a file that ends in .html, .md or .pdf."), file=file.name)
    if not file.absolute().parent.is_dir():
        raise BadInput(N_("There is no folder {folder:name} to write {file:name} to."), folder=str(file.parent), file=file.name)
    if ending == PDF:
        from diagnostics.report.as_pdf import ready

        ready(words)


def document(ending: str, investigation: Investigation, words: Words, record: Record | None = None) -> bytes:
    """The report in the form that `ending` (".html", ".md", ".pdf") names. Raises BadInput as `as_pdf` does."""
    if ending == PDF:
        from diagnostics.report.as_pdf import as_pdf

        return as_pdf(investigation, words, record)
    if ending == MARKDOWN:
        from diagnostics.report.as_markdown import as_markdown

        return as_markdown(investigation, words, record).encode(errors="replace")
    from diagnostics.report.as_html import as_html

    return as_html(investigation, words, record).encode(errors="replace")


def record_of(folder: Path | None) -> Record | None:
    """What people wrote about the incident in `folder`, where that is one of the app's own; None for any other folder.

    Raises BadInput when the database cannot be read.
    """
    if folder is None or not store.valid(folder.name) or folder.absolute().parent != store.home() or not folder.is_dir():
        return None
    from diagnostics.keep.review import record

    return record.read(folder.name)
