"""Files of a few kilobytes that stand for gigabytes: each is refused by what it is, and nothing of it is built."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from diagnostics.nouns.refusal import BadInput
from diagnostics.read.reader import read_table

ROWS = 4000


def repeated(length: int) -> pa.Table:
    """One text of `length` letters, which a dictionary holds once, in each of ROWS rows."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * ROWS, pa.int32()), pa.array(["x" * length]))
    return pa.table({"note": texts, "n": pa.array(range(ROWS))})


def nested(levels: int) -> pa.Table:
    values = pa.array([1, 2, 3])
    for _ in range(levels):
        values = pa.ListArray.from_arrays(pa.array([0, 1, 2, 3], pa.int32()), values)
    return pa.table({"deep": values})


def workbook(file: Path, text: int, rows: int) -> Path:
    """A workbook by hand: one shared text of `text` letters in each of `rows` rows of two columns."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c><c r="B{n}"><v>{n}</v></c></row>' for n in range(1, rows + 1))
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{types}'
        f'.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{types}.worksheet+xml"/></Types>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}"><si><t>{"x" * text}</t></si></sst>',
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (repeated(5_000_000), "a cell of 5,000,000 bytes in note"),
        (repeated(900_000), "unpacks to more"),
        (nested(30), "nested more than 24 levels"),
    ],
)
def test_parquet_that_stands_for_too_much_is_refused(tmp_path: Path, table: pa.Table, says: str) -> None:
    file = tmp_path / "bomb.parquet"
    pyarrow.parquet.write_table(table, file, compression="zstd")
    assert file.stat().st_size < 100_000
    with pytest.raises(BadInput, match=says):
        read_table(file, tmp_path / "work", name="t")


def test_a_dictionary_of_another_format_is_bounded_as_well(tmp_path: Path) -> None:
    file = tmp_path / "bomb.feather"
    pyarrow.feather.write_feather(repeated(900_000), file, compression="zstd")
    with pytest.raises(BadInput, match=r"more memory|unpacks to more"):
        read_table(file, tmp_path / "work", name="t")


def test_long_notes_and_short_lists_are_no_bomb(tmp_path: Path) -> None:
    file = tmp_path / "good.parquet"
    table = repeated(3000).append_column("list", pa.array([[n, n + 1] for n in range(ROWS)]))
    pyarrow.parquet.write_table(table, file)
    assert read_table(file, tmp_path / "work", name="t").rows == ROWS


def test_a_shared_text_of_a_workbook_is_counted_as_often_as_it_stands_there(tmp_path: Path) -> None:
    bomb = workbook(tmp_path / "bomb.xlsx", 100_000, 3000)
    with pytest.raises(BadInput, match="unpacks to more"):
        read_table(bomb, tmp_path / "work", name="t")
    good = workbook(tmp_path / "good.xlsx", 2000, 300)
    assert read_table(good, tmp_path / "work", name="t").rows in (299, 300)
