"""Whether what a person typed answers a prompt, and with which value."""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from inspect import iscoroutine
from math import isfinite
from typing import Any, Final
from uuid import UUID

import msgspec

from flowdsl.errors import BadPrompt, UnstorableValue
from flowdsl.journal import PLAIN, encode, named_types
from flowdsl.steps import Prompt

__all__ = ["Accepted", "Rejected", "known_types", "verdict"]

_NOT_VALID: Final = "That is not a valid answer."

_A_NUMBER: Final = "Please enter a number."

# What int() says of a wrong number is meant for programmers.
_IN_PLAIN_WORDS: Final[tuple[tuple[Any, str], ...]] = (
    (int, "Please enter a whole number."),
    (float, _A_NUMBER),
    (Decimal, _A_NUMBER),
    (date.fromisoformat, "Please enter a date such as 2026-12-31."),
    (time.fromisoformat, "Please enter a time such as 18:30."),
    (datetime.fromisoformat, "Please enter a date and a time such as 2026-12-31 18:30."),
    (UUID, _NOT_VALID),
)


class Accepted(msgspec.Struct, frozen=True):
    """The answer, in the form in which the journal holds it.

    ``free`` is true where any text at all would have done: nothing in the prompt asked for this one.
    """

    stored: Any
    free: bool


class Rejected(msgspec.Struct, frozen=True):
    """What is wrong with it, for the person to read."""

    message: str


def verdict(prompt: Prompt[Any], text: str, types: Mapping[str, type]) -> Accepted | Rejected:
    """Match a text against a prompt's choices, then validate and transform it.

    Args:
        prompt: what was asked.
        text: what the person typed.
        types: the enums and dataclasses the flow names.

    Raises:
        BadPrompt: ``validate`` returned neither a text nor ``None``, or one of the functions is asynchronous.
        UnstorableValue: the journal cannot hold the value.

    >>> verdict(Prompt("age", "Age?", transform=int), "40", {})
    Accepted(stored=40, free=False)
    """
    value: Any = text
    if prompt.choices is not None:
        option = prompt.menu.pick(text)
        if option is None:
            return Rejected(prompt.invalid)
        value = option.key
    if prompt.validate is not None and (wrong := _validated(prompt, value)) is not None:
        return Rejected(wrong)
    if prompt.transform is not None:
        try:
            value = prompt.transform(value)
        except (ValueError, InvalidOperation) as error:
            return Rejected(_message(prompt, error))
        # To them "nan" and "infinity" are numbers, and a person who types that means none.
        if (prompt.transform is float and not isfinite(value)) or (prompt.transform is Decimal and not value.is_finite()):
            return Rejected(_A_NUMBER)
    free = prompt.choices is None and prompt.validate is None and isinstance(value, str)
    return Accepted(_stored(prompt, value, types), free)


def _validated(prompt: Prompt[Any], value: Any) -> str | None:
    wrong: object = prompt.validate(value) if prompt.validate else None
    if wrong is None or (isinstance(wrong, str) and wrong):
        return wrong
    if iscoroutine(wrong):
        wrong.close()
        raise BadPrompt("its validate is asynchronous: a flow cannot wait for anything but answers")
    raise BadPrompt(f"its validate returned {wrong!r}: return what is wrong as a text, or None when nothing is")


def _message(prompt: Prompt[Any], error: ArithmeticError | ValueError) -> str:
    for transform, words in _IN_PLAIN_WORDS:
        if prompt.transform == transform:
            return words
    # What a codec says is meant for programmers, and so are its arguments.
    tells = isinstance(error, ValueError) and not isinstance(error, UnicodeError)
    said = error.args[0] if tells and error.args else ""
    return said if isinstance(said, str) and said else _NOT_VALID


def _stored(prompt: Prompt[Any], value: Any, types: Mapping[str, type]) -> Any:
    try:
        return encode(value, types if value.__class__ in PLAIN else known_types(prompt, types))
    except UnstorableValue as error:
        if iscoroutine(value):
            value.close()
            raise BadPrompt("its transform is asynchronous: a flow cannot wait for anything but answers") from None
        raise UnstorableValue(f"its answer is {error}") from error


def known_types(prompt: Prompt[Any], types: Mapping[str, type]) -> Mapping[str, type]:
    """Add the types that the prompt itself shows to those its flow names."""
    shown = [type(option.key) for option in prompt.menu.options]
    if isinstance(prompt.transform, type):
        shown.append(prompt.transform)
    return {**types, **named_types(shown)} if shown else types
