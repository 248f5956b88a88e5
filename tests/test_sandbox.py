"""Hostile models, made here: each gets one plain sentence within its time, and the app goes on."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.sandbox import isolation
from diagnostics.sandbox.confine import Limits
from diagnostics.sandbox.isolation import ROOT, WORDS, Isolation
from diagnostics.sandbox.model import Model
from diagnostics.sandbox.pickled import program
from diagnostics.sandbox.process import Process
from diagnostics.sandbox.wire import LENGTH, Broken, Frame, pack, unpack
from tests import onnx_graphs as graphs

ROWS = Frame({"rows": 4}, {"x": np.arange(8.0).reshape(4, 2)})
SHORT = Limits(memory=2**29, seconds=3.0)
PATIENT = Limits(memory=2**29, seconds=20.0)


def refused(path: Path, limits: Limits = PATIENT, rows: Frame = ROWS) -> str:
    """The sentence that opening or asking ends with; the app must have it within 30 seconds."""
    began = time.monotonic()
    with pytest.raises(NotApplicable) as raised:
        Model(path, limits).answer(rows)
    assert time.monotonic() - began < 30
    assert raised.value.needs == "model"
    said = raised.value.statement(Words())
    assert said
    assert "Traceback" not in said
    return said


def external(name: str, location: str) -> object:
    tensor = graphs.array(name, [[1.0], [2.0]])
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "8")):
        tensor.external_data.add(key=key, value=value)
    return tensor


def test_an_honest_model_answers(tmp_path: Path) -> None:
    model = Model(graphs.linear(tmp_path / "model.onnx", [1.0, 2.0], 3.0), PATIENT)
    replies = model.replies(ROWS)
    assert replies.told.scores is not None
    assert replies.told.scores[:, 0].tolist() == [5.0, 11.0, 17.0, 23.0]
    assert model.description.inputs[0].width == 2
    model.close()


def test_an_endless_loop_is_stopped(tmp_path: Path) -> None:
    body = [helper.make_node("Abs", ["carried"], ["carried out"])]
    assert "seconds" in refused(graphs.loop(tmp_path / "model.onnx", body), SHORT)


def test_a_loop_that_grows_is_stopped(tmp_path: Path) -> None:
    body = [helper.make_node("Concat", ["carried", "carried"], ["carried out"], axis=0)]
    assert "memory" in refused(graphs.loop(tmp_path / "model.onnx", body))


def test_terabytes_are_not_given(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ConstantOfShape", ["size"], ["much"]),
        helper.make_node("ReduceSum", ["much"], ["sum"], keepdims=0),
        helper.make_node("Add", ["x", "sum"], ["y"]),
    ]
    answer = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2])]
    path = graphs.saved(tmp_path / "model.onnx", nodes, outputs=answer, held=[graphs.array("size", [2**40], "int64")])
    assert "memory" in refused(path)


@pytest.mark.parametrize("location", ["/etc/passwd", "../../../../etc/passwd", "weights.bin", "/proc/self/environ"])
def test_numbers_in_another_file_are_refused(tmp_path: Path, location: str) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    said = refused(graphs.saved(tmp_path / "model.onnx", nodes, held=[external("w", location)]))
    assert "another file" in said
    assert "root:" not in said


def test_numbers_in_another_file_inside_a_loop_are_refused(tmp_path: Path) -> None:
    constant = helper.make_node("Constant", [], ["w"], value=external("w", "/etc/passwd"))
    body = [constant, helper.make_node("MatMul", ["carried", "w"], ["carried out"])]
    assert "another file" in refused(graphs.loop(tmp_path / "model.onnx", body, trips=1))


def test_custom_operators_are_refused(tmp_path: Path) -> None:
    nodes = [helper.make_node("RunAnything", ["x"], ["y"], domain="evil.example", library="/tmp/evil.so")]
    said = refused(graphs.saved(tmp_path / "model.onnx", nodes, domains=["evil.example"]))
    assert "RunAnything" in said


def test_a_function_that_calls_itself_ends(tmp_path: Path) -> None:
    call = helper.make_node("Again", ["x"], ["y"], domain="own")
    function = helper.make_function("own", "Again", ["x"], ["y"], [call], [helper.make_opsetid("own", 1)])
    refused(graphs.saved(tmp_path / "model.onnx", [call], domains=["own"], functions=[function]), SHORT)


@pytest.mark.parametrize("name", ["model.onnx", "model.skops"])
@pytest.mark.parametrize("content", [b"", b"\x08", b"PK\x03\x04 cut off", b"\xff" * 4096], ids=["empty", "byte", "zip", "noise"])
def test_damaged_files_are_told(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert "no whole" in refused(tmp_path / name)


def test_a_truncated_model_is_told(tmp_path: Path) -> None:
    path = graphs.linear(tmp_path / "model.onnx", [1.0] * 500)
    path.write_bytes(path.read_bytes()[:-900])
    assert refused(path)


class Harmful:
    def __reduce__(self) -> object:
        return os.system, ("touch canary",)


@pytest.mark.parametrize("name", ["model.onnx", "model.skops", "model.pkl", "model.joblib"])
def test_a_pickle_under_any_name_is_never_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(pickle.dumps(Harmful()))
    refused(tmp_path / name)
    assert not (tmp_path / "canary").exists()
    assert not (ROOT / "canary").exists()


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("schema.json", "w") as entry:
            for _ in range(600):
                entry.write(b"\0" * 2**20)
        archive.writestr("../../escape.npy", b"")
    assert "far more" in refused(path)
    assert not (tmp_path.parent.parent / "escape.npy").exists()


def test_a_bomb_that_lies_about_its_size_is_stopped(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b"[" * 30_000_000)
    raw = bytearray(content.getvalue())
    place = raw.rfind(b"PK\x01\x02")
    raw[place + 24 : place + 28] = (1000).to_bytes(4, "little")
    (tmp_path / "model.skops").write_bytes(raw)
    refused(tmp_path / "model.skops")


def test_a_deep_schema_is_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.skops", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b'{"a":' * 200_000 + b"1" + b"}" * 200_000)
    refused(tmp_path / "model.skops")


def test_types_that_skops_does_not_trust_are_refused(tmp_path: Path) -> None:
    import skops.io

    skops.io.dump(make_pipeline(FunctionTransformer(os.system), LogisticRegression()), tmp_path / "model.skops")
    assert "posix.system" in refused(tmp_path / "model.skops")


def test_an_archive_that_names_modules_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    schema = {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "__id__": 1, "protocol": 2}
    schema |= {"content": {"module_path": "os", "function": "system"}, "_skops_version": "0.16.0"}
    with zipfile.ZipFile(tmp_path / "model.skops", "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))
    refused(tmp_path / "model.skops")


def test_answers_that_match_no_rows_are_told(tmp_path: Path) -> None:
    nodes = [helper.make_node("ReduceMean", ["x"], ["y"], axes=[0], keepdims=1)]
    assert "rows" in refused(graphs.saved(tmp_path / "model.onnx", nodes))


def test_a_huge_answer_is_not_taken(tmp_path: Path) -> None:
    nodes = [helper.make_node("Tile", ["x", "often"], ["y"])]
    wide = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    refused(graphs.saved(tmp_path / "model.onnx", nodes, outputs=wide, held=[graphs.array("often", [1, 10_000], "int64")]))


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "model.onnx").open("wb") as file:
        file.truncate(2**29 + 1)
    assert "512 MB" in refused(tmp_path / "model.onnx")


def test_an_error_of_the_model_is_one_sentence(tmp_path: Path) -> None:
    path = graphs.linear(tmp_path / "model.onnx", [1.0, 2.0])
    assert "error" in refused(path, rows=Frame({"rows": 4}, {"x": np.zeros((4, 7))}))


ATTEMPTS = """
import os, resource, socket, subprocess, sys, threading
from diagnostics.sandbox.confine import Limits, bound, give_up_rights
report = os.dup(1)
file = sys.argv[1]
open(file, "w").close()
parent = os.getppid()
give_up_rights()
bound(Limits(memory=2**28))
def bomb():
    while True:
        os.fork()
