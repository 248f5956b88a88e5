from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.checks.environment.packages import check as packages
from diagnostics.checks.environment.packages.differences import Difference
from diagnostics.checks.environment.packages.pins import read_environment
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import Words
from tests.checks.test_environment_packages import written

KINDS = {
    "poetry.lock": '[[package]]\nname = "numpy"\nversion = "1.26.4"\n[[package]]\nname = "scikit_learn"\nversion = "1.4.2"\n'
    '[metadata]\npython-versions = "^3.11"\n',
    "uv.lock": 'version = 1\nrequires-python = ">=3.11"\n[[package]]\nname = "numpy"\nversion = "1.26.4"\n[[package]]\n'
    'name = "scikit-learn"\nversion = "1.4.2"\n[[package]]\nname = "shop"\nversion = "0.1"\nsource = { editable = "." }\n',
    "pdm.lock": '[metadata]\n[[metadata.targets]]\nrequires_python = ">=3.11"\n[[package]]\nname = "numpy"\nversion = "1.26.4"\n'
    '[[package]]\nname = "scikit-learn"\nversion = "1.4.2"\n',
    "pylock.toml": 'lock-version = "1.0"\nrequires-python = ">=3.11"\n[[packages]]\nname = "numpy"\nversion = "1.26.4"\n'
    '[[packages]]\nname = "scikit-learn"\nversion = "1.4.2"\n',
    "Pipfile.lock": '{"_meta": {"requires": {"python_version": "3.11"}}, "default": {"numpy": {"version": "==1.26.4"}, '
    '"scikit-learn": {"version": "==1.4.2"}}, "develop": {"pytest": {"version": "==8.0"}}}',
    "pyproject.toml": '[project]\nname = "shop"\nrequires-python = ">=3.11"\n'
    'dependencies = ["numpy==1.26.4", "scikit-learn==1.4.2"]\n',
    "Dockerfile": "FROM python:3.11-slim AS run\n# RUN pip install flask\n"
    "RUN apt-get update && apt-get install -y libgomp1=12.2\n"
    "RUN pip install --no-cache-dir -r more.txt numpy==1.26.4 \\\n  'scikit-learn==1.4.2'\n",
    "export.txt": "# This file may be used to create an environment using:\n# $ conda create --name <env> --file <this file>\n"
    "python=3.11.4=h2755cc3_0\nnumpy=1.26.4=py311h64a7726_0\nscikit-learn=1.4.2=py311hc009520_0\n",
    "explicit.txt": "@EXPLICIT\nhttps://conda.anaconda.org/conda-forge/linux-64/python-3.11.4-hab00c5b_0.conda#abc\n"
    "https://conda.anaconda.org/conda-forge/linux-64/numpy-1.26.4-py311h64a7726_0.conda\n"
    "https://conda.anaconda.org/conda-forge/linux-64/scikit-learn-1.4.2-py311hc009520_0.tar.bz2\n",
    "list.txt": "# packages in environment at /opt/conda:\n#\npython 3.11.4 h2755cc3_0\nnumpy  1.26.4  py311_0  conda-forge\n"
    "scikit-learn 1.4.2 py311_0\n",
    "setup.cfg": "[metadata]\nname = shop\n[options]\npython_requires = >=3.11\ninstall_requires =\n    numpy==1.26.4\n"
    "    scikit-learn==1.4.2\n[options.extras_require]\ndev =\n    pytest\n",
    "setup.py": "from setuptools import setup\nneeded = ['numpy==1.26.4', 'scikit-learn==1.4.2']\n"
    "setup(name='shop', install_requires=needed, python_requires='>=3.11')\n",
    "conda-lock.yml": "version: 1\npackage:\n"
    + "".join(
        f"- name: {name}\n  version: {version}\n  manager: conda\n  platform: linux-64\n"
        for name, version in (("python", "3.11.4"), ("numpy", "1.26.4"), ("scikit-learn", "1.4.2"))
    ),
    "pixi.lock": "version: 6\npackages:\n- conda: https://conda.anaconda.org/conda-forge/linux-64/python-3.11.4-hab00c5b_0.conda\n"
    "- conda: https://conda.anaconda.org/conda-forge/linux-64/numpy-1.26.4-py311_0.conda\n"
    "- pypi: https://files.pythonhosted.org/packages/scikit_learn-1.4.2-cp311-cp311-manylinux_2_17_x86_64.whl\n",
    "inspect.json": '{"version": "1", "installed": [{"metadata": {"name": "numpy", "version": "1.26.4"}}, '
    '{"metadata": {"name": "scikit-learn", "version": "1.4.2"}}], "environment": {"python_full_version": "3.11.4"}}',
    "shown.txt": "System:\n    python: 3.11.4 (main) [GCC 11.4.0]\n\n"
    "Python dependencies:\n      sklearn: 1.4.2\n        numpy: 1.26.4\n",
    "heredoc.Dockerfile": "ARG PY=3.11\nFROM python:${PY}-slim AS base\nFROM base\nENV NUMPY=1.26.4\nRUN <<EOF\napt-get update\n"
    "pip install numpy==$NUMPY\nEOF\nRUN conda install -y -c conda-forge scikit-learn=1.4.2\n",
    "env.yml": "dependencies:\n  - python=3.11\n  - conda-forge::numpy=1.26.4\n  - pip:\n    - scikit-learn==1.4.2\n",
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_gives_python_and_the_pins(tmp_path: Path, name: str) -> None:
    told = read_environment(written(tmp_path, name, KINDS[name]))
    assert {pin.name: pin.shown for pin in told.pins.values()} == {"numpy": "1.26.4", "scikit-learn": "1.4.2"}
    assert told.python is not None
    assert "3.11" in told.python


def test_what_pip_prints_is_read(tmp_path: Path) -> None:
    text = "Package      Version\n------------ -------\nnumpy        1.26.4\nscikit-learn 1.4.2\n"
    assert set(read_environment(written(tmp_path, "list.txt", text)).pins) == {"numpy", "scikit-learn"}
    text = "torch @ https://download.pytorch.org/whl/cu121/torch-2.1.0%2Bcu121-cp311-cp311-linux_x86_64.whl\n-e git+https://x/y#egg=shop\n"
    told = read_environment(written(tmp_path, "freeze.txt", text)).pins
    assert {name: pin.shown for name, pin in told.items()} == {"torch": "2.1.0+cu121", "shop": "*"}


def test_what_powershell_writes_is_read(tmp_path: Path) -> None:
    file = tmp_path / "freeze.txt"
    for encoding in ("utf-16", "utf-16-le", "utf-8-sig"):
        file.write_bytes("numpy==1.26.4\r\npandas==2.2.0\r\n".encode(encoding))
        assert set(read_environment(file).pins) == {"numpy", "pandas"}


def test_packages_of_the_system_come_from_the_dockerfile(tmp_path: Path) -> None:
    text = "FROM nvidia/cuda:12.1.0-base\nRUN apt-get install -y \\\n  libgomp1 git && rm -rf /x\n"
    text += "RUN apk add --no-cache gcc\nRUN pip install numpy\n"
    assert set(read_environment(written(tmp_path, "Dockerfile", text)).system) == {"cuda", "libgomp1", "git", "gcc"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("poetry.lock", KINDS["poetry.lock"][:40]),
        ("Pipfile.lock", KINDS["Pipfile.lock"][:60]),
        ("notes.txt", "The model was trained on Monday.\nThen we shipped it.\nIt broke on Tuesday.\nWe do not know why.\n"),
        ("rows.csv", "id,age,income\n1,2,3\n2,3,4\n3,4,5\n4,5,6\n"),
        ("model.pkl", "\x80\x04\x95"),
        ("list.json", "[1, 2"),
        ("deep.yml", "dependencies: " + "[" * 5000),
        ("bomb.yml", "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1},' * 30}]\n" for i in range(1, 9))),
    ],
)
def test_the_wrong_file_is_said_plainly(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput) as raised:
        read_environment(file)
    assert name in str(raised.value)


