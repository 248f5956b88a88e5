"""Every diagnostic there is, found by looking: a module below `checks`, `clinic` or `service` that has RULES.

A diagnostic that needs helpers is a package whose `check` module has the RULES; it is named after the package.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from functools import cache
from types import ModuleType
from typing import Final, cast

from diagnostics.nouns.check import Diagnostic, Module
from diagnostics.nouns.words import N_

STEPS: Final = ("confirm", "inputs", "reproduce", "drift", "environment", "operations", "localise")
CLINIC: Final = ("diagnostics.clinic", "diagnostics.service")
"""Where the diagnostics of the clinic are: those of training, and those of the running service."""

STEP_TITLES: Final = (
    N_("Confirm"),
    N_("Inputs"),
    N_("Reproduce"),
    N_("Compare data"),
    N_("Code and configuration"),
    N_("Logs and monitoring"),
    N_("Simplify and localise"),
)


@cache
def catalogue() -> tuple[Diagnostic, ...]:
    """The diagnostics of the seven steps in their order, by name within a step."""
    found = []
    for number, step in enumerate(STEPS, start=1):
        package = f"diagnostics.checks.{step}"
        for name in _names(package):
            module = _load(f"{package}.{name}")
            if module is not None:
                found.append(Diagnostic(f"{step}.{name}", number, cast(Module, module)))
    return tuple(found)


@cache
def clinic_catalogue() -> tuple[Diagnostic, ...]:
    """The diagnostics of the clinic by name ("fit"), step 0. They train models and run when somebody asks for one, never in an
    investigation.
    """
    names = sorted(name for room in CLINIC for name in _names(room))
    return tuple(found for name in names if (found := clinic_diagnostic(name)) is not None)


def clinic_diagnostic(name: str) -> Diagnostic | None:
    """The clinic's diagnostic `name`, loaded alone: the others' libraries are not needed for it. None for an unknown name."""
    room = next((r for r in CLINIC if name.isidentifier() and importlib.util.find_spec(f"{r}.{name}") is not None), None)
    module = None if room is None else _load(f"{room}.{name}")
    return None if module is None else Diagnostic(name, 0, cast(Module, module))


def _names(package: str) -> list[str]:
    return sorted(info.name for info in pkgutil.iter_modules(importlib.import_module(package).__path__))


def _load(name: str) -> ModuleType | None:
    """The module `name`, or its `check` if it is a package; None when it has no RULES."""
    module = importlib.import_module(name)
    if hasattr(module, "__path__") and importlib.util.find_spec(f"{name}.check") is not None:
        module = importlib.import_module(f"{name}.check")
    return module if hasattr(module, "RULES") else None
