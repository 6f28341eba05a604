"""What stands between a gateway and a flow: functions that see every message and every reply."""

from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable
from typing import TypeAlias

from flowdsl.errors import AuthorError
from flowdsl.flow import defined_at
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

    What is given back raises :class:`~flowdsl.AuthorError` where one of them does not answer with a reply.
    """
    for each in reversed(middleware):
        last = _before(each, last)
    return last


def _before(middleware: Middleware, following: Next) -> Next:
    async def step(inbound: Inbound) -> Reply:
        answering: object = middleware(inbound, following)
        reply = await answering if isawaitable(answering) else None
        if isinstance(reply, Reply):
            return reply
        name = getattr(middleware, "__qualname__", repr(middleware))
        wrong = f"returned {reply!r} and not a Reply" if isawaitable(answering) else "is not asynchronous"
        raise AuthorError(
            f"middleware {name} at {defined_at(middleware)} {wrong}: write `async def` and `return await next(inbound)`, or "
            "return a Reply of its own"
        )

    return step
