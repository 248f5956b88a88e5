"""The sample incidents that come with the program; each is opened as an incident of its own."""

from __future__ import annotations

import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from diagnostics.keep import store
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

SAMPLES: Final = Path(__file__).parents[2] / "sample_data"
FIRST: Final = "unit-change"
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")

_NOT_COPIED: Final = shutil.ignore_patterns("expected.yaml", ".*", "README*")


@dataclass(frozen=True)
class Sample:
    """A sample incident: its folder's name, its title, and one sentence on what it shows (English message ids)."""

    name: str
    title: str
    about: str


def listed() -> list[Sample]:
    """The sample incidents that came with the program: the clearest first, then by name."""
    found = []
    for file in sorted(SAMPLES.glob("*/incident.yaml"), key=lambda file: (file.parent.name != FIRST, file.parent.name)):
        held = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        expected = file.with_name("expected.yaml")
        shown = yaml.safe_load(expected.read_text(encoding="utf-8")) if expected.is_file() else {}
        about = (shown or {}).get("about", "")
        found.append(Sample(file.parent.name, str(held.get("title") or file.parent.name), str(about)))
    return found


def opened(name: str) -> str:
    """A new incident with the files of the sample `name`. Raises BadInput when there is no such sample."""
    source = SAMPLES / name
    if NAME.fullmatch(name) is None or not (source / "incident.yaml").is_file():
        raise BadInput(N_("There is no sample named {name:name}."), name=name)
    made = secrets.token_urlsafe(16)
    scratch = store.home() / f".{made}"
    try:
        with store.disk():
            shutil.copytree(source, scratch, copy_function=shutil.copyfile, ignore=_NOT_COPIED)
            scratch.chmod(0o700)
            scratch.rename(store.home() / made)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return made
