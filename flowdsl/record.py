"""The one value in which a session is stored."""

from typing import Any, Final

import msgspec

from flowdsl.chat import Opening
from flowdsl.errors import LimitExceeded, UnreadableRecord
from flowdsl.journal import Entry
from flowdsl.messages import Reply
from flowdsl.outcome import Asked
from flowdsl.ussd.screen import Screen

__all__ = ["VERSION", "FlowState", "Record", "Seen", "read", "write"]

VERSION: Final = 1
"""Version of the format below; a record of another version is refused, never guessed at."""


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A message that was answered: a digest that names it, the revision it found, who answered it, and how.

    ``reply`` is ``None`` where the message is so long ago that only its name is kept.
    """

    mark: str
    found: int
    by: str
    reply: Reply | None


class FlowState(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Where one flow stands in a session.

    Args:
        opening: the message that began it.
        journal: what was answered.
        aside: answers to questions that the code no longer came to.
        asked: the question on the person's screen.
        attempts: how often it was answered in vain.
        began: the session data when the flow began.
        changed: what the flow changed in it, as :meth:`flowdsl.Session.changes` tells it.
        request: digest of the gateway's session id, where that alone tells when a conversation begins.
        pages: the screen being shown, where it is longer than one page.
        screen: what the pages were made for.
        page: which of them is shown, from 0.
        over: the flow has ended; only the pages of its last message are still read.
    """

    opening: Opening
    journal: list[Entry] = []
    aside: list[Entry] = []
    asked: Asked | None = None
    attempts: int = 0
    began: dict[str, Any] = {}
    changed: dict[str, tuple[Any, ...]] = {}
    request: str = ""
    pages: list[str] = []
    screen: Screen | None = None
    page: int = 0
    over: bool = False


class Record(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A session: its flows, its data, and the messages it has answered.

    ``revision`` grows with every save and begins with the time of creation in milliseconds, so that
    no two states of one session, even of one that expired in between, are written alike.
    """

    version: int
    revision: int
    owner: str = ""
    flows: dict[str, FlowState] = {}
    data: dict[str, Any] = {}
    seen: list[Seen] = []

    @property
    def alive(self) -> bool:
        """Whether anything lives in it; if not, it only remembers what was answered last."""
        return bool(self.flows or self.data)


class _Versioned(msgspec.Struct):
    version: int


_decoder: Final = msgspec.json.Decoder(Record)
_encoder: Final = msgspec.json.Encoder()


def read(stored: str) -> Record:
    """Read a stored record.

    Raises:
        UnreadableRecord: it is not one, or one of another version.
    """
    try:
        record = _decoder.decode(stored)
    except (msgspec.DecodeError, UnicodeError) as error:
        _require_version(_version_of(stored))
        raise UnreadableRecord(f"the store holds something that is not a session of flowdsl: {error}") from error
    _require_version(record.version)
    return record


def _version_of(stored: str) -> int:
    try:
        return msgspec.json.decode(stored, type=_Versioned).version
    except (msgspec.DecodeError, UnicodeError):
        return VERSION  # nothing of ours, and so of no other version of ours


def _require_version(version: int) -> None:
    if version != VERSION:
        raise UnreadableRecord(f"the store holds a session of format {version}, and this flowdsl reads format {VERSION}")


def write(record: Record, most: int) -> str:
    """Write a record down as JSON text.

    Args:
        record: the session.
        most: how many bytes it may have.

    Raises:
        LimitExceeded: it has more.
    """
    written = _encoder.encode(record)
    if len(written) > most:
        raise LimitExceeded(f"its session would take {len(written)} bytes, and may take {most}")
    return written.decode()
