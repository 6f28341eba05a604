"""Moolre, Ghana: USSD by POST of JSON, on the shared code ``*203*extension#``. Documented on Moolre's pages."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flowdsl_adapters.about import About
from flowdsl_adapters.dialling import joined, parts_of
from flowdsl_adapters.fields import TRUTH, Field, Stage
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Json

__all__ = ["Moolre"]

_SHARED: Final = "203"


class Moolre(UssdGateway):
    """The gateway of Moolre. What is dialled behind the extension comes in a field of its own, and are shortcuts.

    Args:
        code: is not needed, since the gateway tells apart what is dialled behind the extension.
        region: two letters of the country in which a number beginning with ``0`` is national.
        screen: what one screen holds.

    Raises:
        ConfigurationError: a setting cannot be read.

    >>> from flowdsl_adapters import Moolre, Request
    >>> body = (b'{"sessionid":"mo-1","new":true,"msisdn":"233244123456","network":3,"message":"",'
    ...         b'"extension":109,"data":"11005"}')
    >>> message = Moolre().decode(Request(body=body))
    >>> message.dialled, message.shortcut
    ('*203*109*11005#', ('11005',))
    """

    name = "moolre"
    about = About(
        title="Moolre",
        country="Ghana",
        evidence="documented",
        sources=("Moolre's developer pages, https://docs.moolre.com/ussd",),
        check=(
            "How `msisdn` is written: it is not stated; we read 233…, +233… and 0….",
            "How many characters a screen holds, and within how many seconds it must be answered.",
        ),
        sample={
            "sessionid": "mo-5501",
            "new": True,
            "msisdn": "233244123456",
            "network": 3,
            "message": "",
            "extension": 109,
            "data": "",
        },
        fields={
            "extension": "your part of `*203*extension#`",
            "data": "what was dialled behind it, which are shortcuts",
        },
    )
    region = "GH"

    wire = Json()
    session = Field("sessionid")
    number = Field("msisdn")
    text = Field("message", blank=True)
    stage = Stage("new", TRUTH)
    network = Field("network", required=False, number=True)
    service = Field("extension", number=True)
    more = {"message": "{text}", "reply": True}
    last = {"message": "{text}", "reply": False}

    _behind = Field("data", required=False, blank=True)

    def opening(
        self, fields: Mapping[str, Any], typed: str, service: str, *, new: bool | None
    ) -> tuple[str | None, tuple[str, ...]]:
        """Put together what was dialled."""
        rest = self._behind.read(fields) or ""
        return joined(f"{_SHARED}*{service}", rest), tuple(rest.split("*")) if rest else ()

    def sent(self, code: str, texts: Sequence[str]) -> dict[str, Any]:
        """What was dialled is the extension, which is a number, and the data."""
        _, extension, *rest = (*parts_of(code), "0")
        return {"extension": int(extension), "data": "*".join(rest[:-1]), "message": texts[-1] if texts else ""}
