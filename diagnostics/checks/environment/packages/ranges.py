"""Ranges of versions: whether two have a version in common, and whether one lies within another."""

from __future__ import annotations

from packaging.specifiers import SpecifierSet
from packaging.version import Version

FAR = 99_999


def compatible(left: SpecifierSet, right: SpecifierSet) -> bool:
    """Some version satisfies both. Tried at every bound and just beside it, since only there a conflict can begin."""
    both = left & right
    return any(both.contains(version, prereleases=True) for version in _candidates(both))


def within(inner: SpecifierSet, outer: SpecifierSet) -> bool:
    """Every version that `inner` allows lies in `outer`; False for a range without bounds."""
    allowed = [version for version in _candidates(inner & outer) if inner.contains(version, prereleases=True)]
    return bool(len(inner)) and bool(allowed) and all(outer.contains(version, prereleases=True) for version in allowed)


def _candidates(specifiers: SpecifierSet) -> list[Version]:
    found = {Version("0"), Version(str(FAR))}
    for specifier in specifiers:
        base = Version(specifier.version.removesuffix(".*"))
        major, minor, patch = [*base.release, 0, 0, 0][:3]
        found |= {base, Version(f"{base.public}.post1") if not base.is_devrelease else base}
        found |= {Version(f"{major}.{minor}.{patch}"), Version(f"{major}.{minor}.{patch + 1}"), Version(f"{major}.{minor}.{FAR}")}
        found |= {Version(f"{major}.{minor + 1}"), Version(f"{major}.{FAR}"), Version(f"{major + 1}.0")}
        if patch:
            found.add(Version(f"{major}.{minor}.{patch - 1}"))
        elif minor:
            found.add(Version(f"{major}.{minor - 1}.{FAR}"))
        elif major:
            found.add(Version(f"{major - 1}.{FAR}"))
    return sorted(found)
