"""What the documents say, in which order, and that the same input gives the same bytes."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from diagnostics.investigation import investigate
from diagnostics.keep.review.record import Note
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import Words, words_for
from diagnostics.report import as_pdf
from diagnostics.report.as_html import as_html
from diagnostics.report.as_markdown import as_markdown
from diagnostics.report.files import check, document
from diagnostics.report.outline import outline
from tests.report.investigated import EVIL, broken, healthy, written

ROOT = Path(__file__).parent.parent.parent
ENDINGS = (".html", ".md", ".pdf")
ORDER = ("Summary", "Impact", "Timeline", "Causes", "What was not checked", "Remedies", "Decisions and actions", "Appendix")
every_form = pytest.mark.parametrize("ending", ENDINGS)


def inside(pdf: bytes) -> bytes:
    """Everything in a PDF, unpacked."""
    found = [pdf]
    for packed in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(packed))
        except zlib.error:
            continue
    return b"\n".join(found)


@every_form
def test_the_same_input_gives_the_same_bytes(ending: str) -> None:
    found = broken()
    first, second = (document(ending, found, Words(), written(found)) for _ in range(2))
    assert first == second
    assert len(first) < 5_000_000


@pytest.mark.parametrize("form", [as_html, as_markdown])
def test_the_order_is_blameless_and_the_record_is_in_it(form: Any) -> None:
    found = broken()
    text = form(found, Words(), written(found))
    places = [re.search(rf"(?m)^(<h2>|## ){heading}", text) for heading in ORDER]
    assert None not in places
    starts = [place.start() for place in places if place]
    assert starts == sorted(starts)
    for field in (
        "Title",
        "Owner",
        "Model",
        "Impact",
        "Event",
        "Decision",
        "Action",
        "Reason",
        "Suspect",
        "Alibi",
        "Known",
        "Unknown",
    ):
        assert f"{field} plain" in text, field
    for said in ("wins back", "income", "1 June 2026", "fingerprint", "scikit-learn", "numpy", "contained", "high"):
        assert said in text, said


def test_every_finding_is_in_the_appendix_with_its_rule_and_thresholds() -> None:
    found = broken()
    text = as_html(found, Words())
    for finding in found.findings():
        assert f'<td class="brief">{finding.code}</td>' in text
    rule = next(f.rule for f in found.findings() if f.code == "INP040")
    assert rule.source.split(",")[0].split("(")[0][:20] in text


def test_the_appendix_names_numbers_and_the_thresholds_of_the_rule_alone() -> None:
    found = broken()
    told = outline(found, Words())
    judges = {rule.code: (rule, check.diagnostic.module) for check in found.checks for rule in check.diagnostic.rules}
    for text in told.rules:
        rule, module = judges[text.code]
        default = inspect.signature(module.judge).parameters
        assert [name for name, _ in text.thresholds] == [shown.name for shown in rule.thresholds.values()]
        for (_, value), (name, shown) in zip(text.thresholds, rule.thresholds.items(), strict=True):
            assert value == Words()(f"{{v:{shown.unit}}}", v=default[name].default)
    assert any(text.thresholds for text in told.rules)
    named = [name for step in told.steps for f in step.findings for name, _ in f.numbers]
    assert named
    assert not [name for name in named if "_" in name]
    chinese = [name for step in outline(found, words_for("zh")).steps for f in step.findings for name, _ in f.numbers]
    assert len(chinese) == len(named)
    assert not set(chinese) & set(named)


@pytest.mark.parametrize("form", [as_html, as_markdown])
def test_when_nothing_is_wrong_it_says_so(form: Any) -> None:
    text = form(healthy(), Words())
    # The claim stands beside the numbers that it rests on.
    assert re.search(r"Nothing is wrong: \d+% of the predictions are wrong, and \d+% were in the reference", text)
    assert "There is nothing to mend" in text


@every_form
def test_an_incident_without_anything_still_makes_a_report(ending: str) -> None:
    assert document(ending, investigate(Incident()), Words())


def test_a_note_of_ten_thousand_lines_is_cut_and_the_cut_is_told() -> None:
    found = broken()
    record = replace(written(found), known=(Note("k", "Ana", written(found).known[0].when, "\n".join(map(str, range(10_000)))),))
    text = as_html(found, Words(), record)
    assert "9,940 more lines; the record keeps all of them" in text
    assert "\n5999\n" not in text


def test_markdown_is_never_markup_of_others() -> None:
    found = broken(column=EVIL, level=EVIL, title=EVIL)
    text = as_markdown(found, Words(), written(found, EVIL))
    bare = re.sub(r"\\.", "", text)
    assert "<" not in bare
    assert "](" not in bare
    assert "@all" not in text


def test_html_holds_no_markup_of_others() -> None:
    found = broken(column=EVIL, level=EVIL, title=EVIL)
    text = as_html(found, Words(), written(found, EVIL))
    assert "<img" not in text
    assert "<script>alert" not in text
    # Three scripts of our own beside the data of the charts: the locale, Plotly as text, and the loader.
    assert len(re.findall("<script", text)) == 3 + len(re.findall("<figure", text))


def test_the_pdf_holds_chinese_letters_and_their_font() -> None:
    found = broken()
    record = replace(written(found), title="贷款评分下降")
    unpacked = inside(as_pdf.as_pdf(found, Words(), record))
    assert b"CJK" in unpacked
    # The table from glyphs to letters, from which a reader copies text.
    for letter in "贷款评分下降":
        assert f"{ord(letter):04x}".encode() in unpacked.lower()


def test_the_pdf_in_chinese_is_written_in_chinese() -> None:
    words = words_for("zh")
    if words("Summary") == "Summary":
        pytest.skip("there is no Chinese catalogue")
    unpacked = inside(as_pdf.as_pdf(broken(), words)).lower()
    for letter in words("Summary"):
        assert f"{ord(letter):04x}".encode() in unpacked


def test_without_pango_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        print("a page of advice")
        raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(BadInput) as raised:
        as_pdf.library()
    assert "libpango-1.0-0 libpangoft2-1.0-0" in str(raised.value)
    assert str(raised.value).count("\n") == 0


FONTLESS = """
import sys
from diagnostics.nouns.refusal import BadInput
from diagnostics.report import as_pdf
from diagnostics.nouns.words import Words
from tests.report.investigated import healthy
from dataclasses import replace
found = replace(healthy(), incident=replace(healthy().incident, title="\\u8d37\\u6b3e"))
sys.stdout.buffer.write(as_pdf.as_pdf(found, Words()))
class Chinese(Words):
    def __call__(self, message, /, **values):
        return "\\u6458\\u8981" if message == "Summary" else super().__call__(message, **values)