tries = {
    "fork": bomb,
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "start": lambda: subprocess.run(["/bin/true"]),
    "connect": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
    "unix": lambda: socket.socket(socket.AF_UNIX),
    "read": lambda: open("/etc/passwd").read(),
    "list": lambda: os.listdir(os.getcwd()),
    "write": lambda: open("/tmp/model-clinic-canary", "w").write("x"),
    "kill": lambda: os.kill(os.getppid(), 0),
    "environ": lambda: open(f"/proc/{os.getppid()}/environ").read(),
    "mode": lambda: os.chmod(file, 0o777),
    "owner": lambda: os.chown(file, os.getuid(), os.getgid()),
    "times": lambda: os.utime(file, (0, 0)),
    "attribute": lambda: os.setxattr(file, "user.model", b"x"),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, parent, 5),
    "processors": lambda: os.sched_setaffinity(parent, {0}),
    "scheduler": lambda: os.sched_setscheduler(parent, os.SCHED_OTHER, os.sched_param(0)),
    "limits": lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE, resource.prlimit(parent, resource.RLIMIT_NOFILE)),
    "own priority": lambda: os.nice(1),
    "memory": lambda: bytearray(2**30),
    "files": lambda: [open(os.__file__) for _ in range(200)],
}
for name, attempt in tries.items():
    try:
        attempt()
        outcome = "done"
    except (OSError, MemoryError) as error:
        outcome = type(error).__name__
    os.write(report, f"{name.replace(' ', '-')} {outcome}\\n".encode())
