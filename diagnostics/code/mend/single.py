"""Leaks that one statement makes, and that another form of it does not."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Sequence
from typing import Any, Final

from diagnostics.code import library as lib
from diagnostics.code.mend.splits import Pair, Split, split_at
from diagnostics.code.mend.syntax import (
    Beyond,
    Body,
    assign,
    calls,
    keyword,
    loads,
    mentions,
    name,
    same,
    statements,
    swapped,
    tail,
    target_of,
    text,
)
from diagnostics.code.values import TRAIN, Fit, side_of

Found = tuple[int, int, Body]
"""First and last statement that is replaced (the last not included), and what comes in their place."""


def splits_of(body: Body) -> list[Split]:
    found, seen = [], set()
    for at in range(len(body)):
        split = split_at(body, at)
        if split is not None and split.lines and split.lines not in seen:
            seen.add(split.lines)
            found.append(split)
    return found


def side_pair(body: Body, written: str) -> tuple[Split, Pair] | None:
    """The split that a side of this name comes from."""
    for split in reversed(splits_of(body)):
        for pair in split.pairs:
            if written in (text(pair.train), *map(text, pair.tests)):
                return split, pair
    return None


def _exchange(line: ast.stmt, node: ast.AST, change: Callable[[ast.AST], ast.AST]) -> ast.stmt:
    """`line` with `change` made to the one node."""

    class Once(ast.NodeTransformer):
        def visit(self, inner: ast.AST) -> ast.AST:
            if same(inner, node):
                return change(inner)
            found: ast.AST = self.generic_visit(inner)
            return found

    made: Any = Once().visit(copy.deepcopy(line))
    changed: ast.stmt = made
    return changed


# Fitted on the test rows


def on_test(body: Body, at: int, fit: Fit) -> Found:
    line = body[at]
    node = fit.node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and tail(node) == "fit_transform":
        made = node.func.value
        if isinstance(made, ast.Name | ast.Attribute):
            # The scaler that the training rows fitted; one of its own for the test rows is taken for it.
            here = _fitted_before(body, at, text(made), fit)
            applied = ast.Call(ast.Attribute(name(here or text(made)), "transform", ast.Load()), node.args[:1], [])
            return at, at + 1, [_exchange(line, node, lambda _: applied)]
        if isinstance(made, ast.Call):
            return _named_on_train(body, at, line, node, made)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and tail(node) == "fit":
        here = text(node.func.value)
        if _fitted_before(body, at, here, fit):
            return at, at + 1, statements("pass") if isinstance(line, ast.Expr) else _beyond()
    if fit.kind == "statistic" and isinstance(node, ast.Call):
        return at, at + 1, [_statistic_of_train(body, line, node)]
    raise Beyond


def _beyond() -> Body:
    raise Beyond


def _fitted_before(body: Body, at: int, written: str, fit: Fit) -> str:
    """The name of the same kind of step that was fitted on training rows above."""
    kinds = {}
    for line in body[:at]:
        for target, value in _pairs(line):
            if isinstance(value, ast.Call):
                kinds[text(target)] = tail(value)
    for line in reversed(body[:at]):
        for call in calls(line):
            if tail(call) in ("fit", "fit_transform") and isinstance(call.func, ast.Attribute) and call.args:
                called = text(call.func.value)
                alike = called == written or (kinds.get(called) and kinds.get(called) == kinds.get(written))
                if alike and side_of(text(call.args[0])) == TRAIN:
                    return called
    return ""


def _pairs(line: ast.stmt) -> Sequence[tuple[ast.expr, ast.expr]]:
    if not isinstance(line, ast.Assign):
        return ()
    target, value = line.targets[0], line.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        return list(zip(target.elts, value.elts, strict=True))
    return [(target, value)]


def _named_on_train(body: Body, at: int, line: ast.stmt, node: ast.Call, made: ast.Call) -> Found:
    """StandardScaler().fit_transform on either side: one scaler for both."""
    for position in range(at - 1, -1, -1):
        for call in calls(body[position]):
            if tail(call) == "fit_transform" and isinstance(call.func, ast.Attribute) and text(call.func.value) == text(made):
                called = name("fitted")
                fitted = ast.Call(ast.Attribute(called, "fit_transform", ast.Load()), call.args, call.keywords)
                applied = ast.Call(ast.Attribute(called, "transform", ast.Load()), node.args[:1], [])
                first = _exchange(body[position], call, lambda _, fitted=fitted: fitted)  # type: ignore[misc]
                second = _exchange(line, node, lambda _, applied=applied: applied)  # type: ignore[misc]
                return position, at + 1, [assign("fitted", made), first, *body[position + 1 : at], second]
    raise Beyond


def _statistic_of_train(body: Body, line: ast.stmt, node: ast.Call) -> ast.stmt:
    for written in sorted(loads(node), key=len, reverse=True):
        found = side_pair(body, written)
        if found is not None:
            _, pair = found
            return _exchange(line, node, lambda inner, w=written, p=pair: swapped(inner, {w: p.train}))  # type: ignore[misc]
    raise Beyond


# Fitted on training and test rows together, or on all rows and applied to a part


def on_training_part(body: Body, at: int, fit: Fit) -> Found:
    node = fit.node
    if not isinstance(node, ast.Call) or not node.args:
        raise Beyond
    rows = node.args[0]
    line = body[at]
    parts = _stacked(rows, body, at)
    if parts is not None:
        first = parts[0]
        if tail(node) == "fit":
            return at, at + 1, [_exchange(line, node, lambda inner: _first_argument(inner, first))]
        length = f"len({text(first)})"
        return at, at + 1, [_exchange(line, node, lambda inner: _fit_on(inner, f"[:{length}]"))]
    for split in splits_of(body):
        pair = split.of(text(rows)) or next((p for p in split.pairs if mentions(rows, {text(p.whole)})), None)
        if pair is None or tail(node) not in ("fit", "adapt") or not same(getattr(line, "value", line), node):
            continue
        changed = _exchange(line, node, lambda inner, split=split: _on_side(inner, split))  # type: ignore[misc]
        if split.lines[-1] < at:
            return at, at + 1, [changed]
        return at, split.lines[-1] + 1, [*body[at + 1 : split.lines[-1] + 1], changed]
    raise Beyond


def _on_side(node: ast.AST, split: Split) -> ast.AST:
    return swapped(node, {text(p.whole): p.train for p in split.pairs})


def _stacked(rows: ast.expr, body: Body, at: int) -> list[ast.expr] | None:
    """The tables that were put below each other."""
    written = loads(rows)
    candidates = [rows] + [v for line in body[:at] for t, v in _pairs(line) if text(t) in written]
    for value in reversed(candidates):
        for call in calls(value):
            if tail(call) in ("concat", "vstack", "concatenate", "append", "row_stack") and call.args:
                listed = call.args[0]
                if isinstance(listed, ast.List | ast.Tuple) and len(listed.elts) > 1:
                    return list(listed.elts)
    return None


def _first_argument(node: ast.AST, value: ast.expr) -> ast.AST:
    if isinstance(node, ast.Call):
        return ast.Call(node.func, [value, *node.args[1:]], node.keywords)
    return node


def _fit_on(node: ast.AST, part: str) -> ast.AST:
    """scaler.fit_transform(rows) as scaler.fit(rows[:n]).transform(rows)."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        raise Beyond
    if node.func.attr == "fit_transform":
        rows = text(node.args[0])
        return name(f"{text(node.func.value)}.fit({rows}{part}).transform({rows})")
    raise Beyond


