"""What a turn came to, told as signals. An event is built only where somebody listens."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from flowdsl.flow import Flow
from flowdsl.messages import Inbound
from flowdsl.signals import (
    CacheEvent,
    FlowDiverged,
    FlowFailed,
    FlowFinished,
    FlowStarted,
    MessageEvent,
    PageTurned,
    PromptAnswered,
    PromptRejected,
    PromptShown,
    SessionEvent,
    Signal,
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
    session_resumed,
)
from flowdsl.turn import Turn

__all__ = ["Report"]


class Report:
    """The events of one message, collected while it is answered and told afterwards.

    Args:
        flow: the sender of them all.
        inbound: the message.
        session_id: its session.
        beside: runs what tells them, beside everything else.
    """

    __slots__ = ("_beside", "_events", "_flow", "_inbound", "_session_id")

    def __init__(
        self, flow: Flow[..., Any], inbound: Inbound, session_id: str, beside: Callable[[Coroutine[Any, Any, None]], None]
    ) -> None:
        self._flow = flow
        self._inbound = inbound
        self._session_id = session_id
        self._beside = beside
        self._events: list[tuple[Signal[Any], Any]] = []

    def _add(self, signal: Signal[Any], event: Callable[..., Any], **details: Any) -> None:
        inbound = self._inbound
        built = event(
            flow=self._flow.name, platform=inbound.platform, gateway=inbound.gateway, session_id=self._session_id, **details
        )
        self._events.append((signal, built))

    def tell(self) -> None:
        """Tell what has been noted since the last time, in the order in which it happened."""
        if self._events:
            self._beside(_told(self._flow, self._events))
            self._events = []

    def received(self) -> None:
        """Note that the message came in."""
        if message_received.receivers:
            self._add(message_received, MessageEvent, message_id=self._inbound.message_id)

    def repeated(self) -> None:
        """Note that it had come in before."""
        if message_duplicate.receivers:
            self._add(message_duplicate, MessageEvent, message_id=self._inbound.message_id)

    def loaded(self, *, hit: bool) -> None:
        """Note whether the store had a record."""
        signal = session_cache_hit if hit else session_cache_miss
        if signal.receivers:
            self._add(signal, CacheEvent)

    def failed(self, exception: Exception, where: str) -> None:
        """Note that the flow raised."""
        if flow_failed.receivers:
            self._add(flow_failed, FlowFailed, exception=exception, where=where)

    def turned(self, turn: Turn) -> None:
        """Note what came of it."""
        if turn.created and session_created.receivers:
            self._add(session_created, SessionEvent)
        if turn.began == "again" and session_resumed.receivers:
            self._add(session_resumed, SessionEvent)
        if turn.outcome is not None:
            self._played(turn)
        if turn.page is not None and pagination_triggered.receivers:
            self._add(pagination_triggered, PageTurned, page=turn.page[0], pages=turn.page[1])
        if not turn.record.alive and session_destroyed.receivers:
            self._add(session_destroyed, SessionEvent)

    def _played(self, turn: Turn) -> None:
        outcome = turn.outcome
        if outcome is None:
            return
        if turn.began == "new" and flow_started.receivers:
            self._add(flow_started, FlowStarted)
        if (parted := outcome.divergence) is not None and flow_diverged.receivers:
            self._add(flow_diverged, FlowDiverged, expected=parted.expected, found=parted.found, where=parted.where)
        if outcome.answered is not None and prompt_answered.receivers:
            self._add(prompt_answered, PromptAnswered, key=outcome.answered, attempts=turn.tries)
        if outcome.prompt is None:
            if flow_finished.receivers:
                self._add(flow_finished, FlowFinished, result=outcome.result)
            return
        key = outcome.prompt.key
        if outcome.rejected is not None and prompt_rejected.receivers:
            self._add(prompt_rejected, PromptRejected, key=key, attempts=turn.tries, message=outcome.rejected)
        if prompt_shown.receivers:
            self._add(prompt_shown, PromptShown, key=key, attempts=turn.attempts)


async def _told(flow: Flow[..., Any], events: Iterable[tuple[Signal[Any], Any]]) -> None:
    for signal, event in events:
        await emit(signal, flow, event)
