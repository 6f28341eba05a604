"""Wigal, Ghana: USSD by GET and a delimited line (version 1), or by POST of JSON (version 2). Documented on Wigal's pages."""

from contextlib import suppress
from typing import Final, Literal

import msgspec

from flowdsl import ConfigurationError, Screen
from flowdsl.settings import require
from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field, Stage
from flowdsl_adapters.templates import ReplyForm
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Json, Query, Wire

__all__ = ["Wigal"]

_NEWLINE: Final = "\n"


def _object(mode: str) -> ReplyForm:
    return {
        "network": "{network}",
        "sessionid": "{sessionid}",
        "mode": mode,
        "msisdn": "{msisdn}",
        "userdata": "{text}",
        "username": "{username}",
        "trafficid": "{trafficid}",
        "other": "{key}",
    }


def _line(mode: str) -> ReplyForm:
    return f"{{network}}|{mode}|{{msisdn}}|{{sessionid}}|{{text}}|{{username}}|{{trafficid}}|{{key}}"


class Wigal(UssdGateway):
    """The gateway of Wigal. ``other``, a field of the service's own, carries the key of the prompt.

    Args:
        version: 2 for JSON, or 1 for the delimited line.
        line_break: what stands for a line break in version 1, one visible character; ``"^"`` is a guess.
        code: the service's own dial string; what is dialled behind it are shortcuts.
        region: two letters of the country in which a number beginning with ``0`` is national.
        screen: what one screen holds. In version 1 its lines end with the line break, and that is counted, unless the screen
            has a ``line_break`` of its own.

    Raises:
        ConfigurationError: there is no such version, no screen has such a line break or it would end a field, or a setting
            cannot be read.

    >>> from flowdsl import Reply
    >>> from flowdsl_adapters import Request, Wigal
    >>> query = {"network": "wigal_mtn_gh", "sessionid": "1", "mode": "MORE", "msisdn": "233244123456", "userdata": "1",
    ...          "username": "sika", "trafficid": "7f2c", "other": ""}
    >>> gateway = Wigal(version=1)
    >>> gateway.encode(Reply("Name?"), gateway.decode(Request(body=b"", query=query))).body
    b'wigal_mtn_gh|MORE|233244123456|1|Name?|sika|7f2c|'
    """

    name = "wigal"
    about = About(
        title="Wigal",
        country="Ghana",
        evidence="documented",
        sources=("Wigal's pages on USSD, https://frogdocs.wigal.com.gh",),
        check=(
            'In version 1, what stands for a line break: `Wigal(version=1, line_break="^")` is a guess, and `|` and `^` in '
            "a text are shown as `/` and `'` (inferred). `^` counts as two septets of the screen.",
            "Whether `END` is sent when the person hangs up (inferred).",
            "How many characters a screen holds, and within how many seconds it must be answered.",
        ),
        sample={
            "network": "wigal_mtn_gh",
            "sessionid": "10203040",
            "mode": "START",
            "msisdn": "233244123456",
            "userdata": "*714*55#",
            "username": "sika",
            "trafficid": "7f2c",
            "other": "",
        },
        fields={"other": "yours: the key of the prompt that was shown before, from which nothing is read"},
    )
    region = "GH"

    wire: Wire = Json()
    session = Field("sessionid")
    number = Field("msisdn")
    text = Field("userdata", blank=True)
    stage = Stage("mode", {"start": "new", "more": "on", "end": "released"})
    network = Field("network", required=False)
    account = Field("username", required=False)
    more: ReplyForm = _object("MORE")
    last: ReplyForm = _object("END")

    def __init__(
        self,
        *,
        version: Literal[1, 2] = 2,
        line_break: str = "^",
        code: str | None = None,
        region: str | None = None,
        screen: Screen | None = None,
    ) -> None:
        if version not in (1, 2):
            raise ConfigurationError(f"the version is {version!r}: Wigal has 1 and 2")
        if version == 1:
            _require_break(line_break)
            self.wire = Query()
            self.more, self.last = _line("MORE"), _line("END")
            self.replaced = _replaced(line_break)
            known = self.screen if screen is None else require("screen", screen, Screen, "Screen(…)")
            if known is not None and known.line_break == _NEWLINE:
                screen = msgspec.structs.replace(known, line_break=line_break)
        super().__init__(code=code, region=region, screen=screen)


def _require_break(text: object) -> None:
    if isinstance(text, str) and len(text) == 1 and text not in (_NEWLINE, "|"):
        with suppress(ConfigurationError):
            Screen(line_break=text)
            return
    raise ConfigurationError(
        f"the line break is {text!r}: in version 1 it is one visible character of GSM 7-bit, no letter or digit, and not '|', "
        "which ends a field"
    )


def _replaced(line_break: str) -> dict[str, str]:
    # What a reply cannot carry must not become a line break either.
    return {
        "|": "-" if line_break == "/" else "/",
        line_break: "-" if line_break == "'" else "'",
        _NEWLINE: line_break,
    }
