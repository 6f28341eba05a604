"""Sessions in aiocache; the only room that touches it."""

from flowdsl._aiocache.memory import MemoryCache, MemoryStore
from flowdsl._aiocache.scanning import Held, Sessions, open_sessions
from flowdsl._aiocache.store import CacheStore, refuse_if_disabled
from flowdsl._aiocache.url import open_cache, open_store

__all__ = [
    "CacheStore",
    "Held",
    "MemoryCache",
    "MemoryStore",
    "Sessions",
    "open_cache",
    "open_sessions",
    "open_store",
    "refuse_if_disabled",
]
