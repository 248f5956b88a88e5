from __future__ import annotations

from diagnostics.clinic.imbalance.rules import EXTREME, AsOddity
from diagnostics.clinic.resources.rules import MISFIT, TrainingMemory
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import Words, words_for
from diagnostics.report.numbers import numbers

ODDITY = EXTREME.found(AsOddity(class_="loan = bad", share=0.005, odd=0.25, trained=0.5, better=False))


def told(finding: Finding, words: Words) -> dict[str, str]:
    return {number.name: number.text for number in numbers(finding, words)}


def test_numbers_stand_under_their_names() -> None:
    assert told(ODDITY, Words()) == {
        "Class": "loan = bad",
        "Share of the rows": "0.5%",
        "Average precision of the isolation forest": "0.25",
        "Average precision of the trained model": "0.5",
        "Isolation forest is better": "no",
    }


def test_every_name_is_in_the_readers_language() -> None:
    english, chinese = told(ODDITY, Words()), told(ODDITY, words_for("zh"))
    assert len(chinese) == len(english)
    assert not set(chinese) & set(english)


def test_what_has_no_name_is_not_shown() -> None:
    memory = TrainingMemory(
        need=30.0,
        memory=16.0,
        parameters=1e3,
        weights=4.0,
        gradients=4.0,
        optimiser=8.0,
        activations=14.0,
        reserve=0.0,
        planned=12.0,
        first="mixed precision",
        second="",
        rest=-1,
    )
    finding = MISFIT.found(memory)
    shown = told(finding, Words())
    assert finding.evidence["rest"] == -1
    assert shown["First change"] == "mixed precision"
    assert "Second change" not in shown
    assert not [name for name in shown if "rest" in name.lower()]
