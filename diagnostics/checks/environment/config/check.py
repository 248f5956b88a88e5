"""Configuration: which settings differ between training and production, what matters to the answers first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagnostics.causes.catalogue import CONFIG_MISMATCH
from diagnostics.checks.environment.config.diff import Change, changes
from diagnostics.checks.environment.config.matters import ORDER, WORTH_TELLING, Matter
from diagnostics.checks.environment.config.settings import Settings, read_settings
from diagnostics.checks.environment.config.tree import number_of
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Shown, Unit, internal, optional, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class SettingDiffers(Entry):
    """added, removed: entries of a list. ratio: after by before, of two numbers."""

    setting: str = shown(N_("Setting"), Unit.NAME)
    before: str = shown(N_("Value before"), Unit.NAME)
    after: str = shown(N_("Value in production"), Unit.NAME)
    matter: Matter
    added: tuple[str, ...] | None = shown(N_("Entries gained"), Unit.NAMES, optional=True)
    removed: tuple[str, ...] | None = shown(N_("Entries lost"), Unit.NAMES, optional=True)
    ratio: float | None = shown(N_("Value in production, as a multiple of before"), optional=True)
    cause: CauseKind | None = optional()
    change: Change = internal()


@dataclass(frozen=True, kw_only=True)
class OtherSettings(Entry):
    """Settings that rarely change predictions."""

    count: int = shown(N_("Other settings that differ"), Unit.COUNT)
    settings: tuple[str, ...] = shown(N_("Settings"), Unit.NAMES)


def _say(entry: SettingDiffers) -> str:
    change = entry.change
    if change.missing == "reference":
        return N_("{setting:name} is only set in production ({after:name}).")
    if change.missing:
        return N_("{setting:name} is not set in production; it was {before:name}.")
    if change.quoted == "current":
        return N_("{setting:name} is read as text in production ({after:name}), and as a number or a switch before.")
    if change.quoted:
        return N_("{setting:name} is read as a number or a switch in production ({after:name}), and as text before.")
    if change.moved:
        return N_("{setting:name} holds the same entries in another order: {after:name} instead of {before:name}.")
    if change.added and change.removed:
        return N_("{setting:name} lost {removed:list} and gained {added:list}.")
    if change.added:
        return N_("{setting:name} gained {added:list} in production.")
    if change.removed:
        return N_("{setting:name} lost {removed:list} in production.")
    if change.secret and change.reference == change.current:
        return N_("{setting:name} differs between the two sides; its value is kept secret.")
    return N_("{setting:name} is {after:name} in production and was {before:name}.")


SETTING: Final = Rule[SettingDiffers](
    code="ENV010",
    lane=Lane.MODEL,
    title=N_("A setting that shapes the answers differs"),
    says=_say,
    why=N_("Thresholds, features, scaling and the path of the model decide what is answered; both sides must agree on them."),
    remedy=N_(
        "Set the value that the model was tested with, deploy it from the same file, and compare the two before each release."
    ),
    statistic=N_("The two values of the setting, side by side."),
    source="Sculley et al. 2015, Hidden technical debt in machine learning systems (configuration debt)",
    suggests=lambda entry: entry.cause,
    thresholds={"big_at": Shown(N_("Relative change of a number that is called critical"), Unit.SHARE)},
)
OTHER: Final = Rule[OtherSettings](
    code="ENV011",
    lane=Lane.MODEL,
    title=N_("Other settings differ"),
    says=N_("Other settings that differ: {count:count} ({settings:list})."),
    why=N_("Addresses, ports and log levels normally differ between places; they rarely change predictions."),
    remedy=N_("Look through the list once for a surprise."),
    statistic=N_("Number of settings that differ."),
    source="Sculley et al. 2015, Hidden technical debt in machine learning systems (configuration debt)",
    severity=Severity.INFO,
)
RULES: Final = (SETTING, OTHER)


@dataclass(frozen=True)
class Config:
    """changes: what shapes the answers most first. compared: settings in either file."""

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
        return compare(read_settings(before), read_settings(after))
    except BadInput as reason:
        raise NotApplicable(reason.message, needs="config", **reason.values) from reason


def compare(before: Settings, after: Settings) -> Config:
    found = sorted(
        changes(before, after), key=lambda c: (not c.decisive, ORDER.index(c.matter), c.missing == "reference", c.path)
    )
    return Config(tuple(found), len(before.shown.keys() | after.shown.keys()))


def judge(p: Config, *, shown: int = 20, big_at: float = 0.2) -> list[Finding]:
    """A decisive setting is critical when it is a number that moved by `big_at` of itself or more, or no number at all.

    Seeds and sources of data are told, and no more; addresses and log levels only listed.
    """
    listed = [c for c in p.changes if c.matter in WORTH_TELLING and not (c.secret and c.matter is Matter.DATA)][:shown]
    findings: list[Finding] = [_find(change, big_at) for change in listed]
    rest = tuple(c.path for c in p.changes if c not in listed)
    if rest:
        findings.append(OTHER.found(OtherSettings(weight=0.1, count=len(rest), settings=rest[:50])))
    return findings


def _find(change: Change, big_at: float) -> Finding:
    far = _far(change.reference, change.current)
    critical = change.decisive and not change.missing and not change.quoted and far >= big_at
    listed = bool(change.added or change.removed)
    before, after = number_of(change.reference), number_of(change.current)
    return SETTING.found(
        SettingDiffers(
            weight=min(1.0, far) * (1 - 0.05 * ORDER.index(change.matter)),
            setting=change.path,
            before=change.reference,
            after=change.current,
            matter=change.matter,
            added=change.added if listed else None,
            removed=change.removed if listed else None,
            ratio=after / before if before and after is not None else None,
            cause=CONFIG_MISMATCH if change.decisive else None,
            change=change,
        ),
        severity=Severity.CRITICAL if critical else Severity.WARNING if change.decisive else Severity.INFO,
    )


def _far(before: str, after: str) -> float:
    """Relative distance of two numbers, 1 for anything else."""
    a, b = number_of(before), number_of(after)
    if a is None or b is None or a != a or b != b:
        return 1.0
    return abs(a - b) / max(abs(a), abs(b), 1e-12)
