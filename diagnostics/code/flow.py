"""Follow the rows through a script: what each name holds, statement by statement. The script is read, never run."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Final

from diagnostics.code import expressions
from diagnostics.code.calls import library_call
from diagnostics.code.combine import blend
from diagnostics.code.interpreter import Exhausted, Interpreter
from diagnostics.code.names import Function, find_method, guess_value
from diagnostics.code.stores import assign, remove
from diagnostics.code.values import (
    UNKNOWN,
    Class,
    Const,
    Func,
    Given,
    Instance,
    Lib,
    Many,
    Rows,
    Scope,
    Unknown,
    Value,
    join,
)
from diagnostics.code.watch import Watch

_MODULE: Final = Class(ast.ClassDef(name="module", bases=[], keywords=[], body=[], decorator_list=[]), Scope())
DEPTH: Final = 12
"""Calls within calls."""


class Flow(Interpreter):
    """Follows the statements of a script."""

    def __init__(self, watch: Watch, siblings: Mapping[str, Sequence[ast.stmt]] | None = None) -> None:
        """siblings: statements of the files that were given together with this one, by the name they are imported under."""
        super().__init__(watch)
        self.siblings = siblings or {}
        self.imported: dict[str, Scope] = {}

    def run(self, statements: Sequence[ast.stmt]) -> bool:
        """Follow all statements, then the functions that nobody called. Returns whether it got to the end."""
        self.borders = _borders(statements)
        try:
            for statement in statements:
                # A notebook may call in an early cell what a later one defines or imports.
                if isinstance(statement, Function | ast.ClassDef | ast.Import | ast.ImportFrom):
                    self.guarded(statement)
            for statement in statements:
                self.guarded(statement)
            for statement in statements:
                self._follow_uncalled(statement, None)
        except Exhausted:
            return False
        return True

    def guarded(self, statement: ast.stmt) -> None:
        depth = len(self.calls), len(self.returns), len(self.loops), self.scope
        try:
            self.do(statement)
        except RecursionError:
            # A statement nested deeper than anybody writes by hand is passed over.
            del self.calls[depth[0] :], self.returns[depth[1] :], self.loops[depth[2] :]
            self.scope = depth[3]

    def body(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self.do(statement)

    def expr(self, node: ast.expr | None) -> Value:
        self.tick()
        return expressions.value_of(self, node) if node is not None else UNKNOWN

    def call_library(self, callee: Lib, given: Given) -> Value:
        return library_call(self, callee, given)

    def do(self, node: ast.stmt) -> None:
        self.tick()
        match node:
            case ast.Assign():
                value = self.expr(node.value)
                for target in node.targets:
                    assign(self, target, value, node)
            case ast.AnnAssign():
                if node.value is not None:
                    assign(self, node.target, self.expr(node.value), node)
            case ast.AugAssign():
                binary = ast.copy_location(ast.BinOp(_loaded(node.target), node.op, node.value), node)
                assign(self, node.target, self.expr(binary), node)
            case ast.Expr():
                self.expr(node.value)
            case ast.Return():
                if self.returns:
                    self.returns[-1].append(self.expr(node.value) if node.value else Const(None))
            case ast.If():
                self.expr(node.test)
                self.branches([node.body, node.orelse])
            case ast.For() | ast.AsyncFor():
                self._for(node)
            case ast.While():
                self.expr(node.test)
                self.loops.append(node.lineno)
                self.body(node.body)
                self.loops.pop()
                self.body(node.orelse)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    value = self.expr(item.context_expr)
                    if item.optional_vars is not None:
                        assign(self, item.optional_vars, value, node)
                self.body(node.body)
            case ast.Try():
                self.body(node.body)
                for handler in node.handlers:
                    self.branches([handler.body, []])
                self.body(node.orelse)
                self.body(node.finalbody)
            case ast.Match():
                self.expr(node.subject)
                self.branches([case.body for case in node.cases])
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.scope.names[node.name] = Func(node, self.scope)
            case ast.ClassDef():
                self.scope.names[node.name] = Class(node, self.scope)
            case ast.Import():
                for alias in node.names:
                    if module := self._sibling(alias.name):
                        self.scope.names[alias.asname or alias.name.split(".")[0]] = Instance(_MODULE, module.names)
                        continue
                    self.scope.names[alias.asname or alias.name.split(".")[0]] = Lib(
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
            case ast.ImportFrom():
                own = self._sibling(node.module or "")
                for alias in node.names:
                    if own is not None and alias.name == "*":
                        self.scope.names.update(own.names)
                    elif own is not None and alias.name in own.names:
                        self.scope.names[alias.asname or alias.name] = own.names[alias.name]
                    elif module := self._sibling(alias.name):
                        self.scope.names[alias.asname or alias.name] = Instance(_MODULE, module.names)
                    else:
                        self.scope.names[alias.asname or alias.name] = Lib(f"{node.module or ''}.{alias.name}")
            case ast.Global():
                self.scope.elsewhere.update(node.names)
            case ast.Delete():
                for target in node.targets:
                    remove(self, target)

    def _sibling(self, module: str) -> Scope | None:
        """What another of the files defines: functions, classes, imports and plain values. Its other statements are its own."""
        stem = module.rpartition(".")[2]
        if stem not in self.siblings:
            return None
        if stem not in self.imported:
            before, self.scope = self.scope, Scope()
            self.imported[stem] = self.scope
            for statement in self.siblings[stem]:
                plain = isinstance(statement, ast.Assign) and _plain(statement.value)
                if plain or isinstance(statement, Function | ast.ClassDef | ast.Import | ast.ImportFrom):
                    self.do(statement)
            self.scope = before
        return self.imported[stem]

    def branches(self, bodies: Sequence[Sequence[ast.stmt]]) -> None:
        """Any one of the bodies runs; afterwards a name holds what either left in it."""
        scope = self.scope
        before = dict(scope.names)
        merged: dict[str, Value] = {}
        for body in bodies:
            self.tick(1 + len(before) // 16)
            scope.names = dict(before)
            self.body(body)
            for name, value in scope.names.items():
                merged[name] = join(merged[name], value) if name in merged else value
        scope.names = merged

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        turns = self.turns(self.expr(node.iter), node)
        self.loops.append(node.lineno)
        for turn in turns:
            assign(self, node.target, turn, node)
            self.body(node.body)
        self.loops.pop()
        self.body(node.orelse)

    def inline(self, func: Func, args: Sequence[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Follow a function of the script with these arguments."""
        self.tick(5)
        if len(self.calls) >= DEPTH or self.calls.count(func.node) > 0:
            return blend([*args, *kwargs.values()])
        self.called.add(id(func.node))
        scope = Scope(_bind(self, func, args, kwargs), func.scope)
        before, self.scope = self.scope, scope
        given = dict(scope.names)
        self.calls.append(func.node)
        self.returns.append([])
        try:
            if isinstance(func.node, ast.Lambda):
                self.returns[-1].append(self.expr(func.node.body))
            else:
                self.body(func.node.body)
        finally:
            returned = self.returns.pop()
            self.calls.pop()
            self.scope = before
        self._write_back(given, scope, node)
        if not returned:
            return Const(None)
        result = returned[0]
        for other in returned[1:]:
            result = _join_returns(result, other)
        return result

    def _write_back(self, given: dict[str, Value], scope: Scope, node: ast.AST) -> None:
        """A table that the function changed in place is changed for the caller too."""
        if not isinstance(node, ast.Call):
            return
        for name in scope.changed:
            for position, argument in enumerate(node.args):
                if isinstance(argument, ast.Name) and list(given)[position : position + 1] == [name]:
                    self.scope.names[argument.id] = scope.names.get(name, UNKNOWN)

    def make(self, cls: Class, args: Sequence[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """An object of a class of the script."""
        instance = Instance(cls)
        init = find_method(cls, "__init__")
        if init is not None:
            self.inline(Func(init, cls.scope, instance), args, kwargs, node)
        return instance

    def _follow_uncalled(self, node: ast.stmt, owner: Instance | None) -> None:
        """Functions that nobody calls here are followed with what their parameters' names promise."""
        if isinstance(node, ast.ClassDef):
            instance = Instance(Class(node, self.globals))
            for inner in node.body:
                self._follow_uncalled(inner, instance)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and id(node) not in self.called:
            root = Rows()
            names = [a.arg for a in [*node.args.posonlyargs, *node.args.args]]
            names = names[1:] if owner is not None and names[:1] in (["self"], ["cls"]) else names
            try:
                self.inline(Func(node, self.globals, owner), [guess_value(name, root) for name in names], {}, node)
            except RecursionError:
                self.calls.clear()
                self.returns.clear()
                self.scope = self.globals


def _plain(node: ast.expr) -> bool:
    """A constant, or a list of constants."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.List | ast.Tuple) and all(map(_plain, node.elts[:256])))


def _borders(statements: Sequence[ast.stmt]) -> frozenset[str]:
    """What rows are cut at from both sides, as it is written; a written number counts only from the end."""
    upper: set[str] = set()
    lower: set[str] = set()
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Slice) and node.step is None:
                for edge, found in ((node.upper, upper), (node.lower, lower)):
                    if edge is not None and not isinstance(edge, ast.Constant):
                        found.add(ast.unparse(edge)[:80] if sum(1 for _ in ast.walk(edge)) < 40 else "")
    return frozenset(upper & lower - {""})


def _bind(flow: Flow, func: Func, args: Sequence[Value], kwargs: dict[str, Value]) -> dict[str, Value]:
    arguments = func.node.args
    names = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
    bound: dict[str, Value] = {}
    if func.owner is not None and names:
        bound[names.pop(0)] = func.owner
    defaults = arguments.defaults[-len(names) :] if names else []
    for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=False):
        bound[name] = flow.expr(default)
    ordered = {name: bound.get(name, UNKNOWN) for name in names}
    ordered.update(dict(zip(names, args, strict=False)))
    owner = {k: v for k, v in bound.items() if k not in ordered}
    for parameter, given in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=False):
        ordered[parameter.arg] = flow.expr(given) if given is not None else UNKNOWN
    ordered.update({k: v for k, v in kwargs.items() if k in ordered or arguments.kwarg})
    if arguments.vararg:
        ordered[arguments.vararg.arg] = Many(tuple(args[len(names) :]))
    # The owner stands last, so that positions are those of the call.
    return {**ordered, **owner}


def _join_returns(a: Value, b: Value) -> Value:
    if isinstance(a, Many) and isinstance(b, Many) and len(a.items) == len(b.items):
        return Many(tuple(join(x, y) for x, y in zip(a.items, b.items, strict=True)), a.keys)
    return join(b, a) if isinstance(a, Const | Unknown) else join(a, b)


def _loaded(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name():
            return ast.copy_location(ast.Name(target.id, ast.Load()), target)
        case ast.Attribute():
            return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
        case ast.Subscript():
            return ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)
    return target
