"""Emergent Technology's "cross-switch" (interpay), Ghana: Hubtel's requests, without its platform and state. Seen in code."""

from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field, Stage
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Json

__all__ = ["Emergent"]


class Emergent(UssdGateway):
    """The gateway of Emergent Technology.

    >>> from flowdsl_adapters import Emergent, Request
    >>> body = b'{"Mobile":"233244123456","SessionId":"b3c1","ServiceCode":"*711*78#","Type":"Response","Message":"1"}'
    >>> Emergent().decode(Request(body=body)).text
    '1'
    """

    name = "emergent"
    about = About(
        title="Emergent Technology (interpay)",
        country="Ghana",
        evidence="seen in code",
        sources=("harmonizerblinks/ussd-builder", "cybersai/ussd"),
        check=(
            "Whether `Release` is sent when the person hangs up, and `Timeout` when the time ran out (both inferred from Hubtel, "
            "whose format it is).",
            "How many characters a screen holds, and within how many seconds it must be answered.",
        ),
        notes=("A message with a `Sequence` that was seen is the same message again (inferred from Hubtel).",),
        sample={
            "Mobile": "233244123456",
            "SessionId": "b3c1",
            "ServiceCode": "*711*78#",
            "Type": "Initiation",
            "Message": "*711*78#",
            "Operator": "MTN",
            "Sequence": 1,
        },
    )
    region = "GH"

    wire = Json(any_case=True)
    session = Field("SessionId")
    number = Field("Mobile")
    text = Field("Message", blank=True)
    # Of these "release" and "timeout" are inferred from Hubtel, and so is that the same Sequence is the same message.
    stage = Stage("Type", {"initiation": "new", "response": "on", "release": "released", "timeout": "timeout"})
    sequence = Field("Sequence", required=False, number=True)
    network = Field("Operator", required=False)
    service = Field("ServiceCode", required=False)
    more = {"Message": "{text}", "Type": "Response", "MaskNextRoute": True}
    last = {"Message": "{text}", "Type": "Release"}
