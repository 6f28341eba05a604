"""Where things stand in a request, and how they are read: one field, and the one that says what the request is."""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from flowdsl.errors import BadPayload
from flowdsl.messages import EndReason

__all__ = ["TRUTH", "TWICE", "Field", "Kind", "Stage"]

Kind: TypeAlias = Literal["new", "on"] | EndReason
"""What a request is: a conversation begins, it goes on, or the gateway's session is over, and why."""

TRUTH: Final[Mapping[str, Kind]] = {"true": "new", "false": "on", "1": "new", "0": "on"}
"""A flag that is true where a conversation begins; relays that re-type fields send it as text or number (inferred)."""

TWICE: Final = object()
"""Stands where a parameter comes twice with different values, of which nobody can tell which one is meant."""


class Field(msgspec.Struct, frozen=True):
    """A text in a request.

    Args:
        name: of the field, as the gateway writes it.
        required: the request is refused without it.
        blank: it may be empty.
        number: it may come as a number, and is then read as its digits.

    >>> Field("MSISDN").read({"MSISDN": "233244123456"})
    '233244123456'
    """

    name: str
    required: bool = True
    blank: bool = False
    number: bool = False

    def read(self, fields: Mapping[str, Any]) -> str | None:
        """Give the text, or ``None`` where it is missing and may be.

        Raises:
            BadPayload: it is missing, empty or no text.
        """
        value: Any = fields.get(self.name)
        # As most are, and every message has six of them: what is greater than a blank does not begin with one.
        if value.__class__ is str and value > " " and value.isascii():
            return value
        return self._read(value, fields)

    def _read(self, value: Any, fields: Mapping[str, Any]) -> str | None:
        if value is None and not self.required:
            return None
        if not isinstance(value, str):
            if self.number and isinstance(value, int) and not isinstance(value, bool):
                return str(value)
            raise BadPayload(f"{self.name} {_wrong(self.name, value, fields, 'is not a text')}")
        if not self.blank and self.required and not value.strip():
            raise BadPayload(f"{self.name} is empty")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise BadPayload(f"{self.name} has half of a surrogate pair, which is no character") from None
        return value


class Stage(msgspec.Struct, frozen=True):
    """The field that says whether a conversation begins, goes on, or is over.

    Args:
        name: of the field.
        values: what each of its values means; in small letters, since case is not looked at.
        required: the request is refused without it. Else an unseen session begins a conversation.

    >>> Stage("mode", {"start": "new", "more": "on", "end": "released"}).read({"mode": "START"})
    'new'
    """

    name: str
    values: Mapping[str, Kind]
    required: bool = True

    def read(self, fields: Mapping[str, Any]) -> Kind | None:
        """Give what it says, or ``None`` where it is missing and may be.

        Raises:
            BadPayload: it is missing, or has a value that the gateway does not document.
        """
        value = fields.get(self.name)
        if value is None and not self.required:
            return None
        if value is True or value is False:
            known = self.values.get("true" if value else "false")
        else:
            known = self.values.get(str(value).strip().lower()) if isinstance(value, str | int) else None
        if known is None:
            allowed = ", ".join(self.values)
            raise BadPayload(f"{self.name} {_wrong(self.name, value, fields, f'is none of {allowed}')}")
        return known

    def spelt(self, kind: str) -> str | None:
        """Give the first value that means this, or ``None`` where there is none."""
        return next((value for value, meaning in self.values.items() if meaning == kind), None)


def _wrong(name: str, value: object, fields: Mapping[str, Any], otherwise: str) -> str:
    if value is TWICE:
        return "comes twice, with different values"
    return "is missing" if name not in fields else otherwise