"""


def test_what_was_given_up_is_gone(tmp_path: Path) -> None:
    if isolation.isolation() is Isolation.LIMITS:
        pytest.skip("this system has neither Landlock nor bubblewrap")
    done = subprocess.run(
        [sys.executable, "-c", ATTEMPTS, str(tmp_path / "file")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = dict(line.split() for line in done.stdout.splitlines())
    assert len(told) == 21, done.stderr
    assert [name for name, outcome in told.items() if outcome == "done"] == []


def test_a_tree_that_points_outside_its_memory_brings_down_its_process_alone(tmp_path: Path) -> None:
    import skops.io
    from sklearn.tree import DecisionTreeRegressor

    fitted = DecisionTreeRegressor().fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
    state = fitted.tree_.__getstate__()
    state["nodes"]["left_child"][0] = state["nodes"]["right_child"][0] = 2**40
    fitted.tree_.__setstate__(state)
    skops.io.dump(fitted, tmp_path / "model.skops")
    assert refused(tmp_path / "model.skops", rows=Frame({"rows": 2, "columns": ["a"]}, {"c0": np.array([0.0, 1.0])}))


@pytest.mark.parametrize(
    "trees", [RandomForestClassifier(5), HistGradientBoostingClassifier(max_iter=5)], ids=["forest", "boosted"]
)
def test_trees_from_skops_answer(tmp_path: Path, trees: RandomForestClassifier) -> None:
    import skops.io

    x = np.arange(80.0)[:, None]
    skops.io.dump(trees.fit(x, x[:, 0] > 40), tmp_path / "model.skops")
    model = Model(tmp_path / "model.skops")
    told = model.answer(Frame({"rows": 80, "columns": ["a"]}, {"c0": x[:, 0]}))
    model.close()
    assert told.labels is not None
    assert told.labels.tolist() == [str(v) for v in trees.predict(x).tolist()]


def test_bubblewrap_is_given_nothing_of_the_incidents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "isolation", lambda: Isolation.BUBBLEWRAP)
    words = isolation.command()
    assert "--unshare-all" in words
    assert "--die-with-parent" in words
    bound = [Path(words[n + 1]) for n, word in enumerate(words) if word.startswith("--ro-bind")]
    assert not any(path in (ROOT, Path("/"), Path.home(), Path("/etc"), Path("/tmp")) or path == ROOT / "var" for path in bound)


def test_the_child_sees_none_of_the_secrets_of_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hidden")
    assert "hidden" not in repr(isolation.environment())


def test_the_isolation_is_told_in_words() -> None:
    assert set(WORDS) == set(Isolation)
    assert WORDS[isolation.isolation()].endswith(".")


def test_a_child_that_talks_nonsense_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    for said in ("b'\\xff' * 4096", "(2**40).to_bytes(8, 'big')", "(8).to_bytes(8, 'big') + b'\\0' * 8"):
        program = [sys.executable, "-c", f"import sys; sys.stdout.buffer.write({said}); sys.stdout.flush(); input()"]
        monkeypatch.setattr(isolation, "command", lambda program=program: program)
        with pytest.raises(NotApplicable):
            Process(Frame(), SHORT)


def test_a_child_that_does_not_listen_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    program = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(isolation, "command", lambda: program)
    with pytest.raises(NotApplicable) as raised:
        Process(Frame({}, {"much": np.zeros(10**6)}), Limits(seconds=1.0))
    assert "seconds" in raised.value.statement(Words())


def test_an_idle_process_is_started_again(tmp_path: Path) -> None:
    model = Model(graphs.linear(tmp_path / "model.onnx", [1.0, 2.0]), PATIENT)
    model.close()
    assert model.answer(ROWS).scores is not None
    model.close()


def test_skops_answers_with_classes_and_shows_its_scaler(tmp_path: Path) -> None:
    import pandas as pd
    import skops.io

    rows = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [5.0, 1.0, 4.0, 2.0]})
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, ["no", "no", "yes", "yes"])
    skops.io.dump(fitted, tmp_path / "model.skops")
    model = Model(tmp_path / "model.skops")
    asked = Frame({"rows": 4, "columns": ["a", "b"]}, {"c0": rows["a"].to_numpy(), "c1": rows["b"].to_numpy()})
    told = model.answer(asked)
    model.close()
    assert told.labels is not None
    assert told.labels.tolist() == ["no", "no", "yes", "yes"]
    assert told.scores is not None
    assert np.array_equal(told.scores, fitted.predict_proba(rows))
    assert told.classes == ("no", "yes")
    assert model.description.scalers[0].mean == (1.5, 3.0)


def test_a_pickle_is_written_out_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "system('touch canary')" in program(pickle.dumps(Harmful()))
    assert not (tmp_path / "canary").exists()
    assert not (ROOT / "canary").exists()


@pytest.mark.parametrize("content", [b"", b"no pickle", b"\x80\x04", b"(" * 100_000 + b"."], ids=["empty", "text", "cut", "deep"])
def test_a_pickle_that_cannot_be_written_out(content: bytes) -> None:
    assert program(content) == ""


def test_a_pickle_that_grows_when_it_is_written_out_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.sandbox.pickled.LIMITS", SHORT)
    doubled = b"".join(b"h" + bytes([n]) + b"h" + bytes([n]) + b"\x86\x94" for n in range(40))
    assert program(b"\x80\x04)\x94" + doubled + b".") == ""


def test_frames_come_back_as_they_went() -> None:
    sent = Frame({"rows": 2}, {"x": np.array([[1.0, np.nan], [3.0, 4.0]]), "none": np.empty((0, 3))}, {"w": ["a", None, "é"]})
    back = unpack(pack(sent)[LENGTH:])
    assert back.meta == sent.meta
    assert back.texts == sent.texts
    assert np.array_equal(back.arrays["x"], sent.arrays["x"], equal_nan=True)
    assert back.arrays["none"].shape == (0, 3)


def test_broken_frames_are_told_apart_from_whole_ones() -> None:
    rng = np.random.default_rng(0)
    whole = pack(Frame({"a": 1}, {"x": np.arange(6.0)}, {"t": ["word"]}))[LENGTH:]
    for _ in range(3_000):
        mutant = bytearray(whole[: rng.integers(0, len(whole) + 1)])
        for place in rng.integers(0, max(1, len(mutant)), 3):
            if mutant:
                mutant[place % len(mutant)] = rng.integers(0, 256)
        try:
            unpack(bytes(mutant))
        except Broken:
            continue
