"""What a turn came to, told as signals. An event is built only where somebody listens.

What every turn would note is looked at before it is noted: most of the time nobody listens.
"""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import msgspec

from flowdsl.flow import Flow
from flowdsl.messages import Inbound
from flowdsl.outcome import Outcome
from flowdsl.signals import (
    Signal,
    call_failed,
    call_finished,
    emit,
    flow_diverged,
    flow_failed,
    flow_finished,
    flow_started,
    message_duplicate,
    message_received,
    pagination_triggered,
    prompt_answered,
    prompt_rejected,
    prompt_shown,
    session_cache_hit,
    session_cache_miss,
    session_created,
    session_destroyed,
    session_parked,
    session_resumed,
)
from flowdsl.turn import Turn

__all__ = ["Report"]


# Made anew for every message: a struct, made in C.
class Report(msgspec.Struct, eq=False):
    """The events of one message, collected while it is answered and told afterwards.

    Args:
        flow: the sender of them all.
        inbound: the message.
        session_id: its session.
        beside: runs what tells them, beside everything else.
        events: those that are not told yet.
    """

    flow: Flow[..., Any]
    inbound: Inbound
    session_id: str
    beside: Callable[[Coroutine[Any, Any, None]], None]
    events: list[tuple[Signal[Any], Any]] = []

    def _note(self, signal: Signal[Any], **details: Any) -> None:
        if signal.receivers:
            inbound = self.inbound
            event = signal.event(
                flow=self.flow.name, platform=inbound.platform, gateway=inbound.gateway, session_id=self.session_id, **details
            )
            self.events.append((signal, event))

    def tell(self) -> None:
        """Tell what has been noted since the last time, in the order in which it happened."""
        if self.events:
            self.beside(_told(self.flow, self.events))
            self.events = []

    def received(self) -> None:
        """Note that the message came in."""
        if message_received.receivers:
            self._note(message_received, message_id=self.inbound.message_id)

    def repeated(self) -> None:
        """Note that it had come in before."""
        self._note(message_duplicate, message_id=self.inbound.message_id)

    def loaded(self, *, hit: bool) -> None:
        """Note whether the store had a record."""
        signal = session_cache_hit if hit else session_cache_miss
        if signal.receivers:
            self._note(signal)

    def failed(self, exception: Exception, where: str) -> None:
        """Note that the flow raised."""
        self._note(flow_failed, exception=exception, where=where)

    def parked(self, where: str, failures: int) -> None:
        """Note that the session is given up."""
        self._note(session_parked, where=where, failures=failures)

    def called(self, key: str, tries: int, seconds: float, error: str, where: str) -> None:
        """Note what came of a call; ``error`` is the name of what it raised, and ``where`` the line that did."""
        self._note(call_failed if error else call_finished, key=key, tries=tries, seconds=seconds, error=error, where=where)

    def turned(self, turn: Turn) -> None:
        """Note what came of it."""
        if turn.created:
            self._note(session_created)
        if turn.began == "again":
            self._note(session_resumed)
        if turn.outcome is not None:
            self._played(turn, turn.outcome)
        if turn.page is not None:
            self._note(pagination_triggered, page=turn.page[0], pages=turn.page[1])
        if session_destroyed.receivers and not turn.record.alive:
            self._note(session_destroyed)

    def _played(self, turn: Turn, outcome: Outcome) -> None:
        if turn.began == "new":
            self._note(flow_started)
        if (parted := outcome.divergence) is not None:
            self._note(flow_diverged, expected=parted.expected, found=parted.found, where=parted.where)
        if prompt_answered.receivers:
            for passed, tries in turn.passed:
                self._note(prompt_answered, key=passed, attempts=tries)
            if outcome.answered is not None:
                self._note(prompt_answered, key=outcome.answered, attempts=turn.tries)
        if outcome.refused is not None:
            self._note(prompt_rejected, key=outcome.refused.key, attempts=outcome.refused.attempts, message="")
        if outcome.prompt is None:
            self._note(flow_finished, result=outcome.result)
            return
        key = outcome.prompt.key
        if outcome.rejected is not None:
            self._note(prompt_rejected, key=key, attempts=turn.tries, message=outcome.rejected)
        if prompt_shown.receivers:
            self._note(prompt_shown, key=key, attempts=turn.attempts)


async def _told(flow: Flow[..., Any], events: Iterable[tuple[Signal[Any], Any]]) -> None:
    for signal, event in events:
        await emit(signal, flow, event)
