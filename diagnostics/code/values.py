"""What a name in a script may hold, as far as leakage is concerned: rows, estimators, functions, what was learnt."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

TRAIN, TEST, VALIDATION, WHOLE = "train", "test", "validation", ""

_TOKEN: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SIDES: Final = {
    **dict.fromkeys(("train", "tr", "trn", "training", "trainset"), TRAIN),
    **dict.fromkeys(("test", "tst", "te", "testing", "testset", "holdout"), TEST),
    **dict.fromkeys(("val", "valid", "validation", "vld", "dev", "vali"), VALIDATION),
}
_ORDINARY: Final = {"latest", "greatest", "fastest", "contest", "largest", "best", "interval", "strain", "constrain", "eval"}


def side_of(name: str) -> str:
    """The part of the rows that a variable's name speaks of: "X_train" → train, "df" → "" (all)."""
    for token in _TOKEN.findall(name):
        low = token.lower()
        if low in _SIDES:
            return _SIDES[low]
        if low not in _ORDINARY and len(low) > 4:
            for ending, side in (("train", TRAIN), ("test", TEST), ("valid", VALIDATION)):
                if low.endswith(ending) or (low.startswith(ending) and len(low) <= len(ending) + 2):
                    return side
    return WHOLE


@dataclass(eq=False)
class Rows:
    """A set of rows. parts: the sets it was joined from; whole: the set that a split cut it from.

    bounds: first and last row where a slice with written numbers cut it. repeated: rows may occur more than once.
    """

    side: str = WHOLE
    whole: Rows | None = None
    parts: tuple[Rows, ...] = ()
    named: str = ""
    bounds: tuple[int | None, int | None] | None = None
    repeated: bool = False
    depth: int = 0
    split: int = 0
    """Number of the random split that cut it, 0 where it was cut otherwise."""

    def line_up(self) -> list[Rows]:
        """This set and all that it was cut from."""
        found: list[Rows] = []
        here: Rows | None = self
        while here is not None and len(found) < 64:
            found.append(here)
            here = here.whole
        return found

    def covers(self, other: Rows) -> bool:
        """Whether every row of `other` is known to be among these."""
        if self in other.line_up():
            return True
        return self.depth < 8 and any(part.covers(other) for part in self.parts)

    @property
    def held_out(self) -> bool:
        """Whether these are rows that were put aside."""
        return self.side in (TEST, VALIDATION)

    @property
    def within_train(self) -> bool:
        """Whether a split has already put other rows aside."""
        return any(rows.side == TRAIN and rows.whole is not None for rows in self.line_up())


@dataclass(eq=False)
class Fit:
    """Something learnt from rows. kind: see library; confirmed: whether it is preprocessing (a bare mean may be only printed)."""

    kind: str
    name: str
    rows: Rows
    line: int
    node: ast.AST
    input: ast.expr | None = None
    made: str = ""
    """Text that makes the estimator, such as "StandardScaler()"."""
    confirmed: bool = True
    supervised: bool = False
    method: str = ""


NOTHING: Final[frozenset[Any]] = frozenset()


@dataclass(frozen=True)
class Derived:
    """One column that was computed: from which, by what ("future", "past", or "" for anything else), where."""

    column: str
    sources: frozenset[str]
    how: str
    line: int


@dataclass(frozen=True)
class Data:
    """A table, column or array.

    full: it has all columns of its file but those in `dropped`; columns: the named ones, None where they are not known.
    """

    rows: Rows
    touched: frozenset[Fit] = NOTHING
    columns: frozenset[str] | None = None
    full: bool = False
    dropped: frozenset[str] = NOTHING
    root: Rows | None = None
    derived: frozenset[Derived] = NOTHING
    marks: frozenset[str] = NOTHING
    target: bool = False
    statistic: bool = False
    how: str = ""
    predicted: bool = False
    cut: bool = False
    """A part of the rows, not yet known which."""
    bounds: tuple[int | None, int | None] | None = None
    """First and last row of a slice with written numbers."""
    piece: str = ""
    """The side that a slice is, where the script also cuts the other side at the same border: X[:n] beside X[n:]."""
    limits: frozenset[Fit] = NOTHING
    """Of a mask: the statistics that it was compared with."""
    searched: int = 0
    """Line of the loop whose variable it was compared with."""

    def seen(self, fits: frozenset[Fit]) -> Data:
        return replace(self, touched=self.touched | fits) if fits - self.touched else self


