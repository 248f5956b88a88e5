import gzip
import hashlib
import io
import pickle
import zlib
from dataclasses import replace

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from diagnostics.checks.reproduce.model_file import check as model_file
from diagnostics.checks.reproduce.model_file import pickle_header
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures import reproduce as drawing


class Harmful:
    """Would start a program when it is loaded."""

    def __reduce__(self):
        import os

        return os.system, ("touch canary",)


def found(path, **parts):
    profiled = model_file.profile(replace(Incident(model=path), **parts))
    return profiled, {f.code: f for f in model_file.judge(profiled)}


def fitted():
    return LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_pickle_is_read_without_loading(tmp_path, protocol):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(fitted(), protocol=protocol))
    profiled, findings = found(path)
    (file,) = profiled.files
    assert file.format == "pickle"
    assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert file.header.protocol == (protocol or None)
    assert any(name.startswith("sklearn.linear_model") for name in file.header.names)
    assert dict(file.header.versions)["scikit-learn"][0].isdigit()
    assert file.header.whole
    assert set(findings) == {"REP030"}
    assert "sklearn" in findings["REP030"].statement(Words())
    assert "skops.io.dump(model" in findings["REP030"].evidence["mended"]
    assert drawing.model_file(profiled, findings["REP030"], Words()) is not None


@pytest.mark.parametrize("pack", [lambda b: b, gzip.compress, zlib.compress])
def test_a_harmful_pickle_is_named_and_not_run(tmp_path, monkeypatch, pack):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.joblib"
    path.write_bytes(pack(pickle.dumps(Harmful())))
    profiled, findings = found(path)
    assert "system('touch canary')" in findings["REP031"].evidence["code"]
    assert not (tmp_path / "canary").exists()
    assert drawing.model_file(profiled, findings["REP031"], Words()) is not None


def test_a_joblib_file_with_raw_arrays_is_read_as_far_as_it_goes(tmp_path):
    import joblib

    joblib.dump(fitted(), tmp_path / "model.joblib")
    profiled, findings = found(tmp_path / "model.joblib")
    assert profiled.files[0].format == "joblib"
    assert any("sklearn" in name for name in profiled.files[0].header.names)
    assert set(findings) == {"REP030"}


def test_another_library_version_than_the_one_that_serves(tmp_path):
    path, requirements = tmp_path / "model.pkl", tmp_path / "requirements.txt"
    path.write_bytes(pickle.dumps(fitted()))
    requirements.write_text("numpy==2.4.0\nscikit_learn==0.24.2 ; python_version > '3'\n")
    _, findings = found(path, environment=Sides(None, requirements))
    assert findings["REP032"].evidence["served"] == "0.24.2"


def test_the_same_version_is_silent(tmp_path):
    import sklearn

    path, requirements = tmp_path / "model.pkl", tmp_path / "requirements.txt"
    path.write_bytes(pickle.dumps(fitted()))
    requirements.write_text(f"scikit-learn=={sklearn.__version__}\n")
    assert set(found(path, environment=Sides(None, requirements))[1]) == {"REP030"}


@pytest.mark.parametrize("name", ["model.onnx", "model.skops"])
def test_other_formats_are_recorded_by_their_hash(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x08\x07 anything")
    profiled, findings = found(tmp_path / name)
    assert profiled.files[0].header is None
    assert "identifies it" in findings["REP030"].statement(Words())
    assert "mended" not in findings["REP030"].evidence
    assert drawing.model_file(profiled, None, Words()) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80",
        b"not a pickle",
        b"\x80\x04\x95" + b"\xff" * 40,
        b"cposix\nsystem\n" * 3,
        b"\x1f\x8b\x00broken",
        b"\x78\x9c" + b"0" * 99,
    ],
)
def test_damaged_files_are_recorded(tmp_path, content):
    (tmp_path / "model.pkl").write_bytes(content)
    assert "REP030" in found(tmp_path / "model.pkl")[1]


def test_a_packed_bomb_is_read_within_bounds(monkeypatch):
    monkeypatch.setattr(pickle_header, "READ_CAP", 100_000)
    packed = zlib.compress(b"0" * 50_000_000)
    name, content = pickle_header.unpack(packed[:16], io.BytesIO(packed))
    assert name == "zlib"
    assert len(content) <= 100_000


def test_no_model_file():
    with pytest.raises(NotApplicable) as raised:
        model_file.profile(Incident())
    assert raised.value.needs == "model"


@pytest.mark.parametrize("packed", [0, ("zlib", 3), ("lzma", 3)])
def test_what_joblib_writes_behind_an_array_is_read_too(tmp_path, monkeypatch, packed):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.joblib"
    joblib.dump(fitted(), path, compress=packed)
    header = found(path)[0].files[0].header
    assert header.whole
    assert dict(header.versions)["scikit-learn"][0].isdigit()
    joblib.dump(
        [np.arange(50.0), np.array(["a", None], dtype=object), np.ones((3, 2), order="F"), Harmful()], path, compress=packed
    )
    profiled, findings = found(path)
    assert profiled.files[0].header.harmful == ("posix.system",)
    assert "mended" not in findings["REP030"].evidence
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("protocol", [2, 3])
def test_an_old_joblib_file_without_frames_still_names_what_harms(tmp_path, protocol):
    path = tmp_path / "model.joblib"
    joblib.dump([np.arange(50.0), Harmful()], path, protocol=protocol)
    profiled, findings = found(path)
    assert profiled.files[0].header.harmful == ("posix.system",)
    assert "REP031" in findings


def test_a_file_that_is_cut_off_says_so(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(fitted())[:-60])
    profiled, findings = found(path)
    assert not profiled.files[0].header.whole
    assert "cut off" in findings["REP030"].statement(Words())


@pytest.mark.parametrize(
    "content", [b"\x95" * 2**20, b"\x80\x04\x95\x02" + bytes(7) + b"Nb" * 2**18, b"cnumpy\nndarray\n" * 2**15]
)
def test_bytes_that_look_like_frames_end_soon(content):
    assert not pickle_header.read(content).harmful