def on_part(body: Body, at: int, fit: Fit, part: str) -> Found:
    """The step is fitted on a part of the rows, written as "[:n]", and applied to all."""
    node = next((c for c in calls(body[at]) if same(c, fit.node)), fit.node)
    line = body[at]
    if fit.kind == "statistic" and isinstance(node, ast.Call):
        bases = {text(n) for n in ast.walk(node) if isinstance(n, ast.Name)}
        column = node.func.value if isinstance(node.func, ast.Attribute) else node.args[0]
        if (isinstance(column, ast.Name) and column.id in lib.STATISTICS) or not bases:
            raise Beyond
        rows = (
            node.args[0]
            if isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in ("np", "numpy")
            else column
        )
        same_rows = text(rows)
        changed = line
        for call in calls(line):
            own = call.func.value if isinstance(call.func, ast.Attribute) else None
            given = call.args[0] if call.args else None
            if tail(call) in lib.STATISTICS and same_rows in (text(own) if own else "", text(given) if given else ""):
                cut = name(f"{same_rows}{part}")
                changed = _exchange(changed, call, lambda inner, cut=cut: _cut_call(inner, same_rows, cut))  # type: ignore[misc]
        return at, at + 1, [changed]
    if tail(node if isinstance(node, ast.expr) else name("0")) == "fit":
        return at, at + 1, [_exchange(line, node, lambda inner: _cut_first(inner, part))]
    return at, at + 1, [_exchange(line, node, lambda inner: _fit_on(inner, part))]


