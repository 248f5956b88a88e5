"""Configuration: what differs between training and production, what matters first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from diagnostics.finding import Finding, NotApplicable, Rule, Severity
from diagnostics.incident import Incident
from diagnostics.steps.environment.settings import Scalar, Setting, Settings, read_settings
from diagnostics.words import N_, Value

MATTERS: Final = Rule(
    code="ENV010",
    title=N_("A setting that the model depends on differs"),
    why=N_("The same model with another threshold, other features or another scaling is another model."),
    remedy=N_("Set production to the value of training, or make the change in both places and evaluate the model again."),
    statistic=N_(
        "Settings compared by their path; numbers by how far apart they are, lists by what was added, removed or moved."
    ),
    source="Sculley et al. 2015, Hidden technical debt in machine learning systems (NIPS), configuration debt",
)
OTHER: Final = Rule(
    code="ENV011",
    title=N_("Other settings differ"),
    why=N_("Hosts, ports and log levels usually differ between places; one of them may still explain an error."),
    remedy=N_("Go through the list once; move what must differ into a file of its own."),
    statistic=N_("Settings compared by their path."),
    source="Sculley et al. 2015, Hidden technical debt in machine learning systems (NIPS), configuration debt",
    severity=Severity.INFO,
)
RULES: Final = (MATTERS, OTHER)


class Matter(StrEnum):
    """What a setting is about, in the order of how much it can change the answers."""

    THRESHOLD = "threshold"
    MODEL = "model"
    FEATURES = "features"
    SCALING = "scaling"
    CLASSES = "classes"
    SEED = "seed"
    DATA = "data"
    SERVING = "serving"
    OTHER = "other"


_PATTERNS: Final = (
    (
        Matter.SERVING,
        r"log|debug|port\b|host|url\b|endpoint|bind|title|description|owner|email|comment|color|dashboard|namespace|region|replica",
    ),
    (Matter.THRESHOLD, r"threshold|cut_?off|operating_?point|min_?(?:score|confidence|proba)|decision"),
    (
        Matter.SCALING,
        r"scal(?:e|er|ing)|normali[sz]|standardi[sz]|\bmean\b|\bstd\b|unit|imput|fill_?(?:value|na)|default_?value|clip|encod|token|preprocess",
    ),
    (Matter.FEATURES, r"feature|column|input|schema|vocab|embedding|window|lag|max_?len|sequence_?len"),
    (Matter.CLASSES, r"class|label|target|positive|mapping"),
    (
        Matter.MODEL,
        r"model|checkpoint|weights|artifact|estimator|version|alpha|lambda|depth|layers|temperature|learning_?rate|hyper|param",
    ),
    (Matter.SEED, r"seed|random_?state|determinis"),
    (Matter.DATA, r"data|table|query|source|split|sampl|date|time_?zone|\btz\b|locale|decimal|currency"),
    (Matter.SERVING, r"timeout|worker|batch|thread|memory|cpu|gpu|cache|retry|pool|queue|limit"),
)
_COMPILED: Final = tuple((matter, re.compile(pattern, re.IGNORECASE)) for matter, pattern in _PATTERNS)
_ORDER: Final = tuple(Matter)
_LAST_ONLY: Final = frozenset({Matter.SERVING})


@dataclass(frozen=True)
class Change:
    """One setting that differs. kind: "changed", "missing", "added", "reordered" or "type".

    reference, current: as shown, secrets masked; ratio: current over reference for numbers; added, removed: for lists.
    """

    path: str
    matter: Matter
    kind: str
    reference: str
    current: str
    ratio: float | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    secret: bool = False


@dataclass(frozen=True)
class Config:
    """changes: what matters first. same: settings that agree."""

    changes: tuple[Change, ...]
    same: int
    files: tuple[str, str]


def profile(incident: Incident) -> Config:
    """Raises NotApplicable without both files, BadInput when one cannot be read."""
    before, after = incident.config.reference, incident.config.current
    if before is None or after is None:
        raise NotApplicable(
            N_(
                "No pair of configuration files: upload the settings of training and of production, so that they can be compared."
            ),
            needs="config",
        )
    return compare(read_settings(before), read_settings(after))


def compare(before: Settings, after: Settings) -> Config:
    changes = []
    for path in sorted(set(before.values) | set(after.values)):
        secret = path in before.masked or path in after.masked
        matter = matter_of(path)
        if path not in after.values:
            changes.append(Change(path, matter, "missing", _shown(before.values[path]), "", secret=secret))
        elif path not in before.values:
            changes.append(Change(path, matter, "added", "", _shown(after.values[path]), secret=secret))
        elif (change := _change(path, matter, before.values[path], after.values[path], secret)) is not None:
            changes.append(change)
    changes.sort(key=lambda c: (c.secret, _ORDER.index(c.matter), c.kind == "added", c.path))
    same = len(set(before.values) & set(after.values)) - sum(c.kind not in ("missing", "added") for c in changes)
    return Config(tuple(changes), same, (before.file, after.file))


def matter_of(path: str) -> Matter:
    """What a setting is about, by its own name first and then by the names above it."""
    parts = [part for part in re.split(r"[.\[\]]", path) if part]
    for position, part in enumerate(reversed(parts)):
        for matter, pattern in _COMPILED:
            if pattern.search(part) and (position == 0 or matter not in _LAST_ONLY):
                return matter
    return Matter.OTHER


def _change(path: str, matter: Matter, left: Setting, right: Setting, secret: bool) -> Change | None:
    if _equal(left, right):
        return None
    if secret:
        return Change(path, matter, "changed", _shown(left), _shown(right), secret=True)
    if isinstance(left, tuple) and isinstance(right, tuple):
        removed = tuple(_text(v) for v in left if v not in right)
        added = tuple(_text(v) for v in right if v not in left)
        kind = "changed" if removed or added or len(left) != len(right) else "reordered"
        return Change(path, matter, kind, _shown(left), _shown(right), added=added, removed=removed)
    if _number(left) and _number(right) and isinstance(left, int | float) and isinstance(right, int | float):
        return Change(path, matter, "changed", _shown(left), _shown(right), ratio=right / left if left else None)
    kind = "changed" if type(left) is type(right) else "type"
    return Change(path, matter, kind, _shown(left), _shown(right))


def _equal(left: Setting, right: Setting) -> bool:
    """1 and 1.0 are one value; true and 1, or "1" and 1, are not."""
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return left == right


def _number(value: Setting) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Scalar) -> str:
    return {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)


def _shown(value: Setting) -> str:
    if isinstance(value, tuple):
        shown = ", ".join(_text(v) for v in value[:8])
        return f"[{shown}{', …' if len(value) > 8 else ''}]"
    return _text(value)


def judge(p: Config, *, shown: int = 8) -> list[Finding]:
    """One finding per setting that can change the answers, at most `shown`; all others in one.

    Critical where the setting alone decides what the answer is: the threshold, the model, the list of features and the
    scaling. Hosts, ports and
    log levels are told last.
    """
    mattering = [c for c in p.changes if c.matter not in (Matter.SERVING, Matter.OTHER) and not c.secret]
    findings = [_finding(c) for c in mattering[:shown]]
    rest = [c for c in p.changes if c not in mattering[:shown]]
    if rest:
        findings.append(
            Finding(
                OTHER,
                N_("{count:count} other settings differ: {paths:list}."),
                {"count": len(rest), "paths": tuple(c.path for c in rest)},
                weight=min(1.0, len(rest) / 100),
            )
        )
    return findings


def _finding(change: Change) -> Finding:
    says = N_("{path:name} is {current:name} in production and was {reference:name} in training.")
    if change.kind == "missing":
        says = N_("{path:name} is not set in production; in training it was {reference:name}.")
    elif change.kind == "added":
        says = N_("{path:name} is set to {current:name} in production; training did not set it.")
    elif change.kind == "reordered":
        says = N_("{path:name} holds the same entries in another order: {current:name} instead of {reference:name}.")
    elif change.added and change.removed:
        says = N_("{path:name} lost {removed:list} and gained {added:list}.")
    elif change.added:
        says = N_("{path:name} gained {added:list}.")
    elif change.removed:
        says = N_("{path:name} lost {removed:list}.")
    heavy = change.matter in (Matter.THRESHOLD, Matter.MODEL, Matter.FEATURES, Matter.SCALING, Matter.CLASSES)
    severity = Severity.CRITICAL if heavy and change.kind != "added" else Severity.WARNING
    evidence: dict[str, Value] = {
        "path": change.path,
        "matter": str(change.matter),
        "kind": change.kind,
        "reference": change.reference,
        "current": change.current,
        "added": change.added,
        "removed": change.removed,
        "cause": "config_mismatch",
        **({"ratio": change.ratio} if change.ratio is not None else {}),
    }
    weight = 1.0 - _ORDER.index(change.matter) / len(_ORDER)
    return Finding(MATTERS, says, evidence, severity=severity, weight=weight)
