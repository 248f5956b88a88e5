"""What an abstract base class would ask of every diagnostic, and who may import whom."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path

import pytest

from diagnostics.catalogue import STEPS, catalogue, clinic_catalogue
from diagnostics.causes.catalogue import KINDS
from diagnostics.clinic.shared.results import decode, encode, find_types
from diagnostics.nouns.check import Diagnostic
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from pages.parts.guard import CLINIC

ROOT = Path(__file__).parent.parent
PREFIXES = ("CON", "INP", "REP", "DRF", "ENV", "OPS", "LOC")
CLINIC_PREFIXES = ("FIT", "IMB", "STA", "DAT", "RES", "DEP", "NET", "TRN", "SEA")

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
def test_it_has_a_section_on_its_page_and_a_test(diagnostic: Diagnostic) -> None:
    step, name = diagnostic.name.split(".")
    page = (ROOT / "pages" / f"step_{diagnostic.step}_{step}.py").read_text()
    assert f'"{diagnostic.name}"' in page
    assert (ROOT / "tests" / "checks" / f"test_{step}_{name}.py").exists()


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
def test_a_diagnostic_of_the_clinic_has_a_page_in_the_menu_and_a_test(diagnostic: Diagnostic) -> None:
    pages = [script for script, _ in CLINIC if f'"{diagnostic.name}"' in (ROOT / script).read_text()]
    assert pages
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


def test_causes_have_titles_for_every_code_of_the_contract() -> None:
    for file, _ in modules("diagnostics/causes"):
        for code in re.findall(r'code="([a-z_]+)"', (ROOT / file).read_text()):
            assert code in KINDS, (file, code)
