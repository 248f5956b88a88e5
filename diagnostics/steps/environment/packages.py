"""Environments: which packages differ between training and production, and which contradict each other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from diagnostics.finding import Finding, NotApplicable, Rule, Severity
from diagnostics.incident import Incident
from diagnostics.steps.environment.known import MODEL_LIBRARIES, NEEDS, compatible, known_break, step_of, within
from diagnostics.steps.environment.manifest import Manifest, Package, read_manifest
from diagnostics.words import N_

BREAKING: Final = Rule(
    code="ENV001",
    title=N_("A library differs in a way that is known to matter"),
    why=N_("A model is data for the library that made it; another version may refuse it, or read it and answer differently."),
    remedy=N_(
        "Install in production the versions that the model was trained with, or train again with the versions of production."
    ),
    statistic=N_("Difference of versions: major, minor or patch, held against a list of changes that their makers announced."),
    source="https://scikit-learn.org/stable/model_persistence.html; https://numpy.org/doc/stable/numpy_2_0_migration_guide.html",
    severity=Severity.CRITICAL,
)
MISSING: Final = Rule(
    code="ENV002",
    title=N_("A package of training is missing in production"),
    why=N_("Code that imports it fails, or falls back to something else without a word."),
    remedy=N_("Add the package with the version of training to the environment of production."),
    statistic=N_("Packages that one file names and the other does not."),
    source="PEP 508; https://pip.pypa.io/en/stable/topics/repeatable-installs/",
)
DIFFERS: Final = Rule(
    code="ENV003",
    title=N_("Versions differ"),
    why=N_("Most such differences are harmless, but they make it harder to say what is the same in both places."),
    remedy=N_("Pin all versions in one lock file and install both places from it."),
    statistic=N_("Difference of versions: major, minor or patch."),
    source="https://semver.org; https://pip.pypa.io/en/stable/topics/repeatable-installs/",
    severity=Severity.INFO,
)
PYTHON: Final = Rule(
    code="ENV004",
    title=N_("Python differs"),
    why=N_("Pickles that hold functions do not load in another Python, and libraries behave differently or are missing there."),
    remedy=N_("Use the same minor version of Python in both places, for example through the same base image."),
    statistic=N_("The versions of Python in both files."),
    source="https://docs.python.org/3/library/pickle.html; https://github.com/cloudpipe/cloudpickle#readme",
)
CONFLICT: Final = Rule(
    code="ENV005",
    title=N_("Packages contradict each other"),
    why=N_("No installation can satisfy both, so what is really installed is not what the file says."),
    remedy=N_("Change one of the two pins so that they agree, then compile the file anew with pip-compile or uv."),
    statistic=N_("What a package needs of another, as its maker states it, held against the version in the same file."),
    source="PEP 440; metadata of the packages on PyPI",
    severity=Severity.CRITICAL,
)
RULES: Final = (BREAKING, MISSING, DIFFERS, PYTHON, CONFLICT)


@dataclass(frozen=True)
class Difference:
    """One package that differs. reference, current: version, range, or "" where it is missing.

    kind: "major", "minor", "patch", "range", "missing", "added" or "python". why: a message id.
    """

    package: str
    reference: str
    current: str
    kind: str
    severity: Severity
    why: str
    source: str = ""
    breaking: bool = False


@dataclass(frozen=True)
class Conflict:
    """`package` is there as `has`, and `needed_by` needs `needs`."""

    package: str
    has: str
    needs: str
    needed_by: str
    file: str
    source: str


@dataclass(frozen=True)
class Packages:
    """same: how many packages agree. files: names of the files. conflicts: within either file."""

    differences: tuple[Difference, ...]
    conflicts: tuple[Conflict, ...]
    same: int
    files: tuple[str, ...]


_RANK: Final = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


def profile(incident: Incident) -> Packages:
    """Raises NotApplicable without an environment file, BadInput when one cannot be read."""
    sides = incident.environment
    if sides.reference is None and sides.current is None:
        raise NotApplicable(
            N_("No environment files: upload pip freeze, requirements, a conda or lock file of training and of production."),
            needs="environment",
        )
    return compare(sides.reference, sides.current)


def compare(reference: Path | None, current: Path | None) -> Packages:
    """Both files, or the conflicts of the one that there is."""
    manifests = [read_manifest(file) for file in (reference, current) if file is not None]
    found = tuple(c for manifest in dict.fromkeys(m.file for m in manifests) for c in _conflicts_of(manifests, manifest))
    if len(manifests) < 2:
        return Packages((), found, len(manifests[0].packages) if manifests else 0, tuple(m.file for m in manifests))
    before, after = manifests
    told = _differences(before, after)
    same = len(set(before.packages) & set(after.packages)) - sum(d.kind not in ("missing", "added", "python") for d in told)
    return Packages(told, found, same, (before.file, after.file))


def _conflicts_of(manifests: list[Manifest], file: str) -> list[Conflict]:
    # Two files of one name are told apart by nothing a reader sees; a conflict in both is told once.
    return list(dict.fromkeys(c for m in manifests if m.file == file for c in _conflicts(m)))


def differences(reference: Path, current: Path | None) -> tuple[Difference, ...]:
    """What differs, worst first; nothing with one file only."""
    return () if current is None else _differences(read_manifest(reference), read_manifest(current))


def conflicts(file: Path) -> tuple[Conflict, ...]:
    return _conflicts(read_manifest(file))


def _differences(before: Manifest, after: Manifest) -> tuple[Difference, ...]:
    found = []
    partial = after.kind == "Dockerfile" or before.kind == "Dockerfile"
    for name in sorted(set(before.packages) | set(after.packages)):
        left, right = before.packages.get(name), after.packages.get(name)
        if left is not None and right is not None:
            if (difference := _difference(left, right)) is not None:
                found.append(difference)
        elif left is not None and not partial:
            severity = Severity.CRITICAL if name in MODEL_LIBRARIES else Severity.WARNING
            found.append(Difference(name, left.shown, "", "missing", severity, N_("Production does not have it.")))
        elif right is not None and not partial:
            found.append(Difference(name, "", right.shown, "added", Severity.INFO, N_("Training did not have it.")))
    python = _python(before.python, after.python)
    if python is not None:
        found.append(python)
    return tuple(sorted(found, key=lambda d: (_RANK.index(d.severity), not d.breaking, d.package)))


def _difference(left: Package, right: Package) -> Difference | None:
    if left.version is not None and right.version is not None:
        if left.version.public == right.version.public:
            return _build(left, right)
        step = step_of(left.version, right.version)
        entry = known_break(left.name, left.version, right.version)
        if entry is not None:
            return Difference(
                left.name,
                left.shown,
                right.shown,
                step,
                entry.severity,
                entry.why,
                entry.source,
                entry.severity is not Severity.INFO,
            )
        if right.version.is_prerelease and not left.version.is_prerelease:
            return Difference(left.name, left.shown, right.shown, step, Severity.WARNING, N_("Production runs a pre-release."))
        if step == "major":
            why = N_("A new major version may change what the library does.")
            return Difference(left.name, left.shown, right.shown, step, Severity.WARNING, why)
        why = N_("A minor version may add and deprecate.") if step == "minor" else N_("A patch only mends faults.")
        return Difference(left.name, left.shown, right.shown, step, Severity.INFO, why)
    if left.shown == right.shown:
        return None
    one = left if left.version is not None else right if right.version is not None else None
    other = right if one is left else left
    if one is not None and one.version is not None and other.specifier.contains(one.version, prereleases=True):
        why = N_("One side is not pinned: what is installed there depends on the day.")
        severity = Severity.WARNING if left.name in MODEL_LIBRARIES and not len(other.specifier) else Severity.INFO
        return Difference(left.name, left.shown, right.shown, "range", severity, why)
    if compatible(left.specifier, right.specifier):
        return Difference(
            left.name, left.shown, right.shown, "range", Severity.INFO, N_("The two ranges overlap, but are not the same.")
        )
    severity = Severity.CRITICAL if left.name in MODEL_LIBRARIES else Severity.WARNING
    return Difference(left.name, left.shown, right.shown, "range", severity, N_("No version satisfies both sides."))


def _build(left: Package, right: Package) -> Difference | None:
    """The same version in another build, such as +cu118 for +cpu."""
    if left.version is None or right.version is None or left.version.local == right.version.local:
        return None
    if left.version.local is None or right.version.local is None:
        return None
    why = N_("The same version built for other hardware: results may differ in the last digits, or the library does not load.")
    return Difference(left.name, left.shown, right.shown, "patch", Severity.WARNING, why)


def _python(before: str, after: str) -> Difference | None:
    left, right = _release(before), _release(after)
    if left is None or right is None or left == right:
        return None
    if left[:1] != right[:1]:
        kind, severity, why = "major", Severity.CRITICAL, N_("Python 2 and 3 do not read each other's pickles and texts alike.")
    elif left[:2] != right[:2]:
        kind, severity = "minor", Severity.WARNING
        why = N_("Pickled functions and compiled packages belong to one minor version of Python.")
    else:
        kind, severity, why = "patch", Severity.INFO, N_("A patch only mends faults.")
    return Difference(
        "python", before, after, kind, severity, why, "https://docs.python.org/3/library/pickle.html", kind != "patch"
    )


def _release(text: str) -> tuple[int, ...] | None:
    """The release of a version; None for a range, which says no version."""
    match = re.fullmatch(r"=*\s*(\d+(?:\.\d+){1,2})(?:\.\*)?", text.strip())
    try:
        return Version(match[1]).release if match else None
    except InvalidVersion:
        return None


def _conflicts(manifest: Manifest) -> tuple[Conflict, ...]:
    """Pairs in one file that no installation satisfies."""
    found = []
    packages = dict(manifest.packages)
    python = _release(manifest.python)
    if python is not None:
        version = ".".join(map(str, python))
        packages["python"] = Package("python", "python", Version(version), SpecifierSet(f"=={version}"))
    for need in NEEDS:
        package, other = packages.get(need.package), packages.get(need.other)
        if package is None or other is None:
            continue
        versions = SpecifierSet(need.versions)
        # A range counts only when every version in it has this need.
        applies = versions.contains(package.version, prereleases=True) if package.version else within(package.specifier, versions)
        if applies and not _agree(other, need.needs):
            by = f"{package.given}{package.specifier}" if package.specifier else f"{package.given} {package.shown}"
            found.append(Conflict(need.other, _has(other), need.needs, by, manifest.file, need.source))
    for first, second in manifest.duplicates:
        if not compatible(first.specifier, second.specifier):
            found.append(Conflict(first.name, _has(first), _has(second), N_("the same file"), manifest.file, "PEP 440"))
    return tuple(dict.fromkeys(found))


def _agree(package: Package, needs: str) -> bool:
    try:
        wanted = SpecifierSet(needs)
    except InvalidSpecifier:
        return True
    if package.version is not None:
        return wanted.contains(package.version, prereleases=True)
    return compatible(package.specifier, wanted)


def _has(package: Package) -> str:
    return str(package.specifier) or (f"=={package.version}" if package.version else "any")


def judge(p: Packages, *, shown: int = 8) -> list[Finding]:
    """One finding per difference that matters, at most `shown`; the harmless rest in one. Severities are those of the table
    of breaks.
    """
    findings = []
    for d in [d for d in p.differences if d.severity is not Severity.INFO][:shown]:
        rule = PYTHON if d.package == "python" else MISSING if d.kind == "missing" else BREAKING
        says = N_("{package:name} is {current:name} in production and was {reference:name} in training. {why}")
        if d.kind == "missing":
            says = N_("{package:name} {reference:name} of training is missing in production.")
        elif not d.breaking and rule is BREAKING:
            rule = DIFFERS
        findings.append(
            Finding(
                rule,
                says,
                {
                    "package": d.package,
                    "reference": d.reference,
                    "current": d.current,
                    "kind": d.kind,
                    "why": d.why,
                    "source": d.source,
                    "cause": "environment_mismatch",
                },
                severity=d.severity,
                weight={"missing": 0.9, "major": 0.8, "minor": 0.5}.get(d.kind, 0.3) + (0.1 if d.breaking else 0.0),
            )
        )
    rest = [d for d in p.differences if d.severity is Severity.INFO]
    if rest:
        findings.append(
            Finding(
                DIFFERS,
                N_("{count:count} packages differ in a way that is usually harmless: {packages:list}."),
                {"count": len(rest), "packages": tuple(d.package for d in rest)},
                weight=min(1.0, len(rest) / 100),
            )
        )
    for c in p.conflicts[:shown]:
        findings.append(
            Finding(
                CONFLICT,
                N_("{file:name} has {package:name} {has:name}, but {needed_by:name} needs {needs:name}."),
                {
                    "package": c.package,
                    "has": c.has,
                    "needs": c.needs,
                    "needed_by": c.needed_by,
                    "file": c.file,
                    "source": c.source,
                    "cause": "environment_mismatch",
                },
                severity=Severity.CRITICAL if c.package in MODEL_LIBRARIES else Severity.WARNING,
                weight=0.6,
            )
        )
    return findings
