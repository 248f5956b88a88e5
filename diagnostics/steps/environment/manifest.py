"""What an environment file says: packages with their versions, and the Python version, whatever tool wrote it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from diagnostics.finding import BadInput
from diagnostics.steps.environment.text import read_text
from diagnostics.words import N_

PACKAGES_CAP: Final = 5_000
INCLUDE_DEPTH: Final = 3

_ALIASES: Final = {"tensorflow-cpu": "tensorflow", "pytorch": "torch", "opencv": "opencv-python"}
_CONDA_ONLY: Final = frozenset(("python", "pip", "cudatoolkit", "cuda", "cudnn", "libgcc-ng", "openssl"))
_HASH: Final = re.compile(r"\s--(?:hash|config-settings?|global-option)[= ]\S+")
_SAID: Final = re.compile(r"#.{0,60}\bpython(?: version)? (\d+\.\d+(?:\.\d+)?)", re.IGNORECASE)
"""The comment that pip-compile and others leave at the top."""

_FROM: Final = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(?P<image>\S+)", re.IGNORECASE)
_PIP: Final = re.compile(r"\b(?:pip3?|uv pip|python3? -m pip)\s+install\s+(?P<what>[^&|;]+)", re.IGNORECASE)
_APT: Final = re.compile(r"\bapt(?:-get)?\s+(?:-\S+\s+)*install\s+(?P<what>[^&|;]+)", re.IGNORECASE)
_PYTHON_IMAGE: Final = re.compile(r"(?:^|/)python:(?P<version>\d+(?:\.\d+){0,2})")
_CUDA_IMAGE: Final = re.compile(r"cuda:?(?P<version>\d+\.\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Package:
    """name: normalised (PEP 503); given: as written. version: the one that is installed or pinned, None for a range;
    specifier: the range.
    """

    name: str
    given: str
    version: Version | None
    specifier: SpecifierSet
    system: bool = False

    @property
    def shown(self) -> str:
        """The version or range in words of the file; "any" for a bare name."""
        return str(self.version) if self.version is not None else str(self.specifier) or "any"


@dataclass(frozen=True)
class Manifest:
    """kind: what the file is. packages: by normalised name. python: version or range, "" when not said. skipped: lines that
    name no package.
    """

    file: str
    kind: str
    packages: Mapping[str, Package]
    python: str = ""
    skipped: tuple[str, ...] = ()
    duplicates: tuple[tuple[Package, Package], ...] = ()


@dataclass
class _Reading:
    packages: dict[str, Package] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    duplicates: list[tuple[Package, Package]] = field(default_factory=list)
    python: str = ""

    def add(self, package: Package | None, line: str) -> None:
        if package is None:
            self.skipped.append(line.strip()[:200])
            return
        known = self.packages.get(package.name)
        if known is not None and known.shown != package.shown:
            self.duplicates.append((known, package))
        if len(self.packages) < PACKAGES_CAP:
            self.packages.setdefault(package.name, package)


def read_manifest(file: Path) -> Manifest:
    """Raises BadInput when `file` is no environment file of a known kind."""
    text = read_text(file)
    name = file.name.lower()
    reading = _Reading()
    if "dockerfile" in name or _FROM.search(text.lstrip().split("\n", 1)[0]):
        kind = "Dockerfile"
        _dockerfile(text, reading)
    elif name.endswith((".yml", ".yaml")) or re.search(r"^dependencies:\s*$", text, re.MULTILINE):
        kind = "conda environment"
        _conda(text, file.name, reading)
    elif name.endswith((".toml", ".lock")) or re.search(r"^\[\[package\]\]", text, re.MULTILINE):
        kind = "lock file"
        _toml(text, file.name, reading)
    else:
        kind = "requirements"
        _requirements(text, reading, file, 0)
    if not reading.packages and not reading.python:
        raise BadInput(
            N_(
                "{file:name} names no package: give a pip freeze, a requirements file, a conda environment, a lock "
                "file or a Dockerfile."
            ),
            file=file.name,
        )
    if not reading.python and (found := _SAID.search(text[:2000])):
        reading.python = found[1]
    return Manifest(file.name, kind, reading.packages, reading.python, tuple(reading.skipped), tuple(reading.duplicates))


def _requirements(text: str, reading: _Reading, file: Path | None, depth: int) -> None:
    joined = re.sub(r"\\\s*\n", " ", text)
    for raw in joined.split("\n"):
        line = re.sub(r"(?:^|\s)#.*$", "", raw).strip()
        if not line or line.startswith(("[", "===", "Package ", "---")):
            continue
        if match := re.match(r"^(?:-r|--requirement|-c|--constraint)[ =]?(\S+)", line):
            # Only a file beside this one: an upload must not name any other place.
            beside = file.parent / Path(match[1]).name if file is not None and "/" not in match[1].lstrip("./") else None
            if beside is not None and beside.is_file() and not beside.is_symlink() and beside != file and depth < INCLUDE_DEPTH:
                _requirements(read_text(beside), reading, beside, depth + 1)
            else:
                reading.skipped.append(line[:200])
            continue
        if line.startswith(("-e ", "--editable")):
            egg = re.search(r"#egg=([\w.-]+)", raw)
            reading.add(_package(egg[1]) if egg else None, line)
            continue
        if line.startswith("-"):
            continue  # Options of pip, such as an index.
        if listed := re.match(r"^([A-Za-z0-9][\w.-]*)\s+(\d\S*)$", line):
            line = f"{listed[1]}=={listed[2]}"  # pip list
        reading.add(requirement(_HASH.sub("", line)), line)


def requirement(line: str) -> Package | None:
    """One requirement as pip reads it; None when it is none, or when its marker excludes this platform's like."""
    try:
        parsed = Requirement(line.strip())
    except InvalidRequirement:
        return None
    if parsed.marker is not None:
        environment = {key: str(value) for key, value in default_environment().items()}
        environment |= {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "extra": ""}
        version = re.search(r"python_(?:full_)?version", str(parsed.marker))
        if version is None and not parsed.marker.evaluate(environment):
            return None
    return _of(parsed.name, parsed.specifier)


