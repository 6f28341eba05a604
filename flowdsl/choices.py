"""The choices of a prompt: what they are called, which one was meant, and how to know them again."""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence, Set
from enum import Enum, EnumMeta
from typing import Any, Final, NamedTuple

import msgspec

from flowdsl.errors import BadPrompt, UnstorableValue
from flowdsl.journal import encode, named_types
from flowdsl.texts import BuiltIn, is_text, plain, translator
from flowdsl.ussd.alphabet import is_gsm
from flowdsl.ussd.transliteration import named

__all__ = ["NO_MENU", "Menu", "Option", "read_for", "read_menu", "seen_as"]


class Option(NamedTuple):
    """One choice: what the flow gets, and what the person reads."""

    key: Any
    label: str


class Menu(NamedTuple):
    """The choices of a prompt, in the order in which they are numbered.

    ``lines`` has each as a person reads it, its number before it. The fingerprint names them by what can be
    answered, so that new labels keep old answers.
    """

    options: tuple[Option, ...]
    lines: tuple[str, ...]
    fingerprint: str
    exact: Mapping[str, Option | None]
    folded: Mapping[str, Option | None]

    def pick(self, text: str) -> Option | None:
        """Find the one choice that was meant: by its number, else by its key, else by its label.

        A number comes first, so that the key ``"2"`` of the choice numbered 1 means only what is shown as 2. What
        two choices have in common means neither; a key typed exactly as it is means that one.

        >>> read_menu({"2": "Two", "1": "One"}).pick("2")
        Option(key='1', label='One')
        """
        typed = text.strip()
        return self.exact[typed] if typed in self.exact else self.folded.get(_folded(text))

    def label(self, key: Any) -> str | None:
        """Find what a choice is called; ``None`` where it is none of them.

        >>> read_menu({1: "One", 2: "Two"}).label(2)
        'Two'
        """
        # Keys may be equal and yet of other types.
        return next((each.label for each in self.options if each.key == key and type(each.key) is type(key)), None)

    def transliterated(self) -> "Menu":
        """Give the same choices as a screen shows them that transliterates, where labels can be typed as they read there, too.

        What a choice is called by itself comes before what another one is called there.

        >>> menu = read_menu({"ewe": "Eʋegbe", "twi": "Twi 🇬🇭"}).transliterated()
        >>> menu.lines, menu.pick("evegbe").key, menu.pick("eʋegbe").key
        (('1. Evegbe', '2. Twi'), 'ewe', 'ewe')
        """
        if all(is_gsm(option.label) for option in self.options):
            return self
        shown = _menu(tuple(Option(option.key, named(option.label)) for option in self.options), self.fingerprint)
        same = dict(zip(map(id, self.options), shown.options, strict=True))
        own = {name: None if option is None else same[id(option)] for name, option in self.folded.items()}
        return shown._replace(folded={**shown.folded, **own})


def _menu(options: tuple[Option, ...], fingerprint: str) -> Menu:
    keys = [(_key_text(option.key), option) for option in options]
    numbers = {str(number): option for number, option in enumerate(options, start=1)}
    folded = {
        **_unambiguous((_folded(option.label), option) for option in options),
        **_unambiguous((_folded(key), option) for key, option in keys),
        **numbers,
    }
    lines = tuple(f"{number}. {option.label}" for number, option in numbers.items())
    return Menu(options, lines, fingerprint, {**_unambiguous(keys), **numbers}, folded)


def _unambiguous(named: Iterable[tuple[str, Option]]) -> dict[str, Option | None]:
    table: dict[str, Option | None] = {}
    for name, option in named:
        table[name] = None if name in table else option
    return table


def _key_text(key: Any) -> str:
    return key.name if isinstance(key, Enum) else str(key)


NO_MENU: Final = Menu((), (), "", {}, {})


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
    return read_for(choices)[0]


