"""A turn, from a decoded message to a reply: load, play, save, and nothing lost in between."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from operator import attrgetter
from os import urandom
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from flowdsl.apologies import SORRY, Apology
from flowdsl.deliveries import Delivery, mark
from flowdsl.errors import BadPayload, ConfigurationError
from flowdsl.exchange import Exchange
from flowdsl.flow import Flow
from flowdsl.lanes import Lanes
from flowdsl.messages import Inbound, Reply
from flowdsl.middleware import Middleware, chained
from flowdsl.outcome import Limits
from flowdsl.reports import Report
from flowdsl.sessions import SessionConfig
from flowdsl.settings import require
from flowdsl.signals import Event, Signal, emit
from flowdsl.store import SessionStore
from flowdsl.turn import Service
from flowdsl.ussd.pages import shortened
from flowdsl.ussd.screen import Screen

if TYPE_CHECKING:
    from aiocache.base import BaseCache

__all__ = ["Runtime"]

logger = logging.getLogger("flowdsl")

E = TypeVar("E", bound=Event)

_STORE: Final = ("load", "create", "save", "touch", "delete", "close")

_MEMORY: Final = "memory://"


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
        cache: "str | BaseCache" = _MEMORY,
        store: SessionStore | None = None,
        sessions: SessionConfig = SessionConfig(),
        middleware: Iterable[Middleware] = (),
        apology: str | Callable[[Exception], str] = SORRY,
        limits: Limits = Limits(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        require("sessions", sessions, SessionConfig, "SessionConfig(…)")
        require("limits", limits, Limits, "Limits(…)")
        if not callable(clock):
            raise ConfigurationError(f"the clock is {clock!r}: give a function that tells the seconds since 1970")
        self._apology = Apology(apology)
        self._middleware = _listed(middleware)
        self.store: SessionStore = _chosen(cache, store)
        self.sessions = sessions
        self._limits = limits
        self._clock = clock
        self._lanes: Lanes[Reply] = Lanes()
        self._telling: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

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
            StoreError: sessions cannot be read or written. Nothing is lost: the same message may come again, and counts
                once if it has an id.
        """
        reply, _ = await self.answer(flow, inbound, params=params, sessions=sessions, screen=screen)
        return reply

    async def answer(
        self,
        flow: Flow[..., Any],
        inbound: Inbound,
        *,
        params: Mapping[str, Any] = {},
        sessions: SessionConfig | None = None,
        screen: Screen | None = None,
    ) -> tuple[Reply, str | None]:
        """Answer one message as :meth:`handle` does, and tell whose session it was.

        Returns:
            The reply, and the id of the session; ``None`` where middleware answered without the flow.
        """
        self._require_loop()
        service = Service(flow=flow, params=params, screen=screen, limits=self._limits)
        config = self.sessions if sessions is None else sessions
        if not self._middleware:
            return await self._answer(service, inbound, config)
        session_id: str | None = None

        async def answer(message: Inbound) -> Reply:
            nonlocal session_id
            reply, session_id = await self._answer(service, message, config)
            return reply

        reply = await chained(self._middleware, answer)(inbound)
        if screen is not None and not screen.fits(reply.text):
            logger.warning("middleware of flow %r gave a reply that no screen holds: %r", flow.name, reply.text)
            reply = msgspec.structs.replace(reply, text=shortened(reply.text, screen))
        return reply, session_id

    def apology(self, error: Exception, screen: Screen | None = None) -> str:
        """Say what a person reads instead of an error.

        Args:
            error: what went wrong.
            screen: the USSD screen it is shown on; a longer text is cut there.
        """
        return self._apology.text(error, screen)

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

    async def close(self, *, patience: float = 10.0) -> None:
        """Let receivers finish, and close the store.

        Args:
            patience: seconds after which receivers that have not finished are given up.
        """
        try:
            async with asyncio.timeout(patience):
                await self.settle()
        except TimeoutError:
            logger.error("%d receivers of signals did not finish in %g seconds", len(self._telling), patience)
            for task in self._telling:
                task.cancel()
        await self.store.close()

    def _beside(self, telling: Coroutine[Any, Any, None]) -> None:
        # After the save and beside the reply: no receiver takes the gateway's time.
        self._require_loop()
        task = asyncio.get_running_loop().create_task(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def _require_loop(self) -> None:
        """Make sure that one event loop at a time uses this runtime; locks and connections are one loop's."""
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        if self._loop is not None and not self._loop.is_closed():
            raise ConfigurationError("this Runtime serves another event loop already: make one for each")
        self._loop = loop
        self._lanes = Lanes()
        self._telling.clear()

    async def _answer(self, service: Service, inbound: Inbound, config: SessionConfig) -> tuple[Reply, str]:
        _require_text(inbound)
        flow = service.flow
        session_id = config.session_id(inbound, flow=flow)
        delivery = Delivery(
            inbound=inbound,
            mark=mark(inbound, flow.name),
            owner=config.owner(inbound),
            by=urandom(6).hex(),
            now=self._clock(),
        )
        report = Report(flow, inbound, session_id, self._beside)
        report.received()

        exchange = Exchange(
            self.store, service, delivery, session_id=session_id, ttl=config.ttl, report=report, apology=self.apology
        )
        # A gateway that reuses its session ids may have two people in one, and they do not repeat each other.
        alike = delivery.mark + delivery.owner if inbound.message_id is None else None
        try:
            reply, repeated = await self._lanes.run(session_id, alike, exchange.answer)
            if repeated:
                report.repeated()
        finally:
            report.tell()
        return reply, session_id


def _listed(middleware: Iterable[Middleware]) -> tuple[Middleware, ...]:
    if not isinstance(middleware, Iterable) or not all(map(callable, listed := tuple(middleware))):
        raise ConfigurationError(f"the middleware is {middleware!r}: give a list of functions")
    return listed


def _chosen(cache: "str | BaseCache", store: SessionStore | None) -> SessionStore:
    if store is None:
        return _store_on(cache)
    if cache != _MEMORY:
        raise ConfigurationError("sessions are kept in one place: give a cache or a store, not both")
    lacking = [name for name in _STORE if not callable(getattr(store, name, None))]
    if lacking or isinstance(store, type):
        raise ConfigurationError(
            f"the store is {store!r}, which {'has no ' + ', '.join(lacking) if lacking else 'is a class'}: "
            "give an object with the methods of SessionStore"
        )
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


_TEXTS: Final = attrgetter("text", "dialled", "request_id", "user_id", "msisdn", "message_id", "name")


def _require_text(inbound: Inbound) -> None:
    # JSON can spell half a surrogate pair, which no store can hold and no screen can show.
    text = "\n".join(filter(None, _TEXTS(inbound)))
    try:
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError:
        raise BadPayload("the message has half of a surrogate pair, which is no character") from None