def _of(name: str, specifier: SpecifierSet, *, system: bool = False) -> Package:
    version = None
    if len(specifier) == 1:
        only = next(iter(specifier))
        if only.operator in ("==", "===") and not only.version.endswith(".*"):
            version = _version(only.version)
    key = canonicalize_name(name)
    return Package(_ALIASES.get(key, key), name, version, specifier, system)


def _package(name: str, version: str = "", *, system: bool = False) -> Package | None:
    if not re.fullmatch(r"[A-Za-z0-9_][\w.+-]{0,200}", name):
        return None
    try:
        return _of(name, SpecifierSet(f"=={version}" if version else ""), system=system)
    except InvalidSpecifier:
        return _of(name, SpecifierSet(""), system=system)


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _conda(text: str, name: str, reading: _Reading) -> None:
    content = load_yaml(text, name)
    dependencies = content.get("dependencies") if isinstance(content, Mapping) else None
    if not isinstance(dependencies, list):
        raise BadInput(N_("{file:name} is YAML but no conda environment: it has no list named dependencies."), file=name)
    for entry in dependencies[:PACKAGES_CAP]:
        if isinstance(entry, Mapping):
            for line in entry.get("pip") or []:
                if isinstance(line, str) and not line.startswith("-"):
                    reading.add(requirement(line), line)
            continue
        if not isinstance(entry, str):
            continue
        match = re.match(r"^(?:[\w./-]+::)?([A-Za-z0-9_][\w.-]*)\s*(.*)$", entry.strip())
        if match is None:
            reading.skipped.append(entry[:200])
            continue
        package, rest = match[1], match[2].strip().strip("[]'\"")
        pinned = re.match(r"^={1,2}\s*([\w.!+]+?)(?:\.\*)?(?:=\S+)?$", rest)
        if package == "python":
            reading.python = pinned[1] if pinned else rest
        elif pinned and not rest.endswith("*"):
            reading.add(_package(package, pinned[1], system=package in _CONDA_ONLY), entry)
        else:
            reading.add(requirement(f"{package}{rest}" if rest[:1] in "<>=!~" else package) or _package(package), entry)


