"""What the author of a store tells its contract, and how each test gets a store."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from inspect import isawaitable
from typing import Any, ClassVar, Final, TypeVar
from unittest import SkipTest
from uuid import uuid4

from flowdsl.store import SessionStore
from flowdsl.testing.contracts.promises import named_as, run

__all__ = ["Opening", "tried", "unused"]

C = TypeVar("C", bound="Opening")

# More than the time-outs of any store, and no more than somebody waits for a test.
_PATIENCE: Final = 120.0


class Opening:
    """How stores are opened for the tests of a contract, which a subclass says.

    All of these may be coroutine functions as well, and run in the event loop of the test.
    """

    local: ClassVar[bool] = False
    """The store is memory of this process: no other process shares it, and it is never out of reach."""

    ttl: ClassVar[float | None] = 1.0
    """The shortest time, in seconds, for which the store can keep a value; ``None`` where nobody can wait for it, and
    then it is skipped whether values die."""

    def open(self) -> SessionStore | Awaitable[SessionStore]:
        """Open the store. Every test opens one, and closes it; they use keys that nobody else has."""
        raise NotImplementedError(f"write {type(self).__name__}.open(self), which returns your store")

    def open_again(self) -> SessionStore | Awaitable[SessionStore] | None:
        """Open the same place once more, as another process does: ``return self.open()`` where sessions are on a server."""
        return None

    def open_broken(self) -> SessionStore | Awaitable[SessionStore] | None:
        """Open a store whose server cannot be reached, at a port for example where nobody listens."""
        return None

    def pass_time(self, seconds: float) -> Awaitable[object] | None:
        """Let time pass for the store. Really waits, unless you have a clock to set forward."""
        return asyncio.sleep(seconds)

    async def _store(self, opened: SessionStore | Awaitable[SessionStore]) -> SessionStore:
        return await opened if isawaitable(opened) else opened

    async def _second(self, opened: SessionStore | Awaitable[SessionStore] | None, hook: str, untested: str) -> SessionStore:
        if opened is None:
            raise SkipTest(f"not tested: {untested}. Write {hook}(), or local = True where it is memory of one process")
        return await self._store(opened)

    async def _pass(self, seconds: float) -> None:
        passing = self.pass_time(seconds)
        if passing is not None:
            await passing

    async def _with_store(self, test: Callable[[SessionStore], Awaitable[None]]) -> None:
        store = await self._store(self.open())
        try:
            await test(store)
        finally:
            await store.close()


def tried(test: Callable[[C, SessionStore], Coroutine[Any, Any, None]]) -> Callable[[C], None]:
    """Make a plain test of one that is asynchronous and wants a store, so that it needs no plugin."""

    def plain(self: C) -> None:
        run(self._with_store(lambda store: test(self, store)), _PATIENCE + (self.ttl or 0.0) * 10)

    return named_as(test, plain)


def unused(ending: str = "") -> str:
    """Make a session id that no test before had, in this process or another.

    >>> unused("!")[:27], unused() == unused()
    ('registration:ussd:contract:', False)
    """
    return f"registration:ussd:contract:{uuid4().hex}{ending}"
