"""What a training printed: Keras, PyTorch, Lightning's bars, LightGBM, XGBoost, CatBoost, Darknet, fastai, scikit-learn,
Stable-Baselines, MMDetection, timm, fairseq and loops of one's own.

A line has at most a counter (epoch, step or round) and pairs of a name and a number. Lines are gathered until the counter moves
on or a name comes again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from diagnostics.clinic.training_history.history import LOSS, SCORE, VAL_LOSS, VAL_SCORE, History
from diagnostics.clinic.training_history.reading.boosted import boosted
from diagnostics.clinic.training_history.reading.columns import (
    LINE_CAP,
    NO_HISTORY,
    Columns,
    check_size,
    encoding_of,
    parse_number,
    unique,
)
from diagnostics.clinic.training_history.reading.mapped import runs_of
from diagnostics.clinic.training_history.reading.names import EPOCH, STEP, part_of, plain
from diagnostics.nouns.refusal import BadInput

BYTES_CAP: Final = 64_000_000
RECORDS_CAP: Final = 300_000
NAMES_CAP: Final = 200
MEASURED: Final = (LOSS, VAL_LOSS, SCORE, VAL_SCORE)

NUMBER: Final = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|NaN|inf|Infinity)"
_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_STAMP: Final = re.compile(
    r"^\W{0,2}\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d\S*\W*(?:[\w.]+\s*[-:|]\s*)?(?:\[?(?:DEBUG|INFO|WARNING)\]?\s*[-:|]?\s*)?"
)
_VALUE: Final = rf"(?P<value>{NUMBER})(?![\w:/])(?P<percent>\s*%)?"
_WORD: Final = r"[^\W\d][\w@/.'()%]*"
_PAIR: Final = re.compile(rf"(?P<name>{_WORD}(?:[ -]{_WORD}){{0,3}})\s*(?:[:=]\s*|\s-\s)\s*(?:tensor\()?{_VALUE}")
_ROWS: Final = r"(?:train|training|val|valid|validation|test|eval|avg|mean)"
_BARE: Final = re.compile(rf"(?P<name>(?:{_ROWS}[ _-])?(?:loss|acc|accuracy|error))\s+{_VALUE}", re.IGNORECASE)
_EPOCH: Final = re.compile(
    r"(?:\b|_)(?:epochs?|ep|轮次|エポック|iteration(?=\s\d+, loss =))\s*(?:\[|\(|#|:|=|№)?\s*\[?\s*(?P<number>\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
_STEP: Final = re.compile(
    r"\b(?:step|steps|iter|iteration|iterations|batch|global_step|update)\s*(?:\[|\(|#|:|=)?\s*\[?\s*(?P<number>\d+)",
    re.IGNORECASE,
)
_WITHIN: Final = re.compile(r"\[\s*\d+(?:/\d+)?\]\s*\[\s*(?P<number>\d+)\s*/")
_ROUND: Final = re.compile(r"^\s*\[(?P<number>\d+)\]\s+(?=[^\s:]+(?:-|'s )[\w@:]+:)")
_ITERATION: Final = re.compile(r"^\s*(?P<number>\d+):\s+(?=learn:|test:)")
_DARKNET: Final = re.compile(
    rf"^\s*(?P<number>\d+):\s+{NUMBER},\s+(?P<value>{NUMBER})\s+avg(?:\s+loss)?,?\s+(?P<rate>{NUMBER})\s+rate"
)
_BAR: Final = re.compile(r"\d+/\d+\s*(?:\[[=>.\s]*\]|[━╸╺ ]{3,}|\|)|\d+%\|")
_TIMM: Final = re.compile(r"^\s*(?P<phase>Train|Test)[^:]*:\s*(?P<epoch>\d+)?\s*\[\s*(?P<step>\d+)\s*/")
_PHASE: Final = re.compile(
    r"\b(?P<phase>train|training|val|valid|validation|test|testing|eval|evaluation)\b(?!\w)", re.IGNORECASE
)
_BOOSTED: Final = re.compile(rf"(?P<rows>[\w ]+?)(?:'s |-)(?P<metric>[\w@:]+):\s*(?P<value>{NUMBER})")
_CATBOOST: Final = re.compile(rf"(?P<rows>learn|test):\s*(?P<value>{NUMBER})")
_HELD: Final = ("val", "test", "eval")


@dataclass
class Record:
    """What was printed between two moves of the counter."""

    epoch: float | None = None
    step: float | None = None
    values: dict[str, float] = field(default_factory=dict)


def read(file: Path) -> list[History]:
    """Raises BadInput when nothing in the text is a history."""
    check_size(file, BYTES_CAP)
    content = file.read_bytes()
    if b"\0" in content[:65536] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadInput(NO_HISTORY, file=file.name)
    return from_text(file, content.decode(encoding_of(content[:65536]), "replace"))


def from_text(file: Path, text: str) -> list[History]:
    """Raises BadInput when nothing in it is a history."""
    lines = [_ANSI.sub("", line) for line in re.split(r"\r\n|\r|\n", text)]
    if any(len(line) > LINE_CAP for line in lines):
        raise BadInput(NO_HISTORY, file=file.name)
    made = _rounds(file, lines)
    if made is not None:
        return [made]
    for columns in (_table(lines), _box(lines), _records(lines)):
        if columns is not None and any(part_of(name) in MEASURED for name in columns.names):
            return runs_of(file, columns, form="printed")
    raise BadInput(NO_HISTORY, file=file.name)


def _rounds(file: Path, lines: list[str]) -> History | None:
    """Rounds of boosted trees: "[1] train-rmse:0.5 eval-rmse:0.6", "[1] training's l2: 0.5", "0: learn: 0.5 test: 0.6"."""
    found: dict[str, dict[str, dict[int, float]]] = {}
    form = ""
    for line in lines:
        counted = _ROUND.match(line) or _ITERATION.match(line)
        if not counted:
            continue
        catboost = _ITERATION.match(line) is not None
        for pair in (_CATBOOST if catboost else _BOOSTED).finditer(line[counted.end() :]):
            metric = "loss" if catboost else pair["metric"]
            value = parse_number(pair["value"])
            found.setdefault(pair["rows"].strip(), {}).setdefault(metric, {})[int(counted["number"])] = (
                np.nan if value is None else value
            )
        form = "catboost" if catboost else "lightgbm" if "'s " in line else "xgboost"
    if not found:
        return None
    rounds = sorted({place for part in found.values() for values in part.values() for place in values})
    if len(rounds) < 2:
        return None
    evaluations = {
        rows: {metric: np.array([values.get(place, np.nan) for place in rounds]) for metric, values in part.items()}
        for rows, part in found.items()
    }
    first = 1 if rounds[0] == 0 else 0
    return boosted(file.name, evaluations, form, [place + first for place in rounds])


def _table(lines: list[str]) -> Columns | None:
    """Columns under a header, set apart by blanks or bars, as fastai prints them."""
    for place, line in enumerate(lines):
        header = re.split(r"\s{2,}|\s*\|\s*|\t|\s", line.strip(" |"))
        if (
            len(header) < 2
            or sum(part_of(name) is not None for name in header) < 2
            or any(parse_number(name) is not None for name in header)
        ):
            continue
        rows = []
        box = "box_loss" in header
        for other in lines[place + 1 :]:
            cells = re.split(r"\s*\|\s*|\s+", other.strip(" |"))
            if counted := re.match(r"(\d+)/\d+$", cells[0]):
                # Ultralytics: "1/20 2.5G 0.86 1.72 ..." with a bar behind it.
                cells = [counted[1], *cells[1 : len(header)]]
            elif box:
                continue
            numbers = [parse_number(cell) for cell in cells]
            if len(cells) == len(header) and sum(number is not None for number in numbers) > len(header) / 2:
                rows.append([np.nan if number is None else number for number in numbers])
        if len(rows) >= 2:
            names = unique(header)
            return Columns({name: np.array([row[i] for row in rows]) for i, name in enumerate(names)}, len(rows))
    return None


def _box(lines: list[str]) -> Columns | None:
    """Boxes of "| name | value |", as Stable-Baselines prints them."""
    records: list[Record] = []
    group = ""
    for line in lines:
        if re.match(r"^\s*-{8,}\s*$", line):
            if not records or records[-1].values:
                records.append(Record())
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.strip().startswith("|") or len(cells) != 2 or not records:
            continue
        value = parse_number(cells[1])
        if cells[0].endswith("/"):
            group = cells[0]
        elif value is not None and cells[1]:
            records[-1].values[f"{group}{cells[0]}"] = value
    return _columns([record for record in records if record.values])


def _records(lines: list[str]) -> Columns | None:
    records = [Record()]
    epoch: float | None = None
    announced = ""
    for line in (_STAMP.sub("", whole) for whole in lines if whole.strip()):
        if darknet := _DARKNET.match(line):
            records.append(_of_darknet(darknet))
            continue
        stated, step, phase = _counters(line)
        epoch = epoch if stated is None else stated
        values = dict(_pairs(line, phase or announced))
        spoken = _PHASE.search(line)
        announced = spoken["phase"].lower() if spoken and not values else ""
        if (values or stated is not None) and _begins_anew(records[-1], epoch, step, () if _BAR.search(line) else values):
            records.append(Record())
        current = records[-1]
        current.epoch, current.step = epoch, step if step is not None else current.step
        current.values |= values
        if len(records) > RECORDS_CAP:
            break
    return _columns([record for record in records if any(part_of(name) in MEASURED for name in record.values)])


def _of_darknet(found: re.Match[str]) -> Record:
    value, rate = parse_number(found["value"]), parse_number(found["rate"])
    return Record(None, float(found["number"]), {"loss": value or 0.0, "learning_rate": rate or 0.0})


def _counters(line: str) -> tuple[float | None, float | None, str]:
    """Epoch and step that a line states, and the phase where it begins with one as timm's lines do. A bar states no step."""
    epoch, step, timm = _EPOCH.search(line), _STEP.search(line) or _WITHIN.search(line), _TIMM.match(line)
    if timm and timm["epoch"] is not None:
        return float(timm["epoch"]), float(timm["step"]), timm["phase"].lower()
    stepped = float(step["number"]) if step and not _BAR.search(line) else None
    return float(epoch["number"]) if epoch else None, stepped, timm["phase"].lower() if timm else ""