try:
    as_pdf.ready(Chinese("zh"))
except BadInput as reason:
    print(reason.statement(Words()), file=sys.stderr)
"""


def test_without_a_chinese_font_it_is_said(tmp_path: Path) -> None:
    fonts = tmp_path / "fonts.conf"
    fonts.write_text(f"<fontconfig><dir>/usr/share/fonts/truetype/dejavu</dir><cachedir>{tmp_path}</cachedir></fontconfig>")
    done = subprocess.run(
        [sys.executable, "-c", FONTLESS],
        cwd=ROOT,
        env={**os.environ, "FONTCONFIG_FILE": str(fonts)},
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.startswith(b"%PDF")
    assert done.stderr.decode().strip().splitlines()[-1].startswith("This machine has no font with the letters of this language")
    assert b"fonts-noto-cjk" in done.stderr


@pytest.mark.parametrize(
    ("name", "said"), [("report.doc", "must end in"), ("no/report.pdf", "There is no folder"), ("a.md", "is a folder")]
)
def test_a_report_that_cannot_be_written_is_refused_beforehand(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "a.md").mkdir()
    with pytest.raises(BadInput, match=said):
        check(tmp_path / name, Words())


def test_the_command_line_writes_a_pdf(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "diagnostics", "investigate", "sample_data/another-setting", "--report", tmp_path / "report.pdf"],
        cwd=ROOT,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"")
    assert [file.name for file in tmp_path.iterdir()] == ["report.pdf"]
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
