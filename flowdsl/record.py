"""The one value in which a session is stored."""

from typing import Any, Final, Literal

import msgspec

from flowdsl.chat import Opening
from flowdsl.effects import spoken
from flowdsl.errors import ConfigurationError, LimitExceeded, UnreadableRecord
from flowdsl.journal import Entry
from flowdsl.messages import Inbound, Reply
from flowdsl.outcome import Asked, Divergence, Refused
from flowdsl.ussd.screen import Screen

__all__ = [
    "VERSION",
    "Began",
    "FlowState",
    "Intent",
    "Open",
    "Record",
    "Root",
    "Seen",
    "Trouble",
    "anew",
    "language",
    "read",
    "write",
]

VERSION: Final = 1
"""Version of the format below; a record of another version is refused, never guessed at."""


Began = Literal["new", "again", "on"]
"""How a flow came to be played: for the first time, dialled into again, or going on."""


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A message that was answered: a digest that names it, the revision it found, who answered it, and how.

    ``reply`` is ``None`` where the message is so long ago that only its name is kept.
    """

    mark: str
    found: int
    by: str
    reply: Reply | None


class Root(msgspec.Struct, frozen=True, array_like=True):
    """The flow that a conversation was handed over to: its name, its module, its parameters as they are stored."""

    name: str
    module: str
    params: Any


class Intent(msgspec.Struct, frozen=True, array_like=True):
    """A call that is about to run: its key, the fingerprint of its entry, its idempotency key.

    Where it takes back another call, ``undoes`` is the place of that one's entry, and else -1. ``once`` tells that it
    must not run twice.
    """

    key: str
    choices: str
    token: str
    undoes: int = -1
    once: bool = False


class Open(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A turn in the middle of which something is called.

    Args:
        mark: the message being answered.
        first: who answered it first.
        by: who answers it now.
        until: until when nobody else may go on with it, in seconds since 1970.
        found: the revision at which it began.
        created: no session was alive then.
        journal: answers and results, those of this turn included.
        aside: answers set aside.
        answered: key of the prompt that the message answered.
        refused: the question that it answered in vain for the last time.
        at: place of the entry that the message became.
        tries: how often the question has been answered, this time included.
        began: how the flow came to be played.
        calls: how many calls have been made.
        intent: the call that is running, or was when the process died.
        settled: a call of this turn is done that must not be made again, so the turn is not taken back.
        again: the last call has failed and may be made again, where the flow does not catch that.
        back: how many entries will be left, where the person goes back and calls are being undone.
        cuts: how often the person has gone back in this turn.
        locale: the language to which the flow has come.
        divergence: where the code and the journal have parted, to be told when the turn is done.
        replaced: the conversation instead of which this one begins; it is there again where that fails.
        used: how many of several answers in one message have been taken.
        passed: questions that those before the last one have answered, each with how often it was tried.
    """

    mark: str
    first: str
    by: str
    until: float
    found: int
    created: bool = False
    journal: list[Entry] = []
    aside: list[Entry] = []
    answered: str | None = None
    refused: Refused | None = None
    at: int = -1
    tries: int = 1
    began: Began = "on"
    calls: int = 0
    intent: Intent | None = None
    settled: bool = False
    again: bool = False
    back: int | None = None
    cuts: int = 0
    locale: str | None = None
    divergence: Divergence | None = None
    replaced: "FlowState | None" = None
    used: int = 0
    passed: tuple[tuple[str, int], ...] = ()


class Trouble(msgspec.Struct, frozen=True, array_like=True):
    """Where a flow raised, how often in a row, and whether it is not played any more because of that."""

    where: str
    count: int
    parked: bool = False


