"""TruRoute: USSD by POST of XML. Documented on SMS Portal Namibia's pages, and seen in code of TNM's clients."""

from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field, Stage
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Xml

__all__ = ["TruRoute"]


class TruRoute(UssdGateway):
    """The gateway of TruRoute.

    >>> from flowdsl_adapters import Request, TruRoute
    >>> body = b"<ussd><msisdn>27829991234</msisdn><sessionid>4321</sessionid><type>2</type><msg>1</msg></ussd>"
    >>> TruRoute().decode(Request(body=body)).text
    '1'
    """

    name = "truroute"
    about = About(
        title="TruRoute",
        country="southern Africa",
        evidence="documented",
        sources=("the specification that SMS.COM.NA publishes, pages 7 and 8", "tnmdevs/ussd, a client of TNM Malawi"),
        check=(
            "How many characters a screen holds, and within how many seconds it must be answered.",
            "What you are charged for: replies say that they cost 0. Requests of type 10, which charge, are refused.",
        ),
        number="27829991234",
        sample={"msisdn": "27829991234", "sessionid": "4321", "type": "1", "msg": "*120*100#"},
    )

    wire = Xml(root="ussd")
    session = Field("sessionid")
    number = Field("msisdn")
    text = Field("msg", blank=True)
    stage = Stage("type", {"1": "new", "2": "on", "3": "released", "4": "timeout"})
    more = "<ussd><type>2</type><msg>{text}</msg><premium><cost>0</cost><ref>NULL</ref></premium></ussd>"
    last = "<ussd><type>3</type><msg>{text}</msg><premium><cost>0</cost><ref>NULL</ref></premium></ussd>"
