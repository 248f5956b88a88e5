"""Headings and short words of a report, once, for every format."""

from __future__ import annotations

from typing import Final

from diagnostics.nouns.words import N_, Words

LABELS: Final = {
    "summary": N_("Summary"),
    "known": N_("What we know"),
    "unknown": N_("What we do not know"),
    "impact": N_("Impact"),
    "no_impact": N_("No loss was measured in step 1."),
    "timeline": N_("Timeline"),
    "no_timeline": N_("Nothing has a known time."),
    "causes": N_("Causes, most likely first"),
    "supports": N_("For it"),
    "against": N_("Against it"),
    "unchecked": N_("What was not checked"),
    "all_checked": N_("Everything that there is a check for was checked."),
    "remedies": N_("Remedies"),
    "no_remedies": N_("There is nothing to mend."),
    "as_is": N_("As it is"),
    "mended": N_("Mended"),
    "actions": N_("Decisions and actions"),
    "decisions": N_("Decisions"),
    "action": N_("Action"),
    "owner": N_("Owner"),
    "due": N_("Due"),
    "state": N_("State"),
    "done": N_("done"),
    "open": N_("open"),
    "no_actions": N_("No action items were written down."),
    "confirmed": N_("Who looked at which step"),
    "appendix": N_("Appendix: every finding, and how it was computed"),
    "rules": N_("How the findings are computed"),
    "computed": N_("How this was computed"),
}
PAIR: Final = N_("{what}: {why}")
MORE: Final = N_("{count:count} more findings of this step are in the JSON result.")


def labels(words: Words) -> dict[str, str]:
    """The headings in the reader's language."""
    return {name: words(message) for name, message in LABELS.items()}
