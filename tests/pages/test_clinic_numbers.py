from __future__ import annotations

from diagnostics.clinic.imbalance.rules import EXTREME, AsOddity
from diagnostics.clinic.resources.rules import MISFIT, TrainingMemory
from diagnostics.nouns.words import Words, words_for
from pages.parts.clinic import numbers_for_people

ODDITY = EXTREME.found(AsOddity(class_="loan = bad", share=0.005, odd=0.25, trained=0.5, better=False))


def test_numbers_stand_under_their_names() -> None:
    assert numbers_for_people(ODDITY, Words()) == {
        "Class": "loan = bad",
        "Share of the rows": "0.5%",
        "Average precision of the isolation forest": "0.25",
        "Average precision of the trained model": "0.5",
        "Isolation forest is better": "no",
    }


def test_every_name_is_in_the_readers_language() -> None:
    english, chinese = numbers_for_people(ODDITY, Words()), numbers_for_people(ODDITY, words_for("zh"))
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
    shown = numbers_for_people(finding, Words())
    assert finding.evidence["rest"] == -1
    assert shown["First change"] == "mixed precision"
    assert "Second change" not in shown
    assert not [name for name in shown if "rest" in name.lower()]
