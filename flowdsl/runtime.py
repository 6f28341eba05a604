"""A turn, from a decoded message to a reply: load, play, save, and nothing lost in between."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from flowdsl.errors import AuthorError, BadPayload, ConfigurationError
from flowdsl.exchange import Exchange
from flowdsl.flow import Flow, source_line
from flowdsl.lanes import Lanes
from flowdsl.messages import Inbound, Reply
from flowdsl.middleware import Middleware, chained
from flowdsl.outcome import Limits
from flowdsl.reports import Report
from flowdsl.sessions import SessionConfig
from flowdsl.settings import require
from flowdsl.signals import Event, Signal, emit
from flowdsl.store import SessionStore
from flowdsl.turn import Service, mark
from flowdsl.ussd.screen import Screen

if TYPE_CHECKING:
    from aiocache.base import BaseCache

__all__ = ["Runtime"]

logger = logging.getLogger("flowdsl")

E = TypeVar("E", bound=Event)

_STORE: Final = ("load", "create", "save", "touch", "delete", "close")

MEMORY: Final = "memory://"
APOLOGY: Final = "Sorry, something went wrong. Please try again."


class Runtime:
    """Answers messages with flows, and keeps their sessions.

    Args:
        cache: where sessions are kept: an address (``"memory://"``, ``"redis://localhost:6379/0"``,
            ``"memcached://localhost"``) or an aiocache cache of your own, which you close yourself.
        store: a session store of your own instead of a cache.
        sessions: what session ids are made of, where a mount does not say otherwise.
        middleware: functions that see every message first, in this order.
        apology: what a person reads when a flow raises or sessions cannot be reached: a text, or a
            function of the exception.
        limits: how long a conversation may become.
        clock: gives the time in seconds since 1970.

    Raises:
        ConfigurationError: the cache cannot be used, a setting is not of its kind, or aiocache is switched off by
            ``AIOCACHE_DISABLE=1``.

    >>> import asyncio
    >>> from flowdsl import Inbound, Prompt, Runtime, Say, flow
    >>> @flow
    ... def greeting():
    ...     name = yield Prompt("name", "What is your name?")
    ...     yield Say(f"Hello, {name}!")
    >>> async def talk():
    ...     runtime = Runtime()
    ...     for text in ("", "Ama"):
    ...         message = Inbound(platform="web", gateway="demo", user_id="1", text=text)
    ...         print((await runtime.handle(greeting, message)).text)
    >>> asyncio.run(talk())
    What is your name?
    Hello, Ama!
    """

    def __init__(
        self,
        *,
        cache: "str | BaseCache" = MEMORY,
        store: SessionStore | None = None,
        sessions: SessionConfig = SessionConfig(),
        middleware: Iterable[Middleware] = (),
        apology: str | Callable[[Exception], str] = APOLOGY,
        limits: Limits = Limits(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        require("sessions", sessions, SessionConfig, "SessionConfig(…)")
        require("limits", limits, Limits, "Limits(…)")
        if not isinstance(apology, str) and not callable(apology):
            raise ConfigurationError(f"the apology is {apology!r}: give a text, or a function of the exception")
        self._middleware = _listed(middleware)
        self.store: SessionStore = _chosen(cache, store)
        self.sessions = sessions
        self._apology = apology
        self._limits = limits
        self._clock = clock
        self._lanes: Lanes[Reply] = Lanes()
        self._telling: set[asyncio.Task[None]] = set()

    async def handle(
        self,
        flow: Flow[..., Any],
        inbound: Inbound,
        *,
        params: Mapping[str, Any] = {},
        sessions: SessionConfig | None = None,
        screen: Screen | None = None,
    ) -> Reply:
        """Answer one message.

        Args:
            flow: the conversation it belongs to.
            inbound: the message.
            params: the flow's keyword parameters.
            sessions: what this session's id is made of, if not what the runtime was given.
            screen: the USSD screen it is shown on; ``None`` where messages may be long.

        Raises:
            UserInputError: the message cannot be answered, for a reason that its sender should know.
            StoreError: sessions cannot be read or written. Nothing is lost: the same message may come again.
        """
        service = Service(flow=flow, params=params, screen=screen, limits=self._limits)
        config = self.sessions if sessions is None else sessions
        if not self._middleware:
            return await self._answer(service, inbound, config)

        async def answer(message: Inbound) -> Reply:
            return await self._answer(service, message, config)

        return await chained(self._middleware, answer)(inbound)

    def apology(self, error: Exception) -> str:
        """Say what a person reads instead of an error."""
        return self._apology(error) if callable(self._apology) else self._apology

    def tell(self, signal: Signal[E], flow: Flow[..., Any], event: E) -> None:
        """Tell receivers of something that happened, beside what is being answered.

        Args:
            signal: what happened.
            flow: the sender.
            event: the details.
        """
        self._beside(emit(signal, flow, event))

    async def settle(self) -> None:
        """Wait until every receiver has heard of everything that has happened so far."""
        while self._telling:
            await asyncio.wait(self._telling)

    async def close(self) -> None:
        """Let receivers finish, and close the store."""
        await self.settle()
        await self.store.close()

    def _beside(self, telling: Coroutine[Any, Any, None]) -> None:
        # After the save and beside the reply: no receiver takes the gateway's time.
        task = asyncio.get_running_loop().create_task(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _answer(self, service: Service, inbound: Inbound, config: SessionConfig) -> Reply:
        _require_text(inbound)
        session_id = config.session_id(inbound, flow=service.flow)
        name = mark(inbound, service.flow.name)
        report = Report(service.flow, inbound, session_id)
        report.received()

        def apologise(error: Exception, waiting: bool) -> Reply:
            return self._failed(service.flow, error, waiting, report, session_id)

        exchange = Exchange(
            self.store,
            service,
            inbound,
            config,
            session_id=session_id,
            name=name,
            now=self._clock(),
            report=report,
            apologise=apologise,
        )
        try:
            alike = name if inbound.message_id is None else None
            reply, repeated = await self._lanes.run(session_id, alike, exchange.answer)
            if repeated:
                report.repeated()
            return reply
        finally:
            if report.events:
                self._beside(report.tell())

    def _failed(self, flow: Flow[..., Any], error: Exception, waiting: bool, report: Report, session_id: str) -> Reply:
        """Apologise for a flow that raised; the session stays as it was, and so do its answers."""
        where = getattr(error, "where", None) or source_line(error)
        if isinstance(error, AuthorError):  # says itself what is wrong, and where
            logger.error("session %s: %s", session_id, error)
        else:
            logger.error("flow %r raised at %s in session %s: %r", flow.name, where, session_id, error, exc_info=error)
        report.failed(error, where)
        return Reply(self.apology(error), end=not waiting)


def _listed(middleware: Iterable[Middleware]) -> tuple[Middleware, ...]:
    if not isinstance(middleware, Iterable) or not all(map(callable, listed := tuple(middleware))):
        raise ConfigurationError(f"the middleware is {middleware!r}: give a list of functions")
    return listed


def _chosen(cache: "str | BaseCache", store: SessionStore | None) -> SessionStore:
    if store is None:
        return _store_on(cache)
    if cache is not MEMORY:
        raise ConfigurationError("sessions are kept in one place: give a cache or a store, not both")
    lacking = [name for name in _STORE if not callable(getattr(store, name, None))]
    if lacking:
        raise ConfigurationError(f"the store {store!r} has no {', '.join(lacking)}: write the methods of SessionStore")
    return store


def _store_on(cache: "str | BaseCache") -> SessionStore:
    # Imported when it is used: aiocache brings redis-py with it, which takes longer than all of flowdsl.
    from aiocache.base import BaseCache

    from flowdsl._aiocache import CacheStore, open_store

    if isinstance(cache, str):
        return open_store(cache)
    if not isinstance(cache, BaseCache):
        raise ConfigurationError(f"cache is {cache!r}: give an address such as 'redis://localhost:6379/0', or an aiocache cache")
    return CacheStore(cache, owned=False)


def _require_text(inbound: Inbound) -> None:
    # JSON can spell half a surrogate pair, which no store can hold and no screen can show.
    for text in (inbound.text, inbound.dialled, inbound.request_id, inbound.user_id, inbound.msisdn, inbound.message_id):
        try:
            if text is not None and not text.isascii():
                text.encode()
        except UnicodeEncodeError:
            raise BadPayload("the message has half of a surrogate pair, which is no character") from None
