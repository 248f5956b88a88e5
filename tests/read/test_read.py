"""Reading: what each kind of file becomes, that nothing is lost, and that both ways of reading decide the same."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import duckdb
import openpyxl
import pytest

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.table import Kind, Table
from diagnostics.read import reader, typed
from diagnostics.read.agree import adopt_kinds
from diagnostics.read.caps import Caps, Options
from diagnostics.read.reader import read_table


def read(folder: Path, data: bytes | str, name: str = "t.csv", options: Options | None = None, caps: Caps | None = None) -> Table:
    source = folder / name
    source.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_table(source, folder / "out", name="t", options=options, caps=caps)


def values(table: Table, name: str) -> list[object]:
    with duckdb.connect() as con:
        return [row[0] for row in con.execute(f"SELECT {table[name].key} FROM read_parquet('{table.path}')").fetchall()]


ROWS = "".join(f"{i},{i / 4},{'red' if i % 2 else 'blue'},2026-05-{1 + i % 28:02d}\n" for i in range(1, 60))
PLAIN = "whole,real,word,day\n" + ROWS


def test_plain_table(tmp_path: Path) -> None:
    table = read(tmp_path, PLAIN)
    assert [c.kind for c in table] == [Kind.NUMBER, Kind.NUMBER, Kind.CATEGORY, Kind.TIME]
    assert [c.integer for c in table] == [True, False, False, False]
    assert table.rows == 59
    assert values(table, "day")[0] == datetime(2026, 5, 2)
    assert Table.load(tmp_path / "out" / "t.json") == table


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Ärger 数据"),
        ("utf-8-sig", "Ärger 数据"),
        ("utf-16", "Ärger 数据"),
        ("utf-16-le", "Ärger 数据"),
        ("utf-16-be", "данные"),
        ("utf-32", "数据"),
        ("gb18030", "北京 上海 客户流失 数据"),
        ("shift_jis", "東京 データ 顧客です"),
        ("euc_kr", "서울 부산 고객 데이터"),
        ("cp1251", "Москва и Петербург, данные"),
        ("latin-1", "café Müller señor"),
        ("cp1252", "café “Müller” €5"),
    ],
)
def test_encodings(tmp_path: Path, encoding: str, text: str) -> None:
    data = "name;value\n" + "".join(f"{text};{i}\n" for i in range(20))
    table = read(tmp_path, data.encode(encoding))
    assert table.names == ("name", "value")
    assert set(values(table, "name")) == {text}
    assert values(table, "value") == list(range(20))


def test_bad_byte_is_reported_and_not_fatal(tmp_path: Path) -> None:
    table = read(tmp_path, PLAIN.encode().replace(b"red", "röd".encode(), 5).replace(b"blue", b"bl\xffue", 1))
    assert table.rows == 59
    assert any("could not be decoded" in str(note) for note in table.reading.notes)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ", ", "||", " "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(tmp_path: Path, delimiter: str, end: str) -> None:
    data = end.join(delimiter.join(row.split(",")) for row in PLAIN.splitlines())
    table = read(tmp_path, data)
    assert table.reading.delimiter == delimiter
    assert table.names == ("whole", "real", "word", "day")
    assert table.rows == 59


def test_preamble_header_rows_and_footer(tmp_path: Path) -> None:
    table = read(tmp_path, "Report of May\n\n" + "a,b,c,d\n" + "m,kg,,\n" + ROWS + "\nTotal rows: 59\n")
    assert table.names == ("a m", "b kg", "c", "d")
    assert (table.reading.header_rows, table.rows, table.reading.rejected_count) == (2, 59, 1)
    assert table.reading.rejected[0].line == 65


def test_no_header(tmp_path: Path) -> None:
    table = read(tmp_path, ROWS)
    assert table.reading.header_rows == 0
    assert table.names[0] == "column_1"
    assert table.rows == 59


def test_names_are_made_unique(tmp_path: Path) -> None:
    table = read(tmp_path, "a,a,,A\n1,2,3,4\n5,6,7,8\n")
    assert table.names == ("a", "a_2", "column_3", "A")


def test_faulty_rows_are_mended_or_rejected_with_their_line(tmp_path: Path) -> None:
    lines = PLAIN.splitlines()
    lines[5] = lines[5].replace(",", ",,", 1)
    lines[10] = lines[10].replace("2026", '"2026')
    lines[20] = "9,9"
    lines[30] = "x,y,z,u,v,w,x,y"
    table = read(tmp_path, "\n".join(lines))
    reading = table.reading
    assert table.rows + reading.rejected_count == 59
    assert 31 in [rejected.line for rejected in reading.rejected]
    assert values(table, "whole")[4] == 5


def test_second_table_and_repeated_header_are_rejected(tmp_path: Path) -> None:
    table = read(tmp_path, PLAIN + "whole,real,word,day\n" + ROWS + "x,y\n" + "1,2\n" * 5)
    assert table.rows == 118
    assert table.reading.rejected_count == 7
    assert table["whole"].kind is Kind.NUMBER


def test_newline_in_a_field(tmp_path: Path) -> None:
    table = read(tmp_path, 'a,b\n1,"two\nlines"\n3,x\n')
    assert values(table, "b") == ["two\nlines", "x"]


COLUMNS = {
    "decimal comma": (["1,5", "2,25", "1.234,5", "-3"], [1.5, 2.25, 1234.5, -3.0]),
    "thousands": (["1,234", "12", "1,234,567.5"], [1234.0, 12.0, 1234567.5]),
    "percent": (["12%", "3.5%", "100%"], [0.12, 0.035, 1.0]),
    "currency $": (["$74.69", "$3", "-$5.5"], [74.69, 3.0, -5.5]),
    "currency €, decimal comma": (["1.234,50 €", "3,20 €"], [1234.5, 3.2]),
    "unit kg": (["12.5 kg", "7 kg"], [12.5, 7.0]),
}


@pytest.mark.parametrize("written", COLUMNS)
def test_numbers_in_other_formats(tmp_path: Path, written: str) -> None:
    cells, numbers = COLUMNS[written]
    table = read(tmp_path, "x|y\n" + "".join(f"{cell}|w\n" for cell in [*cells, "NA"]))
    assert table["x"].kind is Kind.NUMBER
    assert table["x"].format == written
    assert table["x"].tokens == (("NA", 1),)
    assert values(table, "x") == [*[pytest.approx(n) for n in numbers], None]


@pytest.mark.parametrize(
    ("cells", "kind", "written"),
    [
        (["00123", "04567", "12345"], Kind.CATEGORY, ""),
        (["1.5", "2.5", "3.5", "1.5.2"], Kind.CATEGORY, "mixed"),
        (["1.5", "2.5", "3.5", "4.5", "low", "high", "none"], Kind.CATEGORY, "mixed"),
        (["1.5", "1,5", "2.25", "3"], Kind.CATEGORY, "mixed"),
        (["true", "false", "true"], Kind.CATEGORY, ""),
        (["unknown", "missing", "none"], Kind.CATEGORY, ""),
        (["13/05/2026", "01/06/2026"], Kind.TIME, "%d/%m/%Y"),
        (["05/13/2026", "06/01/2026"], Kind.TIME, "%m/%d/%Y"),
        (["13.05.2026 10:30", "01.06.2026 08:00"], Kind.TIME, "%d.%m.%Y %H:%M"),
        (["2026-05-12T08:00:00Z", "2026-05-12T10:00:00+02:00"], Kind.TIME, ""),
        (["12 May 2026", "1 June 2026"], Kind.TIME, "%d %B %Y"),
        (["12 May 2026", "13/06/2026"], Kind.CATEGORY, "mixed"),
        (['{"a": 1}', "[1, 2]"], Kind.NESTED, ""),
        (["NA", "?", "-"], Kind.CATEGORY, ""),
        (["1e3", "nan", "-inf"], Kind.NUMBER, ""),
    ],
)
def test_kinds(tmp_path: Path, cells: list[str], kind: Kind, written: str) -> None:
    table = read(tmp_path, "x|y\n" + "".join(f"{cell}|w\n" for cell in cells * 3))
    assert (table["x"].kind, table["x"].format) == (kind, written)


def test_zones_become_one_clock(tmp_path: Path) -> None:
    table = read(tmp_path, "x|y\n2026-05-12T08:00:00Z|a\n2026-05-12T10:00:00+02:00|b\n")
    assert values(table, "x") == [datetime(2026, 5, 12, 8)] * 2


def test_epochs_only_where_the_name_says_time(tmp_path: Path) -> None:
    table = read(tmp_path, "created_at,amount\n1778572800,1778572800\n1778572860,1778572861\n")
    assert table["created_at"].kind is Kind.TIME
    assert table["created_at"].format == "epoch seconds"
    assert table["amount"].kind is Kind.NUMBER
    assert values(table, "created_at")[0] == datetime(2026, 5, 12, 8)


def test_tokens_are_counted(tmp_path: Path) -> None:
    table = read(tmp_path, "x,y\n" + "1,a\nNA,?\n,b\n  ,null\n2,unknown\n")
    assert dict(table["x"].tokens) == {"NA": 1, "": 2}
    assert dict(table["y"].tokens) == {"?": 1, "null": 1}
    assert values(table, "x") == [1, None, None, None, 2]


LATE = {
    "leading zero": "007,1.5,red,2026-05-01\n",
    "fraction": "1.5,1.5,red,2026-05-01\n",
    "text": "abc,1.5,red,2026-05-01\n",
    "token": "NA,NA,NA,NA\n",
    "zone": "1,1.5,red,2026-05-01T08:00:00+02:00\n",
    "infinite": "1,inf,red,2026-05-01\n",
    "blank": " ,1.5, ,2026-05-01\n",
    "scientific": "1e3,1e-3,red,2026-05-01\n",
    "number among words": "1,1.5,12,2026-05-01\n",
    "empty": ",,,\n1,2.5,red,2026-05-01\n",
    "nothing": "",
}


@pytest.mark.parametrize("late", LATE)
def test_both_ways_decide_the_same(tmp_path: Path, late: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Few first rows, so that the odd one comes after the decision.
    monkeypatch.setattr(typed, "HEAD_ROWS", 100)
    monkeypatch.setattr(typed, "SMALL", 0)
    data = "whole,real,word,day\n" + ROWS * 4 + LATE[late]
    (tmp_path / "a.csv").write_text(data)
    names = {f"c{i}": name for i, name in enumerate(("whole", "real", "word", "day"))}
    source = typed.Source(tmp_path / "a.csv", ",", 1, names)
    results = []
    for eager in (True, False):
        target = tmp_path / f"{eager}.parquet"
        done = typed.write(source, target, Caps(), eager=eager)
        with duckdb.connect() as con:
            rows = con.execute(f"SELECT * FROM read_parquet('{target}')").fetchall()
        kinds = {k: (c.kind, c.integer, c.format, c.tokens) for k, c in sorted(done.choices.items())}
        results.append((done.rows, kinds, repr(rows)))
    assert results[0] == results[1]


def test_gzip_excel_and_parquet_give_the_same_table(tmp_path: Path) -> None:
    plain = read(tmp_path, PLAIN)
    packed = read(tmp_path, gzip.compress(PLAIN.encode()), "t.csv")
    book = openpyxl.Workbook()
    book.active.title = "empty"
    sheet = book.create_sheet("data")
    for index, line in enumerate(PLAIN.splitlines()):
        cells = line.split(",")
        typed_cells = [int(cells[0]), float(cells[1]), cells[2], datetime.fromisoformat(cells[3])] if index else cells
        sheet.append(typed_cells)
    book.save(tmp_path / "t.xlsx")
    excel = read_table(tmp_path / "t.xlsx", tmp_path / "x", name="t")
    with duckdb.connect() as con:
        con.execute(f"COPY (FROM read_csv('{tmp_path}/t.csv', compression='gzip')) TO '{tmp_path}/p.parquet'")
    parquet = read_table(tmp_path / "p.parquet", tmp_path / "p", name="t")
    assert "data" in str(excel.reading.notes[0])
    for table in (packed, excel, parquet):
        assert table.columns == plain.columns
        assert [values(table, n) for n in table.names] == [values(plain, n) for n in plain.names]


def test_parquet_types(tmp_path: Path) -> None:
    with duckdb.connect() as con:
        con.execute(
            "COPY (SELECT [1, 2] AS list, {'a': 1} AS struct, true AS flag, 'NA' AS token, '1.5' AS text, "
            "1.5::DECIMAL(9, 2) AS dec, "
            f"'x' AS \"q\"\"'; DROP\", NULL::INTEGER AS gone) TO '{tmp_path}/p.parquet'"
        )
    table = read_table(tmp_path / "p.parquet", tmp_path / "p", name="t")
    kinds = [Kind.NESTED, Kind.NESTED, Kind.CATEGORY, Kind.CATEGORY, Kind.CATEGORY, Kind.NUMBER, Kind.CATEGORY, Kind.NUMBER]
    assert [c.kind for c in table] == kinds
    assert values(table, "flag") == ["True"]
    assert values(table, "token") == ["NA"]
    assert table["text"].format == "mixed"
    assert table["gone"].tokens == (("", 1),)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"\n\n\n", "blank lines"),
        (b"a,b,c\n", "no rows"),
        (bytes(range(256)) * 50, "binary"),
        (b"\x80\x04\x95\x00abc", "pickle"),
        (b"%PDF-1.7 abc", "PDF"),
        (b"PAR1 broken", "damaged"),
        (b"\x1f\x8bbroken", "damaged"),
        (gzip.compress(PLAIN.encode())[:-20], "in the middle"),
        (gzip.compress(gzip.compress(PLAIN.encode())), "packed twice"),
        (b"PK\x03\x04broken", "damaged"),
        (b"a,b\n" + b"x" * 1_200_000 + b",1\n", "longer than"),
        (b",".join(b"c%d" % i for i in range(2500)) + b"\n" + b",".join([b"1"] * 2500) + b"\n", "2,500 columns"),
    ],
)
def test_refused_in_one_plain_sentence(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(BadInput, match=says) as refused:
        read(tmp_path, data)
    assert str(refused.value).endswith(".")
    assert not list((tmp_path / "out").iterdir())


def test_caps_hold_and_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_CLINIC_MAX_ROWS", "10")
    assert Caps().rows == 10
    with pytest.raises(BadInput, match="more than 10 rows"):
        read(tmp_path, PLAIN)
    with pytest.raises(BadInput, match="bytes"):
        read(tmp_path, PLAIN, caps=Caps(bytes=100))
    bomb = gzip.compress(b"a,b\n" * 2**22)
    with pytest.raises(BadInput, match="unpacks"):
        read(tmp_path, bomb, caps=Caps(unpacked=2**20))


def test_options_overrule(tmp_path: Path) -> None:
    assert read(tmp_path, "a;b\n1;2\n", options=Options(header_rows=0)).rows == 2
    assert read(tmp_path, "a,b;c\n1,2;3\n", options=Options(delimiter=";")).names == ("a,b", "c")
    assert read(tmp_path, "a,b\n", options=Options(allow_empty=True)).rows == 0
    with pytest.raises(BadInput, match="no encoding"):
        read(tmp_path, "a,b\n1,2\n", options=Options(encoding="martian"))


def test_same_bytes_same_result(tmp_path: Path) -> None:
    first = read(tmp_path, PLAIN)
    content = first.path.read_bytes()
    again = read(tmp_path, PLAIN)
    assert again == first
    assert again.path.read_bytes() == content
    assert read(tmp_path, PLAIN + "1,2,red,2026-01-01\n").fingerprint != first.fingerprint


def test_empty_column_takes_the_kind_of_the_other_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,when,y\n1.5,2026-05-01,a\n2.5,2026-05-02,b\n")
    (tmp_path / "b.csv").write_text("x,when,y\n,,a\nNA,,b\n")
    reference = read_table(tmp_path / "a.csv", tmp_path / "out", name="reference")
    current = read_table(tmp_path / "b.csv", tmp_path / "out", name="current")
    adopted = adopt_kinds(current, reference)
    assert [c.kind for c in adopted] == [c.kind for c in reference]
    assert values(adopted, "x") == [None, None]
    assert Table.load(tmp_path / "out" / "current.json") == adopted
    assert adopted.fingerprint != current.fingerprint
    assert adopt_kinds(reference, adopted) is reference


@pytest.mark.parametrize("late", ["", "9,1.5,r\0d,2026-05-01\n", "9,1.5,r\u00e9d,2026-05-01\n", "9,x,red,2026-05-01\n", "1,2\n"])
def test_large_files_are_looked_at_on_the_side_with_the_same_result(
    tmp_path: Path, late: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ("whole,real,word,day\n" + ROWS * 40 + late + ROWS).encode("latin-1")
    expected = read(tmp_path, data)
    rows = [values(expected, name) for name in expected.names]
    monkeypatch.setattr(reader, "BIG", 0)
    monkeypatch.setattr(typed, "SMALL", 0)
    table = read(tmp_path, data)
    assert table.columns == expected.columns
    assert (table.fingerprint, table.rows, table.reading.rejected) == (
        expected.fingerprint,
        expected.rows,
        expected.reading.rejected,
    )
    assert [values(table, name) for name in table.names] == rows


def test_endless_line_in_a_large_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BIG", 0)
    with pytest.raises(BadInput, match="longer than"):
        read(tmp_path, PLAIN.encode() * 50 + b"x" * 3_000_000)
