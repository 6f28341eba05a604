"""Nalo Solutions, Ghana: USSD by POST of JSON.

Documented in Nalo's Postman collection "USSD API DOCUMENTATION" (7705958/UyrEhaLQ), from which the field
names, the meaning of ``MSGTYPE`` and the 120 characters of ``MSG`` are taken.
"""

from typing import Literal

from flowdsl import ConfigurationError, Screen
from flowdsl_adapters.about import About
from flowdsl_adapters.fields import TRUTH, Field, Stage
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Json

__all__ = ["Nalo"]


class Nalo(UssdGateway):
    """The gateway of Nalo Solutions.

    Args:
        session_field: ``"SESSIONID"``, or ``"USERID"`` for older integrations that carry the session there.
            Those may leave out ``MSGTYPE`` and ``USERDATA``: a session not seen before is then a new one.
        code: the service's own dial string; what is dialled behind it are shortcuts.
        region: two letters of the country in which a number beginning with ``0`` is national.
        screen: what one screen holds; 120 septets, as Nalo documents, or 70 units of UCS-2.

    Raises:
        ConfigurationError: ``session_field`` is another field, or a setting cannot be read.

    >>> from flowdsl_adapters import Nalo, Request
    >>> body = b'{"USERID":"N1","MSISDN":"233244123456","USERDATA":"2","MSGTYPE":false,"SESSIONID":"17954658000000101"}'
    >>> Nalo().decode(Request(body=body)).text
    '2'
    """

    name = "nalo"
    about = About(
        title="Nalo Solutions",
        country="Ghana",
        evidence="documented",
        sources=(
            'Nalo\'s Postman collection "USSD API DOCUMENTATION", 7705958/UyrEhaLQ',
            "radioactive-labs/flow_chat",
            "nexlabstudio/starhash-docs (time limits)",
        ),
        check=(
            "How `MSG` is counted when it needs UCS-2: we plan 70 units (inferred).",
            "Whether your account sends `SESSIONID`. Without it the number is the session (seen in code of older clients).",
        ),
        notes=("`MSGTYPE` means another thing in each direction: true is the first request, and an answer that goes on.",),
        sample={
            "USERID": "NALOTEST",
            "MSISDN": "233244123456",
            "USERDATA": "*920*77#",
            "MSGTYPE": True,
            "NETWORK": "MTN",
            "SESSIONID": "17954658000000101",
        },
        fields={
            "USERID": "the id of your account, the same for everybody; never a session, unless you say so",
            "NETWORK": "the mobile network: MTN, VODAFONE or AIRTELTIGO",
        },
        characters=120,
        lasts=180,
    )
    region = "GH"
    # MSG takes 120 characters. How Nalo counts a text that needs UCS-2 is not documented; 70 units fit every
    # network (inferred: one vendor plans 70, arithmetic gives 80).
    screen = Screen(septets=120, units=70)

    wire = Json()
    session = Field("SESSIONID", required=False)
    number = Field("MSISDN")
    text = Field("USERDATA", blank=True)
    stage = Stage("MSGTYPE", TRUTH)
    network = Field("NETWORK", required=False)
    account = Field("USERID")
    more = {"USERID": "{USERID}", "MSISDN": "{MSISDN}", "MSG": "{text}", "MSGTYPE": True}
    last = {"USERID": "{USERID}", "MSISDN": "{MSISDN}", "MSG": "{text}", "MSGTYPE": False}

    def __init__(
        self,
        *,
        session_field: Literal["SESSIONID", "USERID"] = "SESSIONID",
        code: str | None = None,
        region: str | None = None,
        screen: Screen | None = None,
    ) -> None:
        if session_field not in ("SESSIONID", "USERID"):
            raise ConfigurationError(f"session_field is {session_field!r}: Nalo carries sessions in SESSIONID or USERID")
        if session_field == "USERID":
            self.session = Field("USERID")
            self.text = Field("USERDATA", required=False, blank=True)
            self.stage = Stage("MSGTYPE", TRUTH, required=False)
        super().__init__(code=code, region=region, screen=screen)
