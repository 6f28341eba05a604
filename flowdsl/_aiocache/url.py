"""An aiocache cache from an address such as ``redis://localhost:6379/0``."""

from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from aiocache.base import BaseCache

from flowdsl._aiocache.memory import MemoryCache, MemoryStore
from flowdsl._aiocache.store import CacheStore
from flowdsl.errors import ConfigurationError
from flowdsl.settings import count, seconds
from flowdsl.store import SessionStore

__all__ = ["open_cache", "open_store"]


def open_store(url: str) -> SessionStore:
    """Make a session store on the cache that an address names; closing the store closes the cache.

    Args:
        url: what :func:`open_cache` takes.

    Raises:
        ConfigurationError: as :func:`open_cache`.
    """
    cache = open_cache(url)
    return MemoryStore(cache) if isinstance(cache, MemoryCache) else CacheStore(cache, owned=True)


# A turn reads and writes once each, and the strictest gateway waits 5 seconds for its answer.
_TIMEOUT: Final = 2.0
_CONNECTIONS: Final = 50
# aiomcache opens all of them with the first command, and a Memcached takes 1,024 from everybody unless told otherwise.
_MEMCACHED_CONNECTIONS: Final = 10

_REDIS: Final = {"redis", "rediss", "valkey", "valkeys"}


def open_cache(url: str) -> BaseCache:
    """Make the cache that an address names.

    Args:
        url: ``memory://``, ``redis://[user:password@]host[:port][/db]`` (or ``rediss://`` for TLS,
            ``valkey://``, ``valkeys://``) or ``memcached://host[:port]``. Options follow as a query:
            ``?timeout=2`` seconds, ``?namespace=`` and ``?connections=50`` (Memcached: 10) for all but memory,
            ``?sessions=100000`` for memory.

    Raises:
        ConfigurationError: the address cannot be read, or what it needs is not installed.

    >>> open_cache("memory://?sessions=10")
    MemoryCache(0 of 10 sessions)
    """
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        if parts.scheme == "memory":
            if parts.netloc or parts.path.strip("/"):
                raise ConfigurationError(f"the cache {_shown(url)!r} has a host, and memory is that of this process: memory://")
            cache: BaseCache = MemoryCache(int(options.pop("sessions", "100000")))
        elif parts.scheme in _REDIS:
            cache = _redis(parts, options)
        elif parts.scheme == "memcached":
            cache = _memcached(parts, options)
        else:
            raise ConfigurationError(
                f"the cache {_shown(url)!r} is of no known kind: write memory://, redis://host:6379/0, rediss://…, valkey://… "
                "or memcached://host:11211"
            )
    except ValueError as error:
        raise ConfigurationError(f"the cache {_shown(url)!r} cannot be read: {error}") from error
    if options:
        raise ConfigurationError(
            f"the cache {_shown(url)!r} has an option that does not exist: {', '.join(options)} (there are timeout, namespace "
            "and connections, and for memory sessions)"
        )
    return cache


def _shown(url: str) -> str:
    # Errors are logged, and the password of a store must not be.
    scheme, mark, rest = url.partition("://")
    access, at, place = rest.rpartition("@")
    return f"{scheme}{mark}{access.partition(':')[0]}:…@{place}" if at and ":" in access else url


def _shared(parts: SplitResult, options: dict[str, str], port: int) -> dict[str, Any]:
    # The endpoint, as both of aiocache's networked caches call it.
    return {
        "endpoint": parts.hostname or "127.0.0.1",
        "port": parts.port or port,
        "timeout": _timeout(options),
        "namespace": options.pop("namespace", None),
    }


def _timeout(options: dict[str, str]) -> float:
    return seconds("time-out of the cache", float(options.pop("timeout", _TIMEOUT)))


def _connections(options: dict[str, str], usual: int) -> int:
    return count("number of connections to the cache", int(options.pop("connections", usual)))


def _redis(parts: SplitResult, options: dict[str, str]) -> BaseCache:
    try:
        from aiocache.backends.redis import RedisCache
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
    except ImportError as error:
        raise ConfigurationError(
            "sessions in Redis or Valkey need redis-py: pip install 'flowdsl[redis]', or '.[redis]' in a clone"
        ) from error
    # One try again at once, for a connection that the server closed while it was idle; more would eat the
    # gateway's time. aiocache's from_url knows neither TLS nor user names.
    # The store has the time-out; and of the two protocols the older one is read faster.
    connection: dict[str, Any] = {"retry": Retry(NoBackoff(), 1), "socket_timeout": None, "protocol": 2}
    if parts.username:
        connection["username"] = unquote(parts.username)
    shared = _shared(parts, options, 6379)
    cache: BaseCache = RedisCache(
        **shared,
        db=_database(parts.path.strip("/")),
        password=unquote(parts.password) if parts.password else None,
        ssl=parts.scheme in ("rediss", "valkeys"),
        pool_max_size=_connections(options, _CONNECTIONS),
        create_connection_timeout=shared["timeout"],
        connection_pool_kwargs=connection,
    )
    return cache


def _database(name: str) -> int:
    if name and not name.isdecimal():
        raise ConfigurationError(f"the database {name!r} in the address of the cache is no number: Redis numbers them from 0")
    return int(name or 0)


def _memcached(parts: SplitResult, options: dict[str, str]) -> BaseCache:
    try:
        from aiocache.backends.memcached import MemcachedCache
    except ImportError as error:
        raise ConfigurationError(
            "sessions in Memcached need aiomcache: pip install 'flowdsl[memcached]', or '.[memcached]' in a clone"
        ) from error
    if parts.path.strip("/"):
        raise ConfigurationError(f"the cache has the path {parts.path!r}, and Memcached has no databases: memcached://host:11211")
    cache: BaseCache = MemcachedCache(**_shared(parts, options, 11211), pool_size=_connections(options, _MEMCACHED_CONNECTIONS))
    return cache
