"""Steps that are not yielded, and parts that are not delegated to."""

import ast
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, GeneratorType
from typing import Any, Final

from flowdsl.calls import Call
from flowdsl.flow import Flow
from flowdsl.linting.fates import fate
from flowdsl.linting.finding import Fault, quoted
from flowdsl.linting.kinds import step_made
from flowdsl.linting.live import is_a
from flowdsl.linting.scopes import Scope
from flowdsl.prompt import Prompt
from flowdsl.steps import Say
from flowdsl.subflows import Run

__all__ = ["unyielded"]

_LOST: Final[Mapping[type, str]] = {Prompt: "nothing is asked, and there is no answer", Say: "nobody reads it"}


def unyielded(scope: Scope, gives_steps: Callable[[Any], bool]) -> Iterator[Fault]:
    """Find the steps that a function makes and does not yield, and the parts that it calls and does not delegate to.

    Args:
        scope: the function.
        gives_steps: tells whether calling something gives a generator of steps.
    """
    for node in scope.nodes:
        if isinstance(node, ast.Call):
            callee = scope.callee(node)
            step = step_made(callee)
            if step is not None:
                if done := fate(scope, node, step):
                    yield _dropped(node, step, done)
            elif gives_steps(callee):
                yield from _undelegated(scope, node)
        elif isinstance(node, ast.Yield) and node.value is not None:
            yield from _uncalled(scope, node.value, gives_steps)


def _dropped(node: ast.Call, step: type, done: str) -> Fault:
    lost = _LOST.get(step, "nothing comes of it")
    answers = step in (Prompt, Call, Run)
    cure = f"yield from {ast.unparse(node)}" if answers else f"yield {ast.unparse(node)}"
    # Within an expression Python wants it in parentheses.
    cure = f"`{cure}`" if done.startswith(("is made", "is kept", "is raised")) else f"`({cure})`"
    return Fault(node, "not-yielded", f"{quoted(node)} {done}, without having been yielded: {lost}", cure)


def _undelegated(scope: Scope, node: ast.Call) -> Iterator[Fault]:
    cure = f"`yield from {ast.unparse(node)}`"
    code = quoted(node)
    parent = scope.parents[node]
    if isinstance(parent, ast.Yield):
        yield Fault(node, "no-yield-from", f"{code} is a generator, and it is yielded itself instead of its steps", cure)
        return
    done = fate(scope, node, GeneratorType) or _yielded_later(scope, parent)
    if not done:
        return
    if done.startswith("is given to `") and is_a(scope.callee(node), Flow):
        cure = f"give the flow itself, `{ast.unparse(node.func)}`, and its parameters beside it; or {cure}"
    yield Fault(node, "no-yield-from", f"{code} is a generator that {done}: none of its questions is asked", cure)


def _yielded_later(scope: Scope, parent: ast.AST) -> str:
    """Say so where the only use of the name that a generator was given is to be yielded itself."""
    match parent:
        case ast.Assign(targets=[ast.Name(id=name)]):
            uses = [each for each in ast.walk(scope.node) if isinstance(each, ast.Name) and each.id == name]
            read = [scope.parents.get(each) for each in uses if isinstance(each.ctx, ast.Load)]
            if read and all(isinstance(each, ast.Yield) for each in read):
                return f"is kept as `{name}`, which is yielded itself instead of its steps"
    return ""


def _uncalled(scope: Scope, node: ast.expr, gives_steps: Callable[[Any], bool]) -> Iterator[Fault]:
    """Find a flow or a part that is yielded without having been called."""
    if not isinstance(node, ast.Name | ast.Attribute):
        return
    found = scope.resolve(node)
    code = ast.unparse(node)
    if is_a(found, Flow):
        yield Fault(node, "no-yield-from", f"`{code}` is a flow, and no step", f"`yield from Run({code})`")
    elif is_a(found, FunctionType) and gives_steps(found):
        yield Fault(node, "no-yield-from", f"`{code}` is a function, and no step", f"`yield from {code}(…)`")
