"""How rows are split: what is cut, and under which names its sides go on."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from diagnostics.code.mend.syntax import Body, elements, keyword, tail, target_of, text
from diagnostics.code.values import TEST, TRAIN, side_of


@dataclass(frozen=True)
class Pair:
    """One table that is split, and its sides."""

    whole: ast.expr
    train: ast.expr
    tests: tuple[ast.expr, ...]


@dataclass(frozen=True)
class Split:
    """lines: positions of the statements that split, in their list. call: the function that does, where there is one."""

    lines: tuple[int, ...]
    pairs: tuple[Pair, ...]
    call: ast.Call | None = None

    @property
    def features(self) -> Pair:
        return self.pairs[0]

    def of(self, whole: str) -> Pair | None:
        return next((pair for pair in self.pairs if text(pair.whole) == whole), None)

    @property
    def in_order(self) -> bool:
        """Whether the rows are cut where they stand, as series of time are."""
        if self.call is None:
            return True
        shuffled = keyword(self.call, "shuffle")
        return isinstance(shuffled, ast.Constant) and shuffled.value is False


def split_at(body: Body, at: int) -> Split | None:
    """The split that the statement at position `at` makes or begins."""
    statement = body[at]
    target = target_of(statement)
    if target is None or not isinstance(statement, ast.Assign):
        return None
    value, targets = statement.value, list(elements(target))
    if isinstance(value, ast.Call) and isinstance(target, ast.Tuple | ast.List):
        return _called(value, targets, at)
    if isinstance(value, ast.Tuple) and len(value.elts) == len(targets):
        return _sliced([(t, v, at) for t, v in zip(targets, value.elts, strict=True)])
    found = []
    for position in range(max(0, at - 3), min(len(body), at + 8)):
        other = body[position]
        one = target_of(other)
        if isinstance(other, ast.Assign) and one is not None:
            if isinstance(one, ast.Tuple) and isinstance(other.value, ast.Tuple) and len(one.elts) == len(other.value.elts):
                found += [(t, v, position) for t, v in zip(one.elts, other.value.elts, strict=True)]
            elif not isinstance(one, ast.Tuple):
                found.append((one, other.value, position))
    return _sliced([(t, v, p) for t, v, p in found if side_of(text(t)) and isinstance(v, ast.Subscript | ast.Call)])


def _called(call: ast.Call, targets: Sequence[ast.expr], at: int) -> Split | None:
    if tail(call) == "train_test_split" and len(targets) == 2 * len(call.args):
        pairs = [Pair(a, targets[2 * k], (targets[2 * k + 1],)) for k, a in enumerate(call.args)]
        return Split((at,), tuple(pairs), call)
    if tail(call) == "randomSplit" and isinstance(call.func, ast.Attribute) and len(targets) > 1:
        return Split((at,), (Pair(call.func.value, targets[0], tuple(targets[1:])),), call)
    if tail(call) == "split" and call.args and text(call.func).split(".")[0] in ("np", "numpy"):
        whole = _whole(call.args[0]) if isinstance(call.args[0], ast.Call) else call.args[0]
        if whole is not None and len(targets) > 1:
            return Split((at,), (Pair(whole, targets[0], tuple(targets[1:])),), call)
    return None


def _sliced(found: Sequence[tuple[ast.expr, ast.expr, int]]) -> Split | None:
    """Sides of one table below each other: X[:n] and X[n:], df[mask] and df[~mask], df.sample(...) and df.drop(...)."""
    by_whole: dict[str, list[tuple[ast.expr, ast.expr, int]]] = {}
    for target, value, position in found:
        whole = _whole(value)
        if whole is not None:
            by_whole.setdefault(text(whole), []).append((target, value, position))
    pairs, lines = [], set()
    for parts in by_whole.values():
        trains = [p for p in parts if side_of(text(p[0])) == TRAIN]
        others = [p for p in parts if side_of(text(p[0])) not in ("", TRAIN)]
        if len(trains) != 1 or not others:
            continue
        # The test rows last, whatever order they were cut in.
        others.sort(key=lambda p: side_of(text(p[0])) == TEST)
        whole = _whole(parts[0][1])
        if whole is not None:
            pairs.append(Pair(whole, trains[0][0], tuple(p[0] for p in others)))
            lines |= {p[2] for p in parts}
    return Split(tuple(sorted(lines)), tuple(pairs)) if pairs else None


def _whole(value: ast.expr) -> ast.expr | None:
    """The table that a part is cut from."""
    match value:
        case ast.Subscript(value=ast.Attribute(value=inner, attr="iloc" | "loc")) | ast.Subscript(value=inner):
            return inner
        case ast.Call(func=ast.Attribute(value=inner, attr="sample" | "drop" | "query" | "head" | "tail" | "copy")):
            return _whole(inner) if isinstance(inner, ast.Subscript | ast.Call) else inner
    return None
