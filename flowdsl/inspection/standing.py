"""Where a conversation stands, told by playing it as the next message would, without touching anything. Pure.

What was called is not called: a turn that would have to is told to wait there.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from flowdsl.apologies import contained
from flowdsl.deliveries import Delivery
from flowdsl.errors import AuthorError
from flowdsl.flow import Flow, OnChange
from flowdsl.journal import Entry
from flowdsl.messages import Inbound, Reply
from flowdsl.outcome import Asked, Divergence, Limits
from flowdsl.pauses import Pause
from flowdsl.playing import Playing
from flowdsl.prompt import Prompt
from flowdsl.record import FlowState, Intent, Record
from flowdsl.rendering import render
from flowdsl.replay import Replay
from flowdsl.service import Service
from flowdsl.source import UNKNOWN, position, source_line
from flowdsl.texts import in_language

__all__ = ["STAND_IN", "Failure", "Standing", "Subject", "stand"]

STAND_IN: Final = "+233244123456"
"""The number that a flow is told where nobody's is known: sessions hold none."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a conversation is played with, beside what its session holds.

    Args:
        flow: the flow, as its code is now.
        params: its keyword parameters.
        msisdn: the number that it is told, which is its person's user id as well.
    """

    flow: Flow[..., Any]
    params: Mapping[str, Any] = {}
    msisdn: str = STAND_IN


class Failure(msgspec.Struct, frozen=True):
    """What a flow raised: ``file:line``, the name of the exception's class, and what it says."""

    where: str
    name: str
    message: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a conversation stands.

    Args:
        where: ``file:line`` of the step it waits at, or where it raised.
        asked: the question; ``None`` where it asks nothing.
        prompt: the same, as the flow made it.
        shown: what the person is shown.
        intent: the call that it waits for.
        journal: what was answered and called, as far as the code still comes to it, in its order.
        aside: the rest.
        divergence: where the code and the journal parted.
        on_change: what becomes of it then.
        failure: what it raised, instead of all of the above.
    """

    where: str
    asked: Asked | None = None
    prompt: Prompt[Any] | None = None
    shown: Reply | None = None
    intent: Intent | None = None
    journal: list[Entry] = []
    aside: list[Entry] = []
    divergence: Divergence | None = None
    on_change: OnChange = "reuse"
    failure: Failure | None = None


def stand(
    subject: Subject,
    record: Record,
    state: FlowState,
    watch: Callable[[Replay], None] | None = None,
    fell: Callable[[BaseException], None] | None = None,
) -> Standing:
    """Tell where a conversation stands.

    Args:
        subject: the flow.
        record: the session.
        state: where it is said to stand there.
        watch: is shown the replay where it has stopped.
        fell: is shown what the flow raised.
    """
    # Texts are made in the language of the conversation, and that of whoever asks must stay what it was.
    return in_language(None, lambda: _stood(subject, record, state, watch, fell))


def _stood(
    subject: Subject,
    record: Record,
    state: FlowState,
    watch: Callable[[Replay], None] | None,
    fell: Callable[[BaseException], None] | None,
) -> Standing:
    where, on_change = subject.flow.where, subject.flow.on_change

    def watched(replay: Replay) -> None:
        nonlocal where, on_change
        where, on_change = position(replay.generator), replay.flow.on_change
        if watch is not None:
            watch(replay)

    if state.open is not None:  # what is told is of the code as it is now, and not of the one that began the turn
        state = msgspec.structs.replace(state, open=msgspec.structs.replace(state.open, divergence=None))
    playing = _playing(subject, record, state)
    playing.watch = watched
    try:
        outcome = playing.played_on(state, None)
        if isinstance(outcome, Pause):
            opened = outcome.record.flows[subject.flow.name].open
            assert opened is not None
            return Standing(where=where, intent=opened.intent, journal=opened.journal, aside=opened.aside)
        shown, _ = render(outcome, None)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if fell is not None:
            fell(error)
        failure = _failure(contained(error), subject.flow)
        return Standing(where=failure.where, failure=failure)
    return Standing(
        where=where,
        asked=outcome.asked,
        prompt=outcome.prompt,
        shown=shown,
        journal=outcome.journal,
        aside=outcome.aside,
        divergence=outcome.divergence,
        on_change=on_change,
    )


def _playing(subject: Subject, record: Record, state: FlowState) -> Playing:
    service = Service(flow=subject.flow, params=subject.params, screen=None, limits=_LIMITS)
    opening = state.opening
    inbound = Inbound(
        platform=opening.platform, gateway=opening.gateway, msisdn=subject.msisdn, user_id=subject.msisdn, name=opening.name
    )
    # By whoever is in the middle of a turn, so that a call which must not run twice is not taken for lost.
    by = "" if state.open is None else state.open.by
    delivery = Delivery(inbound=inbound, mark="", owner=record.owner, by=by, now=opening.at)
    return Playing(service, delivery, inbound, record, record.revision, opening.at)


# Those of the service are not known here. Nothing is saved, and a flow that loops for ever must come to an end all the same.
_LIMITS: Final = Limits(entries=10**6, bytes=10**9, steps=10**5, calls=10**6, depth=10**3)


def _failure(error: Exception, flow: Flow[..., Any]) -> Failure:
    where = getattr(error, "where", None) or source_line(error)
    # The place is told beside the message, and need not be told in it.
    bare = error.__cause__ if isinstance(error, AuthorError) and type(error.__cause__) is type(error) else error
    return Failure(flow.where if where == UNKNOWN else where, type(error).__name__, str(bare))
