"""What a flow does to its session while it is played: data that it changes, the language that it chooses, its end. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from flowdsl.errors import UnstorableValue
from flowdsl.journal import decode, encode, written_alike
from flowdsl.texts import shown_in

__all__ = ["Effects", "Heard", "Snapshot", "spoken"]


class Heard(NamedTuple):
    """The languages of a conversation, as they are kept: ``None`` where none was chosen, ``""`` for none at all.

    Args:
        began: the one with which the flow began.
        own: the one that the flow came to in the turn before.
        times: how often it had chosen one until then.
        latest: the one of the session, which another flow may have chosen since.
    """

    began: str | None = None
    own: str | None = None
    times: int = 0
    latest: str | None = None


class Snapshot(NamedTuple):
    """What a flow has done to its session so far: the data, the language and how often it was chosen, and whether it ends."""

    data: Mapping[str, Any]
    locale: str | None
    times: int
    destroyed: bool


_NOTHING_HEARD = Heard()


def spoken(choice: str | None, device: str | None) -> str | None:
    """Tell the language of a choice as it is kept; that of the device where nothing was chosen.

    >>> spoken("fr", "en"), spoken(None, "en"), spoken("", "en")
    ('fr', 'en', None)
    """
    return device if choice is None else choice or None


# Made anew at every turn: a struct, made in C.
class Effects(msgspec.Struct, eq=False):
    """What a flow does to its session.

    It begins with the session as it was when the flow began, whichever turn is played, so that a flow that is played
    again does the same again.

    Args:
        began: the data as they were stored when the flow began.
        types: enums and dataclasses that they may hold, by name.
        device: language of the person's device.
        heard: the languages of the conversation; ``None`` where none was ever chosen.
        kept: data that nobody has read, as they are stored: another flow's may be of a type that this one does not know.
            ``None`` where nobody has read any.
        values: data that were read or written.
        destroyed: the flow wants the session to end with it.
        own: the language that the flow has come to, as it is kept.
        times: how often it has chosen one.
        settled: the flow stands still, and what is read is the language of the screen.

    >>> effects = Effects({"count": 1}, {})
    >>> effects.write("count", effects.read("count", 0) + 1)
    >>> effects.changes()
    {'count': (2,)}
    """

    began: Mapping[str, Any]
    types: Mapping[str, type]
    device: str | None = None
    heard: Heard | None = None
    kept: dict[str, Any] | None = None
    values: dict[str, Any] = {}
    destroyed: bool = False
    own: str | None = None
    times: int = 0
    settled: bool = False

    def read(self, key: str, default: Any) -> Any:
        """Read a value, or the default where there is none.

        Raises:
            UnstorableValue: it is of a type that the flow does not name.
        """
        if key not in self.values:
            kept = self._working()
            if key not in kept:
                return default
            self.values[key] = decode(kept[key], self.types)
            del kept[key]
        return self.values[key]

    def write(self, key: str, value: Any) -> None:
        """Remember a value.

        Raises:
            UnstorableValue: it cannot be stored; the message says why.
        """
        self._stored(key, value)
        self._working().pop(key, None)
        self.values[key] = value

    def forget(self, key: str) -> None:
        """Forget a value; nothing happens where there is none."""
        self._working().pop(key, None)
        self.values.pop(key, None)

    def forget_all(self) -> None:
        """Forget all values."""
        self._working().clear()
        self.values.clear()

    def has(self, key: object) -> bool:
        """Tell whether there is a value."""
        return key in self._working() or key in self.values

    @property
    def empty(self) -> bool:
        """Whether there is no value at all."""
        return not (self._working() or self.values)

    def stored(self) -> Mapping[str, Any]:
        """Write down the data as they are now."""
        if self.kept is None:
            return self.began
        return self.kept | {key: self._stored(key, value) for key, value in self.values.items()}

    def changes(self, began: Mapping[str, Any] | None = None) -> dict[str, tuple[Any, ...]]:
        """Tell what differs from the beginning: key to ``(stored value,)``, or to ``()`` where it is gone.

        Args:
            began: the beginning, where it is another one than that of the flow.
        """
        if began is None:
            if self.kept is None:
                return {}
            began = self.began
        stored = self.stored()
        gone: dict[str, tuple[Any, ...]] = {key: () for key in began if key not in stored}
        return gone | {key: (value,) for key, value in stored.items() if key not in began or not written_alike(began[key], value)}

    def _working(self) -> dict[str, Any]:
        """Give what has not been read."""
        if self.kept is None:
            self.kept = dict(self.began)
        return self.kept

    def _stored(self, key: str, value: Any) -> Any:
        if type(key) is not str:
            raise UnstorableValue(f"the key {key!r} of session data is not a text")
        try:
            encode(key, {})
            return encode(value, self.types)
        except UnstorableValue as error:
            raise UnstorableValue(f"session data {key!r} is {error}") from None

    def choose(self, locale: str, times: int = 1) -> None:
        """Let a language be chosen; ``""`` for none."""
        self.own = locale
        self.times += times
        shown_in.set(self.language)

    @property
    def locale(self) -> str | None:
        """The language as the flow sees it: that of the screen while the flow stands still."""
        return spoken(self.choice if self.settled else self.own, self.device)

    @property
    def language(self) -> str | None:
        """The language of the screen: what this flow chose, unless the person has chosen another since."""
        choice = self.choice
        return self.device if choice is None else choice or None

    @property
    def choice(self) -> str | None:
        """The same as it is kept."""
        if self.heard is None and not self.times:
            return None
        _, own, times, latest = self.heard or _NOTHING_HEARD
        # A choice more than in the turn before is a new one. Else the flow repeats itself, or the person went back; what
        # it comes to holds if its own choice was the last in the session, and not one that another flow made since.
        return self.own if self.times > times or latest == own else latest

    def begin(self) -> None:
        """Forget what was done, because the flow begins again."""
        self.kept, self.values, self.destroyed = None, {}, False
        self.own, self.times = None if self.heard is None else self.heard.began, 0
        shown_in.set(self.language)

    def snapshot(self) -> Snapshot:
        """Tell what has been done so far."""
        return Snapshot(self.stored(), self.own, self.times, self.destroyed)

    def since(self, before: Snapshot) -> list[Any] | None:
        """Tell what was done since, in a form that can be stored; ``None`` where that is nothing."""
        changes = {key: list(stored) for key, stored in self.changes(before.data).items()}
        times, destroyed = self.times - before.times, self.destroyed and not before.destroyed
        return [changes, self.own, times, destroyed] if changes or times or destroyed else None

    def repeat(self, done: list[Any]) -> None:
        """Do again what :meth:`since` has told."""
        changes, locale, times, destroyed = done
        kept = self._working()
        for key, stored in changes.items():
            self.forget(key)
            if stored:
                kept[key] = stored[0]
        if times:
            self.choose(locale, times)
        self.destroyed = self.destroyed or destroyed
