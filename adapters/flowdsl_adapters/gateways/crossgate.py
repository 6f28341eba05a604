"""Crossgate, Kenya: USSD by GET, with all answers so far in one parameter. Documented on Crossgate's pages."""

from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Query

__all__ = ["Crossgate"]


class Crossgate(UssdGateway):
    """The gateway of Crossgate.

    >>> from flowdsl_adapters import Crossgate, Request
    >>> query = {"network_code": "2541", "msisdn": "254722000000", "service_code": "123", "session_id": "1", "ussd_string": "1"}
    >>> Crossgate().decode(Request(body=b"", query=query)).text
    '1'
    """

    name = "crossgate"
    about = About(
        title="Crossgate",
        country="Kenya",
        evidence="documented",
        sources=("Crossgate's pages on USSD, https://docs.vas.crossgatesolutions.co.ke/ussd",),
        check=(
            "How many characters a screen holds, and within how many seconds it must be answered.",
            "Whether a session that the person left is told. No notice is known, so it expires.",
        ),
        notes=(
            "`ussd_string` holds all answers joined by `*`. An empty first answer looks like a repeated dial.",
            "What is dialled behind the code comes as answers in an unseen session. They are shortcuts only where you give the "
            'code, `Crossgate(code="*123#")`: a session that was lost looks alike.',
            "That `ussd_string` and `network_code` may be missing is inferred from gateways like it.",
        ),
        number="254722000000",
        sample={
            "network_code": "2541",
            "msisdn": "254722000000",
            "service_code": "123",
            "session_id": "70381",
            "ussd_string": "",
        },
    )
    region = "KE"

    wire = Query()
    session = Field("session_id")
    number = Field("msisdn")
    # That either may be missing is inferred.
    text = Field("ussd_string", required=False, blank=True)
    network = Field("network_code", required=False)
    service = Field("service_code")
    cumulative = "answers"
    more, last = "CON {text}", "END {text}"
