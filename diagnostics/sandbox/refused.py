"""Refused: a model that is not run, for a reason that the app has a sentence for."""

from __future__ import annotations


class Refused(Exception):
    """reason: a key of `model.REFUSALS`. values: numbers and names for its sentence."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values
