"""Read a configuration file into paths and values: YAML, JSON, TOML, INI and .env. Secrets are masked on the way out."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from diagnostics.finding import BadInput
from diagnostics.steps.environment.secrets import masked
from diagnostics.steps.environment.text import load_yaml, read_text
from diagnostics.words import N_

Setting: TypeAlias = str | tuple[str, ...]
"""A value as text, or a list of values."""

SIZE_CAP: Final = 1024**2
ENTRIES_CAP: Final = 20_000
DEPTH_CAP: Final = 40
ITEMS_CAP: Final = 5_000
VALUE_CAP: Final = 2_000
LABELS: Final = ("name", "id", "key")

_ENV_NAME: Final = re.compile(r"(?:export[ \t]{1,20})?([A-Za-z_][\w.]{0,200})")


@dataclass(frozen=True)
class Settings:
    """shown: value by path ("model.threshold", "features", "steps[scale].mean"), secrets masked.

    compared: the same values as they are, for comparing only; they must not be shown, nor kept.
    """

    file: str
    shown: Mapping[str, Setting]
    compared: Mapping[str, Setting] = field(repr=False)


def read_settings(path: Path) -> Settings:
    """Raises BadInput for what is no configuration."""
    text = read_text(
        path,
        cap=SIZE_CAP,
        too_large=N_("{file:name} is larger than 1 MB, too large for a configuration."),
        no_text=N_("{file:name} is not text: give a YAML, JSON, TOML, INI or .env file."),
    )
    try:
        entries = dict(islice(_flat(_parsed(path.name.lower(), text), "", 0), ENTRIES_CAP + 1))
    except (yaml.YAMLError, ValueError, configparser.Error, RecursionError) as error:
        raise BadInput(
            N_("{file:name} cannot be read as a configuration: mend it, or check that its ending fits its format."),
            file=path.name,
        ) from error
    if len(entries) > ENTRIES_CAP:
        raise BadInput(N_("{file:name} holds more than 20,000 settings: give the part that matters."), file=path.name)
    if not entries:
        raise BadInput(N_("{file:name} holds no settings: check that it is the right file."), file=path.name)
    return Settings(path.name, {name: _without(name, value) for name, value in entries.items()}, entries)


def _without(path: str, value: Setting) -> Setting:
    return masked(path, value) if isinstance(value, str) else tuple(masked(path, item) for item in value)


def _parsed(name: str, text: str) -> Any:
    """What the file holds, by its ending; without a known ending, by its look."""
    if name.endswith(".json") or (not name.endswith((".yaml", ".yml")) and text.lstrip().startswith("{")):
        return json.loads(text)
    if name.endswith(".toml"):
        return tomllib.loads(text)
    if name.endswith((".ini", ".cfg", ".conf")):
        return _ini(text)
    lines = [line for line in text.split("\n")[:500] if line.strip() and not line.lstrip().startswith(("#", ";"))]
    if name.endswith((".env", ".properties")) or (lines and all(_pair(line) for line in lines)):
        return _env(text)
    if not name.endswith((".yaml", ".yml")) and lines and re.fullmatch(r"\s*\[[\w. -]+\]\s*", lines[0]):
        return _ini(text)
    return load_yaml(text)


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
            yield path or "[]", tuple(_text(item) for item in items[:ITEMS_CAP])
            return
        labels = [_label(item) for item in items]
        # A list of named things is told by the names, so that one more at its head does not change all the rest.
        named = all(labels) and len(set(labels)) == len(labels)
        for position, item in enumerate(items):
            yield from _flat(item, f"{path}[{labels[position] if named else position}]", depth + 1)
    elif path:
        yield path, _text(value)


def _label(item: Any) -> str:
    found = next((item[key] for key in LABELS if key in item), "") if isinstance(item, dict) else ""
    return found[:100] if isinstance(found, str) else ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)[:VALUE_CAP]
