"""A scaler's numbers: what it subtracts from each column and divides by, from JSON or from the graph of the uploaded model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from diagnostics.measure.samples import Samples
from diagnostics.measure.uploaded import description
from diagnostics.nouns.documents import NotPlain, load_json
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import N_
from diagnostics.sandbox import inputs

FILE: Final = "scaler.json"
READ_CAP: Final = 2**20
NAMES: Final = ("feature_names", "feature_names_in_", "features", "columns", "names")
MEANS: Final = ("mean", "mean_", "offset", "center", "center_")
SCALES: Final = ("scale", "scale_", "std", "sd")


@dataclass(frozen=True)
class Scale:
    """The column goes into the model as (value - mean) / scale. file: where that stands."""

    column: str
    mean: float
    scale: float
    file: str


def scales(incident: Incident, drawn: Samples) -> tuple[Scale, ...]:
    """One per numeric column; of two files the first that has the column counts. Raises NotApplicable where there is none."""
    found: dict[str, Scale] = {}
    for path in _files(incident):
        for name, mean, scale in _from_json(_parsed(path), drawn.numbers):
            found.setdefault(name, Scale(name, mean, scale, path.name))
    if not found and incident.model is not None:
        for name, mean, scale in _from_model(incident, drawn):
            found.setdefault(name, Scale(name, mean, scale, incident.model.name))
    usable = [found[name] for name in drawn.numbers if name in found]
    if not usable:
        raise NotApplicable(
            N_(
                "No scaler: upload its means and scales as scaler.json (columns, mean, scale), or the model as ONNX or skops "
                "with its scaler inside."
            ),
            needs="config",
        )
    return tuple(usable)


def _files(incident: Incident) -> Iterator[Path]:
    """Configuration in JSON, and scaler.json, of the incident or beside its configuration, code or model."""
    given = [incident.config.current, incident.config.reference, *incident.code, incident.model]
    here = [path for path in given if path is not None]
    beside = [incident.scaler] if incident.scaler else []
    beside += [path.parent / FILE for path in here]
    beside += [incident.model.parent / folder / FILE for folder in ("config", "code")] if incident.model else []
    yield from dict.fromkeys(path for path in beside if path.is_file() and not path.is_symlink())
    yield from (path for path in here if path.suffix.lower() == ".json" and path.name != FILE)


def _parsed(path: Path) -> object:
    with path.open("rb") as stream:
        content = stream.read(READ_CAP + 1)
    if len(content) > READ_CAP:
        return None
    try:
        return load_json(content)
    except NotPlain:
        return None  # Step 5 says of configuration that it is damaged.


def _from_json(given: object, numbers: Sequence[str]) -> Iterator[tuple[str, float, float]]:
    if not isinstance(given, dict):
        return
    if isinstance(given.get("scaler"), dict):
        yield from _from_json(given["scaler"], numbers)
        return
    means, sizes = _first(given, MEANS), _first(given, SCALES)
    if isinstance(means, dict) and isinstance(sizes, dict):
        yield from _clean((str(name), means[name], sizes.get(name)) for name in means)
    elif isinstance(means, list) and isinstance(sizes, list) and len(means) == len(sizes):
        names = _first(given, NAMES)
        if not isinstance(names, list):
            names = list(numbers)
        if len(names) == len(means):
            yield from _clean(zip(map(str, names), means, sizes, strict=True))
    else:
        columns = {str(name): entry for name, entry in given.items() if isinstance(entry, dict)}
        yield from _clean((name, _first(entry, MEANS), _first(entry, SCALES)) for name, entry in columns.items())


def _from_model(incident: Incident, drawn: Samples) -> Iterator[tuple[str, float, float]]:
    described = description(incident)
    if not described.scalers:
        return
    fitted = inputs.plan(described, drawn.features, drawn.kinds)
    by_input = {given.name: names for given, names in zip(fitted.inputs, fitted.columns, strict=True)}
    for scaler in described.scalers:
        names = [column for name in scaler.inputs for column in by_input.get(name, (name,))]
        if len(names) == len(scaler.mean) == len(scaler.scale):
            yield from _clean(zip(names, scaler.mean, scaler.scale, strict=True))


def _first(given: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((given[key] for key in keys if key in given), None)


def _clean(entries: Any) -> Iterator[tuple[str, float, float]]:
    for name, mean, scale in entries:
        known = all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in (mean, scale))
        if known and scale > 0:
            yield name, float(mean), float(scale)
