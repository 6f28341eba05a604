"""Texts in the language of whoever reads them: plain, or made only when they are shown."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar
from inspect import iscoroutine
from typing import Any, Final, NoReturn, Protocol, TypeAlias, TypeGuard, TypeVar

import msgspec

from flowdsl.errors import BadStep

__all__ = [
    "BuiltIn",
    "Deferred",
    "LazyText",
    "Text",
    "in_language",
    "is_text",
    "locale",
    "plain",
    "shown_in",
    "translate",
    "translator",
]

logger = logging.getLogger("flowdsl")

T = TypeVar("T")


class LazyText(Protocol):
    """A lazy string of a translation library: it becomes a text by ``str`` and has a text's methods."""

    def casefold(self) -> str:
        """Tell it from what is no text at all."""
        ...


Text: TypeAlias = str | Callable[[], str] | LazyText
"""What a person reads: a text, a function that makes one, or a lazy string.

The last two are asked when the screen is made, and so in the language that it is shown in.
"""

shown_in: Final[ContextVar[str | None]] = ContextVar("flowdsl.locale", default=None)
"""The language of the screen being made; set by the runtime around a turn."""

translator: Final[ContextVar[Callable[[str], str] | None]] = ContextVar("flowdsl.translator", default=None)
"""Translates the words of this library into :func:`locale`; set by a runtime that has translations."""

# A function may give a lazy string, but one that gives functions for ever must end.
_DEEPEST: Final = 8


def locale() -> str | None:
    """Tell the language of the person whose screen is being made, such as ``"fr"``; ``None`` where none was chosen.

    >>> locale() is None
    True
    """
    return shown_in.get()


def in_language(language: str | None, make: Callable[[], T]) -> T:
    """Make something while :func:`locale` is a language.

    >>> in_language("fr", locale)
    'fr'
    """
    token = shown_in.set(language)
    try:
        return make()
    finally:
        shown_in.reset(token)


def translate(message: str) -> str:
    """Say words of this library in the language of the screen being made; in English where nobody translates them.

    >>> translate("Please choose one of the options.")
    'Please choose one of the options.'
    """
    known = translator.get()
    return message if known is None else known(message)


class BuiltIn(str):
    """Words of this library: English by themselves, and translated where they are shown by a runtime with translations.

    >>> plain(BuiltIn("Back"))
    'Back'
    """

    __slots__ = ()


class Deferred(msgspec.Struct, frozen=True, eq=False, repr_omit_defaults=True):
    """A text that is made when it is shown, and at no other time: calling it makes it, in the language of that moment.

    Putting it into another text would settle its language too early, so that raises :class:`~flowdsl.AuthorError`.
    """

    def __call__(self) -> str:
        """Make it now, in the language of :func:`locale`."""
        raise NotImplementedError

    def __str__(self) -> str:
        self._too_early()

    def __format__(self, spec: str) -> str:
        self._too_early()

    def __add__(self, other: object) -> NoReturn:
        self._too_early()

    def __radd__(self, other: object) -> NoReturn:
        self._too_early()

    def __mod__(self, other: object) -> NoReturn:
        self._too_early()

    def __rmod__(self, other: object) -> NoReturn:
        self._too_early()

    def __getattr__(self, name: str) -> NoReturn:
        if hasattr(str, name) and not name.startswith("_"):
            hint = f": no `.{name}` before it is shown; values are given by name, or call it to make it now"
        else:
            hint = f", and no attribute {name!r}"
        raise AttributeError(f"{self!r} is a text that is not made yet{hint}", name=name, obj=self)

    def _too_early(self) -> NoReturn:
        raise BadStep(
            f"{self!r} is put into another text before it is known in which language that is shown: give values by name, as in "
            '`_("Hello, {name}!", name=name)`, which may be such texts themselves; or call it to make it now'
        )


def is_text(value: Any) -> TypeGuard[Text]:
    """Tell whether something is a text, a function, or a lazy string.

    >>> [is_text(each) for each in ("Name?", lambda: "Nom ?", 5, b"bytes", str)]
    [True, True, False, False, False]
    """
    if isinstance(value, str):
        return True
    # A class is callable, and hardly ever meant.
    return not isinstance(value, type) and (callable(value) or hasattr(value, "casefold"))


def plain(text: Text) -> str:
    """Make a text of what a prompt or a parser was given, in the language of the screen being made.

    Raises:
        BadStep: a function gave something else.

    >>> plain(lambda: "Nom ?")
    'Nom ?'
    """
    made: Any = text
    if made.__class__ is str:
        return made
    for _ in range(_DEEPEST):
        if isinstance(made, BuiltIn):
            return translate(str.__str__(made))
        if isinstance(made, Deferred):
            made = made()
            continue
        if isinstance(made, type):
            break
        # Some lazy strings can be called, and none of them means to be: they have what texts have.
        if isinstance(made, str) or hasattr(made, "casefold"):
            return str.__str__(str(made))
        if not callable(made):
            break
        made = made()
    if iscoroutine(made):
        made.close()
        raise BadStep(f"the text {text!r} is asynchronous: a screen cannot wait for it")
    raise BadStep(f"the text {text!r} gave {made!r}, which is not a text")
