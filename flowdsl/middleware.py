"""What stands between a gateway and a flow: functions that see every message and every reply."""

from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable
from typing import TypeAlias

from flowdsl.errors import AuthorError
from flowdsl.messages import Inbound, Reply
from flowdsl.session_data import SessionData
from flowdsl.source import defined_at

__all__ = ["Answer", "Middleware", "Next", "chained"]

Answer: TypeAlias = Callable[[Inbound], Awaitable[Reply]]
"""Answers a message."""


class Next:
    """The rest of the chain: called with a message it gives the reply of what comes after, and in the end of the flow.

    Args:
        answer: gives a message to what comes after.
        session: finds the session that a message belongs to.
    """

    __slots__ = ("_answer", "_session")

    def __init__(self, answer: Answer, session: Callable[[Inbound], SessionData]) -> None:
        self._answer = answer
        self._session = session

    def __call__(self, inbound: Inbound) -> Awaitable[Reply]:
        """Hand a message on, and wait for the reply."""
        return self._answer(inbound)

    def session(self, inbound: Inbound) -> SessionData:
        """Reach the data of the session that a message belongs to.

        Raises:
            MissingIdentifier: nothing in the message says whose session it is.
        """
        return self._session(inbound)


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
        last = Next(_before(each, last), last.session)
    return last


def _before(middleware: Middleware, following: Next) -> Answer:
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
