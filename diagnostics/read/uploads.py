"""Which uploads an incident takes, and the names they get: a name from outside is never used as a path."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, shorten
from diagnostics.read.folder import MODEL_ENDINGS, TABLE_ENDINGS

UNTITLED: Final = N_("Incident")
ENVIRONMENT_ENDINGS: Final = (".txt", ".in", ".yaml", ".yml", ".toml", ".lock", ".json", ".cfg", ".dockerfile")
CONFIG_ENDINGS: Final = (".yaml", ".yml", ".json", ".toml", ".ini", ".cfg", ".env")


@dataclass(frozen=True)
class Part:
    """Where one kind of upload goes. folder: "" for the incident's own. fixed: its file's stem, "" where names are kept, cleaned.

    endings: those that are taken, lower case; the first is given to a file with none of them when `loose` (Dockerfile, .env).
    """

    folder: str
    fixed: str
    endings: tuple[str, ...]
    loose: bool = False


PARTS: Final[Mapping[str, Part]] = {
    "reference": Part("", "reference", TABLE_ENDINGS),
    "current": Part("", "current", TABLE_ENDINGS),
    "incident": Part("", "incident", (".yaml", ".yml")),
    "model": Part("", "model", MODEL_ENDINGS),
    "environment/reference": Part("environment", "reference", ENVIRONMENT_ENDINGS, loose=True),
    "environment/current": Part("environment", "current", ENVIRONMENT_ENDINGS, loose=True),
    "config/reference": Part("config", "reference", CONFIG_ENDINGS, loose=True),
    "config/current": Part("config", "current", CONFIG_ENDINGS, loose=True),
    "scaler": Part("config", "scaler", (".json",)),
    "code": Part("code", "", (".py", ".ipynb")),
    "logs": Part("logs", "", (".log", ".txt", ".json", ".jsonl", ".csv", ".gz", ".out"), loose=True),
    "metrics": Part("metrics", "", (".csv", ".tsv", ".txt", ".json", ".prom", ".xlsx", ".parquet", ".gz", ".log"), loose=True),
    "memory": Part("memory", "", (".jsonl", ".json", ".txt", ".log", ".out"), loose=True),
    "training": Part("training", "", (".csv", ".json", ".jsonl", ".txt"), loose=True),
}


def last(filename: str) -> str:
    """The file name without the folders that some browsers, and some attackers, send along."""
    return re.split(r"[\\/]", filename)[-1]


def title_of(filename: str) -> str:
    """A first title for an incident: the name of the file without its endings."""
    stem = shorten(last(filename).strip(".").split(".")[0])
    return UNTITLED if stem.lower() in ("", "current", "reference", "archive", "incident") else stem


def file_name(place: Part, filename: str) -> str:
    given = last(filename)
    lower = given.lower()
    ending = next((e for e in sorted(place.endings, key=len, reverse=True) if lower.endswith(e)), "")
    if not ending and not place.loose:
        raise BadInput(
            N_("{file:name} is not of a kind that can be used here: give one of {known}."),
            file=given,
            known=", ".join(place.endings),
        )
    if place.fixed:
        if "dockerfile" in lower:
            ending = ".dockerfile"
        ending = ".yaml" if ending == ".yml" and place.fixed == "incident" else ending
        return place.fixed + (ending or place.endings[0])
    return clean(given) or f"file{ending or place.endings[0]}"


def clean(filename: str) -> str:
    """A harmless file name: ASCII letters, digits, dot, dash, underscore; with a digest when anything had to be changed."""
    given = last(filename)
    spelled = unicodedata.normalize("NFKD", given).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", spelled).lstrip("._-")
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    stem, ending = stem[:80], ending[:20]
    # Two names that clean to the same one must stay two files.
    if f"{stem}{dot}{ending}" != given:
        stem = f"{stem or 'file'}-{hashlib.sha256(given.encode(errors='replace')).hexdigest()[:8]}"
    return f"{stem}{dot}{ending}" if stem else ""
