"""JSON, JSON Lines and printed dictionaries: Hugging Face, MMDetection, detectron2, DETR, W&B, LLaMA-Factory, CatBoost, boosted
trees' evaluations, Keras' History.history, pandas' to_json, and notebooks with what their cells printed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.training_history.history import LOSS, SCORE, VAL_LOSS, VAL_SCORE, History
from diagnostics.clinic.training_history.reading import printed
from diagnostics.clinic.training_history.reading.boosted import boosted
from diagnostics.clinic.training_history.reading.columns import (
    CELLS_CAP,
    NO_HISTORY,
    Columns,
    check_size,
    encoding_of,
    parse_number,
)
from diagnostics.clinic.training_history.reading.mapped import runs_of
from diagnostics.clinic.training_history.reading.names import part_of
from diagnostics.nouns.documents import NotPlain, load_json
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

BYTES_CAP: Final = 64_000_000
ENTRIES_CAP: Final = 500_000
KEYS_CAP: Final = 500
LITERAL_CAP: Final = 8_000_000
"""Characters of a printed dictionary that Python's own parser is given."""

DEEPEST: Final = 4
"""Levels of a document that are searched for a history."""

INCOMPLETE: Final = N_(
    "{file:name} is not complete JSON (it breaks off or is broken at line {line}): save it again, or keep the lines before."
)

_SUMMARY: Final = frozenset(("train_loss", "train_runtime", "total_flos", "train_samples_per_second", "train_steps_per_second"))
"""What Hugging Face's trainer adds in a last entry: means of the whole run."""


def read(file: Path) -> list[History]:
    """Raises BadInput when the document is broken, too large, or holds no history."""
    check_size(file, BYTES_CAP)
    content = file.read_bytes()
    text = content.decode(encoding_of(content[:65536]), "replace").lstrip("\ufeff")
    try:
        document = load_json(text)
    except NotPlain as reason:
        return _by_lines(file, text, reason)
    return from_document(file, document)


def from_document(file: Path, document: Any) -> list[History]:
    """Raises BadInput when nothing in it is a history."""
    if isinstance(document, dict) and isinstance(document.get("log_history"), list):
        return _entries(file, document["log_history"], form="huggingface")
    if isinstance(document, dict) and isinstance(document.get("cells"), list) and "nbformat" in document:
        return _notebook(file, document["cells"])
    if isinstance(document, list) and document and all(isinstance(entry, dict) for entry in document[:5]):
        return _entries(file, document, form="huggingface" if _is_hugging_face(document) else "json")
    for part in _mappings(document):
        made = _from_mapping(file, part)
        if made is not None:
            return made
    raise BadInput(NO_HISTORY, file=file.name)


def _mappings(document: Any, depth: int = 0) -> Iterable[Mapping[Any, Any]]:
    """The document and the mappings in it, outermost first."""
    level = [document]
    for _ in range(DEEPEST):
        yield from (part for part in level if isinstance(part, dict))
        level = [inner for part in level if isinstance(part, dict) for inner in list(part.values())[:KEYS_CAP]]


def _from_mapping(file: Path, part: Mapping[Any, Any]) -> list[History] | None:
    """A history where `part` is one of the known shapes, else None."""
    iterations = part.get("iterations")
    if isinstance(iterations, list) and iterations and isinstance(iterations[0], dict) and "learn" in iterations[0]:
        return [_catboost(file, part, iterations)]
    if _is_evaluations(part):
        return [_boosting(file, part)]
    by_row = {str(name): values for name, values in part.items() if isinstance(values, dict) and _is_series(values)}
    if by_row and len(by_row) == len(part):
        part = {name: list(values.values()) for name, values in by_row.items()}
    if isinstance(part.get("columns"), list) and isinstance(part.get("data"), list):
        # pandas' to_json(orient="split").
        rows = [row for row in part["data"] if isinstance(row, list)]
        part = {
            str(name): [row[place] if place < len(row) else None for row in rows] for place, name in enumerate(part["columns"])
        }
    lists = {str(name): values for name, values in part.items() if isinstance(values, list) and _is_numeric(values)}
    if not any(part_of(name) in (LOSS, VAL_LOSS, SCORE, VAL_SCORE) for name in lists):
        return None
    length = max(len(values) for values in lists.values())
    return runs_of(file, Columns({name: _array(values, length) for name, values in lists.items()}, length), form="keras_json")


