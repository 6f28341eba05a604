"""Sessions in aiocache; the only room that touches it."""

from flowdsl._aiocache.memory import MemoryCache
from flowdsl._aiocache.store import CacheStore, refuse_if_disabled
from flowdsl._aiocache.url import open_cache, open_store

__all__ = ["CacheStore", "MemoryCache", "open_cache", "open_store", "refuse_if_disabled"]
