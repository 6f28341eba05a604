"""What happens in conversations, for those who listen: blinker signals with typed events.

The sender is the flow, so ``connect(receiver, sender=registration)`` listens to one flow only. A receiver
is a function or a coroutine function of ``(sender, *, event)``. Events tell sessions by their id, in which
the number is hashed unless that is switched off. No answer is in them but what an author's own messages tell.
"""

import asyncio
import logging
from decimal import Decimal
from inspect import isawaitable
from typing import Any, Final, Generic, Protocol, TypeVar

import blinker
import msgspec

from flowdsl.flow import Flow
from flowdsl.messages import EndReason

__all__ = [
    "AlphabetForced",
    "CacheEvent",
    "CallEvent",
    "Event",
    "FlowDiverged",
    "FlowFailed",
    "FlowFinished",
    "FlowStarted",
    "MessageEvent",
    "PageTurned",
    "PaymentReceived",
    "PromptAnswered",
    "PromptRejected",
    "PromptShown",
    "Receiver",
    "SessionEnded",
    "SessionEvent",
    "SessionParked",
    "Signal",
    "WebhookEvent",
    "alphabet_forced",
    "call_failed",
    "call_finished",
    "emit",
    "flow_diverged",
    "flow_failed",
    "flow_finished",
    "flow_started",
    "message_duplicate",
    "message_received",
    "message_sent",
    "namespace",
    "pagination_triggered",
    "payment_received",
    "prompt_answered",
    "prompt_rejected",
    "prompt_shown",
    "session_cache_hit",
    "session_cache_miss",
    "session_created",
    "session_destroyed",
    "session_ended",
    "session_parked",
    "session_resumed",
    "webhook_failed",
    "webhook_verified",
]