def _cut_call(node: ast.AST, rows: str, cut: ast.expr) -> ast.AST:
    if not isinstance(node, ast.Call):
        return node
    func: ast.expr = node.func
    if isinstance(func, ast.Attribute) and text(func.value) == rows:
        func = ast.Attribute(cut, func.attr, ast.Load())
        return ast.Call(func, node.args, node.keywords)
    return ast.Call(func, [cut, *node.args[1:]], node.keywords)


def _cut_first(node: ast.AST, part: str) -> ast.AST:
    if isinstance(node, ast.Call):
        return ast.Call(node.func, [name(f"{text(a)}{part}") for a in node.args], node.keywords)
    return node


# The same rows on both sides


def fitted_on_training(body: Body, at: int, fit: Fit) -> Found:
    """model.fit(X, y) becomes model.fit(X_train, y_train)."""
    node = fit.node
    if not isinstance(node, ast.Call):
        raise Beyond
    for split in reversed(splits_of(body)):
        if split.lines[0] < at and any(split.of(text(a)) or side_pair(body, text(a)) for a in node.args):
            swaps = {text(p.whole): p.train for p in split.pairs}
            changed = _exchange(body[at], node, lambda inner, swaps=swaps: swapped(inner, swaps))  # type: ignore[misc]
            if text(changed) != text(body[at]):
                return at, at + 1, [changed]
    raise Beyond


def one_border(body: Body, first: int, last: int, edge: int) -> Found:
    """train = df[:800], test = df[700:]: both at 800."""

    class Border(ast.NodeTransformer):
        def visit_Slice(self, node: ast.Slice) -> ast.AST:
            lower = node.lower
            if isinstance(lower, ast.Constant) and isinstance(lower.value, int) and lower.value == edge:
                return ast.Slice(ast.Constant(last), node.upper, node.step)
            return node

    for at, line in enumerate(body):
        if getattr(line, "lineno", 0) == first:
            return at, at + 1, [Border().visit(copy.deepcopy(line))]
    raise Beyond


# The answer among the features


def without_columns(body: Body, at: int, features: ast.expr, columns: Sequence[str]) -> Found:
    """The columns are taken out of the features before `body[at]`, where they go into the split or the model."""
    listed = f"[{', '.join(map(repr, columns))}]"
    if isinstance(features, ast.Name):
        for position in range(at - 1, -1, -1):
            target = target_of(body[position])
            if target is not None and text(target) == features.id:
                value = getattr(body[position], "value", None)
                if isinstance(value, ast.Call) and tail(value) == "drop":
                    break
                if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.List):
                    kept = [e for e in value.slice.elts if not (isinstance(e, ast.Constant) and e.value in columns)]
                    if len(kept) < len(value.slice.elts):
                        made = ast.Subscript(value.value, ast.List(kept, ast.Load()), ast.Load())
                        return position, position + 1, [ast.Assign([features], made, lineno=0)]
                break
        return at, at, statements(f"{features.id} = {features.id}.drop(columns={listed})")
    made_of = name(f"{text(features)}.drop(columns={listed})")
    return at, at + 1, [swapped(body[at], {text(features): made_of})]


# Time


