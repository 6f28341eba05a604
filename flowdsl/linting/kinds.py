"""Of what type a value is that the source of a flow makes, wherever that can be told."""

import ast
from pathlib import PurePath
from typing import Any, Final

from flowdsl.calls import Call
from flowdsl.linting.live import UNKNOWN, Unloaded, bound_to, is_a
from flowdsl.linting.scopes import Nested, Scope
from flowdsl.navigation import Back, Checkpoint
from flowdsl.prompt import Prompt
from flowdsl.steps import Say
from flowdsl.subflows import Become, Run

__all__ = ["instance_of", "is_set", "step_made"]

_STEPS: Final[tuple[Any, ...]] = (Prompt, Say, Call, Run, Become, Back, Checkpoint)
_SAME_PATH: Final = ("joinpath", "with_name", "with_suffix", "with_stem", "absolute", "resolve", "expanduser")
_SET_OPERATORS: Final = (ast.BitOr, ast.BitAnd, ast.Sub, ast.BitXor)


def step_made(callee: Any) -> type | None:
    """Tell which step comes of calling something; ``None`` where none does.

    >>> step_made(Prompt.confirm)
    <class 'flowdsl.prompt.Prompt'>
    """
    if callee is Prompt.confirm:
        return Prompt
    return next((each for each in _STEPS if callee is each), None)


def instance_of(scope: Scope, node: ast.expr) -> type | None:
    """Tell of what type the value of an expression is; ``None`` where it cannot be told.

    >>> from flowdsl.linting.sources import Sources
    >>> import textwrap
    >>> file, function = Sources().of(textwrap.dedent)
    >>> scope = Scope(function, file, {"Path": PurePath, "NAMES": ["Ama"]})
    >>> [instance_of(scope, ast.parse(code, mode="eval").body).__name__ for code in ("NAMES", "Path('a').parent / 'b'")]
    ['list', 'PurePath']
    """
    scope, node = scope.value(node)
    match node:
        case ast.Constant(value=value):
            return type(value)
        case ast.Set() | ast.SetComp():
            return set
        case ast.Call(func=func):
            return _made(scope, scope.callee(node), func)
        case ast.Attribute(value=value, attr="parent"):
            found = instance_of(scope, value)
            if found is not None and issubclass(found, PurePath):
                return found
        case ast.BinOp(left=left, op=ast.Div()):
            found = instance_of(scope, left)
            return found if found is not None and issubclass(found, PurePath) else None
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _SET_OPERATORS):
            return set if is_set(scope, left) or is_set(scope, right) else None
    found = scope.resolve(node)
    return None if found is UNKNOWN or is_a(found, (Unloaded, Nested)) else type(found)


def is_set(scope: Scope, node: ast.expr) -> bool:
    """Tell whether an expression is certain to give a set."""
    found = instance_of(scope, node)
    return found is not None and issubclass(found, set | frozenset)


def _made(scope: Scope, callee: Any, func: ast.expr) -> type | None:
    if is_a(callee, type):
        made: type = callee
        return made
    owner = bound_to(callee)
    if is_a(owner, type) and issubclass(owner, PurePath):  # Path.cwd()
        path: type = owner
        return path
    if isinstance(func, ast.Attribute) and func.attr in _SAME_PATH:
        found = instance_of(scope, func.value)
        return found if found is not None and issubclass(found, PurePath) else None
    return None
