"""MTN MADAPI: USSD by POST of JSON, with an API key. Documented in MTN's OpenAPI description."""

import hmac
from collections.abc import Callable
from typing import Any, Literal
from uuid import uuid4

import msgspec

from flowdsl import ConfigurationError, Inbound, Reply, Screen
from flowdsl.errors import Unauthorized, UserInputError
from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field, Stage
from flowdsl_adapters.gateway import Decoded, Request, Response
from flowdsl_adapters.origin import credential
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Json

__all__ = ["MtnMadapi"]


def _unique() -> str:
    return uuid4().hex


class MtnMadapi(UssdGateway):
    """The gateway of MTN's MADAPI.

    Args:
        api_key: what the header ``x-api-key`` must be; ``None`` to let every request in.
        text_field: the field of a reply that holds the text, ``"inboundResponse"`` or ``"outboundResponse"``.
        transaction: makes the ``transactionId`` of each reply.
        code: the service's own dial string; what is dialled behind it are shortcuts.
        region: two letters of the country in which a number beginning with ``0`` is national.
        screen: what one screen holds.

    Raises:
        ConfigurationError: the key is empty or no text, there is no such field, or a setting cannot be read.

    >>> from flowdsl_adapters import MtnMadapi, Request
    >>> body = b'{"sessionId":"1","messageType":"1","msisdn":"233244123456","serviceCode":"356","ussdString":"1"}'
    >>> MtnMadapi(api_key="test-key").decode(Request(body=body, headers={"x-api-key": "test-key"})).text
    '1'
    """

    name = "mtn_madapi"
    about = About(
        title="MTN MADAPI",
        country="MTN's countries",
        evidence="documented",
        sources=("MTN's OpenAPI description, in api-evangelist/mtn-group",),
        check=(
            "Which field of a reply is read: the schema defines `inboundResponse` and lists `outboundResponse` as required. "
            '`MtnMadapi(text_field="outboundResponse")` sends the other one.',
            "What `transactionId` must be: we make a new one for each reply (inferred).",
            "Which `statusCode` a refused request should have: we send 3001, one that the description names (inferred).",
            "How many characters a screen holds, and within how many seconds it must be answered.",
        ),
        notes=("Subscribe your address with MTN first; requests of type 3, which notify of something, are refused.",),
        sample={
            "sessionId": "2347010700021",
            "messageType": "0",
            "msisdn": "233244123456",
            "serviceCode": "356",
            "ussdString": "*356#",
            "cellId": "5006",
            "language": "en",
            "imsi": "231",
        },
        fields={"x-api-key": "a header with the key, where you give one"},
    )

    wire = Json()
    session = Field("sessionId")
    number = Field("msisdn")
    text = Field("ussdString", blank=True)
    # Documented as texts.
    stage = Stage("messageType", {"0": "new", "1": "on", "2": "released", "4": "user_abort", "5": "timeout"})
    service = Field("serviceCode")
    own_slots = ("transaction",)

    def __init__(
        self,
        *,
        api_key: str | None = None,
        text_field: Literal["inboundResponse", "outboundResponse"] = "inboundResponse",
        transaction: Callable[[], str] = _unique,
        code: str | None = None,
        region: str | None = None,
        screen: Screen | None = None,
    ) -> None:
        if text_field not in ("inboundResponse", "outboundResponse"):
            raise ConfigurationError(f"text_field is {text_field!r}: it is inboundResponse or outboundResponse")
        self._api_key = None if api_key is None else credential("API key", api_key)
        self._transaction = transaction
        self.more, self.last = _reply(text_field, asks=True, kind=1), _reply(text_field, asks=False, kind=2)
        super().__init__(code=code, region=region, screen=screen)

    def decode(self, request: Request) -> Decoded:
        """Read what the gateway sends, if it shows its key.

        Raises:
            Unauthorized: the key is missing or another one.
        """
        shown = request.headers.get("x-api-key", "").encode("utf-8", "surrogateescape")
        if self._api_key is not None and not hmac.compare_digest(self._api_key, shown):
            raise Unauthorized("the header x-api-key is missing or wrong")
        return super().decode(request)

    def filling(self, reply: Reply, inbound: Inbound) -> dict[str, Any]:
        """Add an id of the reply."""
        return {**super().filling(reply, inbound), "transaction": self._transaction()}

    def refuse(self, error: UserInputError) -> Response:
        """Refuse with the status of the error, in the form of the description."""
        body = {"statusCode": "3001", "statusMessage": str(error)}
        return Response(body=msgspec.json.encode(body), status=error.status)


def _reply(text_field: str, *, asks: bool, kind: int) -> dict[str, Any]:
    return {
        "statusCode": "0000",
        "statusMessage": "Successful",
        "transactionId": "{transaction}",
        "data": {
            text_field: "{text}",
            "userInputRequired": asks,
            "messageType": kind,
            "serviceCode": "{serviceCode}",
            "msisdn": "{msisdn}",
        },
        "_link": {"self": {"href": ""}},
    }
