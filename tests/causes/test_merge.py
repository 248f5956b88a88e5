from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from diagnostics.causes.catalogue import DEFAULT_FILL, MISSING_VALUES, RECODED_CATEGORIES, UNIT_CHANGE
from diagnostics.causes.hypothesis import Hypothesis
from diagnostics.causes.merge import merged
from diagnostics.measure.frames import with_columns
from diagnostics.measure.undo import Undo
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.words import Words

DAY = datetime(2026, 5, 1)


def missing(name: str, since: datetime, kept: list[bool], kind: CauseKind = MISSING_VALUES, strength: float = 0.9) -> Hypothesis:
    return Hypothesis(
        kind=kind,
        strength=strength,
        says="",
        remedy="",
        evidence={"column": name},
        columns=(name,),
        since=since,
        supports=("INP001",),
        undo=Undo(leave_out=(name,)),
        kept=np.array(kept),
    )


def plus(name: str, step: float, strength: float = 0.9) -> Hypothesis:
    def repair(frame: pd.DataFrame) -> pd.DataFrame:
        return with_columns(frame, {name: frame[name] + step})

    return Hypothesis(kind=RECODED_CATEGORIES, strength=strength, says="", remedy="", columns=(name,), undo=Undo(repair=repair))


def test_columns_that_broke_together_are_one_cause() -> None:
    (one,) = merged([missing("a", DAY, [True, False, True]), missing("b", DAY + timedelta(hours=3), [False, True, True])])
    assert one.columns == ("a", "b")
    assert one.since == DAY
    assert one.kept is not None
    assert one.kept.tolist() == [False, False, True]
    assert one.undo.leave_out == ("a", "b")
    assert one.supports == ("INP001",)
    assert Words().sentence(one.says, one.evidence) == "Values went missing in 2 columns at once: a and b."


def test_columns_that_broke_at_other_times_or_otherwise_are_not() -> None:
    assert len(merged([missing("a", DAY, [True]), missing("b", DAY + timedelta(days=9), [True])])) == 2
    assert len(merged([missing("a", DAY, [True]), missing("a", DAY, [True], DEFAULT_FILL)])) == 2
    assert len(merged([missing("a", DAY, [True]), missing("b", DAY, [True], strength=0.5)])) == 2


def test_a_kind_that_cannot_hit_several_columns_at_once_is_not_merged() -> None:
    assert UNIT_CHANGE.plural == ""
    assert len(merged([missing("a", DAY, [True], UNIT_CHANGE), missing("b", DAY, [True], UNIT_CHANGE)])) == 2


def test_the_same_column_twice_keeps_the_clearer_sentence() -> None:
    (one,) = merged([missing("a", DAY, [True], strength=0.6), missing("a", DAY, [False], strength=0.9)])
    assert (one.strength, one.columns) == (0.9, ("a",))


def test_undos_are_chained() -> None:
    (one,) = merged([plus("a", 1, 0.9), plus("b", 1, 0.85)])
    assert one.undo.repair is not None
    assert one.undo.repair(pd.DataFrame({"a": [1], "b": [5]})).to_numpy().tolist() == [[2, 6]]


def test_one_that_cannot_be_repaired_makes_the_whole_unrepairable() -> None:
    broken = Hypothesis(kind=RECODED_CATEGORIES, strength=0.85, says="", remedy="", columns=("b",), undo=Undo(leave_out=("b",)))
    (one,) = merged([plus("a", 1), broken])
    assert one.columns == ("a", "b")
    assert one.undo.repair is None
