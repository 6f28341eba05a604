"""All sessions of a Redis or Valkey, found and read without touching them."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from aiocache.base import BaseCache

from flowdsl._aiocache.store import CacheStore, refuse_if_disabled
from flowdsl._aiocache.url import open_cache
from flowdsl.errors import ConfigurationError, StoreUnavailable

__all__ = ["Held", "Sessions", "open_sessions"]

T = TypeVar("T")

# Keys asked for in one round; a server is busy with so many for less than a millisecond.
_BATCH: Final = 500
# How every record begins, since its version comes first. Values of others may be large, and are not read further.
_BEGINS: Final = b'{"version":'
_GLOB: Final = re.compile(r"[*?\[\]^\\]")


class Held(NamedTuple):
    """What is kept under a key: the session's id, its record, and for how many seconds it will live.

    ``stored`` is ``None`` where the value is no record, and ``left`` where it lives for ever.
    """

    session_id: str
    stored: str | None
    left: float | None


class Sessions:
    """The sessions of a Redis or Valkey.

    Nothing is written and no time to live renewed; where the server can, reading does not even count as use.

    Args:
        cache: an aiocache cache on Redis, which is closed with this.
        shown: its address, without a password.
    """

    def __init__(self, cache: BaseCache, shown: str) -> None:
        refuse_if_disabled()
        self.store = CacheStore(cache, owned=True)
        """The same sessions, one by one."""
        self._shown = shown
        self._cache: Any = cache
        # One command after the other, and so by one connection, since what is asked of it holds for itself only.
        self._client: Any = self._cache.client
        self._asked = False
        namespace = self._cache.namespace
        self._prefix = f"{namespace}:".encode() if namespace else b""

    async def scan(self) -> AsyncIterator[list[Held]]:
        """Give what is kept, a batch at a time, every key once.

        Keys that are no texts are given as if they were, and their values as no records.

        Raises:
            StoreUnavailable: the server does not answer, or refuses.
        """
        pattern = _GLOB.sub(r"\\\g<0>", self._prefix.decode()) + "*"
        cursor, seen = 0, set[bytes]()
        while True:
            found = await self._done(partial(self._client.scan, cursor, match=pattern, count=_BATCH))
            cursor, keys = int(found[0]), list(dict.fromkeys(map(_bytes, found[1])))
            fresh = [key for key in keys if key not in seen]  # a server may give one twice, while it grows
            seen.update(fresh)
            if fresh:
                yield await self._read(fresh)
            if not cursor:
                return

    async def find(self, session_ids: Iterable[str]) -> list[Held | None]:
        """Read sessions by their ids; ``None`` for each of which there is none.

        Raises:
            StoreUnavailable: the server does not answer, or refuses.
        """
        keys = [self._prefix + session_id.encode("utf-8", "surrogateescape") for session_id in session_ids]
        there = await self._each(*(("EXISTS", key) for key in keys))
        held = await self._read(keys)
        return [each if exists else None for each, exists in zip(held, there, strict=True)]

    async def close(self) -> None:
        """Close the connections."""
        await self.store.close()

    async def _read(self, keys: list[bytes]) -> list[Held]:
        heads = await self._each(*(("GETRANGE", key, 0, len(_BEGINS) - 1) for key in keys))
        ours = [key for key, head in zip(keys, heads, strict=True) if not isinstance(head, Exception) and _bytes(head) == _BEGINS]
        values: dict[bytes, str] = {}
        left: dict[bytes, float | None] = {}
        if ours:
            got = await self._done(lambda: self._client.mget(ours))
            times = await self._each(*(("PTTL", key) for key in ours))
            for key, value, time in zip(ours, got, times, strict=True):
                left[key] = time / 1000 if isinstance(time, int) and time >= 0 else None
                if value is not None:
                    values[key] = _bytes(value).decode("utf-8", "replace")
        return [Held(self._id(key), values.get(key), left.get(key)) for key in keys]

    def _id(self, key: bytes) -> str:
        return key[len(self._prefix) :].decode("utf-8", "surrogateescape")

    async def _each(self, *commands: tuple[Any, ...]) -> list[Any]:
        if not commands:
            return []
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        answers: list[Any] = await self._done(lambda: pipeline.execute(raise_on_error=False))
        return answers

    async def _done(self, ask: Callable[[], Awaitable[T]]) -> T:
        from redis.exceptions import RedisError, ResponseError

        try:
            async with asyncio.timeout(self._cache.timeout or None):
                if not self._asked:
                    self._asked = True
                    with suppress(ResponseError):  # before Redis 7.2, where reading a value makes it look used
                        await self._client.execute_command("CLIENT", "NO-TOUCH", "ON")
                return await ask()
        except (RedisError, OSError, TimeoutError) as error:
            late = isinstance(error, TimeoutError)
            reason = "it did not answer in time" if late else f"{type(error).__name__}: {error}"
            raise StoreUnavailable(f"the sessions at {self._shown} cannot be read: {reason}") from error


def open_sessions(url: str) -> Sessions:
    """Open the sessions of a Redis or Valkey.

    Args:
        url: ``redis://…`` or another address of one that :func:`open_cache` takes.

    Raises:
        ConfigurationError: the address is of something else, or cannot be read.
    """
    cache = open_cache(url)
    if getattr(cache, "NAME", "") != "redis":
        kind = url.partition(":")[0]
        raise ConfigurationError(
            f"the cache {kind}://… is neither Redis nor Valkey, of which alone the sessions can be listed: memory is that of "
            "the process that serves, and Memcached tells no keys"
        )
    return Sessions(cache, f"{getattr(cache, 'endpoint', '')}:{getattr(cache, 'port', '')}")


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
