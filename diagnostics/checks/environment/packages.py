"""Packages: what differs between the environment the model was made in and the one it runs in, and what can't stand together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diagnostics.checks.environment.breaks import PYTHON
from diagnostics.checks.environment.conflicts import Conflict, conflicts_in
from diagnostics.checks.environment.differences import Difference, differences
from diagnostics.checks.environment.pins import read_environment
from diagnostics.nouns.finding import Finding, loose
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_

_SOURCE: Final = "Known breaks of each package's own documentation; PEP 440 for what is a major, minor or patch version"
DIFFERS: Final = Rule(
    code="ENV001",
    lane=Lane.MODEL,
    title=N_("A package has another version"),
    why=N_("The model was made with one version and runs with another; what it computes or how it loads may differ."),
    remedy=N_("Install in production the versions that the model was made with, from one pinned file for both."),
    statistic=N_("The highest part of the version number that differs: major, minor or patch."),
    source=_SOURCE,
)
PYTHON_DIFFERS: Final = Rule(
    code="ENV002",
    lane=Lane.MODEL,
    title=N_("Python has another version"),
    why=N_("Saved models and compiled packages are made for one Python version."),
    remedy=N_("Run production on the Python version that the model was made with."),
    statistic=N_("The two version numbers, compared part by part."),
    source=PYTHON.source,
    severity=Severity.CRITICAL,
)
CONFLICT: Final = Rule(
    code="ENV003",
    lane=Lane.MODEL,
    title=N_("Two packages can't stand together"),
    why=N_("The installer either refuses or puts in a version that nobody asked for."),
    remedy=N_("Change one of the two pins so that both hold, then install from an empty environment."),
    statistic=N_("The version that one package needs of another, beside the version that the file asks for."),
    source="Requirements that the packages state on their index",
)
RULES: Final = (DIFFERS, PYTHON_DIFFERS, CONFLICT)


@dataclass(frozen=True)
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
    return Packages(found, conflicts, both, unread, standing)


def _bare(conflict: Conflict) -> tuple[str, str]:
    """What needs what, whatever the versions."""
    needed_by = "" if conflict.needed_by == conflict.file else conflict.needed_by.split(" ")[0]
    return conflict.package, needed_by


def judge(p: Packages, *, shown: int = 40) -> list[Finding]:
    """One finding per package whose difference is known to matter, one for all that are small, and one per conflict."""
    findings = []
    small = [d for d in p.differences if d.severity is Severity.INFO]
    for d in [d for d in p.differences if d.severity is not Severity.INFO][:shown]:
        if d.level == "missing":
            says = (
                N_("The system package {package:name} is missing in production.")
                if d.system
                else N_("{package:name} {before} is missing in production.")
            )
        else:
            says = N_("{package:name} is {after} in production; the model was made with {before}.")
        evidence = {
            "package": d.package,
            "before": d.reference,
            "after": d.current,
            "level": d.level,
            **({"source": d.source} if d.source else {}),
            "cause": "environment_mismatch",
        }
        rule = PYTHON_DIFFERS if d.package == "python" else DIFFERS
        findings.append(loose(rule, says, evidence, (), d.severity, weight={"major": 1.0, "missing": 0.9}.get(d.level, 0.6)))
    if small:
        says = N_("{count:count} packages differ in ways that hardly matter ({packages:list}).")
        if len(small) == 1:
            says = N_("One package differs in a way that hardly matters ({packages:list}).")
        names = tuple(d.package for d in small)
        findings.append(loose(DIFFERS, says, {"count": len(small), "packages": names}, (), Severity.INFO, weight=0.1))
    for conflict in p.conflicts[:shown]:
        findings.append(
            loose(
                CONFLICT,
                N_("{needed_by:name} needs {package:name} {needs}, but {file:name} asks for {has}."),
                {
                    "package": conflict.package,
                    "has": conflict.has,
                    "needs": conflict.needs,
                    "needed_by": conflict.needed_by,
                    "file": conflict.file,
                    "source": conflict.source,
                    **({} if conflict in p.standing else {"cause": "environment_mismatch"}),
                },
                weight=0.5,
            )
        )
    return findings
