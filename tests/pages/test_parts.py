from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from diagnostics.keep import store
from diagnostics.nouns.check import Check, Diagnostic
from diagnostics.nouns.entry import ColumnEntry, Entry, Unit, internal, shown
from diagnostics.nouns.rule import Rule
from diagnostics.nouns.spreadsheet import defused
from diagnostics.nouns.words import Words, words_for
from pages.parts import visit
from pages.parts.cards import evidence_table
from pages.parts.export import csv_bytes
from pages.parts.text import CLOSE, JOINER, OPEN, plain, statement


@dataclass(frozen=True, kw_only=True)
class Rose(ColumnEntry):
    share: float = shown("Missing in the current table", Unit.SHARE)
    tokens: tuple[str, ...] = shown("New words for a missing value", Unit.NAMES)
    sure: bool = shown("Isolation forest is better", Unit.YES_NO)
    relative_at: float = 0.5
    inner: int = internal(7)


@dataclass(frozen=True, kw_only=True)
class Both(ColumnEntry):
    columns: tuple[str, ...]


def rule(says: str) -> Rule:
    return Rule(code="X", title="t", says=says, why="w", remedy="r", statistic="s", source="source")


RULE = rule("{column:name} rose.")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a*b_c", r"a\*b\_c"),
        ("<b>x</b>", r"\<b\>x\<\/b\>"),
        ("[x](y)", r"\[x\]\(y\)"),
        ("$x$", r"\$x\$"),
        ("a\n\n# b", r"a \# b"),
        ("1. x", r"1\. x"),
        ("12:30", r"12\:30"),
    ],
)
def test_plain_escapes_markup(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize("text", [":material/home:", ":smile:", "http://evil", "www.evil.com", "a@evil.com", "-->"])
def test_plain_takes_apart_what_is_replaced_after_the_backslashes_are_gone(text: str) -> None:
    assert JOINER in plain(text)
    assert plain(text).replace("\\", "").replace(JOINER, "") == text


def test_a_statement_has_its_names_in_bold_and_the_time_it_began() -> None:
    about = Both(column="a*b", columns=("x", "y"), since=datetime(2026, 5, 1))
    finding = rule("{column:name} rose in {columns:list}.").found(about)
    assert statement(finding, words_for("en")) == r"Since 1 May 2026\: **a\*b** rose in **x** and **y**\."


def test_brackets_in_a_name_do_not_become_bold() -> None:
    finding = RULE.found(ColumnEntry(column=f"{OPEN}a{CLOSE}{CLOSE} b"))
    assert statement(finding, words_for("en")) == r"**a b** rose\."


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|x", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1+1", '=HYPERLINK("http://x")', "-", "+"]
)
def test_formulas_are_defused(cell: str) -> None:
    assert defused(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["-5", "+3.2", "-1e5", "-.5", "-12,5", "-3%", "a=b", "", 5, -2.5, None, "x@y"])
def test_numbers_and_plain_text_stay(cell: object) -> None:
    assert defused(cell) == cell


def test_a_csv_has_its_headers_defused_too() -> None:
    frame = pd.DataFrame({"=x": ["=1", "b"], "n": [-1, 2]})
    assert csv_bytes(frame).decode("utf-8-sig") == "'=x,n\r\n'=1,-1\r\nb,2\r\n"


@pytest.mark.parametrize(
    ("file", "script"),
    [
        ("training/history.csv", "pages/clinic_training.py"),
        ("code/train.py", "pages/step_5_environment.py"),
        ("logs/app.log", "pages/step_6_operations.py"),
        ("reference.csv", "pages/step_1_confirm.py"),
    ],
)
def test_an_incident_opens_where_its_files_can_be_seen(monkeypatch: pytest.MonkeyPatch, file: str, script: str) -> None:
    incident = store.create()
    target = store.folder(incident) / file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("epoch,loss\n1,0.5\n")
    went: list[str] = []
    monkeypatch.setattr(visit.st, "switch_page", lambda page, query_params: went.append(str(page)))
    visit.begin(incident)
    assert went[0].endswith(script)


def test_numbers_of_a_download_are_bare_under_translated_names_with_their_unit() -> None:
    tokens = ("n/a", "none", "nil", "void")
    finding = RULE.found(Rose(column="income", share=0.125, tokens=tokens, sure=False))
    table = evidence_table([finding, rule("Bare.").found(Entry())], Words())
    assert list(table) == ["Rule", "Finding", "Columns at fault", "Number", "Value", "Unit"]
    assert table[["Number", "Value", "Unit"]].to_numpy().tolist() == [
        ["Missing in the current table", 0.125, "share of 1"],
        ["New words for a missing value", "n/a; none; nil; void", ""],
        ["Isolation forest is better", "no", ""],
        ["", None, ""],
    ]
    assert table["Columns at fault"].tolist() == ["income", "income", "income", ""]
    chinese = evidence_table([finding], words_for("zh"))
    assert not set(chinese) & set(table)
    assert not set(chinese.iloc[:, 3]) & set(table["Number"])
    assert chinese.iloc[0, 5] != "share of 1"


def chance_page() -> None:
    from diagnostics.nouns.words import Words
    from pages.parts import step
    from tests.pages.test_parts import chance_check

    class Reader:
        words = Words()

    step._silent([chance_check()], Reader(), key="k")  # type: ignore[arg-type]


def chance_check() -> Check:
    class Judged:
        RULES = (RULE, Rule(code="Y", title="Other columns", why="w", remedy="r", statistic="s", source="source"))

    found = tuple(RULE.found(ColumnEntry(column=name)) for name in ("b", "a"))
    return Check(Diagnostic("x.y", 2, Judged()), profile=1, by_chance=found)  # type: ignore[arg-type]


def test_what_is_within_chance_is_one_folded_line_and_is_not_called_nothing() -> None:
    at = AppTest.from_function(chance_page).run()
    assert not at.exception
    assert [(box.label, [text.value for text in box.markdown]) for box in at.expander] == [
        ("Within what chance does: 2", ["- **a** rose\\.\n- **b** rose\\."]),
        ("Checked and found nothing wrong: 1", ["- Other columns"]),
    ]
