"""What a conversation remembers beside its answers."""

from collections.abc import Mapping
from typing import Any

from flowdsl.errors import UnstorableValue
from flowdsl.journal import decode, encode, written_alike

__all__ = ["Session"]


class Session:
    """What a conversation remembers beside its answers; flows that share a session share it.

    A flow always sees the data as it was when the flow began, with its own changes applied, so a
    replayed ``session.set("count", session.get("count", 0) + 1)`` gives the same count every time.
    """

    __slots__ = ("_began", "_kept", "_values", "destroyed", "types")

    def __init__(self, began: Mapping[str, Any], types: Mapping[str, type]) -> None:
        self._began = began
        self.types = types
        """Enums and dataclasses that the data may hold."""
        # What nobody has read stays as it is stored: it may be another flow's, of a type that this one does not know.
        self._kept: dict[str, Any] | None = None
        self._values: dict[str, Any] = {}
        self.destroyed = False
        """The flow wants the session to end with it."""

    def get(self, key: str, default: Any = None) -> Any:
        """Read a value, or the default where there is none.

        Raises:
            UnstorableValue: it is of a type that the flow does not name.
        """
        if key not in self._values:
            kept = self._working()
            if key not in kept:
                return default
            self._values[key] = decode(kept[key], self.types)
            del kept[key]
        return self._values[key]

    def set(self, key: str, value: Any) -> None:
        """Remember a value of any type that an answer may have.

        Raises:
            UnstorableValue: it cannot be stored; the message says why.
        """
        self._stored(key, value)
        self._working().pop(key, None)
        self._values[key] = value

    def delete(self, key: str) -> None:
        """Forget a value; nothing happens where there is none."""
        self._working().pop(key, None)
        self._values.pop(key, None)

    def clear(self) -> None:
        """Forget all values."""
        self._working().clear()
        self._values.clear()

    def exists(self) -> bool:
        """Tell whether anything is remembered at all."""
        return bool(self._working() or self._values)

    def destroy(self) -> None:
        """Forget all values, and let the session end with this flow, whatever other flows live in it."""
        self.clear()
        self.destroyed = True

    def __contains__(self, key: object) -> bool:
        return key in self._working() or key in self._values

    def _working(self) -> dict[str, Any]:
        """Give what has not been read."""
        if self._kept is None:
            self._kept = dict(self._began)
        return self._kept

    def begin(self) -> None:
        """Forget all changes of the flow."""
        self._kept, self._values, self.destroyed = None, {}, False

    def repeat(self, changes: Mapping[str, Any]) -> None:
        """Make changes again that :meth:`changes` has told."""
        kept = self._working()
        for key, stored in changes.items():
            self.delete(key)
            if stored:
                kept[key] = stored[0]

    def _stored(self, key: str, value: Any) -> Any:
        if type(key) is not str:
            raise UnstorableValue(f"the key {key!r} of session data is not a text")
        try:
            encode(key, {})
            return encode(value, self.types)
        except UnstorableValue as error:
            raise UnstorableValue(f"session data {key!r} is {error}") from None

    def stored(self) -> Mapping[str, Any]:
        """Write down the data as they are now."""
        if self._kept is None:
            return self._began
        return self._kept | {key: self._stored(key, value) for key, value in self._values.items()}

    def changes(self, began: Mapping[str, Any] | None = None) -> dict[str, tuple[Any, ...]]:
        """Tell what differs from the beginning: key to ``(stored value,)``, or to ``()`` where it is gone.

        Args:
            began: the beginning, where it is another one than the session's own.
        """
        if began is None:
            if self._kept is None:
                return {}
            began = self._began
        stored = self.stored()
        gone: dict[str, tuple[Any, ...]] = {key: () for key in began if key not in stored}
        return gone | {key: (value,) for key, value in stored.items() if key not in began or not written_alike(began[key], value)}
