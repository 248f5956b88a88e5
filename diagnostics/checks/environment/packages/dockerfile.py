"""What a Dockerfile installs: its base image, pip lines, and packages of the operating system. Read, never run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Final

from diagnostics.checks.environment.packages.requirement import Pin, pin_of, requirements

ARGUMENTS_CAP: Final = 50_000
"""Characters of one command that are read."""

IS_ONE: Final = re.compile(r"^[ \t]*FROM[ \t]+\S+", re.IGNORECASE | re.MULTILINE)
_FROM: Final = re.compile(r"[ \t]*FROM[ \t]+(?:--\S+[ \t]+)?(?P<image>\S+)(?:[ \t]+AS[ \t]+\S+)?[ \t]*", re.IGNORECASE)
_PYTHON: Final = re.compile(r"(?:^|/)python:(?P<version>\d+(?:\.\d+){0,2})")
_CUDA: Final = re.compile(r"cuda:?-?(?P<version>\d+\.\d+(?:\.\d+)?)")
_PIP: Final = re.compile(r"(?:python[\d.]* -m )?(?:uv )?pip[\d.]*\s+install\s+(?P<what>.*)", re.IGNORECASE | re.DOTALL)
_SYSTEM: Final = re.compile(
    r"(?:apt(?:-get)?\s+(?:-\S+\s+)*install|apk\s+(?:-\S+\s+)*add|(?:yum|dnf|microdnf)\s+(?:-\S+\s+)*install)\s+(?P<what>.*)",
    re.IGNORECASE | re.DOTALL,
)
_TAKES_VALUE: Final = frozenset(
    (
        "-r",
        "--requirement",
        "-c",
        "--constraint",
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "-t",
        "--target",
    )
)


def dockerfile(text: str, unread: list[str]) -> tuple[str | None, list[Pin]]:
    """Python of the last base image that names one, and everything that is installed by name."""
    python: str | None = None
    pins: list[Pin] = []
    lines = re.sub(r"\\[ \t]*\n(?:[ \t]*#[^\n]*\n)*", " ", text).split("\n")
    for line in lines:
        if line.lstrip().startswith("#"):
            continue
        if found := _FROM.fullmatch(line):
            python = _image(found["image"], pins) or python
            continue
        for command in re.split(r"&&|;|\|\|", line):
            if found := _PIP.search(command):
                pins += requirements("\n".join(_named(found["what"])), unread)
            elif found := _SYSTEM.search(command):
                pins += [_system(word) for word in _named(found["what"]) if re.match(r"[A-Za-z0-9]", word)]
    return python, pins


def _image(image: str, pins: list[Pin]) -> str | None:
    """The Python of a base image; its CUDA goes to `pins`."""
    if cuda := _CUDA.search(image):
        pins.append(pin_of("cuda", f"=={cuda['version']}", system=True))
    python = _PYTHON.search(image)
    return f"=={python['version']}" if python else None


def _named(arguments: str) -> Iterator[str]:
    """What is installed by name: no options, no files, no variables."""
    arguments = arguments[:ARGUMENTS_CAP]
    try:
        words = shlex.split(arguments, comments=True)
    except ValueError:
        words = arguments.split()
    skip = False
    for word in words:
        if skip or word.startswith(("-", "$", ".", "/", ">")) or word.endswith((".txt", ".whl", ".toml")):
            skip = not skip and word in _TAKES_VALUE
            continue
        yield word


def _system(word: str) -> Pin:
    name, _, version = word.partition("=")
    return pin_of(re.sub(r"[^A-Za-z0-9._-]", "-", name), f"=={version}" if version else "", system=True)
