"""Split first: the step is learnt from the training rows and only applied to the test rows."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from diagnostics.code import library as lib
from diagnostics.code.mend.sides import ORDINAL, Names, Sided, Swaps, _is_learnt, learnt_names, rows_in, sided
from diagnostics.code.mend.splits import Pair, Split
from diagnostics.code.mend.syntax import (
    Beyond,
    Body,
    assign,
    calls,
    elements,
    keyword,
    loads,
    mentions,
    name,
    same,
    statements,
    stores,
    swapped,
    tail,
    target_of,
    text,
)
from diagnostics.code.names import is_target_name
from diagnostics.code.values import Fit

TRAIN_ONLY: Final = {lib.RESAMPLER, "repeated", "rows"}
"""What changes which rows there are: the test rows stay as they are."""


def step_after_split(body: Body, at: int, split: Split, fit: Fit, names: Names) -> Body:
    """The statements from the step at `at` up to the split, with the step below the split. Raises Beyond."""
    if fit.kind in ("repeated", "rows") and len(split.pairs) > 1:
        # Features and answers must lose and gain the same rows.
        raise Beyond
    if fit.kind == lib.RESAMPLER:
        resampled = _resampled(body, at, split, names)
        if resampled is None:
            raise Beyond
        return resampled
    last = split.lines[-1]
    between = list(range(at + 1, last + 1))
    step = body[at]
    carried_names, moved = _moved(body, at, split, fit)
    created = _created(body, at, [step, *(body[m] for m in moved)])
    target = target_of(step)
    own = text(target) if target is not None else ""
    base, pair = _base(body, at, split, fit, step)
    if base is None or pair is None:
        raise Beyond
    swaps = [_swaps(split, base, pair, side, body, at) for side in range(-1, len(pair.tests))]
    result: Body = []
    fresh = base if text(base) != own else None
    for position in between:
        if position in moved:
            continue
        line = body[position]
        if fresh is not None and own and own.isidentifier() and own in loads(line) and rows_in_step(step):
            line = _without(line, own, fresh, position in split.lines)
        if (position not in split.lines and _constants(line) & created) or (carried_names and mentions(line, carried_names)):
            raise Beyond
        if _drops_needed(line, [step, *(body[m] for m in moved)], pair, position in split.lines):
            raise Beyond
        result.append(line)
    if fit.name == "LabelEncoder" and (kept := _encoder_of(step)):
        names.labels.add(kept)
        result.append(assign(kept, name(ORDINAL)))
    stored = isinstance(target, ast.Subscript) or (isinstance(step, ast.For) and any(_into_column(n) for n in ast.walk(step)))
    if stored and not _is_call(split, "randomSplit"):
        result += _copies(split, pair)
    parts = [sided(body[p], swaps[0], swaps[1:], names, train_only=fit.kind in TRAIN_ONLY) for p in (at, *moved)]
    for part in parts:
        result += _renamed(part, own, base, swaps).lines()
    return result


def _resampled(body: Body, at: int, split: Split, names: Names) -> Body | None:
    """Xr, yr = sampler.fit_resample(X, y), and Xr, yr are split: X, y are split instead, and their training part is resampled."""
    step = body[at]
    target = target_of(step)
    call = next((c for c in calls(step) if tail(c) in ("fit_resample", "fit_sample")), None)
    if call is None or target is None or len(elements(target)) != len(call.args):
        return None
    raw = {text(t): a for t, a in zip(elements(target), call.args, strict=True)}
    pairs = [split.of(written) for written in raw]
    if any(pair is None for pair in pairs):
        return None
    trains = [text(pair.train) for pair in pairs if pair is not None]
    between = [body[p] for p in range(at + 1, split.lines[-1] + 1)]
    for line in between[:-1]:
        if any(written in loads(line) for written in raw if written != text(raw[written])):
            raise Beyond
    made = text(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    result: Body = [*between[:-1], swapped(between[-1], raw)]
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
        result.append(assign(own := names.new("sampler"), call.func.value))
        made = own
    listed = ", ".join(trains)
    return [*result, *statements(f"{listed} = {made}.{tail(call)}({listed})")]


def rows_in_step(step: ast.stmt) -> bool:
    """Whether what the step stores is rows (and not a fitted scaler or a mean)."""
    value = getattr(step, "value", None)
    return (
        not (isinstance(value, ast.Call) and tail(value) in ("fit", "adapt"))
        and tail(value or ast.Constant(0)) not in lib.STATISTICS
    )


def _moved(body: Body, at: int, split: Split, fit: Fit) -> tuple[set[str], list[int]]:
    """Later statements that belong to the step: what transforms with the scaler, what fills with the mean."""
    step = body[at]
    carried: set[str] = set()
    if isinstance(step, ast.Expr) and isinstance(step.value, ast.Call) and isinstance(step.value.func, ast.Attribute):
        carried.add(text(step.value.func.value))
    elif (isinstance(step, ast.Assign) and not rows_in_step(step)) or (
        isinstance(step, ast.Assign) and fit.kind in ("statistic", "target") and not mentions_rows(step, body, split)
    ):
        carried |= {text(t) for t in elements(step.targets[0])}
    moved = []
    for position in range(at + 1, split.lines[-1]):
        if position in split.lines:
            continue
        line = body[position]
        if carried and mentions(line, carried):
            moved.append(position)
            if isinstance(line, ast.Assign) and not rows_in(
                line.value, {text(p.whole) for p in split.pairs} | _names_of(split) | _tables(step)
            ):
                carried |= {text(t) for t in elements(line.targets[0])}
    return carried, moved


def mentions_rows(step: ast.Assign, body: Body, split: Split) -> bool:
    return rows_in(step.value, _names_of(split) | _tables(step))


def _tables(step: ast.stmt) -> set[str]:
    """Names under which the step reads columns."""
    found = set()
    for node in ast.walk(step):
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.value, ast.Name):
            found.add(node.value.id)
    return found


def _names_of(split: Split) -> set[str]:
    return {n for pair in split.pairs for n in loads(pair.whole)}


def _base(body: Body, at: int, split: Split, fit: Fit, step: ast.stmt) -> tuple[ast.expr | None, Pair | None]:
    """The table that the step reads, and the pair of sides that stands for it after the split."""
    wholes = {text(pair.whole): pair for pair in split.pairs}
    target = target_of(step)
    own = text(target) if target is not None else ""
    value = getattr(step, "value", None)
    # X = scale(X), or df["a"] = scale(df["a"]) where df itself is split.
    for written, pair in wholes.items():
        read = mentions(value, {written}) if isinstance(value, ast.expr) else mentions(step, {written})
        read |= isinstance(target, ast.Subscript | ast.Attribute) and mentions(target, {written}) and text(target) != written
        if read and not is_target_name(written):
            return pair.whole, pair
    # Z = scale(X): the split takes X instead.
    if own in wholes and isinstance(value, ast.expr) and not isinstance(target, ast.Subscript):
        call = next((c for c in calls(step) if same(c, fit.node)), None)
        read_by = call.args[0] if call is not None and call.args and isinstance(call.func, ast.Attribute) else None
        nested = read_by is not None and any(tail(c) in ("fit_transform", "fit") for c in calls(read_by))
        given = None if fit.kind == "statistic" or nested else read_by
        if given is None:
            given = next((name(n) for n in sorted(_tables(step) or loads(value)) if rows_in(value, {n})), None)
        return (given, wholes[own]) if given is not None else (None, None)
    # df["a"] = scale(df["a"]), and X is taken from df afterwards; or scaler.fit(df[columns]).
    pair = split.features
    for table in sorted(_tables(step)):
        if _taken_from(body, at, split, pair.whole, table):
            return name(table), pair
    return None, None


def _taken_from(body: Body, at: int, split: Split, whole: ast.expr, table: str, depth: int = 0) -> bool:
    """Whether `whole` is some columns of `table`, still as a table."""
    match whole:
        case ast.Name(id=written) if written == table:
            return True
        case ast.Call(
            func=ast.Attribute(
                value=inner, attr="drop" | "copy" | "reset_index" | "astype" | "fillna" | "assign" | "drop_duplicates" | "dropna"
            )
        ):
            return _taken_from(body, at, split, inner, table, depth)
        case ast.Subscript(value=inner, slice=ast.List() | ast.Name() | ast.ListComp()):
            return _taken_from(body, at, split, inner, table, depth)
        case ast.Name(id=written) if depth < 4:
            for position in range(split.lines[0] - 1, -1, -1):
                line = body[position]
                for target, value in _set(line):
                    if text(target) == written:
                        return _taken_from(body, at, split, value, table, depth + 1)
    return False


def _set(line: ast.stmt) -> Sequence[tuple[ast.expr, ast.expr]]:
    if not isinstance(line, ast.Assign) or len(line.targets) != 1:
        return ()
    target = line.targets[0]
    if isinstance(target, ast.Tuple) and isinstance(line.value, ast.Tuple) and len(target.elts) == len(line.value.elts):
        return list(zip(target.elts, line.value.elts, strict=True))
    return [(target, line.value)]


def _swaps(split: Split, base: ast.expr, pair: Pair, side: int, body: Body, at: int) -> Swaps:
    """What stands for each table on one side; -1 is training."""

    def part(of: Pair) -> ast.expr:
        return of.train if side < 0 else of.tests[min(side, len(of.tests) - 1)]

    found = {text(p.whole): part(p) for p in split.pairs}
    found[text(base)] = part(pair)
    for position in range(at, split.lines[0]):
        for target, value in _set(body[position]):
            # y = df["bought"]: where the step needs the answer, it is y_train.
            if text(target) in found and isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Constant):
                found.setdefault(text(value), found[text(target)])
    return found


def _without(line: ast.stmt, own: str, base: ast.expr, splits: bool) -> ast.stmt:
    """A statement between step and split as it is when the step has not been done yet: len(scaled) is len(X)."""
    if not splits:
        for node in ast.walk(line):
            if isinstance(node, ast.Name) and node.id == own and isinstance(node.ctx, ast.Load) and not _only_length(line, node):
                raise Beyond
    return swapped(line, {own: base})


def _only_length(line: ast.stmt, node: ast.Name) -> bool:
    for outer in ast.walk(line):
        match outer:
            case ast.Call(func=ast.Name(id="len"), args=[inner]) if inner is node:
                return True
            case ast.Attribute(value=inner, attr="shape") if inner is node:
                return True
    return False


def _drops_needed(line: ast.stmt, steps: Sequence[ast.stmt], pair: Pair, splits: bool) -> bool:
    """Whether a column that the step needs is gone after `line`, by its written name."""
    needed = {
        c.value for s in steps for n in ast.walk(s) if isinstance(n, ast.Subscript | ast.Call)
        for c in ast.walk(n) if isinstance(c, ast.Constant) and isinstance(c.value, str)
    }  # fmt: skip
    for call in calls(line):
        if tail(call) in ("drop", "pop"):
            gone = {c.value for c in ast.walk(call) if isinstance(c, ast.Constant) and isinstance(c.value, str)}
            if gone & needed - {"columns", "index"}:
                return True
    if isinstance(line, ast.Delete):
        return True
    value = getattr(line, "value", None)
    if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.List) and len(value.slice.elts) > 1:
        kept = {e.value for e in value.slice.elts if isinstance(e, ast.Constant)}
        stored = {
            c.value for s in steps for t in getattr(s, "targets", []) if isinstance(t, ast.Subscript)
            for c in ast.walk(t.slice) if isinstance(c, ast.Constant)
        }  # fmt: skip
        return bool(stored - kept)
    return False


def _constants(node: ast.AST) -> set[str]:
    return {c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)}


def _created(body: Body, at: int, steps: Sequence[ast.stmt]) -> set[str]:
    """Columns that are there only once the step has been done."""
    found: set[str] = set()
    for step in steps:
        target = target_of(step)
        if isinstance(target, ast.Subscript) and isinstance(step, ast.Assign):
            found |= _constants(target.slice) - _constants(step.value)
        used = loads(step)
        for line in [*body[:at], step]:
            if line is step or stores(line) & used:
                for call in calls(line):
                    for k in call.keywords:
                        if k.arg in ("outputCol", "outputCols"):
                            found |= _constants(k.value)
    return found


def _into_column(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)


def _encoder_of(step: ast.stmt) -> str:
    """The name of the label encoder that the step uses."""
    for call in calls(step):
        match call.func:
            case ast.Attribute(value=ast.Name() | ast.Attribute() as made, attr="fit_transform" | "fit" | "transform"):
                return text(made)
    return ""


def _is_call(split: Split, how: str) -> bool:
    return split.call is not None and tail(split.call) == how


def _copies(split: Split, pair: Pair) -> Body:
    """Parts of a table are written to, which pandas warns of unless they are tables of their own."""
    parts = [text(part) for part in (pair.train, *pair.tests)]
    return statements(f"{', '.join(parts)} = {', '.join(f'{part}.copy()' for part in parts)}")


def _renamed(part: Sided, own: str, base: ast.expr, swaps: Sequence[Swaps]) -> Sided:
    """Z = scale(X) is X_train = scale(X_train) on either side."""
    if not own or own in swaps[0] or not own.isidentifier() or own == text(base):
        return part
    train, tests = swaps[0][text(base)], [s[text(base)] for s in swaps[1:]]

    def stored(line: ast.stmt, place: ast.expr) -> ast.stmt:
        target = target_of(line)
        if target is not None and text(target) == own and isinstance(line, ast.Assign):
            return ast.Assign([place], line.value, lineno=0)
        return line

    per_side = max(1, len(part.tests) // max(1, len(tests)))
    return Sided(
        part.before,
        [stored(line, train) for line in part.train] if part.tests else part.train,
        [stored(line, tests[min(n // per_side, len(tests) - 1)]) for n, line in enumerate(part.tests)],
    )


def everything_after_split(body: Body, at: int, split: Split, fit: Fit, names: Names) -> Body:
    """The table itself is split first, and all statements from there on stand for both sides. Raises Beyond."""
    if fit.kind == lib.RESAMPLER:
        raise Beyond
    last = split.lines[-1]
    root, start = _root(body, at, split)
    wholes = {root}
    sides_of = _first_split(root, body, start, split, names)
    result: Body = [sides_of.line]
    train: dict[str, ast.expr] = {root: name(sides_of.train)}
    test: dict[str, ast.expr] = {root: name(sides_of.test)}
    feeds = _feeding(body, start, at, last, root) if fit.kind in TRAIN_ONLY else set()
    for position in range(start, last + 1):
        line = body[position]
        if position in split.lines:
            continue
        if isinstance(line, ast.Assign) and _is_learnt(line, wholes) and mentions(line, wholes):
            learnt = learnt_names(line, wholes)
            if ".groupby(" in text(line):
                names.learnt |= learnt
            result.append(swapped(line, train))
            continue
        if not mentions(line, wholes):
            result.append(line)
            continue
        only = position in feeds or (fit.kind in TRAIN_ONLY and position == at)
        for target in [t for t, _ in _set(line) if isinstance(t, ast.Name)] or []:
            if target.id not in train:
                pair = split.of(target.id)
                train[target.id] = pair.train if pair else name(names.new(f"{target.id}_train"))
                test[target.id] = pair.tests[0] if pair else name(names.new(f"{target.id}_test"))
                wholes.add(target.id)
        result += sided(line, train, [test], names, train_only=only).lines()
    for pair in split.pairs:
        written = text(pair.whole)
        if written in train and text(train[written]) == text(pair.train):
            continue
        for place, swaps in ((pair.train, train), (pair.tests[0], test)):
            value = swapped(pair.whole, swaps)
            if text(value) != text(place):
                result.append(ast.Assign([place], value, lineno=0))
    return result


class _First:
    def __init__(self, line: ast.stmt, train: str, test: str) -> None:
        self.line, self.train, self.test = line, train, test


def _root(body: Body, at: int, split: Split) -> tuple[str, int]:
    """The one table that all comes from, and the first statement that belongs to the step."""
    candidates = _tables(body[at]) | loads(body[at])
    definitions: dict[str, int] = {}
    for position in range(at, -1, -1):
        for target, value in _set(body[position]):
            if isinstance(target, ast.Name) and target.id in candidates and target.id not in definitions and position < at:
                definitions[target.id] = position
                if isinstance(value, ast.Subscript | ast.Call) and not lib.READERS.match(tail(value)):
                    candidates |= loads(value)
    tables = {n: p for n, p in definitions.items() if _is_table(body[p], n)}
    if not tables:
        raise Beyond
    root = min(tables, key=lambda n: (tables[n], n))
    feeding = [p for n, p in definitions.items() if n != root and p > tables[root] and mentions(body[p], {root})]
    return root, min([at, *feeding])


def _is_table(line: ast.stmt, written: str) -> bool:
    return any(
        text(target) == written
        and isinstance(value, ast.Call)
        and bool(lib.READERS.match(tail(value)) or tail(value) in _KEPT or ".read." in text(value))
        for target, value in _set(line)
    )


_KEPT: Final = {"dropna", "drop_duplicates", "sort_values", "reset_index", "fillna", "drop", "copy", "concat", "merge"}


def _first_split(root: str, body: Body, start: int, split: Split, names: Names) -> _First:
    call = split.call
    known = split.of(root)
    train = text(known.train) if known else names.new("train")
    test = text(known.tests[0]) if known else names.new("test")
    if call is not None and tail(call) == "train_test_split":
        keywords = [k for k in call.keywords if k.arg != "stratify"]
        stratify = keyword(call, "stratify")
        if stratify is not None:
            answer = _in_root(body, start, split, stratify, root)
            keywords += [ast.keyword("stratify", answer)] if answer is not None else []
        made = ast.Call(call.func, [name(root)], keywords)
        return _First(ast.Assign([name(f"({train}, {test})")], made, lineno=0), train, test)
    if known is not None and len(split.lines) == 1 and len(split.pairs) == 1:
        return _First(body[split.lines[0]], train, test)
    raise Beyond


def _in_root(body: Body, start: int, split: Split, node: ast.expr, root: str) -> ast.expr | None:
    """`node` by the columns of the root table: y as df["bought"]."""
    for position in range(split.lines[0] - 1, start - 1, -1):
        for target, value in _set(body[position]):
            if text(target) == text(node) and loads(value) == {root}:
                return value
    return node if loads(node) == {root} else None


def _feeding(body: Body, start: int, at: int, last: int, root: str) -> set[int]:
    """Statements that only serve to make more or fewer rows: from the parts up to where they are put together again."""
    found = set(range(start, at + 1))
    for position in range(at + 1, last):
        if any(text(target) == root for target, _ in _set(body[position])):
            found |= set(range(at + 1, position + 1))
            break
    return found
