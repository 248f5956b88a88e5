"""An uploaded model, opened in its confined process: what it asks for, and its checked answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import N_, Value, shorten
from diagnostics.sandbox.confine import Limits
from diagnostics.sandbox.facts import Facts
from diagnostics.sandbox.isolation import Isolation, isolation
from diagnostics.sandbox.process import MEMORY_WORDS, Process
from diagnostics.sandbox.wire import Frame

KINDS: Final = {".onnx": "onnx", ".skops": "skops"}

CONVERT: Final = N_(
    "{file:name} is a pickle, and loading one can run anything, so it is not run here. The card of the model file has the three "
    "lines that convert it to ONNX or skops where it was trained; upload the result."
)
UNKNOWN_KIND: Final = N_("{file:name} can't be run here: give the model as ONNX or skops.")
TOO_BIG: Final = N_("{file:name} is larger than {size:number} MB and is not run here.")
THREADS: Final = N_("Several threads are not tried here: this system can't keep a model with threads from starting processes.")
FAILED: Final = N_("The model stopped with an error on these rows: {why}")

REFUSALS: Final[Mapping[str, str]] = {
    "damaged": N_("{file:name} is no whole {kind} file: it is damaged, cut off, or something else under this name."),
    "external": N_(
        "{file:name} keeps a part of its numbers in another file ({part}); such models are not run. Save it in one file."
    ),
    "custom": N_("{file:name} needs the custom operator {operator} of {domain}, which is code of its own; it is not run."),
    "input": N_("{file:name} wants an input {name:name} of the type {type}, which a table has not."),
    "shape": N_("{file:name} wants an input {name:name} with {dimensions:count} dimensions; a table has two."),
    "answers": N_(
        "{file:name} gave {got:count} answers for {expected:count} rows, so its answers can't be matched with the rows."
    ),
    "bomb": N_("{file:name} unpacks to {size:count} bytes in {files:count} files, far more than a model has; it is not run."),
    "untrusted": N_("{file:name} asks for {types:list}, which is not known to be harmless; it is not run."),
    "whole": N_("nothing in {file:name} can be made smaller in this way: it has no layers, or too few trees."),
    "nothing": N_("{file:name} holds a {type} that predicts nothing."),
}
"""What the confined process may refuse, and the sentence for it; the process sends only a key and plain values."""


@dataclass(frozen=True)
class Input:
    """type: "number", "integer", "text", or "frame" (columns by name, as skops takes them). width: columns, None for any."""

    name: str
    type: str
    width: int | None


@dataclass(frozen=True)
class Scaler:
    """mean and scale per column: what the model subtracts and then divides by. inputs: names in the model, as many or one."""

    inputs: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]


@dataclass(frozen=True)
class Description:
    """features: the columns that the model names itself, () when it names none. classes: () when it names none."""

    format: str
    producer: str
    opset: int
    inputs: tuple[Input, ...]
    features: tuple[str, ...]
    classes: tuple[str, ...]
    scalers: tuple[Scaler, ...]
    isolation: Isolation


@dataclass(frozen=True)
class Told:
    """Answers of n rows. labels: shape (n,), object; scores: shape (n, k), float64; classes: names of the scores' columns, ()
    when not known. One of labels and scores may be None.
    """

    labels: NDArray[np.generic] | None
    scores: NDArray[np.float64] | None
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Times:
    """milliseconds: of each answer, shape (n,); passed: seconds of all of them together."""

    milliseconds: NDArray[np.float64]
    passed: float


@dataclass(frozen=True)
class Replies:
    """told: answers to the rows; again: to the same rows once more; alone: to the first rows, each by itself."""

    told: Told
    again: Told
    alone: Told


class Model:
    """Raises NotApplicable (needs "model") with one plain sentence whenever the file cannot be run, at any time.

    A process that ended because it was idle is started again by the next question.
    """

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        self.path = path
        self.limits = limits or Limits()
        self._process = self._start()
        self.description = self._described(self._process.ready)

    def close(self) -> None:
        self._process.close()

    def answer(self, rows: Frame) -> Told:
        return _told(self._ask(rows), "", int(rows.meta["rows"]))

    def replies(self, rows: Frame) -> Replies:
        """The same rows twice, and some of them one by one, in one question."""
        n = int(rows.meta["rows"])
        told = self._ask(Frame({**rows.meta, "again": True}, rows.arrays, rows.texts))
        some = next((len(v) for name, v in told.arrays.items() if name.startswith("alone ")), None)
        some = some or next((len(v) for name, v in told.texts.items() if name.startswith("alone ")), 0)
        return Replies(_told(told, "", n), _told(told, "again ", n), _told(told, "alone ", min(some, n)))

    def times(self, rows: Frame, *, seconds: float, least: int, most: int) -> Times:
        """Milliseconds of answers to the same rows, measured where the model runs."""
        how = {"seconds": seconds, "least": least, "most": most}
        told = self._ask(Frame({**rows.meta, "repeat": how}, rows.arrays, rows.texts))
        passed = told.meta.get("passed")
        return Times(told.arrays.get("times", np.empty(0)), float(passed) if isinstance(passed, float) else float("nan"))

    def facts(self) -> Facts:
        given = self._ask(Frame({"facts": True})).meta.get("facts")
        return Facts.read(given if isinstance(given, dict) else {})

    def shrunk(self, way: str, rows: Frame) -> bytes:
        """A smaller copy of an ONNX model, made where it runs. way: as `onnx_shrink.shrink`."""
        told = self._ask(Frame({**rows.meta, "shrink": way}, rows.arrays, rows.texts))
        return told.arrays["model"].tobytes() if "model" in told.arrays else b""

    def _ask(self, rows: Frame) -> Frame:
        if not self._process.alive:
            self._process = self._start()
        return self._checked(self._process.ask(rows))

    def _start(self) -> Process:
        name = self.path.name
        kind = KINDS.get(self.path.suffix.lower())
        if kind is None:
            pickled = self.path.suffix.lower() in (".pkl", ".pickle", ".joblib", ".sav", ".p", ".dill")
            raise NotApplicable(CONVERT if pickled else UNKNOWN_KIND, needs="model", file=name)
        if self.path.stat().st_size > self.limits.model:
            raise NotApplicable(TOO_BIG, needs="model", file=name, size=self.limits.model / 2**20)
        content = np.fromfile(self.path, dtype="|u1")
        if self.limits.threads > 1 and isolation() is Isolation.LIMITS:
            raise NotApplicable(THREADS, needs="model")
        meta = {
            "kind": kind,
            "memory": self.limits.memory,
            "seconds": self.limits.seconds,
            "threads": self.limits.threads,
        }
        started = Process(Frame(meta, {"model": content}), self.limits)
        self._process = started
        self._checked(started.ready)
        return started

    def _checked(self, frame: Frame) -> Frame:
        """Turns a refusal or an error into its sentence; nothing that the process says is taken for a template."""
        meta = frame.meta
        if "refused" in meta:
            sentence = REFUSALS.get(str(meta["refused"]), FAILED)
            sent = meta.get("values")
            given: dict[str, Any] = sent if isinstance(sent, dict) else {}
            values: dict[str, Value] = {"why": "", "kind": KINDS.get(self.path.suffix.lower(), "").replace("onnx", "ONNX")}
            for key in ("operator", "domain", "name", "type"):
                values[key] = shorten(str(given.get(key, "")))
            for key in ("got", "expected", "size", "files", "dimensions"):
                values[key] = int(given[key]) if isinstance(given.get(key), int) else 0
            values["types"] = tuple(shorten(str(t)) for t in given.get("types", []) if isinstance(t, str))
            values |= {"part": shorten(str(given.get("file", ""))), "file": self.path.name}
            raise NotApplicable(sentence, needs="model", **values)
        if "error" in meta:
            text = f"{meta['error']}: {meta.get('text', '')}"
            if any(word in text.lower() for word in MEMORY_WORDS):
                raise self._process.greedy()
            # onnxruntime wraps what happened once more for every node around it.
            why = shorten(text.rsplit("Status Message:", 1)[-1].strip(), cap=160)
            raise NotApplicable(FAILED, needs="model", why=why)
        return frame

    def _described(self, frame: Frame) -> Description:
        given = frame.meta.get("description")
        if not isinstance(given, dict):
            raise NotApplicable(FAILED, needs="model", why="no description")
        inputs = tuple(
            Input(str(i.get("name")), str(i.get("type")), i.get("width") if isinstance(i.get("width"), int) else None)
            for i in _dicts(given.get("inputs"))
        )
        scalers = tuple(
            Scaler(_names(s.get("inputs")), _floats(s.get("mean")), _floats(s.get("scale"))) for s in _dicts(given.get("scalers"))
        )
        held = isolation()
        if held is Isolation.LANDLOCK and not (frame.meta.get("landlock") is True and frame.meta.get("seccomp") is True):
            held = Isolation.LIMITS  # What the process says of itself before it has read the model is what holds.
        opset = given.get("opset")
        return Description(
            str(given.get("format")),
            shorten(str(given.get("producer"))),
            opset if isinstance(opset, int) else 0,
            inputs,
            _names(given.get("features")),
            _names(given.get("classes")),
            scalers,
            held,
        )


def _told(frame: Frame, prefix: str, rows: int) -> Told:
    labels, scores = frame.texts.get(f"{prefix}labels"), frame.arrays.get(f"{prefix}scores")
    if (labels is None and scores is None) or (labels is not None and len(labels) != rows):
        raise NotApplicable(REFUSALS["answers"], needs="model", file="", got=len(labels or ()), expected=rows)
    if scores is not None and (scores.ndim != 2 or scores.shape[0] != rows or scores.dtype != np.float64):
        raise NotApplicable(REFUSALS["answers"], needs="model", file="", got=int(scores.shape[0]), expected=rows)
    classes = _names(frame.meta.get("classes"))
    named = classes if scores is not None and len(classes) == scores.shape[1] else ()
    return Told(None if labels is None else np.array(labels, dtype=object), scores, named or classes)


def _dicts(given: object) -> list[dict[str, Any]]:
    return [entry for entry in given if isinstance(entry, dict)] if isinstance(given, list) else []


def _names(given: object) -> tuple[str, ...]:
    return tuple(str(name) for name in given) if isinstance(given, Sequence) and not isinstance(given, str) else ()


def _floats(given: object) -> tuple[float, ...]:
    return tuple(float(v) for v in given if isinstance(v, int | float)) if isinstance(given, list) else ()
