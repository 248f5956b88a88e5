"""What a service does on every request, read from its code: what is loaded, fitted, kept, waited for and trusted. Never run."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from diagnostics.code import library as lib

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Kind(StrEnum):
    LOADED = "model loaded per request"
    REFITTED = "transformer fitted per request"
    GROWING = "global that grows"
    DEBUG = "debug server"
    BLOCKING = "blocking call in an async handler"
    ONE_BY_ONE = "rows predicted one by one"
    UNCHECKED = "input not validated"
    UNPICKLED = "upload unpickled"


@dataclass(frozen=True)
class Fault:
    """kind; name: the call or object at fault; function: where; lines: what to write, "" where it is said in words."""

    kind: Kind
    line: int
    name: str
    function: str
    lines: str = ""


DEEP: Final = 3
_ROUTES: Final = frozenset(
    ("route", "get", "post", "put", "patch", "delete", "api_route", "websocket", "api_view", "endpoint", "api")
)
_HANDLERS: Final = frozenset(("lambda_handler", "do_POST", "do_GET"))
_PREDICTS: Final = frozenset(("predict", "predict_proba", "decision_function", "inference", "infer", "score_request"))
_LOADS: Final = {
    **dict.fromkeys(("joblib", "pickle", "dill", "cloudpickle", "torch"), frozenset(("load", "loads"))),
}
_LOADERS: Final = frozenset(("load_model", "from_pretrained", "InferenceSession", "load_from_checkpoint", "load_learner"))
_ADDS: Final = frozenset(("append", "extend", "add", "setdefault", "appendleft"))
_REMOVES: Final = frozenset(("pop", "popleft", "popitem", "clear", "remove", "discard"))
_BLOCKS: Final = {
    "requests": frozenset(("get", "post", "put", "delete", "request", "patch", "head")),
    "time": frozenset(("sleep",)),
    "subprocess": frozenset(("run", "call", "check_output", "check_call")),
    "urllib": frozenset(("urlopen",)),
    "request": frozenset(("urlopen",)),
}
_THREADED: Final = frozenset(("to_thread", "run_in_threadpool", "run_in_executor", "run_sync"))
_UPLOADS: Final = frozenset(("UploadFile", "bytes", "FileStorage"))
CHECKS: Final = frozenset(("validate", "model_validate", "parse_obj", "isinstance", "abort", "reindex", "is_valid", "check"))


def faults(statements: Sequence[ast.stmt]) -> list[Fault] | None:
    """By line; None for code that serves nothing."""
    functions = {n.name: n for s in statements for n in ast.walk(s) if isinstance(n, Function)}
    handlers = [f for f in functions.values() if _handles(f)]
    predicting = [f for f in functions.values() if f.name in _PREDICTS and f not in handlers]
    debugging = list(_debug(statements))
    if not handlers and not debugging and not any(list(_refitted(f, {})) for f in predicting):
        return None
    found = debugging
    for function in handlers:
        for reached in _reached(function, functions):
            found += [*_loaded(reached), *_refitted(reached, functions), *_unpickled(reached), *_one_by_one(reached)]
            found += _growing(reached, statements)
        found += [*_blocking(function), *_unchecked(function)]
    for function in predicting:
        found += _refitted(function, functions)
    distinct = {(fault.kind, fault.line): fault for fault in found}
    risky = {fault.line for fault in distinct.values() if fault.kind is Kind.UNPICKLED}
    kept = [f for f in distinct.values() if not (f.kind is Kind.LOADED and f.line in risky)]
    return sorted(kept, key=lambda fault: (fault.line, fault.kind))


def _handles(function: Function) -> bool:
    """Whether a function answers requests, by its decorator or its name."""
    for decorator in function.decorator_list:
        call = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(call, ast.Attribute) and call.attr in _ROUTES:
            return True
        if isinstance(call, ast.Name) and call.id in ("api_view", "api"):
            return True
    return function.name in _HANDLERS


def _reached(function: Function, functions: dict[str, Function], depth: int = 0) -> list[Function]:
    found = [function]
    for call in _calls(function):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        other = functions.get(name)
        if other is not None and other not in found and depth < DEEP and not _cached(other):
            found += [f for f in _reached(other, functions, depth + 1) if f not in found]
    return found


def _cached(function: Function) -> bool:
    return any("cache" in ast.unparse(d)[:80] for d in function.decorator_list)


def _calls(node: ast.AST) -> list[ast.Call]:
    return [n for n in ast.walk(node) if isinstance(n, ast.Call)]


def _tail(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


def _module(call: ast.Call) -> str:
    """The last name before the method: "joblib" of joblib.load."""
    value = call.func.value if isinstance(call.func, ast.Attribute) else None
    return value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else ""


def _guarded(function: Function, call: ast.Call) -> bool:
    """Whether the call stands behind a condition on what is missing: if model is None, if name not in cache."""
    return any(
        isinstance(n, ast.If | ast.IfExp)
        and any(inner is call for inner in ast.walk(n))
        and any(word in ast.unparse(n.test) for word in ("None", "not ", "hasattr"))
        for n in ast.walk(function)
    )


def _is_load(call: ast.Call) -> bool:
    return _tail(call) in _LOADERS or _tail(call) in _LOADS.get(_module(call), ())


def _loaded(function: Function) -> Iterator[Fault]:
    for call in _calls(function):
        if _is_load(call) and not _guarded(function, call) and not _cached(function):
            yield Fault(Kind.LOADED, call.lineno, ast.unparse(call.func), function.name, _moved_out(function, call))


def _moved_out(function: Function, call: ast.Call) -> str:
    """The loading statement above the function, which goes on without it."""
    local = {a.arg for a in (*function.args.args, *function.args.kwonlyargs)}
    local |= {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    opened = next(
        (
            s
            for s in ast.walk(function)
            if isinstance(s, ast.With) and any(inner is call for inner in ast.walk(s)) and len(s.body) == 1
        ),
        None,
    )
    moved: ast.stmt | None = opened or next(
        (s for s in ast.walk(function) if isinstance(s, ast.Assign) and any(inner is call for inner in ast.walk(s))), None
    )
    if moved is None:
        return ""
    own = {n.id for n in ast.walk(moved) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    read = {n.id for n in ast.walk(moved) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    if read & local - own:
        return ""
    rest = copy.deepcopy(function)
    _drop(rest, ast.unparse(moved))
    return f"{ast.unparse(moved)}\n\n{ast.unparse(rest)}\n"


def _drop(tree: ast.AST, written: str) -> None:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            lines = getattr(node, name, None)
            if isinstance(lines, list):
                kept = [s for s in lines if ast.unparse(s) != written]
                if len(kept) < len(lines):
                    setattr(node, name, kept or [ast.Pass()])


def _refitted(function: Function, functions: dict[str, Function]) -> Iterator[Fault]:
    for call in _calls(function):
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in ("fit_transform", "fit"):
            continue
        made = call.func.value
        label = made.id if isinstance(made, ast.Name) else made.attr if isinstance(made, ast.Attribute) else ""
        kind = lib.kind_of_class(_tail(made)) if isinstance(made, ast.Call) else lib.kind_of_variable(label)[0]
        if call.func.attr == "fit" and kind not in lib.LEARNING:
            continue
        name = label or (_tail(made) if isinstance(made, ast.Call) else "")
        changed = copy.deepcopy(function)
        called = label or "transformer"

        class Apply(ast.NodeTransformer):
            def visit_Call(self, node: ast.Call, wanted: str = ast.unparse(call), called: str = called) -> ast.AST:
                self.generic_visit(node)
                if ast.unparse(node) == wanted and isinstance(node.func, ast.Attribute) and node.func.attr == "fit_transform":
                    owner = node.func.value if not isinstance(node.func.value, ast.Call) else ast.Name(called, ast.Load())
                    return ast.Call(ast.Attribute(owner, "transform", ast.Load()), node.args[:1], [])
                return node

        lines = ""
        if call.func.attr == "fit_transform":
            fixed = ast.unparse(ast.fix_missing_locations(Apply().visit(changed)))
            first = (
                f'import joblib\n\n{called} = joblib.load("{called}.joblib")\n\n'
                if called.isidentifier() and "self" not in name
                else ""
            )
            lines = f"{first}{fixed}\n"
        yield Fault(Kind.REFITTED, call.lineno, name, function.name, lines)


def _growing(function: Function, statements: Sequence[ast.stmt]) -> Iterator[Fault]:
    kept: dict[str, ast.expr] = {}
    for statement in statements:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            if isinstance(target, ast.Name) and statement.value is not None and _grows(statement.value):
                kept[target.id] = statement.value
    shrinks: set[str] = {_module(c) for s in statements for c in _calls(s) if _tail(c) in _REMOVES}
    shrinks |= {
        ast.unparse(t.value)
        for s in statements
        for d in ast.walk(s)
        if isinstance(d, ast.Delete)
        for t in d.targets
        if isinstance(t, ast.Subscript)
    }
    shrinks |= {ast.unparse(c.args[0]) for s in statements for c in _calls(s) if _tail(c) == "len" and c.args}
    local = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    local -= {name for n in ast.walk(function) if isinstance(n, ast.Global) for name in n.names}
    for node in ast.walk(function):
        name = ""
        if isinstance(node, ast.Call) and _tail(node) in _ADDS:
            name = _module(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            key = node.targets[0]
            # One of a few fixed places, such as counts["requests"], does not grow.
            name = ast.unparse(key.value) if not isinstance(key.slice, ast.Constant) else ""
        if name in kept and name not in shrinks and name not in local:
            yield Fault(Kind.GROWING, getattr(node, "lineno", 1), name, function.name, _bounded(name, kept[name]))


def _grows(value: ast.expr) -> bool:
    if isinstance(value, ast.List | ast.Dict | ast.Set):
        return True
    return (
        isinstance(value, ast.Call)
        and _tail(value) in ("list", "dict", "set", "defaultdict", "deque", "OrderedDict")
        and not any(k.arg == "maxlen" for k in value.keywords)
    )


def _bounded(name: str, value: ast.expr) -> str:
    if isinstance(value, ast.List) or (isinstance(value, ast.Call) and _tail(value) in ("list", "deque")):
        return f"from collections import deque\n\n{name} = deque(maxlen=1000)\n"
    if isinstance(value, ast.Dict) or (isinstance(value, ast.Call) and _tail(value) in ("dict", "defaultdict", "OrderedDict")):
        return f"if len({name}) >= 1000:\n    {name}.pop(next(iter({name})))\n"
    return f"if len({name}) >= 1000:\n    {name}.clear()\n"


def _debug(statements: Sequence[ast.stmt]) -> Iterator[Fault]:
    for statement in statements:
        for call in _calls(statement):
            for keyword in call.keywords:
                on = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
                if on and _tail(call) == "run" and keyword.arg in ("debug", "reload", "use_reloader"):
                    safe = copy.deepcopy(call)
                    for k in safe.keywords:
                        k.value = ast.Constant(False) if k.arg == keyword.arg else k.value
                    yield Fault(Kind.DEBUG, call.lineno, f"{keyword.arg}=True", "", ast.unparse(safe) + "\n")


def _blocking(function: Function) -> Iterator[Fault]:
    if not isinstance(function, ast.AsyncFunctionDef):
        return
    nested = {
        id(n) for f in ast.walk(function) if isinstance(f, Function | ast.Lambda) and f is not function for n in ast.walk(f)
    }
    waits = any(isinstance(n, ast.Await | ast.AsyncFor | ast.AsyncWith) for n in ast.walk(function))
    threaded = {id(n) for c in _calls(function) if _tail(c) in _THREADED for n in ast.walk(c)}
    for call in _calls(function):
        if id(call) in nested | threaded or _tail(call) not in _BLOCKS.get(_module(call), ()):
            continue
        changed = copy.deepcopy(function)
        if waits or _tail(call) == "sleep":
            lines = _in_thread(changed, call)
        else:
            plain = ast.FunctionDef(**{name: getattr(changed, name) for name in changed._fields if hasattr(changed, name)})
            lines = ast.unparse(ast.fix_missing_locations(plain)) + "\n"
        yield Fault(Kind.BLOCKING, call.lineno, ast.unparse(call.func), function.name, lines)


def _in_thread(changed: ast.AsyncFunctionDef, call: ast.Call) -> str:
    wanted = ast.unparse(call)

    class Thread(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            if ast.unparse(node) != wanted:
                return node
            if _tail(node) == "sleep":
                return ast.Await(ast.Call(_attribute("asyncio", "sleep"), node.args, node.keywords))
            return ast.Await(ast.Call(_attribute("asyncio", "to_thread"), [node.func, *node.args], node.keywords))

    return "import asyncio\n\n" + ast.unparse(ast.fix_missing_locations(Thread().visit(changed))) + "\n"


def _attribute(module: str, name: str) -> ast.Attribute:
    return ast.Attribute(ast.Name(module, ast.Load()), name, ast.Load())


def _one_by_one(function: Function) -> Iterator[Fault]:
    """A prediction for each row in a loop, where one call takes them all."""
    for node in ast.walk(function):
        if isinstance(node, ast.ListComp) and len(node.generators) == 1 and isinstance(node.generators[0].target, ast.Name):
            row, rows = node.generators[0].target.id, ast.unparse(node.generators[0].iter)
            for call in _calls(node.elt):
                if _tail(call) in _PREDICTS and call.args and ast.unparse(call.args[0]) == f"[{row}]":
                    lines = f"predictions = {ast.unparse(call.func)}(list({rows}))\n" if not node.generators[0].ifs else ""
                    yield Fault(Kind.ONE_BY_ONE, call.lineno, ast.unparse(call.func), function.name, lines)
        elif isinstance(node, ast.For):
            names = {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
            for call in _calls(node):
                used = {n.id for a in call.args for n in ast.walk(a) if isinstance(n, ast.Name)}
                batch = any("batch" in name or "chunk" in name for name in names)
                if _tail(call) in _PREDICTS and used & names and not batch and _module(call) not in names:
                    yield Fault(Kind.ONE_BY_ONE, call.lineno, ast.unparse(call.func), function.name)


def _request_names(function: Function) -> set[str]:
    """Names that hold what the request brought, as raw JSON or bytes."""
    named = {"request", "event"} if function.name == "lambda_handler" else {"request"}
    for argument in (*function.args.args, *function.args.kwonlyargs):
        kind = ast.unparse(argument.annotation) if argument.annotation is not None else ""
        if kind.split("[")[0] in (*_UPLOADS, "dict", "Dict", "Any", "list", "List", "Request"):
            named.add(argument.arg)
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)} & named:
            named |= {n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return named


def _unpickled(function: Function) -> Iterator[Fault]:
    brought = _request_names(function)
    for call in _calls(function):
        if _tail(call) in _LOADS.get(_module(call), ()):
            read = {n.id for a in call.args for n in ast.walk(a) if isinstance(n, ast.Name)}
            if read & brought:
                yield Fault(Kind.UNPICKLED, call.lineno, ast.unparse(call.func), function.name)


def _unchecked(function: Function) -> Iterator[Fault]:
    """Raw JSON goes to the model, and nothing in between looks at it."""
    brought = _request_names(function)
    looks = any(isinstance(n, ast.If | ast.Try | ast.Assert) for n in ast.walk(function))
    looks |= any(_tail(c) in CHECKS or (_tail(c) == "load" and "schema" in ast.unparse(c.func).lower()) for c in _calls(function))
    json = any(_tail(c) in ("get_json", "json", "loads") for c in _calls(function)) or ".json" in ast.unparse(function)
    raw = any(ast.unparse(a.annotation).split("[")[0] in ("dict", "Dict") for a in function.args.args if a.annotation is not None)
    if looks or not (json or raw):
        return
    for call in _calls(function):
        read = {n.id for a in call.args for n in ast.walk(a) if isinstance(n, ast.Name)}
        if _tail(call) in ("predict", "predict_proba") and read & brought:
            yield Fault(Kind.UNCHECKED, call.lineno, ast.unparse(call.func), function.name, _model_of_input(function))
            return


def _model_of_input(function: Function) -> str:
    """A model of pydantic with the fields that the handler reads."""
    fields = []
    source = _source(function)
    for node in ast.walk(function):
        key = None
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            key, owner = node.slice.value, node.value
        elif isinstance(node, ast.Call) and _tail(node) == "get" and node.args and isinstance(node.args[0], ast.Constant):
            key, owner = node.args[0].value, getattr(node.func, "value", node)
        if isinstance(key, str) and key.isidentifier() and ast.unparse(owner) == source:
            fields.append(key)
    if not fields:
        return ""
    listed = "".join(f"    {name}: float | str\n" for name in dict.fromkeys(fields))
    return f"from pydantic import BaseModel\n\n\nclass Row(BaseModel):\n{listed}\n\nrow = Row.model_validate({source})\n"


def _source(function: Function) -> str:
    """What holds the request's fields: the name that its JSON was given, or the parameter that is a plain dict."""
    for argument in function.args.args:
        if argument.annotation is not None and ast.unparse(argument.annotation).split("[")[0] in ("dict", "Dict"):
            return argument.arg
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and "json" in ast.unparse(node.value):
            return node.targets[0].id
    return "request.json"
