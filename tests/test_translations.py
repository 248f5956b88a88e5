"""Every message in every language, whole and with the same numbers in it."""

from __future__ import annotations

import re
import string

import pytest

from diagnostics.locale.messages import known, messages, updated
from diagnostics.nouns.words import KINDS, LANGUAGES, LOCALE_FOLDER, PLACE, words_for

OTHERS = sorted(set(LANGUAGES.values()) - {LANGUAGES["en"]})


@pytest.fixture(scope="module")
def said() -> dict[str, tuple[str, ...]]:
    return messages()


def values(text: str) -> set[tuple[str, str | None]]:
    """Name and kind of everything that is put into `text`."""
    return {(name, kind) for _, name, kind, _ in string.Formatter().parse(text) if name is not None}


def test_every_message_can_be_filled(said: dict[str, tuple[str, ...]]) -> None:
    unknown = {
        message: kind for message in said if "%" not in message[:1] for _, kind in values(message) if kind and kind not in KINDS
    }
    assert unknown == {}


@pytest.mark.parametrize("locale", OTHERS)
def test_no_message_is_missing_and_none_is_left_over(locale: str, said: dict[str, tuple[str, ...]]) -> None:
    """`make messages` adds the missing ones, empty, for a person to translate."""
    have = known(LOCALE_FOLDER / locale / PLACE, locale)
    assert [message for message in said if message not in have] == []
    assert [message for message in have if message not in said] == []


@pytest.mark.parametrize("locale", OTHERS)
def test_a_translation_holds_the_numbers_of_its_message(locale: str) -> None:
    have = known(LOCALE_FOLDER / locale / PLACE, locale)
    assert {m: t for m, t in have.items() if values(m) != values(t)} == {}


@pytest.mark.parametrize("locale", OTHERS)
def test_the_catalogue_is_as_it_would_be_written(locale: str) -> None:
    file = LOCALE_FOLDER / locale / PLACE
    # Said in three words: the difference of two catalogues fills a screen a thousand times.
    as_written = file.read_bytes() == updated(known(file, locale), locale)
    assert as_written, "run `make messages`"


def test_chinese_sentences_are_chinese() -> None:
    """Words of our own in Latin letters; product names, codes and units stay."""
    have = known(LOCALE_FOLDER / "zh_CN" / PLACE, "zh_CN")
    bare = {m: re.sub(r"\{[^}]*\}|`[^`]*`", "", m) for m in have}
    left = [m for m, text in bare.items() if len(re.findall(r"\b[a-z]{3,}\b", text)) >= 2 and not re.search("[一-鿿]", have[m])]
    assert left == []


def test_chinese_writes_dates_lists_and_reasons_its_own_way() -> None:
    from datetime import datetime

    from diagnostics.nouns.refusal import BadInput
    from diagnostics.nouns.words import N_

    words = words_for("zh-CN")
    assert words.language == "zh"
    assert words.time(datetime(2026, 5, 12, 8)) == "2026年5月12日 08:00"
    assert "、" in words.listed(["a", "b", "c", "d"])
    inner = BadInput(N_("There is no incident under this link: it was deleted, or the link is cut off."))
    outer = BadInput(N_("{file:name} cannot be used: {why}"), file="a.csv", why=inner.phrase)
    assert not re.search("[a-z]{4}", outer.statement(words))
    assert "There is no incident" in str(outer)
