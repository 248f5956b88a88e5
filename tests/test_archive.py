from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from diagnostics.nouns.refusal import BadInput
from diagnostics.read.archive import ArchiveCaps, unpack


def packed(folder: Path, files: dict[str, bytes]) -> Path:
    archive = folder / "incident.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return archive


def test_a_zip_of_the_folder_itself_is_unwrapped(tmp_path: Path) -> None:
    archive = packed(tmp_path, {"may/reference.csv": b"a\n1\n", "may/logs/app.log": b"x\n", "__MACOSX/may/._x": b""})
    unpack(archive, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").rglob("*") if p.is_file()) == ["app.log", "reference.csv"]


@pytest.mark.parametrize(
    "name",
    ["../evil.csv", "/etc/passwd", "logs/../../x", "logs/a/b.log", "reference.exe", "logs/..", "C:\\x", "logs\\x.log", "logs/.x"],
)
def test_paths_outside_the_contract_are_refused_and_nothing_stays(tmp_path: Path, name: str) -> None:
    archive = packed(tmp_path, {"reference.csv": b"a\n1\n", name: b"x"})
    with pytest.raises(BadInput):
        unpack(archive, tmp_path / "out")
    assert {p.name for p in tmp_path.rglob("*")} == {"incident.zip"}


def test_bombs_are_refused(tmp_path: Path) -> None:
    archive = packed(tmp_path, {"logs/app.log": b"0" * 60_000_000})
    with pytest.raises(BadInput, match="unpack"):
        unpack(archive, tmp_path / "out")
    many = packed(tmp_path, {f"logs/{n}.log": b"" for n in range(20)})
    with pytest.raises(BadInput, match="20 files"):
        unpack(many, tmp_path / "out", caps=ArchiveCaps(files=10))


def test_what_is_no_archive_is_said_plainly(tmp_path: Path) -> None:
    broken = tmp_path / "incident.zip"
    broken.write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(BadInput, match="not a zip archive"):
        unpack(broken, tmp_path / "out")
