"""What a conversation remembers beside its answers."""

from typing import Any

from flowdsl.effects import Effects

__all__ = ["Session"]


class Session:
    """What a conversation remembers beside its answers; flows that share a session share it.

    A flow always sees the data as it was when the flow began, with its own changes applied, so a
    replayed ``session.set("count", session.get("count", 0) + 1)`` gives the same count every time.
    """

    __slots__ = ("_effects",)

    def __init__(self, effects: Effects) -> None:
        self._effects = effects

    def get(self, key: str, default: Any = None) -> Any:
        """Read a value, or the default where there is none.

        Raises:
            UnstorableValue: it is of a type that the flow does not name.
        """
        return self._effects.read(key, default)

    def set(self, key: str, value: Any) -> None:
        """Remember a value of any type that an answer may have.

        Raises:
            UnstorableValue: it cannot be stored; the message says why.
        """
        self._effects.write(key, value)

    def delete(self, key: str) -> None:
        """Forget a value; nothing happens where there is none."""
        self._effects.forget(key)

    def clear(self) -> None:
        """Forget all values."""
        self._effects.forget_all()

    def exists(self) -> bool:
        """Tell whether anything is remembered at all."""
        return not self._effects.empty

    def destroy(self) -> None:
        """Forget all values, and let the session end with this flow, whatever other flows live in it."""
        self._effects.forget_all()
        self._effects.destroyed = True

    def __contains__(self, key: object) -> bool:
        return self._effects.has(key)
