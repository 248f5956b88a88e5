"""What differs between two environments, and how much it matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from packaging.version import Version

from diagnostics.checks.environment.packages.breaks import PYTHON, WATCHED, known_break, level_of, python_break
from diagnostics.checks.environment.packages.pins import Environment, Pin, python_of
from diagnostics.checks.environment.packages.ranges import compatible
from diagnostics.checks.environment.packages.requirement import INSTALLERS, TOOLS
from diagnostics.nouns.rule import SEVERITY_ORDER, Severity
from diagnostics.nouns.words import N_

COMPLETE_AT: Final = 0.5
"""A list with fewer than this share of the other's packages names only what was asked for, not all that is installed."""


@dataclass(frozen=True)
class Difference:
    """One package on both sides; an empty text where a side does not have it. why is a message id, source what it rests on.

    level: "major", "minor", "patch", "build" (same version, other hardware), "range" (not pinned on both sides), "missing".
    """

    package: str
    reference: str
    current: str
    level: str
    severity: Severity
    why: str
    source: str = ""
    system: bool = False


def differences(before: Environment, after: Environment) -> tuple[Difference, ...]:
    """Most severe first."""
    found = [_python(before, after)]
    # A Dockerfile may install the rest from files that it copies.
    open_ended = before.partial != after.partial
    few = len(after.pins) < COMPLETE_AT * len(before.pins) and len(before.pins) >= 10
    found += _compared(before.pins, after.pins, open_ended=open_ended, few=few)
    found.append(_libc(before, after))
    if before.partial and after.partial:
        found += _compared(before.system, after.system, open_ended=False, few=False)
    told = [difference for difference in found if difference is not None]
    return tuple(sorted(told, key=lambda d: (SEVERITY_ORDER.index(d.severity), d.system, d.package)))


def _libc(before: Environment, after: Environment) -> Difference | None:
    """Slim and Alpine images have different C libraries."""
    if not before.libc or not after.libc or before.libc == after.libc:
        return None
    return Difference(
        package="libc",
        reference=f"{before.libc} ({before.image})",
        current=f"{after.libc} ({after.image})",
        level="major",
        severity=Severity.CRITICAL,
        why=N_("Wheels are built for one C library: packages of the other are compiled anew, miss, or fail to load."),
        source="https://peps.python.org/pep-0656/",
        system=True,
    )


def _compared(before: Mapping[str, Pin], after: Mapping[str, Pin], *, open_ended: bool, few: bool) -> list[Difference | None]:
    found: list[Difference | None] = []
    for name in sorted(before.keys() | after.keys()):
        left, right = before.get(name), after.get(name)
        if left is not None and right is not None:
            found.append(_difference(left, right))
        elif not open_ended:
            found.append(_alone(left, right, few))
    return found


def _alone(left: Pin | None, right: Pin | None, few: bool) -> Difference | None:
    """A package that only one side names."""
    if left is None:
        why = N_("Only production has it.")
        return (
            Difference(
                package=right.name,
                reference="",
                current=right.shown,
                level="missing",
                severity=Severity.INFO,
                why=why,
                system=right.system,
            )
            if right
            else None
        )
    why = N_("Production lacks it.")
    severity = Severity.CRITICAL if left.name in WATCHED else Severity.WARNING
    if few:
        severity = Severity.WARNING if left.name in WATCHED else Severity.INFO
        why = N_("The shorter list does not name it; it may still be installed.")
    elif left.name in INSTALLERS | TOOLS:
        severity = Severity.INFO
    return Difference(
        package=left.name, reference=left.shown, current="", level="missing", severity=severity, why=why, system=left.system
    )


def _difference(left: Pin, right: Pin) -> Difference | None:
    if left.version is None or right.version is None:
        return _range(left, right)
    level = level_of(left.version, right.version)
    if not level:
        return None

    def told(severity: Severity, why: str, source: str = "") -> Difference:
        return Difference(
            package=left.name,
            reference=left.shown,
            current=right.shown,
            level=level,
            severity=severity,
            why=why,
            source=source,
            system=left.system,
        )

    if level == "build":
        return _build(left, right, told(Severity.WARNING, N_("The same version, built for other hardware.")))
    if left.name in TOOLS:
        return told(Severity.INFO, N_("A tool of development: no model runs on it."))
    known = known_break(left.name, left.version, right.version)
    if known is not None:
        return told(known.severity, known.why, known.source)
    if right.version.is_prerelease and not left.version.is_prerelease:
        return told(
            Severity.WARNING,
            N_("Production runs a version before its release."),
            "https://peps.python.org/pep-0440/#pre-releases",
        )
    if level == "major":
        return told(Severity.WARNING, N_("A major version may change what its functions do."), "https://semver.org")
    return told(Severity.INFO, N_("Not known to break anything."))


def _build(left: Pin, right: Pin, told: Difference) -> Difference:
    """Another local build such as +cu118 beside +cpu; one that only one side names says less."""
    if left.version is None or right.version is None or not (left.version.local and right.version.local):
        return Difference(
            *_words(told)[:4], Severity.INFO, N_("One side names the build of the same version, the other does not.")
        )
    why = N_("The same version, built for other hardware: the last digits may differ, or the library does not find its driver.")
    source = "https://pytorch.org/docs/stable/notes/randomness.html"
    return Difference(*_words(told)[:4], Severity.WARNING, why, source)


def _words(told: Difference) -> tuple[str, str, str, str]:
    return told.package, told.reference, told.current, told.level


def _range(left: Pin, right: Pin) -> Difference | None:
    """At least one side is not pinned."""
    if left.asked == right.asked:
        return None
    severity, why = Severity.INFO, N_("Not pinned on both sides: what is installed may differ.")
    if not compatible(left.asked, right.asked):
        severity = Severity.CRITICAL if left.name in WATCHED else Severity.WARNING
        why = N_("No version fits both sides.")
    return Difference(
        package=left.name,
        reference=left.shown,
        current=right.shown,
        level="range",
        severity=severity,
        why=why,
        source="https://peps.python.org/pep-0440/",
        system=left.system,
    )


def _python(before: Environment, after: Environment) -> Difference | None:
    left, right = python_of(before), python_of(after)
    if left is None or right is None:
        return None
    if left.version is None or right.version is None:
        if compatible(left.asked, right.asked):
            return None
        return Difference(
            package="python",
            reference=left.shown,
            current=right.shown,
            level="range",
            severity=PYTHON.severity,
            why=N_("No version fits both sides."),
            source=PYTHON.source,
        )
    shorter = min(len(left.version.release), len(right.version.release))
    one, other = (Version(".".join(map(str, pin.release[:shorter]))) for pin in (left.version, right.version))
    if one == other:
        return None
    level, known = level_of(one, other), python_break(one, other)
    if known is None:
        # A patch release of Python reads what its neighbours wrote.
        return Difference(
            package="python",
            reference=left.shown,
            current=right.shown,
            level=level,
            severity=Severity.INFO,
            why=N_("Not known to break anything."),
        )
    return Difference(
        package="python",
        reference=left.shown,
        current=right.shown,
        level=level,
        severity=known.severity,
        why=known.why,
        source=known.source,
    )
