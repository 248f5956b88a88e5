from __future__ import annotations

import math
from datetime import datetime

import pytest

from diagnostics.nouns.words import Words, shorten, words_for

WORDS = Words()


@pytest.mark.parametrize(
    ("value", "text"),
    [(41_200_000.0, "41,200,000"), (0.1234, "0.123"), (12.5, "12.5"), (math.inf, "∞"), (math.nan, "not known"), (1e-7, "1e-07")],
)
def test_numbers_have_units_people_read(value: float, text: str) -> None:
    assert WORDS.number(value) == text


@pytest.mark.parametrize(("share", "text"), [(0.31, "31%"), (0.024, "2.4%"), (0.0, "0%"), (0.00001, "<0.01%"), (10.0, "1,000%")])
def test_shares_are_percentages(share: float, text: str) -> None:
    assert WORDS.percent(share) == text


def test_times_name_the_day_and_the_hour_where_there_is_one() -> None:
    assert WORDS.time(datetime(2026, 5, 12, 8)) == "12 May 2026, 08:00"
    assert WORDS.time(datetime(2026, 5, 12)) == "12 May 2026"
    assert WORDS.time(None) == "an unknown time"


def test_places_in_code_are_lines_and_cells() -> None:
    assert WORDS("{at:place}", at="12") == "line 12"
    assert WORDS("{at:place}", at="5:3") == "cell 5, line 3"


def test_lists_name_three_and_count_the_rest() -> None:
    assert WORDS.listed(["a", "b"]) == "a and b"
    assert WORDS.listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_names_from_files_stay_on_one_line_and_short() -> None:
    assert shorten("a\nb\x00c" + "x" * 100) == "a b c" + "x" * 54 + "…"


def test_a_template_may_only_name_values() -> None:
    with pytest.raises(KeyError):
        WORDS("{x.__class__}", x=1)


def test_an_unknown_language_is_english() -> None:
    assert words_for("xx").language == "en"


def test_a_term_is_translated_and_never_filled_in() -> None:
    assert WORDS("worse on {what:term}", what="the {x} group") == "worse on the {x} group"
