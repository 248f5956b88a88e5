"""One requirement: what a file asks of one package. `packaging` reads names, versions, ranges and markers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

ALIASES: Final = {
    "tensorflow-cpu": "tensorflow",
    "tensorflow-gpu": "tensorflow",
    "pytorch": "torch",
    "sklearn": "scikit-learn",
    "opencv-python-headless": "opencv-python",
    "opencv-contrib-python": "opencv-python",
}
"""Other names of the same library: builds of it, its name in conda, its name when imported."""

INSTALLERS: Final = frozenset(("pip", "setuptools", "wheel", "uv", "distribute"))
"""Tools that pip freeze leaves out and other lists name."""

TOOLS: Final = frozenset(
    (
        "black",
        "coverage",
        "flake8",
        "ipdb",
        "ipykernel",
        "ipython",
        "isort",
        "jupyter",
        "jupyterlab",
        "mypy",
        "notebook",
        "pre-commit",
        "pylint",
        "pytest",
        "pytest-cov",
        "ruff",
        "sphinx",
        "tox",
        "twine",
    )
)
"""Tools of development: no model and no service runs on them."""

LINES_CAP: Final = 20_000
LINE_CAP: Final = 20_000
"""Characters of a line; the hashes of one package, joined, are a few thousand."""

_OPTIONS: Final = re.compile(r"\s--(?:hash|config-settings?|global-option|install-option)[= ]\S+")
_LISTED: Final = re.compile(r"([A-Za-z0-9][\w.-]*)\s+(\d[\w.+!-]*)(?:\s+\S+)?")
_EGG: Final = re.compile(r"#egg=([A-Za-z0-9][\w.-]*)")


@dataclass(frozen=True)
class Pin:
    """What a file says of one package. version: the exact one where it is pinned; asked: the specifier as written.

    system: a package of the operating system. marked: only for some versions of Python.
    """

    name: str
    version: Version | None
    asked: SpecifierSet
    system: bool = False
    marked: bool = False

    @property
    def shown(self) -> str:
        return str(self.version) if self.version else str(self.asked) or "*"


def pin_of(name: str, asked: str, *, system: bool = False, marked: bool = False) -> Pin:
    """A pin from a name and a specifier ("==1.2", ">=1,<2", ""); an invalid specifier asks for nothing."""
    # Packages of the operating system go by their own names: libstdc++6.
    key = name.lower() if system else str(canonicalize_name(name))
    key = key if system else ALIASES.get(key, key)
    try:
        specifiers = SpecifierSet(asked)
    except InvalidSpecifier:
        return Pin(key, None, SpecifierSet(), system, marked)
    exact = [s for s in specifiers if s.operator in ("==", "===") and "*" not in s.version]
    return Pin(key, version_of(exact[0].version) if exact else None, specifiers, system, marked)


def version_of(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def one(line: str) -> Pin | None:
    """One requirement as pip reads it. Raises InvalidRequirement; None where its marker leaves Linux out."""
    requirement = Requirement(line)
    marked = False
    if requirement.marker is not None:
        marked = "python" in str(requirement.marker)
        here = {key: str(value) for key, value in default_environment().items()}
        here |= {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "extra": ""}
        # The Python of the file is not always known, so what depends on it is kept.
        if not marked and not requirement.marker.evaluate(here):
            return None
    asked = str(requirement.specifier)
    if requirement.url and not asked:
        asked = _in_wheel(requirement.url)
    # PyPI's "sklearn" is an empty package that only pulls in the real one, in whatever version.
    if canonicalize_name(requirement.name) == "sklearn":
        asked = ""
    return pin_of(requirement.name, asked, marked=marked)


def _in_wheel(url: str) -> str:
    """The version in the name of a wheel, as a specifier; "" without one."""
    try:
        return f"=={parse_wheel_filename(unquote(url.split('#')[0].rsplit('/', 1)[-1]))[1]}"
    except InvalidWheelFilename:
        return ""


def requirements(text: str, unread: list[str]) -> Iterator[Pin]:
    """Pins of a requirements file, of pip freeze or of pip list; lines that name no package go to `unread`."""
    for raw in text.replace("\\\n", " ").split("\n")[:LINES_CAP]:
        if len(raw) > LINE_CAP:
            unread.append(raw[:200])
            continue
        line = re.split(r"(?:^|\s)#", raw.strip())[0].strip()
        if line.startswith(("-e", "--editable")):
            egg = _EGG.search(raw)
            line = egg[1] if egg else ""
        if not line or line.startswith(("-", "http:", "https:", "git+", "file:", "[", "===", "./", "../")):
            continue
        if re.fullmatch(r"Package\s+Version.*", line):
            continue
        line = _OPTIONS.sub("", line)
        if listed := _LISTED.fullmatch(line):
            line = f"{listed[1]}=={listed[2]}"
        try:
            pin = one(line)
        except InvalidRequirement:
            unread.append(raw[:200])
            continue
        if pin is not None:
            yield pin
