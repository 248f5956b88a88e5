"""The result of the command `environment` as the contract's object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from diagnostics.checks.environment.packages import resolver
from diagnostics.checks.environment.packages.check import CONFLICT, Packages
from diagnostics.checks.environment.packages.pins import read_environment
from diagnostics.nouns.words import N_, Words


def environment_record(told: Packages, paths: Sequence[Path | None], words: Words, *, resolve: bool = False) -> dict[str, Any]:
    """paths: the files that were compared. With `resolve`, what the real resolver says of each."""
    record: dict[str, Any] = {
        "differences": [
            {
                "package": d.package,
                "reference": d.reference or None,
                "current": d.current or None,
                "severity": str(d.severity),
                "why": words(d.why),
                "level": d.level,
                "source": d.source or None,
            }
            for d in told.differences
        ],
        "conflicts": [
            {
                "package": c.package,
                "has": c.has,
                "needs": c.needs,
                "needed_by": c.needed_by,
                "file": c.file,
                "source": c.source or None,
            }
            for c in told.conflicts
        ],
        "unread": list(told.unread),
    }
    if resolve:
        record["resolved"] = [_resolved(path, words) for path in paths if path is not None]
    return record


def environment_text(record: Mapping[str, Any], words: Words) -> str:
    """The record as lines for a person at a terminal, most severe first."""
    lines = []
    for d in record["differences"]:
        values = {"package": d["package"], "before": d["reference"] or "", "after": d["current"] or "", "why": d["why"]}
        said = N_("{package:name}: {before} in the reference, {after} in production. {why}")
        if not d["reference"] or not d["current"]:
            said = N_("{package:name}: {before}{after} on one side only. {why}")
        lines.append(f"[{d['severity']}] {words(said, **values)}" + (f" ({d['source']})" if d["source"] else ""))
    for c in record["conflicts"]:
        said = words(CONFLICT.says, **{key: c[key] for key in ("needed_by", "package", "needs", "file", "has")})  # type: ignore[arg-type]
        lines.append(f"[{CONFLICT.severity}] {said}" + (f" ({c['source']})" if c["source"] else ""))
    if not lines:
        lines.append(words(N_("No difference and no conflict was found.")))
    lines += [words(N_("Not understood: {line}"), line=line) for line in record["unread"]]
    lines += [resolved["statement"] for resolved in record.get("resolved", [])]
    return "\n".join(lines) + "\n"


def _resolved(path: Path, words: Words) -> dict[str, Any]:
    answer = resolver.resolve(read_environment(path))
    return {
        "file": answer.file,
        "answer": str(answer.answer),
        "statement": words(answer.says, file=answer.file),
        "text": answer.text,
        "left_out": list(answer.left_out),
    }
