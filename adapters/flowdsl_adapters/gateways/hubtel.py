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
from flowdsl_adapters.fields import Field, Stage
from flowdsl_adapters.gateway import Decoded, Probe, Request, Response
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


class Hubtel(UssdGateway):
    """The gateway of Hubtel.

    Args:
        label: makes the heading that apps show above a reply; its first line unless given.
        checkout: how a payment is asked for: ``"AddToCart"``, as its pages have it, or ``"Release"``, as its SDK has it on USSD.
        code: the service's own dial string; unless given, the ``ServiceCode`` of each request.
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
            "How many characters a screen holds: we plan 160 septets (inferred).",
            'Whether a payment on USSD is asked for by `AddToCart` or by `Release`: `Hubtel(checkout="Release")`.',
            "Whether the parts of your code behind the `ServiceCode` are yours: give `code=` then, or they are shortcuts.",
        ),
        notes=(
            "It waits for 5 seconds, then sends `Timeout`, and shows nothing of a later answer.",
            "An answer in a session that is not known is answered by `Release`, as its SDK does.",
            "`ClientState` is the key of the prompt that is shown. It lives for one turn, and nothing is read from it.",
            "A message with a `Sequence` that was seen is the same message again.",
            "Apps and browsers are sent the choices as data, and no pages.",
            "`Say(…, checkout=Checkout(…))` asks for a payment and ends the session. What was paid is told to `/fulfilment` "
            "below the address of the mount, and becomes the signal `payment.received`: check it with Hubtel before you deliver.",
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
        within=5,
        lasts=120,
    )
    region = "GH"
    screen = Screen(septets=160, units=70)
    deadline = 4.0
    lost = "end"
    routes = (("POST", ""), ("POST", "/fulfilment"))

    # Its pages write names in capitals and its SDK in small letters.
    wire = Json(any_case=True)
    session = Field("SessionId")
    number = Field("Mobile")
    text = Field("Message", blank=True)
    stage = Stage("Type", {"initiation": "new", "response": "on", "release": "released", "timeout": "timeout"})
    sequence = Field("Sequence", required=False, number=True)
    network = Field("Operator", required=False)
    service = Field("ServiceCode", required=False)
    channel = Field("Platform", required=False)
    more = _form("Response", "input", state=_STATE)
    last = _form("Release", "display")
    counted = ("label",)

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
        return _paid(self, request) if b'"OrderId"' in request.body else super().decode(request)

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        """Write the reply; with choices as data for apps, and with what is to be paid for."""
        filling = self.filling(reply, inbound)
        if (asked := reply.checkout) is not None:
            item = {"ItemName": asked.item, "Qty": asked.quantity, "Price": float(asked.price)}
            return Response(body=self._checkout.filled({**filling, "text": reply.text, "item": item}))
        if reply.choices:
            lines = [f"{each.key}. {each.label}" for each in reply.choices]
            data = [{"Display": each.label, "Value": each.key} for each in reply.choices]
            return Response(body=self._menu.filled({**filling, "text": "\n".join((reply.text, *lines)), "data": data}))
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


def _paid(gateway: Hubtel, request: Request) -> Paid:
    """Read Hubtel's message on a fulfilled order; sums are read as they are written, and not as binary fractions."""
    fields = gateway.wire.read(request)
    info = fields.get("OrderInfo")
    payment = info.get("Payment") if isinstance(info, dict) else None
    if not isinstance(info, dict) or not isinstance(payment, dict):
        raise BadPayload("OrderInfo, or the Payment in it, is missing or no object")
    amount, successful = payment.get("AmountPaid"), payment.get("IsSuccessful")
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not isinstance(successful, bool):
        raise BadPayload("AmountPaid is no number, or IsSuccessful is neither true nor false")
    return Paid(
        platform=gateway.platform,
        gateway=gateway.name,
        order_id=Field("OrderId").read(fields) or "",
        amount=Decimal(str(amount)),
        currency=Field("Currency").read(info) or "",
        successful=successful,
        request_id=Field("SessionId", required=False).read(fields),
        msisdn=e164(Field("CustomerMobileNumber", required=False).read(info) or "", gateway.region),
        url=request.url,
    )
