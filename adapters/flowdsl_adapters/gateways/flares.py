"""Comviva Flares: USSD by GET as Airtel has it, and by POST of XML as TNM Malawi has it.

Seen in the code of vumi's transport for Airtel, and of TNM's clients.
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from flowdsl import ConfigurationError, Ended, Inbound, Reply, Screen
from flowdsl.errors import Forbidden
from flowdsl.messages import EndReason
from flowdsl.phone import e164
from flowdsl_adapters.about import About
from flowdsl_adapters.dialling import behind, joined, parts_of
from flowdsl_adapters.fields import Field, Kind
from flowdsl_adapters.gateway import Decoded, Request, Response
from flowdsl_adapters.origin import credential
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Query, Xml

__all__ = ["Flares", "FlaresXml"]

_NUMBER: Final = Field("msisdn", required=False, blank=True)
_ERROR: Final = Field("error", required=False, blank=True)


class Flares(UssdGateway):
    """The gateway of Comviva Flares, HTTP pull 1.5.0.

    Args:
        user: what ``userid`` must be; ``None`` to let every request in.
        password: what ``password`` must be.
        code: the service's own dial string; what is dialled behind it are shortcuts.
        region: two letters of the country in which a number beginning with ``0`` is national.
        screen: what one screen holds.

    Raises:
        ConfigurationError: there is a user without a password or the other way round, or a setting cannot be read.

    >>> from flowdsl_adapters import Flares, Request
    >>> query = {"SessionID": "700", "MSISDN": "254733123456", "MSC": "254700000121", "input": "121*7"}
    >>> message = Flares(code="*121#").decode(Request(body=b"", query=query))
    >>> message.dialled, message.shortcut
    ('*121*7#', ('7',))
    """

    name = "flares"
    about = About(
        title="Comviva Flares (HTTP, Airtel)",
        country="many countries",
        evidence="seen in code",
        sources=("praekelt/vumi, its transport for Airtel, and its pull request 550",),
        check=(
            "The user and the password that its requests carry: `Flares(user=…, password=…)`.",
            "How many characters a screen holds, and within how many seconds it must be answered.",
        ),
        notes=(
            "Whether a reply ends the session is told by the header `Freeflow`: `FC` goes on, `FB` ends.",
            "White space at the beginning of a screen is lost.",
        ),
        number="254733123456",
        sample={
            "SessionID": "700000000000123",
            "MSISDN": "254733123456",
            "MSC": "254700000121",
            "input": "121",
        },
        fields={
            "input": "the code without star and hash at first, then what was typed last",
            "userid": "the user, where you give one",
            "password": "the password, where you give one",
        },
        notices={
            "`clean`": {"clean": "clean-session", "error": "523", "SessionID": "700000000000123", "msisdn": "254733123456"},
        },
    )

    wire = Query()
    session = Field("SessionID")
    number = Field("MSISDN")
    text = Field("input", blank=True)
    more = last = "{text}"
    more_headers = {"Freeflow": "FC", "charge": "N", "amount": "0"}
    last_headers = {"Freeflow": "FB", "charge": "N", "amount": "0"}

    def __init__(
        self,
        *,
        user: str | None = None,
        password: str | None = None,
        code: str | None = None,
        region: str | None = None,
        screen: Screen | None = None,
    ) -> None:
        if (user is None) != (password is None) or user == "" or password == "":
            raise ConfigurationError("Flares shows a user and a password: give both, or neither")
        self._credentials: bytes | None = None
        if user is not None:
            self._credentials = b"%s\n%s" % (credential("user", user), credential("password", password))
        super().__init__(code=code, region=region, screen=screen)

    def decode(self, request: Request) -> Decoded:
        """Read what the gateway sends, if it shows its password.

        Raises:
            Forbidden: the user or the password is another one.
        """
        if self._credentials is not None:
            shown = f"{request.query.get('userid', '')}\n{request.query.get('password', '')}"
            if not hmac.compare_digest(self._credentials, shown.encode("utf-8", "replace")):
                raise Forbidden("Forbidden")
        return super().decode(request)

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        """Write the screen, without the white space at its beginning, which is lost on the way."""
        return super().encode(msgspec.structs.replace(reply, text=reply.text.lstrip()), inbound)

    def kind(self, fields: Mapping[str, Any]) -> Kind | None:
        """A request to clean up tells that the session is over."""
        return "gateway_end" if "clean" in fields else None

    def opening(
        self, fields: Mapping[str, Any], typed: str, service: str, *, new: bool | None
    ) -> tuple[str | None, tuple[str, ...]]:
        """Put back the star and the hash."""
        dialled = joined(typed, "")
        return dialled, behind(dialled, self._code)

    def sent(self, code: str, texts: Sequence[str]) -> dict[str, Any]:
        """What was dialled comes without star and hash."""
        return {"input": texts[-1] if texts else "*".join(parts_of(code))}

    def ended(self, fields: Mapping[str, Any], reason: EndReason, url: str, *, detail: str = "") -> Ended:
        """Read the request to clean up, where the number is written in small letters, with the gateway's error."""
        number = _NUMBER.read(fields)
        return Ended(
            platform=self.platform,
            gateway=self.name,
            reason=reason,
            request_id=self.session_id(fields, number or ""),
            msisdn=e164((number or "").strip(), self._region),
            url=url,
            detail=_ERROR.read(fields) or "",
        )


_XML = '<?xml version="1.0" encoding="UTF-8"?>'


class FlaresXml(UssdGateway):
    """The gateway of Comviva Flares by XML, as TNM Malawi has it.

    >>> from flowdsl_adapters import FlaresXml, Request
    >>> body = b"<ussd><msisdn>265888123456</msisdn><sessionId>16024</sessionId><subscriberInput>1</subscriberInput></ussd>"
    >>> FlaresXml().decode(Request(body=body)).text
    '1'
    """

    name = "flares_xml"
    about = About(
        title="Comviva Flares (XML, TNM)",
        country="Malawi",
        evidence="seen in code",
        sources=("tnmdevs/ussd, a client of TNM Malawi",),
        check=(
            "How a reply ends the session: the header `Freeflow` of the HTTP flavour is likely, and is what we send (inferred).",
            "How many characters a screen holds, and within how many seconds it must be answered.",
            "Whether a session that the person left is told. No notice is known, so it expires.",
        ),
        number="265888123456",
        sample={"msisdn": "265888123456", "sessionId": "16024", "subscriberInput": "*123#"},
    )
    region = "MW"

    wire = Xml(root="ussd")
    session = Field("sessionId")
    number = Field("msisdn")
    text = Field("subscriberInput", blank=True)
    more = last = _XML + "<response><msisdn>{msisdn}</msisdn><applicationResponse>{text}</applicationResponse></response>"
    more_headers = {"Freeflow": "FC"}
    last_headers = {"Freeflow": "FB"}
