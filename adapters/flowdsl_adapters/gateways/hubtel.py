"""Hubtel's programmable services, Ghana: USSD, apps and web by POST of JSON.

Documented in Hubtel's developer pages on programmable services; what only its SDK for .NET shows is said so below.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal

from flowdsl import ConfigurationError, Ended, Inbound, Paid, Reply, Screen
from flowdsl.errors import BadPayload
from flowdsl.phone import e164
from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field, Kind, Stage
from flowdsl_adapters.gateway import Decoded, Probe, Request, Response
from flowdsl_adapters.in_one_text import in_one_text
from flowdsl_adapters.templates import Template
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Json

__all__ = ["Hubtel"]


def _heading(reply: Reply) -> str:
    return reply.text.partition("\n")[0]


def _form(kind: str, shown: str, *, item: Mapping[str, str] = {}, state: Mapping[str, str] = {}) -> dict[str, str]:
    text = {"SessionId": "{SessionId}", "Type": kind, "Message": "{text}"}
    return {**text, **item, "Label": "{label}", **state, "DataType": shown, "FieldType": "text"}


_STATE: Final = {"ClientState": "{key}"}
_ORDER: Final = Field("OrderId")
_SESSION: Final = Field("SessionId", required=False)
_CURRENCY: Final = Field("Currency")
_PAYER: Final = Field("CustomerMobileNumber", required=False)
# Of what is within others, as its pages write them.
_NAMES: Final = {name.lower(): name for name in ("CustomerMobileNumber", "Currency", "Payment", "AmountPaid", "IsSuccessful")}
# A JSON number of more is not sure to be read as it was written (IEEE 754, double precision).
_DIGITS: Final = 15


class _Fulfilled(Exception):
    """A request is no message, but tells of an order. Its fields have been read by then, and are so once only."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__()
        self.fields = fields


