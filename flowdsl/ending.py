"""What becomes of a session when its gateway says that its own is over. Pure."""

import msgspec

from flowdsl.deliveries import afterlife, names_one
from flowdsl.record import Record
from flowdsl.trouble import is_parked

__all__ = ["is_of", "let_go", "lifetime", "lives"]


def lives(record: Record | None, flow: str, owner: str) -> bool:
    """Tell whether a person's conversation is in a session.

    Args:
        record: the session; ``None`` where there is none.
        flow: name of the flow.
        owner: the person, hashed; ``""`` where nobody says who it is. Then the session's id must do.
    """
    if record is None or (owner and record.owner and record.owner != owner):
        return False
    return flow in record.flows


def is_of(record: Record, flow: str, request: str) -> bool:
    """Tell whether a conversation stands in a session of the gateway, as far as that is known.

    Args:
        record: the session.
        flow: name of the flow, which is in it.
        request: digest of the gateway's id; ``""`` where the notice has none.
    """
    known = record.flows[flow].latest
    return not known or not request or known == request


def let_go(record: Record, flow: str) -> Record | None:
    """Take a conversation out of its session; ``None`` where that must stay.

    A call that is under way, a reply that was not shown yet, and a conversation that was given up until somebody looks are
    not thrown away. Messages that were answered are remembered, so that a late delivery begins nothing.

    Args:
        record: the session.
        flow: name of the flow, which is in it.
    """
    state = record.flows[flow]
    if state.open is not None or state.owed is not None or is_parked(record, flow, record.owner):
        return None
    flows = {name: other for name, other in record.flows.items() if name != flow}
    return msgspec.structs.replace(record, revision=record.revision + 1, flows=flows)


def lifetime(record: Record, ttl: float | None) -> float | None:
    """Tell for how many seconds a session lives after a conversation was taken out of it.

    Args:
        record: what is left of it.
        ttl: seconds that it lives after a message.
    """
    return ttl if record.alive or record.served or any(names_one(seen.mark) for seen in record.seen) else afterlife(ttl)
