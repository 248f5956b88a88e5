"""Packages: what differs between the environment the model was made in and the one it runs in, and what can't stand together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diagnostics.causes.catalogue import ENVIRONMENT_MISMATCH
from diagnostics.checks.environment.packages.breaks import PYTHON
from diagnostics.checks.environment.packages.conflicts import Conflict, conflicts_in
from diagnostics.checks.environment.packages.differences import Difference, differences
from diagnostics.checks.environment.packages.pins import read_environment
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Unit, internal, optional, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_

_SOURCE: Final = "Known breaks of each package's own documentation; PEP 440 for what is a major, minor or patch version"


@dataclass(frozen=True, kw_only=True)
class PackageDiffers(Entry):
    """A package with another version in production. level: as in `Difference`."""

    package: str = shown(N_("Package"), Unit.NAME)
    before: str = shown(N_("Version that the model was made with"), Unit.NAME)
    after: str = shown(N_("Version in production"), Unit.NAME)
    level: str
    source: str | None = optional()
    cause: CauseKind = ENVIRONMENT_MISMATCH
    system: bool = internal()


@dataclass(frozen=True, kw_only=True)
class SmallDifferences(Entry):
    """Packages whose difference is not known to break anything; what is not known may still matter."""

    count: int = shown(N_("Packages whose difference is not known to break anything"), Unit.COUNT)
    packages: tuple[str, ...] = shown(N_("Packages"), Unit.NAMES)


@dataclass(frozen=True, kw_only=True)
class PinConflict(Entry):
    """cause: None where the reference has the conflict as well, which is then not what changed."""

    package: str = shown(N_("Package"), Unit.NAME)
    has: str = shown(N_("Version that the file asks for"), Unit.NAME)
    needs: str = shown(N_("Version that is needed"), Unit.NAME)
    needed_by: str = shown(N_("Needed by"), Unit.NAME)
    file: str = shown(N_("File"), Unit.NAME)
    source: str
    cause: CauseKind | None = optional()


def _say_package(entry: PackageDiffers) -> str:
    if entry.level != "missing":
        return N_("{package:name} is {after} in production; the model was made with {before}.")
    if entry.system:
        return N_("The system package {package:name} is missing in production.")
    return N_("{package:name} {before} is missing in production.")


def _say_packages(entry: PackageDiffers | SmallDifferences) -> str:
    if isinstance(entry, PackageDiffers):
        return _say_package(entry)
    if entry.count == 1:
        return N_("One package differs in a way that is not known to break anything ({packages:list}).")
    return N_("{count:count} packages differ in ways that are not known to break anything ({packages:list}).")


DIFFERS: Final = Rule[PackageDiffers | SmallDifferences](
    code="ENV001",
    lane=Lane.MODEL,
    title=N_("A package has another version"),
    says=_say_packages,
    why=N_("The model was made with one version and runs with another; what it computes or how it loads may differ."),
    remedy=N_("Install in production the versions that the model was made with, from one pinned file for both."),
    statistic=N_("The highest part of the version number that differs: major, minor or patch."),
    source=_SOURCE,
    suggests=lambda entry: entry.cause if isinstance(entry, PackageDiffers) else None,
)
PYTHON_DIFFERS: Final = Rule[PackageDiffers](
    code="ENV002",
    lane=Lane.MODEL,
    title=N_("Python has another version"),
    says=_say_package,
    why=N_("Saved models and compiled packages are made for one Python version."),
    remedy=N_("Run production on the Python version that the model was made with."),
    statistic=N_("The two version numbers, compared part by part."),
    source=PYTHON.source,
    severity=Severity.CRITICAL,
    suggests=ENVIRONMENT_MISMATCH,
)
CONFLICT: Final = Rule[PinConflict](
    code="ENV003",
    lane=Lane.MODEL,
    title=N_("Two packages can't stand together"),
    says=N_("{needed_by:name} needs {package:name} {needs}, but {file:name} asks for {has}."),
    why=N_("The installer either refuses or puts in a version that nobody asked for."),
    remedy=N_("Change one of the two pins so that both hold, then install from an empty environment."),
    statistic=N_("The version that one package needs of another, beside the version that the file asks for."),
    source="Requirements that the packages state on their index",
    suggests=lambda entry: entry.cause,
)
RULES: Final = (DIFFERS, PYTHON_DIFFERS, CONFLICT)


@dataclass(frozen=True, kw_only=True)
class Packages:
    """differences: most severe first. compared: packages that both files name. unread: lines that could not be read.

    standing: conflicts that the reference has, alone or as well, which therefore are not what changed.
    """

    differences: tuple[Difference, ...]
    conflicts: tuple[Conflict, ...]
    compared: int
    unread: tuple[str, ...]
    standing: frozenset[Conflict] = frozenset()


def profile(incident: Incident) -> Packages:
    """Raises NotApplicable without any environment file, or when one cannot be read."""
    given = [path for path in (incident.environment.reference, incident.environment.current) if path is not None]
    if not given:
        raise NotApplicable(
            N_("No list of packages: upload what pip freeze prints where the model was trained and where it runs."),
            needs="environment",
        )
    try:
        return compare(given[0], given[1] if len(given) == 2 else None)
    except BadInput as reason:
        raise NotApplicable(reason.message, needs="environment", **reason.values) from reason


def compare(reference: Path, current: Path | None) -> Packages:
    """Differences between two files (none with one file) and conflicts inside each. Raises BadInput."""
    before = read_environment(reference)
    after = read_environment(current) if current is not None else None
    found = () if after is None else differences(before, after)
    environments = [before] if after is None else [before, after]
    conflicts = tuple(dict.fromkeys(c for environment in environments for c in conflicts_in(environment)))
    both = len(before.pins.keys() & after.pins.keys()) if after else len(before.pins)
    unread = tuple(line for environment in environments for line in environment.unread)
    known = {_bare(conflict) for conflict in conflicts_in(before)} if after is not None else set()
    standing = frozenset(conflict for conflict in conflicts if _bare(conflict) in known)
    return Packages(differences=found, conflicts=conflicts, compared=both, unread=unread, standing=standing)


def _bare(conflict: Conflict) -> tuple[str, str]:
    """What needs what, whatever the versions."""
    needed_by = "" if conflict.needed_by == conflict.file else conflict.needed_by.split(" ")[0]
    return conflict.package, needed_by


def judge(p: Packages, *, shown: int = 40) -> list[Finding]:
    """One finding per package whose difference is known to matter, one for all that are small, and one per conflict."""
    findings: list[Finding] = []
    for d in [d for d in p.differences if d.severity is not Severity.INFO][:shown]:
        entry = PackageDiffers(
            weight={"major": 1.0, "missing": 0.9}.get(d.level, 0.6),
            package=d.package,
            before=d.reference,
            after=d.current,
            level=d.level,
            source=d.source or None,
            system=d.system,
        )
        rule = PYTHON_DIFFERS if d.package == "python" else DIFFERS
        findings.append(rule.found(entry, severity=d.severity))
    small = tuple(d.package for d in p.differences if d.severity is Severity.INFO)
    if small:
        findings.append(DIFFERS.found(SmallDifferences(weight=0.1, count=len(small), packages=small), severity=Severity.INFO))
    for conflict in p.conflicts[:shown]:
        findings.append(
            CONFLICT.found(
                PinConflict(
                    weight=0.5,
                    package=conflict.package,
                    has=conflict.has,
                    needs=conflict.needs,
                    needed_by=conflict.needed_by,
                    file=conflict.file,
                    source=conflict.source,
                    cause=None if conflict in p.standing else ENVIRONMENT_MISMATCH,
                )
            )
        )
    return findings
