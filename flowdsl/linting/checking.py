"""All checks of a flow, over all that it reaches."""

import ast
from collections.abc import Iterator
from typing import Any

from flowdsl.flow import Flow
from flowdsl.linting.finding import Fault, Finding
from flowdsl.linting.handlers import unstoppable
from flowdsl.linting.impure import impurities
from flowdsl.linting.orders import unordered
from flowdsl.linting.outside import Index
from flowdsl.linting.reach import Part, Reach
from flowdsl.linting.scopes import Scope
from flowdsl.linting.sharing import shared
from flowdsl.linting.yields import unyielded

__all__ = ["RULES", "findings", "is_readable"]

RULES = (
    *("awaitable", "bare-except", "chance", "clock", "environment", "finally", "io", "no-yield-from", "not-yielded", "set"),
    "shared-state",
)
"""The rules that a flow may break, as a finding and ``# flowdsl: ignore[…]`` name them."""


def findings(flow: Flow[..., Any]) -> list[Finding]:
    """Check a flow by its source, without running it: what replay would not bear, and steps that are not yielded.

    Looked at are its function, the parts that it delegates to, the flows that it runs or becomes, and the plain functions
    of the same author that they call: of the same package or folder, five deep. Names are looked up in the live module, so
    it must be imported, and what a name does not tell for certain is not spoken of.

    A line is excused by a comment: ``# flowdsl: ignore`` from all rules, ``# flowdsl: ignore[clock, io]`` from some. It
    stands on the line of the finding, or on the first or last one of the statement. Where a function is called on a line
    that is excused from all, it is not looked into from there.

    Args:
        flow: the flow.

    Returns:
        What was found, by place; nothing where the source cannot be had, which :func:`is_readable` tells.

    >>> from random import randint
    >>> from flowdsl import Call, Prompt, Say, flow
    >>> @flow
    ... def guess():
    ...     number = randint(1, 6)
    ...     if int((yield Prompt("guess", "From 1 to 6?"))) == number:
    ...         yield Say("You won!")
    >>> found, = findings(guess)
    >>> found.rule, found.line, found.cure
    ('chance', 3, '`yield from Call(randint, 1, 6)`, whose result is kept')
    """
    reach = Reach(flow)
    index = Index()
    found = {each for part in reach.parts() for each in _of_part(flow, reach, part, index)}
    return sorted(found)


def is_readable(flow: Flow[..., Any]) -> bool:
    """Tell whether the source of a flow can be had; without it nothing is found.

    Args:
        flow: the flow.
    """
    return bool(Reach(flow).parts())


def _of_part(flow: Flow[..., Any], reach: Reach, part: Part, index: Index) -> Iterator[Finding]:
    scope = part.scope
    for fault in _faults(reach, part, index):
        if not _is_excused(scope, fault):
            # A plain function cannot know that it is part of a flow, and neither can who reads it.
            within = "" if part.steps else f"in `{scope.name}`, which flow {flow.name!r} runs by {part.caller}: "
            yield Finding(f"{scope.file.name}:{fault.node.lineno}", fault.rule, within + fault.message, fault.cure)


def _faults(reach: Reach, part: Part, index: Index) -> Iterator[Fault]:
    scope = part.scope
    yield from impurities(scope, index, steps=part.steps)
    yield from shared(scope, steps=part.steps)
    if part.steps:
        yield from unyielded(scope, reach.gives_steps)
        yield from unstoppable(scope)
        yield from unordered(scope)


def _is_excused(scope: Scope, fault: Fault) -> bool:
    node = fault.node
    lines = {node.lineno}
    if isinstance(node, ast.expr):
        lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        statement: ast.AST = node
        while not isinstance(statement, ast.stmt) and statement in scope.parents:
            statement = scope.parents[statement]
        # Where it has others within, its last line is that of another one.
        if isinstance(statement, ast.stmt) and not hasattr(statement, "body"):
            lines |= {statement.lineno, statement.end_lineno or statement.lineno}
    return any(scope.file.is_excused(line, fault.rule) for line in lines)
