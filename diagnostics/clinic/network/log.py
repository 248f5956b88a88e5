"""A run of the lab as the recorder writes it: for the doctor, and for other tools."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from diagnostics.clinic.training_history.history import History

if TYPE_CHECKING:
    from diagnostics.clinic.network.train import Epoch


def entries(epochs: Sequence[Epoch], *, scores: bool) -> list[dict[str, Any]]:
    """The epochs as lines of the recorder's format. scores: whether the score is an accuracy."""
    made = []
    for epoch in epochs:
        line: dict[str, Any] = {
            "epoch": epoch.number,
            "loss": epoch.loss,
            "val_loss": epoch.val_loss,
            "learning_rate": epoch.rate,
        }
        if scores:
            line |= {"score": epoch.score, "val_score": epoch.val_score}
        dead = (*epoch.dead, *[None] * len(epoch.gradients))
        line["layers"] = [
            {"name": f"layer {index + 1}", "gradient": gradient, "ratio": epoch.ratios[index], "dead": dead[index]}
            for index, gradient in enumerate(epoch.gradients)
        ]
        made.append(line)
    return made


def as_lines(history: History) -> str:
    """A run's history as the recorder's file, for the doctor and for other tools."""
    lines = [{"recorder": "model-clinic", "version": 1, "framework": "lab"}]
    places = sorted({x for curve in history.curves for x in curve.x})
    named = {"loss": "loss", "val_loss": "val_loss", "score": "score", "val_score": "val_score", "rate": "learning_rate"}
    for epoch in places:
        line: dict[str, Any] = {"epoch": int(epoch)}
        for curve in history.curves:
            if epoch in curve.x and curve.part in named:
                line[named[curve.part]] = curve.y[curve.x.index(epoch)]
        line["layers"] = [
            {
                "name": layer.name,
                **{
                    key: values[layer.x.index(epoch)]
                    for key, values in (("gradient", layer.gradients), ("ratio", layer.ratios), ("dead", layer.dead))
                    if values
                },
            }
            for layer in history.layers
            if epoch in layer.x
        ]
        lines.append(line)
    return "".join(json.dumps(line) + "\n" for line in lines)
