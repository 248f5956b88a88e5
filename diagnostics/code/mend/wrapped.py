"""For cross-validation, a search or folds by hand: the step goes into one pipeline with the model."""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from diagnostics.code import library as lib
from diagnostics.code.mend.sides import ORDINAL
from diagnostics.code.mend.syntax import (
    Beyond,
    Body,
    calls,
    elements,
    holds,
    keyword,
    mentions,
    name,
    same,
    swapped,
    tail,
    target_of,
    text,
)
from diagnostics.code.values import Fit

IMBALANCED: Final = "from imblearn.pipeline import make_pipeline"
STRATEGIES: Final = {"mean": "mean", "median": "median", "most frequent value": "most_frequent"}
_REGRESSES: Final = ("Regress", "Ridge", "Lasso", "SVR", "ElasticNet")


@dataclass(frozen=True)
class Step:
    """steps: what makes each, in their order. raw: to what stands before them for each name that holds their result.

    lines: positions of the statements that did it.
    """

    steps: tuple[ast.expr, ...]
    raw: dict[str, ast.expr]
    lines: tuple[int, ...]
    resamples: bool = False


def step_at(body: Body, at: int, last: int, fit: Fit, model: str) -> Step:
    """Raises Beyond for a step that no estimator of scikit-learn does."""
    line = body[at]
    target = target_of(line)
    value = line.value if isinstance(line, ast.Assign | ast.Expr) else None
    if value is None:
        raise Beyond
    if fit.kind == lib.RESAMPLER:
        return _resampler(line, value, at)
    if fit.kind == "statistic":
        return _statistic(body, at, fit)
    if fit.kind == lib.SELECTOR and fit.name in lib.SELECTING:
        return _selection(body, at, last, model)
    if _fits_only(value):
        made, _ = _maker(value)
        called = text(target) if target is not None else text(made)
        for position in range(at + 1, last + 1):
            found = target_of(body[position])
            other = getattr(body[position], "value", None)
            if not isinstance(other, ast.Call) or not isinstance(other.func, ast.Attribute) or found is None:
                continue
            if other.func.attr == "transform" and text(other.func.value) == called and other.args:
                return Step((_column_wise(made),), {text(found): other.args[0]}, (at, position))
        raise Beyond
    if target is None:
        raise Beyond
    steps, raw = _chain(_unwrapped(value))
    if isinstance(target, ast.Subscript):
        return Step((_for_columns(steps, target.slice),), {}, (at,))
    return Step(tuple(steps), {text(target): raw}, (at,))


def _fits_only(value: ast.expr) -> bool:
    return tail(value) == "fit"


def _maker(value: ast.expr) -> tuple[ast.expr, ast.expr]:
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.args:
        return value.func.value, value.args[0]
    raise Beyond


def _unwrapped(value: ast.expr) -> ast.expr:
    """pd.DataFrame(scaler.fit_transform(X), ...) is the call inside; so is .apply(LabelEncoder().fit_transform)."""
    if tail(value) in ("DataFrame", "array", "asarray") and isinstance(value, ast.Call) and value.args:
        return _unwrapped(value.args[0])
    match value:
        case ast.Call(func=ast.Attribute(value=inner, attr="toarray" | "todense" | "astype")):
            return _unwrapped(inner)
        case ast.Call(func=ast.Attribute(value=rows, attr="apply"), args=[ast.Attribute(attr="fit_transform") as method]):
            return ast.Call(method, [rows], [])
    return value


def _chain(value: ast.expr) -> tuple[list[ast.expr], ast.expr]:
    """PCA(3).fit_transform(StandardScaler().fit_transform(X)): both steps, the first first, and X."""
    if tail(value) == "fit_transform" and isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.args:
        inner = _unwrapped(value.args[0])
        steps, raw = _chain(inner) if tail(inner) == "fit_transform" else ([], value.args[0])
        return [*steps, _column_wise(value.func.value)], raw
    match value:
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=ast.Attribute(value=made, attr="fit")), attr="transform"), args=[rows]
        ):
            return [_column_wise(made)], rows
        case ast.Call(func=ast.Name(id="scale") | ast.Attribute(attr="scale" | "zscore"), args=[rows, *_]):
            return [name("StandardScaler()")], rows
    raise Beyond


def _column_wise(made: ast.expr) -> ast.expr:
    """A step that can meet levels which it has not seen."""
    match made:
        case ast.Call(func=ast.Name(id="LabelEncoder")):
            return name(ORDINAL)
        case ast.Call(func=ast.Name(id="OneHotEncoder")) if keyword(made, "handle_unknown") is None:
            found = copy.deepcopy(made)
            found.keywords.append(ast.keyword("handle_unknown", ast.Constant("ignore")))
            return found
    return made


def _for_columns(steps: Sequence[ast.expr], key: ast.expr) -> ast.expr:
    columns = ast.List([key], ast.Load()) if isinstance(key, ast.Constant) else key
    inner = steps[0] if len(steps) == 1 else name(f"make_pipeline({', '.join(map(text, steps))})")
    return name(f"make_column_transformer(({text(inner)}, {text(columns)}), remainder='passthrough')")


