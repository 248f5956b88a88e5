from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.investigation import investigate
from diagnostics.nouns.check import Status
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.words import Words
from diagnostics.read.folder import open_incident
from diagnostics.remarks import remarks
from tests.test_folder import TABLE as SHORT

TABLE = "\n".join([SHORT.splitlines()[0], *(SHORT.splitlines()[1:] * (1 + 200 // len(SHORT.splitlines()[1:])))])
"""Rows enough to be judged."""

HEAD = TABLE.splitlines()[0]


def incident(tmp_path: Path, current: str, reference: str = TABLE, yaml: str = "target: churn\n") -> Incident:
    made = tmp_path / "incident"
    made.mkdir()
    (made / "reference.csv").write_text(reference)
    (made / "current.csv").write_text(current)
    (made / "incident.yaml").write_text(yaml)
    return open_incident(made, work=tmp_path / "work")


def said(given: Incident) -> str:
    return " ".join(remark.statement(Words()) for remark in remarks(given, ()))


def changed(position: int, value: str) -> str:
    lines = [line.split(",") for line in TABLE.splitlines()[1:]]
    return "\n".join([HEAD, *(",".join([*line[:position], value, *line[position + 1 :]]) for line in lines)])


def test_sound_tables_need_no_remark(tmp_path: Path) -> None:
    assert said(incident(tmp_path, TABLE)) == ""


@pytest.mark.parametrize(
    ("current", "says"),
    [
        ("\n".join(TABLE.splitlines()[:4]), "current.csv has 3 rows, too few"),
        (changed(3, "1"), "Every answer in churn of current.csv is 1"),
    ],
)
def test_what_limits_the_answer_is_one_sentence(tmp_path: Path, current: str, says: str) -> None:
    given = incident(tmp_path, current)
    assert says in said(given)
    assert any(remark.limits for remark in remarks(given, ()))


def test_tables_without_a_common_column_are_said_so(tmp_path: Path) -> None:
    other = "\n".join(["a,b", *(f"{n},{n % 3}" for n in range(90))])
    assert "no column in common" in said(incident(tmp_path, other, yaml=""))


def test_columns_without_a_value_or_with_lists_are_named(tmp_path: Path) -> None:
    empty = changed(1, "")
    assert "no value at all, so nothing can be said about them: income" in said(incident(tmp_path, empty, reference=empty))


def test_a_column_that_became_empty_is_a_finding_and_no_remark(tmp_path: Path) -> None:
    given = incident(tmp_path, changed(1, ""))
    assert said(given) == ""
    assert given.current is not None
    assert given.reference is not None
    assert given.current["income"].kind is given.reference["income"].kind


def test_three_rows_are_not_called_healthy(tmp_path: Path) -> None:
    assert investigate(incident(tmp_path, "\n".join(TABLE.splitlines()[:4]))).limited


def test_files_that_cannot_be_used_are_told_once_each(tmp_path: Path) -> None:
    incident(tmp_path, TABLE)
    for name, content in {"model.onnx": b"no model", "code/train.ipynb": b'{"cells": [', "logs/app.log": bytes(900)}.items():
        file = tmp_path / "incident" / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
    told = [r.statement(Words()) for r in investigate(open_incident(tmp_path / "incident", work=tmp_path / "again")).remarks]
    assert sorted(text.split(" ")[0] for text in told) == ["app.log", "model.onnx", "train.ipynb"]


def test_fewer_than_two_hundred_rows_are_told_but_do_not_limit(tmp_path: Path) -> None:
    given = incident(tmp_path, "\n".join(TABLE.splitlines()[:101]))
    assert "current.csv has 100 rows: only large changes" in said(given)
    assert not any(remark.limits for remark in remarks(given, ()) if "only large changes" in remark.says)


def rows(labels: list[str]) -> str:
    lines = [f"2026-05-{1 + n // 24:02d} {n % 24:02d}:00,{n % 7},{label},0.{n % 10}" for n, label in enumerate(labels)]
    return "\n".join(["when,income,churn,score", *lines])


def test_labels_that_have_not_arrived_yet_are_a_remark(tmp_path: Path) -> None:
    known = [str(n % 2) for n in range(300)]
    late = incident(tmp_path, rows(known[:240] + [""] * 60), reference=rows(known))
    assert "The labels of the rows after 10 May 2026, 23:00 have not arrived yet (20% of the current rows)" in said(late)
    assert not any(remark.limits for remark in remarks(late, ()))


def test_labels_missing_here_and_there_are_not_late(tmp_path: Path) -> None:
    known = [str(n % 2) for n in range(300)]
    given = incident(tmp_path, rows(["" if n % 5 == 0 else label for n, label in enumerate(known)]), reference=rows(known))
    assert "have not arrived" not in said(given)


def test_no_row_after_the_event_is_undecided_and_no_step_is_well(tmp_path: Path) -> None:
    known = rows([str(n % 2) for n in range(300)])
    yaml = "target: churn\nevents: [{time: 2026-06-01 08:00, what: release 7}]\n"
    given = incident(tmp_path, known.replace("2026-05", "2026-04"), reference=known.replace("2026-05", "2026-03"), yaml=yaml)
    assert "No current row is from after 1 June 2026, 08:00 (release 7)" in said(given)
    result = investigate(given)
    assert result.conclusion.verdict == "undecided"
    assert Status.OK not in [result.status(number) for number in (1, 2, 3, 4, 7)]


def test_one_row_is_undecided_and_no_step_is_well(tmp_path: Path) -> None:
    result = investigate(incident(tmp_path, "\n".join(TABLE.splitlines()[:2])))
    assert result.conclusion.verdict == "undecided"
    assert Status.OK not in [result.status(number) for number in (1, 2, 3, 4, 7)]
