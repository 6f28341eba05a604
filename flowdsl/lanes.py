"""One at a time in one process: messages of one session queue, and a retry waits for the first one's answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

__all__ = ["Lanes"]

T = TypeVar("T")


class _Lane(Generic[T]):
    __slots__ = ("answers", "lock", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0
        # What is being answered, and who waits for the same answer; nobody does as a rule.
        self.answers: dict[str, asyncio.Future[T] | None] = {}


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
            work: what to do.

        Returns:
            What the work came to, and whether it was done for an earlier message of the same name
            that had not been answered yet. Where that one failed, the work is done again.
        """
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane()
        lane.users += 1
        try:
            if name is None:
                async with lane.lock:
                    return await work(), False
            while name in lane.answers:
                first = lane.answers[name]
                if first is None:
                    first = lane.answers[name] = asyncio.get_running_loop().create_future()
                await asyncio.wait([first])
                if not first.cancelled():
                    return first.result(), True
            lane.answers[name] = None
            try:
                async with lane.lock:
                    result = await work()
                if (waited := lane.answers[name]) is not None:
                    waited.set_result(result)
                return result, False
            finally:
                if (waited := lane.answers.pop(name)) is not None:
                    waited.cancel()  # no effect on one that has its result
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[key]
