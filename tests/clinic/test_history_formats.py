"""Every tool's file becomes the same curves; broken and hostile files get one plain sentence."""

from __future__ import annotations

import importlib.util
import json
import struct
from pathlib import Path

import pytest

from diagnostics.clinic.training_history.history import LOSS, RATE, SCORE, VAL_LOSS, VAL_SCORE
from diagnostics.clinic.training_history.reading import columns
from diagnostics.clinic.training_history.reading.names import guess
from diagnostics.clinic.training_history.reading.read import groups, read_group, read_history
from diagnostics.nouns.refusal import BadInput

RECORDERS = Path(columns.__file__).parent.parent / "recorders"


def write(folder: Path, name: str, text: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_keras(tmp_path: Path) -> None:
    file = write(
        tmp_path, "log.csv", "epoch,accuracy,loss,val_accuracy,val_loss\n0,0.5,1.0,0.4,1.1\n1,0.7,0.8,0.6,0.9\n2,NA,nan,0.6,nan\n"
    )
    history = read_history(file)
    assert (history.format, history.unit, history.epochs) == ("keras_csv", "epoch", 3)
    loss = history.curve(LOSS)
    assert loss is not None
    assert (loss.x, loss.y, loss.lost_at) == ((1.0, 2.0), (1.0, 0.8), 3.0)
    assert [curve.part for curve in history.curves] == [LOSS, VAL_LOSS, SCORE, VAL_SCORE]


def test_keras_log_that_was_appended_to(tmp_path: Path) -> None:
    file = write(tmp_path, "log.csv", "epoch,loss\n0,1.0\n1,0.9\n0,0.8\n1,0.7\n")
    history = read_history(file)
    loss = history.curve(LOSS)
    assert loss is not None
    assert loss.x == (1.0, 2.0, 3.0, 4.0)


def test_lightning_with_gaps_and_several_rows_an_epoch(tmp_path: Path) -> None:
    lines = ["epoch,step,train_loss_step,train_loss_epoch,val_loss,lr-Adam"]
    for epoch in range(6):
        lines += [
            f"{epoch},{10 * epoch + 4},{2 - epoch / 5},,,",
            f"{epoch},{10 * epoch + 9},,,{3 - epoch / 5},",
            f"{epoch},{10 * epoch + 9},,{2.5 - epoch / 5},,",
        ]
        lines.append(f",{10 * epoch + 9},,,,0.001")
    history = read_history(write(tmp_path, "metrics.csv", "\n".join(lines)))
    assert (history.format, history.unit, history.epochs) == ("lightning", "epoch", 6)
    loss, held = history.curve(LOSS), history.curve(VAL_LOSS)
    assert loss is not None
    assert held is not None
    assert loss.name == "train_loss_epoch"
    assert loss.x == held.x == (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    assert history.curve(RATE) is not None


def test_hugging_face(tmp_path: Path) -> None:
    log = [{"epoch": i / 2, "step": 10 * i, "loss": 2 / i, "grad_norm": 1.0, "learning_rate": 1e-4} for i in range(1, 7)]
    log += [{"epoch": 3.0, "step": 60, "eval_loss": 0.5, "eval_accuracy": 0.8}, {"epoch": 3.0, "train_loss": 0.9, "step": 60}]
    history = read_history(write(tmp_path, "trainer_state.json", json.dumps({"log_history": log})))
    assert (history.format, history.unit, history.epochs) == ("huggingface", "epoch", 3)
    loss = history.curve(LOSS)
    assert loss is not None
    assert len(loss.y) == 6
    assert history.curve(VAL_SCORE) is not None


@pytest.mark.parametrize(
    ("told", "form", "train", "held"),
    [
        (
            {"validation_0": {"logloss": [0.6, 0.5]}, "validation_1": {"logloss": [0.7, 0.6]}},
            "xgboost",
            "validation_0 logloss",
            "validation_1 logloss",
        ),
        (
            {"valid_0": {"binary_logloss": [0.7, 0.6]}, "training": {"binary_logloss": [0.6, 0.5]}},
            "lightgbm",
            "training binary_logloss",
            "valid_0 binary_logloss",
        ),
        (
            {"eval": {"rmse": [3, 2], "auc": [0.5, 0.6]}, "train": {"rmse": [2, 1], "auc": [0.6, 0.7]}},
            "xgboost",
            "train rmse",
            "eval rmse",
        ),
    ],
)
def test_boosting(tmp_path: Path, told: object, form: str, train: str, held: str) -> None:
    history = read_history(write(tmp_path, "evals.json", json.dumps(told)))
    assert (history.format, history.unit, history.epochs) == (form, "round", 2)
    assert {curve.part: curve.name for curve in history.curves if curve.part in (LOSS, VAL_LOSS)} == {LOSS: train, VAL_LOSS: held}


def test_tensorboard(tmp_path: Path) -> None:
    for side in ("train", "validation"):
        events(tmp_path / side, {"epoch_loss": [1.0, 0.8, 0.7, 0.6, 0.5], "epoch_accuracy": [0.5, 0.6, 0.7, 0.8, 0.9]})
    files = sorted(tmp_path.rglob("events*"))
    assert [len(group) for group in groups(files)] == [2]
    history = read_group(groups(files)[0])[0]
    assert (history.format, history.epochs) == ("tensorboard", 5)
    assert {LOSS, VAL_LOSS, SCORE, VAL_SCORE} <= {curve.part for curve in history.curves}


def events(folder: Path, scalars: dict[str, list[float]]) -> None:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder))
    for tag, values in scalars.items():
        for step, value in enumerate(values):
            writer.add_event(Event(step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)])))
    writer.close()


