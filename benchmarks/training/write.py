"""A run as the file that each tool would have left."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.training.runs import Run

FORMATS: Final = {
    "tune": ("keras", "huggingface", "recorder"),
    "score": ("keras", "recorder", "lightning", "tensorboard"),
    "fresh": ("keras", "lightning", "huggingface", "tensorboard", "recorder"),
}
"""Lightning's and TensorBoard's files are met only when a score is taken."""


def write(run: Run, form: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    match form:
        case "keras":
            return _table(folder / "log.csv", _keras(run))
        case "lightning":
            return _table(folder / "metrics.csv", _lightning(run))
        case "huggingface":
            (folder / "trainer_state.json").write_text(json.dumps({"log_history": _hugging_face(run)}))
            return folder / "trainer_state.json"
        case "recorder":
            lines = [{"recorder": "model-clinic", "version": 1, "framework": "lab"}, *recorded(run)]
            (folder / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
            return folder / "history.jsonl"
        case "tensorboard":
            return _tensorboard(run, folder)
    raise ValueError(f"form must be one of {FORMATS}, got {form!r}")


def _table(file: Path, rows: list[dict[str, Any]]) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, names, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return file


def _keras(run: Run) -> list[dict[str, Any]]:
    rows = []
    for e in run.told:
        scores = {"accuracy": e.score, "val_accuracy": e.val_score} if run.classes else {}
        rows.append({"epoch": e.number - 1, "loss": e.loss, "val_loss": e.val_loss, **scores})
    return rows


def _lightning(run: Run) -> list[dict[str, Any]]:
    rows, step = [], -1
    for e in run.told:
        step += len(e.step_losses)
        rows.append({"epoch": e.number - 1, "step": step, "train_loss_step": e.step_losses[-1]})
        rows.append(
            {"epoch": e.number - 1, "step": step, "val_loss": e.val_loss, **({"val_acc": e.val_score} if run.classes else {})}
        )
        rows.append(
            {"epoch": e.number - 1, "step": step, "train_loss_epoch": e.loss, **({"train_acc": e.score} if run.classes else {})}
        )
    return rows


def _hugging_face(run: Run) -> list[dict[str, Any]]:
    """A training line three times an epoch, an evaluation at its end."""
    log: list[dict[str, Any]] = []
    step = 0
    for e in run.told:
        for place, part in enumerate(np.array_split(np.array(e.step_losses), min(3, len(e.step_losses)))):
            step += len(part)
            grown = e.number - 1 + (place + 1) / min(3, len(e.step_losses))
            norm = float(np.sqrt(np.sum(np.square(np.clip(e.gradients, -1e150, 1e150)))))
            log.append({"epoch": grown, "step": step, "loss": float(part.mean()), "learning_rate": e.rate, "grad_norm": norm})
        scores = {"eval_accuracy": e.val_score} if run.classes else {}
        log.append({"epoch": float(e.number), "step": step, "eval_loss": e.val_loss, **scores})
    return log


def recorded(run: Run) -> list[dict[str, Any]]:
    """One line an epoch, as the recorder writes them."""
    lines = []
    for e in run.told:
        dead = (*e.dead, *[None] * len(e.gradients))
        layers = [
            {"name": f"layer {place + 1}", "gradient": gradient, "ratio": e.ratios[place], "dead": dead[place]}
            for place, gradient in enumerate(e.gradients)
        ]
        scores = {"score": e.score, "val_score": e.val_score} if run.classes else {}
        lines.append(
            {"epoch": e.number, "loss": e.loss, "val_loss": e.val_loss, "learning_rate": e.rate, **scores, "layers": layers}
        )
    return lines


def _tensorboard(run: Run, folder: Path) -> Path:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder))
    step = 0
    for e in run.told:
        step += len(e.step_losses)
        tags = {"epoch": e.number - 1, "Loss/train": e.loss, "Loss/val": e.val_loss}
        tags |= {"Accuracy/train": e.score, "Accuracy/val": e.val_score} if run.classes else {}
        for tag, value in tags.items():
            writer.add_event(Event(step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)])))
    writer.close()
    return next(folder.glob("events.out.tfevents*"))
