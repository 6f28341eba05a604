"""An aiocache cache in memory that cannot grow without bound."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from aiocache.base import BaseCache
from aiocache.serializers import StringSerializer

from flowdsl.errors import ConfigurationError

__all__ = ["MemoryCache"]

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

    # aiocache wraps the public operations in look-ups of the environment, time-outs and plugins, which here
    # would take several times as long as the work.
    async def get(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, key: str, default: Any = None, loads_fn: Callable[[Any], Any] | None = None, **_: Any
    ) -> Any:
        """Read a value, or the default."""
        value = await self._get(key)
        if value is None:
            return default
        return value if loads_fn is None else loads_fn(value)

    async def set(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        key: str,
        value: Any,
        ttl: float | None = None,
        dumps_fn: Callable[[Any], Any] = str,
        _cas_token: Any = None,
        **_: Any,
    ) -> bool:
        """Write a value; with a token only over the value that was read."""
        return await self._set(key, dumps_fn(value), ttl, _cas_token)

    async def add(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, key: str, value: Any, ttl: float | None = None, dumps_fn: Callable[[Any], Any] = str, **_: Any
    ) -> bool:
        """Write a value where there is none."""
        return await self._add(key, dumps_fn(value), ttl)

    async def _get(self, key: str, encoding: str | None = None, _conn: Any = None) -> Any:
        held = self._values.get(key)
        if held is None or not self._expired(held[1]):
            return held and held[0]
        del self._values[key]
        return None

    async def _exists(self, key: str, _conn: Any = None) -> bool:
        return await self._get(key) is not None

    async def _set(self, key: str, value: Any, ttl: float | None = None, _cas_token: Any = None, _conn: Any = None) -> bool:
        if _cas_token is not None and _cas_token != await self._get(key):
            return False
        self._put(key, value, ttl)
        return True

    async def _add(self, key: str, value: Any, ttl: float | None = None, _conn: Any = None) -> bool:
        if await self._get(key) is not None:
            raise ValueError(f"Key {key} already exists, use .set to update the value")
        self._put(key, value, ttl)
        return True

    async def _expire(self, key: str, ttl: float | None, _conn: Any = None) -> bool:
        value = await self._get(key)
        if value is None:
            return False
        self._put(key, value, ttl)
        return True

    async def _delete(self, key: str, _conn: Any = None) -> int:
        return 0 if self._values.pop(key, None) is None else 1

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        for key in [key for key in self._values if key.startswith(namespace or "")]:
            del self._values[key]
        return True

    def _expired(self, deadline: float | None) -> bool:
        return deadline is not None and self._clock() >= deadline

    def _put(self, key: str, value: Any, ttl: float | None) -> None:
        self._values[key] = (value, self._clock() + ttl if ttl else None)
        self._values.move_to_end(key)
        # Two looks at the oldest per write are enough to forget faster than to remember.
        for _ in range(2):
            oldest, (_value, deadline) = next(iter(self._values.items()))
            if not self._expired(deadline):
                break
            del self._values[oldest]
        if len(self._values) > self._sessions:
            self._values.popitem(last=False)
            if not self._full:
                self._full = True
                logger.warning("memory holds its limit of %d sessions: the oldest are now forgotten", self._sessions)
