"""One message and its session: load, play and save, over again for as long as another process saves first."""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from flowdsl.apologies import contained
from flowdsl.deliveries import Delivery, answered_before
from flowdsl.errors import AuthorError, StoreUnavailable
from flowdsl.flow import source_line
from flowdsl.messages import Reply
from flowdsl.outcome import Outcome
from flowdsl.record import Record, Seen, read
from flowdsl.reports import Report
from flowdsl.store import SessionStore, Stored
from flowdsl.turn import Service, Turn, take_turn
from flowdsl.ussd.screen import Screen

__all__ = ["Exchange"]

logger = logging.getLogger("flowdsl")

# Every lost save means that another one succeeded, so this many in a row do not happen to a person.
_TRIES: Final = 20
# A session that is over remembers its last answer for a retry. Where messages have ids it may come late,
# elsewhere only while the first is still being answered.
_AFTERLIFE: Final = 60.0


class Exchange:
    """The work of answering one message, alone among those of its session in this process.

    Where it fails, a retry may go on with it: it knows what it has tried to save.

    Args:
        store: where the session is.
        service: the flow, and how it is shown.
        delivery: the message.
        session_id: the session.
        ttl: seconds that it lives.
        report: what happens is noted there, and told when the work is done or given up.
        apology: finds the words when the flow raises, for a screen.
    """

    __slots__ = (
        "_apology",
        "_delivery",
        "_found",
        "_in_doubt",
        "_reply",
        "_report",
        "_service",
        "_session_id",
        "_store",
        "_ttl",
        "_turn",
    )

    def __init__(
        self,
        store: SessionStore,
        service: Service,
        delivery: Delivery,
        *,
        session_id: str,
        ttl: float | None,
        report: Report,
        apology: Callable[[Exception, Screen | None], str],
    ) -> None:
        self._store = store
        self._service = service
        self._delivery = delivery
        self._session_id = session_id
        self._ttl = ttl
        self._report = report
        self._apology = apology
        self._turn: Turn | None = None
        self._reply: Reply | None = None
        self._found = -1
        self._in_doubt = False

    async def answer(self) -> Reply:
        """Answer the message.

        Raises:
            StoreError: the session cannot be read or written.
        """
        if self._reply is not None:
            return self._reply
        self._in_doubt = False
        try:
            self._reply = await self._answered()
            return self._reply
        finally:
            self._report.tell()  # here, since a retry may go on with this work when its first caller is gone

    async def _answered(self) -> Reply:
        for _ in range(_TRIES):
            held = await self._store.load(self._session_id)
            record = None if held is None else read(held.value)
            if self._turn is None:
                self._report.loaded(hit=held is not None)
            if record is not None and (seen := answered_before(record, self._delivery, self._found)) is not None:
                return await self._again(record, seen)
            self._found = 0 if record is None else record.revision
            try:
                self._turn = take_turn(self._service, self._delivery, record)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # sync code: what a flow raises, and no cancellation of this task
                return self._failed(contained(error), record)
            if await self._saved(self._turn, held):
                return self._done(self._turn, self._turn.reply)
        raise StoreUnavailable(f"session {self._session_id!r} was changed {_TRIES} times while it was being saved")

    async def _again(self, record: Record, seen: Seen) -> Reply:
        """Give the reply that the message was given before, by another delivery of it or by this one."""
        if self._turn is not None and seen.by == self._delivery.by:
            return self._done(self._turn, seen.reply or self._turn.reply)  # the save that was in doubt had arrived
        # Not worth an apology: the reply is there.
        with suppress(StoreUnavailable):
            await self._store.touch(self._session_id, self._lifetime(record))
        self._report.repeated()
        return seen.reply or Reply("")

    def _failed(self, error: Exception, record: Record | None) -> Reply:
        """Apologise for a flow that raised; the session stays as it was, and so do its answers."""
        name = self._service.flow.name
        where = getattr(error, "where", None) or source_line(error)
        if isinstance(error, AuthorError):  # says itself what is wrong, and where
            logger.error("session %s: %s", self._session_id, error)
        else:
            logger.error("flow %r raised at %s in session %s: %r", name, where, self._session_id, error, exc_info=error)
        self._report.failed(error, where)
        # A person with a question to go back to need not be cut off.
        state = None if record is None or record.owner != self._delivery.owner else record.flows.get(name)
        waits = state is not None and not state.over
        return Reply(self._apology(error, self._service.screen), end=not waits)

    async def _saved(self, turn: Turn, held: Stored | None) -> bool:
        """Save, and tell whether it is certain that this turn is what is stored now."""
        ttl = self._lifetime(turn.record)
        try:
            if held is None:
                return await self._store.create(self._session_id, turn.stored, ttl)
            return await self._store.save(self._session_id, turn.stored, held.token, ttl)
        except StoreUnavailable:
            # It may have arrived or not: only what is stored now can tell. Once; the gateway waits.
            if self._in_doubt:
                raise
            self._in_doubt = True
            return False

    def _lifetime(self, record: Record) -> float | None:
        if record.alive or self._delivery.inbound.message_id is not None:
            return self._ttl
        return _AFTERLIFE if self._ttl is None else min(self._ttl, _AFTERLIFE)

    def _done(self, turn: Turn, reply: Reply) -> Reply:
        if turn.outcome is not None:
            self._warn(turn, turn.outcome)
        self._report.turned(turn)
        return reply

    def _warn(self, turn: Turn, outcome: Outcome) -> None:
        """Tell the author of what no person can tell them."""
        flow = self._service.flow
        if (parted := outcome.divergence) is not None:
            logger.warning(
                "flow %r asks for %r at %s, where session %s answers %r: the code has changed, or does not go the same way "
                "each time",
                flow.name,
                parted.found,
                parted.where,
                self._session_id,
                parted.expected,
            )
        if outcome.prompt is None and self._service.screen is not None and not turn.reply.text:
            logger.warning("flow %r at %s ends with an empty screen: end it with `yield Say(…)`", flow.name, flow.where)
