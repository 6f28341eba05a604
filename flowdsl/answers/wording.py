"""Words: any text, one of several, yes or no."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from flowdsl.answers.parser import Limited, Parser, Template, folded, require_order, texts_of
from flowdsl.errors import ConfigurationError
from flowdsl.texts import Text

__all__ = ["MESSAGES", "one_of", "words", "yes_no"]

_TEXT: Final = Limited(
    "Please enter a text.",
    "Please enter at least {least} characters.",
    "Please enter at most {most} characters.",
    "Please enter from {least} to {most} characters.",
)
_ONE_OF: Final = "Please enter one of these: {options}."
_YES_NO: Final = "Please enter {yes} or {no}."

MESSAGES: Final = (*_TEXT, _ONE_OF, _YES_NO)
"""What these parsers say, for catalogues."""

# Blanks that are no control characters, for those are gone before, and what cannot be seen.
_EDGES: Final = (
    "\t\n \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
    "\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)


class _Words(Parser[str], frozen=True, kw_only=True):
    least: int
    most: int | None

    def _read(self, text: str) -> str | None:
        # Databases refuse some of what nobody can see: NUL, and halves of surrogate pairs.
        seen = "".join(each for each in text if each in "\n\t" or unicodedata.category(each) not in ("Cc", "Cs"))
        value = unicodedata.normalize("NFC", seen).strip(_EDGES)
        return value if self.least <= len(value) and (self.most is None or len(value) <= self.most) else None

    def _asks(self) -> Template:
        return _TEXT.within(f"{self.least}" if self.least > 1 else None, None if self.most is None else f"{self.most}")


class _OneOf(Parser[str], frozen=True, kw_only=True):
    options: tuple[str, ...]

    def _read(self, text: str) -> str | None:
        return _table(self.options).get(folded(text))

    def _asks(self) -> Template:
        return Template(_ONE_OF, options=", ".join(self.options))


class _YesNo(Parser[bool], frozen=True, kw_only=True):
    yes: tuple[str, ...]
    no: tuple[str, ...]

    def _read(self, text: str) -> bool | None:
        word = _table(self.yes + self.no).get(folded(text))
        return None if word is None else word in self.yes

    def _written(self, value: bool) -> str:
        return self.yes[0] if value else self.no[0]

    def _asks(self) -> Template:
        return Template(_YES_NO, yes=self.yes[0], no=self.no[0])


@lru_cache(maxsize=256)
def _table(options: tuple[str, ...]) -> dict[str, str]:
    """Index what can be typed, and make sure that each can."""
    table: dict[str, str] = {}
    for option in options:
        if not folded(option):
            raise ConfigurationError(f"one of what can be entered is {option!r}, and nobody can enter nothing")
        if folded(option) in table:
            raise ConfigurationError(f"{table[folded(option)]!r} and {option!r} cannot be told apart when they are entered")
        table[folded(option)] = option
    return table


def words(least: int = 1, most: int | None = None, *, wrong: Text | None = None) -> Parser[str]:
    """Read any text; blanks around it, and what cannot be seen, are left out.

    Args:
        least: the shortest that is taken, in characters; a letter with its accent is one.
        most: the longest that is taken, in characters.
        wrong: what to say instead of the parser's own message.

    Raises:
        ConfigurationError: there is no such text.

    >>> words(2)("  Ama ")
    'Ama'
    >>> words(2, 20)("A")
    Traceback (most recent call last):
    ValueError: Please enter from 2 to 20 characters.
    """
    for limit in (least, most):
        if limit is not None and (limit.__class__ is not int or limit < 0):
            raise ConfigurationError(f"a number of characters is {limit!r}: give a whole number, 0 or more")
    if least is None:
        raise ConfigurationError("the least number of characters is None: give 0 to take a blank")
    require_order(least, most)
    return _Words(least=least, most=most, wrong=wrong)


def one_of(*options: str, wrong: Text | None = None) -> Parser[str]:
    """Read one of several texts, in capitals or not, and give it as it is written here.

    Args:
        options: what can be entered. For numbered choices give ``choices=`` to the prompt instead.
        wrong: what to say instead of the parser's own message.

    Raises:
        ConfigurationError: there are none, or two that differ in case only.

    >>> one_of("Accra", "Kumasi")(" KUMASI")
    'Kumasi'
    >>> one_of("S", "M", "L")("XL")
    Traceback (most recent call last):
    ValueError: Please enter one of these: S, M, L.
    """
    if not _table(texts_of(options, "options")):
        raise ConfigurationError("nothing can be entered: give the options one by one, such as one_of('S', 'M', 'L')")
    return _OneOf(options=options, wrong=wrong)


def yes_no(
    yes: Sequence[str] = ("yes", "y", "1"), no: Sequence[str] = ("no", "n", "2"), *, wrong: Text | None = None
) -> Parser[bool]:
    """Read yes or no, in capitals or not.

    Args:
        yes: the words that give ``True``; the first is the one that messages have.
        no: the words that give ``False``.
        wrong: what to say instead of the parser's own message.

    Raises:
        ConfigurationError: there are none for one of them, or a word is for both.

    >>> yes_no()("Yes"), yes_no(["aane"], ["daabi"])("DAABI")
    (True, False)
    >>> yes_no()("maybe")
    Traceback (most recent call last):
    ValueError: Please enter yes or no.
    """
    yes, no = texts_of(yes, "words for yes"), texts_of(no, "words for no")
    if not yes or not no:
        raise ConfigurationError("there is no word for yes, or none for no")
    _table(yes + no)
    return _YesNo(yes=yes, no=no, wrong=wrong)