def _resampler(line: ast.stmt, value: ast.expr, at: int) -> Step:
    target = target_of(line)
    if tail(value) not in ("fit_resample", "fit_sample") or not isinstance(value, ast.Call) or target is None:
        raise Beyond
    made, _ = _maker(value)
    raw = {text(t): a for t, a in zip(elements(target), value.args, strict=False)}
    return Step((made,), raw, (at,), resamples=True)


def _statistic(body: Body, at: int, fit: Fit) -> Step:
    """Filled with the mean, or brought to one scale by hand."""
    line = body[at]
    target = target_of(line)
    whole = text(line)
    if isinstance(line, ast.For):
        raise Beyond
    column: ast.expr | None = None
    if isinstance(target, ast.Subscript):
        column = target.slice
    elif isinstance(line, ast.Expr) and isinstance(line.value, ast.Call) and isinstance(line.value.func, ast.Attribute):
        where = line.value.func.value
        column = where.slice if isinstance(where, ast.Subscript) else None
    if "fillna" in whole and fit.method in STRATEGIES:
        made = name(f"SimpleImputer(strategy={STRATEGIES[fit.method]!r})")
    elif isinstance(line, ast.Assign) and isinstance(line.value, ast.BinOp) and isinstance(line.value.op, ast.Div):
        made = name("MinMaxScaler()" if ".min(" in whole or ".max(" in whole else "StandardScaler()")
    else:
        raise Beyond
    if column is not None:
        return Step((_for_columns([made], column),), {}, (at,))
    if target is None:
        raise Beyond
    read = next(
        (n for n in ast.walk(line) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and ".fillna" in whole), None
    )
    raw = read or next(
        (n.func.value for n in calls(line) if isinstance(n.func, ast.Attribute) and n.func.attr in lib.STATISTICS), None
    )
    if raw is None:
        raise Beyond
    return Step((made,), {text(target): raw}, (at,))


def _selection(body: Body, at: int, last: int, model: str) -> Step:
    """The strongest so many columns: SelectKBest inside the folds."""
    count = None
    carried = {text(t) for t in elements(target_of(body[at]) or name("_"))}
    lines = [at]
    for position in range(at, last):
        line = body[position]
        if position > at and not mentions(line, carried):
            continue
        for node in ast.walk(line):
            match node:
                case ast.Call(func=ast.Attribute(attr="head" | "nlargest"), args=[ast.Constant(value=int(number))]):
                    count = number
                case ast.Subscript(slice=ast.Slice(lower=first, upper=ast.Constant(value=int(number)))):
                    count = number - (first.value if isinstance(first, ast.Constant) and isinstance(first.value, int) else 0)
        if position > at:
            lines.append(position)
            carried |= {text(t) for t in elements(target_of(line) or name("_"))}
    if not count:
        raise Beyond
    score = "f_regression" if any(word in model for word in _REGRESSES) else "f_classif"
    raw: dict[str, ast.expr] = {}
    for node in (n for line in body[at : last + 1] for n in ast.walk(line)):
        match node:
            case ast.Subscript(value=inner, slice=ast.Name(id=written)) if written in carried:
                raw[text(node)] = inner
    return Step((name(f"SelectKBest({score}, k={count})"),), raw, tuple(lines))


def with_pipeline(body: Body, at: int, last: int, used: ast.Call, fit: Fit) -> tuple[Body, tuple[str, ...]]:
    """The statements from `at` to `last` with the step inside the model; imports that they need. Raises Beyond."""
    place = body[last]
    how = tail(used)
    if how not in lib.CROSS_VALIDATION | {"split", "fit"}:
        raise Beyond
    model = _model_of(body, last, used, how)
    step = step_at(body, at, last, fit, text(model))
    if last in step.lines:
        raise Beyond
    raw = dict(step.raw)
    lines: dict[float, ast.stmt] = {p: body[p] for p in range(at, last + 1) if p not in step.lines}
    if how in lib.CROSS_VALIDATION:
        lines[last] = swapped(place, {text(model): _pipeline(step, model), **raw})
    elif how == "split":
        lines[last] = _folded(place, step, raw, body, at)
    else:
        _searched(body, at, last, used, model, step, raw, lines)
    imports = (IMBALANCED,) if step.resamples else ()
    return [lines[position] for position in sorted(lines)], imports


def _model_of(body: Body, last: int, used: ast.Call, how: str) -> ast.expr:
    if how in lib.CROSS_VALIDATION:
        found = used.args[0] if used.args else keyword(used, "estimator")
    elif how == "split":
        found = _constructor(body[last])
    else:
        search = _search(body, last, used)
        found = (search.args[0] if search.args else keyword(search, "estimator")) if search is not None else None
    if found is None:
        raise Beyond
    return found


def _constructor(line: ast.stmt) -> ast.expr | None:
    return next(
        (c for c in calls(line) if lib.kind_of_class(tail(c)) == lib.MODEL and tail(c) not in ("Sequential", "Model")), None
    )


def _pipeline(step: Step, model: ast.expr) -> ast.expr:
    return name(f"make_pipeline({', '.join(text(made) for made in (*step.steps, model))})")


