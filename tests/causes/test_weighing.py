from __future__ import annotations

import pytest

from diagnostics.causes.catalogue import KINDS, UNIT_CHANGE
from diagnostics.causes.weighing import SAYS, Features, odds, parts, weights


def test_the_parts_add_up_to_the_log_odds_and_each_has_words() -> None:
    known = Features(signature=2.0, alike=0.9, alike_known=1.0, won_back=0.8, won_known=1.0, worse=1.0, used=0.3, imitated=0.4)
    found = parts(known, UNIT_CHANGE)
    assert sum(part.adds for part in found) == pytest.approx(odds(known, UNIT_CHANGE))
    assert all(part.says == SAYS[part.feature][part.adds < 0] for part in found)
    assert [abs(part.adds) for part in found] == sorted((abs(part.adds) for part in found), reverse=True)


def test_what_is_meant_to_speak_for_a_cause_does_not_speak_against_it() -> None:
    table = weights()
    assert min(table[name] for name in ("signature", "alike", "won_back", "used")) >= 0
    assert max(table[name] for name in ("nothing_back", "unharmed", "same_column", "imitated")) <= 0
    assert {name.removeprefix("kind:") for name in table if name.startswith("kind:")} <= set(KINDS)


def test_a_better_undo_never_makes_a_cause_less_likely() -> None:
    chances = [odds(Features(signature=1.0, won_known=1.0, won_back=share), UNIT_CHANGE) for share in (0.1, 0.5, 0.9)]
    assert chances == sorted(chances)
