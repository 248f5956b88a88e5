"""What gradients and units show, where a run recorded them layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from diagnostics.clinic.training_history.history import GRADIENT, History, Layer

ENOUGH: Final = 2
"""Layers from which on the first can be compared with the last."""


@dataclass(frozen=True, kw_only=True)
class LayerSigns:
    """What the recorded gradients and units show.

    span: median over the run of the first layer's gradient norm over the last layer's.
    largest: highest norm of any layer.
    typical: median norm over the run and the layers.
    growth: highest norm of a layer over its median in the first quarter.
    dead: largest share of silent units of a layer at the end; dead_layer: that layer's name; dead_first: its share at the
        beginning; dead_from: where the share became large.
    update: largest size of an update by that of the weights in the first tenth of the run.
    lost_at: where a gradient is not a finite number for the first time.
    by_layer: whether there is more than the gradient of the whole model.
    """

    span: float
    largest: float
    typical: float
    growth: float
    dead: float
    dead_layer: str
    dead_first: float
    dead_from: float | None
    update: float
    lost_at: float | None
    by_layer: bool


def layer_signs(history: History) -> LayerSigns | None:
    """None where neither layers nor a gradient of the whole model were recorded."""
    layers = history.layers
    whole = history.curve(GRADIENT)
    if not layers and whole is None:
        return None
    span, largest, typical, growth = np.nan, 0.0, np.nan, 1.0
    known = [layer for layer in layers if layer.gradients]
    if len(known) >= ENOUGH:
        n = min(len(known[0].gradients), len(known[-1].gradients))
        first, last = np.array(known[0].gradients[:n]), np.array(known[-1].gradients[:n])
        ratios = first[last > 0] / last[last > 0]
        span = float(np.median(ratios)) if len(ratios) else np.nan
    norms = [np.array(layer.gradients) for layer in known] or ([whole.values] if whole is not None and whole.y else [])
    if norms:
        largest = max(float(part.max()) for part in norms)
        typical = float(np.median(np.concatenate(norms)))
        growth = max(float(part.max()) / max(float(np.median(part[: max(1, len(part) // 4)])), 1e-30) for part in norms)
    lost = [layer.lost_at for layer in layers if layer.lost_at is not None]
    if whole is not None and whole.lost_at is not None:
        lost.append(whole.lost_at)
    dead_layer = max((layer for layer in layers if layer.dead), key=lambda layer: layer.dead[-1], default=None)
    early = [max(layer.ratios[: max(1, len(layer.ratios) // 10)]) for layer in layers if layer.ratios]
    return LayerSigns(
        span=span,
        largest=largest,
        typical=typical,
        growth=growth,
        dead=dead_layer.dead[-1] if dead_layer else 0.0,
        dead_layer=dead_layer.name if dead_layer else "",
        dead_first=dead_layer.dead[0] if dead_layer else 0.0,
        dead_from=_from(dead_layer) if dead_layer else None,
        update=max(early, default=np.nan),
        lost_at=min(lost, default=None),
        by_layer=bool(layers),
    )


def _from(layer: Layer, *, share: float = 0.7) -> float | None:
    """Where the share of dead units first reached `share`."""
    return next((place for place, dead in zip(layer.x, layer.dead, strict=False) if dead >= share), None)
