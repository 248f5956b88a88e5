"""What training again would bring, in sentences and as JSON."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from diagnostics.investigation import investigate
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import N_, Words
from diagnostics.read.archive import unpack
from diagnostics.read.folder import open_incident
from diagnostics.watch.again import TITLES, Advice, Again, again

Write = Callable[[str, str], None]


def sentence(found: Again, words: Words) -> str:
    """The one sentence that it comes to."""
    best, likeliest = found.best, found.likeliest
    match found.advice:
        case Advice.FIX_DATA if found.fix is not None and best is not None:
            says = N_("Fix the data rather than train again: undoing the fault wins back {share:percent} of what was lost.")
            return words(says, share=found.fix)
        case Advice.FIX_DATA if found.fix is not None:
            says = N_("No gain: fix the data instead. Undoing the fault wins back {share:percent} of what was lost.")
            return words(says, share=found.fix)
        case Advice.FIX_DATA:
            return words(N_("No gain: fix the data instead. A model trained on broken rows fails when they are fixed."))
        case Advice.TRAIN if best is not None:
            before = next(c.loss.value for c in found.candidates if c.which.value == "reference")
            says = N_("Train again on: {what:term}. The {unit:term} falls from {before:number} to {after:number}.")
            return words(says, what=TITLES[best.which], unit=found.unit, before=before, after=before - best.gain.value)
        case Advice.UNDECIDED if likeliest is not None and likeliest.more_labels:
            says = N_("It cannot be told yet whether training again helps: about {count:count} more labels would decide.")
            return words(says, count=likeliest.more_labels)
    return words(N_("Training again brings no gain that is worth it."))


def record(found: Again, words: Words) -> dict[str, Any]:
    """As plain JSON values."""
    return {
        "schema": 1,
        "advice": str(found.advice),
        "statement": sentence(found, words),
        "unit": found.unit,
        "reference_rows": found.reference,
        "recent_rows": found.recent,
        "judged_rows": found.judged,
        "serving": None if found.serving is None else _interval(found.serving),
        "fix_wins_back": found.fix,
        "cost_of_a_thousand_rows": found.cost,
        "candidates": [
            {
                "name": str(one.which),
                "title": words(TITLES[one.which]),
                "loss": None if one.skipped else _interval(one.loss),
                "gain": None if one.skipped else _interval(one.gain),
                "more_labels": one.more_labels,
                "skipped": one.skipped.statement(words) if one.skipped else None,
            }
            for one in found.candidates
        ],
    }


def _interval(held: Interval) -> dict[str, float]:
    return {name: float(f"{value:.6g}") for name, value in (("value", held.value), ("low", held.low), ("high", held.high))}


def text(found: Again, words: Words) -> str:
    """For people at a terminal."""
    told = [sentence(found, words)]
    if found.serving is not None:
        says = N_("served until now: {unit:term} {value:number}")
        told.append("    " + words(says, unit=found.unit, value=found.serving.value))
    for one in found.candidates:
        title = words(TITLES[one.which])
        if one.skipped:
            told.append(f"    {title}: {one.skipped.statement(words)}")
        else:
            says = N_("{what}: {unit:term} {value:number}, gain {gain:number} ({low:number} to {high:number})")
            values = {"value": one.loss.value, "gain": one.gain.value, "low": one.gain.low, "high": one.gain.high}
            told.append("    " + words(says, what=title, unit=found.unit, **values))
    if found.cost is not None:
        told.append(words(N_("Not training again costs {cost:number} for every thousand rows."), cost=found.cost))
    return "".join(f"{line}\n" for line in told)


def run_retrain(options: argparse.Namespace, words: Words, on_progress: Callable[[float, str], None], write: Write) -> bool:
    """`retrain INCIDENT`; whether there is something to do. Raises BadInput where the incident has not what it takes."""
    with tempfile.TemporaryDirectory(prefix="model-clinic-") as scratch:
        folder = options.folder
        if folder.is_file():
            unpack(folder, Path(scratch) / "incident")
            folder = Path(scratch) / "incident"
        incident = open_incident(folder, work=Path(scratch) / "tables", seed=options.seed)
        causes = investigate(incident, on_progress=on_progress).causes
        try:
            found = again(incident, causes, family=options.family, price=options.price, on_progress=on_progress)
        except NotApplicable as reason:
            raise BadInput(reason.reason, **reason.values) from reason
    if options.json:
        write(options.json, json.dumps(record(found, words), ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    if options.json != "-":
        write("-", text(found, words))
    return found.advice in (Advice.TRAIN, Advice.FIX_DATA)
