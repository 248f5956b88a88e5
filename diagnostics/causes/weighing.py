"""What speaks for a hypothesis, as numbers, and how much each counts: a conditional logit fitted on made incidents.

The weights stand in `weights.csv`, one row a feature or kind, and are made by ``python -m benchmarks.incidents.weigh``. A
hypothesis with evidence x is taken for true with the chance exp(w·x) / (1 + sum of exp(w·x') over all hypotheses of the board),
where the 1 stands for "none of them" (McFadden 1974, Conditional logit analysis of qualitative choice behavior).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.words import N_

TABLE: Final = Path(__file__).with_name("weights.csv")

SAYS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "signature": (N_("its own signs are clear"), N_("its own signs are weak")),
        "alike": (N_("with it undone the rows look as before"), N_("with it undone the rows still look different")),
        "won_back": (N_("undoing it wins back what was lost"), N_("undoing it wins little back")),
        "nothing_back": (N_("undoing it wins something back"), N_("undoing it wins nothing back")),
        "unharmed": (N_("the metric became worse"), N_("the metric is as good as before")),
        "worse": (N_("the metric became worse"), N_("the metric is as good as before")),
        "used": (N_("the model leans on these columns"), N_("the model hardly uses these columns")),
        "same_column": (N_("nothing else explains these columns"), N_("a likelier cause explains the same columns")),
        "imitated": (N_("nothing else imitates it"), N_("a likelier cause leaves the same signs")),
        "kind": (N_("such faults are seldom called wrongly"), N_("such faults are easily called wrongly")),
    }
)
"""Feature to what is said of it when it speaks for a cause, and when it speaks against."""


@dataclass(frozen=True, kw_only=True)
class Features:
    """What is known of one hypothesis; 0 where it is not known."""

    signature: float
    """Log-odds of its own signature."""

    alike: float = 0.0
    """How far undoing it makes the rows like the reference's: -1 less alike than before, 1 not to be told apart."""

    alike_known: float = 0.0
    won_back: float = 0.0
    """Share of a real loss that undoing it wins back, 0 to 1."""

    won_known: float = 0.0
    nothing_back: float = 0.0
    """1 where undoing it wins back less than 5% of a real loss."""

    unharmed: float = 0.0
    """1 where labels show no loss although it concerns columns that the model leans on."""

    worse: float = 0.0
    """1 where labels show a loss beyond chance, -1 where they show none."""

    used: float = 0.0
    """How much the model depends on its columns, 0 to 1, less 0.5."""

    same_column: float = 0.0
    """1 where a likelier hypothesis speaks of the same columns."""

    imitated: float = 0.0
    """How surely a likelier hypothesis leaves the same signs, 0 to 1."""


@dataclass(frozen=True)
class Part:
    """How much one feature adds to the log-odds of a hypothesis."""

    feature: str
    adds: float

    @property
    def says(self) -> str:
        """What it tells, as a message id."""
        return SAYS[self.feature][self.adds < 0]


@cache
def weights() -> Mapping[str, float]:
    """Feature, or "kind:CODE", to its weight."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return MappingProxyType({row["of"]: float(row["weight"]) for row in csv.DictReader(file)})


def odds(features: Features, kind: CauseKind, table: Mapping[str, float] | None = None) -> float:
    """Natural log of the odds against "nothing is wrong", given that nothing else is."""
    table = weights() if table is None else table
    counted: float = sum(table[f.name] * getattr(features, f.name) for f in fields(Features))
    return table.get(f"kind:{kind.code}", 0.0) + counted


def parts(features: Features, kind: CauseKind) -> Sequence[Part]:
    """What the log-odds consist of, the most telling first; what is known only together is one part."""
    table = weights()
    told = {f.name: table[f.name] * getattr(features, f.name) for f in fields(Features)}
    told["alike"] += told.pop("alike_known")
    told["won_back"] += told.pop("won_known")
    told["kind"] = table.get(f"kind:{kind.code}", 0.0)
    return sorted((Part(name, adds) for name, adds in told.items() if adds), key=lambda part: (-abs(part.adds), part.feature))
