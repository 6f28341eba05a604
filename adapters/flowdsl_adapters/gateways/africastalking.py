"""Africa's Talking: USSD by POST of a form, with all answers so far in one field.

Documented in Africa's Talking's help pages on USSD: the form, ``CON`` and ``END``, and the time limits. The notice at the end
of a session and the spelling of ids are seen in the code of its Laravel package.
"""

from collections.abc import Mapping
from typing import Any, Final

from flowdsl import Ended
from flowdsl.errors import BadPayload
from flowdsl.messages import EndReason
from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field, Kind
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Form

__all__ = ["AfricasTalking"]

_STATUSES: Final[dict[str, EndReason]] = {
    "success": "completed",
    "incomplete": "user_or_timeout",
    "failed": "application_error",
}

_ERROR: Final = Field("errorMessage", required=False, blank=True)
_NOTICE: Final = {
    "date": "2026-11-23 20:10:02",
    "sessionId": "ATUid_3f0a9c51d4e84b7f9c2d1e6b7a8f9012",
    "serviceCode": "*384*1234#",
    "networkCode": "63902",
    "phoneNumber": "+254711082300",
    "status": "",
    "cost": "KES 2.5000",
    "durationInMillis": "21437",
    "hopsCount": "3",
    "input": "1",
    "lastAppResponse": "CON Enter amount",
    "errorMessage": "",
}


class AfricasTalking(UssdGateway):
    """The USSD gateway of Africa's Talking, and of those who took over its format.

    Its notices at the end of a session go to an address of their own: ``/events`` below that of the mount, or the same.

    Args:
        code: the service's own dial string; what is dialled behind it are shortcuts.
        region: two letters of the country in which a number beginning with ``0`` is national.
        screen: what one screen holds.

    >>> from flowdsl_adapters import AfricasTalking, Request
    >>> body = b"sessionId=ATUid_1&serviceCode=%2A384%23&phoneNumber=%2B254711082300&networkCode=63902&text=1%2A2"
    >>> AfricasTalking().decode(Request(body=body)).history
    History(text='1*2', repeats=True)
    """

    name = "africastalking"
    about = About(
        title="Africa's Talking",
        country="Kenya and others",
        evidence="documented",
        sources=(
            "Africa's Talking's help pages, https://help.africastalking.com/en/articles/1284071",
            "SamuelMwangiW/africastalking-laravel",
            "nexlabstudio/starhash-docs (time limits)",
        ),
        check=(
            'Whether your shared code puts its extension into `text` (seen in code): `code="*384*1234*14#"` knows it then.',
            "How many characters a screen holds: it is not stated.",
        ),
        notes=(
            "`text` holds all answers joined by `*`. What is new is told from what was heard before, so answers may have stars.",
            "An empty first answer looks like a repeated dial, and is shown the first question again.",
            "What is dialled behind the code comes as answers in an unseen session: `*384*1234*2*50#` as `2*50`. They are "
            'shortcuts only where you give the code, `AfricasTalking(code="*384*1234#")`: a session that was lost looks alike.',
            "Ask for end-of-session notices at `/events` below the address of the mount. They are read at that of messages, too.",
            "That `text` and `networkCode` may be missing is inferred.",
        ),
        addresses={"/events": "notices that a session is over"},
        events="/events",
        number="+254711082300",
        sample={
            "sessionId": "ATUid_3f0a9c51d4e84b7f9c2d1e6b7a8f9012",
            "serviceCode": "*384*1234#",
            "phoneNumber": "+254711082300",
            "networkCode": "63902",
            "text": "",
        },
        fields={"networkCode": "the mobile network, 63902 for Safaricom for example; 99999 is the sandbox"},
        notices={f"`status` {status}": {**_NOTICE, "status": status} for status in ("Success", "Incomplete", "Failed")},
        within=15,
        lasts=180,
    )
    # Documented are 15 seconds, and another guide advises less than 10.
    deadline = 9.0
    routes = (("POST", ""), ("POST", "/events"))

    wire = Form()
    session = Field("sessionId")
    number = Field("phoneNumber")
    # Sandbox clients leave it out in the first request, and others the network (both inferred).
    text = Field("text", required=False, blank=True)
    network = Field("networkCode", required=False)
    service = Field("serviceCode")
    cumulative = "answers"
    more, last = "CON {text}", "END {text}"

    def kind(self, fields: Mapping[str, Any]) -> Kind | None:
        """A notice has the status with which a session ended."""
        status = fields.get("status")
        if status is None:
            return None
        reason = _STATUSES.get(status.lower()) if isinstance(status, str) else None
        if reason is None:
            raise BadPayload("status is none of Success, Incomplete, Failed")
        return reason

    def ended(self, fields: Mapping[str, Any], reason: EndReason, url: str, *, detail: str = "") -> Ended:
        """Read a notice, with the gateway's words on what went wrong."""
        return super().ended(fields, reason, url, detail=_ERROR.read(fields) or "")
