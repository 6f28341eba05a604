"""Who is speaking, on what, and what is remembered about them: the one argument of a flow."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from flowdsl.errors import UnstorableValue
from flowdsl.journal import decode, encode, written_alike
from flowdsl.messages import Inbound

__all__ = ["Chat", "Opening", "Session"]


class Opening(msgspec.Struct, frozen=True, array_like=True):
    """The message that began a conversation: its text, when it came, on what, its id, and what its sender was called."""

    text: str
    at: float
    platform: str
    gateway: str
    message_id: str | None = None
    name: str | None = None


class Session:
    """What a conversation remembers beside its answers; flows that share a session share it.

    A flow always sees the data as it was when the flow began, with its own changes applied, so a
    replayed ``session.set("count", session.get("count", 0) + 1)`` gives the same count every time.
    """

    __slots__ = ("_began", "_data", "_types", "destroyed")

    def __init__(self, began: Mapping[str, Any], types: Mapping[str, type]) -> None:
        self._began = began
        self._types = types
        self._data: dict[str, Any] | None = None
        self.destroyed = False
        """The flow wants the session to end with it."""

    def get(self, key: str, default: Any = None) -> Any:
        """Read a value, or the default where there is none."""
        return self._working().get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Remember a value of any type that an answer may have.

        Raises:
            UnstorableValue: it cannot be stored; the message says why.
        """
        self._stored(key, value)
        self._working()[key] = value

    def delete(self, key: str) -> None:
        """Forget a value; nothing happens where there is none."""
        self._working().pop(key, None)

    def clear(self) -> None:
        """Forget all values."""
        self._working().clear()

    def exists(self) -> bool:
        """Tell whether anything is remembered at all."""
        return bool(self._working())

    def destroy(self) -> None:
        """Forget all values, and let the session end with this flow, whatever other flows live in it."""
        self.clear()
        self.destroyed = True

    def __contains__(self, key: object) -> bool:
        return key in self._working()

    def _working(self) -> dict[str, Any]:
        if self._data is None:
            self._data = {key: decode(stored, self._types) for key, stored in self._began.items()}
        return self._data

    def _stored(self, key: str, value: Any) -> Any:
        if type(key) is not str:
            raise UnstorableValue(f"the key {key!r} of session data is not a text")
        try:
            encode(key, {})
            return encode(value, self._types)
        except UnstorableValue as error:
            raise UnstorableValue(f"session data {key!r} is {error}") from None

    def changes(self) -> dict[str, tuple[Any, ...]]:
        """Tell what differs from the beginning: key to ``(stored value,)``, or to ``()`` where it is gone."""
        if self._data is None:
            return {}
        stored = {key: self._stored(key, value) for key, value in self._data.items()}
        gone: dict[str, tuple[Any, ...]] = {key: () for key in self._began if key not in stored}
        return gone | {
            key: (value,) for key, value in stored.items() if key not in self._began or not written_alike(self._began[key], value)
        }


class Chat:
    """Who is speaking and on what.

    All of it is the same on every replay: it is that of the message that began the conversation, not of the
    one being answered. Only the number and the user id are those of the message at hand; a session has one
    person, so they stay the same as well.
    """

    __slots__ = ("_inbound", "_opening", "session")

    def __init__(self, inbound: Inbound, opening: Opening, session: Session) -> None:
        self._inbound = inbound
        self._opening = opening
        self.session = session
        """What is remembered beside the answers."""

    @property
    def msisdn(self) -> str | None:
        """The person's number in E.164, such as ``"+233244123456"``; ``None`` where there is none."""
        return self._inbound.msisdn

    @property
    def user_id(self) -> str | None:
        """The person's stable id on the platform."""
        return self._inbound.user_id

    @property
    def name(self) -> str | None:
        """What the person was called on the platform when the conversation began."""
        return self._opening.name

    @property
    def platform(self) -> str:
        """What the conversation began on: ``"ussd"``, ``"whatsapp"``, ``"telegram"`` and so on."""
        return self._opening.platform

    @property
    def gateway(self) -> str:
        """Which gateway brought the message that began it, ``"nalo"`` for example."""
        return self._opening.gateway

    @property
    def opener(self) -> str:
        """The text that began the conversation: what was dialled, or the first message. Not an answer."""
        return self._opening.text

    @property
    def message_id(self) -> str | None:
        """The gateway's id of the message that began the conversation, where it gives ids."""
        return self._opening.message_id

    @property
    def timestamp(self) -> datetime:
        """When the conversation began, in UTC."""
        return datetime.fromtimestamp(self._opening.at, UTC)