class Hubtel(UssdGateway):
    """The gateway of Hubtel.

    Args:
        label: makes the heading that apps show above a reply; its first line unless given.
        checkout: how a payment is asked for: ``"AddToCart"``, as its pages have it, or ``"Release"``, as its SDK has it on USSD.
        code: the service's own dial string; what is dialled behind it are shortcuts.
        region: two letters of the country in which a number beginning with ``0`` is national.
        screen: what one screen holds.

    Raises:
        ConfigurationError: there is no such checkout, or a setting cannot be read.

    >>> from flowdsl_adapters import Hubtel, Request
    >>> body = b'{"Type":"Response","Message":"1","ServiceCode":"711","Mobile":"233200585542","SessionId":"5a1e","Sequence":2}'
    >>> Hubtel().decode(Request(body=body)).message_id
    '5a1e/2'
    """

    name = "hubtel"
    about = About(
        title="Hubtel",
        country="Ghana",
        evidence="documented",
        sources=(
            "Hubtel's pages on programmable services, https://businessdocs-developers.hubtel.com/docs/api-reference-prog-services",
            "hubtel/programmable-services-sdk-dotnet",
            "nexlabstudio/starhash-docs (time limits)",
        ),
        check=(
            "How many characters a screen holds: we plan 160 septets, or 70 units of UCS-2 (inferred).",
            "What `Query`, `Favorite`, `HijackSession` and `AddToCart` ask for, which are further values of `Type` in its SDK: "
            "nothing more is known of them, and they are refused with 400.",
            'Whether a payment on USSD is asked for by `AddToCart` or by `Release`: `Hubtel(checkout="Release")`.',
            "Which parts of what is dialled are your code: `ServiceCode` may have less of it. Shortcuts need `code=`.",
        ),
        notes=(
            "It waits for 5 seconds, then sends `Timeout`, and shows nothing of a later answer.",
            "An answer in a session that is not known is answered by `Release`, as its SDK does.",
            "`ClientState` is the key of the prompt that is shown. It lives for one turn, and nothing is read from it.",
            "A message with a `Sequence` that was seen in its session is the same message again (inferred).",
            "Apps and browsers are sent the choices as data, and no pages.",
            "`Say(…, checkout=Checkout(…))` asks for a payment and ends the session. What was paid is told to `/fulfilment` "
            "below the address of the mount, and becomes the signal `payment.received`: check it with Hubtel before you deliver. "
            "An amount of more than 15 digits is refused.",
        ),
        number="233200585542",
        sample={
            "Type": "Initiation",
            "Message": "*711*23#",
            "ServiceCode": "711",
            "Operator": "vodafone",
            "ClientState": "",
            "Mobile": "233200585542",
            "SessionId": "5a1e0f7c2b9d4c63a8f4e1d20b7c9a35",
            "Sequence": 1,
            "Platform": "USSD",
        },
        addresses={"/fulfilment": "what was paid, if you take payments"},
        within=5,
        lasts=120,
    )
    region = "GH"
    # Neither is stated by Hubtel (inferred).
    screen = Screen(septets=160, units=70)
    deadline = 4.0
    lost = "end"
    payments = True
    routes = (("POST", ""), ("POST", "/fulfilment"))

    # Its pages write names in capitals and its SDK in small letters.
    wire = Json(any_case=True)
    session = Field("SessionId")
    number = Field("Mobile")
    text = Field("Message", blank=True)
    stage = Stage("Type", {"initiation": "new", "response": "on", "release": "released", "timeout": "timeout"})
    # Documented is that it grows by one; that the same one is the same message is inferred.
    sequence = Field("Sequence", required=False, number=True)
    network = Field("Operator", required=False)
    service = Field("ServiceCode", required=False)
    channel = Field("Platform", required=False)
    more = _form("Response", "input", state=_STATE)
    last = _form("Release", "display")
    own_slots = ("label",)

    def __init__(
        self,
        *,
        label: Callable[[Reply], str] = _heading,
        checkout: Literal["AddToCart", "Release"] = "AddToCart",
        code: str | None = None,
        region: str | None = None,
        screen: Screen | None = None,
    ) -> None:
        if checkout not in ("AddToCart", "Release"):
            raise ConfigurationError(f"checkout is {checkout!r}: Hubtel asks for a payment by AddToCart or Release")
        self._label = label
        self._menu = Template({**_form("Response", "menu", state=_STATE), "Data": "{data}"})
        self._checkout = Template(_form(checkout, "display", item={"Item": "{item}"}))
        super().__init__(code=code, region=region, screen=screen)

    def decode(self, request: Request) -> Decoded:
        """Read a message, the notice of an end, or what was paid."""
        try:
            return super().decode(request)
        except _Fulfilled as order:
            return self._paid(order.fields, request.url)

    def kind(self, fields: Mapping[str, Any]) -> Kind | None:
        """Tell what a request is; wherever it comes, it tells of an order if it has an ``OrderId``."""
        if fields.get("OrderId") is not None:
            raise _Fulfilled(fields)
        return super().kind(fields)

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        """Write the reply; with choices as data for apps, and with what is to be paid for."""
        filling, whole = self.filling(reply, inbound), in_one_text(reply)
        if (asked := reply.checkout) is not None:
            item = {"ItemName": asked.item, "Qty": asked.quantity, "Price": float(asked.price)}
            return Response(body=self._checkout.filled({**filling, "text": whole.text, "item": item}))
        if reply.choices:
            data = [{"Display": each.label, "Value": each.key} for each in reply.choices]
            return Response(body=self._menu.filled({**filling, "text": whole.text, "data": data}))
        return super().encode(reply, inbound)

    def filling(self, reply: Reply, inbound: Inbound) -> dict[str, Any]:
        """Add the heading."""
        return {**super().filling(reply, inbound), "label": self._label(reply)}

    def acknowledge(self, decoded: Ended | Probe | Paid, *, alive: bool) -> Response:
        """Release a session that is over, as the SDK does; nobody reads it."""
        if isinstance(decoded, Paid):
            return Response(body=b"{}")
        of = Inbound(platform=self.platform, gateway=self.name, echo={"SessionId": decoded.request_id or ""})
        return self.encode(Reply("", end=True), of)

    def _paid(self, fields: Mapping[str, Any], url: str) -> Paid:
        """Read Hubtel's message on a fulfilled order.

        JSON's numbers are read as binary fractions. Up to 15 significant digits the shortest decimal of one is what was written;
        an amount that has more is refused, since it may have been another one.
        """
        info = _within(fields, "OrderInfo")
        payment = _within(info, "Payment")
        successful = payment.get("IsSuccessful")
        if not isinstance(successful, bool):
            raise BadPayload("IsSuccessful is neither true nor false")
        return Paid(
            platform=self.platform,
            gateway=self.name,
            order_id=_ORDER.read(fields) or "",
            amount=_amount(payment.get("AmountPaid")),
            currency=_CURRENCY.read(info) or "",
            successful=successful,
            request_id=_SESSION.read(fields),
            msisdn=e164((_PAYER.read(info) or "").strip(), self._region),
            url=url,
        )


def _within(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Read an object within another one, with names in any case."""
    inner = fields.get(name)
    if not isinstance(inner, dict):
        raise BadPayload(f"{name} is missing or no object")
    named = {_documented(key): value for key, value in inner.items()}
    if len(named) < len(inner):
        twice = next(each for each in named if sum(each.lower() == key.lower() for key in inner) > 1)
        raise BadPayload(f"{twice} comes twice, in small letters and in capitals")
    return named


def _documented(name: str) -> str:
    return _NAMES.get(name.lower(), name)


def _amount(paid: object) -> Decimal:
    if isinstance(paid, bool) or not isinstance(paid, int | float):
        raise BadPayload("AmountPaid is missing or no number")
    amount = Decimal(str(paid))
    if not amount.is_finite() or len(amount.as_tuple().digits) > _DIGITS:
        raise BadPayload(f"AmountPaid is no number of up to {_DIGITS} digits")
    return amount
