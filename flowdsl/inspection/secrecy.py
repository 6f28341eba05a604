"""What must not be shown of a session: answers to secret questions, and whatever is called like one. Pure."""

import re
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from types import CodeType, ModuleType
from typing import Any, Final

from flowdsl.flow import Flow
from flowdsl.journal import FAILED
from flowdsl.prompt import Prompt

__all__ = ["HIDDEN", "TELLING", "Mask", "is_telling", "may_ask_secretly"]

HIDDEN: Final = "****"
"""What is shown instead."""

TELLING: Final = 4
"""Of how many characters something of which it is not known that it is secret is hidden within words too."""

_LONG: Final = ("password", "passwd", "passcode", "passphrase", "secret", "token", "cvv", "cvc")
_SHORT: Final = ("pin", "otp")
# Neither letter nor digit beside it, as in "code_987".
_ALONE: Final = r"(?<![^\W_])(?:{})(?![^\W_])"
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def is_telling(name: str) -> bool:
    """Tell whether something is called like a secret: a PIN, a password, a token.

    >>> [is_telling(each) for each in ("pin", "newPIN2", "user_password", "otp", "shipping", "option", "name")]
    [True, True, True, True, False, False, False]
    """
    words = [word.lower() for word in _WORD.findall(name)]
    return any(
        word.endswith(_SHORT) or word.startswith("otp") or word in ("pins", "pincode") or any(each in word for each in _LONG)
        for word in words
    )


class Mask:
    """Knows the values that are secret, and hides them wherever they come up.

    A value is hidden where it is the same or is contained. One of a single character, or a short one of which it is not
    known that it is secret, is in nearly everything, and is hidden where it is a word of its own. What is called like a
    secret is hidden whatever it is.

    >>> mask = Mask()
    >>> mask.learn(4242)
    >>> mask.text("Your PIN is 4242.")
    'Your PIN is ****.'
    >>> mask.stored("note", ["a4242", "b"]), mask.stored("otp", 7)
    (['****', 'b'], '****')
    """

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._parts: set[str] = set()
        self._found: re.Pattern[str] | None = None

    def learn(self, *values: Any, least: int = 1) -> None:
        """Take values for secret, with all that they hold.

        Args:
            values: answers, as they are stored or as the flow gets them.
            least: of how many characters a value must be to be hidden within words, where it is not certain that it is
                secret.
        """
        for value in values:
            forms = {*_forms(value)}
            self._forms |= forms
            self._parts.update(form for form in forms if len(form) >= max(least, 2))
        within = [re.escape(form) for form in _longest_first(self._parts)]
        words = [re.escape(form) for form in _longest_first(self._forms - self._parts) if any(map(str.isalnum, form))]
        if words:
            within.append(_ALONE.format("|".join(words)))
        self._found = re.compile("|".join(within), re.IGNORECASE) if within else None

    def notice(self, name: str, stored: Any) -> None:
        """Take for secret what is called like it in a stored value.

        Args:
            name: what the value itself is called.
            stored: the value.
        """
        if is_telling(name):
            self.learn(stored, least=TELLING)
        elif isinstance(stored, dict):
            for key, each in stored.items():
                self.notice(key, each)
        elif isinstance(stored, list):
            for each in stored:
                self.notice("", each)

    def hides(self, text: str) -> bool:
        """Tell whether a text is secret or has a secret in it."""
        return text in self._forms or (self._found is not None and self._found.search(text) is not None)

    def text(self, text: str) -> str:
        """Hide what is secret in a text."""
        if text in self._forms:
            return HIDDEN
        return text if self._found is None else self._found.sub(HIDDEN, text)

    def stored(self, name: str, stored: Any) -> Any:
        """Hide what is secret in a stored value.

        Args:
            name: what it is called.
            stored: the value.
        """
        if stored is None or stored is True or stored is False:
            return HIDDEN if is_telling(name) and stored is not None else stored
        if is_telling(name):
            return HIDDEN
        if isinstance(stored, list):
            return [self.stored("", each) for each in stored]
        if isinstance(stored, dict):
            return {self.text(key): self.stored(key, each) for key, each in stored.items()}
        return HIDDEN if self.hides(str(stored)) else stored


def _longest_first(forms: set[str]) -> list[str]:
    # Or of a secret that begins with another one the rest would be left.
    return sorted(forms, key=lambda form: (-len(form), form))


def _forms(value: Any) -> Iterator[str]:
    if value is None or isinstance(value, bool):
        return  # there are only two of them, and half of everything is one
    if isinstance(value, Mapping):
        if FAILED not in value:
            for each in value.values():
                yield from _forms(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _forms(each)
    elif isinstance(value, Enum):
        yield value.name
        yield from _forms(value.value)
    else:
        text = str(value)
        # As it is written in a program and in JSON, where it has quotes, line ends or letters of other alphabets.
        yield from {text, repr(value), repr(text)[1:-1], ascii(text)[1:-1]} - {"", "''"}


def may_ask_secretly(flow: Flow[..., Any]) -> bool:
    """Tell whether the code of a flow, or code that it names, may ask a secret question.

    Of a flow within another one that is done, only the result is left, and no question that tells what is secret in it.

    >>> from flowdsl import flow
    >>> @flow
    ... def sign_in():
    ...     return (yield Prompt("code", "Code?", secret=True, transform=int))
    >>> may_ask_secretly(sign_in)
    True
    """
    return _may_ask(flow, set())


def _may_ask(found: Any, seen: set[int]) -> bool:
    if isinstance(found, Prompt):
        return found.secret
    function = found.function if isinstance(found, Flow) else found
    function = getattr(function, "__func__", getattr(function, "func", function))  # of a method, of a partial
    code = getattr(function, "__code__", None)
    if id(function) in seen or not isinstance(code, CodeType) or (seen and _of_libraries(function)):
        return False
    seen.add(id(function))
    wrapped = getattr(function, "__wrapped__", None)
    cells = [cell.cell_contents for cell in getattr(function, "__closure__", None) or () if _is_full(cell)]
    names, known = _names(code), function.__globals__
    if "secret" in names:
        return True
    modules = [each for name in names if isinstance(each := known.get(name), ModuleType)]
    named = [known.get(name) for name in names] + [getattr(module, name, None) for module in modules for name in names]
    return any(_may_ask(each, seen) for each in (wrapped, *cells, *named) if each is not None)


def _of_libraries(function: Any) -> bool:
    package = (getattr(function, "__module__", None) or "").partition(".")[0]
    return package == "flowdsl" or package in sys.stdlib_module_names


def _is_full(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _names(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
        elif isinstance(constant, tuple):
            names.update(each for each in constant if isinstance(each, str))  # the names of keyword arguments among them
        elif constant == "secret":
            names.add(constant)  # as in {"secret": True}
    return names
