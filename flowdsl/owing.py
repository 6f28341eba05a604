"""A reply that was not ready when its message had to be answered, kept for the next one. Pure."""

import msgspec

from flowdsl.chat import Opening
from flowdsl.messages import Reply
from flowdsl.record import FlowState, Record

__all__ = ["owes", "owing", "paid"]


def owing(record: Record, flow: str, reply: Reply) -> Record:
    """Let the next message show a reply.

    Args:
        record: the session.
        flow: name of the flow; it may be over.
        reply: what to show.
    """
    state = record.flows.get(flow) or FlowState(opening=Opening("", 0.0, "", ""), over=True)
    return msgspec.structs.replace(record, flows={**record.flows, flow: msgspec.structs.replace(state, owed=reply)})


def owes(record: Record, flow: str, reply: Reply | None) -> bool:
    """Tell whether a reply has not been shown yet."""
    state = record.flows.get(flow)
    return state is not None and state.owed is not None and state.owed == reply


def paid(flow: str, reply: Reply | None, record: Record | None) -> Record | None:
    """Take note that a reply was shown after all; ``None`` where there is nothing to note."""
    if record is None or not owes(record, flow, reply):
        return None
    state = record.flows[flow]
    flows = {name: other for name, other in record.flows.items() if name != flow}
    if not state.over or state.pages:
        flows[flow] = msgspec.structs.replace(state, owed=None)
    return msgspec.structs.replace(record, revision=record.revision + 1, flows=flows)
