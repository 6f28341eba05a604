"""An aiocache cache in memory that cannot grow without bound."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from aiocache.base import BaseCache
from aiocache.serializers import StringSerializer

from flowdsl._aiocache.store import refuse_if_disabled
from flowdsl.errors import ConfigurationError
from flowdsl.store import Stored

__all__ = ["MemoryCache", "MemoryStore"]

logger = logging.getLogger("flowdsl")


class MemoryCache(BaseCache):  # type: ignore[misc]  # aiocache has no types
    """Sessions of one process, lost when it ends: for development, tests and demonstrations.

    Unlike ``aiocache.SimpleMemoryCache`` it holds at most ``sessions`` values, forgets expired ones as
    it goes instead of keeping a timer for each, and takes the least recently written one when it is full.

    Args:
        sessions: how many values it may hold.
        clock: gives seconds that only grow.
    """

    NAME = "memory"

    def __init__(self, sessions: int = 100_000, *, clock: Callable[[], float] = time.monotonic) -> None:
        # aiocache's time-out makes a task for every call, and nothing here can wait.
        super().__init__(serializer=StringSerializer(), timeout=0)
        if sessions < 1:
            raise ConfigurationError(f"a memory cache of {sessions} sessions can hold none: give at least 1")
        self._sessions = sessions
        self._clock = clock
        self._values: OrderedDict[str, tuple[Any, float | None]] = OrderedDict()
        self._full = False

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"MemoryCache({len(self._values)} of {self._sessions} sessions)"

    def held(self, key: str) -> Any:
        """Read a value without waiting; ``None`` where there is none."""
        held = self._values.get(key)
        if held is None:
            return None
        value, deadline = held
        if deadline is None or self._clock() < deadline:
            return value
        del self._values[key]
        return None

    def swap(self, key: str, value: Any, held: Any, ttl: float | None) -> bool:
        """Write a value over the one that is held, or over none, without waiting; ``False`` if another is held."""
        if held != self.held(key):
            return False
        self._put(key, value, ttl)
        return True

    def discard(self, key: str) -> bool:
        """Remove a value without waiting; ``False`` where there was none."""
        return self._values.pop(key, None) is not None

    async def _get(self, key: str, encoding: str | None = None, _conn: Any = None) -> Any:
        return self.held(key)

    async def _exists(self, key: str, _conn: Any = None) -> bool:
        return self.held(key) is not None

    async def _set(self, key: str, value: Any, ttl: float | None = None, _cas_token: Any = None, _conn: Any = None) -> bool:
        return self.swap(key, value, self.held(key) if _cas_token is None else _cas_token, ttl)

    async def _add(self, key: str, value: Any, ttl: float | None = None, _conn: Any = None) -> bool:
        if not self.swap(key, value, None, ttl):
            raise ValueError(f"Key {key} already exists, use .set to update the value")
        return True

    async def _expire(self, key: str, ttl: float | None, _conn: Any = None) -> bool:
        value = self.held(key)
        return value is not None and self.swap(key, value, value, ttl)

    async def _delete(self, key: str, _conn: Any = None) -> int:
        return int(self.discard(key))

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        for key in [key for key in self._values if key.startswith(namespace or "")]:
            del self._values[key]
        return True

    def _put(self, key: str, value: Any, ttl: float | None) -> None:
        now = self._clock()
        values = self._values
        values[key] = (value, now + ttl if ttl else None)
        values.move_to_end(key)
        # Two looks at the oldest per write are enough to forget faster than to remember.
        for _ in range(2):
            oldest = next(iter(values))
            deadline = values[oldest][1]
            if deadline is None or now < deadline:
                break
            del values[oldest]
        if len(values) > self._sessions:
            values.popitem(last=False)
            if not self._full:
                self._full = True
                logger.warning("memory holds its limit of %d sessions: the oldest are now forgotten", self._sessions)


class MemoryStore:
    """A session store in the memory of this process: nothing of it waits, so nothing of it takes aiocache's way round.

    Args:
        cache: holds the sessions.

    Raises:
        ConfigurationError: aiocache is switched off by the environment.
    """

    def __init__(self, cache: MemoryCache) -> None:
        refuse_if_disabled()
        self._cache = cache

    async def load(self, key: str) -> Stored | None:
        """Read a value; it is its own token."""
        value = self._cache.held(key)
        return None if value is None else Stored(value, value)

    async def create(self, key: str, value: str, ttl: float | None) -> bool:
        """Write a value where there is none."""
        return self._cache.swap(key, value, None, ttl)

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        """Write a value over the one that was read."""
        return self._cache.swap(key, value, token, ttl)

    async def touch(self, key: str, ttl: float | None) -> None:
        """Let a value live longer."""
        value = self._cache.held(key)
        if value is not None:
            self._cache.swap(key, value, value, ttl)

    async def delete(self, key: str) -> bool:
        """Remove a value."""
        return self._cache.discard(key)

    async def close(self) -> None:
        """Give nothing back: there is nothing to close."""
