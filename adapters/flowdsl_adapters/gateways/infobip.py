"""Infobip's older hosted format: each session is a resource, by POST and PUT of JSON. Seen in the code of vumi's transport."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from flowdsl import Ended, Paid
from flowdsl.errors import UnknownSession, UserInputError
from flowdsl.messages import EndReason
from flowdsl_adapters.about import About
from flowdsl_adapters.dialling import behind
from flowdsl_adapters.fields import Field, Stage
from flowdsl_adapters.gateway import Decoded, Probe, Request, Response
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Json

__all__ = ["Infobip"]

_REASON: Final = Field("reason", required=False, blank=True)


class Infobip(UssdGateway):
    """The gateway of Infobip, in its older format.

    Sessions are addresses below that of the mount: ``/session/{session}/start``, ``…/response``, ``…/end`` and ``…/status``.
    What cannot be answered is told in ``responseExitCode``, with the HTTP status 200.

    >>> from flowdsl_adapters import Infobip, Request
    >>> request = Request(body=b'{"msisdn":"385955363443","text":"1"}', parts={"session": "95c6a1", "step": "response"})
    >>> Infobip().decode(request).text
    '1'
    """

    name = "infobip"
    about = About(
        title="Infobip (older hosted format)",
        country="many countries",
        evidence="seen in code",
        sources=("praekelt/vumi, its transport for Infobip",),
        check=(
            "Whether this format is still offered: current public pages describe no webhook for USSD.",
            "How many characters a screen holds, and within how many seconds it must be answered.",
        ),
        notes=(
            "An answer in a session that is not known is refused, as vumi does.",
            "An `end` of a session that is not known is acknowledged with `responseExitCode` 200, where vumi answers 400.",
            "A second start of a live session, which vumi refuses, shows the question where the person stopped.",
            "The notice of an end, and the question for the status, have no number: of sessions that are known by the number the "
            "first ends none, whatever `hangup` says, and the second is answered by an error, and by no guess.",
        ),
        number="385955363443",
        sample={
            "session": "95c6a1",
            "step": "start",
            "msisdn": "385955363443",
            "imsi": "219101234567890",
            "shortCode": "*123#",
            "optional": "",
            "ussdGwId": "11",
            "language": None,
            "text": "",
        },
        fields={"session": "its id of the session, in the address"},
        notices={"PUT `…/end`": {"session": "95c6a1", "step": "end", "reason": "User aborted", "exitCode": 0}},
    )
    routes = (
        ("POST", "/session/{session}/{step:start|response}"),
        ("PUT", "/session/{session}/{step:end}"),
        ("GET", "/session/{session}/{step:status}"),
    )
    lost = "end"

    wire = Json(address=("session", "step"))
    session = Field("session")
    number = Field("msisdn")
    text = Field("text", blank=True)
    stage = Stage("step", {"start": "new", "response": "on", "end": "gateway_end"})
    service = Field("shortCode", required=False, blank=True)
    more = {"shouldClose": False, "ussdMenu": "{text}", "responseExitCode": 200, "responseMessage": ""}
    last = {**more, "shouldClose": True}

    def decode(self, request: Request) -> Decoded:
        """Read a message, the notice of an end, or the question whether a session is alive."""
        if request.parts.get("step") == "status":
            return Probe(platform=self.platform, gateway=self.name, request_id=request.parts["session"], url=request.url)
        return super().decode(request)

    def opening(
        self, fields: Mapping[str, Any], typed: str, service: str, *, new: bool | None
    ) -> tuple[str | None, tuple[str, ...]]:
        """What was dialled is in a field of its own."""
        return service or None, behind(service, self._code)

    def sent(self, code: str, texts: Sequence[str]) -> dict[str, Any]:
        """Nothing is typed in the first request."""
        return {"shortCode": code, "text": texts[-1] if texts else ""}

    def ended(self, fields: Mapping[str, Any], reason: EndReason, url: str, *, detail: str = "") -> Ended:
        """Read the notice, with the gateway's reason."""
        return super().ended(fields, reason, url, detail=_REASON.read(fields) or "")

    def acknowledge(self, decoded: Ended | Probe | Paid, *, alive: bool) -> Response:
        """Say whether the session is alive, or that its end was heard of."""
        known = {"sessionActive": alive} if isinstance(decoded, Probe) else {}
        return _told(200, "", **known)

    def refuse(self, error: UserInputError) -> Response:
        """Tell what is wrong within an answer that is fine."""
        return _told(400, f"Invalid USSD session {error.request_id!r}" if isinstance(error, UnknownSession) else str(error))


def _told(code: int, message: str, **others: object) -> Response:
    return Response(body=msgspec.json.encode({**others, "responseExitCode": code, "responseMessage": message}))
