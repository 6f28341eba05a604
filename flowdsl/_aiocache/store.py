"""A session store on any aiocache cache."""

import asyncio
import os
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from aiocache.base import BaseCache

from flowdsl._aiocache.backends import backend_of
from flowdsl.errors import ConfigurationError, StoreUnavailable
from flowdsl.store import Stored

__all__ = ["CacheStore", "refuse_if_disabled"]

T = TypeVar("T")


def refuse_if_disabled() -> None:
    """Stop where aiocache is switched off, because then every session would vanish without a word.

    Raises:
        ConfigurationError: the environment has ``AIOCACHE_DISABLE=1``.
    """
    if os.getenv("AIOCACHE_DISABLE") == "1":
        raise ConfigurationError(
            "AIOCACHE_DISABLE=1 switches aiocache off, and every answer would be forgotten at once: unset it in the "
            "environment of this process"
        )


class CacheStore:
    """Sessions in an aiocache cache: memory, Redis, Valkey or Memcached.

    Args:
        cache: any aiocache cache. Its serializer is not used: values are texts already, and neither
            pickled nor shared as live objects.
        owned: close the cache with the store.

    Raises:
        ConfigurationError: aiocache is switched off by the environment.
    """

    def __init__(self, cache: BaseCache, *, owned: bool) -> None:
        refuse_if_disabled()
        self._cache: Any = cache
        self._backend = backend_of(cache)
        self._owned = owned
        self._timeout: float | None = None if self._backend.bounded else cache.timeout or None

    async def load(self, key: str) -> Stored | None:
        """Read a value and its token."""
        held = await self._done(self._backend.get(key), "read")
        return None if held is None else Stored(_as_text(held[0]), held[1])

    async def create(self, key: str, value: str, ttl: float | None) -> bool:
        """Write a value where there is none."""
        return await self._done(self._backend.add(key, value, ttl), "write")

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        """Write a value over the one whose token was read: atomic in memory, Redis and Memcached."""
        return await self._done(self._backend.swap(key, value, token, ttl), "write")

    async def touch(self, key: str, ttl: float | None) -> None:
        """Renew a value's time to live."""
        await self._done(self._backend.touch(key, ttl), "renew")

    async def delete(self, key: str) -> bool:
        """Remove a value."""
        return await self._done(self._backend.delete(key), "delete")

    async def close(self) -> None:
        """Close the cache's connections, if they are this store's to close."""
        if not self._owned:
            return
        client: Any = getattr(self._cache, "client", None)
        with suppress(RuntimeError):  # of an event loop that is closed, and has closed the connections with it
            if hasattr(client, "aclose"):  # redis-py deprecated the close() that aiocache calls
                await client.aclose(close_connection_pool=True)
            else:
                await self._cache.close()

    async def _done(self, operation: Coroutine[Any, Any, T], verb: str) -> T:
        try:
            if self._timeout is None:
                return await operation
            async with asyncio.timeout(self._timeout):
                return await operation
        # Each backend has errors of its own, and all of them mean the same: the store failed.
        except Exception as error:
            late = isinstance(error, asyncio.TimeoutError)
            reason = "it did not answer in time" if late else f"{type(error).__name__}: {error}"
            raise StoreUnavailable(f"the session store {self._cache!r} could not {verb}: {reason}") from error


def _as_text(value: str | bytes) -> str:
    # What is not text is no session either; let the record's reader say so.
    return value if isinstance(value, str) else value.decode("utf-8", "replace")
