"""The report as Markdown, for a ticket."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from diagnostics.investigation import Investigation
from diagnostics.nouns.words import Words
from diagnostics.report.headings import MORE, PAIR, labels
from diagnostics.report.outline import CauseText, Outline, StepText, outline
from diagnostics.report.written import Written

if TYPE_CHECKING:
    from diagnostics.keep.review.record import Record

CALLS: Final = re.compile(r"(?<=@)(?=\w)|(?<=:)(?=//)|(?<=\bwww)(?=\.)", re.IGNORECASE)
"""Where a ticket would call a person or make a link by itself; a character without width stands in between."""


def as_markdown(investigation: Investigation, words: Words, record: Record | None = None) -> str:
    told = outline(investigation, words, record)
    lines = [*_top(told, words), *_causes(told, words), *_todo(told, words), *_appendix(told, words)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def plain(text: str) -> str:
    """`text` as Markdown that shows just these characters on one line: no markup, no list, no link, nobody called."""
    line = CALLS.sub("\u2060", " ".join(text.split()))
    return re.sub(r"([\\`*_\[\]<>#|~$!&]|^[-+]|(?<=^\d)[.)])", r"\\\1", line)


def _top(told: Outline, words: Words) -> Iterator[str]:
    label, notes = labels(words), told.record or Written()
    yield f"# {plain(told.title)}"
    yield ""
    if notes.facts:
        yield " · ".join(words(PAIR, what=plain(name), why=plain(value)) for name, value in notes.facts)
    yield from _part(label["summary"], [plain(told.summary), *_listed(told.remarks)])
    for heading, items in (("known", notes.known), ("unknown", notes.unknown)):
        if items:
            yield from _part(label[heading], _listed(items), level=3)
    yield from _part(label["impact"], _listed(told.impact) or [label["no_impact"]])
    moments = [f"- {words(PAIR, what=plain(when), why=plain(what))} ({plain(lane)})" for when, lane, what in told.moments]
    yield from _part(label["timeline"], [plain(told.first), "", *moments] if moments else [label["no_timeline"]])


def _causes(told: Outline, words: Words) -> Iterator[str]:
    label = labels(words)
    lines = [line for place, cause in enumerate(told.causes, start=1) for line in _cause(place, cause, words)]
    lines += [f"- **{plain(opinion.title)}**. {plain(opinion.says)}" for opinion in told.others]
    yield from _part(label["causes"], lines or [plain(told.summary)])
    more = [f"{cause.title}: {cause.next_check}" for cause in told.causes if cause.next_check]
    yield from _part(label["unchecked"], _listed([*told.unchecked, *more]) or [label["all_checked"]])


def _cause(place: int, cause: CauseText, words: Words) -> Iterator[str]:
    label = labels(words)
    yield f"{place}. **{plain(cause.title)}** ({cause.sure}). {plain(cause.statement)}"
    if cause.opinion:
        yield f"   - **{plain(cause.opinion.says)}**"
    yield from (f"   - {plain(text)}" for text in cause.proof)
    for heading, grounds in (("supports", cause.supports), ("against", cause.against)):
        for code, text in grounds:
            yield f"   - {words(PAIR, what=label[heading], why=plain(text))}{f' ({code})' if code else ''}"


def _todo(told: Outline, words: Words) -> Iterator[str]:
    label, notes = labels(words), told.record or Written()
    lines = []
    for cause in told.causes:
        lines += [f"- {words(PAIR, what=f'**{plain(cause.title)}**', why=plain(cause.remedy))}"]
        for heading, code in (("as_is", cause.code), ("mended", cause.mended)):
            lines += [f"  {label[heading]}:", "", *_fenced(code), ""] if code else []
    yield from _part(label["remedies"], lines or [label["no_remedies"]])
    tasks = []
    for task in notes.actions:
        about = " · ".join(plain(text) for text in (task.owner, task.due) if text)
        tasks.append(f"- [{'x' if task.done else ' '}] {plain(task.what)}{f' ({about})' if about else ''}")
    yield from _part(
        label["actions"], [*_listed(notes.decisions), "", *tasks] if notes.decisions or tasks else [label["no_actions"]]
    )
    if notes.confirmed:
        yield from _part(label["confirmed"], _listed(notes.confirmed), level=3)


def _appendix(told: Outline, words: Words) -> Iterator[str]:
    label = labels(words)
    yield from _part(label["appendix"], [])
    for step in told.steps:
        yield from _part(f"{step.title}: {step.status}", [plain(step.reason), "", *_findings(step, words)], level=3)
    rules = []
    for rule in told.rules:
        compared = "; ".join([rule.source.rstrip("."), *(f"{name}: {value}" for name, value in rule.thresholds)])
        rules.append(f"- {rule.code}: {plain(rule.title)}. {plain(rule.statistic)} ({plain(compared)})")
    if rules:
        yield from _part(label["rules"], rules, level=3)
    yield from _part(label["computed"], [f"- {plain(name)}: {plain(value)}" for name, value in told.computed], level=3)


def _findings(step: StepText, words: Words) -> Iterator[str]:
    yield from (f"- {f.code} ({plain(f.level)}): {plain(f.statement)}" for f in step.findings)
    if step.more:
        yield words(MORE, count=step.more)
    yield from _listed(step.skipped)


def _part(heading: str, lines: Iterable[str], *, level: int = 2) -> Iterator[str]:
    yield ""
    yield f"{'#' * level} {plain(heading)}"
    yield ""
    yield from lines


def _listed(texts: Iterable[str]) -> list[str]:
    return [f"- {plain(text)}" for text in texts]


def _fenced(code: str) -> list[str]:
    """Lines of code inside a fence that nothing in them can close."""
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    fence = "  " + "`" * max(3, longest + 1)
    return [f"{fence}python", *(f"  {line}" for line in code.splitlines()), fence]