class FlowState(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Where one flow stands in a session.

    Args:
        opening: the message that began it.
        journal: what was answered.
        aside: answers to questions that the code no longer came to.
        asked: the question on the person's screen.
        attempts: how often it was answered in vain.
        spot: its name among the questions whose attempts are counted; ``""`` where they are not.
        missed: by name, how often other questions were answered in vain which the person left by going back or beginning
            again. Less than 0 where it was for the last time; who hands over after that lets the person have new attempts.
        began: the session data when the flow began.
        changed: what the flow changed in it, as :meth:`flowdsl.effects.Effects.changes` tells it.
        request: digest of the gateway's session id, where that alone tells when a conversation begins, or what is new.
        latest: digest of the gateway's session in which its last message came, where the conversation goes on in others.
        heard: what was typed in that session of the gateway, where it sends all of it each time: how many characters all that
            comes next begins with, their digest, and how many of them the message before had brought.
        pages: the screen being shown, where it is longer than one page.
        screen: what the pages were made for.
        page: which of them is shown, from 0.
        over: the flow has ended; only the pages of its last message are still read.
        root: the flow that it was handed over to.
        open: the turn that is not finished.
        kept: the old answer to the question, where the person came back to it.
        nonce: random, so that no two conversations have calls with the same idempotency key.
        epoch: how often the journal was cut, so that a call made again after that has another key.
        owed: the last reply was not ready in time, and is shown at the next message.
        resuming: the message with which the person dialled again, who is asked whether to go on or to begin again.
        spoke: the language that was chosen when the flow began.
        locale: the language that the flow chose last, or the one when it began.
        times: how often it chose one.
        shown: the language of what is on the screen.
    """

    opening: Opening
    journal: list[Entry] = []
    aside: list[Entry] = []
    asked: Asked | None = None
    attempts: int = 0
    began: dict[str, Any] = {}
    changed: dict[str, tuple[Any, ...]] = {}
    request: str = ""
    heard: str = ""
    latest: str = ""
    pages: list[str] = []
    screen: Screen | None = None
    page: int = 0
    over: bool = False
    root: Root | None = None
    open: Open | None = None
    kept: Entry | None = None
    nonce: str = ""
    epoch: int = 0
    owed: Reply | None = None
    resuming: Opening | None = None
    spot: str = ""
    missed: dict[str, int] = {}
    spoke: str | None = None
    locale: str | None = None
    times: int = 0
    shown: str | None = None

    def left_in_vain(self) -> dict[str, int]:
        """Tell how often questions were answered in vain, the one that is asked now included, for when it is left."""
        return {**self.missed, self.spot: self.attempts} if self.spot and self.attempts else self.missed


class Record(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A session: its flows, its data, and the messages it has answered.

    ``revision`` grows with every save and begins with the time of creation in milliseconds, so that
    no two states of one session, even of one that expired in between, are written alike. ``trouble`` tells which flows
    raised. ``locale`` is the language that the person chose: ``None`` where they chose none, ``""`` where a flow wants
    none. ``served`` tells in which session of the gateway a flow that takes shortcuts was played last, as a digest by the
    flow's name: what was dialled there has been taken, and is not taken again.
    """

    version: int
    revision: int
    owner: str = ""
    flows: dict[str, FlowState] = {}
    data: dict[str, Any] = {}
    seen: list[Seen] = []
    trouble: dict[str, Trouble] = {}
    locale: str | None = None
    served: dict[str, str] = {}

    @property
    def alive(self) -> bool:
        """Whether anything lives in it; if not, it only remembers what was answered last."""
        return bool(self.flows or self.data or self.locale is not None)


def anew(record: Record | None, owner: str, now: float) -> Record:
    """Give an empty record for a person, where there is none or that of somebody else.

    Args:
        record: the record whose place it takes; its revisions go on.
        owner: the person, hashed.
        now: seconds since 1970.
    """
    # The first save adds one.
    return Record(version=VERSION, revision=int(now * 1000) - 1 if record is None else record.revision, owner=owner)


def language(record: Record | None, owner: str, flow: str, inbound: Inbound) -> str | None:
    """Tell in which language a person reads: the one that was chosen, or that of their device.

    Args:
        record: the session; ``None`` where there is none.
        owner: whose message is being answered, hashed.
        flow: name of the flow.
        inbound: the message.
    """
    if record is None or record.owner != owner:
        return inbound.locale or None
    state = record.flows.get(flow)
    if state is None:
        return spoken(record.locale, inbound.locale or None)
    return spoken(record.locale if state.open is None else state.open.locale, state.opening.locale)


class _Versioned(msgspec.Struct):
    version: int


_decoder: Final = msgspec.json.Decoder(Record)
_encoder: Final = msgspec.json.Encoder()


def read(stored: str) -> Record:
    """Read a stored record.

    Raises:
        UnreadableRecord: it is not one, or one of another version, or this process lacks what made its pages.
    """
    try:
        record = _decoder.decode(stored)
    except (msgspec.DecodeError, UnicodeError) as error:
        _require_version(_version_of(stored))
        raise UnreadableRecord(f"the store holds something that is not a session of flowdsl: {error}") from error
    except ConfigurationError as error:  # of a screen that this process could not make
        raise UnreadableRecord(f"the store holds a session that cannot be read here: {error}") from error
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
    """Write a record down as JSON text; without earlier replies where they leave no room.

    Args:
        record: the session.
        most: how many bytes it may have.

    Raises:
        LimitExceeded: it has more.
    """
    written = _encoder.encode(record)
    if len(written) > most:
        # An earlier message that is delivered again must not be an answer, and need not be answered with many words.
        bare = [msgspec.structs.replace(each, reply=None) for each in record.seen[:-1]]
        written = _encoder.encode(msgspec.structs.replace(record, seen=[*bare, *record.seen[-1:]]))
    if len(written) > most:
        raise LimitExceeded(f"its session would take {len(written)} bytes, and may take {most}")
    return written.decode()