def test_a_file_of_a_gigabyte_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "huge.txt"
    with file.open("wb") as stream:
        stream.truncate(1024**3)
    with pytest.raises(BadInput, match="4 MB"):
        read_environment(file)


def differs(tmp_path: Path, before: str, after: str, name: str = "r.txt") -> list[Difference]:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir(exist_ok=True)
    return list(packages.compare(written(folders[0], name, before), written(folders[1], name, after)).differences)


@pytest.mark.parametrize(
    ("before", "after", "level", "severity"),
    [
        ("numpy==1.26.4", "numpy==2.0.1", "major", Severity.CRITICAL),
        ("numpy==1.26.4", "numpy==1.26.3", "patch", Severity.INFO),
        ("pandas==2.3.0", "pandas==3.0.1", "major", Severity.CRITICAL),
        ("scikit-learn==1.2.2", "scikit-learn==1.3.0", "minor", Severity.CRITICAL),
        ("scikit-learn==1.4.0", "scikit-learn==1.4.2", "patch", Severity.WARNING),
        ("protobuf==4.25.3", "protobuf==5.26.0", "major", Severity.CRITICAL),
        ("tensorflow==2.15.0", "tensorflow==2.16.1", "minor", Severity.CRITICAL),
        ("torch==2.1.0+cu121", "torch==2.1.0+cpu", "build", Severity.WARNING),
        ("torch==2.1.0", "torch==2.1.0+cu121", "build", Severity.INFO),
        ("xgboost==1.7.6", "xgboost==2.0.0", "major", Severity.CRITICAL),
        ("requests==2.31.0", "requests==2.32.0rc1", "minor", Severity.WARNING),
        ("requests==2.31.0", "requests>=2.32", "range", Severity.WARNING),
        ("requests==2.31.0", "requests>=2.30", "range", Severity.INFO),
        ("scikit-learn==1.4.2\nflask==3.0", "flask==3.0", "missing", Severity.CRITICAL),
    ],
)
def test_differences_are_told_by_what_they_do(tmp_path: Path, before: str, after: str, level: str, severity: Severity) -> None:
    (found,) = differs(tmp_path, before + "\n", after + "\n")
    assert (found.level, found.severity) == (level, severity)
    if severity is Severity.CRITICAL and level not in ("missing", "range"):
        assert found.source.startswith("https://")


