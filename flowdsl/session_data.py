"""Session data reached from outside of a flow: by the id of the session, or from middleware."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from flowdsl.effects import Effects
from flowdsl.journal import decode, written_alike
from flowdsl.place import Place
from flowdsl.record import Record, anew

__all__ = ["SessionData"]


class SessionData:
    """What a session remembers beside its answers, as its flows see it in ``chat.session``; also whether it exists at all.

    Made by :meth:`Runtime.session() <flowdsl.Runtime.session>`, and in middleware by ``next.session(inbound)``. Each
    method reads or changes what is stored at that moment, and never overwrites what others save meanwhile. A
    conversation that is under way goes on with the data with which it began; what is set here is seen by the next one.

    Args:
        place: the session in its store.
        types: enums and dataclasses that the data may hold, by name.
        owner: whose the session is, where it does not exist yet.
        clock: gives the time in seconds since 1970.
    """

    __slots__ = ("_clock", "_owner", "_place", "_types")

    def __init__(self, place: Place, types: Mapping[str, type], owner: str, clock: Callable[[], float]) -> None:
        self._place = place
        self._types = types
        self._owner = owner
        self._clock = clock

    @property
    def id(self) -> str:
        """The id of the session."""
        return self._place.session_id

    async def get(self, key: str, default: Any = None) -> Any:
        """Read a value, or the default where there is none.

        Raises:
            StoreError: the session cannot be read.
            UnstorableValue: the value is of a type that was not named.
        """
        data = await self._data()
        return decode(data[key], self._types) if key in data else default

    async def set(self, key: str, value: Any) -> None:
        """Remember a value of any type that an answer may have; a session that does not exist begins.

        Raises:
            StoreError: the session cannot be written.
            UnstorableValue: the value cannot be stored; the message says why.
        """
        writing = Effects({}, self._types)
        writing.write(key, value)
        await self._change(lambda data: {**data, **writing.stored()})

    async def delete(self, key: str) -> None:
        """Forget a value; nothing happens where there is none.

        Raises:
            StoreError: the session cannot be written.
        """
        await self._change(lambda data: {name: value for name, value in data.items() if name != key})

    async def clear(self) -> None:
        """Forget all values; conversations go on.

        Raises:
            StoreError: the session cannot be written.
        """
        await self._change(lambda data: {})

    async def exists(self) -> bool:
        """Tell whether the session does: whether a conversation is under way in it, or anything is remembered.

        Raises:
            StoreError: the session cannot be read.
        """
        record, _ = await self._place.load()
        return record is not None and record.alive

    async def destroy(self) -> bool:
        """Let the session end at once, with all its data and answers; ``False`` where there was none.

        Raises:
            StoreError: the session cannot be removed.
        """
        return await self._place.store.delete(self._place.session_id)

    async def _data(self) -> Mapping[str, Any]:
        record, _ = await self._place.load()
        return {} if record is None else record.data

    async def _change(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        def changed(record: Record | None) -> Record | None:
            record = anew(None, self._owner, self._clock()) if record is None else record
            data = change(record.data)
            if written_alike(data, record.data):
                return None
            return msgspec.structs.replace(record, revision=record.revision + 1, data=data)

        await self._place.amend(changed, most=self._place.most)
