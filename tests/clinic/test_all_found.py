from __future__ import annotations

from pathlib import Path

from diagnostics import clinic, service
from diagnostics.catalogue import clinic_catalogue


def test_every_package_with_a_check_is_a_diagnostic() -> None:
    """The catalogue leaves out a module without RULES without a word: an import that went missing would empty the clinic."""
    packages = {file.parent.name for folder in (*clinic.__path__, *service.__path__) for file in Path(folder).glob("*/check.py")}
    assert packages == {diagnostic.name for diagnostic in clinic_catalogue()}
