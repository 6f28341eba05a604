"""Parsers for what people are asked all day: ``Prompt("age", "How old are you?", transform=answers.whole(18, 120))``.

Each function makes a :class:`Parser`. Given what was typed, it gives the value, or raises ``ValueError`` with what to say
to the person, which never repeats what was typed. Digits of any script are read, and marks that cannot be seen are left out.

``wrong=`` replaces what a parser says of its own accord. Otherwise that is one of :data:`MESSAGES`, put into the person's
language by :func:`flowdsl.texts.translate` before the limits are put in.
"""

from typing import Final

from flowdsl.answers import dates, identity, numbers, wording
from flowdsl.answers.dates import day
from flowdsl.answers.identity import email, phone, pin
from flowdsl.answers.numbers import Point, decimal, money, whole
from flowdsl.answers.parser import Parser, Template
from flowdsl.answers.wording import one_of, words, yes_no

__all__ = [
    "MESSAGES",
    "Parser",
    "Point",
    "Template",
    "day",
    "decimal",
    "email",
    "money",
    "one_of",
    "phone",
    "pin",
    "whole",
    "words",
    "yes_no",
]

MESSAGES: Final = (*numbers.MESSAGES, *dates.MESSAGES, *identity.MESSAGES, *wording.MESSAGES)
"""All that these parsers say of their own accord, as a catalogue must have it."""
