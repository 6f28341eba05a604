"""Arkesel, Ghana: USSD by POST of JSON. Seen in code; the time limits are documented."""

from flowdsl_adapters.about import About
from flowdsl_adapters.fields import TRUTH, Field, Stage
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Json

__all__ = ["Arkesel"]


class Arkesel(UssdGateway):
    """The gateway of Arkesel.

    >>> from flowdsl_adapters import Arkesel, Request
    >>> body = b'{"sessionID":"a8f1","userID":"ARK","newSession":false,"msisdn":"233244123456","userData":"1","network":"MTN"}'
    >>> Arkesel().decode(Request(body=body)).text
    '1'
    """

    name = "arkesel"
    about = About(
        title="Arkesel",
        country="Ghana",
        evidence="seen in code",
        sources=("harmonizerblinks/ussd-builder", "nexlabstudio/starhash-docs (time limits)"),
        check=(
            "The names of the fields: no page of the vendor was seen, and no request of a live service.",
            "How many characters a screen holds.",
        ),
        sample={
            "sessionID": "a8f1c2d4e5",
            "userID": "ARKTEST",
            "newSession": True,
            "msisdn": "233244123456",
            "userData": "*928*70#",
            "network": "MTN",
        },
        within=25,
        lasts=150,
    )
    region = "GH"
    deadline = 24.0

    wire = Json()
    session = Field("sessionID")
    number = Field("msisdn")
    text = Field("userData", blank=True)
    stage = Stage("newSession", TRUTH)
    network = Field("network", required=False)
    account = Field("userID", required=False)
    more = {
        "sessionID": "{sessionID}",
        "userID": "{userID}",
        "msisdn": "{msisdn}",
        "message": "{text}",
        "continueSession": True,
    }
    last = {**more, "continueSession": False}
