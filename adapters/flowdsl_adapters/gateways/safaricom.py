"""Safaricom, Kenya, without an aggregator: USSD by GET; what was dialled and all answers come each time.

Seen in the code of vumi's transport for it, whose rules for stars and empty answers are followed.
"""

from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Query

__all__ = ["Safaricom"]


class Safaricom(UssdGateway):
    """The gateway of Safaricom itself.

    >>> from flowdsl_adapters import Request, Safaricom
    >>> query = {"ORIG": "254722000000", "DEST": "167", "SESSION_ID": "sf-1", "USSD_PARAMS": "7"}
    >>> Safaricom(code="*167#").decode(Request(body=b"", query=query)).shortcut
    ('7',)
    """

    name = "safaricom"
    about = About(
        title="Safaricom (direct)",
        country="Kenya",
        evidence="seen in code",
        sources=("praekelt/vumi, its transport for Safaricom",),
        check=(
            "Whether unchanged `USSD_PARAMS` are an empty answer, as vumi reads them, or a repeated request: nobody can tell.",
            "How many characters a screen holds, and within how many seconds it must be answered.",
            "Whether a session that the person left is told. No notice is known, so it expires.",
        ),
        notes=(
            "The first `USSD_PARAMS` is what was dialled behind `DEST`; it is no answer unless you give the code: "
            '`Safaricom(code="*167#")`.',
        ),
        number="254722000000",
        sample={"ORIG": "254722000000", "DEST": "167", "SESSION_ID": "sf-1", "USSD_PARAMS": "7"},
        fields={"USSD_PARAMS": "what was dialled behind `DEST`, grown by each answer: `7`, then `7*1`"},
    )
    region = "KE"

    wire = Query()
    session = Field("SESSION_ID")
    number = Field("ORIG")
    text = Field("USSD_PARAMS", blank=True)
    service = Field("DEST")
    cumulative = "dialled"
    repeats = False
    more, last = "CON {text}", "END {text}"