def _folded(place: ast.stmt, step: Step, raw: dict[str, ast.expr], body: Body, at: int) -> ast.stmt:
    model = _constructor(place)
    if model is None or not isinstance(place, ast.For):
        raise Beyond
    swaps: dict[str, ast.expr] = {text(model): _pipeline(step, model)}
    for own, before in raw.items():
        frame = _is_frame(before, body, at)
        for node in ast.walk(place):
            if isinstance(node, ast.Subscript) and text(node.value) == own and frame:
                swaps[text(node)] = ast.Subscript(ast.Attribute(before, "iloc", ast.Load()), node.slice, ast.Load())
        swaps[own] = before
    return swapped(place, swaps)


def _is_frame(node: ast.expr, body: Body, at: int, depth: int = 0) -> bool:
    """Whether this is a table of pandas, as far as it can be seen; an array otherwise."""
    match node:
        case ast.Call(func=ast.Attribute(attr="to_numpy")) | ast.Attribute(attr="values"):
            return False
        case ast.Call(func=ast.Attribute(value=inner, attr=how)):
            return how.startswith("read_") or how == "DataFrame" or _is_frame(inner, body, at, depth)
        case ast.Subscript(value=inner) | ast.Attribute(value=inner):
            return _is_frame(inner, body, at, depth)
        case ast.Name(id=written) if depth < 6:
            for position in range(at - 1, -1, -1):
                line = body[position]
                if not isinstance(line, ast.Assign):
                    continue
                target = line.targets[0]
                if text(target) == written:
                    return _is_frame(line.value, body, position, depth + 1)
                if isinstance(target, ast.Tuple) and isinstance(line.value, ast.Tuple):
                    for one, value in zip(target.elts, line.value.elts, strict=False):
                        if text(one) == written:
                            return _is_frame(value, body, position, depth + 1)
    return False


def _search(body: Body, last: int, used: ast.Call) -> ast.Call | None:
    """The call that makes the search whose fit is `used`."""
    receiver = used.func.value if isinstance(used.func, ast.Attribute) else None
    if isinstance(receiver, ast.Call) and lib.kind_of_class(tail(receiver)) == lib.SEARCH:
        return receiver
    for line in reversed(body[: last + 1]):
        if isinstance(line, ast.Assign) and receiver is not None and text(line.targets[0]) == text(receiver):
            return line.value if isinstance(line.value, ast.Call) else None
    return None


def _searched(
    body: Body,
    at: int,
    last: int,
    used: ast.Call,
    model: ast.expr,
    step: Step,
    raw: dict[str, ast.expr],
    lines: dict[float, ast.stmt],
) -> None:
    search = _search(body, last, used)
    if search is None:
        raise Beyond
    swaps: dict[str, ast.expr] = {}
    prefix = "model__"
    inner = ", ".join(f"('step_{n}', {text(made)})" for n, made in enumerate(step.steps, start=1))
    if len(step.steps) == 1:
        inner = f"('prepare', {text(step.steps[0])})"
    swaps[text(model)] = name(f"Pipeline([{inner}, ('model', {text(model)})])")
    grid = search.args[1] if len(search.args) > 1 else keyword(search, "param_grid", "param_distributions", "search_spaces")
    if grid is not None:
        swaps[text(grid)] = _renamed(grid, body, prefix)
    for position in range(len(body[: last + 1])):
        line = body[position]
        if holds(line, search):
            made = _exchanged(line, search, swaps)
            if position < at:
                # The search was made before the step: it is made again.
                lines[at - 1 + (position + 1) / (last + 2)] = made
            else:
                lines[position] = made
    lines[last] = swapped(lines[last], raw)


def _exchanged(line: ast.stmt, search: ast.Call, swaps: dict[str, ast.expr]) -> ast.stmt:
    class Within(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            if same(node, search):
                node.args = [swaps.get(text(a), a) for a in node.args]
                node.keywords = [ast.keyword(k.arg, swaps.get(text(k.value), k.value)) for k in node.keywords]
                return node
            self.generic_visit(node)
            return node

    made: ast.stmt = Within().visit(copy.deepcopy(line))
    return made


def _renamed(grid: ast.expr, body: Body, prefix: str) -> ast.expr:
    """The grid with the keys that a step of a pipeline has."""
    match grid:
        case ast.Dict(keys=keys) if all(isinstance(k, ast.Constant) and isinstance(k.value, str) for k in keys):
            named = [ast.Constant(prefix + str(k.value)) for k in keys if isinstance(k, ast.Constant)]
            return ast.Dict(list(named), grid.values)
        case ast.List(elts=parts):
            return ast.List([_renamed(part, body, prefix) for part in parts], ast.Load())
        case ast.Name(id=written):
            listed = any(
                isinstance(line, ast.Assign) and text(line.targets[0]) == written and isinstance(line.value, ast.List)
                for line in body
            )
            if listed:
                return name(f"[{{f'{prefix}{{key}}': values for key, values in part.items()}} for part in {written}]")
            return name(f"{{f'{prefix}{{key}}': values for key, values in {written}.items()}}")
    raise Beyond
