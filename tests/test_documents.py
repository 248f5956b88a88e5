from __future__ import annotations

import ast
from pathlib import Path

import pytest

from diagnostics.nouns.documents import NotPlain, load_json, load_toml, load_yaml

ROOT = Path(__file__).parents[1]


def doubled(merge: bool) -> str:
    """Thirty lines, each of which holds the one before ten times."""
    lines = ["k0: &k0 {a: 1}"] + [
        f"k{n}: &k{n} {'{<<: ' if merge else ''}[{', '.join([f'*k{n - 1}'] * 10)}]{'}' if merge else ''}" for n in range(1, 30)
    ]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (doubled(merge=False), "repeats parts"),
        (doubled(merge=True), "repeats parts"),
        ("a: &a [*a]", "contains itself"),
        ("a: " + "[" * 100_000, "levels deep"),
        ("a: " + "{a: " * 100_000, "levels deep"),
        ("- " * 50_000, "levels deep"),
        ("? " * 50_000, "levels deep"),
        ("a: 0x" + "f" * 5000, "digits"),
        ("a: " + "1:" * 100_000 + "1", "digits"),
        ("- x\n" * 200_001, "more than"),
        ("a: !!bool perhaps", "format"),
        ("a: !!timestamp never", "format"),
        ("a: !!int ''", "format"),
        ("a: 2026-13-45", "format"),
        ("a: 0001-01-01T00:00:00+14:00\nb: [", "line 3"),
        ("? [a]\n: 1", "line"),
        ("a: 1\n---\nb: 2", "line"),
        ("!!python/object/apply:os.system ['true']", "line 1"),
        ("a: !!python/name:os.system", "line 1"),
    ],
)
def test_yaml_that_stands_for_too_much_is_refused_at_once(text: str, says: str) -> None:
    with pytest.raises(NotPlain, match=says):
        load_yaml(text, merges=True)


def test_ordinary_yaml_with_anchors_is_read() -> None:
    text = "base: &base {rate: 0.1, layers: [1, 2]}\nmine: {<<: *base, rate: 0.2}\nagain: *base\nn: 0x1F\nday: 2026-05-12"
    held = load_yaml(text, merges=True)
    assert held["mine"] == {"rate": 0.2, "layers": [1, 2]}
    assert held["again"] == held["base"]
    assert held["n"] == 31
    with pytest.raises(NotPlain, match="merge keys"):
        load_yaml(text)
    assert load_yaml("'<<': 1") == {"<<": 1}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a" + ".a" * 250_000 + " = 1", "levels deep"),
        ("x = 1\n" + '"a" . ' * 100_000 + "b = 1", "levels deep"),
        ("a = " + "[" * 100_000, "levels deep"),
        ("a = " + "{a=" * 100_000, "levels deep"),
        ("a = " + "9" * 5000, "digits"),
        ("a = 0x" + "f" * 5000, "digits"),
        ("a = 1\nb =\nc = 2", "line 2"),
        ("a" * 1_000_000, "format"),
    ],
)
def test_toml_that_stands_for_too_much_is_refused_at_once(text: str, says: str) -> None:
    with pytest.raises(NotPlain, match=says):
        load_toml(text)


def test_ordinary_toml_is_read() -> None:
    text = 'a.b.c = 1\n[tool.x."y z"]\nhost = "a.b.c.d"\nlist = [[1, 2], [3]]\n'
    assert load_toml(text)["tool"]["x"]["y z"] == {"host": "a.b.c.d", "list": [[1, 2], [3]]}


def test_json_is_bounded_in_depth_and_its_numbers_are_numbers() -> None:
    for text in ("[" * 100_000, "[" * 100 + "]" * 100, '{"a":' * 70 + "1" + "}" * 70):
        with pytest.raises(NotPlain, match=r"levels deep|format"):
            load_json(text)
    assert load_json("[" + "9" * 5000 + ", -1, 12]") == [float("inf"), -1, 12]
    assert load_json("{" + ",".join(f'"k{n}": [{{}}, "[[["]' for n in range(100)) + "}")["k99"] == [{}, "[[["]
    assert load_json('\ufeff{"a": "ü"}'.encode()) == {"a": "ü"}
    with pytest.raises(NotPlain, match="line 2"):
        load_json('{"a":\n nothing}')
    with pytest.raises(NotPlain):
        load_json(b"\xff\xfe\xff")


KEEPERS = frozenset(
    (
        "diagnostics/nouns/documents.py",
        # What these read was written by this program, or by a library inside the confined process.
        "diagnostics/sandbox/wire.py",
        "diagnostics/sandbox/onnx_model.py",
        "diagnostics/sandbox/forked.py",
        "diagnostics/clinic/training_history/points.py",
        "diagnostics/clinic/search/study_list.py",
        "diagnostics/locale/messages.py",
        "diagnostics/read/container.py",
        "diagnostics/keep/sample_incidents.py",
        "diagnostics/keep/review/packed.py",
        "diagnostics/keep/review/record.py",
        "diagnostics/keep/review/listing.py",
        "diagnostics/keep/review/edit.py",
        "diagnostics/nouns/table.py",
        "diagnostics/watch/alerts.py",
        "diagnostics/watch/records.py",
    )
)
PARSERS = {("json", "loads"), ("json", "load"), ("tomllib", "loads"), ("tomllib", "load")}


def test_nobody_else_parses_what_strangers_wrote() -> None:
    """Every call of a parser stands in the one safe reader, or in a file that reads only what this program wrote."""
    calls = set()
    for file in [*ROOT.glob("diagnostics/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "app.py"]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                parser = (node.value.id, node.attr)
                loads = node.value.id == "yaml" and ("load" in node.attr or node.attr in ("parse", "compose", "scan"))
                if parser in PARSERS or loads:
                    calls.add(str(file.relative_to(ROOT)))
    assert calls == KEEPERS
