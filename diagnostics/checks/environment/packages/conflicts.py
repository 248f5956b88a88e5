"""Pins of one file that no installation satisfies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from packaging.specifiers import SpecifierSet

from diagnostics.checks.environment.packages.needs import NEEDS, Need
from diagnostics.checks.environment.packages.pins import Environment, Pin, python_of
from diagnostics.checks.environment.packages.ranges import compatible, within

BUILT_ALIKE: Final = ("torch", "torchvision", "torchaudio")
BUILDS_SOURCE: Final = "https://pytorch.org/get-started/previous-versions/"
TWICE_SOURCE: Final = "https://pip.pypa.io/en/stable/topics/dependency-resolution/"


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """`needed_by` needs `package` in `needs`, but the file asks for `has`."""

    file: str
    package: str
    has: str
    needs: str
    needed_by: str
    source: str = ""


def conflicts_in(environment: Environment) -> tuple[Conflict, ...]:
    """From the known needs of packages, from builds that must agree, and from packages that are pinned twice."""
    pins = {**environment.system, **environment.pins}
    python = python_of(environment)
    if python is not None:
        pins["python"] = python
    file = environment.file
    found = [_conflict(file, need, pins) for need in NEEDS]
    found += [
        Conflict(file=file, package=b.name, has=b.shown, needs=a.shown, needed_by=file, source=TWICE_SOURCE)
        for a, b in environment.twice
        if not _stand(a, b)
    ]
    found += _builds(file, pins)
    return tuple(dict.fromkeys(conflict for conflict in found if conflict is not None))


def _conflict(file: str, need: Need, pins: Mapping[str, Pin]) -> Conflict | None:
    mine, other = pins.get(need.package), pins.get(need.other)
    if mine is None or other is None:
        return None
    if mine.version is not None:
        applies = need.versions.contains(mine.version, prereleases=True)
    else:
        # A range counts only when every version in it has this need.
        applies = within(mine.asked, need.versions)
    if not applies or _holds(other, need.needs):
        return None
    return Conflict(
        file=file,
        package=need.other,
        has=other.shown,
        needs=str(need.needs),
        needed_by=f"{need.package} {mine.shown}",
        source=need.source,
    )


def _holds(pin: Pin, needs: SpecifierSet) -> bool:
    if pin.version is not None:
        return needs.contains(pin.version.public, prereleases=True)
    return compatible(pin.asked, needs)


def _stand(first: Pin, second: Pin) -> bool:
    """Two lines for one package that some version satisfies."""
    return compatible(first.asked, second.asked)


def _builds(file: str, pins: Mapping[str, Pin]) -> Iterator[Conflict]:
    """PyTorch and its companions hold only when they are built for the same CUDA."""
    builds = {
        name: pin.version.local
        for name in BUILT_ALIKE
        if (pin := pins.get(name)) and pin.version and (pin.version.local or "").startswith(("cu", "cpu", "rocm"))
    }
    first = builds.get("torch")
    for name, build in builds.items():
        if first and build != first:
            torch = pins["torch"].shown
            yield Conflict(
                file=file, package=name, has=pins[name].shown, needs=f"+{first}", needed_by=f"torch {torch}", source=BUILDS_SOURCE
            )
