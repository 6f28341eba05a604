"""A session store on any aiocache cache. What it works around is said where it does."""

import asyncio
import math
import os
import sys
import time
from collections.abc import Callable, Coroutine
from hashlib import sha256
from typing import Any, Final, TypeVar

from aiocache.base import BaseCache

from flowdsl.errors import ConfigurationError, StoreUnavailable
from flowdsl.store import Stored

__all__ = ["CacheStore", "refuse_if_disabled"]

T = TypeVar("T")

# Memcached allows 250 bytes, and a namespace of the cache's own must fit too.
_KEY_LENGTH: Final = 200
# Memcached takes a longer one for a date (protocol.txt, "Expiration times").
_MEMCACHED_LONGEST_TTL: Final = 30 * 24 * 3600


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
        at_once: how many operations may be under way; the others wait. ``None`` for any number.

    Raises:
        ConfigurationError: aiocache is switched off by the environment.
    """

    def __init__(self, cache: BaseCache, *, owned: bool, at_once: int | None = None) -> None:
        refuse_if_disabled()
        self._cache = cache
        self._owned = owned
        self._timeout: float | None = cache.timeout or None
        self._slots = None if at_once is None else asyncio.Semaphore(at_once)
        self._memcached = getattr(cache, "NAME", "") == "memcached"
        if self._memcached:
            _drop_interrupted_connections(cache)

    async def load(self, key: str) -> Stored | None:
        """Read a value and its token, in one round trip."""
        key = _safe(key)
        if not self._memcached:
            value = await self._done(self._cache.get(key, loads_fn=_as_is, timeout=0), "read")
            return None if value is None else Stored(_as_text(value), value)
        # aiocache reads Memcached's token and its value one after the other; its own command has both.
        built = self._cache.build_key(key, namespace=self._cache.namespace)
        value, token = await self._done(self._cache.raw("gets", built, timeout=0), "read")
        return None if value is None else Stored(_as_text(value), token)

    async def create(self, key: str, value: str, ttl: float | None) -> bool:
        """Write a value where there is none."""

        async def add() -> bool:
            try:
                await self._cache.add(_safe(key), value, ttl=self._ttl(ttl), dumps_fn=_as_is, timeout=0)
            except ValueError:  # aiocache's way to say that the key exists
                return False
            return True

        return await self._done(add(), "write")

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        """Write a value over the one whose token was read: atomic in memory, Redis and Memcached."""
        setting = self._cache.set(_safe(key), value, ttl=self._ttl(ttl), dumps_fn=_as_is, timeout=0, _cas_token=token)
        return bool(await self._done(setting, "write"))

    async def touch(self, key: str, ttl: float | None) -> None:
        """Renew a value's time to live."""
        # Zero is "for ever" in all three; Redis takes whole seconds only here.
        seconds = 0 if ttl is None else math.ceil(ttl)
        await self._done(self._cache.expire(_safe(key), self._ttl(seconds) if seconds else 0, timeout=0), "renew")

    async def delete(self, key: str) -> bool:
        """Remove a value."""
        return bool(await self._done(self._cache.delete(_safe(key), timeout=0), "delete"))

    async def close(self) -> None:
        """Close the cache's connections, if they are this store's to close."""
        if not self._owned:
            return
        client: Any = getattr(self._cache, "client", None)
        if hasattr(client, "aclose"):  # redis-py deprecated the close() that aiocache calls
            await client.aclose(close_connection_pool=True)
        else:
            await self._cache.close()

    def _ttl(self, ttl: float | None) -> float | int | None:
        if not self._memcached or ttl is None:
            return ttl
        seconds = math.ceil(ttl)
        return seconds if seconds <= _MEMCACHED_LONGEST_TTL else int(time.time()) + seconds

    async def _done(self, operation: Coroutine[Any, Any, T], verb: str) -> T:
        try:
            if self._timeout is None:
                return await operation
            # aiocache's own time-out makes a task for every call before Python 3.12.
            async with asyncio.timeout(self._timeout):
                if self._slots is None:
                    return await operation
                async with self._slots:
                    return await operation
        # Each backend has errors of its own, and all of them mean the same: the store failed.
        except Exception as error:
            reason = "it did not answer in time" if isinstance(error, asyncio.TimeoutError) else repr(error)
            raise StoreUnavailable(f"the session store {self._cache!r} could not {verb}: {reason}") from error


def _as_is(value: Any) -> Any:
    return value


def _as_text(value: str | bytes) -> str:
    # What is not text is no session either; let the record's reader say so.
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _safe(key: str) -> str:
    # Composed ids pass as they are. aiocache writes a blank as "_" for Memcached, which would give
    # two sessions one key, and Memcached refuses control characters and long keys.
    if len(key) <= _KEY_LENGTH and key.isascii() and key.isprintable() and " " not in key:
        return key
    return "%" + sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _drop_interrupted_connections(cache: Any) -> None:
    """Keep aiomcache from using a connection on which an answer is still to come.

    A command that is cancelled, as by a time-out, leaves its answer unread, and aiomcache 0.8 gives the
    connection back all the same: the next command would read it, and so one person's session for another's.
    """
    pool = cache.client._pool
    release: Callable[[Any], None] = pool.release

    def release_or_drop(connection: Any) -> None:
        if isinstance(sys.exc_info()[1], asyncio.CancelledError):
            connection.reader.set_exception(ConnectionResetError("interrupted before its answer came"))
        release(connection)

    pool.release = release_or_drop
