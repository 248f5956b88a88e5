from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from diagnostics.nouns.refusal import BadInput, NotApplicable, Reason
from diagnostics.nouns.words import Words, words_for

SAYS = "{file:name} could not be timed: {why}"


@pytest.mark.parametrize("raised", [NotApplicable(SAYS, file="a.onnx", why="x"), BadInput(SAYS, file="a.onnx", why="x")])
def test_a_reason_that_was_kept_is_told_in_the_readers_language(raised: NotApplicable | BadInput) -> None:
    read = msgspec.json.decode(msgspec.json.encode(raised.kept), type=Reason)
    assert read.statement(Words()) == "a.onnx could not be timed: x"
    assert read.statement(words_for("zh")) == words_for("zh")(SAYS, file="a.onnx", why="x") != read.statement(Words())


def test_a_time_in_a_reason_is_kept_as_it_was_told() -> None:
    held = NotApplicable("nothing before {when:time}", when=datetime(2026, 5, 12)).kept
    assert held.statement(words_for("zh")) == "nothing before 12 May 2026"


@pytest.mark.parametrize("says", ["{missing:number}", "{", "{0}", "{a:nonsense}"])
def test_a_lying_file_is_text(says: str) -> None:
    assert Reason(says, {"a": 1}).statement(Words()) == says


def test_no_reason_is_none() -> None:
    assert not Reason()
    assert Reason("why")
