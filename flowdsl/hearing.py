"""What is new in a message, where only its session can tell: whether it begins a conversation, and what it adds. Pure.

Some gateways send all that was typed in their session each time, joined by stars. What was heard before is kept as its length
and a digest, since a PIN may be in it.
"""

from typing import NamedTuple

import msgspec

from flowdsl.deliveries import Delivery, digest
from flowdsl.record import FlowState, Record

__all__ = ["Hearing", "hear", "overheard", "told_by_session"]

_SEPARATOR = "*"


class Hearing(NamedTuple):
    """A message as its session understands it.

    Args:
        text: what was typed in it.
        new: a conversation begins here.
        request: digest of the gateway's id of its session.
        heard: what has been heard in that then, as :attr:`FlowState.heard <flowdsl.record.FlowState>` keeps it.
    """

    text: str
    new: bool
    request: str
    heard: str


class _Heard(NamedTuple):
    """What was heard until now.

    Args:
        length: characters with which all that comes next begins: what was typed, and the star behind it.
        digest: names them.
        before: how many of them the message before had brought.
    """

    length: int
    digest: str
    before: int


def told_by_session(delivery: Delivery) -> bool:
    """Tell whether only the session knows what is new in a message."""
    return delivery.inbound.new is None or delivery.inbound.history is not None


def hear(delivery: Delivery, state: FlowState | None) -> Hearing:
    """Understand a message by what was heard in its session before.

    Args:
        delivery: the message.
        state: where its flow stands.
    """
    inbound, history = delivery.inbound, delivery.inbound.history
    request = digest(inbound.request_id or "")
    new = (state is None or state.request != request) if inbound.new is None else inbound.new
    if history is None:
        return Hearing("" if new else inbound.text, new, request, "")
    if new:
        return Hearing("", new, request, _written(delivery, history.text, len(history.text), begins=True))
    text, heard = _added(delivery, history.text, state)
    return Hearing(inbound.text if delivery.changed else text, new, request, heard)


def overheard(delivery: Delivery, flow: str, record: Record | None) -> Record | None:
    """Take note of a message that was answered without the flow; ``None`` where the session does not need to know.

    What comes first in a gateway's session is not noted, or the next message would not begin a conversation.

    Args:
        delivery: the message.
        flow: name of the flow.
        record: the session.
    """
    state = None if record is None or record.owner != delivery.owner else record.flows.get(flow)
    if record is None or state is None:
        return None
    hearing = hear(delivery, state)
    if hearing.new or state.request != hearing.request or state.heard == hearing.heard:
        return None
    flows = {**record.flows, flow: msgspec.structs.replace(state, heard=hearing.heard)}
    return msgspec.structs.replace(record, revision=record.revision + 1, flows=flows)


def _added(delivery: Delivery, text: str, state: FlowState | None) -> tuple[str, str]:
    """Tell what a text adds to what was heard, and what has been heard then."""
    last = len(text) - len(text.rpartition(_SEPARATOR)[2])
    heard = _read(state.heard) if state is not None and state.heard else None
    if state is None or heard is None:
        return text[last:], _written(delivery, text, last)
    following = text + _SEPARATOR
    if (len(following) == heard.length and _is_begun_by(delivery, following, heard)) or not (text or heard.length):
        if _is_same(delivery, state):
            return text[heard.before :], state.heard
        return "", _written(delivery, text, len(text))
    if _is_begun_by(delivery, text, heard):
        return text[heard.length :], _written(delivery, text, heard.length)
    # Heard in another session of the gateway, or written anew by it: all that can be told is what was typed last.
    return text[last:], _written(delivery, text, last)


def _is_same(delivery: Delivery, state: FlowState) -> bool:
    """Tell whether a message that adds nothing is the one before: it was not answered, or this would not be asked."""
    history, opened = delivery.inbound.history, state.open
    going_on = opened is not None and (opened.mark == delivery.mark or opened.by == delivery.by)
    return going_on or (history is not None and history.repeats)


def _is_begun_by(delivery: Delivery, text: str, heard: _Heard) -> bool:
    return len(text) >= heard.length and heard.digest == _named(delivery, text[: heard.length])


def _named(delivery: Delivery, text: str) -> str:
    # By the session, too, so that nobody sees who types the same.
    return digest(f"{delivery.inbound.request_id}\n{text}", delivery.secret)


def _written(delivery: Delivery, text: str, before: int, *, begins: bool = False) -> str:
    """Write down what has been heard. Where nothing was dialled, the first answer comes without a star before it."""
    following = text if begins and not text else text + _SEPARATOR
    return f"{len(following)}:{_named(delivery, following)}:{before}"


def _read(heard: str) -> _Heard:
    length, name, before = heard.split(":")
    return _Heard(int(length), name, int(before))
