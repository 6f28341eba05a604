"""Who is speaking, on what, and what is remembered about them: the one argument of a flow."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from flowdsl.errors import UnstorableValue
from flowdsl.journal import encode
from flowdsl.messages import Inbound
from flowdsl.session import Session
from flowdsl.texts import shown_in

__all__ = ["Chat", "Heard", "Opening", "Snapshot", "spoken"]


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


class Chat:
    """Who is speaking and on what.

    All of it is the same on every replay: it is that of the message that began the conversation, not of the
    one being answered. Only the number and the user id are those of the message at hand; a session has one
    person, so they stay the same as well.
    """

    __slots__ = ("_heard", "_inbound", "_opening", "own", "session", "settled", "times")

    def __init__(self, inbound: Inbound, opening: Opening, session: Session, heard: Heard = _NOTHING_HEARD) -> None:
        self._inbound = inbound
        self._opening = opening
        self._heard = heard
        self.own = heard.began
        """The language that the flow has come to, as it is kept."""
        self.times = 0
        """How often it has chosen one."""
        self.session = session
        """What is remembered beside the answers."""
        self.settled = False
        """The flow stands still, and :attr:`locale` is the language of the screen."""

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
        return spoken(self.choice if self.settled else self.own, self._opening.locale)

    @locale.setter
    def locale(self, locale: str | None) -> None:
        if locale is not None and not (isinstance(locale, str) and locale):
            raise UnstorableValue(f"the locale {locale!r} is not a text")
        encode(locale, {})
        self._choose(locale or "", 1)

    @property
    def language(self) -> str | None:
        """The language of the screen: what this flow chose, unless the person has chosen another since."""
        choice = self.choice
        return self._opening.locale if choice is None else choice or None

    @property
    def choice(self) -> str | None:
        """The same as it is kept."""
        if self._heard is _NOTHING_HEARD and not self.times:
            return None
        _, own, times, latest = self._heard
        # A choice more than in the turn before is a new one. Else the flow repeats itself, or the person went back; what
        # it comes to holds if its own choice was the last in the session, and not one that another flow made since.
        return self.own if self.times > times or latest == own else latest

    def begin(self) -> None:
        """Forget what the flow did to its session, because it begins again."""
        self.session.begin()
        self.own, self.times = self._heard.began, 0
        shown_in.set(self.language)

    def snapshot(self) -> Snapshot:
        """Tell what the flow has done to its session."""
        return Snapshot(self.session.stored(), self.own, self.times, self.session.destroyed)

    def done_since(self, before: Snapshot) -> list[Any] | None:
        """Tell what was done to the session since, in a form that can be stored; ``None`` where that is nothing."""
        changes = {key: list(stored) for key, stored in self.session.changes(before.data).items()}
        times, destroyed = self.times - before.times, self.session.destroyed and not before.destroyed
        return [changes, self.own, times, destroyed] if changes or times or destroyed else None

    def repeat(self, done: list[Any]) -> None:
        """Do the same again."""
        changes, locale, times, destroyed = done
        self.session.repeat(changes)
        if times:
            self._choose(locale, times)
        self.session.destroyed = self.session.destroyed or destroyed

    def _choose(self, choice: str | None, times: int) -> None:
        self.own = choice
        self.times += times
        shown_in.set(self.language)

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
