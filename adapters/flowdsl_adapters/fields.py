"""Where things stand in a request, and how they are read: one field, and the one that says what the request is."""

import json
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from flowdsl import ConfigurationError
from flowdsl.errors import BadPayload
from flowdsl.messages import EndReason

__all__ = ["TRUTH", "TWICE", "AsJson", "Field", "Kind", "Stage", "carried"]

Kind: TypeAlias = Literal["new", "on"] | EndReason
"""What a request is: a conversation begins, it goes on, or the gateway's session is over, and why."""

TRUTH: Final[Mapping[str, Kind]] = {"true": "new", "false": "on", "1": "new", "0": "on"}
"""A flag that is true where a conversation begins; relays that re-type fields send it as text or number (inferred)."""

TWICE: Final = object()
"""Stands where a parameter comes twice with different values, of which nobody can tell which one is meant."""


class AsJson(str):
    """What is no text in a request, as its JSON: a reply in JSON has it as such, and one in text as it is written."""

    __slots__ = ()


def carried(name: str, fields: Mapping[str, Any]) -> str:
    """Read what goes back in a reply as it came, whether it is a text or not; ``""`` where it is missing.

    Args:
        name: of the field.
        fields: those of the request.

    Raises:
        BadPayload: it comes twice, or is nothing that can be written.

    >>> carried("id", {"id": "7f2c"}), carried("id", {"id": [7, None]}), carried("id", {})
    ('7f2c', '[7,null]', '')
    """
    value = fields.get(name, "")
    if value is TWICE:
        raise BadPayload(f"{name} {_wrong(name, value, fields, '')}")
    if isinstance(value, str):
        return _whole(name, value)
    try:
        return _whole(name, AsJson(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))))
    except (ValueError, RecursionError):
        raise BadPayload(f"{name} is nested too deeply, or has a number that JSON does not have") from None


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
        return _whole(self.name, value)

    def told(self, fields: Mapping[str, Any]) -> str:
        """Give the text, where a request may lack it or have it as a number; ``""`` then.

        Raises:
            BadPayload: it comes twice, or is no text.
        """
        return Field(self.name, required=False, blank=True, number=True).read(fields) or ""


class Stage(msgspec.Struct, frozen=True):
    """The field that says whether a conversation begins, goes on, or is over.

    Args:
        name: of the field.
        values: what each of its values means; case is not looked at, and a flag or a number is read as its text.
        required: the request is refused without it. Else an unseen session begins a conversation.

    Raises:
        ConfigurationError: a value comes twice, since it differs by case only.

    >>> Stage("mode", {"start": "new", "more": "on", "end": "released"}).read({"mode": "START"})
    'new'
    """

    name: str
    values: Mapping[str, Kind]
    required: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.values, Mapping):
            small = {_small(value): meaning for value, meaning in self.values.items()}
            if len(small) < len(self.values):
                raise ConfigurationError(f"the stage {self.name} has a value twice, once in small letters and once in capitals")
            msgspec.structs.force_setattr(self, "values", small)

    def read(self, fields: Mapping[str, Any]) -> Kind | None:
        """Give what it says, or ``None`` where it is missing and may be.

        Raises:
            BadPayload: it is missing, or has a value that the gateway does not document.
        """
        value = fields.get(self.name)
        if value is None and not self.required:
            return None
        if value is True or value is False:  # as most are that are told of in JSON
            known = self.values.get("true" if value else "false")
        else:
            known = self.values.get(_small(value)) if isinstance(value, str | int) else None
        if known is None:
            allowed = ", ".join(self.values)
            raise BadPayload(f"{self.name} {_wrong(self.name, value, fields, f'is none of {allowed}')}")
        return known

    def spelt(self, kind: str) -> str | None:
        """Give the first value that means this, or ``None`` where there is none."""
        return next((value for value, meaning in self.values.items() if meaning == kind), None)


def _small(value: Any) -> Any:
    if value is True or value is False:
        return "true" if value else "false"
    return str(value).strip().lower() if isinstance(value, str | int) else value


def _whole(name: str, text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BadPayload(f"{name} has half of a surrogate pair, which is no character") from None
    return text


def _wrong(name: str, value: object, fields: Mapping[str, Any], otherwise: str) -> str:
    if value is TWICE:
        return "comes twice, with different values"
    return "is missing" if name not in fields else otherwise
