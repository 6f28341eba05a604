"""One session in its store: read, and changed without overwriting what others have saved."""

from collections.abc import Callable
from typing import Final, NamedTuple

from flowdsl.errors import StoreUnavailable
from flowdsl.record import Record, read, write
from flowdsl.store import SessionStore, Stored

__all__ = ["TRIES", "Place"]

TRIES: Final = 20
"""Every lost save means that another one succeeded, so this many in a row do not happen to a person."""

_ROOM: Final = 16 * 1024
"""Bytes for what is noted beside a turn. That a conversation has outgrown its limits must be noted, too."""


class Place(NamedTuple):
    """A session in a store.

    Args:
        store: the store.
        session_id: the session.
        ttl: seconds that it lives after a change; ``None`` for ever.
        most: how many bytes its record may have.
    """

    store: SessionStore
    session_id: str
    ttl: float | None
    most: int

    async def load(self) -> tuple[Record | None, Stored | None]:
        """Read the record, and what proves that it was read."""
        held = await self.store.load(self.session_id)
        return (None, None) if held is None else (read(held.value), held)

    async def amend(
        self,
        change: Callable[[Record | None], Record | None],
        *,
        most: int | None = None,
        lifetime: Callable[[Record, float | None], float | None] | None = None,
    ) -> Record | None:
        """Change the record, over again for as long as others save first.

        Args:
            change: gives the record as it is to be, or ``None`` where there is nothing to change. It may be asked again.
            most: how many bytes the record may have; unless given, as many as in the middle of a turn, and some for a note.
            lifetime: tells how long it lives then, of the record and of the seconds that it lives as a rule.

        Returns:
            The record as it was saved, or ``None`` where nothing was.

        Raises:
            LimitExceeded: it would have more.
            StoreError: the session cannot be read or written. It may have been written all the same.
        """
        room = 2 * self.most + _ROOM if most is None else most
        for _ in range(TRIES):
            record, held = await self.load()
            following = change(record)
            if following is None:
                return None
            ttl = self.ttl if lifetime is None else lifetime(following, self.ttl)
            if await self._put(write(following, room), held, ttl):
                return following
        raise StoreUnavailable(f"session {self.session_id!r} was changed {TRIES} times while it was being saved")

    async def _put(self, stored: str, held: Stored | None, ttl: float | None) -> bool:
        if held is None:
            return await self.store.create(self.session_id, stored, ttl)
        return await self.store.save(self.session_id, stored, held.token, ttl)
