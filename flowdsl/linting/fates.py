"""What becomes of a value that must be yielded: where it is used in the function, and whether that can be right. Pure."""

import ast
import builtins
from typing import Any, Final

from flowdsl.linting.kinds import step_made
from flowdsl.linting.scopes import Scope

__all__ = ["fate"]

_DROPPED: Final = "is made and dropped"
_TRUTH: Final = "is taken for yes or no"
_TEXT: Final = "is put into a text"
_SUM: Final = "is calculated with"
_INTO_VALUE: Final = (builtins.int, builtins.float, builtins.str, builtins.bool, builtins.len, builtins.abs, builtins.round)


def fate(scope: Scope, node: ast.expr, kind: type, seen: frozenset[str] = frozenset()) -> str:
    """Say what becomes of a value that must be yielded.

    Args:
        scope: the function.
        node: the expression whose value it is.
        kind: its type.
        seen: names that it has been given, and that are being followed.

    Returns:
        What is done with it that cannot be meant; an empty text where it is yielded or passed on, or nobody knows.
    """
    parent = scope.parents.get(node)
    match parent:
        case ast.Expr():
            return _DROPPED
        case ast.FormattedValue() | ast.JoinedStr():
            return _TEXT
        case ast.Compare(ops=ops):
            return "" if all(isinstance(each, ast.Is | ast.IsNot) for each in ops) else "is compared"
        case ast.UnaryOp(op=ast.Not()) | ast.If() | ast.While() | ast.Assert():
            return _TRUTH
        case ast.UnaryOp() | ast.BinOp() | ast.AugAssign():
            return _SUM
        case ast.Subscript():
            return "is looked into as if it were an answer"
        case ast.Match():
            return "is compared"
        case ast.Raise():
            return "is raised"
        case ast.Attribute(attr=attr):
            return "" if hasattr(kind, attr) else f"has no `{attr}`"
        case ast.comprehension() if node in parent.ifs:
            return _TRUTH
        case ast.Call() if node is not parent.func:
            return _given_to(scope, parent)
    return _handed_on(scope, node, kind, seen)


def _given_to(scope: Scope, call: ast.Call) -> str:
    callee = scope.callee(call)
    if step_made(callee) is not None:
        return f"is given to `{ast.unparse(call.func)}`"
    return f"is given to `{callee.__name__}`" if any(callee is each for each in _INTO_VALUE) else ""


def _handed_on(scope: Scope, node: ast.expr, kind: type, seen: frozenset[str]) -> str:
    """Say the same where its value becomes that of what is around it, or a name's."""
    parent = scope.parents.get(node)
    match parent:
        case ast.keyword():
            call = scope.parents[parent]
            return _given_to(scope, call) if isinstance(call, ast.Call) else ""
        case ast.IfExp(test=test):
            return _TRUTH if node is test else fate(scope, parent, kind, seen)
        case ast.BoolOp(values=values):
            return fate(scope, parent, kind, seen) if node is values[-1] else _TRUTH
        case ast.NamedExpr(target=ast.Name(id=name)):
            around = fate(scope, parent, kind, seen)
            return _kept(scope, name, kind, seen) if around == _DROPPED else around
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return _kept(scope, name, kind, seen)
        case ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
            return _DROPPED if fate(scope, parent, list, seen) == _DROPPED else ""
    return ""


def _kept(scope: Scope, name: str, kind: Any, seen: frozenset[str]) -> str:
    """Say what becomes of a value by the name that it was given."""
    if name in seen or name in scope.global_names | scope.nonlocal_names:
        return ""
    uses = [each for each in ast.walk(scope.node) if isinstance(each, ast.Name) and each.id == name and not _is_bound(each)]
    if not uses:
        return f"is kept as `{name}`, and nothing yields that"
    # Where a function within uses it, which has no parent here, it may yield it whenever it is called.
    fates = [fate(scope, each, kind, seen | {name}) for each in uses]
    return f"is kept as `{name}`, which {fates[0]}" if all(fates) else ""


def _is_bound(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store | ast.Del)
