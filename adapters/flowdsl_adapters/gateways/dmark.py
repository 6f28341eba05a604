"""DMark, Uganda: USSD by GET, answered by JSON. Seen in the code of vumi's transport."""

from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Query

__all__ = ["DMark"]


class DMark(UssdGateway):
    """The gateway of DMark.

    >>> from flowdsl_adapters import DMark, Request
    >>> query = {"transactionId": "d1", "msisdn": "+256772123456", "ussdServiceCode": "8001", "ussdRequestString": "1"}
    >>> DMark().decode(Request(body=b"", query=query)).text
    '1'
    """

    name = "dmark"
    about = About(
        title="DMark",
        country="Uganda",
        evidence="seen in code",
        sources=("praekelt/vumi, its transport for DMark",),
        check=(
            "Whether `response` tells a new session: it is documented as false at first, but requests are known that have it "
            "false throughout, so an unseen `transactionId` begins a conversation.",
            "How many characters a screen holds, and within how many seconds it must be answered.",
            "Whether a session that the person left is told. No notice is known, so it expires.",
        ),
        number="+256772123456",
        sample={
            "transactionId": "d1",
            "msisdn": "+256772123456",
            "ussdServiceCode": "8001",
            "transactionTime": "20261123T20:10:00",
            "creationTime": "20261123T20:09:58",
            "ussdRequestString": "*8001#",
            "response": "false",
        },
    )
    region = "UG"

    wire = Query()
    session = Field("transactionId")
    number = Field("msisdn")
    text = Field("ussdRequestString", blank=True)
    service = Field("ussdServiceCode", required=False)
    more = {"responseString": "{text}", "action": "request"}
    last = {"responseString": "{text}", "action": "end"}
