from __future__ import annotations

import errno
import io
import os
import zipfile
from pathlib import Path

import pytest
import yaml

from diagnostics.keep import store
from diagnostics.nouns.incident import Roles
from diagnostics.nouns.refusal import BadInput
from diagnostics.read.folder import TABLE_ENDINGS


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(store.HOME, str(tmp_path / "incidents"))
    return tmp_path / "incidents"


def zip_of(**parts: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return sink.getvalue()


def outside(home: Path) -> set[Path]:
    return {p for p in home.parent.rglob("*") if p.is_file() and home not in p.parents}


def test_ids_are_long_and_never_repeat() -> None:
    made = {store.create() for _ in range(20)}
    assert len(made) == 20
    assert all(store.valid(incident) and store.exists(incident) for incident in made)


@pytest.mark.parametrize(
    "incident", ["", "..", "../../etc", "a" * 21, "a" * 23, "a" * 21 + "/", "a" * 21 + "\n", "." + "a" * 21, "a" * 22 + "\x00"]
)
def test_what_is_no_id_opens_nothing(incident: str) -> None:
    assert not store.exists(incident)
    with pytest.raises(BadInput):
        store.folder(incident)


def test_an_upload_gets_the_name_of_its_part() -> None:
    incident = store.create()
    assert store.save_upload(incident, "reference", "May 2026.CSV", b"a,b\n1,2\n") == "reference.csv"
    assert store.save_upload(incident, "current", "rows.csv.gz", b"\x1f\x8b") == "current.csv.gz"
    assert store.save_upload(incident, "environment/current", "requirements.txt", b"numpy==2\n") == "environment/current.txt"
    assert store.save_upload(incident, "environment/reference", "Dockerfile", b"FROM x\n") == "environment/reference.dockerfile"
    assert store.save_upload(incident, "logs", "service.log", b"x\n") == "logs/service.log"


def test_a_new_table_replaces_the_old_one_and_what_was_read_from_it() -> None:
    incident = store.create()
    store.save_upload(incident, "reference", "a.csv", b"a\n1\n")
    store.work(incident).mkdir()
    (store.work(incident) / "reference.json").write_text("{}")
    before = store.stamp(incident)
    store.save_upload(incident, "reference", "a.parquet", b"PAR1")
    assert [f.name for f in store.files(incident)] == ["incident.yaml", "reference.parquet"]
    assert not (store.work(incident) / "reference.json").exists()
    assert store.stamp(incident) != before


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.log",
        "..\\..\\evil.log",
        "/etc/passwd",
        "C:\\windows\\x.log",
        "a/../../b.log",
        "....//x.log",
        ".ssh",
        "~/.bashrc",
        "x\x00.log",
        "con.log",
        "\u65e5\u5fd7.log",
        "a" * 400 + ".log",
        "-rf",
        "$(touch x).log",
        "`x`.log",
        "\u202egol.txt",
        "..",
        ".",
        "",
        " ",
    ],
)
def test_names_never_lead_out_of_the_incident(name: str, home: Path) -> None:
    incident = store.create()
    path = store.save_upload(incident, "logs", name, b"x\n")
    written = store.folder(incident) / path
    assert written.parent == store.folder(incident) / "logs"
    assert written.read_bytes() == b"x\n"
    assert not written.name.startswith(".")
    assert outside(home) == set()


def test_two_names_that_clean_to_the_same_stay_two_files() -> None:
    incident = store.create()
    store.save_upload(incident, "logs", "日.log", b"1\n")
    store.save_upload(incident, "logs", "月.log", b"2\n")
    assert len(store.files(incident)) == 3


@pytest.mark.parametrize(
    ("part", "name"), [("reference", "x.exe"), ("model", "model.bin"), ("code", "x.sh"), ("reference", "csv")]
)
def test_a_file_of_a_wrong_kind_is_refused_in_one_sentence(part: str, name: str) -> None:
    with pytest.raises(BadInput, match="not of a kind"):
        store.save_upload(store.create(), part, name, b"x")


@pytest.mark.parametrize("ending", TABLE_ENDINGS)
def test_a_table_of_any_kind_that_is_read_can_be_uploaded(ending: str) -> None:
    incident = store.create()
    assert store.save_upload(incident, "current", f"My rows{ending.upper()}", b"x\n1\n") == f"current{ending}"


def test_an_empty_or_too_large_file_is_refused_and_the_old_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    incident = store.create()
    store.save_upload(incident, "current", "a.csv", b"a\n1\n")
    with pytest.raises(BadInput, match="is empty"):
        store.save_upload(incident, "current", "a.csv", b"")
    monkeypatch.setenv(store.CAP, "1")
    with pytest.raises(BadInput, match="larger than 1 MB"):
        store.save_upload(incident, "current", "a.csv", b"x" * 1_000_001)
    assert (store.folder(incident) / "current.csv").read_bytes() == b"a\n1\n"
    assert not list(store.folder(incident).glob(".*.part"))


