r"""Replies as their gateway documents them, with slots: ``{text}``, and fields that go back as they came."""

import json
import re
from collections.abc import Callable, Mapping
from itertools import repeat
from typing import Any, Final

import msgspec

from flowdsl_adapters.fields import AsJson

__all__ = ["ReplyForm", "Template", "slots_of"]

ReplyForm = str | Mapping[str, Any]
"""How a reply is written: a text, or what becomes a JSON object."""


def _ready(value: object) -> msgspec.Raw:
    """Write what is JSON already. msgspec asks for it, since it is no plain text."""
    if isinstance(value, AsJson):
        return msgspec.Raw(value.encode())
    raise NotImplementedError


_encode: Final = msgspec.json.Encoder(enc_hook=_ready).encode
_slots: Final = re.compile(r"\{([\w.-]+)\}")
_json_slots: Final = re.compile(r'"\{([\w.-]+)\}"')


def slots_of(text: str) -> list[str]:
    """List the slots in a text.

    >>> slots_of("CON {text} ({net-work})")
    ['text', 'net-work']
    """
    return _slots.findall(text)


class Template:
    r"""A form that is filled again and again.

    Args:
        form: the text, or the JSON object, with a name in braces wherever something is to stand.
        written: makes a text safe to stand there, where the form is a text.

    >>> Template({"message": "{text}", "end": False}).filled({"text": 'Say "hi"'})
    b'{"message":"Say \\"hi\\"","end":false}'
    >>> Template("CON {text}").filled({"text": "Name?"})
    b'CON Name?'
    """

    def __init__(self, form: ReplyForm, written: Callable[[str], str] = str) -> None:
        self.form = form
        if isinstance(form, str):
            pieces = _slots.split(form)
            self._encode: Callable[[Any], bytes] = lambda value: written(str(value)).encode("utf-8", "replace")
        else:
            pieces = _json_slots.split(json.dumps(form, separators=(",", ":"), ensure_ascii=False, allow_nan=False))
            self._encode = _encode
        # What stands between the slots, and the slot behind each of them.
        self._first = pieces[0].encode()
        self._rest = tuple((slot, after.encode()) for slot, after in zip(pieces[1::2], pieces[2::2], strict=True))
        self.slots = frozenset(pieces[1::2])

    def filled(self, filling: Mapping[str, Any]) -> bytes:
        """Write it.

        Args:
            filling: what stands in each slot.
        """
        encode, parts = self._encode, [self._first]
        for slot, after in self._rest:
            parts.append(encode(filling[slot]))
            parts.append(after)
        return b"".join(parts)

    def read(self, body: bytes) -> dict[str, Any] | None:
        """Take apart what was written with it, or give ``None`` where that was another one.

        >>> Template("END {text}").read(b"END Goodbye.")
        {'text': 'Goodbye.'}
        """
        try:
            text = body.decode()
            shown = None if isinstance(self.form, str) else json.loads(text)
        except ValueError:
            return None
        if isinstance(self.form, str):
            pieces = _slots.split(self.form)
            known = ["(.*)" if place % 2 else re.escape(piece) for place, piece in enumerate(pieces)]
            found = re.fullmatch("".join(known), text, re.DOTALL)
            return None if found is None else dict(zip(pieces[1::2], found.groups(), strict=True))
        filling: dict[str, Any] = {}
        return filling if _fits(self.form, shown, filling) else None


def _fits(form: Any, value: Any, filling: dict[str, Any]) -> bool:
    if isinstance(form, Mapping):
        return (
            isinstance(value, dict) and form.keys() == value.keys() and all(_fits(form[key], value[key], filling) for key in form)
        )
    if isinstance(form, list | tuple):
        return isinstance(value, list) and len(form) == len(value) and all(map(_fits, form, value, repeat(filling)))
    slot = _slots.fullmatch(form) if isinstance(form, str) else None
    if slot is not None:
        filling[slot[1]] = value
        return True
    return bool(form == value) and type(form) is type(value)