def _is_series(values: Mapping[Any, Any]) -> bool:
    return len(values) > 1 and all(str(key).isdigit() for key in list(values)[:50]) and _is_numeric(list(values.values()))


def _is_numeric(values: list[Any]) -> bool:
    return (
        bool(values)
        and sum(
            isinstance(value, int | float) or value is None or (isinstance(value, str) and parse_number(value) is not None)
            for value in values[:50]
        )
        > len(values[:50]) / 2
    )


def _array(values: list[Any], length: int | None = None) -> NDArray[np.float64]:
    """Numbers; infinity for what is stated and not finite, NaN for gaps."""
    made = np.full(len(values) if length is None else length, np.nan)
    for place, value in enumerate(values[: len(made)]):
        made[place] = number(value)
    return made


def number(value: object) -> float:
    """`value` as a number: NaN where there is none, infinity where it is stated and not finite."""
    if isinstance(value, bool) or value is None:
        return float("nan")
    if isinstance(value, str):
        parsed = parse_number(value)
        return float("nan") if parsed is None else parsed
    if isinstance(value, int | float):
        try:
            given = float(value)
        except OverflowError:
            return float("inf")
        return given if np.isfinite(given) else float("inf")
    return float("nan")


def _by_lines(file: Path, text: str, broken: NotPlain) -> list[History]:
    """One object a line, as JSON or as Python prints it, or one printed dictionary over many lines."""
    entries: list[dict[Any, Any]] = []
    unread = 0
    for line in text.splitlines():
        start = line.find("{")
        if start < 0:
            continue
        entry = _object(line[start:].rstrip().rstrip(","))
        if isinstance(entry, dict):
            entries.append(entry)
        else:
            unread += 1
        if len(entries) > ENTRIES_CAP:
            raise BadInput(N_("{file:name} has more than {cap:count} entries: log less often."), file=file.name, cap=ENTRIES_CAP)
    if len(entries) > 1 and len(entries) >= unread:
        return _entries(file, entries, form="huggingface" if _is_hugging_face(entries) else "json_lines", skipped=unread)
    whole = entries[0] if len(entries) == 1 and not unread else _object(text[text.find("{") :].strip() if "{" in text else "")
    if isinstance(whole, dict):
        return from_document(file, whole)
    raise BadInput(INCOMPLETE, file=file.name, line=str(broken.line)) from broken


def _object(text: str) -> Any:
    """What JSON or Python's literals make of it; None where neither can. Nothing is executed."""
    try:
        return load_json(text)
    except NotPlain:
        pass
    if not text or len(text) > LITERAL_CAP:
        return None
    bare = re.sub(
        r"(?:np\.|numpy\.)?(?:float(?:16|32|64)?|array|tensor)\(([^()]*?)(?:,\s*(?:dtype|device)=[^()]*)?\)", r"\1", text
    )
    bare = re.sub(r"(?<![\w'\"])-?(?:nan|inf|NaN|Infinity)(?![\w'\"])", "'nan'", bare)
    try:
        return ast.literal_eval(bare)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _is_hugging_face(entries: list[Any]) -> bool:
    keys = {str(key) for entry in entries[:200] if isinstance(entry, dict) for key in entry}
    return "epoch" in keys and bool(keys & {"eval_loss", "learning_rate", "train_runtime"}) and "loss" in keys


