"""Lock files and project files: poetry, uv, pdm, pylock.toml, Pipfile and its lock, pyproject.toml, and the JSON of pip."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from packaging.requirements import InvalidRequirement

from diagnostics.checks.environment.packages.printed import inspected
from diagnostics.checks.environment.packages.requirement import Pin, one, pin_of
from diagnostics.nouns.documents import NotPlain, load_json, load_toml
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

_CARET: Final = re.compile(r"\^\s*(\d+(?:\.\d+)*)")


def toml_lock(file: str, text: str, unread: list[str]) -> tuple[str | None, list[Pin]]:
    """Python and the pins of a TOML file. Raises BadInput when it is cut off or damaged."""
    try:
        record = load_toml(text)
    except NotPlain as error:
        raise BadInput(
            N_("{file:name} cannot be read as TOML, because {why}: repair it or lock again."), file=file, why=error.phrase
        ) from error
    metadata = _table(record.get("metadata"))
    python = record.get("requires-python") or metadata.get("python-versions") or metadata.get("requires_python")
    targets = metadata.get("targets")
    if not python and isinstance(targets, list) and targets:
        python = _table(targets[0]).get("requires_python")
    pins = list(_locked(record))
    project = _table(record.get("project"))
    poetry = _table(_table(record.get("tool")).get("poetry"))
    python = python or project.get("requires-python") or _table(record.get("requires")).get("python_version")
    for line in _list(project.get("dependencies")):
        try:
            pin = one(str(line))
        except InvalidRequirement:
            unread.append(str(line)[:200])
            continue
        pins += [pin] if pin else []
    # Poetry's table, and a Pipfile's.
    for name, asked in (*_table(poetry.get("dependencies")).items(), *_table(record.get("packages")).items()):
        written = asked if isinstance(asked, str) else str(_table(asked).get("version") or "")
        if name == "python":
            python = python or written
        else:
            pins.append(pin_of(name, specifier(written)))
    return (specifier(str(python)) if python else None), pins


def _locked(record: Mapping[str, Any]) -> Iterator[Pin]:
    listed = record.get("package") or record.get("packages")
    for entry in map(_table, _list(listed)):
        name, version = entry.get("name"), entry.get("version")
        source = _table(entry.get("source"))
        # uv lists the project itself.
        if isinstance(name, str) and not {"editable", "virtual"} & source.keys():
            yield pin_of(name, f"=={version}" if version else "")


def specifier(text: str) -> str:
    """Poetry's "^1.2", "~1.2" and "1.2" in the notation of PEP 440; what is in it already stays."""
    text = text.strip()
    if text in ("", "*"):
        return ""
    if found := _CARET.fullmatch(text):
        parts = found[1].split(".")
        # The first number that is not zero must not change.
        fixed = next((i for i, part in enumerate(parts) if int(part)), len(parts) - 1)
        upper = [*parts[:fixed], str(int(parts[fixed]) + 1)]
        return f">={found[1]},<{'.'.join(upper)}"
    if re.fullmatch(r"~\s*\d+\.\d+(?:\.\d+)?", text):
        return "==" + ".".join(text.strip("~ ").split(".")[:2]) + ".*"
    return f"=={text}" if text[:1].isdigit() else text


def json_lock(file: str, text: str) -> tuple[str | None, list[Pin]]:
    """Python and the pins of a Pipfile.lock, or of `pip list --format=json` and `conda list --json`."""
    try:
        record = load_json(text)
    except NotPlain as error:
        raise BadInput(N_("{file:name} cannot be read as JSON, because {why}."), file=file, why=error.phrase) from error
    if isinstance(record, list):
        return None, [
            pin_of(str(entry["name"]), f"=={entry['version']}")
            for entry in map(_table, record)
            if isinstance(entry.get("name"), str) and entry.get("version")
        ]
    record = _table(record)
    if "installed" in record:
        return inspected(record)
    requires = _table(_table(record.get("_meta")).get("requires"))
    python = requires.get("python_full_version") or requires.get("python_version")
    pins = [pin_of(name, str(_table(entry).get("version") or "")) for name, entry in _table(record.get("default")).items()]
    return (f"=={python}" if python else None), pins


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
