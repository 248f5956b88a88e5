"""Read a configuration file into paths and values: YAML, JSON, TOML, INI and .env. Secrets are masked on the way in."""

from __future__ import annotations

import configparser
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

import yaml

from diagnostics.finding import BadInput
from diagnostics.words import N_

SIZE_CAP: Final = 1024**2
ENTRIES_CAP: Final = 20_000
DEPTH_CAP: Final = 40
SECRET_NAME: Final = re.compile(r"(?i)(pass(word|wd|phrase)?|secret|token|api_?key|access_?key|private_?key|credential|dsn|auth)")
SECRET_VALUE: Final = re.compile(
    r"(AKIA|ghp_|sk-|xox[bp]-|eyJ)[\w.-]{12,200}|[a-z][a-z0-9+]{1,20}://[^\s/:@]{1,100}:[^\s@]{1,200}@\S{1,300}"
)


def read_settings(path: Path) -> Mapping[str, str]:
    """Every value by its path ("model.threshold", "features[2]") as text. Raises BadInput for what is no configuration."""
    if path.stat().st_size > SIZE_CAP:
        raise BadInput(N_("{file:name} is larger than 1 MB, too large for a configuration."), file=path.name)
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    if "\x00" in text:
        raise BadInput(N_("{file:name} is not text: give a YAML, JSON, TOML, INI or .env file."), file=path.name)
    try:
        entries = list(islice(_flat(_parsed(path.name.lower(), text), "", 0), ENTRIES_CAP + 1))
    except (yaml.YAMLError, ValueError, configparser.Error, RecursionError) as error:
        raise BadInput(
            N_("{file:name} cannot be read as a configuration: mend it, or check that its ending fits its format."),
            file=path.name,
        ) from error
    if len(entries) > ENTRIES_CAP:
        raise BadInput(N_("{file:name} holds more than 20,000 settings: give the part that matters."), file=path.name)
    if not entries:
        raise BadInput(N_("{file:name} holds no settings: check that it is the right file."), file=path.name)
    return {name: _masked(name, value) for name, value in entries}


def _parsed(name: str, text: str) -> Any:
    if name.endswith(".json"):
        return json.loads(text)
    if name.endswith(".toml"):
        return tomllib.loads(text)
    if name.endswith((".ini", ".cfg", ".conf")):
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        parser.read_string(text)
        return {section: dict(parser[section]) for section in parser if parser[section]}
    if name.endswith((".env", ".properties")) or re.fullmatch(r"(\s*(#.*|(export )?[\w.]+=.*)?\n?)*", text[:10_000]):
        lines = (line.strip().removeprefix("export ") for line in text.splitlines())
        pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        return {key.strip(): value.strip().strip("\"'") for key, value in pairs}
    return yaml.safe_load(text)


def _flat(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > DEPTH_CAP:
        raise ValueError("too deep")
    if isinstance(value, dict):
        for key in value:
            yield from _flat(value[key], f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list):
        if all(not isinstance(item, dict | list) for item in value):
            yield path, ", ".join(_text(item) for item in value[:500])
        else:
            for position, item in enumerate(value):
                yield from _flat(item, f"{path}[{position}]", depth + 1)
    elif path:
        yield path, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)[:2000]


def _masked(name: str, value: str) -> str:
    if value and (SECRET_NAME.search(name.rsplit(".", 1)[-1]) or SECRET_VALUE.search(value)):
        # A short fingerprint still tells whether two secrets differ.
        return "••• " + hashlib.sha256(value.encode()).hexdigest()[:6]
    return value
