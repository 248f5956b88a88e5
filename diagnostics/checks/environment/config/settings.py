"""Read a configuration file into paths and values: YAML, JSON, TOML, INI and .env. Secrets are masked on the way out."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

from diagnostics.checks.environment.config.tree import ITEMS_CAP, Tree, labels_of, text_of, tree_of
from diagnostics.checks.environment.text import read_text
from diagnostics.nouns.documents import NotPlain, load_json, load_toml, load_yaml
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.secrets import masked
from diagnostics.nouns.words import N_

Setting: TypeAlias = str | tuple[str, ...]
"""A value as text, or a list of values."""

SIZE_CAP: Final = 1024**2
ENTRIES_CAP: Final = 20_000
DEPTH_CAP: Final = 40

_ENV_NAME: Final = re.compile(r"(?:export[ \t]{1,20})?([A-Za-z_][\w.]{0,200})")


@dataclass(frozen=True)
class Settings:
    """shown: value by path ("model.threshold", "features", "steps[scale].mean"), secrets masked.

    tree: the same values as they are, for comparing only; they must not be shown, nor kept. typed: whether the format tells
    text from numbers.
    """

    file: str
    shown: Mapping[str, Setting]
    tree: Tree = field(repr=False)
    typed: bool


def read_settings(path: Path) -> Settings:
    """Raises BadInput for what is no configuration."""
    text = read_text(
        path,
        cap=SIZE_CAP,
        too_large=N_("{file:name} is larger than 1 MB, too large for a configuration."),
        no_text=N_("{file:name} is not text: give a YAML, JSON, TOML, INI or .env file."),
    )
    try:
        parsed = _parsed(path.name.lower(), text)
        entries = dict(islice(_flat(parsed.value, "", 0), ENTRIES_CAP + 1))
    except NotPlain as error:
        raise BadInput(
            N_("{file:name} cannot be read as a configuration, because {why}: repair it, or check its ending."),
            file=path.name,
            why=error.phrase,
        ) from error
    except (ValueError, configparser.Error) as error:
        raise BadInput(
            N_("{file:name} cannot be read as a configuration: mend it, or check that its ending fits its format."),
            file=path.name,
        ) from error
    if len(entries) > ENTRIES_CAP:
        raise BadInput(N_("{file:name} holds more than 20,000 settings: give the part that matters."), file=path.name)
    if not entries:
        raise BadInput(N_("{file:name} holds no settings: check that it is the right file."), file=path.name)
    shown = {name: _without(name, value) for name, value in entries.items()}
    return Settings(path.name, shown, tree_of(parsed.value), parsed.typed)


def _without(path: str, value: Setting) -> Setting:
    return masked(path, value) if isinstance(value, str) else tuple(masked(path, item) for item in value)


@dataclass(frozen=True)
class _Parsed:
    value: Any
    typed: bool = True


def _parsed(name: str, text: str) -> _Parsed:
    """What the file holds, by its ending; without a known ending, by its look."""
    if name.endswith(".json") or (not name.endswith((".yaml", ".yml")) and text.lstrip().startswith("{")):
        return _Parsed(load_json(text))
    if name.endswith(".toml"):
        return _Parsed(load_toml(text))
    if name.endswith((".ini", ".cfg", ".conf")):
        return _Parsed(_ini(text), typed=False)
    lines = [line for line in text.split("\n")[:500] if line.strip() and not line.lstrip().startswith(("#", ";"))]
    if name.endswith((".env", ".properties")) or (lines and all(_pair(line) for line in lines)):
        return _Parsed(_env(text), typed=False)
    if not name.endswith((".yaml", ".yml")) and lines and re.fullmatch(r"\s*\[[\w. -]+\]\s*", lines[0]):
        return _Parsed(_ini(text), typed=False)
    return _Parsed(load_yaml(text, merges=True))


def _ini(text: str) -> dict[str, dict[str, str | None]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    # Keys keep their case: some services tell a.B from a.b.
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text if re.search(r"^[ \t]*\[", text, re.MULTILINE) else "[settings]\n" + text)
    return {section: dict(parser[section]) for section in parser if parser[section]}


def _env(text: str) -> dict[str, str]:
    return dict(pair for line in text.split("\n") if (pair := _pair(line)) is not None)


def _pair(line: str) -> tuple[str, str] | None:
    """Name and value of a line of a .env file; None for any other line."""
    name, equals, value = line.strip().partition("=")
    found = _ENV_NAME.fullmatch(name.strip())
    if not equals or found is None:
        return None
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return found[1], value[1:-1]
    # A sign for a comment counts after a blank only: passwords hold it too.
    return found[1], value.split(" #")[0].split("\t#")[0].rstrip()


def _flat(value: Any, path: str, depth: int) -> Iterator[tuple[str, Setting]]:
    if depth > DEPTH_CAP:
        raise ValueError("too deep")
    if isinstance(value, dict):
        for key in value:
            name = str(key)[:200]
            yield from _flat(value[key], f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list | tuple | set):
        items = list(value)
        if all(not isinstance(item, dict | list | tuple | set) for item in items):
            yield path or "[]", tuple(text_of(item) for item in items[:ITEMS_CAP])
            return
        labels = labels_of(items) or range(len(items))
        for label, item in zip(labels, items, strict=True):
            yield from _flat(item, f"{path}[{label}]", depth + 1)
    elif path:
        yield path, text_of(value)