def read_for(choices: Any) -> tuple[Menu, bool | None]:
    """Read choices as :func:`read_menu` does, and tell for how long they read so.

    Returns:
        The menu, and ``True`` where it is the same in every language, ``False`` where it is so only while nothing is
        translated, ``None`` where it may be another one the next time.
    """
    # With the types, because 1 and True, or a text and a StrEnum's member, are equal.
    content: Any = None
    holds: bool | None = True
    # Labels that are made when they are shown are made here, so that a menu is known by what is read.
    if choices.__class__ is dict:
        labels = choices.values()
        kinds = {*map(type, labels)}
        if kinds != _PLAIN:  # as most are; to make labels takes longer than all the rest
            holds = False if kinds <= _ENGLISH and translator.get() is None else None
            if holds is None:
                choices = _made(choices)
                labels = choices.values()
        content = (*map(type, choices), *choices, *labels)
    elif choices.__class__ is list or choices.__class__ is tuple:
        kinds = {*map(type, choices)}
        holds = True if kinds == _PLAIN or not _has_lazy(choices) else None
        content = (*map(type, choices), *choices) if holds else None
    elif isinstance(choices, EnumMeta):
        if choices not in _menus and (labelled := _in_language(choices)) is not choices:
            return read_for(labelled)[0], None
        content = choices
    else:
        holds = None
        if isinstance(choices, Mapping):
            choices = _made(choices)
    try:
        known = _menus.get(content)
    except TypeError:  # something in it is not hashable
        known = content = None
    if known is None:
        known = _new(choices)
        if content is not None and all(isinstance(each.key, str | int | Enum) for each in known.options):
            if len(_menus) >= _MOST:
                _menus.clear()
                _last.clear()
            _menus[content] = known
            keys = (choices,) if content is choices else tuple(choices)
            _last[known.fingerprint] = (choices, keys, tuple(map(type, keys)))
    return known, holds


_PLAIN: Final[set[type]] = {str}
_ENGLISH: Final[set[type]] = {str, BuiltIn}

# A menu is made again on every replay of the turns after it, and looking it up takes a tenth of the time;
# comparing it with the menu that had the fingerprint takes a tenth of that.
# Only simple keys: deeper ones may be equal and yet of other types.
_MOST: Final = 4096
_menus: Final[dict[Any, Menu]] = {}
_last: Final[dict[str, tuple[Any, tuple[Any, ...], tuple[type, ...]]]] = {}

seen_as: Final = _last.get
"""Choices that had a fingerprint, their keys as a prompt holds them, and the types of these; or ``None``."""


def _made(choices: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: plain(label) if is_text(label) else label for key, label in choices.items()}


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
    return _menu(options, hashlib.sha256(b",".join(stored)).hexdigest()[:8])


def _listed(choices: Any) -> Iterable[Option]:
    if isinstance(choices, EnumMeta):
        members: list[Any] = list(choices)
        return (Option(member, _enum_label(member)) for member in members)
    if isinstance(choices, Mapping):
        return (Option(key, str.__str__(label) if label.__class__ is BuiltIn else label) for key, label in choices.items())
    if isinstance(choices, Sequence) and not isinstance(choices, str | bytes):
        return (Option(key, _label(key)) for key in choices)
    unordered = " (a set has no order, so the numbers would change from one screen to the next)"
    raise BadPrompt(
        f"its choices are {type(choices).__name__} {choices!r}: give a list, a mapping from answer to label, or an Enum"
        f"{unordered if isinstance(choices, Set) else ''}"
    )


def _label(key: Any) -> str:
    # The answer must be the same in every language, so a text that is not cannot be one.
    if isinstance(key, tuple | list | dict) or (not isinstance(key, str | Enum) and is_text(key)):
        raise BadPrompt(f"its choice {key!r} has no label: for labels give a mapping, such as {{'en': 'English'}}")
    if isinstance(key, Enum):
        return plain(key.value) if _is_lazy(key) else str(key.value)
    return str(key)


def _in_language(kind: Any) -> Any:
    """Give the labels of an enum where some of its values are made when they are shown; else itself."""
    if not _has_lazy(kind):
        return kind
    return {member: plain(member.value) if _is_lazy(member) else _enum_label(member) for member in kind}


def _has_lazy(choices: Iterable[Any]) -> bool:
    """Tell whether members of an enum are among these whose labels are made when they are shown."""
    return any(map(_is_lazy, choices))


def _is_lazy(key: Any) -> bool:
    return isinstance(key, Enum) and not isinstance(key.value, str) and is_text(key.value)


def _enum_label(member: Enum) -> str:
    return str.__str__(member.value) if isinstance(member.value, str) else member.name.replace("_", " ").capitalize()


def _folded(text: str) -> str:
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip().casefold()
