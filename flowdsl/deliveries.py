"""Deliveries: which message one brings, and whether that was answered before. Pure."""

import hashlib
import hmac
from functools import lru_cache
from typing import Final

import msgspec

from flowdsl.messages import Inbound
from flowdsl.record import Record, Seen

__all__ = ["Delivery", "afterlife", "answered_before", "digest", "mark", "names_one", "remembered"]

# A sender delivers again within minutes as a rule; the newest replies are kept whole, and of more
# messages the name, so that a late delivery still advances nothing.
_REPLIES_KEPT: Final = 8
_MARKS_KEPT: Final = 64
# Without ids only who answered is of use, to a process whose save seemed to fail while others saved.
_TEXTS_KEPT: Final = 2
# Characters of what is picked from a menu.
_PICKED: Final = 2
_NAMED: Final = "i"
# Seconds for which a session that is over remembers its last answer for a retry. Where messages have names that may come late,
# elsewhere only while the first is still being answered.
_AFTERLIFE: Final = 60.0


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message that came in, and how to tell it from any other.

    Args:
        inbound: the message.
        mark: its name; another delivery of the same message has the same one.
        owner: whose message it is, hashed; a session of somebody else is not continued.
        by: who answers it: different for every delivery, so that of two processes that answer the same
            message each knows whether the record is its own.
        now: seconds since 1970.
        begun: idempotency key of the call that was begun for it last. If that is not done, nobody is doing it any more.
        secret: key of the digests of what was typed.
        changed: middleware has put another text into it than the gateway; it counts, whatever the gateway's history says.
    """

    inbound: Inbound
    mark: str
    owner: str
    by: str
    now: float
    begun: str = ""
    secret: str | bytes | None = None
    changed: bool = False

    @property
    def named(self) -> bool:
        """Whether it has a name of its own, so that it is known again whenever it comes."""
        return self.mark[:1] == _NAMED

    def __repr__(self) -> str:
        """Name it, without what was typed and without the secret."""
        return f"<delivery {self.mark} by {self.by}>"


def mark(inbound: Inbound, flow: str, secret: str | bytes | None = None) -> str:
    """Name a message: by the gateway's id where it has one, or by all that was typed in its session, else by what was typed.

    Args:
        inbound: the message.
        flow: name of the flow it is for; a session may serve several, through several gateways.
        secret: key of the digest. Without one, whoever can read the store can find a PIN that was typed by trying them all.
    """
    history, text = inbound.history, inbound.text
    if (
        history is None
        and len(text) <= _PICKED
        and inbound.new is not None
        and not inbound.shortcut
        and inbound.message_id is None
    ):
        return _mark_of_many(flow, inbound.platform, inbound.gateway, bool(inbound.new), inbound.dialled, text, secret)
    origin = f"{flow}\n{inbound.platform}\n{inbound.gateway}\n"
    if history is not None and history.repeats and inbound.request_id is not None:
        # No two messages of a session have typed as much, whatever ids the gateway gives them.
        return _NAMED + digest(f"{origin}\n{inbound.request_id}\n{history.text}", secret)
    if inbound.message_id is not None:
        return _NAMED + digest(origin + inbound.message_id)
    content = f"{origin}\n{bool(inbound.new):d}{inbound.dialled or ''}\n{text if history is None else history.text}"
    if inbound.new is None:
        # Where only the gateway's session tells that somebody dialled, the same text in another one is another dial.
        return "t" + digest(f"{inbound.request_id}\n{content}", secret)
    if inbound.shortcut:
        content = f"{content}\n{'*'.join(inbound.shortcut)}"
    return "t" + digest(content, secret)


def names_one(mark: str) -> bool:
    """Tell whether a mark is the name of one message, and not that of all in which the same was typed."""
    return mark[:1] == _NAMED


def afterlife(ttl: float | None) -> float | None:
    """Tell for how many seconds a session that is over is remembered, where its messages have no names.

    Args:
        ttl: seconds for which it would live; ``None`` for ever.
    """
    return _AFTERLIFE if ttl is None else min(ttl, _AFTERLIFE)


def answered_before(record: Record, delivery: Delivery, found: int) -> Seen | None:
    """Find the answer that the same message was given before.

    It may be this delivery's own, whose save had seemed to fail. With a name it is the one that came the first time.
    Without one, it is what won the race against this delivery, where that had started from the same state: then this
    one is its retry.

    Args:
        record: the session.
        delivery: the message.
        found: the revision at which its answer had started; -1 where it has not.
    """
    if record.owner != delivery.owner:
        return None
    if found >= 0:
        for seen in record.seen:
            if seen.by == delivery.by:
                return seen
    if delivery.named:
        for seen in record.seen:
            if seen.mark == delivery.mark:
                return seen
        return None
    last = record.seen[-1] if record.seen else None
    return last if last is not None and last.mark == delivery.mark and last.found == found else None


def remembered(seen: list[Seen], latest: Seen) -> list[Seen]:
    """Add an answered message to those that a session remembers, and forget what is too old."""
    if not seen:
        return [latest]
    if seen[-1].mark[:1] == "t" and (len(seen) == 1 or seen[-2].mark[:1] == "t"):
        # No ids among them, as on USSD, and all but the last are bare already.
        return [*seen[-_TEXTS_KEPT:-1], Seen("t", 0, seen[-1].by, None), latest]
    texts = [Seen("t", 0, each.by, None) for each in seen if each.mark.startswith("t")][-_TEXTS_KEPT:]
    ids = [each for each in seen if each.mark.startswith("i")][-(_MARKS_KEPT - 1) :]
    bare = len(ids) - (_REPLIES_KEPT - 1)
    named = (msgspec.structs.replace(each, reply=None) if place < bare else each for place, each in enumerate(ids))
    return [*texts, *named, latest]


@lru_cache(maxsize=1024)
def _mark_of_many(
    flow: str, platform: str, gateway: str, new: bool, dialled: str | None, text: str, secret: str | bytes | None
) -> str:
    """Name what many people type, which takes a twentieth of a turn; nothing secret is so short."""
    return "t" + digest(f"{flow}\n{platform}\n{gateway}\n\n{new:d}{dialled or ''}\n{text}", secret)


def digest(text: str, secret: str | bytes | None = None) -> str:
    """Name a text in few characters that do not tell it."""
    written = text.encode("utf-8", "surrogatepass")
    if secret is None:
        return hashlib.sha256(written).hexdigest()[:16]
    return hmac.digest(secret.encode() if isinstance(secret, str) else secret, written, "sha256").hex()[:16]
