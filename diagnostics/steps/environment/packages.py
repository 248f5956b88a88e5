"""Packages: what differs between the environment the model was made in and the one it runs in, and what can't stand together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from diagnostics.finding import BadInput, Finding, NotApplicable, Rule, Severity
from diagnostics.incident import Incident
from diagnostics.steps.environment.breaks import NEEDS, PYTHON, WATCHED, known_break, level_of
from diagnostics.steps.environment.pins import Environment, Pin, read_environment
from diagnostics.words import N_

_SOURCE: Final = "Known breaks of each package's own documentation; PEP 440 for what is a major, minor or patch version"
DIFFERS: Final = Rule(
    code="ENV001",
    title=N_("A package has another version"),
    why=N_("The model was made with one version and runs with another; what it computes or how it loads may differ."),
    remedy=N_("Install in production the versions that the model was made with, from one pinned file for both."),
    statistic=N_("The highest part of the version number that differs: major, minor or patch."),
    source=_SOURCE,
)
PYTHON_DIFFERS: Final = Rule(
    code="ENV002",
    title=N_("Python has another version"),
    why=N_("Saved models and compiled packages are made for one Python version."),
    remedy=N_("Run production on the Python version that the model was made with."),
    statistic=N_("The two version numbers, compared part by part."),
    source=PYTHON.source,
    severity=Severity.CRITICAL,
)
CONFLICT: Final = Rule(
    code="ENV003",
    title=N_("Two packages can't stand together"),
    why=N_("The installer either refuses or puts in a version that nobody asked for."),
    remedy=N_("Change one of the two pins so that both hold, then install from an empty environment."),
    statistic=N_("The version that one package needs of another, beside the version that the file asks for."),
    source="Requirements that the packages state on their index",
)
RULES: Final = (DIFFERS, PYTHON_DIFFERS, CONFLICT)


@dataclass(frozen=True)
class Difference:
    """One package on both sides; an empty text where a side does not have it. why is a message id."""

    package: str
    reference: str
    current: str
    level: str
    severity: Severity
    why: str


@dataclass(frozen=True)
class Conflict:
    """`needed_by` needs `package` in `needs`, but the file asks for `has`."""

    file: str
    package: str
    has: str
    needs: str
    needed_by: str


@dataclass(frozen=True)
class Packages:
    """differences: most severe first. compared: packages that both files name. unread: lines that could not be read."""

    differences: tuple[Difference, ...]
    conflicts: tuple[Conflict, ...]
    compared: int
    unread: tuple[str, ...]


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
    found = () if after is None else tuple(_differences(before, after))
    environments = [before] if after is None else [before, after]
    conflicts = tuple(dict.fromkeys(c for environment in environments for c in conflicts_in(environment)))
    both = len(before.pins.keys() & after.pins.keys()) if after else len(before.pins)
    unread = tuple(line for environment in environments for line in environment.unread)
    return Packages(found, conflicts, both, unread)


def _differences(before: Environment, after: Environment) -> list[Difference]:
    found = []
    if before.python and after.python and before.python != after.python:
        versions = [_version(side) for side in (before.python, after.python)]
        level = level_of(versions[0], versions[1]) if versions[0] and versions[1] else "minor"
        if level:
            # A patch release of Python reads what its neighbours wrote.
            severity = PYTHON.severity if level != "patch" else Severity.INFO
            found.append(Difference("python", before.python, after.python, level, severity, PYTHON.why))
    for name in sorted(before.pins.keys() | after.pins.keys()):
        difference = _difference(name, before.pins.get(name), after.pins.get(name))
        if difference is not None:
            found.append(difference)
    order = [Severity.CRITICAL, Severity.WARNING, Severity.INFO]
    return sorted(found, key=lambda d: (order.index(d.severity), d.package))


def _difference(name: str, before: Pin | None, after: Pin | None) -> Difference | None:
    if before is None or after is None:
        watched = name in WATCHED
        if before is None:
            severity, why = Severity.INFO, N_("Only production has it.")
        else:
            severity = Severity.CRITICAL if watched else Severity.WARNING
            why = N_("Production lacks it.")
        return Difference(name, before.shown if before else "", after.shown if after else "", "missing", severity, why)
    if before.version is None or after.version is None:
        if before.asked == after.asked:
            return None
        return Difference(
            name,
            before.shown,
            after.shown,
            "unpinned",
            Severity.INFO,
            N_("Not pinned on both sides: what is installed may differ."),
        )
    level = level_of(before.version, after.version)
    if not level:
        return None
    known = known_break(name, level)
    if known is not None:
        return Difference(name, before.shown, after.shown, level, known.severity, known.why)
    if after.version.is_prerelease and not before.version.is_prerelease:
        return Difference(
            name, before.shown, after.shown, level, Severity.WARNING, N_("Production runs a version before its release.")
        )
    severity = Severity.WARNING if level == "major" else Severity.INFO
    why = N_("A major version may change what its functions do.") if level == "major" else N_("A small difference.")
    return Difference(name, before.shown, after.shown, level, severity, why)


def _version(text: str) -> Version | None:
    try:
        return Version(text.strip("^~=<> "))
    except InvalidVersion:
        return None


def conflicts_in(environment: Environment) -> list[Conflict]:
    """Pins of one file that cannot hold together, from the known needs of packages."""
    found = []
    for need in NEEDS:
        mine, other = environment.pins.get(need.package), environment.pins.get(need.other)
        if mine is None or other is None:
            continue
        version = mine.version or _lowest(mine.asked)
        if version is None or not need.versions.contains(version, prereleases=True):
            continue
        if other.version is not None:
            holds = need.needs.contains(other.version, prereleases=True)
        else:
            holds = _overlap(other.asked, need.needs)
        if not holds:
            found.append(
                Conflict(environment.file, need.other, f"{other.shown}", str(need.needs), f"{need.package} {mine.shown}")
            )
    return found


def _lowest(asked: SpecifierSet) -> Version | None:
    """The lower bound of a range such as ~=1.8.2 or >=1.8."""
    bounds = [Version(s.version) for s in asked if s.operator in ("~=", ">=") and "*" not in s.version]
    return max(bounds, default=None)


def _overlap(asked: SpecifierSet, needs: SpecifierSet) -> bool:
    """Whether some version named by either side, or one just above a lower bound, is in both."""
    named = [Version(s.version.removesuffix(".*")) for specifiers in (asked, needs) for s in specifiers]
    tried = [*named, *(Version(f"{v.major}.{v.minor}.{v.micro + step}") for v in named for step in (1, 99))]
    return any(asked.contains(v, prereleases=True) and needs.contains(v, prereleases=True) for v in tried)


def judge(p: Packages, *, shown: int = 40) -> list[Finding]:
    """One finding per package whose difference is known to matter, one for all that are small, and one per conflict."""
    findings = []
    small = [d for d in p.differences if d.severity is Severity.INFO]
    for d in [d for d in p.differences if d.severity is not Severity.INFO][:shown]:
        if d.level == "missing":
            says = (
                N_("{package:name} {before} is missing in production.")
                if d.reference
                else N_("Only production has {package:name}.")
            )
        else:
            says = N_("{package:name} is {after} in production; the model was made with {before}.")
        evidence = {
            "package": d.package,
            "before": d.reference,
            "after": d.current,
            "level": d.level,
            "cause": "environment_mismatch",
        }
        rule = PYTHON_DIFFERS if d.package == "python" else DIFFERS
        findings.append(Finding(rule, says, evidence, (), d.severity, weight={"major": 1.0, "missing": 0.9}.get(d.level, 0.6)))
    if small:
        says = N_("{count:count} packages differ in ways that hardly matter ({packages:list}).")
        names = tuple(d.package for d in small)
        findings.append(Finding(DIFFERS, says, {"count": len(small), "packages": names}, (), Severity.INFO, weight=0.1))
    for conflict in p.conflicts[:shown]:
        findings.append(
            Finding(
                CONFLICT,
                N_("{needed_by:name} needs {package:name} {needs}, but {file:name} asks for {has}."),
                {
                    "package": conflict.package,
                    "has": conflict.has,
                    "needs": conflict.needs,
                    "needed_by": conflict.needed_by,
                    "file": conflict.file,
                },
                weight=0.5,
            )
        )
    return findings
