"""Korba and TxtGhana, Ghana: USSD by POST of JSON, in one format. Seen in code of one client of both."""

from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field, Stage
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Json

__all__ = ["Korba", "TxtGhana"]


class Korba(UssdGateway):
    """The gateway of Korba.

    >>> from flowdsl_adapters import Korba, Request
    >>> body = b'{"sessionID":"90114","msisdn":"233244123456","network":"01","ussdString":"1","ussdServiceOp":18}'
    >>> Korba().decode(Request(body=body)).text
    '1'
    """

    name = "korba"
    about = About(
        title="Korba",
        country="Ghana",
        evidence="seen in code",
        sources=("cybersai/ussd",),
        check=(
            "The numbers of `ussdServiceOp`: in the code we know 1 begins, 18 goes on, 2 keeps the session open and 17 ends it.",
            "How many characters a screen holds, and within how many seconds it must be answered.",
            "Whether a session that the person left is told. No notice is known, so it expires.",
        ),
        sample={
            "sessionID": "90114",
            "msisdn": "233244123456",
            "network": "01",
            "ussdString": "*395*7#",
            "ussdServiceOp": 1,
        },
    )
    region = "GH"

    wire = Json()
    session = Field("sessionID")
    number = Field("msisdn")
    text = Field("ussdString", blank=True)
    stage = Stage("ussdServiceOp", {"1": "new", "18": "on"}, required=False)
    network = Field("network", required=False)
    more = {"message": "{text}", "ussdServiceOp": 2}
    last = {"message": "{text}", "ussdServiceOp": 17}


class TxtGhana(Korba):
    """The gateway of TxtGhana, which speaks as Korba's does.

    >>> from flowdsl_adapters import TxtGhana
    >>> TxtGhana().name
    'txtghana'
    """

    name = "txtghana"
    about = About(
        title="TxtGhana",
        country="Ghana",
        evidence="seen in code",
        sources=Korba.about.sources,
        check=Korba.about.check,
        sample=Korba.about.sample,
    )
