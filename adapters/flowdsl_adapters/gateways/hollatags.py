"""Hollatags, Nigeria: USSD by GET, answered by JSON. Documented on Hollatags' pages."""

from flowdsl import Screen
from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field, Stage
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Query

__all__ = ["Hollatags"]


class Hollatags(UssdGateway):
    """The gateway of Hollatags.

    >>> from flowdsl_adapters import Hollatags, Request
    >>> query = {"session_msisdn": "2348031234567", "session_operation": "continue", "session_msg": "1", "session_id": "5456"}
    >>> Hollatags().decode(Request(body=b"", query=query)).text
    '1'
    """

    name = "hollatags"
    about = About(
        title="Hollatags",
        country="Nigeria",
        evidence="documented",
        sources=("Hollatags' pages on USSD, https://docs.hollatags.com/ussd/inbound",),
        check=("Within how many seconds it must be answered: it is not stated.",),
        notes=("Lines end with CR LF, as in the vendor's sample, so a line break takes two septets of the 160.",),
        number="2348031234567",
        sample={
            "session_msisdn": "2348031234567",
            "session_operation": "begin",
            "session_msg": "*7006#",
            "session_id": "5456657676",
            "session_from": "*7006#",
            "session_type": "1",
            "session_mno": "MTN",
        },
        characters=160,
        fields={"session_type": "`1` asks, `2` notifies, `3` answers, `4` notifies and ends; it is not read"},
    )
    region = "NG"
    # 160 characters are documented; 70 units of UCS-2 are what one vendor plans (inferred).
    screen = Screen(septets=160, units=70, line_break="\r\n")

    wire = Query()
    session = Field("session_id")
    number = Field("session_msisdn")
    text = Field("session_msg", blank=True)
    stage = Stage("session_operation", {"begin": "new", "continue": "on", "end": "released"})
    network = Field("session_mno", required=False)
    service = Field("session_from", required=False)
    # session_type 1 asks, and 4 notifies and ends.
    more = {"session_operation": "continue", "session_type": 1, "session_id": "{session_id}", "session_msg": "{text}"}
    last = {"session_operation": "end", "session_type": 4, "session_id": "{session_id}", "session_msg": "{text}"}
    replaced = {"\n": "\r\n"}
