"""The program that runs one model: gives up its rights, loads what it is handed, answers rows until nobody asks any more.

It is started as ``python -m diagnostics.sandbox.child`` and speaks `wire` on its standard input and output.
"""

from __future__ import annotations

import os
import select
import sys
import time
from types import TracebackType
from typing import BinaryIO, Final, Protocol

import numpy as np

from diagnostics.sandbox.confine import Limits, allow_seconds, bound, give_up_rights
from diagnostics.sandbox.refused import Refused
from diagnostics.sandbox.wire import LENGTH, Frame, pack, unpack

IDLE: Final = 60.0
"""Seconds without a question after which the process ends by itself."""

SINGLES: Final = 40


class Loaded(Protocol):
    """A model that was loaded. description: what `model.Description` is made from."""

    @property
    def description(self) -> dict[str, object]: ...

    def answer(self, rows: Frame) -> Frame: ...

    def facts(self) -> dict[str, object]: ...

    def shrink(self, way: str, rows: Frame) -> Frame: ...


def main() -> None:
    questions, answers = _streams()

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        # The one place where an error of a model's library ends: the app makes a plain sentence of it.
        if isinstance(error, Refused):
            meta: dict[str, object] = {"refused": error.reason, "values": error.values}
        else:
            meta = {"error": kind.__name__, "text": str(error)[:4000]}
        answers.write(pack(Frame(meta)))
        answers.flush()
        os._exit(1)

    sys.excepthook = report
    rights = give_up_rights()
    first = _read(questions)
    if first is None:
        return
    limits = Limits(
        memory=int(first.meta["memory"]), seconds=float(first.meta["seconds"]), threads=int(first.meta.get("threads", 1))
    )
    loaded = _load(str(first.meta["kind"]), first.arrays["model"].tobytes(), limits)
    del first
    meta = {"ready": True, "landlock": rights[0], "seccomp": rights[1], "description": loaded.description}
    answers.write(pack(Frame(meta)))
    answers.flush()
    while select.select([questions], [], [], IDLE)[0]:
        asked = _read(questions)
        if asked is None:
            return
        allow_seconds(limits.seconds)
        told = _answered(loaded, asked)
        answers.write(pack(told))
        answers.flush()


def _answered(loaded: Loaded, asked: Frame) -> Frame:
    """The answers; on request also those to the same rows again, and to some of them one by one, under names of their own; or
    how long they take, what the model is made of, or a smaller copy of it.
    """
    if isinstance(asked.meta.get("repeat"), dict):
        return _timed(loaded, asked, asked.meta["repeat"])
    if isinstance(asked.meta.get("shrink"), str):
        return loaded.shrink(asked.meta["shrink"], asked)
    if asked.meta.get("facts"):
        return Frame({"facts": loaded.facts()})
    told = loaded.answer(asked)
    if not asked.meta.get("again"):
        return told
    arrays, texts = dict(told.arrays), dict(told.texts)
    alone = [loaded.answer(_slice(asked, n)) for n in range(min(SINGLES, int(asked.meta["rows"])))]
    for prefix, others in (("again", [loaded.answer(asked)]), ("alone", alone)):
        for name in told.arrays:
            arrays[f"{prefix} {name}"] = np.concatenate([other.arrays[name] for other in others])
        for name in told.texts:
            texts[f"{prefix} {name}"] = [word for other in others for word in other.texts[name]]
    return Frame(told.meta, arrays, texts)


def _timed(loaded: Loaded, asked: Frame, how: dict[str, object]) -> Frame:
    """Milliseconds of each answer to the same rows, one after the other, after two that are not counted."""
    seconds, least, most = float(str(how["seconds"])), int(str(how["least"])), int(str(how["most"]))
    loaded.answer(asked), loaded.answer(asked)
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < most and (len(times) < least or time.perf_counter() - began < seconds):
        start = time.perf_counter()
        loaded.answer(asked)
        times.append(1000 * (time.perf_counter() - start))
    return Frame({"passed": time.perf_counter() - began}, {"times": np.asarray(times, dtype="float64")})


def _slice(asked: Frame, row: int) -> Frame:
    arrays = {name: values[row : row + 1] for name, values in asked.arrays.items()}
    texts = {}
    for name, words in asked.texts.items():
        width = len(words) // max(1, int(asked.meta["rows"]))
        texts[name] = words[row * width : (row + 1) * width]
    return Frame(asked.meta | {"rows": 1} if isinstance(asked.meta, dict) else {"rows": 1}, arrays, texts)


def _load(kind: str, content: bytes, limits: Limits) -> Loaded:
    loaded: Loaded
    if kind == "onnx":
        import diagnostics.sandbox.onnx_model as onnx_model

        onnx_model.libraries()
        bound(limits)
        allow_seconds(limits.seconds)
        loaded = onnx_model.load(content, threads=limits.threads)
    elif kind == "pickle":
        import diagnostics.sandbox.pickle_text as pickle_text

        pickle_text.libraries()
        bound(limits)
        allow_seconds(limits.seconds)
        loaded = pickle_text.load(content)
    else:
        import diagnostics.sandbox.skops_model as skops_model

        bound(limits, final=False)
        skops_model.look(content)
        skops_model.libraries()
        bound(limits)
        allow_seconds(limits.seconds)
        loaded = skops_model.load(content)
    return loaded


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """Standard input, and a copy of standard output that nothing else prints to."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return os.fdopen(os.dup(0), "rb", buffering=0), answers


def _read(stream: BinaryIO) -> Frame | None:
    head = _exactly(stream, LENGTH)
    body = None if head is None else _exactly(stream, int.from_bytes(head, "big"))
    return None if body is None else unpack(body)


def _exactly(stream: BinaryIO, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = stream.read(min(2**20, size - len(parts)))
        if not part:
            return None
        parts += part
    return bytes(parts)


if __name__ == "__main__":
    main()
