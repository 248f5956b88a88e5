"""The corrected lines for one leak: several ways are tried, and one is proposed only if the script, read again, leaks less."""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from diagnostics.code import library as lib
from diagnostics.code import watch
from diagnostics.code.flow import Flow
from diagnostics.code.mend import after, single, wrapped
from diagnostics.code.mend.inlining import flattened, reaches
from diagnostics.code.mend.sides import Names
from diagnostics.code.mend.splits import split_at
from diagnostics.code.mend.syntax import (
    Beyond,
    Body,
    Function,
    bodies,
    calls,
    functions,
    holds,
    keyword,
    loads,
    mark,
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
from diagnostics.code.notebook import Code
from diagnostics.code.values import Fit
from diagnostics.code.watch import Leak, Watch

PROPOSALS: Final = 24
"""Leaks of one file for which lines are looked for."""
NODES: Final = 60_000
"""Parts of a script beyond which nothing is rewritten: each proposal is read again in full."""
SHOWN: Final = 25
"""Unchanged statements that are repeated with the changed ones; more are named by their lines."""

IMPORTS: Final[Mapping[str, str]] = {
    "np": "import numpy as np", "pd": "import pandas as pd",
    **{n: f"from sklearn.pipeline import {n}" for n in ("make_pipeline", "Pipeline")},
    "make_column_transformer": "from sklearn.compose import make_column_transformer",
    **{n: f"from sklearn.preprocessing import {n}" for n in ("OrdinalEncoder", "StandardScaler", "MinMaxScaler")},
    "Subset": "from torch.utils.data import Subset",
    "SimpleImputer": "from sklearn.impute import SimpleImputer",
    **{n: f"from sklearn.feature_selection import {n}" for n in ("SelectKBest", "f_classif", "f_regression")},
    **{
        n: f"from sklearn.model_selection import {n}"
        for n in ("TimeSeriesSplit", "GridSearchCV", "cross_val_score", "train_test_split", "TunedThresholdClassifierCV")
    },
}  # fmt: skip
"""Names that a proposal may need, and where they come from."""


@dataclass(frozen=True)
class Edit:
    """`lines` in the place of body[start:end]. apart: functions whose lines were written out, which may stay as they are."""

    body: Body
    start: int
    end: int
    lines: Body
    imports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Correction:
    """lines: what to write in the place of those at fault. script: the whole file with them."""

    lines: str
    script: str


@dataclass
class Script:
    """One file while it is corrected. leaks: kind and sentence of each leak that it has."""

    code: Code
    siblings: Mapping[str, Sequence[ast.stmt]]
    leaks: Sequence[Leak]
    module: Body = field(init=False)
    targets: set[str] = field(default_factory=set)
    proposed: int = 0

    def __post_init__(self) -> None:
        self.module = list(self.code.statements)
        self.small = sum(1 for s in self.module for _ in ast.walk(s)) <= NODES
        mark(self.module)
        self.known = functions(self.module)
        self.names = set().union(*(stores(s) | loads(s) for s in self.module)) if self.module else set()

    def corrected(self, leak: Leak) -> Correction | None:
        """The lines to write, None where none can be."""
        if not self.small or self.proposed >= PROPOSALS:
            return None
        self.proposed += 1
        for way in _WAYS[leak.code]:
            try:
                for edit in way(self, leak):
                    found = self._checked(edit, leak)
                    if found is not None:
                        return found
            except (Beyond, RecursionError, SyntaxError, ValueError):
                # This way does not lead to lines that are right; the next may.
                continue
        return None

    def new(self, wanted: str) -> str:
        return Names(self.names).new(wanted)

    def _checked(self, edit: Edit, leak: Leak) -> Correction | None:
        """The edit as text, if the whole script reads and leaks less with it."""
        before = edit.body[edit.start : edit.end]
        edit.body[edit.start : edit.end] = edit.lines
        try:
            whole = ast.unparse(ast.fix_missing_locations(ast.Module(copy.deepcopy(self.module), [])))
            rendered = self._rendered(edit)
            missing = self._missing(edit)
        finally:
            edit.body[edit.start : edit.start + len(edit.lines)] = before
        if missing is None:
            return None
        seen = Watch()
        seen.targets = set(self.targets)
        if not Flow(seen, self.siblings).run(ast.parse(whole).body):
            return None
        if not _better(self.leaks, list(seen.leaks.values()), leak):
            return None
        imports = "".join(f"{line}\n" for line in missing)
        return Correction(imports + rendered, imports + whole + "\n")

    def _missing(self, edit: Edit) -> list[str] | None:
        """Imports that the new lines need; None when a name in them comes from nowhere."""
        here: set[str] = {n for s in self.module for n in stores(s)} | {n for s in edit.lines for n in stores(s)}
        here |= {
            a.arg for s in self.module for n in ast.walk(s) if isinstance(n, ast.arguments) for a in (*n.args, *n.kwonlyargs)
        }
        needed = [n for line in edit.lines for n in sorted(loads(line)) if n not in here and not hasattr(builtins, n)]
        found = list(edit.imports)
        given = {n for line in edit.imports for s in statements(line) for n in stores(s)}
        starred = any(isinstance(n, ast.ImportFrom) and n.names[0].name == "*" for s in self.module for n in ast.walk(s))
        original: set[str] = set()
        known: set[str] = set()
        for line in self.code.statements:
            # What the script reads before it sets it comes from elsewhere: from a star, or from a cell that is not here.
            original |= loads(line) - known
            known |= stores(line)
        for one in dict.fromkeys(needed):
            if one in given:
                continue
            if one in IMPORTS:
                found.append(IMPORTS[one])
            elif not (one in original or starred):
                return None
        return list(dict.fromkeys(found))

    def _rendered(self, edit: Edit) -> str:
        """The new lines; those of a function with the whole function."""
        owner = next(
            (n for s in self.module for n in ast.walk(s) if isinstance(n, Function) and n.body is edit.body),
            None,
        )
        if owner is not None:
            return ast.unparse(ast.fix_missing_locations(copy.deepcopy(owner))) + "\n"
        written: list[str] = []
        old = {id(s) for s in self.code.statements}
        run: list[ast.stmt] = []

        def unchanged() -> None:
            if len(run) > SHOWN:
                written.append(self._as_is(run[0]))
                written.append(f"# lines {self.code.place(run[1].lineno)[1]} to {self.code.place(run[-1].lineno)[1]} as they are")
            else:
                written.extend(self._as_is(s) for s in run)
            run.clear()

        for line in edit.lines:
            if id(line) in old:
                run.append(line)
                continue
            unchanged()
            written.append(ast.unparse(ast.fix_missing_locations(copy.deepcopy(line))))
        unchanged()
        return "\n".join(written) + "\n"

    def _as_is(self, statement: ast.stmt) -> str:
        """As its author wrote it, where it has its lines for itself."""
        first, last = statement.lineno, statement.end_lineno or statement.lineno
        alone = sum(1 for s in self.code.statements if s.lineno <= last and (s.end_lineno or s.lineno) >= first) == 1
        lines = self.code.lines[first - 1 : last]
        if alone and statement.col_offset == 0 and lines:
            return "\n".join(lines)
        return ast.unparse(statement)


def _better(before: Sequence[Leak], after_: Sequence[Leak], leak: Leak) -> bool:
    """Fewer leaks of this kind than before, and no more of any other."""

    def counted(leaks: Sequence[Leak]) -> dict[str, int]:
        found: dict[str, int] = {}
        for one in leaks:
            found[one.code] = found.get(one.code, 0) + 1
        return found

    old, new = counted(before), counted(after_)
    return new.get(leak.code, 0) < old.get(leak.code, 0) and all(new.get(code, 0) <= old.get(code, 0) for code in new)


# Where things stand


def _at(script: Script, node: ast.AST | None) -> Iterator[tuple[Body, int]]:
    """Every list of statements that holds `node` directly, the innermost function first."""
    if node is None:
        return
    for body in reversed(list(bodies(script.module))):
        for at, line in enumerate(body):
            if not isinstance(line, Function | ast.ClassDef) and holds(line, node):
                yield body, at


def _together(script: Script, fit: Fit, used: ast.AST | None) -> Iterator[tuple[Body, int, Body, int, int]]:
    """Body and first position, and the same lines with what functions do written out: lines, position of the step, of its use."""
    if used is None:
        return
    for body in reversed(list(bodies(script.module))):
        found = [at for at, line in enumerate(body) if reaches(line, fit.node, script.known)]
        later = [at for at, line in enumerate(body) if reaches(line, used, script.known)]
        if not found or not later or found[0] > later[-1]:
            continue
        first = found[0]
        last = next((at for at in later if at > first), None)
        if last is None:
            continue
        after_them = {n for line in body[last + 1 :] for n in loads(line)}
        try:
            step = flattened(body[first], fit.node, script.known, after_them)
            use = flattened(body[last], used, script.known, set())
        except Beyond:
            continue
        lines = [*body[:first], *step, *body[first + 1 : last], *use, *body[last + 1 :]]
        at = first + next(i for i, line in enumerate(step) if holds(line, fit.node))
        end = first + len(step) + (last - first - 1) + next(i for i, line in enumerate(use) if holds(line, used))
        # What follows the use inside its function belongs to the region too.
        yield body, first, lines, at, end


def _edit(body: Body, lines: Body, at: int, last: int, new: Body, imports: tuple[str, ...] = ()) -> Edit:
    """Positions count in `lines`, which is `body` with some calls written out: what is written out is part of the edit."""
    own = stores(lines[at]) & loads(lines[at])
    made = [p for p in range(max(0, at - 4), at) if own & stores(lines[p]) and isinstance(lines[p], ast.Assign)]
    if made:
        # The step overwrites what it reads: where the lines begin, X must be what it was.
        at, new = made[0], [*lines[made[0] : at], *new]
    before = next((i for i, (a, b) in enumerate(zip(body, lines, strict=False)) if a is not b), len(body))
    behind = next((i for i, (a, b) in enumerate(zip(body[::-1], lines[::-1], strict=False)) if a is not b), 0)
    start = min(at, before)
    tail_length = min(len(lines) - last - 1, behind if len(body) != len(lines) or before < len(body) else len(lines))
    return Edit(
        body, start, len(body) - tail_length, [*lines[start:at], *new, *lines[last + 1 : len(lines) - tail_length]], imports
    )


# Ways


def _after_split(script: Script, leak: Leak) -> Iterator[Edit]:
    fit = leak.fit
    if fit is None:
        return
    for body, _, lines, at, end in _together(script, fit, leak.used):
        split = split_at(lines, end)
        if split is None or not split.lines or split.lines[0] <= at:
            continue
        for way in (after.step_after_split, after.everything_after_split):
            try:
                new = way(lines, at, split, fit, Names(set(script.names)))
            except Beyond:
                continue
            start = at
            if way is after.everything_after_split:
                start = after._root(lines, at, split)[1]
            yield _edit(body, lines, start, split.lines[-1], new)


def _in_order(script: Script, leak: Leak) -> Iterator[Edit]:
    """Rows cut at X[:n] without names for the sides: the step learns from X[:n]."""
    fit = leak.fit
    if fit is None:
        return
    for body, _, lines, at, end in _together(script, fit, leak.used):
        for node in ast.walk(lines[end]):
            if not isinstance(node, ast.Slice) or node.lower is not None or node.upper is None:
                continue
            edge, before = node.upper, []
            if isinstance(edge, ast.Name):
                made = next((p for p in range(end) if edge.id in stores(lines[p])), None)
                if made is None:
                    continue
                if made > at:
                    line = lines[made]
                    own = target_of(lines[at])
                    raw = fit.input
                    if own is not None and text(own) in loads(line):
                        if raw is None:
                            continue
                        line = swapped(line, {text(own): raw})
                    before = [line]
            else:
                made = None
            own = target_of(lines[at])
            if own is not None and any(stores(other) & loads(own) | stores(other) & stores(own) for other in lines[at + 1 : end]):
                continue
            _, _, new = single.on_part(lines, at, fit, f"[:{text(edge)}]")
            new = [*before, *new]
            rest = [lines[p] for p in range(at + 1, end + 1) if p != made]
            yield _edit(body, lines, at, end, [*new, *rest])


def _pipeline(script: Script, leak: Leak) -> Iterator[Edit]:
    fit = leak.fit
    if fit is None or not isinstance(leak.used, ast.Call):
        return
    for body, _, lines, at, end in _together(script, fit, leak.used):
        used = next(c for c in calls(lines[end]) if same(c, leak.used))
        new, imports = wrapped.with_pipeline(lines, at, end, used, fit)
        yield _edit(body, lines, at, end, new, imports)


def _share(script: Script, leak: Leak) -> Iterator[Edit]:
    """validation_split of Keras: the last rows are held out by hand, so that the step can be learnt without them."""
    fit = leak.fit
    if fit is None or not isinstance(leak.used, ast.Call):
        return
    for body, _, lines, at, end in _together(script, fit, leak.used):
        used = next(c for c in calls(lines[end]) if same(c, leak.used))
        share = keyword(used, "validation_split")
        if share is None or len(used.args) < 2:
            continue
        border = script.new("border")
        wholes = [text(a) for a in used.args[:2]]
        parts = [(f"{w}_train", f"{w}_val") for w in wholes]
        cut = statements(
            f"{border} = int(len({wholes[0]}) * (1 - {text(share)}))\n"
            + ", ".join(n for pair in parts for n in pair)
            + " = "
            + ", ".join(f"{w}[:{border}], {w}[{border}:]" for w in wholes)
        )
        made = copy.deepcopy(used)
        made.args = [name(parts[0][0]), name(parts[1][0]), *made.args[2:]]
        made.keywords = [
            ast.keyword("validation_data", name(f"({parts[0][1]}, {parts[1][1]})")) if k.arg == "validation_split" else k
            for k in made.keywords
        ]
        fitted = single._exchange(lines[end], used, lambda _, made=made: made)  # type: ignore[misc]
        longer = [*lines[:end], *cut, fitted, *lines[end + 1 :]]
        split = split_at(longer, end + 1)
        if split is None:
            continue
        new = after.step_after_split(longer, at, split, fit, Names(set(script.names)))
        yield _edit(body, lines, at, end, [*new, fitted])


def _drawn_first(script: Script, leak: Leak) -> Iterator[Edit]:
    """random_split of PyTorch: the rows are drawn first, so that the step can be learnt from those of training."""
    fit = leak.fit
    if fit is None:
        return
    for body, _, lines, at, end in _together(script, fit, leak.used):
        line = lines[end]
        target = target_of(line)
        value = line.value if isinstance(line, ast.Assign) else None
        step = next((c for c in calls(lines[at]) if same(c, fit.node)), None)
        if not isinstance(target, ast.Tuple) or not isinstance(value, ast.Call) or step is None:
            continue
        raw = step.args[0] if step.args and fit.kind != "statistic" else getattr(step.func, "value", None)
        own = target_of(lines[at])
        if raw is None or own is None or any(text(own) in stores(other) for other in lines[at + 1 : end]):
            continue
        sides = [text(e) for e in target.elts]
        frame = ".iloc" if wrapped._is_frame(raw, lines, at) else ""
        if tail(value) == "random_split":
            rows = copy.deepcopy(value)
            rows.args = [name(f"range(len({text(raw)}))"), *_known_sizes(lines, at, end, value, raw)]
            drawn = ast.Assign([target], rows, lineno=0)
            _, _, new = single.on_part(lines, at, fit, f"{frame}[{sides[0]}.indices]")
            subsets = ", ".join(sides) + " = " + ", ".join(f"Subset({text(value.args[0])}, {s}.indices)" for s in sides)
            yield _edit(body, lines, at, end, [drawn, *new, *lines[at + 1 : end], *statements(subsets)])
        elif tail(value) == "next":
            between = [swapped(other, {text(own): raw}) for other in lines[at + 1 : end + 1]]
            _, _, new = single.on_part(lines, at, fit, f"{frame}[{sides[0]}]")
            yield _edit(body, lines, at, end, [*between, *new])


def _known_sizes(lines: Body, at: int, end: int, value: ast.Call, raw: ast.expr) -> list[ast.expr]:
    """The sizes of the split, by what is known before the step: n is what it is set to, and len(dataset) is len(rows)."""
    swaps: dict[str, ast.expr] = {f"len({text(value.args[0])})": name(f"len({text(raw)})")}
    for line in lines[at + 1 : end]:
        target = target_of(line)
        if (
            isinstance(line, ast.Assign)
            and isinstance(target, ast.Name)
            and mentions(value, {target.id})
            and target.id != text(value.args[0])
        ):
            swaps[target.id] = swapped(line.value, swaps)
    return [swapped(swapped(a, swaps), swaps) for a in value.args[1:]]


def _on_test(script: Script, leak: Leak) -> Iterator[Edit]:
    if leak.fit is None or leak.says != watch.ON_TEST:
        return
    for body, at in _at(script, leak.fit.node):
        yield _found(body, single.on_test(body, at, leak.fit))


def _training_part(script: Script, leak: Leak) -> Iterator[Edit]:
    if leak.fit is None:
        return
    for body, at in _at(script, leak.fit.node):
        yield _found(body, single.on_training_part(body, at, leak.fit))


def _found(body: Body, found: single.Found) -> Edit:
    start, end, lines = found
    return Edit(body, start, end, lines)


def _trained(script: Script, leak: Leak) -> Iterator[Edit]:
    if leak.fit is None or leak.fit.kind != lib.MODEL:
        return
    for body, at in _at(script, leak.fit.node):
        yield _found(body, single.fitted_on_training(body, at, leak.fit))


def _borders(script: Script, leak: Leak) -> Iterator[Edit]:
    if leak.says != watch.SLICES:
        return
    first, last = leak.values.get("first"), leak.values.get("last")
    if isinstance(first, int) and isinstance(last, int):
        for body in bodies(script.module):
            yield _found(body, single.one_border(body, leak.line, last + 1, first))


def _features(script: Script, leak: Leak) -> Iterator[Edit]:
    """The column at fault is taken out where the features go into the split or the model."""
    if leak.says not in (watch.IN_FEATURES, watch.FROM_TARGET, watch.TO_TARGET):
        return
    column = leak.values.get("column") if leak.says == watch.IN_FEATURES else leak.values.get("feature")
    for body, at in _at(script, leak.used):
        call = next((c for c in calls(body[at]) if leak.used is not None and same(c, leak.used)), None)
        if call is None:
            continue
        given = call.args[1:] if tail(call) in lib.CROSS_VALIDATION else call.args
        if not given:
            continue
        side = single.side_pair(body, text(given[0]))
        if side is not None:
            split, pair = side
            yield _found(body, single.without_columns(body, split.lines[0], pair.whole, [str(column)]))
        yield _found(body, single.without_columns(body, at, given[0], [str(column)]))


def _in_time(script: Script, leak: Leak) -> Iterator[Edit]:
    for body, at in _at(script, leak.used):
        if leak.says == watch.RANDOM_SPLIT and leak.used is not None:
            yield _found(body, single.in_time(body, at, leak.used))
    for body in bodies(script.module):
        for at, line in enumerate(body):
            if not (line.lineno <= leak.line <= (line.end_lineno or line.lineno)) or isinstance(line, Function | ast.ClassDef):
                continue
            if leak.says == watch.BACKWARD:
                yield _found(body, single.from_the_past(body, at))
            elif leak.says == watch.CENTRED:
                yield _found(body, single.ends_at_the_row(body, at))
            elif leak.says == watch.FUTURE:
                yield _found(body, single.earlier_value(body, at))


def _chosen(script: Script, leak: Leak) -> Iterator[Edit]:
    if leak.says == watch.STOPPING:
        for body in bodies(script.module):
            for at, line in enumerate(body):
                if line.lineno == leak.line and not isinstance(line, Function | ast.ClassDef):
                    yield _found(body, single.stops_on_validation(body, at, script.new))
        return
    for body, at in _at(script, leak.used):
        if leak.says == watch.THRESHOLD:
            yield from _threshold(script, body, at)
        elif isinstance(body[at], ast.For):
            yield _found(body, single.searched_on_training(body, at, script.new))
        else:
            yield from _objective(script, leak, body, at)


def _threshold(script: Script, body: Body, at: int) -> Iterator[Edit]:
    """From the curve, or the loop over cuts, to the last line that uses the chosen one."""
    yield _found(body, single.threshold_on_training(body, at, script.new))


def _objective(script: Script, leak: Leak, body: Body, at: int) -> Iterator[Edit]:
    """A study's objective: the score of the test rows becomes one of folds of the training rows."""
    call = next((c for c in calls(body[at]) if leak.used is not None and same(c, leak.used)), None)
    splits = [split for lines in bodies(script.module) for split in single.splits_of(lines) if len(split.pairs) > 1]
    if call is None or not isinstance(call.func, ast.Attribute):
        return
    for split in splits:
        if not mentions(call, {text(split.pairs[0].tests[-1])}):
            continue
        folds = ", cv=TimeSeriesSplit(n_splits=5)" if split.in_order else ""
        features, answers = text(split.pairs[0].train), text(split.pairs[1].train)
        score = name(f"cross_val_score({text(call.func.value)}, {features}, {answers}{folds}).mean()")
        changed = single._exchange(body[at], call, lambda _, score=score: score)  # type: ignore[misc]
        yield Edit(body, at, at + 1, [changed])


Way = Callable[[Script, Leak], Iterator[Edit]]
_STEPS: Final[tuple[Way, ...]] = (
    _on_test,
    _after_split,
    _pipeline,
    _share,
    _drawn_first,
    _training_part,
    _in_order,
)
_WAYS: Final[Mapping[str, tuple[Way, ...]]] = {
    watch.PREPROCESSING: _STEPS,
    watch.OVERLAP: (_borders, _trained, *_STEPS),
    watch.TARGET: (_features, *_STEPS),
    watch.TEMPORAL: (_in_time,),
    watch.REPEATED: (_chosen,),
}
