"""What stays of a turn in which the flow raised, and when a conversation is given up. Pure."""

import msgspec

from flowdsl.deliveries import Delivery
from flowdsl.errors import CallFailed, TooManyAttempts
from flowdsl.hearing import hear, told_by_session
from flowdsl.journal import CALL, has_failed
from flowdsl.record import FlowState, Open, Record, Trouble, anew
from flowdsl.service import Service

__all__ = ["after_failure", "is_parked", "taken_up"]


def after_failure(
    service: Service, delivery: Delivery, record: Record | None, error: BaseException, where: str, park_after: int | None
) -> Record:
    """Give the session back as it was before a turn that raised, and count.

    A turn in which a call is done that must not be made again is not taken back: it goes on at the next message. A call
    whose failure the flow did not catch is made again then, unless it must not be.

    Args:
        service: the flow.
        delivery: the message that was being answered.
        record: the session as it is stored.
        error: what the flow raised.
        where: ``file:line`` of that.
        park_after: how often in a row it may raise at one place; ``None`` for any number.
    """
    name = service.flow.name
    if record is None or record.owner != delivery.owner:
        record = anew(record, delivery.owner, delivery.now)
    before = record.trouble.get(name)
    count = before.count + 1 if before is not None and before.where == where else 1
    flows = {other: state for other, state in record.flows.items() if other != name}
    state = record.flows.get(name)
    if state is not None and not isinstance(error, TooManyAttempts):
        kept = _taken_back(state, error)
        if kept is not None and told_by_session(delivery):
            # What was typed has been heard, or it would be taken for a part of the next answer.
            hearing = hear(delivery, state)
            kept = msgspec.structs.replace(kept, request=hearing.request, heard=hearing.heard or kept.heard)
        if kept is not None:
            flows[name] = kept
    trouble = Trouble(where, count, parked=park_after is not None and count >= park_after)
    return msgspec.structs.replace(record, revision=record.revision + 1, flows=flows, trouble={**record.trouble, name: trouble})


def is_parked(record: Record | None, flow: str, owner: str) -> bool:
    """Tell whether a conversation was given up."""
    if record is None or record.owner != owner:
        return False
    trouble = record.trouble.get(flow)
    return trouble is not None and trouble.parked


def taken_up(record: Record | None, flow: str | None) -> Record | None:
    """Let conversations go on that were given up, at the next message.

    Args:
        record: the session.
        flow: name of the flow; ``None`` for all of them.

    Returns:
        The session as it is to be, or ``None`` where nothing was given up.
    """
    if record is None:
        return None
    names = [name for name, trouble in record.trouble.items() if trouble.parked and name == (flow or name)]
    if not names:
        return None
    flows = {**record.flows}
    for name in names:
        state = flows.get(name)
        if state is not None and state.open is not None:
            # What made calls without end may have been mended since.
            flows[name] = msgspec.structs.replace(state, open=msgspec.structs.replace(state.open, calls=0))
    trouble = {name: each for name, each in record.trouble.items() if name not in names}
    return msgspec.structs.replace(record, revision=record.revision + 1, flows=flows, trouble=trouble)


def _taken_back(state: FlowState, error: BaseException) -> FlowState | None:
    opened = state.open
    if opened is None:
        return state
    if opened.back is not None:  # what is undone stays so, and the rest is tried again
        return msgspec.structs.replace(state, open=msgspec.structs.replace(opened, intent=None, until=0.0))
    if opened.settled or _must_not_run(opened):
        return msgspec.structs.replace(state, open=_to_be_tried_again(opened, error))
    # What was called has failed, so nothing of this turn need stay. Nothing was asked before the first one.
    return opened.replaced if state.asked is None and not state.journal else msgspec.structs.replace(state, open=None)


def _to_be_tried_again(opened: Open, error: BaseException) -> Open:
    last = opened.journal[-1] if opened.journal else None
    again = opened.again and last is not None and last.kind == CALL and has_failed(last) and _is_of(error, last.key)
    journal = opened.journal[:-1] if again else opened.journal
    intent = opened.intent if _must_not_run(opened) else None
    return msgspec.structs.replace(opened, journal=journal, intent=intent, until=0.0)


def _must_not_run(opened: Open) -> bool:
    """Tell whether a process died in a call that must not run twice, so that it fails at the next message as well."""
    return opened.intent is not None and opened.intent.once


def _is_of(error: BaseException | None, key: str) -> bool:
    while error is not None:
        if isinstance(error, CallFailed):
            return error.key == key
        error = error.__cause__
    return False
