from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from diagnostics.causes.cause import Family
from diagnostics.causes.hypothesis import Hypothesis
from diagnostics.causes.merge import merged
from diagnostics.nouns.words import Words

DAY = datetime(2026, 5, 1)


def missing(name: str, since: datetime, keep: list[bool], code: str = "missing_values") -> Hypothesis:
    return Hypothesis(
        code, Family.DATA, 0.9, "", "", {"column": name}, (name,), since=since, supports=("INP001",), keep=np.array(keep)
    )


def test_columns_that_broke_together_are_one_cause() -> None:
    (one,) = merged([missing("a", DAY, [True, False]), missing("b", DAY + timedelta(hours=3), [False, False])])
    assert one.columns == ("a", "b")
    assert one.since == DAY
    assert one.keep is not None
    assert one.keep.tolist() == [False, False]
    assert one.supports == ("INP001",)
    assert Words().sentence(one.says, one.evidence) == "Values went missing in 2 columns at once: a and b."


def test_columns_that_broke_at_other_times_or_otherwise_are_not() -> None:
    assert len(merged([missing("a", DAY, [True]), missing("b", DAY + timedelta(days=9), [True])])) == 2
    assert len(merged([missing("a", DAY, [True]), missing("a", DAY, [True], "default_fill")])) == 2


def test_undos_are_chained() -> None:
    def add(name: str, strength: float) -> Hypothesis:
        return Hypothesis(
            "recoded_categories",
            Family.DATA,
            strength,
            "",
            "",
            columns=(name,),
            undo=lambda frame: frame.assign(**{name: frame[name] + 1}),
        )

    (one,) = merged([add("a", 0.9), add("b", 0.85)])
    assert one.undo is not None
    assert one.undo(pd.DataFrame({"a": [1], "b": [5]})).to_numpy().tolist() == [[2, 6]]
