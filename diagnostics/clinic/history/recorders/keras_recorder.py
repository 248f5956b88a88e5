"""Records a Keras run for Model Clinic: losses, and per layer the gradient norm, the size of updates and the share of dead units.

Copy this file beside your training script. It needs nothing but Keras on TensorFlow.

    recorder = Recorder("history.jsonl", sample=(x_train[:256], y_train[:256]))
    model.fit(x_train, y_train, validation_split=0.2, epochs=50, callbacks=[recorder])

Then: python -m diagnostics training history.jsonl
"""

import importlib
import json
import math
from typing import Any


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


def from_logs(logs: dict[str, Any]) -> dict[str, Any]:
    """Keras' names of an epoch to the file's: the first metric besides the losses is the score."""
    score = next(
        (name for name in logs if name not in ("loss", "val_loss", "lr", "learning_rate") and not name.startswith("val_")), None
    )
    return {
        "loss": logs.get("loss"),
        "val_loss": logs.get("val_loss"),
        "score": logs.get(score) if score else None,
        "val_score": logs.get(f"val_{score}") if score else None,
        "learning_rate": logs.get("learning_rate", logs.get("lr")),
    }


Callback: Any
try:
    Callback = importlib.import_module("keras.callbacks").Callback
except ImportError:  # the file's format can be tried without Keras
    Callback = object


class Recorder(Callback):  # type: ignore[misc]
    """sample: rows (x, y) on which gradients and silent units are measured at the end of every epoch, at the price of one
    step.
    """

    def __init__(self, path: str = "history.jsonl", sample: Any = None) -> None:
        super().__init__()
        self.path, self.sample = path, sample
        self.out: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        self.out = HistoryFile(self.path, "keras")
        self.before = self._weights()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        values = from_logs(dict(logs or {}))
        if values["learning_rate"] is None:
            values["learning_rate"] = _rate(self.model)
        now = self._weights()
        gradients, dead = self._measure()
        layers: list[dict[str, Any]] = []
        for name, weights in now.items():
            size = float((self.before[name] ** 2).sum()) ** 0.5
            moved = float(((weights - self.before[name]) ** 2).sum()) ** 0.5
            # The whole epoch's way, brought to one step by the number of steps.
            steps = max(1, (self.params or {}).get("steps") or 1)
            layers.append(
                {
                    "name": name,
                    "gradient": gradients.get(name),
                    "ratio": moved / (size + 1e-12) / steps**0.5,
                    "dead": dead.get(name),
                }
            )
        self.before = now
        self.out.epoch(epoch + 1, layers, **values)

    def on_train_end(self, logs: Any = None) -> None:
        self.out.close()

    def _weights(self) -> dict[str, Any]:
        return {value.path: value.numpy().copy() for value in self.model.trainable_variables if len(value.shape) > 1}

    def _measure(self) -> tuple[dict[str, float], dict[str, float]]:
        """Norm of each weight's gradient and share of silent units of each layer, on the sample."""
        if self.sample is None:
            return {}, {}
        tf: Any = importlib.import_module("tensorflow")

        x, y = self.sample
        variables = [value for value in self.model.trainable_variables if len(value.shape) > 1]
        with tf.GradientTape() as tape:
            loss = self.model.compute_loss(x=x, y=y, y_pred=self.model(x, training=True))
        gradients = tape.gradient(loss, [value.value for value in variables])
        norms = {value.path: float(tf.norm(part)) for value, part in zip(variables, gradients, strict=True) if part is not None}
        dead: dict[str, float] = {}
        hidden = x
        if type(self.model).__name__ == "Sequential":
            for layer in self.model.layers:
                hidden = layer(hidden, training=False)
                if (
                    getattr(getattr(layer, "activation", None), "__name__", "") in ("relu", "leaky_relu", "elu", "gelu", "silu")
                    and layer.trainable_variables
                ):
                    flat = tf.reshape(hidden, (-1, hidden.shape[-1]))
                    dead[layer.trainable_variables[0].path] = float(
                        tf.reduce_mean(tf.cast(tf.reduce_all(flat <= 0, axis=0), "float32"))
                    )
        return norms, dead


def _rate(model: Any) -> float | None:
    rate: Any = getattr(getattr(model, "optimizer", None), "learning_rate", None)
    try:
        return float(rate)
    except (TypeError, ValueError):
        return None
