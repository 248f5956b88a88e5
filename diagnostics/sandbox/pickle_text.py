"""A pickle in the confined process: written out as the Python that it would run, by fickling, which loads nothing."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Final

from diagnostics.sandbox.refused import Refused
from diagnostics.sandbox.wire import Frame

SHOWN: Final = 4_000


def libraries() -> None:
    import fickling.fickle  # noqa: F401


@dataclass(frozen=True)
class Written:
    description: dict[str, object]

    def answer(self, rows: Frame) -> Frame:
        """A pickle that is only written out answers nothing."""
        return Frame()

    def facts(self) -> dict[str, object]:
        return {}

    def shrink(self, way: str, rows: Frame) -> Frame:
        raise Refused("whole")


def load(content: bytes) -> Written:
    from fickling.fickle import Pickled

    text = ast.unparse(Pickled.load(content).ast)
    return Written({"text": text if len(text) <= SHOWN else text[:SHOWN].rsplit("\n", 1)[0] + "\n# …"})
