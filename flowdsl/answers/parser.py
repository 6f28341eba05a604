"""What all parsers of answers have in common: how they refuse, and how typed text is cleaned."""

import unicodedata
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec

from flowdsl.errors import ConfigurationError
from flowdsl.texts import Text, is_text, translate

__all__ = ["Limited", "Parser", "Template", "cleaned", "folded", "keyed", "require_order", "texts_of"]

T = TypeVar("T")


class Template:
    """A message for the person, put into their language when it is shown; only then its values are put in.

    Args:
        message: in English, as catalogues have it, with the names of the values in braces.
        values: what to put there.

    >>> Template("Please enter a number of at most {most}.", most="5")()
    'Please enter a number of at most 5.'
    """

    __slots__ = ("message", "values")

    def __init__(self, message: str, /, **values: str) -> None:
        self.message: Final = message
        self.values: Final = values

    def __call__(self) -> str:
        """Make the text, in the language of the screen being made."""
        try:
            return translate(self.message).format(**self.values)
        except (AttributeError, LookupError, ValueError):
            # A slip in a catalogue is no reason to stop a conversation.
            return self.message.format(**self.values)

    def __str__(self) -> str:
        return self()

    def __repr__(self) -> str:
        return f"Template({self.message!r}, **{self.values!r})"


class Limited(NamedTuple):
    """The four sentences that ask for a value: without limits, and with one or both of them."""

    free: str
    least: str
    most: str
    both: str

    def within(self, least: str | None, most: str | None) -> Template:
        """Choose the sentence that says these limits.

        >>> Limited("Any.", "{least} or more.", "{most} or less.", "{least} to {most}.").within("1", None)()
        '1 or more.'
        """
        if least is None:
            return Template(self.free) if most is None else Template(self.most, most=most)
        return Template(self.least, least=least) if most is None else Template(self.both, least=least, most=most)


class Parser(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Reads what a person typed, and writes values as a person would type them.

    What :meth:`format` wrote is read as the same value. Two parsers of one kind with the same settings are equal.

    >>> from flowdsl import answers
    >>> age = answers.whole(18, 120)
    >>> age(" 40 "), age.format(40)
    (40, '40')
    """

    wrong: Text | None = None
    """What to say instead of the parser's own messages."""

    def __post_init__(self) -> None:
        if self.wrong is not None and (not is_text(self.wrong) or self.wrong == ""):
            raise ConfigurationError(f"what to say when an answer is wrong is {self.wrong!r}, which is not a text")

    # Messages never have in them what was typed: they go into signals and logs, and it may be a secret.
    def __call__(self, text: str) -> T:
        """Read a text.

        Raises:
            ValueError: it is no such value. Its argument is a :data:`~flowdsl.texts.Text` for the person.
        """
        value = self._read(text)
        if value is None:
            raise self._refused(self._asks())
        return value

    def format(self, value: T) -> str:
        """Write a value as a person would type it.

        Raises:
            ValueError: the parser never gives this value.
        """
        text = self._written(value)
        try:
            same = self(text) == value
        except ValueError:
            same = False
        if not same:
            raise ValueError("the parser never gives this value")
        return text

    def _read(self, text: str) -> T | None:
        """Read a text; ``None`` where it is no such value. Each kind of parser has its own."""
        raise NotImplementedError

    def _written(self, value: T) -> str:
        return str(value)

    def _asks(self) -> Template:
        """Say what is asked for. Each kind of parser has its own."""
        raise NotImplementedError

    def _refused(self, default: Template) -> ValueError:
        return ValueError(default if self.wrong is None else self.wrong)


# Marks for the direction of writing, and blanks of no width: numbers that are copied from a list of contacts have
# them around. U+202E is not among them, because it lets digits be seen in another order than they are read.
_INVISIBLE: Final = dict.fromkeys([0x61C, *range(0x200B, 0x2010), *range(0x202A, 0x202E), *range(0x2060, 0x206A), 0xFEFF])

# U+066C stands between thousands and nowhere else, as the apostrophe does.
_KEYS: Final = str.maketrans("．，٫٬−–‐‑‒—－＋／’＇（）\xa0\u2007\u2009\u202f\u3000", ".,.'-------+/''()     ")


def cleaned(text: str) -> str:
    r"""Leave out blanks around a text and what cannot be seen in it, and write its digits as ASCII has them.

    >>> cleaned(" \u200f١２3 ")
    '123'
    """
    if not text.isascii():
        # decimal() and not NFKC, to which "1²" is 12.
        text = "".join(str(unicodedata.decimal(each, each)) for each in text.translate(_INVISIBLE))
    return text.strip()


def keyed(text: str) -> str:
    """Write a text with the digits and marks of a keypad, without the full stop that ends a sentence.

    >>> keyed("−１２．５.")
    '-12.5'
    """
    return cleaned(text).translate(_KEYS).removesuffix(".")


def folded(text: str) -> str:
    """Write a text in the way in which all its spellings that differ in case only are alike.

    >>> folded(" Áane. ") == folded("ÁANE")
    True
    """
    # Unicode, 3.13, D145: canonical caseless matching.
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFD", cleaned(text)).casefold())
    return text.removesuffix(".").rstrip()


def require_order(least: Any, most: Any) -> None:
    """Make sure that something lies between two limits.

    Raises:
        ConfigurationError: nothing does.

    >>> require_order(1, None)
    """
    if least is not None and most is not None and least > most:
        raise ConfigurationError(f"nothing is from {least} to {most}: the least is more than the most")


def texts_of(given: Any, what: str) -> tuple[str, ...]:
    """Make sure that something is a list of texts.

    Args:
        given: the list.
        what: what the texts are, for the message.

    Raises:
        ConfigurationError: it is one text or anything else, or one of them is none.

    >>> texts_of(["yes", "y"], "words")
    ('yes', 'y')
    """
    if not isinstance(given, list | tuple) or not all(each.__class__ is str for each in given):
        raise ConfigurationError(f"the {what} are {given!r}: give texts; members of an enum go to the choices= of a prompt")
    return tuple(given)