def in_time(body: Body, at: int, used: ast.AST) -> Found:
    """The same split, in the order of the rows."""
    line = body[at]
    call = next((c for c in calls(line) if same(c, used)), None)
    if call is None:
        raise Beyond
    if tail(call) == "train_test_split":
        kept = [k for k in call.keywords if k.arg in ("test_size", "train_size")]
        made = ast.Call(call.func, call.args, [*kept, ast.keyword("shuffle", ast.Constant(False))])
        return at, at + 1, [_exchange(line, call, lambda _: made)]
    for position in range(at, -1, -1):
        for maker in calls(body[position]):
            if lib.kind_of_class(tail(maker)) == lib.SPLITTER and tail(maker) != "TimeSeriesSplit":
                number = maker.args[0] if maker.args else keyword(maker, "n_splits")
                written = f"TimeSeriesSplit(n_splits={text(number)})" if number is not None else "TimeSeriesSplit(n_splits=5)"
                changed = _exchange(body[position], maker, lambda _, written=written: name(written))  # type: ignore[misc]
                return position, position + 1, [changed]
    raise Beyond


def from_the_past(body: Body, at: int) -> Found:
    """bfill as ffill."""

    class Forward(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            how = keyword(node, "method", "limit_direction", "strategy")
            backward = isinstance(how, ast.Constant) and how.value in ("bfill", "backfill", "backward", "both")
            if isinstance(node.func, ast.Attribute):
                if node.func.attr in ("bfill", "backfill"):
                    return ast.Call(ast.Attribute(node.func.value, "ffill", ast.Load()), node.args, node.keywords)
                if node.func.attr == "backward_fill":
                    return ast.Call(ast.Attribute(node.func.value, "forward_fill", ast.Load()), node.args, node.keywords)
                if node.func.attr == "fillna" and backward:
                    rest = [k for k in node.keywords if k.arg != "method"]
                    return ast.Call(ast.Attribute(node.func.value, "ffill", ast.Load()), [], rest)
                if backward:
                    turned = {"both": "forward", "backward": "forward"}
                    node.keywords = [
                        ast.keyword(k.arg, ast.Constant(turned[str(k.value.value)]))
                        if isinstance(k.value, ast.Constant) and k.value.value in turned
                        else k
                        for k in node.keywords
                    ]
            return node

    return at, at + 1, [Forward().visit(copy.deepcopy(body[at]))]


def ends_at_the_row(body: Body, at: int) -> Found:
    """A centred window of the rows before."""

    class Before(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            if tail(node) == "rolling" and isinstance(node.func, ast.Attribute) and keyword(node, "center") is not None:
                earlier = ast.Call(ast.Attribute(node.func.value, "shift", ast.Load()), [ast.Constant(1)], [])
                rest = [k for k in node.keywords if k.arg != "center"]
                return ast.Call(ast.Attribute(earlier, "rolling", ast.Load()), node.args, rest)
            return node

    return at, at + 1, [Before().visit(copy.deepcopy(body[at]))]


def earlier_value(body: Body, at: int) -> Found:
    """shift(-1) as shift(1)."""

    class Turn(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            if tail(node) == "shift":
                node.args = [_positive(a) for a in node.args]
                node.keywords = [ast.keyword(k.arg, _positive(k.value) if k.arg == "periods" else k.value) for k in node.keywords]
            return node

    return at, at + 1, [Turn().visit(copy.deepcopy(body[at]))]


def _positive(node: ast.expr) -> ast.expr:
    return node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node


# The test rows used for choosing


def apart_for_choosing(split: Split, names: Callable[[str], str]) -> tuple[Body, dict[str, ast.expr], dict[str, ast.expr]]:
    """Validation rows out of the training part: the statement, and what stands for training and for test rows while choosing."""
    parts: list[str] = []
    train: dict[str, ast.expr] = {}
    held: dict[str, ast.expr] = {}
    for pair in split.pairs:
        written = text(pair.train)
        stem = written.replace("_train", "").replace("train_", "").split(".")[-1].strip("_") or "rows"
        fitted, chosen = names(f"{stem}_fit"), names(f"{stem}_val")
        parts += [fitted, chosen]
        train[written] = name(fitted)
        for test in pair.tests[-1:]:
            held[text(test)] = name(chosen)
    wholes = ", ".join(text(pair.train) for pair in split.pairs)
    if split.call is not None and tail(split.call) == "randomSplit":
        whole = text(split.pairs[0].train)
        return statements(f"{', '.join(parts)} = {whole}.randomSplit([0.8, 0.2], seed=0)"), train, held
    how = "shuffle=False" if split.in_order else "random_state=0"
    return statements(f"{', '.join(parts)} = train_test_split({wholes}, test_size=0.25, {how})"), train, held


def stops_on_validation(body: Body, at: int, names: Callable[[str], str]) -> Found:
    """early stopping looks at rows that were taken out of the training part."""
    line = body[at]
    for split in reversed(splits_of(body)):
        if split.lines[0] >= at or not any(mentions(line, {text(t)}) for p in split.pairs for t in p.tests):
            continue
        first, train, held = apart_for_choosing(split, names)
        return at, at + 1, [*first, swapped(line, {**train, **held})]
    raise Beyond


def searched_on_training(body: Body, at: int, names: Callable[[str], str]) -> Found:
    """A loop over settings as a search by cross-validation, with the loop's own values as its grid."""
    loop = body[at]
    if not isinstance(loop, ast.For) or not isinstance(loop.target, ast.Name):
        raise Beyond
    variable = loop.target.id
    model = next((c for c in calls(loop) if lib.kind_of_class(tail(c)) == lib.MODEL and mentions(c, {variable})), None)
    split = next((s for s in reversed(splits_of(body)) if s.lines[0] < at), None)
    if model is None or split is None or len(split.pairs) < 2 or tail(model) in ("Sequential", "Model"):
        return _chosen_on_validation(body, at, names)
    setting = next((k.arg for k in model.keywords if k.arg and text(k.value) == variable), None)
    rest = [k for k in model.keywords if k.arg != setting]
    arguments = [a for a in model.args if text(a) != variable]
    if setting is None:
        setting = _FIRST.get(tail(model)) if model.args and text(model.args[0]) == variable else None
    if setting is None or any(mentions(k.value, {variable}) for k in rest) or any(mentions(a, {variable}) for a in arguments):
        return _chosen_on_validation(body, at, names)
    made = ast.Call(model.func, arguments, rest)
    values = text(loop.iter)
    values = values if isinstance(loop.iter, ast.List) else f"list({values})"
    features, answers = split.pairs[0], split.pairs[1]
    folds = "TimeSeriesSplit(n_splits=5)" if split.in_order else "5"
    search = names("search")
    lines = statements(
        f"{search} = GridSearchCV({text(made)}, {{{setting!r}: {values}}}, cv={folds})\n"
        f"{search}.fit({text(features.train)}, {text(answers.train)})\n"
        f"print({search}.best_params_, {search}.score({text(features.tests[-1])}, {text(answers.tests[-1])}))"
    )
    return at, at + 1, lines


_FIRST: Final = {
    "KNeighborsClassifier": "n_neighbors", "KNeighborsRegressor": "n_neighbors", "RandomForestClassifier": "n_estimators",
    "RandomForestRegressor": "n_estimators", "Ridge": "alpha", "Lasso": "alpha",
}  # fmt: skip
"""The setting that stands first in a call without names."""


def _chosen_on_validation(body: Body, at: int, names: Callable[[str], str]) -> Found:
    """The loop as it is, on validation rows."""
    for split in reversed(splits_of(body)):
        if split.lines[0] >= at or len(split.pairs) < 1:
            continue
        first, train, held = apart_for_choosing(split, names)
        if mentions(body[at], set(held)):
            return at, at + 1, [*first, swapped(body[at], {**train, **held})]
    raise Beyond


def threshold_on_training(body: Body, at: int, names: Callable[[str], str]) -> Found:
    """The threshold is chosen inside the training rows."""
    for split in reversed(splits_of(body)):
        if split.lines[0] >= at or len(split.pairs) < 2:
            continue
        model = next(
            (
                c.func.value
                for line in body[: at + 1]
                for c in calls(line)
                if tail(c) in ("predict_proba", "decision_function") and isinstance(c.func, ast.Attribute)
            ),
            None,
        )
        if model is None:
            raise Beyond
        features, answers = split.pairs[0], split.pairs[1]
        tuned = names("tuned")
        lines = statements(
            f"{tuned} = TunedThresholdClassifierCV({text(model)})\n"
            f"{tuned}.fit({text(features.train)}, {text(answers.train)})\n"
            f"print({tuned}.best_threshold_, {tuned}.score({text(features.tests[-1])}, {text(answers.tests[-1])}))"
        )
        target = target_of(body[at])
        if isinstance(target, ast.Name):
            lines.insert(2, assign(target.id, name(f"{tuned}.best_threshold_")))
        return at, at + 1, lines
    raise Beyond
