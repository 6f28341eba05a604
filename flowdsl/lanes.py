"""One at a time in one process: messages of one session queue, and a retry waits for the first one's answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

__all__ = ["Lanes"]

T = TypeVar("T")


class _Lane(Generic[T]):
    __slots__ = ("lock", "users", "waited", "works")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0
        # What is being answered, and who waits for the same answer; nobody does as a rule.
        self.works: dict[str, Callable[[], Awaitable[T]]] = {}
        self.waited: dict[str, asyncio.Future[T]] = {}


class Lanes(Generic[T]):
    """A lock per session, made when it is needed and gone when nobody waits for it."""

    __slots__ = ("_lanes",)

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane[T]] = {}

    def __len__(self) -> int:
        return len(self._lanes)

    async def run(self, key: str, name: str | None, work: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """Do the work alone among all of its key.

        Args:
            key: the session.
            name: what makes two messages the same one; ``None`` where each is its own.
            work: what to do; it may be done again when it failed.

        Returns:
            What the work came to, and whether it was that of an earlier message of the same name that had
            not been answered yet. Where that one failed, its work is done once more, not the later one's:
            only it knows what it has tried already.
        """
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane()
        lane.users += 1
        try:
            if name is None:
                async with lane.lock:
                    return await work(), False
            taken_over = False
            while (first := lane.works.get(name)) is not None:
                waited = lane.waited.get(name)
                if waited is None:
                    waited = lane.waited[name] = asyncio.get_running_loop().create_future()
                await asyncio.wait([waited])
                if not waited.cancelled():
                    return waited.result(), True
                work, taken_over = first, True
            lane.works[name] = work
            try:
                async with lane.lock:
                    result = await work()
                if (waited := lane.waited.get(name)) is not None:
                    waited.set_result(result)
                return result, taken_over
            finally:
                del lane.works[name]
                if (waited := lane.waited.pop(name, None)) is not None:
                    waited.cancel()  # no effect on one that has its result
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[key]
