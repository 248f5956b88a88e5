"""Records a PyTorch run for Model Clinic: losses, and per layer the gradient norm, the size of updates and the share of dead
units.

Copy this file beside your training script. It needs nothing but PyTorch.

    recorder = Recorder(model, "history.jsonl")
    for epoch in range(epochs):
        for x, y in loader:
            loss = criterion(model(x), y)
            loss.backward()
            recorder.before_step()
            optimizer.step()
            recorder.after_step(loss, learning_rate=optimizer.param_groups[0]["lr"])
            optimizer.zero_grad()
        recorder.end_epoch(val_loss=..., score=..., val_score=...)
    recorder.close()

Then: python -m diagnostics training history.jsonl
"""

import importlib
import json
import math
from typing import Any

SILENT = 1e-6  # Answers nearer to zero than this are none.


def to_number(value: Any) -> float | str | None:
    """A number as JSON takes it; text for what is no number."""
    if value is None:
        return None
    value = float(value)
    return value if math.isfinite(value) else str(value).lower()


class HistoryFile:
    """Writes one line per epoch at once, so that a run that is killed leaves all it had."""

    def __init__(self, path: str, framework: str) -> None:
        self.file = open(path, "w", encoding="utf-8")  # noqa: SIM115 - it stays open as long as the run
        self.write({"recorder": "model-clinic", "version": 1, "framework": framework})

    def write(self, entry: dict[str, Any]) -> None:
        self.file.write(json.dumps(entry) + "\n")
        self.file.flush()

    def epoch(self, number: int, layers: Any = (), **values: Any) -> None:
        entry: dict[str, Any] = {"epoch": number}
        entry.update({name: to_number(value) for name, value in values.items() if value is not None})
        entry["layers"] = [
            {key: value if key == "name" else to_number(value) for key, value in layer.items() if value is not None}
            for layer in layers
        ]
        self.write(entry)

    def close(self) -> None:
        self.file.close()


class Recorder:
    """Layers with a weight matrix are watched; every `every`-th step is measured, which costs little."""

    def __init__(self, model: Any, path: str = "history.jsonl", every: int = 10) -> None:
        torch: Any = importlib.import_module("torch")
        self.torch, self.every = torch, every
        self.file = HistoryFile(path, "pytorch")
        self.weights = {name: value for name, value in model.named_parameters() if value.dim() > 1}
        self.silent: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}
        self.hooks: list[Any] = []
        kinds = tuple(
            kind
            for kind in (getattr(torch.nn, name, None) for name in ("ReLU", "ReLU6", "LeakyReLU", "ELU", "GELU", "SiLU"))
            if kind
        )
        last = ""
        for name, part in model.named_modules():
            inside = [f"{name}.{own}" if name else own for own, _ in part.named_parameters(recurse=False)]
            last = next((weight for weight in inside if weight in self.weights), last)
            if isinstance(part, kinds) and last:
                # An activation speaks for the units of the layer that is registered before it.
                self.hooks.append(part.register_forward_hook(self._watch(last)))
        self.number = self.steps = 0
        self._clear()

    def _clear(self) -> None:
        self.sums: dict[str, list[float]] = {}
        self.losses, self.count = 0.0, 0
        self.rate: float | None = None
        self.silent.clear()

    def _watch(self, name: str) -> Any:
        def hook(module: Any, inputs: Any, output: Any) -> None:
            if not module.training or self.steps % self.every:
                return
            # Zero, not below it: a leaky unit that answers less than zero still learns.
            zero = output.detach().abs() <= SILENT
            quiet = zero.reshape(-1, output.shape[-1]).all(dim=0) if output.dim() < 4 else zero.flatten(2).all(dim=2).all(dim=0)
            before = self.silent.get(name)
            self.silent[name] = quiet if before is None or before.shape != quiet.shape else before & quiet

        return hook

    def before_step(self) -> None:
        """After backward() and before step(): gradients, and the weights as they are."""
        if self.steps % self.every:
            return
        self.kept = {}
        for name, value in self.weights.items():
            if value.grad is not None:
                self.sums.setdefault(name, [0.0, 0.0, 0.0])[0] += float(value.grad.norm())
                self.kept[name] = value.detach().clone()

    def after_step(self, loss: Any, learning_rate: float | None = None) -> None:
        """After step()."""
        if self.steps % self.every == 0:
            for name, before in self.kept.items():
                moved = float((self.weights[name].detach() - before).norm())
                self.sums[name][1] += moved / (float(before.norm()) + 1e-12)
                self.sums[name][2] += 1
        self.losses += float(loss.detach() if hasattr(loss, "detach") else loss)
        self.count += 1
        self.steps += 1
        self.rate = learning_rate

    def end_epoch(self, **values: Any) -> None:
        """values: val_loss, score, val_score."""
        self.number += 1
        dead = {name: float(quiet.float().mean()) for name, quiet in self.silent.items()}
        layers = [
            {
                "name": name,
                "gradient": total / max(1, n),
                "ratio": ratio / max(1, n),
                "dead": dead.get(name),
            }
            for name, (total, ratio, n) in self.sums.items()
        ]
        self.file.epoch(self.number, layers, loss=self.losses / max(1, self.count), learning_rate=self.rate, **values)
        self._clear()

    def close(self) -> None:
        for hook in self.hooks:
            hook.remove()
        self.file.close()
