"""Cellulant: USSD by GET, answered by a line of fields. Seen in the code of vumi's transport."""

from collections.abc import Mapping
from typing import Any, Final

from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field, Kind, Stage
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Query

__all__ = ["Cellulant"]

_ABORTED: Final = {"MSISDN": "254722000000", "INPUT": "", "opCode": "", "ABORT": "1", "sessionID": "c1"}


class Cellulant(UssdGateway):
    """The gateway of Cellulant, whose session is known by the number and its id.

    >>> from flowdsl_adapters import Cellulant, Request
    >>> query = {"MSISDN": "254722000000", "INPUT": "1", "opCode": "", "ABORT": "0", "sessionID": "c1"}
    >>> Cellulant().decode(Request(body=b"", query=query)).request_id
    '254722000000:c1'
    """

    name = "cellulant"
    about = About(
        title="Cellulant",
        country="many countries",
        evidence="seen in code",
        sources=("praekelt/vumi, its transport for Cellulant",),
        check=(
            "How `|`, which ends a field, can be shown: a text has `/` instead (inferred).",
            "How many characters a screen holds, and within how many seconds it must be answered.",
        ),
        number="254722000000",
        sample={"MSISDN": "254722000000", "INPUT": "*120*1#", "opCode": "BEG", "ABORT": "0", "sessionID": "c1"},
        fields={"ABORT": "`1` where the person hung up, else `0`; may be missing"},
        notices={"`ABORT` 1": _ABORTED},
    )

    wire = Query()
    session = Field("sessionID")
    number = Field("MSISDN")
    text = Field("INPUT", blank=True)
    stage = Stage("opCode", {"beg": "new", "": "on", "abo": "user_abort"})
    more = "1|{text}|null|null|null|null"
    last = "1|{text}|null|null|end|null"
    replaced = {"|": "/"}

    _abort = Stage("ABORT", {"1": "user_abort", "0": "on"}, required=False)

    def kind(self, fields: Mapping[str, Any]) -> Kind | None:
        """An abort is told in either of two fields."""
        kind = super().kind(fields)
        if self._abort.read(fields) == "user_abort":
            kind = "user_abort"
        if kind == "user_abort":
            self.number.read(fields)  # it is a half of the session
        return kind

    def session_id(self, fields: Mapping[str, Any], number: str) -> str:
        """Ids alone are those of several people."""
        return f"{number}:{super().session_id(fields, number)}"
