"""Nsano, Ghana: USSD by POST of JSON. No page of the vendor is known; all of it is seen in code of its clients."""

from collections.abc import Mapping
from typing import Any, Literal

from flowdsl import ConfigurationError, Screen
from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field, Kind
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Json

__all__ = ["Nsano"]


class Nsano(UssdGateway):
    """The gateway of Nsano.

    Args:
        closing: the field that holds the last text: ``"title"``, or ``"menus"`` as one older client has it.
        code: the service's own dial string; what is dialled behind it are shortcuts.
        region: two letters of the country in which a number beginning with ``0`` is national.
        screen: what one screen holds.

    Raises:
        ConfigurationError: ``closing`` is another field, or a setting cannot be read.

    >>> from flowdsl_adapters import Nsano, Request
    >>> body = b'{"network":"MTN","msisdn":"233244123456","msg":"1","UserSessionID":"7d8f2c1a90"}'
    >>> Nsano().decode(Request(body=body)).text
    '1'
    """

    name = "nsano"
    about = About(
        title="Nsano",
        country="Ghana",
        evidence="seen in code",
        sources=("radioactive-labs/flow_chat v0.8.0", "cybersai/ussd", "sparors/laravel-ussd", "samora/ussd-go"),
        check=(
            'Whether the last text goes into `title` (the default) or `menus`: `Nsano(closing="menus")`.',
            "How many characters a screen holds, and within how many seconds it must be answered: neither is published.",
            "Whether a session that the person left is told. No notice is known, so it expires.",
        ),
        notes=(
            "Integrations of 2015 had no `UserSessionID`. Where it is missing the number is the session, and who sends a dial "
            "string begins a conversation (both inferred).",
        ),
        sample={"network": "MTN", "msisdn": "233244123456", "msg": "*365#", "UserSessionID": "7d8f2c1a90"},
    )
    region = "GH"

    wire = Json()
    session = Field("UserSessionID", required=False)
    number = Field("msisdn")
    text = Field("msg", blank=True)
    network = Field("network", required=False)
    more = {"USSDResp": {"action": "input", "menus": "", "title": "{text}"}}
    last = {"USSDResp": {"action": "prompt", "menus": "", "title": "{text}"}}

    def __init__(
        self,
        *,
        closing: Literal["title", "menus"] = "title",
        code: str | None = None,
        region: str | None = None,
        screen: Screen | None = None,
    ) -> None:
        if closing not in ("title", "menus"):
            raise ConfigurationError(f"closing is {closing!r}: Nsano shows the last text from title or menus")
        if closing == "menus":
            self.last = {"USSDResp": {"action": "prompt", "menus": "{text}", "title": ""}}
        super().__init__(code=code, region=region, screen=screen)

    def kind(self, fields: Mapping[str, Any]) -> Kind | None:
        """Without a session, as in integrations of 2015, who sends a dial string begins, and the number is one (inferred)."""
        typed = fields.get("msg")
        if (Field("UserSessionID", required=False, blank=True).read(fields) or "").strip() or not isinstance(typed, str):
            return None
        return "new" if typed.startswith("*") and typed.endswith("#") else "on"
