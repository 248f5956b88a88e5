"""An incident as the key of a cache."""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.nouns.incident import Incident


@dataclass(frozen=True, eq=False)
class Key:
    """Equal to another where the content of both incidents is equal."""

    incident: Incident

    def __hash__(self) -> int:
        return hash(self.incident.fingerprint)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and other.incident.fingerprint == self.incident.fingerprint
