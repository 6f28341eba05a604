"""The choices of a prompt: what they are called, which one was meant, and how to know them again."""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, EnumMeta
from typing import Any, Final, NamedTuple

import msgspec

from flowdsl.errors import BadPrompt, UnstorableValue
from flowdsl.journal import encode, named_types

__all__ = ["NO_MENU", "Menu", "Option", "read_menu"]


class Option(NamedTuple):
    """One choice: what the flow gets, and what the person reads."""

    key: Any
    label: str


class Menu(NamedTuple):
    """The choices of a prompt, in the order in which they are numbered.

    The fingerprint names them by what can be answered, so that new labels keep old answers.
    """

    options: tuple[Option, ...]
    fingerprint: str

    def pick(self, text: str) -> Option | None:
        """Find the one choice that was meant: by its number, else by its key, else by its label.

        One look-up in one table, so that the key ``"2"`` of the choice numbered 1 means only what is
        shown as 2. A label that two choices share means neither.

        >>> read_menu({"2": "Two", "1": "One"}).pick("2")
        Option(key='1', label='One')
        """
        meant: dict[str, Option | None] = {}
        for option in self.options:
            label = _folded(option.label)
            meant[label] = None if label in meant else option
        for option in self.options:
            meant[_folded(option.key.name if isinstance(option.key, Enum) else str(option.key))] = option
        for number, option in enumerate(self.options, start=1):
            meant[str(number)] = option
        return meant.get(_folded(text))


NO_MENU: Final = Menu((), "")


def read_menu(choices: Any) -> Menu:
    """Read the choices of a prompt.

    Args:
        choices: a list or tuple, a mapping from key to label, or an ``Enum`` class.

    Raises:
        BadPrompt: it is something else, it is empty, or one of the choices comes twice or cannot be one.

    >>> read_menu({"en": "English", "tw": "Twi"}).options[1]
    Option(key='tw', label='Twi')
    >>> read_menu(["Yes", "No"]).fingerprint == read_menu({"Yes": "Oui", "No": "Non"}).fingerprint
    True
    """
    # With the type of the first key, because 1 and True, or a text and a StrEnum's member, are equal.
    content: Any = choices
    try:
        if choices.__class__ is dict:
            content = (next(iter(choices)).__class__, *choices.items())
        elif choices.__class__ is list or choices.__class__ is tuple:
            content = (choices[0].__class__, *choices)
        return _menus[content]
    except (LookupError, StopIteration):
        pass
    except TypeError:
        content = None  # it cannot be looked up, and the message below says why
    known = _new(choices)
    if content is not None:
        if len(_menus) >= _MOST:
            _menus.clear()
        _menus[content] = known
    return known


# A menu is made again on every replay of the turns after it, and looking it up takes a tenth of the time.
_MOST: Final = 4096
_menus: Final[dict[Any, Menu]] = {}


def _new(choices: Any) -> Menu:
    options = tuple(_listed(choices))
    if not options:
        raise BadPrompt("its choices are empty, so nobody could answer it")
    for option in options:
        if type(option.label) is not str:
            raise BadPrompt(f"the label of its choice {option.key!r} is {option.label!r}, which is not a text")
    types = named_types(type(option.key) for option in options)
    try:
        stored = [msgspec.json.encode(encode(option.key, types)) for option in options]
    except UnstorableValue as error:
        raise BadPrompt(f"one of its choices is {error}") from None
    if len(set(stored)) < len(stored):
        raise BadPrompt("one of its choices is listed twice")
    return Menu(options, hashlib.sha256(b",".join(stored)).hexdigest()[:8])


def _listed(choices: Any) -> Iterable[Option]:
    if isinstance(choices, EnumMeta):
        members: list[Any] = list(choices)
        return (Option(member, _enum_label(member)) for member in members)
    if isinstance(choices, Mapping):
        return (Option(key, label) for key, label in choices.items())
    if isinstance(choices, Sequence) and not isinstance(choices, str | bytes):
        return (Option(key, str(key.value if isinstance(key, Enum) else key)) for key in choices)
    raise BadPrompt(
        f"its choices are {type(choices).__name__} {choices!r}: give a list, a mapping from answer to label, or an Enum "
        "(a set has no order, so the numbers would change from one screen to the next)"
    )


def _enum_label(member: Enum) -> str:
    return member.value if isinstance(member.value, str) else member.name.replace("_", " ").capitalize()


def _folded(text: str) -> str:
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip().casefold()
