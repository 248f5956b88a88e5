"""The report as one HTML file: opens offline, runs no script, loads nothing."""

from __future__ import annotations

from html import escape

from diagnostics.causes.cause import Replay
from diagnostics.investigation import Investigation
from diagnostics.report.outline import CauseText, StepText, outline
from diagnostics.words import N_, Words

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1F2933;background:#fff;max-width:56rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .5rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:1.2rem 0 .2rem}
.summary{font-size:1.25rem;line-height:1.4}.problem,.critical{color:#C8401F}.ok{color:#1B7F50}.warning{color:#9A6700}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #E3E8EE}
article{border-left:4px solid #0F6CBD;padding-left:1rem;margin:1rem 0}svg text{font:14px system-ui,sans-serif;fill:#1F2933}
@media print{body{margin:0;max-width:none}article,tr{break-inside:avoid}}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def as_html(investigation: Investigation, words: Words) -> str:
    told = outline(investigation, words)
    parts = [
        f'<!DOCTYPE html><html lang="{escape(words.language)}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        f"<title>{escape(told.title)}</title><style>{STYLE}</style></head><body>",
        f'<h1>{escape(told.title)}</h1><p class="summary">{escape(told.summary)}</p>',
    ]
    if told.causes:
        parts.append(f"<h2>{escape(words(N_('Causes, most likely first')))}</h2>")
        parts += [_cause(cause, words) for cause in told.causes]
    parts.append(f"<h2>{escape(words(N_('The seven steps')))}</h2>")
    parts += [_step(step) for step in told.steps]
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in told.computed)
    parts.append(f"<h2>{escape(words(N_('How this was computed')))}</h2><table>{rows}</table></body></html>\n")
    return "\n".join(parts)


def _cause(cause: CauseText, words: Words) -> str:
    lines = [f"<article><h3>{escape(cause.title)} ({escape(cause.sure)})</h3><p>{escape(cause.statement)}</p>"]
    if cause.proof:
        lines.append(f"<p>{escape(cause.proof)}</p>")
    if cause.replay:
        lines.append(_bars(cause.replay, words))
    lines.append(f"<p>{escape(words(N_('What to do: {text}'), text=cause.remedy))}</p>")
    evidence = words(
        N_("For: {supports}. Against: {against}."),
        supports=", ".join(cause.supports) or "–",
        against=", ".join(cause.against) or "–",
    )
    lines.append(f"<p>{escape(evidence)}</p>")
    if cause.next_check:
        lines.append(f"<p>{escape(words(N_('Next check: {text}'), text=cause.next_check))}</p>")
    return "".join(lines) + "</article>"


def _bars(replay: Replay, words: Words) -> str:
    """Three bars: reference grey, before vermilion, after green."""
    bars = (
        (N_("reference"), replay.reference.value, "#6B7A90"),
        (N_("now"), replay.before.value, "#C8401F"),
        (N_("after the undo"), replay.after.value, "#1B7F50"),
    )
    top = max(value for _, value, _ in bars) or 1.0
    rows = "".join(
        f'<text x="0" y="{25 + 30 * row}">{escape(words(label))}</text>'
        f'<rect x="130" y="{10 + 30 * row}" width="{400 * max(0.0, value) / top:.1f}" height="20" fill="{colour}"/>'
        f'<text x="{140 + 400 * max(0.0, value) / top:.1f}" y="{25 + 30 * row}">{escape(words.number(value))}</text>'
        for row, (label, value, colour) in enumerate(bars)
    )
    return f'<svg viewBox="0 0 640 100" width="100%" role="img" aria-label="{escape(words(replay.unit))}">{rows}</svg>'


def _step(step: StepText) -> str:
    rows = "".join(
        f'<tr><td>{escape(code)}</td><td class="{escape(severity)}">{escape(severity)}</td><td>{escape(text)}</td></tr>'
        for code, severity, text in step.findings
    )
    skipped = "".join(f"<li>{escape(text)}</li>" for text in step.skipped if text != step.reason)
    table = f"<table>{rows}</table>" if rows else ""
    return f"<h3>{escape(step.title)}: {escape(step.status)}</h3><p>{escape(step.reason)}</p>{table}" + (
        f"<ul>{skipped}</ul>" if skipped else ""
    )