@pytest.mark.parametrize(
    ("before", "after"),
    [("numpy>=1.20", "numpy>=1.20"), ("numpy==1.26", "numpy==1.26.0"), ("tensorflow-gpu==2.9.0", "tensorflow==2.9.0")],
)
def test_what_is_the_same_is_silent(tmp_path: Path, before: str, after: str) -> None:
    assert differs(tmp_path, before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        ("3.9", "3.12", Severity.CRITICAL),
        ("3.7", "3.11", Severity.CRITICAL),
        ("3.11", "3.11.4", None),
        ("3.11.2", "3.11.4", Severity.INFO),
    ],
)
def test_versions_of_python_are_compared_as_far_as_both_say_them(
    tmp_path: Path, before: str, after: str, severity: Severity | None
) -> None:
    found = differs(tmp_path, f"FROM python:{before}-slim\n", f"FROM python:{after}-slim\n", "Dockerfile")
    assert [d.severity for d in found] == ([severity] if severity else [])


def test_a_missing_system_package_is_told_between_two_dockerfiles(tmp_path: Path) -> None:
    text = "FROM python:3.11\nRUN apt-get install -y libgomp1 git\nRUN pip install numpy==1.26.4\n"
    (found,) = differs(tmp_path, text, text.replace("libgomp1 ", ""), "Dockerfile")
    assert (found.package, found.system, found.severity) == ("libgomp1", True, Severity.WARNING)
    told = packages.compare(tmp_path / "a/Dockerfile", tmp_path / "b/Dockerfile")
    assert "system package libgomp1" in packages.judge(told)[0].statement(Words())
    assert differs(tmp_path, "numpy==1.26.4\nflask==3.0\n", text, "x.txt") == []


