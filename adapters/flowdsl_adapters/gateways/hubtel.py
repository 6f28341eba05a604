"""Hubtel's programmable services, Ghana: USSD, apps and web by POST of JSON.

Documented in Hubtel's developer pages on programmable services; what only its SDK for .NET shows is said so below.
"""

from collections.abc import Callable
from typing import Any

from flowdsl import Ended, Inbound, Reply, Screen
from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field, Stage
from flowdsl_adapters.gateway import Probe, Response
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Json

__all__ = ["Hubtel"]


def _heading(reply: Reply) -> str:
    return reply.text.partition("\n")[0]


class Hubtel(UssdGateway):
    """The gateway of Hubtel.

    Args:
        label: makes the heading that apps show above a reply; its first line unless given.
        code: the service's own dial string; unless given, the ``ServiceCode`` of each request.
        region: two letters of the country in which a number beginning with ``0`` is national.
        screen: what one screen holds.

    >>> body = b'{"Type":"Response","Message":"1","ServiceCode":"711","Mobile":"233200585542","SessionId":"5a1e","Sequence":2}'
    >>> Hubtel().decode(Request(body=body)).message_id
    '5a1e/2'
    """

    name = "hubtel"
    about = About(
        title="Hubtel",
        country="Ghana",
        evidence="documented",
        sources=("Hubtel's developer pages on programmable services", "hubtel/programmable-services-sdk-dotnet", "starhash"),
        check=(
            "How many characters a screen holds: we plan 160 septets (inferred).",
            "Whether the parts of your code behind the `ServiceCode` are yours: give `code=` then, or they are shortcuts.",
        ),
        notes=(
            "It waits for 5 seconds, then sends `Timeout`, and shows nothing of a later answer.",
            "An answer in a session that is not known is answered by `Release`, as its SDK does.",
            "`ClientState` is the key of the prompt that is shown. It lives for one turn, and nothing is read from it.",
            "A message with a `Sequence` that was seen is the same message again.",
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

    # Its pages write names in capitals and its SDK in small letters.
    wire = Json(any_case=True)
    session = Field("SessionId")
    number = Field("Mobile")
    text = Field("Message", blank=True)
    stage = Stage("Type", {"initiation": "new", "response": "on", "release": "released", "timeout": "timeout"})
    sequence = Field("Sequence", required=False, number=True)
    network = Field("Operator", required=False)
    service = Field("ServiceCode", required=False)
    more = {
        "SessionId": "{SessionId}",
        "Type": "Response",
        "Message": "{text}",
        "Label": "{label}",
        "ClientState": "{key}",
        "DataType": "input",
        "FieldType": "text",
    }
    counted = ("label",)
    last = {
        "SessionId": "{SessionId}",
        "Type": "Release",
        "Message": "{text}",
        "Label": "{label}",
        "DataType": "display",
        "FieldType": "text",
    }

    def __init__(
        self,
        *,
        label: Callable[[Reply], str] = _heading,
        code: str | None = None,
        region: str | None = None,
        screen: Screen | None = None,
    ) -> None:
        self._label = label
        super().__init__(code=code, region=region, screen=screen)

    def filling(self, reply: Reply, inbound: Inbound) -> dict[str, Any]:
        """Add the heading."""
        return {**super().filling(reply, inbound), "label": self._label(reply)}

    def acknowledge(self, decoded: Ended | Probe, *, alive: bool) -> Response:
        """Release the session, as the SDK does; nobody reads it."""
        return self.encode(
            Reply("", end=True), Inbound(platform="ussd", gateway="hubtel", echo={"SessionId": decoded.request_id or ""})
        )
