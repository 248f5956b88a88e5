"""What other tools write or print: setup.cfg, setup.py, conda-lock, pixi, pip inspect, trees of dependencies, versions shown."""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from diagnostics.checks.environment.packages.requirement import Pin, pin_of, requirements
from diagnostics.nouns.documents import NotPlain, load_yaml
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

LINE_CAP: Final = 500
SYNTAX_CAP: Final = 200_000
"""Characters of a setup.py that are parsed."""

_CONDA_URL: Final = re.compile(r"\S*/([\w.-]+?)-([\w.!+]+)-[\w.]+\.(?:conda|tar\.bz2)")
_BRANCH: Final = re.compile(r"[\s│├└─|`+\\-]*([A-Za-z0-9][\w.-]*)\s+v(\d[\w.+!]*)\s*(?:\(\*\))?(?:\[.*\])?")
_DEPENDENCY: Final = re.compile(r"[\s│├└─|`+-]*([A-Za-z0-9][\w.-]*)\s+\[required: .*installed: (\d[\w.+!]*)\]")
_TOP: Final = re.compile(r"([A-Za-z0-9][\w.-]*)==(\d[\w.+!]*)")
_SATISFIED: Final = re.compile(r"Requirement already satisfied: ([A-Za-z0-9][\w.-]*)(\[[\w,]+\])?==([\w.+!]+).*")
_SHOWN: Final = re.compile(r"\s*([A-Za-z][\w.-]*)\s*:\s*(\d[\w.+!]*)\s*(?:\(.*)?")
_PYTHON_SHOWN: Final = re.compile(r"^[ \t]*(?:[Pp]ython|Python version)\s*:?\s*(?:v)?(\d+\.\d+(?:\.\d+)?)", re.MULTILINE)
_NOT_PACKAGES: Final = frozenset(
    ("python", "executable", "machine", "system", "os", "byteorder", "processor", "commit", "lc-all")
)


def kind_of(text: str, ending: str) -> str:
    """The kind of file that this is, "" for none of those read here."""
    head = text[:20_000]
    if ending == ".cfg" or re.search(r"^\[options\]", head, re.MULTILINE):
        return "setup.cfg"
    if ending == ".py":
        return "setup.py"
    if re.search(r"^(?:- kind:|[ \t]*- (?:conda|pypi): \S+://)", head, re.MULTILINE) or (
        re.search(r"^package:[ \t]*$", head, re.MULTILINE) and "manager:" in head
    ):
        return "lock of conda packages"
    if re.search(r"^[ \t│├└─|`+]+[A-Za-z0-9][\w.-]*\s+v\d", head, re.MULTILINE) or "[required:" in head:
        return "tree"
    if "Requirement already satisfied:" in head:
        return "satisfied"
    if re.search(r"^(?:Python dependencies:|INSTALLED VERSIONS|-----$)", head, re.MULTILINE):
        return "shown"
    return ""


def read_printed(file: str, kind: str, text: str, unread: list[str]) -> tuple[str | None, list[Pin]]:
    """Python and the pins. Raises BadInput for what is damaged."""
    match kind:
        case "setup.cfg":
            return _setup_cfg(file, text, unread)
        case "setup.py":
            return _setup_py(file, text, unread)
        case "lock of conda packages":
            return _conda_lock(file, text)
        case "tree":
            return None, list(_tree(text))
        case "satisfied":
            found = (_SATISFIED.fullmatch(line.strip()[:LINE_CAP]) for line in text.split("\n"))
            return None, [pin_of(one[1], f"=={one[3]}") for one in found if one]
    said = _PYTHON_SHOWN.search(text)
    return (f"=={said[1]}" if said else None), list(_versions_shown(text))