def test_a_list_of_wishes_beside_a_list_of_everything_alarms_nobody(tmp_path: Path) -> None:
    many = "".join(f"package{i}==1.0\n" for i in range(40))
    assert {d.severity for d in differs(tmp_path, many, "package1==1.0\npackage2==1.0\n")} == {Severity.INFO}


def clashes(tmp_path: Path, text: str, name: str = "r.txt") -> set[tuple[str, str]]:
    return {(c.needed_by.split()[0], c.package) for c in packages.compare(written(tmp_path, name, text), None).conflicts}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "tensorflow==2.3.1\ngast==0.2.2\ntensorboard==2.0.2\nnumpy==1.18.5\n",
            {("tensorflow", "gast"), ("tensorflow", "tensorboard")},
        ),
        ("tensorflow-gpu~=2.10.1\nprotobuf==4.21.0\n", {("tensorflow", "protobuf")}),
        ("torch==2.1.0+cu121\ntorchvision==0.16.0+cu118\n", {("torch", "torchvision")}),
        ("torch==2.1.0\ntorchvision==0.15.2\n", {("torchvision", "torch")}),
        ("boto3==1.26.5\nbotocore==1.31.0\nurllib3==1.26.1\n", {("boto3", "botocore")}),
        ("requests==2.24.0\nurllib3==1.26.5\nidna==2.10\n", {("requests", "urllib3")}),
        ("transformers==4.38.1\ntokenizers==0.19.1\n", {("transformers", "tokenizers")}),
        ("numba==0.56.4\nllvmlite==0.41.0\n", {("numba", "llvmlite")}),
        ("tensorflow==2.1.0\nh5py==3.1.0\nprotobuf==4.21.1\n", {("tensorflow", "h5py"), ("tensorflow", "protobuf")}),
        ("boto3==1.34.2\nbotocore==1.34.9\nfastapi==0.103.1\nstarlette==0.27.0\npydantic==2.4.0\n", set()),
        ("finplot~=1.8.2\nnumpy~=1.21.6\n", {("finplot", "numpy")}),
        ("numpy==1.26.4\nnumpy==1.24.0\n", {("r.txt", "numpy")}),
        ("numpy==1.26.4\nnumpy>=1.24.0\n", set()),
        ("numpy==1.26.4; python_version>='3.9'\nnumpy==1.21.0; python_version<'3.9'\n", set()),
        ("tensorflow==2.3.1\ngast==0.3.3\ntensorboard==2.4.0\nnumpy==1.18.5\n", set()),
        ("torch==2.1.0+cu121\ntorchvision==0.16.0+cu121\n", set()),
        ("scikit-learn\nnumpy==2.1\n", set()),
    ],
)
def test_conflicts_inside_one_file(tmp_path: Path, text: str, expected: set[tuple[str, str]]) -> None:
    assert clashes(tmp_path, text) == expected


def test_a_package_without_a_build_for_the_python_is_a_conflict(tmp_path: Path) -> None:
    assert clashes(tmp_path, "FROM python:3.12\nRUN pip install numpy==1.24.4\n", "Dockerfile") == {("numpy", "python")}
    assert clashes(tmp_path, "FROM python:3.11\nRUN pip install numpy==1.24.4\n", "Dockerfile") == set()


def test_hostile_names_do_not_pass(tmp_path: Path) -> None:
    text = '[[package]]\nname = "evil\\nRUN rm -rf /"\nversion = "1"\n[[package]]\nname = "numpy"\nversion = "1.26.4"\n'
    told = read_environment(written(tmp_path, "poetry.lock", text))
    assert replace(told, pins={}).file == "poetry.lock"
    from diagnostics.checks.environment.packages.remedies import pinned

    assert "RUN rm" not in pinned(told, None)


