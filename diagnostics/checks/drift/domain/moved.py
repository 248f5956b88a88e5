"""What moved: the rows, the classes, the relation or one column's link, decided from how well samples can be told apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from diagnostics.nouns.incident import Sides
from diagnostics.nouns.intervals import Interval


class Moved(StrEnum):
    """What moved. UNKNOWN: the rows did, and without labels no more can be said; SEVERAL: more than one thing at once."""

    NOTHING = "nothing"
    ROWS = "covariate"
    CLASSES = "prior"
    RELATION = "concept"
    LINK = "link"
    SEVERAL = "several"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Domain:
    """AUCs of telling current from reference rows, each with its 95% interval, None where it could not be measured.

    x: from the features. y: from the target. xy: from the features and the target. given_column: from the other features and the
        target among rows matched on `column`, the one that changed most. given_target: from the features among rows matched on
        the target.
        usual: of telling the later half of the reference from the earlier (without times: a random half).
    floor: what x, given_column, given_target must pass to be no chance (99.9%), in that order.
    tells: features with how much the AUC falls without them, most telling first. column_gap, target_gap: how far the column and
        the target moved by themselves, 0 to 1. classes: whether the target tells classes apart. beyond: share of the current
        rows whose value of `column` the reference never had. rows: rows a side that were compared. since: from when on the
        current rows were compared, as what changed shows only there; None for all.
    """

    moved: Moved
    x: Interval
    y: Interval | None
    xy: Interval | None
    given_column: Interval | None
    given_target: Interval | None
    usual: Interval | None
    floors: tuple[float, float, float]
    column: str
    column_gap: float
    beyond: float
    target: str | None
    target_gap: float
    classes: bool
    tells: tuple[tuple[str, float], ...]
    rows: Sides[int]
    since: datetime | None


def decide(
    p: Domain,
    *,
    loud_at: float = 0.54,
    above_usual: float = 0.03,
    much_at: float = 0.95,
    adds_at: float = 0.015,
    joint_at: float = 0.005,
    beyond_at: float = 0.05,
) -> Moved:
    """What moved, from three AUCs: the features alone, the rest given the most changed column, and the features given the target.

    Other rows (P(x) moved) are explained by the column that selected them: matched on it, the rest and the target tell nothing.
    Moved class shares are explained by the target: matched on it, the features tell nothing. A changed relation shows only with
    the target: together they tell more than either alone. `loud_at`: in trials on three tables, AUCs without a cause stayed
    below 0.52 and those with one above 0.55; `above_usual`: on top of what the two halves of the reference differ by themselves.
    Above `much_at` the rows share too little to reason on.
    """
    natural = max(0.0, p.usual.value - 0.5) if p.usual else 0.0

    def loud(auc: Interval | None, floor: float) -> bool:
        least = max(loud_at, floor, 0.5 + natural + (above_usual if natural > 0.02 else 0.0))
        return auc is not None and auc.value > least

    x, column, target = (loud(a, f) for a, f in zip((p.x, p.given_column, p.given_target), p.floors, strict=True))
    if p.xy is None:
        # Without labels nobody knows whether the relation held, but rows alike in one column may be alike in all others.
        if not x or column or p.given_column is None or p.x.value >= much_at or p.beyond >= beyond_at:
            return Moved.UNKNOWN if x else Moved.NOTHING
        return Moved.ROWS if p.column_gap >= 0.05 else Moved.LINK
    if p.given_column is None or p.given_target is None:
        # Not enough rows alike in this column or the target to match: too much moved to be taken apart.
        return Moved.SEVERAL if x else Moved.NOTHING
    # The window was chosen where most changed, so the class shares must differ by more than chance gives any window.
    shares = p.classes and p.y is not None and p.y.value > p.floors[0] and p.target_gap >= 0.03
    # With the target the rows are told apart clearly better than without: the relation or the shares of the target moved.
    adds = p.xy.value - p.x.value > adds_at and p.xy.low > p.x.value
    if not x:
        if not loud(p.xy, p.floors[0]):
            return Moved.NOTHING
        # Matters only together: features and target tell more than either alone.
        together = p.xy.value - max(p.x.value, p.y.value if p.y else 0.5) > joint_at
        if shares and p.target_gap >= 0.05 and not together and not target:
            return Moved.CLASSES
        return Moved.RELATION if column and (together or not p.classes) else Moved.NOTHING
    if shares and not target:
        return Moved.CLASSES
    # Selecting rows brings no value that was not there before: such values have another reason.
    if p.x.value >= much_at or p.beyond >= beyond_at:
        return Moved.SEVERAL
    if not column:
        return Moved.ROWS if p.column_gap >= 0.05 else Moved.LINK
    if adds:
        return Moved.SEVERAL
    return Moved.ROWS
