"""What a person reads instead of an error."""

import logging
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeGuard

from flowdsl.errors import BadStep, ConfigurationError
from flowdsl.source import source_line
from flowdsl.texts import BuiltIn, Deferred, LazyText, Text, is_text, plain
from flowdsl.ussd.pages import shortened
from flowdsl.ussd.screen import Screen

__all__ = ["SORRY", "Apology", "Words", "contained", "wording"]

logger = logging.getLogger("flowdsl")

SORRY: Final = BuiltIn("Sorry, something went wrong. Please try again.")
"""The words, where nobody has chosen others or those fail."""


Words: TypeAlias = str | LazyText | Deferred | Callable[[Exception], Text]
"""What a service says of an error: a text, a lazy string, or a function of the exception that gives one."""


class Apology:
    """The words that a service has for an error.

    Args:
        words: a text, a lazy string, or a function of the exception that gives one.

    Raises:
        ConfigurationError: it is neither.

    >>> Apology("We are closed.").text(KeyError("stock"), None)
    'We are closed.'
    """

    __slots__ = ("_words",)

    def __init__(self, words: Words) -> None:
        if not (_is_text(words) if isinstance(words, str) else callable(words) or is_text(words)):
            raise ConfigurationError(f"the apology is {words!r}: give a text, or a function of the exception")
        self._words = words

    def text(self, error: Exception, screen: Screen | None) -> str:
        """Find the words for an error, no more than a screen can hold: nobody can ask for a second page of them."""
        words = self._words
        text = plain(words) if isinstance(words, str) else _made(words, error)
        return text if screen is None else shortened(text, screen)


def wording(setting: str, text: Text, default: BuiltIn) -> Callable[[Screen | None], str]:
    """Give a function that says a text, no more of it than a screen can hold.

    Args:
        setting: what it is for.
        text: what to say.
        default: what to say where that cannot be made.

    Raises:
        ConfigurationError: it is no text.

    >>> wording("holding", "One moment, please.", BuiltIn("Please wait."))(None)
    'One moment, please.'
    """
    if not is_text(text):
        raise ConfigurationError(f"the words for {setting} are {text!r}: give a text")

    def words(screen: Screen | None) -> str:
        try:
            made = plain(text)
        except Exception:
            logger.exception("the words for %s cannot be made", setting)
            made = plain(default)
        return made if screen is None else shortened(made, screen)

    return words


def contained(error: BaseException) -> Exception:
    """Keep what would end the whole service, such as the SystemExit of an argument parser, to the one conversation."""
    if isinstance(error, Exception):
        return error
    where = source_line(error)
    wrapped = BadStep(f"the code at {where} raised {error!r}, which is for whole programs")
    wrapped.where = where
    wrapped.__cause__ = error
    return wrapped


def _is_text(words: object) -> TypeGuard[str]:
    try:
        return isinstance(words, str) and bool(words.strip().encode())
    except UnicodeEncodeError:  # half of a surrogate pair, which no screen can show
        return False


def _made(words: Any, error: Exception) -> str:
    try:
        # A text that is made when it is shown can be called as well, and takes no exception.
        text: Any = words if isinstance(words, Deferred) or hasattr(words, "casefold") else words(error)
        text = plain(text) if is_text(text) else text
        if _is_text(text):
            return text
    except (Exception, SystemExit):
        logger.exception("the function that makes the apology raised")
    else:
        logger.error("the function that makes the apology gave %r and not a text", text)
    return plain(SORRY)