def _entries(file: Path, entries: list[Any], *, form: str, skipped: int = 0) -> list[History]:
    """One mapping a line of the log, whatever keys each holds; mappings in it are taken with their key before."""
    if len(entries) > ENTRIES_CAP:
        raise BadInput(N_("{file:name} has more than {cap:count} entries: log less often."), file=file.name, cap=ENTRIES_CAP)
    flat = [dict(_flat(entry)) for entry in entries if isinstance(entry, dict)]
    flat = [entry for entry in flat if any(part_of(name) is not None for name in entry)]
    training = any("loss" in entry for entry in flat)
    names = [
        name
        for name in dict.fromkeys(key for entry in flat for key in entry)
        if name not in _SUMMARY or not (training or form == "huggingface") or (name == "train_loss" and not training)
    ][:KEYS_CAP]
    if len(names) * len(flat) > CELLS_CAP or not flat:
        raise BadInput(NO_HISTORY, file=file.name)
    values, labels = {}, {}
    for name in names:
        column = [entry.get(name) for entry in flat]
        numbers = _array(column)
        if not np.isnan(numbers).all():
            values[name] = numbers
        elif any(isinstance(value, str) for value in column):
            labels[name] = tuple(value[:200] if isinstance(value, str) else "" for value in column)
    if form == "huggingface" and "epoch" in values and "step" in values:
        del values["step"]  # The epoch as a fraction says more.
    return runs_of(file, Columns(values, len(flat), skipped, labels), form=form)


def _flat(entry: Mapping[Any, Any], before: str = "", depth: int = 0) -> Iterable[tuple[str, Any]]:
    for key, value in list(entry.items())[:KEYS_CAP]:
        name = f"{before}/{key}" if before else str(key)
        if isinstance(value, dict) and depth < DEEPEST:
            yield from _flat(value, name, depth + 1)
        elif isinstance(value, list) and len(value) == 1:
            yield name, value[0]
        else:
            yield name, value


def _notebook(file: Path, cells: list[Any]) -> list[History]:
    """What the cells printed, cell by cell: the first that is a history, and all others."""
    made: list[History] = []
    for cell in cells:
        outputs = cell.get("outputs", []) if isinstance(cell, dict) else []
        texts = []
        for output in outputs if isinstance(outputs, list) else []:
            text = output.get("text") or (output.get("data") or {}).get("text/plain", "") if isinstance(output, dict) else ""
            texts.append("".join(text) if isinstance(text, list) else str(text))
        try:
            made += printed.from_text(file, "\n".join(texts))
        except BadInput:
            continue  # Most cells print something else.
    if not made:
        raise BadInput(
            N_("{file:name} is a notebook, and none of its cells printed a training history: run the training cell and save it."),
            file=file.name,
        )
    return made


def _is_evaluations(document: Mapping[Any, Any]) -> bool:
    """{"name of the rows": {"metric": [one value per round]}}."""
    inner = [value for value in document.values() if isinstance(value, dict)]
    return (
        bool(inner)
        and len(inner) == len(document)
        and all(values and all(isinstance(one, list) for one in values.values()) for values in inner)
    )


def _boosting(file: Path, document: Mapping[str, Mapping[str, list[Any]]]) -> History:
    """One list per rows and metric."""
    made = boosted(
        file.name, {rows: {metric: _array(values) for metric, values in part.items()} for rows, part in document.items()}
    )
    if made is None:
        raise BadInput(NO_HISTORY, file=file.name)
    return made


def _catboost(file: Path, document: Mapping[Any, Any], iterations: list[Any]) -> History:
    """CatBoost's training.json: a list of values for each set of rows in every iteration."""
    meta = document.get("meta") if isinstance(document.get("meta"), dict) else {}
    found: dict[str, dict[str, NDArray[np.float64]]] = {}
    for rows in ("learn", "test"):
        described = meta.get(f"{rows}_metrics", []) if isinstance(meta, dict) else []
        metrics = [str(one.get("name", "loss")) if isinstance(one, dict) else "loss" for one in described] or ["loss"]
        listed = [entry.get(rows) if isinstance(entry, dict) else None for entry in iterations]
        for place, metric in enumerate(metrics):
            values = [one[place] if isinstance(one, list) and place < len(one) else None for one in listed]
            if any(value is not None for value in values):
                found.setdefault(rows, {})[metric] = _array(values)
    made = boosted(file.name, found, "catboost")
    if made is None:
        raise BadInput(NO_HISTORY, file=file.name)
    return made
