"""What the runtime needs of a place that keeps sessions."""

from typing import Any, NamedTuple, Protocol

__all__ = ["SessionStore", "Stored"]


class Stored(NamedTuple):
    """A stored value, and the token that proves which one was read."""

    value: str
    token: Any


class SessionStore(Protocol):
    """What the runtime needs of a place that keeps sessions. Values are texts; keys are session ids.

    Every operation raises :class:`~flowdsl.errors.StoreUnavailable` where its outcome is unknown.
    """

    async def load(self, key: str) -> Stored | None:
        """Read a value, or ``None`` where there is none."""
        ...

    async def create(self, key: str, value: str, ttl: float | None) -> bool:
        """Write a value where there is none; ``False`` where there is one already."""
        ...

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        """Write a value over the one that was read; ``False`` where that is no longer there."""
        ...

    async def touch(self, key: str, ttl: float | None) -> None:
        """Let a value live for ``ttl`` seconds from now on."""
        ...

    async def delete(self, key: str) -> bool:
        """Remove a value; ``False`` where there was none."""
        ...

    async def close(self) -> None:
        """Give back what the store holds open."""
        ...
