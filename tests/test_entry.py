from __future__ import annotations

from dataclasses import dataclass

from diagnostics.nouns.entry import ColumnEntry, Unit, internal, numbers_shown, optional, shown


@dataclass(frozen=True, kw_only=True)
class Rare(ColumnEntry):
    class_: str = shown("Class", Unit.NAME)
    share: float = shown("Share", Unit.SHARE)
    found: int | None = shown("Found", Unit.COUNT, optional=True)
    code: str | None = optional()
    quantity: bool = internal()


def test_evidence_holds_the_declared_fields_in_their_order() -> None:
    entry = Rare(column="x", class_="yes", share=0.1, found=0, quantity=False)
    assert list(entry.evidence.items()) == [("column", "x"), ("class", "yes"), ("share", 0.1), ("found", 0)]
    assert entry.columns == ("x",)


def test_an_optional_field_without_a_value_is_left_out() -> None:
    assert "found" not in Rare(column="x", class_="yes", share=0.1, quantity=False).evidence


def test_people_see_what_is_marked_under_its_name_in_the_evidence() -> None:
    assert {name: number.name for name, number in numbers_shown(Rare).items()} == {
        "class": "Class",
        "share": "Share",
        "found": "Found",
    }
