"""``flowdsl sessions retry``: let conversations go on that were given up."""

import argparse
import sys
from typing import Final

from flowdsl._aiocache import Held, Sessions
from flowdsl.commands.shared import no_session, out, record_of
from flowdsl.errors import UnreadableRecord
from flowdsl.inspection import counted, printable
from flowdsl.place import Place
from flowdsl.record import read
from flowdsl.trouble import taken_up

__all__ = ["retry"]

_ANY_SIZE: Final = sys.maxsize
_SHORTEST: Final = 0.001


async def retry(chosen: argparse.Namespace, sessions: Sessions) -> int:
    """Let sessions go on that were given up.

    Returns:
        The exit status: 1 where one of them is not there.

    Raises:
        StoreError: a session cannot be read or written.
    """
    if chosen.all:
        count = 0
        async for batch in sessions.scan():
            for held in batch:
                if held.stored is not None and _is_given_up(held.stored, chosen.flow):
                    count += await _retried(sessions, held, chosen.flow)
        out([f"{counted(count, 'session')} will be tried again"])
        return 0
    missing = 0
    for session_id in dict.fromkeys(chosen.sessions):
        (held_one,) = await sessions.find([session_id])
        if held_one is None:
            missing += no_session(session_id)
        else:
            record_of(held_one)
            if not await _retried(sessions, held_one, chosen.flow):
                out([f"not given up: {printable(session_id)}"])
    return int(missing > 0)


async def _retried(sessions: Sessions, held: Held, flow: str | None) -> bool:
    # It lives as long as it would have: what is saved must be told how long, or would live for ever.
    left = None if held.left is None else max(held.left, _SHORTEST)
    place = Place(sessions.store, held.session_id, left, _ANY_SIZE)
    if await place.amend(lambda record: taken_up(record, flow)) is None:
        return False
    out([f"will be tried again: {printable(held.session_id)}"])
    return True


def _is_given_up(stored: str, flow: str | None) -> bool:
    try:
        return taken_up(read(stored), flow) is not None
    except UnreadableRecord:
        return False
