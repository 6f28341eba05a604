"""Read, create and compare-and-set on each kind of aiocache cache, in one round trip each."""

import asyncio
import math
import sys
import time
from collections.abc import Awaitable, Callable
from hashlib import sha1, sha256
from typing import Any, Final, Protocol

from aiocache.base import BaseCache

from flowdsl._aiocache.batches import Batches

__all__ = ["Backend", "backend_of"]

# Memcached takes a longer one for a date (protocol.txt, "Expiration times").
_MEMCACHED_LONGEST_TTL: Final = 30 * 24 * 3600

# Memcached allows 250 bytes, and a namespace of the cache's own must fit too.
_KEY_LENGTH: Final = 200


class Backend(Protocol):
    """What differs between the kinds of caches. Whatever goes wrong is raised as the client raises it.

    ``bounded`` tells that its operations end in the cache's time by themselves.
    """

    bounded: bool

    async def get(self, key: str) -> tuple[str | bytes, Any] | None:
        """Read a value and the token that proves it was read."""
        ...

    async def add(self, key: str, value: str, ttl: float | None) -> bool:
        """Write a value where there is none."""
        ...

    async def swap(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        """Write a value over the one that was read."""
        ...

    async def touch(self, key: str, ttl: float | None) -> None:
        """Renew a value's time to live."""
        ...

    async def delete(self, key: str) -> bool:
        """Remove a value; ``False`` where there was none."""
        ...


def backend_of(cache: BaseCache) -> Backend:
    """Choose how to speak to a cache."""
    kind = getattr(cache, "NAME", "")
    if kind == "memcached":
        return _Memcached(cache)
    # Plugins of a person's own must see every operation, so they go the long way.
    return _Redis(cache) if kind == "redis" and not cache.plugins else _Any(cache)


class _Any:
    """Any cache, by aiocache's own operations.

    aiocache's time-out makes a task for every call before Python 3.12, so the store has its own; and its
    serializer is passed by, because values are texts already.
    """

    bounded = False

    def __init__(self, cache: Any) -> None:
        self.cache = cache  # aiocache's decorators hide from type checkers what its methods take

    async def get(self, key: str) -> tuple[str | bytes, Any] | None:
        value = await self.cache.get(_safe(key), loads_fn=_as_is, timeout=0)
        return None if value is None else (value, value)

    async def add(self, key: str, value: str, ttl: float | None) -> bool:
        try:
            await self.cache.add(_safe(key), value, ttl=ttl, dumps_fn=_as_is, timeout=0)
        except ValueError:  # aiocache's way to say that the key exists
            return False
        return True

    async def swap(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        return bool(await self.cache.set(_safe(key), value, ttl=ttl, dumps_fn=_as_is, timeout=0, _cas_token=token))

    async def touch(self, key: str, ttl: float | None) -> None:
        await self.cache.expire(_safe(key), 0 if ttl is None else math.ceil(ttl), timeout=0)  # zero is "for ever"

    async def delete(self, key: str) -> bool:
        return bool(await self.cache.delete(_safe(key), timeout=0))


class _Redis(_Any):
    """Redis or Valkey, by the commands that aiocache sends, without the layers around them.

    They take about as long as the commands themselves.
    """

    bounded = True

    def __init__(self, cache: Any) -> None:
        super().__init__(cache)
        # Where a pool has no more connections it raises, and does not wait.
        pool = getattr(cache.client, "connection_pool", None)
        connections: int | None = getattr(pool, "max_connections", None)
        self.send = Batches(cache.client, timeout=cache.timeout or None, at_once=connections).send
        self.script: str = cache.CAS_SCRIPT
        self.digest = sha1(self.script.encode(), usedforsecurity=False).hexdigest()  # Redis names scripts by it
        self.native = True

    def built(self, key: str) -> str:
        built: str = self.cache.build_key(key, namespace=self.cache.namespace)
        return built

    async def get(self, key: str) -> tuple[str | bytes, Any] | None:
        value = await self.send("GET", self.built(key))
        return None if value is None else (value, value)

    async def add(self, key: str, value: str, ttl: float | None) -> bool:
        return bool(await self.send("SET", self.built(key), value, "NX", *_lifetime(ttl)))

    async def swap(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        from redis.exceptions import NoScriptError, ResponseError

        if self.native:
            try:
                # Valkey from 8.1 and Redis from 8.4 compare by themselves, for a tenth of what a script takes.
                return bool(await self.send("SET", self.built(key), value, "IFEQ", token, *_lifetime(ttl)))
            except ResponseError as error:
                if "syntax" not in str(error).lower():
                    raise
                self.native = False  # an older server; it has written nothing
        arguments = (1, self.built(key), value, token, *_lifetime(ttl))
        try:
            return bool(await self.send("EVALSHA", self.digest, *arguments))
        except NoScriptError:  # once after each start of the server
            return bool(await self.send("EVAL", self.script, *arguments))

    async def touch(self, key: str, ttl: float | None) -> None:
        built = self.built(key)
        await (self.send("PERSIST", built) if ttl is None else self.send("PEXPIRE", built, math.ceil(ttl * 1000)))

    async def delete(self, key: str) -> bool:
        return bool(await self.send("DEL", self.built(key)))


class _Memcached(_Any):
    """Memcached, whose token is not the value; aiocache reads the two one after the other."""

    def __init__(self, cache: Any) -> None:
        super().__init__(cache)
        _guard_connections(cache.client._pool)

    async def get(self, key: str) -> tuple[str | bytes, Any] | None:
        built = self.cache.build_key(_safe(key), namespace=self.cache.namespace)
        value, token = await self.cache.raw("gets", built, timeout=0)
        return None if value is None else (value, token)

    async def add(self, key: str, value: str, ttl: float | None) -> bool:
        return await super().add(key, value, _whole(ttl))

    async def swap(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        return await super().swap(key, value, token, _whole(ttl))

    async def touch(self, key: str, ttl: float | None) -> None:
        await super().touch(key, _whole(ttl))


def _safe(key: str) -> str:
    # Composed ids pass as they are. aiocache writes a blank as "_" for Memcached, which would give two sessions one
    # key, and Memcached refuses control characters and long keys; of other caches nothing is known.
    if len(key) <= _KEY_LENGTH and key.isascii() and key.isprintable() and " " not in key:
        return key
    return "%" + sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _lifetime(ttl: float | None) -> tuple[str | int, ...]:
    return () if ttl is None else ("PX", math.ceil(ttl * 1000))


def _whole(ttl: float | None) -> int | None:
    if ttl is None:
        return None
    seconds = math.ceil(ttl)
    return seconds if seconds <= _MEMCACHED_LONGEST_TTL else int(time.time()) + seconds


def _as_is(value: Any) -> Any:
    return value


def _guard_connections(pool: Any) -> None:
    """Mend what aiomcache 0.8 does with a connection that breaks in the middle of an answer.

    A command that is cancelled, as by a time-out, leaves its answer unread, and the connection is given back all
    the same: the next command would read it, and so one person's session for another's. And a command whose server
    closes the connection reads its end for ever, without a chance for anything else in the process to run. Connections
    of an event loop that is over are forgotten, as they are where batches go to Redis.
    """
    acquire: Callable[[], Awaitable[Any]] = pool.acquire
    release: Callable[[Any], None] = pool.release
    connect: Callable[[], Awaitable[Any]] = pool._create_new_conn
    loop: asyncio.AbstractEventLoop | None = None

    async def acquire_here() -> Any:
        nonlocal loop
        here = asyncio.get_running_loop()
        if loop is not here:
            pool._pool, pool._in_use, loop = asyncio.Queue(), set(), here
        return await acquire()

    def release_or_drop(connection: Any) -> None:
        if isinstance(sys.exc_info()[1], asyncio.CancelledError):
            connection.reader.set_exception(ConnectionResetError("interrupted before its answer came"))
        release(connection)

    async def connect_guarded() -> Any:
        connection = await connect()
        if connection is not None:
            connection.reader.readline = _whole_lines(connection.reader.readline)
        return connection

    pool.acquire = acquire_here
    pool.release = release_or_drop
    pool._create_new_conn = connect_guarded


def _whole_lines(readline: Callable[[], Awaitable[bytes]]) -> Callable[[], Awaitable[bytes]]:
    async def whole_line() -> bytes:
        line = await readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the server closed the connection in the middle of its answer")
        return line

    return whole_line