def test_roles_are_kept_beside_what_was_stated_and_can_be_taken_back() -> None:
    incident = store.create()
    store.save_upload(
        incident, "incident", "incident.yaml", b"title: Churn\nevents:\n- time: 2026-05-12 08:00\n  what: deploy\ntarget: y\n"
    )
    store.write_roles(incident, Roles(target=None, prediction="<b>p</b>: *x*", segments=("a", "b")), task="regression")
    said = yaml.safe_load((store.folder(incident) / "incident.yaml").read_text(encoding="utf-8"))
    assert said["title"] == "Churn"
    assert said["prediction"] == "<b>p</b>: *x*"
    assert said["segments"] == ["a", "b"]
    assert said["events"][0]["what"] == "deploy"
    assert "target" not in said


@pytest.mark.parametrize(
    "text", [b"a: [", b"- 1\n- 2\n", b"!!python/object/apply:os.system ['true']", b"x" * 300_000, b"\xff\xfe"]
)
def test_a_broken_incident_yaml_is_refused_before_it_replaces_anything(text: bytes) -> None:
    incident = store.create()
    with pytest.raises(BadInput, match=r"incident\.yaml"):
        store.save_upload(incident, "incident", "incident.yaml", text)
    assert store.stated(incident) == {"title": "Incident"}


def test_the_title_never_is_the_secret_of_the_link() -> None:
    incident = store.create()
    assert store.stated(incident)["title"] == "Incident"
    store.save_upload(incident, "current", "customers in May.csv", b"a\n1\n")
    assert store.stated(incident)["title"] == "customers in May"


def test_pack_and_restore_give_the_same_files_back() -> None:
    incident = store.create()
    store.save_upload(incident, "reference", "r.csv", b"a\n1\n")
    store.save_upload(incident, "logs", "s.log", b"line\n")
    store.work(incident).mkdir()
    (store.work(incident) / "reference.parquet").write_bytes(b"can be rebuilt")
    packed = store.pack(incident)
    assert packed == store.pack(incident)
    again = store.restore(packed)
    assert again != incident
    assert [(f.name, f.read_bytes()) for f in store.files(again)] == [(f.name, f.read_bytes()) for f in store.files(incident)]
    assert not store.work(again).exists()


@pytest.mark.parametrize(
    "parts",
    [
        {"../evil.csv": b"x"},
        {"/etc/evil": b"x"},
        {"logs/../../evil.log": b"x"},
        {"..\\evil.csv": b"x"},
        {"a/b/c/reference.csv": b"x"},
        {"reference.csv": b"x", "run.sh": b"x"},
        {"logs/.hidden": b"x"},
        {"incident.yaml/x": b"x"},
        {"nested.zip": b"PK"},
        {},
    ],
)
def test_archives_with_foreign_paths_are_refused_and_leave_nothing(parts: dict[str, bytes], home: Path) -> None:
    home.mkdir()
    with pytest.raises(BadInput):
        store.restore(zip_of(**parts))
    assert list(home.iterdir()) == []
    assert outside(home) == set()


def test_a_bomb_is_refused(home: Path) -> None:
    with pytest.raises(BadInput, match="unpack"):
        store.restore(zip_of(**{"reference.csv": b"0" * 120_000_000}))
    assert [p for p in home.iterdir() if p.is_dir()] == []


def test_what_is_no_archive_is_refused() -> None:
    with pytest.raises(BadInput, match="not a zip archive"):
        store.restore(b"hello", name="x.zip")


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_at_any_write_keeps_the_old_version(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = store.create()
    store.save_upload(incident, "current", "a.csv", b"a\n1\n")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        if call == "write":
            patched.setattr(Path, "open", full)
        else:
            patched.setattr(os, call, full)
        with pytest.raises(BadInput, match="No space left on device"):
            store.save_upload(incident, "current", "b.csv", b"a\n2\n")
        with pytest.raises(BadInput, match="No space left on device"):
            store.describe(incident, {"title": "other"})
    assert (store.folder(incident) / "current.csv").read_bytes() == b"a\n1\n"
    assert store.stated(incident)["title"] == "a"
    assert not list(store.folder(incident).glob(".*.part"))


def test_exchanged_tables_keep_their_endings_and_what_was_stated() -> None:
    incident = store.create()
    store.save_upload(incident, "reference", "old.csv", b"a,b\n1,2\n")
    store.save_upload(incident, "current", "new.tsv", b"a\tb\n3\t4\n")
    store.describe(incident, {"target": "b"})
    before = store.stamp(incident)
    store.exchange(incident)
    base = store.folder(incident)
    assert (base / "reference.tsv").read_bytes() == b"a\tb\n3\t4\n"
    assert (base / "current.csv").read_bytes() == b"a,b\n1,2\n"
    assert [file.name for file in store.files(incident)] == ["current.csv", "incident.yaml", "reference.tsv"]
    assert store.stated(incident)["target"] == "b"
    assert store.stamp(incident) != before
    store.exchange(incident)
    assert (base / "reference.csv").read_bytes() == b"a,b\n1,2\n"


def test_one_table_alone_cannot_be_exchanged() -> None:
    incident = store.create()
    store.save_upload(incident, "current", "new.csv", b"a,b\n3,4\n")
    with pytest.raises(BadInput, match="nothing to exchange"):
        store.exchange(incident)
    assert (store.folder(incident) / "current.csv").is_file()