BLANKS = {
    "newlines": "\n" * 900_000,
    "blanks": "numpy==1.0 " + " " * 900_000 + "x\n",
    "pips": "FROM python:3.11\nRUN " + "pip install " * 70_000,
    "quotes": "FROM python:3.11\nRUN pip install " + "'a' " * 200_000,
    "explicit": "@EXPLICIT\n" + "a/a-a-" * 150_000,
    "lines": "!\n" * 450_000,
    "names": "a==1\n" * 180_000,
}


@pytest.mark.parametrize("kind", BLANKS)
def test_a_file_made_to_be_slow_is_not(tmp_path: Path, kind: str) -> None:
    began = time.process_time()
    with suppress(BadInput):
        read_environment(written(tmp_path, "r.txt", BLANKS[kind]))
    assert time.process_time() - began < 4


def test_a_login_in_a_line_that_cannot_be_read_is_masked(tmp_path: Path) -> None:
    text = "numpy==1.26.4\nhello there https://me:hunter2@host/simple\n"
    assert "hunter2" not in repr(read_environment(written(tmp_path, "r.txt", text)))


@pytest.mark.parametrize(
    "text",
    [
        "scikit-learn v1.4.2\n├── joblib v1.2.0\n└── numpy v1.26.4\n",
        "scikit-learn==1.4.2\n├── joblib [required: >=1.2, installed: 1.2.0]\n└── numpy [required: >=1.19, installed: 1.26.4]\n",
        "Requirement already satisfied: numpy==1.26.4 in ./lib\nRequirement already satisfied: scikit-learn==1.4.2 in ./lib\n"
        "Requirement already satisfied: joblib==1.2.0 in ./lib\n",
    ],
    ids=["uv tree", "pipdeptree", "pip install"],
)
def test_trees_and_what_pip_says_are_read(tmp_path: Path, text: str) -> None:
    pins = read_environment(written(tmp_path, "given.txt", text)).pins
    assert {name: pin.shown for name, pin in pins.items()} == {"scikit-learn": "1.4.2", "numpy": "1.26.4", "joblib": "1.2.0"}


def test_another_c_library_and_a_missing_system_package_are_said(tmp_path: Path) -> None:
    slim = "FROM python:3.10-slim\nRUN apt-get install -y libgomp1 libstdc++6\nRUN pip install lightgbm==4.3.0\n"
    alpine = "FROM python:3.10-alpine3.19\nRUN apk add libstdc++6\nRUN pip install lightgbm==4.3.0\n"
    told = packages.compare(written(tmp_path, "a.Dockerfile", slim), written(tmp_path, "b.Dockerfile", alpine)).differences
    assert [(d.package, str(d.severity)) for d in told] == [("libc", "critical"), ("libgomp1", "warning")]
    assert "musl" in told[0].current
    same = packages.compare(written(tmp_path, "a.Dockerfile", slim), written(tmp_path, "b.Dockerfile", slim))
    assert same.differences == ()


def test_at_least_sixty_breaks_are_known_each_with_a_source_of_its_own() -> None:
    from diagnostics.checks.environment.packages.breaks import BREAKS

    assert len(BREAKS) >= 60
    assert all(known.source.startswith("https://") and known.why for known in BREAKS)


def test_what_is_not_known_is_never_called_small_and_tools_matter_to_no_model(tmp_path: Path) -> None:
    before = "numpy==1.26.4\nclick==8.1.7\nblack==23.1.0\nsklearn==0.0\nscikit-learn==1.4.2\n"
    after = before.replace("8.1.7", "8.1.8").replace("23.1.0", "24.4.0").replace("sklearn==0.0\n", "", 1)
    told = packages.compare(written(tmp_path, "a.txt", before), written(tmp_path, "b.txt", after)).differences
    assert {d.package: str(d.severity) for d in told} == {"click": "info", "black": "info"}
    assert next(d.why for d in told if d.package == "click") == "Not known to break anything."
