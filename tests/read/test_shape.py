"""Where the table begins and ends, which records are rows, and which characters separate cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.nouns.table import Kind
from diagnostics.read.agree import agree
from diagnostics.read.caps import Options
from diagnostics.read.folder import assemble
from diagnostics.read.reader import read_table
from tests.read.given import notes, read, values


@pytest.mark.parametrize("inside", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_line_ends_in_quotes_are_no_record_ends(tmp_path: Path, inside: str, end: str) -> None:
    table = read(tmp_path, end.join(["id,note,v", f'1,"a{inside}b",2', '2,"c",3', ""]))
    assert values(table, "note") == [f"a{inside}b", "c"]
    assert table.rows == 2


def test_texts_of_a_hundred_lines(tmp_path: Path) -> None:
    review = "\n".join(f"Line {i}, with a comma." for i in range(100))
    table = read(tmp_path, "id,review,stars\n" + "".join(f'{i},"{review}",{i % 5}\n' for i in range(30)))
    assert (table.rows, table.names) == (30, ("id", "review", "stars"))
    assert values(table, "review")[29] == review


@pytest.mark.parametrize(
    "data", ["a,b,c\n1,2,3\n4,5,6\n" + "\n" * 30, "a,b,c\n\n1,2,3\n\n4,5,6\n\n", "a,b,c\n1,2,3\n4,5,6\n\x1a"]
)
def test_blank_lines_are_no_evidence(tmp_path: Path, data: str) -> None:
    table = read(tmp_path, data)
    assert (table.rows, table.names, table.reading.rejected_count) == (2, ("a", "b", "c"), 0)


@pytest.mark.parametrize(
    ("data", "name", "cells"),
    [
        ("seen_at\n2026-01-05 13:02:03\n2026-01-05 13:05:03\n2026-01-06 13:02:09\n", "seen_at", 3),
        ("opened\n05:40\n21:30\n17:45\n", "opened", 3),
        ("link\nhttps://a.example:80/x\nhttps://b.example:80/y\n", "link", 2),
        ("remarks\nd;e;f\ng;h;i\n", "remarks", 2),
    ],
)
def test_one_column_stays_one(tmp_path: Path, data: str, name: str, cells: int) -> None:
    table = read(tmp_path, data)
    assert (table.names, table.rows) == ((name,), cells)


def test_a_header_one_name_short_names_the_last_columns(tmp_path: Path) -> None:
    table = read(tmp_path, '"mpg","cyl"\n"Mazda RX4",21,6\n"Datsun 710",22.8,4\n"Hornet",21.4,6\n')
    assert table.names == ("row_name", "mpg", "cyl")
    assert values(table, "cyl") == [6, 4, 6]
    assert "names of rows" in notes(table)
    again = read(tmp_path, "a,b\n1,x,\n1,y,\n2,z,\n")
    assert again.names[:2] == ("a", "b")


def _numbered(folder: Path, first: str) -> Path:
    (folder / "n.csv").write_text(f"{first},x,y\n" + "".join(f"{i},{i % 7},w\n" for i in range(40)))
    return folder / "n.csv"


@pytest.mark.parametrize("first", ["", "Unnamed: 0", "index", "__index_level_0__"])
def test_a_column_that_counts_the_rows_is_harmless(tmp_path: Path, first: str) -> None:
    table = read_table(_numbered(tmp_path, first), tmp_path / "out", name="reference")
    assert table.columns[0].format == "row number"
    other = read(tmp_path, "x,y\n" + "".join(f"{i % 7},w\n" for i in range(40)))
    incident = assemble(None, {}, table, other)
    assert incident.reference is not None
    assert incident.reference.names == ("x", "y")
    named = assemble(None, {"id": table.names[0]}, table, None)
    assert named.reference is not None
    assert named.reference.names == table.names


def test_a_column_of_numbers_with_a_name_of_its_own_stays(tmp_path: Path) -> None:
    assert read_table(_numbered(tmp_path, "age"), tmp_path / "out", name="a").columns[0].format == ""
    table = read(tmp_path, "".join(f"{i},{i % 7},w\n" for i in range(40)))
    assert table.columns[0].format == ""


@pytest.mark.parametrize("quote", ["", '"'])
def test_notes_and_totals_below_are_set_aside(tmp_path: Path, quote: str) -> None:
    rows = [["region", "units", "revenue", "x"], *[[f"r{i}", str(i), f"{i}.5", "1"] for i in range(30)]]
    rows += [["Total", "435", "450", "30"], ["", "", "", ""], ["Source: the shop", "", "", ""]]
    table = read(tmp_path, "".join(",".join(f"{quote}{cell}{quote}" for cell in row) + "\n" for row in rows))
    assert table.rows == 30
    assert [(r.line, r.reason.split()[1]) for r in table.reading.rejected] == [(32, "total"), (33, "empty"), (34, "note")]
    assert table["units"].kind is Kind.NUMBER


def test_a_total_inside_the_table_is_a_row(tmp_path: Path) -> None:
    table = read(tmp_path, "kind,n\nsum,1\ntotal,2\nmean,3\nsum,4\ntotal,5\n")
    assert table.rows == 5


def test_comments_are_set_aside_with_their_line(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b\n1,2\n# note: sensor replaced\n3,4\n5,6\n")
    assert [(r.line, r.reason) for r in table.reading.rejected] == [(3, "a comment that begins with #")]
    assert values(table, "a") == [1, 3, 5]
    assert read(tmp_path, "tag,b\n#x,2\n#y,3\n#z,4\n").rows == 3


def test_quotes_that_guard_nothing(tmp_path: Path) -> None:
    table = read(tmp_path, '\nName;Given;Born\n"\tKim;Lee"\t;1980\n"\tPark;Ann"\t;1985\n')
    assert (table.rows, table.names) == (2, ("Name", "Given", "Born"))
    assert values(table, "Born") == [1980, 1985]


def test_skipped_lines_and_header_can_be_stated(tmp_path: Path) -> None:
    data = "made,by,us\nx,y,z\n1,2,3\n4,5,6\n"
    table = read(tmp_path, data, options=Options(skip_rows=1, header_rows=1))
    assert (table.names, table.rows) == (("x", "y", "z"), 2)
    table = read(tmp_path, data, options=Options(skip_rows=2, header_rows=0))
    assert table.rows == 2


@pytest.mark.parametrize("columns", [150, 700])
def test_wide_tables_stay_within_bounds(tmp_path: Path, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_CLINIC_MEMORY", "400MB")
    names = ",".join(f"c{i}" for i in range(columns))
    rows = [",".join("yes" if (i * j) % 3 else "no" for i in range(columns)) for j in range(100)]
    table = read(tmp_path, "\n".join([names, *rows]) + "\n")
    assert (table.rows, len(table.columns)) == (100, columns)
    assert values(table, f"c{columns - 1}")[0] == "no"
    assert agree(table, table)[0].names == table.names


@pytest.mark.parametrize("cell", ["{i}", "{i}.25", "0.{i}"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_marks_inside_clocks_separate_no_cells_below_two_names(tmp_path: Path, cell: str, mark: str) -> None:
    rows = [f"2026-05-12 00:{i:02}:00{mark}{cell.format(i=1000 + i)}" for i in range(40)]
    table = read(tmp_path, "\n".join([f"ts{mark}memory_mb", *rows]))
    assert (table.names, [column.kind for column in table]) == (("ts", "memory_mb"), [Kind.TIME, Kind.NUMBER])


ROWS = [f"C{i},{i}.5,red" for i in range(1, 9)]
PLAIN = ["id,n,c", *ROWS]


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        ([f'"{line}"' for line in PLAIN], 8),
        (["id,n,c", *('="' + line.replace(",", '",', 1) for line in ROWS)], 8),
        (["id,n,c", "--,--,--", *ROWS], 8),
        (["id,n,c", "string,double,string", *ROWS], 8),
        ([f"|{line.replace(',', '|')}|" for line in ("id,n,c", "--,--,--", *ROWS)], 8),
        ([line.replace(",", "!") for line in PLAIN], 8),
        ([line.replace(",", "þ") for line in PLAIN], 8),
        ([*PLAIN, ",40.0,"], 8),
        ([*PLAIN, ",41.0,"], 9),
        ([f"{line}," for line in PLAIN], 8),
        ([*PLAIN, "\0" * 200], 8),
    ],
    ids=["quoted lines", "formulas", "rules", "types", "markdown", "bang", "thorn", "sum", "no sum", "edge", "zeros"],
)
def test_what_programs_add_is_no_part_of_the_table(tmp_path: Path, lines: list[str], rows: int) -> None:
    table = read(tmp_path, "\n".join(lines) + "\n")
    assert (table.names, table.rows) == (("id", "n", "c"), rows)
    assert values(table, "id")[:8] == [f"C{i}" for i in range(1, 9)]
    assert values(table, "n")[:8] == [i + 0.5 for i in range(1, 9)]


def test_texts_with_blanks_between_cells_that_blanks_separate(tmp_path: Path) -> None:
    names = ["Trail Boots", "Cap", "Silk Scarf of Rome", '"Pillow, Red"', "Hat", "Vest", "Jacket", '"Boxer, 5"']
    lines = [f"2026-01-{i + 1:02d} {i} MG-{i} ${i}.5 {name} 2026" for i, name in enumerate(names)]
    table = read(tmp_path, "day n code price name year\n" + "\n".join(lines) + "\n")
    assert values(table, "name") == [name.strip('"') for name in names]
    assert values(table, "price") == [i + 0.5 for i in range(8)]


def test_turkish_is_told_from_its_neighbours(tmp_path: Path) -> None:
    table = read(tmp_path, "id,renk\n1,kırmızı\n2,yeşil\n3,koyu gri\n".encode("cp1254"))
    assert values(table, "renk") == ["kırmızı", "yeşil", "koyu gri"]
