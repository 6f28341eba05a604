"""What stands between a gateway and a flow: functions that see every message and every reply."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from flowdsl.messages import Inbound, Reply

__all__ = ["Middleware", "Next", "chained"]

Next: TypeAlias = Callable[[Inbound], Awaitable[Reply]]
"""Gives a message to the rest of the chain, and in the end to the flow."""

Middleware: TypeAlias = Callable[[Inbound, Next], Awaitable[Reply]]
"""``async def middleware(inbound, next) -> Reply``; without calling ``next`` it answers itself."""


def chained(middleware: Sequence[Middleware], last: Next) -> Next:
    """Put middleware in front of what answers in the end; the first one sees a message first.

    Args:
        middleware: in the order in which they see a message.
        last: what answers when all of them have passed it on.
    """
    for each in reversed(middleware):
        last = _before(each, last)
    return last


def _before(middleware: Middleware, following: Next) -> Next:
    async def step(inbound: Inbound) -> Reply:
        return await middleware(inbound, following)

    return step
