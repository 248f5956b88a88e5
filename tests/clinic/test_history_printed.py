"""What a training printed, files of many tools, names in many languages, and several runs in one file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from diagnostics.clinic.training_history.history import LOSS, RATE, SCORE, VAL_LOSS, VAL_SCORE
from diagnostics.clinic.training_history.reading.names import part_of, setting_of
from diagnostics.clinic.training_history.reading.read import groups, read_group, read_runs
from diagnostics.nouns.refusal import BadInput

N = range(1, 9)
OWN = [round(0.1 + 0.9 * 0.7**i, 4) for i in N]
HELD = [round(0.2 + 0.9 * 0.75**i, 4) for i in N]


def lines(line: Callable[[int, float, float], str]) -> str:
    return "".join(line(i, OWN[i - 1], HELD[i - 1]) for i in N)


PRINTED = {
    "keras 2": lines(
        lambda i, t, v: (
            f"Epoch {i}/8\n100/100 [=====] - 2s 20ms/step - loss: {t} - accuracy: 0.5 - val_loss: {v} - val_accuracy: 0.8\n"
        )
    ),
    "keras 3": lines(
        lambda i, t, v: (
            f"Epoch {i}/8\n\x1b[1m 1/32\x1b[0m ━━━━ - loss: 5.0\r\x1b[1m32/32\x1b[0m ━━━━ 1s - loss: {t} - val_loss: {v}\n"
        )
    ),
    "pytorch": lines(lambda i, t, v: f"Epoch [{i}/8], Train Loss: {t}, Val Loss: {v}\n"),
    "pytorch's tutorial": lines(lambda i, t, v: f"Epoch {i - 1}/7\n----\ntrain Loss: {t} Acc: 0.5\nval Loss: {v} Acc: 0.8\n\n"),
    "pytorch's digits": lines(
        lambda i, t, v: (
            f"Train Epoch: {i} [0/60000 (0%)]\tLoss: {t}\n\nTest set: Average loss: {v}, Accuracy: 9800/10000 (98%)\n\n"
        )
    ),
    "a bar": lines(lambda i, t, v: f"Epoch {i}: 100%|████| 100/100 [00:02<00:00, 45.1it/s, loss={t}, val_loss={v}]\n"),
    "lightgbm": lines(lambda i, t, v: f"[{i}]\ttraining's binary_logloss: {t}\tvalid_1's binary_logloss: {v}\n"),
    "xgboost": lines(lambda i, t, v: f"[{i - 1}]\ttrain-logloss:{t}\teval-logloss:{v}\n"),
    "xgboost's classifier": lines(lambda i, t, v: f"[{i - 1}]\tvalidation_0-rmse:{t}\tvalidation_1-rmse:{v}\n"),
    "catboost": lines(lambda i, t, v: f"{i - 1}:\tlearn: {t}\ttest: {v}\tbest: {v} ({i})\ttotal: 3ms\tremaining: 1s\n"),
    "fastai": "epoch     train_loss  valid_loss  accuracy  time\n"
    + lines(lambda i, t, v: f"{i - 1}     {t}    {v}   0.8   00:10\n"),
    "timm": lines(
        lambda i, t, v: (
            f"Train: {i - 1} [1250/1251 (100%)]  Loss: {t} (0.9)  LR: 1e-04\nTest: [ 0/48]  Loss: {v} (0.9)  Acc@1: 80.0 (79.0)\n"
        )
    ),
    "fairseq": lines(
        lambda i, t, v: f"| train | epoch {i:03d} | loss {t} | lr 0.0005\n| valid | epoch {i:03d} | loss {v} | ppl 12\n"
    ),
    "two lines an epoch": lines(lambda i, t, v: f"Epoch {i} \nTrain loss {t} accuracy 0.5\nVal   loss {v} accuracy 0.8\n\n"),
    "equals signs": lines(lambda i, t, v: f"epoch={i} loss={t} val_loss={v} lr=1e-3\n"),
    "Chinese": lines(lambda i, t, v: f"第 {i} 轮 训练损失: {t} 验证损失: {v}\n"),
    "one dictionary": str({"loss": OWN, "val_loss": HELD}),
    "numpy's numbers": "{'loss': [" + ", ".join(f"np.float64({t})" for t in OWN) + f"], 'val_loss': {HELD}}}",
    "dictionaries": lines(lambda i, t, v: str({"loss": t, "val_loss": v, "epoch": i}) + "\n"),
    "JSON lines": lines(lambda i, t, v: json.dumps({"epoch": i - 1, "train_loss": t, "test_loss": v, "train_lr": 1e-4}) + "\n"),
    "W&B": lines(lambda i, t, v: json.dumps({"_step": i, "epoch": i, "train/loss": t, "val": {"loss": v}}) + "\n"),
    "pandas": json.dumps({"loss": dict(enumerate(OWN)), "val_loss": dict(enumerate(HELD))}),
    "a notebook": json.dumps(
        {
            "nbformat": 4,
            "cells": [{"outputs": [{"text": [lines(lambda i, t, v: f"Epoch {i}/8\n9/9 [==] - loss: {t} - val_loss: {v}\n")]}]}],
        }
    ),
    "one line a value": "key,value,step\n" + lines(lambda i, t, v: f"train_loss,{t},{i}\nval_loss,{v},{i}\n"),
    "a semicolon": "Epoche;Verlust;Validierungsverlust\n" + lines(lambda i, t, v: f"{i};{t};{v}\n").replace(".", ","),
    "no header": lines(lambda i, t, v: f"{i},{t},{v}\n"),
}


@pytest.mark.parametrize("name", PRINTED)
def test_every_tool_gives_the_same_two_curves(tmp_path: Path, name: str) -> None:
    file = tmp_path / "log.txt"
    file.write_text(PRINTED[name])
    (history,) = read_runs(file)
    own, held = history.curve(LOSS), history.curve(VAL_LOSS)
    assert own is not None
    assert held is not None
    assert (own.y, held.y) == (tuple(OWN), tuple(HELD))
    assert own.x == tuple(range(1, 9))


def test_other_logs_have_their_own_parts(tmp_path: Path) -> None:
    def read(text: str) -> dict[str, tuple[float, ...]]:
        file = tmp_path / "log"
        file.write_text(text)
        return {curve.part: curve.y for curve in read_runs(file)[0].curves}

    darknet = read(lines(lambda i, t, v: f" {i}: {t}, {v} avg loss, 0.001000 rate, 3.2 seconds, 64 images\n"))
    assert darknet[LOSS] == tuple(HELD)
    assert darknet[RATE] == (0.001,) * 8
    boxes = read(
        lines(lambda i, t, v: f"--------------\n| rollout/ | |\n| ep_rew_mean | {20 * i} |\n| train/ | |\n| loss | {t} |\n")
    )
    assert boxes[SCORE] == tuple(20.0 * i for i in N)
    yolo = read("  epoch, train/box_loss, train/cls_loss, metrics/mAP50(B)\n" + lines(lambda i, t, v: f"{i},{t},{t},{i / 10}\n"))
    assert yolo[LOSS] == pytest.approx([2 * t for t in OWN])
    percent = read("epoch,train_loss,eval_top1\n" + lines(lambda i, t, v: f"{i},{t},{10 * i}\n"))
    assert percent[VAL_SCORE] == pytest.approx([i / 10 for i in N])
    phases = read(
        lines(
            lambda i, t, v: (
                json.dumps({"mode": "train", "epoch": i, "loss": t})
                + "\n"
                + json.dumps({"mode": "val", "epoch": i, "mAP": v})
                + "\n"
            )
        )
    )
    assert set(phases) == {LOSS, VAL_SCORE}


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("验证损失", VAL_LOSS),
        ("训练准确率", SCORE),
        ("轮次", "epoch"),
        ("検証損失", VAL_LOSS),
        ("학습률", RATE),
        ("검증 정확도", VAL_SCORE),
        ("Trainingsverlust", LOSS),
        ("Perte d'entraînement", LOSS),
        ("Pérdida de validación", VAL_LOSS),
        ("Acurácia", SCORE),
        ("Потери на валидации", VAL_LOSS),
        ("точность", SCORE),
        ("błąd walidacyjny", VAL_LOSS),
        ("eğitim kaybı", LOSS),
        ("time", None),
        ("passed_time", None),
    ],
)
def test_names_in_many_languages(name: str, part: str | None) -> None:
    assert part_of(name) == part


def test_networks_that_play_against_each_other_and_returns_are_recognised() -> None:
    assert setting_of(["epoch", "d_loss", "g_loss"]) == setting_of(["Loss_D", "Loss_G"]) == "adversarial"
    assert setting_of(["rollout/ep_rew_mean", "train/loss"]) == "reinforcement"
    assert setting_of(["loss", "val_loss", "dice_loss"]) == "supervised"


def test_several_runs_in_one_file_are_cut_and_a_resumed_one_is_not(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    whole = lines(lambda i, t, v: f"{i - 1},{t},{v}\n")
    file.write_text("epoch,loss,val_loss\n" + 3 * whole)
    runs = read_runs(file)
    assert [run.file for run in runs] == ["log.csv #1", "log.csv #2", "log.csv #3"]
    assert all(run.epochs == 8 for run in runs)
    file.write_text("epoch,loss,val_loss\n" + whole + lines(lambda i, t, v: f"{i - 1},{0.1 + 0.05 * 0.8**i:.4f},{v}\n"))
    (resumed,) = read_runs(file)
    assert resumed.epochs == 16


def test_runs_that_have_names_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text('"Step","a-1 - loss","a-1 - loss__MIN","b-2 - loss"\n' + lines(lambda i, t, v: f'"{i}","{t}","{t}","{v}"\n'))
    assert [curve.y for run in read_runs(file) for curve in run.curves] == [tuple(OWN), tuple(HELD)]
    file.write_text("run,epoch,loss\n" + lines(lambda i, t, v: f"first,{i},{t}\nsecond,{i},{v}\n"))
    assert [curve.y for run in read_runs(file) for curve in run.curves] == [tuple(OWN), tuple(HELD)]


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (("train_loss", "val_loss"), "1700000000000 {y} {i}\n"),
        (("run-train-tag-epoch_loss.csv", "run-validation-tag-epoch_loss.csv"), "1700000000.5,{i},{y}\n"),
        (("learn_error.tsv", "test_error.tsv"), "{i}\t{y}\n"),
    ],
)
def test_files_of_one_series_each_are_one_run(tmp_path: Path, names: tuple[str, str], line: str) -> None:
    first = {".csv": "Wall time,Step,Value\n", ".tsv": "iter\tLogloss\n"}.get(Path(names[0]).suffix, "")
    for name, values in zip(names, (OWN, HELD), strict=True):
        (tmp_path / name).write_text(first + "".join(line.format(i=i, y=y) for i, y in zip(N, values, strict=True)))
    (group,) = groups([tmp_path / name for name in names])
    (history,) = read_group(group)
    assert {curve.part: curve.y for curve in history.curves} == {LOSS: tuple(OWN), VAL_LOSS: tuple(HELD)}


def test_columns_that_say_nothing_are_told_by_their_numbers_and_that_is_said(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("qx,foo,bar\n" + lines(lambda i, t, v: f"{i},{v},{t}\n"))
    (history,) = read_runs(file)
    assert {curve.part: curve.name for curve in history.curves} == {LOSS: "bar", VAL_LOSS: "foo"}
    assert "foo" in str(history.notes[0].values)
    rng = np.random.default_rng(0)
    file.write_text("qx,foo,bar\n" + "".join(f"{a:.3f},{b:.3f},{c:.3f}\n" for a, b, c in rng.normal(size=(30, 3))))
    with pytest.raises(BadInput, match="could be recognised"):
        read_runs(file)


@pytest.mark.parametrize(
    ("content", "word"), [(b"\x80\x04\x95abc", "pickle"), (b"PK\x03\x04abc", "weights"), (b'{"loss": [1, 2', "breaks off")]
)
def test_what_cannot_be_read_is_called_what_it_is(tmp_path: Path, content: bytes, word: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=word):
        read_runs(file)