logger = logging.getLogger("flowdsl")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What every event tells: the flow, and on what platform and through which gateway."""

    flow: str
    platform: str
    gateway: str


class SessionEvent(Event, frozen=True, kw_only=True):
    """A session began, went on after the person dialled again, or is over."""

    session_id: str


class CacheEvent(Event, frozen=True, kw_only=True):
    """The store had a record of the session, or had none."""

    session_id: str


class MessageEvent(Event, frozen=True, kw_only=True):
    """A message came in, came in again, or its reply was handed to the gateway.

    ``session_id`` is ``None`` where middleware replied without the flow.
    """

    session_id: str | None
    message_id: str | None


class FlowStarted(Event, frozen=True, kw_only=True):
    """A conversation began."""

    session_id: str


class FlowFinished(Event, frozen=True, kw_only=True):
    """A conversation ended; ``result`` is what the flow returned."""

    session_id: str
    result: Any


class FlowFailed(Event, frozen=True, kw_only=True):
    """A flow raised, and the person read an apology.

    The session is as it was before, unless a call had succeeded: then the answer stays, and the next message goes on.
    """

    session_id: str
    exception: Exception
    where: str


class FlowDiverged(Event, frozen=True, kw_only=True):
    """The code no longer asks what the journal answers next, as after a deploy.

    ``expected`` is the key of the journal's next answer, ``found`` the key of what the code asks instead,
    or ``None`` where it ends; ``where`` is the ``file:line`` of that.
    """

    session_id: str
    expected: str
    found: str | None
    where: str


class PromptShown(Event, frozen=True, kw_only=True):
    """A question was put to the person; ``attempts`` is how often it was answered in vain."""

    session_id: str
    key: str
    attempts: int


class PromptAnswered(Event, frozen=True, kw_only=True):
    """A question was answered; ``attempts`` is how many tries it took, the last one included."""

    session_id: str
    key: str
    attempts: int


class PromptRejected(Event, frozen=True, kw_only=True):
    """An answer was refused; ``message`` is what the person was told, or ``""`` where it was the last that they may give."""

    session_id: str
    key: str
    attempts: int
    message: str


class CallEvent(Event, frozen=True, kw_only=True):
    """A call has succeeded, or has failed for the last time; then ``error`` names what it raised, and ``where`` the line.

    ``tries`` is how often its function was run, ``seconds`` how long all of it took.
    """

    session_id: str
    key: str
    tries: int
    seconds: float
    error: str = ""
    where: str = ""


class SessionEnded(Event, frozen=True, kw_only=True):
    """The gateway said that its session is over: the person hung up, or the time ran out.

    ``reason`` and ``detail`` are what it told of that, and ``kept`` is whether the conversation can still go on.
    ``session_id`` is ``None`` where nothing in the notice says whose session it is.
    """

    session_id: str | None
    reason: EndReason
    detail: str
    kept: bool


class PaymentReceived(Event, frozen=True, kw_only=True):
    """A gateway said that something was paid for, or was not. More than once, perhaps, and whoever knows the address can.

    ``order_id`` is the gateway's id of the order: ask the gateway about it before anything is delivered, and deliver once.
    ``session_id`` is that of the session in which the checkout was said, ``None`` where the notice does not tell it.
    """

    session_id: str | None
    order_id: str
    amount: Decimal
    currency: str
    successful: bool


class SessionParked(Event, frozen=True, kw_only=True):
    """A flow has raised so often at one place that it is not played any more in this session, until somebody looks.

    ``where`` is the ``file:line``, ``failures`` how often it raised there in a row.
    """

    session_id: str
    where: str
    failures: int


class PageTurned(Event, frozen=True, kw_only=True):
    """A screen was too long for one page; ``page`` of ``pages`` is shown, counted from 1."""

    session_id: str
    page: int
    pages: int


class AlphabetForced(Event, frozen=True, kw_only=True):
    """What is shown on a USSD screen takes twice the room, since it has characters that are not in the GSM 7-bit alphabet.

    ``key`` is that of the question that is asked, or ``""``; ``characters`` are those that are not in it, each once.
    ``session_id`` is ``None`` where middleware replied without the flow.
    """

    session_id: str | None
    key: str
    characters: str


class WebhookEvent(Event, frozen=True, kw_only=True):
    """A request proved where it comes from, or was refused; then ``status`` and ``reason`` say how."""

    status: int
    reason: str


E = TypeVar("E", bound=Event)
E_contra = TypeVar("E_contra", bound=Event, contravariant=True)


class Receiver(Protocol[E_contra]):
    """What can listen to a signal: a function or a coroutine function."""

    def __call__(self, sender: Flow[..., Any], /, *, event: E_contra) -> Any:
        """Take an event."""
        ...


class Signal(blinker.NamedSignal, Generic[E]):
    """A blinker signal whose receivers are held strongly and called with one typed event.

    >>> @flow_started.connect
    ... def count(sender, *, event):
    ...     print("started", event.flow)
    >>> flow_started.disconnect(count)
    """

    def __init__(self, name: str, event: type[E]) -> None:
        super().__init__(name, event.__doc__)
        self.event = event

    # blinker holds receivers weakly unless told otherwise, so a lambda would be gone at once.
    # Narrower than blinker's: a type checker refuses a receiver of another signal's event.
    def connect(  # type: ignore[override]
        self, receiver: Receiver[E], sender: Any = blinker.ANY, weak: bool = False
    ) -> Receiver[E]:
        """Call a receiver whenever this happens.

        Args:
            receiver: a function or coroutine function of ``(sender, *, event)``.
            sender: a flow, to hear of that flow only.
            weak: forget the receiver when nothing else holds it.
        """
        connected: Receiver[E] = super().connect(receiver, sender, weak)
        return connected


namespace: Final = blinker.Namespace()
"""The signals by their names, such as ``"session.created"``."""


def _signal(name: str, event: type[E]) -> Signal[E]:
    signal = Signal(name, event)
    namespace[name] = signal
    return signal


session_created: Final = _signal("session.created", SessionEvent)
session_resumed: Final = _signal("session.resumed", SessionEvent)
session_destroyed: Final = _signal("session.destroyed", SessionEvent)
session_ended: Final = _signal("session.ended", SessionEnded)
session_cache_hit: Final = _signal("session.cache.hit", CacheEvent)
session_cache_miss: Final = _signal("session.cache.miss", CacheEvent)
session_parked: Final = _signal("session.parked", SessionParked)
flow_started: Final = _signal("flow.started", FlowStarted)
flow_finished: Final = _signal("flow.finished", FlowFinished)
flow_failed: Final = _signal("flow.failed", FlowFailed)
flow_diverged: Final = _signal("flow.diverged", FlowDiverged)
prompt_shown: Final = _signal("prompt.shown", PromptShown)
prompt_answered: Final = _signal("prompt.answered", PromptAnswered)
prompt_rejected: Final = _signal("prompt.rejected", PromptRejected)
call_finished: Final = _signal("call.finished", CallEvent)
call_failed: Final = _signal("call.failed", CallEvent)
message_received: Final = _signal("message.received", MessageEvent)
message_sent: Final = _signal("message.sent", MessageEvent)
message_duplicate: Final = _signal("message.duplicate", MessageEvent)
webhook_verified: Final = _signal("webhook.verified", WebhookEvent)
webhook_failed: Final = _signal("webhook.failed", WebhookEvent)
payment_received: Final = _signal("payment.received", PaymentReceived)
pagination_triggered: Final = _signal("pagination.triggered", PageTurned)
alphabet_forced: Final = _signal("alphabet.forced", AlphabetForced)


async def emit(signal: Signal[E], sender: Flow[..., Any], event: E) -> None:
    """Tell every receiver, one after the other; one that raises, or exits, is logged and keeps nobody from hearing."""
    for receiver in list(signal.receivers_for(sender)):
        try:
            result = receiver(sender, event=event)
            if isawaitable(result):
                await result
        except KeyboardInterrupt:
            raise
        except BaseException:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise  # it is this telling that is given up, and not something that the receiver waited for
            logger.exception("receiver %r of %s raised; the conversation is not affected", receiver, signal.name)
