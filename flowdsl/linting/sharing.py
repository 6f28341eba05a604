"""State that all conversations share, changed by a flow: at every replay again."""

import ast
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from flowdsl.linting.finding import Fault, quoted
from flowdsl.linting.live import UNKNOWN, Unloaded, is_a
from flowdsl.linting.scopes import Nested, Scope

__all__ = ["shared"]

_MUTABLE: Final = (list, dict, set, deque, bytearray)
_ADDING: Final = frozenset({"append", "appendleft", "extend", "extendleft", "insert"})
_CHANGING: Final = _ADDING | {
    *(
        "add",
        "clear",
        "difference_update",
        "discard",
        "intersection_update",
        "move_to_end",
        "pop",
        "popitem",
        "popleft",
        "remove",
    ),
    *("reverse", "rotate", "setdefault", "sort", "subtract", "symmetric_difference_update", "update"),
}
_WHY: Final = "is shared by all conversations, and this happens again whenever the flow is replayed, at every message"
_CURE: Final = (
    "a variable of the flow, which is the same again after every replay; what must last or be counted goes into a function "
    "that `yield from Call(function)` runs"
)


def shared(scope: Scope, *, steps: bool) -> Iterator[Fault]:
    """Find what a function changes that outlives it.

    A plain function may keep what it has found out: it may bind a global name, or put something under a key. That comes
    to the same however often it is done; to add or to count does not.

    Args:
        scope: the function.
        steps: whether it yields steps.
    """
    for node in scope.nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if _outlives(scope, name) and (steps or _counts(scope, node)):
                yield _fault(scope, node, f"`{name}`")
            case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()) if steps or _counts(scope, node):
                if is_a(_root(scope, value), _MUTABLE):
                    yield _fault(scope, node, quoted(value))
            case ast.Attribute(value=value, ctx=ast.Store() | ast.Del()) if steps or _counts(scope, node):
                if _is_live(_root(scope, value)):
                    yield _fault(scope, node, quoted(value))
            case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in (_CHANGING if steps else _ADDING):
                if is_a(_root(scope, value), _MUTABLE):
                    yield _fault(scope, node, quoted(value))
            case ast.Call(args=[given, *_]) if scope.callee(node) is next and hasattr(type(scope.resolve(given)), "__next__"):
                yield _fault(scope, node, quoted(given))


def _outlives(scope: Scope, name: str) -> bool:
    if name in scope.global_names:
        return True
    if name not in scope.nonlocal_names:
        return False
    # A variable of the flow, which a function within it binds, begins anew with it.
    around = scope.outer
    while around is not None and name not in around.bound:
        around = around.outer
    return around is None


def _counts(scope: Scope, node: ast.AST) -> bool:
    return isinstance(scope.parents[node], ast.AugAssign)


def _root(scope: Scope, node: ast.expr) -> Any:
    """Find the live object that something is in."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return scope.resolve(node)


def _is_live(found: Any) -> bool:
    return found is not UNKNOWN and not is_a(found, (Nested, Unloaded))


def _fault(scope: Scope, node: ast.expr, what: str) -> Fault:
    statement: ast.AST = node
    while not isinstance(statement, ast.stmt) and statement in scope.parents:
        statement = scope.parents[statement]
    code = quoted(node) if isinstance(node, ast.Call) else quoted(statement)
    whole = code if not isinstance(statement, ast.For | ast.With) else what
    return Fault(node, "shared-state", f"{whole}: {what} {_WHY}", _CURE)
