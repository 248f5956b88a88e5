from __future__ import annotations

from datetime import datetime

import pytest

from diagnostics.nouns.refusal import BadInput
from diagnostics.read.events_text import as_text, parse_events

PASTED = """2026-05-12 08:00 feature service 4.1

12.05.2026: new image
- 13 May 2026, 09:30 | rollout to all
2026-05-14T10:15:00Z prices
2026-05-15"""


def test_lines_as_people_write_them_are_events() -> None:
    found = parse_events(PASTED)
    assert [(event.time, event.what) for event in found] == [
        (datetime(2026, 5, 12), "new image"),
        (datetime(2026, 5, 12, 8), "feature service 4.1"),
        (datetime(2026, 5, 13, 9, 30), "rollout to all"),
        (datetime(2026, 5, 14, 10, 15), "prices"),
        (datetime(2026, 5, 15), ""),
    ]
    assert parse_events(as_text(found)) == found
    assert parse_events(" \n") == ()


@pytest.mark.parametrize("line", ["yesterday: rollout", "2026-13-45 x", "2026-05-12 28:00 x", "rollout 2026-05-12"])
def test_a_line_without_a_date_is_named(line: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_events(f"2026-05-12 fine\n{line}")
    assert refused.value.values["line"] == 2
