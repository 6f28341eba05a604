"""Which store keeps the sessions: a cache that is opened, or one that somebody made."""

from typing import TYPE_CHECKING, Final

from flowdsl.errors import ConfigurationError
from flowdsl.store import SessionStore

if TYPE_CHECKING:
    from aiocache.base import BaseCache

__all__ = ["MEMORY", "chosen_store"]

MEMORY: Final = "memory://"
"""Address of the cache in the memory of this process."""

_METHODS: Final = ("load", "create", "save", "touch", "delete", "close")


def chosen_store(cache: "str | BaseCache", store: SessionStore | None) -> SessionStore:
    """Open a cache, or take a store as it is.

    Args:
        cache: an address, or an aiocache cache.
        store: a store instead; the cache must then be the default one.

    Raises:
        ConfigurationError: both are given, or one of them cannot be used.

    >>> type(chosen_store("memory://", None)).__name__
    'MemoryStore'
    """
    if store is None:
        return _store_on(cache)
    if cache != MEMORY:
        raise ConfigurationError("sessions are kept in one place: give a cache or a store, not both")
    lacking = [name for name in _METHODS if not callable(getattr(store, name, None))]
    if lacking or isinstance(store, type):
        raise ConfigurationError(
            f"the store is {store!r}, which {'has no ' + ', '.join(lacking) if lacking else 'is a class'}: "
            "give an object with the methods of SessionStore"
        )
    return store


def _store_on(cache: "str | BaseCache") -> SessionStore:
    # Imported when it is used: aiocache brings redis-py with it, which takes longer than all of flowdsl.
    from aiocache.base import BaseCache

    from flowdsl._aiocache import CacheStore, MemoryCache, MemoryStore, open_store

    if isinstance(cache, str):
        return open_store(cache)
    if not isinstance(cache, BaseCache):
        raise ConfigurationError(f"cache is {cache!r}: give an address such as 'redis://localhost:6379/0', or an aiocache cache")
    return MemoryStore(cache) if isinstance(cache, MemoryCache) else CacheStore(cache, owned=False)
