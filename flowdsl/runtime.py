"""The runtime: flows, sessions and settings brought together, and a message in turn with those of its session."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import msgspec

from flowdsl.apologies import SORRY, Apology, Words, wording
from flowdsl.deliveries import Delivery, digest, mark, names_one
from flowdsl.ending import lives
from flowdsl.errors import ConfigurationError, MissingIdentifier, StoreError
from flowdsl.exchange import Conduct, Exchange
from flowdsl.flow import Flow
from flowdsl.hanging_up import hang_up
from flowdsl.hearing import overheard
from flowdsl.journal import named_types
from flowdsl.lanes import Lanes, TooLate
from flowdsl.languages import Translations
from flowdsl.messages import Ended, Inbound, Reply
from flowdsl.middleware import Middleware, Next, chained
from flowdsl.navigation import Navigation
from flowdsl.outcome import Limits
from flowdsl.place import Place
from flowdsl.reports import Report
from flowdsl.resuming import Resume
from flowdsl.service import Service
from flowdsl.session_data import SessionData
from flowdsl.sessions import SessionConfig
from flowdsl.settings import count, require, seconds
from flowdsl.signals import (
    AlphabetForced,
    Event,
    SessionEnded,
    SessionEvent,
    Signal,
    alphabet_forced,
    emit,
    session_destroyed,
    session_ended,
)
from flowdsl.silence import Silence
from flowdsl.store import SessionStore
from flowdsl.stores import MEMORY, chosen_store
from flowdsl.texts import BuiltIn, Text, in_language, translator
from flowdsl.ussd.alphabet import outside
from flowdsl.ussd.pages import shortened
from flowdsl.ussd.screen import Screen
from flowdsl.wellformed import require_texts

if TYPE_CHECKING:
    from aiocache.base import BaseCache

__all__ = ["Runtime"]

logger = logging.getLogger("flowdsl")

E = TypeVar("E", bound=Event)

_HOLDING: Final = BuiltIn("This takes a moment. Please reply with any key to see the result.")
_PARKED: Final = BuiltIn("Sorry, this service is not available to you now. We are looking into it.")
_PARK_AFTER: Final = 5
_LEASE: Final = 15.0
# Seconds that a gateway's notice waits for a message that is being answered: as long as most gateways wait for an answer.
_PATIENCE: Final = 4.0
# Seconds that what is given up has to clean up after itself.
_LAST_MOMENT: Final = 1.0


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
        navigation: the keys with which a person goes back in any flow; none unless given.
        resume: the menu for who dials again in the middle of a conversation; without one they see the question again.
        deadline: seconds after which a person is asked to wait, where calls take longer; ``None`` to let them wait. The
            work goes on, and its result is shown at the next message.
        holding: what they read then.
        park_after: how often in a row a flow may raise at one place, before the conversation is given up; ``None`` for
            any number.
        parked: what a person reads whose conversation is given up.
        translations: catalogues in which the words of this library are looked up, such as "Please choose one of the
            options."; without any they are English.
        lease: seconds for which a process that makes a call keeps others from going on with the turn, unless it renews
            that. So long does it take until another process goes on for one that died. Clocks must agree better than that.
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
        apology: Words = SORRY,
        limits: Limits = Limits(),
        navigation: Navigation | None = None,
        resume: Resume | None = None,
        deadline: float | None = None,
        holding: Text = _HOLDING,
        park_after: int | None = _PARK_AFTER,
        parked: Text = _PARKED,
        translations: Translations | None = None,
        lease: float = _LEASE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        require("sessions", sessions, SessionConfig, "SessionConfig(…)")
        require("limits", limits, Limits, "Limits(…)")
        self._navigation = None if navigation is None else require("navigation", navigation, Navigation, "Navigation(back='0')")
        self._resume = None if resume is None else require("resume", resume, Resume, "Resume(…)")
        self._translate = None if translations is None else _translating(translations)
        self.deadline = None if deadline is None else seconds("deadline", deadline)
        self._lease = seconds("lease", lease)
        if park_after is not None:
            count("number of failures in park_after", park_after)
        if not callable(clock):
            raise ConfigurationError(f"the clock is {clock!r}: give a function that tells the seconds since 1970")
        self._apology = Apology(apology)
        holding_words, parked_words = wording("holding", holding, _HOLDING), wording("parked", parked, _PARKED)
        self._resting: set[asyncio.Task[Any]] = set()
        self._conduct = Conduct(
            self._apology.text, holding_words, parked_words, park_after, self._resting, lambda: self._clock(), Silence()
        )
        self._middleware = _listed(middleware)
        self._service: Service | None = None
        self.store: SessionStore = chosen_store(cache, store)
        self.sessions = sessions
        self._limits = limits
        self._clock = clock
        self._lanes: Lanes[Any] = Lanes()
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
        deadline: float | None = None,
        lost: Literal["begin", "end"] = "begin",
        payments: bool = True,
    ) -> Reply:
        """Answer one message.

        Args:
            flow: the conversation it belongs to.
            inbound: the message.
            params: the flow's keyword parameters.
            sessions: what this session's id is made of, if not what the runtime was given.
            screen: the USSD screen it is shown on; ``None`` where messages may be long.
            deadline: seconds after which the person is asked to wait, if not what the runtime was given.
            lost: what becomes of an answer in a session that is not there, as it has expired: ``"begin"`` the conversation, or
                ``"end"`` it, with nothing saved, so that the gateway can say so.
            payments: the platform can ask for a payment; elsewhere a flow that does so fails.

        Raises:
            UnknownSession: there is no such session, with ``lost="end"``.
            UserInputError: the message cannot be answered, for a reason that its sender should know.
            StoreError: sessions cannot be read or written. Nothing is lost: the same message may come again, and counts
                once if it has an id.
        """
        reply, _ = await self.answer(
            flow,
            inbound,
            params=params,
            sessions=sessions,
            screen=screen,
            deadline=deadline,
            lost=lost,
            payments=payments,
        )
        return reply

    async def answer(
        self,
        flow: Flow[..., Any],
        inbound: Inbound,
        *,
        params: Mapping[str, Any] = {},
        sessions: SessionConfig | None = None,
        screen: Screen | None = None,
        deadline: float | None = None,
        lost: Literal["begin", "end"] = "begin",
        payments: bool = True,
    ) -> tuple[Reply, str | None]:
        """Answer one message as :meth:`handle` does, and tell whose session it was.

        Returns:
            The reply, and the id of the session; ``None`` where middleware answered without the flow.
        """
        self._require_loop()
        service = self._service
        if (
            service is None
            or service.flow is not flow
            or service.params is not params
            or service.screen is not screen
            or service.lost is not lost
            or service.payments is not payments
        ):
            if lost not in ("begin", "end"):
                raise ConfigurationError(f"lost is {lost!r}: it is 'begin' or 'end'")
            service = self._service = Service(
                flow=flow,
                params=params,
                screen=screen,
                limits=self._limits,
                navigation=self._navigation,
                resume=self._resume,
                lease=self._lease,
                lost=lost,
                payments=payments,
            )
        limit = self.deadline if deadline is None else deadline
        until = None if limit is None or self._loop is None else self._loop.time() + limit
        config = self.sessions if sessions is None else sessions
        if self._translate is None and not self._middleware:
            answered: tuple[Reply, str | None] = await self._answer(service, inbound, config, until)
        else:
            token = translator.set(self._translate)
            try:
                answered = await self._through(service, inbound, config, until)
            finally:
                translator.reset(token)
        if alphabet_forced.receivers and screen is not None:
            self._tell_alphabet(flow, inbound, *answered)
        return answered

    def _tell_alphabet(self, flow: Flow[..., Any], inbound: Inbound, reply: Reply, session_id: str | None) -> None:
        if characters := outside(reply.text):
            event = AlphabetForced(
                flow=flow.name,
                platform=inbound.platform,
                gateway=inbound.gateway,
                session_id=session_id,
                key=reply.key,
                characters=characters,
            )
            self.tell(alphabet_forced, flow, event)

    async def _through(
        self, service: Service, inbound: Inbound, config: SessionConfig, until: float | None
    ) -> tuple[Reply, str | None]:
        """Let a message pass the middleware."""
        flow, screen = service.flow, service.screen
        session_id: str | None = None

        async def answer(message: Inbound) -> Reply:
            nonlocal session_id
            changed = message.text != inbound.text
            reply, session_id = await self._answer(service, message, config, until, changed=changed)
            return reply

        def session(message: Inbound) -> SessionData:
            place = Place(self.store, config.session_id(message, flow=flow), config.ttl, self._limits.bytes)
            return SessionData(place, flow.types, config.owner(message), self._clock)

        reply = await chained(self._middleware, Next(answer, session))(inbound)
        if session_id is None and inbound.history is not None:
            await self._overhear(flow, inbound, config)
        if screen is not None:
            text = screen.written(reply.text)
            if not screen.fits(text):
                logger.warning("middleware of flow %r gave a reply that no screen holds: %r", service.flow.name, reply.text)
                text = shortened(text, screen)
            if text != reply.text:
                reply = msgspec.structs.replace(reply, text=text)
        return reply, session_id

    async def _overhear(self, flow: Flow[..., Any], inbound: Inbound, config: SessionConfig) -> None:
        """Note what middleware has answered without the flow, or it would be taken for a part of the next answer."""
        # Not worth an apology: the reply is there.
        with suppress(MissingIdentifier, StoreError):
            place = Place(self.store, config.session_id(inbound, flow=flow), config.ttl, self._limits.bytes)
            delivery = Delivery(inbound=inbound, mark="", owner=config.owner(inbound), by="", now=0.0, secret=config.secret)
            await place.amend(partial(overheard, delivery, flow.name))

    async def ended(
        self, flow: Flow[..., Any], ended: Ended, *, sessions: SessionConfig | None = None, keep: bool | None = None
    ) -> bool:
        """Take in a gateway's notice that its session is over, and tell ``session.ended``.

        A conversation that ends so is over: its answers are gone, and the session with it where nothing else lives in it. One
        in which a call is under way, or whose last reply was not shown yet, is kept whatever was wanted, and so is one that
        was given up until somebody looks.

        Args:
            flow: the conversation.
            ended: the notice. It may come twice, or for a session that is not there.
            sessions: what session ids are made of, as for the messages.
            keep: let the conversation wait for who dials again. Unless given, one is kept whose session is known by the
                person, and one ends whose session is known by the gateway's id.

        Returns:
            Whether the conversation can still go on.

        Raises:
            UserInputError: it has half of a character.
            StoreError: the session cannot be read or written.
        """
        self._require_loop()
        config = self.sessions if sessions is None else sessions
        inbound = Inbound(
            platform=ended.platform, gateway=ended.gateway, request_id=ended.request_id, msisdn=ended.msisdn, url=ended.url
        )
        require_texts(inbound)
        kept, destroyed = config.outlasts(ended.platform) if keep is None else keep, False
        session_id: str | None = None
        try:
            session_id = config.session_id(inbound, flow=flow)
        except MissingIdentifier:
            kept = True  # nobody knows which it is
        if session_id is not None and not kept:
            place = Place(self.store, session_id, config.ttl, self._limits.bytes)
            until = asyncio.get_running_loop().time() + (_PATIENCE if self.deadline is None else self.deadline)
            kept, destroyed = await hang_up(
                place, self._lanes, flow.name, config.owner(inbound), digest(ended.request_id) if ended.request_id else "", until
            )
        told = {"flow": flow.name, "platform": ended.platform, "gateway": ended.gateway}
        if session_ended.receivers:
            event = SessionEnded(**told, session_id=session_id, reason=ended.reason, detail=ended.detail, kept=kept)
            self.tell(session_ended, flow, event)
        if destroyed and session_id is not None and session_destroyed.receivers:
            self.tell(session_destroyed, flow, SessionEvent(**told, session_id=session_id))
        return kept

    async def is_alive(self, flow: Flow[..., Any], inbound: Inbound, *, sessions: SessionConfig | None = None) -> bool:
        """Tell whether a person's conversation is under way, for gateways that ask.

        Args:
            flow: the conversation.
            inbound: as a message of it would be, as far as the gateway tells that.
            sessions: what session ids are made of, as for the messages.

        Raises:
            UserInputError: nothing in it says whose session it is, or it has half of a character.
            StoreError: the session cannot be read.
        """
        self._require_loop()
        require_texts(inbound)
        config = self.sessions if sessions is None else sessions
        place = Place(self.store, config.session_id(inbound, flow=flow), config.ttl, self._limits.bytes)
        record, _ = await place.load()
        return lives(record, flow.name, config.owner(inbound))

    def session(self, session_id: str, *, types: Iterable[type] = (), sessions: SessionConfig | None = None) -> SessionData:
        """Reach the data of a session from outside of its flows.

        A session that does not exist yet can be begun so where its id tells whose it is, as with ``durable()``. One of a
        gateway's own id cannot: whoever comes with that id next begins it anew.

        Args:
            session_id: the session, as :meth:`SessionConfig.session_id() <flowdsl.SessionConfig.session_id>` and events name it.
            types: enums and dataclasses that the data may hold.
            sessions: how long it lives after a change, where that is not what the runtime was given.
        """
        config = self.sessions if sessions is None else sessions
        return SessionData(Place(self.store, session_id, config.ttl, self._limits.bytes), named_types(types), "", self._clock)

    def apology(self, error: Exception, screen: Screen | None = None, locale: str | None = None) -> str:
        """Say what a person reads instead of an error.

        Args:
            error: what went wrong.
            screen: the USSD screen it is shown on; a longer text is cut there.
            locale: the person's language, as far as it is known.
        """
        return self.say(partial(self._apology.text, error), screen, locale)

    def say(self, words: Callable[[Screen | None], str], screen: Screen | None = None, locale: str | None = None) -> str:
        """Say something that no flow says, in the person's language.

        Args:
            words: makes the text, for a screen.
            screen: the USSD screen it is shown on.
            locale: the person's language, as far as it is known.
        """
        token = translator.set(self._translate)
        try:
            return in_language(locale or None, partial(words, screen))
        finally:
            translator.reset(token)

    def tell(self, signal: Signal[E], flow: Flow[..., Any], event: E) -> None:
        """Tell receivers of something that happened, beside what is being answered.

        Args:
            signal: what happened.
            flow: the sender.
            event: the details.
        """
        self._beside(emit(signal, flow, event))

    async def settle(self) -> None:
        """Wait until all work that goes on is done, and every receiver has heard of everything that has happened so far."""
        while waited := self._resting | self._telling:
            await asyncio.wait(waited)

    async def close(self, *, patience: float = 10.0) -> None:
        """Let calls and receivers finish, and close the store.

        Args:
            patience: seconds after which those that have not finished are given up.
        """
        try:
            async with asyncio.timeout(patience):
                await self.settle()
        except TimeoutError:
            unfinished = self._resting | self._telling
            logger.error("%d turns and receivers of signals did not finish in %g seconds", len(unfinished), patience)
            for task in unfinished:
                task.cancel()
            await asyncio.wait(unfinished, timeout=_LAST_MOMENT)  # they may still use the store
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
        self._resting.clear()

    async def _answer(
        self, service: Service, inbound: Inbound, config: SessionConfig, until: float | None, changed: bool = False
    ) -> tuple[Reply, str]:
        require_texts(inbound)
        flow = service.flow
        session_id = config.session_id(inbound, flow=flow)
        delivery = Delivery(
            inbound=inbound,
            mark=mark(inbound, flow.name, config.secret),
            owner=config.owner(inbound),
            by=f"{_random.getrandbits(48):012x}",
            now=self._clock(),
        )
        if changed or inbound.history is not None:
            delivery = msgspec.structs.replace(delivery, secret=config.secret, changed=changed)
        report = Report(flow, inbound, session_id, self._beside)
        report.received()

        place = Place(self.store, session_id, config.ttl, service.limits.bytes)
        exchange = Exchange(place, service, delivery, report, self._conduct, until)
        # A gateway that reuses its session ids may have two people in one, and they do not repeat each other.
        alike = None if names_one(delivery.mark) else delivery.mark + delivery.owner
        try:
            # Who waits for a message that is being answered can be told so on USSD only; elsewhere it would be lost.
            waits = None if service.screen is None else until
            reply, repeated = await self._lanes.run(session_id, alike, exchange.answer, waits)
            if repeated:
                report.repeated()
        except TooLate:
            reply = await exchange.hold()
            self._rest(self._lanes.run(session_id, alike, exchange.later), session_id)
        finally:
            report.tell()
        return reply, session_id

    def _rest(self, work: Coroutine[Any, Any, Any], session_id: str) -> None:
        """Let a message be answered when those before it are done, though its sender waits no more."""

        def ended(task: asyncio.Task[Any]) -> None:
            self._resting.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                logger.error("session %s: a message whose sender was asked to wait could not be answered: %r", session_id, error)

        task = asyncio.get_running_loop().create_task(work)
        self._resting.add(task)
        task.add_done_callback(ended)


def _translating(translations: object) -> Callable[[str], str]:
    return require("translations", translations, Translations, "Translations('locale')").translate


def _listed(middleware: Iterable[Middleware]) -> tuple[Middleware, ...]:
    if not isinstance(middleware, Iterable) or not all(map(callable, listed := tuple(middleware))):
        raise ConfigurationError(f"the middleware is {middleware!r}: give a list of functions")
    return listed


# Cheaper than asking the system each time, and no two processes have the same, those that were forked included.
_random: Final = Random()  # noqa: S311 (it tells deliveries apart, and keeps nothing secret)
os.register_at_fork(after_in_child=_random.seed)