def _toml(text: str, name: str, reading: _Reading) -> None:
    try:
        content: dict[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(N_("{file:name} cannot be read as TOML: it is cut off or damaged."), file=name) from error
    listed = content.get("package") or content.get("packages")
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, Mapping) and isinstance(entry.get("name"), str):
            source = entry.get("source")
            if isinstance(source, Mapping) and ({"editable", "virtual"} & set(source)):
                continue  # uv lists the project itself.
            reading.add(_package(entry["name"], str(entry.get("version") or "")), entry["name"])
    project = content.get("project")
    if isinstance(project, Mapping):
        for line in project.get("dependencies") or []:
            if isinstance(line, str):
                reading.add(requirement(line), line)
        reading.python = str(project.get("requires-python") or "")
    poetry = content.get("tool", {}).get("poetry", {}) if isinstance(content.get("tool"), Mapping) else {}
    for package, version in (poetry.get("dependencies") or {}).items() if isinstance(poetry, Mapping) else ():
        spec = version if isinstance(version, str) else str(version.get("version") or "") if isinstance(version, Mapping) else ""
        if package == "python":
            reading.python = spec
        else:
            reading.add(
                _package(package, spec.lstrip("=")) if re.fullmatch(r"=?=?\d[\w.]*", spec) else _caret(package, spec), package
            )
    metadata = content.get("metadata")
    said = content.get("requires-python") or (metadata.get("python-versions") if isinstance(metadata, Mapping) else "")
    reading.python = reading.python or str(said or "")


def _caret(package: str, spec: str) -> Package | None:
    """Poetry's ^1.2 as a range."""
    match = re.fullmatch(r"\^(\d+)((?:\.\d+)*)", spec.strip())
    if match:
        return requirement(f"{package}>={match[1]}{match[2]},<{int(match[1]) + 1}")
    return requirement(f"{package}{spec if spec[:1] in '<>=!~' else ''}")


def _dockerfile(text: str, reading: _Reading) -> None:
    joined = re.sub(r"\\\s*\n", " ", text)
    for line in joined.split("\n"):
        if line.lstrip().startswith("#"):
            continue
        if image := _FROM.match(line):
            if python := _PYTHON_IMAGE.search(image["image"]):
                reading.python = python["version"]
            if cuda := _CUDA_IMAGE.search(image["image"]):
                reading.packages["cuda"] = Package("cuda", "cuda", _version(cuda["version"]), SpecifierSet(""), True)
            continue
        for pattern, system in ((_PIP, False), (_APT, True)):
            for install in pattern.finditer(line):
                for word in install["what"].split():
                    word = word.strip("'\"")
                    if not word.startswith(("-", "$", ".", "/")) and not word.endswith(".txt"):
                        reading.add(_package(*word.split("=", 1), system=True) if system else requirement(word), word)


def load_yaml(text: str, name: str, *, events_cap: int = 100_000, depth_cap: int = 50, aliases_cap: int = 100) -> Any:
    """YAML with plain values only. Depth, size and aliases are capped before anything is built. Raises BadInput."""
    depth = events = aliases = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            events += 1
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            aliases += isinstance(event, yaml.AliasEvent)
            if events > events_cap or depth > depth_cap or aliases > aliases_cap:
                raise BadInput(
                    N_("{file:name} is nested or repeated beyond what a configuration needs: it was not read."), file=name
                )
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise BadInput(
            N_("{file:name} cannot be read as YAML (line {line:count}): it is cut off or damaged."), file=name, line=line
        ) from error
