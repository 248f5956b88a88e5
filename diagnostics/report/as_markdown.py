"""The report as Markdown, for a ticket."""

from __future__ import annotations

import re

from diagnostics.investigation import Investigation
from diagnostics.report.outline import outline
from diagnostics.words import N_, Words


def as_markdown(investigation: Investigation, words: Words) -> str:
    told = outline(investigation, words)
    lines = [f"# {plain(told.title)}", "", plain(told.summary), ""]
    if told.causes:
        lines += ["## " + words(N_("Causes, most likely first")), ""]
    for number, cause in enumerate(told.causes, start=1):
        lines += [f"{number}. **{plain(cause.title)}** ({cause.sure}). {plain(cause.statement)}"]
        if cause.proof:
            lines += ["   - " + plain(cause.proof)]
        lines += ["   - " + words(N_("What to do: {text}"), text=plain(cause.remedy))]
        if cause.supports or cause.against:
            lines += [
                "   - "
                + words(
                    N_("For: {supports}. Against: {against}."),
                    supports=", ".join(cause.supports) or "–",
                    against=", ".join(cause.against) or "–",
                )
            ]
        if cause.next_check:
            lines += ["   - " + words(N_("Next check: {text}"), text=plain(cause.next_check))]
    lines += ["", "## " + words(N_("The seven steps")), ""]
    for step in told.steps:
        lines += [f"### {step.title}: {step.status}", "", plain(step.reason), ""]
        lines += [f"- [{code}] {severity}: {plain(text)}" for code, severity, text in step.findings]
        lines += [f"- {plain(text)}" for text in step.skipped if text != step.reason]
        lines += [""]
    lines += ["## " + words(N_("How this was computed")), ""]
    lines += [f"- {plain(name)}: {plain(value)}" for name, value in told.computed]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def plain(text: str) -> str:
    """`text` as Markdown that shows just these characters on one line."""
    return re.sub(r"([\\`*_\[\]<>#|~$!])", r"\\\1", " ".join(text.split()))