def _setup_cfg(file: str, text: str, unread: list[str]) -> tuple[str | None, list[Pin]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise BadInput(N_("{file:name} cannot be read as INI: mend it or give the list of packages."), file=file) from error
    options = parser["options"] if parser.has_section("options") else {}
    python = str(options.get("python_requires", "")).strip()
    return python or None, list(requirements(str(options.get("install_requires", "")), unread))


def _setup_py(file: str, text: str, unread: list[str]) -> tuple[str | None, list[Pin]]:
    """Only what is written as text: nothing is run."""
    try:
        tree = ast.parse(text[:SYNTAX_CAP])
    except (SyntaxError, RecursionError, MemoryError, ValueError) as error:
        raise BadInput(N_("{file:name} cannot be read as Python: give the list of packages instead."), file=file) from error
    named = {t.id: n.value for n in ast.walk(tree) if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    python, pins = None, []
    for keyword in (k for n in ast.walk(tree) if isinstance(n, ast.Call) for k in n.keywords):
        value = named.get(keyword.value.id, keyword.value) if isinstance(keyword.value, ast.Name) else keyword.value
        if keyword.arg == "install_requires" and isinstance(value, ast.List | ast.Tuple):
            lines = [e.value for e in value.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
            pins += list(requirements("\n".join(lines), unread))
        elif keyword.arg == "python_requires" and isinstance(value, ast.Constant):
            python = str(value.value)
    return python, pins


def _conda_lock(file: str, text: str) -> tuple[str | None, list[Pin]]:
    try:
        record = load_yaml(text)
    except NotPlain as error:
        raise BadInput(N_("{file:name} cannot be read as YAML: mend it or export it again."), file=file) from error
    listed = record.get("packages") or record.get("package") if isinstance(record, dict) else None
    found: dict[str, Pin] = {}
    for entry in listed if isinstance(listed, list) else []:
        pin = _locked(entry) if isinstance(entry, dict) else None
        # The same package stands there once for each platform.
        if pin is not None:
            found.setdefault(pin.name, pin)
    python = found.pop("python", None)
    return (f"=={python.version}" if python is not None and python.version else None), list(found.values())


def _locked(entry: Mapping[str, Any]) -> Pin | None:
    name, version = entry.get("name"), entry.get("version")
    if isinstance(name, str) and version is not None:
        return pin_of(name, f"=={version}")
    address = str(entry.get("conda") or entry.get("pypi") or "")[:LINE_CAP]
    if found := _CONDA_URL.fullmatch(address):
        return pin_of(found[1], f"=={found[2]}")
    try:
        wheel, number, _, _ = parse_wheel_filename(unquote(address.split("#")[0].rsplit("/", 1)[-1]))
    except InvalidWheelFilename:
        return None
    return pin_of(wheel, f"=={number}")


def _tree(text: str) -> Iterator[Pin]:
    seen: set[str] = set()
    for line in text.split("\n"):
        found = (
            _BRANCH.fullmatch(line[:LINE_CAP])
            or _DEPENDENCY.fullmatch(line[:LINE_CAP])
            or _TOP.fullmatch(line[:LINE_CAP].strip())
        )
        if found and found[1] not in seen:
            seen.add(found[1])
            yield pin_of(found[1], f"=={found[2]}")


def _versions_shown(text: str) -> Iterator[Pin]:
    """Lines such as "numpy: 1.26.4", of sklearn.show_versions, pandas.show_versions or session_info."""
    for line in text.split("\n"):
        found = _SHOWN.fullmatch(line[:LINE_CAP]) or re.fullmatch(r"([a-z][\w.-]*)\s{2,}(\d[\w.+!]*)", line[:LINE_CAP].strip())
        if found and found[1].lower() not in _NOT_PACKAGES and "-" not in found[1]:
            yield pin_of(found[1], f"=={found[2]}")


def inspected(record: Mapping[str, Any]) -> tuple[str | None, list[Pin]]:
    """The JSON of `pip inspect`."""
    environment = record.get("environment")
    python = environment.get("python_full_version") if isinstance(environment, dict) else None
    pins = []
    listed = record.get("installed")
    for entry in listed if isinstance(listed, list) else []:
        metadata = entry.get("metadata") if isinstance(entry, dict) else None
        if isinstance(metadata, dict) and isinstance(metadata.get("name"), str) and metadata.get("version"):
            pins.append(pin_of(metadata["name"], f"=={metadata['version']}"))
    return (f"=={python}" if python else None), pins
