"""Every diagnostic there is, found by looking: a module below `steps` or `clinic` that has RULES."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Protocol, cast

from diagnostics.finding import Finding, Rule
from diagnostics.incident import Incident
from diagnostics.words import N_

STEPS: Final = ("confirm", "inputs", "reproduce", "drift", "environment", "operations", "localise")
STEP_TITLES: Final = (
    N_("Confirm"),
    N_("Inputs"),
    N_("Reproduce"),
    N_("Compare data"),
    N_("Code and configuration"),
    N_("Logs and monitoring"),
    N_("Simplify and localise"),
)


class Module(Protocol):
    """What a diagnostic module has. `judge` also takes its thresholds as named arguments, with defaults."""

    RULES: Sequence[Rule]

    def profile(self, incident: Incident) -> object: ...

    def judge(self, p: object) -> list[Finding]: ...


@dataclass(frozen=True)
class Diagnostic:
    """name: "inputs.missing"; step: 1 to 7, 0 for the clinic."""

    name: str
    step: int
    module: Module

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(self.module.RULES)


@cache
def catalogue() -> tuple[Diagnostic, ...]:
    """The diagnostics of the seven steps in their order, by name within a step."""
    found = []
    for number, step in enumerate(STEPS, start=1):
        package = importlib.import_module(f"diagnostics.steps.{step}")
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            if hasattr(module, "RULES"):
                found.append(Diagnostic(f"{step}.{info.name}", number, cast(Module, module)))
    return tuple(found)


@cache
def clinic_catalogue() -> tuple[Diagnostic, ...]:
    """The diagnostics of the clinic by name ("fit"), step 0. They train models and run when somebody asks for one, never in an
    investigation.
    """
    package = importlib.import_module("diagnostics.clinic")
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    return tuple(found for name in names if (found := clinic_diagnostic(name)) is not None)


def clinic_diagnostic(name: str) -> Diagnostic | None:
    """The clinic's diagnostic `name`, loaded alone: the others' libraries are not needed for it; None where it is none."""
    if not name.isidentifier() or importlib.util.find_spec(f"diagnostics.clinic.{name}") is None:
        return None
    module = importlib.import_module(f"diagnostics.clinic.{name}")
    return Diagnostic(name, 0, cast(Module, module)) if hasattr(module, "RULES") else None
