"""One message and its session: load, play and save, over again for as long as another process saves first."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, Final, NamedTuple

import msgspec

from flowdsl.apologies import contained
from flowdsl.deliveries import Delivery, afterlife, answered_before
from flowdsl.errands import carry_out
from flowdsl.errors import AuthorError, CallFailed, LimitExceeded, StoreError, StoreUnavailable, UnknownSession
from flowdsl.journal import FAILED
from flowdsl.lanes import TooLate
from flowdsl.messages import Reply
from flowdsl.outcome import Outcome
from flowdsl.owing import owes, owing, paid
from flowdsl.pauses import Busy, Pause
from flowdsl.place import TRIES, Place
from flowdsl.record import Record, Seen, language, read, write
from flowdsl.reports import Report
from flowdsl.service import Service
from flowdsl.silence import Silence
from flowdsl.source import UNKNOWN, defined_at, source_line
from flowdsl.store import Stored
from flowdsl.texts import in_language
from flowdsl.trouble import after_failure, is_parked
from flowdsl.turn import Turn, take_turn
from flowdsl.ussd.screen import Screen

__all__ = ["Conduct", "Exchange"]

logger = logging.getLogger("flowdsl")

# How often to look whether another process is done, in seconds.
_SOON: Final = 0.02
_LATER: Final = 0.25


class Conduct(NamedTuple):
    """How a runtime behaves where a conversation does not go on as it should.

    Args:
        apology: finds the words when the flow raises, for a screen.
        holding: finds the words when the turn takes too long, for a screen.
        parked: finds the words when the conversation is given up, for a screen.
        park_after: how often in a row a flow may raise at one place; ``None`` for any number.
        resting: work that goes on after the person was asked to wait.
        clock: gives the time in seconds since 1970.
        silence: how long other processes have not been heard of.
    """

    apology: Callable[[Exception, Screen | None], str]
    holding: Callable[[Screen | None], str]
    parked: Callable[[Screen | None], str]
    park_after: int | None
    resting: set[asyncio.Task[Any]]
    clock: Callable[[], float]
    silence: Silence


# Made anew for every message: a struct, made in C.
class Exchange(msgspec.Struct, eq=False):
    """The work of answering one message, alone among those of its session in this process.

    Where it fails, a retry may go on with it: it knows what it has tried to save.

    Args:
        place: where the session is.
        service: the flow, and how it is shown.
        delivery: the message.
        report: what happens is noted there, and told when the work is done or given up.
        conduct: what to say where it does not go on as it should.
        until: time of the event loop by which the person must read something; ``None`` for any time.
        began: when the message came, in seconds that only grow. It may wait in its lane for long, and what it calls then
            would be taken for dead at once.
        turn: what the message came to, where that was to be saved.
        reply: what it was answered.
        record: the session as it was loaded last.
        found: its revision when the answer had begun from it; -1 where it has not.
        in_doubt: a save has failed which may have arrived.
        late: the person was asked to wait.
        loaded: the session was looked at.
        owed: the reply that was late is kept for the next message.
    """

    place: Place
    service: Service
    delivery: Delivery
    report: Report
    conduct: Conduct
    until: float | None
    began: float = msgspec.field(default_factory=lambda: monotonic())
    turn: Turn | None = None
    reply: Reply | None = None
    record: Record | None = None
    found: int = -1
    in_doubt: bool = False
    late: bool = False
    loaded: bool = False
    owed: bool = False

    async def answer(self) -> tuple[Reply, asyncio.Task[Any] | None]:
        """Answer the message.

        Returns:
            The reply and, where it only asks to wait, the work that goes on.

        Raises:
            StoreError: the session cannot be read or written.
            UnknownSession: there is none, and the service begins none for an answer.
            TooLate: another process was not done with it in time; nothing was done.
        """
        if self.reply is not None:
            return self.reply, None
        self.in_doubt = False
        try:
            came_to = await self._answered()
            if isinstance(came_to, Pause):
                return await self._in_time(came_to)
            self.reply = came_to
            return came_to, None
        finally:
            self.report.tell()  # here, since a retry may go on with this work when its first caller is gone

    async def hold(self) -> Reply:
        """Ask the person to wait, though not even the session was looked at yet."""
        if not self.loaded:
            with suppress(StoreError):  # then it is said in the language of the device
                self.record, _ = await self.place.load()
        return self._hold()

    async def later(self) -> tuple[Reply, asyncio.Task[Any] | None]:
        """Answer the message after its sender was asked to wait, since others were not done; its reply is owed.

        Raises:
            StoreError: the session cannot be read or written.
        """
        self.late = True
        reply, rest = await self.answer()
        if rest is None and not self.owed:
            await self._owe(reply)
        return reply, rest

    def _hold(self) -> Reply:
        return msgspec.structs.replace(self._say(partial(self.conduct.holding, self.service.screen), end=False), held=True)

    def _say(self, words: Callable[[], str], *, end: bool) -> Reply:
        known = language(self.record, self.delivery.owner, self.service.flow.name, self.delivery.inbound)
        return Reply(in_language(known, words), end=end)

    async def _in_time(self, pause: Pause) -> tuple[Reply, asyncio.Task[Any] | None]:
        """Make the call and go on; where that takes too long, ask the person to wait, and go on all the same."""
        loop = asyncio.get_running_loop()
        rest = loop.create_task(self._rest(pause))
        left = None if self.until is None else max(0.0, self.until - loop.time())
        try:
            await asyncio.wait({rest}, timeout=left)
        except asyncio.CancelledError:
            rest.cancel()
            raise
        if rest.done():
            self.reply = rest.result()
            return self.reply, None
        self.late = True
        rest.add_done_callback(self._ended)
        self.conduct.resting.add(rest)
        rest.add_done_callback(self.conduct.resting.discard)
        return self._hold(), rest

    async def _rest(self, pause: Pause) -> Reply:
        try:
            came_to: Reply | Pause
            while True:
                name = self.service.flow.name
                self.delivery = msgspec.structs.replace(self.delivery, begun=pause.job.token)
                done = await carry_out(self.place, name, pause, self.service.lease, self._now, self.report)
                if done.failed and pause.job.undoes:
                    record, _ = await self.place.load()
                    failed = CallFailed(f"undo of {pause.job.call.key}", *done.value[FAILED])
                    came_to = await self._failed(failed, record, where=defined_at(pause.job.function))
                    break
                came_to = await self._answered()
                if not isinstance(came_to, Pause):
                    break
                pause = came_to
            if self.late and not self.owed:
                await self._owe(came_to)
            return came_to
        finally:
            self.report.tell()

    def _ended(self, rest: asyncio.Task[Reply]) -> None:
        if not rest.cancelled() and (error := rest.exception()) is not None:
            session_id = self.place.session_id
            logger.error("session %s: what went on after the person was asked to wait failed: %r", session_id, error)

    def _now(self) -> float:
        # Whether a clock is set back or forward while a turn goes on, others do not take it for dead.
        return max(self.conduct.clock(), self.delivery.now + monotonic() - self.began)

    async def _answered(self) -> Reply | Pause:
        tries = 0
        pause = _SOON
        over: float | None = None
        while tries < TRIES:
            held = await self.place.store.load(self.place.session_id)
            self.record = record = None if held is None else read(held.value)
            if not self.loaded:
                self.loaded = True
                self.report.loaded(hit=held is not None)
            if record is not None and (seen := answered_before(record, self.delivery, self.found)) is not None:
                return await self._again(record, seen)
            if record is not None and record.trouble and is_parked(record, self.service.flow.name, self.delivery.owner):
                return self._say(partial(self.conduct.parked, self.service.screen), end=True)
            try:
                came_to = take_turn(self.service, self.delivery, record, self._now(), over=over)
            except (KeyboardInterrupt, UnknownSession):
                raise
            except BaseException as error:  # sync code: what a flow raises, and no cancellation of this task
                return await self._failed(contained(error), record)
            if isinstance(came_to, Busy):
                if came_to.mark == self.delivery.mark:
                    self.found = came_to.found  # the same message is being answered there, so this is its retry
                if self.conduct.silence.since(self.place.session_id, came_to.until) > self.service.lease:
                    over = came_to.until  # it is not renewed, whatever time the clocks tell
                await self._wait(pause)
                pause = min(2 * pause, _LATER)
                continue
            self.found = 0 if record is None else record.revision
            tries += 1
            if isinstance(came_to, Pause):
                if await self._saved(came_to.record, came_to.stored, held):
                    self.record = came_to.record
                    return came_to
                continue
            self.turn = turn = came_to
            record, stored = turn.record, turn.stored
            late = self.late  # or it becomes so while it is being saved
            if late:
                record = owing(record, self.service.flow.name, turn.reply)
                stored = write(record, 2 * self.place.most)  # the reply is in it twice
            if await self._saved(record, stored, held):
                self.owed = late
                return self._done(turn, turn.reply)
        raise StoreUnavailable(f"session {self.place.session_id!r} was changed {TRIES} times while it was being saved")

    async def _wait(self, seconds: float) -> None:
        """Wait for another process; not longer than the person can."""
        loop = asyncio.get_running_loop()
        on_ussd = self.service.screen is not None  # elsewhere the message would be lost
        if on_ussd and self.until is not None and loop.time() + seconds > self.until and not self.late:
            raise TooLate
        await asyncio.sleep(seconds)

    async def _again(self, record: Record, seen: Seen) -> Reply:
        """Give the reply that the message was given before, by another delivery of it or by this one."""
        if self.turn is not None and seen.by == self.delivery.by:
            self.owed = self.late and owes(record, self.service.flow.name, self.turn.reply)
            return self._done(self.turn, seen.reply or self.turn.reply)  # the save that was in doubt had arrived
        self.owed = True  # to the sender of the delivery that was answered with it, and not to the next message
        # Not worth an apology: the reply is there.
        with suppress(StoreUnavailable):
            if owes(record, self.service.flow.name, seen.reply):
                await self.place.amend(partial(paid, self.service.flow.name, seen.reply))
            else:
                await self.place.store.touch(self.place.session_id, self._lifetime(record))
        self.report.repeated()
        return seen.reply or Reply("")

    async def _owe(self, reply: Reply) -> None:
        """Let the next message show a reply for which its own could not wait."""
        name = self.service.flow.name

        def change(record: Record | None) -> Record | None:
            if record is None or (self.turn is None and name not in record.flows):
                return None
            return owing(msgspec.structs.replace(record, revision=record.revision + 1), name, reply)

        await self.place.amend(change)

    async def _failed(self, error: Exception, record: Record | None, *, where: str = "") -> Reply:
        """Apologise for a flow that raised; the session becomes as it was before, and so do its answers."""
        name, session_id = self.service.flow.name, self.place.session_id
        where = where or getattr(error, "where", None) or source_line(error)
        if where == UNKNOWN:  # no code of the flow was running
            where = self.service.flow.where
        if isinstance(error, AuthorError):  # says itself what is wrong, and where
            logger.error("session %s: %s", session_id, error)
        else:
            logger.error("flow %r raised at %s in session %s: %r", name, where, session_id, error, exc_info=error)
        self.report.failed(error, where)
        self.turn = None
        after: Record | None = None
        try:
            after = await self._taken_back(error, where, -1 if record is None else record.revision)
        except (StoreUnavailable, LimitExceeded) as unsaved:
            logger.warning("session %s: that the flow raised could not be saved: %s", session_id, unsaved)
        trouble = None if after is None else after.trouble.get(name)
        if trouble is not None and trouble.parked:
            logger.error(
                "flow %r is not played any more in session %s: it raised %d times at %s", name, session_id, trouble.count, where
            )
            self.report.parked(where, trouble.count)
        # A person with a question to go back to need not be cut off.
        left = record if after is None else after
        state = None if left is None or left.owner != self.delivery.owner else left.flows.get(name)
        waits = state is not None and not state.over
        return self._say(partial(self.conduct.apology, error, self.service.screen), end=not waits)

    async def _taken_back(self, error: Exception, where: str, revision: int) -> Record | None:
        def change(record: Record | None) -> Record | None:
            if (-1 if record is None else record.revision) != revision:
                return None  # somebody has gone on from there, and it is theirs now
            return after_failure(self.service, self.delivery, record, error, where, self.conduct.park_after)

        return await self.place.amend(change)

    async def _saved(self, record: Record, stored: str, held: Stored | None) -> bool:
        """Save, and tell whether it is certain that this is what is stored now."""
        ttl, place = self._lifetime(record), self.place
        try:
            if held is None:
                return await place.store.create(place.session_id, stored, ttl)
            return await place.store.save(place.session_id, stored, held.token, ttl)
        except StoreUnavailable:
            # It may have arrived or not: only what is stored now can tell. Once; the gateway waits.
            if self.in_doubt:
                raise
            self.in_doubt = True
            return False

    def _lifetime(self, record: Record) -> float | None:
        ttl = self.place.ttl
        return ttl if record.alive or record.served or self.delivery.named else afterlife(ttl)

    def _done(self, turn: Turn, reply: Reply) -> Reply:
        if turn.outcome is not None:
            self._warn(turn, turn.outcome)
        self.report.turned(turn)
        return reply

    def _warn(self, turn: Turn, outcome: Outcome) -> None:
        """Tell the author of what no person can tell them."""
        flow = self.service.flow
        if (parted := outcome.divergence) is not None:
            logger.warning(
                "flow %r asks for %r at %s, where session %s answers %r: the code has changed, or does not go the same way "
                "each time",
                flow.name,
                parted.found,
                parted.where,
                self.place.session_id,
                parted.expected,
            )
        if outcome.prompt is None and self.service.screen is not None and not turn.reply.text:
            logger.warning("flow %r at %s ends with an empty screen: end it with `yield Say(…)`", flow.name, flow.where)
