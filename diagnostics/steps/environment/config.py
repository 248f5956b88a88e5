"""Configuration: which settings differ between training and production, what matters to the answers first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from diagnostics.finding import BadInput, Finding, NotApplicable, Rule, Severity
from diagnostics.incident import Incident
from diagnostics.steps.environment.settings import read_settings
from diagnostics.words import N_

SETTING: Final = Rule(
    code="ENV010",
    title=N_("A setting that shapes the answers differs"),
    why=N_("Thresholds, features, scaling and the path of the model decide what is answered; both sides must agree on them."),
    remedy=N_(
        "Set the value that the model was tested with, deploy it from the same file, and compare the two before each release."
    ),
    statistic=N_("The two values of the setting, side by side."),
    source="Sculley et al. 2015, Hidden technical debt in machine learning systems (configuration debt)",
)
OTHER: Final = Rule(
    code="ENV011",
    title=N_("Other settings differ"),
    why=N_("Addresses, ports and log levels differ between places by nature; they rarely change answers."),
    remedy=N_("Look through the list once for a surprise."),
    statistic=N_("Number of settings that differ."),
    source="Sculley et al. 2015, Hidden technical debt in machine learning systems (configuration debt)",
    severity=Severity.INFO,
)
RULES: Final = (SETTING, OTHER)

DECISIVE: Final = re.compile(
    r"(?i)threshold|cut_?off|feature|column|scal|normal|impute|fill|default_value|encod|vocab|categor|clip|bins?$|model|weight"
    r"|checkpoint|unit|time_?zone|calibrat|class|label|positive|prepro"
)
USUAL: Final = re.compile(
    r"(?i)port$|host|url|address|log|debug|name$|worker|replica|region|bucket|email|owner|path$|dir$|env(ironment)?$"
    r"|password|secret|token|key$"
)


@dataclass(frozen=True)
class Change:
    """One setting; an empty text where a side lacks it. decisive: its name says that it shapes the answers."""

    path: str
    reference: str
    current: str
    missing: str
    decisive: bool


@dataclass(frozen=True)
class Config:
    """changes: decisive ones first. compared: settings in either file."""

    changes: tuple[Change, ...]
    compared: int


def profile(incident: Incident) -> Config:
    """Raises NotApplicable without two configuration files that can be read."""
    before, after = incident.config.reference, incident.config.current
    if before is None or after is None:
        raise NotApplicable(
            N_("No pair of configurations: upload the file of training (or of the last good release) and that of production."),
            needs="config",
        )
    try:
        left, right = read_settings(before), read_settings(after)
    except BadInput as reason:
        raise NotApplicable(reason.message, needs="config", **reason.values) from reason
    changes = []
    for path in sorted(left.keys() | right.keys()):
        if left.get(path) == right.get(path):
            continue
        missing = "reference" if path not in left else "current" if path not in right else ""
        decisive = bool(DECISIVE.search(path)) and not (USUAL.search(path) and not DECISIVE.search(path.rsplit(".", 1)[-1]))
        changes.append(Change(path, left.get(path, ""), right.get(path, ""), missing, decisive))
    changes.sort(key=lambda c: (not c.decisive, c.path))
    return Config(tuple(changes), len(left.keys() | right.keys()))


def judge(p: Config, *, shown: int = 20, big_at: float = 0.2) -> list[Finding]:
    """A decisive setting is critical when it is a number that moved by `big_at` of itself or more, or no number at all."""
    findings = []
    for change in [c for c in p.changes if c.decisive][:shown]:
        if change.missing:
            says = (
                N_("{setting:name} is only set in production ({after:name}).")
                if change.missing == "reference"
                else N_("{setting:name} is not set in production; it was {before:name}.")
            )
            severity = Severity.WARNING
        else:
            says = N_("{setting:name} is {after:name} in production and was {before:name}.")
            severity = Severity.CRITICAL if _far(change.reference, change.current) >= big_at else Severity.WARNING
        findings.append(
            Finding(
                SETTING,
                says,
                {"setting": change.path, "before": change.reference, "after": change.current, "cause": "config_mismatch"},
                (),
                severity,
                weight=min(1.0, _far(change.reference, change.current)),
            )
        )
    rest = tuple(c.path for c in p.changes if not c.decisive)
    if rest:
        says = N_("Other settings that differ: {count:count} ({settings:list}).")
        findings.append(Finding(OTHER, says, {"count": len(rest), "settings": rest[:50]}, weight=0.1))
    return findings


def _far(before: str, after: str) -> float:
    """Relative distance of two numbers, 1 for anything else."""
    try:
        a, b = float(before), float(after)
    except ValueError:
        return 1.0
    return abs(a - b) / max(abs(a), abs(b), 1e-12)
