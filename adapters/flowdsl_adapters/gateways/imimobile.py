"""IMImobile: USSD by GET; the number is the session. Seen in the code of vumi's transport."""

from collections.abc import Mapping
from typing import Any, Final

from flowdsl_adapters.about import About
from flowdsl_adapters.dialling import parts_of
from flowdsl_adapters.fields import Field, Kind
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Query

__all__ = ["ImiMobile"]

_ABORTED: Final = "Map Dialog User Abort User Reason"
_CODE: Final = Field("code", required=False, blank=True)


class ImiMobile(UssdGateway):
    """The gateway of IMImobile.

    >>> from flowdsl_adapters import ImiMobile, Request
    >>> query = {"msisdn": "919876543210", "msg": "1", "code": "*777#", "tid": "t-1", "dcs": "0"}
    >>> ImiMobile().decode(Request(body=b"", query=query)).request_id
    '919876543210'
    """

    name = "imimobile"
    about = About(
        title="IMImobile",
        country="many countries",
        evidence="seen in code",
        sources=("praekelt/vumi, its transport for IMImobile",),
        check=(
            "What `msg` is when somebody dials: where it is a dial string, a conversation begins (inferred).",
            "How many characters a screen holds, and within how many seconds it must be answered.",
        ),
        notes=(
            'Nothing names a country, so numbers need its code; `ImiMobile(region="IN")` reads national ones of India, too.',
            "There is no id of a session: the number is one, and what was left in the middle goes on at the next dial.",
            f"The text `{_ABORTED}` tells that the person hung up.",
        ),
        number="919876543210",
        sample={"msisdn": "919876543210", "msg": "*777#", "code": "*777#", "tid": "t-1", "dcs": "no-idea"},
        notices={
            f"`msg` {_ABORTED}": {"msisdn": "919876543210", "msg": _ABORTED, "code": "*777#", "tid": "t-1", "dcs": "no-idea"},
        },
    )

    wire = Query()
    number = Field("msisdn")
    text = Field("msg", blank=True)
    service = _CODE
    more = last = "{text}"
    more_headers = {"X-USSD-SESSION": "1"}
    last_headers = {"X-USSD-SESSION": "0"}

    def kind(self, fields: Mapping[str, Any]) -> Kind | None:
        """Tell by the text what it is; an answer of an unseen number begins a conversation, too."""
        typed = (self.text.read(fields) or "").strip()
        if typed == _ABORTED:
            self.number.read(fields)  # it is the session
            return "user_abort"
        code = parts_of(_CODE.read(fields) or "")
        dialled = typed.startswith("*") and typed.endswith("#") and bool(parts_of(typed))
        return "new" if dialled and parts_of(typed)[: len(code)] == code else "on"

    def session_id(self, fields: Mapping[str, Any], number: str) -> str:
        """The number is the session."""
        return number