@dataclass(eq=False)
class Estimator:
    """An object with fit. kind: see library. steps: of a pipeline, search or wrapper."""

    kind: str
    name: str
    made: str = ""
    steps: tuple[Estimator, ...] = ()
    fits: list[Fit] = field(default_factory=list)
    line: int = 0
    loop: int = 0
    """Line of the loop whose variable went into its settings, 0 where none did."""
    stops_early: bool = False
    order: str = ""
    """Of a splitter: "random" or "time" where it is known."""


@dataclass(frozen=True)
class Const:
    value: object


@dataclass(frozen=True)
class Many:
    """A tuple, list or the values of a dict."""

    items: tuple[Value, ...]
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lib:
    """A name from an import, as its dotted path."""

    path: str

    @property
    def tail(self) -> str:
        return self.path.rsplit(".", 1)[-1]


@dataclass(eq=False)
class Scope:
    names: dict[str, Value] = field(default_factory=dict)
    outer: Scope | None = None
    changed: set[str] = field(default_factory=set)
    """Tables that were changed in place and not given a new value since."""
    elsewhere: set[str] = field(default_factory=set)
    """Names that were declared global."""


@dataclass(frozen=True, eq=False)
class Func:
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    owner: Instance | None = None


@dataclass(frozen=True, eq=False)
class Class:
    node: ast.ClassDef
    scope: Scope


@dataclass(eq=False)
class Instance:
    cls: Class
    names: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Bound:
    """A method that was not called yet."""

    receiver: Value
    method: str


@dataclass(frozen=True)
class Index:
    """Row numbers that a splitter gave out."""

    side: str
    split: int


@dataclass(frozen=True)
class Unknown:
    """Nothing is known. loop: line of the loop whose variable is in it; mask: whether it comes from a comparison."""

    loop: int = 0
    mask: bool = False


Value: TypeAlias = Data | Estimator | Const | Many | Lib | Func | Class | Instance | Bound | Index | Unknown
UNKNOWN: Final = Unknown()


def join(a: Value, b: Value) -> Value:
    """What a name holds after either of two branches."""
    if a is b or isinstance(b, Unknown):
        return a
    if isinstance(a, Data) and isinstance(b, Data):
        return merge(a, [b])
    if isinstance(a, Unknown | Const):
        return b
    return b if not isinstance(b, Const) else a


def merge(first: Data, others: list[Data]) -> Data:
    """`first` after values of the others went into it."""
    result = first
    for other in others:
        if other is first:
            continue
        result = replace(
            result,
            touched=result.touched | other.touched,
            derived=result.derived | other.derived,
            marks=result.marks | other.marks,
            columns=None if result.columns is None or other.columns is None else result.columns | other.columns,
            full=result.full and other.full,
            dropped=result.dropped & other.dropped,
            statistic=result.statistic and other.statistic,
            predicted=result.predicted or other.predicted,
            how=result.how or other.how,
        )
    return result


def datas(value: Value, depth: int = 0) -> list[Data]:
    """Every Data inside."""
    if isinstance(value, Data):
        return [value]
    if isinstance(value, Many) and depth < 4:
        return [d for item in value.items[:64] for d in datas(item, depth + 1)]
    return []


def estimators(value: Value, depth: int = 0) -> list[Estimator]:
    """Every Estimator inside."""
    if isinstance(value, Estimator):
        return [value]
    if isinstance(value, Many) and depth < 6:
        return [e for item in value.items[:64] for e in estimators(item, depth + 1)]
    return []


def texts(value: Value) -> frozenset[str] | None:
    """The written names in a constant or list of constants; None when there is anything else."""
    if isinstance(value, Const) and isinstance(value.value, str):
        return frozenset((value.value,))
    if isinstance(value, Many) and value.items:
        found = [texts(item) for item in value.items]
        if all(names is not None for names in found):
            return frozenset(name for names in found if names for name in names)
    return None


@dataclass(frozen=True)
class Given:
    """Arguments of one call: by position, by name, and as they are written."""

    args: Sequence[Value]
    kwargs: Mapping[str, Value]
    node: ast.Call

    def data(self, position: int, *names: str) -> Data | None:
        value = self.args[position] if position < len(self.args) else UNKNOWN
        for name in names:
            value = self.kwargs.get(name, value)
        return next(iter(datas(value)), None)

    def has(self, position: int, *names: str) -> bool:
        return position < len(self.args) or any(name in self.kwargs for name in names)

    @property
    def first(self) -> ast.expr | None:
        written = [k.value for k in self.node.keywords if k.arg in ("X", "x")]
        return self.node.args[0] if self.node.args else next(iter(written), None)

    @property
    def all(self) -> list[Value]:
        return [*self.args, *self.kwargs.values()]
