"""What comes in from a gateway and what goes back: plain frozen values."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from flowdsl.errors import BadStep
from flowdsl.settings import is_count

__all__ = [
    "Attachment",
    "Checkout",
    "Choice",
    "Contact",
    "EndReason",
    "Ended",
    "Expected",
    "History",
    "Inbound",
    "Location",
    "Media",
    "MediaKind",
    "Paid",
    "Reply",
]

MediaKind = Literal["image", "audio", "video", "document", "sticker"]

Expected = Literal["media", "image", "audio", "video", "document", "sticker", "location", "contact"]
"""What a prompt may expect instead of a text."""


class Media(msgspec.Struct, frozen=True, omit_defaults=True):
    """A picture, a sound, a film or a file, known by its address.

    Args:
        url: where it can be fetched.
        kind: what it is.
        caption: a line of text that belongs to it.
        mime: its media type, ``"image/png"`` for example, where the platform tells.

    >>> Media("https://example.com/map.png", caption="Where we are").kind
    'image'
    """

    url: str
    kind: MediaKind = "image"
    caption: str = ""
    mime: str = ""


class Location(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place on earth, as a person sends it.

    Args:
        latitude: degrees north of the equator.
        longitude: degrees east of Greenwich.
        name: what the place is called.
        address: where it is, in words.
    """

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


class Contact(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody's card, as a person sends it from their address book.

    Args:
        name: what they are called.
        numbers: their phone numbers, as they are written there.
    """

    name: str
    numbers: tuple[str, ...] = ()


Attachment: TypeAlias = Media | Location | Contact
"""What may come with a message instead of a text, or beside it."""


class Choice(msgspec.Struct, frozen=True, array_like=True):
    """One thing a person may choose: what to type or tap, and what it is called."""

    key: str
    label: str


class History(msgspec.Struct, frozen=True):
    """All that was typed in a gateway's session, where the gateway sends all of it each time.

    Args:
        text: the answers so far, joined by ``*``; it may begin with what was dialled.
        repeats: what comes again unchanged is the same message again. Elsewhere it is an empty answer.
    """

    text: str
    repeats: bool = True


class Inbound(msgspec.Struct, frozen=True, kw_only=True):
    """One message, as a gateway's codec read it. Nothing of the wire format is left in it.

    Args:
        platform: ``"ussd"``, ``"whatsapp"``, ``"telegram"``, …
        gateway: which gateway brought it, ``"nalo"`` for example.
        text: what the person typed in this message; ``""`` where they typed nothing. Where the gateway sends a history,
            the last piece of it: only the session can tell what is new, and does so before the flow is played.
        history: all that was typed so far, where the gateway sends that.
        new: the gateway says that a conversation begins here. The text is then no answer. ``None`` where the gateway
            never says so: then one begins with a request id that the session has not seen.
        dialled: the string that was dialled, where the gateway tells it apart.
        shortcut: answers that were dialled behind the service's code, ``("2", "500")`` of ``*920*77*2*500#``; used where a
            conversation begins and the flow allows it.
        request_id: the gateway's own session id.
        msisdn: the person's number in E.164, with ``+``.
        user_id: the person's stable id on the platform.
        name: what the person is called there.
        message_id: the gateway's id of this message; a second delivery has the same one.
        timestamp: when it was sent, in seconds since 1970 (UTC).
        url: host and path it was delivered to, ``"tenant1.example.com/ussd"``.
        network: the mobile network, where the gateway tells.
        account: the gateway's id of the account that the service belongs to.
        service: the service's code, where the gateway tells it apart, ``"711"`` for example.
        roomy: the person is at an app or a browser, though the gateway is one of USSD: no screen bounds what they read.
        echo: fields which the reply must carry back exactly as they came, or is written by.
        attachment: the picture, place or card that came with it.
        locale: language of the person's device, ``"pt-BR"`` for example, where the platform tells.

    >>> Inbound(platform="ussd", gateway="nalo", text="2", msisdn="+233244123456").text
    '2'
    """

    platform: str
    gateway: str
    text: str = ""
    new: bool | None = False
    dialled: str | None = None
    request_id: str | None = None
    msisdn: str | None = None
    user_id: str | None = None
    name: str | None = None
    message_id: str | None = None
    timestamp: float | None = None
    url: str = ""
    network: str | None = None
    account: str | None = None
    echo: Mapping[str, str] = {}
    attachment: Attachment | None = None
    locale: str | None = None
    history: History | None = None
    shortcut: tuple[str, ...] = ()
    service: str | None = None
    roomy: bool = False


class Checkout(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person is asked to pay for, by the payment prompt of their gateway.

    Args:
        item: what it is called.
        price: of one of them, in the currency of the gateway's account.
        quantity: how many.

    Raises:
        BadStep: the item has no name, or price or quantity is not positive.

    >>> Checkout("Susu deposit", Decimal("20.00")).quantity
    1
    """

    item: str
    price: Decimal
    quantity: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.item, str) or not self.item.strip():
            raise BadStep(f"the item of a checkout is {self.item!r}: give what is paid for a name")
        if not isinstance(self.price, Decimal) or not self.price.is_finite() or self.price <= 0:
            raise BadStep(f"the price of {self.item!r} is {self.price!r}: give a positive Decimal, such as Decimal('20.00')")
        if not is_count(self.quantity):
            raise BadStep(f"the quantity of {self.item!r} is {self.quantity!r}: give a number from 1 on")


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway's notice that something was paid for, or was not. Never an answer.

    Args:
        platform: ``"ussd"``.
        gateway: which gateway brought it.
        order_id: the gateway's id of the order; the same order may be told of more than once.
        amount: what was paid.
        currency: three letters, such as ``"GHS"``.
        successful: whether it was.
        request_id: the gateway's id of the session in which it was asked for.
        msisdn: the payer's number in E.164, where the notice carries it.
        url: host and path it was delivered to.
    """

    platform: str
    gateway: str
    order_id: str
    amount: Decimal
    currency: str
    successful: bool
    request_id: str | None = None
    msisdn: str | None = None
    url: str = ""


EndReason = Literal["released", "timeout", "user_abort", "user_or_timeout", "completed", "application_error", "gateway_end"]
"""Why a gateway's session is over, as far as the gateway tells."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway's notice that its session is over: the person hung up, the time ran out, or all was said. Never an answer.

    Args:
        platform: ``"ussd"``.
        gateway: which gateway brought it.
        reason: why, as far as it tells.
        request_id: the gateway's own session id.
        msisdn: the person's number in E.164; ``None`` where the notice does not carry it.
        url: host and path it was delivered to.
        detail: what the gateway says about it, word for word.
    """

    platform: str
    gateway: str
    reason: EndReason
    request_id: str | None = None
    msisdn: str | None = None
    url: str = ""
    detail: str = ""


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the person is to see.

    Args:
        text: all of it on USSD, choices and page navigation included; elsewhere without the choices.
        end: the conversation is over, and the gateway may close the session.
        choices: what can be chosen, for platforms that draw buttons or lists. Empty on USSD.
        media: what goes with the text. Empty on USSD, where the address is in the text.
        key: key of the prompt that is asked; ``""`` where none is.
        held: the person is only asked to wait; what they wait for is shown at their next message.
        checkout: what they are asked to pay for, where the platform takes payments.

    >>> Reply("Goodbye.", end=True).end
    True
    """

    text: str
    end: bool = False
    choices: tuple[Choice, ...] = ()
    media: tuple[Media, ...] = ()
    key: str = ""
    held: bool = False
    checkout: Checkout | None = None
