"""One statement as two: learnt from the training rows, and only applied to the test rows."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from diagnostics.code import library as lib
from diagnostics.code.mend.syntax import (
    Beyond,
    Body,
    assign,
    calls,
    keyword,
    mentions,
    name,
    statements,
    stores,
    swapped,
    tail,
    target_of,
    text,
)

ORDINAL: Final = 'OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)'
WORDS: Final = {
    lib.SCALER: "scaler", lib.IMPUTER: "imputer", lib.ENCODER: "encoder", lib.LEVELS: "encoder", lib.SELECTOR: "selector",
    lib.VECTORISER: "vectorizer", lib.REDUCER: "reducer", lib.BINNER: "binner", lib.PIPELINE: "prepare", lib.RESAMPLER: "sampler",
}  # fmt: skip
_LEARNS: Final = {"fit", "fit_transform", "adapt"}


@dataclass
class Names:
    """Names that the script has already, so that new ones are new."""

    taken: set[str]
    labels: set[str] = field(default_factory=set)
    """Label encoders that were replaced by encoders of columns."""

    learnt: set[str] = field(default_factory=set)
    """What was learnt for each group: a group that only the test rows have gets the mean of all."""

    def new(self, wanted: str) -> str:
        found, number = wanted, 2
        while found in self.taken:
            found, number = f"{wanted}_{number}", number + 1
        self.taken.add(found)
        return found


@dataclass(frozen=True)
class Sided:
    """before: what is made or learnt once; train, test: the statement for either side; test is empty where nothing is applied."""

    before: Body
    train: Body
    tests: Body

    def lines(self) -> Body:
        return [*self.before, *self.train, *self.tests]


Swaps = Mapping[str, ast.expr]


def sided(statement: ast.stmt, train: Swaps, tests: Sequence[Swaps], names: Names, *, train_only: bool = False) -> Sided:
    """train, tests: what stands for each table on either side. Raises Beyond."""
    if isinstance(statement, ast.For | ast.If):
        return _block(statement, train, tests, names, train_only=train_only)
    plain = _prepared(statement, names.labels)
    before, plain = _made(plain, names, set(train))
    learnt, plain = _learnt(plain, names, set(train))
    before += [swapped(line, train) for line in learnt]
    own = [swapped(plain, train)]
    if train_only or not _applies(plain, set(train)):
        return Sided(before, own, [])
    return Sided(before, own, [swapped(_only_applied(plain, names), swaps) for swaps in tests])


def _block(statement: ast.For | ast.If, train: Swaps, tests: Sequence[Swaps], names: Names, *, train_only: bool) -> Sided:
    """Within a loop or condition, both sides stand below each other."""
    if statement.orelse or any(isinstance(n, ast.Break | ast.Continue) for n in ast.walk(statement)):
        raise Beyond
    inner: Body = []
    for line in statement.body:
        found = sided(line, train, tests, names, train_only=train_only)
        inner += found.lines()
    result = swapped(statement, train)
    result.body = inner
    return Sided([], [result], [])


def _prepared(statement: ast.stmt, labels: set[str]) -> ast.stmt:
    """Forms that cannot be applied to other rows become ones that can."""
    result: ast.stmt = _Forms(labels).visit(copy.deepcopy(statement))
    return result


class _Forms(ast.NodeTransformer):
    def __init__(self, labels: set[str]) -> None:
        self.labels = labels

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        # A label encoder refuses levels that it has not seen, and is meant for the answer; columns have an encoder of their own.
        level = [c for c in calls(node.value) if tail(c) in ("fit_transform", "transform", "fit") and self._label(c)]
        if level and isinstance(node.targets[0], ast.Subscript):
            node.targets[0] = _two_dimensional(node.targets[0])
            for call in level:
                call.args = [_two_dimensional(call.args[0])] if call.args else call.args
        return node

    def _label(self, call: ast.Call) -> bool:
        made = text(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        return made in self.labels or made.startswith("OrdinalEncoder(handle_unknown='use")

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Attribute(value=rows, attr="apply"), args=[ast.Attribute(attr="fit_transform") as method]):
                return ast.Call(copy.deepcopy(method), [rows], [])
            case ast.Call(func=ast.Name(id="LabelEncoder")):
                return name(ORDINAL)
            case ast.Call(func=ast.Name(id="OneHotEncoder")) if keyword(node, "handle_unknown") is None:
                node.keywords.append(ast.keyword("handle_unknown", ast.Constant("ignore")))
        return node


def _two_dimensional(node: ast.expr) -> ast.expr:
    """df["a"] as df[["a"]], df.a as df[["a"]]."""
    match node:
        case ast.Subscript(value=inner, slice=ast.Constant() | ast.Name() as key):
            return ast.Subscript(inner, ast.List([key], ast.Load()), node.ctx)
        case ast.Attribute(value=ast.Name() as inner, attr=written):
            return ast.Subscript(inner, ast.List([ast.Constant(written)], ast.Load()), node.ctx)
        case ast.Call(func=ast.Attribute(value=inner, attr="astype"), args=[ast.Constant() | ast.Name() as kind]):
            return ast.Call(ast.Attribute(_two_dimensional(inner), "astype", ast.Load()), [kind], [])
    return node


def _made(statement: ast.stmt, names: Names, wholes: set[str]) -> tuple[Body, ast.stmt]:
    """Estimators without a name get one, so that they can be applied a second time."""
    before: Body = []
    value = statement.value if isinstance(statement, ast.Assign) else None

    class Hoist(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            match node.func:
                case ast.Attribute(value=ast.Call() as maker, attr="fit" | "fit_transform" | "fit_resample" | "adapt" as how):
                    kind = lib.kind_of_class(tail(maker))
                    if not kind:
                        return node
                    if how == "fit" and node is value and isinstance(target_of(statement), ast.Name):
                        # scaler = StandardScaler().fit(X) has its name.
                        return node
                    if mentions(maker, wholes):
                        raise Beyond
                    called = names.new(WORDS.get(kind, "step"))
                    before.append(assign(called, maker))
                    return ast.Call(ast.Attribute(name(called), how, ast.Load()), node.args, node.keywords)
            return node

    return before, Hoist().visit(statement)


def _learnt(statement: ast.stmt, names: Names, wholes: set[str]) -> tuple[Body, ast.stmt]:
    """Statistics of all rows become values that are learnt once."""
    before: Body = []
    if _is_learnt(statement, wholes):
        return before, statement

    def hoisted(wanted: str, value: ast.expr) -> ast.expr:
        called = names.new(wanted)
        before.append(assign(called, value))
        return name(called)

    class Hoist(ast.NodeTransformer):
        def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
            raise Beyond

        def visit_Call(self, node: ast.Call) -> ast.AST:
            if tail(node) in ("with_columns", "withColumn") and mentions(node.func, wholes):
                table = node.func.value if isinstance(node.func, ast.Attribute) else node.func
                seen: ast.AST = _Columns(table, hoisted).visit(node)
                return seen
            group = _grouped(node, wholes)
            if group is not None:
                key, values, how = group
                learnt = ast.Call(ast.Attribute(values, how, ast.Load()), [], [])
                mapped = hoisted(f"{how}_of_group", learnt)
                names.learnt.add(text(mapped))
                return ast.Call(ast.Attribute(key, "map", ast.Load()), [mapped], [])
            if tail(node) == "qcut" and mentions(node, wholes) and len(node.args) > 1:
                column = node.args[0]
                borders = ast.Call(
                    node.func,
                    node.args[:2],
                    [
                        *_but_labels(node),
                        ast.keyword("retbins", ast.Constant(True)),
                        ast.keyword("duplicates", ast.Constant("drop")),
                    ],
                )
                edges = hoisted("edges", ast.Subscript(borders, ast.Constant(1), ast.Load()))
                before.extend(statements(f"{text(edges)}[[0, -1]] = -np.inf, np.inf"))
                binned = (
                    ast.Attribute(node.func.value, "cut", ast.Load()) if isinstance(node.func, ast.Attribute) else name("pd.cut")
                )
                return ast.Call(binned, [column, edges], [k for k in node.keywords if k.arg == "labels"])
            if (_is_statistic(node) and mentions(node, wholes) and keyword(node, "axis") is None) or _down(node, wholes):
                return hoisted(_word(node), node)
            self.generic_visit(node)
            return node

    return before, Hoist().visit(statement)


def _but_labels(node: ast.Call) -> list[ast.keyword]:
    return [k for k in node.keywords if k.arg not in ("labels", "retbins", "duplicates")]


class _Columns(ast.NodeTransformer):
    """pl.col("age").mean() inside with_columns as a number that the training rows gave."""

    def __init__(self, table: ast.expr, hoisted: Callable[[str, ast.expr], ast.expr]) -> None:
        self.table, self.hoisted = table, hoisted

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Call(func=made, args=[ast.Constant(value=str(column))]), attr=how)) if (
                how in lib.STATISTICS and text(made).endswith("col")
            ):
                values = ast.Subscript(self.table, ast.Constant(column), ast.Load())
                return self.hoisted(f"{column}_{how}", ast.Call(ast.Attribute(values, how, ast.Load()), node.args, node.keywords))
        self.generic_visit(node)
        return node


def _is_statistic(node: ast.expr) -> bool:
    return tail(node) in lib.STATISTICS.keys() - {"value_counts"} and isinstance(node, ast.Call)


def _down(node: ast.Call, wholes: set[str]) -> bool:
    along = keyword(node, "axis") or (node.args[0] if node.args and isinstance(node.func, ast.Attribute) else None)
    return (
        _is_statistic(node) and mentions(node, wholes) and isinstance(along, ast.Constant) and along.value in (0, "index", None)
    )


def _grouped(node: ast.Call, wholes: set[str]) -> tuple[ast.expr, ast.expr, str] | None:
    """df.groupby("a")["b"].transform("mean") as the column a, the grouped values, and "mean"."""
    match node:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Subscript(
                    value=ast.Call(func=ast.Attribute(value=rows, attr="groupby"), args=[ast.Constant() as key])
                ) as values,
                attr="transform",
            ),
            args=[ast.Constant(value=str(how))],
        ) if mentions(rows, wholes) and how in lib.STATISTICS:  # fmt: skip
            return ast.Subscript(rows, key, ast.Load()), values, how
    return None


def _word(node: ast.Call) -> str:
    how = tail(node)
    columns = [
        c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str) and c.value.isidentifier()
    ]
    column = [a.attr for a in ast.walk(node) if isinstance(a, ast.Attribute) and isinstance(a.value, ast.Name) and a.attr != how]
    first = next(iter([*columns, *column]), "")
    return f"{first.lower()}_{how}" if first and first not in lib.STATISTICS else f"{how}s"


def _is_learnt(statement: ast.stmt, wholes: set[str]) -> bool:
    """Whether all that the statement takes from the rows is something learnt: scaler.fit(X), mean = X.mean()."""
    value = getattr(statement, "value", None)
    return isinstance(value, ast.expr) and not rows_in(value, wholes)


def rows_in(node: ast.expr, wholes: set[str]) -> bool:
    """Whether the rows themselves come out of an expression, and not only what was learnt from them."""
    match node:
        case ast.Call() if text(node) in wholes:
            return True
        case ast.Call(func=ast.Attribute(attr="fit" | "adapt")):
            return False
        case ast.Call() if tail(node) in _CHOICES:
            return False
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Attribute(value=rows, attr="groupby"))) as method):
            return method.attr in ("transform", "apply", "shift", "rolling", "cumsum") and mentions(rows, wholes)
        case ast.Call(func=ast.Attribute(value=ast.Subscript(value=ast.Call(func=ast.Attribute(attr="groupby"))), attr=how)):
            return how in ("transform", "apply", "shift", "rolling", "cumsum", "cumcount", "rank", "diff")
        case ast.Call() if _is_statistic(node):
            along = keyword(node, "axis") or (node.args[0] if node.args and isinstance(node.func, ast.Attribute) else None)
            return isinstance(along, ast.Constant) and along.value in (1, "columns") and mentions(node, wholes)
        case ast.Call(func=ast.Name(id="len")):
            return False
        case ast.Attribute(attr="columns" | "shape" | "dtypes" | "feature_importances_" | "coef_"):
            return False
        case ast.Name(id=written):
            return written in wholes
        case ast.Attribute() | ast.Subscript() if text(node) in wholes:
            return True
    return any(rows_in(child, wholes) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)) or any(
        rows_in(k.value, wholes) for k in getattr(node, "keywords", [])
    )


_CHOICES: Final = frozenset(lib.SELECTING | {"value_counts", "nunique", "unique", "isna", "isnull", "describe"})


def _applies(statement: ast.stmt, wholes: set[str]) -> bool:
    """Whether something is left to do for the test rows: no, where a statement only learns or only draws rows."""
    value = getattr(statement, "value", None)
    if not isinstance(value, ast.expr) or tail(value) in ("fit_resample", "fit_sample"):
        return False
    return rows_in(value, wholes) or (isinstance(statement, ast.Assign) and _stores_into(statement, wholes))


def _stores_into(statement: ast.Assign, wholes: set[str]) -> bool:
    target = statement.targets[0]
    return isinstance(target, ast.Subscript | ast.Attribute) and mentions(target, wholes)


def _only_applied(statement: ast.stmt, names: Names) -> ast.stmt:
    class Apply(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            match node:
                case ast.Call(func=ast.Attribute(value=made, attr="fit_transform")):
                    return ast.Call(ast.Attribute(made, "transform", ast.Load()), node.args[:1], [])
                case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Attribute(value=made, attr="fit")), attr="transform")):
                    return ast.Call(ast.Attribute(made, "transform", ast.Load()), node.args, node.keywords)
                case ast.Call(func=ast.Attribute(attr="map"), args=[ast.Name(id=learnt)]) if learnt in names.learnt:
                    return ast.Call(ast.Attribute(node, "fillna", ast.Load()), [name(f"{learnt}.mean()")], [])
            return node

    applied: ast.stmt = Apply().visit(copy.deepcopy(statement))
    return applied


def learnt_names(statement: ast.stmt, wholes: set[str]) -> set[str]:
    """Names that hold something learnt afterwards, not rows."""
    return stores(statement) if _is_learnt(statement, wholes) and isinstance(statement, ast.Assign) else set()
