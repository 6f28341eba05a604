"""One message and its session: load, play and save, over again for as long as another process saves first."""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from flowdsl.errors import BadStep, StoreUnavailable
from flowdsl.flow import source_line
from flowdsl.messages import Reply
from flowdsl.outcome import Outcome
from flowdsl.record import Record, Seen, read
from flowdsl.reports import Report
from flowdsl.store import SessionStore, Stored
from flowdsl.turn import Delivery, Service, Turn, answered_before, take_turn

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
        apologise: makes the reply when the flow raises; the second argument tells whether a question waits.
    """

    __slots__ = (
        *("_apologise", "_delivery", "_found", "_in_doubt"),
        *("_report", "_service", "_session_id", "_store", "_ttl", "_turn"),
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
        apologise: Callable[[Exception, bool], Reply],
    ) -> None:
        self._store = store
        self._service = service
        self._delivery = delivery
        self._session_id = session_id
        self._ttl = ttl
        self._report = report
        self._apologise = apologise
        self._turn: Turn | None = None
        self._found = -1
        self._in_doubt = False

    async def answer(self) -> Reply:
        """Answer the message.

        Raises:
            StoreError: the session cannot be read or written.
        """
        self._in_doubt = False
        try:
            for _ in range(_TRIES):
                held = await self._store.load(self._session_id)
                record = None if held is None else read(held.value)
                if self._turn is None:
                    self._report.loaded(hit=held is not None)
                seen = None if record is None else self._seen(record)
                if seen is not None:
                    return await self._again(seen)
                self._found = 0 if record is None else record.revision
                try:
                    self._turn = take_turn(self._service, self._delivery, record)
                except KeyboardInterrupt:
                    raise
                except BaseException as error:  # sync code: what a flow raises, and no cancellation of this task
                    return self._apologise(_an_exception(error), self._waits(record))
                if await self._saved(self._turn, held):
                    return self._done(self._turn)
        finally:
            self._report.tell()
        raise StoreUnavailable(f"session {self._session_id!r} was changed {_TRIES} times while it was being saved")

    def _seen(self, record: Record) -> Seen | None:
        return answered_before(record, self._delivery, self._found)

    async def _again(self, seen: Seen) -> Reply:
        """Give the reply that the message was given before, by another delivery of it or by this one."""
        if self._turn is not None and seen.by == self._delivery.by:
            return self._done(self._turn)  # the save that was in doubt had arrived
        # Not worth an apology: the reply is there.
        with suppress(StoreUnavailable):
            await self._store.touch(self._session_id, self._ttl)
        self._report.repeated()
        return seen.reply or Reply("")

    def _waits(self, record: Record | None) -> bool:
        """Tell whether a question waits for this person, whom a failing flow then need not cut off."""
        return record is not None and record.owner == self._delivery.owner and self._service.flow.name in record.flows

    async def _saved(self, turn: Turn, held: Stored | None) -> bool:
        """Save, and tell whether it is certain that this turn is what is stored now."""
        ttl = self._ttl
        if not turn.record.alive and self._delivery.inbound.message_id is None:
            ttl = _AFTERLIFE if ttl is None else min(ttl, _AFTERLIFE)
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

    def _done(self, turn: Turn) -> Reply:
        if turn.outcome is not None:
            self._warn(turn, turn.outcome)
        self._report.turned(turn)
        return turn.reply

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


def _an_exception(error: BaseException) -> Exception:
    """Keep what would end the whole service, such as the SystemExit of an argument parser, to the one conversation."""
    if isinstance(error, Exception):
        return error
    where = source_line(error)
    wrapped = BadStep(f"the code at {where} raised {error!r}, which is for whole programs")
    wrapped.where = where
    wrapped.__cause__ = error
    return wrapped
