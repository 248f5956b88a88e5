"""What an abstract base class would ask of every diagnostic, and who may import whom."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Final, TypeGuard

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from diagnostics.catalogue import STEPS, catalogue, clinic_catalogue
from diagnostics.causes.catalogue import KINDS
from diagnostics.clinic.shared.results import decode, encode, find_types
from diagnostics.clinic.training_history.check import BY_CODE
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.check import Diagnostic
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane
from diagnostics.nouns.words import Words, words_for
from tests.recorded import on_pages

ROOT = Path(__file__).parent.parent
PREFIXES = ("CON", "INP", "REP", "DRF", "ENV", "OPS", "LOC")
CLINIC_PREFIXES = ("FIT", "IMB", "STA", "DAT", "RES", "DEP", "NET", "TRN", "SEA", "SRV", "MEM")

LANES: Final[tuple[set[Lane | None], ...]] = (
    {Lane.ACCURACY},
    {Lane.DATA},
    {Lane.MODEL},
    {Lane.DATA},
    {Lane.MODEL},
    {Lane.ERRORS, Lane.METRIC},
    {None},
)
"""Where on the timeline the findings of a step stand; what the last one localises has its time from elsewhere."""

OWN_LANES: Final[Mapping[str, set[Lane | None]]] = {
    "confirm.label_names": {None},
    "confirm.score_scale": {Lane.MODEL},
    "confirm.sides": {None},
}
"""Checks that speak of the tables or of the scores themselves, and not of how the predictions did."""

every = pytest.mark.parametrize("diagnostic", catalogue(), ids=lambda d: d.name)
clinical = pytest.mark.parametrize("diagnostic", clinic_catalogue(), ids=lambda d: d.name)


@every
def test_its_rules_are_complete_and_coded_by_step(diagnostic: Diagnostic) -> None:
    for rule in diagnostic.rules:
        assert re.fullmatch(PREFIXES[diagnostic.step - 1] + r"\d{3}", rule.code)
        for text in (rule.title, rule.why, rule.remedy, rule.statistic, rule.source):
            assert text.strip()
        assert "!" not in rule.title + rule.why + rule.remedy


@every
def test_its_findings_stand_in_a_lane_of_its_step(diagnostic: Diagnostic) -> None:
    assert {rule.lane for rule in diagnostic.rules} <= OWN_LANES.get(diagnostic.name, LANES[diagnostic.step - 1])


@every
def test_its_profile_is_a_frozen_dataclass_and_its_thresholds_are_named(diagnostic: Diagnostic) -> None:
    profiled = inspect.get_annotations(diagnostic.module.profile, eval_str=True)["return"]
    assert is_dataclass(profiled)
    assert profiled.__dataclass_params__.frozen
    judged = list(inspect.signature(diagnostic.module.judge).parameters.values())
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in judged[1:])


@every
def test_it_says_what_it_lacks_when_there_is_nothing(diagnostic: Diagnostic) -> None:
    with pytest.raises(NotApplicable) as raised:
        diagnostic.module.profile(Incident())
    assert raised.value.statement(Words())
    assert raised.value.needs


@every
def test_it_has_a_test(diagnostic: Diagnostic) -> None:
    step, name = diagnostic.name.split(".")
    assert (ROOT / "tests" / "checks" / f"test_{step}_{name}.py").exists()


def test_every_diagnostic_stands_on_a_page_of_its_step_or_of_the_clinic() -> None:
    """The scripts are run; what they would draw is drawn in the tests of each rule (`tests/recorded.py`)."""
    shown = on_pages()
    assert {d.name for d in (*catalogue(), *clinic_catalogue())} - shown == set()
    assert shown - {d.name for d in (*catalogue(), *clinic_catalogue())} == set()


def test_every_picture_of_a_step_goes_by_the_name_of_a_check() -> None:
    """It is found by that name, so that one with another name would never be seen."""
    names = {d.name for d in catalogue()}
    steps = {name.partition(".")[0] for name in names}
    for file, tree in trees("diagnostics/pictures"):
        if Path(file).stem in steps:
            made = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")}
            assert {f"{Path(file).stem}.{name}" for name in made} <= names, file


def test_no_diagnostic_is_lost_to_the_catalogue() -> None:
    """Whatever can profile and judge is found, though a module that forgets its RULES would be passed over silently."""
    found = {d.module.__name__ for d in (*catalogue(), *clinic_catalogue())}
    for file, tree in trees("diagnostics/checks", "diagnostics/clinic", "diagnostics/service"):
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        if {"profile", "judge"} <= functions:
            assert file.removesuffix(".py").replace("/", ".") in found, file


@clinical
def test_a_diagnostic_of_the_clinic_is_complete(diagnostic: Diagnostic) -> None:
    prefixes = {rule.code[:3] for rule in diagnostic.rules}
    assert len(prefixes) == 1
    assert prefixes <= set(CLINIC_PREFIXES)
    for rule in diagnostic.rules:
        assert re.fullmatch(r"[A-Z]{3}\d{3}", rule.code)
        for text in (rule.title, rule.why, rule.remedy, rule.statistic, rule.source):
            assert text.strip()
        assert "!" not in rule.title + rule.why + rule.remedy


@clinical
def test_a_diagnostic_of_the_clinic_can_be_run_and_kept(diagnostic: Diagnostic) -> None:
    settings, profiled = find_types(diagnostic)
    for kind in (settings, profiled):
        assert is_dataclass(kind)
        assert kind.__dataclass_params__.frozen
    assert decode(encode(settings()), settings) == settings()
    parameters = inspect.signature(diagnostic.module.profile).parameters
    assert list(parameters)[:2] == ["incident", "settings"]
    assert parameters["on_progress"].kind is inspect.Parameter.KEYWORD_ONLY
    judged = list(inspect.signature(diagnostic.module.judge).parameters.values())
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in judged[1:])


@clinical
def test_a_diagnostic_of_the_clinic_has_a_test(diagnostic: Diagnostic) -> None:
    assert list((ROOT / "tests" / "clinic").glob(f"test_{diagnostic.name}*.py"))


def test_no_investigation_runs_the_clinic() -> None:
    assert not [d for d in catalogue() if "clinic" in d.module.__name__]


def test_the_clinic_knows_no_step_and_no_cause() -> None:
    for file, names in modules("diagnostics/clinic"):
        assert not imports(names, "diagnostics.checks", "diagnostics.causes", "diagnostics.report"), file


def test_every_code_stands_once() -> None:
    codes = [rule.code for diagnostic in (*catalogue(), *clinic_catalogue()) for rule in diagnostic.rules]
    assert len(codes) == len(set(codes))
    assert {d.step for d in catalogue()} == set(range(1, len(STEPS) + 1))


def modules(folder: str) -> Iterator[tuple[str, set[str]]]:
    for file in sorted((ROOT / folder).rglob("*.py")):
        tree, names = ast.parse(file.read_text()), set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        yield str(file.relative_to(ROOT)), names


def imports(names: set[str], *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for name in names for package in packages)


def test_diagnostics_know_no_page_and_no_streamlit() -> None:
    for file, names in modules("diagnostics"):
        assert not imports(names, "streamlit", "pages", "app"), file


def test_plotly_is_for_charts_and_reports() -> None:
    for file, names in modules("diagnostics"):
        if not file.startswith(("diagnostics/pictures/", "diagnostics/report/")):
            assert not imports(names, "plotly", "diagnostics.pictures"), file


def test_pages_do_not_compute() -> None:
    for file, names in modules("pages"):
        assert not imports(names, "sklearn", "scipy", "duckdb", "optuna", "imblearn", "ruptures"), file


def test_steps_do_not_know_each_other_nor_what_stands_above_them() -> None:
    for file, names in modules("diagnostics/checks"):
        own = file.split("/")[2]
        others = [f"diagnostics.checks.{step}" for step in STEPS if step != own]
        # The catalogue of causes knows no check; the rules of the checks name its rows.
        above = {name for name in names if not name.startswith("diagnostics.causes.catalogue")}
        assert not imports(above - {"diagnostics.causes"}, "diagnostics.causes", "diagnostics.report", *others), file


def test_tables_know_no_diagnostic() -> None:
    for file, names in modules("diagnostics/read"):
        assert not imports(names, "diagnostics.checks", "diagnostics.causes", "diagnostics.pictures", "diagnostics.report"), file


def test_every_cause_has_a_title_in_every_language() -> None:
    chinese = words_for("zh")
    for kind in KINDS.values():
        assert Words()(kind.title) == kind.title
        assert re.search("[\u4e00-\u9fff]", chinese(kind.title)), kind.code
        if kind.plural:
            values = {"count": 2, "columns": ["a", "b"]}
            assert "a" in Words()(kind.plural, **values)
            assert re.search("[\u4e00-\u9fff]", chinese(kind.plural, **values)), kind.code
        assert all(other is KINDS[other.code] and other is not kind for other in kind.imitates()), kind.code


def test_every_cause_is_suggested_by_a_rule_or_proposed() -> None:
    """From there come its sentence and its remedy."""
    named = {rule.suggests.code for d in (*catalogue(), *clinic_catalogue()) for rule in d.rules if is_kind(rule.suggests)}
    named |= set(BY_CODE)
    for package in ("diagnostics.causes.proposals", "diagnostics.checks"):
        for info in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
            named |= {value.code for value in vars(importlib.import_module(info.name)).values() if is_kind(value)}
    assert set(KINDS) - named == set()


def is_kind(value: object) -> TypeGuard[CauseKind]:
    return isinstance(value, CauseKind)


def test_every_cause_can_be_injected() -> None:
    """By the benchmark of tables, of services, or of trained networks."""
    from benchmarks.incidents.inject import INJECTORS
    from benchmarks.incidents.service import plan
    from benchmarks.training.groups import faults
    from diagnostics.clinic.network.settings import Network

    trained = {problem for problem, *_ in faults(Network(), "lab", 20, np.random.default_rng(1))}
    assert set(KINDS) - {*INJECTORS, *(case.code for case in plan(0)), *trained} == set()
    assert set(INJECTORS) <= set(KINDS)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """An import inside a function counts too; one for the type checker alone does not."""
    files = {module_of(file): tree for file, tree in trees("diagnostics", "pages")}
    number = {module: place for place, module in enumerate(files)}
    edges = [
        (number[module], number[target])
        for module, tree in files.items()
        for name in names_imported(tree)
        if (target := name if name in files else name.rpartition(".")[0]) in files and target != module
    ]
    assert len(edges) > len(files)
    ends = np.array(edges).T
    count, part = connected_components(coo_array((np.ones(len(edges)), ends), shape=(len(files),) * 2), connection="strong")
    found = [{module for module in files if part[number[module]] == one} for one in range(count)]
    circles = [modules for modules in found if len(modules) > 1]
    assert [sorted(modules) for modules in circles] == []


def names_imported(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        yield from names_imported(child)


def module_of(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def trees(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield str(file.relative_to(ROOT)), ast.parse(file.read_text())
