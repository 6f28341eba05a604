"""Beem, Tanzania: USSD by POST of JSON. Seen in code."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flowdsl import Inbound, Reply
from flowdsl.errors import BadPayload
from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field, Kind, Stage
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Json

__all__ = ["Beem"]

# As many as any counter has; Python refuses to read some thousands.
_DIGITS: Final = 18


class Beem(UssdGateway):
    """The gateway of Beem.

    Args:
        code: is of no use, since the gateway does not tell what was dialled.
        region: two letters of the country in which a number beginning with ``0`` is national.
        screen: what one screen holds.

    Raises:
        ConfigurationError: a setting cannot be read.

    >>> from flowdsl_adapters import Beem, Request
    >>> body = (b'{"command":"continue","msisdn":"255712345678","operator":"vodacom","session_id":"bm-1",'
    ...         b'"payload":{"request_id":1,"response":"1"}}')
    >>> Beem().decode(Request(body=body)).text
    '1'
    """

    name = "beem"
    about = About(
        title="Beem",
        country="Tanzania",
        evidence="seen in code",
        sources=("harmonizerblinks/ussd-builder",),
        check=(
            "That a reply counts on from the `request_id` of its request, as in the code we know.",
            "How many characters a screen holds, and within how many seconds it must be answered.",
        ),
        notes=("What was dialled is not told, so there are no shortcuts.",),
        number="255712345678",
        sample={
            "command": "initiate",
            "msisdn": "255712345678",
            "operator": "vodacom",
            "session_id": "bm-1",
            "payload.request_id": 0,
            "payload.response": 0,
        },
        fields={
            "payload.request_id": "a number; the reply has the next one",
            "payload.response": "`0` at first, then what was typed last",
        },
    )
    region = "TZ"

    wire = Json(within="payload")
    session = Field("session_id")
    number = Field("msisdn")
    text = Field("payload.response", blank=True, number=True)
    stage = Stage("command", {"initiate": "new", "continue": "on", "terminate": "released"})
    network = Field("operator", required=False)
    more = {
        "msisdn": "{msisdn}",
        "operator": "{operator}",
        "session_id": "{session_id}",
        "command": "continue",
        "payload": {"request_id": "{payload.request_id}", "request": "{text}"},
    }
    last = {**more, "command": "terminate"}

    own_slots = ("payload.request_id",)

    _place = Field("payload.request_id", number=True)

    def kind(self, fields: Mapping[str, Any]) -> Kind | None:
        """Let nothing pass from which a reply cannot count on."""
        place = self._place.read(fields) or ""
        if not (place.isascii() and place.isdigit()) or len(place) > _DIGITS:
            raise BadPayload(f"payload.request_id is no number of up to {_DIGITS} digits")
        return super().kind(fields)

    def opening(
        self, fields: Mapping[str, Any], typed: str, service: str, *, new: bool | None
    ) -> tuple[str | None, tuple[str, ...]]:
        """The first response is 0, whatever was dialled."""
        return None, ()

    def sent(self, code: str, texts: Sequence[str]) -> dict[str, Any]:
        """The first response is 0, and requests are counted."""
        return {"payload.request_id": len(texts), "payload.response": texts[-1] if texts else 0}

    def filling(self, reply: Reply, inbound: Inbound) -> dict[str, Any]:
        """Count on."""
        return super().filling(reply, inbound) | {"payload.request_id": int(inbound.echo["payload.request_id"]) + 1}
