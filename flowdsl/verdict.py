"""Whether what a person typed answers a prompt, and with which value."""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from inspect import iscoroutine
from math import isfinite
from typing import Any, Final
from uuid import UUID

import msgspec

from flowdsl.choices import Option
from flowdsl.errors import BadPrompt, UnstorableValue
from flowdsl.journal import PLAIN, encode, named_types
from flowdsl.messages import Attachment, Contact, Expected, Location, Media
from flowdsl.prompt import Prompt
from flowdsl.texts import BuiltIn, in_language, is_text, locale, plain

__all__ = ["Accepted", "Rejected", "known_types", "picked", "verdict"]

_NOT_VALID: Final = BuiltIn("That is not a valid answer.")

_NOT_CHOSEN: Final = BuiltIn("Please choose one of the options.")

_NOT_SENT: Final[Mapping[str, BuiltIn]] = {
    "media": BuiltIn("Please send a picture, a recording or a file."),
    "image": BuiltIn("Please send a picture."),
    "audio": BuiltIn("Please send a recording."),
    "video": BuiltIn("Please send a video."),
    "document": BuiltIn("Please send a file."),
    "sticker": BuiltIn("Please send a sticker."),
    "location": BuiltIn("Please send a location."),
    "contact": BuiltIn("Please send a contact."),
}

_HIDDEN: Final = "****"
# Characters of the shortest secret; a card's check number has as many.
_SECRET: Final = 3

_NO_TEXT: Final = BuiltIn("Please answer in words.")

_A_NUMBER: Final = BuiltIn("Please enter a number.")

# What int() says of a wrong number is meant for programmers.
_IN_PLAIN_WORDS: Final[tuple[tuple[Any, BuiltIn], ...]] = (
    (int, BuiltIn("Please enter a whole number.")),
    (float, _A_NUMBER),
    (Decimal, _A_NUMBER),
    (date.fromisoformat, BuiltIn("Please enter a date such as 2026-12-31.")),
    (time.fromisoformat, BuiltIn("Please enter a time such as 18:30.")),
    (datetime.fromisoformat, BuiltIn("Please enter a date and a time such as 2026-12-31 18:30.")),
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


def verdict(
    prompt: Prompt[Any],
    text: str,
    types: Mapping[str, type],
    attachment: Attachment | None = None,
    read_in: str | None = None,
    transliterated: bool = False,
) -> Accepted | Rejected:
    """Match a text against a prompt's choices, then validate and transform it.

    Args:
        prompt: what was asked.
        text: what the person typed.
        types: the enums and dataclasses the flow names.
        attachment: what came with the text.
        read_in: the language in which the person read the question.
        transliterated: they read it transliterated.

    Raises:
        BadPrompt: ``validate`` returned neither a text nor ``None``, or one of the functions is asynchronous.
        UnstorableValue: the journal cannot hold the value.

    >>> verdict(Prompt("age", "Age?", transform=int), "40", {})
    Accepted(stored=40, free=False)
    """
    value: Any = text
    if prompt.expects is not None:
        if not _is_expected(attachment, prompt.expects):
            return Rejected(_words(prompt, _NOT_SENT[prompt.expects]))
        value = attachment
    elif attachment is not None and not text.strip():
        return Rejected(_words(prompt, _NO_TEXT))
    elif prompt.choices is not None:
        option = picked(prompt, text, read_in, transliterated=transliterated)
        if option is None:
            return Rejected(_words(prompt, _NOT_CHOSEN))
        value = option.key
    if prompt.validate is not None and (wrong := _validated(prompt, value)) is not None:
        return Rejected(_unsaid(prompt, wrong, text))
    if prompt.transform is not None:
        try:
            value = prompt.transform(value)
        except (ValueError, InvalidOperation) as error:
            return Rejected(_unsaid(prompt, _message(prompt, error), text))
        # To them "nan" and "infinity" are numbers, and a person who types that means none.
        if (prompt.transform is float and not isfinite(value)) or (prompt.transform is Decimal and not value.is_finite()):
            return Rejected(_words(prompt, _A_NUMBER))
    free = prompt.choices is None and prompt.validate is None and isinstance(value, str)
    return Accepted(_stored(prompt, value, types), free)


def picked(prompt: Prompt[Any], text: str, read_in: str | None, *, transliterated: bool) -> Option | None:
    """Find the choice of a prompt that was meant; ``None`` where none was.

    Args:
        prompt: what was asked.
        text: what the person typed.
        read_in: the language in which they read it.
        transliterated: they read it transliterated.
    """
    menu = prompt.menu
    # Another flow of the session may have changed the language since; who types a label types what they read.
    read = menu if read_in == locale() else in_language(read_in, lambda: prompt.menu)
    found = read.pick(text)
    if found is None and transliterated:
        found = read.transliterated().pick(text)
    return menu.pick(text) if found is None and read is not menu else found


def _validated(prompt: Prompt[Any], value: Any) -> str | None:
    wrong: object = prompt.validate(value) if prompt.validate else None
    if wrong is None:
        return None
    if is_text(wrong) and not iscoroutine(wrong) and (words := plain(wrong)):
        return words
    if iscoroutine(wrong):
        wrong.close()
        raise BadPrompt("its validate is asynchronous: a flow cannot wait for anything but answers")
    raise BadPrompt(f"its validate returned {wrong!r}: return what is wrong as a text, or None when nothing is")


def _message(prompt: Prompt[Any], error: ArithmeticError | ValueError) -> str:
    for transform, words in _IN_PLAIN_WORDS:
        if prompt.transform == transform:
            return _words(prompt, words)
    # What a codec says is meant for programmers, and so are its arguments.
    tells = isinstance(error, ValueError) and not isinstance(error, UnicodeError)
    said = error.args[0] if tells and error.args else ""
    return (plain(said) if is_text(said) else "") or _words(prompt, _NOT_VALID)


def _words(prompt: Prompt[Any], default: BuiltIn) -> str:
    if not prompt.invalid:
        return plain(default)
    return plain(prompt.invalid)


def _unsaid(prompt: Prompt[Any], message: str, text: str) -> str:
    # A message that repeats a secret would be kept with the reply. What is shorter is none, and may be there by chance.
    return message.replace(text, _HIDDEN) if prompt.secret and len(text) >= _SECRET else message


def _is_expected(attachment: Attachment | None, expected: Expected) -> bool:
    if isinstance(attachment, Media):
        return expected in ("media", attachment.kind)
    return isinstance(attachment, _EXPECTED.get(expected, ()))


_EXPECTED: Final[Mapping[str, type]] = {"location": Location, "contact": Contact}


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
    shown: list[type] = [type(option.key) for option in prompt.menu.options]
    if prompt.expects is not None:
        shown += [Media, Location, Contact]
    if isinstance(prompt.transform, type):
        shown.append(prompt.transform)
    return {**types, **named_types(shown)} if shown else types
