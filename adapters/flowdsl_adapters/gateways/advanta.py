"""Advanta, Kenya: USSD by GET; the whole dial string comes each time, grown by each answer. Documented on Advanta's pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from flowdsl_adapters.about import About
from flowdsl_adapters.dialling import behind, joined, parts_of
from flowdsl_adapters.fields import Field
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Query

__all__ = ["Advanta"]


class Advanta(UssdGateway):
    """The gateway of Advanta.

    >>> from flowdsl_adapters import Advanta, Request
    >>> query = {"SESSIONID": "16544512", "USSDCODE": "*415#", "MSISDN": "254722000000", "INPUT": "*415*33*1#"}
    >>> Advanta().decode(Request(body=b"", query=query)).history
    History(text='415*33*1', repeats=True)
    """

    name = "advanta"
    about = About(
        title="Advanta",
        country="Kenya",
        evidence="documented",
        sources=("harrykerry/advanta-africa-apis, docs/ussd-api",),
        check=(
            "How many characters a screen holds, and within how many seconds it must be answered.",
            "Whether a session that the person left is told. No notice is known, so it expires.",
        ),
        notes=(
            "`INPUT` is what was dialled, grown by each answer. On a shared code the extension is a part of it, so there are "
            'shortcuts only where you give the whole code: `Advanta(code="*415*33#")`.',
        ),
        number="254722000000",
        sample={"SESSIONID": "16544512", "USSDCODE": "*415#", "MSISDN": "254722000000", "INPUT": "*415*33#"},
    )
    region = "KE"

    wire = Query()
    session = Field("SESSIONID")
    number = Field("MSISDN")
    text = Field("INPUT", blank=True)
    service = Field("USSDCODE", required=False)
    cumulative = "dialled"
    more, last = "CON {text}", "END {text}"

    def heard(self, typed: str) -> str:
        """Take the star and the hash off that stand around all of it."""
        return typed.removeprefix("*").removesuffix("#")

    def opening(
        self, fields: Mapping[str, Any], typed: str, service: str, *, new: bool | None
    ) -> tuple[str | None, tuple[str, ...]]:
        """All of it was dialled."""
        return typed or None, behind(typed, self._code)

    def sent(self, code: str, texts: Sequence[str]) -> dict[str, Any]:
        """Let what was dialled grow by the answers."""
        parts = parts_of(code)
        return {"USSDCODE": joined(parts[0], ""), "INPUT": f"*{'*'.join((*parts, *texts))}#"}
