"""Who is speaking, on what, and what is remembered about them: the one argument of a flow."""

from datetime import UTC, datetime

import msgspec

from flowdsl.effects import Effects
from flowdsl.errors import UnstorableValue
from flowdsl.journal import encode
from flowdsl.messages import Inbound
from flowdsl.session import Session

__all__ = ["Chat", "Opening"]


class Opening(msgspec.Struct, frozen=True, array_like=True):
    """The message that began a conversation.

    Args:
        text: what was dialled or written.
        at: when it came, in seconds since 1970.
        platform: on what.
        gateway: by which gateway.
        message_id: its id.
        name: what its sender was called.
        locale: the language of their device.
    """

    text: str
    at: float
    platform: str
    gateway: str
    message_id: str | None = None
    name: str | None = None
    locale: str | None = None


class Chat:
    """Who is speaking and on what.

    All of it is the same on every replay: it is that of the message that began the conversation, not of the
    one being answered. Only the number and the user id are those of the message at hand; a session has one
    person, so they stay the same as well.
    """

    __slots__ = ("_effects", "_inbound", "_opening", "session")

    def __init__(self, inbound: Inbound, opening: Opening, effects: Effects) -> None:
        self._inbound = inbound
        self._opening = opening
        self._effects = effects
        self.session = Session(effects)
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
    def locale(self) -> str | None:
        """The person's language, such as ``"fr"``; ``None`` where it is not known.

        A flow sees the one in which it began until it sets another, so that every replay goes the same way. What it
        sets is kept in the session, and every text is shown in it from then on: those are made when the screen
        is, and not kept. While they are made, and while an answer is judged, this is the language of the screen.
        """
        return self._effects.locale

    @locale.setter
    def locale(self, locale: str | None) -> None:
        if locale is not None and not (isinstance(locale, str) and locale):
            raise UnstorableValue(f"the locale {locale!r} is not a text")
        encode(locale, {})
        self._effects.choose(locale or "")

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
