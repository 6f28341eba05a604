"""Nalo Solutions, Ghana: USSD by POST of JSON.

Documented in Nalo's Postman collection "USSD API DOCUMENTATION" (7705958/UyrEhaLQ), from which the field
names, the meaning of ``MSGTYPE`` and the 120 characters of ``MSG`` are taken.
"""

from typing import Any, Final, Literal

import msgspec

from flowdsl import ConfigurationError, Inbound, Reply, Screen
from flowdsl.errors import BadPayload
from flowdsl.phone import e164, require_region
from flowdsl.settings import require
from flowdsl_adapters.gateway import Request, Response
from flowdsl_adapters.strict_json import read_object

__all__ = ["Nalo"]

# MSG takes 120 characters. How Nalo counts a text that needs UCS-2 is not documented; 70 units fit every
# network (inferred: one vendor plans 70, arithmetic gives 80).
_SCREEN: Final = Screen(septets=120, units=70)

# Documented as booleans. Inferred: relays that re-type fields send them as text or number.
_FLAGS: Final[dict[str, bool]] = {"true": True, "false": False, "1": True, "0": False}


class Nalo:
    """The gateway of Nalo Solutions.

    Args:
        region: two letters of the country in which a number beginning with ``0`` is national.
        session_field: ``"SESSIONID"``, or ``"USERID"`` for older integrations that carry the session there.
            Those may leave out ``MSGTYPE`` and ``USERDATA``: a session not seen before is then a new one.
        screen: what one screen holds; 120 septets, as Nalo documents, or 70 units of UCS-2.

    Raises:
        ConfigurationError: ``session_field`` is another field, or there is no such region.

    >>> body = b'{"USERID":"N1","MSISDN":"233244123456","USERDATA":"2","MSGTYPE":false,"SESSIONID":"17954658000000101"}'
    >>> Nalo().decode(Request(body=body)).text
    '2'
    """

    name = "nalo"
    platform = "ussd"
    method = "POST"

    def __init__(
        self, *, region: str = "GH", session_field: Literal["SESSIONID", "USERID"] = "SESSIONID", screen: Screen = _SCREEN
    ) -> None:
        if session_field not in ("SESSIONID", "USERID"):
            raise ConfigurationError(f"session_field is {session_field!r}: Nalo carries sessions in SESSIONID or USERID")
        require("screen", screen, Screen, "Screen(…)")
        self.screen = screen
        self._region = require_region(region)
        self._older = session_field == "USERID"

    def decode(self, request: Request) -> Inbound:
        """Read what Nalo posts.

        Raises:
            UnsupportedContent: the body is not declared as JSON.
            BadPayload: it is not JSON, a field is missing or of another type, or ``MSISDN`` is no number.
        """
        fields = read_object(request.body, request.content_type)
        account = _text(fields, "USERID")
        msisdn = _text(fields, "MSISDN")
        text = _text(fields, "USERDATA", required=not self._older) or ""
        new = _flag(fields, required=not self._older)
        session = account if self._older else _text(fields, "SESSIONID", required=False)
        number = e164(msisdn or "", self._region)
        if number is None:
            raise BadPayload("MSISDN is not a phone number with its country's code, such as 233244123456")
        return Inbound(
            platform=self.platform,
            gateway=self.name,
            # What opens a conversation is the dialled code, or empty; it is never an answer.
            text="" if new else text,
            dialled=text if new and text else None,
            new=new,
            # Integrations before SESSIONID know only the number.
            request_id=session if session and session.strip() else f"nalo:{msisdn}",
            msisdn=number,
            url=request.url,
            network=_text(fields, "NETWORK", required=False),
            account=account,
            echo={"USERID": account or "", "MSISDN": msisdn or ""},
        )

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        """Write the next screen. In the answer ``MSGTYPE`` true keeps the session open."""
        fields = {**inbound.echo, "MSG": reply.text, "MSGTYPE": not reply.end}
        return Response(body=msgspec.json.encode(fields))


def _text(fields: dict[str, Any], name: str, *, required: bool = True) -> str | None:
    value = fields.get(name)
    if value is None and not required:
        return None
    if not isinstance(value, str):
        raise BadPayload(f"{name} is missing" if name not in fields else f"{name} is not a text")
    if required and not value.strip() and name != "USERDATA":
        raise BadPayload(f"{name} is empty")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise BadPayload(f"{name} has half of a surrogate pair, which is no character") from None
    return value


def _flag(fields: dict[str, Any], *, required: bool) -> bool | None:
    value = fields.get("MSGTYPE")
    if value is None and not required:
        return None
    flag = value if isinstance(value, bool) else _FLAGS.get(str(value).strip().lower()) if isinstance(value, str | int) else None
    if flag is None:
        raise BadPayload("MSGTYPE is missing" if "MSGTYPE" not in fields else "MSGTYPE is neither true nor false")
    return flag
