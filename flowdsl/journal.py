"""The journal: what a person has answered so far, in a form that can be stored and read back.

Values are JSON where JSON has them. What it lacks is written as an object with one key that begins
with ``$`` and names the type: a ``Decimal`` is ``{"$decimal": "2.50"}``. An object of the flow's own
with such a key is wrapped in ``$dict``, so the two cannot be taken for each other.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

import msgspec

from flowdsl.errors import UnstorableValue
from flowdsl.texts import Deferred

__all__ = [
    "ASKED",
    "CALL",
    "CALLED",
    "FAILED",
    "LEFT",
    "PLAIN",
    "PROMPT",
    "QUIET_RUN",
    "QUIET_RUN_OF_CALLS",
    "RUN",
    "RUN_OF_CALLS",
    "Entry",
    "decode",
    "encode",
    "failure",
    "has_failed",
    "is_run",
    "named_types",
    "written_alike",
]

PROMPT: Final = "prompt"
"""Kind of the entries that hold the answer to a prompt."""

CALL: Final = "call"
"""Kind of the entries that hold the result of a call."""

RUN: Final = "run"
"""Kind of the entries that hold what a sub-flow returned, where it has asked something."""

RUN_OF_CALLS: Final = "run of calls"
"""The same where it has also called something."""

QUIET_RUN: Final = "run unasked"
"""Kind of the entries that hold what a sub-flow returned, where it has asked nothing."""

QUIET_RUN_OF_CALLS: Final = "run of calls unasked"
"""The same where it has called something."""

ASKED: Final = frozenset({PROMPT, RUN, RUN_OF_CALLS})
"""Kinds of the entries that a person has answered, or something within them."""

CALLED: Final = frozenset({CALL, RUN_OF_CALLS, QUIET_RUN_OF_CALLS})
"""Kinds of the entries for which something was called."""

FAILED: Final = "$failed"
"""Tag of a value that is raised in the flow and not given to it."""

LEFT: Final = "$left"
"""Tag of what a sub-flow returned, where it has also done something to the session."""

PLAIN: Final = frozenset({str, int, float, bool, type(None)})
"""Types whose stored form is the value itself."""


class Entry(msgspec.Struct, array_like=True, gc=False):
    """One finished step: what kind it was, its key, a fingerprint of its choices, its value.

    An entry finds its step again by its key and its fingerprint, never by its place. A prompt's fingerprint is ``""``
    where it has no choices, and hexadecimal digits where it has. That of a call is ``"call"``, and that of a sub-flow
    which is done ``"run"``, or ``"run!"`` where nobody goes back past it; a ``*`` before it stands for each time that the
    same one raised just before, and left no entry. Within a sub-flow its name and a ``/`` come before it, so that no two
    steps of different kinds, or of different flows, are ever taken for each other.
    """

    kind: str
    key: str
    choices: str
    value: Any


# Python writes and reads at most 4,300 digits unless told otherwise.
_LONGEST_INT: Final = 14_000


def written_alike(one: Any, other: Any) -> bool:
    """Tell whether two stored forms are the same; Python holds 1, 1.0 and True for equal."""
    return msgspec.json.encode(one) == msgspec.json.encode(other)


_TEXTUAL: Final[Mapping[type, str]] = {date: "$date", time: "$time", datetime: "$datetime", Decimal: "$decimal", UUID: "$uuid"}
_FROM_TEXT: Final[Mapping[str, Any]] = {
    "$date": date.fromisoformat,
    "$time": time.fromisoformat,
    "$datetime": datetime.fromisoformat,
    "$decimal": Decimal,
    "$uuid": UUID,
    "$float": float,
}


def failure(name: str, message: Any) -> dict[str, Any]:
    """Write down what is raised in the flow instead of a value: a name, and what belongs to it.

    >>> failure("TimeoutError", "")
    {'$failed': ['TimeoutError', '']}
    """
    return {FAILED: [name, message]}


def has_failed(entry: Entry) -> bool:
    """Tell whether what an entry holds is raised in the flow."""
    return entry.value.__class__ is dict and FAILED in entry.value


def is_run(entry: Entry, prefix: str) -> bool:
    """Tell whether an entry is that of a sub-flow which is done, however often the same one raised before.

    Args:
        entry: the entry.
        prefix: what comes before the fingerprints of the flow around it.
    """
    choices = entry.choices.removesuffix("!")
    return choices.startswith(prefix) and choices[len(prefix) :].lstrip("*") == RUN


def named_types(types: Iterable[type]) -> dict[str, type]:
    """Index enums and dataclasses by the name under which the journal stores them."""
    return {each.__qualname__: each for each in types}


def encode(value: Any, types: Mapping[str, type]) -> Any:
    """Turn a value into what JSON can hold, exactly, or refuse.

    Args:
        value: JSON's types, tuples, dates, times, ``Decimal``, ``UUID``; enums and dataclasses of ``types``.
        types: the enums and dataclasses that :func:`decode` will know, by name.

    Raises:
        UnstorableValue: the value is of another type, or would come back different.

    >>> encode((Decimal("2.50"), None), {})
    {'$tuple': [{'$decimal': '2.50'}, None]}
    """
    cls = type(value)
    if cls is str:
        return _text(value)
    if cls is float and not math.isfinite(value):
        return {"$float": repr(value)}
    if cls is int and value.bit_length() > _LONGEST_INT:
        raise UnstorableValue("a number of thousands of digits")
    if cls in PLAIN:
        return value
    if cls is list:
        return [encode(each, types) for each in value]
    if cls is tuple:
        return {"$tuple": [encode(each, types) for each in value]}
    if cls is dict:
        return _object(value, types)
    if cls in _TEXTUAL:
        return _textual(value)
    return _of_the_flow(value, types)


def _textual(value: Any) -> dict[str, str]:
    tag = _TEXTUAL[type(value)]
    # str() of all of them is what their constructors read; of dates and times it is nearly ISO 8601.
    text = str(value)
    # Python reads some of what it writes otherwise, such as a time zone less than a second from UTC; and a zone with
    # rules of its own, or the second of two equal hours in autumn, is not in the text.
    zone = getattr(value, "tzinfo", None)
    if str(_FROM_TEXT[tag](text)) != text or getattr(value, "fold", False) or not isinstance(zone, timezone | None):
        raise UnstorableValue(f"{value!r}, which would come back as another one")
    return {tag: text}


def _text(value: str) -> str:
    try:
        if not value.isascii():
            value.encode()
    except UnicodeEncodeError:
        raise UnstorableValue(f"the text {value!r} has half of a surrogate pair, which is no character") from None
    return value


def _object(value: dict[Any, Any], types: Mapping[str, type]) -> dict[str, Any]:
    for key in value:
        if type(key) is not str:
            raise UnstorableValue(f"a dict with the key {key!r}: the journal holds dicts with text keys only")
    encoded = {_text(key): encode(each, types) for key, each in value.items()}
    return {"$dict": encoded} if any(key.startswith("$") for key in encoded) else encoded


def _of_the_flow(value: Any, types: Mapping[str, type]) -> dict[str, Any]:
    cls = type(value)
    if isinstance(value, Deferred):
        raise UnstorableValue(f"{value!r}, a text that is not made yet: what is kept must be the same in every language")
    name = cls.__qualname__
    is_data = (dataclasses.is_dataclass(value) or isinstance(value, msgspec.Struct)) and not isinstance(value, type)
    if not is_data and not isinstance(value, Enum):
        raise UnstorableValue(
            f"a value of type {cls.__module__}.{name}: what can be stored is text, numbers, booleans, None, lists, "
            "dicts, dates, times, Decimal, UUID, enums and dataclasses"
        )
    if types.get(name) is not cls:
        raise UnstorableValue(f"a {name}, which this flow does not know: name it in @flow(types=[{name}])")
    if isinstance(value, Enum):
        if cls.__members__.get(value.name) is not value:
            raise UnstorableValue(f"{value!r}, which is no single member of {name}")
        return {"$enum": [name, value.name]}
    try:
        stored = {"$data": [name, msgspec.to_builtins(value)]}
        back = decode(msgspec.json.decode(msgspec.json.encode(stored)), types)
    except (TypeError, ValueError, OverflowError, UnstorableValue) as error:
        raise UnstorableValue(f"a {name} with a field that cannot be stored: {error}") from error
    # An enum with the value of a text is equal to the text, and only their reprs differ.
    tells: Any = cls.__repr__
    if back != value or (tells is not object.__repr__ and repr(back) != repr(value)):
        raise UnstorableValue(f"a {name} with a field that cannot be stored: {value!r} would come back as {back!r}")
    return stored


def decode(stored: Any, types: Mapping[str, type]) -> Any:
    """Turn what :func:`encode` gave back into the value; lists and dicts are new ones each time.

    Args:
        stored: the stored form.
        types: the enums and dataclasses it may hold, by name.

    Raises:
        UnstorableValue: it holds a type that is not among ``types``, or no longer fits it.

    >>> decode({"$decimal": "2.50"}, {})
    Decimal('2.50')
    """
    if type(stored) is list:
        return [decode(each, types) for each in stored]
    if type(stored) is not dict:
        return stored
    tag: str = next(iter(stored), "")
    content: Any = stored.get(tag)
    if not tag.startswith("$"):
        return {key: decode(each, types) for key, each in stored.items()}
    if tag in _FROM_TEXT:
        return _FROM_TEXT[tag](content)
    if tag == "$tuple":
        return tuple(decode(each, types) for each in content)
    if tag == "$dict":
        return {key: decode(each, types) for key, each in content.items()}
    return _to_the_flow(content[0], content[1], types)


def _to_the_flow(name: str, content: Any, types: Mapping[str, type]) -> Any:
    cls = types.get(name)
    if cls is None:
        raise UnstorableValue(f"a stored {name}, which this flow does not know: name it in @flow(types=[{name}])")
    try:
        return cls[content] if issubclass(cls, Enum) else msgspec.convert(content, cls)
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise UnstorableValue(f"a stored {name} that no longer fits its class: {error}") from error
