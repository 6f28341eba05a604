"""Which functions run whenever a flow is replayed: its own, its parts, and the author's plain functions that they call."""

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any, Final

from flowdsl.flow import Flow
from flowdsl.linting.kinds import step_made
from flowdsl.linting.live import UNKNOWN, Unloaded, function_of, is_a
from flowdsl.linting.scopes import Nested, Scope
from flowdsl.linting.sources import Definition, Sources
from flowdsl.subflows import Become, Run

__all__ = ["Part", "Reach"]

_DEEPEST: Final = 5
_LIBRARY: Final = Path(__file__).parent.parent
_INSTALLED: Final = frozenset({"site-packages", "dist-packages"})
_MADE_BY: Final = ("__new__", "__init__", "__post_init__")


class Part:
    """A function that runs whenever the flow is replayed.

    Args:
        scope: the function.
        steps: whether it yields steps; a plain function does not.
        caller: what calls it, and where; empty for the flow's own.
        depth: how many plain functions are between it and the flow.
    """

    __slots__ = ("caller", "depth", "scope", "steps")

    def __init__(self, scope: Scope, *, steps: bool, caller: str = "", depth: int = 0) -> None:
        self.scope = scope
        self.steps = steps
        self.caller = caller
        self.depth = depth


class Reach:
    """Finds what a flow reaches.

    Args:
        flow: the flow.

    >>> from flowdsl import Prompt, answers, flow
    >>> def address():
    ...     street = yield Prompt("street", "Street?", transform=answers.words())
    ...     return street.title()
    >>> @flow
    ... def order():
    ...     yield from address()
    >>> [part.scope.name for part in Reach(order).parts()]
    ['order()', 'address()']
    """

    def __init__(self, flow: Flow[..., Any]) -> None:
        self.flow = flow
        self._sources = Sources()
        self._scopes: dict[FunctionType, Scope | None] = {}
        self._giving: dict[Definition, bool] = {}
        own = function_of(flow.function)
        self._folder = Path(own.__code__.co_filename).parent if own else None
        self._package = flow.module.partition(".")[0]

    def parts(self) -> list[Part]:
        """Give the functions that run whenever the flow is replayed; none where its source cannot be had."""
        seen: set[Definition] = set()
        found: list[Part] = []
        todo = [Part(scope, steps=steps) for scope, steps in self._written(self.flow)]
        while todo:
            part = todo.pop(0)
            if part.scope.node not in seen:
                seen.add(part.scope.node)
                found.append(part)
                todo.extend(self._called_by(part))
        return found

    def gives_steps(self, callee: Any) -> bool:
        """Tell whether calling something gives a generator of steps, which must be delegated to."""
        if is_a(callee, Flow):
            return True
        if is_a(callee, Nested):
            return self._yields_steps(callee.scope)
        # What a decorator has made of a generator function, such as a context manager, is another thing.
        if not is_a(callee, (FunctionType, MethodType)) or not inspect.isgeneratorfunction(callee):
            return False
        function = function_of(callee)
        scope = self._scope(function) if function else None
        return scope is not None and self._yields_steps(scope)

    def _called_by(self, part: Part) -> Iterator[Part]:
        scope = part.scope
        for call in scope.calls:
            if scope.file.excuses_all(call.lineno):
                continue
            place = f"`{scope.name}` at {Path(scope.file.name).name}:{call.lineno}"
            for callee in self._run_by(scope, call):
                for called, steps in self._written(callee):
                    depth = 0 if steps else part.depth + 1
                    if depth <= _DEEPEST:
                        yield Part(called, steps=steps, caller=place, depth=depth)

    def _run_by(self, scope: Scope, call: ast.Call) -> Iterator[Any]:
        """Give what a call runs: what is called, or the flows that are given to a step."""
        callee = scope.callee(call)
        if callee is not Run and callee is not Become:
            yield callee
        elif call.args:
            yield from (each for each in _meant(scope, call.args[0]) if is_a(each, Flow))

    def _written(self, callee: Any) -> Iterator[tuple[Scope, bool]]:
        """Give the functions that run when something is called, as far as they are the author's; and whether each gives steps."""
        if is_a(callee, Nested):
            if not isinstance(callee.node, ast.AsyncFunctionDef):
                yield callee.scope, self.gives_steps(callee)
            return
        if callee is UNKNOWN or is_a(callee, Unloaded) or step_made(callee) is not None:
            return
        gives_steps = self.gives_steps(callee)
        for function in _functions(callee):
            scope = None if inspect.iscoroutinefunction(function) else self._scope(function)
            if scope is None:
                continue
            steps = gives_steps and scope.is_generator
            # A part may come from another package of the same service, of which nothing tells; a plain function is only
            # followed where it is certain whose it is.
            if callee is self.flow or (not self._is_foreign(function) if steps else self._is_own(function)):
                yield scope, steps

    def _scope(self, function: FunctionType) -> Scope | None:
        if function not in self._scopes:
            found = self._sources.of(function)
            self._scopes[function] = Scope.of(function, found[1], found[0]) if found else None
        return self._scopes[function]

    def _is_own(self, function: FunctionType) -> bool:
        """Tell whether a function is of the flow's package or folder, and so of the same author."""
        path = Path(function.__code__.co_filename)
        if path.parent == self._folder and path.parent.name not in _INSTALLED:
            return True
        return _package_of(function) == self._package and not _is_given(function)

    def _is_foreign(self, function: FunctionType) -> bool:
        """Tell whether a function is installed, and not of the flow's author."""
        return not self._is_own(function) and bool(_INSTALLED & {*Path(function.__code__.co_filename).parts})

    def _yields_steps(self, scope: Scope) -> bool:
        if scope.node not in self._giving:
            self._giving[scope.node] = False  # while it is being looked at, where parts delegate to each other
            self._giving[scope.node] = any(
                self._is_step(scope, each.value)
                for each in scope.nodes
                if isinstance(each, ast.Yield | ast.YieldFrom) and each.value is not None
            )
        return self._giving[scope.node]

    def _is_step(self, scope: Scope, node: ast.expr) -> bool:
        scope, node = scope.value(node)
        match node:
            case ast.IfExp(body=body, orelse=orelse):
                return self._is_step(scope, body) or self._is_step(scope, orelse)
            case ast.Call():
                callee = scope.callee(node)
                return step_made(callee) is not None or self.gives_steps(callee) or self._returns_step(callee)
        return False

    def _returns_step(self, callee: Any) -> bool:
        function = function_of(callee)
        scope = self._scope(function) if function else None
        if scope is None or scope.node in self._giving or scope.is_generator:
            return False
        self._giving[scope.node] = False
        returned = (each.value for each in scope.nodes if isinstance(each, ast.Return) and each.value is not None)
        return any(self._is_step(scope, each) for each in returned)


