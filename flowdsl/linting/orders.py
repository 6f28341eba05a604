"""Sets where their order is seen: it is another one in every process. Pure."""

import ast
import builtins
from collections.abc import Iterator
from typing import Any, Final

from flowdsl.linting.finding import Fault, quoted
from flowdsl.linting.kinds import is_set, step_made
from flowdsl.linting.live import is_a
from flowdsl.linting.scopes import Scope
from flowdsl.prompt import Prompt

__all__ = ["unordered"]

_WHY: Final = "has another order in every process, and the next message may come to another one"
_KEEPING_ORDER: Final = (builtins.list, builtins.tuple, builtins.enumerate, builtins.reversed, builtins.iter)
_WITHOUT_ORDER: Final = (
    *(builtins.sorted, builtins.set, builtins.frozenset, builtins.sum, builtins.len, builtins.min, builtins.max),
    *(builtins.any, builtins.all),
)


def unordered(scope: Scope) -> Iterator[Fault]:
    """Find the sets whose order a person sees: as choices, in loops that yield, and in texts.

    Args:
        scope: the function.
    """
    for node in scope.nodes:
        match node:
            case ast.Call(keywords=keywords) if step_made(scope.callee(node)) is Prompt:
                for given in (each.value for each in keywords if each.arg == "choices"):
                    for found in _disordered(scope, given):
                        yield _fault(given, f"{quoted(found)} as choices {_WHY}", _sorted(scope, found))
            case ast.For(iter=found) if _matters(scope, node) and _is_disordered(scope, found):
                yield _fault(
                    found,
                    f"a loop over {quoted(found)} yields in its order, which is another one in every process",
                    _sorted(scope, found),
                )
            case ast.comprehension(iter=found) if _is_disordered(scope, found) and _is_seen(scope, node):
                yield _fault(found, f"{quoted(found)} {_WHY}", _sorted(scope, found))
            case ast.Call(func=ast.Attribute(attr="join"), args=[found]) if _is_disordered(scope, found):
                yield _fault(found, f"{quoted(found)} {_WHY}, so the text differs", _sorted(scope, found))


def _fault(node: ast.expr, message: str, cure: str) -> Fault:
    return Fault(node, "set", message, cure)


def _sorted(scope: Scope, node: ast.expr) -> str:
    if isinstance(scope.value(node)[1], ast.Set):
        return "a list, `[…]` instead of `{…}`"
    return f"`sorted({ast.unparse(node)})`, or keep it as a list from the beginning"


def _disordered(scope: Scope, node: ast.expr) -> Iterator[ast.expr]:
    """Give the set that an expression is made of, where its order is in it."""
    inner, value = scope.value(node)
    match value:
        case ast.IfExp(body=body, orelse=orelse):
            yield from _disordered(inner, body)
            yield from _disordered(inner, orelse)
        case ast.Call(args=[given, *_]) if any(inner.callee(value) is each for each in _KEEPING_ORDER):
            if is_set(inner, given):
                yield node
        case _:
            if is_set(scope, node):
                yield node


def _is_disordered(scope: Scope, node: ast.expr) -> bool:
    return any(not _is_numbers(scope, each) for each in _disordered(scope, node))


def _is_numbers(scope: Scope, node: ast.expr) -> bool:
    """Tell whether a set is of whole numbers alone, which have the same order everywhere."""
    inner, value = scope.value(node)
    if isinstance(value, ast.Set):
        return all(isinstance(each, ast.Constant) and isinstance(each.value, int) for each in value.elts)
    found: Any = inner.resolve(value)
    return is_a(found, (set, frozenset)) and all(is_a(each, int) for each in found)


def _matters(scope: Scope, loop: ast.For) -> bool:
    inner = (each for statement in loop.body for each in ast.walk(statement))
    return any(isinstance(each, ast.Yield | ast.YieldFrom) and each in scope.parents for each in inner)


def _is_seen(scope: Scope, node: ast.comprehension) -> bool:
    """Tell whether what a comprehension makes is yielded or joined in its order."""
    made = scope.parents[node]
    if isinstance(made, ast.SetComp):
        return False
    here: ast.AST | None = made
    while here is not None and not isinstance(here, ast.stmt):
        match here:
            case ast.Call(func=ast.Attribute(attr="join")):
                return True
            case ast.Call() if any(scope.callee(here) is each for each in _WITHOUT_ORDER):
                return False
            case ast.Yield() | ast.YieldFrom():
                return True
        here = scope.parents.get(here)
    return False
