"""What a Dockerfile installs: its base image, pip lines, and packages of the operating system. Read, never run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Final

from diagnostics.checks.environment.packages.conda import ENTRY
from diagnostics.checks.environment.packages.requirement import Pin, pin_of, requirements

ARGUMENTS_CAP: Final = 50_000
"""Characters of one command that are read."""

IS_ONE: Final = re.compile(r"^[ \t]*FROM[ \t]+\S+", re.IGNORECASE | re.MULTILINE)
_FROM: Final = re.compile(r"[ \t]*FROM[ \t]+(?:--\S+[ \t]+)?(?P<image>\S+)(?:[ \t]+AS[ \t]+(?P<stage>\S+))?[ \t]*", re.IGNORECASE)
_PYTHON: Final = re.compile(r"(?:^|/)python:(?P<version>\d+(?:\.\d+){0,2})")
_CUDA: Final = re.compile(r"cuda:?-?(?P<version>\d+\.\d+(?:\.\d+)?)")
_SET: Final = re.compile(r"[ \t]*(?:ARG|ENV)[ \t]+(?P<what>.+)", re.IGNORECASE)
_VARIABLE: Final = re.compile(r"\$(?:\{(?P<name>\w+)(?::?[-+](?P<default>[^}]*))?\}|(?P<plain>\w+))")
_CONDA: Final = re.compile(r"(?:conda|mamba|micromamba)\s+(?:-\S+\s+)*install\s+(?P<what>.*)", re.IGNORECASE | re.DOTALL)
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
        "--channel",
        "-n",
        "--name",
        "-p",
        "--prefix",
    )
)


def dockerfile(text: str, unread: list[str]) -> tuple[str | None, list[Pin], str]:
    """Python of the last base image that names one, everything that is installed by name, and the last base image itself."""
    python: str | None = None
    pins: list[Pin] = []
    image = ""
    stages: dict[str, str] = {}
    known: dict[str, str] = {}
    for line in _lines(text):
        if found := _SET.match(line):
            known.update(_variables(found["what"], known))
            continue
        line = _filled(line, known)
        if found := _FROM.fullmatch(line):
            image = stages.get(found["image"].lower(), found["image"])
            if found["stage"]:
                stages[found["stage"].lower()] = image
            python = _image(image, pins) or python
            continue
        for command in re.split(r"&&|;|\|\|", line):
            if found := _PIP.search(command):
                pins += requirements("\n".join(_named(found["what"])), unread)
            elif found := _CONDA.search(command):
                pins += [pin for word in _named(found["what"]) if (pin := _of_conda(word)) is not None]
            elif found := _SYSTEM.search(command):
                pins += [_system(word) for word in _named(found["what"]) if re.match(r"[A-Za-z0-9]", word)]
    return python, pins, image


def _lines(text: str) -> Iterator[str]:
    """Whole instructions; the lines of a heredoc are commands of their own."""
    joined = re.sub(r"\\[ \t]*\n(?:[ \t]*#[^\n]*\n)*", " ", text).split("\n")
    for line in joined:
        if not line.lstrip().startswith("#"):
            yield line


def _variables(what: str, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """ARG NAME=value and ENV NAME=value; an argument without a value is not known."""
    try:
        words = shlex.split(what[:ARGUMENTS_CAP], comments=True)
    except ValueError:
        return
    if len(words) == 2 and "=" not in words[0]:
        words = ["=".join(words)]
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            yield name, _filled(value, known)


def _filled(text: str, known: Mapping[str, str]) -> str:
    """$NAME, ${NAME} and ${NAME:-default} as what they stand for; what is not known stays."""

    def value(found: re.Match[str]) -> str:
        return known.get(found["name"] or found["plain"] or "") or found["default"] or found[0]

    return _VARIABLE.sub(value, text)


def _of_conda(word: str) -> Pin | None:
    found = ENTRY.fullmatch(word)
    if found is None:
        return None
    name, operator, version = found.groups()
    exact = operator != "=" or (version or "").count(".") >= 2
    return pin_of(name, f"{'==' if operator == '=' else operator}{version}{'' if exact else '.*'}" if version else "")


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
    return pin_of(re.sub(r"[^A-Za-z0-9.+_-]", "-", name), f"=={version}" if version else "", system=True)
