"""TensorBoard event files, through TensorBoard's own reader; only scalars are taken, nothing is executed."""

from __future__ import annotations

import importlib
import logging
import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from diagnostics.clinic.training_history.history import History
from diagnostics.clinic.training_history.reading.columns import NO_HISTORY, Columns, check_size
from diagnostics.clinic.training_history.reading.mapped import runs_of
from diagnostics.nouns.refusal import BadInput, Reason
from diagnostics.nouns.words import N_

BYTES_CAP: Final = 200_000_000
EVENTS_CAP: Final = 2_000_000
TAGS_CAP: Final = 500
RECORD_CAP: Final = 2**28


def is_events(head: bytes) -> bool:
    """Whether a file begins with a record whose length has the right checksum, as event files do."""
    masked_crc32c = importlib.import_module("tensorboard.compat.tensorflow_stub.pywrap_tensorflow").masked_crc32c

    if len(head) < 12:
        return False
    length, check = struct.unpack("<QI", head[:12])
    return bool(length < RECORD_CAP and masked_crc32c(head[:8]) == check)


def read(files: Sequence[Path]) -> list[History]:
    """The files of one run (Keras writes "train" and "validation" apart). Raises BadInput when they hold no scalars of use."""
    scalars: dict[str, dict[int, float]] = {}
    notes: list[Reason] = []
    for file in files:
        check_size(file, BYTES_CAP)
        side = file.parent.name if file.parent.name in ("train", "validation", "val", "eval", "test") and len(files) > 1 else ""
        for tag, step, value in _scalars(file, notes):
            # The last value that was written at a step counts, as in TensorBoard.
            scalars.setdefault(f"{side}/{tag}" if side else tag, {})[step] = value
            if len(scalars) > TAGS_CAP:
                raise BadInput(
                    N_("{file:name} has more than {cap:count} tags: is it a training history?"), file=file.name, cap=TAGS_CAP
                )
    if not scalars:
        raise BadInput(N_("{file:name} holds no scalar values: log the loss with add_scalar."), file=files[0].name)
    places = sorted({step for values in scalars.values() for step in values})
    row = {step: place for place, step in enumerate(places)}
    values = {}
    for tag, stated in scalars.items():
        column = np.full(len(places), np.nan)
        for step, value in stated.items():
            column[row[step]] = value if np.isfinite(value) else np.inf
        values[tag] = column
    # Lightning logs the epoch as a scalar of its own, at some of the steps only.
    values["step"] = np.array(places, dtype="float64")
    if "epoch" not in values and all(tag.split("/")[-1].startswith("epoch_") or tag == "step" for tag in values):
        values["epoch"] = values["step"]
    runs = runs_of(files[0], Columns(values, len(places)), form="tensorboard")
    return [replace(runs[0], notes=(*runs[0].notes, *notes)), *runs[1:]]


def _scalars(file: Path, notes: list[Reason]) -> list[tuple[str, int, float]]:
    from google.protobuf.message import DecodeError

    # Imported late and untyped: the package ships no type hints.
    loader = importlib.import_module("tensorboard.backend.event_processing.event_file_loader").EventFileLoader
    # It warns of files that are cut off through its logger; the reader is told in a note instead.
    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    with file.open("rb") as stream:
        if not is_events(stream.read(12)):
            raise BadInput(NO_HISTORY, file=file.name)
    found: list[tuple[str, int, float]] = []
    try:
        for event in loader(str(file)).Load():
            for value in event.summary.value:
                number = _number(value)
                if number is not None:
                    found.append((value.tag[:200], int(event.step), number))
            if len(found) > EVENTS_CAP:
                raise BadInput(
                    N_("{file:name} has more than {cap:count} values: log less often."), file=file.name, cap=EVENTS_CAP
                )
    except (DecodeError, struct.error, ValueError):
        notes.append(Reason(N_("The event file is damaged from some place on; what stands before was read.")))
    return found


def _number(value: Any) -> float | None:
    """A scalar, in the old field or as a tensor without dimensions; None for images, histograms, text and hyperparameters."""
    if value.HasField("simple_value"):
        return float(value.simple_value)
    if value.metadata.plugin_data.plugin_name not in ("scalars", "") or not value.HasField("tensor"):
        return None
    tensor = value.tensor
    if any(side.size != 1 for side in tensor.tensor_shape.dim):
        return None
    if tensor.float_val or tensor.double_val:
        return float((tensor.float_val or tensor.double_val)[0])
    kinds = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 19: "<f2"}
    if tensor.dtype in kinds and len(tensor.tensor_content) == np.dtype(kinds[tensor.dtype]).itemsize:
        return float(np.frombuffer(tensor.tensor_content, dtype=kinds[tensor.dtype])[0])
    return None
