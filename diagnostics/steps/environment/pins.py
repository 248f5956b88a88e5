"""Which packages a file asks for: requirements, pip freeze, conda YAML, lock files, Dockerfiles. Parsed, never run."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from diagnostics.finding import BadInput
from diagnostics.words import N_

SIZE_CAP: Final = 4 * 1024**2
CONDA: Final = re.compile(r"(?:[\w.-]+::)?([\w.-]+)\s*(?:(==|=|>=|<=|~=|!=|>|<)\s*([\w.*!+-]+))?(?:=[\w.*]+)?")
PIP_LINE: Final = re.compile(r"(?:python3? -m )?pip3?\s+install\s+(.*)")
FROM_PYTHON: Final = re.compile(r"FROM\s+(?:--\S+\s+)?(?:[\w./-]+/)?python:(\d+(?:\.\d+)*)\S*", re.IGNORECASE)


@dataclass(frozen=True)
class Pin:
    """What a file says of one package. version: the exact one where it is pinned; asked: the specifier as written."""

    name: str
    version: Version | None
    asked: SpecifierSet

    @property
    def shown(self) -> str:
        return str(self.version) if self.version else str(self.asked) or "*"


@dataclass(frozen=True)
class Environment:
    """python: version as far as the file says it. unread: lines that no parser understood, at most 20."""

    file: str
    python: str | None
    pins: Mapping[str, Pin]
    unread: tuple[str, ...]


def read_environment(path: Path) -> Environment:
    """Raises BadInput for a file that is too large, binary, or says nothing of any package."""
    text = _text(path)
    unread: list[str] = []
    python: str | None = None
    if re.search(r"^\s*FROM\s+\S+", text, re.IGNORECASE | re.MULTILINE):
        python, pins = _dockerfile(text, unread)
    elif "[[package]]" in text:
        python, pins = _lock(path, text)
    elif re.search(r"^dependencies\s*:", text, re.MULTILINE):
        python, pins = _conda(path, text, unread)
    else:
        pins = list(_requirements(text, unread))
    if not pins and python is None:
        raise BadInput(
            N_("{file:name} names no package: give a pip freeze, requirements, conda YAML, lock file or Dockerfile."),
            file=path.name,
        )
    named = {pin.name: pin for pin in pins}
    if python is None and "python" in named:
        python = named["python"].shown
    named.pop("python", None)
    return Environment(path.name, python, dict(sorted(named.items())), tuple(unread[:20]))


def _text(path: Path) -> str:
    if path.stat().st_size > SIZE_CAP:
        raise BadInput(N_("{file:name} is larger than 4 MB, too large for a list of packages."), file=path.name)
    raw = path.read_bytes()
    # Windows PowerShell writes pip freeze as UTF-16.
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = raw.decode(encoding, errors="replace")
    if "\x00" in text or text.count("�") > 0.1 * max(1, len(text)):
        raise BadInput(N_("{file:name} is not text: give the list of packages itself."), file=path.name)
    return text


def _pin(name: str, asked: str) -> Pin:
    try:
        specifiers = SpecifierSet(asked)
    except InvalidSpecifier:
        return Pin(canonicalize_name(name), None, SpecifierSet())
    version = None
    exact = [s for s in specifiers if s.operator in ("==", "===") and "*" not in s.version]
    if exact:
        try:
            version = Version(exact[0].version)
        except InvalidVersion:
            version = None
    return Pin(canonicalize_name(name), version, specifiers)


def _requirements(text: str, unread: list[str]) -> Iterator[Pin]:
    for line in text.replace("\\\n", " ").replace("\\\r\n", " ").splitlines():
        asked = re.split(r"\s+#|\s+--hash", line.strip())[0].strip()
        if not asked or asked.startswith(("#", "-", "http:", "https:", "git+", "file:", "[")):
            continue
        try:
            requirement = Requirement(asked)
        except InvalidRequirement:
            unread.append(line[:200])
            continue
        yield _pin(requirement.name, str(requirement.specifier))


def _conda(path: Path, text: str, unread: list[str]) -> tuple[str | None, list[Pin]]:
    try:
        record = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise BadInput(N_("{file:name} cannot be read as YAML: mend it or export it again."), file=path.name) from error
    listed = record.get("dependencies") if isinstance(record, dict) else None
    pins: list[Pin] = []
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict):
            pins += _requirements("\n".join(str(line) for line in entry.get("pip") or []), unread)
        elif (match := CONDA.fullmatch(str(entry).strip())) is not None:
            name, operator, version = match.groups()
            pins.append(_pin(name, f"{'==' if operator in ('=', '==') else operator}{version}" if version else ""))
        else:
            unread.append(str(entry)[:200])
    return None, pins


def _lock(path: Path, text: str) -> tuple[str | None, list[Pin]]:
    try:
        record: dict[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(N_("{file:name} cannot be read as TOML: mend it or lock again."), file=path.name) from error
    packages = record.get("package")
    pins = [
        _pin(str(entry["name"]), f"=={entry['version']}")
        for entry in (packages if isinstance(packages, list) else [])
        if isinstance(entry, dict) and "name" in entry and "version" in entry
    ]
    metadata = record.get("metadata")
    python = record.get("requires-python") or (metadata.get("python-versions") if isinstance(metadata, dict) else None)
    return (str(python) if python else None), pins


def _dockerfile(text: str, unread: list[str]) -> tuple[str | None, list[Pin]]:
    python: str | None = None
    pins: list[Pin] = []
    for line in text.replace("\\\n", " ").splitlines():
        if (match := FROM_PYTHON.match(line.strip())) is not None:
            python = match.group(1)
        for command in re.split(r"&&|;", line):
            if (match := PIP_LINE.search(command.strip())) is not None:
                words = [w.strip("\"'") for w in match.group(1).split() if not w.startswith("-") and not w.endswith(".txt")]
                pins += _requirements("\n".join(words), unread)
    return python, pins
