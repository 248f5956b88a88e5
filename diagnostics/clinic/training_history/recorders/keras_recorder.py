"""Records a Keras run for Model Clinic: losses, and per layer the gradient norm, the size of updates and the share of dead units.

Copy this file beside your training script. It needs nothing but Keras 3, on TensorFlow, JAX or PyTorch.

    recorder = Recorder("history.jsonl", sample=(x_train[:256], y_train[:256]))
    model.fit(x_train, y_train, validation_split=0.2, epochs=50, callbacks=[recorder])

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


def from_logs(logs: dict[str, Any]) -> dict[str, Any]:
    """Keras' names of an epoch to the file's: the first metric that is better when it is higher is the score."""
    falling = ("loss", "error", "mse", "mae", "mape", "msle", "entropy", "divergence", "lr", "learning_rate")
    score = next((name for name in logs if not name.startswith("val_") and not any(word in name for word in falling)), None)
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
        return {value.path: _array(value) for value in self.model.trainable_variables if len(value.shape) > 1}

    def _measure(self) -> tuple[dict[str, float], dict[str, float]]:
        """Norm of each weight's gradient and share of silent units of each layer, on the sample."""
        if self.sample is None:
            return {}, {}
        keras: Any = importlib.import_module("keras")
        x, y = self.sample
        variables = [value for value in self.model.trainable_variables if len(value.shape) > 1]
        dead: dict[str, float] = {}
        if type(self.model).__name__ == "Sequential":
            hidden = keras.ops.convert_to_tensor(x)
            for layer in self.model.layers:
                hidden = layer(hidden, training=False)
                # Zero, not below it: a leaky unit that answers less than zero still learns.
                silent = getattr(getattr(layer, "activation", None), "__name__", "") in ("relu", "relu6", "gelu", "silu", "elu")
                if silent and layer.trainable_variables:
                    answers = abs(keras.ops.convert_to_numpy(hidden)).reshape(-1, hidden.shape[-1])
                    dead[layer.trainable_variables[0].path] = float((answers <= SILENT).all(axis=0).mean())
        parts = _gradients(keras, self.model, x, y, variables)
        norms = {
            value.path: float((keras.ops.convert_to_numpy(part) ** 2).sum()) ** 0.5
            for value, part in zip(variables, parts, strict=True)
            if part is not None
        }
        return norms, dead


def _gradients(keras: Any, model: Any, x: Any, y: Any, variables: Any) -> list[Any]:
    """The loss' gradient by each variable, on the backend that Keras runs on; nothing where a model has several losses."""
    if isinstance(model.loss, (dict, list, tuple)) or model.loss is None:
        return [None] * len(variables)
    y = keras.ops.convert_to_tensor(y)
    if len(y.shape) == 1 and len(model.output_shape) == 2 and model.output_shape[-1] == 1:
        y = keras.ops.expand_dims(y, -1)  # as fit() does
    criterion = keras.losses.get(model.loss)
    backend = keras.backend.backend()
    if backend == "tensorflow":
        tf: Any = importlib.import_module("tensorflow")
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(criterion(y, model(x, training=False)))
        return list(tape.gradient(loss, [value.value for value in variables]))
    if backend == "jax":
        jax: Any = importlib.import_module("jax")
        fixed = [value.value for value in model.non_trainable_variables]

        def loss_of(values: Any) -> Any:
            answer, _ = model.stateless_call(values, fixed, x, training=False)
            return keras.ops.mean(criterion(y, answer))

        by_all = jax.grad(loss_of)([value.value for value in model.trainable_variables])
        found = {value.path: part for value, part in zip(model.trainable_variables, by_all, strict=True)}
        return [found[value.path] for value in variables]
    if backend == "torch":
        torch: Any = importlib.import_module("torch")
        loss = keras.ops.mean(criterion(y, model(x, training=False)))
        parts = torch.autograd.grad(loss, [value.value for value in variables], allow_unused=True)
        return [None if part is None else part.detach() for part in parts]
    return [None] * len(variables)


def _array(value: Any) -> Any:
    keras: Any = importlib.import_module("keras")
    return keras.ops.convert_to_numpy(value.value).copy()


def _rate(model: Any) -> float | None:
    rate: Any = getattr(getattr(model, "optimizer", None), "learning_rate", None)
    try:
        return float(rate)
    except (TypeError, ValueError):
        return None
