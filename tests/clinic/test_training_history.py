"""The doctor as a diagnostic: in the clinic, in an investigation, and on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from diagnostics.__main__ import main
from diagnostics.causes.catalogue import KINDS
from diagnostics.clinic.shared.results import decode, encode
from diagnostics.clinic.training_history.check import BY_CODE, Settings, TrainingHistories, judge, profile
from diagnostics.clinic.training_history.snippets import snippets
from diagnostics.investigation import investigate
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import Words
from diagnostics.pictures.clinic import training_history as chart


def log(folder: Path, name: str = "log.csv", *, overfits: bool = True) -> Path:
    n = np.arange(60)
    loss = 0.02 + np.exp(-n / 10)
    held = 0.3 + 0.8 * np.exp(-n / 5) + (np.clip(n - 15, 0, None) * 0.01 if overfits else 0)
    loss = loss if overfits else held - 0.02
    rows = "".join(f"{i},{a:.5f},{b:.5f}\n" for i, a, b in zip(n, loss, held, strict=True))
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("epoch,loss,val_loss\n" + rows)
    return file


def test_a_run_that_overfits_is_found_with_its_sentence(tmp_path: Path) -> None:
    p = profile(Incident(training=(log(tmp_path),)))
    findings = judge(p)
    assert [finding.code for finding in findings] == ["TRN001"]
    assert findings[0].severity is Severity.CRITICAL
    assert "the validation loss rises" in findings[0].statement(Words())
    assert chart.draw(p, findings[0], Words()) is not None


def test_a_healthy_run_is_silent(tmp_path: Path) -> None:
    p = profile(Incident(training=(log(tmp_path, overfits=False),)))
    assert judge(p) == []
    assert chart.draw(p, None, Words()) is not None


def test_without_histories_it_says_so() -> None:
    with pytest.raises(NotApplicable) as raised:
        profile(Incident())
    assert raised.value.needs == "training"


def test_one_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    p = profile(Incident(training=(bad, log(tmp_path))))
    assert len(p.runs) == 1
    assert p.problems[0][0] == "bad.json"
    assert len(judge(p)) == 1
    with pytest.raises(NotApplicable):
        profile(Incident(training=(bad,)))


def test_it_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    p = profile(Incident(training=(log(tmp_path),)))
    assert decode(encode(p), TrainingHistories) == p


def test_columns_that_a_person_mapped(tmp_path: Path) -> None:
    file = log(tmp_path)
    file.write_text(file.read_text().replace("loss,val_loss", "a,b"))
    p = profile(Incident(training=(file,)), Settings(mapping=(("loss", "a"), ("val_loss", "b"), ("epoch", "epoch"))))
    assert [finding.code for finding in judge(p)] == ["TRN001"]


def test_an_investigation_names_the_cause(tmp_path: Path) -> None:
    result = investigate(Incident(training=(log(tmp_path),)))
    assert [cause.code for cause in result.causes] == ["overfitting"]
    assert result.causes[0].supports == ("TRN001",)
    assert investigate(Incident(training=(log(tmp_path, overfits=False),))).causes == ()


def test_every_code_is_a_cause_with_remedy_and_snippet() -> None:
    causes = set(BY_CODE) & set(KINDS)
    assert set(BY_CODE) - causes == {"broken_validation_loss", "loss_mismatch"}
    for code in causes - {"class_imbalance"}:
        for form in ("keras_csv", "recorder"):
            made = snippets(code, form)
            assert set(made) == {"PyTorch", "Keras"}
            for lines in made.values():
                compile(lines, code, "exec")
    for lines in snippets("overfitting", "xgboost").values():
        compile(lines, "overfitting", "exec")


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["training", str(log(tmp_path)), "--json", "-"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["format"], told["epochs"]) == ("keras_csv", 60)
    assert set(told["problems"][0]) >= {"code", "confidence", "epoch", "evidence", "remedy"}
    assert told["problems"][0]["code"] == "overfitting"
    assert main(["training", str(log(tmp_path, "b.csv", overfits=False)), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["problems"] == []
    assert main(["training", str(tmp_path / "log.csv"), str(tmp_path / "b.csv")]) == 0
    assert "Nothing wrong was found." in capsys.readouterr().out


def test_the_command_line_refuses_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "x.csv"
    bad.write_text("nothing\n")
    assert main(["training", str(bad)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert main(["training", str(tmp_path / "none.csv")]) == 2


def test_names_with_markup_stay_text(tmp_path: Path) -> None:
    p = profile(Incident(training=(log(tmp_path, "<b>$x$.csv"),)))
    figure = chart.draw(p, judge(p)[0], Words())
    assert figure is not None
