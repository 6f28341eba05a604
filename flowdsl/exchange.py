"""One message and its session: load, play and save, over again for as long as another process saves first."""

import logging
from collections.abc import Callable
from typing import Final

from flowdsl.errors import StoreUnavailable
from flowdsl.messages import Inbound, Reply
from flowdsl.outcome import Outcome
from flowdsl.record import Record, Seen, read
from flowdsl.reports import Report
from flowdsl.sessions import SessionConfig
from flowdsl.store import SessionStore, Stored
from flowdsl.turn import Service, Turn, answered_before, lost_to_itself, take_turn

__all__ = ["Exchange"]

logger = logging.getLogger("flowdsl")

# Every lost save means that another one succeeded, so this many in a row do not happen to a person.
_TRIES: Final = 20
# A session that is over remembers its last answer for a retry. Where messages have ids it may come late,
# elsewhere only while the first is still being answered.
_AFTERLIFE: Final = 60.0


class Exchange:
    """The work of answering one message, alone among those of its session in this process.

    Args:
        store: where the session is.
        service: the flow, and how it is shown.
        inbound: the message.
        config: how long the session lives, and whose it is.
        session_id: its id.
        name: the message's mark.
        now: seconds since 1970.
        report: what happens is noted there.
        apologise: makes the reply when the flow raises; the second argument tells whether a question waits.
    """

    __slots__ = (
        *("_apologise", "_config", "_found", "_in_doubt", "_inbound", "_name", "_now", "_owner"),
        *("_report", "_service", "_session_id", "_store", "_turn"),
    )

    def __init__(
        self,
        store: SessionStore,
        service: Service,
        inbound: Inbound,
        config: SessionConfig,
        *,
        session_id: str,
        name: str,
        now: float,
        report: Report,
        apologise: Callable[[Exception, bool], Reply],
    ) -> None:
        self._store = store
        self._service = service
        self._inbound = inbound
        self._config = config
        self._session_id = session_id
        self._name = name
        self._now = now
        self._report = report
        self._apologise = apologise
        self._owner = config.owner(inbound)
        self._turn: Turn | None = None
        self._found = -1
        self._in_doubt = False

    async def answer(self) -> Reply:
        """Answer the message.

        Raises:
            StoreError: the session cannot be read or written.
        """
        for _ in range(_TRIES):
            held = await self._store.load(self._session_id)
            if self._turn is not None and held is not None and held.value == self._turn.stored:
                return self._done(self._turn)  # the save that was in doubt had arrived
            record = None if held is None else read(held.value)
            if self._turn is None:
                self._report.loaded(hit=held is not None)
            seen = None if record is None else self._seen(record)
            if seen is not None:
                await self._store.touch(self._session_id, self._config.ttl)
                self._report.repeated()
                return seen.reply or Reply("")
            self._found = 0 if record is None else record.revision
            try:
                self._turn = take_turn(self._service, self._inbound, record, name=self._name, owner=self._owner, now=self._now)
            except Exception as error:
                return self._apologise(error, record is not None and self._service.flow.name in record.flows)
            if await self._saved(self._turn, held):
                return self._done(self._turn)
        raise StoreUnavailable(f"session {self._session_id!r} was changed {_TRIES} times while it was being saved")

    def _seen(self, record: Record) -> Seen | None:
        if record.owner != self._owner:
            return None
        return answered_before(record, self._inbound, self._name) or lost_to_itself(record, self._name, self._found)

    async def _saved(self, turn: Turn, held: Stored | None) -> bool:
        """Save, and tell whether it is certain that this turn is what is stored now."""
        ttl = self._config.ttl
        if not turn.record.alive and self._inbound.message_id is None:
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
        name = self._service.flow.name
        if (parted := outcome.divergence) is not None:
            logger.warning(
                "flow %r asks for %r at %s, and session %s has an answer to %r there: the code has changed, or does not go "
                "the same way each time",
                *(name, parted.found, parted.where, self._session_id, parted.expected),
            )
        if outcome.prompt is None and self._service.screen is not None and not turn.reply.text:
            logger.warning("flow %r ends with an empty screen: end it with `yield Say(…)`", name)
