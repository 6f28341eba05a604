"""Handlers and ``finally`` around a ``yield``, which keep a flow from stopping there. Pure."""

import ast
from collections.abc import Iterator
from typing import Any, Final

from flowdsl.linting.finding import Fault, quoted
from flowdsl.linting.scopes import Scope

__all__ = ["unstoppable"]

_STOPS: Final = "GeneratorExit, by which a flow is stopped where it waits for an answer"


def unstoppable(scope: Scope) -> Iterator[Fault]:
    """Find what keeps a flow from being stopped where it waits.

    ``except Exception`` does not: what stops a flow is none.

    Args:
        scope: the function.
    """
    for node in scope.nodes:
        if isinstance(node, ast.Try | ast.TryStar):
            if any(_waits(scope, each) for each in node.body):
                yield from _catching(scope, node)
            for each in node.finalbody:
                yield from (_late(inner) for inner in ast.walk(each) if _is_yield(scope, inner) and isinstance(inner, ast.expr))


def _is_yield(scope: Scope, node: ast.AST) -> bool:
    # What is no node of the function is one of a function within.
    return isinstance(node, ast.Yield | ast.YieldFrom) and node in scope.parents


def _waits(scope: Scope, statement: ast.stmt) -> bool:
    return any(_is_yield(scope, each) for each in ast.walk(statement))


def _catching(scope: Scope, node: ast.Try | ast.TryStar) -> Iterator[Fault]:
    for handler in node.handlers:
        caught = _caught(scope, handler.type)
        if not caught:
            continue
        if _raises(scope, handler):
            return  # what comes after it is not asked any more
        kind = quoted(handler.type) if handler.type is not None else ""
        code = f"`except {kind[1:-1]}:`" if kind else "`except:`"
        message = f"{code} around a `yield` catches {_STOPS}: what comes after it would run then, at every message"
        yield Fault(handler, "bare-except", message, "`except Exception:`, or the one error that is meant, such as `CallFailed`")


def _caught(scope: Scope, kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    kinds: list[ast.expr] = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    stops: tuple[Any, ...] = (BaseException, GeneratorExit)
    return any(scope.resolve(each) is stop for each in kinds for stop in stops)


def _raises(scope: Scope, handler: ast.ExceptHandler) -> bool:
    return any(isinstance(each, ast.Raise) and each in scope.parents for inner in handler.body for each in ast.walk(inner))


def _late(node: ast.expr) -> Fault:
    message = f"`{ast.unparse(node)[1:-1]}` in a `finally` runs at {_STOPS}, as well, and then nothing can be yielded"
    return Fault(node, "finally", message, "write it after the `try`, or in an `except Exception:`")