def test_an_event_file_that_was_cut_off_gives_what_stands_before(tmp_path: Path) -> None:
    events(tmp_path, {"train/loss": [1.0, 0.9, 0.8, 0.7, 0.6, 0.5]})
    file = next(tmp_path.glob("events*"))
    content = file.read_bytes()
    history = read_history(write(tmp_path, "cut", content[: len(content) - 60]))
    loss = history.curve(LOSS)
    assert loss is not None
    assert len(loss.y) >= 3


@pytest.mark.parametrize("name", ["pytorch", "keras"])
def test_what_the_recorders_write_is_read(tmp_path: Path, name: str) -> None:
    source = RECORDERS / f"{name}_recorder.py"
    compile(source.read_text(), source.name, "exec")
    spec = importlib.util.spec_from_file_location(source.stem, source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    file = module.HistoryFile(tmp_path / "history.jsonl", name)
    for number in range(1, 6):
        layers = [{"name": f"{place}.weight", "gradient": 0.1 / number, "ratio": 1e-3, "dead": 0.25} for place in range(3)]
        file.epoch(number, layers, loss=1 / number, val_loss=float("nan") if number == 5 else 1.1 / number, learning_rate=1e-3)
    file.file.write('{"epoch": 6, "loss": 0.')
    file.close()
    history = read_history(tmp_path / "history.jsonl")
    assert (history.format, history.epochs, len(history.layers)) == ("recorder", 5, 3)
    assert history.layers[0].dead == (0.25,) * 5
    held = history.curve(VAL_LOSS)
    assert held is not None
    assert held.lost_at == 5.0
    assert history.notes


def test_columns_of_ones_own_are_mapped(tmp_path: Path) -> None:
    file = write(tmp_path, "mine.csv", "q;a1;b1\n1;1,5;1,6\n2;1,2;1,4\n3;1,0;1,3\n")
    with pytest.raises(BadInput, match="loss"):
        read_history(file)
    history = read_history(file, {"loss": "a1", "val_loss": "b1", "epoch": "q"})
    held = history.curve(VAL_LOSS)
    assert held is not None
    assert held.y == (1.6, 1.4, 1.3)


def test_names_tell_the_parts() -> None:
    told = guess(["Epoch", "Train/Loss", "Valid/Loss", "dynamics_loss", "Train/Accuracy", "val_acc", "lr", "grad_norm"])
    assert told == {
        "epoch": "Epoch",
        "loss": "Train/Loss",
        "val_loss": "Valid/Loss",
        "score": "Train/Accuracy",
        "val_score": "val_acc",
        "rate": "lr",
        "gradient": "grad_norm",
    }


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\x00" * 5000,
        b"a,b\n1,2\n",
        b'{"log_history": ',
        b"[" * 100_000,
        b'{"a": {"b": 1}}',
        b'{"recorder": "model-clinic"}\n',
        b"PK\x03\x04" + b"\x00" * 100,
        struct.pack("<QI", 10, 1) + b"x" * 40,
        b"loss\n" + b"x" * 2_000_000,
        b"loss,val_loss\nfoo,bar\nfoo,bar\n",
        (b"<script>alert(1)</script>,$x$\n1,2\n"),
        b"\xff\xfe" + "a,b\n1,2\n".encode("utf-16-le"),
    ],
)
def test_what_is_no_history_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadInput) as raised:
        read_history(write(tmp_path, "file", content))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_a_file_beyond_the_cap_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "huge.csv"
    with file.open("wb") as stream:
        stream.truncate(3_000_000_000)
    with pytest.raises(BadInput, match="MB"):
        read_history(file)


def test_a_hundred_thousand_steps_are_thinned(tmp_path: Path) -> None:
    rows = "\n".join(f"{step},{1 / (1 + step / 1e4):.5f}" for step in range(100_000))
    history = read_history(write(tmp_path, "steps.csv", f"step,loss\n{rows}\n"))
    loss = history.curve(LOSS)
    assert loss is not None
    assert len(loss.y) <= 2_000
