"""A gateway says that its session is over: the conversation is taken out of its session, after the messages before the notice."""

from typing import Any

from flowdsl.ending import is_of, let_go, lifetime, lives
from flowdsl.lanes import Lanes, TooLate
from flowdsl.place import Place
from flowdsl.record import Record

__all__ = ["hang_up"]


async def hang_up(place: Place, lanes: Lanes[Any], flow: str, owner: str, request: str, until: float) -> tuple[bool, bool]:
    """Let a conversation end, if it may.

    Args:
        place: its session.
        lanes: where messages of a session wait for each other.
        flow: name of the flow.
        owner: the person, hashed; ``""`` where nobody says who it is.
        request: digest of the gateway's id of its session; a conversation that goes on in another one of the same person is kept.
        until: time of the event loop until which to wait for messages.

    Returns:
        Whether the conversation is still there, and whether the session has ended with it.

    Raises:
        StoreError: the session cannot be read or written.
    """
    kept = False

    def change(record: Record | None) -> Record | None:
        nonlocal kept
        there = record is not None and lives(record, flow, owner) and is_of(record, flow, request)
        following = let_go(record, flow) if record is not None and there else None
        kept = following is None and lives(record, flow, owner)
        return following

    async def work() -> tuple[Record | None, None]:
        return await place.amend(change, lifetime=lifetime), None

    try:
        left, _ = await lanes.run(place.session_id, None, work, until)
    except TooLate:
        return True, False  # a message is still being answered, and nothing of that may be lost
    return kept, left is not None and not left.alive
