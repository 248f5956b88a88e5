"""Files to runs. The kind of a file is recognised by its content, never by its name alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from diagnostics.clinic.training_history.history import History
from diagnostics.clinic.training_history.reading import documents, events, printed, recorder
from diagnostics.clinic.training_history.reading.columns import Columns, check_size, encoding_of, parse_number, read_columns
from diagnostics.clinic.training_history.reading.mapped import UNTAGGED, runs_of
from diagnostics.clinic.training_history.reading.names import part_of, plain
from diagnostics.nouns.refusal import BadInput, Reason
from diagnostics.nouns.words import N_

_MLFLOW: Final = re.compile(r"^\d{10,13} \S+ \d+$")
_CATBOOST: Final = re.compile(r"^iter\t\S+")
_TENSORBOARD: Final = re.compile(r'^"?Wall time"?,"?Step"?,"?Value"?\s*$', re.IGNORECASE)

PICKLE: Final = N_(
    "{file:name} is a pickle, which is not read, as opening one can run any program. Save the history as JSON instead: "
    "json.dump(history.history, open('history.json', 'w'), default=float)."
)
WEIGHTS: Final = N_("{file:name} holds weights or a workbook, not a training history: give the log of the run as text.")


def read_history(file: Path, mapping: Mapping[str, str] | None = None) -> History:
    """The first run of a file. Raises BadInput with one plain sentence."""
    return read_runs(file, mapping)[0]


def read_runs(file: Path, mapping: Mapping[str, str] | None = None) -> list[History]:
    """mapping: parts to columns of a table, where a person chose them. Raises BadInput with one plain sentence."""
    check_size(file)
    with file.open("rb") as stream:
        head = stream.read(65536)
    if events.is_events(head):
        return events.read([file])
    _refuse_binary(file, head)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200]
    if start.startswith(b"{") and recorder.MARK.encode() in start.split(b"\n")[0]:
        return [recorder.read(file)]
    if start.startswith((b"{", b"[")):
        # A log may begin with a bracket too: "[2026-05-12 10:00:00] epoch 1".
        return _first_that_reads(file, lambda: documents.read(file), lambda: printed.read(file))
    if _scalars_of(head) is not None:
        return _scalars([file])
    return _first_that_reads(file, lambda: _table(file, mapping), lambda: printed.read(file), lambda: documents.read(file))


def _refuse_binary(file: Path, head: bytes) -> None:
    if head[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05") or file.suffix.lower() in (".pkl", ".pickle", ".joblib"):
        raise BadInput(PICKLE, file=file.name)
    if head.startswith((b"PK\x03\x04", b"\x89HDF", b"\x93NUMPY", b"PAR1", b"\xd0\xcf\x11\xe0")):
        raise BadInput(WEIGHTS, file=file.name)


def _first_that_reads(file: Path, *readers: Callable[[], list[History]]) -> list[History]:
    """What the first reader that can gives; the first refusal where none can."""
    refused: BadInput | None = None
    for reader in readers:
        try:
            return reader()
        except BadInput as reason:
            refused = refused or reason
    assert refused is not None
    raise refused


def _table(file: Path, mapping: Mapping[str, str] | None) -> list[History]:
    """Keras' CSVLogger, Lightning's metrics.csv, and any table whose columns are recognised by name or mapped by hand."""
    columns = read_columns(file)
    return runs_of(file, columns, form=form_of(columns) if mapping is None else "csv", mapping=mapping)


def form_of(columns: Columns) -> str:
    """Which tool wrote the table, by its columns.

    Lightning's logger writes "step" and "epoch" and leaves gaps; Keras' writes "epoch", "loss" and its twins with "val_" before.
    """
    names = set(columns.names)
    gaps = any(bool((values != values).any()) for values in columns.values.values())
    if {"step", "epoch"} <= names and (gaps or any(name.endswith(("_step", "_epoch")) for name in names)):
        return "lightning"
    bare = {name.removeprefix("val_") for name in names if name.startswith("val_")}
    if "loss" in names and not {"step", "global_step"} & names and (not bare or bare <= names):
        return "keras_csv"
    return "csv"


def groups(files: Sequence[Path]) -> list[list[Path]]:
    """Files of one run together: event files that lie in "train" and "validation" beside each other, and files that hold one
    series each (MLflow's metrics, TensorBoard's CSV, CatBoost's errors) of one folder; every other file is a run or several.
    """
    found: dict[Path, list[Path]] = {}
    for file in files:
        key = file
        if file.is_file():
            with file.open("rb") as stream:
                head = stream.read(65536)
            if file.parent.name in ("train", "validation") and events.is_events(head[:12]):
                key = file.parent.parent / "run"
            elif (kind := _scalars_of(head)) is not None:
                # Two files of one metric are two runs, unless one is of training and the other of validation.
                tag = _tag_of(file)
                key = file.parent / f"*{kind}"
                while key in found and any(_tag_of(other) == tag for other in found[key]):
                    key = key.with_name(f"*{key.name}")
        found.setdefault(key, []).append(file)
    return list(found.values())


def read_group(group: Sequence[Path], mapping: Mapping[str, str] | None = None) -> list[History]:
    """The runs of one group. Raises BadInput with one plain sentence."""
    if len(group) == 1:
        return read_runs(group[0], mapping)
    with group[0].open("rb") as stream:
        head = stream.read(65536)
    return _scalars(group) if _scalars_of(head) is not None else events.read(group)


def _scalars_of(head: bytes) -> str | None:
    """Which tool wrote a file that holds one series: "mlflow", "tensorboard" or "catboost"."""
    lines = head.decode("utf-8-sig", "replace").splitlines()[:4]
    if not lines:
        return None
    if all(_MLFLOW.match(line) for line in lines):
        return "mlflow"
    if _CATBOOST.match(lines[0]):
        return "catboost"
    return "tensorboard" if _TENSORBOARD.match(lines[0]) else None


def _tag_of(file: Path) -> str:
    """What the series is called: by the file's name, with the folder before it where that says training or validation."""
    stem = file.stem if file.suffix in (".csv", ".tsv") else file.name
    stem = re.sub(r"^(?:run-)?(.*?)[-_]tag-", r"\1 ", stem)
    stem = re.sub(r"_error$", "", stem) if file.suffix == ".tsv" else stem
    return (
        f"{file.parent.name} {stem}" if re.fullmatch(r"(train|val|valid|validation|test|eval|learn)", file.parent.name) else stem
    )


def _scalars(files: Sequence[Path]) -> list[History]:
    """One series a file, joined by their steps."""
    found: dict[str, dict[float, float]] = {}
    form = ""
    for file in files:
        check_size(file)
        content = file.read_bytes()
        text = content.decode(encoding_of(content[:65536]), "replace")
        form = _scalars_of(content[:65536]) or form
        if form == "mlflow":
            cells = [(line.split()[2], line.split()[1]) for line in text.splitlines() if _MLFLOW.match(line)]
        else:
            rows = [line.replace('"', "").split("\t" if form == "catboost" else ",") for line in text.splitlines()[1:]]
            cells = [
                (row[0], row[1]) if form == "catboost" else (row[1], row[2])
                for row in rows
                if len(row) >= 2 + (form != "catboost")
            ]
        series = {
            x: y for step, value in cells if (x := parse_number(step)) is not None and (y := parse_number(value)) is not None
        }
        tag = _tag_of(file)
        if form == "catboost":
            tag = f"{tag} {text.splitlines()[0].split(chr(9))[1]}"
        found[tag] = series
    places = sorted({step for series in found.values() for step in series})
    values = {tag: np.array([series.get(step, np.nan) for step in places]) for tag, series in found.items()}
    by_epoch = all("epoch" in plain(tag).split("_") for tag in values)
    values["epoch" if by_epoch else "step"] = np.array(places, dtype="float64")
    columns = Columns(values, len(places))
    if any(part_of(tag) not in (None, "epoch", "step") for tag in found):
        return runs_of(files[0], columns, form=form)
    only = next(iter(found))
    made = runs_of(
        files[0], columns, form=form, mapping={"loss": only, "step": "step"} | ({"epoch": "epoch"} if by_epoch else {})
    )
    return [replace(made[0], notes=(*made[0].notes, Reason(UNTAGGED))), *made[1:]]
