"""What a person reads instead of an error."""

import logging
from collections.abc import Callable
from typing import Final, TypeGuard

from flowdsl.errors import BadStep, ConfigurationError
from flowdsl.flow import source_line
from flowdsl.ussd.pages import shortened
from flowdsl.ussd.screen import Screen

__all__ = ["SORRY", "Apology", "contained"]

logger = logging.getLogger("flowdsl")

SORRY: Final = "Sorry, something went wrong. Please try again."
"""The words, where nobody has chosen others or those fail."""


class Apology:
    """The words that a service has for an error.

    Args:
        words: a text, or a function of the exception.

    Raises:
        ConfigurationError: it is neither.

    >>> Apology("We are closed.").text(KeyError("stock"), None)
    'We are closed.'
    """

    __slots__ = ("_words",)

    def __init__(self, words: str | Callable[[Exception], str]) -> None:
        if not callable(words) and not _is_text(words):
            raise ConfigurationError(f"the apology is {words!r}: give a text, or a function of the exception")
        self._words = words

    def text(self, error: Exception, screen: Screen | None) -> str:
        """Find the words for an error, no more than a screen can hold: nobody can ask for a second page of them."""
        text = self._words if isinstance(self._words, str) else _made(self._words, error)
        return text if screen is None else shortened(text, screen)


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


def _made(words: Callable[[Exception], str], error: Exception) -> str:
    try:
        text: object = words(error)
        if _is_text(text):
            return text
    except (Exception, SystemExit):
        logger.exception("the function that makes the apology raised")
    else:
        logger.error("the function that makes the apology gave %r and not a text", text)
    return SORRY