def _functions(callee: Any) -> Iterator[FunctionType]:
    """Give the functions that are written in Python and run when something is called, decorators among them."""
    if is_a(callee, type):
        made_by = [vars(callee).get(name) for name in _MADE_BY]
        yield from (each for each in made_by if is_a(each, FunctionType))
        return
    if is_a(callee, Flow):
        callee = callee.function
    if is_a(callee, FunctionType) and hasattr(callee, "__wrapped__"):
        yield callee
    function = function_of(callee)
    if function is not None:
        yield function


def _package_of(function: FunctionType) -> str:
    return (function.__module__ or "").partition(".")[0]


def _is_given(function: FunctionType) -> bool:
    """Tell whether a function came with flowdsl or with Python."""
    return _LIBRARY in Path(function.__code__.co_filename).parents or _package_of(function) in sys.stdlib_module_names


def _meant(scope: Scope, node: ast.expr) -> Iterator[Any]:
    """Give all that an expression may mean, one of several flows for example."""
    scope, node = scope.value(node)
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            yield from _meant(scope, body)
            yield from _meant(scope, orelse)
        case ast.Subscript(value=value):
            held = scope.resolve(value)
            yield from held.values() if is_a(held, dict) else held if is_a(held, (list, tuple)) else ()
        case _:
            yield scope.resolve(node)
