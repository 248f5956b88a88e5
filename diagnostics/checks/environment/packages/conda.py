"""What conda writes: environment.yml, `conda list`, `conda list --export`, `conda list --explicit`."""

from __future__ import annotations

import re
from typing import Final

from diagnostics.checks.environment.packages.requirement import Pin, pin_of, requirements
from diagnostics.nouns.documents import NotPlain, load_yaml
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

ENTRY: Final = re.compile(r"(?:[\w./-]+::)?([\w.-]+)\s*(?:(===?|=|>=|<=|~=|!=|>|<)\s*([\w.*!+,<>=-]+))?")
BUILT: Final = re.compile(r"(?:[\w./-]+::)?([\w.-]+)=([\w.!+]+)=([\w.*-]+)")
_URL: Final = re.compile(r"\S+/([\w.-]+?)-([\w.!+]+)-([\w.]+)\.(?:conda|tar\.bz2)(?:#\S*)?")
_LISTED: Final = re.compile(r"([\w.-]+)\s+([\w.!+]+)(?:\s+\S+){0,3}")

SYSTEM: Final = frozenset(
    ("cudatoolkit", "cuda", "cudnn", "cuda-version", "pytorch-cuda", "libgcc-ng", "libstdcxx-ng", "mkl", "openssl")
)
"""Packages that conda installs and pip does not have under this name."""


LINES_CAP: Final = 20_000
LINE_CAP: Final = 500


def is_list(text: str) -> bool:
    """The output of `conda list` in one of its forms."""
    head = text[:4000]
    return "@EXPLICIT" in head or "# packages in environment at" in head or "conda create --name <env> --file" in head


def conda_list(text: str, unread: list[str]) -> list[Pin]:
    pins = []
    for line in map(str.strip, text.split("\n")[:LINES_CAP]):
        if not line or len(line) > LINE_CAP or line.startswith(("#", "@")):
            continue
        found = _URL.fullmatch(line) or BUILT.fullmatch(line) or _LISTED.fullmatch(line)
        if found is None:
            unread.append(line[:200])
        elif not found[1].startswith("_"):
            pins.append(pin_of(found[1], f"=={found[2]}"))
    return pins


def conda_yaml(file: str, text: str, unread: list[str]) -> list[Pin]:
    """Raises BadInput for what is no YAML, or YAML without a list named dependencies."""
    try:
        record = load_yaml(text)
    except NotPlain as error:
        raise BadInput(
            N_("{file:name} cannot be read as YAML, because {why}: repair it or export it again."), file=file, why=error.phrase
        ) from error
    listed = record.get("dependencies") if isinstance(record, dict) else None
    pins: list[Pin] = []
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict):
            under = entry.get("pip")
            pins += requirements("\n".join(str(line) for line in under) if isinstance(under, list) else "", unread)
        elif len(str(entry)) > LINE_CAP:
            unread.append(str(entry)[:200])
        elif built := BUILT.fullmatch(str(entry).strip()):
            pins.append(pin_of(built[1], f"=={built[2]}"))
        elif found := ENTRY.fullmatch(str(entry).strip().strip("'\"")):
            name, operator, version = found.groups()
            # conda's single = means any patch: numpy=1.26 is 1.26.4 as well; with all three parts it is exact.
            exact = operator != "=" or (version or "").count(".") >= 2 or "*" in (version or "")
            asked = f"{'==' if operator == '=' else operator}{version}{'' if exact else '.*'}" if version else ""
            pins.append(pin_of(name, asked))
        else:
            unread.append(str(entry)[:200])
    return pins