def _begins_anew(current: Record, epoch: float | None, step: float | None, names: Collection[str]) -> bool:
    """Whether the counter moved on, or one of the measured names comes again. A bar is printed over itself: the last counts."""
    if not current.values:
        return False
    moved = (current.epoch is not None and epoch != current.epoch) or (None not in (step, current.step) and step != current.step)
    return moved or any(name in current.values for name in names if part_of(name) in MEASURED)


def _pairs(line: str, phase: str) -> Iterator[tuple[str, float]]:
    """Names with their numbers; one without "train" or "validation" takes the last of these words that stands before it."""
    found = sorted([*_PAIR.finditer(line), *_BARE.finditer(line)], key=lambda match: match.start())
    spoken = [(match.start(), match["phase"].lower()) for match in _PHASE.finditer(line)]
    end = 0
    for match in found:
        if match.start() < end:
            continue
        end = match.end()
        name, value = match["name"].strip(" -"), parse_number(match["value"])
        if value is not None and plain(name) in ("train", "val", "valid", "test") and 0 <= value <= 1:
            name = f"{name} accuracy"  # PyTorch Geometric's examples print "Train: 0.81, Val: 0.79, Test: 0.8".
        part = part_of(name)
        if value is None or part is None or part in (EPOCH, STEP):
            if part is None and " " in name:
                # Words before a name: "Finished, loss: 0.5".
                name = name.split()[-1]
                part = part_of(name)
            if value is None or part is None or part in (EPOCH, STEP):
                continue
        if match["percent"]:
            value /= 100
        said = [word for at, word in spoken if at < match.end("name")]
        if part in (LOSS, SCORE) and not re.search(r"train|val|test|eval", plain(name)):
            before = said[-1] if said else phase
            name = f"val_{name}" if before.startswith(_HELD) else name
        yield name, value


def _columns(records: list[Record]) -> Columns | None:
    if len(records) < 2:
        return None
    names = list(dict.fromkeys(name for record in records for name in record.values))[:NAMES_CAP]
    values = {name: np.array([record.values.get(name, np.nan) for record in records]) for name in names}
    epochs = [record.epoch for record in records]
    steps = [record.step for record in records]
    if all(epoch is not None for epoch in epochs):
        values["epoch"] = np.array(epochs, dtype="float64")
    if any(step is not None for step in steps):
        stated = np.array([np.nan if step is None else step for step in steps], dtype="float64")
        if "epoch" not in values and np.isfinite(stated).all():
            values["step"] = stated
    return Columns(values, len(records))
