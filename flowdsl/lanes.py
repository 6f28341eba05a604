"""One at a time in one process: messages of one session queue, and a retry waits for the first one's answer."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

__all__ = ["Lanes", "TooLate"]

T = TypeVar("T")

_Work: TypeAlias = Callable[[], Awaitable[tuple[T, asyncio.Future[Any] | None]]]


class TooLate(Exception):
    """Others of the session were not done in time."""


class _Lane(Generic[T]):
    """A lock, which as a rule nobody waits for: then it is taken and given back without a coroutine."""

    __slots__ = ("held", "queue", "users", "waited", "works")

    def __init__(self) -> None:
        self.held = False
        self.users = 0
        self.queue: deque[asyncio.Future[None]] = deque()
        # What is being answered, and who waits for the same answer; nobody does as a rule.
        self.works: dict[str, _Work[T]] = {}
        self.waited: dict[str, asyncio.Future[T]] = {}

    async def turn(self, until: float | None) -> None:
        """Wait until it is one's turn, in the order of asking.

        Args:
            until: time of the event loop until which to wait; ``None`` for any time.

        Raises:
            TooLate: others were not done by then.
        """
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.append(mine)
        try:
            async with asyncio.timeout_at(until):
                await mine
        except BaseException as error:
            if mine.done() and not mine.cancelled():
                self.release()  # it was given the lane, and does not want it any more
            mine.cancel()
            if isinstance(error, TimeoutError):
                raise TooLate from None
            raise

    def release(self) -> None:
        """Give it to who has waited longest, or to nobody."""
        while self.queue:
            following = self.queue.popleft()
            if not following.done():
                following.set_result(None)
                return
        self.held = False


class Lanes(Generic[T]):
    """A lock per session, made when it is needed and gone when nobody waits for it."""

    __slots__ = ("_lanes",)

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane[T]] = {}

    def __len__(self) -> int:
        return len(self._lanes)

    async def run(self, key: str, name: str | None, work: _Work[T], until: float | None = None) -> tuple[T, bool]:
        """Do the work alone among all of its key.

        Args:
            key: the session.
            name: what makes two messages the same one; ``None`` where each is its own.
            work: what to do; it may be done again when it failed. It gives its result and, where it goes on after that,
                what is done when it has ended: until then nothing else of the key is done.
            until: time of the event loop until which to wait for others; ``None`` for any time.

        Returns:
            What the work came to, and whether it was that of an earlier message of the same name that had
            not been answered yet. Where that one failed, its work is done once more, not the later one's:
            only it knows what it has tried already.

        Raises:
            TooLate: others were not done in time, and nothing was done.
        """
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane()
        lane.users += 1
        try:
            if name is None:
                return await self._alone(key, lane, work, until), False
            taken_over = False
            while (first := lane.works.get(name)) is not None:
                waited = lane.waited.get(name)
                if waited is None:
                    waited = lane.waited[name] = asyncio.get_running_loop().create_future()
                await asyncio.wait([waited], timeout=None if until is None else until - asyncio.get_running_loop().time())
                if not waited.done():
                    raise TooLate
                if not waited.cancelled():
                    return waited.result(), True
                work, taken_over = first, True
            lane.works[name] = work
            try:
                result = await self._alone(key, lane, work, until)
                if (waited := lane.waited.get(name)) is not None:
                    waited.set_result(result)
                return result, taken_over
            finally:
                del lane.works[name]
                if (waited := lane.waited.pop(name, None)) is not None:
                    waited.cancel()  # no effect on one that has its result
        finally:
            self._leave(key, lane)

    async def _alone(self, key: str, lane: _Lane[T], work: _Work[T], until: float | None) -> T:
        if lane.held:
            await lane.turn(until)
        else:
            lane.held = True
        rest: asyncio.Future[Any] | None = None
        try:
            result, rest = await work()
            return result
        finally:
            if rest is None or rest.done():
                lane.release()
            else:
                lane.users += 1
                rest.add_done_callback(partial(self._released, key, lane))

    def _released(self, key: str, lane: _Lane[T], _: asyncio.Future[Any]) -> None:
        lane.release()
        self._leave(key, lane)

    def _leave(self, key: str, lane: _Lane[T]) -> None:
        lane.users -= 1
        if not lane.users:
            del self._lanes[key]
