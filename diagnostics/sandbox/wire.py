"""Frames between the app and the process that runs a model: names, numbers and texts, never objects and never code."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

LENGTH: Final = 8
"""Bytes of a frame's length, in front of it."""

DTYPES: Final = frozenset({"<f8", "|u1"})


class Broken(Exception):
    """What came is no frame."""


@dataclass(frozen=True)
class Frame:
    """meta: small JSON values. arrays: float64, or bytes as uint8. texts: lists of words, None where one is missing."""

    meta: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    texts: Mapping[str, Sequence[str | None]] = field(default_factory=dict)


def pack(frame: Frame) -> bytes:
    """The frame with its length in front."""
    described, parts = [], []
    for name, values in frame.arrays.items():
        plain = np.ascontiguousarray(values, dtype="|u1" if values.dtype == np.uint8 else "<f8")
        described.append({"name": name, "dtype": plain.dtype.str, "shape": list(plain.shape)})
        parts.append(plain.tobytes())
    header = {"meta": dict(frame.meta), "arrays": described, "texts": {name: list(t) for name, t in frame.texts.items()}}
    head = json.dumps(header).encode()
    body = b"".join([len(head).to_bytes(LENGTH, "big"), head, *parts])
    return len(body).to_bytes(LENGTH, "big") + body


def unpack(body: bytes) -> Frame:
    """A frame without the length in front. Raises Broken; nothing larger than `body` is ever made."""
    size = int.from_bytes(body[:LENGTH], "big")
    if len(body) < LENGTH or size > len(body) - LENGTH:
        raise Broken("the header is longer than the frame")
    try:
        header = json.loads(body[LENGTH : LENGTH + size])
    except (ValueError, RecursionError) as error:
        raise Broken("the header is no JSON") from error
    if not isinstance(header, dict) or {type(header.get(k)) for k in ("meta", "texts")} != {dict}:
        raise Broken("the header lacks a part")
    texts = {}
    for name, words in header["texts"].items():
        if not isinstance(words, list) or not all(word is None or isinstance(word, str) for word in words):
            raise Broken("texts must be words")
        texts[str(name)] = words
    arrays, place = {}, LENGTH + size
    for entry in _entries(header.get("arrays")):
        name, kind, shape = entry
        length = math.prod(shape) * np.dtype(kind).itemsize
        if length > len(body) - place:
            raise Broken("an array is longer than the frame")
        count = math.prod(shape)
        arrays[name] = np.frombuffer(body, dtype=kind, count=count, offset=place).reshape(shape) if count else np.empty(shape)
        place += length
    return Frame(header["meta"], arrays, texts)


def _entries(given: object) -> list[tuple[str, str, tuple[int, ...]]]:
    if not isinstance(given, list):
        raise Broken("the header lacks its arrays")
    entries = []
    for entry in given:
        if not isinstance(entry, dict) or entry.get("dtype") not in DTYPES or not isinstance(entry.get("shape"), list):
            raise Broken("an array is not described")
        shape = entry["shape"]
        if len(shape) > 3 or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
            raise Broken("an array has no usable shape")
        entries.append((str(entry.get("name")), str(entry["dtype"]), tuple(shape)))
    return entries
