"""A configuration file as flat settings: path to value, whatever its format; secrets masked before anybody sees them."""

from __future__ import annotations

import configparser
import hashlib
import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final, TypeAlias

from diagnostics.finding import BadInput
from diagnostics.steps.environment.manifest import load_yaml
from diagnostics.steps.environment.text import read_text
from diagnostics.words import N_

Scalar: TypeAlias = str | int | float | bool | None
Setting: TypeAlias = Scalar | tuple[Scalar, ...]

SETTINGS_CAP: Final = 5_000
DEPTH_CAP: Final = 50
VALUE_CAP: Final = 500

_SECRET_NAME: Final = re.compile(
    r"passw(?:or)?d|passphrase|passwd|\bpwd\b|secret|token(?!iz)(?!s?_?(?:limit|count|len))|credential|api_?key|access_?key|private_?key"
    r"|\bauth\b|authorization|dsn\b|connection_?string|webhook|(?:^|[._-])key$|signature|salt$",
    re.IGNORECASE,
)
_SECRET_VALUE: Final = re.compile(
    r"^(?:sk-|pk-|rk_|ghp_|gho_|github_pat_|glpat-|xox[abprs]-|AKIA|ASIA|AIza|ya29\.|eyJ[\w-]{10,}\.|hf_|Bearer
    )|-----BEGIN|://[^/\s:@]+:[^/\s@]+@"
)
_OPAQUE: Final = re.compile(r"^(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+_=-]{32,}$")
_PLAIN_NAME: Final = re.compile(r"hash|sha|md5|digest|commit|checksum|fingerprint|version|revision|model|path|uri|run_?id|uuid", re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """values: by path ("model.threshold", "features[2].name"). masked: paths whose value is a secret; their value is a short
    fingerprint."""

    file: str
    kind: str
    values: Mapping[str, Setting]
    masked: frozenset[str]


def read_settings(file: Path) -> Settings:
    """Raises BadInput when `file` is no configuration of a known kind."""
    text = read_text(file)
    name = file.name.lower()
    if name.endswith((".yaml", ".yml")):
        kind, content = "YAML", load_yaml(text, file.name)
    elif name.endswith(".json"):
        kind, content = "JSON", _json(text, file.name)
    elif name.endswith(".toml"):
        kind, content = "TOML", _toml(text, file.name)
    elif name.endswith((".ini", ".cfg", ".conf", ".properties")):
        kind, content = "INI", _ini(text, file.name)
    elif ".env" in name:
        kind, content = "environment variables", _env(text)
    else:
        kind, content = _guessed(text, file.name)
    flat: dict[str, Setting] = {}
    _flatten(content, "", flat, 0)
    if not flat:
        raise BadInput(N_("{file:name} holds no settings: give YAML, JSON, TOML, INI or .env."), file=file.name)
    masked = frozenset(path for path, value in flat.items() if _secret(path, value))
    values = {path: _fingerprint(value) if path in masked else value for path, value in flat.items()}
    return Settings(file.name, kind, values, masked)


def _guessed(text: str, name: str) -> tuple[str, Any]:
    if text.lstrip().startswith(("{", "[\n", "[{")):
        return "JSON", _json(text, name)
    if re.search(r"^\[[\w. -]+\]\s*$", text, re.MULTILINE):
        return "INI", _ini(text, name)
    if all(re.match(r"^\s*(?:#.*|(?:export )?[A-Za-z_]\w*\s*=.*|)$", line) for line in text.split("\n")[:200]):
        return "environment variables", _env(text)
    return "YAML", load_yaml(text, name)


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise BadInput(
            N_("{file:name} cannot be read as JSON (line {line:count}): it is cut off or damaged."), file=name, line=line
        ) from error


def _toml(text: str, name: str) -> Any:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(N_("{file:name} cannot be read as TOML: it is cut off or damaged."), file=name) from error


def _ini(text: str, name: str) -> Any:
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    # Keys keep their case; some services tell a.B from a.b.
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text if re.search(r"^\s*\[", text, re.MULTILINE) else "[settings]\n" + text)
    except configparser.Error as error:
        raise BadInput(N_("{file:name} cannot be read as INI: it is cut off or damaged."), file=name) from error
    return {section: {key: _typed(value) for key, value in parser[section].items()} for section in parser.sections()}


def _env(text: str) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for line in text.split("\n"):
        match = re.match(r"^\s*(?:export\s+)?([A-Za-z_][\w.]*)\s*=\s*(.*?)\s*$", line)
        if match:
            value = match[2]
            quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
            found[match[1]] = value[1:-1] if quoted else _typed(re.sub(r"\s+#.*$", "", value))
    return found


def _typed(value: str | None) -> Scalar:
    """A text of a format without types as the number or truth value that it writes."""
    if value is None:
        return None
    lowered = value.strip().lower()
    if lowered in ("true", "yes", "on"):
        return True
    if lowered in ("false", "no", "off"):
        return False
    try:
        return int(value) if re.fullmatch(r"[+-]?\d{1,18}", value.strip()) else float(value) if lowered[:1] in "+-.0123456789"
        else value
    except ValueError:
        return value


def _flatten(content: Any, path: str, flat: dict[str, Setting], depth: int) -> None:
    if len(flat) >= SETTINGS_CAP or depth > DEPTH_CAP:
        return
    if isinstance(content, Mapping):
        for key, value in content.items():
            _flatten(value, f"{path}.{key}" if path else str(key), flat, depth + 1)
        return
    if isinstance(content, list | tuple | set):
        items = list(content)
        if all(not isinstance(item, Mapping | list | tuple | set) for item in items):
            flat[path or "[]"] = tuple(_scalar(item) for item in items[:SETTINGS_CAP])
            return
        for position, item in enumerate(items):
            # A list of named things is told by the names, so that one more at its head does not change all the rest.
            label = next((item[key] for key in ("name", "id", "key") if isinstance(item, Mapping) and isinstance(item.get(key), str)), None)
            _flatten(item, f"{path}[{label if label is not None else position}]", flat, depth + 1)
        return
    flat[path or "value"] = _scalar(content)


def _scalar(value: Any) -> Scalar:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return value if not isinstance(value, float) or math.isfinite(value) else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)[:VALUE_CAP]


def _secret(path: str, value: Setting) -> bool:
    last = re.split(r"[.\[]", path)[-1]
    if isinstance(value, bool | int | float) or value is None:
        return bool(_SECRET_NAME.search(last)) and isinstance(value, int) and not isinstance(value, bool) and abs(value) > 9999
    texts = [value] if isinstance(value, str) else [v for v in value if isinstance(v, str)]
    if texts and _SECRET_NAME.search(last):
        return True
    return any(_SECRET_VALUE.search(t) or (_OPAQUE.match(t) and not _PLAIN_NAME.search(path)) for t in texts)


def _fingerprint(value: Setting) -> str:
    """Equal secrets stay equal; nothing else of them remains."""
    digest = hashlib.sha256(b"model-clinic" + repr(value).encode()).hexdigest()
    return f"•••• ({digest[:4]})"
