"""The contract's JSON of the command `training`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from diagnostics.clinic.training_history.check import BY_CODE, Diagnosed, diagnose
from diagnostics.clinic.training_history.reading.read import groups, read_group
from diagnostics.clinic.training_history.sentences import ByUnit
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import N_, Value, Words

HEADS: Final = ByUnit(
    N_("{file:name} ({format}, epochs: {epochs:count})"),
    N_("{file:name} ({format}, steps: {epochs:count})"),
    N_("{file:name} ({format}, rounds: {epochs:count})"),
)


def training_record(files: Sequence[Path], words: Words, mapping: Mapping[str, str] | None = None) -> dict[str, Any]:
    """One run's object; of several, that of the run whose problem is surest, with all of them under "runs". Files that could not
    be read are listed under "unreadable", each with the reason.

    Raises BadInput where no file could be read.
    """
    runs: list[Diagnosed] = []
    unreadable: list[tuple[str, BadInput]] = []
    for group in groups(files):
        try:
            runs += [diagnose(history) for history in read_group(group, mapping)]
        except BadInput as reason:
            unreadable.append((group[0].name, reason))
        except OSError as reason:
            missing = BadInput(
                N_("{file:name} could not be opened: {why}."), file=group[0].name, why=reason.strerror or str(reason)
            )
            unreadable.append((group[0].name, missing))
    if not runs:
        raise unreadable[0][1]
    records = [run_record(run, words) for run in runs]
    worst = max(range(len(runs)), key=lambda place: (runs[place].found[0].confidence if runs[place].found else 0.0, -place))
    record = records[0] if len(records) == 1 else {**records[worst], "runs": records}
    return {**record, "unreadable": [{"file": file, "why": reason.statement(words)} for file, reason in unreadable]}


def run_record(run: Diagnosed, words: Words) -> dict[str, Any]:
    history = run.history
    return {
        "file": history.file,
        "format": history.format,
        "unit": history.unit,
        "epochs": history.epochs,
        "problems": [
            {
                "code": problem.code,
                "confidence": problem.confidence,
                "epoch": _number(problem.epoch),
                "until": _number(problem.until),
                "statement": words.sentence(problem.says, problem.numbers),
                "evidence": {key: _number(value) for key, value in {**problem.numbers, "unit": history.unit}.items()},
                "remedy": words(BY_CODE[problem.code].remedy),
            }
            for problem in run.found
        ],
        "unsure": [code or "healthy" for code in run.unsure],
        "notes": [note.statement(words) for note in history.notes],
    }


def severities(record: Mapping[str, Any]) -> list[Severity]:
    """How severe the problems of all runs are."""
    return [BY_CODE[problem["code"]].severity for run in record.get("runs", [record]) for problem in run["problems"]]


def not_sure(codes: Sequence[str], words: Words) -> str:
    """Between which two a run is split. codes: two keys of BY_CODE, one of them "" or "healthy" for a run without a problem."""
    names = [words(BY_CODE[code].title) if code in BY_CODE else words(N_("A healthy run")) for code in codes]
    return words(N_("Not sure: between “{one}” and “{other}”."), one=names[0], other=names[1])


def _number(value: Value) -> Any:
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value == int(value) and abs(value) < 2**53 else float(f"{value:.6g}")
    return value


def training_text(record: Mapping[str, Any], words: Words) -> str:
    """The record as sentences, for a person at a terminal."""
    lines = []
    for run in record.get("runs", [record]):
        lines.append(words(HEADS.spoken(run["unit"]), **{key: run[key] for key in ("file", "format", "epochs")}))
        if run["unsure"]:
            lines.append("    " + not_sure(run["unsure"], words))
        elif not run["problems"]:
            lines.append("    " + words(N_("Nothing wrong was found.")))
        for problem in run["problems"]:
            lines.append(
                "    "
                + words(N_("{share:percent} sure: {statement}"), share=problem["confidence"], statement=problem["statement"])
            )
            lines.append("        " + problem["remedy"])
        lines += [f"    {note}" for note in run["notes"]]
    return "\n".join(lines) + "\n"
