"""Which packages a file asks for, whatever tool wrote it. Parsed, never run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from diagnostics.checks.environment.packages.conda import conda_list, conda_yaml, is_list
from diagnostics.checks.environment.packages.dockerfile import IS_ONE, dockerfile
from diagnostics.checks.environment.packages.locks import json_lock, toml_lock
from diagnostics.checks.environment.packages.printed import kind_of, read_printed
from diagnostics.checks.environment.packages.requirement import Pin, pin_of, requirements
from diagnostics.checks.environment.text import read_text
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.secrets import masked
from diagnostics.nouns.words import N_

__all__ = ["Environment", "Pin", "read_environment"]

SIZE_CAP: Final = 4 * 1024**2
PINS_CAP: Final = 5_000
UNREAD_CAP: Final = 20
_TABLE: Final = re.compile(r"^\[(?:\[packages?\]\]|packages\]|project\]|tool\.poetry)", re.MULTILINE)
_SAID: Final = re.compile(r"#.{0,60}\bpython(?: version)? (\d+\.\d+(?:\.\d+)?)", re.IGNORECASE)
"""The comment that pip-compile and uv leave at the top."""


@dataclass(frozen=True)
class Environment:
    """python: version or range as far as the file says it. unread: lines that no parser understood, at most 20,
    secrets masked.

    partial: a Dockerfile, which may install more from files that it copies. system: packages of the operating system.
    twice: packages that the file pins twice, differently.
    """

    file: str
    python: str | None
    pins: Mapping[str, Pin]
    unread: tuple[str, ...]
    partial: bool = False
    system: Mapping[str, Pin] = field(default_factory=dict)
    twice: tuple[tuple[Pin, Pin], ...] = ()
    image: str = ""
    """The base image that a Dockerfile ends on."""

    @property
    def libc(self) -> str:
        """The C library of the base image: wheels are built for one of the two; "" where no image is named."""
        if not self.image:
            return ""
        return "musl" if "alpine" in self.image.lower() else "glibc"


def read_environment(path: Path) -> Environment:
    """Raises BadInput for a file that is too large, binary, damaged, or says nothing of any package."""
    text = read_text(
        path,
        cap=SIZE_CAP,
        too_large=N_("{file:name} is larger than 4 MB, too large for a list of packages."),
        no_text=N_("{file:name} is not text: give the list of packages itself."),
    )
    unread: list[str] = []
    python: str | None = None
    docker = bool(IS_ONE.search(text)) and path.suffix.lower() not in (".py", ".cfg", ".toml")
    image = ""
    if docker:
        python, pins, image = dockerfile(text, unread)
    elif kind := kind_of(text, path.suffix.lower()):
        python, pins = read_printed(path.name, kind, text, unread)
    elif text.lstrip()[:1] in ("{", "[") and path.suffix.lower() in (".json", ".lock") and not _TABLE.search(text):
        python, pins = json_lock(path.name, text)
    elif path.suffix.lower() in (".toml", ".lock") or _TABLE.search(text):
        python, pins = toml_lock(path.name, text, unread)
    elif is_list(text):
        pins = conda_list(text, unread)
    elif re.search(r"^dependencies\s*:", text, re.MULTILINE):
        pins = conda_yaml(path.name, text, unread)
    else:
        pins = list(requirements(text, unread))
        said = _SAID.search(text[:2000])
        python = f"=={said[1]}" if said else None
    if (not pins and python is None) or len(unread) > max(3, len(pins)):
        raise BadInput(
            N_("{file:name} names no package: give a pip freeze, requirements, conda YAML, lock file or Dockerfile."),
            file=path.name,
        )
    return _of(path.name, python, pins, tuple(masked("line", line) for line in unread[:UNREAD_CAP]), docker, image)


def _of(file: str, python: str | None, pins: list[Pin], unread: tuple[str, ...], docker: bool, image: str) -> Environment:
    named: dict[str, Pin] = {}
    system: dict[str, Pin] = {}
    twice: list[tuple[Pin, Pin]] = []
    for pin in pins[:PINS_CAP]:
        side = system if pin.system else named
        known = side.setdefault(pin.name, pin)
        if known is not pin and not known.asked and pin.asked:
            # A line that asks for nothing, such as sklearn==0.0, says less than one that does.
            side[pin.name] = pin
            continue
        # Lines for different versions of Python do not contradict each other.
        if known is not pin and known.shown != pin.shown and not (known.marked or pin.marked):
            twice.append((known, pin))
    given = named.pop("python", None)
    if python is None and given is not None:
        python = str(given.asked) or None
    return Environment(
        file, python, dict(sorted(named.items())), unread, docker, dict(sorted(system.items())), tuple(twice), image
    )


def python_of(environment: Environment) -> Pin | None:
    """The Python of a file as a pin: "3.11" as the image's tag says it, or a range."""
    return pin_of("python", environment.python) if environment.python else None
